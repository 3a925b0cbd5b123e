//! `tally mirror compare`: what several places serve of the same ledgers, held against each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use tally_ledger::equivocation::Equivocation;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_mirror::mirror::{Held, Mirror, MirrorError};
use tally_mirror::place::Place;
use tally_mirror::published;
use tally_mirror::remote_tree::{RemoteTree, TreeError};
use tally_report::text::{escaped, wrapped};

use super::refused;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::published::{place, unread};
use crate::source;

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally mirror compare M https://ledger.ca.example/incidents --key ledger.vkey

Exit status: 0 if they are consistent, 2 if one cannot be read, 3 if a log has
signed two histories.")]
pub(super) struct CompareArgs {
    /// Mirrors (all their ledgers), and places where one ledger is published
    #[arg(required = true, num_args = 2.., value_name = "DIR|PLACE")]
    views: Vec<PathBuf>,

    /// The vkey of a ledger, or the file that holds it; those of mirrors are known
    #[arg(long, value_name = "VKEY|FILE")]
    key: Vec<String>,

    /// Write the proofs of two histories to this folder
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
}

/// What one place serves of a ledger.
struct View {
    name: String,
    place: Place,
    checkpoint: Checkpoint,
}

pub(super) fn run(args: &CompareArgs, context: &mut Context) -> Result<Status, Failure> {
    let mut keys: Vec<Vkey> =
        args.key.iter().map(|key| source::vkey(key)).collect::<Result<_, _>>()?;
    let mut views: BTreeMap<String, Vec<View>> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for path in &args.views {
        match views_of(path, &mut keys, &mut unreadable, context) {
            Ok(found) => {
                for view in found {
                    views.entry(view.checkpoint.origin().to_owned()).or_default().push(view);
                }
            }
            Err(failure) => unreadable.push(failure),
        }
    }
    let (mut status, mut proofs) = (Status::Clean, 0);
    // A place that is silent, or a ledger whose files are damaged, hides none of the others.
    for failure in &unreadable {
        status = status.max(failure.exit());
        let told = failure.to_string();
        let told = told.strip_prefix("error: ").unwrap_or(&told);
        for (line, words) in told.lines().zip(["not compared: ", ""]) {
            context.out.talk(&format!("{words}{}", escaped(line)));
        }
    }
    for (origin, views) in &mut views {
        views.sort_by_key(|view| std::cmp::Reverse(view.checkpoint.size()));
        context.out.result(&escaped(origin))?;
        status = status.max(compared(views, &keys, args, &mut proofs, context)?);
    }
    Ok(status)
}

/// Holds views of one ledger, the largest first, against each other, and says what is found.
fn compared(
    views: &[View],
    keys: &[Vkey],
    args: &CompareArgs,
    proofs: &mut u32,
    context: &mut Context,
) -> Result<Status, Failure> {
    if let [only] = views {
        let told = format!("{}: nothing to compare it with", only.name);
        context.out.result(&wrapped("  ", &escaped(&told), context.out.width))?;
    }
    let (mut status, mut rest) = (Status::Clean, views);
    while let [largest, others @ ..] = rest {
        // Anybody can show a large checkpoint: where it leads nowhere, the next one has to.
        rest = &[];
        for view in others {
            let (told, found) = match held_against(largest, view, keys, args, proofs)? {
                Finding::Compared(told, found) => (told, found),
                Finding::NotCompared(told, found) => {
                    rest = others;
                    (told, found)
                }
            };
            status = status.max(found);
            context.out.result(&wrapped("  ", &escaped(&told), context.out.width))?;
        }
    }
    Ok(status)
}

