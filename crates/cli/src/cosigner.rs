//! Beginning a witness or a mirror: each is a directory with a key that cosigns.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use tally_ledger::key::PublicKey;
use tally_ledger::name::{NameError, Origin};
use tally_ledger::note::{Purpose, Vkey};

use crate::context::Context;
use crate::failure::Failure;
use crate::keyfile::{self, Protection};
use crate::passphrase::{PassphraseArgs, Passphrases};

/// What a witness or a mirror is begun with.
#[derive(Debug, Clone, Args)]
pub struct CosignerArgs {
    /// The directory to begin it in
    pub dir: PathBuf,

    /// The name of its key: a URL without its scheme, such as witness.example/incidents
    #[arg(long, value_parser = key_name)]
    name: Origin,

    /// Leave the private key unencrypted on disk
    #[arg(long, help_heading = "Key files")]
    unencrypted_keys: bool,

    /// Where the passphrase of the new key file comes from
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Reads the name of a key that cosigns, which is for good and has the form of an origin.
fn key_name(text: &str) -> Result<Origin, &'static str> {
    text.parse().map_err(|_: NameError| {
        "expected a URL without its scheme, such as witness.example/incidents (a-z 0-9 - _ . \
         and /, at most 128)"
    })
}

/// Makes a key in the key file `file` of the directory, has `create` make the rest of the directory
/// for its vkey, and returns that.
///
/// # Errors
///
/// Fails if the key file exists or cannot be made, or `create` fails.
pub fn begin(
    args: &CosignerArgs,
    file: &Path,
    create: impl FnOnce(&Vkey) -> Result<(), Failure>,
    context: &mut Context,
) -> Result<Vkey, Failure> {
    let key = keyfile::generate().map_err(|e| Failure::no_randomness(&e))?;
    let vkey = Vkey::new(args.name.as_str(), Purpose::Cosignature, PublicKey::from(&key))
        .expect("an origin has neither white space nor +");
    let passphrase = if args.unencrypted_keys {
        None
    } else {
        Some(Passphrases::new(args.passphrase.clone()).for_new(file)?)
    };
    fs::create_dir_all(&args.dir).map_err(|e| Failure::io("make", &args.dir, &e))?;
    let protection = passphrase.as_ref().map_or(Protection::PlainOnRequest, Protection::Passphrase);
    keyfile::create(file, &key, protection)?;
    create(&vkey)?;
    if args.unencrypted_keys {
        context.out.talk("note: the private key is NOT encrypted, as was asked for.");
    }
    Ok(vkey)
}
