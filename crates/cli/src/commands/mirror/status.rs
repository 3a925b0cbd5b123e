//! `tally mirror status`: how each ledger stands, what is wrong first.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tally_ledger::time::Instant;
use tally_mirror::mirror::{Condition, Held, Mirror, MirrorError};
use tally_report::text::{escaped, wrapped};

use super::refused;
use super::sync::entries;
use crate::args::FormatArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;

#[derive(Debug, Clone, Args)]
pub(super) struct StatusArgs {
    /// The mirror's directory
    dir: PathBuf,

    /// How the result is written
    #[command(flatten)]
    format: FormatArgs,
}

/// How one ledger stands.
#[derive(Debug, Serialize)]
struct Standing {
    origin: String,
    condition: Condition,
    place: Option<String>,
    folder: PathBuf,
    size: Option<u64>,
    root: Option<String>,
    /// When the mirror cosigned what it holds.
    cosigned: Option<String>,
    /// When it last found that it holds what is published.
    current: Option<String>,
    error: Option<String>,
    equivocations: Vec<PathBuf>,
}

impl Standing {
    /// Returns how a ledger stands; one whose files are damaged hides none of the others.
    fn of(held: &Held) -> Self {
        Self::read(held).unwrap_or_else(|e| Self {
            origin: held.origin().to_owned(),
            condition: Condition::Failed,
            place: None,
            folder: held.public().to_owned(),
            size: None,
            root: None,
            cosigned: None,
            current: None,
            error: Some(e.to_string()),
            equivocations: Vec::new(),
        })
    }

    fn read(held: &Held) -> Result<Self, MirrorError> {
        let (followed, state) = (held.followed()?, held.state()?);
        let checkpoint = held.checkpoint()?;
        let proofs = held.equivocations()?;
        let condition = if proofs.is_empty() { state.condition } else { Condition::Equivocation };
        Ok(Self {
            origin: held.origin().to_owned(),
            condition,
            place: Some(followed.place),
            folder: held.public().to_owned(),
            size: checkpoint.as_ref().map(tally_ledger::note::Checkpoint::size),
            root: checkpoint.as_ref().map(|held| held.root().to_string()),
            cosigned: checkpoint.as_ref().and_then(|one| held.cosigned(one)).and_then(time),
            current: state.success.and_then(time),
            error: state.error,
            equivocations: proofs.into_iter().map(|(path, _)| path).collect(),
        })
    }
}

fn time(seconds: u64) -> Option<String> {
    let instant = i64::try_from(seconds).ok().and_then(|at| Instant::from_unix(at).ok());
    instant.map(|instant| instant.to_string())
}

pub(super) fn run(args: &StatusArgs, context: &mut Context) -> Result<Status, Failure> {
    let mirror = Mirror::open(&args.dir).map_err(refused)?;
    let ledgers = mirror.ledgers().map_err(refused)?;
    let mut all: Vec<Standing> = ledgers.iter().map(Standing::of).collect();
    all.sort_by(|a, b| (a.condition, &a.origin).cmp(&(b.condition, &b.origin)));
    let watched = mirror.watched().and_then(time);
    if args.format.format == Format::Json {
        let vkey = mirror.vkey().to_string();
        let json = serde_json::json!({
            "schema": 1, "mirror": vkey, "watched": watched, "ledgers": all,
        });
        context.out.result(&format!("{json:#}"))?;
    } else {
        let lines: Vec<String> = all.iter().map(|one| text(one, context.out.width)).collect();
        let none = "the mirror follows no ledger yet".to_owned();
        context.out.result(&if lines.is_empty() { none } else { lines.join("\n\n") })?;
        if let Some(watched) = watched {
            context.out.result(&format!("\nWatched    {watched}"))?;
        }
    }
    let worst = all.iter().map(|one| match one.condition {
        Condition::Equivocation | Condition::Broken => Status::Failed,
        Condition::Failed => Status::CouldNotRun,
        Condition::Stale | Condition::New | Condition::Well => Status::Clean,
    });
    Ok(worst.max().unwrap_or(Status::Clean))
}

fn text(one: &Standing, width: usize) -> String {
    let word = match one.condition {
        Condition::Equivocation => "EQUIVOCATION: two histories are signed",
        Condition::Broken => "broken: what is published does not hold",
        Condition::Failed => "failed: it could not be followed",
        Condition::Stale => "stale: an earlier checkpoint is published than is held",
        Condition::New => "new: not read yet",
        Condition::Well => "well",
    };
    let mut lines = vec![escaped(&one.origin), wrapped("  ", word, width)];
    let mut row = |name: &str, value: &str| {
        lines.push(wrapped(&format!("  {name:<9} "), &escaped(value), width));
    };
    one.equivocations.iter().for_each(|path| row("Proof", &path.display().to_string()));
    if let Some(error) = &one.error {
        row("Reason", error);
    }
    if let Some(size) = one.size {
        let cosigned = one.cosigned.as_deref().unwrap_or("never");
        row("Held", &format!("{}, cosigned {cosigned}", entries(size)));
    }
    if let Some(current) = &one.current {
        row("Current", current);
    }
    if let Some(place) = &one.place {
        row("Place", place);
    }
    lines.join("\n")
}
