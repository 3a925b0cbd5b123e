//! What an assertion is about: two about the same thing can agree, differ, or follow each other.

use tally_ledger::claim::{Assertion, Event};
use tally_ledger::name::Kind;

/// What an assertion is about, whatever it says of it: its sort, and what it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Topic {
    says: &'static str,
    names: Vec<String>,
}

impl Topic {
    /// Returns what an assertion is about.
    pub(crate) fn of(assertion: &Assertion) -> Self {
        let thing = |kind: &Kind, subject: &Option<String>| {
            vec![kind.to_string(), subject.clone().unwrap_or_default()]
        };
        let event = |event: &Event| thing(&event.kind, &event.subject);
        let (says, names) = match assertion {
            Assertion::Occurred(a) => ("occurred", thing(&a.kind, &a.subject)),
            Assertion::Absent(a) => ("none", thing(&a.kind, &a.subject)),
            Assertion::Status(a) => ("status", vec![a.item.clone()]),
            Assertion::AllComplete(_) => ("all_complete", Vec::new()),
            Assertion::Count(a) => ("count", vec![a.metric.to_string(), a.unit.to_string()]),
            Assertion::Value(a) => ("value", vec![a.subject.clone(), a.attribute.clone()]),
            Assertion::Will(a) => ("will", thing(&a.what, &a.subject)),
            Assertion::WillNot(a) => ("will_not", thing(&a.what, &a.subject)),
            Assertion::Answered(a) => ("answered", vec![a.question.clone()]),
            Assertion::Order(a) => ("order", [event(&a.before), event(&a.after)].concat()),
            Assertion::Said(a) => {
                let item = a.cited.item.map(|item| item.to_string());
                ("said", vec![a.cited.url.clone(), item.unwrap_or_default()])
            }
            Assertion::Characterises(a) => ("characterises", vec![a.subject.clone()]),
        };
        Self { says, names }
    }
}
