//! `tally checkpoint`: signs the size and root of a ledger.

use std::path::PathBuf;

use clap::Args;
use ed25519_dalek::SigningKey;

use crate::args::LedgerArg;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::keyfile;
use crate::ledger_dir::{self, LedgerDir};
use crate::passphrase::{PassphraseArgs, Passphrases};

/// The arguments of `tally checkpoint`.
#[derive(Debug, Clone, Default, Args)]
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

/// Signs and prints a checkpoint.
///
/// # Errors
///
/// Fails if the ledger does not hold, the key is not its checkpoint key, or the disk refuses.
pub fn run(args: &CheckpointArgs, context: &mut Context) -> Result<Status, Failure> {
    let key = args.key.read(&args.ledger, &Passphrases::new(args.passphrase.clone()))?;
    let mut ledger = LedgerDir::open(&args.ledger, context)?;
    let size = ledger.head().size();
    if let Some(stored) = ledger.reader().checkpoint(size)? {
        context.out.talk(&format!("note: there is a checkpoint of size {size} already"));
        ledger.put_root(&ledger_dir::parsed(&stored)?, &key)?;
        context.out.result(&stored.note)?;
        return Ok(Status::Clean);
    }
    let checkpoint = ledger.sign_checkpoint(&[], &key)?;
    ledger.put_checkpoint(&checkpoint, context)?;
    ledger.put_root(&checkpoint, &key)?;
    context.out.result(&checkpoint.to_string())?;
    Ok(Status::Clean)
}
