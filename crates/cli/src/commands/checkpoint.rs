//! `tally checkpoint`: signs the size and root of a ledger.

use std::path::PathBuf;

use clap::Args;
use ed25519_dalek::SigningKey;

use crate::args::LedgerArg;
use crate::context::Context;
use crate::cosigned::{self, CosignArgs, Signable};
use crate::failure::{Failure, Status};
use crate::keyfile;
use crate::ledger_dir::{self, LedgerDir};
use crate::passphrase::{PassphraseArgs, Passphrases};

/// The arguments of `tally checkpoint`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  tally checkpoint
  tally checkpoint --policy witnesses.policy
  tally checkpoint --witness https://witness.example/ \\
      'witness.example+1a2b3c4d+BA...'

Run again, it asks only those whose cosignature is missing. Exit status 2 if
the quorum of the policy is not met (without one: if a witness did not
cosign); 3 if a witness or mirror has seen another history, or more of it.")]
pub struct CheckpointArgs {
    /// The ledger directory
    #[command(flatten)]
    pub ledger: LedgerArg,

    /// The checkpoint key's file
    #[command(flatten)]
    pub key: CheckpointKeyArgs,

    /// Where passphrases come from
    #[command(flatten)]
    pub passphrase: PassphraseArgs,

    /// Whose cosignatures it gets
    #[command(flatten)]
    pub cosign: CosignArgs,
}

/// The option that names the checkpoint key's file.
#[derive(Debug, Clone, Default, Args)]
pub struct CheckpointKeyArgs {
    /// The checkpoint key's file [default: DIR/keys/checkpoint.pem]
    #[arg(long, value_name = "FILE", help_heading = "Key files")]
    pub checkpoint_key: Option<PathBuf>,
}

impl CheckpointKeyArgs {
    /// Returns the file of the key of the ledger in `dir`.
    pub fn path(&self, dir: &std::path::Path) -> PathBuf {
        self.checkpoint_key.clone().unwrap_or_else(|| ledger_dir::checkpoint_key(dir))
    }

    /// Reads the checkpoint key of the ledger in `dir`.
    ///
    /// # Errors
    ///
    /// Fails if there is no ledger, and if the key file or its passphrase does.
    pub fn read(
        &self,
        dir: &std::path::Path,
        passphrases: &Passphrases,
    ) -> Result<SigningKey, Failure> {
        // Nobody is asked for a passphrase that there is no ledger for.
        tally_store::Reader::open(dir)?;
        let path = self.path(dir);
        Ok(keyfile::read(&path, || passphrases.of_existing(&path))?)
    }
}

/// Signs and prints a checkpoint, and collects its cosignatures.
///
/// # Errors
///
/// Fails if the ledger does not hold, the key is not its checkpoint key, or the disk refuses; and
/// if the cosignatures that came are not those that were wanted.
pub fn run(args: &CheckpointArgs, context: &mut Context) -> Result<Status, Failure> {
    let wanted = args.cosign.wanted()?;
    let key = args.key.read(&args.ledger, &Passphrases::new(args.passphrase.clone()))?;
    let mut ledger = LedgerDir::open(&args.ledger, context)?;
    let size = ledger.head().size();
    let checkpoint = if let Some(stored) = ledger.reader().checkpoint(size)? {
        context.out.talk(&format!("note: there is a checkpoint of size {size} already"));
        ledger_dir::parsed(&stored)?
    } else {
        let checkpoint = ledger.sign_checkpoint(&[], &key)?;
        ledger.put_checkpoint(&checkpoint, context)?;
        checkpoint
    };
    ledger.put_root(&checkpoint, &key)?;
    let Some(wanted) = wanted else {
        context.out.result(&checkpoint.to_string())?;
        return Ok(Status::Clean);
    };
    let signable = Signable::of(&ledger, checkpoint)?;
    // Others may write while witnesses take their time.
    drop(ledger);
    cosigned::collect(&wanted, &signable, &args.ledger, context)
}
