//! One sync of one ledger: what is published is read, held against what the mirror has, verified in
//! full, written, cosigned, and only then served.
//!
//! The order of writing: files that never change, then what is known of the keys, then the
//! checkpoint, each synced before the next. A sync that ends anywhere in between leaves the held
//! history as it was, and the next one goes on from the files that are there.

mod advance;
mod candidate;
mod conflict;
mod earlier;
mod fetch;
mod seen;
mod verified;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tally_ledger::note::{Checkpoint, Signed, Vkey};

use earlier::lines;

use super::{Clock, Condition, Cosigner, Held, Known, Limits, MirrorError, State};
use crate::disk;
use crate::place::Place;
use crate::publish::{CHECKPOINT, CHECKPOINT_BYTES_MAX};
use crate::published::ReadError;
use crate::remote_tree::RemoteTree;

/// How long a sync reads from its place: what it has by then is kept.
const SYNC_MAX: Duration = Duration::from_mins(10);

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
        /// How many the mirror cosigned.
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
        // What went wrong first is what is told.
        return outcome.and_then(|done| held.keep_state(&state).map(|()| done)).inspect_err(|_| {
            let _ = held.keep_state(&state);
        });
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
            let told = format!("{published} entries are published, {held} were cosigned");
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
    /// The vkeys that may sign checkpoints: those that were given, until the entries tell.
    live: Vec<Vkey>,
    /// Those that might once.
    retired: Vec<Vkey>,
    /// The most bytes of entries.
    entry_bytes_max: u64,
    own: Option<Checkpoint>,
    /// What the mirror cosigned last, whatever it serves now.
    before: Option<Checkpoint>,
}

