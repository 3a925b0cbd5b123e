//! `tally disclose`: commits a text that is posted, with what it claims, unless it parts from the
//! record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::json;
use tally_intake::draft::Severity;
use tally_ledger::claim::Origin;
use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::name::FeedId;
use tally_ledger::payload::{Basis, Event, Evidence, On};
use tally_ledger::replay::Timeline;
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::entry::Note;
use tally_ledger::vocabulary::statement::{Form, Published};
use tally_ledger::vocabulary::words::Channel;

use super::check::{self, DRAFT_MAX};
use super::event::Offered;
use super::policies::PackArgs;
use super::record;
use crate::args::{AuthorArgs, FormatArgs};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir::LedgerDir;
use crate::output::Format;
use crate::posting::{self, Address, Place, Posting};
use crate::snippet::{Lines, Shown, laid_out};
use crate::source;

/// The arguments of `tally disclose`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally disclose report.md --incident 2026-wrong-field \\
      --url 'https://bugzilla.mozilla.org/show_bug.cgi?id=1234567#c4'

The file is kept as evidence, and what its fields claim is recorded with it. If
a claim differs from the record, nothing is recorded and the exit status is 1,
unless --despite gives a reason, which is recorded beside it.")]
pub struct DiscloseArgs {
    /// The exact text, as it is posted
    #[arg(value_name = "FILE")]
    text: PathBuf,

    /// The address at which it is posted; #cN at its end names the comment
    #[arg(long)]
    url: String,

    /// The incident that it belongs to [default: the only one there is]
    #[arg(long, value_name = "NAME", help_heading = STATEMENT)]
    incident: Option<FeedId>,

    /// A name to refer to it by [default: the bug and comment, or its form and day]
    #[arg(long, value_name = "NAME", help_heading = STATEMENT)]
    name: Option<String>,

    /// When it is posted [default: now]
    #[arg(long, value_name = "WHEN", help_heading = STATEMENT)]
    published: Option<When>,

    /// What sort of text: one of these, or another word of a-z 0-9 _ [default: as its title says]
    #[arg(long, value_name = "WORD", value_parser = Offered(Form::WORDS), help_heading = STATEMENT)]
    form: Option<String>,

    /// Where: one of these, or another word of a-z 0-9 _
    #[arg(
        long,
        value_name = "WORD",
        value_parser = Offered(Channel::WORDS),
        default_value = "bugzilla",
        help_heading = STATEMENT
    )]
    channel: String,

    /// Record it although it differs, for this reason
    #[arg(long, value_name = "REASON")]
    despite: Option<String>,

    /// Policies besides those built in
    #[command(flatten)]
    packs: PackArgs,

    /// Whose key signs, and where
    #[command(flatten)]
    author: AuthorArgs,

    /// How the result is written
    #[command(flatten)]
    format: FormatArgs,
}

const STATEMENT: &str = "Statement";

/// Commits the text, or says what it collides with.
///
/// # Errors
///
/// Fails if the text cannot be read, and as the store does; then nothing is recorded.
pub fn run(args: &DiscloseArgs, context: &mut Context) -> Result<Status, Failure> {
    if args.despite.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        return Err(Failure::new("--despite is empty")
            .hint("say why the text is posted although it differs: the reason is recorded"));
    }
    let key = args.author.key()?;
    let (digest, size) = record::digest(&args.text)?;
    let text = source::read_text(&args.text, DRAFT_MAX)?;
    if Hash::of(text.as_bytes()) != digest {
        return Err(Failure::new(format!("{} changed while it was read", args.text.display()))
            .hint("try again when nothing writes to it"));
    }
    let mut ledger = LedgerDir::open(&args.author.ledger, context)?;
    let facts = Timeline::replay(ledger.ledger());
    let published = match &args.published {
        Some(published) => published.clone(),
        None => When::from_instant(context.clock.now()?),
    };
    let incident = posting::incident(args.incident.as_ref(), &facts)?;
    let posting = Posting::read(text, place(args, &published)?, &published, incident, &facts)?;
    if facts.statement(&posting.body.id, std::slice::from_ref(&posting.incident)).is_some() {
        let message = format!("the incident has a statement {} already", posting.body.id);
        return Err(Failure::new(message).hint("name this one with --name NAME"));
    }
    let found = posting.collisions(&facts, &args.author.ledger, args.packs.packs()?, context)?;
    let differing: Vec<&Shown> =
        found.iter().filter(|found| found.weight >= Severity::Warning).collect();
    if !differing.is_empty() && args.despite.is_none() {
        return refuse(args, &posting, &differing, context);
    }
    let evidence = Evidence::File {
        digest,
        size,
        media_type: "text/markdown".to_owned(),
        name: args.text.file_name().map(|name| name.to_string_lossy().into_owned()),
    };
    let recorded = context.clock.now()?;
    let statement =
        sign(&mut ledger, &posting, &evidence, |ledger, event| ledger.sign(event, recorded, &key))?;
    let mut entries = vec![statement];
    if let Some(reason) = args.despite.as_ref().filter(|_| !differing.is_empty()) {
        let note = note(&entries[0], &differing, reason);
        let recorded = context.clock.now()?;
        entries.push(ledger.sign(note, recorded, &key)?);
    } else if args.despite.is_some() {
        context.out.talk("note: nothing differs; the reason of --despite is not recorded");
    }
    ledger.check(&entries)?;
    ledger.put_evidence(&args.text, digest)?;
    ledger.append(&entries)?;
    record::show(&entries, args.format.format, context)?;
    let claims = posting.body.claims.iter();
    let parsed = claims.clone().filter(|claim| claim.origin == Origin::Parsed).count();
    let suggested = claims.filter(|claim| claim.origin == Origin::Suggested).count();
    context.out.talk(&format!(
        "{parsed} claims of its fields count; {suggested} more are suggested, and count once \
         confirmed with: tally claims"
    ));
    Ok(Status::Clean)
}

