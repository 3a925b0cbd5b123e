//! T001: an entry recorded, by its author's clock, long before a checkpoint that witnesses dated
//! and that does not hold it yet (FORMAT.md, "Witnessed").

use tally_ledger::time::When;

use super::RECORDED;
use crate::case::Case;
use crate::finding::{Evidence, Finding, Verdict};
use crate::length::duration;

/// How long an entry may lie unwitnessed before it is remarkable: 24 hours.
const UNSEEN_SECONDS_MAX: i64 = 24 * 3600;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let mut findings = Vec::new();
    for fact in claims.timeline().recorded() {
        let Some(not_yet) = fact.window.not_yet else {
            continue;
        };
        let unseen = not_yet.unix() - fact.recorded.unix();
        if unseen <= UNSEEN_SECONDS_MAX {
            continue;
        }
        let seq = fact.seq;
        let recorded = When::from_instant(fact.recorded);
        let not_yet = When::from_instant(not_yet);
        let length = duration(unseen);
        let message = format!(
            "entry {seq} is recorded {recorded} by its author's clock; a checkpoint without it was \
             witnessed {not_yet}, {length} later"
        );
        let mut finding = Finding::new(&RECORDED, Verdict::Diverges, message);
        finding.subject = Some(format!("entry {seq}"));
        finding.compared = String::from("compared with the witnesses' clocks");
        finding.evidence = vec![Evidence::beside(fact)];
        findings.push(finding);
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, only, own};

    /// Returns the ledger of which an entry is recorded on 2 August at 9 and a checkpoint before
    /// it was witnessed at that time.
    fn witnessed(at: &str) -> tally_testkit::casebook::Casebook {
        let mut book = own();
        book.witness(at).clock("2024-08-02T09:00:00Z");
        let body = json!({ "milestone": "identified" });
        fact(&mut book, "incident.milestone", "2024-08-02", body);
        book.clock("2024-08-09T00:00:00Z");
        book
    }

    #[test]
    fn an_entry_that_a_later_checkpoint_lacks_diverges_from_its_own_time() {
        let finding = only(&witnessed("2024-08-05T10:00:00Z"), "T001");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("witnessed 2024-08-05 10:00:00 UTC, 3 days 1 h later"));
        assert_eq!(finding.evidence[0].seq, 1);
    }

    #[test]
    fn twenty_four_hours_are_allowed_and_without_witnesses_nothing_is_found() {
        assert!(findings(&witnessed("2024-08-03T09:00:00Z"), "T001", None).is_empty());
        assert_eq!(findings(&witnessed("2024-08-03T09:00:01Z"), "T001", None).len(), 1);
        assert!(findings(&own(), "T001", None).is_empty());
    }
}
