//! `tally prove`: a small file that shows one thing about a ledger.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tally_ledger::consistency::Consistency;
use tally_ledger::key::PublicKey;
use tally_ledger::name::Role;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_ledger::proof::Inclusion;
use tally_ledger::receipt::{Algorithm, Proof, Receipt, SignedRoot, Statement};
use tally_ledger::tree::Tree;
use tally_ledger::verify::VerifiedLedger;
use tally_store::Reader;

use crate::args::LedgerArg;
use crate::commands::checkpoint::CheckpointKeyArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir;
use crate::passphrase::{PassphraseArgs, Passphrases};
use crate::published::Published;
use crate::source::{self, PinArgs};
use crate::staged::{self, Staged};

/// The most sizes of checkpoints that a hint lists.
const TOLD_MAX: usize = 10;

/// The arguments of `tally prove`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  tally prove 17 -o entry-17.tlog-proof
  tally prove 17 --receipt -o entry-17.cose
  tally prove --from 12 -o grown.txt
  tally prove 17 --source https://ca.example/ledger -o entry-17.tlog-proof

Anybody checks such a file with `tally verify FILE`, without the ledger.")]
pub struct ProveArgs {
    /// The seq of the entry to prove
    #[arg(value_name = "SEQ", required_unless_present = "from", conflicts_with = "from")]
    pub entry: Option<u64>,

    /// Prove that the ledger extends its first SIZE entries, or this checkpoint
    #[arg(long, value_name = "SIZE|FILE")]
    pub from: Option<String>,

    /// Prove it under the checkpoint of this size [default: the last]
    #[arg(long, value_name = "SIZE")]
    pub at: Option<u64>,

    /// The file to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace FILE if it exists
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Write a COSE receipt (RFC 9942) instead of text
    #[arg(long, requires = "output")]
    pub receipt: bool,

    /// Sign the receipt anew, with the checkpoint key, under this name
    #[arg(long, value_enum, value_name = "ALG", requires = "receipt")]
    pub alg: Option<Alg>,

    /// The ledger directory
    #[command(flatten)]
    pub ledger: LedgerArg,

    /// Prove it of the ledger that is published there, instead of a directory
    #[arg(long, value_name = "PLACE", conflicts_with = "alg")]
    pub source: Option<PathBuf>,

    /// The checkpoint key's file
    #[command(flatten)]
    pub key: CheckpointKeyArgs,

    /// Where passphrases come from
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// The name of the signature's algorithm, Ed25519, in the header of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Alg {
    /// -19, as in every entry
    Ed25519,
    /// -8, for verifiers that know no other
    Eddsa,
}

impl From<Alg> for Algorithm {
    fn from(alg: Alg) -> Self {
        match alg {
            Alg::Ed25519 => Self::Ed25519,
            Alg::Eddsa => Self::EdDsa,
        }
    }
}

/// Makes a proof, and writes it to a file or to standard output.
///
/// # Errors
///
/// Fails if the ledger does not hold, the checkpoint is not there or does not reach so far, or the
/// disk refuses.
pub fn run(args: &ProveArgs, context: &mut Context) -> Result<Status, Failure> {
    if let Some(output) = &args.output {
        staged::refuse_existing(output, args.force)?;
    }
    let proving = Proving::open(args, context)?;
    let (what, old, bytes) = match (args.entry, &args.from) {
        (Some(seq), _) => (format!("entry {seq}"), None, proving.inclusion(seq)?),
        (None, Some(from)) => {
            let old = proving.old(from)?;
            let first =
                if old == 1 { "first entry".to_owned() } else { format!("first {old} entries") };
            (format!("the {first}"), Some(old), proving.consistency(old)?)
        }
        (None, None) => return Err(Failure::new("nothing to prove").hint("name an entry")),
    };
    let Some(output) = &args.output else {
        context.out.bytes(&bytes)?;
        return Ok(Status::Clean);
    };
    let staged = Staged::write(output, |mut file| {
        file.write_all(&bytes)?;
        Ok(file)
    })?;
    staged.place(args.force)?;
    let size = proving.checkpoint.size();
    context.out.result(&format!("{what}, in the ledger of {size}: {}", output.display()))?;
    if args.receipt {
        context.out.talk(&match old {
            None => format!(
                "note: a receipt is checked with the checkpoint of size {size}, which does not \
                 stand in it: hand that over too, or say where it is published"
            ),
            Some(old) => format!(
                "note: a receipt is checked with the checkpoints of sizes {old} and {size}, which \
                 do not stand in it: hand both over too, or say where they are published"
            ),
        });
    }
    Ok(Status::Clean)
}

/// A verified ledger, and the checkpoint that proofs are made under.
struct Proving<'a> {
    args: &'a ProveArgs,
    ledger: VerifiedLedger,
    tree: Tree,
    checkpoint: Checkpoint,
    /// The signed root of the checkpoint, as far as there is one.
    root: Option<SignedRoot>,
}

