//! P105: when the last certificate of a set was revoked, held against the limit of the section that
//! its deadline names.

use std::collections::BTreeMap;

use tally_ledger::name::Kind;
use tally_ledger::replay::Fact;
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::revocation::Deadline;

use super::REVOKED;
use super::mention::orders_during;
use crate::case::Case;
use crate::clock::{Bounds, evidence};
use crate::duty::{Duty, Held};
use crate::finding::{Finding, Relation, Verdict};
use crate::happening::{Happening, happenings, has_other_sets, none_left};
use crate::incident::Incident;
use crate::index::Key;
use crate::length::{beyond, duration};
use crate::pack::{Pack, Requirement};
use crate::source::{Backing, Source};
use crate::times::Times;
use crate::weigh::{self, Account, Repeated, settle, weigh};
use crate::words::name;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        for deadline in deadlines(case, incident) {
            for pack in case.packs.of_rule(REVOKED.code) {
                findings.extend(revoked(case, incident, &deadline, pack));
            }
        }
    }
    findings
}

/// A deadline that a section of a policy sets for a set.
pub(super) struct Due<'a> {
    pub(super) fact: &'a Fact,
    pub(super) deadline: &'a Deadline,
    pub(super) source: Source,
}

/// Returns the deadlines of an incident: of each set and rule the one that was recorded last.
pub(super) fn deadlines<'a>(case: &Case<'a>, incident: &Incident<'a>) -> Vec<Due<'a>> {
    let mut found: BTreeMap<(&str, &str), Due<'_>> = BTreeMap::new();
    for fact in &incident.facts {
        if let Some(Body::RevocationDeadline(deadline)) = fact.body()
            && let Some(Backing { source, .. }) = case.claims.backing(&incident.perspective, fact)
        {
            found.insert((&deadline.set, &deadline.rule), Due { fact, deadline, source });
        }
    }
    found.into_values().collect()
}

/// Returns whether a requirement is, or may be, the one that a rule names: `BR 4.9.1.1 (5)` names
/// the reason 5 of that section, `BR 4.9.1.1` any of them.
pub(super) fn is_meant(asked: &Requirement, rule: &str) -> bool {
    let rule = rule.trim();
    let mut named = asked.cited_as.iter().filter_map(|cited| rule.strip_prefix(cited.as_str()));
    asked.rule == REVOKED.code
        && named.any(|rest| {
            let number = rest.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let reason = number.and_then(|number| number.trim().parse::<u32>().ok());
            match (reason, asked.reasons) {
                (Some(reason), Some([first, last])) => (first..=last).contains(&reason),
                (Some(_), None) => true,
                (None, _) => rest.trim().is_empty(),
            }
        })
}

impl<'a> Due<'a> {
    /// Returns when the clock started, and a bound for when it ran out.
    pub(super) fn bounds(&self, asked: &Requirement) -> Option<(Interval, Bounds)> {
        if let Some(start) = &self.deadline.start {
            let start = start.interval();
            return Some((start, Bounds::of(asked.limit.as_ref()?, start)?));
        }
        // Without the start of the clock the deadline counts as it is recorded.
        let due = self.deadline.due.interval();
        let last = due.end.saturating_sub(1);
        Some((Interval { start: last, end: due.end }, Bounds { kept: last, lapse: last }))
    }

