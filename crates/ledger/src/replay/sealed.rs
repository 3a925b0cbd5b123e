//! What is hidden in entries, and whether it was ever opened (FORMAT.md, "Replay").
//!
//! Somebody could seal two opposite accounts and open the convenient one. Nothing but the count of
//! what was never opened shows it, so every hidden value is kept, the oldest first.

use std::collections::BTreeMap;

use ciborium::Value;

use super::Fact;
use crate::entry::Entry;
use crate::hash::Hash;
use crate::name::{FeedId, Kind};
use crate::time::Instant;

/// A value that an entry hides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// The entry that hides it.
    pub seq: u64,
    /// The feeds of that entry.
    pub feeds: Vec<FeedId>,
    /// When it was hidden, by the author's clock.
    pub recorded: Instant,
    /// The SHA-256 of the disclosure that opens it.
    pub hash: Hash,
    /// What became of it.
    pub state: SealedState,
}

/// What became of a hidden value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedState {
    /// Nobody opened it.
    Unopened,
    /// That entry holds bytes that open it.
    Opened(u64),
    /// That entry says that its opening was destroyed.
    Erased(u64),
}

/// Lists what the facts of `entries` hide, and marks the commitments that are copies of earlier
/// ones.
pub(super) fn find(facts: &mut [Fact], entries: &[Entry]) -> Vec<Sealed> {
    let mut first: BTreeMap<Hash, u64> = BTreeMap::new();
    let mut sealed: Vec<Sealed> = Vec::new();
    for (fact, entry) in facts.iter_mut().zip(entries) {
        for hash in fact.hidden.clone() {
            match first.get(&hash) {
                Some(earlier) => fact.copied.push((hash, *earlier)),
                None => {
                    first.insert(hash, fact.seq);
                }
            }
            sealed.push(Sealed {
                seq: fact.seq,
                feeds: fact.feeds.clone(),
                recorded: fact.recorded,
                hash,
                state: SealedState::Unopened,
            });
        }
        if let Some(Ok(on)) = &fact.act {
            // The list ascends by seq.
            let from = sealed.partition_point(|hidden| hidden.seq < *on);
            let hidden = sealed[from..].iter_mut().take_while(|hidden| hidden.seq == *on);
            follow(fact.seq, &fact.kind, &entry.payload().event.body, hidden);
        }
    }
    sealed
}

/// Marks what the act `seq` opened or erased of what is hidden in the entry that it is on.
fn follow<'a>(seq: u64, kind: &Kind, body: &Value, hidden: impl Iterator<Item = &'a mut Sealed>) {
    let erased = erased(kind, body);
    let opened = opened(kind, body);
    for hidden in hidden {
        if erased.contains(&hidden.hash) {
            hidden.state = SealedState::Erased(seq);
        } else if opened.contains(&hidden.hash) && hidden.state == SealedState::Unopened {
            hidden.state = SealedState::Opened(seq);
        }
    }
}

/// Returns the hashes whose openings a `seal.erased` says were destroyed; none of another kind.
pub(super) fn erased(kind: &Kind, body: &Value) -> Vec<Hash> {
    let hashes = byte_strings(kind, "seal.erased", body, "hashes");
    hashes.into_iter().filter_map(Hash::from_slice).collect()
}

/// Returns the hashes of the disclosures of a `seal.revealed`; none of another kind.
fn opened(kind: &Kind, body: &Value) -> Vec<Hash> {
    let disclosures = byte_strings(kind, "seal.revealed", body, "disclosures");
    disclosures.into_iter().map(Hash::of).collect()
}

/// Returns the byte strings of the array `member` of a body, if its kind is `wanted`.
fn byte_strings<'a>(kind: &Kind, wanted: &str, body: &'a Value, member: &str) -> Vec<&'a [u8]> {
    let members = body.as_map().filter(|_| kind.as_str() == wanted);
    let mut named =
        members.into_iter().flatten().filter(|(name, _)| name.as_text() == Some(member));
    let items = named.next().and_then(|(_, value)| value.as_array());
    items.into_iter().flatten().filter_map(|item| Some(item.as_bytes()?.as_slice())).collect()
}
