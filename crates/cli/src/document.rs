//! Record documents: what a person writes, in TOML or JSON, and what becomes of it
//! (docs/VOCABULARY.md, "Record documents").

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tally_ledger::hash::Hash;
use tally_ledger::name::{FeedId, Kind};
use tally_ledger::payload::{Basis, Citation, Event, Evidence, On};
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;

use crate::failure::Failure;

/// The largest document, in bytes; an entry is much smaller.
pub const DOCUMENT_MAX: u64 = 1024 * 1024;

/// A record document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The kind of the event.
    pub kind: Kind,
    /// The incident it belongs to.
    pub incident: Option<FeedId>,
    /// The incidents it belongs to, where there are several.
    #[serde(default)]
    pub feeds: Vec<FeedId>,
    /// When it occurred.
    pub occurred: Option<When>,
    /// What it is rested on.
    pub basis: Option<WrittenBasis>,
    /// The seq of the entry that it acts on.
    pub on: Option<u64>,
    /// The files that it rests on.
    #[serde(default)]
    pub evidence: Vec<WrittenEvidence>,
    /// The members of the kind.
    #[serde(default)]
    pub body: serde_json::Map<String, Json>,
}

/// A basis as a document writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WrittenBasis {
    /// Somebody said so.
    Stated(Vec<WrittenCitation>),
    /// It was measured.
    Measured(Vec<Hash>),
}

/// A citation as a document writes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenCitation {
    url: Option<String>,
    item: Option<u64>,
    digest: Option<Hash>,
    entry: Option<u64>,
    claim: Option<u64>,
    span: Option<(u64, u64)>,
}

/// A file of evidence as a document names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenEvidence {
    /// The file, relative to the document.
    pub file: PathBuf,
    /// Its media type; `application/octet-stream` if nothing is said and the name tells nothing.
    #[serde(rename = "type")]
    pub media_type: Option<String>,
    /// The name to record; the file's own if nothing is said.
    pub name: Option<String>,
}

/// A document and where it stands, for messages.
#[derive(Debug, Clone)]
pub struct Written {
    /// What it says.
    pub document: Document,
    /// Its file, and its line in JSON Lines.
    pub place: String,
}

/// Reads one document in TOML or JSON; JSON begins with a brace.
///
/// # Errors
///
/// Fails if the text is neither, or lacks what every document has.
pub fn read(text: &str, place: &str) -> Result<Written, Failure> {
    let json = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|e| malformed(place, &e))?
    } else {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            // A text that has nothing of a document may be a secret: then no line is quoted.
            let meant = text.lines().any(|line| line.trim_start().starts_with("kind"));
            let told = if meant { e.to_string() } else { e.message().to_owned() };
            Failure::new(format!("{place}: not a TOML document: {}", told.trim_end()))
                .hint("print a document to fill in with: tally record --template KIND")
        })?;
        from_toml(toml::Value::Table(table))
    };
    from_json(json, place)
}

/// Reads JSON Lines: one document a line; blank lines are passed over.
///
/// # Errors
///
/// Fails at the first line that is no document, naming it.
pub fn read_lines(text: &str, file: &str) -> Result<Vec<Written>, Failure> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let place = format!("{file}, line {}", index + 1);
            if line.len() as u64 > DOCUMENT_MAX {
                return Err(Failure::too_large(&place, DOCUMENT_MAX));
            }
            from_json(serde_json::from_str(line).map_err(|e| malformed(&place, &e))?, &place)
        })
        .collect()
}

fn malformed(place: &str, e: &serde_json::Error) -> Failure {
    Failure::new(format!("{place}: not a JSON document: {e}"))
        .hint("print a document to fill in with: tally record --template KIND")
}

fn from_json(json: Json, place: &str) -> Result<Written, Failure> {
    let document: Document = serde_json::from_value(json).map_err(|e| {
        Failure::new(format!("{place}: not a record document: {e}"))
            .hint("print a document to fill in with: tally record --template KIND")
    })?;
    // A document may come from a stranger, and what it names becomes part of the record for good.
    let inside = |file: &Path| {
        file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    };
    if let Some(written) = document.evidence.iter().find(|written| !inside(&written.file)) {
        let file = written.file.display();
        return Err(Failure::new(format!("{place}: evidence {file} lies outside its folder"))
            .hint("name files in the folder of the document, or below it"));
    }
    Ok(Written { document, place: place.to_owned() })
}

/// Turns TOML into JSON; a date or time of TOML becomes its text.
fn from_toml(value: toml::Value) -> Json {
    match value {
        toml::Value::String(text) => Json::String(text),
        toml::Value::Integer(n) => n.into(),
        toml::Value::Float(x) => x.into(),
        toml::Value::Boolean(b) => b.into(),
        toml::Value::Datetime(at) => Json::String(at.to_string()),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(members) => {
            Json::Object(members.into_iter().map(|(k, v)| (k, from_toml(v))).collect())
        }
    }
}