fn views_of(
    path: &Path,
    keys: &mut Vec<Vkey>,
    unreadable: &mut Vec<Failure>,
    context: &Context,
) -> Result<Vec<View>, Failure> {
    if !Mirror::is_at(path) {
        let place = place(path, context)?;
        let checkpoint = published::checkpoint(&place).map_err(unread)?;
        return Ok(vec![View { name: place.name().to_owned(), place, checkpoint }]);
    }
    let mut views = Vec::new();
    for held in Mirror::open(path).and_then(|mirror| mirror.ledgers()).map_err(refused)? {
        let shown = shown(&held, keys).map_err(refused);
        let placed = |checkpoint| Ok((place(held.public(), context)?, checkpoint));
        match shown.and_then(|checkpoint| checkpoint.map(placed).transpose()) {
            Ok(Some((place, checkpoint))) => {
                views.push(View { name: path.display().to_string(), place, checkpoint });
            }
            Ok(None) => {}
            Err(failure) => unreadable.push(failure),
        }
    }
    Ok(views)
}

/// Returns what a mirror has of a ledger, and adds the keys that it knows.
fn shown(held: &Held, keys: &mut Vec<Vkey>) -> Result<Option<Checkpoint>, MirrorError> {
    keys.extend(held.followed()?.known()?.logs().cloned());
    let granted = held.state()?.granted;
    keys.extend(granted.iter().filter_map(|key| key.parse::<Vkey>().ok()));
    held.checkpoint()
}

/// What a view is like beside a larger one, in words, and the exit status that it asks for.
enum Finding {
    Compared(String, Status),
    NotCompared(String, Status),
}

/// Returns what a view is like beside a larger one.
fn held_against(
    largest: &View,
    view: &View,
    keys: &[Vkey],
    args: &CompareArgs,
    proofs: &mut u32,
) -> Result<Finding, Failure> {
    let (one, other) = (&largest.checkpoint, &view.checkpoint);
    let signed = |key: &&Vkey| {
        [one, other].iter().all(|checkpoint| matches!(checkpoint.signed_by(key), Signed::Holds(_)))
    };
    let Some(key) = keys.iter().find(signed) else {
        let told = format!(
            "{} and {}: no known key signed both; give it with --key",
            largest.name, view.name
        );
        return Ok(Finding::NotCompared(told, Status::CouldNotRun));
    };
    let behind = one.size() - other.size();
    let grown = if behind == 0 {
        None
    } else {
        let grown = RemoteTree::of(&largest.place, one).grown(other.size());
        match grown {
            Ok(grown) => Some(grown),
            // A place that does not answer has shown nothing wrong.
            Err(e @ TreeError::Place(_)) => {
                return Ok(Finding::NotCompared(e.to_string(), Status::CouldNotRun));
            }
            Err(e) => {
                let told = format!("{}: {e}", largest.name);
                return Ok(Finding::NotCompared(told, Status::Failed));
            }
        }
    };
    let there = grown.as_ref().map_or(one.root(), |grown| grown.root);
    if there == other.root() {
        let told = match behind {
            0 => format!("{} and {}: consistent", largest.name, view.name),
            n => format!("{}: behind {} by {n}, consistent", view.name, largest.name),
        };
        return Ok(Finding::Compared(told, Status::Clean));
    }
    let proof = Equivocation::between(key.clone(), one.clone(), other.clone(), grown);
    let proof = proof.map_err(|e| Failure::new(e.to_string()).hint("look at both checkpoints"))?;
    let path = loop {
        *proofs += 1;
        let path = args.output.join(format!("equivocation-{proofs}.txt"));
        let mut options = std::fs::OpenOptions::new();
        match options.write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                use std::io::Write;
                let written = file.write_all(proof.to_string().as_bytes());
                break written
                    .map(|()| path.clone())
                    .map_err(|e| Failure::io("write", &path, &e))?;
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && *proofs < 10_000 => {}
            Err(e) => return Err(Failure::io("write", &path, &e)),
        }
    };
    let told = format!(
        "{} and {}: TWO HISTORIES, signed by {key}; the proof is {}",
        largest.name,
        view.name,
        path.display()
    );
    Ok(Finding::Compared(told, Status::Failed))
}
