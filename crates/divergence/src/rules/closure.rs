//! P109: closure asked for while a question or an action item was open.

use std::collections::BTreeMap;

use tally_ledger::replay::{Fact, Statement};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;
use tally_ledger::vocabulary::incident::MilestoneName;

use super::CLOSURE;
use super::reply::Question;
use crate::case::Case;
use crate::clock::evidence;
use crate::duty::{Held, duties};
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::incident::{Incident, Point};
use crate::pack::Requirement;
use crate::source::{Party, Source};
use crate::words::name;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        for request in requests(case, incident) {
            findings.extend(asked_for(case, incident, &request));
        }
    }
    findings
}

/// A request to close the incident, by its organisation.
struct Request<'a> {
    fact: &'a Fact,
    text: Option<&'a Statement>,
    point: Point,
    words: String,
    /// Whether the text that asks is recorded, or the organisation recorded that it asked.
    shown: bool,
}

/// Returns the requests: closure reports, and what is recorded as one; each text once.
fn requests<'a>(case: &Case<'a>, incident: &Incident<'a>) -> Vec<Request<'a>> {
    let mut requests: Vec<Request<'_>> = Vec::new();
    let timeline = case.claims.timeline();
    let of_text = |text: &'a Statement, fact: &'a Fact| Request {
        fact,
        text: Some(text),
        point: Point::of(text),
        words: format!("closure asked for {} ({})", text.published, text.name),
        shown: true,
    };
    for text in incident.closure_reports() {
        requests.extend(timeline.fact(text.seq).map(|fact| of_text(text, fact)));
    }
    for fact in &incident.facts {
        let Some(Body::IncidentMilestone(body)) = fact.body() else {
            continue;
        };
        if body.milestone != MilestoneName::ClosureRequested {
            continue;
        }
        let mut texts = case.claims.cited(fact).iter().filter_map(|cited| cited.statement);
        if let Some(text) = texts.find(|text| incident.is_official(text)) {
            if requests.iter().all(|known| known.text.is_none_or(|known| known.seq != text.seq)) {
                requests.push(of_text(text, fact));
            }
        } else {
            let shown = incident.is_own_record(&case.claims, fact);
            let at = fact.occurred().map_or("at no time".to_owned(), ToString::to_string);
            let words = format!("closure asked for {at}");
            let point = match incident.point_of(&case.claims, fact) {
                point if shown => Point::at(point.interval),
                point => point,
            };
            // Where a closure report of that time is recorded, it is the request.
            let known =
                |known: &Request<'_>| shown && known.point.interval.overlaps(&point.interval);
            if !requests.iter().any(known) {
                requests.push(Request { fact, text: None, point, words, shown });
            }
        }
    }
    requests
}

/// Whether something was open when closure was asked for.
enum State {
    /// It was open.
    Open(String),
    /// The record does not show it.
    Unclear(String),
    /// There was a reply, and whether it answers is not for a rule to say.
    Reader(String),
    /// It was not open.
    Done,
    /// Whoever asked no longer asked for a reply.
    Withdrawn,
}

impl State {
    fn is_withdrawn(&self) -> bool {
        matches!(self, Self::Withdrawn)
    }
}

fn asked_for(case: &Case<'_>, incident: &Incident<'_>, request: &Request<'_>) -> Vec<Finding> {
    let interval = request.point.interval;
    let duties = duties(case.packs, CLOSURE.code, interval, interval.end);
    if duties.is_empty() {
        return Vec::new();
    }
    let mut states: Vec<(State, &Fact)> = questions(case, incident, request);
    states.extend(items(case, incident, request));
    if states.is_empty() {
        return Vec::new();
    }
    let feed = incident.feed.as_str();
    let entry = case.claims.timeline().label(request.fact.seq);
    let subject = match request.text {
        Some(text) => text.name.clone(),
        None if request.shown => feed.to_owned(),
        // Several texts that are not recorded may have asked.
        None => format!("{feed}, {entry}"),
    };
    let hold = |_: &Requirement| hold(request, &states);
    duties.iter().map(|duty| duty.finding(&CLOSURE, &subject, hold)).collect()
}