    /// Returns the duty that a policy sets by the section that the deadline names.
    pub(super) fn duty<'p>(&self, pack: &'p Pack) -> Option<Duty<'p>> {
        let start = self.deadline.start.as_ref().unwrap_or(&self.deadline.due).interval();
        Duty::of(pack, start, |asked| is_meant(asked, &self.deadline.rule))
    }

    /// Returns the record of when the set was revoked, held against the limit.
    pub(super) fn accounts(
        &self,
        case: &Case<'a>,
        incident: &Incident<'a>,
        bounds: Bounds,
    ) -> Vec<Account<'a>> {
        let kind: Kind = "revocation.completed".parse().expect("a kind of the vocabulary");
        let set = Some(self.deadline.set.as_str());
        let mut accounts = Vec::new();
        let mut found = happenings(&case.claims, &incident.perspective, &kind, set);
        for Happening { account, .. } in &mut found {
            account.shown = format!("the last revoked {}", account.shown);
        }
        found.extend(none_left(&case.claims, &incident.perspective, &self.deadline.set));
        for happening in found {
            let account = happening.account;
            let Some(when) = happening.when else {
                let why = "the record has no time".to_owned();
                accounts.push(account.holds(Relation::Unclear, Some(why)));
                continue;
            };
            let done = when.interval();
            let (relation, remark) = if done.end.saturating_sub(1) <= bounds.kept {
                (Relation::Agrees, "in time".to_owned())
            } else if bounds.lapse < done.start {
                (Relation::Differs, self.over(bounds, &when))
            } else {
                let why = "whether that was in time the record does not show";
                (Relation::Unclear, why.to_owned())
            };
            let mut account = account.holds(relation, Some(remark));
            account.presumed = when.presumed().map(ToString::to_string);
            accounts.push(account);
        }
        accounts.extend(self.remaining(case, incident, bounds));
        settle(&mut accounts, Repeated::Unclear);
        // The start of the clock is somebody's word as well; the weaker one counts.
        for account in &mut accounts {
            account.source = account.source.max(self.source);
        }
        accounts
    }

    fn over(&self, bounds: Bounds, done: &When) -> String {
        let start = self.deadline.start.as_ref().map(When::interval);
        match start {
            Some(start) => bounds.over(start, done.interval()),
            None => beyond(&self.deadline.due, done)
                .map_or("later".to_owned(), |length| format!("{length} later")),
        }
    }

    /// Returns the accounts of certificates that were not yet revoked after the limit.
    fn remaining(
        &self,
        case: &Case<'a>,
        incident: &Incident<'a>,
        bounds: Bounds,
    ) -> Vec<Account<'a>> {
        let mut accounts = Vec::new();
        let set = Key::Subject(&self.deadline.set);
        for fact in case.claims.facts(incident.perspective.feeds, set) {
            let Some(Body::RevocationProgress(progress)) = fact.body() else {
                continue;
            };
            let as_of = progress.as_of.as_ref().or(fact.occurred());
            let (Some(as_of), true) = (as_of, progress.set == self.deadline.set) else {
                continue;
            };
            let backing = case.claims.backing(&incident.perspective, fact);
            let after = progress.remaining > 0 && bounds.lapse < as_of.interval().start;
            if let Some(backing) = backing.filter(|_| after) {
                let shown = format!("{} not yet revoked, {as_of}", progress.remaining);
                let account = Account::of_fact(fact, backing, shown).at(Some(as_of));
                let remark = Some(self.over(bounds, as_of));
                accounts.push(account.holds(Relation::Differs, remark));
            }
        }
        accounts
    }
}

fn revoked<'a>(
    case: &Case<'a>,
    incident: &Incident<'a>,
    due: &Due<'a>,
    pack: &Pack,
) -> Option<Finding> {
    let duty = due.duty(pack)?;
    let hold = |asked: &Requirement| hold(case, incident, due, asked);
    Some(duty.finding(&REVOKED, &due.deadline.set, hold))
}

