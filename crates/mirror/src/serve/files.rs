//! Published files as a web server gives them out.
//!
//! What may be published is known by its path (PUBLISHING.md). No other path is looked for, so that
//! a key that lies in the folder, or in one below, is not given to anybody.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tally_ledger::note::{Checkpoint, NOTE_MAX};
use tower_http::services::ServeDir;

use super::{Site, described, gauge};
use crate::mirror::EQUIVOCATION;
use crate::place::Kind;
use crate::publish::{CHECKPOINT, POLICY, VKEY};

/// Why a directory is not served.
#[derive(Debug, thiserror::Error)]
pub enum NotServed {
    /// It holds what nobody is to see.
    #[error("{} is no published ledger: it holds {name}", dir.display())]
    Private {
        /// The directory.
        dir: PathBuf,
        /// What it holds.
        name: &'static str,
    },
    /// Nothing is published in it, or not what is expected.
    #[error("{} is no published ledger: {reason}", dir.display())]
    NothingPublished {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with its checkpoint.
        reason: String,
    },
}

/// What a ledger or witness directory holds, and no published one.
const PRIVATE: [&str; 5] = ["format", "keys", "db", "witness.pem", "mirror.pem"];

/// Returns what serves the ledger that is published in `dir`.
///
/// # Errors
///
/// Fails if nothing is published there, or if it is a directory with keys.
pub fn published(dir: &Path) -> Result<Site, NotServed> {
    if let Some(name) = PRIVATE.into_iter().find(|name| dir.join(name).exists()) {
        return Err(NotServed::Private { dir: dir.to_owned(), name });
    }
    let nothing = |reason| NotServed::NothingPublished { dir: dir.to_owned(), reason };
    checkpoint(dir).map_err(nothing)?;
    let (of_health, of_gauges) = (dir.to_owned(), dir.to_owned());
    Ok(Site {
        routes: files(dir),
        health: Arc::new(move || checkpoint(&of_health).map(drop)),
        gauges: Arc::new(move || checkpoint(&of_gauges).map_or(String::new(), |now| size(&now))),
    })
}

/// Reads the checkpoint that is published in `dir`.
fn checkpoint(dir: &Path) -> Result<Checkpoint, String> {
    use std::io::Read;
    let path = dir.join(CHECKPOINT);
    let unread = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut note = String::new();
    let file = std::fs::File::open(&path).map_err(unread)?;
    file.take(NOTE_MAX as u64 + 1).read_to_string(&mut note).map_err(unread)?;
    Checkpoint::of_any_log(&note).map_err(|e| format!("{}: {e}", path.display()))
}

/// Returns the size of a ledger as a metric.
fn size(checkpoint: &Checkpoint) -> String {
    let name = "tally_ledger_size";
    let help = described(name, "Entries under the checkpoint.");
    help + &gauge(name, checkpoint.origin(), checkpoint.size())
}

/// Returns routes that serve the published files under `dir`, in any depth, and nothing else.
pub fn files(dir: &Path) -> Router {
    let files = ServeDir::new(dir).append_index_html_on_directories(false);
    // A folder may be reached by a link; what it holds may not lead out of it.
    let root = Arc::new(dir.to_owned());
    let checked = axum::middleware::from_fn_with_state(root, plain);
    Router::new().fallback_service(files).layer(checked)
}

/// Lets through what names a published file, and says what kind of file it is.
async fn plain(State(root): State<Arc<PathBuf>>, mut request: Request, next: Next) -> Response {
    let kind = kind(request.uri().path());
    let changes = kind == Some(Kind::MutableText);
    if changes {
        // A time in whole seconds does not tell a file from the one it replaced; an ETag does.
        for condition in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
            request.headers_mut().remove(condition);
        }
    }
    let path = root.join(request.uri().path().trim_start_matches('/'));
    let inside = tokio::task::spawn_blocking(move || kind.is_some() && is_inside(&root, &path));
    let mut answer = match inside.await {
        Ok(true) => next.run(request).await,
        Ok(false) | Err(_) => StatusCode::NOT_FOUND.into_response(),
    };
    let found = answer.status().is_success();
    let given = found || answer.status() == StatusCode::NOT_MODIFIED;
    let cache_control = kind.filter(|_| given).map_or("no-store", Kind::cache_control);
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    if changes {
        headers.remove(header::LAST_MODIFIED);
    }
    if let Some(kind) = kind.filter(|_| found) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.content_type()));
        // No browser is to take a file of evidence for a page.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    answer
}

