//! Promises: that something will be done, and by when.

use tally_ledger::claim::{Assertion, Will};
use tally_ledger::name::Kind;
use tally_ledger::vocabulary::words::Strength;

use super::due::{Due, Reader};
use super::{Deed, Finder, Manner, deed, is_document};
use crate::moment::token::Token;

/// A word by which something is promised.
struct Cue {
    /// The index of its first token.
    at: usize,
    /// The index after its last token.
    end: usize,
    strength: Strength,
}

/// Suggests the promises of a sentence.
pub(super) fn find(finder: &mut Finder<'_, '_, '_>) {
    let cues = cues(finder);
    let Some(reader) = Reader::new(finder.sentence, finder.published) else { return };
    let narrated = reader.begins_in_the_past();
    let mut before = 0;
    for (index, cue) in cues.iter().enumerate() {
        let next =
            cues.get(index + 1).map_or(finder.end(), |next| finder.clause(next.at).max(cue.end));
        if let Some((range, promise)) = promise(finder, &reader, cue, before, next) {
            before = range.end;
            // A line of a timeline tells what was promised then: a length or "tomorrow" would run
            // from another time than the publication, and without a time nothing is promised now.
            if narrated && promise.due.as_ref().is_none_or(|due| !reader.is_written(due)) {
                continue;
            }
            let rule = match cue.strength {
                Strength::Firm => "promise.firm",
                Strength::Plan => "promise.plan",
                Strength::Hope => "promise.hope",
            };
            let manner = Manner {
                strength: Some(cue.strength),
                condition: finder.condition(),
                ..Manner::default()
            };
            finder.suggest(rule, range, Assertion::Will(promise), manner);
        }
    }
}

/// Finds the words that promise in a sentence. One that only strengthens or weakens the one before
/// is part of it: "will try to".
fn cues(finder: &Finder<'_, '_, '_>) -> Vec<Cue> {
    let mut found: Vec<Cue> = Vec::new();
    let mut at = 0;
    while at < finder.sentence.len() {
        let Some((length, strength)) = cue(finder, at) else {
            at += 1;
            continue;
        };
        let end = at + length;
        match found.last_mut().filter(|last| at <= last.end + 1) {
            Some(last) => {
                last.end = end;
                last.strength = last.strength.max(strength);
            }
            None => found.push(Cue { at, end, strength }),
        }
        at = end;
    }
    found
}

fn cue(finder: &Finder<'_, '_, '_>, at: usize) -> Option<(usize, Strength)> {
    use Strength::{Firm, Hope, Plan};
    let token = finder.sentence.get(at)?;
    let short = token.text.ends_with("'ll") || token.text.ends_with("’ll");
    let negated = finder.is(at + 1, &["not", "never", "no"]);
    if token.is("will") || short {
        return (!negated).then_some((1, Firm));
    }
    let before = |words: &[&str]| at > 0 && finder.is(at - 1, words);
    if before(&["was", "were", "not", "had", "have", "been"]) {
        return None;
    }
    if finder.is(at + 1, &["to"]) {
        let strength = match () {
            () if token.is_any(&[
                "going",
                "commit",
                "commits",
                "committed",
                "promise",
                "pledge",
            ]) =>
            {
                Firm
            }
            () if token.is_any(PLANS) => Plan,
            () if token.is_any(&["hope", "hopes", "hoping"]) => Hope,
            // Others "attempt to" as well; it is a promise where the speaker or "will" precedes.
            () if token.is_any(&[
                "try",
                "trying",
                "strive",
                "attempt",
                "endeavor",
                "endeavour",
            ]) && before(&["we", "will", "also", "are", "and"]) =>
            {
                Hope
            }
            () => return None,
        };
        return Some((2, strength));
    }
    let gerund = finder.sentence.get(at + 1).is_some_and(|next| next.text.ends_with("ing"));
    if token.is_any(&["anticipate", "anticipates", "planning"]) && gerund
        || token.is("planning") && finder.is(at + 1, &["the", "a", "an"])
        || token.is_any(&["scheduled", "planned"]) && finder.is(at + 1, &["for"])
    {
        return Some((1, Plan));
    }
    token.is("hopefully").then_some((1, Hope))
}

const PLANS: &[&str] = &[
    "plan",
    "plans",
    "planning",
    "planned",
    "expect",
    "expects",
    "expecting",
    "expected",
    "intend",
    "intends",
    "intending",
    "scheduled",
    "anticipate",
    "anticipates",
    "anticipated",
    "estimated",
    "aim",
    "aims",
    "aiming",
];

/// Reads what is promised after a cue, and by when.
fn promise(
    finder: &Finder<'_, '_, '_>,
    reader: &Reader<'_, '_>,
    cue: &Cue,
    before: usize,
    end: usize,
) -> Option<(std::ops::Range<usize>, Will)> {
    let begin = finder.clause(cue.at);
    if finder.is(begin, &["if", "unless", "when", "once", "what", "whether", "how", "no"]) {
        return None;
    }
    let verb = verb(finder, cue.end, end);
    let deed = verb.and_then(|at| deed(&finder.sentence[at])).filter(|deed| *deed != Deed::Ongoing);
    let due = when(finder, reader, cue, before, end);
    let dated = due.as_ref().is_some_and(|due| due.when.is_some());
    if deed.is_none() && !dated {
        return None;
    }
    let passive = verb.is_some_and(|verb| finder.has(cue.end..verb, &["be", "been", "get"]));
    if !passive && is_another(finder, begin, cue.at) {
        return None;
    }
    let what = match (deed, verb) {
        (Some(deed), Some(at)) => kind(finder, deed, at, end),
        _ => "commitment.kept",
    };
    let range = range(finder, cue, due.as_ref(), begin, verb, end);
    let what: Kind = what.parse().ok()?;
    let all = finder.has(cue.at.saturating_sub(14)..range.end, &["all"]);
    let subject = (what.as_str() == "revocation.completed" && all).then(|| "all".to_owned());
    Some((range, Will { what, subject, due: due.and_then(|due| due.when) }))
}

