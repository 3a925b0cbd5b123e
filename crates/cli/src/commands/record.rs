//! `tally record`: writes one event from a document, or many from JSON Lines, all or nothing.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tally_ledger::entry::Entry;
use tally_ledger::hash::{Hash, Hasher};
use tally_ledger::name::{FeedId, Kind};
use tally_ledger::payload::On;
use tally_ledger::vocabulary;

use crate::args::{AuthorArgs, FormatArgs};
use crate::context::Context;
use crate::document::{self, DOCUMENT_MAX, Written};
use crate::failure::{Failure, Status};
use crate::ledger_dir::{self, LedgerDir};
use crate::output::Format;
use crate::source;

/// The largest file of JSON Lines, in bytes.
const LINES_MAX: u64 = 1024 * 1024 * 1024;
/// From how many events on a progress bar is shown.
const MANY: usize = 200;

/// The arguments of `tally record`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Example:
  tally record --template legal.instrument > order.toml
  $EDITOR order.toml
  tally record --from order.toml")]
pub struct RecordArgs {
    /// Read the event from this TOML or JSON document; - is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "template")]
    pub from: Option<PathBuf>,

    /// Read JSON Lines, one document a line [default: if FILE ends in .jsonl]
    #[arg(long, requires = "from")]
    pub lines: bool,

    /// Print a document of this kind to fill in; `list kinds` names the kinds
    #[arg(long, value_name = "KIND", conflicts_with = "from")]
    pub template: Option<Kind>,

    /// Whose key signs, and where
    #[command(flatten)]
    pub author: AuthorArgs,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Records, or prints a template.
///
/// # Errors
///
/// Fails if a document does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &RecordArgs, context: &mut Context) -> Result<Status, Failure> {
    if let Some(kind) = &args.template {
        return template(kind, context);
    }
    let Some(from) = &args.from else {
        return Err(Failure::new("no document is named").hint("add --from FILE"));
    };
    let (written, folder) = read(from, args.lines)?;
    if written.is_empty() {
        return Err(Failure::new(format!("{}: no document in it", from.display()))
            .hint("print a document to fill in with: tally record --template KIND"));
    }
    record(&written, &folder, &args.author, args.format.format, context)
}

/// Records events that `written` describe, in order; files are relative to `folder`.
///
/// # Errors
///
/// As [`run`].
pub fn record(
    written: &[Written],
    folder: &Path,
    author: &AuthorArgs,
    format: Format,
    context: &mut Context,
) -> Result<Status, Failure> {
    let key = author.key()?;
    let mut ledger = LedgerDir::open(&author.ledger, context)?;
    let shown = context.out.watched && written.len() >= MANY;
    let bar = if shown { ProgressBar::new(written.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(written.len());
    let mut files = Vec::new();
    for written in written {
        let before = ledger.ledger().entries();
        let on = |seq: u64| {
            let at = usize::try_from(seq).ok()?;
            let entry = before.get(at).or_else(|| entries.get(at.checked_sub(before.len())?))?;
            let event = &entry.payload().event;
            Some(On { seq, kind: event.kind.clone(), feeds: event.feeds.clone() })
        };
        let event = written.event(on, |file| {
            let path = folder.join(file);
            let (digest, size) = digest(&path).map_err(|failure| failure.at(&written.place))?;
            files.push((path, digest));
            Ok((digest, size))
        })?;
        let recorded = context.clock.now()?;
        let signed = ledger.sign(event, recorded, &key);
        entries.push(signed.map_err(|failure| failure.at(&written.place))?);
        bar.inc(1);
    }
    // Nothing is filed before everything is known to fit.
    ledger.ledger().continued_by(&entries).map_err(|fault| {
        let first = ledger.ledger().entries().len() as u64;
        let index = fault.seq.and_then(|seq| usize::try_from(seq.checked_sub(first)?).ok());
        let failure = ledger_dir::refused(&fault);
        match index.and_then(|index| written.get(index)) {
            Some(written) => failure.at(&written.place),
            None => failure,
        }
    })?;
    for (path, digest) in files {
        ledger.put_evidence(&path, digest)?;
    }
    ledger.append(&entries)?;
    bar.finish_and_clear();
    show(&entries, format, context)?;
    Ok(Status::Clean)
}

/// What the first line of every private key file in PEM ends in (RFC 7468 §10 and §11).
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";

/// Returns the digest of a file and its size in bytes, without filing it yet.
///
/// # Errors
///
/// Fails if the file cannot be read, and if it is a private key.
pub fn digest(path: &Path) -> Result<(Hash, u64), Failure> {
    let failed = |e: io::Error| {
        Failure::io("read", path, &e).hint("files of evidence are named relative to the document")
    };
    // A pipe would give its bytes once, and they are read twice.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Failure::new(format!("{} is not a regular file", path.display()))
            .hint("evidence is kept file by file; name a file"));
    }
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut start = Vec::new();
    file.by_ref().take(64).read_to_end(&mut start).map_err(failed)?;
    // A document from somebody else could name a key file, and evidence is handed on to others.
    if start.windows(PRIVATE_KEY.len()).any(|bytes| bytes == PRIVATE_KEY) {
        return Err(Failure::new(format!("{} is a private key file", path.display()))
            .hint("private keys are never evidence; look at where the document comes from"));
    }
    let mut hasher = Hasher::default();
    let size = io::copy(&mut start.as_slice().chain(file), &mut hasher).map_err(failed)?;
    Ok((hasher.finish(), size))
}