fn is_inside(root: &Path, path: &Path) -> bool {
    let (Ok(root), Ok(path)) = (root.canonicalize(), path.canonicalize()) else {
        return false;
    };
    path.starts_with(root)
}

/// Returns of what kind the published file at a path is, which may stand in a folder named by the
/// SHA-256 of an origin; `None` if no published file is called so.
fn kind(path: &str) -> Option<Kind> {
    let names: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let names = match names.split_first() {
        Some((first, rest)) if is_digest(first) => rest,
        _ => &names,
    };
    match names {
        [CHECKPOINT | VKEY | POLICY] | ["checkpoints", "tail"] => Some(Kind::MutableText),
        ["checkpoints", number @ ..] if is_number(number) => Some(Kind::ImmutableText),
        ["evidence", digest] if is_digest(digest) => Some(Kind::Immutable),
        ["roots", size] if is_decimal(size) => Some(Kind::Immutable),
        ["tile", level, number @ ..] if *level == "entries" || is_decimal(level) => {
            let partial = match number {
                [full @ .., last, width] if is_decimal(width) => {
                    last.strip_suffix(".p").map(|last| [full, &[last]].concat())
                }
                _ => None,
            };
            is_number(partial.as_deref().unwrap_or(number)).then_some(Kind::Immutable)
        }
        [EQUIVOCATION, proof] if proof.strip_suffix(".txt").is_some_and(is_decimal) => {
            Some(Kind::MutableText)
        }
        _ => None,
    }
}

fn is_decimal(name: &str) -> bool {
    !name.is_empty() && name.len() <= 20 && name.bytes().all(|b| b.is_ascii_digit())
}

fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether these are the parts of a number as C2SP tlog-tiles writes it: `x001/067`.
fn is_number(parts: &[&str]) -> bool {
    let is_part = |part: &str| part.len() == 3 && is_decimal(part);
    let Some((last, before)) = parts.split_last() else {
        return false;
    };
    is_part(last) && before.iter().all(|part| part.strip_prefix('x').is_some_and(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_published_is_looked_for() {
        let digest = "0a".repeat(32);
        for (path, expected) in [
            ("/checkpoint", Some(Kind::MutableText)),
            ("/tile/entries/x001/067.p/3", Some(Kind::Immutable)),
            ("/tile/0/000", Some(Kind::Immutable)),
            ("/tile/entries/x001/067", Some(Kind::Immutable)),
            (&format!("/evidence/{digest}"), Some(Kind::Immutable)),
            (&format!("/{digest}/checkpoint"), Some(Kind::MutableText)),
            (&format!("/{digest}/equivocation/1.txt"), Some(Kind::MutableText)),
            ("/roots/300", Some(Kind::Immutable)),
            ("/policy", Some(Kind::MutableText)),
            ("/checkpoints/x001/067", Some(Kind::ImmutableText)),
            ("/checkpoints/tail", Some(Kind::MutableText)),
            ("/ledger.vkey", Some(Kind::MutableText)),
            ("/tail", None),
            ("/some-ledger/checkpoint", None),
            ("/keys/checkpoint.pem", None),
            ("/witness.pem", None),
            ("/tile/witness.pem", None),
            ("/tile/entries/key.p/1", None),
            ("/tile/0/000.p", None),
            ("/tile/0/1/000", None),
            ("/tile/0", None),
            ("/evidence/00ff", None),
            ("/checkpoints/x001", None),
            ("/equivocation/key.txt", None),
            (&format!("/{digest}/keys/author.pem"), None),
            (&format!("/{digest}/{digest}/checkpoint"), None),
            ("/", None),
            ("", None),
            ("//checkpoint", None),
            ("/../checkpoint", None),
            ("/tile/..", None),
            ("/.lock", None),
            ("/tile/.hidden/000", None),
            ("/tile/%2e%2e/000", None),
            ("/checkpoint/", None),
            ("/checkpoint#1", None),
            ("/checkpoint.tmp", None),
            ("/tile\\000", None),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
    }
}