/// Returns the verb that says what will be done: the first word after the cue that is not there
/// for another one. After "have" and "make" it stands a few words later: "have a proposal ready".
fn verb(finder: &Finder<'_, '_, '_>, from: usize, end: usize) -> Option<usize> {
    const LIGHT: &str = "be been also then now soon therefore to of course as made please further \
        next continue all";
    let light = |at: usize| LIGHT.split_whitespace().any(|word| finder.is(at, &[word]));
    let adverb = |token: &Token<'_>| token.text.ends_with("ly") && deed(token).is_none();
    // "planning the revocation" has an article before the deed.
    let planning = finder.is(from - 1, &["planning"]) && finder.is(from, &["the", "a", "an"]);
    let mut at = from + usize::from(planning);
    while at < end && (light(at) || adverb(&finder.sentence[at])) {
        at += 1;
    }
    if finder.is(at, &["have", "make", "get"]) {
        return (at + 1..end.min(at + 8)).find(|at| deed(&finder.sentence[*at]).is_some());
    }
    (at < end).then_some(at)
}

/// Returns the due time of the promise at `cue`. "By Friday, we will …" has it before.
fn when(
    finder: &Finder<'_, '_, '_>,
    reader: &Reader<'_, '_>,
    cue: &Cue,
    before: usize,
    end: usize,
) -> Option<Due> {
    let after = reader.find(cue.end, end);
    if after.as_ref().is_some_and(|due| due.when.is_some()) {
        // A service that promises to answer within a day of each message names no day.
        let standing = finder.has(
            finder.clause(cue.at)..cue.at,
            &[
                "submissions",
                "inquiries",
                "complaints",
                "concerns",
                "requests",
                "submitters",
                "submitter",
                "each",
                "every",
            ],
        );
        return if standing { None } else { after };
    }
    let near = cue.at.saturating_sub(12).max(before);
    let earlier = reader
        .find(near, cue.at)
        .filter(|due| due.when.is_some() && cue.at - due.end <= 8 && !reader.is_before_today(due));
    earlier.or(after)
}

fn kind(finder: &Finder<'_, '_, '_>, deed: Deed, at: usize, end: usize) -> &'static str {
    let issuance = || finder.has(at..end, &["issuance", "issuing"]);
    match deed {
        Deed::Publish if finder.sentence[at..end].iter().any(is_document) => "document.published",
        Deed::Publish => "statement.published",
        Deed::Revoke => "revocation.completed",
        Deed::Notify => "legal.notice",
        Deed::Stop if issuance() => "incident.milestone.issuance_stopped",
        Deed::Resume if issuance() => "incident.milestone.issuance_resumed",
        // "the revocation will be completed", "complete all revocations".
        Deed::Act
            if finder.has(
                at.saturating_sub(8)..end.min(at + 6),
                &["revocation", "revocations", "revoking"],
            ) =>
        {
            "revocation.completed"
        }
        _ => "action.status.complete",
    }
}

/// Returns whether somebody else than the speaker is the one who is said to act.
fn is_another(finder: &Finder<'_, '_, '_>, begin: usize, cue: usize) -> bool {
    const OTHERS: &[&str] = &[
        "you",
        "they",
        "he",
        "she",
        "who",
        "customers",
        "customer",
        "subscribers",
        "subscriber",
        "users",
        "browsers",
        "auditors",
        "auditor",
        "mozilla",
        "chrome",
        "apple",
        "microsoft",
        "ccadb",
        "community",
        "court",
        "someone",
        "everyone",
        "nobody",
        "participants",
        "members",
    ];
    const LIGHT: &[&str] =
        &["also", "then", "now", "therefore", "hereby", "are", "is", "am", "still"];
    let head = (begin..cue).rev().find(|at| !finder.is(*at, LIGHT));
    head.is_some_and(|at| finder.is(at, OTHERS))
}

/// Returns the tokens of a promise: from its subject to the words that name its time, else to the
/// end of its clause.
fn range(
    finder: &Finder<'_, '_, '_>,
    cue: &Cue,
    due: Option<&Due>,
    begin: usize,
    verb: Option<usize>,
    end: usize,
) -> std::ops::Range<usize> {
    let stops = |at: &usize| {
        let token = &finder.sentence[*at];
        token.is_mark(',') || token.is_mark(';') || token.is_mark(':')
    };
    let clause = (cue.end..end).find(stops).unwrap_or(end);
    match due {
        Some(due) if due.start < cue.at => due.start..clause,
        Some(due) if verb.is_none_or(|verb| verb < due.start) => begin..due.end,
        _ => begin..clause,
    }
}