fn hold(request: &Request<'_>, states: &[(State, &Fact)]) -> Held {
    let weighed = states.iter().filter_map(|(state, fact)| match state {
        State::Open(why) => Some((0, why, *fact)),
        State::Unclear(why) => Some((1, why, *fact)),
        State::Reader(why) => Some((2, why, *fact)),
        State::Done | State::Withdrawn => None,
    });
    let weighed: Vec<(usize, &String, &Fact)> = weighed.collect();
    let least = weighed.iter().map(|(weight, ..)| *weight).min();
    let (verdict, relation) = match least {
        Some(0) => (Verdict::Diverges, Relation::Differs),
        Some(1) => (Verdict::Undetermined, Relation::Unclear),
        Some(_) => (Verdict::ForTheReader, Relation::Beside),
        None => (Verdict::Tallies, Relation::Agrees),
    };
    let shown: Vec<_> = weighed.iter().filter(|(weight, ..)| Some(*weight) == least).collect();
    let (n, withdrawn) = (states.len(), states.iter().filter(|(state, _)| state.is_withdrawn()));
    let withdrawn = match withdrawn.count() {
        0 => String::new(),
        n => format!(", {n} withdrawn by whoever asked"),
    };
    let remark = match shown.first() {
        None if n == 1 => format!("1 question or item is recorded, and it is not open{withdrawn}"),
        None => format!("{n} questions and items are recorded, none of them open{withdrawn}"),
        Some((_, why, _)) if shown.len() == 1 => (*why).clone(),
        Some((_, why, _)) => format!("{why}; and {} more", shown.len() - 1),
    };
    let (verdict, remark) = match verdict {
        Verdict::Diverges if !request.shown => {
            let why = "the text that asks is not recorded, nor who spoke there";
            (Verdict::Undetermined, format!("{remark}; {why}"))
        }
        verdict => (verdict, remark),
    };
    let mut held = Held::new(verdict, request.words.clone(), Some(remark));
    held.compared = match n {
        1 => "compared with 1 question or action item recorded".to_owned(),
        n => format!("compared with {n} questions and action items recorded"),
    };
    let rests = shown.iter().map(|(_, _, fact)| evidence(fact, relation));
    let rests: Vec<Evidence> = rests.collect();
    held.resting_on(rests).resting_on([evidence(request.fact, Relation::Beside)])
}

fn questions<'a>(
    case: &Case<'a>,
    incident: &Incident<'a>,
    request: &Request<'_>,
) -> Vec<(State, &'a Fact)> {
    let mut states = Vec::new();
    for fact in &incident.facts {
        let Some(Body::InquiryAsked(asked)) = fact.body() else {
            continue;
        };
        let question = Question::of(&case.claims, incident, fact, asked);
        let own = Party::of(&asked.asker).is(&incident.perspective.party);
        if own || request.point.precedes(&question.start) {
            continue;
        }
        let id = name(&asked.id);
        let state = if question.start.precedes(&request.point) {
            state_of(incident, request, &question, &id)
        } else {
            State::Unclear(format!("whether {id} was asked before is not recorded"))
        };
        states.push((state, *fact));
    }
    states
}

/// Returns the state of a question that was asked before closure was asked for.
fn state_of(
    incident: &Incident<'_>,
    request: &Request<'_>,
    question: &Question<'_, '_>,
    id: &str,
) -> State {
    let by = &request.point;
    // The text that asks for closure may answer, too.
    let answered =
        |point: &Point| point.precedes(by) || point.place.is_some() && point.place == by.place;
    let official = || question.replies.iter().filter(|reply| reply.official);
    if question.was_withdrawn_before(by.interval.start) {
        return State::Withdrawn;
    }
    let replies: Vec<_> = official().filter(|reply| answered(&reply.point)).collect();
    if let Some(last) = replies.last() {
        let pressed = question.pressed.iter();
        let mut pressed = pressed.filter(|point| !by.precedes(point));
        if !replies.iter().any(|reply| reply.answers) {
            return State::Reader(format!("{id} had a reply that declines or is partial"));
        }
        if pressed.any(|point| !point.precedes(&last.point)) {
            return State::Reader(format!("{id} had a reply, and the asker was not content"));
        }
        return State::Done;
    }
    if let Some(reply) = question.replies.iter().find(|reply| !by.precedes(&reply.point)) {
        let seq = reply.fact.seq;
        return State::Unclear(format!(
            "whether {id} was answered by then (entry {seq}) is not shown"
        ));
    }
    let others = |text: &&&Statement| {
        let point = Point::of(text);
        let speaks = incident.is_official(text) || incident.may_be_official(text);
        speaks && !point.precedes(&question.start) && !by.precedes(&point) && !same(&point, by)
    };
    if let Some(text) = incident.texts.iter().find(others) {
        return State::Unclear(format!("whether {} answers {id} is not recorded", text.name));
    }
    let later = official().next();
    let until = by.interval.end;
    if !incident.covers(&question.start, until) || later.is_none() && !incident.is_whole() {
        return State::Unclear(format!("no answer to {id} is recorded, and not every text is"));
    }
    match later.and_then(|reply| reply.fact.occurred()) {
        Some(at) => State::Open(format!("{id} was open, answered {at}")),
        None => State::Open(format!("{id} was open, and no answer is recorded")),
    }
}

