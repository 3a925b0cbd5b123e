//! T601: that nothing of a kind happened, held against what is recorded to have.

use tally_ledger::claim::{Absent, Assertion};
use tally_ledger::vocabulary::words::Qualifier;

use super::ABSENCE;
use super::promise::absence_shows;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation, StatementRef, Verdict};
use crate::happening::{Falls, Happening, falls, happenings};
use crate::source::Source;
use crate::weigh::{Account, conclude};
use crate::words::named;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Absent(a) => Some(absent(claims, held, a)),
        _ => None,
    })
    .collect()
}

fn absent<'a>(claims: &Claims<'a>, held: &Held<'a>, claim: &Absent) -> Finding {
    let subject = claim.subject.as_deref();
    let found = happenings(claims, &held.perspective, &claim.kind, subject);
    let within = claim.period.as_ref().map_or(String::new(), |period| format!(" in {period}"));
    let stated = format!("no {}{within}", named(&claim.kind, subject));
    let accounts: Vec<Account<'_>> =
        found.into_iter().filter_map(|found| compare(claims, held, claim, found)).collect();
    if !accounts.is_empty() {
        return conclude(&ABSENCE, claims, held, &stated, &accounts);
    }
    let (verdict, why) = if absence_shows(claims, &held.perspective) {
        (Verdict::Tallies, "none is recorded")
    } else {
        let why = "none is recorded, and the sources recorded here cannot show that there was none";
        (Verdict::Undetermined, why)
    };
    let mut finding = Finding::new(&ABSENCE, verdict, format!("stated: {stated}; {why}"));
    finding.statement = Some(StatementRef::of(held));
    finding.compared = format!("searched {}", claims.searched(held.perspective.feeds));
    finding
}

