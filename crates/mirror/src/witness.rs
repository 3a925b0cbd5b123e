//! A witness: it cosigns the checkpoints of logs that it knows, each only if the log has grown from
//! the one before (C2SP tlog-witness v1.0.0).
//!
//! What it answered is on disk before it is answered, and what it has on disk it never goes behind:
//! not in size, and not in time. Everything that a log signed is kept, above all what was refused.

mod folder;
mod proofs;
mod seen;
mod site;

pub use folder::{LogStatus, WitnessError, add, create, status};
pub use site::{Notify, site};

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ed25519_dalek::SigningKey;
use tally_ledger::consistency::Consistency;
use tally_ledger::hash::Hash;
use tally_ledger::key::PublicKey;
use tally_ledger::note::{Checkpoint, Signed, Vkey};

use folder::{Folder, LogFolder, LogRecord};
use seen::{Kept, Known, Seen};

/// The media type of the answer that tells a size.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
/// The media type of every other answer.
pub const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// A witness over its directory, which no other process has meanwhile.
#[derive(Debug)]
pub struct Witness {
    name: String,
    key: SigningKey,
    logs: BTreeMap<String, Log>,
    folder: Folder,
}

/// A log that is known.
#[derive(Debug)]
struct Log {
    folder: LogFolder,
    vkeys: Vec<Vkey>,
    memory: Mutex<Memory>,
}

/// What is remembered of a log. The lock on it makes comparing and persisting one step.
#[derive(Debug)]
struct Memory {
    latest: Option<Latest>,
    seen: Seen,
    /// What the operator was told of since `latest`: anybody can send it again and again.
    unproven: BTreeSet<(u64, Hash)>,
}

/// How many checkpoints without a proof the operator is told of, between two that are cosigned.
const UNPROVEN_MAX: usize = 16;

/// The last checkpoint that was cosigned.
#[derive(Debug, Clone)]
struct Latest {
    /// The checkpoint, with the log's signatures and the cosignature.
    checkpoint: Checkpoint,
    /// The time of the cosignature, in seconds since 1970-01-01T00:00:00Z.
    time: u64,
}

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
    /// What the operator is to know.
    pub notice: Option<String>,
}

impl Answer {
    fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, media_type: TEXT_TYPE, body: body.into(), notice: None }
    }

    fn refused(status: u16, reason: impl std::fmt::Display) -> Self {
        Self::text(status, format!("{reason}\n"))
    }

    fn size(size: u64) -> Self {
        Self { media_type: SIZE_TYPE, ..Self::refused(409, size) }
    }

    fn noticed(mut self, notice: impl Into<String>) -> Self {
        let notices = self.notice.get_or_insert_default();
        if !notices.is_empty() {
            notices.push('\n');
        }
        notices.push_str(&notice.into());
        self
    }
}

impl Witness {
    /// Opens the directory of a witness and takes its lock.
    ///
    /// # Errors
    ///
    /// Fails if it is none or in use, if `key` is not its key, or if what it remembers is damaged:
    /// then it does not begin anew, since that would be a rollback.
    pub fn open(dir: &Path, key: SigningKey) -> Result<Self, WitnessError> {
        let folder = Folder::open(dir)?;
        let vkey = folder.vkey();
        if *vkey.key() != PublicKey::from(&key) {
            return Err(WitnessError::OtherKey { dir: dir.to_owned(), vkey: vkey.to_string() });
        }
        let mut logs = BTreeMap::new();
        for log in folder.logs()? {
            let latest = log.folder.latest(&log.origin, vkey)?;
            let mut seen = Seen::read(&log.folder.seen())?;
            complete(&log, &mut seen, latest.as_ref());
            let memory = Mutex::new(Memory { latest, seen, unproven: BTreeSet::new() });
            let known = Log { folder: log.folder, vkeys: log.vkeys, memory };
            logs.insert(log.origin, known);
        }
        Ok(Self { name: vkey.name().to_owned(), key, logs, folder })
    }

