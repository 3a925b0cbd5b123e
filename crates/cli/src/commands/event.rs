//! The commands that record one event from flags: one module for each family of kinds.
//!
//! Each names the members of a body; this module makes a document of them, which `record` takes
//! from there. There is no second way from words to an entry.

pub mod action;
pub mod commitment;
pub mod incident;
pub mod inquiry;
pub mod legal;
pub mod note;
pub mod revocation;
pub mod statement;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, Subcommand};
use serde::Serialize;
use serde_json::Value as Json;
use tally_ledger::name::FeedId;
use tally_ledger::time::When;

use crate::args::{AuthorArgs, FormatArgs};
use crate::commands::record;
use crate::context::Context;
use crate::document::{Document, Written, WrittenBasis, WrittenCitation, WrittenEvidence};
use crate::failure::{Failure, Status};

/// The commands that record one event from flags.
#[derive(Debug, Clone, Subcommand)]
pub enum EventCommand {
    /// Open, follow and close an incident
    Incident(incident::IncidentArgs),
    /// Record court orders, letters, what was done about them, and notices
    Legal(legal::LegalArgs),
    /// Record deadlines, progress and completion of a revocation
    Revocation(revocation::RevocationArgs),
    /// Record action items and their status
    Action(action::ActionArgs),
    /// Record promises made and kept
    Commitment(commitment::CommitmentArgs),
    /// Record a public text
    Statement(statement::StatementArgs),
    /// Record questions and the replies to them
    Inquiry(inquiry::InquiryArgs),
    /// Add a remark to an entry
    Note(note::NoteArgs),
    /// Correct when an entry occurred, or where that is stated
    Correct(note::CorrectArgs),
}

/// Records one event.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(command: &EventCommand, context: &mut Context) -> Result<Status, Failure> {
    match command {
        EventCommand::Incident(args) => incident::run(args, context),
        EventCommand::Legal(args) => legal::run(args, context),
        EventCommand::Revocation(args) => revocation::run(args, context),
        EventCommand::Action(args) => action::run(args, context),
        EventCommand::Commitment(args) => commitment::run(args, context),
        EventCommand::Statement(args) => statement::run(args, context),
        EventCommand::Inquiry(args) => inquiry::run(args, context),
        EventCommand::Note(args) => note::note(args, context),
        EventCommand::Correct(args) => note::correct(args, context),
    }
}

/// The options of a command that records one event of an incident.
#[derive(Debug, Clone, Args)]
pub struct EventArgs {
    /// The incident that it belongs to; may be given several times
    #[arg(long = "incident", value_name = "ID", required = true, help_heading = ENTRY)]
    pub incidents: Vec<FeedId>,

    /// When it occurred and where that is said
    #[command(flatten)]
    pub source: SourceArgs,

    /// What it rests on, and whose key signs
    #[command(flatten)]
    pub signed: SignedArgs,
}

const ENTRY: &str = "Entry";

/// The options that say when something occurred, and who said so.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// When it occurred: 2026-01-31, 2026-01-31T12:00Z, a range A/B, ../B (not later) or A/..
    /// (not before)
    #[arg(long, value_name = "WHEN", help_heading = ENTRY)]
    pub occurred: Option<When>,

    /// It was stated at this address; without it the entry is the author's own record
    #[arg(long, value_name = "URL", help_heading = ENTRY)]
    pub stated: Option<String>,

    /// The number of the comment at that address
    #[arg(long, value_name = "N", requires = "stated", help_heading = ENTRY)]
    pub item: Option<u64>,
}

impl SourceArgs {
    /// Returns the citation that the options give, if they do.
    pub fn citation(&self) -> Option<WrittenCitation> {
        self.stated.clone().map(|url| WrittenCitation::of_page(url, self.item))
    }
}

/// The options that say what an entry rests on, whose key signs it and how the result is written.
#[derive(Debug, Clone, Args)]
pub struct SignedArgs {
    /// Keep this file by its digest, as evidence; may be given several times
    #[arg(long, value_name = "FILE", help_heading = ENTRY)]
    pub evidence: Vec<PathBuf>,

    /// Whose key signs, and where
    #[command(flatten)]
    pub author: AuthorArgs,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

impl EventArgs {
    /// Records an event of `kind` with the members of `body`.
    ///
    /// # Errors
    ///
    /// Fails as [`record::record`] does.
    pub fn record(
        &self,
        kind: &str,
        body: &impl Serialize,
        context: &mut Context,
    ) -> Result<Status, Failure> {
        let mut document = document(kind, body)?;
        document.feeds.clone_from(&self.incidents);
        document.occurred.clone_from(&self.source.occurred);
        document.basis =
            self.source.citation().map(|citation| WrittenBasis::Stated(vec![citation]));
        self.signed.record(document, context)
    }
}

impl SignedArgs {
    /// Records what `document` describes.
    ///
    /// # Errors
    ///
    /// Fails as [`record::record`] does.
    pub fn record(&self, mut document: Document, context: &mut Context) -> Result<Status, Failure> {
        let file =
            |file: &PathBuf| WrittenEvidence { file: file.clone(), media_type: None, name: None };
        document.evidence = self.evidence.iter().map(file).collect();
        let place = document.kind.to_string();
        let written = [Written { document, place }];
        record::record(&written, Path::new(""), &self.author, self.format.format, context)
    }
}

/// Returns a document of `kind` that has the members of `body` and nothing else.
///
/// # Errors
///
/// Fails if `kind` is not the name of one.
pub fn document(kind: &str, body: &impl Serialize) -> Result<Document, Failure> {
    let body = serde_json::to_value(body).expect("flags are texts, numbers and lists of them");
    let body = match given(body) {
        Some(Json::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    Ok(Document {
        kind: kind.parse()?,
        incident: None,
        feeds: Vec::new(),
        occurred: None,
        basis: None,
        on: None,
        evidence: Vec::new(),
        body,
    })
}

/// Returns `value` without what was not given: members that are null, or empty lists or tables.
fn given(value: Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::Array(items) => {
            let kept: Vec<_> = items.into_iter().filter_map(given).collect();
            (!kept.is_empty()).then_some(Json::Array(kept))
        }
        Json::Object(members) => {
            let kept = members.into_iter().filter_map(|(name, value)| Some((name, given(value)?)));
            let kept: serde_json::Map<_, _> = kept.collect();
            (!kept.is_empty()).then_some(Json::Object(kept))
        }
        other => Some(other),
    }
}

/// Takes any text, and offers the words that the vocabulary names for an open set.
#[derive(Debug, Clone, Copy)]
pub struct Offered(pub &'static [&'static str]);

impl TypedValueParser for Offered {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}
