//! T002: entries of an organisation's own record that were made long after what they record.

use std::collections::BTreeMap;

use tally_ledger::governance::Standing;
use tally_ledger::name::FeedId;
use tally_ledger::payload::Basis;
use tally_ledger::replay::{Fact, GAP_SECONDS_MAX, Gap};

use super::LATE;
use crate::case::Case;
use crate::claims::Claims;
use crate::finding::{Evidence, Finding, Verdict};
use crate::length::duration;
use crate::source::{Party, Perspective, Source};
use crate::times::Times;
use crate::words::named;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let timeline = claims.timeline();
    if timeline.standing() != Some(Standing::Own) {
        return Vec::new();
    }
    let mut days: BTreeMap<(&FeedId, String), Vec<(i64, &Fact)>> = BTreeMap::new();
    for fact in timeline.recorded() {
        let incident = fact.feeds.iter().find(|feed| feed.is_incident());
        if let (Some(Gap::After(seconds)), Some(incident)) = (fact.gap, incident)
            && is_own_record(claims, fact)
        {
            let day = fact.recorded.to_string().chars().take(10).collect();
            days.entry((incident, day)).or_default().push((seconds, fact));
        }
    }
    days.iter().map(|((incident, day), late)| found(case, incident, day, late)).collect()
}

/// Returns whether an entry is the owner's own record: what it cites or measured may have reached
/// it late.
fn is_own_record(claims: &Claims<'_>, fact: &Fact) -> bool {
    let owner = claims.timeline().owner().map(|owner| Party::organisation(&owner.name));
    let from = Perspective::new(owner.unwrap_or_default(), None, &[]);
    let source = claims.backing(&from, fact).map(|backing| backing.source);
    *fact.basis() == Basis::Own && source == Some(Source::OwnRecord)
}

/// Makes the finding on the entries of an incident that were recorded on one day.
fn found(case: &Case<'_>, incident: &FeedId, day: &str, late: &[(i64, &Fact)]) -> Finding {
    let timeline = case.claims.timeline();
    let longest = late.iter().max_by_key(|(seconds, fact)| (*seconds, std::cmp::Reverse(fact.seq)));
    let (seconds, fact) = longest.expect("a day has an entry");
    let occurred = fact.occurred();
    let what = named(&fact.kind, fact.subject());
    let at = occurred.map_or(String::new(), |at| format!(" of {at}"));
    let length = duration(*seconds);
    let entry = timeline.label(fact.seq);
    let one = format!("{what}{at} ({entry}), at least {length} later");
    let message = match late.len() {
        1 => format!("recorded on {day} (UTC, by its author's clock): {one}"),
        n => format!(
            "{n} entries recorded on {day} (UTC, by their author's clock) more than {} after what \
             they record; the longest: {one}",
            duration(GAP_SECONDS_MAX)
        ),
    };
    let mut finding = Finding::new(&LATE, Verdict::ForTheReader, message);
    finding.subject = Some(format!("{incident}, {day}"));
    let recorded = tally_ledger::time::When::from_instant(fact.recorded);
    finding.times = Times::of(Some(&recorded), occurred);
    finding.compared =
        "compared with when it occurred, as the entry has it; a late record is not a wrong one"
            .into();
    finding.evidence = late.iter().map(|(_, fact)| Evidence::beside(fact)).collect();
    finding
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{comment, fact, findings, observer, only, own, stated};

    fn at(book: &mut Casebook, clock: &str, occurred: &str) {
        book.clock(clock);
        let body = json!({ "milestone": "identified" });
        fact(book, "incident.milestone", occurred, body);
    }

    #[test]
    fn what_was_recorded_on_one_day_long_after_it_occurred_is_one_finding_for_the_reader() {
        let mut book = own();
        at(&mut book, "2024-08-20T09:00:00Z", "2024-08-10T09:00Z");
        at(&mut book, "2024-08-20T10:00:00Z", "2024-08-01T10:00Z");
        at(&mut book, "2024-08-21T09:00:00Z", "2024-08-10");
        let found = findings(&book, "T002", None);
        assert_eq!(found.len(), 2, "one for each day");
        assert_eq!(found[0].verdict, Verdict::ForTheReader);
        assert!(
            found[0].message.contains("2 entries recorded on 2024-08-20")
                && found[0].message.contains("of 2024-08-01 10:00 UTC (entry 2), at least 18 days"),
            "{}",
            found[0].message
        );
    }

    #[test]
    fn three_days_are_allowed_and_a_time_that_leaves_it_open_is_no_finding() {
        for (occurred, n) in [
            ("2024-08-17T09:00Z", 0),
            ("2024-08-17T08:58Z", 1),
            ("2024-08", 0),
            ("2024-08-01/..", 0),
        ] {
            let mut book = own();
            at(&mut book, "2024-08-20T09:00:00Z", occurred);
            assert_eq!(findings(&book, "T002", None).len(), n, "{occurred}");
        }
    }

    #[test]
    fn what_an_entry_cites_or_an_observer_records_is_not_late() {
        let mut book = observer();
        at(&mut book, "2024-08-20T09:00:00Z", "2024-08-01");
        assert!(findings(&book, "T002", None).is_empty());
        let mut book = own();
        book.clock("2024-08-20T09:00:00Z");
        comment(&mut book, json!({ "capacity": "participant" }), 4, "2024-08-01", json!({}));
        stated(&mut book, 4, "incident.milestone", "2024-08-01", json!({ "milestone": "end" }));
        assert!(findings(&book, "T002", None).is_empty());
        at(&mut book, "2024-08-20T10:00:00Z", "2024-08-01");
        assert_eq!(only(&book, "T002").evidence.len(), 1);
    }
}
