//! T303: the numbers of a revocation, held against what is affected and against each other.
//! Revoked, remaining and expired make the total, and what is revoked stays revoked.

use std::collections::BTreeMap;

use tally_ledger::claim::Assertion;
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::words::{Metric, Unit};

use super::ARITHMETIC;
use crate::case::Case;
use crate::claims::Held;
use crate::finding::{Finding, Relation, Verdict};
use crate::incident::Incident;
use crate::reach::reserve;
use crate::source::{Backing, Source};
use crate::weigh::{Account, compared, evidence, weigh};
use crate::words::name;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        let mut sets: BTreeMap<String, Vec<Progress<'_>>> = BTreeMap::new();
        for (set, progress) in recorded(case, incident).into_iter().chain(claimed(case, incident)) {
            sets.entry(set).or_default().push(progress);
        }
        for (set, mut progress) in sets {
            progress.sort_by_key(|p| {
                (p.when.as_ref().map(|when| when.interval().start), p.account.seq)
            });
            findings.extend(added(case, incident, &set, &progress));
        }
    }
    findings
}

/// The numbers of one summary.
#[derive(Debug, Clone)]
struct Progress<'a> {
    revoked: u64,
    remaining: u64,
    expired: Option<u64>,
    when: Option<When>,
    account: Account<'a>,
}

impl Progress<'_> {
    fn sum(&self) -> u64 {
        self.revoked.saturating_add(self.remaining).saturating_add(self.expired.unwrap_or(0))
    }

    fn words(&self) -> String {
        let expired = self.expired.map_or(String::new(), |n| format!(" + {n} expired"));
        let at = self.when.as_ref().map_or(String::new(), |when| format!(", {when}"));
        let sum = self.sum();
        format!("{} revoked + {} remaining{expired} = {sum}{at}", self.revoked, self.remaining)
    }
}

fn recorded<'a>(case: &Case<'a>, incident: &Incident<'a>) -> Vec<(String, Progress<'a>)> {
    let mut found = Vec::new();
    for fact in &incident.facts {
        if let Some(Body::RevocationProgress(body)) = fact.body()
            && let Some(backing) = case.claims.backing(&incident.perspective, fact)
        {
            let progress = Progress {
                revoked: body.revoked,
                remaining: body.remaining,
                expired: body.expired_planned,
                when: body.as_of.as_ref().or(fact.occurred()).cloned(),
                account: Account::of_fact(fact, backing, String::new()),
            };
            found.push((body.set.clone(), progress));
        }
    }
    found
}

/// A claim with its metric and number.
type Claimed<'h, 'a> = (&'h Held<'a>, &'h Metric, u64);

/// Returns the summaries that official texts claim: numbers of one text about one set.
fn claimed<'a>(case: &Case<'a>, incident: &Incident<'a>) -> Vec<(String, Progress<'a>)> {
    let mut texts: BTreeMap<(u64, &str), Vec<Claimed<'_, '_>>> = BTreeMap::new();
    for held in case.claims.held_in(incident.feed) {
        if let Assertion::Count(count) = &held.claim.assertion
            && let (Some(scope), None) = (&held.claim.scope, held.claim.qualifier)
            && reserve(held.claim, false).is_none()
            && held.dropped.is_none()
            && count.unit == Unit::Certificates
            && incident.is_official(held.statement)
        {
            let numbers = texts.entry((held.statement.seq, scope)).or_default();
            numbers.push((held, &count.metric, count.value));
        }
    }
    let mut found = Vec::new();
    for ((_, scope), numbers) in texts {
        let number = |metric: Metric| {
            let mut of = numbers.iter().filter(|(_, m, _)| **m == metric);
            let first = of.next().map(|(_, _, value)| *value);
            first.filter(|_| of.next().is_none())
        };
        let (Some(revoked), Some(remaining), Some((held, ..))) =
            (number(Metric::Revoked), number(Metric::NotRevoked), numbers.first())
        else {
            continue;
        };
        let backing = Backing { source: Source::OwnStatement, told_by: vec![held.statement] };
        let progress = Progress {
            revoked,
            remaining,
            expired: number(Metric::Expired),
            when: Some(held.at().clone()),
            account: Account::of_claim(held, backing, String::new()),
        };
        found.push((scope.to_owned(), progress));
    }
    found
}

/// What the record has as the size of a set.
struct Total {
    value: u64,
    /// Whether certificates that had expired or were revoked before count.
    all: bool,
    /// Whether it is stated without a word such as "about" or "at least".
    exact: bool,
    source: Source,
}

