//! One entry whole: every member that was signed.

use serde_json::{Map, Value as Json, json};
use tally_ledger::entry::Entry;
use tally_ledger::payload::{Basis, Citation, Evidence};
use tally_ledger::vocabulary;

use crate::text::{Style, escaped, wrapped};

/// Returns the entry as JSON: an object with the schema number 1, ending in a newline. Digests are
/// hexadecimal; a body that is not understood is shown all the same.
pub fn json(entry: &Entry) -> String {
    let text = serde_json::to_string_pretty(&value(entry)).expect("JSON has text keys");
    text + "\n"
}

fn value(entry: &Entry) -> Json {
    let payload = entry.payload();
    let event = &payload.event;
    let decoded = vocabulary::decode(&event.kind, &event.body);
    let mut json = json!({
        "schema": 1,
        "seq": payload.seq,
        "id": entry.id(),
        "prev": payload.prev,
        "origin": entry.origin(),
        "kid": entry.kid(),
        "feeds": payload.feeds.iter().map(|(feed, link)| (feed.to_string(), json!(link)))
            .collect::<Map<_, _>>(),
        "kind": event.kind,
        "recorded": payload.recorded,
        "occurred": event.occurred,
        "basis": basis(&event.basis),
        "evidence": event.evidence.iter().map(evidence).collect::<Vec<_>>(),
        "size": entry.bytes().len(),
    });
    if let Some(on) = &event.on {
        json["on"] = json!({ "seq": on.seq, "kind": on.kind, "feeds": on.feeds });
    }
    match decoded {
        Ok(decoded) => {
            json["body"] = decoded.body.to_json();
            if !decoded.hidden.is_empty() {
                json["hidden"] = json!(decoded.hidden);
            }
        }
        Err(reason) => {
            json["body"] = vocabulary::shown(&event.body);
            json["not_understood"] = json!(reason.to_string());
        }
    }
    json
}

fn basis(basis: &Basis) -> Json {
    match basis {
        Basis::Own => json!("own record"),
        Basis::Measured(digests) => json!({ "measured": digests }),
        Basis::Stated(citations) => {
            json!({ "stated": citations.iter().map(citation).collect::<Vec<_>>() })
        }
    }
}

/// Returns a citation as JSON, without the members that it lacks.
pub(crate) fn citation(citation: &Citation) -> Json {
    let mut json = match citation {
        Citation::Web { url, item, digest, span } => {
            json!({ "url": url, "item": item, "digest": digest, "span": span })
        }
        Citation::Entry { seq, claim, span } => {
            json!({ "entry": seq, "claim": claim, "span": span })
        }
    };
    if let Some(members) = json.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    json
}

fn evidence(evidence: &Evidence) -> Json {
    match evidence {
        Evidence::Hidden(hash) => json!({ "hidden": hash }),
        Evidence::File { digest, size, media_type, name } => {
            json!({ "digest": digest, "size": size, "type": media_type, "name": name })
        }
    }
}

/// Returns the entry as text, ending in a newline.
pub fn text(entry: &Entry, style: Style) -> String {
    let payload = entry.payload();
    let event = &payload.event;
    let mut lines = Vec::new();
    let mut row = |name: &str, value: &str| {
        lines.push(wrapped(&format!("{name:<10} "), &escaped(value), style.width));
    };
    row("Entry", &payload.seq.to_string());
    row("Id", &entry.id().to_string());
    row("Kind", event.kind.as_str());
    for (feed, link) in &payload.feeds {
        let link = link.map_or("the first in it".to_owned(), |seq| format!("after entry {seq}"));
        row("Feed", &format!("{feed} ({link})"));
    }
    if let Some(occurred) = &event.occurred {
        row("Occurred", &occurred.to_string());
    }
    row("Recorded", &payload.recorded.to_string());
    row("Key", &entry.kid().to_string());
    if let Some(on) = &event.on {
        row("Acts on", &format!("entry {} ({})", on.seq, on.kind));
    }
    match &event.basis {
        Basis::Own => row("Basis", "own record"),
        Basis::Measured(digests) => {
            for digest in digests {
                row("Measured", &digest.to_string());
            }
        }
        Basis::Stated(citations) => {
            for citation in citations {
                row("Stated in", &place(citation));
            }
        }
    }
    for evidence in &event.evidence {
        match evidence {
            Evidence::Hidden(hash) => row("Evidence", &format!("hidden behind {hash}")),
            Evidence::File { digest, size, media_type, name } => {
                let name = name.as_deref().unwrap_or("without a name");
                row("Evidence", &format!("{name}, {media_type}, {size} bytes, {digest}"));
            }
        }
    }
    let (body, reason) = match vocabulary::decode(&event.kind, &event.body) {
        Ok(decoded) => (decoded.body.to_json(), None),
        Err(reason) => (vocabulary::shown(&event.body), Some(reason.to_string())),
    };
    if let Some(reason) = reason {
        row("Not understood", &reason);
    }
    lines.push(String::new());
    let body = serde_json::to_string_pretty(&body).expect("JSON has text keys");
    lines.extend(body.lines().map(|line| fitted(&escaped(line), style.width)));
    lines.join("\n") + "\n"
}

/// Returns a line of JSON, broken at spaces if it is too long; one that fits keeps every space.
fn fitted(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
    wrapped(indent, rest, width)
}

/// Returns where something was said, in words.
pub fn place(citation: &Citation) -> String {
    let bytes = |span: &Option<(u64, u64)>| {
        span.map_or(String::new(), |(start, end)| format!(", bytes {start} to {end}"))
    };
    match citation {
        Citation::Web { url, item, digest, span } => {
            let item = item.map_or(String::new(), |item| format!(", item {item}"));
            let digest = digest.map_or(String::new(), |digest| format!(" of the text {digest}"));
            format!("{url}{item}{}{digest}", bytes(span))
        }
        Citation::Entry { seq, claim, span } => {
            let claim = claim.map_or(String::new(), |claim| format!(", claim {claim}"));
            format!("entry {seq}{claim}{}", bytes(span))
        }
    }
}

/// Returns where something was said, in a few words: the end of the address, and the item.
pub fn short_place(citation: &Citation) -> String {
    match citation {
        Citation::Web { url, item, .. } => {
            let bare = url.trim_start_matches("https://").trim_start_matches("http://");
            let tail = match bare.split_once("show_bug.cgi?id=") {
                Some((_, bug)) => format!("bug {bug}"),
                None => bare.split('/').next().unwrap_or(bare).to_owned(),
            };
            item.map_or(tail.clone(), |item| format!("{tail} comment {item}"))
        }
        Citation::Entry { seq, .. } => format!("entry {seq}"),
    }
}