impl Written {
    /// Returns the event that the document describes. `on` finds the entry acted on, and
    /// `file` files evidence and returns its digest and size in bytes.
    ///
    /// # Errors
    ///
    /// Fails if the body does not fit its kind, and if something it names is not there.
    pub fn event(
        &self,
        on: impl FnOnce(u64) -> Option<On>,
        mut file: impl FnMut(&Path) -> Result<(Hash, u64), Failure>,
    ) -> Result<Event, Failure> {
        let document = &self.document;
        let fail = |what: String| Failure::new(format!("{}: {what}", self.place));
        let on = match document.on {
            None => None,
            Some(seq) => Some(on(seq).ok_or_else(|| {
                fail(format!("on = {seq}: the ledger has no entry {seq} yet"))
                    .hint("see the entries with: tally list entries")
            })?),
        };
        if on.is_none() && document.kind.as_str().starts_with("entry.") {
            let what = format!("a {} acts on another entry, and none is named", document.kind);
            return Err(fail(what).hint("add a line such as: on = 12"));
        }
        let hint =
            format!("print what belongs there with: tally record --template {}", document.kind);
        let body = Body::from_document(&document.kind, &Json::Object(document.body.clone()));
        let body = match (body, &on) {
            // What a correction puts in place is read as the kind that it corrects.
            (Ok(Body::EntryCorrection(correction)), Some(on)) => {
                correction.of(&on.kind).map(Body::EntryCorrection)
            }
            (body, _) => body,
        };
        let body = body.map_err(|e| fail(e.to_string()).hint(hint.clone()))?;
        let mut feeds = document.feeds.clone();
        feeds.extend(document.incident.clone());
        feeds.extend(on.iter().flat_map(|on| on.feeds.clone()));
        if feeds.is_empty() {
            return Err(fail("no incident is named".to_owned())
                .hint("add a line such as: incident = \"2024-delayed-revocation\""));
        }
        if let Some(on) = on.as_ref().filter(|on| !on.feeds.iter().all(FeedId::is_incident)) {
            return Err(fail(format!("on = {}: a {} belongs to no incident", on.seq, on.kind))
                .hint("name an entry of an incident; see them with: tally list entries"));
        }
        if let Some(reserved) = feeds.iter().find(|feed| !feed.is_incident()) {
            return Err(fail(format!("{reserved} is a reserved feed, not an incident"))
                .hint("choose another name for the incident"));
        }
        let basis = match &document.basis {
            None => Basis::Own,
            Some(WrittenBasis::Measured(digests)) => Basis::Measured(digests.clone()),
            Some(WrittenBasis::Stated(citations)) => {
                let read = |citation: &WrittenCitation| {
                    citation.read().map_err(|e| fail(e.into()).hint(hint.clone()))
                };
                Basis::Stated(citations.iter().map(read).collect::<Result<_, _>>()?)
            }
        };
        let mut evidence = Vec::new();
        for written in &document.evidence {
            let (digest, size) = file(&written.file)?;
            evidence.push(written.read(digest, size));
        }
        Ok(Event {
            feeds,
            kind: document.kind.clone(),
            occurred: document.occurred.clone(),
            basis,
            on,
            evidence,
            body: body.to_value(),
        })
    }
}

impl WrittenCitation {
    /// Returns the citation of a page, and of the item with that number on it.
    pub fn of_page(url: String, item: Option<u64>) -> Self {
        Self { url: Some(url), item, ..Self::default() }
    }

    fn read(&self) -> Result<Citation, &'static str> {
        match (&self.url, self.entry) {
            (Some(url), None) if self.claim.is_none() => Ok(Citation::Web {
                url: url.clone(),
                item: self.item,
                digest: self.digest,
                span: self.span,
            }),
            (None, Some(seq)) if self.item.is_none() && self.digest.is_none() => {
                Ok(Citation::Entry { seq, claim: self.claim, span: self.span })
            }
            _ => Err("a citation is { url, item?, digest?, span? } or { entry, claim?, span? }"),
        }
    }
}

impl WrittenEvidence {
    fn read(&self, digest: Hash, size: u64) -> Evidence {
        let own = self.file.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let media_type = self.media_type.clone().unwrap_or_else(|| {
            let extension = self.file.extension().and_then(|e| e.to_str()).unwrap_or_default();
            media_type(extension).to_owned()
        });
        Evidence::File { digest, size, media_type, name: self.name.clone().or(own) }
    }
}

/// Returns the media type that an extension stands for, as IANA registers it.
fn media_type(extension: &str) -> &'static str {
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "txt" | "log" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "eml" => "message/rfc822",
        "crl" => "application/pkix-crl",
        "cer" | "crt" => "application/pkix-cert",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    }
}
