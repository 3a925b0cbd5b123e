//! The pins to verify a ledger with: those of the options, and those of the trust store.

use std::path::{Path, PathBuf};

use tally_ledger::equivocation::Equivocation;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NoteError, Purpose, Signed, Vkey};
use tally_ledger::policy::Policy;
use tally_ledger::tree::Tree;
use tally_ledger::verify::{self, Pins, Verdict};

use super::Source;
use super::text::text_of;
use crate::context::Context;
use crate::contradiction::{self, contradiction};
use crate::failure::Failure;
use crate::trust::{Known, TrustStore};

/// The largest vkey, policy or checkpoint file that is read, in bytes.
const PIN_FILE_MAX: u64 = 256 * 1024;

/// The options that say what is known of a ledger beforehand. What the user's trust store knows of
/// it stays in force beside a checkpoint; a key, a policy or an id stands in its place.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PinArgs {
    /// Require the last checkpoint to be signed by this vkey, or by the one in this file
    #[arg(long, value_name = "VKEY|FILE", help_heading = PINS)]
    pub key: Vec<String>,

    /// Require the logs and the quorum of witnesses of this C2SP policy
    #[arg(long, value_name = "FILE", help_heading = PINS)]
    pub policy: Option<PathBuf>,

    /// Require this ledger id (the id of the genesis entry, 64 hexadecimal digits)
    #[arg(long, value_name = "ID", help_heading = PINS)]
    pub ledger_id: Option<Hash>,

    /// Require the ledger to extend this checkpoint, seen before; may be given several times
    #[arg(long, value_name = "FILE", help_heading = PINS)]
    pub seen: Vec<PathBuf>,

    /// Accept a ledger that is only consistent with itself
    #[arg(long, help_heading = PINS)]
    pub unpinned: bool,
}

const PINS: &str = "Pins";

impl PinArgs {
    /// Returns whether the trust store is not asked. A checkpoint says nothing of whose ledger it
    /// is, and often comes from whoever hands over the rest: it takes no other pin away.
    fn replaces(&self) -> bool {
        let named = !self.key.is_empty() || self.policy.is_some() || self.ledger_id.is_some();
        named || self.unpinned
    }

    /// Returns the pins that the options give.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read, or holds something else.
    pub fn pins(&self) -> Result<Pins, Failure> {
        let keys = self.key.iter().map(|key| vkey(key)).collect::<Result<_, _>>()?;
        let policy = self.policy.as_deref().map(policy).transpose()?.map(|(policy, _)| policy);
        let seen = self.seen.iter().map(|path| checkpoint(path)).collect::<Result<_, _>>()?;
        Ok(Pins { keys, policy, ledger_id: self.ledger_id, seen })
    }
}

/// Returns the vkey in `text`, or in the file of that name.
///
/// # Errors
///
/// Fails if it is neither.
pub fn vkey(text: &str) -> Result<Vkey, Failure> {
    let vkey = any_vkey(text)?;
    if vkey.purpose() == Purpose::Log {
        return Ok(vkey);
    }
    // Witnesses cosign many ledgers: such a key says nothing about which one this is.
    Err(Failure::new(format!("{text:.200} is the key of a witness, expected that of a ledger"))
        .hint("name witnesses in a policy: --policy FILE"))
}

/// Returns the vkey of a witness or mirror that a text is, or that the file it names holds.
///
/// # Errors
///
/// Fails if it is none of a witness.
pub fn witness_vkey(text: &str) -> Result<Vkey, Failure> {
    let vkey = any_vkey(text)?;
    if vkey.purpose() == Purpose::Cosignature {
        return Ok(vkey);
    }
    Err(Failure::new(format!("{text:.200} is the key of a ledger, expected that of a witness"))
        .hint("`tally witness init` printed it; it is in DIR/witness.vkey"))
}

fn any_vkey(text: &str) -> Result<Vkey, Failure> {
    let hint = "a vkey looks like ledger.example/incidents+1a2b3c4d+ARq…=";
    if text.matches('+').count() >= 2 {
        return text
            .parse()
            .map_err(|e| Failure::new(format!("{text:.200} is not a vkey: {e}")).hint(hint));
    }
    let read = pin_file(Path::new(text), "a vkey")?;
    read.trim().parse().map_err(|e| not_quoted(Path::new(text), "a vkey", &e).hint(hint))
}

/// Returns the failure of a file that holds something else than it should. Nothing of the file is
/// quoted: it may be a passphrase, or a key.
fn not_quoted(path: &Path, what: &str, error: &NoteError) -> Failure {
    Failure::new(format!("{} is not {what}: expected {}", path.display(), error.expected))
}

/// Returns the policy in a file, and its text.
///
/// # Errors
///
/// Fails if the file cannot be read or holds something else.
pub fn policy(path: &Path) -> Result<(Policy, String), Failure> {
    let text = pin_file(path, "a policy")?;
    let policy = text.parse().map_err(|e| {
        Failure::new(format!("{} is not a policy: {e}", path.display()))
            .hint("the format is C2SP tlog-policy: lines of log, witness, group and one quorum")
    })?;
    Ok((policy, text))
}

/// Returns the checkpoint in a file.
///
/// # Errors
///
/// Fails if the file cannot be read or holds something else.
pub fn checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    let text = pin_file(path, "a checkpoint")?;
    text.parse().map_err(|e| {
        not_quoted(path, "a checkpoint", &e)
            .hint("print one with: tally checkpoint, or take one from checkpoints/ of the ledger")
    })
}