/// Returns what is recorded as the size of a set, in certificates: those are what is revoked.
fn totals(case: &Case<'_>, incident: &Incident<'_>, set: &str) -> Vec<Total> {
    let mut totals = Vec::new();
    for fact in &incident.facts {
        let (unit, value, all, exact) = match fact.body() {
            Some(Body::IncidentScope(body)) if body.set == set => {
                (&body.unit, body.count, true, true)
            }
            Some(Body::IncidentCount(body)) if body.scope.as_deref() == Some(set) => {
                let all = match body.metric {
                    Metric::Affected => true,
                    Metric::RemainingValid => false,
                    _ => continue,
                };
                (&body.unit, body.value, all, body.qualifier.is_none())
            }
            _ => continue,
        };
        if *unit != Unit::Certificates {
            continue;
        }
        if let Some(backing) = case.claims.backing(&incident.perspective, fact) {
            totals.push(Total { value, all, exact, source: backing.source });
        }
    }
    totals
}

fn added(
    case: &Case<'_>,
    incident: &Incident<'_>,
    set: &str,
    progress: &[Progress<'_>],
) -> Option<Finding> {
    let totals = totals(case, incident, set);
    let mut accounts: Vec<Account<'_>> = Vec::new();
    for summary in progress {
        accounts.extend(against_total(summary, &totals));
    }
    for pair in progress.windows(2) {
        accounts.extend(against_before(&pair[0], &pair[1], &totals));
    }
    let weighed = weigh(&accounts)?;
    let account = &accounts[weighed.lead];
    let remark = weighed.conflict.or(account.remark.as_deref());
    let remark = remark.map_or(String::new(), |remark| format!("; {remark}"));
    let message = match weighed.verdict {
        Verdict::Tallies => {
            let n = progress.len();
            format!(
                "{}: {n} summaries of its revocation add up; {}{remark}",
                name(set),
                account.shown
            )
        }
        _ => format!("{}: {}{remark}", name(set), account.shown),
    };
    let mut finding = Finding::new(&ARITHMETIC, weighed.verdict, message);
    finding.subject = Some(set.to_owned());
    finding.compared = compared(case.claims.timeline(), &accounts, weighed.lead);
    finding.times.recorded.clone_from(&account.when);
    finding.evidence = evidence(&accounts, weighed.lead);
    Some(finding)
}

/// Holds the sum of a summary against what is recorded to be affected.
fn against_total<'a>(summary: &Progress<'a>, totals: &[Total]) -> Option<Account<'a>> {
    let sum = summary.sum();
    let most = totals.iter().max_by_key(|total| total.value)?;
    let source = totals.iter().map(|total| total.source).max()?;
    let mut account = summary.account.clone().at(summary.when.as_ref());
    account.source = account.source.max(source);
    account.shown = summary.words();
    let equal = totals.iter().find(|total| total.value == sum);
    let valid: Vec<&Total> = totals.iter().filter(|total| !total.all).collect();
    let (relation, remark) = if let Some(total) = equal {
        (Relation::Agrees, format!("{} affected", total.value))
    } else if totals.iter().any(|total| !total.exact) {
        (Relation::Unclear, "what is affected is not recorded exactly".to_owned())
    } else if most.value < sum {
        let more = sum - most.value;
        (Relation::Differs, format!("at most {} are recorded as affected; {more} more", most.value))
    } else if let ([valid], Some(_)) = (&valid[..], summary.expired) {
        let apart = valid.value.abs_diff(sum);
        (Relation::Differs, format!("{} remained valid; {apart} apart", valid.value))
    } else {
        let why = "those that had expired or were revoked before may be missing";
        (Relation::Unclear, format!("{} affected; {why}", most.value))
    };
    Some(account.holds(relation, Some(remark)))
}

