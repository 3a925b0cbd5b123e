//! T404: two sentences of one text that contradict each other.

use std::collections::BTreeMap;

use tally_ledger::claim::{Absent, Assertion, Count, Occurred};
use tally_ledger::time::When;
use tally_ledger::vocabulary::action::ActionStatus;
use tally_ledger::vocabulary::occurrence::covers;
use tally_ledger::vocabulary::words::Qualifier;

use super::CONTRADICTION;
use super::count::is_timeless;
use crate::case::Case;
use crate::claims::Held;
use crate::finding::{Finding, Relation, Verdict};
use crate::happening::{Falls, falls, happens_once};
use crate::source::{Backing, Source};
use crate::topic::Topic;
use crate::weigh::{Account, Decision, found, hold, without_presumption};
use crate::words::made;

/// What two claims of one text have against each other.
struct Against {
    /// Whether both cannot hold; otherwise why that is not decided.
    decided: Result<(), &'static str>,
    /// How far they lie apart, in words.
    remark: Option<String>,
    /// The rule that supplied a zone without which they might agree.
    presumed: Option<String>,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut texts: BTreeMap<u64, Vec<&Held<'_>>> = BTreeMap::new();
    for held in case.claims.held().iter().filter(|held| held.dropped.is_none()) {
        texts.entry(held.version.seq).or_default().push(held);
    }
    texts.values().flat_map(|claims| within(case, claims)).collect()
}

/// Returns the findings on one text: one for each thing of which it says what cannot all hold.
fn within(case: &Case<'_>, claims: &[&Held<'_>]) -> Vec<Finding> {
    let mut topics: BTreeMap<(Topic, Option<&str>), Vec<&Held<'_>>> = BTreeMap::new();
    for held in claims.iter().copied() {
        // Of a number the scope tells which one it is.
        let count = matches!(held.claim.assertion, Assertion::Count(_));
        let scope = held.claim.scope.as_deref().filter(|_| count);
        topics.entry((Topic::of(&held.claim.assertion), scope)).or_default().push(held);
    }
    let mut findings = Vec::new();
    for same in topics.values() {
        let (first, others) = (same[0], &same[1..]);
        let apart: Vec<_> = others.iter().filter_map(|o| Some((*o, alike(first, o)?))).collect();
        findings.extend(contradicted(case, first, &apart));
    }
    findings.extend(absences(case, claims));
    findings.extend(completions(case, claims));
    findings
}

/// Holds two claims about the same thing against each other; `None` if both can hold.
fn alike(first: &Held<'_>, other: &Held<'_>) -> Option<Against> {
    let certain = |remark: Option<String>| Against { decided: Ok(()), remark, presumed: None };
    match (&first.claim.assertion, &other.claim.assertion) {
        (Assertion::Count(a), Assertion::Count(b)) => counts(first, a, other, b),
        (Assertion::Occurred(a), Assertion::Occurred(b)) => {
            happens_once(&a.kind, a.subject.as_deref()).then(|| times(&a.when, &b.when))?
        }
        (Assertion::Status(a), Assertion::Status(b)) => {
            let term = |status: &str| {
                let mut terms = ActionStatus::WORDS.iter();
                terms.find(|term| term.eq_ignore_ascii_case(status.trim()))
            };
            let (x, y) = (term(&a.status)?, term(&b.status)?);
            (x != y && a.as_of == b.as_of).then(|| certain(None))
        }
        (Assertion::Will(a), Assertion::Will(b)) => {
            let apart = times(a.due.as_ref()?, b.due.as_ref()?)?;
            // Two dates of one promise may be two steps of it.
            let why = "whether both are of the same step is for the reader";
            Some(Against { decided: Err(why), ..apart })
        }
        _ => None,
    }
}

/// Holds two numbers of the same thing against each other.
fn counts(first: &Held<'_>, a: &Count, other: &Held<'_>, b: &Count) -> Option<Against> {
    if a.value == b.value {
        return None;
    }
    let fits = |held: &Held<'_>, own: u64, other: u64| match held.claim.qualifier {
        Some(Qualifier::AtLeast) => other >= own,
        Some(Qualifier::AtMost) => other <= own,
        Some(Qualifier::About | Qualifier::ToOurKnowledge) => true,
        None => false,
    };
    if fits(first, a.value, b.value) || fits(other, b.value, a.value) {
        return None;
    }
    let why = "the two may be of different times";
    let decided = if is_timeless(&a.metric) { Ok(()) } else { Err(why) };
    let remark = Some(format!("{} apart", a.value.abs_diff(b.value)));
    Some(Against { decided, remark, presumed: None })
}