    /// Returns the origins of the logs that it knows.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// Returns the size that it cosigned last, of each log that it cosigned.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, u64)> {
        self.logs.iter().filter_map(|(origin, log)| {
            let memory = log.memory.lock().unwrap_or_else(PoisonError::into_inner);
            Some((origin.as_str(), memory.latest.as_ref()?.checkpoint.size()))
        })
    }

    /// Returns of each log how many sizes there are of which it signed two roots, and how many
    /// proofs of two histories are kept, together.
    pub fn contradictions(&self) -> impl Iterator<Item = (&str, u64)> {
        self.logs.iter().map(|(origin, log)| {
            let memory = log.memory.lock().unwrap_or_else(PoisonError::into_inner);
            let count = memory.seen.contradictions().count() + memory.seen.proofs().count();
            (origin.as_str(), count as u64)
        })
    }

    /// Returns the last checkpoint that was cosigned of the log whose origin has this SHA-256, in
    /// lower-case hexadecimal: with the log's signatures and the cosignature.
    pub fn checkpoint(&self, origin_hash: &str) -> Option<String> {
        let hash: Hash =
            origin_hash.parse().ok().filter(|hash: &Hash| hash.to_string() == origin_hash)?;
        let (_, log) = self.logs.iter().find(|(origin, _)| Hash::of(origin.as_bytes()) == hash)?;
        let memory = log.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.latest.as_ref().map(|latest| latest.checkpoint.to_string())
    }

    /// Answers the request `add-checkpoint`. `now` reads the clock, in seconds since
    /// 1970-01-01T00:00:00Z; it is read when the turn of this request has come, since those before
    /// it may have been cosigned at a later time than that at which it arrived.
    pub fn add_checkpoint(&self, body: &[u8], now: impl FnOnce() -> u64) -> Answer {
        let Ok(text) = std::str::from_utf8(body) else {
            return Answer::refused(400, "expected text in UTF-8, found other bytes");
        };
        let asked: Consistency = match text.parse() {
            Ok(asked) => asked,
            Err(e) => return Answer::refused(400, e),
        };
        let Some(log) = self.logs.get(asked.checkpoint.origin()) else {
            return Answer::refused(404, "this log is not known here");
        };
        let signed: Vec<Signed> =
            log.vkeys.iter().map(|vkey| asked.checkpoint.signed_by(vkey)).collect();
        let holds = signed.iter().any(|signed| matches!(signed, Signed::Holds(_)));
        if !holds || signed.contains(&Signed::Broken) {
            return Answer::refused(403, "no signature of a known key of this log holds");
        }
        // A thread that panicked has at most written to disk what it did not answer.
        let mut memory = log.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let note = asked.checkpoint.signed_only_by(&log.vkeys);
        let answer = self.decide(log, &mut memory, &asked, note.clone(), now());
        let notices = keep(log, &mut memory, &asked, &note, answer.status == 200);
        drop(memory);
        notices.into_iter().fold(answer, Answer::noticed)
    }

    /// Decides on a checkpoint that its log signed.
    fn decide(
        &self,
        log: &Log,
        memory: &mut Memory,
        asked: &Consistency,
        mut note: Checkpoint,
        now: u64,
    ) -> Answer {
        let Memory { latest: remembered, unproven, .. } = memory;
        let (old, size, root) = (asked.old, note.size(), note.root());
        if old > size {
            return Answer::refused(400, format!("the old size {old} is above the size {size}"));
        }
        let (origin, latest) = (asked.checkpoint.origin(), remembered.as_ref());
        let known = latest.map_or(0, |latest| latest.checkpoint.size());
        if old != known {
            return Answer::size(known);
        }
        if size == 0 && root != Hash::of(b"") {
            return Answer::refused(422, "the root of no entries is SHA-256 of nothing");
        }
        let before = latest.map(|latest| latest.checkpoint.root());
        if before.is_some_and(|before| size == known && root != before) {
            return Answer::size(known);
        }
        if !asked.extends(&before.unwrap_or_else(|| Hash::of(b""))) {
            let answer = Answer::refused(422, "the consistency proof does not hold");
            let told = unproven.len() >= UNPROVEN_MAX || !unproven.insert((size, root));
            let notice = format!("{origin:?}: no proof that size {known} grew to size {size}");
            return if told { answer } else { answer.noticed(notice) };
        }
        let last = latest.map_or(1, |latest| latest.time);
        if now < last || i64::try_from(now).is_err() {
            return Answer::refused(500, "the clock of this witness is wrong").noticed(format!(
                "NOT COSIGNED: the clock stands at {now}, before the last cosignature of \
                 {origin:?} at {last}; set it"
            ));
        }
        let own = [self.folder.vkey().clone()];
        let cosigned = latest.filter(|latest| latest.time == now);
        let same = cosigned.filter(|latest| latest.checkpoint.text() == note.text());
        if let Some(latest) = same {
            // The same to the byte, so that nobody keeps the disk busy by asking again.
            return Answer::text(200, latest.checkpoint.signed_only_by(&own).signature_lines());
        }
        let signed = note.cosign(&self.name, now, &self.key);
        signed.expect("the name was read from a vkey");
        // With our line it may have become longer than a note is, and would not be read again.
        let readable = Checkpoint::of_any_log(&note.to_string()).is_ok_and(|read| read == note);
        if !readable {
            return Answer::refused(400, "the note is too long to be cosigned");
        }
        let lines = note.signed_only_by(&own).signature_lines();
        if let Err(e) = log.folder.persist(&note) {
            return Answer::refused(500, "the checkpoint could not be stored")
                .noticed(format!("NOT COSIGNED: {e}"));
        }
        unproven.clear();
        *remembered = Some(Latest { checkpoint: note, time: now });
        Answer::text(200, lines)
    }
}

