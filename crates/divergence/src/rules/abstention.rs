//! T102: a promise that something will not happen, held against what did.

use tally_ledger::claim::Assertion;
use tally_ledger::time::{Instant, Interval, When};

use super::change::changes;
use super::promise::{Promise, absence_shows};
use super::{ABSTENTION, Rule};
use crate::case::Case;
use crate::claims::Claims;
use crate::finding::{Finding, Relation, Verdict};
use crate::happening::{Falls, Happening, falls, happenings};
use crate::weigh::{Account, Decision, decide};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let as_of = case.as_of;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::WillNot(will_not) => {
            let promise = Promise::of(held)?;
            let period = will_not.period.as_ref();
            Some(judge_abstention(&ABSTENTION, claims, &promise, period, as_of))
        }
        _ => None,
    })
    .collect()
}

/// Holds a promise to avoid something against what happened since it was made, in `period` if one
/// was named.
pub(crate) fn judge_abstention<'a>(
    rule: &'static Rule,
    claims: &Claims<'a>,
    promise: &Promise<'a>,
    period: Option<&When>,
    as_of: Instant,
) -> Finding {
    let within = period.map_or(String::new(), |period| format!(" in {period}"));
    let stated = promise.led(format!("no {}{within}", promise.words()));
    let breaches = breaches(claims, promise, period);
    let changes = changes(claims, promise);
    if let Some(change) = changes.first() {
        let from = change.at.as_ref().map(When::interval);
        let broken_first = breaches.iter().any(|(when, account)| {
            let first = |from| when.as_ref().is_some_and(|when| when.interval().before(&from));
            account.relation == Relation::Differs && from.is_some_and(first)
        });
        if !broken_first {
            let at = change.at.as_ref().map_or(String::new(), |at| format!(" ({at})"));
            let message = format!("stated: {stated}; {}{at}", change.how);
            let own = change.account.clone().holds(Relation::Changes, None);
            let since = breaches.into_iter().map(|(_, account)| account);
            let all: Vec<Account<'_>> = std::iter::once(own).chain(since).collect();
            let notes = Vec::new();
            let decision = Decision { verdict: Verdict::Changed, message, notes, lead: 0 };
            return promise.find(rule, claims, decision, &all);
        }
    }
    let accounts: Vec<Account<'_>> = breaches.into_iter().map(|(_, account)| account).collect();
    let mut decision = decide(&stated, &accounts)
        .unwrap_or_else(|| unbroken(claims, promise, &stated, period, as_of));
    if decision.verdict == Verdict::Diverges
        && let Some((verdict, why)) = promise.reserve()
    {
        decision.verdict = verdict;
        decision.notes.push(why);
    }
    promise.find(rule, claims, decision, &accounts)
}

/// Returns what is recorded to have happened although it was to be avoided, and when.
fn breaches<'a>(
    claims: &Claims<'a>,
    promise: &Promise<'a>,
    period: Option<&When>,
) -> Vec<(Option<When>, Account<'a>)> {
    let Some(kind) = promise.kind() else {
        return Vec::new();
    };
    let made = promise.made.as_ref().map_or(Interval::EVER, When::interval);
    let breach = |happening: Happening<'a>| {
        let Happening { when, account, by_other } = happening;
        let unclear = |why: &str| (Relation::Unclear, Some(why.to_owned()));
        let falls = |at: &When| period.map_or(Falls::Within, |period| falls(at, period));
        let (relation, remark) = match when.as_ref().map(|at| (at.interval(), falls(at))) {
            None => unclear("the record has no time"),
            Some((_, Falls::Outside)) => return None,
            Some((at, _)) if at.before(&made) => return None,
            Some(_) if by_other => unclear("it is recorded as the act of another party"),
            Some((at, Falls::Within)) if made.before(&at) => (Relation::Differs, None),
            Some(_) => {
                unclear("whether that was after the promise and in its period is not recorded")
            }
        };
        Some((when, account.holds(relation, remark)))
    };
    let found = happenings(claims, &promise.perspective, &kind, promise.subject.as_deref());
    found.into_iter().filter_map(breach).collect()
}

