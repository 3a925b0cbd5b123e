//! One sync of one ledger: what is published is read, held against what the mirror has, verified in
//! full, written, cosigned, and only then served.
//!
//! The order of writing: files that never change, then what is known of the keys, then the
//! checkpoint, each synced before the next. A sync that ends anywhere in between leaves the held
//! history as it was, and the next one goes on from the files that are there.

mod candidate;
mod fetch;
mod verified;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tally_ledger::equivocation::{Equivocation, Grown};
use tally_ledger::note::{Checkpoint, SIGNATURES_MAX, Signed, Vkey};
use tally_ledger::tile;

use candidate::Candidate;

use super::roots;
use super::{Clock, Condition, Cosigner, Held, Known, Limits, MirrorError, State};
use crate::disk::{self, Folders};
use crate::history;
use crate::place::Place;
use crate::publish::{CHECKPOINT, CHECKPOINT_BYTES_MAX, POLICY, VKEY};
use crate::published::ReadError;
use crate::remote_tree::RemoteTree;

/// How long a sync reads from its place: what it has by then is kept.
const SYNC_MAX: Duration = Duration::from_mins(10);
/// The texts that a publisher may change at any time; nothing rests on them.
const TEXTS: [&str; 2] = [VKEY, POLICY];

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Synced {
    /// The mirror holds what is published.
    Unchanged {
        /// How many entries.
        size: u64,
    },
    /// The held checkpoint has other signatures now.
    Resigned {
        /// How many entries.
        size: u64,
    },
    /// The ledger has grown.
    Advanced {
        /// How many entries were held before.
        from: u64,
        /// How many are held now.
        to: u64,
    },
    /// An earlier checkpoint is published than the one that is held.
    Stale {
        /// How many entries are published.
        published: u64,
        /// How many are held.
        held: u64,
    },
    /// The log has signed two histories.
    Equivocation {
        /// The proof.
        proof: PathBuf,
        /// Whether it was found by this sync; if not, nothing was read.
        new: bool,
    },
}

/// Brings the held copy of a ledger up to what is published at `place`. The clock is read once the
/// checkpoint is: a cosignature dated earlier would say that it was seen before it was. How the
/// sync ended is kept beside the ledger.
///
/// # Errors
///
/// Fails if the place or the disk does, or what is published does not hold; what is held stays as
/// it was.
pub fn sync(
    held: &Held,
    place: &Place,
    cosigner: &Cosigner,
    clock: Clock<'_>,
) -> Result<Synced, MirrorError> {
    let mut state = held.state()?;
    let before = state.clone();
    let outcome = Sync::begin(held, place, cosigner, clock, &mut state).and_then(Sync::run);
    let now = clock();
    note(&mut state, &outcome, now);
    // A ledger that stays as it was is no reason to write: hundreds of them are looked at.
    let fresh = now.saturating_sub(before.tried) < STATE_AGE_MAX;
    let same = State { tried: before.tried, success: before.success, ..state.clone() } == before;
    if !(same && fresh && matches!(outcome, Ok(Synced::Unchanged { .. }))) {
        held.keep_state(&state)?;
    }
    outcome
}

/// How old the note of a sync that changed nothing may become, in seconds.
const STATE_AGE_MAX: u64 = 3600;

fn note(state: &mut State, outcome: &Result<Synced, MirrorError>, now: u64) {
    state.tried = now;
    state.error = outcome.as_ref().err().map(ToString::to_string);
    state.failures = if outcome.is_ok() { 0 } else { state.failures.saturating_add(1) };
    state.condition = match outcome {
        Ok(Synced::Equivocation { .. }) => Condition::Equivocation,
        Ok(Synced::Stale { published, held }) => {
            let told = format!("{published} entries are published, {held} are held");
            state.error = Some(told);
            Condition::Stale
        }
        Ok(_) => {
            state.success = Some(now);
            Condition::Well
        }
        Err(e) => e.condition(),
    };
}

/// A sync while it runs.
struct Sync<'a> {
    held: &'a Held,
    place: &'a Place,
    cosigner: &'a Cosigner,
    clock: Clock<'a>,
    begun: Instant,
    /// The time of the cosignature.
    now: u64,
    state: &'a mut State,
    known: Known,
    limits: Limits,
    /// The vkeys that the verified entries grant.
    granted: Vec<Vkey>,
    own: Option<Checkpoint>,
}

impl<'a> Sync<'a> {
    fn begin(
        held: &'a Held,
        place: &'a Place,
        cosigner: &'a Cosigner,
        clock: Clock<'a>,
        state: &'a mut State,
    ) -> Result<Self, MirrorError> {
        if cosigner.vkey != held.vkey {
            let (found, expected) = (cosigner.vkey.to_string(), held.vkey.to_string());
            return Err(MirrorError::OtherKey { found, expected });
        }
        let followed = held.followed()?;
        let own = held.checkpoint()?;
        let granted = state.granted.iter().filter_map(|key| key.parse().ok()).collect();
        let (known, limits) = (followed.known()?, followed.limits);
        let begun = Instant::now();
        Ok(Self { held, place, cosigner, clock, begun, now: 0, state, known, limits, granted, own })
    }

