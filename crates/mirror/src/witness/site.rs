//! The witness as a web server has it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use time::OffsetDateTime;

use super::{Answer, TEXT_TYPE, Witness};
use crate::place::Kind;
use crate::serve::{Site, described, gauge};

/// What tells the operator what is to be known.
pub type Notify = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Clone)]
struct Parts {
    witness: Arc<Witness>,
    notify: Notify,
}

/// Returns what serves a witness: `POST /add-checkpoint` and `GET /<origin hash>/checkpoint`.
pub fn site(witness: Witness, notify: Notify) -> Site {
    let witness = Arc::new(witness);
    let measured = Arc::clone(&witness);
    let routes = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .with_state(Parts { witness, notify });
    Site { routes, health: Arc::new(|| Ok(())), gauges: Arc::new(move || gauges(&measured)) }
}

async fn add_checkpoint(State(parts): State<Parts>, body: Bytes) -> Response {
    let now = || u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or(0);
    let witness = Arc::clone(&parts.witness);
    // It waits for the disk. Once begun it goes on, even if whoever asked is gone.
    let decided = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, now)).await;
    let Ok(Answer { status, media_type, body, notice }) = decided else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Some(notice) = notice {
        (parts.notify)(&notice);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

async fn checkpoint(State(parts): State<Parts>, Path(origin): Path<String>) -> Response {
    // It may have to wait until another is on disk.
    let found = tokio::task::spawn_blocking(move || parts.witness.checkpoint(&origin)).await;
    let Ok(found) = found else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Some(note) = found else {
        let headers = [(header::CACHE_CONTROL, "no-store")];
        return (StatusCode::NOT_FOUND, headers).into_response();
    };
    let cache_control = Kind::MutableText.cache_control();
    let headers = [(header::CONTENT_TYPE, TEXT_TYPE), (header::CACHE_CONTROL, cache_control)];
    (headers, note).into_response()
}

/// Returns the sizes that were cosigned last, and what contradicts, as metrics.
fn gauges(witness: &Witness) -> String {
    let name = "tally_witness_size";
    let mut text = described(name, "Entries cosigned last.");
    text.extend(witness.sizes().map(|(origin, size)| gauge(name, origin, size)));
    let name = "tally_witness_equivocations";
    text += &described(name, "Sizes with two signed roots, and proofs of two histories.");
    text.extend(witness.contradictions().map(|(origin, count)| gauge(name, origin, count)));
    text
}