fn hold<'a>(case: &Case<'a>, incident: &Incident<'a>, due: &Due<'a>, asked: &Requirement) -> Held {
    let deadline = due.deadline;
    let begun = match &deadline.start {
        Some(start) => format!("clock started {start} ({})", name(&deadline.rule)),
        None => format!("due {} ({})", deadline.due, name(&deadline.rule)),
    };
    let fact = |relation| evidence(due.fact, relation);
    let Some((start, bounds)) = due.bounds(asked) else {
        let why = "the policy names no length of time".to_owned();
        return Held::new(Verdict::Undetermined, begun, Some(why));
    };
    let accounts = due.accounts(case, incident, bounds);
    let Some(weighed) = weigh(&accounts) else {
        return none(case, incident, due, begun, bounds);
    };
    let account = &accounts[weighed.lead];
    let conflict = weighed.conflict.map(str::to_owned);
    let remark = conflict.or(account.remark.clone());
    let mut held = Held::new(weighed.verdict, format!("{begun}; {}", account.shown), remark);
    let recommended = asked.recommended.as_ref().zip(account.when.as_ref());
    held.beyond_recommended = recommended.and_then(|(limit, done)| {
        let bounds = Bounds::of(limit, deadline.start.as_ref()?.interval())?;
        let late = account.relation == Relation::Agrees && bounds.lapse < done.interval().start;
        late.then(|| format!("recommended: {limit}; {}", bounds.over(start, done.interval())))
    });
    held.notes = notes(case, incident, due, bounds, account);
    held.times = Times::of_due(bounds.due(start).as_ref(), account.when.as_ref());
    held.compared = weigh::compared(case.claims.timeline(), &accounts, weighed.lead);
    held.resting_on(weigh::evidence(&accounts, weighed.lead)).resting_on([fact(Relation::Beside)])
}

/// Returns the finding's content where nothing says when the set was revoked.
fn none(
    case: &Case<'_>,
    incident: &Incident<'_>,
    due: &Due<'_>,
    begun: String,
    bounds: Bounds,
) -> Held {
    let now = When::from_instant(case.as_of);
    let late = duration(case.as_of.unix().saturating_sub(bounds.lapse));
    let (verdict, relation, why) = if case.as_of.unix() <= bounds.lapse {
        let why = format!("it has not run out as of {now}");
        (Verdict::Undetermined, Relation::Unclear, why)
    } else if has_other_sets(&case.claims, &incident.perspective, &due.deadline.set) {
        let why = "the revocation of other sets is recorded, which may be its parts".to_owned();
        (Verdict::Undetermined, Relation::Unclear, why)
    } else if incident.is_whole() && !due.source.is_other() {
        let why = format!("nothing is recorded as of {now}, at least {late} later");
        (Verdict::Diverges, Relation::Differs, why)
    } else {
        let why = "when the last was revoked is not recorded".to_owned();
        (Verdict::Undetermined, Relation::Unclear, why)
    };
    let mut held = Held::new(verdict, begun, Some(why));
    held.compared = format!("searched {}", case.claims.searched(incident.perspective.feeds));
    held.notes = orders(case, incident, due, bounds);
    held.resting_on([evidence(due.fact, relation)])
}

fn notes(
    case: &Case<'_>,
    incident: &Incident<'_>,
    due: &Due<'_>,
    bounds: Bounds,
    account: &Account<'_>,
) -> Vec<String> {
    let mut notes = orders(case, incident, due, bounds);
    if let Some(rule) = account.presumed.as_ref().filter(|_| account.relation == Relation::Differs)
    {
        notes.push(format!(
            "it rests on a presumed zone (rule {rule}); with another zone it may be otherwise"
        ));
    }
    notes
}

