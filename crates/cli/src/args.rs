//! The command line.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use ed25519_dalek::SigningKey;

use crate::commands::event::EventCommand;
use crate::commands::{
    accept, audit, capture, check, checkpoint, claims, completions, demo, disclose, diverge,
    doctor, explain, export, init, key, list, mirror, prove, publish, reconstruct, record, reply,
    restore, serve, show, timeline, trust, verify, witness,
};
use crate::failure::Failure;
use crate::keyfile;
use crate::ledger_dir;
use crate::output::Format;
use crate::passphrase::{PassphraseArgs, Passphrases};

/// Keep a signed record of an incident, and hold what was said in public against it
#[derive(Debug, Parser)]
#[command(name = "tally", version, max_term_width = 80, after_help = AFTER_HELP)]
pub struct Tally {
    /// Say nothing on standard error but errors
    #[arg(long, short, global = true, display_order = 998)]
    pub quiet: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit status: 0 clean, 1 divergences found, 2 could not run, 3 the ledger failed
verification or a pin was not met.

Try it:  tally demo";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build the demonstration case, verify it, and show its timeline and findings
    Demo(demo::DemoArgs),
    /// Keep the exact bytes of what a tracker shows
    Capture(capture::CaptureArgs),
    /// Make an observer's ledger of captured bugs
    Reconstruct(reconstruct::ReconstructArgs),
    /// Begin a ledger
    Init(init::InitArgs),
    /// Record one event, or many
    Record(record::RecordArgs),
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take the comment for the help of a command")]
    Event(Box<EventCommand>),
    /// Show what was recorded, in order
    Timeline(timeline::TimelineArgs),
    /// Show one entry whole
    Show(show::ShowArgs),
    /// List incidents, kinds or entries
    List(list::ListArgs),
    /// Sign the size and root of the ledger
    Checkpoint(checkpoint::CheckpointArgs),
    /// Write a bundle of the ledger, or hand over an incident
    Export(export::ExportArgs),
    /// Publish the ledger where everybody can read it
    Publish(publish::PublishArgs),
    /// Make a ledger directory again of what was published
    Restore(restore::RestoreArgs),
    /// Prove what stands in the ledger, in a small file
    Prove(prove::ProveArgs),
    /// Serve a published ledger by HTTP
    Serve(serve::ServeArgs),
    /// Cosign the checkpoints of logs that only grow
    Witness(witness::WitnessArgs),
    /// Hold, verify, cosign and serve the ledgers of others
    Mirror(Box<mirror::MirrorArgs>),
    /// Check that a ledger is whole, or that a proof holds
    Verify(verify::VerifyArgs),
    /// Hold what was said against what was recorded
    Diverge(diverge::DivergeArgs),
    /// Verify and diverge in one report
    Audit(audit::AuditArgs),
    /// Check a draft before it is posted
    Check(check::CheckArgs),
    /// Commit a text that is posted, unless it differs from the record
    Disclose(Box<disclose::DiscloseArgs>),
    /// Decide which claims the statements make
    Claims(claims::ClaimsArgs),
    /// Accept a finding with a reason
    Accept(accept::AcceptArgs),
    /// Answer a finding, as the organisation named
    Reply(reply::ReplyArgs),
    /// Explain a rule, a check or a fault code
    Explain(explain::ExplainArgs),
    /// List, make, grant and revoke keys
    Key(key::KeyArgs),
    /// List, add and remove the pins of ledgers
    Trust(trust::TrustArgs),
    /// Say what is wrong with a ledger directory, and rebuild it
    Doctor(doctor::DoctorArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
}

/// The option that says how results are written.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct FormatArgs {
    /// Write the result as text or JSON
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// The option that names the ledger directory; it stands for the path.
#[derive(Debug, Clone, Default, Args)]
pub struct LedgerArg {
    /// The ledger directory
    #[arg(
        id = "ledger",
        long,
        value_name = "DIR",
        env = "TALLY_LEDGER",
        hide_env_values = true,
        default_value = "."
    )]
    dir: PathBuf,
}

impl From<PathBuf> for LedgerArg {
    fn from(dir: PathBuf) -> Self {
        Self { dir }
    }
}

impl Deref for LedgerArg {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.dir
    }
}

/// The options of a command that writes entries.
#[derive(Debug, Clone, Default, Args)]
pub struct AuthorArgs {
    /// The ledger directory
    #[command(flatten)]
    pub ledger: LedgerArg,

    /// The author's key file [default: DIR/keys/author.pem]
    #[arg(long, value_name = "FILE", help_heading = "Key files")]
    pub author_key: Option<PathBuf>,

    /// Where passphrases come from
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

impl AuthorArgs {
    /// Reads the author's key. It is read before the ledger is opened for writing, lest others wait
    /// for the person who types the passphrase.
    ///
    /// # Errors
    ///
    /// Fails if there is no ledger, and if the key file or its passphrase does.
    pub fn key(&self) -> Result<SigningKey, Failure> {
        self.key_by(&Passphrases::new(self.passphrase.clone()))
    }

    /// Reads the author's key by passphrases that serve other key files too.
    ///
    /// # Errors
    ///
    /// As [`AuthorArgs::key`].
    pub fn key_by(&self, passphrases: &Passphrases) -> Result<SigningKey, Failure> {
        // Nobody is asked for a passphrase that there is no ledger for.
        tally_store::Reader::open(&self.ledger)?;
        let path = self.author_key.clone().unwrap_or_else(|| ledger_dir::author_key(&self.ledger));
        Ok(keyfile::read(&path, || passphrases.of_existing(&path))?)
    }
}