    fn run(mut self) -> Result<Synced, MirrorError> {
        if let Some((proof, _)) = self.held.equivocations()?.pop() {
            return Ok(Synced::Equivocation { proof, new: false });
        }
        let name = self.place.name().to_owned();
        let read = self.place.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)?;
        self.now = (self.clock)();
        let read = read.ok_or(ReadError::Nothing { place: name.clone() })?;
        let text = String::from_utf8_lossy(&read.bytes).into_owned();
        let size = self.own.as_ref().map_or(0, Checkpoint::size);
        if self.state.condition == Condition::Well
            && self.state.read.as_ref() == Some(&text)
            && size > 0
        {
            return Ok(Synced::Unchanged { size });
        }
        let parsed = text.parse::<Checkpoint>();
        let theirs = parsed.map_err(|reason| ReadError::NoCheckpoint { place: name, reason })?;
        self.check_signed(&theirs)?;
        let done = match self.own.clone() {
            None => self.advance(&theirs, 0)?,
            Some(own) => self.compare(&own, &theirs)?,
        };
        self.state.read = Some(text);
        Ok(done)
    }

    /// Refuses what no key of this ledger has signed, before anything else is read for it.
    fn check_signed(&self, theirs: &Checkpoint) -> Result<(), MirrorError> {
        let broken = |reason: String| MirrorError::Broken { reason };
        if theirs.origin() != self.held.origin {
            let (found, expected) = (theirs.origin(), &self.held.origin);
            return Err(broken(format!("a checkpoint of {found:.80?}, expected {expected:?}")));
        }
        let mut signed = false;
        for key in self.known.logs().chain(&self.granted) {
            match theirs.signed_by(key) {
                Signed::Holds(_) => signed = true,
                Signed::Broken => {
                    return Err(broken(format!("the signature by {key} does not hold")));
                }
                Signed::Absent => {}
            }
        }
        if !signed {
            let reason = "no known key of the ledger has signed its checkpoint".to_owned();
            return Err(broken(reason));
        }
        Ok(())
    }

    /// Refuses to cosign while the clock stands before the last cosignature, whose time never runs
    /// backward. Proving two histories needs no clock.
    fn check_clock(&self) -> Result<(), MirrorError> {
        let cosigned = self.own.as_ref().and_then(|own| self.held.cosigned(own)).unwrap_or(0);
        let last = self.state.cosigned.max(cosigned);
        if self.now < last {
            let origin = self.held.origin.clone();
            return Err(MirrorError::Clock { origin, now: self.now, last });
        }
        Ok(())
    }

    fn check_time(&self) -> Result<(), MirrorError> {
        let slow = MirrorError::Slow { minutes: SYNC_MAX.as_secs() / 60 };
        if self.begun.elapsed() > SYNC_MAX { Err(slow) } else { Ok(()) }
    }

    fn compare(&mut self, own: &Checkpoint, theirs: &Checkpoint) -> Result<Synced, MirrorError> {
        let (held, published) = (own.size(), theirs.size());
        if published < held {
            let place = self.local()?;
            let grown = RemoteTree::of(&place, own).grown(published);
            let grown = grown.map_err(|e| self.damaged(&e))?;
            if grown.root == theirs.root() {
                return Ok(Synced::Stale { published, held });
            }
            return self.two_histories(own, theirs, Some(&grown));
        }
        if published == held && own.root() == theirs.root() {
            return self.resign(theirs);
        }
        if published == held {
            return self.two_histories(own, theirs, None);
        }
        let grown = RemoteTree::of(self.place, theirs).grown(held)?;
        if grown.root == own.root() {
            self.advance(theirs, held)
        } else {
            self.two_histories(own, theirs, Some(&grown))
        }
    }

    fn local(&self) -> Result<Place, MirrorError> {
        let name = self.held.public.to_str().unwrap_or_default();
        Ok(Place::open(name, &[])?)
    }

    fn damaged(&self, reason: &dyn std::fmt::Display) -> MirrorError {
        let origin = self.held.origin.clone();
        MirrorError::Damaged { origin, reason: reason.to_string() }
    }

    /// Keeps the proof that one key signed both checkpoints.
    fn two_histories(
        &mut self,
        own: &Checkpoint,
        theirs: &Checkpoint,
        grown: Option<&Grown>,
    ) -> Result<Synced, MirrorError> {
        if let Some(proof) = self.prove(own, theirs, grown)? {
            return Ok(Synced::Equivocation { proof, new: true });
        }
        // The key of one of them was replaced: what is served is of no history that is held.
        self.state.read = Some(theirs.to_string());
        let reason = format!(
            "the checkpoint of size {} is of another history, and no known key signed both",
            theirs.size()
        );
        Err(MirrorError::Broken { reason })
    }

    /// Keeps the proof that a known key signed two checkpoints, if they contradict each other.
    fn prove(
        &self,
        one: &Checkpoint,
        other: &Checkpoint,
        grown: Option<&Grown>,
    ) -> Result<Option<PathBuf>, MirrorError> {
        let between = |key: &Vkey| {
            Equivocation::between(key.clone(), one.clone(), other.clone(), grown.cloned()).ok()
        };
        let proof = self.known.logs().chain(&self.granted).find_map(between);
        proof.map(|proof| self.held.keep_equivocation(&proof)).transpose()
    }

    /// Takes over the signatures of a checkpoint that is held.
    fn resign(&mut self, theirs: &Checkpoint) -> Result<Synced, MirrorError> {
        let size = theirs.size();
        if self.known.policy.as_ref().is_some_and(|p| p.asks() && p.met(theirs).is_none()) {
            let reason = "its signatures do not meet the quorum of the policy".to_owned();
            return Err(MirrorError::Broken { reason });
        }
        let own = self.own.as_ref().map(|own| own.not_signed_by(&self.held.vkey).to_string());
        if own == Some(self.stripped(theirs).to_string()) {
            return Ok(Synced::Unchanged { size });
        }
        self.publish(theirs)?;
        Ok(Synced::Resigned { size })
    }

    /// Returns a checkpoint as it was published, but for lines under the mirror's own name, and,
    /// where there is no room for one, for those of strangers.
    fn stripped(&self, theirs: &Checkpoint) -> Checkpoint {
        let stripped = theirs.not_signed_by(&self.held.vkey);
        if stripped.signature_lines().lines().count() < SIGNATURES_MAX {
            return stripped;
        }
        let witnesses = self.known.policy.iter().flat_map(|p| p.witnesses().map(|(_, key)| key));
        let logs = self.known.logs().chain(&self.granted);
        let keys: Vec<Vkey> = logs.chain(witnesses).cloned().collect();
        stripped.signed_only_by(&keys)
    }

    /// Cosigns a checkpoint whose ledger was verified, and serves it.
    fn publish(&mut self, theirs: &Checkpoint) -> Result<(), MirrorError> {
        self.check_clock()?;
        let mut own = self.stripped(theirs);
        own.cosign(self.cosigner.vkey.name(), self.now, &self.cosigner.key)?;
        self.state.cosigned = self.now;
        self.held.keep_state(self.state)?;
        Ok(disk::write(&self.held.public.join(CHECKPOINT), own.to_string().as_bytes())?)
    }

    /// Fetches, verifies, writes and serves the entries that a checkpoint adds to the first `from`.
    fn advance(&mut self, theirs: &Checkpoint, from: u64) -> Result<Synced, MirrorError> {
        self.check_clock()?;
        let size = theirs.size();
        if size > self.limits.entries {
            let most = self.limits.entries;
            return Err(MirrorError::TooLarge { what: "entries", found: size, most });
        }
        let mut read = self.candidate(theirs, from, true)?;
        if read.reused && matches!(read.verified, Err(MirrorError::Broken { .. })) {
            // What an interrupted sync left may be what is broken: the place itself decides.
            read = self.candidate(theirs, from, false)?;
        }
        if let Some(proof) = self.contradicted(&read, theirs, from)? {
            disk::remove_dir(&self.held.incoming())?;
            return Ok(Synced::Equivocation { proof, new: true });
        }
        let Candidate { history, verified, .. } = read;
        let verified = verified.inspect_err(|e| {
            if matches!(e, MirrorError::Broken { .. }) {
                // The next sync reads everything anew; if this does not succeed it reads it twice.
                let _ = disk::remove_dir(&self.held.incoming());
            }
        })?;
        let mut files = Vec::new();
        for path in TEXTS {
            let text = self.place.read(path, CHECKPOINT_BYTES_MAX)?;
            files.extend(text.map(|text| (path.to_owned(), text.bytes)));
        }
        files.extend(history.tail.map(|tail| (history::TAIL.to_owned(), tail)));
        self.evidence(&verified)?;
        let checkpoints: Vec<&Checkpoint> =
            history.checkpoints.iter().chain([theirs]).filter(|it| it.size() > from).collect();
        files.extend(roots::read(self.place, &checkpoints, &verified.authority)?);
        let mut folders = Folders::default();
        for tile in tile::added(from, size) {
            let path = self.held.public.join(tile.path());
            let incoming = self.held.incoming().join(tile.path());
            match verified.tree.tile(&tile) {
                Some(hashes) => folders.write(&path, &hashes)?,
                None if incoming.exists() => folders.settle(&incoming, &path)?,
                None => folders.create_parent(&path)?,
            }
        }
        for path in &history.full {
            let incoming = self.held.incoming().join(path);
            if incoming.exists() {
                folders.settle(&incoming, &self.held.public.join(path))?;
            }
        }
        for (path, bytes) in files {
            folders.write(&self.held.public.join(path), &bytes)?;
        }
        folders.sync()?;
        self.state.ledger_id = verified.ledger_id;
        let granted = verified.authority.checkpoint_vkeys();
        self.state.granted = granted.iter().map(Vkey::to_string).collect();
        self.publish(theirs)?;
        disk::remove_dir(&self.held.incoming())?;
        Ok(Synced::Advanced { from, to: size })
    }
}