/// Signs the entry of the text. If its claims do not fit into one entry, those that are only
/// suggested are left out.
fn sign(
    ledger: &mut LedgerDir,
    posting: &Posting,
    evidence: &Evidence,
    mut sign: impl FnMut(&mut LedgerDir, Event) -> Result<Entry, Failure>,
) -> Result<Entry, Failure> {
    let event = |body: &Published| posting.event(body, vec![evidence.clone()]);
    if let Ok(entry) = sign(ledger, event(&posting.body)) {
        return Ok(entry);
    }
    let mut body = posting.body.clone();
    body.claims.retain(|claim| claim.origin != Origin::Suggested);
    sign(ledger, event(&body))
}

/// Returns where the text is posted, and what it is called.
fn place(args: &DiscloseArgs, published: &When) -> Result<Place, Failure> {
    let Address { page: url, item, bug } = Address::of(&args.url).ok_or_else(|| {
        Failure::new(format!("{:.200} is no address", args.url))
            .hint("name the page at which it is posted: https://…")
    })?;
    let form = args.form.as_deref().map(word).transpose()?;
    let id = match (&args.name, bug, item) {
        (Some(name), ..) => name.clone(),
        (None, Some(bug), Some(item)) => format!("{bug}-c{item}"),
        (None, ..) => {
            let day = published.at().get(..10).unwrap_or(published.at());
            format!("{}-{day}", args.form.as_deref().unwrap_or("statement").replace('_', "-"))
        }
    };
    Ok(Place { id, url, item, channel: word(&args.channel)?, form })
}

/// Returns a word of the vocabulary.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_value(text.into()).map_err(|e| {
        Failure::new(format!("{text:.40}: {e}"))
            .hint("see the words with: tally record --template statement.published")
    })
}

/// Shows what differs, and records nothing.
fn refuse(
    args: &DiscloseArgs,
    posting: &Posting,
    differing: &[&Shown],
    context: &mut Context,
) -> Result<Status, Failure> {
    let lines = Lines::new(&posting.text);
    let name = args.text.display().to_string();
    let told = match args.format.format {
        Format::Text => {
            let all = differing.iter().map(|found| laid_out(found, &name, &lines, context.style()));
            all.collect::<Vec<_>>().join("\n\n")
        }
        Format::Json => {
            let all = differing.iter().map(|found| check::members::diagnostic(found, &lines));
            let diagnostics: Vec<_> = all.collect();
            format!("{:#}", json!({ "schema": 1, "recorded": [], "diagnostics": diagnostics }))
        }
    };
    context.out.result(&told)?;
    let sentences = match differing.len() {
        1 => "one claim differs from the record".to_owned(),
        n => format!("{n} claims differ from the record"),
    };
    context.out.talk(&format!(
        "nothing was recorded: {sentences}\nhint: correct the text, or add --despite REASON, which \
         is recorded"
    ));
    Ok(Status::Diverges)
}

/// Returns the remark that says why a text was posted although it differs.
fn note(statement: &Entry, differing: &[&Shown], reason: &str) -> Event {
    let mut codes: Vec<&str> = differing.iter().map(|found| found.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let payload = statement.payload();
    let text = format!("posted although it differs ({}): {reason}", codes.join(", "));
    Event {
        feeds: payload.event.feeds.clone(),
        kind: "entry.note".parse().expect("it is a kind"),
        occurred: None,
        basis: Basis::Own,
        on: Some(On {
            seq: payload.seq,
            kind: payload.event.kind.clone(),
            feeds: payload.event.feeds.clone(),
        }),
        evidence: Vec::new(),
        body: Body::EntryNote(Note { text, extra: BTreeMap::new() }).to_value(),
    }
}