/// Holds two times of the same thing against each other.
fn times(a: &When, b: &When) -> Option<Against> {
    let (relation, remark) = hold(a, b);
    let ((bare_a, rule_a), (bare_b, rule_b)) = (without_presumption(a), without_presumption(b));
    let presumed = bare_a.overlaps(&bare_b).then(|| rule_a.or(rule_b)).flatten();
    (relation == Relation::Differs).then_some(Against { decided: Ok(()), remark, presumed })
}

/// Returns the findings on claims that nothing of a kind happened, in a text that says when it did.
fn absences(case: &Case<'_>, claims: &[&Held<'_>]) -> Vec<Finding> {
    let mut kinds: BTreeMap<&str, Vec<(&Held<'_>, &Occurred)>> = BTreeMap::new();
    for held in claims.iter().copied() {
        if let Assertion::Occurred(a) = &held.claim.assertion {
            kinds.entry(a.kind.as_str()).or_default().push((held, a));
        }
    }
    let mut findings = Vec::new();
    for held in claims.iter().copied() {
        let Assertion::Absent(none) = &held.claim.assertion else {
            continue;
        };
        let from = kinds.range(none.kind.as_str()..);
        let within = from.take_while(|(kind, _)| kind.starts_with(none.kind.as_str()));
        let occurred = within.flat_map(|(_, occurred)| occurred);
        let apart = occurred.filter_map(|(other, a)| Some((*other, absence(held, none, a)?)));
        findings.extend(contradicted(case, held, &apart.collect::<Vec<_>>()));
    }
    findings
}

/// Holds "nothing of a kind happened" against "this happened then".
fn absence(held: &Held<'_>, none: &Absent, occurred: &Occurred) -> Option<Against> {
    let same = none.subject.is_none() || none.subject == occurred.subject;
    if !same || !covers(&none.kind, &occurred.kind) {
        return None;
    }
    let when = occurred.when.interval();
    let falls = match &none.period {
        // In one text two times without a zone are of the same zone.
        Some(period) if period.zone().is_none() && occurred.when.zone().is_none() => {
            let period = period.interval();
            match when.within(&period) {
                true => Falls::Within,
                false if when.overlaps(&period) => Falls::Unclear,
                false => Falls::Outside,
            }
        }
        Some(period) => falls(&occurred.when, period),
        None if when.before(&held.at().interval()) => Falls::Within,
        None if when.start < held.at().interval().start => Falls::Unclear,
        None => Falls::Outside,
    };
    let reserve = held.claim.scope.is_some() && none.subject.is_none();
    let decided = match falls {
        Falls::Outside => return None,
        _ if reserve => Err("whether it falls under the scope of the claim is for the reader"),
        _ if held.claim.condition.is_some() => Err("made under a condition that nothing decides"),
        Falls::Within => Ok(()),
        Falls::Unclear => Err("whether that was in the time of the claim is not shown"),
    };
    Some(Against { decided, remark: None, presumed: None })
}

/// Returns the findings on claims that all items are complete, in a text that lists one as open.
fn completions(case: &Case<'_>, claims: &[&Held<'_>]) -> Vec<Finding> {
    let open = claims.iter().copied().filter_map(|held| match &held.claim.assertion {
        Assertion::Status(a) if a.as_of.is_none() => {
            let open = ["Ongoing", "Delayed"];
            let is_open = open.iter().any(|term| term.eq_ignore_ascii_case(a.status.trim()));
            is_open.then_some((held, a.item.as_str()))
        }
        _ => None,
    });
    let open: Vec<(&Held<'_>, &str)> = open.collect();
    let mut findings = Vec::new();
    for held in claims.iter().copied() {
        let Assertion::AllComplete(all) = &held.claim.assertion else {
            continue;
        };
        let named = |item: &str| all.items.is_empty() || all.items.iter().any(|i| i == item);
        let certain = || Against { decided: Ok(()), remark: None, presumed: None };
        let apart =
            open.iter().filter(|(_, item)| named(item)).map(|(other, _)| (*other, certain()));
        findings.extend(contradicted(case, held, &apart.collect::<Vec<_>>()));
    }
    findings
}

/// Makes the finding on a claim that other claims of the same text stand against.
fn contradicted(
    case: &Case<'_>,
    held: &Held<'_>,
    apart: &[(&Held<'_>, Against)],
) -> Option<Finding> {
    let diverges = |held: &Held<'_>| {
        case.judged(held).is_some_and(|judged| judged.verdict == Verdict::Diverges)
    };
    // What differs from the record already is counted there.
    let apart: Vec<&(&Held<'_>, Against)> =
        apart.iter().filter(|(other, _)| !diverges(held) && !diverges(other)).collect();
    let decided = apart.iter().position(|(_, against)| against.decided.is_ok());
    let lead = decided.unwrap_or(0);
    let (other, against) = apart.get(lead)?;
    let remark = against.remark.as_ref().map_or(String::new(), |remark| format!("; {remark}"));
    let why = against.decided.err().map_or(String::new(), |why| format!("; {why}"));
    let message = format!(
        "stated: {}; and in the same text: {}{remark}{why}",
        made(held.claim),
        made(other.claim)
    );
    let accounts = apart.iter().map(|(other, against)| {
        let backing = Backing { source: Source::OwnStatement, told_by: vec![other.statement] };
        let relation = if against.decided.is_ok() { Relation::Differs } else { Relation::Unclear };
        let mut account = Account::of_claim(other, backing, made(other.claim));
        account.presumed.clone_from(&against.presumed);
        account.holds(relation, against.remark.clone())
    });
    let accounts: Vec<Account<'_>> = accounts.collect();
    let verdict = if decided.is_some() { Verdict::Diverges } else { Verdict::Undetermined };
    let decision = Decision { verdict, message, notes: Vec::new(), lead };
    let mut finding = found(&CONTRADICTION, &case.claims, Some(held), decision, &accounts);
    finding.compared = String::from("compared with another sentence of the same text");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Severity, Verdict};
    use crate::probe::{comment, findings, observer, official, only, verdict};

    fn text(claims: Json) -> Casebook {
        let mut book = observer();
        let speaker = official();
        comment(&mut book, speaker, 4, "2025-04-04T12:00Z", json!({ "claims": claims }));
        book
    }

    fn count(metric: &str, value: u64, more: Json) -> Json {
        let mut claim = json!({ "says": "count", "metric": metric, "unit": "certificates",
                                "value": value });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        claim
    }

    fn stopped(when: &str) -> Json {
        json!({ "says": "occurred", "kind": "incident.milestone.issuance_stopped", "when": when })
    }

    fn status(item: &str, status: &str) -> Json {
        json!({ "says": "status", "item": item, "status": status })
    }

    #[test]
    fn a_period_without_a_zone_holds_what_lies_in_it_in_every_zone() {
        for (period, when, expected) in [
            ("2025-04-02", "2025-04-03T11:00Z", Verdict::Undetermined),
            ("2025-04-01/2025-04-02", "2025-04-02T12:00Z", Verdict::Undetermined),
            ("2025-04-02", "2025-04-02T12:00", Verdict::Diverges),
            ("2025-04-02Z", "2025-04-02T12:00Z", Verdict::Diverges),
            ("2025-04-01/2025-04-03", "2025-04-02T12:00Z", Verdict::Diverges),
        ] {
            let kind = "incident.milestone.issuance_stopped";
            let none = json!({ "says": "none", "kind": kind, "period": period });
            assert_eq!(verdict(&text(json!([none, stopped(when)])), "T404"), expected, "{period}");
        }
    }

    #[test]
    fn two_numbers_of_the_same_thing_in_one_text_diverge_once() {
        let book = text(json!([
            count("affected", 90, json!({})),
            count("affected", 100, json!({})),
            count("affected", 90, json!({}))
        ]));
        let finding = only(&book, "T404");
        assert_eq!((finding.verdict, finding.severity), (Verdict::Diverges, Severity::Medium));
        assert!(finding.message.ends_with("affected: 100 certificates; 10 apart"));
        assert_eq!(finding.statement.unwrap().claim, 0);
        assert_eq!(finding.evidence.iter().map(|e| e.claim).collect::<Vec<_>>(), [Some(1)]);
    }

    #[test]
    fn numbers_of_other_things_or_with_room_between_them_can_both_hold() {
        for other in [
            count("remaining_valid", 100, json!({})),
            count("affected", 100, json!({ "scope": "leaf" })),
            count("affected", 80, json!({ "qualifier": "at_least" })),
            count("affected", 100, json!({ "qualifier": "about" })),
        ] {
            let book = text(json!([count("affected", 90, json!({})), other]));
            assert!(findings(&book, "T404", None).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_number_that_moves_may_be_of_two_times() {
        let book = text(json!([count("revoked", 90, json!({})), count("revoked", 100, json!({}))]));
        assert_eq!(verdict(&book, "T404"), Verdict::Undetermined);
    }

    #[test]
    fn two_dates_of_what_happens_once_diverge_and_a_wider_one_does_not() {
        let book = text(json!([stopped("2025-04-01Z"), stopped("2025-04-03Z")]));
        let finding = only(&book, "T404");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("2025-04-03 UTC; 2 days later"), "{}", finding.message);
        let book = text(json!([stopped("2025-04-01Z"), stopped("2025-04")]));
        assert!(findings(&book, "T404", None).is_empty());
        let notice =
            |when: &str| json!({ "says": "occurred", "kind": "legal.notice", "when": when });
        let book = text(json!([notice("2025-04-01Z"), notice("2025-04-03Z")]));
        assert!(findings(&book, "T404", None).is_empty(), "there may be two");
    }

    #[test]
    fn an_item_that_is_complete_and_open_in_one_text_diverges() {
        for claims in [
            json!([status("ai-1", "Complete"), status("ai-1", "Ongoing")]),
            json!([{ "says": "all_complete" }, status("ai-1", "Ongoing")]),
            json!([{ "says": "all_complete", "items": ["ai-1"] }, status("ai-1", "delayed")]),
        ] {
            assert_eq!(verdict(&text(claims), "T404"), Verdict::Diverges);
        }
        let other =
            json!([{ "says": "all_complete", "items": ["ai-1"] }, status("ai-2", "Ongoing")]);
        assert!(findings(&text(other), "T404", None).is_empty());
        let mut then = status("ai-1", "Ongoing");
        then["as_of"] = "2025-03-01".into();
        let both = json!([status("ai-1", "Complete"), then]);
        assert!(findings(&text(both), "T404", None).is_empty(), "at another time");
    }

    #[test]
    fn none_and_one_that_happened_diverge_in_their_time_and_scope() {
        let none = |more: Json| {
            let mut claim = json!({ "says": "none", "kind": "incident.milestone" });
            for (name, value) in more.as_object().unwrap() {
                claim[name] = value.clone();
            }
            claim
        };
        for (more, when, expected) in [
            (json!({}), "2025-04-01Z", Some(Verdict::Diverges)),
            (json!({ "period": "2025-03Z" }), "2025-04-01Z", None),
            (json!({ "scope": "S/MIME" }), "2025-04-01Z", Some(Verdict::Undetermined)),
            (json!({}), "2025-04-04Z", Some(Verdict::Undetermined)),
        ] {
            let book = text(json!([stopped(when), none(more.clone())]));
            let found = findings(&book, "T404", None);
            assert_eq!(found.first().map(|f| f.verdict), expected, "{more} {when}");
        }
    }

    #[test]
    fn two_dates_of_one_promise_are_not_decided() {
        let will = |due: &str| {
            let kind = "revocation.completed";
            json!({ "says": "will", "what": kind, "subject": "all", "due": due })
        };
        let book = text(json!([will("2025-04-10Z"), will("2025-04-12Z")]));
        assert_eq!(verdict(&book, "T404"), Verdict::Undetermined);
    }

    #[test]
    fn what_differs_from_the_record_already_is_counted_there() {
        let mut book = crate::probe::own();
        let body = json!({ "milestone": "issuance_stopped" });
        crate::probe::fact(&mut book, "incident.milestone", "2025-04-01Z", body);
        let speaker = official();
        let claims = json!({ "claims": [stopped("2025-04-01Z"), stopped("2025-04-03Z")] });
        comment(&mut book, speaker, 4, "2025-04-04T12:00Z", claims);
        assert!(findings(&book, "T404", None).is_empty());
        assert_eq!(findings(&book, "T401", None)[0].verdict, Verdict::Diverges);
    }

    #[test]
    fn a_personal_remark_that_contradicts_itself_is_for_the_reader() {
        let mut book = observer();
        let speaker = json!({ "capacity": "personal", "organisation": "Example CA" });
        let claims = json!([count("affected", 90, json!({})), count("affected", 100, json!({}))]);
        comment(&mut book, speaker, 4, "2025-04-04T12:00Z", json!({ "claims": claims }));
        assert_eq!(verdict(&book, "T404"), Verdict::ForTheReader);
    }
}
