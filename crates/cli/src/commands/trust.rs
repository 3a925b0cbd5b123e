//! `tally trust`: the pins of the ledgers that the user knows.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tally_ledger::hash::Hash;
use tally_ledger::name::Origin;
use tally_report::text::{escaped, wrapped};

use crate::args::FormatArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source;
use crate::trust::{Known, TrustStore};

/// The arguments of `tally trust`.
#[derive(Debug, Clone, Args)]
pub struct TrustArgs {
    #[command(subcommand)]
    command: TrustCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum TrustCommand {
    /// Pin a ledger
    Add(AddArgs),
    /// List the pinned ledgers
    List(FormatArgs),
    /// Forget a ledger
    Remove {
        /// Its origin
        origin: Origin,
    },
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A pin is worth what its way to you is worth: take it from the organisation
itself, never from a copy of the ledger.")]
struct AddArgs {
    /// The origin of the ledger
    origin: Origin,

    /// The vkey of its checkpoints, or the file that holds it
    #[arg(long, value_name = "VKEY|FILE")]
    key: Vec<String>,

    /// A C2SP policy: its logs and its quorum of witnesses
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// The ledger id (the id of the genesis entry)
    #[arg(long, value_name = "ID")]
    ledger_id: Option<Hash>,

    /// A checkpoint seen before
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
}

/// Adds, lists or removes pins.
///
/// # Errors
///
/// Fails if the trust store cannot be read or written, and if a pin is not one.
pub fn run(args: &TrustArgs, context: &mut Context) -> Result<Status, Failure> {
    let store = TrustStore::of(context.config.as_deref())?;
    match &args.command {
        TrustCommand::Add(args) => add(args, &store, context)?,
        TrustCommand::List(args) => list(*args, &store, context)?,
        TrustCommand::Remove { origin } => {
            let found = store.change(|ledgers| {
                let before = ledgers.len();
                ledgers.retain(|known| known.origin != origin.as_str());
                Ok(ledgers.len() < before)
            })?;
            if !found {
                return Err(Failure::new(format!("{origin} is not pinned"))
                    .hint("see what is with: tally trust list"));
            }
            context.out.result(&format!("{origin} is no longer pinned"))?;
        }
    }
    Ok(Status::Clean)
}

fn add(args: &AddArgs, store: &TrustStore, context: &mut Context) -> Result<(), Failure> {
    let keys: Vec<String> = args
        .key
        .iter()
        .map(|key| Ok(source::vkey(key)?.to_string()))
        .collect::<Result<_, Failure>>()?;
    let policy = args.policy.as_deref().map(source::policy).transpose()?.map(|(_, text)| text);
    let seen = args.seen.as_deref().map(source::checkpoint).transpose()?;
    if let Some(seen) = seen.as_ref().filter(|seen| seen.origin() != args.origin.as_str()) {
        return Err(Failure::new(format!(
            "expected a checkpoint of {}, found one of {:.140}",
            args.origin,
            escaped(seen.origin())
        ))
        .hint("name the origin that the checkpoint is of"));
    }
    if keys.is_empty() && policy.is_none() && args.ledger_id.is_none() && seen.is_none() {
        return Err(
            Failure::new("no pin is given").hint("add --key, --policy, --ledger-id or --seen")
        );
    }
    let known = Known {
        origin: args.origin.to_string(),
        ledger_id: args.ledger_id,
        keys,
        policy,
        seen: seen.map(|seen| seen.to_string()),
    };
    store.change(|ledgers| {
        if ledgers.iter().any(|other| other.origin == known.origin) {
            return Err(Failure::new(format!("{} is pinned already", known.origin))
                .hint(format!("remove it first: tally trust remove {}", known.origin)));
        }
        ledgers.push(known.clone());
        Ok(())
    })?;
    context.out.result(&format!("{} is pinned in {}", args.origin, store.path().display()))
}

fn list(args: FormatArgs, store: &TrustStore, context: &mut Context) -> Result<(), Failure> {
    let ledgers = store.read()?;
    if args.format == Format::Json {
        let json = serde_json::json!({ "schema": 1, "ledgers": ledgers });
        return context.out.result(&format!("{json:#}"));
    }
    if ledgers.is_empty() {
        return context.out.result("no ledger is pinned");
    }
    for known in ledgers {
        context.out.result(&escaped(&known.origin))?;
        if let Some(id) = known.ledger_id {
            context.out.result(&format!("  id     {id}"))?;
        }
        for key in &known.keys {
            context.out.result(&format!("  key    {}", escaped(key)))?;
        }
        if known.policy.is_some() {
            context.out.result("  policy yes")?;
        }
        let seen = known.pins()?.seen;
        for seen in seen {
            let seen = format!("{} entries, root {}", seen.size(), seen.root());
            context.out.result(&wrapped("  seen   ", &seen, context.out.width))?;
        }
    }
    Ok(())
}
