//! The client before a server that answers as it is told, on this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

/// A server that gives one answer to each connection, in turn, and closes it; the last answer is
/// given to all that follow.
struct Server {
    address: String,
    /// The requests as they came.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answers: &[&str]) -> Self {
        Self::with(answers.iter().map(|answer| answer.as_bytes().to_vec()).collect())
    }

    fn with(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let request = head(&mut stream);
                seen.lock().unwrap().push(request);
                let answer = answers.get(index).or(answers.last()).unwrap();
                // The client may have seen enough and be gone.
                let _ = stream.write_all(answer);
            }
        });
        Self { address, requests }
    }

    fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// Reads the head of a request.
fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

fn limits() -> Limits {
    Limits {
        body_bytes_max: 1000,
        total: Duration::from_secs(20),
        waits_max: 2,
        wait_max: Duration::from_secs(3),
    }
}

fn get(server: &Server) -> Result<Answer, FetchError> {
    Client::new(limits()).unwrap().get(&format!("{}/x?y=1", server.address), |_| {})
}

#[test]
fn the_exact_bytes_come_with_their_address() {
    let server =
        Server::new(&[&answer("200 OK", "Content-Type: application/json\r\n", "{\"a\": 1}\n")]);
    let expected = Answer {
        url: format!("{}/x?y=1", server.address),
        media_type: Some("application/json".to_owned()),
        body: b"{\"a\": 1}\n".to_vec(),
    };
    assert_eq!(get(&server), Ok(expected));
    let request = server.requests.lock().unwrap()[0].to_lowercase();
    assert!(request.starts_with("get /x?y=1 http/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nuser-agent: tally/0."), "{request}");
    assert!(!request.contains("accept-encoding"), "another encoding has other bytes: {request}");
}

#[test]
fn a_refusal_keeps_its_status_and_its_words() {
    for status in [400_u16, 401, 404, 414, 500] {
        let server = Server::new(&[&answer(&format!("{status} No"), "", "because")]);
        let url = format!("{}/x?y=1", server.address);
        let body = b"because".to_vec();
        assert_eq!(get(&server), Err(FetchError::Status { url, status, body }));
        assert_eq!(server.asked(), 1, "{status} is final");
    }
    let long = "x".repeat(REFUSAL_BYTES_MAX + 10);
    let Err(FetchError::Status { body, .. }) = get(&Server::new(&[&answer("500 No", "", &long)]))
    else {
        panic!("a refusal");
    };
    assert_eq!(body.len(), REFUSAL_BYTES_MAX);
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let busy = answer("429 Too Many", "Retry-After: 1\r\n", "");
    let closed = answer("503 Unavailable", "Retry-After: 0\r\n", "");
    let server = Server::new(&[&busy, &closed, &answer("200 OK", "", "here")]);
    let mut waits = Vec::new();
    let client = Client::new(limits()).unwrap();
    let fetched =
        client.get(&server.address, |wait| waits.push((wait.status, wait.length.as_secs())));
    assert_eq!(fetched.unwrap().body, b"here");
    assert_eq!(waits, [(429, 1), (503, 0)]);
    assert_eq!(server.asked(), 3);
}

#[test]
fn a_server_that_stays_busy_or_asks_for_long_is_left_alone() {
    let server = Server::new(&[&answer("429 Too Many", "Retry-After: 0\r\n", "")]);
    let error = get(&server).unwrap_err();
    assert!(matches!(error, FetchError::Busy { status: 429, times: 3, .. }), "{error}");
    assert_eq!(server.asked(), 3);
    let server = Server::new(&[&answer("503 Unavailable", "Retry-After: 3600\r\n", "")]);
    let error = get(&server).unwrap_err().to_string();
    assert!(error.ends_with("answered 503 1 times, and asks to wait 3600 seconds"), "{error}");
}

#[test]
fn a_body_beyond_the_limit_is_refused_whether_announced_or_not() {
    let announced = answer("200 OK", "", &"x".repeat(1001));
    let open = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(1001));
    for text in [&announced, &open] {
        let error = get(&Server::new(&[text])).unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { most: 1000, .. }), "{error}");
    }
    let most = answer("200 OK", "", &"x".repeat(1000));
    assert_eq!(get(&Server::new(&[&most])).unwrap().body.len(), 1000);
}

#[test]
fn a_body_that_breaks_off_is_no_answer() {
    let cut = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nonly this";
    let error = get(&Server::new(&[cut])).unwrap_err();
    assert!(matches!(error, FetchError::BrokeOff { received: 9, .. }), "{error}");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n";
    let error = get(&Server::new(&[chunked])).unwrap_err();
    assert!(matches!(error, FetchError::BrokeOff { .. }), "{error}");
    let error = get(&Server::new(&[""])).unwrap_err();
    assert!(matches!(error, FetchError::BrokeOff { received: 0, .. }), "{error}");
}

#[test]
fn a_redirect_is_followed_on_its_host_alone() {
    let moved = answer("302 Found", "Location: /z\r\n", "");
    let server = Server::new(&[&moved, &answer("200 OK", "", "there")]);
    let fetched = get(&server).unwrap();
    assert_eq!((fetched.url, &*fetched.body), (format!("{}/z", server.address), &b"there"[..]));
    let away = answer("302 Found", "Location: http://localhost:9/z\r\n", "");
    let error = get(&Server::new(&[&away])).unwrap_err();
    let reason = "to http://localhost:9/z, expected another address of 127.0.0.1".to_owned();
    assert!(matches!(&error, FetchError::Redirected { reason: r, .. } if *r == reason), "{error}");
    let server = Server::new(&[&moved]);
    let error = get(&server).unwrap_err().to_string();
    assert!(error.ends_with("the server redirects more than 5 times"), "{error}");
    assert_eq!(server.asked(), 6);
}

#[test]
fn a_fetch_ends_when_its_time_is_up() {
    // The connection stays open and nothing more comes.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let limits = Limits { total: Duration::from_millis(300), ..limits() };
    let error = Client::new(limits).unwrap().get(&address, |_| {}).unwrap_err();
    assert!(matches!(error, FetchError::TimedOut { .. }), "{error}");
    drop(listener);
}

#[test]
fn what_is_no_address_to_keep_is_not_asked() {
    let client = Client::new(limits()).unwrap();
    for (url, reason) in [
        ("bugs.example/1", "relative URL without a base"),
        ("ftp://bugs.example/1", "expected http or https"),
        ("https://name:secret@bugs.example/1", "it holds a user name or password"),
        ("file:///etc/hosts", "expected http or https"),
        ("", "relative URL without a base"),
    ] {
        let error = client.get(url, |_| {}).unwrap_err();
        let expected = FetchError::Address { url: url.to_owned(), reason: reason.to_owned() };
        assert_eq!(error, expected);
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = client.get(&format!("http://{nobody}"), |_| {}).unwrap_err();
    assert!(matches!(error, FetchError::Connect { .. }), "{error}");
}
