//! `tally verify`: is the ledger whole, does the proof hold?

mod proof;

use std::path::PathBuf;

use clap::Args;
use tally_ledger::verify::Verdict;
use tally_report::text::{Style, wrapped};
use tally_report::verification;

use crate::args::FormatArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source::{self, PinArgs, Verified};
use proof::ProofFile;

/// The arguments of `tally verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally verify ledger.tally --key ledger.example/incidents+1a2b3c4d+ARq...=

Needs no network, and nothing of the CA but a pin. A pin that travelled with the
ledger is none.")]
pub struct VerifyArgs {
    /// A ledger: its directory, a bundle, an extract, or where it is published; or a
    /// proof in a file of its own
    pub source: PathBuf,

    /// What is known beforehand
    #[command(flatten)]
    pub pins: PinArgs,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Verifies and prints one line per check, and the verdict.
///
/// # Errors
///
/// Fails if there is neither ledger nor proof, or it cannot be read.
pub fn run(args: &VerifyArgs, context: &mut Context) -> Result<Status, Failure> {
    if let Some(proof) = ProofFile::read(&args.source)? {
        return proof.verify(args, context);
    }
    let found = source::streamed(&args.source, &args.pins, context)?;
    let name = args.source.display().to_string();
    let text = match args.format.format {
        Format::Text => verification::text(&found, &name, context.style()),
        Format::Json => verification::json(&found, &name),
    };
    context.out.result(&text)?;
    if found.verdict() == Verdict::ConsistentWithItself && !args.pins.unpinned {
        hint_at_pins(context);
    }
    Ok(source::status(found.verdict(), args.pins.unpinned))
}

/// Says where a pin comes from.
pub fn hint_at_pins(context: &Context) {
    context.out.talk(
        "hint: give a pin (--key, --policy, --ledger-id or --seen) that reached you by another \
         way than the ledger, keep it with `tally trust add`, or accept this with --unpinned",
    );
}

/// Returns `text` below the verdict on its ledger, if that is not whole: what was recorded must
/// never be read without it.
pub fn with_verdict(text: &str, found: &Verified, style: Style) -> String {
    let verification = found.ledger.verification();
    if verification.verdict() == Verdict::Whole {
        return text.to_owned();
    }
    let sentence = verification::sentence(verification);
    format!("{}\n\n{text}", wrapped("", &sentence, style.width))
}

impl Context {
    /// Returns `json` as text, with the verdict on its ledger in it.
    pub fn with_verdict_json(&self, mut json: serde_json::Value, found: &Verified) -> String {
        let verification = found.ledger.verification();
        json["verification"] = serde_json::json!({
            "verdict": verification.verdict().name(),
            "sentence": verification::sentence(verification),
        });
        format!("{json:#}")
    }

    /// Says on standard error if what was just shown comes from a ledger that is not whole.
    pub fn tell_verdict(&self, found: &Verified) {
        let verification = found.ledger.verification();
        if found.status() != Status::Clean {
            self.out.talk(&format!("note: {}", verification::sentence(verification)));
        }
        if found.status() == Status::CouldNotRun {
            hint_at_pins(self);
        }
    }

    /// Returns how text is laid out on this output.
    pub fn style(&self) -> Style {
        Style { width: self.out.width, colour: self.out.colour }
    }
}
