//! What is read beside a ledger: statements that it does not record, exact texts, and the review
//! that says which claims they make.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use tally_divergence::reply::Reply;
use tally_divergence::review::{REVIEW_MAX, Review, ReviewError};
use tally_divergence::{Packs, Report, Terms, Texts};
use tally_intake::account::Accounts;
use tally_intake::reconstruction::{self, Setting};
use tally_ledger::hash::Hash;
use tally_ledger::name::FeedId;
use tally_ledger::note::{NOTE_MAX, Vkey};
use tally_ledger::payload::Event;
use tally_ledger::replay::{Beside, Timeline};
use tally_ledger::time::{Instant, Interval};
use tally_store::Reader;

use crate::capture::{Capture, Captured};
use crate::commands::reconstruct;
use crate::context::Context;
use crate::document;
use crate::failure::{Failure, Status};
use crate::published::Published;
use crate::source::{self, PinArgs};
use crate::texts::{self, TEXT_MAX};
use crate::tracker;

/// The name of the review beside a ledger or a capture.
pub const REVIEW_FILE: &str = "review.toml";

/// The largest file of record documents that is read beside a ledger, in bytes.
const DOCUMENTS_MAX: u64 = 64 << 20;

/// The options that say what is held against a ledger besides what it records itself.
#[derive(Debug, Clone, Default, Args)]
pub struct BesideArgs {
    /// Hold these statements too: a capture, texts (.md, .txt) below a head that says who speaks,
    /// a folder of them, another ledger, or record documents (.toml, .jsonl)
    #[arg(long, value_name = "SOURCE", help_heading = HEADING)]
    pub statements: Vec<PathBuf>,

    /// Stand those statements in this incident [default: the one that names the same bug]
    #[arg(long, value_name = "NAME", requires = "statements", help_heading = HEADING)]
    pub incident: Option<FeedId>,

    /// Take more accounts from this TOML file; it says who speaks for which organisation
    #[arg(long, value_name = "FILE", requires = "statements", help_heading = HEADING)]
    pub accounts: Option<PathBuf>,

    /// Follow the decisions of this review [default: review.toml beside the ledger, if there]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub review: Vec<PathBuf>,

    /// Show this signed reply beside the finding that it answers
    #[arg(long, value_name = "FILE", requires = "reply_key", help_heading = HEADING)]
    pub reply: Vec<PathBuf>,

    /// The vkey of an organisation that replies, or the file that holds it
    #[arg(long, value_name = "VKEY|FILE", help_heading = HEADING)]
    pub reply_key: Vec<String>,
}

const HEADING: &str = "Statements";

/// What stands beside a ledger, read and joined.
pub struct Held {
    /// The ledger's facts, and what was joined to them, reviewed.
    pub timeline: Timeline,
    /// The exact texts that are at hand.
    pub texts: Texts,
    /// The decisions that were followed.
    pub review: Review,
    /// The replies of organisations.
    pub replies: Vec<Reply>,
}

impl Held {
    /// Holds what was said against what was recorded and what policies ask for, as of `at`;
    /// returns what was held as well.
    pub fn diverge(self, at: Option<Instant>, packs: Packs) -> (Timeline, Report) {
        let Self { timeline, texts, review, replies } = self;
        let terms = Terms { at, packs, texts, review, replies };
        let report = tally_divergence::diverge(&timeline, &terms);
        (timeline, report)
    }
}

