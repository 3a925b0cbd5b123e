//! T003: a record that agrees with a statement, and was made only after it.

use tally_ledger::claim::Assertion;
use tally_ledger::replay::Fact;
use tally_ledger::time::When;

use super::AFTERWARDS;
use crate::case::Case;
use crate::claims::Held;
use crate::finding::{Finding, Relation, StatementRef, Verdict};
use crate::length::duration;
use crate::source::Source;
use crate::times::Times;

/// How long after a statement a record of what it says is ordinary bookkeeping: 24 hours.
const AFTER_SECONDS_MAX: i64 = 24 * 3600;

/// Where a record stands to the statement that it agrees with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Not long after it, or before.
    Before,
    /// More than a day after it, by the author's clock.
    After(i64),
    /// By witnesses: it was not there yet.
    Unseen(i64),
    /// The statement is dated too widely.
    Unknown,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let held = case.claims.held().iter();
    let of_the_past = held.filter(|held| {
        // A promise is kept by what comes after it, and an opinion by nothing.
        !matches!(
            held.claim.assertion,
            Assertion::Will(_) | Assertion::WillNot(_) | Assertion::Said(_)
        )
    });
    of_the_past.filter_map(|held| afterwards(case, held)).collect()
}

/// Returns the finding on a claim that tallies by nothing but records that were made after it.
fn afterwards(case: &Case<'_>, held: &Held<'_>) -> Option<Finding> {
    let judged = case.judged(held).filter(|judged| judged.verdict == Verdict::Tallies)?;
    let agreeing = || judged.evidence.iter().filter(|e| e.relation == Relation::Agrees);
    if agreeing().any(|evidence| evidence.source != Some(Source::OwnRecord)) {
        return None;
    }
    let facts: Vec<&Fact> =
        agreeing().filter_map(|evidence| case.claims.timeline().fact(evidence.seq)).collect();
    let published = held.at();
    let first = facts.iter().min_by_key(|fact| (fact.recorded, fact.seq))?;
    let made: Vec<Made> = facts.iter().map(|fact| made(published, fact)).collect();
    if made.contains(&Made::Before) {
        return None;
    }
    let recorded = When::from_instant(first.recorded);
    let entry = case.claims.timeline().label(first.seq);
    let stated = format!("stated: {}, {published}", held.claim.assertion.summary());
    let (verdict, why) = match made.iter().find(|made| **made != Made::Unknown) {
        Some(Made::Unseen(seconds)) => {
            let seen = duration(*seconds);
            let why = format!("witnesses saw a checkpoint without it at least {seen} later");
            (Verdict::ForTheReader, why)
        }
        Some(Made::After(seconds)) => {
            (Verdict::ForTheReader, format!("at least {} later", duration(*seconds)))
        }
        _ => {
            let why = "whether that was after the statement is not shown".to_owned();
            (Verdict::Undetermined, why)
        }
    };
    let message = format!("{stated}; the record that agrees was made {recorded} ({entry}); {why}");
    let mut finding = Finding::new(&AFTERWARDS, verdict, message);
    finding.statement = Some(StatementRef::of(held));
    finding.times = Times::of(Some(published), Some(&recorded));
    finding.compared =
        String::from("compared with when its own record was made, which alone agrees");
    finding.evidence = agreeing().cloned().collect();
    Some(finding)
}

/// Returns where the record of a fact stands to what was published then.
fn made(published: &When, fact: &Fact) -> Made {
    let said = published.interval();
    let after = |instant: tally_ledger::time::Instant| instant.unix().saturating_sub(said.end);
    let unseen = fact.window.not_yet.map(after).filter(|seconds| *seconds > 0);
    match (unseen, after(fact.recorded)) {
        (Some(seconds), _) => Made::Unseen(seconds),
        (None, seconds) if seconds > AFTER_SECONDS_MAX => Made::After(seconds),
        // Of what is dated to a day the hours do not matter.
        (None, _) if fact.recorded.unix() - said.start > 3 * AFTER_SECONDS_MAX => Made::Unknown,
        _ => Made::Before,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, only, own, said};

    fn claim() -> serde_json::Value {
        json!({ "says": "occurred", "kind": "legal.step.filed", "subject": "letter",
                "when": "2024-08-05Z" })
    }

    /// Returns a ledger that records the step at that time of the clock.
    fn recorded(clock: &str, published: &str) -> Casebook {
        let mut book = own();
        said(&mut book, 4, published, claim());
        book.clock(clock);
        let step = json!({ "instrument": "letter", "step": "filed" });
        fact(&mut book, "legal.step", "2024-08-05Z", step);
        book
    }

    #[test]
    fn a_record_made_more_than_a_day_after_the_statement_is_for_the_reader() {
        let finding = only(&recorded("2024-08-17T12:01:00Z", "2024-08-10T12:00Z"), "T003");
        assert_eq!(finding.verdict, Verdict::ForTheReader);
        assert!(
            finding
                .message
                .ends_with("made 2024-08-17 12:01:00 UTC (entry 2); at least 7 days later"),
            "{}",
            finding.message
        );
    }

    #[test]
    fn a_record_of_before_or_of_the_same_day_is_no_finding() {
        for clock in ["2024-08-08T12:00:00Z", "2024-08-11T11:00:00Z"] {
            assert!(findings(&recorded(clock, "2024-08-10T12:00Z"), "T003", None).is_empty());
        }
        let mut twice = recorded("2024-08-08T12:00:00Z", "2024-08-10T12:00Z");
        twice.clock("2024-08-17T12:00:00Z");
        let step = json!({ "instrument": "letter", "step": "filed" });
        fact(&mut twice, "legal.step", "2024-08-05Z", step);
        assert!(findings(&twice, "T003", None).is_empty(), "it was recorded before, too");
    }

    #[test]
    fn what_keeps_a_promise_comes_after_it() {
        let mut book = own();
        let will = json!({ "says": "will", "what": "legal.step.filed", "subject": "letter" });
        said(&mut book, 4, "2024-08-02Z", will);
        book.clock("2024-08-17T12:00:00Z");
        let step = json!({ "instrument": "letter", "step": "filed" });
        fact(&mut book, "legal.step", "2024-08-05Z", step);
        assert!(findings(&book, "T003", None).is_empty());
    }

    #[test]
    fn a_statement_that_is_dated_widely_leaves_it_undetermined() {
        let book = recorded("2024-08-17T12:00:00Z", "2024-08-06/2024-08-31");
        assert_eq!(only(&book, "T003").verdict, Verdict::Undetermined);
    }

    #[test]
    fn witnesses_who_did_not_see_the_record_count_more_than_its_clock() {
        let mut book = own();
        said(&mut book, 4, "2024-08-10T12:00Z", claim());
        book.witness("2024-08-12T12:01:00Z").clock("2024-08-08T00:00:00Z");
        let step = json!({ "instrument": "letter", "step": "filed" });
        fact(&mut book, "legal.step", "2024-08-05Z", step);
        book.clock("2024-08-20T00:00:00Z");
        let finding = only(&book, "T003");
        assert_eq!(finding.verdict, Verdict::ForTheReader);
        assert!(
            finding.message.ends_with("without it at least 2 days later"),
            "{}",
            finding.message
        );
    }
}
