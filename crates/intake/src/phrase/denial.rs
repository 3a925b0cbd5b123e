//! Denials: that something has not happened, or that there is no other.

use tally_ledger::claim::{Absent, Assertion, Characterises};
use tally_ledger::vocabulary::words::Qualifier;

use super::{Deed, Finder, Manner, deed};

/// Suggests the denials of a sentence.
pub(super) fn find(finder: &mut Finder<'_, '_, '_>) {
    let Some((at, rule)) =
        (0..finder.sentence.len()).find_map(|at| Some((at, denied(finder, at)?)))
    else {
        return;
    };
    let begin = finder.clause(at);
    let end = (at + 1..finder.end())
        .find(|next| finder.sentence[*next].is_mark(';'))
        .unwrap_or(finder.end());
    let aware = finder.has(begin..end, &["aware", "knowledge"]);
    let manner = Manner {
        qualifier: aware.then_some(Qualifier::ToOurKnowledge),
        condition: finder.condition(),
        ..Manner::default()
    };
    let kind = kind(finder, at, end).and_then(|kind| kind.parse().ok());
    let words = || {
        let tokens = &finder.sentence[begin..end];
        let span = tokens.first()?.start..tokens.last()?.end();
        Some(finder.text[span].split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let assertion = match kind {
        Some(kind) => Assertion::Absent(Absent { kind, subject: None, period: None }),
        // What no kind of the vocabulary names is shown to the reader, never decided.
        None => match words() {
            Some(words) => {
                let subject = "this incident".to_owned();
                Assertion::Characterises(Characterises { subject, words })
            }
            None => return,
        },
    };
    finder.suggest(rule, begin..end, assertion, manner);
}

/// Returns the name of the rule by which something is denied at `at`.
fn denied(finder: &Finder<'_, '_, '_>, at: usize) -> Option<&'static str> {
    let ours = at == 0 || finder.is(at - 1, &["we", "legal", "has"]) || finder.is(at, &["we"]);
    if finder.phrase(at, &["we", "have", "not"])
        || finder.phrase(at, &["we", "did", "not"])
        || finder.phrase(at, &["we", "have", "never"])
        || finder.is(at, &["we"])
            && finder.is(at + 1, &["haven't", "haven’t", "didn't", "didn’t", "never"])
        || (ours
            && finder.phrase(at, &["has", "not"])
            && finder.is(at + 2, &["sent", "issued", "received"]))
        || finder.phrase(at, &["has", "not", "sent"])
    {
        return Some("denial.own");
    }
    (finder.phrase(at, &["no", "other"])
        || finder.phrase(at, &["not", "aware", "of"])
        || finder.phrase(at, &["no", "evidence"]))
    .then_some("denial.none")
}

/// Returns the kind that is denied, where it is one of the vocabulary's.
fn kind(finder: &Finder<'_, '_, '_>, at: usize, end: usize) -> Option<&'static str> {
    let has = |words: &[&str]| finder.has(at..end, words);
    let legal = ["letter", "letters", "lawsuit", "litigation", "subpoena", "injunction", "c"];
    let verb = (at..end.min(at + 6)).find_map(|at| deed(&finder.sentence[at]));
    if has(&["letter", "letters", "lawsuit", "litigation", "subpoena", "injunction"]) && has(&legal)
    {
        return Some("legal.instrument");
    }
    match verb {
        Some(Deed::Revoke) => Some("revocation.completed"),
        Some(Deed::Notify) => Some("legal.notice"),
        _ if has(&["problem"]) && has(&["report", "reports"]) && has(&["received"]) => {
            Some("incident.problem_report")
        }
        _ => None,
    }
}
