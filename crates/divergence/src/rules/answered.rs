//! T701: that a question was answered, beside what is recorded of the question. Whether a reply
//! answers is for the asker to dispute and for the reader to judge.

use tally_ledger::claim::Assertion;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::inquiry::Reply;

use super::ANSWERED;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Evidence, Finding, StatementRef, Verdict};
use crate::index::Key;
use crate::weigh::unsupported;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Answered(a) => Some(answered(claims, held, &a.question)),
        _ => None,
    })
    .collect()
}

/// What is recorded of a question.
#[derive(Debug, Default)]
struct Inquiry {
    evidence: Vec<Evidence>,
    /// Replies in other texts than the one looked at.
    answers: usize,
    /// Replies in that text.
    own: usize,
    /// Replies that say themselves that they are none, or only a part.
    partial: usize,
    /// Disputes, and repetitions of the question.
    disputes: usize,
}

fn answered<'a>(claims: &Claims<'a>, held: &Held<'a>, question: &str) -> Finding {
    let inquiry = inquiry(claims, held, question);
    let stated = format!("{question} answered");
    let Inquiry { evidence, answers, own, partial, disputes } = inquiry;
    if answers + own + partial == 0 {
        return unsupported(&ANSWERED, claims, held, &stated);
    }
    let replies = match answers + partial {
        0 => "a reply in the same text".to_owned(),
        1 => "1 reply in another text".to_owned(),
        n => format!("{n} replies in other texts"),
    };
    let times = |n: usize| if n == 1 { "once".to_owned() } else { format!("{n} times") };
    let disputed = match disputes {
        0 => "not disputed".to_owned(),
        n => format!("disputed or asked again {}", times(n)),
    };
    let part = match partial {
        0 => String::new(),
        n => format!(", in part or declined {}", times(n)),
    };
    let settled = answers > 0 && partial == 0 && disputes == 0;
    let verdict = if settled { Verdict::Tallies } else { Verdict::ForTheReader };
    let message = format!("stated: {stated}; recorded: {replies}{part}, {disputed}");
    let mut finding = Finding::new(&ANSWERED, verdict, message);
    finding.statement = Some(StatementRef::of(held));
    finding.compared = String::from("beside what is recorded of the question");
    finding.evidence = evidence;
    finding
}

fn inquiry<'a>(claims: &Claims<'a>, held: &Held<'a>, question: &str) -> Inquiry {
    let mut inquiry = Inquiry::default();
    for fact in claims.facts(held.perspective.feeds, Key::Subject(question)) {
        if fact.subject() != Some(question) || !fact.kind.as_str().starts_with("inquiry.") {
            continue;
        }
        let same = claims.backing(&held.perspective, fact).is_none();
        match fact.body() {
            Some(Body::InquiryAnswered(body)) => match body.reply {
                Some(Reply::Partial | Reply::Acknowledgement | Reply::Declined) => {
                    inquiry.partial += 1;
                }
                Some(Reply::Answer) | None if same => inquiry.own += 1,
                Some(Reply::Answer) | None => inquiry.answers += 1,
            },
            Some(Body::InquiryDisputed(_) | Body::InquiryAskedAgain(_)) => inquiry.disputes += 1,
            _ => {}
        }
        inquiry.evidence.push(Evidence::beside(fact));
    }
    inquiry
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{observer, said, stated, verdict};

    fn asked() -> Casebook {
        let mut book = observer();
        let claim = json!({ "says": "answered", "question": "q" });
        said(&mut book, 9, "2025-05-09Z", claim);
        let body = json!({ "id": "q", "form": "question", "text": "why",
                           "asker": { "capacity": "participant" } });
        stated(&mut book, 2, "inquiry.asked", "2025-05-02", body);
        book
    }

    #[test]
    fn an_undisputed_reply_in_another_text_tallies() {
        let mut book = asked();
        stated(&mut book, 3, "inquiry.answered", "2025-05-03", json!({ "id": "q" }));
        assert_eq!(verdict(&book, "T701"), Verdict::Tallies);
    }

    #[test]
    fn a_reply_that_is_disputed_partial_or_in_the_same_text_is_for_the_reader() {
        let answer = json!({ "id": "q" });
        let partial = json!({ "id": "q", "reply": "partial" });
        for (item, reply, dispute) in
            [(3, &answer, true), (3, &partial, false), (9, &answer, false)]
        {
            let mut book = asked();
            stated(&mut book, item, "inquiry.answered", "2025-05-03", reply.clone());
            if dispute {
                stated(&mut book, 4, "inquiry.disputed", "2025-05-04", json!({ "id": "q" }));
            }
            assert_eq!(verdict(&book, "T701"), Verdict::ForTheReader);
        }
    }

    #[test]
    fn a_question_without_a_reply_is_unsupported() {
        assert_eq!(verdict(&asked(), "T701"), Verdict::Unsupported);
    }
}
