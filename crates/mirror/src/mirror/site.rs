//! The site of a mirror: its files, and a page that lists the ledgers, what is wrong first.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::Html;
use axum::routing::get;
use tally_ledger::time::Instant;

use super::{Condition, EQUIVOCATION, Held, Mirror, MirrorError};
use crate::serve::{Site, described, files, gauge};

/// Returns what a mirror serves.
pub fn site(mirror: &Mirror) -> Site {
    let (of_page, of_health, of_gauges) = (mirror.clone(), mirror.clone(), mirror.clone());
    let index = move || async move {
        // A page that never runs anything says so.
        let policy = (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
        // It reads files of every ledger, which is nothing for the threads that serve.
        let page = tokio::task::spawn_blocking(move || page(&of_page)).await;
        let page = page.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR);
        page.map(|page| ([policy, (CACHE_CONTROL, "no-cache")], Html(page)))
    };
    Site {
        routes: files(&mirror.public()).route("/", get(index)),
        health: Arc::new(move || match of_health.ledgers() {
            Ok(_) => Ok(()),
            Err(e) => Err(e.to_string()),
        }),
        gauges: Arc::new(move || gauges(&of_gauges)),
    }
}

/// A gauge that each ledger has: its name, what it says, and how it is read.
type Gauge = (&'static str, &'static str, fn(&Held) -> Option<u64>);

const GAUGES: [Gauge; 5] = [
    ("tally_mirror_size", "Entries held.", |held| Some(held.checkpoint().ok()??.size())),
    ("tally_mirror_equivocations", "Proofs of two histories.", |held| {
        Some(held.equivocations().ok()?.len() as u64)
    }),
    ("tally_mirror_well", "1 if the last sync found that what is published is held.", |held| {
        Some(u64::from(held.state().ok()?.condition == Condition::Well))
    }),
    ("tally_mirror_current_timestamp_seconds", "When a sync last found so, to the hour.", |held| {
        held.state().ok()?.success
    }),
    ("tally_mirror_cosigned_timestamp_seconds", "When it was last cosigned.", |held| {
        held.cosigned(&held.checkpoint().ok()??)
    }),
];

fn gauges(mirror: &Mirror) -> String {
    let ledgers = mirror.ledgers().unwrap_or_default();
    let mut text = String::new();
    for (name, help, value) in GAUGES {
        text += &described(name, help);
        for held in &ledgers {
            text += &value(held).map_or(String::new(), |value| gauge(name, held.origin(), value));
        }
    }
    if let Some(watched) = mirror.watched() {
        let name = "tally_mirror_watched_timestamp_seconds";
        text += &described(name, "When a watching sync last said that it runs.");
        text += &[name, " ", &watched.to_string(), "\n"].concat();
    }
    text
}

/// One ledger as the page shows it.
struct Row {
    condition: Condition,
    folder: String,
    origin: String,
    size: String,
    cosigned: String,
    proofs: usize,
}

impl Row {
    fn of(held: &Held) -> Self {
        Self::read(held).unwrap_or_else(|_| Self {
            condition: Condition::Failed,
            folder: held.folder().to_owned(),
            origin: held.origin().to_owned(),
            size: "unknown".to_owned(),
            cosigned: "unknown".to_owned(),
            proofs: 0,
        })
    }

    fn read(held: &Held) -> Result<Self, MirrorError> {
        held.followed()?;
        let checkpoint = held.checkpoint()?;
        let proofs = held.equivocations()?.len();
        let time = checkpoint.as_ref().and_then(|checkpoint| held.cosigned(checkpoint));
        let time = time.and_then(|time| Instant::from_unix(i64::try_from(time).ok()?).ok());
        Ok(Self {
            condition: if proofs > 0 { Condition::Equivocation } else { held.state()?.condition },
            folder: held.folder().to_owned(),
            origin: held.origin().to_owned(),
            size: checkpoint.map_or("none".to_owned(), |checkpoint| checkpoint.size().to_string()),
            cosigned: time.map_or("never".to_owned(), |time| time.to_string()),
            proofs,
        })
    }
}

