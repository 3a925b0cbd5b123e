//! Collects cosignatures: asks witnesses to cosign a checkpoint (C2SP tlog-witness), and looks what
//! cosignatures a mirror has of it.
//!
//! Whoever answers is a stranger: of an answer the lines of known keys that hold are taken, and
//! nothing else.

use std::time::Duration;

use tally_ledger::consistency::Consistency;
use tally_ledger::equivocation::{Equivocation, Grown};
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NOTE_MAX, Signed, Vkey};
use tally_ledger::tree::Tree;

use crate::client::{Client, FetchError, Limits};

/// What one request may cost.
const LIMITS: Limits = Limits {
    body_bytes_max: NOTE_MAX,
    total: Duration::from_secs(30),
    waits_max: 2,
    wait_max: Duration::from_secs(10),
};
/// How often a witness that cannot be reached is asked, and the wait before it is asked again.
const TIMES_MAX: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How often a witness may name a size: it may be asked by others meanwhile.
const SIZES_MAX: u32 = 4;

/// A log as it is put before witnesses.
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    /// The checkpoint that is to be cosigned.
    pub checkpoint: &'a Checkpoint,
    /// The tree, of at least as many entries.
    pub tree: &'a Tree,
    /// The keys of the log.
    pub vkeys: &'a [Vkey],
}

/// Whom cosignatures are collected of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cosigner {
    /// A witness, which is asked to cosign.
    Witness {
        /// The prefix of its addresses.
        url: String,
        /// Its key.
        vkey: Box<Vkey>,
        /// The largest size that it is known to have cosigned; 0 if none is.
        known: u64,
    },
    /// A mirror or witness, which is asked for what it has.
    Mirror {
        /// The prefix of its addresses.
        url: String,
        /// The keys whose cosignatures are taken over.
        vkeys: Vec<Vkey>,
    },
}

impl Cosigner {
    /// Returns the prefix of its addresses.
    pub fn url(&self) -> &str {
        match self {
            Self::Witness { url, .. } | Self::Mirror { url, .. } => url,
        }
    }
}

/// Why somebody gave no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignError {
    /// It cannot be reached, or refused.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It refused the checkpoint.
    #[error("{url}: it answered {status}: {reason}")]
    Refused {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of what it said.
        reason: String,
    },
    /// Its answer holds no cosignature of its key.
    #[error("{url}: its answer has no cosignature of {name} that holds")]
    Unsigned {
        /// Where.
        url: String,
        /// The name of the key.
        name: String,
    },
    /// It names one size after another.
    #[error("{url}: it names another size each time it is asked, at last {size}")]
    Unsettled {
        /// Where.
        url: String,
        /// The last size.
        size: u64,
    },
    /// A mirror has another checkpoint.
    #[error("{url}: it has the checkpoint of size {found}, not {expected}")]
    OtherSize {
        /// Where.
        url: String,
        /// The size that it has.
        found: u64,
        /// The size that was looked for.
        expected: u64,
    },
    /// A mirror has no checkpoint of the log, or none that is one.
    #[error("{url}: {reason}")]
    Unread {
        /// Where.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// It saw more of this log than there is here.
    #[error("{url}: it has seen {size} entries of this log, and here are {here}")]
    Ahead {
        /// Where.
        url: String,
        /// The size that it cosigned, or that it shows signed.
        size: u64,
        /// How many there are here.
        here: u64,
    },
    /// It saw another history of this log.
    #[error("{url}: it has seen another history of this log, at size {size}")]
    OtherHistory {
        /// Where.
        url: String,
        /// The size that it cosigned.
        size: u64,
        /// The proof that this log's key signed both, if it gave its checkpoint.
        proof: Option<Box<Equivocation>>,
    },
}

impl CosignError {
    /// Returns whether it shows that there may be two histories of this log.
    pub fn alarms(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::OtherHistory { .. })
    }
}

