//! `tally demo`: builds the demonstration case with the public commands, and shows what they show.
//!
//! Its keys are made from published seeds and its clock is fixed, so that the same case gives the
//! same bytes everywhere. It keeps its pins in its own folder and never touches the user's.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use ed25519_dalek::SigningKey;
use tally_ledger::hash::Hash;
use tally_ledger::time::Instant;
use tally_report::text::{Colour, wrapped};

use crate::args::AuthorArgs;
use crate::commands::{audit, checkpoint, diverge, export, init, record, timeline};
use crate::context::{Clock, Context};
use crate::failure::{Failure, Status};
use crate::source::{self, PinArgs};

/// The case: bugs 1910322, 1910805 and 1950144 as record documents, one a line.
const CASE: &str = include_str!("../../../../tests/cases/1910322-1910805-1950144/case.jsonl");
/// The origin of the demonstration ledger; `.invalid` can belong to nobody (RFC 2606).
const ORIGIN: &str = "demo.tally.invalid/1910322";
/// When its clock starts: the day as of which the case was reconstructed.
const AS_OF: &str = "2026-11-22T00:00:00Z";

/// The arguments of `tally demo`.
#[derive(Debug, Clone, Default, Args)]
pub struct DemoArgs {
    /// Where to build the case [default: a new folder among the temporary files]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Builds and shows the case.
///
/// # Errors
///
/// Fails if the folder is taken or the disk refuses.
pub fn run(args: &DemoArgs, context: &mut Context) -> Result<Status, Failure> {
    let dir = args
        .dir
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("tally-demo-{}", std::process::id())));
    build(&dir, context)?;
    let bundle = dir.join("case.tally");
    let pins = PinArgs {
        key: vec![dir.join("ledger/ledger.vkey").display().to_string()],
        ..PinArgs::default()
    };
    heading(context, "Timeline: what the sources say happened, as it occurred")?;
    timeline::run(
        &timeline::TimelineArgs {
            source: bundle.clone(),
            sort: timeline::Sort::Occurred,
            pins: pins.clone(),
            ..timeline::TimelineArgs::default()
        },
        context,
    )?;
    heading(context, "Audit: is the ledger whole, and do the statements tally with it?")?;
    audit::run(
        &audit::AuditArgs {
            source: bundle.clone(),
            pins: pins.clone(),
            ..audit::AuditArgs::default()
        },
        context,
    )?;
    write_page(&bundle, &pins, &dir.join("report.html"), context)?;
    heading(context, "Files")?;
    let shown = dir.display();
    for (what, command) in [
        ("the audit as a page, for any browser", format!("xdg-open {shown}/report.html")),
        ("the ledger directory", format!("tally timeline {shown}/ledger --unpinned")),
        ("the case, one document a line", format!("less {shown}/case.jsonl")),
        (
            "the bundle an auditor gets",
            format!("tally audit {shown}/case.tally --key {shown}/ledger/ledger.vkey"),
        ),
    ] {
        context.out.result(&format!("{what}:\n  {command}"))?;
    }
    Ok(Status::Clean)
}

/// Writes the audit of the bundle as a page.
fn write_page(
    bundle: &Path,
    pins: &PinArgs,
    to: &Path,
    context: &mut Context,
) -> Result<(), Failure> {
    let found = source::verified(bundle, pins, context)?;
    let view = diverge::ViewArgs::default();
    let (timeline, report) = diverge::report(&found, bundle, &view, context)?;
    let page = diverge::page(bundle, &found, &timeline, &report);
    fs::write(to, page).map_err(|e| Failure::io("write", to, &e))
}

/// Builds the case in `dir`: the ledger, and the bundle beside it.
///
/// # Errors
///
/// As [`run`].
pub fn build(dir: &Path, context: &mut Context) -> Result<(), Failure> {
    // What is there already would be mixed with the case, or written over.
    if fs::read_dir(dir).is_ok_and(|mut items| items.next().is_some()) {
        return Err(Failure::new(format!("{} is not empty", dir.display()))
            .hint("name a new folder, or leave out --dir"));
    }
    fs::create_dir_all(dir).map_err(|e| Failure::io("create", dir, &e))?;
    let start: Instant = AS_OF.parse().expect("the published instant is one");
    let clock = std::mem::replace(&mut context.clock, Clock::published(start));
    let config = context.config.replace(dir.join("config"));
    let built = steps(dir, context);
    context.clock = clock;
    context.config = config;
    built
}

fn steps(dir: &Path, context: &mut Context) -> Result<(), Failure> {
    heading(context, "Building the case with published keys: they protect nothing")?;
    let ledger = dir.join("ledger");
    let begin = init::InitArgs {
        dir: ledger.clone(),
        origin: ORIGIN.parse()?,
        owner: "the Tally demonstration".to_owned(),
        ca_owner: None,
        url: None,
        observer: true,
        unencrypted_keys: true,
        passphrase: crate::passphrase::PassphraseArgs::default(),
    };
    init::begin(&begin, &keys(), context)?;
    let case = dir.join("case.jsonl");
    fs::write(&case, CASE).map_err(|e| Failure::io("write", &case, &e))?;
    let author = AuthorArgs { ledger: ledger.clone().into(), ..AuthorArgs::default() };
    let from = record::RecordArgs {
        from: Some(case),
        author: author.clone(),
        ..record::RecordArgs::default()
    };
    record::run(&from, context)?;
    let sign = checkpoint::CheckpointArgs {
        ledger: ledger.into(),
        ..checkpoint::CheckpointArgs::default()
    };
    checkpoint::run(&sign, context)?;
    let hand_over = export::ExportArgs {
        output: dir.join("case.tally"),
        author,
        ..export::ExportArgs::default()
    };
    export::run(&hand_over, context)?;
    Ok(())
}

/// Returns the keys of the demonstration: their seeds are the digests of these published texts.
fn keys() -> init::NewKeys {
    let key = |text: &str| SigningKey::from_bytes(&Hash::of(text.as_bytes()).0);
    init::NewKeys {
        author: key("tally demonstration: author"),
        checkpoint: key("tally demonstration: checkpoint"),
    }
}

fn heading(context: &mut Context, text: &str) -> Result<(), Failure> {
    let style = context.style();
    let line = style.paint(&wrapped("", text, style.width), Colour::Bold);
    context.out.result(&format!("\n{line}\n"))
}