/// Reads what stands beside the ledger at `ledger`, and joins it to its timeline.
///
/// # Errors
///
/// Fails if a source is not there, is of no form known, or does not verify, and if a review
/// decides what it cannot.
pub fn held(
    mut timeline: Timeline,
    ledger: &Path,
    args: &BesideArgs,
    context: &Context,
) -> Result<Held, Failure> {
    let mut reviews = args.review.clone();
    if reviews.is_empty() {
        let folders = places(ledger, args).filter(|place| place.is_dir());
        let files = folders.map(|place| place.join(REVIEW_FILE));
        reviews.extend(files.filter(|file| file.is_file()));
    }
    let mut captured = Vec::new();
    let accounts = tracker::accounts(args.accounts.as_deref())?;
    for source in &args.statements {
        // What has no time of its own was read no earlier than the ledger ends.
        let last = timeline.last_recorded();
        let (mut beside, read) = read(source, &accounts, last, context)?;
        captured.extend(read);
        if let Some(incident) = &args.incident {
            beside = beside.within(incident);
        }
        timeline.join(beside);
    }
    let mut review = Review::default();
    for path in &reviews {
        for conflict in review.merge(&read_review(path)?) {
            context.out.talk(&format!(
                "note: claim {}: {}; another review: {}; the first counts",
                conflict.id, conflict.first, conflict.second
            ));
        }
    }
    for decision in review.apply(&mut timeline) {
        context.out.talk(&format!(
            "note: claim {} is {}, but no statement here has that text",
            decision.id(),
            decision.decision.as_str()
        ));
    }
    let mut texts = texts(&timeline, places(ledger, args), context)?;
    for text in captured {
        texts.add(text);
    }
    let replies = replies(args)?;
    Ok(Held { timeline, texts, review, replies })
}

/// Returns the ledger and what is held beside it.
fn places<'a>(ledger: &'a Path, args: &'a BesideArgs) -> impl Iterator<Item = &'a Path> {
    std::iter::once(ledger).chain(args.statements.iter().map(PathBuf::as_path))
}

/// Reads the replies, each signed by a key that is known.
fn replies(args: &BesideArgs) -> Result<Vec<Reply>, Failure> {
    let keys: Vec<Vkey> =
        args.reply_key.iter().map(|key| source::vkey(key)).collect::<Result<_, _>>()?;
    let read = |path: &PathBuf| {
        let text = source::read_text(path, NOTE_MAX as u64)?;
        Reply::read(&text, &keys).map_err(|e| {
            Failure::new(format!("{}: not a reply that can be shown: {e}", path.display()))
                .hint("take the vkey from the organisation itself: --reply-key VKEY")
        })
    };
    args.reply.iter().map(read).collect()
}

/// Reads a review.
///
/// # Errors
///
/// Fails if the file is not there or is no review.
pub fn read_review(path: &Path) -> Result<Review, Failure> {
    let text = source::read_text(path, REVIEW_MAX)?;
    Review::read(&text).map_err(|e| {
        let failure = Failure::new(format!("{}: not a review: {e}", path.display()));
        match e {
            ReviewError::Decision { .. } => failure.hint(
                "decide it with: tally claims confirm|reject|edit ID --reason TEXT --role ROLE",
            ),
            ReviewError::Schema(_) => failure.hint("read it with a newer version of this program"),
            _ => failure.hint("make one with: tally claims suggest LEDGER"),
        }
    })
}

/// Reads a source of statements: a capture, texts, another ledger, or record documents. `last` is
/// when the ledger ends.
fn read(
    path: &Path,
    accounts: &Accounts,
    last: Option<Instant>,
    context: &Context,
) -> Result<(Beside, Vec<String>), Failure> {
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if Capture::is_at(path) {
        return captured(&Capture::open(path)?.read()?, accounts, &name);
    }
    if texts::is_at(path) {
        let (events, read) = texts::read(path, context)?;
        return Ok((beside_of(&events, last, &name)?, read));
    }
    if path.is_dir() || !matches!(extension, "json" | "jsonl" | "toml") {
        let pins = PinArgs { unpinned: true, ..PinArgs::default() };
        let found = source::verified(path, &pins, context)?;
        if found.status() != Status::Clean {
            let what = format!("{} does not verify as a ledger", path.display());
            return Err(Failure::new(what).hint(
                "see why with: tally verify --unpinned, or name a capture, texts or documents",
            ));
        }
        return Ok((Beside::of_ledger(&name, Timeline::replay(&found.ledger)), Vec::new()));
    }
    if extension == "json" {
        // Both are JSON: an answer of a tracker is tried first, since documents say what they lack.
        let answer = [tracker::read_file(path)?];
        if tracker::bugs(&answer).is_ok() {
            return captured(&answer, accounts, &name);
        }
    }
    Ok((documents(path, &name)?, Vec::new()))
}

