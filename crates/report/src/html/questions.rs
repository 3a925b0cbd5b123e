//! The questions and requests that are recorded and have no undisputed answer.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tally_divergence::Report;
use tally_ledger::name::FeedId;
use tally_ledger::replay::{Fact, Timeline};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::inquiry::{Asked, Reply};

use super::parts::{Column, cell, count, link, shown, table};

/// A question and what became of it.
#[derive(Debug)]
struct Question<'a> {
    asked: &'a Asked,
    fact: &'a Fact,
    state: State,
    again: usize,
}

/// What became of a question, as the last entry about it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unanswered,
    Acknowledged,
    Partial,
    Declined,
    Disputed,
    Answered,
    Withdrawn,
}

impl State {
    fn is_open(self) -> bool {
        !matches!(self, Self::Answered | Self::Withdrawn)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Unanswered => "no reply is recorded",
            Self::Acknowledged => "acknowledged, and not answered",
            Self::Partial => "answered in part",
            Self::Declined => "an answer was declined",
            Self::Disputed => "the reply is disputed",
            Self::Answered => "answered",
            Self::Withdrawn => "no longer asked",
        }
    }
}

/// Returns the section of open questions.
pub(super) fn section(report: &Report, timeline: &Timeline) -> Markup {
    let questions = questions(timeline);
    let open: Vec<&Question<'_>> = questions.iter().filter(|q| q.state.is_open()).collect();
    html! {
        @if questions.is_empty() {
            p { "No question is recorded." }
        } @else {
            p {
                (count(questions.len(), "question is", "questions are")) " recorded, "
                @if open.is_empty() { "none" } @else { (open.len()) }
                " of them open as of the last entry. Whether a reply answers is for the asker to \
                 dispute and for the reader to judge."
            }
        }
        @if !open.is_empty() { (open_table(report, &open)) }
    }
}

/// Returns the questions, in the order in which they were recorded.
fn questions(timeline: &Timeline) -> Vec<Question<'_>> {
    let mut questions: Vec<Question<'_>> = Vec::new();
    let mut by_name: BTreeMap<(&FeedId, &str), usize> = BTreeMap::new();
    for fact in timeline.facts() {
        let Some(body) = fact.body() else {
            continue;
        };
        let feeds = || fact.feeds.iter().filter(|feed| feed.is_incident());
        if let Body::InquiryAsked(asked) = body {
            for feed in feeds() {
                by_name.insert((feed, &asked.id), questions.len());
            }
            questions.push(Question { asked, fact, state: State::Unanswered, again: 0 });
            continue;
        }
        let (id, state) = match body {
            Body::InquiryAnswered(body) => (&body.id, Some(replied(body.reply))),
            Body::InquiryDisputed(body) => (&body.id, Some(State::Disputed)),
            Body::InquiryWithdrawn(body) => (&body.id, Some(State::Withdrawn)),
            Body::InquiryAskedAgain(body) => (&body.id, None),
            _ => continue,
        };
        let known = feeds().find_map(|feed| by_name.get(&(feed, id.as_str())));
        if let Some(question) = known.and_then(|at| questions.get_mut(*at)) {
            question.again += usize::from(state.is_none());
            question.state = state.unwrap_or(question.state);
        }
    }
    questions
}

fn replied(reply: Option<Reply>) -> State {
    match reply.unwrap_or(Reply::Answer) {
        Reply::Answer => State::Answered,
        Reply::Partial => State::Partial,
        Reply::Acknowledgement => State::Acknowledged,
        Reply::Declined => State::Declined,
    }
}

fn open_table(report: &Report, open: &[&Question<'_>]) -> Markup {
    let columns = [
        Column::head("Question"),
        Column::new("Asked"),
        Column::new("Due"),
        Column::new("Recorded"),
    ];
    let body = html! {
        @for question in open {
            @let asked = question.asked;
            tr role="row" {
                (cell(&columns[0], &html! { (asked.text) }))
                (cell(&columns[1], &html! {
                    "by " bdi { (asked.asker.name()) }
                    @if let Some(when) = question.fact.occurred() { ", " (shown(when)) }
                    @if let Some(url) = &asked.url { ", " (link(url, asked.item, url)) }
                    @if let Some(item) = asked.item { ", item " (item) }
                    " (" (asked.id) ", " (report.label(question.fact.seq)) ")"
                    @if question.again > 0 {
                        "; asked again " (count(question.again, "time", "times"))
                    }
                }))
                (cell(&columns[2], &html! {
                    @match &asked.due {
                        Some(due) => { (shown(due)) }
                        None => { "no time named" }
                    }
                }))
                (cell(&columns[3], &html! { (question.state.as_str()) }))
            }
        }
    };
    table("Open questions", &columns, &body)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use super::*;

    fn states(steps: &[(&str, Json)]) -> Vec<State> {
        let mut book = Casebook::own("Example CA");
        let asked = json!({ "id": "q1", "form": "question", "text": "why?",
                            "asker": { "capacity": "participant" } });
        let first = [("inquiry.asked", asked)];
        for (kind, body) in first.iter().chain(steps) {
            book.record(json!({ "kind": kind, "incident": "x", "body": body }));
        }
        questions(&Timeline::replay(&book.ledger())).iter().map(|q| q.state).collect()
    }

    #[test]
    fn a_question_is_as_the_last_entry_about_it_has_it() {
        let answered = |reply: &str| ("inquiry.answered", json!({ "id": "q1", "reply": reply }));
        let disputed = ("inquiry.disputed", json!({ "id": "q1" }));
        let again = ("inquiry.asked_again", json!({ "id": "q1" }));
        assert_eq!(states(&[]), [State::Unanswered]);
        assert_eq!(states(&[answered("answer")]), [State::Answered]);
        assert_eq!(states(&[answered("partial")]), [State::Partial]);
        assert_eq!(states(&[answered("answer"), disputed.clone()]), [State::Disputed]);
        assert_eq!(states(&[disputed, answered("answer")]), [State::Answered]);
        assert_eq!(states(&[again]), [State::Unanswered]);
        assert_eq!(states(&[("inquiry.withdrawn", json!({ "id": "q1" }))]), [State::Withdrawn]);
        assert_eq!(states(&[("inquiry.answered", json!({ "id": "q2" }))]), [State::Unanswered]);
    }
}
