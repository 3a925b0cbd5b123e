//! The two times that a finding holds against each other, for those who draw or sort them.

use tally_ledger::claim::Assertion;
use tally_ledger::time::When;

use crate::claims::Held;
use crate::length::{between, beyond};

/// What was said and what is recorded of when something was, is due or holds. The message of the
/// finding says the same in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// The time that the claim names or that a rule sets, such as when something is due; absent if
    /// nothing named a time.
    pub said: Option<When>,
    /// The time in its place in the entry that decides; absent if it has none.
    pub recorded: Option<When>,
    /// How far the two lie apart, in words; absent if they overlap, and where nothing of the
    /// distance is certain.
    pub apart: Option<String>,
}

impl Times {
    /// Holds two times against each other.
    pub(crate) fn of(said: Option<&When>, recorded: Option<&When>) -> Self {
        Self::measured(said, recorded, between)
    }

    /// Holds a due time against when something was done: lateness counts from the end of a day.
    pub(crate) fn of_due(due: Option<&When>, done: Option<&When>) -> Self {
        Self::measured(due, done, beyond)
    }

    /// Holds the time that a claim names against the one that the deciding account has in its
    /// place.
    pub(crate) fn of_claim(held: &Held<'_>, recorded: Option<&When>) -> Self {
        match &held.claim.assertion {
            Assertion::Occurred(a) => Self::of(Some(&a.when), recorded),
            Assertion::Will(a) => Self::of_due(a.due.as_ref(), recorded),
            Assertion::Said(a) => Self::of(a.at.as_ref(), recorded),
            // What has no time of its own holds for the time of the statement.
            Assertion::Status(a) => Self::of(Some(a.as_of.as_ref().unwrap_or(held.at())), recorded),
            _ => Self { recorded: recorded.cloned(), ..Self::default() },
        }
    }

    fn measured(
        said: Option<&When>,
        recorded: Option<&When>,
        late: impl Fn(&When, &When) -> Option<String>,
    ) -> Self {
        let apart = said.zip(recorded).and_then(|(said, recorded)| {
            let (s, r) = (said.interval(), recorded.interval());
            if s.before(&r) {
                late(said, recorded)
            } else if r.before(&s) {
                between(recorded, said)
            } else {
                None
            }
        });
        Self { said: said.cloned(), recorded: recorded.cloned(), apart }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Verdict;
    use crate::probe::{fact, only, own, said};

    fn when(text: &str) -> When {
        text.parse().unwrap()
    }

    #[test]
    fn a_distance_is_told_in_either_direction_and_only_between_times_that_part() {
        for (said, recorded, apart) in [
            ("2024-08-03T19:30Z", "2024-08-03T20:47Z", Some("1 h 17 min")),
            ("2024-08-03T20:47Z", "2024-08-03T19:30Z", Some("1 h 17 min")),
            ("2024-08-03", "2024-08-03T20:47Z", None),
        ] {
            let times = Times::of(Some(&when(said)), Some(&when(recorded)));
            assert_eq!(times.apart.as_deref(), apart, "{said} {recorded}");
        }
        let late = Times::of_due(Some(&when("2024-08-03Z")), Some(&when("2024-08-04T01:00Z")));
        assert_eq!(late.apart.as_deref(), Some("1 h"));
        assert_eq!(Times::of(None, Some(&when("2024"))).apart, None);
    }

    #[test]
    fn a_finding_has_the_times_that_its_message_tells() {
        let mut book = own();
        let step = json!({ "instrument": "letter", "step": "filed" });
        fact(&mut book, "legal.step", "2024-11-11Z", step);
        let claim = json!({ "says": "occurred", "kind": "legal.step.filed", "subject": "letter",
                            "when": "2024-11-13Z" });
        said(&mut book, 4, "2024-12-01Z", claim);
        let finding = only(&book, "T401");
        assert_eq!(finding.verdict, Verdict::Diverges);
        let times = Times::of(Some(&when("2024-11-13Z")), Some(&when("2024-11-11Z")));
        assert_eq!(finding.times, times);
        assert_eq!(times.apart.as_deref(), Some("2 days"));
    }

    #[test]
    fn a_status_reached_later_has_the_time_from_which_it_is_recorded() {
        let mut book = own();
        let opened = json!({ "id": "ai-3", "text": "audit", "status": "Ongoing" });
        fact(&mut book, "action.opened", "2025-04-01Z", opened);
        let done = json!({ "id": "ai-3", "status": "Complete" });
        fact(&mut book, "action.status", "2025-05-17Z", done);
        let claim = json!({ "says": "status", "item": "ai-3", "status": "Complete" });
        said(&mut book, 4, "2025-05-10Z", claim);
        let times = only(&book, "T201").times;
        assert_eq!(times.recorded, Some(when("2025-05-17Z")));
        assert_eq!(times.apart.as_deref(), Some("7 days"));
    }
}