fn unbroken(
    claims: &Claims<'_>,
    promise: &Promise<'_>,
    stated: &str,
    period: Option<&When>,
    as_of: Instant,
) -> Decision {
    let over = period.is_some_and(|period| period.interval().end <= as_of.unix());
    let (verdict, why) = if promise.kind().is_none() {
        (Verdict::Undetermined, "no kind of entry records whether it happened".to_owned())
    } else if !absence_shows(claims, &promise.perspective) {
        let why = "none is recorded, and the sources recorded here cannot show that there was none";
        (Verdict::Undetermined, why.to_owned())
    } else if over {
        (Verdict::Tallies, "none is recorded".to_owned())
    } else {
        let now = When::from_instant(as_of);
        (Verdict::Undetermined, format!("none is recorded as of {now}, and it still binds"))
    };
    Decision { verdict, message: format!("stated: {stated}; {why}"), notes: Vec::new(), lead: 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::finding::Verdict;
    use crate::probe::{comment, fact, findings, observer, official, own, said, stated, verdict};

    const MADE: &str = "2025-03-01T12:00Z";

    fn will_not(more: Json) -> Json {
        let mut claim = json!({ "says": "will_not", "what": "legal.instrument" });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        claim
    }

    fn letter() -> Json {
        json!({ "id": "letter", "type": "cease_and_desist", "direction": "sent" })
    }

    #[test]
    fn what_was_to_be_avoided_and_happened_after_the_promise_diverges() {
        let mut book = own();
        said(&mut book, 0, MADE, will_not(json!({})));
        fact(&mut book, "legal.instrument", "2025-05-01", letter());
        assert_eq!(verdict(&book, "T102"), Verdict::Diverges);
    }

    #[test]
    fn what_happened_before_the_promise_or_outside_its_period_does_not_break_it() {
        let mut book = own();
        let period = json!({ "period": "2025-03-01/2025-06-30" });
        said(&mut book, 0, MADE, will_not(period));
        fact(&mut book, "legal.instrument", "2024-11-11", letter());
        fact(&mut book, "legal.instrument", "2025-09-01", letter());
        let finding = findings(&book, "T102", Some("2025-12-31T00:00:00Z")).remove(0);
        assert_eq!(finding.verdict, Verdict::Tallies);
    }

    #[test]
    fn a_period_without_a_zone_holds_what_lies_in_it_in_every_zone() {
        for (period, occurred, expected) in [
            ("2025-04-02", "2025-04-03T11:00Z", Verdict::Undetermined),
            ("2025-04-02Z", "2025-04-02T11:00Z", Verdict::Diverges),
            ("2025-04", "2025-04-15", Verdict::Diverges),
        ] {
            let mut book = own();
            said(&mut book, 0, MADE, will_not(json!({ "period": period })));
            fact(&mut book, "legal.instrument", occurred, letter());
            assert_eq!(verdict(&book, "T102"), expected, "{period}");
        }
    }

    #[test]
    fn what_another_party_did_breaks_no_promise() {
        for (direction, expected) in
            [("sent", Verdict::Diverges), ("received", Verdict::Undetermined)]
        {
            let mut book = own();
            said(&mut book, 0, MADE, will_not(json!({})));
            let mut letter = letter();
            letter["direction"] = direction.into();
            fact(&mut book, "legal.instrument", "2025-05-01", letter);
            assert_eq!(verdict(&book, "T102"), expected, "{direction}");
        }
        for (by, expected) in
            [("Example CA", Verdict::Diverges), ("A subscriber", Verdict::Undetermined)]
        {
            let mut book = own();
            let what = json!({ "what": "legal.step.appealed", "subject": "order" });
            said(&mut book, 0, MADE, will_not(what));
            let step = json!({ "instrument": "order", "step": "appealed", "by": by });
            fact(&mut book, "legal.step", "2025-05-01", step);
            assert_eq!(verdict(&book, "T102"), expected, "{by}");
        }
    }

    #[test]
    fn what_may_have_come_first_decides_nothing() {
        let mut book = own();
        said(&mut book, 0, MADE, will_not(json!({})));
        fact(&mut book, "legal.instrument", "2025-03-01", letter());
        assert_eq!(verdict(&book, "T102"), Verdict::Undetermined);
    }

    #[test]
    fn a_promise_that_still_binds_or_that_an_observer_watches_is_undetermined() {
        let mut book = own();
        said(&mut book, 0, MADE, will_not(json!({})));
        assert_eq!(verdict(&book, "T102"), Verdict::Undetermined);
        let mut book = observer();
        said(&mut book, 0, MADE, will_not(json!({ "period": "2025-03-01/2025-06-30" })));
        let finding = findings(&book, "T102", Some("2025-12-31T00:00:00Z")).remove(0);
        assert_eq!(finding.verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_promise_narrowed_while_it_was_kept_changed_and_one_broken_first_diverges() {
        for (sent, expected) in
            [("2025-06-01", Verdict::Changed), ("2025-03-15", Verdict::Diverges)]
        {
            let mut book = observer();
            said(&mut book, 0, MADE, will_not(json!({})));
            stated(
                &mut book,
                0,
                "commitment.made",
                MADE,
                json!({ "id": "p", "to": "avoid", "what": "legal.instrument" }),
            );
            let speaker = official();
            comment(&mut book, speaker, 5, "2025-04-01Z", json!({}));
            stated(
                &mut book,
                5,
                "commitment.changed",
                "2025-04-01Z",
                json!({ "id": "p", "change": "narrowed", "text": "but in exceptional cases" }),
            );
            stated(&mut book, 5, "legal.instrument", sent, letter());
            assert_eq!(verdict(&book, "T102"), expected, "{sent}");
        }
    }

    #[test]
    fn an_instrument_known_by_its_dates_alone_breaks_a_promise_too() {
        let mut book = own();
        said(&mut book, 0, MADE, will_not(json!({})));
        let mut body = letter();
        body["filed"] = "2025-05-01".into();
        book.record(json!({ "kind": "legal.instrument", "incident": "x", "body": body }));
        assert_eq!(verdict(&book, "T102"), Verdict::Diverges);
    }

    #[test]
    fn a_condition_that_nothing_decides_leaves_a_breach_undetermined() {
        let mut book = own();
        said(&mut book, 0, MADE, will_not(json!({ "condition": "unless rights are abused" })));
        fact(&mut book, "legal.instrument", "2025-05-01", letter());
        assert_eq!(verdict(&book, "T102"), Verdict::Undetermined);
    }
}
