//! `tally reply`: the organisation named answers a finding, in a text that it signs.

use std::path::PathBuf;

use clap::Args;
use tally_divergence::reply::{REPLY_MAX, Reply};
use tally_ledger::hash::Hash;
use tally_ledger::key::PublicKey;
use tally_ledger::note::{Purpose, SignedText, Vkey};

use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::passphrase::{PassphraseArgs, Passphrases};
use crate::{keyfile, source, staged};

/// The arguments of `tally reply`.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "tally reply <FINDING> --by <ORGANISATION> --from <FILE> [OPTIONS]")]
#[command(after_help = "\
Example:
  tally reply 20b0ec73…64 digits… --by \"Example CA\" --from answer.txt \\
    --key-file keys/author.pem --key-name ca.example/replies -o reply.note

Whoever reports adds it: tally audit … --reply reply.note --reply-key VKEY")]
pub struct ReplyArgs {
    /// The id of the finding, all 64 digits
    pub finding: Hash,

    /// The organisation that answers
    #[arg(long, value_name = "ORGANISATION")]
    pub by: String,

    /// The text of the answer; - is standard input
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,

    /// The key file that signs it; never that of checkpoints
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,

    /// The name under which the key is known, such as ca.example/replies
    #[arg(long, value_name = "NAME")]
    pub key_name: String,

    /// Where the signed reply is written
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,

    /// Where passphrases come from
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// Signs the reply and prints the vkey that others check it with.
///
/// # Errors
///
/// Fails if the text or the key cannot be read, or the reply cannot be written.
pub fn run(args: &ReplyArgs, context: &mut Context) -> Result<Status, Failure> {
    let text = source::read_text_or_stdin(&args.from, REPLY_MAX as u64)?;
    let refused = |e: String| {
        Failure::new(format!("the reply cannot be signed: {e}"))
            .hint("name the organisation, and a text of at most 8 KiB without control characters")
    };
    let text = Reply::text(&args.finding, &args.by, &text).map_err(|e| refused(e.to_string()))?;
    let passphrases = Passphrases::new(args.passphrase.clone());
    let key = keyfile::read(&args.key_file, || passphrases.of_existing(&args.key_file))?;
    let vkey = Vkey::new(&args.key_name, Purpose::Log, PublicKey::from(&key))
        .map_err(|e| refused(e.to_string()))?;
    let note = SignedText::sign(&text, &args.key_name, &key).map_err(|e| refused(e.to_string()))?;
    staged::replace(&args.output, note.to_string().as_bytes())?;
    context.out.result(&format!("Reply {}", args.output.display()))?;
    context.out.result(&format!("Vkey  {vkey}"))?;
    Ok(Status::Clean)
}