impl<'a> Proving<'a> {
    fn open(args: &'a ProveArgs, context: &Context) -> Result<Self, Failure> {
        let (ledger, checkpoint, root) = match &args.source {
            Some(place) => published(args, place, context)?,
            None => kept(args, context)?,
        };
        if let Some(fault) = &ledger.verification().fault {
            return Err(Failure::unsound(args.source.as_deref().unwrap_or(&args.ledger), fault));
        }
        let mut tree = Tree::default();
        for entry in ledger.entries() {
            tree.push(entry.id());
        }
        Ok(Self { args, ledger, tree, checkpoint, root })
    }

    /// Returns the proof that the entry at `seq` stands in the ledger.
    fn inclusion(&self, seq: u64) -> Result<Vec<u8>, Failure> {
        let (size, entries) = (self.checkpoint.size(), self.ledger.entries().len() as u64);
        let (Some(entry), Some(path)) = (self.ledger.entry(seq), self.tree.inclusion(seq, size))
        else {
            return Err(if seq >= entries {
                Failure::new(format!("there is no entry {seq} among {entries}, from 0 on"))
                    .hint("see the entries with: tally list entries")
            } else {
                Failure::new(format!("entry {seq} comes after the checkpoint of size {size}"))
                    .hint("sign one that holds it with: tally checkpoint; or name it with --at")
            });
        };
        let entry = entry.bytes().to_vec();
        if self.args.receipt {
            let proof = Proof::Inclusion { size, index: seq, path };
            let receipt = Receipt { root: self.signed_root()?, proof };
            let statement = Statement { entry, receipt }.bytes();
            return statement.map_err(|e| Failure::new(e.to_string()).hint("run: tally doctor"));
        }
        let checkpoint = self.checkpoint.clone();
        Ok(Inclusion { entry, index: seq, path, checkpoint }.to_string().into_bytes())
    }

    /// Returns the proof that the ledger extends its first `old` entries.
    fn consistency(&self, old: u64) -> Result<Vec<u8>, Failure> {
        let size = self.checkpoint.size();
        if size == 1 {
            return Err(Failure::new("a checkpoint of one entry extends no smaller one")
                .hint("sign one of more entries with: tally checkpoint; or name it with --at"));
        }
        let proof = self.tree.consistency(old, size).filter(|_| old < size).ok_or_else(|| {
            Failure::new(format!("expected a size from 1 to {}, found {old}", size - 1))
                .hint("the smaller size is --from, the larger one --at, or the last checkpoint")
        })?;
        if self.args.receipt {
            let proof = Proof::Consistency { old, size, path: proof };
            return Ok(Receipt { root: self.signed_root()?, proof }.bytes());
        }
        let checkpoint = self.checkpoint.clone();
        Ok(Consistency { old, proof, checkpoint }.to_string().into_bytes())
    }

    /// Returns the vkeys of all keys that were ever granted to sign checkpoints: an earlier
    /// checkpoint is by a key of its time.
    fn signers(&self) -> impl Iterator<Item = Vkey> {
        let origin = self.ledger.entries()[0].origin();
        let granted = self.ledger.authority().keys().values();
        let signing = granted.filter(|record| record.key.holds(Role::CHECKPOINT));
        signing.map(|record| Vkey::log(origin, record.key.key))
    }

    /// Returns the smaller size, which `from` states or whose checkpoint is in that file.
    fn old(&self, from: &str) -> Result<u64, Failure> {
        if let Ok(size) = from.parse() {
            return Ok(size);
        }
        let seen = source::checkpoint(Path::new(from))?;
        let (size, found) = (seen.size(), seen.root());
        if seen.origin() != self.checkpoint.origin() {
            let (found, expected) = (seen.origin(), self.checkpoint.origin());
            let what = format!("{from} is of the ledger {found:.200}, expected {expected}");
            return Err(Failure::new(what).hint("name a checkpoint of this ledger"));
        }
        // Anybody can write a checkpoint: it says nothing of the ledger unless its key did.
        if !self.signers().any(|vkey| signs(&seen, &vkey)) {
            let what = format!("{from} is not signed by a checkpoint key of this ledger");
            return Err(Failure::new(what)
                .hint(format!("take one that is; --from {size} proves it of the size alone")));
        }
        match self.tree.root(size) {
            Some(root) if root == found => Ok(size),
            Some(root) => {
                let what = format!("{from} has the root {found} at size {size}, found {root} here");
                let failure = Failure::new(what).status(Status::Failed);
                Err(failure.hint("keep both: two signed roots of one size are two histories"))
            }
            None => {
                let here = self.ledger.entries().len();
                let what = format!("{from} is of {size} entries, found {here} here: some are gone");
                Err(Failure::new(what).status(Status::Failed).hint(
                    "the ledger's key signed it: keep it, and record nothing here before the \
                     entries are found",
                ))
            }
        }
    }