/// Reads what a tracker answered as the events that an observer would record, with their texts.
fn captured(
    answers: &[Captured],
    accounts: &Accounts,
    name: &str,
) -> Result<(Beside, Vec<String>), Failure> {
    let bugs = tracker::bugs(answers)?;
    let tracker = tracker::tracker_of(answers, reconstruction::BUGZILLA)?;
    let setting = Setting { accounts, tracker: &tracker, about: None, title: None };
    let whole = reconstruction::reconstruct(&bugs, &setting, reconstruct::read_text);
    Ok((beside_of(&whole.events, None, name)?, whole.texts.into_values().collect()))
}

/// Returns events beside a ledger. They were read when the last of what they tell had happened,
/// whatever the clock says now; if they tell no time, at `last`.
fn beside_of(events: &[Event], last: Option<Instant>, name: &str) -> Result<Beside, Failure> {
    let times = events.iter().filter_map(|event| event.occurred.as_ref());
    // Of a time with an open end, "not before", the beginning is all that is known.
    let told = times.map(|when| match when.interval() {
        Interval { start, end: i64::MAX } => start,
        Interval { end, .. } => end.saturating_sub(1),
    });
    let last = last.map_or(0, Instant::unix);
    let read = Instant::from_unix(told.max().unwrap_or(last)).map_err(|e| {
        Failure::new(format!("{name}: a time in it cannot be used: {e}")).hint("mend the document")
    })?;
    Ok(Beside::of_events(name, events, read))
}

/// Reads record documents as events that no ledger holds.
fn documents(path: &Path, name: &str) -> Result<Beside, Failure> {
    let text = source::read_text(path, DOCUMENTS_MAX)?;
    let file = path.display().to_string();
    let written = if path.extension().is_some_and(|extension| extension == "jsonl") {
        document::read_lines(&text, &file)?
    } else {
        vec![document::read(&text, &file)?]
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut events = Vec::with_capacity(written.len());
    for written in &written {
        let file = |file: &Path| crate::commands::record::digest(&folder.join(file));
        events.push(written.event(|_| None, file)?);
    }
    beside_of(&events, None, name)
}

/// Returns the exact texts of the statements that lie as evidence in the ledger directories and
/// published ledgers among `places`.
fn texts<'a>(
    timeline: &Timeline,
    places: impl Iterator<Item = &'a Path>,
    context: &Context,
) -> Result<Texts, Failure> {
    let versions = timeline.statements().iter().flat_map(|statement| &statement.versions);
    let wanted: BTreeSet<Hash> = versions.filter_map(|version| version.digest).collect();
    let mut texts = Texts::default();
    let is_ledger = |place: &Path| place.is_dir() && !Capture::is_at(place) && !texts::is_at(place);
    for place in places {
        if Published::is_at(place) {
            let published = Published::open(place, context)?;
            for digest in &wanted {
                let bytes = published.evidence(digest, TEXT_MAX)?;
                if let Some(Ok(text)) = bytes.map(String::from_utf8) {
                    texts.add(text);
                }
            }
            continue;
        }
        if !is_ledger(place) {
            continue;
        }
        let reader = Reader::open(place)?;
        for digest in &wanted {
            let Some(file) = reader.evidence(digest)?.filter(|file| file.size <= TEXT_MAX) else {
                continue;
            };
            let read = std::fs::read(&file.path);
            let bytes = read.map_err(|e| Failure::io("read", &file.path, &e))?;
            // A text gets in under the digest of what was read, whatever the name of the file says.
            if let Ok(text) = String::from_utf8(bytes) {
                texts.add(text);
            }
        }
    }
    Ok(texts)
}