/// Holds a summary against the one before it: what is revoked stays revoked.
fn against_before<'a>(
    before: &Progress<'a>,
    after: &Progress<'a>,
    totals: &[Total],
) -> Option<Account<'a>> {
    if before.revoked <= after.revoked {
        return None;
    }
    let mut account = after.account.clone().at(after.when.as_ref());
    account.source = account.source.max(before.account.source);
    account.shown = format!("{} revoked after {}", after.words(), before.words());
    let ordered = before.when.as_ref().zip(after.when.as_ref());
    let ordered = ordered.is_some_and(|(a, b)| a.interval().before(&b.interval()));
    let mut sizes: Vec<u64> = totals.iter().filter(|t| t.all).map(|total| total.value).collect();
    sizes.dedup();
    let (relation, remark) = if !ordered {
        (Relation::Unclear, "which of the two came first is not recorded".to_owned())
    } else if sizes.len() > 1 {
        (Relation::Unclear, "the set itself was recorded with another size".to_owned())
    } else {
        let fewer = before.revoked - after.revoked;
        (Relation::Differs, format!("{fewer} fewer than before"))
    };
    Some(account.holds(relation, Some(remark)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{comment, fact, findings, observer, official, only, opened, own};

    fn scope(book: &mut Casebook, count: u64) {
        let body = json!({ "set": "all", "count": count, "unit": "certificates" });
        fact(book, "incident.scope", "2026-04-01", body);
    }

    fn progress(book: &mut Casebook, at: &str, numbers: [u64; 2], expired: Option<u64>) {
        let [revoked, remaining] = numbers;
        let mut body = json!({ "set": "all", "revoked": revoked, "remaining": remaining });
        if let Some(expired) = expired {
            body["expired_planned"] = expired.into();
        }
        fact(book, "revocation.progress", at, body);
    }

    #[test]
    fn numbers_that_make_the_total_tally_and_more_than_the_total_diverge() {
        for (numbers, expired, expected) in [
            ([90, 8], Some(2), Verdict::Tallies),
            ([90, 10], None, Verdict::Tallies),
            ([90, 11], Some(0), Verdict::Diverges),
            ([90, 11], None, Verdict::Diverges),
            // Some had expired before, perhaps.
            ([90, 5], Some(2), Verdict::Undetermined),
        ] {
            let mut book = own();
            scope(&mut book, 100);
            progress(&mut book, "2026-04-05T10:00Z", numbers, expired);
            let finding = only(&book, "T303");
            assert_eq!(finding.verdict, expected, "{numbers:?}: {}", finding.message);
        }
        let mut book = own();
        scope(&mut book, 100);
        progress(&mut book, "2026-04-05T10:00Z", [90, 11], Some(2));
        let message = only(&book, "T303").message;
        assert!(message.contains("90 revoked + 11 remaining + 2 expired = 103"), "{message}");
        assert!(message.ends_with("at most 100 are recorded as affected; 3 more"), "{message}");
    }

    #[test]
    fn what_remained_valid_is_the_total_where_it_is_recorded() {
        let mut book = own();
        scope(&mut book, 100);
        let valid = json!({ "metric": "remaining_valid", "unit": "certificates", "value": 97,
                            "scope": "all" });
        fact(&mut book, "incident.count", "2026-04-01", valid);
        progress(&mut book, "2026-04-05T10:00Z", [90, 5], Some(2));
        assert_eq!(only(&book, "T303").verdict, Verdict::Tallies);
        progress(&mut book, "2026-04-06T10:00Z", [91, 3], Some(2));
        assert_eq!(only(&book, "T303").verdict, Verdict::Undetermined, "its record says both");
    }

    #[test]
    fn a_total_of_another_unit_or_an_inexact_one_makes_no_divergence() {
        let mut book = own();
        let subscribers = json!({ "set": "all", "count": 10, "unit": "subscribers" });
        fact(&mut book, "incident.scope", "2026-04-01", subscribers);
        progress(&mut book, "2026-04-05T10:00Z", [90, 10], Some(0));
        assert!(findings(&book, "T303", None).is_empty());
        for qualifier in ["at_least", "about", "to_our_knowledge"] {
            for metric in ["affected", "remaining_valid"] {
                let mut book = own();
                let body = json!({ "metric": metric, "unit": "certificates", "value": 95,
                                   "scope": "all", "qualifier": qualifier });
                fact(&mut book, "incident.count", "2026-04-01", body);
                progress(&mut book, "2026-04-05T10:00Z", [90, 10], Some(0));
                let verdict = only(&book, "T303").verdict;
                assert_eq!(verdict, Verdict::Undetermined, "{metric} {qualifier}");
            }
        }
    }

    #[test]
    fn fewer_revoked_than_before_diverge_unless_the_set_changed() {
        let falling = |book: &mut Casebook| {
            progress(book, "2026-04-05T10:00Z", [90, 10], Some(0));
            progress(book, "2026-04-06T10:00Z", [85, 15], Some(0));
        };
        let mut book = own();
        falling(&mut book);
        let finding = only(&book, "T303");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("5 fewer than before"), "{}", finding.message);
        let mut book = own();
        scope(&mut book, 100);
        scope(&mut book, 120);
        falling(&mut book);
        assert_eq!(only(&book, "T303").verdict, Verdict::Tallies, "the sums are recorded");
    }

    #[test]
    fn nothing_to_compare_with_is_no_finding() {
        let mut book = own();
        progress(&mut book, "2026-04-05T10:00Z", [90, 10], Some(0));
        assert!(findings(&book, "T303", None).is_empty());
    }

    #[test]
    fn the_numbers_of_a_text_count_together_and_anothers_total_makes_no_divergence() {
        let count = |metric: &str, value: u64| -> Json {
            json!({ "says": "count", "metric": metric, "unit": "certificates", "value": value,
                    "scope": "all" })
        };
        let claims = json!([count("revoked", 90), count("not_revoked", 11)]);
        let speaker = official();
        for (book, expected) in [(own(), Verdict::Diverges), (observer(), Verdict::SourcesDiffer)] {
            let mut book = book;
            opened(&mut book);
            scope(&mut book, 100);
            let more = json!({ "claims": claims });
            comment(&mut book, speaker.clone(), 3, "2026-04-05T10:00:00Z", more);
            assert_eq!(only(&book, "T303").verdict, expected);
        }
    }
}
