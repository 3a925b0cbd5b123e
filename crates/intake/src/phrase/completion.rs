//! Completions: that something has been done, is done, or was done at a time.

use tally_ledger::claim::{AllComplete, Assertion, Occurred};
use tally_ledger::time::When;

use super::{Deed, Finder, Manner, deed, is_document};
use crate::moment::token::Kind;
use crate::moment::{self, Setting};

/// Suggests what a sentence says to be done.
pub(super) fn find(finder: &mut Finder<'_, '_, '_>) {
    if let Some(range) = all_complete(finder) {
        finder.suggest(
            "completion.all_actions",
            range,
            Assertion::AllComplete(AllComplete { items: Vec::new() }),
            Manner::default(),
        );
        return;
    }
    let mut at = 0;
    while at < finder.sentence.len() {
        let Some((verb, rule)) = done(finder, at) else {
            at += 1;
            continue;
        };
        let begin = finder.clause(at);
        let end = (verb + 1..finder.end())
            .find(|next| {
                let token = &finder.sentence[*next];
                token.is_mark(';')
                    || (token.is_any(&["and", "but", "while"])
                        && finder.has(*next..*next + 4, &["we", "our", "the", "is", "are", "have"]))
            })
            .unwrap_or(finder.end());
        if let Some(kind) = kind(finder, verb, begin, end) {
            let (when, until) = when(finder, verb, end);
            let subject = (kind == "revocation.completed"
                && finder.has(begin..end, &["all", "both"]))
            .then(|| "all".to_owned());
            let condition = finder.condition();
            if let (Ok(kind), Some(when), None) = (kind.parse(), when, condition) {
                let assertion = Assertion::Occurred(Occurred { kind, when, subject });
                finder.suggest(rule, begin..until, assertion, Manner::default());
            }
        }
        at = end.max(at + 1);
    }
}

/// Returns the words that say that all action items are complete.
fn all_complete(finder: &Finder<'_, '_, '_>) -> Option<std::ops::Range<usize>> {
    let begin = (0..finder.sentence.len()).find(|at| {
        finder.is(*at, &["all", "both"])
            && finder.has(*at + 1..finder.sentence.len().min(*at + 5), &["action", "actions"])
            && finder.has(
                *at + 1..finder.sentence.len().min(*at + 6),
                &["items", "item", "actions", "remediation"],
            )
    })?;
    let done = (begin + 2..finder.sentence.len()).find(|at| {
        finder.is(*at, &["completed", "complete", "done", "closed", "implemented"])
            && finder.has(at.saturating_sub(4)..*at, &["have", "are", "has", "been", "as", "were"])
    })?;
    let open =
        finder.has(begin..done, &["will", "not", "once", "when", "until", "if", "should", "be"]);
    let future = finder.has(0..begin, &["once", "when", "until", "if", "after", "not"]);
    (!open && !future).then_some(begin..done + 1)
}

/// Reads "has been completed", "have revoked", "was fixed" at `at`. Returns the index of the verb
/// and the name of the rule.
fn done(finder: &Finder<'_, '_, '_>, at: usize) -> Option<(usize, &'static str)> {
    const ADVERBS: &[&str] = &[
        "already",
        "now",
        "also",
        "successfully",
        "all",
        "both",
        "immediately",
        "since",
        "been",
        "fully",
        "just",
        "recently",
        "subsequently",
        "promptly",
        "then",
        "therefore",
        "therein",
    ];
    let perfect = finder.is(at, &["has", "have", "we’ve", "we've"]);
    let past = finder.is(at, &["was", "were"]);
    if !perfect && !past {
        return None;
    }
    let mut verb = at + 1;
    while finder.is(verb, ADVERBS) {
        verb += 1;
    }
    let token = finder.sentence.get(verb)?;
    let participle = token.text.ends_with("ed") || token.is_any(&["built", "rolled"]);
    let found = participle && deed(token).is_some_and(|deed| deed != Deed::Ongoing);
    // "should have been revoked", "if they were revoked", "which were issued".
    let unreal = finder.has(
        at.saturating_sub(3)..at,
        &[
            "should", "would", "could", "might", "may", "must", "will", "if", "once", "until",
            "when",
        ],
    );
    let asked = finder.is(finder.clause(at), &["what", "who", "how", "whether", "if", "once"]);
    (found && !unreal && !asked)
        .then_some((verb, if perfect { "completion.perfect" } else { "completion.past" }))
}

fn kind(
    finder: &Finder<'_, '_, '_>,
    verb: usize,
    begin: usize,
    end: usize,
) -> Option<&'static str> {
    let issuance = finder.has(begin..end, &["issuance", "issuing"]);
    match deed(&finder.sentence[verb])? {
        // "840 certificates have been revoked" may be a part of them; the count says so itself.
        Deed::Revoke => (!is_part(finder, begin, verb)).then_some("revocation.completed"),
        Deed::Stop => issuance.then_some("incident.milestone.issuance_stopped"),
        Deed::Resume => issuance.then_some("incident.milestone.issuance_resumed"),
        Deed::Publish if finder.sentence[begin..end].iter().any(is_document) => {
            Some("document.published")
        }
        Deed::Publish => finder
            .has(begin..end, &["report", "summary", "response"])
            .then_some("statement.published"),
        Deed::Act if finder.has(begin..verb, &["revocation", "revocations"]) => {
            Some("revocation.completed")
        }
        Deed::Act => Some("action.status.complete"),
        Deed::Notify | Deed::Ongoing => None,
    }
}

/// Returns whether a number that no article precedes stands before the verb, or "not" after it.
fn is_part(finder: &Finder<'_, '_, '_>, begin: usize, verb: usize) -> bool {
    let bare = |at: usize| {
        matches!(finder.sentence[at].kind, Kind::Number(..))
            && !(at > begin && finder.is(at - 1, &["the", "these", "those", "all"]))
    };
    (begin..verb).any(bare) || finder.is(verb + 1, &["not"])
}

/// Returns when it was done: the time in the same clause, else not later than the publication. Also
/// the index after the words that say so.
fn when(finder: &Finder<'_, '_, '_>, verb: usize, end: usize) -> (Option<When>, usize) {
    let setting = Setting { published: Some(finder.published), ..Setting::default() };
    let found = (verb + 1..end).find_map(|at| {
        let (result, next) = moment::moment(finder.sentence, at, &setting)?;
        Some((result.ok()?.when, next))
    });
    if let Some((when, next)) = found
        && when.interval().start <= finder.published.unix()
    {
        return (Some(when), next.max(verb + 1).min(end));
    }
    let published = When::from_instant(finder.published);
    (When::new(&format!("../{}", published.at()), Some("Z"), None).ok(), end)
}
