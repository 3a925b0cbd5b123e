//! An HTTP/1.1 server that runs until it is told to stop.
//!
//! It stands behind a reverse proxy, which has TLS, HTTP/2, compression and rate limits; what it
//! keeps to itself are the limits that no proxy can keep for it. A connection that is slow to say
//! what it wants is closed, one that is slow to take it as well, and what is asked on the way to
//! the end is answered first.

mod count;
mod files;
mod patience;

pub use files::{NotServed, files, published};

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::{Either, select};
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::stop::Signals;
use count::Counts;
use patience::Patient;

/// What a server may be asked to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at one time; others wait until one ends.
    pub connections: usize,
    /// The longest time that the head of a request may take, and that a connection may be idle.
    pub head: Duration,
    /// The longest time from the head of a request to that of its answer, the body included.
    pub request: Duration,
    /// How long whoever asked is waited for to take the answer. What is taken makes up for waiting,
    /// at 4 KiB for a second.
    pub take: Duration,
    /// The age at which a connection is let go after the request it is at, and the longest time
    /// that this request may still take.
    pub connection: Duration,
    /// The largest body of a request, in bytes.
    pub body_bytes: usize,
    /// The longest time that the requests which came before the end may still take.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A file for each, too, is still within the 1,024 that a process mostly may open.
            connections: 480,
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            take: Duration::from_secs(20),
            connection: Duration::from_mins(5),
            body_bytes: 128 * 1024,
            drain: Duration::from_secs(20),
        }
    }
}

/// How much of a request's head, and of an answer, is held in memory for one connection, in bytes.
const BUFFER_MAX: usize = 64 * 1024;

/// Returns whether all is well, or why not.
pub type Health = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Returns lines of the Prometheus text format.
pub type Gauges = Arc<dyn Fn() -> String + Send + Sync>;

/// What a server answers with. `GET /health` and `GET /metrics` are added to its routes.
#[derive(Clone)]
pub struct Site {
    /// The routes.
    pub routes: Router,
    /// Whether all is well.
    pub health: Health,
    /// What is measured beside the requests.
    pub gauges: Gauges,
}

/// Returns the lines that say what the gauge `name` measures.
pub fn described(name: &str, help: &str) -> String {
    format!("# HELP {name} {help}\n# TYPE {name} gauge\n")
}

/// Returns a metric of the log `origin` as a line.
pub fn gauge(name: &str, origin: &str, value: u64) -> String {
    let origin = origin.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{name}{{origin=\"{origin}\"}} {value}\n")
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no event queue, no threads or no signals.
    #[error("the server cannot be set up: {0}")]
    Setup(std::io::Error),
}

/// A server that listens and does not answer yet.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    /// What is over once the process is told to end: heeded from the beginning, so that nobody who
    /// saw that it listens ends it the hard way.
    told: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How many connections were cut because their requests took too long to the end.
    pub cut: usize,
}

impl Server {
    /// Listens at an address such as `127.0.0.1:8080`; port 0 is any that is free.
    ///
    /// # Errors
    ///
    /// Fails if the address is none or taken, or the system does not tell of signals.
    pub fn bind(address: &str) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(ServeError::Setup)?;
        let failed = |source| ServeError::Listen { address: address.to_owned(), source };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut signals = Signals::of(&runtime).map_err(ServeError::Setup)?;
        let told = Box::pin(async move { signals.next().await });
        Ok(Self { runtime, listener, address, told })
    }

    /// Returns the address, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until the process is told to end by SIGTERM or SIGINT.
    pub fn run(mut self, site: Site, limits: &Limits) -> Ended {
        let told = std::mem::replace(&mut self.told, Box::pin(std::future::pending()));
        self.run_until(site, limits, told)
    }

    /// Answers until `stop` is over.
    pub fn run_until(self, site: Site, limits: &Limits, stop: impl Future<Output = ()>) -> Ended {
        let counts = Arc::new(Counts::default());
        let routes = routes(site, limits, &counts);
        let ended = self.runtime.block_on(accept(self.listener, routes, *limits, &counts, stop));
        // What still runs belongs to requests that were cut.
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        ended
    }
}

#[derive(Clone)]
struct Own {
    counts: Arc<Counts>,
    health: Health,
    gauges: Gauges,
}

fn routes(site: Site, limits: &Limits, counts: &Arc<Counts>) -> Router {
    let own = Own { counts: Arc::clone(counts), health: site.health, gauges: site.gauges };
    let own =
        Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(own);
    let late = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.request);
    site.routes
        .merge(own)
        .layer(RequestBodyLimitLayer::new(limits.body_bytes))
        .layer(late)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(counts), count::count))
}

async fn health(State(own): State<Own>) -> Response {
    let found = tokio::task::spawn_blocking(move || (own.health)()).await;
    let plain = [(header::CACHE_CONTROL, "no-store")];
    match found {
        Ok(Ok(())) => (plain, "ok\n").into_response(),
        Ok(Err(reason)) => {
            (StatusCode::SERVICE_UNAVAILABLE, plain, format!("{reason}\n")).into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, plain, "it broke off\n").into_response(),
    }
}

async fn metrics(State(own): State<Own>) -> Response {
    let counted = own.counts.text();
    let gauges = tokio::task::spawn_blocking(move || (own.gauges)()).await.unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, counted + &gauges).into_response()
}

async fn accept(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    counts: &Arc<Counts>,
    stop: impl Future<Output = ()>,
) -> Ended {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (ending, end) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = std::pin::pin!(next(&listener, &slots));
        let Either::Left(((stream, slot), _)) = select(next, &mut stop).await else {
            break;
        };
        let open = counts.connected();
        let answered = answer(stream, routes.clone(), limits, end.clone());
        tokio::spawn(async move {
            answered.await;
            // Whoever gets the place finds the connection gone.
            drop(open);
            drop(slot);
        });
    }
    // Nobody new is let in, and whoever waits at the door is told so.
    drop((listener, ending));
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(limits.drain, slots.acquire_many(all)).await;
    Ended { cut: counts.connections() }
}

/// Waits for a place, and then for a connection.
async fn next(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots).acquire_owned().await.expect("the places are never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            // A connection that was broken off before it was taken, or no file left to open: the
            // listener itself goes on.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers the requests of one connection, until it ends, grows old, or the server ends.
async fn answer(stream: TcpStream, routes: Router, limits: Limits, mut end: watch::Receiver<()>) {
    // Answers are written whole.
    let _ = stream.set_nodelay(true);
    let mut http = Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_headers(64);
    http.max_buf_size(BUFFER_MAX);
    let stream = TokioIo::new(Patient::new(stream, limits.take));
    let service = TowerToHyperService::new(routes);
    let mut connection = std::pin::pin!(http.serve_connection(stream, service));
    let old = std::pin::pin!(tokio::time::sleep(limits.connection));
    let ending = std::pin::pin!(end.changed());
    if let Either::Right(_) = select(&mut connection, select(old, ending)).await {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(limits.connection, connection).await;
    }
}

#[cfg(test)]
mod tests;