/// Whose key signed a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signer {
    /// One that may.
    Live,
    /// One that might once.
    Retired,
    /// None that is known.
    Unknown,
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
        let (own, before) = (held.checkpoint()?, held.cosigned_before()?);
        let (known, limits) = (followed.known()?, followed.limits);
        let read = |keys: &[String]| keys.iter().filter_map(|key| key.parse().ok()).collect();
        let (live, retired) = if state.ledger_id.is_some() {
            (read(&state.granted), read(&state.retired))
        } else {
            (known.logs().cloned().collect(), Vec::new())
        };
        Ok(Self {
            held,
            place,
            cosigner,
            clock,
            begun: Instant::now(),
            now: 0,
            state,
            known,
            limits,
            live,
            retired,
            entry_bytes_max: limits.bytes,
            own,
            before,
        })
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
        let size = self.own_size();
        if self.state.condition == Condition::Well
            && self.state.read.as_ref() == Some(&text)
            && size > 0
        {
            return Ok(Synced::Unchanged { size });
        }
        let parsed = text.parse::<Checkpoint>();
        let theirs = parsed.map_err(|reason| ReadError::NoCheckpoint { place: name, reason })?;
        let signer = self.signer(&theirs)?;
        let done = match self.take(&theirs, signer) {
            // What a key of the log signed is not forgotten because the rest cannot be had.
            Err(e) if signer != Signer::Unknown => match self.keep_seen([&theirs]) {
                Ok(Some(proof)) => Synced::Equivocation { proof, new: true },
                _ => return Err(e),
            },
            done => done?,
        };
        self.state.read = Some(text);
        Ok(done)
    }

    fn take(&mut self, theirs: &Checkpoint, signer: Signer) -> Result<Synced, MirrorError> {
        let size = self.own_size();
        match self.before.clone().filter(|before| before.size() > size) {
            Some(before) => self.follow_again(&before, theirs, signer),
            None => match self.own.clone() {
                Some(own) => self.compare(&own, theirs, signer),
                None => self.advance(theirs, 0, signer),
            },
        }
    }

    /// Returns whose key signed a checkpoint, before anything else is read for it.
    fn signer(&self, theirs: &Checkpoint) -> Result<Signer, MirrorError> {
        if theirs.origin() != self.held.origin {
            let (found, expected) = (theirs.origin(), &self.held.origin);
            let reason = format!("a checkpoint of {found:.80?}, expected {expected:?}");
            return Err(MirrorError::Broken { reason });
        }
        let mut signer = Signer::Unknown;
        let live = self.live.iter().map(|key| (key, Signer::Live));
        for (key, of_key) in live.chain(self.retired.iter().map(|key| (key, Signer::Retired))) {
            match theirs.signed_by(key) {
                Signed::Holds(_) if signer == Signer::Unknown => signer = of_key,
                Signed::Broken => {
                    let reason = format!("the signature by {key} does not hold");
                    return Err(MirrorError::Broken { reason });
                }
                Signed::Holds(_) | Signed::Absent => {}
            }
        }
        Ok(signer)
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

    fn compare(
        &mut self,
        own: &Checkpoint,
        theirs: &Checkpoint,
        signer: Signer,
    ) -> Result<Synced, MirrorError> {
        let (held, published) = (own.size(), theirs.size());
        if published < held && signer == Signer::Unknown {
            return Err(unknown());
        }
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
            return self.resign(own, theirs, signer);
        }
        if published == held {
            return self.two_histories(own, theirs, None);
        }
        let grown = RemoteTree::of(self.place, theirs).grown(held)?;
        if grown.root == own.root() {
            self.advance(theirs, held, signer)
        } else {
            self.two_histories(own, theirs, Some(&grown))
        }
    }

    /// Takes a ledger whose files were removed, or put back to older ones: what was cosigned of it
    /// stays cosigned, so that it has to extend that.
    fn follow_again(
        &mut self,
        before: &Checkpoint,
        theirs: &Checkpoint,
        signer: Signer,
    ) -> Result<Synced, MirrorError> {
        let (held, published) = (before.size(), theirs.size());
        if published < held && signer == Signer::Unknown {
            return Err(unknown());
        }
        if published < held {
            // Whether it is of the same history shows once there are entries.
            if let Some(proof) = self.keep_seen([theirs])? {
                return Ok(Synced::Equivocation { proof, new: true });
            }
            return Ok(Synced::Stale { published, held });
        }
        let grown = RemoteTree::of(self.place, theirs).grown(held)?;
        if grown.root == before.root() {
            self.advance(theirs, self.own_size(), signer)
        } else {
            self.two_histories(before, theirs, Some(&grown))
        }
    }

    /// Returns how many entries the mirror serves.
    fn own_size(&self) -> u64 {
        self.own.as_ref().map_or(0, Checkpoint::size)
    }

    /// Returns the last checkpoint that the mirror has cosigned.
    fn last(&self) -> Option<&Checkpoint> {
        self.own.iter().chain(&self.before).max_by_key(|one| one.size())
    }

    fn local(&self) -> Result<Place, MirrorError> {
        let name = self.held.public.to_str().unwrap_or_default();
        Ok(Place::open(name, &[])?)
    }

    fn damaged(&self, reason: &dyn std::fmt::Display) -> MirrorError {
        let origin = self.held.origin.clone();
        MirrorError::Damaged { origin, reason: reason.to_string() }
    }

    /// Joins the signatures of a checkpoint that is held with those that are published.
    fn resign(
        &mut self,
        own: &Checkpoint,
        theirs: &Checkpoint,
        signer: Signer,
    ) -> Result<Synced, MirrorError> {
        let size = theirs.size();
        let held = own.not_signed_by(&self.held.vkey);
        let theirs = theirs.not_signed_by(&self.held.vkey);
        let joined = lines(Some(&held), Some(&theirs), &self.keys());
        if self.cosigned(&joined)?.not_signed_by(&self.held.vkey) == held {
            return Ok(Synced::Unchanged { size });
        }
        if signer != Signer::Live {
            let reason = "no key that may sign checkpoints now has signed it".to_owned();
            return Err(MirrorError::Broken { reason });
        }
        if self.known.policy.as_ref().is_some_and(|p| p.asks() && p.met(&joined).is_none()) {
            let reason = "its signatures do not meet the quorum of the policy".to_owned();
            return Err(MirrorError::Broken { reason });
        }
        self.publish(&joined)?;
        Ok(Synced::Resigned { size })
    }

    /// Returns the keys whose lines are kept where there is no room for all: those of the log and
    /// of the policy's witnesses.
    fn keys(&self) -> Vec<Vkey> {
        let witnesses = self.known.policy.iter().flat_map(|p| p.witnesses().map(|(_, key)| key));
        let logs = self.known.logs().chain(&self.live).chain(&self.retired);
        logs.chain(witnesses).cloned().collect()
    }

    /// Returns a checkpoint with the mirror's cosignature, and without the lines of strangers if
    /// there would be no room for it.
    fn cosigned(&self, theirs: &Checkpoint) -> Result<Checkpoint, MirrorError> {
        let theirs = theirs.not_signed_by(&self.held.vkey);
        let theirs = lines(None, Some(&theirs), &self.keys());
        for without in [theirs.clone(), theirs.signed_only_by(&self.keys())] {
            let mut own = without;
            own.cosign(self.cosigner.vkey.name(), self.now, &self.cosigner.key)?;
            if own.to_string().parse::<Checkpoint>().is_ok() {
                return Ok(own);
            }
        }
        let reason = "its known signatures leave no room for one more".to_owned();
        Err(MirrorError::Broken { reason })
    }

    /// Cosigns a checkpoint whose ledger was verified, and serves it.
    fn publish(&mut self, theirs: &Checkpoint) -> Result<(), MirrorError> {
        self.check_clock()?;
        let own = self.cosigned(theirs)?;
        self.state.cosigned = self.now;
        self.held.keep_state(self.state)?;
        self.held.keep_cosigned(&own)?;
        Ok(disk::write(&self.held.public.join(CHECKPOINT), own.to_string().as_bytes())?)
    }
}

fn unknown() -> MirrorError {
    let reason = "no known key of the ledger has signed its checkpoint".to_owned();
    MirrorError::Broken { reason }
}
