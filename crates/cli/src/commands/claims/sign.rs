//! `tally claims sign|verify`: a review under its reviewer's key.

use std::path::{Path, PathBuf};

use clap::Args;
use tally_divergence::review::REVIEW_MAX;
use tally_ledger::hash::Hash;
use tally_ledger::key::PublicKey;
use tally_ledger::note::{NOTE_MAX, Purpose, Signed, SignedText, Vkey};

use super::ReviewArgs;
use crate::beside;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::passphrase::{PassphraseArgs, Passphrases};
use crate::{keyfile, source, staged};

/// The arguments of `tally claims sign`.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "tally claims sign --key-file <FILE> --output <FILE> [OPTIONS]")]
pub(super) struct SignArgs {
    #[command(flatten)]
    review: ReviewArgs,

    /// The reviewer's key file
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,

    /// The name under which the key is known, such as auditor.example/reviews
    #[arg(long, value_name = "NAME")]
    key_name: String,

    /// Where the signature is written
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// Where passphrases come from
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// The arguments of `tally claims verify`.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "tally claims verify --signature <FILE> --key <VKEY> [OPTIONS]")]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    review: ReviewArgs,

    /// The signature
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,

    /// The reviewer's vkey, or the file that holds it
    #[arg(long, value_name = "VKEY|FILE")]
    key: String,
}

/// Returns the text that is signed in the place of a review, which may be longer than a note.
fn signed(path: &Path) -> Result<String, Failure> {
    beside::read_review(path)?;
    let text = source::read_text(path, REVIEW_MAX)?;
    Ok(format!("tally review\nsha256 {}\n", Hash::of(text.as_bytes())))
}

pub(super) fn sign(args: &SignArgs, context: &mut Context) -> Result<Status, Failure> {
    let text = signed(&args.review.review)?;
    let passphrases = Passphrases::new(args.passphrase.clone());
    let key = keyfile::read(&args.key_file, || passphrases.of_existing(&args.key_file))?;
    let refused = |e: tally_ledger::note::NoteError| {
        Failure::new(format!("the review cannot be signed: {e}"))
            .hint("choose a key name without white space, such as auditor.example/reviews")
    };
    let vkey = Vkey::new(&args.key_name, Purpose::Log, PublicKey::from(&key)).map_err(refused)?;
    let note = SignedText::sign(&text, &args.key_name, &key).map_err(refused)?;
    staged::replace(&args.output, note.to_string().as_bytes())?;
    context.out.result(&format!("Signature {}", args.output.display()))?;
    context.out.result(&format!("Vkey      {vkey}"))?;
    Ok(Status::Clean)
}

pub(super) fn verify(args: &VerifyArgs, context: &mut Context) -> Result<Status, Failure> {
    let vkey = source::vkey(&args.key)?;
    let expected = signed(&args.review.review)?;
    let file = args.signature.display();
    let note = source::read_text(&args.signature, NOTE_MAX as u64)?;
    // Nothing of the file is quoted: it may be a secret.
    let note: SignedText = note.parse().map_err(|e: tally_ledger::note::NoteError| {
        Failure::new(format!("{file} is not a signature: expected {}", e.expected))
            .hint("make one with: tally claims sign")
    })?;
    let what = match note.signed_by(&vkey) {
        Signed::Absent => format!("{file} is not signed by {}", vkey.name()),
        Signed::Broken => format!("{file}: the signature of {} does not hold", vkey.name()),
        Signed::Holds(_) if note.text() != expected => {
            format!("{file} signs another review: {}", args.review.review.display())
        }
        Signed::Holds(_) => {
            let review = args.review.review.display();
            context.out.result(&format!("{review} is signed by {}", vkey.name()))?;
            return Ok(Status::Clean);
        }
    };
    Err(Failure::new(what)
        .status(Status::Failed)
        .hint("ask the reviewer for the review that was signed, and for the vkey"))
}
