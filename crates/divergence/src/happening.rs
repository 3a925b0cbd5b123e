//! What is recorded, or stated elsewhere, to have happened: by kind and subject.

use tally_ledger::claim::Assertion;
use tally_ledger::name::Kind;
use tally_ledger::time::When;
use tally_ledger::vocabulary::occurrence::covers;

use crate::claims::Claims;
use crate::source::{Party, Perspective};
use crate::weigh::Account;

/// Something that happened, and who says so.
#[derive(Debug, Clone)]
pub(crate) struct Happening<'a> {
    pub(crate) when: Option<When>,
    pub(crate) account: Account<'a>,
}

/// Returns what happened of `kind`, to `subject` if one is named, that does not rest on nothing but
/// the statement looked at: from the facts of its incidents, and from what other statements there
/// assert.
pub(crate) fn happenings<'a>(
    claims: &Claims<'a>,
    from: &Perspective<'a>,
    kind: &Kind,
    subject: Option<&str>,
) -> Vec<Happening<'a>> {
    let meant = |kind_found: &Kind, subject_found: Option<&str>| {
        covers(kind, kind_found) && (subject.is_none() || subject == subject_found)
    };
    let mut found = Vec::new();
    for (fact, backing) in claims.backed(from) {
        let Some(body) = fact.body() else {
            continue;
        };
        // Without a subject, a promise to publish is kept by the speaker's own texts alone.
        if subject.is_none() && kind.family() == "statement" {
            let statement = claims.timeline().statement_of(fact.seq);
            if !statement.is_some_and(|s| Party::of(&s.speaker).is(&from.party)) {
                continue;
            }
        }
        for occurrence in body.occurrences(fact.occurred()) {
            if meant(&occurrence.kind, occurrence.subject.as_deref()) {
                let shown = shown(occurrence.when.as_ref());
                let account = Account::of_fact(fact, backing.clone(), shown);
                found.push(Happening { when: occurrence.when, account });
            }
        }
    }
    for (other, backing) in claims.others(from) {
        if let Assertion::Occurred(a) = &other.claim.assertion
            && meant(&a.kind, a.subject.as_deref())
        {
            let account = Account::of_claim(other, backing, shown(Some(&a.when)));
            found.push(Happening { when: Some(a.when.clone()), account });
        }
    }
    found
}

/// Returns a recorded time in words.
fn shown(when: Option<&When>) -> String {
    when.map_or_else(|| "no time".to_owned(), ToString::to_string)
}

/// Returns a kind and its subject in words, as messages name them.
pub(crate) fn named(kind: &Kind, subject: Option<&str>) -> String {
    let kind = kind.as_str().replace(['.', '_'], " ");
    subject.map_or_else(|| kind.clone(), |subject| format!("{kind} ({subject})"))
}