fn same(a: &Point, b: &Point) -> bool {
    a.place.is_some() && a.place == b.place
}

/// An item's status, as one entry has it.
struct Recorded<'a> {
    fact: &'a Fact,
    status: ActionStatus,
    point: Point,
    source: Source,
}

fn items<'a>(
    case: &Case<'a>,
    incident: &Incident<'a>,
    request: &Request<'_>,
) -> Vec<(State, &'a Fact)> {
    let mut found: BTreeMap<&str, Vec<Recorded<'_>>> = BTreeMap::new();
    for fact in &incident.facts {
        let (id, status) = match fact.body() {
            Some(Body::ActionOpened(body)) => (&body.id, body.status),
            Some(Body::ActionStatus(body)) => (&body.id, body.status),
            _ => continue,
        };
        if let Some(backing) = case.claims.backing(&incident.perspective, fact) {
            let point = incident.point_of(&case.claims, fact);
            let recorded = Recorded { fact, status, point, source: backing.source };
            found.entry(id).or_default().push(recorded);
        }
    }
    found.into_iter().filter_map(|(id, all)| item(request, &name(id), &all)).collect()
}

/// Returns the state of an item by the last status that the record has for that time. What was said
/// of it in a text holds for that time alone; what the organisation recorded lasts.
fn item<'a>(request: &Request<'_>, id: &str, all: &[Recorded<'a>]) -> Option<(State, &'a Fact)> {
    let by = &request.point;
    let closed = |status| matches!(status, ActionStatus::Complete | ActionStatus::Canceled);
    let until = |recorded: &&Recorded<'_>| recorded.point.precedes(by) || same(&recorded.point, by);
    let (until, rest): (Vec<&Recorded<'_>>, Vec<&Recorded<'_>>) = all.iter().partition(until);
    // Entries stand in the order in which they were recorded; of those that nothing orders the last
    // one counts.
    let last = until.iter().enumerate().rev().find(|(at, recorded)| {
        until[at + 1..].iter().all(|later| !recorded.point.precedes(&later.point))
    });
    let last = last.map(|(_, recorded)| *recorded)?;
    let status = last.status.as_str();
    let later = rest.iter().find(|later| by.precedes(&later.point) && closed(later.status));
    let later = later
        .and_then(|later| Some(format!(", {} {}", later.status.as_str(), later.fact.occurred()?)));
    let unsure = rest.iter().any(|recorded| !by.precedes(&recorded.point));
    let state = if closed(last.status) && !unsure {
        State::Done
    } else if unsure {
        State::Unclear(format!("the status of {id} at that time is not shown"))
    } else if last.source == Source::OwnRecord {
        State::Open(format!("{id} was {status}{}", later.unwrap_or_default()))
    } else {
        State::Unclear(format!("the status of {id} at that time is not recorded"))
    };
    Some((state, last.fact))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{
        fact, findings, inquired, observer, only, opened, own, posted, remarked, replied, stated,
    };

    /// Records the question of comment 1.
    fn asked(book: &mut Casebook) {
        remarked(book, 1, "2026-04-01T10:00:00Z");
        inquired(book, 1, "2026-04-01T10:00:00Z");
    }

    fn closure(book: &mut Casebook, item: u64) {
        posted(book, item, &format!("2026-04-{:02}T10:00:00Z", 2 + item), "closure_report");
    }

    #[test]
    fn closure_asked_for_with_a_question_open_diverges() {
        let mut book = own();
        asked(&mut book);
        closure(&mut book, 2);
        let finding = only(&book, "P109");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert_eq!(finding.subject.as_deref(), Some("c2"));
        assert!(finding.message.ends_with("q was open, and no answer is recorded"));
        posted(&mut book, 3, "2026-04-09T10:00:00Z", "answer");
        replied(&mut book, 3, "answer");
        assert_eq!(only(&book, "P109").verdict, Verdict::Diverges, "answered afterwards");
    }

    #[test]
    fn a_request_in_a_text_that_is_not_recorded_is_told_and_decides_nothing() {
        let mut book = observer();
        opened(&mut book);
        asked(&mut book);
        let milestone = json!({ "milestone": "closure_requested" });
        stated(&mut book, 2, "incident.milestone", "2026-04-04T10:00Z", milestone);
        let finding = only(&book, "P109");
        assert_eq!(finding.verdict, Verdict::Undetermined, "{}", finding.message);
        assert!(finding.message.contains("closure asked for 2026-04-04 10:00"));
    }

    #[test]
    fn closure_asked_for_after_the_answer_or_with_it_tallies() {
        for (item, closing) in [(2, 3), (2, 2)] {
            let mut book = own();
            asked(&mut book);
            if item != closing {
                posted(&mut book, item, "2026-04-02T10:00:00Z", "answer");
            }
            closure(&mut book, closing);
            replied(&mut book, item, "answer");
            assert_eq!(only(&book, "P109").verdict, Verdict::Tallies, "{item} {closing}");
        }
    }

    #[test]
    fn whether_a_text_meanwhile_answers_and_whether_a_reply_suffices_is_not_decided() {
        let mut book = own();
        asked(&mut book);
        posted(&mut book, 2, "2026-04-02T10:00:00Z", "comment");
        closure(&mut book, 3);
        assert_eq!(only(&book, "P109").verdict, Verdict::Undetermined);
        replied(&mut book, 2, "declined");
        assert_eq!(only(&book, "P109").verdict, Verdict::ForTheReader);
    }

    #[test]
    fn an_item_that_the_own_record_has_open_diverges_and_one_that_a_text_had_does_not() {
        let item = |status: &str| json!({ "id": "ai-3", "text": "audit", "status": status });
        let mut book = own();
        fact(&mut book, "action.opened", "2026-03-01", item("Ongoing"));
        closure(&mut book, 2);
        let finding = only(&book, "P109");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("ai-3 was Ongoing"), "{}", finding.message);
        let mut book = own();
        fact(&mut book, "action.opened", "2026-03-01", item("Complete"));
        closure(&mut book, 2);
        assert_eq!(only(&book, "P109").verdict, Verdict::Tallies);
        let mut book = observer();
        opened(&mut book);
        posted(&mut book, 0, "2026-03-01T10:00:00Z", "full_report");
        crate::probe::stated(&mut book, 0, "action.opened", "2026-03-01", item("Ongoing"));
        closure(&mut book, 2);
        assert_eq!(only(&book, "P109").verdict, Verdict::Undetermined);
    }

    #[test]
    fn before_the_guidelines_named_a_condition_nothing_is_found() {
        let mut book = own();
        fact(
            &mut book,
            "action.opened",
            "2024-03-01",
            json!({ "id": "a", "text": "audit",
            "status": "Ongoing" }),
        );
        posted(&mut book, 2, "2024-04-01T10:00:00Z", "closure_report");
        assert!(findings(&book, "P109", None).is_empty());
    }

    #[test]
    fn a_recorded_request_of_the_organisation_counts_and_the_same_text_once() {
        let mut book = own();
        asked(&mut book);
        let milestone = json!({ "milestone": "closure_requested" });
        fact(&mut book, "incident.milestone", "2026-04-04T10:00:00Z", milestone.clone());
        assert_eq!(only(&book, "P109").verdict, Verdict::Diverges);
        let mut book = own();
        asked(&mut book);
        closure(&mut book, 2);
        crate::probe::stated(&mut book, 2, "incident.milestone", "2026-04-04T10:00:00Z", milestone);
        assert_eq!(findings(&book, "P109", None).len(), 1);
    }
}