/// Returns the orders that bound the organisation while the clock ran. A record shows order in
/// time, not cause.
fn orders(case: &Case<'_>, incident: &Incident<'_>, due: &Due<'_>, bounds: Bounds) -> Vec<String> {
    let start = due.deadline.start.as_ref().map(When::interval);
    let open = Interval {
        start: start.map_or(i64::MIN, |start| start.start),
        end: bounds.lapse.saturating_add(1),
    };
    let orders = orders_during(&case.claims, incident.perspective.feeds, open);
    orders.into_iter().map(|order| format!("beside it: {order}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::finding::{Finding, Verdict};
    use crate::probe::{
        completed, deadline, fact, findings, observer, only, opened, ordered_not_to, own, posted,
        stated,
    };

    fn held(rule: &str, last: &str) -> Finding {
        let mut book = own();
        deadline(&mut book, rule);
        completed(&mut book, last);
        only(&book, "P105")
    }

    #[test]
    fn the_reason_that_the_deadline_names_sets_the_limit() {
        for (rule, last, expected) in [
            ("BR 4.9.1.1 (5)", "2026-04-02T10:00Z", Verdict::Undetermined),
            ("BR 4.9.1.1 (5)", "2026-04-02T09:59Z", Verdict::Tallies),
            ("BR 4.9.1.1 (5)", "2026-04-02T10:05Z", Verdict::Diverges),
            ("TLS BR 4.9.1.1 (12)", "2026-04-02T09:00Z", Verdict::Tallies),
            ("TLS BR 4.9.1.1 (12)", "2026-04-04T10:00Z", Verdict::ForTheReader),
            ("TLS BR 4.9.1.1 (12)", "2026-04-06T10:05Z", Verdict::Diverges),
            ("BR 4.9.1.2", "2026-04-08T09:00Z", Verdict::Tallies),
            ("BR 4.9.1.2", "2026-04-08T10:05Z", Verdict::Diverges),
        ] {
            let finding = held(rule, last);
            assert_eq!(finding.verdict, expected, "{rule} {last}: {}", finding.message);
        }
        let late = held("BR 4.9.1.1 (5)", "2026-04-02T15:10Z");
        assert!(late.message.contains("TLS Baseline Requirements 1.8.7 to 2.2.6, section 4.9.1.1"));
        assert!(late.message.ends_with("5 h 10 min later"), "{}", late.message);
        assert_eq!(late.compared.split(" (").next(), Some("compared with its own record"));
    }

    #[test]
    fn without_the_reason_only_what_every_limit_agrees_on_is_decided() {
        assert_eq!(held("BR 4.9.1.1", "2026-04-02T09:00Z").verdict, Verdict::Tallies);
        assert_eq!(held("BR 4.9.1.1", "2026-04-04T10:00Z").verdict, Verdict::Undetermined);
        let late = held("BR 4.9.1.1", "2026-04-07T10:00Z");
        assert_eq!(late.verdict, Verdict::Diverges);
        assert!(late.message.contains("within 5 days"), "the most lenient: {}", late.message);
    }

    #[test]
    fn a_set_revoked_in_parts_under_other_names_is_not_shown_to_be_left() {
        let mut book = own();
        deadline(&mut book, "BR 4.9.1.1 (5)");
        let mut parts = book.clone();
        let at = Some("2026-05-01T00:00:00Z");
        assert_eq!(findings(&book, "P105", at)[0].verdict, Verdict::Diverges);
        for part in ["a", "b"] {
            let body = json!({ "set": part });
            fact(&mut parts, "revocation.completed", "2026-04-02T09:00Z", body);
        }
        assert_eq!(findings(&parts, "P105", at)[0].verdict, Verdict::Undetermined);
    }

    #[test]
    fn until_2023_a_number_alone_may_name_either_list() {
        let held = |last: &str| {
            let mut book = own();
            let body = json!({ "set": "all", "rule": "BR 4.9.1.1 (5)", "due": "2022-04-02T10:00Z",
                               "start": "2022-04-01T10:00Z" });
            fact(&mut book, "revocation.deadline", "2022-04-01T11:00Z", body);
            completed(&mut book, last);
            only(&book, "P105").verdict
        };
        assert_eq!(held("2022-04-04T10:00Z"), Verdict::Undetermined);
        assert_eq!(held("2022-04-07T10:00Z"), Verdict::Diverges);
    }

    #[test]
    fn an_own_decision_is_no_limit_of_a_policy() {
        let mut book = own();
        deadline(&mut book, "own decision");
        completed(&mut book, "2026-05-01Z");
        assert!(findings(&book, "P105", None).is_empty());
    }

    #[test]
    fn a_stated_completion_gives_what_its_source_allows() {
        let body = json!({ "set": "all", "last": "2026-04-03T10:00Z" });
        let book = |item: u64, body: &Json| {
            let mut book = observer();
            opened(&mut book);
            posted(&mut book, 1, "2026-04-05T10:00:00Z", "update");
            crate::probe::remarked(&mut book, 2, "2026-04-05T11:00:00Z");
            let due = json!({ "set": "all", "rule": "BR 4.9.1.1 (5)", "due": "2026-04-02T10:00Z",
                              "start": "2026-04-01T10:00Z" });
            stated(&mut book, 1, "revocation.deadline", "2026-04-01T11:00Z", due);
            stated(&mut book, item, "revocation.completed", "2026-04-03T10:00Z", body.clone());
            only(&book, "P105").verdict
        };
        assert_eq!(book(1, &body), Verdict::Diverges, "its own word");
        assert_eq!(book(2, &body), Verdict::SourcesDiffer, "another party's word");
    }

    #[test]
    fn what_remains_after_the_limit_was_not_revoked_in_time() {
        let mut book = own();
        deadline(&mut book, "BR 4.9.1.1 (5)");
        let progress = json!({ "set": "all", "revoked": 90, "remaining": 10 });
        fact(&mut book, "revocation.progress", "2026-04-02T12:00Z", progress);
        let finding = only(&book, "P105");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.contains("10 not yet revoked"), "{}", finding.message);
    }

    #[test]
    fn none_left_is_a_revocation_of_which_only_the_latest_time_is_known() {
        for (as_of, expected) in
            [("2026-04-02T09:00Z", Verdict::Tallies), ("2026-04-02T12:00Z", Verdict::Undetermined)]
        {
            let mut book = own();
            deadline(&mut book, "BR 4.9.1.1 (5)");
            let progress = json!({ "set": "all", "revoked": 100, "remaining": 0 });
            fact(&mut book, "revocation.progress", as_of, progress);
            let finding = findings(&book, "P105", Some("2026-05-01T00:00:00Z")).remove(0);
            assert_eq!(finding.verdict, expected, "{as_of}: {}", finding.message);
            assert!(finding.message.contains("none left to revoke"), "{}", finding.message);
        }
    }

    #[test]
    fn nothing_revoked_diverges_in_the_own_whole_ledger_once_the_limit_is_over() {
        let mut book = own();
        deadline(&mut book, "BR 4.9.1.1 (5)");
        let at = |at: &str| findings(&book, "P105", Some(at)).remove(0).verdict;
        assert_eq!(at("2026-04-02T09:00:00Z"), Verdict::Undetermined);
        assert_eq!(at("2026-04-03T10:00:00Z"), Verdict::Diverges);
    }

    #[test]
    fn an_order_in_force_stands_beside_and_moves_no_limit() {
        let mut book = own();
        let body = json!({ "set": "all", "rule": "BR 4.9.1.1 (5)", "due": "2026-04-06T10:00Z",
                           "start": "2026-04-01T10:00Z" });
        fact(&mut book, "revocation.deadline", "2026-04-01T11:00Z", body);
        ordered_not_to(&mut book, "2026-04-01T19:00Z");
        completed(&mut book, "2026-04-05T10:00Z");
        let finding = only(&book, "P105");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.notes.iter().any(|note| note.contains("restraining order (order)")));
    }

    #[test]
    fn a_clock_without_a_known_start_counts_to_the_deadline_that_is_recorded() {
        let mut book = own();
        let body = json!({ "set": "all", "rule": "BR 4.9.1.1 (5)", "due": "2026-04-02T10:00Z" });
        fact(&mut book, "revocation.deadline", "2026-04-01T11:00Z", body);
        completed(&mut book, "2026-04-02T12:00Z");
        let finding = only(&book, "P105");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("2 h later"), "{}", finding.message);
    }
}