/// Prints the entries that were written.
///
/// # Errors
///
/// Fails as the output does.
pub fn show(entries: &[Entry], format: Format, context: &mut Context) -> Result<(), Failure> {
    let rows = entries.iter().map(|entry| (entry.payload(), entry.id()));
    match format {
        Format::Text => {
            for (payload, id) in rows.take(20) {
                let feeds: Vec<&str> = payload.event.feeds.iter().map(FeedId::as_str).collect();
                context.out.result(&format!(
                    "entry {:<6} {}  {}  in {}",
                    payload.seq,
                    id.short(),
                    payload.event.kind,
                    feeds.join(", ")
                ))?;
            }
            match entries.len().checked_sub(20) {
                Some(more @ 1..) => context.out.result(&format!("and {more} more")),
                _ => Ok(()),
            }
        }
        Format::Json => {
            let rows: Vec<_> = rows
                .map(|(payload, id)| {
                    serde_json::json!({
                        "seq": payload.seq,
                        "id": id,
                        "kind": payload.event.kind,
                        "feeds": payload.event.feeds,
                        "recorded": payload.recorded,
                    })
                })
                .collect();
            let json = serde_json::json!({ "schema": 1, "recorded": rows });
            context.out.result(&format!("{json:#}"))
        }
    }
}

fn template(kind: &Kind, context: &mut Context) -> Result<Status, Failure> {
    let known = vocabulary::kind(kind);
    match known.and_then(|info| info.template) {
        Some(template) => {
            context.out.result(template)?;
            Ok(Status::Clean)
        }
        None if known.is_some() => Err(Failure::new(format!(
            "{kind}: entries of this kind are written by a command of their own"
        ))
        .hint("see the commands with: tally --help")),
        None => Err(Failure::new(format!("{kind}: no such kind"))
            .hint("see the kinds with: tally list kinds")),
    }
}

/// Returns the documents in `from`, and the folder that their files are relative to.
fn read(from: &Path, lines: bool) -> Result<(Vec<Written>, PathBuf), Failure> {
    let lines = lines || from.extension().is_some_and(|e| e == "jsonl");
    let text = source::read_text_or_stdin(from, if lines { LINES_MAX } else { DOCUMENT_MAX })?;
    let (place, folder) = if from == Path::new("-") {
        ("standard input".to_owned(), PathBuf::from("."))
    } else {
        let folder = from.parent().unwrap_or(Path::new("."));
        (from.display().to_string(), folder.to_owned())
    };
    let written = if lines {
        document::read_lines(&text, &place)?
    } else {
        vec![document::read(&text, &place)?]
    };
    Ok((written, folder))
}
