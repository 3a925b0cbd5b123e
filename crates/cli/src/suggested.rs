//! Suggested entries: record documents that a reconstruction proposes, a file each, for a person to
//! compare with the text and to record.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use tally_intake::reconstruction::Proposal;
use tally_ledger::payload::Citation;
use tally_ledger::time::When;
use tally_report::text::{escaped, wrapped};

use crate::failure::Failure;
use crate::staged;

/// The folder of a ledger directory that holds them.
const FOLDER: &str = "suggested";
/// The columns of a comment in a document.
const WIDTH: usize = 78;

/// Writes a document for each proposal into the ledger directory `ledger`; returns the files.
///
/// # Errors
///
/// Fails as the disk does.
pub fn write(ledger: &Path, proposals: &[Proposal]) -> Result<Vec<PathBuf>, Failure> {
    let folder = ledger.join(FOLDER);
    if !proposals.is_empty() {
        fs::create_dir_all(&folder).map_err(|e| Failure::io("create", &folder, &e))?;
    }
    let mut files = Vec::with_capacity(proposals.len());
    for (number, proposal) in (1..).zip(proposals) {
        let kind = proposal.kind.as_str().replace('.', "-");
        let file = folder.join(format!("{number:03}-{}-{kind}.toml", proposal.statement));
        staged::replace(&file, document(proposal).as_bytes())?;
        files.push(file);
    }
    Ok(files)
}

/// Returns the document of a proposal, with the words that it is read from above it.
fn document(proposal: &Proposal) -> String {
    let mut lines = vec![
        "Suggested, not recorded: compare it with the text, correct it, then record it.".to_owned(),
    ];
    lines.push(format!("{}, in {}:", proposal.speaker, proposal.statement));
    lines.push(proposal.quotation.split_whitespace().collect::<Vec<_>>().join(" "));
    if let Some((member, words)) = proposal.lacks {
        lines.push(format!("Fill in {member}, which the text does not say: {words}."));
    }
    let comment = |line: String| wrapped("# ", &escaped(&line), WIDTH).replace("\n  ", "\n# ");
    let mut parts: Vec<String> = lines.into_iter().map(comment).collect();
    parts.push(String::new());
    parts.push(format!("kind = {}", quoted(proposal.kind.as_str())));
    parts.push(format!("incident = {}", quoted(proposal.feed.as_str())));
    parts.extend(proposal.occurred.as_ref().map(|when| format!("occurred = {}", time(when))));
    let mut body = proposal.body.clone();
    if let Some((member, _)) = proposal.lacks {
        body.insert(member.to_owned(), json!(""));
    }
    for table in [json!({ "body": body }), json!({ "basis": basis(&proposal.citation) })] {
        let table = toml::to_string(&table).expect("a document holds texts and numbers");
        parts.push(format!("\n{}", table.trim()));
    }
    parts.push(String::new());
    parts.join("\n")
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Returns a time as a document has it: as a text if its zone is stated or unknown.
fn time(when: &When) -> String {
    match (when.presumed(), when.zone()) {
        (None, zone) => quoted(&format!("{}{}", when.at(), zone.unwrap_or_default())),
        (Some(rule), zone) => format!(
            "{{ at = {}, zone = {}, presumed = {} }}",
            quoted(when.at()),
            quoted(zone.unwrap_or_default()),
            quoted(rule.as_str())
        ),
    }
}

/// Returns the basis of an entry that rests on one place of a page.
fn basis(citation: &Citation) -> Json {
    let Citation::Web { url, item, digest, span } = citation else {
        return json!({});
    };
    let mut cited = json!({ "url": url });
    let members = [("item", json!(item)), ("digest", json!(digest)), ("span", json!(span))];
    for (name, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
        cited[name] = value;
    }
    json!({ "stated": [cited] })
}