const HEAD: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mirrored ledgers</title>
<meta name=\"viewport\" content=\"width=device-width\">
<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}
td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top;overflow-wrap:anywhere}
code{overflow-wrap:anywhere}
@media(max-width:45em){th{display:none}td{display:block;padding:0}tr{display:block;padding:.4em 0}
td[data-label]::before{content:attr(data-label) \": \"}}</style>
</head><body><h1>Mirrored ledgers</h1>
";

/// Returns the page. Nothing on it runs, and every name is escaped.
fn page(mirror: &Mirror) -> String {
    let vkey = escaped(&mirror.vkey().to_string());
    let mut html = format!("{HEAD}<p>Cosigned by <code>{vkey}</code></p>\n");
    let ledgers = mirror.ledgers().unwrap_or_else(|e| {
        html += &["<p><strong>", &escaped(&e.to_string()), "</strong></p>\n"].concat();
        Vec::new()
    });
    let mut rows: Vec<Row> = ledgers.iter().map(Row::of).collect();
    rows.sort_by(|a, b| (a.condition, &a.origin).cmp(&(b.condition, &b.origin)));
    html += "<table><tr><th>Ledger</th><th>State</th><th>Entries</th><th>Cosigned</th></tr>\n";
    for row in &rows {
        let folder = &row.folder;
        let word = match row.condition {
            Condition::Equivocation => "<strong>two histories are signed</strong>",
            Condition::Broken => "what is published does not hold",
            Condition::Failed => "could not be followed",
            Condition::Stale => "an earlier checkpoint is published",
            Condition::New => "not read yet",
            Condition::Well => "well",
        };
        let origin = escaped(&row.origin);
        let (size, cosigned) = (&row.size, &row.cosigned);
        html += &[
            format!("<tr><td><a href=\"{folder}/checkpoint\">{origin}</a></td><td>{word}"),
            proofs(folder, row.proofs),
            format!("</td><td data-label=\"Entries\">{size}</td>"),
            format!("<td data-label=\"Cosigned\">{cosigned}</td></tr>\n"),
        ]
        .concat();
    }
    html += "</table>\n</body></html>\n";
    html
}

/// Returns links to the proofs in a ledger's folder.
fn proofs(folder: &str, count: usize) -> String {
    let link = |n| format!(" <a href=\"{folder}/{EQUIVOCATION}/{n}.txt\">proof {n}</a>");
    (1..=count).map(link).collect::<Vec<_>>().concat()
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            plain => safe.push(plain),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::{Cosigner, Followed, Limits};

    #[test]
    fn the_page_escapes_what_strangers_named() {
        let dir = tempfile::tempdir().unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let cosigner = Cosigner::new("mirror.example/<b>", key).unwrap();
        let mirror = Mirror::create(dir.path(), cosigner.vkey()).unwrap();
        mirror.add(&Followed::new("<script>\"x\"&'", "P", Limits::default())).unwrap();
        mirror.add(&Followed::new("ledger.example/l", "P", Limits::default())).unwrap();
        let page = page(&mirror);
        assert!(page.contains("&lt;script&gt;&quot;x&quot;&amp;&#39;</a>"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        assert_eq!(page.matches("not read yet").count(), 2);
        // What is damaged is shown, and before what is not.
        let kept = mirror.dir.join(super::super::LEDGERS);
        let damaged = kept.join(mirror.ledger("ledger.example/l").unwrap().folder());
        std::fs::write(damaged.join("ledger.json"), "{").unwrap();
        let page = super::page(&mirror);
        let folder = damaged.file_name().unwrap().to_str().unwrap();
        let at = |words: &str| page.find(words).unwrap();
        assert!(at(&format!("{folder}</a></td><td>could not be")) < at("not read yet"), "{page}");
    }
}