/// Holds one thing that happened against the claim that nothing did; `None` if it happened at
/// another time than the claim speaks of.
fn compare<'a>(
    claims: &Claims<'a>,
    held: &Held<'a>,
    claim: &Absent,
    happening: Happening<'a>,
) -> Option<Account<'a>> {
    let account = happening.account;
    let unclear = |account: Account<'a>, why: &str| {
        Some(account.holds(Relation::Unclear, Some(why.to_owned())))
    };
    let Some(when) = happening.when else {
        return unclear(account, "the record has no time");
    };
    let (said, interval) = (held.at().interval(), when.interval());
    let falls = match &claim.period {
        Some(period) => falls(&when, period),
        // Without a period the claim speaks of all that was before it.
        None if interval.before(&said) => Falls::Within,
        None if said.before(&interval) => Falls::Outside,
        None if account.told_by.iter().any(|told| held.precedes(told)) => Falls::Outside,
        None => Falls::Unclear,
    };
    match falls {
        Falls::Within => {}
        Falls::Outside => return None,
        Falls::Unclear => {
            return unclear(account, "whether that was in the time of the claim is not recorded");
        }
    }
    if happening.by_other {
        return unclear(account, "it is recorded as the act of another party");
    }
    let known = claims.timeline().fact(account.seq).is_some_and(|fact| {
        account.source == Source::OwnRecord && fact.recorded.unix() < said.start
    });
    if held.claim.qualifier == Some(Qualifier::ToOurKnowledge) && !known {
        return unclear(account, "what was known then is not recorded");
    }
    if held.claim.scope.is_some() && claim.subject.is_none() {
        return unclear(account, "whether it falls under the scope of the claim is not recorded");
    }
    Some(account.holds(Relation::Differs, None))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, observer, own, said, verdict};

    const SAID: &str = "2025-05-05T12:00Z";
    const RESUMED: &str = "incident.milestone.issuance_resumed";

    fn none(more: Json) -> Json {
        let mut claim = json!({ "says": "none", "kind": RESUMED });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        claim
    }

    fn resumed(book: &mut Casebook, occurred: &str) {
        let body = json!({ "milestone": "issuance_resumed" });
        fact(book, "incident.milestone", occurred, body);
    }

    fn against(claim: Json, occurred: &str) -> Verdict {
        let mut book = own();
        resumed(&mut book, occurred);
        said(&mut book, 4, SAID, claim);
        verdict(&book, "T601")
    }

    #[test]
    fn what_is_recorded_to_have_happened_before_the_statement_contradicts_it() {
        assert_eq!(against(none(json!({})), "2025-05-02"), Verdict::Diverges);
        assert_eq!(against(none(json!({})), "2025-06-02"), Verdict::Tallies, "later");
        let period = json!({ "period": "2025-01-01/2025-03-31" });
        assert_eq!(against(none(period), "2025-05-02"), Verdict::Tallies, "outside the period");
    }

    #[test]
    fn what_may_have_happened_later_or_out_of_scope_decides_nothing() {
        assert_eq!(against(none(json!({})), "2025-05-05"), Verdict::Undetermined);
        let scope = json!({ "scope": "server certificates" });
        assert_eq!(against(none(scope), "2025-05-02"), Verdict::Undetermined);
    }

    #[test]
    fn a_period_without_a_zone_holds_what_lies_in_it_in_every_zone() {
        for (period, occurred, expected) in [
            ("2025-04-02", "2025-04-01T11:00Z", Verdict::Undetermined),
            ("2025-04-02", "2025-04-02T12:00Z", Verdict::Undetermined),
            ("2025-04-02", "2025-04-03T12:00Z", Verdict::Tallies),
            ("2025-04-02Z", "2025-04-02T12:00Z", Verdict::Diverges),
            ("2025-04-01T10:00/2025-04-01T12:00", "2025-04-01T20:00Z", Verdict::Undetermined),
            ("2025-04", "2025-04-15", Verdict::Diverges),
            ("2025-04", "2025-04-01T11:00Z", Verdict::Undetermined),
            ("2025-04", "2025-04-01T12:00Z", Verdict::Diverges),
            ("2025-04", "2025-04-30T09:59Z", Verdict::Diverges),
            ("2025-04", "2025-04-30T10:00Z", Verdict::Undetermined),
            ("../2025-04", "2025-03-01", Verdict::Diverges),
        ] {
            let claim = none(json!({ "period": period }));
            assert_eq!(against(claim, occurred), expected, "{period} {occurred}");
        }
    }

    #[test]
    fn what_another_party_did_may_not_be_meant_but_what_a_court_did_is() {
        for (step, by, expected) in [
            ("appealed", "Example CA", Verdict::Diverges),
            ("appealed", "A subscriber", Verdict::Undetermined),
            ("granted", "A court", Verdict::Diverges),
        ] {
            let mut book = own();
            let body = json!({ "instrument": "order", "step": step, "by": by });
            fact(&mut book, "legal.step", "2025-05-02", body);
            let kind = format!("legal.step.{step}");
            said(&mut book, 4, SAID, json!({ "says": "none", "kind": kind }));
            assert_eq!(verdict(&book, "T601"), expected, "{step} {by}");
        }
    }

    #[test]
    fn none_recorded_tallies_in_the_own_ledger_and_is_open_in_an_observers() {
        let mut book = own();
        said(&mut book, 4, SAID, none(json!({})));
        assert_eq!(verdict(&book, "T601"), Verdict::Tallies);
        let mut book = observer();
        said(&mut book, 4, SAID, none(json!({})));
        assert_eq!(verdict(&book, "T601"), Verdict::Undetermined);
    }

    #[test]
    fn to_our_knowledge_holds_unless_the_own_record_knew_before() {
        let ours = json!({ "qualifier": "to_our_knowledge" });
        assert_eq!(against(none(ours.clone()), "2025-05-02"), Verdict::Diverges);
        let mut book = own();
        book.clock("2025-06-01T00:00:00Z");
        resumed(&mut book, "2025-05-02");
        said(&mut book, 4, SAID, none(ours));
        assert_eq!(verdict(&book, "T601"), Verdict::Undetermined);
    }

    #[test]
    fn an_observers_note_makes_sources_differ() {
        let mut book = observer();
        resumed(&mut book, "2025-05-02");
        said(&mut book, 4, SAID, none(json!({})));
        assert_eq!(verdict(&book, "T601"), Verdict::SourcesDiffer);
    }
}
