//! Folders and addresses as places.

use std::fs;
use std::io::{Read as _, Write};
use std::net::TcpListener;
use std::time::SystemTime;

use object_store::client::{HttpError, HttpErrorKind};
use tally_ledger::hash::Hash;

use super::*;
use crate::published;

fn folder() -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::open(dir.path().to_str().unwrap(), &[]).unwrap();
    (dir, place)
}

type File = Result<(String, Kind, Vec<u8>), PlaceError>;

fn files<const N: usize>(files: [(&str, &str); N]) -> impl Iterator<Item = File> {
    let own = |(path, text): (&str, &str)| (path.to_owned(), text.as_bytes().to_vec());
    files.map(own).into_iter().map(|(path, bytes)| Ok((path, Kind::Immutable, bytes)))
}

#[test]
fn what_is_missing_or_differs_is_mended_and_nothing_else() {
    let (dir, place) = folder();
    let all = || [("a/1", "one"), ("a/2", "two"), ("b", "three")];
    assert_eq!(place.create_all(files(all())).unwrap(), 3);
    assert_eq!(place.create_all(files(all())).unwrap(), 0);
    assert_eq!(place.mend_all(files(all())).unwrap(), 0);
    fs::write(dir.path().join("a/1"), "a longer text").unwrap();
    fs::remove_file(dir.path().join("b")).unwrap();
    let other = place.create_all(files([("a/1", "one")])).unwrap_err();
    assert!(matches!(other, PlaceError::Other { found: 13, expected: 3, .. }), "{other}");
    let lengths = place.lengths(all().map(|(path, _)| path.to_owned()).to_vec()).unwrap();
    assert_eq!(lengths, [Some(13), Some(3), None]);
    assert_eq!(place.mend_all(files(all())).unwrap(), 2);
    for (path, text) in all() {
        assert_eq!(fs::read_to_string(dir.path().join(path)).unwrap(), text);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_refused_and_not_waited_for() {
    let (dir, place) = folder();
    for name in ["checkpoint", LOCK] {
        let made = std::process::Command::new("mkfifo").arg(dir.path().join(name)).status();
        assert!(made.unwrap().success());
    }
    for e in [
        place.read("checkpoint", 9).unwrap_err(),
        place.lengths(vec!["checkpoint".to_owned()]).unwrap_err(),
        place.create_all(files([("checkpoint", "x")])).unwrap_err(),
        place.replace("other", Kind::MutableText, b"x", None).unwrap_err(),
    ] {
        assert!(e.to_string().contains("it is no regular file"), "{e}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_lock_is_refused_and_its_target_kept() {
    let (dir, place) = folder();
    let outside = tempfile::tempdir().unwrap();
    let [there, missing] = ["there", "missing"].map(|name| outside.path().join(name));
    fs::write(&there, "nine byte").unwrap();
    for target in [&there, &missing] {
        std::os::unix::fs::symlink(target, dir.path().join(LOCK)).unwrap();
        let e = place.replace("checkpoint", Kind::MutableText, b"x", None).unwrap_err();
        assert!(e.to_string().ends_with(".lock: it is a link"), "{e}");
        fs::remove_file(dir.path().join(LOCK)).unwrap();
    }
    assert_eq!(fs::read_to_string(&there).unwrap(), "nine byte");
    assert!(!missing.exists());
    // A file of that name is a lock, whatever it holds.
    fs::write(dir.path().join(LOCK), "held").unwrap();
    assert!(place.replace("checkpoint", Kind::MutableText, b"x", None).unwrap());
    assert_eq!(fs::read_to_string(dir.path().join(LOCK)).unwrap(), "held");
}

#[test]
fn what_a_killed_publisher_staged_is_swept_away_and_nothing_else() {
    let (dir, place) = folder();
    let staged = ["checkpoint#1", "tile/entries/000.p/5#1", "evidence/ab#12", "checkpoints/tail#2"];
    let others = ["notes#1", "checkpoint#", "tile/000", "more/000#1", "tile/a.b#1"];
    let old = SystemTime::now() - Duration::from_hours(2);
    for name in staged.iter().chain(&others) {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().set_modified(old).unwrap();
    }
    // One that was just staged may be somebody's who still writes.
    fs::write(dir.path().join("tile/000#1"), "").unwrap();
    assert_eq!(place.sweep().unwrap(), staged.len());
    assert!(others.iter().all(|name| dir.path().join(name).exists()));
    assert!(dir.path().join("tile/000#1").exists());
    assert_eq!(place.sweep().unwrap(), 0);
}

#[test]
fn an_address_with_a_password_or_a_query_is_refused_and_not_told() {
    for name in [
        "https://user:secret@ledger.example/x",
        "https://secret@ledger.example/x",
        "https://u:secret/more@ledger.example/x",
        "s3://user:secret@bucket/x",
        "https://ledger.example/x?token=secret",
        "https://ledger.example/x#secret",
    ] {
        let e = Place::open(name, &[]).unwrap_err().to_string();
        assert!(e.contains("ledger.example/x") || e.contains("bucket/x"), "{e}");
        assert!(!e.contains("secret"), "{e}");
    }
}

#[test]
fn a_redirect_to_another_host_is_not_followed() {
    let served = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = served.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let answers = [
            format!("302 Found\r\nLocation: http://localhost:{port}/checkpoint"),
            format!("302 Found\r\nLocation: http://127.0.0.1:{port}/moved"),
            "200 OK\r\nLast-Modified: Sun, 01 Nov 2026 00:00:00 GMT".to_owned(),
        ];
        for answer in answers {
            let (mut stream, _) = served.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let answer =
                format!("HTTP/1.1 {answer}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let place = Place::open(&format!("http://127.0.0.1:{port}"), &[]).unwrap();
    let elsewhere = place.read("checkpoint", 9).unwrap_err().to_string();
    assert!(elsewhere.contains("expected another address of 127.0.0.1"), "{elsewhere}");
    assert_eq!(place.read("checkpoint", 9).unwrap().unwrap().bytes, b"ok");
    serving.join().unwrap();
}

/// Answers one request after the other with what is given, and ends the connection after each.
fn answering(answers: Vec<Vec<u8>>) -> (Place, std::thread::JoinHandle<Vec<String>>) {
    let served = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::open(&format!("http://{}", served.local_addr().unwrap()), &[]).unwrap();
    let serving = std::thread::spawn(move || {
        let answered = answers.into_iter().map(|answer| {
            let (mut stream, _) = served.accept().unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).unwrap();
            // Whoever asked may end the connection as soon as it is too much.
            let _ = stream.write_all(&answer);
            String::from_utf8(asked[..length].to_vec()).unwrap()
        });
        answered.collect()
    });
    (place, serving)
}

#[test]
fn an_answer_that_does_not_tell_its_length_is_read_up_to_the_limit() {
    let answer = |head: &str, body: &[u8]| {
        [format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes(), body].concat()
    };
    let chunked = |body: &str| answer("200 OK\r\nTransfer-Encoding: chunked", body.as_bytes());
    let endless = "10000\r\n".to_owned() + &"x".repeat(0x10000) + "\r\n";
    let (place, serving) = answering(vec![
        chunked("4\r\nnine\r\n5\r\n byte\r\n0\r\n\r\n"),
        answer("200 OK", b"nine byte"),
        chunked("5\r\nnine \r\n5\r\nbytes\r\n0\r\n\r\n"),
        chunked(&endless.repeat(1000)),
        answer("200 OK", &[b'x'; 10]),
        // What breaks off is asked for again.
        chunked("4\r\nnine\r\n"),
        chunked("0\r\n\r\n"),
        answer("404 Not Found", b"nothing"),
    ]);
    let read = |most| place.read("tile", most).map(|read| read.map(|read| read.bytes));
    assert_eq!(read(9).unwrap().unwrap(), b"nine byte");
    assert_eq!(read(9).unwrap().unwrap(), b"nine byte");
    for largest in [10, 1 << 20, 10] {
        let e = read(9).unwrap_err();
        let cut = |found| found > 9 && found <= largest;
        assert!(matches!(e, PlaceError::TooLarge { found, most: 9, .. } if cut(found)), "{e}");
    }
    assert_eq!(read(9).unwrap().unwrap(), b"");
    assert_eq!(read(9).unwrap(), None);
    for asked in serving.join().unwrap() {
        assert!(asked.contains("accept-encoding: identity\r\n"), "{asked}");
    }
}

#[test]
fn of_a_refusal_the_beginning_is_read() {
    let refused = |status: &str, body: &[u8]| {
        [format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n").as_bytes(), body].concat()
    };
    let served = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::open(&format!("http://{}", served.local_addr().unwrap()), &[]).unwrap();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = served.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(&refused("403 Forbidden", b"not for \xffyou")).unwrap();
        let given = (0..1 << 14).take_while(|_| stream.write_all(&[b'x'; 1 << 14]).is_ok());
        given.count()
    });
    let e = place.read("checkpoint", 9).unwrap_err().to_string();
    assert!(e.contains("403 Forbidden: not for \u{fffd}youxxx"), "{e}");
    // The connection ends with the place.
    drop(place);
    assert!(serving.join().unwrap() < 1 << 14, "of 256 MiB the beginning");
    let (place, _serving) = answering(vec![refused("404 Not Found", b"\xff")]);
    assert!(place.read("checkpoint", 9).unwrap().is_none());
}

#[test]
fn no_more_evidence_is_asked_for_than_is_carried_together() {
    let answer = |length: usize| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close");
        [format!("{head}\r\n\r\n").as_bytes(), &vec![b'x'; length]].concat()
    };
    let missing = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n".to_vec();
    let (place, serving) = answering(vec![answer(6), missing, answer(11), answer(5), answer(4)]);
    let stated = [6, 3, 1, 5, 11, 6, 4, 1, 1];
    let digest = |n: usize| Hash([u8::try_from(n).unwrap(); 32]);
    let sizes = stated.iter().enumerate().map(|(n, size)| (digest(n), *size)).collect();
    let files = published::evidence_of(&place, &sizes, 10, 25).unwrap();
    // The file 2 is larger than any may be, 4 and 5 are so by what is stated of them, and after 6
    // nothing is left: nobody answers any more.
    let lengths: Vec<_> = files.iter().map(|(of, bytes)| (of.0[0], bytes.len())).collect();
    assert_eq!(lengths, [(0, 6), (3, 5), (6, 4)]);
    let asked = serving.join().unwrap();
    let named = |n| format!("GET /evidence/{} ", digest(n));
    for (n, asked) in [0, 1, 2, 3, 6].into_iter().zip(&asked) {
        assert!(asked.starts_with(&named(n)), "{n}: {asked}");
    }
}

#[test]
fn silence_is_told_from_a_refusal() {
    let (_dir, place) = folder();
    let e = |kind| {
        let cause = HttpError::new(kind, std::io::Error::other("x"));
        place.refused("checkpoint", &StoreError::Generic { store: "x", source: Box::new(cause) })
    };
    assert!(matches!(e(HttpErrorKind::Timeout), PlaceError::TimedOut { seconds: 180, .. }));
    let unreachable = PlaceError::Refused {
        name: place.name().to_owned(),
        path: "checkpoint".to_owned(),
        reason: "x".to_owned(),
        refusal: Refusal::Unreachable,
    };
    let told = |e: &PlaceError| format!("{e:?}").replace("HTTP error: x", "x");
    assert_eq!(told(&e(HttpErrorKind::Connect)), told(&unreachable));
}

/// The words are those of the server, or of the system; the library that asked is not heard.
#[test]
fn a_refusal_is_told_without_the_words_of_the_library() {
    let told = |text: &str| {
        let source = Box::new(std::io::Error::other(text.to_owned()));
        let e = StoreError::Generic { store: "S3", source };
        (reason(&e), Refusal::of(&e))
    };
    let asked = "Error performing PUT http://127.0.0.1:1/b/x in 1ms, after 10 retries, \
                 max_retries: 10, retry_timeout: 180s - ";
    let status = "Server returned non-2xx status code: ";
    let xml = "<?xml version=\"1.0\"?> <Error><Code>NoSuchBucket</Code><Message>It does not \
               exist</Message></Error>";
    let request = "HTTP error: error sending request: client error (Connect): tcp connect error";
    let token = "Error performing PUT http://169.254.169.254/latest/api/token in 1ms - x";
    for (text, reason, refusal) in [
        (
            format!("{asked}{status}404 Not Found: {xml}"),
            "answered 404 Not Found: NoSuchBucket: It does not exist",
            Refusal::Other,
        ),
        (
            format!("{asked}{status}500 Internal Server Error: <html>"),
            "answered 500 Internal Server Error",
            Refusal::Other,
        ),
        (
            format!("{asked}{status}429 Slow: not so fast"),
            "answered 429 Slow: not so fast",
            Refusal::Other,
        ),
        (format!("{asked}{status}502 Bad Gateway: "), "answered 502 Bad Gateway", Refusal::Other),
        (format!("{asked}{request}"), "tcp connect error", Refusal::Other),
        (
            format!("{asked}HTTP error: builder error: URL scheme is not allowed"),
            "its address begins with http://, which has no TLS",
            Refusal::NoTls,
        ),
        (token.to_owned(), "no credentials are set", Refusal::NoCredentials),
    ] {
        assert_eq!(told(&text), (reason.to_owned(), refusal), "{text}");
    }
}
