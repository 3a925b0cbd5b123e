//! `tally capture`: keeps the exact bytes of what a tracker answers, with address and time.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tally_intake::reconstruction::{self, Reading, Reconstruction, Setting};

use crate::args::FormatArgs;
use crate::capture::{Capture, Captured, Kept};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::tracker::{self, Named, TrackerArgs};

/// The arguments of `tally capture`.
#[derive(Debug, Clone, Args)]
pub struct CaptureArgs {
    #[command(subcommand)]
    command: CaptureCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum CaptureCommand {
    /// Capture bugs: fields, comments, history and attachments
    Bugzilla(BugzillaArgs),
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally capture bugzilla 1950144 -o capture
  tally capture bugzilla bug.json comments.json -o capture
  tally reconstruct capture -o case

A second capture into the same directory keeps what has changed beside what was
there. Nothing but public bugs can be fetched; no login is sent.")]
struct BugzillaArgs {
    /// The number or the address of a bug, or a file with an answer of the REST interface
    #[arg(value_name = "FILE|URL|BUG", required = true)]
    sources: Vec<String>,

    /// The capture directory; it is made if it is not there
    #[arg(long, short, value_name = "DIR", default_value = "capture")]
    output: PathBuf,

    #[command(flatten)]
    tracker: TrackerArgs,

    #[command(flatten)]
    format: FormatArgs,
}

/// Captures.
///
/// # Errors
///
/// Fails if a source cannot be had or is no answer of a tracker. Bugs that were captured before it
/// are kept.
pub fn run(args: &CaptureArgs, context: &mut Context) -> Result<Status, Failure> {
    let CaptureCommand::Bugzilla(args) = &args.command;
    let accounts = tracker::accounts(args.tracker.accounts.as_deref())?;
    let base_url = &args.tracker.base_url;
    let named = args.sources.iter().map(|source| Named::of(source, base_url));
    let named: Vec<Named> = named.collect::<Result<_, _>>()?;
    let mut capture = Capture::open(&args.output)?;
    let mut kept = Vec::new();
    let mut files = Vec::new();
    for named in &named {
        match named {
            Named::Bug { tracker, number } => {
                let answers = tracker::fetch(tracker, *number, context)?;
                keep(&mut capture, &answers, &mut kept)?;
            }
            Named::File(path) => files.push(tracker::read_file(path)?),
            Named::Directory(path) => files.extend(Capture::open(path)?.read()?),
        }
    }
    // Parts of one bug may come as several files, which only make sense together.
    tracker::bugs(&files)?;
    keep(&mut capture, &files, &mut kept)?;
    let answers = capture.read()?;
    let tracker = tracker::tracker_of(&answers, base_url)?;
    let bugs = tracker::bugs(&answers)?;
    let setting = Setting { accounts: &accounts, tracker: &tracker, about: None, title: None };
    let whole = reconstruction::reconstruct(&bugs, &setting, |_| Reading::default());
    show(args, &kept, &whole, context)?;
    Ok(Status::Clean)
}

fn keep(
    capture: &mut Capture,
    answers: &[Captured],
    kept: &mut Vec<(Kept, bool)>,
) -> Result<(), Failure> {
    for answer in answers {
        kept.push(capture.keep(answer)?);
    }
    Ok(())
}

fn show(
    args: &BugzillaArgs,
    kept: &[(Kept, bool)],
    whole: &Reconstruction,
    context: &mut Context,
) -> Result<(), Failure> {
    let dir = args.output.display();
    if args.format.format == Format::Json {
        let answers: Vec<_> =
            kept.iter().map(|(kept, is_new)| json!({ "answer": kept, "new": is_new })).collect();
        let json = json!({
            "schema": 1,
            "directory": args.output,
            "answers": answers,
            "captured": tracker::value(whole),
        });
        return context.out.result(&format!("{json:#}"));
    }
    let new = kept.iter().filter(|(_, is_new)| *is_new).count();
    let same = kept.len() - new;
    let files = tracker::several(new, "new file");
    context.out.result(&format!("{dir}: {files}, {same} as they were captured before"))?;
    tracker::show(whole, context)?;
    context.out.result(&format!("next: tally reconstruct {dir} -o case"))
}
