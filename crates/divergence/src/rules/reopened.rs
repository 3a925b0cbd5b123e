//! T203: an action item that is recorded as complete, and open again later.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::claim::Assertion;
use tally_ledger::replay::Fact;
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;

use super::REOPENED;
use crate::case::Case;
use crate::clock::evidence;
use crate::finding::{Finding, Relation, Verdict};
use crate::incident::{Incident, Point};
use crate::length::between;
use crate::source::Source;
use crate::times::Times;
use crate::words::{name, quoted};

/// A status of an item, as one entry has it.
struct Entry<'a> {
    fact: &'a Fact,
    status: ActionStatus,
    why: Option<&'a str>,
    source: Source,
    point: Point,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        let claimed = claimed(case, incident);
        let mut items: BTreeMap<&str, Vec<Entry<'_>>> = BTreeMap::new();
        for fact in &incident.facts {
            if let Some((id, status)) = status(case, incident, fact)
                && !claimed.contains(id)
            {
                items.entry(id).or_default().push(status);
            }
        }
        findings.extend(items.iter().filter_map(|(id, statuses)| reopened(id, statuses)));
    }
    findings
}

/// Returns the items of which a statement claims that they are complete: T201 looks at those.
fn claimed<'a>(case: &Case<'a>, incident: &Incident<'a>) -> BTreeSet<&'a str> {
    let held = case.claims.held_in(incident.feed);
    let official = held.filter(|held| incident.is_official(held.statement));
    official
        .filter_map(|held| match &held.claim.assertion {
            Assertion::Status(status) => Some(status),
            _ => None,
        })
        .filter(|status| status.status.trim().eq_ignore_ascii_case(ActionStatus::Complete.as_str()))
        .map(|status| status.item.as_str())
        .collect()
}

fn status<'a>(
    case: &Case<'a>,
    incident: &Incident<'a>,
    fact: &'a Fact,
) -> Option<(&'a str, Entry<'a>)> {
    let (id, status, why) = match fact.body()? {
        Body::ActionOpened(body) => (&body.id, body.status, None),
        Body::ActionStatus(body) => (&body.id, body.status, body.why.as_deref()),
        _ => return None,
    };
    let source = case.claims.backing(&incident.perspective, fact)?.source;
    let point = incident.point_of(&case.claims, fact);
    Some((id, Entry { fact, status, why, source, point }))
}

/// Returns the finding on an item that is open after it was complete, the first time that it is.
fn reopened(id: &str, statuses: &[Entry<'_>]) -> Option<Finding> {
    let open = |s: &&Entry<'_>| matches!(s.status, ActionStatus::Ongoing | ActionStatus::Delayed);
    let complete = statuses.iter().filter(|s| s.status == ActionStatus::Complete);
    let mut unsure = None;
    for complete in complete {
        for open in statuses.iter().filter(open).filter(|open| open.fact.seq != complete.fact.seq) {
            if complete.point.precedes(&open.point) {
                return Some(finding(id, complete, open, true));
            }
            if !open.point.precedes(&complete.point) {
                unsure = unsure.or(Some((complete, open)));
            }
        }
    }
    unsure.map(|(complete, open)| finding(id, complete, open, false))
}

fn finding(id: &str, complete: &Entry<'_>, open: &Entry<'_>, ordered: bool) -> Finding {
    let source = complete.source.max(open.source);
    let status = open.status.as_str();
    let (done, again) = (complete.fact.occurred(), open.fact.occurred());
    let at = |when: Option<&When>| when.map_or(String::new(), |when| format!(" {when}"));
    let after = done.zip(again).and_then(|(done, again)| between(done, again));
    let after = after.filter(|_| ordered).map_or(String::new(), |after| format!(", {after} later"));
    let words = format!("Complete{}, {status}{}{after}", at(done), at(again));
    let (verdict, relation, remark) = match (ordered, source.is_other()) {
        (false, _) => {
            let why = "which of the two came first is not recorded".to_owned();
            (Verdict::Undetermined, Relation::Unclear, why)
        }
        (true, true) => (Verdict::SourcesDiffer, Relation::Differs, reason(open)),
        (true, false) => (Verdict::Changed, Relation::Changes, reason(open)),
    };
    let message = format!("{}: recorded as {words}; {remark}", name(id));
    let mut finding = Finding::new(&REOPENED, verdict, message);
    finding.subject = Some(id.to_owned());
    finding.compared = format!("compared with {source}");
    finding.times = Times::of(done.filter(|_| ordered), again);
    finding.evidence =
        vec![evidence(open.fact, relation), evidence(complete.fact, Relation::Beside)];
    finding
}

fn reason(open: &Entry<'_>) -> String {
    match open.why {
        Some(why) => format!("the reason given: {}", quoted(why)),
        None => "no reason is recorded".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, observer, only, opened, own, posted, said, stated};

    fn status(book: &mut Casebook, status: &str, occurred: &str) {
        fact(book, "action.status", occurred, json!({ "id": "ai-3", "status": status }));
    }

    #[test]
    fn complete_and_open_again_later_changed() {
        for open in ["Ongoing", "Delayed"] {
            let mut book = own();
            status(&mut book, "Complete", "2025-05-01");
            status(&mut book, open, "2025-05-11");
            let finding = only(&book, "T203");
            assert_eq!(finding.verdict, Verdict::Changed);
            assert!(finding.message.contains("10 days later; no reason is recorded"));
        }
    }

    #[test]
    fn open_and_then_complete_is_how_it_should_be() {
        let mut book = own();
        status(&mut book, "Ongoing", "2025-05-01");
        status(&mut book, "Complete", "2025-05-11");
        status(&mut book, "Canceled", "2025-05-12");
        assert!(findings(&book, "T203", None).is_empty());
    }

    #[test]
    fn what_nothing_orders_is_undetermined_and_numbers_of_comments_order() {
        let mut book = own();
        status(&mut book, "Complete", "2025-05");
        status(&mut book, "Ongoing", "2025-05");
        assert_eq!(only(&book, "T203").verdict, Verdict::Undetermined);
        let mut book = observer();
        opened(&mut book);
        for (item, status) in [(3, "Ongoing"), (4, "Complete")] {
            posted(&mut book, item, "2025-05", "update");
            let body = json!({ "id": "ai-3", "status": status });
            stated(&mut book, item, "action.status", "2025-05", body);
        }
        assert!(findings(&book, "T203", None).is_empty());
    }

    #[test]
    fn an_item_of_which_a_claim_says_complete_is_left_to_the_rule_of_claims() {
        let mut book = own();
        let claim = json!({ "says": "status", "item": "ai-3", "status": "Complete" });
        said(&mut book, 1, "2025-05-01T10:00:00Z", claim);
        status(&mut book, "Complete", "2025-05-01");
        status(&mut book, "Ongoing", "2025-05-11");
        assert!(findings(&book, "T203", None).is_empty());
        assert_eq!(findings(&book, "T201", None).len(), 1);
    }

    #[test]
    fn an_observers_note_makes_sources_differ() {
        let mut book = observer();
        opened(&mut book);
        status(&mut book, "Complete", "2025-05-01");
        status(&mut book, "Ongoing", "2025-05-11");
        assert_eq!(only(&book, "T203").verdict, Verdict::SourcesDiffer);
    }
}
