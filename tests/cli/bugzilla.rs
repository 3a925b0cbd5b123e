//! A Bugzilla on this machine, as far as capturing asks it: it answers as the real one does, and
//! as told where a test wants an error.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value as Json, json};

/// A server of bugs; it ends with the process.
pub(super) struct Bugzilla {
    /// Its address.
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What is answered instead, by the address; each once, but the last one for good.
    told: BTreeMap<String, Vec<Vec<u8>>>,
    bugs: BTreeMap<u64, Json>,
    asked: Vec<String>,
}

impl Bugzilla {
    /// A server with these bugs, each as one object with its comments, history and attachments.
    pub(super) fn with(bugs: &[Json]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let server = Self { url, state: Arc::clone(&state) };
        for bug in bugs {
            server.put(bug);
        }
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let path = requested(&mut stream);
                let answer = state.lock().unwrap().answer(&path);
                // The client may have seen enough and be gone.
                let _ = stream.write_all(&answer);
            }
        });
        server
    }

    /// Puts a bug in the place of the one that was there.
    pub(super) fn put(&self, bug: &Json) {
        let number = bug["id"].as_u64().unwrap();
        self.state.lock().unwrap().bugs.insert(number, bug.clone());
    }

    /// Has the address `path` answer these bytes, in turn.
    pub(super) fn tell(&self, path: &str, answers: &[&str]) {
        let answers = answers.iter().rev().map(|answer| answer.as_bytes().to_vec()).collect();
        self.state.lock().unwrap().told.insert(path.to_owned(), answers);
    }

    /// Has it answer as bugs have it again.
    pub(super) fn tell_nothing(&self) {
        self.state.lock().unwrap().told.clear();
    }

    /// What was asked for, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl State {
    fn answer(&mut self, path: &str) -> Vec<u8> {
        self.asked.push(path.to_owned());
        if let Some(told) = self.told.get_mut(path) {
            let last = told.len() == 1;
            return if last { told[0].clone() } else { told.pop().unwrap() };
        }
        let (address, _) = path.split_once('?').unwrap_or((path, ""));
        let rest = address.strip_prefix("/rest/bug/").unwrap_or_default();
        if let Some(id) = rest.strip_prefix("attachment/") {
            let of = |bug: &Json| bug["attachments"].as_array().cloned().unwrap_or_default();
            let mut all = self.bugs.values().flat_map(of);
            let asked = id.parse::<u64>().unwrap();
            let found = all.find(|item| item["id"] == asked).expect("it was listed");
            let body = json!({ "bugs": {}, "attachments": { id: found } });
            return answering("200 OK", &body.to_string()).into_bytes();
        }
        let (number, part) = rest.split_once('/').unwrap_or((rest, ""));
        let bug = number.parse::<u64>().ok().and_then(|number| self.bugs.get(&number));
        let Some(bug) = bug else {
            let message = format!("Bug #{number} does not exist.");
            return failing("404 Not Found", 101, &message).into_bytes();
        };
        let body = match part {
            "" => {
                let mut fields = bug.as_object().unwrap().clone();
                fields.retain(|name, _| !["comments", "history", "attachments"].contains(&&**name));
                json!({ "bugs": [fields], "faults": [] })
            }
            "comment" => {
                json!({ "bugs": { number: { "comments": bug["comments"] } }, "comments": {} })
            }
            "history" => {
                json!({ "bugs": [{ "id": bug["id"], "alias": null, "history": bug["history"] }] })
            }
            "attachment" => {
                let mut items = bug["attachments"].clone();
                for item in items.as_array_mut().unwrap() {
                    item.as_object_mut().unwrap().remove("data");
                }
                json!({ "bugs": { number: items }, "attachments": {} })
            }
            _ => return failing("404 Not Found", 32000, "no such address").into_bytes(),
        };
        answering("200 OK", &body.to_string()).into_bytes()
    }
}

/// Returns the address that a request asks for.
fn requested(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
    let head = String::from_utf8(bytes).unwrap();
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// An answer with that status and body.
pub(super) fn answering(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// An error as the REST interface reports it.
pub(super) fn failing(status: &str, code: u64, message: &str) -> String {
    let body = json!({ "error": true, "code": code, "message": message });
    answering(status, &body.to_string())
}

/// A bug of DigiCert's with a comment of its own and one of somebody unknown, whose first comment
/// was edited.
pub(super) fn bug(number: u64) -> Json {
    let comment = |count: u64, author: &str, at: &str, text: &str| {
        json!({ "id": 100 + count, "bug_id": number, "count": count, "creator": author,
            "author": author, "time": at, "creation_time": at, "text": text, "raw_text": text,
            "is_private": false, "attachment_id": null, "tags": [] })
    };
    let mut private = comment(2, "press@digicert.com", "2026-01-07T10:00:00Z", "not for everybody");
    private["is_private"] = json!(true);
    json!({
        "id": number, "summary": "DigiCert: Certificates with a wrong field", "alias": null,
        "status": "RESOLVED", "resolution": "FIXED", "creator": "press@digicert.com",
        "whiteboard": "[ca-compliance] Next update 2026-02-01", "groups": [], "comment_count": 3,
        "assigned_to": "press@digicert.com", "creation_time": "2026-01-05T10:00:00Z",
        "comments": [
            comment(0, "press@digicert.com", "2026-01-05T10:00:00Z", "We found 12 certificates."),
            comment(1, "somebody@mail.example", "2026-01-06T10:00:00Z", "How many in all?"),
            private,
        ],
        "history": [
            { "when": "2026-01-05T12:00:00Z", "who": "press@digicert.com", "changes": [{
                "field_name": "comment_revision", "comment_id": 100, "comment_count": 0,
                "removed": "We found 11 certificates.", "added": "We found 12 certificates." }] },
            { "when": "2026-01-06T11:00:00Z", "who": "somebody@mozilla.com", "changes": [
                { "field_name": "whiteboard", "removed": "[ca-compliance]",
                    "added": "[ca-compliance] Next update 2026-02-01" },
                { "field_name": "flagtypes.name", "removed": "",
                    "added": "needinfo?(press@digicert.com)" }] },
            { "when": "2026-02-02T10:00:00Z", "who": "somebody@mozilla.com", "changes": [
                { "field_name": "status", "removed": "ASSIGNED", "added": "RESOLVED" },
                { "field_name": "resolution", "removed": "", "added": "FIXED" }] },
        ],
        "attachments": [{ "id": 9, "bug_id": number, "file_name": "certs.csv", "summary": "list",
            "content_type": "text/csv", "size": 5, "is_private": 0, "is_obsolete": 0,
            "data": "aGVsbG8=",
            "creator": "press@digicert.com", "creation_time": "2026-01-05T10:00:00Z" }],
    })
}
