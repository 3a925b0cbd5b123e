//! `tally mirror compare`: what several places serve of the same ledgers, held against each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use tally_ledger::equivocation::Equivocation;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_mirror::mirror::{Held, Mirror, MirrorError};
use tally_mirror::place::Place;
use tally_mirror::published;
use tally_mirror::remote_tree::RemoteTree;
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

Exit status: 0 if they are consistent, 3 if a log has signed two histories.")]
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
    let mut damaged = Vec::new();
    for path in &args.views {
        for view in views_of(path, &mut keys, &mut damaged, context)? {
            views.entry(view.checkpoint.origin().to_owned()).or_default().push(view);
        }
    }
    // One ledger whose files are damaged hides none of the others.
    for e in &damaged {
        context.out.talk(&format!("not compared: {}", escaped(e)));
    }
    let begin = if damaged.is_empty() { Status::Clean } else { Status::CouldNotRun };
    let (mut status, mut proofs) = (begin, 0);
    for (origin, views) in &mut views {
        views.sort_by_key(|view| std::cmp::Reverse(view.checkpoint.size()));
        context.out.result(&escaped(origin))?;
        if let [only] = views.as_slice() {
            let told = format!("{}: nothing to compare it with", only.name);
            context.out.result(&wrapped("  ", &escaped(&told), context.out.width))?;
        }
        let Some((largest, others)) = views.split_first().filter(|(_, others)| !others.is_empty())
        else {
            continue;
        };
        for view in others {
            let (told, found) = held_against(largest, view, &keys, args, &mut proofs)?;
            status = status.max(found);
            context.out.result(&wrapped("  ", &escaped(&told), context.out.width))?;
        }
    }
    Ok(status)
}

fn views_of(
    path: &Path,
    keys: &mut Vec<Vkey>,
    damaged: &mut Vec<String>,
    context: &Context,
) -> Result<Vec<View>, Failure> {
    if !Mirror::is_at(path) {
        let place = place(path, context)?;
        let checkpoint = published::checkpoint(&place).map_err(unread)?;
        return Ok(vec![View { name: place.name().to_owned(), place, checkpoint }]);
    }
    let mut views = Vec::new();
    for held in Mirror::open(path).and_then(|mirror| mirror.ledgers()).map_err(refused)? {
        match shown(&held, keys) {
            Ok(Some(checkpoint)) => {
                let place = place(held.public(), context)?;
                views.push(View { name: path.display().to_string(), place, checkpoint });
            }
            Ok(None) => {}
            Err(e) => damaged.push(e.to_string()),
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

/// Returns what a view is like beside the largest one.
fn held_against(
    largest: &View,
    view: &View,
    keys: &[Vkey],
    args: &CompareArgs,
    proofs: &mut u32,
) -> Result<(String, Status), Failure> {
    let (one, other) = (&largest.checkpoint, &view.checkpoint);
    let signed = |key: &&Vkey| {
        [one, other].iter().all(|checkpoint| matches!(checkpoint.signed_by(key), Signed::Holds(_)))
    };
    let Some(key) = keys.iter().find(signed) else {
        let told = format!(
            "{} and {}: no known key signed both; give it with --key",
            largest.name, view.name
        );
        return Ok((told, Status::CouldNotRun));
    };
    let behind = one.size() - other.size();
    let grown = if behind == 0 {
        None
    } else {
        let grown = RemoteTree::of(&largest.place, one).grown(other.size());
        match grown {
            Ok(grown) => Some(grown),
            Err(e) => return Ok((format!("{}: {e}", largest.name), Status::Failed)),
        }
    };
    let there = grown.as_ref().map_or(one.root(), |grown| grown.root);
    if there == other.root() {
        let told = match behind {
            0 => format!("{} and {}: consistent", largest.name, view.name),
            n => format!("{}: behind {} by {n}, consistent", view.name, largest.name),
        };
        return Ok((told, Status::Clean));
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
    Ok((told, Status::Failed))
}
