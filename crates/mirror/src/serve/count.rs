//! What a server counts of itself, in the Prometheus text format.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;
use time::OffsetDateTime;

/// Counts since the server began.
#[derive(Debug)]
pub(super) struct Counts {
    began: OffsetDateTime,
    /// Answers by the first digit of their status, from 1.
    classes: [AtomicU64; 5],
    bytes: AtomicU64,
    in_flight: AtomicUsize,
    connections: AtomicUsize,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            began: OffsetDateTime::now_utc(),
            classes: Default::default(),
            bytes: AtomicU64::default(),
            in_flight: AtomicUsize::default(),
            connections: AtomicUsize::default(),
        }
    }
}

/// One that is counted until it is dropped.
pub(super) struct Counted(Arc<Counts>, fn(&Counts) -> &AtomicUsize);

impl Counted {
    fn new(counts: &Arc<Counts>, of: fn(&Counts) -> &AtomicUsize) -> Self {
        of(counts).fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counts), of)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    /// Counts a connection until what is returned is dropped.
    pub(super) fn connected(self: &Arc<Self>) -> Counted {
        Counted::new(self, |counts| &counts.connections)
    }

    /// Returns how many connections are open.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns the counts as metrics.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, lines: &[(String, String)]| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in lines {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let one = |value: String| [(String::new(), value)];
        let class = |(index, count): (usize, &AtomicU64)| {
            let labels = format!("{{class=\"{}xx\"}}", index + 1);
            (labels, count.load(Ordering::Relaxed).to_string())
        };
        let classes: Vec<_> = self.classes.iter().enumerate().map(class).collect();
        let help = "Answers by the class of their status.";
        metric("tally_http_answers_total", "counter", help, &classes);
        let bytes = one(self.bytes.load(Ordering::Relaxed).to_string());
        metric("tally_http_body_bytes_total", "counter", "Bytes of bodies announced.", &bytes);
        let in_flight = one(self.in_flight.load(Ordering::Relaxed).to_string());
        metric("tally_http_in_flight", "gauge", "Requests not answered yet.", &in_flight);
        let connections = one(self.connections().to_string());
        metric("tally_http_connections", "gauge", "Open connections.", &connections);
        let began = one(self.began.unix_timestamp().to_string());
        metric("process_start_time_seconds", "gauge", "When the process began.", &began);
        text
    }
}

/// Counts a request and its answer.
pub(super) async fn count(
    State(counts): State<Arc<Counts>>,
    request: Request,
    next: Next,
) -> Response {
    let in_flight = Counted::new(&counts, |counts| &counts.in_flight);
    let bodiless = request.method() == Method::HEAD;
    let answer = next.run(request).await;
    drop(in_flight);
    let class = usize::from(answer.status().as_u16() / 100);
    if let Some(count) = class.checked_sub(1).and_then(|class| counts.classes.get(class)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    let length = answer.headers().get(header::CONTENT_LENGTH).filter(|_| !bodiless);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    counts.bytes.fetch_add(length.unwrap_or(0), Ordering::Relaxed);
    answer
}
