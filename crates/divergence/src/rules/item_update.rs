//! P108: from a change of an action item to the update that tells of it.

use tally_ledger::claim::Assertion;
use tally_ledger::replay::{Fact, Statement};
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;

use super::ITEM_UPDATE;
use super::update::Closure;
use crate::case::Case;
use crate::clock::{Bounds, Stops, evidence, run};
use crate::duty::{Held, duties};
use crate::finding::{Finding, Relation, Verdict};
use crate::incident::{Incident, Point};
use crate::length::between;
use crate::pack::Requirement;
use crate::source::{Backing, Source};
use crate::times::Times;
use crate::words::name;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        for fact in &incident.facts {
            findings.extend(
                change(case, incident, fact)
                    .into_iter()
                    .flat_map(|change| told(case, incident, &change)),
            );
        }
    }
    findings
}

/// A change of an action item, known from elsewhere than the text that tells of it.
struct Change<'a> {
    fact: &'a Fact,
    item: &'a str,
    words: String,
    when: &'a When,
    source: Source,
}

fn change<'a>(case: &Case<'a>, incident: &Incident<'a>, fact: &'a Fact) -> Option<Change<'a>> {
    let (item, words) = match fact.body()? {
        Body::ActionStatus(body) if body.status == ActionStatus::Ongoing && body.due.is_none() => {
            return None;
        }
        Body::ActionStatus(body) => (&body.id, body.status.as_str().to_owned()),
        Body::ActionChanged(body) => (&body.id, "changed".to_owned()),
        _ => return None,
    };
    let when = fact.occurred()?;
    let Backing { source, .. } = case.claims.backing(&incident.perspective, fact)?;
    // Where the time is that of the text that tells of it, nothing shows when it changed.
    let mut texts = case.claims.cited(fact).iter().filter_map(|cited| cited.statement);
    if texts.any(|text| text.published.interval().overlaps(&when.interval())) {
        return None;
    }
    Some(Change { fact, item, words: format!("{} {words}", name(item)), when, source })
}

fn told(case: &Case<'_>, incident: &Incident<'_>, change: &Change<'_>) -> Vec<Finding> {
    let start = change.when.interval();
    let duties = duties(case.packs, ITEM_UPDATE.code, start, case.as_of.unix());
    let mut findings = Vec::new();
    for duty in duties {
        if Closure::by(incident, &Point::at(start), duty.asked()) != Closure::Ended {
            let hold = |asked: &Requirement| hold(case, incident, change, asked);
            findings.push(duty.finding(&ITEM_UPDATE, change.item, hold));
        }
    }
    findings
}

/// Returns whether a text tells of an item: it claims something of it, or an entry about it rests
/// on the text.
fn tells(case: &Case<'_>, incident: &Incident<'_>, text: &Statement, item: &str) -> bool {
    let claims = text.versions.iter().flat_map(|version| &version.claims);
    let mut assertions = claims.map(|claim| &claim.assertion);
    let claimed = assertions.any(|assertion| match assertion {
        Assertion::Status(status) => status.item == item,
        Assertion::AllComplete(all) => all.items.is_empty() || all.items.iter().any(|i| i == item),
        Assertion::Will(will) => will.subject.as_deref() == Some(item),
        _ => false,
    });
    claimed
        || incident.facts.iter().any(|fact| {
            let mut cited = case.claims.cited(fact).iter();
            fact.kind.family() == "action"
                && fact.subject() == Some(item)
                && cited.any(|cited| cited.statement.is_some_and(|s| s.seq == text.seq))
        })
}

