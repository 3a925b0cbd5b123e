//! `tally reconstruct`: makes an observer's ledger of captured bugs.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use ed25519_dalek::SigningKey;
use serde_json::json;
use tally_intake::bugzilla::Bug;
use tally_intake::claims;
use tally_intake::reconstruction::{self, Posted, Reading, Reconstruction, Setting};
use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::name::Origin;
use tally_ledger::vocabulary::words::Capacity;
use tally_report::text::wrapped;

use crate::args::FormatArgs;
use crate::capture::{Capture, Captured};
use crate::commands::init::{self, InitArgs, NewKeys};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir::LedgerDir;
use crate::output::Format;
use crate::passphrase::PassphraseArgs;
use crate::suggested;
use crate::tracker::{self, Named, TrackerArgs};

/// The host of the origins of reconstructed ledgers; `.invalid` can belong to nobody (RFC 2606).
const HOST: &str = "observer.invalid";
/// The folder of the ledger directory that keeps what was fetched for it.
const FETCHED: &str = "capture";

/// The arguments of `tally reconstruct`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally reconstruct 1950144 -o case
  tally reconstruct capture -o case --accounts accounts.toml
  tally audit case

The ledger is an observer's: it records what the tracker shows of another
organisation. It is signed with new keys that are not encrypted and prove
nothing but that nothing was changed since.

What rows of timelines and questions suggest to have happened is not recorded:
the folder `suggested` of the ledger has a document for each, to be compared
with its text and recorded with `tally record --from FILE`.")]
pub struct ReconstructArgs {
    /// The number or the address of a bug, a capture directory, or a file with an answer
    #[arg(value_name = "BUG|CAPTURE_DIR|FILE", required = true)]
    pub sources: Vec<String>,

    /// The directory of the new ledger
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,

    /// The organisation that the bugs are about [default: as their titles begin]
    #[arg(long, value_name = "ORGANISATION")]
    pub about: Option<String>,

    /// The title of the incident [default: as the bug has it]
    #[arg(long)]
    pub title: Option<String>,

