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
    /// How many of its replies were disputed.
    disputed: usize,
    /// Whether an answer was declined, whatever came later.
    declined: bool,
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
                " of them open as of the last entry"
                (became(&questions))
                ". Whether a reply answers is for the asker to \
                 dispute and for the reader to judge."
            }
        }
        @if !open.is_empty() { (open_table(report, &open)) }
    }
}

/// Returns what happened to the questions that an answer to all of them would not show: those that
/// were withdrawn, replies that were disputed, and answers that were declined.
fn became(questions: &[Question<'_>]) -> String {
    let of = |wanted: fn(&Question<'_>) -> bool| questions.iter().filter(|q| wanted(q)).count();
    let withdrawn = of(|question| question.state == State::Withdrawn);
    let disputed: usize = questions.iter().map(|question| question.disputed).sum();
    let given = of(|question| question.declined && question.state == State::Answered);
    let declined = of(|question| question.declined) - given;
    let parts = [
        (withdrawn, format!("{withdrawn} withdrawn")),
        (disputed, format!("{} disputed", count(disputed, "reply", "replies"))),
        (declined, format!("{declined} declined")),
        (given, format!("{given} declined, then given")),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, words)| words).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
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
            questions.push(Question {
                asked,
                fact,
                state: State::Unanswered,
                again: 0,
                disputed: 0,
                declined: false,
            });
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
            question.disputed += usize::from(state == Some(State::Disputed));
            question.declined |= state == Some(State::Declined);
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
                        None => { "no due time is recorded" }
                    }
                }))
                (cell(&columns[3], &html! { (question.state.as_str()) }))
            }
        }
    };
    table("What was asked and is open", &columns, &body)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use super::*;

    fn book(steps: &[(&str, Json)]) -> Casebook {
        let mut book = Casebook::own("Example CA");
        let asked = json!({ "id": "q1", "form": "question", "text": "why?",
                            "asker": { "capacity": "participant" } });
        let first = [("inquiry.asked", asked)];
        for (kind, body) in first.iter().chain(steps) {
            book.record(json!({ "kind": kind, "incident": "x", "body": body }));
        }
        book
    }

    fn states(steps: &[(&str, Json)]) -> Vec<State> {
        let timeline = Timeline::replay(&book(steps).ledger());
        questions(&timeline).iter().map(|q| q.state).collect()
    }

    #[test]
    fn what_happened_to_a_question_is_told_though_it_is_not_open() {
        let told =
            |steps: &[(&str, Json)]| became(&questions(&Timeline::replay(&book(steps).ledger())));
        let answered = |reply: &str| ("inquiry.answered", json!({ "id": "q1", "reply": reply }));
        let disputed = ("inquiry.disputed", json!({ "id": "q1" }));
        let withdrawn = ("inquiry.withdrawn", json!({ "id": "q1" }));
        assert_eq!(told(&[answered("answer")]), "");
        assert_eq!(told(&[answered("declined")]), ": 1 declined");
        assert_eq!(told(&[answered("declined"), answered("answer")]), ": 1 declined, then given");
        let steps = [answered("answer"), disputed.clone(), disputed, withdrawn];
        assert_eq!(told(&steps), ": 1 withdrawn, 2 replies disputed");
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
