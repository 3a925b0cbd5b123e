//! T004: entries that no witness has seen, in a ledger that is read under a policy of witnesses.

use tally_ledger::replay::Fact;
use tally_ledger::time::When;

use super::UNWITNESSED;
use crate::case::Case;
use crate::finding::{Evidence, Finding, Verdict};
use crate::length::duration;

/// How long an entry may lie unwitnessed before it is remarkable: 24 hours.
const UNSEEN_SECONDS_MAX: i64 = 24 * 3600;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let timeline = case.claims.timeline();
    let facts = timeline.recorded();
    let unseen = |fact: &&Fact| {
        let lain = case.as_of.unix() - fact.recorded.unix();
        fact.window.seen.is_none() && lain > UNSEEN_SECONDS_MAX
    };
    let unseen: Vec<&Fact> = facts.iter().filter(unseen).collect();
    let asked = facts.iter().any(|fact| fact.window.seen.is_some());
    let (Some(first), Some(last), true) = (unseen.first(), unseen.last(), asked) else {
        return Vec::new();
    };
    let lain = duration(case.as_of.unix() - first.recorded.unix());
    let which = match unseen.len() {
        1 => format!("{} is", timeline.label(first.seq)),
        n => format!("{n} entries, from {} to {}, are", first.seq, last.seq),
    };
    let now = When::from_instant(case.as_of);
    let message = format!(
        "{which} in no checkpoint that the witnesses of the policy cosigned; the first was \
         recorded {lain} before {now}, by its author's clock"
    );
    let mut finding = Finding::new(&UNWITNESSED, Verdict::ForTheReader, message);
    finding.subject = timeline.origin().map(ToString::to_string);
    finding.compared =
        String::from("compared with the checkpoints that are here; others may exist");
    finding.evidence = vec![Evidence::beside(first)];
    vec![finding]
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, own};

    /// Returns a ledger with two entries after its last checkpoint, which a witness cosigned.
    fn tail() -> Casebook {
        let mut book = own();
        book.witness("2024-08-01T01:00:00Z").clock("2024-08-02T09:00:00Z");
        for _ in 0..2 {
            let body = json!({ "milestone": "last_call" });
            fact(&mut book, "incident.milestone", "2024-08-02", body);
        }
        book
    }

    #[test]
    fn entries_without_a_witnessed_checkpoint_are_one_finding_for_the_reader() {
        let mut book = tail();
        book.open_end();
        let found = findings(&book, "T004", Some("2024-08-05T09:00:00Z"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict, Verdict::ForTheReader);
        assert!(found[0].message.starts_with("2 entries, from 1 to 2, are in no checkpoint"));
        assert!(found[0].message.contains("recorded 3 days before"), "{}", found[0].message);
    }

    #[test]
    fn a_day_is_allowed_and_what_is_witnessed_or_was_never_asked_for_is_no_finding() {
        let mut book = tail();
        assert!(findings(&book, "T004", Some("2024-08-05T09:00:00Z")).is_empty(), "witnessed");
        book.open_end();
        assert!(findings(&book, "T004", Some("2024-08-03T09:00:00Z")).is_empty(), "a day");
        let mut plain = own();
        fact(&mut plain, "incident.milestone", "2024-08-02", json!({ "milestone": "last_call" }));
        assert!(findings(&plain, "T004", Some("2024-09-01T00:00:00Z")).is_empty(), "no policy");
    }
}