fn pin_file(path: &Path, expected: &str) -> Result<String, Failure> {
    text_of(path, PIN_FILE_MAX, expected)
}

/// The pins for a source, and where they came from.
pub struct Found {
    /// The pins.
    pub pins: Pins,
    known: Option<(TrustStore, Known)>,
}

/// Finds the pins for `source`: those of the options, and those of the trust store unless the
/// options replace them.
///
/// # Errors
///
/// Fails if a pin cannot be read.
pub fn find_pins(source: &Source, args: &PinArgs, context: &Context) -> Result<Found, Failure> {
    if args.replaces() {
        return pins_of(None, args, context);
    }
    let claimed = source.last_checkpoint()?;
    pins_of(claimed.as_ref().map(Checkpoint::origin), args, context)
}

/// Finds the pins for a ledger of that origin: those of the options, and those of the trust store
/// unless the options replace them.
///
/// # Errors
///
/// As [`find_pins`].
pub fn pins_of(origin: Option<&str>, args: &PinArgs, context: &Context) -> Result<Found, Failure> {
    let given = args.pins()?;
    if args.replaces() {
        return Ok(Found { pins: given, known: None });
    }
    let mut found = find(origin, context)?;
    found.pins.seen.extend(given.seen);
    Ok(found)
}

/// Finds what the trust store knows of the ledger `origin`.
fn find(origin: Option<&str>, context: &Context) -> Result<Found, Failure> {
    let (Some(origin), Ok(store)) = (origin, TrustStore::of(context.config.as_deref())) else {
        return Ok(Found { pins: Pins::default(), known: None });
    };
    match store.find(origin)? {
        Some(known) => Ok(Found { pins: known.pins()?, known: Some((store, known)) }),
        None => Ok(Found { pins: Pins::default(), known: None }),
    }
}

impl Found {
    /// Takes note of how a verification under these pins ended: the trust store remembers the
    /// largest checkpoint accepted, and keeps one that contradicts it.
    ///
    /// # Errors
    ///
    /// Fails if the trust store cannot be written.
    pub fn remember(
        &self,
        source: &Source,
        verification: &verify::Verification,
        context: &Context,
    ) -> Result<(), Failure> {
        let Some((store, known)) = &self.known else {
            return Ok(());
        };
        let Some(last) = source.last_checkpoint()? else {
            return Ok(());
        };
        // The source is read a second time here: only what was verified is remembered.
        let verified = verification.checkpoints.last();
        let sound =
            verified.is_some_and(|c| c.sound && c.size == last.size() && c.root == last.root());
        if !sound {
            return Ok(());
        }
        let seen = known.seen();
        match verification.verdict() {
            // An extract may be silent on the checkpoint seen before: it never takes its place.
            Verdict::Whole if verification.pins_unchecked.is_empty() => {
                if seen.is_none_or(|seen| seen.size() < last.size()) {
                    store.saw(&known.origin, &last)?;
                }
            }
            Verdict::Failed => {
                // Anybody can make up a ledger of that origin; it shows nothing about this one.
                let ours = self.pins.ledger_id.is_some_and(|id| verification.ledger_id == Some(id))
                    || self.pins.keys.iter().any(|key| last.signed_by(key) != Signed::Absent);
                if let Some(seen) = seen.filter(|seen| ours && verification.denies(seen)) {
                    let proof = self.proof(source, &seen, &last);
                    contradiction::keep(store, [&seen, &last], proof.as_ref(), context)?;
                }
            }
            Verdict::Whole | Verdict::ConsistentWithItself | Verdict::NotWhole => {}
        }
        Ok(())
    }

    /// Returns the proof that one key signed both checkpoints, the last of `source` and one seen
    /// before, as far as the entries there suffice for it. It is made of nothing but what the key
    /// signed.
    fn proof(&self, source: &Source, seen: &Checkpoint, last: &Checkpoint) -> Option<Equivocation> {
        let ledger = source.read(&Pins::default()).ok()?;
        let keys: Vec<Vkey> = self
            .pins
            .logs()
            .cloned()
            .chain(contradiction::log_keys(&ledger, last.origin()))
            .collect();
        contradiction(&keys, seen, last, &contradiction::tree(&ledger))
    }

    /// Keeps a checkpoint as evidence if a key of the ledger signed it, and it has another root
    /// than the one that the trust store has seen at that size.
    ///
    /// # Errors
    ///
    /// Fails if the trust store cannot be written.
    pub fn keep_contradiction(&self, found: &Checkpoint, context: &Context) -> Result<(), Failure> {
        let Some((store, known)) = &self.known else {
            return Ok(());
        };
        let Some(seen) = known.seen() else {
            return Ok(());
        };
        let signs = |vkey: &Vkey| {
            vkey.name() == seen.origin() && matches!(found.signed_by(vkey), Signed::Holds(_))
        };
        let same = found.origin() == seen.origin() && found.size() == seen.size();
        if same && found.root() != seen.root() && self.pins.logs().any(signs) {
            let keys: Vec<Vkey> = self.pins.logs().cloned().collect();
            let proof = contradiction(&keys, &seen, found, &Tree::default());
            contradiction::keep(store, [&seen, found], proof.as_ref(), context)?;
        }
        Ok(())
    }
}