    /// Returns the signed root of the checkpoint: the stored one, or one that is signed anew.
    fn signed_root(&self) -> Result<SignedRoot, Failure> {
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        if size == 1 {
            return Err(Failure::new("a checkpoint of one entry has no receipts")
                .hint("leave --receipt away, or sign a checkpoint of more entries"));
        }
        if let Some(alg) = self.args.alg {
            return self.signed_anew(alg.into());
        }
        let stored = self.root.clone().ok_or_else(|| {
            Failure::new(format!("no root is signed for receipts at size {size}"))
                .hint("its keeper signs it with: tally checkpoint, or here with --alg ed25519")
        })?;
        // Every key can sign a root: it is that of the checkpoint if the checkpoint's key did.
        let mut signers = self.signers().filter(|vkey| signs(&self.checkpoint, vkey));
        if signers.any(|vkey| stored.holds(&root, vkey.key())) {
            return Ok(stored);
        }
        Err(Failure::new(format!("the signed root of size {size} is not that of the checkpoint"))
            .hint("move its file out of roots/, then run: tally checkpoint"))
    }

    fn signed_anew(&self, algorithm: Algorithm) -> Result<SignedRoot, Failure> {
        let passphrases = Passphrases::new(self.args.passphrase.clone());
        let key = self.args.key.read(&self.args.ledger, &passphrases)?;
        let origin = self.ledger.entries()[0].origin();
        let vkey = Vkey::log(origin, PublicKey::from(&key));
        if signs(&self.checkpoint, &vkey) {
            return Ok(SignedRoot::sign(origin, &self.checkpoint.root(), &key, algorithm));
        }
        let size = self.checkpoint.size();
        Err(Failure::new(format!("this key did not sign the checkpoint of size {size}"))
            .hint("name the checkpoint key's file with --checkpoint-key FILE"))
    }
}

fn signs(checkpoint: &Checkpoint, vkey: &Vkey) -> bool {
    matches!(checkpoint.signed_by(vkey), Signed::Holds(_))
}

/// A verified ledger, the checkpoint that was asked for, and its signed root.
type Read = (VerifiedLedger, Checkpoint, Option<SignedRoot>);

/// Reads the ledger directory.
fn kept(args: &ProveArgs, context: &Context) -> Result<Read, Failure> {
    let reader = Reader::open(&args.ledger)?;
    let ledger = ledger_dir::verify(&reader, &ledger_dir::remembered(&reader, context)?)?;
    let checkpoint = chosen(ledger_dir::checkpoints(&reader)?, args.at)?;
    // A damaged one is in the way of receipts alone.
    let root = if args.receipt { reader.root(checkpoint.size())? } else { None };
    Ok((ledger, checkpoint, root))
}

/// Reads a published ledger.
fn published(args: &ProveArgs, place: &Path, context: &Context) -> Result<Read, Failure> {
    source::refuse_half_address(place)?;
    let from = Published::open(place, context)?;
    let origin = from.checkpoint().origin().to_owned();
    let pins = source::pins_of(Some(&origin), &PinArgs::default(), context)?.pins;
    let ledger = from.verify(&pins)?;
    let checkpoint = chosen(from.checkpoints()?, args.at)?;
    let root = if args.receipt { from.root(checkpoint.size())? } else { None };
    Ok((ledger, checkpoint, root))
}

/// Returns the checkpoint of the size that was asked for, else the last.
fn chosen(mut checkpoints: Vec<Checkpoint>, at: Option<u64>) -> Result<Checkpoint, Failure> {
    let sizes: Vec<u64> = checkpoints.iter().map(Checkpoint::size).collect();
    let Some(last) = checkpoints.pop() else {
        return Err(Failure::new("the ledger has no checkpoint").hint("run: tally checkpoint"));
    };
    let Some(at) = at else {
        return Ok(last);
    };
    checkpoints.into_iter().chain([last]).find(|c| c.size() == at).ok_or_else(|| {
        Failure::new(format!("the ledger has no checkpoint of size {at}")).hint(told(&sizes, at))
    })
}

/// Says which sizes there are, ascending, around one that is not among them.
fn told(sizes: &[u64], at: u64) -> String {
    let first = sizes.partition_point(|size| *size < at).saturating_sub(TOLD_MAX / 2);
    let first = first.min(sizes.len().saturating_sub(TOLD_MAX));
    let near = sizes.iter().skip(first).take(TOLD_MAX).map(u64::to_string);
    let near = near.collect::<Vec<_>>().join(", ");
    match sizes.len() {
        count if count > TOLD_MAX => {
            format!("it has {count} checkpoints, around there of the sizes {near}")
        }
        _ => format!("it has those of the sizes {near}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_sizes_at_most_are_told() {
        let sizes: Vec<u64> = (1..=100).map(|n| n * 10).collect();
        let told = |at| told(&sizes, at).rsplit_once("sizes ").unwrap().1.to_owned();
        assert_eq!(told(505), "460, 470, 480, 490, 500, 510, 520, 530, 540, 550");
        assert_eq!(told(4242), "910, 920, 930, 940, 950, 960, 970, 980, 990, 1000");
        assert_eq!(told(3), "10, 20, 30, 40, 50, 60, 70, 80, 90, 100");
        assert_eq!(super::told(&[1, 4, 7], 6), "it has those of the sizes 1, 4, 7");
    }
}