fn hold(
    case: &Case<'_>,
    incident: &Incident<'_>,
    change: &Change<'_>,
    asked: &Requirement,
) -> Held {
    let start: Interval = change.when.interval();
    let begun = format!("{} {}", change.words, change.when);
    let Some(bounds) = asked.limit.as_ref().and_then(|limit| Bounds::of(limit, start)) else {
        let why = "the policy names no length of time".to_owned();
        return Held::new(Verdict::Undetermined, begun, Some(why));
    };
    let stops = |text: &Statement| match incident.is_official(text) {
        true if tells(case, incident, text, change.item) => Stops::Yes,
        false if !incident.may_be_official(text) => Stops::No,
        _ => Stops::Perhaps,
    };
    let ended = run(incident, &Point::at(start), bounds, case.as_of.unix(), stops);
    let nature = "whether it tells of the item is not recorded";
    let mut reading = ended.read(bounds, start, case.as_of, nature);
    Closure::by(incident, &Point::at(start), asked).doubt(&mut reading);
    if incident.may_be_closed(start.start, bounds.lapse) {
        reading.close();
    }
    if reading.relation == Relation::Differs && !incident.has_pages() {
        reading.relation = Relation::Unclear;
        reading.remark = String::from("no page of the incident is recorded that could be updated");
    }
    let text = reading.text.map_or("no update recorded".to_owned(), |text| {
        let after = between(change.when, &text.published);
        let after = after.map_or(String::new(), |after| format!(", {after} after it"));
        format!("updated {} ({}){after}", text.published, text.name)
    });
    // That it changed then is another party's word: it makes no divergence.
    let verdict = match reading.verdict() {
        Verdict::Diverges if change.source.is_other() => Verdict::SourcesDiffer,
        verdict => verdict,
    };
    let mut held = Held::new(verdict, format!("{begun}; {text}"), Some(reading.remark.clone()));
    held.times = Times::of_due(bounds.due(start).as_ref(), reading.text.map(|t| &t.published));
    held.compared = format!("that it changed then is {}", change.source);
    let fact = evidence(
        change.fact,
        match reading.relation {
            Relation::Differs => Relation::Differs,
            _ => Relation::Beside,
        },
    );
    held.resting_on(reading.evidence(case.claims.timeline())).resting_on([fact])
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, observer, only, opened, own, posted, said, stated};

    /// Records that item ai-3 was complete on 1 April 2026.
    fn complete(book: &mut Casebook) {
        let status = json!({ "id": "ai-3", "status": "Complete" });
        fact(book, "action.status", "2026-04-01T10:00Z", status);
    }

    fn told(book: &mut Casebook, item: u64, at: &str) {
        let claim = json!({ "says": "status", "item": "ai-3", "status": "Complete" });
        said(book, item, at, claim);
    }

    #[test]
    fn an_update_within_three_days_tallies_and_a_later_one_diverges() {
        for (at, expected) in [
            ("2026-04-04T10:00:00Z", Verdict::Tallies),
            ("2026-04-04T20:00:00Z", Verdict::Undetermined),
            ("2026-04-05T10:01:00Z", Verdict::Diverges),
        ] {
            let mut book = own();
            complete(&mut book);
            told(&mut book, 1, at);
            let finding = only(&book, "P108");
            assert_eq!(finding.verdict, expected, "{at}");
            assert_eq!(finding.subject.as_deref(), Some("ai-3"));
        }
    }

    #[test]
    fn an_update_that_is_not_recorded_to_tell_of_the_item_decides_nothing() {
        let mut book = own();
        complete(&mut book);
        posted(&mut book, 1, "2026-04-02T10:00:00Z", "update");
        assert_eq!(only(&book, "P108").verdict, Verdict::Undetermined);
    }

    #[test]
    fn an_incident_of_which_no_page_is_recorded_lacks_no_update() {
        let mut book = own();
        complete(&mut book);
        let found = findings(&book, "P108", Some("2026-06-01T00:00:00Z"));
        let verdicts: Vec<Verdict> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Undetermined]);
    }

    #[test]
    fn before_the_guidelines_named_three_days_nothing_is_found() {
        let mut book = own();
        let status = json!({ "id": "ai-3", "status": "Complete" });
        fact(&mut book, "action.status", "2025-04-01T10:00Z", status);
        assert!(findings(&book, "P108", Some("2025-05-01T00:00:00Z")).is_empty());
    }

    #[test]
    fn an_item_of_which_only_the_update_itself_tells_shows_no_time() {
        let mut book = own();
        posted(&mut book, 1, "2026-04-02T10:00:00Z", "update");
        let status = json!({ "id": "ai-3", "status": "Complete" });
        stated(&mut book, 1, "action.status", "2026-04-02T10:00:00Z", status.clone());
        assert!(findings(&book, "P108", None).is_empty());
        // The text itself says that it was complete a week before.
        let mut book = own();
        posted(&mut book, 1, "2026-04-09T10:00:00Z", "update");
        stated(&mut book, 1, "action.status", "2026-04-01T10:00Z", status);
        assert_eq!(only(&book, "P108").verdict, Verdict::Diverges);
    }

    #[test]
    fn anothers_note_of_the_change_makes_no_divergence() {
        let mut book = observer();
        opened(&mut book);
        posted(&mut book, 0, "2026-03-01T10:00:00Z", "full_report");
        complete(&mut book);
        told(&mut book, 1, "2026-04-09T10:00:00Z");
        assert_eq!(only(&book, "P108").verdict, Verdict::SourcesDiffer);
    }

    #[test]
    fn after_a_closure_report_no_update_is_due() {
        let mut book = own();
        posted(&mut book, 0, "2026-03-20T10:00:00Z", "closure_report");
        complete(&mut book);
        assert!(findings(&book, "P108", Some("2026-06-01T00:00:00Z")).is_empty());
    }
}