    /// Which tracker, and who speaks for whom
    #[command(flatten)]
    pub tracker: TrackerArgs,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Makes the ledger.
///
/// # Errors
///
/// Fails if a source cannot be had or holds no bug, and if the directory is taken.
pub fn run(args: &ReconstructArgs, context: &mut Context) -> Result<Status, Failure> {
    // Nothing is fetched for a ledger that cannot be made.
    if fs::read_dir(&args.output).is_ok_and(|mut items| items.next().is_some()) {
        return Err(Failure::new(format!("{} is not empty", args.output.display()))
            .hint("name a new directory"));
    }
    let accounts = tracker::accounts(args.tracker.accounts.as_deref())?;
    let (read, fetched) = gather(args, context)?;
    let answers = [read, fetched.clone()].concat();
    let bugs = tracker::bugs(&answers)?;
    if bugs.is_empty() {
        return Err(Failure::new("the answers hold no bug")
            .hint("name answers of Bugzilla's REST interface"));
    }
    if let (Some(_), [_, _, ..]) = (&args.title, bugs.as_slice()) {
        return Err(Failure::new(format!("one title for {} bugs", bugs.len()))
            .hint("leave out --title, or reconstruct one bug at a time"));
    }
    let tracker = tracker::tracker_of(&answers, &args.tracker.base_url)?;
    let setting = Setting {
        accounts: &accounts,
        tracker: &tracker,
        about: args.about.as_deref(),
        title: args.title.as_deref(),
    };
    let whole = reconstruction::reconstruct(&bugs, &setting, read_text);
    let (origin, entries) = record(&args.output, &bugs, &whole, context)?;
    if !fetched.is_empty() {
        let mut capture = Capture::open(&args.output.join(FETCHED))?;
        for answer in &fetched {
            capture.keep(answer)?;
        }
    }
    let suggested = suggested::write(&args.output, &whole.proposals)?;
    show(args, &origin, entries, &whole, &suggested, context)?;
    Ok(Status::Clean)
}

/// Returns the answers that lie in files and those that were fetched.
fn gather(
    args: &ReconstructArgs,
    context: &Context,
) -> Result<(Vec<Captured>, Vec<Captured>), Failure> {
    let (mut read, mut fetched) = (Vec::new(), Vec::new());
    let base_url = &args.tracker.base_url;
    let named = args.sources.iter().map(|source| Named::of(source, base_url));
    for named in named.collect::<Result<Vec<_>, _>>()? {
        match named {
            Named::Bug { tracker, number } => {
                fetched.extend(tracker::fetch(&tracker, number, context)?);
            }
            Named::File(path) => read.push(tracker::read_file(&path)?),
            Named::Directory(path) => read.extend(Capture::open(&path)?.read()?),
        }
    }
    Ok((read, fetched))
}

/// Returns what sort of text it is and what it claims, by its fields and by phrase rules. What
/// others say is no claim of the organisation's, so theirs is not looked at.
pub fn read_text(posted: &Posted<'_>) -> Reading {
    let form = reconstruction::form(posted.text);
    if posted.speaker.capacity != Capacity::Official {
        return Reading { form, claims: Vec::new() };
    }
    Reading { form, claims: claims::read(posted.text, posted.comment.time) }
}

/// Makes the ledger and records the events, with the texts as evidence.
fn record(
    dir: &Path,
    bugs: &[Bug],
    whole: &Reconstruction,
    context: &Context,
) -> Result<(Origin, usize), Failure> {
    let keys = NewKeys::generate()?;
    let origin = origin(bugs, &keys.author)?;
    let begin = InitArgs {
        dir: dir.to_owned(),
        origin: origin.clone(),
        owner: "an observer of public sources".to_owned(),
        ca_owner: None,
        url: None,
        observer: true,
        unencrypted_keys: true,
        passphrase: PassphraseArgs::default(),
    };
    init::create(&begin, &keys, context)?;
    let mut ledger = LedgerDir::open(dir, context)?;
    let mut entries: Vec<Entry> = Vec::with_capacity(whole.events.len());
    for event in &whole.events {
        let recorded = context.clock.now()?;
        entries.push(ledger.sign(event.clone(), recorded, &keys.author)?);
    }
    ledger.check(&entries)?;
    for text in whole.texts.values() {
        ledger.put_text(text)?;
    }
    let checkpoint = ledger.sign_checkpoint(&entries, &keys.checkpoint)?;
    ledger.append(&entries)?;
    ledger.put_checkpoint(&checkpoint, context)?;
    ledger.put_root(&checkpoint, &keys.checkpoint)?;
    Ok((origin, entries.len()))
}

/// Returns an origin of its own for each reconstruction: two of the same bug are two ledgers.
fn origin(bugs: &[Bug], author: &SigningKey) -> Result<Origin, Failure> {
    let first = bugs.first().map_or(0, |bug| bug.number);
    let more = match bugs.len() {
        0 | 1 => String::new(),
        bugs => format!("-and-{}-more", bugs - 1),
    };
    let own = Hash::of(author.verifying_key().as_bytes()).to_string();
    Ok(format!("{HOST}/{first}{more}-{}", &own[..8]).parse()?)
}

fn show(
    args: &ReconstructArgs,
    origin: &Origin,
    entries: usize,
    whole: &Reconstruction,
    suggested: &[PathBuf],
    context: &mut Context,
) -> Result<(), Failure> {
    let dir = args.output.display();
    if args.format.format == Format::Json {
        let json = json!({
            "schema": 1,
            "ledger": args.output,
            "origin": origin,
            "entries": entries,
            "reconstructed": tracker::value(whole),
            "suggested": suggested,
        });
        return context.out.result(&format!("{json:#}"));
    }
    let entries = entries_of(entries);
    context.out.result(&format!("{dir}: {entries} recorded as {origin}"))?;
    tracker::show(whole, context)?;
    if let Some(first) = suggested.first() {
        let text = format!(
            "{} in {}, read from timelines and questions, and not recorded. Compare each with its \
             text; record what holds with: tally record --from FILE --ledger {dir}",
            entries_of(suggested.len()),
            first.parent().unwrap_or(first).display(),
        );
        context.out.result(&wrapped("suggested: ", &text, context.out.width))?;
    }
    context.out.talk(
        "note: this is an observer's ledger of what a tracker shows. Its keys are new and NOT \
         encrypted; its signatures prove nothing but that nothing was changed since.",
    );
    context.out.result(&format!("next: tally audit {dir} -o report.html"))
}

fn entries_of(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}
