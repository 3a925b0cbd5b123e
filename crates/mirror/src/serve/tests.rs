//! The server before clients that say what they say byte by byte.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use axum::routing::post;
use ed25519_dalek::SigningKey;
use tally_ledger::hash::Hash;
use tally_ledger::note::Checkpoint;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;

struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: JoinHandle<Ended>,
}

impl Running {
    fn new(site: Site, limits: Limits) -> Self {
        let server = Server::bind("127.0.0.1:0").unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            server.run_until(site, &limits, async {
                let _ = stopped.await;
            })
        });
        Self { address, stop: Some(stop), thread }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a request that closes the connection, and returns the whole answer.
    fn ask(&self, head: &str) -> String {
        let mut stream = self.connect();
        // A server that has heard enough may have closed before the end.
        let _ = write!(stream, "{head}\r\nhost: x\r\nconnection: close\r\n\r\n");
        rest(&mut stream)
    }

    fn end(mut self) -> Ended {
        self.stop.take().unwrap().send(()).unwrap();
        self.thread.join().unwrap()
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset has said all that it will.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn short() -> Limits {
    let quick = Duration::from_millis(300);
    Limits { head: quick, request: quick, connection: quick, drain: quick, ..Limits::default() }
}

/// A published directory, or what the server needs to know of one.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let origin = "ledger.example/x".parse().unwrap();
    let key = SigningKey::from_bytes(&[3; 32]);
    let checkpoint = Checkpoint::sign(&origin, 7, Hash::of(b"root"), &key);
    fs::write(folder.path().join("checkpoint"), checkpoint.to_string()).unwrap();
    fs::write(folder.path().join(".lock"), "hidden").unwrap();
    fs::create_dir_all(folder.path().join("tile/0")).unwrap();
    fs::write(folder.path().join("tile/0/000"), "0123456789").unwrap();
    folder
}

fn serving(folder: &TempDir) -> Running {
    Running::new(published(folder.path()).unwrap(), Limits::default())
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {answer}"))
}

