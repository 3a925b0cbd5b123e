//! Acts on earlier entries: corrections, approvals, notes and seals, and what keeps one from having
//! effect (FORMAT.md, "Replay").

use std::sync::Arc;

use ciborium::Value;

use super::fact::{Approval, Content, Correction, Fact, Told};
use super::sealed;
use crate::authority::Authority;
use crate::entry::Entry;
use crate::hash::Hash;
use crate::name::Kind;
use crate::payload::{Basis, Citation, each_hidden};
use crate::vocabulary::entry as bodies;
use crate::vocabulary::{self, Body, NotUnderstood};

/// Why an act on an earlier entry has no effect. It stays in the record and is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEffect {
    /// It names no entry.
    #[error("it does not say on which entry it acts")]
    Nothing,
    /// The entry that it names is not among those held.
    #[error("entry {0} is not here")]
    NotHere(u64),
    /// The entry that it names is of another kind than it says.
    #[error("it takes entry {seq} for {stated}, which is {found}")]
    Kind {
        /// The entry.
        seq: u64,
        /// The kind that the act states.
        stated: Kind,
        /// The kind of the entry.
        found: Kind,
    },
    /// The entry that it names stands in other feeds than it says.
    #[error("it states other feeds than those of entry {0}")]
    Feeds(u64),
    /// No correction may be on an entry of that kind.
    #[error("entries of the kind {0} are never corrected")]
    NeverCorrected(Kind),
    /// The event is sealed.
    #[error("entry {0} is sealed")]
    Sealed(u64),
    /// No role of the author covers the kind of the entry that it acts on.
    #[error("no role of its author covers {0}")]
    Authority(Kind),
    /// Its own body is not understood.
    #[error("{0}")]
    NotUnderstood(NotUnderstood),
    /// The body that it puts in the place of the earlier one is not understood.
    #[error("the corrected body does not fit: {0}")]
    Body(NotUnderstood),
    /// The basis that it puts in the place of the earlier one is none.
    #[error("the corrected basis is not citations alone or digests alone, each of its shape")]
    Basis,
    /// It erases what that entry does not hide.
    #[error("entry {0} does not hide what it erases")]
    NotHidden(u64),
    /// It hides values itself, as no act on seals may.
    #[error("it hides values of its own")]
    Hides,
}

/// Performs the act that `entry` is, if it is one: on one of the facts before it, with the tables
/// of keys and roles at its own place.
pub(super) fn perform(entry: &Entry, fact: &mut Fact, before: &mut [Fact], authority: &Authority) {
    let family = fact.kind.family();
    if family != "entry" && family != "seal" {
        return;
    }
    fact.act = Some(try_perform(entry, fact, before, authority));
}

fn try_perform(
    entry: &Entry,
    fact: &Fact,
    before: &mut [Fact],
    authority: &Authority,
) -> Result<u64, NoEffect> {
    let target = target(fact, before)?;
    let (seq, body) = (target.seq, &entry.payload().event.body);
    if fact.kind.family() == "seal" {
        return seal(&fact.kind, body, target).map(|()| seq);
    }
    match fact.original.content.as_ref() {
        Content::Understood(decoded) => match &decoded.body {
            Body::EntryCorrection(correction) => {
                let correction = corrected(fact, target, correction, authority)?;
                target.corrections.push(correction);
            }
            Body::EntryApproval(approval) => {
                let record = authority.keys().get(&fact.kid);
                target.approvals.push(Approval {
                    seq: fact.seq,
                    role: approval.role.clone(),
                    held: record.is_some_and(|record| record.key.holds(&approval.role)),
                });
            }
            Body::EntryNote(_) => target.notes.push(fact.seq),
            _ => {}
        },
        Content::NotUnderstood(reason) => return Err(NoEffect::NotUnderstood(reason.clone())),
        Content::Sealed => {}
    }
    Ok(seq)
}

