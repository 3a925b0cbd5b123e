//! `tally list`: incidents, entries, the kinds of the vocabulary, or what policies ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tally_ledger::entry::Entry;
use tally_ledger::name::FeedId;
use tally_ledger::time::When;
use tally_ledger::vocabulary::{self, Body};
use tally_report::text::{escaped, wrapped};

use crate::args::FormatArgs;
use crate::commands::policies::{self, PackArgs};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source::{self, PinArgs};

/// The arguments of `tally list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value_t)]
    pub what: What,

    /// A ledger: its directory, a bundle, an extract, or where it is published
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    pub source: PathBuf,

    /// Only the entries of this incident
    #[arg(long, value_name = "ID")]
    pub incident: Option<FeedId>,

    /// Of policies, only what was in force then, such as 2025-03-01
    #[arg(long, value_name = "WHEN")]
    pub at: Option<When>,

    /// Policies besides those built in
    #[command(flatten)]
    pub packs: PackArgs,

    /// What is known beforehand
    #[command(flatten)]
    pub pins: PinArgs,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum What {
    /// The incidents, with their title and number of entries
    #[default]
    Incidents,
    /// The entries, a line each
    Entries,
    /// The kinds of events that can be recorded
    Kinds,
    /// What policies ask for by a time, and which rule looks at it
    Policies,
}

/// Prints the list.
///
/// # Errors
///
/// Fails if there is no ledger, or no such incident in it.
pub fn run(args: &ListArgs, context: &mut Context) -> Result<Status, Failure> {
    if args.what == What::Kinds {
        kinds(args.format.format, context)?;
        return Ok(Status::Clean);
    }
    if args.what == What::Policies {
        let packs = args.packs.packs()?;
        policies::list(&packs, args.at.as_ref(), args.format.format, context)?;
        return Ok(Status::Clean);
    }
    let found = source::verified(&args.source, &args.pins, context)?;
    let entries = found.ledger.entries();
    match args.what {
        What::Incidents => incidents(entries, args.format.format, context)?,
        What::Entries | What::Kinds | What::Policies => {
            list_entries(entries, args.incident.as_ref(), args.format.format, context)?;
        }
    }
    context.tell_verdict(&found);
    Ok(found.status())
}

fn kinds(format: Format, context: &mut Context) -> Result<(), Failure> {
    if format == Format::Json {
        let kinds: Vec<_> = vocabulary::KINDS
            .iter()
            .map(|kind| {
                serde_json::json!({
                    "kind": kind.name,
                    "summary": kind.summary,
                    "recorded_from_documents": kind.template.is_some(),
                })
            })
            .collect();
        let json = serde_json::json!({ "schema": 1, "kinds": kinds });
        return context.out.result(&format!("{json:#}"));
    }
    for kind in vocabulary::KINDS.iter().filter(|kind| kind.template.is_some()) {
        let first = format!("{:<24} ", kind.name);
        context.out.result(&wrapped(&first, kind.summary, context.out.width))?;
    }
    Ok(())
}

#[derive(Default)]
struct Incident {
    title: Option<String>,
    about: Option<String>,
    entries: u64,
}

fn incidents(entries: &[Entry], format: Format, context: &mut Context) -> Result<(), Failure> {
    let mut incidents: BTreeMap<&FeedId, Incident> = BTreeMap::new();
    for entry in entries {
        let event = &entry.payload().event;
        for feed in event.feeds.iter().filter(|feed| feed.is_incident()) {
            let incident = incidents.entry(feed).or_default();
            incident.entries += 1;
            if let Ok(Body::IncidentOpened(opened)) = Body::decode(&event.kind, &event.body) {
                incident.title.get_or_insert(opened.title);
                incident.about.get_or_insert(opened.about.name);
            }
        }
    }
    if format == Format::Json {
        let rows: Vec<_> = incidents
            .iter()
            .map(|(feed, i)| {
                serde_json::json!({
                    "incident": feed, "title": i.title, "about": i.about, "entries": i.entries,
                })
            })
            .collect();
        let json = serde_json::json!({ "schema": 1, "incidents": rows });
        return context.out.result(&format!("{json:#}"));
    }
    if incidents.is_empty() {
        return context.out.result("no incident yet");
    }
    for (feed, incident) in incidents {
        let about = incident.about.map_or(String::new(), |about| format!("{about}: "));
        let title = incident.title.unwrap_or_else(|| "not opened here".to_owned());
        let text = format!("{} entries  {}{}", incident.entries, escaped(&about), escaped(&title));
        context.out.result(&wrapped(&format!("{feed:<20} "), &text, context.out.width))?;
    }
    Ok(())
}

fn list_entries(
    entries: &[Entry],
    incident: Option<&FeedId>,
    format: Format,
    context: &mut Context,
) -> Result<(), Failure> {
    let within = |entry: &&Entry| {
        incident.is_none_or(|incident| entry.payload().event.feeds.contains(incident))
    };
    let chosen: Vec<&Entry> = entries.iter().filter(within).collect();
    if let (Some(incident), true) = (incident, chosen.is_empty()) {
        return Err(Failure::new(format!("the ledger has no incident {incident}"))
            .hint("see the incidents with: tally list incidents"));
    }
    if format == Format::Json {
        let rows: Vec<_> = chosen
            .iter()
            .map(|entry| {
                let (payload, event) = (entry.payload(), &entry.payload().event);
                serde_json::json!({
                    "seq": payload.seq, "id": entry.id(), "kind": event.kind,
                    "feeds": event.feeds, "recorded": payload.recorded,
                })
            })
            .collect();
        let json = serde_json::json!({ "schema": 1, "entries": rows });
        return context.out.result(&format!("{json:#}"));
    }
    for entry in chosen {
        let (payload, event) = (entry.payload(), &entry.payload().event);
        let summary = Body::decode(&event.kind, &event.body)
            .map_or_else(|_| "not understood".to_owned(), |body| body.summary());
        let first = format!("{:>5} {} ", payload.seq, entry.id().short());
        let text = format!("{}: {}", event.kind, escaped(&summary));
        context.out.result(&wrapped(&first, &text, context.out.width))?;
    }
    Ok(())
}