/// Adds to what was seen what was cosigned last and the proofs, where they are missing.
fn complete(log: &LogRecord, seen: &mut Seen, latest: Option<&Latest>) {
    let latest = latest.map(|latest| &latest.checkpoint);
    let known = Known { folder: &log.folder.seen(), vkeys: &log.vkeys, latest };
    // What cannot be written keeps nobody from cosigning: it is remembered without.
    if let Some(latest) = latest {
        let _ = seen.keep(known, latest, true);
    }
    let _ = seen.prove_kept(known);
}

/// Keeps what a log signed, and the proof if it contradicts what it signed before. Returns what the
/// operator is to know.
fn keep(
    log: &Log,
    memory: &mut Memory,
    asked: &Consistency,
    note: &Checkpoint,
    cosigned: bool,
) -> Vec<String> {
    let (origin, size) = (note.origin(), note.size());
    let Memory { latest, seen, .. } = memory;
    let latest = latest.as_ref().map(|latest| &latest.checkpoint);
    let known = Known { folder: &log.folder.seen(), vkeys: &log.vkeys, latest };
    let mut notices = Vec::new();
    let crowded = seen.is_crowded();
    match seen.keep(known, note, cosigned) {
        Ok(Kept::Known | Kept::New) => {}
        Ok(Kept::Contradicts(files)) => notices.push(format!(
            "EQUIVOCATION: {origin:?} signed two roots at size {size}; the notes: {}",
            files.map(|file| file.display().to_string()).join(" and ")
        )),
        Err(e) => notices.push(format!("{origin:?} at size {size} could not be kept: {e}")),
    }
    if seen.is_crowded() && !crowded {
        notices.push(format!(
            "{origin:?} signed more notes that were not cosigned than are kept: some are let go of"
        ));
    }
    for proof in [seen.prove(known, note), seen.prove_across(known, asked)] {
        match proof {
            Ok(None) => {}
            Ok(Some(file)) => notices.push(format!(
                "EQUIVOCATION: {} proves that {origin:?} signed two histories",
                file.display()
            )),
            Err(e) => notices.push(format!("{origin:?}: a proof could not be kept: {e}")),
        }
    }
    notices
}

#[cfg(test)]
mod tests;