/// Returns the fact that `act` is on, if what it says of it is true.
fn target<'a>(act: &Fact, before: &'a mut [Fact]) -> Result<&'a mut Fact, NoEffect> {
    let on = act.on.as_ref().ok_or(NoEffect::Nothing)?;
    let place = before.binary_search_by_key(&on.seq, |fact| fact.seq);
    let target = &mut before[place.map_err(|_| NoEffect::NotHere(on.seq))?];
    if target.kind != on.kind {
        let (stated, found) = (on.kind.clone(), target.kind.clone());
        return Err(NoEffect::Kind { seq: on.seq, stated, found });
    }
    let (mut stated, mut found) = (on.feeds.clone(), target.feeds.clone());
    stated.sort();
    found.sort();
    if stated != found {
        return Err(NoEffect::Feeds(on.seq));
    }
    Ok(target)
}

fn seal(kind: &Kind, body: &Value, target: &Fact) -> Result<(), NoEffect> {
    let mut hides = false;
    each_hidden(body, &mut |_: Hash| hides = true);
    if hides {
        return Err(NoEffect::Hides);
    }
    let erased = sealed::erased(kind, body);
    let erases = kind.as_str() == "seal.erased";
    if erases && (erased.is_empty() || erased.iter().any(|hash| !target.hidden.contains(hash))) {
        return Err(NoEffect::NotHidden(target.seq));
    }
    Ok(())
}

fn corrected(
    act: &Fact,
    target: &Fact,
    correction: &bodies::Correction,
    authority: &Authority,
) -> Result<Correction, NoEffect> {
    let kind = &target.kind;
    match (kind.as_str(), kind.family()) {
        ("sealed", _) => return Err(NoEffect::Sealed(target.seq)),
        ("heads" | "entry.correction", _) | (_, "ledger" | "seal") => {
            return Err(NoEffect::NeverCorrected(kind.clone()));
        }
        _ => {}
    }
    if !authority.covers(&act.kid, kind) {
        return Err(NoEffect::Authority(kind.clone()));
    }
    // Each correction is read against the entry as it was recorded.
    let mut told: Told = target.original.clone();
    if let Some(body) = &correction.body {
        told.content = Arc::new(match Content::read(kind, body) {
            Content::NotUnderstood(reason) if vocabulary::kind(kind).is_some() => {
                return Err(NoEffect::Body(reason));
            }
            content => content,
        });
    }
    if let Some(occurred) = &correction.occurred {
        told.occurred = Some(occurred.clone());
    }
    if let Some(basis) = &correction.basis {
        told.basis = read_basis(basis, act.seq).ok_or(NoEffect::Basis)?;
    }
    let roles = |kid| authority.keys().get(kid).map(|record| &record.key.roles);
    let own = match (roles(&act.kid), roles(&target.kid)) {
        (Some(a), Some(b)) => !a.is_disjoint(b),
        _ => false,
    };
    Ok(Correction { seq: act.seq, own, why: correction.why.clone(), told })
}

/// Returns the basis that a correction at `seq` states, in the terms of a payload.
fn read_basis(basis: &bodies::Basis, seq: u64) -> Option<Basis> {
    match (basis.stated.as_slice(), basis.measured.as_slice()) {
        ([], []) => None,
        (stated, []) => {
            let citations = stated.iter().map(|citation| read_citation(citation, seq));
            Some(Basis::Stated(citations.collect::<Option<_>>()?))
        }
        ([], measured) => Some(Basis::Measured(measured.to_vec())),
        _ => None,
    }
}

fn read_citation(citation: &bodies::Citation, seq: u64) -> Option<Citation> {
    let span = citation.span.map(|[start, end]| (start, end));
    match (&citation.url, citation.entry) {
        (Some(url), None) if citation.claim.is_none() => Some(Citation::Web {
            url: url.clone(),
            item: citation.item,
            digest: citation.digest,
            span,
        }),
        (None, Some(entry)) if entry < seq => {
            Some(Citation::Entry { seq: entry, claim: citation.claim, span })
        }
        _ => None,
    }
}