#[test]
fn a_file_is_given_whole_in_parts_or_not_again() {
    let folder = folder();
    let server = serving(&folder);
    let whole = server.ask("GET /tile/0/000 HTTP/1.1");
    assert!(whole.starts_with("HTTP/1.1 200") && whole.ends_with("\r\n\r\n0123456789"), "{whole}");
    assert_eq!(header(&whole, "content-type"), "application/octet-stream");
    assert_eq!(header(&whole, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    let part = server.ask("GET /tile/0/000 HTTP/1.1\r\nrange: bytes=2-4");
    assert!(part.starts_with("HTTP/1.1 206") && part.ends_with("\r\n\r\n234"), "{part}");
    assert_eq!(header(&part, "content-range"), "bytes 2-4/10");
    let beyond = server.ask("GET /tile/0/000 HTTP/1.1\r\nrange: bytes=20-");
    assert!(beyond.starts_with("HTTP/1.1 416"), "{beyond}");
    let tag = header(&whole, "etag");
    let same = server.ask(&format!("GET /tile/0/000 HTTP/1.1\r\nif-none-match: {tag}"));
    assert!(same.starts_with("HTTP/1.1 304") && same.ends_with("\r\n\r\n"), "{same}");
    assert_eq!(header(&same, "cache-control"), "public, max-age=31536000, immutable");
    let head = server.ask("HEAD /tile/0/000 HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    assert_eq!(header(&head, "content-length"), "10");
    let checkpoint = server.ask("GET /checkpoint HTTP/1.1");
    assert_eq!(header(&checkpoint, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(header(&checkpoint, "cache-control"), "public, max-age=5");
    assert_eq!(server.end(), Ended { cut: 0 });
}

#[test]
fn a_file_that_changes_within_a_second_is_given_again() {
    let folder = folder();
    let server = serving(&folder);
    let before = server.ask("GET /checkpoint HTTP/1.1");
    assert!(!before.contains("last-modified: "), "{before}");
    let path = folder.path().join("checkpoint");
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "another").unwrap();
    let soon = written + Duration::from_nanos(1);
    fs::File::options().write(true).open(&path).unwrap().set_modified(soon).unwrap();
    let ask = |condition: &str| server.ask(&format!("GET /checkpoint HTTP/1.1\r\n{condition}"));
    let after = ask("if-modified-since: Fri, 01 Jan 2100 00:00:00 GMT");
    assert!(after.starts_with("HTTP/1.1 200") && after.ends_with("\r\n\r\nanother"), "{after}");
    let told = header(&after, "etag");
    assert!(ask(&format!("if-none-match: {told}")).starts_with("HTTP/1.1 304"));
    assert!(ask(&format!("if-none-match: {}", header(&before, "etag"))).ends_with("another"));
    // What never changes may be told by its time as well.
    let tile = server.ask("GET /tile/0/000 HTTP/1.1");
    let time = header(&tile, "last-modified");
    let same = server.ask(&format!("GET /tile/0/000 HTTP/1.1\r\nif-modified-since: {time}"));
    assert!(same.starts_with("HTTP/1.1 304"), "{same}");
}

#[test]
fn nothing_but_published_files_is_given() {
    let outside = tempfile::tempdir().unwrap();
    let folder = folder();
    fs::write(outside.path().join("secret"), "SECRET").unwrap();
    fs::write(outside.path().join("001"), "SECRET").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path(), folder.path().join("tile/1")).unwrap();
    // A ledger that was published into the folder around it, and a key that came later.
    fs::create_dir_all(folder.path().join("ledger/keys")).unwrap();
    fs::write(folder.path().join("ledger/keys/checkpoint.pem"), "SECRET").unwrap();
    fs::write(folder.path().join("tile/new.pem"), "SECRET").unwrap();
    let server = serving(&folder);
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    for path in [
        "/.lock",
        "/tile",
        "/tile/",
        "/",
        "/tile/1/secret",
        "/tile/1/001",
        "/tile/../.lock",
        "/tile/%2e%2e/.lock",
        "/%2elock",
        "/tile/..%2f.lock",
        "/checkpoint%00",
        &format!("/../{name}/secret"),
        &format!("//{}/secret", outside.path().display()),
        "/ledger/keys/checkpoint.pem",
        "/tile/new.pem",
        "/none",
    ] {
        let answer = server.ask(&format!("GET {path} HTTP/1.1"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("SECRET") && !answer.contains("hidden"), "{path}: {answer}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
    }
    let post = server.ask("POST /checkpoint HTTP/1.1\r\ncontent-length: 0");
    assert!(post.starts_with("HTTP/1.1 405"), "{post}");
}

#[test]
fn a_folder_with_keys_or_without_a_checkpoint_is_not_served() {
    let folder = folder();
    for name in ["format", "keys", "witness.pem"] {
        fs::write(folder.path().join(name), "").unwrap();
        let Err(NotServed::Private { name: found, .. }) = published(folder.path()) else {
            panic!("{name} is served");
        };
        assert_eq!(found, name);
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("checkpoint"), "none").unwrap();
    assert!(matches!(published(folder.path()), Err(NotServed::NothingPublished { .. })));
}

#[test]
fn health_and_metrics_say_what_is_the_case() {
    let folder = folder();
    let server = serving(&folder);
    let health = server.ask("GET /health HTTP/1.1");
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with("ok\n"), "{health}");
    server.ask("GET /tile/0/000 HTTP/1.1");
    server.ask("GET /none HTTP/1.1");
    let metrics = server.ask("GET /metrics HTTP/1.1");
    for line in [
        "tally_http_answers_total{class=\"2xx\"} 2",
        "tally_http_answers_total{class=\"4xx\"} 1",
        "tally_http_in_flight 1",
        "tally_ledger_size{origin=\"ledger.example/x\"} 7",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    fs::remove_file(folder.path().join("checkpoint")).unwrap();
    let health = server.ask("GET /health HTTP/1.1");
    assert!(health.starts_with("HTTP/1.1 503") && health.contains("checkpoint"), "{health}");
}

/// A site that waits for a while before it answers, and takes what is sent.
fn slow(wait: Duration) -> Site {
    let routes = Router::new()
        .route(
            "/slow",
            get(async move || {
                tokio::time::sleep(wait).await;
                "done"
            }),
        )
        .route("/take", post(async |body: String| body.len().to_string()));
    Site { routes, health: Arc::new(|| Ok(())), gauges: Arc::new(String::new) }
}

#[test]
fn whoever_is_slow_to_ask_is_left() {
    let server = Running::new(slow(Duration::ZERO), short());
    for start in ["", "GET /slow HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = server.connect();
        write!(stream, "{start}").unwrap();
        let since = Instant::now();
        let answer = rest(&mut stream);
        assert!(!answer.contains("200"), "{answer}");
        assert!(since.elapsed() < Duration::from_secs(10), "{start:?}");
    }
    // Of a body, too.
    let mut stream = server.connect();
    write!(stream, "POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").unwrap();
    assert!(rest(&mut stream).starts_with("HTTP/1.1 408"));
}

#[test]
fn whoever_is_slow_to_take_is_left() {
    let large = || get(async || vec![0_u8; 64 << 20]);
    let site = Site { routes: Router::new().route("/large", large()), ..slow(Duration::ZERO) };
    let take = Duration::from_millis(500);
    let server = Running::new(site, Limits { connections: 1, take, ..Limits::default() });
    let head = "GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // One takes nothing, the other a little now and then; the place of each is free soon after.
    for bytes in [0, 16] {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        let since = Instant::now();
        let waits = thread::spawn({
            let mut next = server.connect();
            move || {
                let close = "host: x\r\nconnection: close\r\n\r\n";
                write!(next, "GET /health HTTP/1.1\r\n{close}").unwrap();
                rest(&mut next)
            }
        });
        while !waits.is_finished() {
            let mut taken = vec![0; bytes];
            let _ = stream.read(&mut taken).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
        assert!(waits.join().unwrap().starts_with("HTTP/1.1 200"));
        assert!(since.elapsed() >= take && since.elapsed() < Duration::from_secs(10));
    }
    // Whoever takes it in time has all of it.
    let whole = server.ask("GET /large HTTP/1.1");
    assert_eq!(whole.split_once("\r\n\r\n").unwrap().1.len(), 64 << 20);
}

#[test]
fn a_head_beyond_all_bounds_is_refused() {
    let server = Running::new(slow(Duration::ZERO), Limits::default());
    let long = server.ask(&format!("GET /slow HTTP/1.1\r\na: {}", "x".repeat(4 * BUFFER_MAX)));
    assert!(!long.contains("done"), "{long}");
    let many = "\r\na: b".repeat(100);
    assert!(server.ask(&format!("GET /slow HTTP/1.1{many}")).starts_with("HTTP/1.1 431"));
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let server = Running::new(slow(Duration::ZERO), Limits { body_bytes: 8, ..Limits::default() });
    let sent = |length: usize| {
        let mut stream = server.connect();
        let head = "POST /take HTTP/1.1\r\nhost: x\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length)).unwrap();
        rest(&mut stream)
    };
    assert!(sent(8).ends_with("\r\n\r\n8"));
    assert!(sent(9).starts_with("HTTP/1.1 413"));
    let chunked = "POST /take HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close";
    let mut stream = server.connect();
    write!(stream, "{chunked}\r\nhost: x\r\n\r\nc\r\nxxxxxxxxxxxx\r\n0\r\n\r\n").unwrap();
    assert!(rest(&mut stream).starts_with("HTTP/1.1 413"));
}

#[test]
fn beyond_the_most_connections_one_waits_for_its_turn() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = Running::new(slow(Duration::ZERO), limits);
    let mut first = server.connect();
    write!(first, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).unwrap();
    let mut second = server.connect();
    write!(second, "GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    second.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(second.read_exact(&mut byte).is_err(), "the first connection is still there");
    drop(first);
    second.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert!(rest(&mut second).ends_with("done"));
}

#[test]
fn what_was_asked_before_the_end_is_answered() {
    let limits = Limits { connections: 4, ..Limits::default() };
    let server = Running::new(slow(Duration::from_millis(500)), limits);
    let mut idle = server.connect();
    let mut stream = server.connect();
    write!(stream, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(200));
    let address = server.address;
    let ending = thread::spawn(move || server.end());
    assert!(rest(&mut stream).ends_with("done"));
    assert_eq!(rest(&mut idle), "");
    assert_eq!(ending.join().unwrap(), Ended { cut: 0 });
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn what_takes_too_long_to_the_end_is_cut() {
    let server = Running::new(
        slow(Duration::from_mins(1)),
        Limits { drain: Duration::from_millis(200), ..Limits::default() },
    );
    let mut stream = server.connect();
    write!(stream, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.end(), Ended { cut: 1 });
    assert_eq!(rest(&mut stream), "");
}