/// Asks all of `cosigners` at the same time. Returns for each, in their order, the checkpoint with
/// the cosignatures that it gave.
pub fn collect(log: Log<'_>, cosigners: &[Cosigner]) -> Vec<Result<Checkpoint, CosignError>> {
    std::thread::scope(|scope| {
        let ask = |cosigner| scope.spawn(move || one(log, cosigner));
        let asked: Vec<_> = cosigners.iter().map(ask).collect();
        let ended = asked.into_iter().map(|thread| {
            // A thread ends by itself: each request has a longest time.
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.collect()
    })
}

fn one(log: Log<'_>, cosigner: &Cosigner) -> Result<Checkpoint, CosignError> {
    let client = Client::new(LIMITS)?;
    match cosigner {
        Cosigner::Witness { url, vkey, known } => witnessed(log, &client, url, vkey, *known),
        Cosigner::Mirror { url, vkeys } => mirrored(log, &client, url, vkeys),
    }
}

/// Asks a witness to cosign.
fn witnessed(
    log: Log<'_>,
    client: &Client,
    url: &str,
    vkey: &Vkey,
    known: u64,
) -> Result<Checkpoint, CosignError> {
    let size = log.checkpoint.size();
    let (mut old, mut sizes, mut times) = (known.min(size), 0, 1);
    loop {
        let proof = log.tree.consistency(old, size).unwrap_or_default();
        let asked = Consistency { old, proof, checkpoint: log.checkpoint.clone() };
        let body = asked.to_string().into_bytes();
        let refused = match client.post(&at(url, "add-checkpoint"), body, |_| {}) {
            Ok(answer) => return taken(log, url, &answer.body, vkey),
            Err(e) => e,
        };
        match refused {
            FetchError::Status { status: 409, ref body, .. } => {
                let named = std::str::from_utf8(body).ok();
                let named: Option<u64> = named.and_then(|text| text.trim().parse().ok());
                match named {
                    Some(named) if named > size => {
                        let (url, here) = (url.to_owned(), size);
                        return Err(CosignError::Ahead { url, size: named, here });
                    }
                    // It knows the size it was asked from: the root is another.
                    Some(named) if named == old && old == size => {
                        return Err(other_history(log, client, url, named));
                    }
                    // It was asked from there.
                    Some(named) if named == old => return Err(said(url, 409, body)),
                    Some(named) if sizes < SIZES_MAX => {
                        old = named;
                        sizes += 1;
                    }
                    Some(size) => {
                        return Err(CosignError::Unsettled { url: url.to_owned(), size });
                    }
                    None => return Err(said(url, 409, body)),
                }
            }
            // The proof is of a tree that was verified: the root it was asked from is another.
            FetchError::Status { status: 422, .. } if old > 0 => {
                return Err(other_history(log, client, url, old));
            }
            FetchError::Status { status, ref body, .. } if status < 500 => {
                return Err(said(url, status, body));
            }
            FetchError::Connect { .. }
            | FetchError::BrokeOff { .. }
            | FetchError::Status { .. }
                if times < TIMES_MAX =>
            {
                std::thread::sleep(FIRST_WAIT * times);
                times += 1;
            }
            FetchError::Status { status, ref body, .. } => return Err(said(url, status, body)),
            other => return Err(other.into()),
        }
    }
}

/// Takes the lines of a witness's answer that hold.
fn taken(log: Log<'_>, url: &str, lines: &[u8], vkey: &Vkey) -> Result<Checkpoint, CosignError> {
    let unsigned = || CosignError::Unsigned { url: url.to_owned(), name: vkey.name().to_owned() };
    let lines = std::str::from_utf8(lines).map_err(|_| unsigned())?;
    let answered = format!("{}\n{lines}", log.checkpoint.text());
    let answered: Checkpoint = answered.parse().map_err(|_| unsigned())?;
    let mut joined = log.checkpoint.clone();
    joined.join(&answered, std::slice::from_ref(vkey));
    match joined.signed_by(vkey) {
        Signed::Holds(_) => Ok(joined),
        Signed::Absent | Signed::Broken => Err(unsigned()),
    }
}

/// Looks what a mirror has of the checkpoint.
fn mirrored(
    log: Log<'_>,
    client: &Client,
    url: &str,
    vkeys: &[Vkey],
) -> Result<Checkpoint, CosignError> {
    let there = shown(log, client, url)?;
    if let Some(proof) = contradiction(log, &there) {
        let (url, size) = (url.to_owned(), there.size());
        return Err(CosignError::OtherHistory { url, size, proof: Some(proof) });
    }
    let (here, size, url) = (log.tree.size(), there.size(), || url.to_owned());
    let signs = |vkey: &Vkey| matches!(there.signed_by(vkey), Signed::Holds(_));
    if log.vkeys.iter().chain(vkeys).any(signs) {
        match log.tree.root(size) {
            None if size > here => return Err(CosignError::Ahead { url: url(), size, here }),
            // Those who cosigned it know keys of this log that are not known here.
            Some(root) if root != there.root() => {
                return Err(CosignError::OtherHistory { url: url(), size, proof: None });
            }
            _ => {}
        }
    }
    if size != log.checkpoint.size() {
        let expected = log.checkpoint.size();
        return Err(CosignError::OtherSize { url: url(), found: size, expected });
    }
    if there.text() != log.checkpoint.text() {
        let reason = format!("it has another checkpoint of size {size}, which no known key signed");
        return Err(CosignError::Unread { url: url(), reason });
    }
    let mut joined = log.checkpoint.clone();
    joined.join(&there, vkeys);
    Ok(joined)
}

/// Fetches the checkpoint of the log that somebody shows.
fn shown(log: Log<'_>, client: &Client, url: &str) -> Result<Checkpoint, CosignError> {
    let unread = |reason: String| CosignError::Unread { url: url.to_owned(), reason };
    let hash = Hash::of(log.checkpoint.origin().as_bytes());
    let answer = client.get(&at(url, &format!("{hash}/checkpoint")), |_| {});
    let answer = answer.map_err(|e| match e {
        FetchError::Status { status: 404, .. } => {
            unread("it has no checkpoint of this log".to_owned())
        }
        other => other.into(),
    })?;
    let note = String::from_utf8(answer.body).map_err(|e| unread(e.to_string()))?;
    let note: Checkpoint = note.parse().map_err(|e| unread(format!("{e}")))?;
    if note.origin() == log.checkpoint.origin() {
        Ok(note)
    } else {
        Err(unread(format!("its checkpoint is of {:.80?}", note.origin())))
    }
}

/// Returns the proof that a key of this log signed a checkpoint which its tree does not have.
fn contradiction(log: Log<'_>, note: &Checkpoint) -> Option<Box<Equivocation>> {
    let (size, ours) = (note.size(), log.checkpoint);
    let grown =
        Grown { root: log.tree.root(size)?, proof: log.tree.consistency(size, ours.size())? };
    let between = |vkey: &Vkey| {
        Equivocation::between(vkey.clone(), note.clone(), ours.clone(), Some(grown.clone())).ok()
    };
    log.vkeys.iter().find_map(between).map(Box::new)
}

fn other_history(log: Log<'_>, client: &Client, url: &str, size: u64) -> CosignError {
    let proof = shown(log, client, url).ok().and_then(|note| contradiction(log, &note));
    CosignError::OtherHistory { url: url.to_owned(), size, proof }
}

fn said(url: &str, status: u16, body: &[u8]) -> CosignError {
    let body = String::from_utf8_lossy(body);
    // On one line, so that nobody's words pass for those of another line.
    let words: Vec<&str> = body.split_whitespace().collect();
    let reason = words.join(" ").chars().take(200).collect();
    CosignError::Refused { url: url.to_owned(), status, reason }
}

fn at(prefix: &str, path: &str) -> String {
    format!("{}/{path}", prefix.trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
