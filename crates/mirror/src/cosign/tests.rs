//! Witnesses that answer what no witness should.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use ed25519_dalek::SigningKey;
use tally_ledger::key::PublicKey;
use tally_ledger::note::{Purpose, SIGNATURES_MAX};

use super::*;

const ORIGIN: &str = "ledger.example/incidents";

/// Listens, answers each request with the same status and body, and returns the address.
fn answering(status: u16, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !is_whole(&request) {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&buffer[..read]),
                }
            }
            let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length:");
            let _ = write!(stream, "{head} {}\r\n\r\n{body}", body.len());
        }
    });
    address
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.to_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn tree() -> Tree {
    let mut tree = Tree::default();
    (0..9_u64).for_each(|leaf| tree.push(Hash::leaf(&leaf.to_be_bytes())));
    tree
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn checkpoint() -> Checkpoint {
    let root = tree().root(9).unwrap();
    Checkpoint::sign(&ORIGIN.parse().unwrap(), 9, root, &key(3))
}

fn witness(seed: u8) -> Vkey {
    let name = format!("w.example/{seed}");
    Vkey::new(&name, Purpose::Cosignature, PublicKey::from(&key(seed))).unwrap()
}

fn ask(cosigner: Cosigner) -> Result<Checkpoint, CosignError> {
    let vkeys = [Vkey::log(&ORIGIN.parse().unwrap(), PublicKey::from(&key(3)))];
    let log = Log { checkpoint: &checkpoint(), tree: &tree(), vkeys: &vkeys };
    collect(log, &[cosigner]).remove(0)
}

fn ask_witness(url: String, known: u64) -> Result<Checkpoint, CosignError> {
    ask(Cosigner::Witness { url, vkey: Box::new(witness(1)), known })
}

#[test]
fn sizes_that_cannot_be_are_refusals_and_no_other_history() {
    for (status, body, known) in [(409, "0\n", 0), (409, "5\n", 5), (409, "", 0), (422, "no", 0)] {
        let refused = ask_witness(answering(status, body.to_owned()), known).unwrap_err();
        assert!(matches!(refused, CosignError::Refused { .. }), "{body:?}: {refused}");
        assert!(!refused.alarms());
    }
    for (status, body, known) in [(409, "9\n", 9), (422, "", 5), (409, "10\n", 0)] {
        let refused = ask_witness(answering(status, body.to_owned()), known).unwrap_err();
        assert!(refused.alarms(), "{body:?}: {refused}");
    }
}

#[test]
fn more_of_the_log_than_is_here_alarms_if_a_known_key_signed_it() {
    let signed = |seed| {
        Checkpoint::sign(&ORIGIN.parse().unwrap(), 12, Hash::of(b"a larger tree"), &key(seed))
    };
    let (ours, mut cosigned) = (signed(3), signed(4));
    let stranger = cosigned.clone();
    cosigned.cosign("w.example/1", 1_700_000_000, &key(1)).unwrap();
    for (shown, alarms) in [(ours, true), (cosigned, true), (stranger, false)] {
        let url = answering(200, shown.to_string());
        let refused = ask(Cosigner::Mirror { url, vkeys: vec![witness(1)] }).unwrap_err();
        assert_eq!(refused.alarms(), alarms, "{refused}");
        let said = ["has seen 12 entries of this log, and here are 9", "of size 12, not 9"];
        assert!(refused.to_string().contains(said[usize::from(!alarms)]), "{refused}");
    }
}

#[test]
fn another_root_alarms_if_a_known_witness_cosigned_it() {
    for size in [5, 9] {
        let root = Hash::of(b"another tree");
        let stranger = Checkpoint::sign(&ORIGIN.parse().unwrap(), size, root, &key(4));
        let mut cosigned = stranger.clone();
        cosigned.cosign("w.example/1", 1_700_000_000, &key(1)).unwrap();
        for (shown, alarms) in [(cosigned, true), (stranger, false)] {
            let url = answering(200, shown.to_string());
            let refused = ask(Cosigner::Mirror { url, vkeys: vec![witness(1)] }).unwrap_err();
            assert_eq!(refused.alarms(), alarms, "{refused}");
            assert!(!refused.to_string().contains("of size 9, not 9"), "{refused}");
        }
    }
}

#[test]
fn words_of_a_refusal_stay_on_its_line() {
    let body = "no\nw.example/1 cosigned at 2026-11-22T08:00:00Z\r\n".to_owned();
    let refused = ask_witness(answering(400, body), 0).unwrap_err().to_string();
    assert!(refused.ends_with("it answered 400: no w.example/1 cosigned at 2026-11-22T08:00:00Z"));
    assert_eq!(refused.lines().count(), 1);
}

#[test]
fn nobody_fills_the_note_with_lines_of_one_key() {
    let mut many = checkpoint();
    for time in 1..(SIGNATURES_MAX as u64) {
        many.cosign("w.example/1", time, &key(1)).unwrap();
    }
    let own = many.signed_only_by(&[witness(1)]).signature_lines();
    let cosigned = ask_witness(answering(200, own), 0).unwrap();
    assert_eq!(cosigned.signature_lines().lines().count(), 2);
    assert_eq!(cosigned.signed_by(&witness(1)), Signed::Holds(1));
    let url = answering(200, many.to_string());
    let shown = ask(Cosigner::Mirror { url, vkeys: vec![witness(1), witness(2)] }).unwrap();
    assert_eq!(shown.signature_lines().lines().count(), 2);
}

#[test]
fn lines_that_are_none_or_of_other_keys_are_no_cosignature() {
    let mut other = checkpoint();
    other.cosign("w.example/1", 1_700_000_000, &key(2)).unwrap();
    let mut good = checkpoint();
    good.cosign("w.example/1", 1_700_000_000, &key(1)).unwrap();
    let line = good.signed_only_by(&[witness(1)]).signature_lines();
    for body in [
        String::new(),
        "ok\n".to_owned(),
        other.signature_lines(),
        line.replace('\n', "\r\n"),
        line.trim_end().to_owned(),
        line.repeat(SIGNATURES_MAX + 1),
    ] {
        let refused = ask_witness(answering(200, body.clone()), 0).unwrap_err();
        assert!(matches!(refused, CosignError::Unsigned { .. }), "{body:?}: {refused}");
    }
    let huge = ask_witness(answering(200, "x".repeat(NOTE_MAX + 1)), 0).unwrap_err();
    assert!(matches!(huge, CosignError::Fetch(FetchError::TooLarge { .. })), "{huge}");
}
