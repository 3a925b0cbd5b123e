//! A ledger is published, and read from where it is published as from anywhere else.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use tally_ledger::key::PublicKey;
use tally_ledger::note::{Checkpoint, Purpose, Vkey};

use super::{Place, Run, copy_folder};

/// Makes the ledger `L` with an incident, evidence and a checkpoint.
pub(super) fn with_checkpoint() -> Place {
    let place = Place::with_ledger();
    place.write("order.txt", "the order");
    let open = ["incident", "open", "--about", "Example CA", "--title", "A matter"];
    place.tally(&[&open[..], &["--incident=x", "--ledger=L"]].concat()).ok();
    let step = ["legal", "step", "tro", "filed", "--incident=x", "--evidence=order.txt"];
    place.tally(&[&step[..], &["--ledger=L"]].concat()).ok();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    place
}

/// Records `notes` more entries, and signs a checkpoint.
fn grown(place: &Place, notes: usize) {
    let document = "{\"kind\": \"entry.note\", \"on\": 1, \"body\": {\"text\": \"a remark\"}}\n";
    let documents = document.repeat(notes);
    place.write("notes.jsonl", documents);
    place.tally(&["record", "--from", "notes.jsonl", "--ledger=L"]).ok();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
}

pub(super) fn publish(place: &Place, to: &str) -> Run {
    place.tally(&["publish", to, "--ledger=L"])
}

fn verified(place: &Place, source: &str) -> serde_json::Value {
    let args = ["verify", source, "--key", "L/ledger.vkey", "--format", "json"];
    place.tally(&args).exits(0).json()
}

#[test]
fn what_is_published_is_read_as_the_ledger_itself() {
    let place = with_checkpoint();
    let told = publish(&place, "P").ok();
    assert_eq!(told, "3 entries published in P: 6 files\n");
    assert_eq!(publish(&place, "P").ok(), "3 entries are published in P already\n");
    let note = fs::read_to_string(place.path("P/checkpoint")).unwrap();
    assert!(note.starts_with("ledger.example/l\n3\n"), "{note}");
    let json = verified(&place, "P");
    assert_eq!((&json["verdict"], &json["entries"]), (&"whole".into(), &3.into()));
    let checks = json["checks"].as_array().unwrap();
    let evidence = checks.iter().find(|check| check["name"] == "evidence").unwrap();
    assert_eq!(evidence["outcome"], "pass", "{json:#}");
    for command in ["timeline", "diverge", "audit"] {
        let key = ["--key", "L/ledger.vkey"];
        let [here, there] =
            ["L", "P"].map(|source| place.tally(&[&[command, source][..], &key].concat()).ok());
        let same = |text: &str| !text.contains("Source");
        let told = |text: &str| text.lines().filter(|l| same(l)).map(str::to_owned).collect();
        let (here, there): (Vec<String>, Vec<String>) = (told(&here), told(&there));
        assert_eq!(here, there, "{command}");
    }
}

/// Lets a witness cosign the stored checkpoint of `size`, and returns its vkey.
fn cosigned(place: &Place, size: u64, time: u64) -> Vkey {
    let key = SigningKey::from_bytes(&[9; 32]);
    let file = place.path(&format!("L/checkpoints/{size:020}"));
    let mut note: Checkpoint = fs::read_to_string(&file).unwrap().parse().unwrap();
    note.cosign("w.example", time, &key).unwrap();
    fs::write(&file, note.to_string()).unwrap();
    Vkey::new("w.example", Purpose::Cosignature, PublicKey::from(&key)).unwrap()
}

#[test]
fn each_entry_keeps_the_time_at_which_witnesses_saw_it() {
    let place = with_checkpoint();
    let [early, late] = [1_900_000_000, 1_900_500_000];
    let witness = cosigned(&place, 3, early);
    grown(&place, 1);
    cosigned(&place, 4, late);
    let log = place.read("L/ledger.vkey");
    let policy = format!("log {}\nwitness w {witness}\nquorum w\n", log.trim());
    place.write("L/policy", &policy);
    assert_eq!(publish(&place, "P").ok(), "4 entries published in P: 8 files\n");
    assert_eq!(place.read("P/policy"), policy);
    let tail = place.read("P/checkpoints/tail");
    assert!(tail.starts_with("full 0\n\nledger.example/l\n1\n"), "{tail}");
    place.tally(&["export", "-o", "l.tally", "--ledger=L"]).ok();
    for source in ["L", "P", "l.tally"] {
        let args = ["verify", source, "--policy", "L/policy", "--format", "json"];
        let json = place.tally(&args).exits(0).json();
        let checkpoints = json["checkpoints"].as_array().unwrap();
        let times: Vec<Option<&str>> =
            checkpoints.iter().map(|checkpoint| checkpoint["witnessed"].as_str()).collect();
        let expected = [None, Some("2030-03-17T17:46:40Z"), Some("2030-03-23T12:40:00Z")];
        assert_eq!(times, expected, "{source}");
    }
    // An interrupted publication may leave the history ahead of the checkpoint.
    let last = fs::read_to_string(place.path("P/checkpoint")).unwrap();
    fs::write(place.path("P/checkpoints/tail"), format!("{tail}\n{last}")).unwrap();
    let args = ["verify", "P", "--policy", "L/policy", "--format", "json"];
    let json = place.tally(&args).exits(0).json();
    assert_eq!(json["checkpoints"].as_array().unwrap().len(), 3);
    grown(&place, 1);
    publish(&place, "P").ok();
    assert_eq!(verified(&place, "P")["checkpoints"].as_array().unwrap().len(), 4);
    // A history that is not this ledger's own does not hold.
    fs::write(place.path("P/checkpoints/tail"), tail.replace("\n3\n", "\n2\n")).unwrap();
    let args = ["verify", "P", "--key", "L/ledger.vkey"];
    assert!(place.tally(&args).exits(3).stdout.contains("checkpoint"));
    fs::write(place.path("P/checkpoints/tail"), "full x\n").unwrap();
    let told = place.tally(&args).exits(2).stderr;
    assert!(told.contains("P: checkpoints/tail: expected `full` and a number"), "{told}");
}

#[test]
fn a_lost_ledger_is_restored_from_where_it_is_published_and_goes_on() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    let restored = place.tally(&["restore", "P", "--ledger=R"]).ok();
    assert_eq!(restored, "3 entries, 2 checkpoints and 1 file of evidence restored in R\n");
    for file in ["ledger.vkey", "checkpoints/00000000000000000003", "roots/00000000000000000003"] {
        let [here, there] = ["L", "R"].map(|of| fs::read(place.path(of).join(file)).unwrap());
        assert_eq!(here, there, "{file}");
    }
    copy_folder(&place.path("L/keys"), &place.path("R/keys"));
    let note = ["record", "--from", "n.json", "--ledger=R"];
    place.write("n.json", r#"{"kind": "entry.note", "on": 1, "body": {"text": "a remark"}}"#);
    place.tally(&note).ok();
    place.tally(&["checkpoint", "--ledger=R"]).ok();
    assert!(place.tally(&["doctor", "R"]).ok().contains('4'));
    let told = place.tally(&["publish", "P", "--ledger=R"]).ok();
    assert!(told.starts_with("1 more entry published in P, 4 in all"), "{told}");
    let again = place.tally(&["restore", "P", "--ledger=R"]).exits(2).stderr;
    assert!(again.contains("R is there already"), "{again}");
}

#[test]
fn a_damaged_file_of_evidence_keeps_no_ledger_from_being_restored() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    for file in fs::read_dir(place.path("P/evidence")).unwrap() {
        fs::write(file.unwrap().path(), "junk").unwrap();
    }
    let told = place.tally(&["restore", "P", "--ledger=R"]).ok();
    let expected = "3 entries, 2 checkpoints and 0 files of evidence (1 missing) restored in R\n";
    assert_eq!(told, expected);
}

#[test]
fn a_size_that_anybody_can_write_is_not_believed() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    let note = place.read("P/checkpoint");
    for size in ["4000001", "1099511627776", "9007199254740991"] {
        let hostile = note.replace("\n3\n", &format!("\n{size}\n"));
        fs::write(place.path("P/checkpoint"), hostile).unwrap();
        let told = place.tally(&["verify", "P"]).exits(2).stderr;
        assert!(told.contains(&format!("{size} entries are published, at most 4000000")), "{told}");
    }
}

#[test]
fn nothing_is_restored_of_what_does_not_hold_or_is_behind_what_was_seen() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    grown(&place, 1);
    // The trust store remembers the checkpoint that is not published.
    let behind = place.tally(&["restore", "P", "--ledger=R"]).exits(3).stderr;
    assert!(behind.contains("nothing was restored"), "{behind}");
    let stranger = ["restore", "P", "--ledger=R", "--unpinned"];
    place.write("P/tile/entries/000.p/3", "broken");
    place.tally(&stranger).exits(2);
    let none = place.tally(&["restore", "L", "--ledger=R"]).exits(2).stderr;
    assert!(none.contains("L is no published ledger"), "{none}");
    let names = fs::read_dir(place.folder.path()).unwrap();
    let left: Vec<_> = names.map(|item| item.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "R" || name.to_string_lossy().starts_with(".R")));
}

#[test]
fn the_published_vkey_is_the_one_that_signed_the_checkpoint() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    assert_eq!(place.read("P/ledger.vkey"), place.read("L/ledger.vkey"));
    fs::write(place.path("P/ledger.vkey"), "another\n").unwrap();
    publish(&place, "P").ok();
    assert_eq!(place.read("P/ledger.vkey"), place.read("L/ledger.vkey"));
    assert_eq!(publish(&place, "P").ok(), "3 entries are published in P already\n");
}

#[test]
fn the_key_of_the_checkpoint_is_published_after_it_was_revoked() {
    let place = with_checkpoint();
    let next = place.tally(&["key", "new", "next.pem", "--unencrypted-keys"]).ok();
    let next = next.lines().find_map(|line| line.strip_prefix("Public key  ")).unwrap();
    place.tally(&["key", "grant", next, "--role=checkpoint", "--ledger=L"]).ok();
    let vkey = place.read("L/ledger.vkey");
    let json = place.tally(&["key", "list", "L", "--format", "json"]).exits(0).json();
    let keys = json["keys"].as_array().unwrap();
    let old = keys.iter().find(|key| key["roles"].to_string().contains("checkpoint")).unwrap();
    let kid = old["kid"].as_str().unwrap();
    place.tally(&["key", "revoke", kid, "--why=replaced", "--ledger=L"]).ok();
    publish(&place, "P").exits(0);
    assert_eq!(place.read("P/ledger.vkey"), vkey);
}

#[test]
fn signatures_are_updated_and_none_is_taken_away() {
    let place = with_checkpoint();
    copy_folder(&place.path("L"), &place.path("plain"));
    publish(&place, "P").ok();
    cosigned(&place, 3, 1_900_000_000);
    let told = publish(&place, "P").ok();
    assert_eq!(told, "the signatures of the 3 entries in P were updated\n");
    let cosigned = place.read("P/checkpoint");
    assert!(cosigned.contains("w.example"), "{cosigned}");
    let told = place.tally(&["publish", "P", "--ledger=plain"]).ok();
    assert_eq!(told, "3 entries are published in P already\n");
    assert_eq!(place.read("P/checkpoint"), cosigned);
}

#[test]
fn a_folder_of_another_kind_and_an_address_are_refused() {
    let place = with_checkpoint();
    let before = place.content();
    publish(&place, "L").refused("L holds the file `format` of a ledger: it is no place to");
    let address = publish(&place, "https://ledger.example/x");
    address.refused("https://ledger.example/x is an address to read from");
    assert_eq!(place.content(), before);
    place.tally(&["mirror", "init", "M", "--name", "m.example", "--unencrypted-keys"]).ok();
    publish(&place, "M").refused("M holds the file `mirror.vkey` of a mirror");
}

#[test]
fn nothing_is_published_below_a_ledger_a_mirror_or_a_witness() {
    let place = with_checkpoint();
    place.tally(&["mirror", "init", "M", "--name", "m.example", "--unencrypted-keys"]).ok();
    place.tally(&["witness", "init", "W", "--name", "w.example", "--unencrypted-keys"]).ok();
    fs::create_dir_all(place.path("M/public/00")).unwrap();
    std::os::unix::fs::symlink(place.path("M/public/00"), place.path("link")).unwrap();
    let before = place.content();
    for (to, of) in [
        ("M/public", "a mirror"),
        ("M/public/00", "a mirror"),
        ("M/public/new/deeper", "a mirror"),
        ("link", "a mirror"),
        ("L/public", "a ledger"),
        ("W/logs", "a witness"),
    ] {
        publish(&place, to).refused(&format!("{to} stands in {of}, "));
    }
    assert_eq!(place.content(), before);
    fs::create_dir(place.path("beside")).unwrap();
    publish(&place, "beside").ok();
}

#[test]
fn a_damaged_checkpoint_is_moved_away_and_the_place_is_mended() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    grown(&place, 1);
    publish(&place, "P").ok();
    let whole = place.read("P/checkpoint");
    place.write("P/checkpoint", "ledger.example/l\n4\n");
    for repair in [&[][..], &["--repair"]] {
        let run = place.tally(&[&["publish", "P", "--ledger=L"], repair].concat());
        let run = run.refused("P: checkpoint: ");
        assert!(run.stderr.contains("move that one file away"), "{run:?}");
    }
    fs::rename(place.path("P/checkpoint"), place.path("damaged")).unwrap();
    place.tally(&["publish", "P", "--ledger=L", "--repair"]).ok();
    assert_eq!(place.read("P/checkpoint"), whole);
    assert_eq!(verified(&place, "P")["entries"], 4);
    assert!(place.read("P/checkpoints/tail").contains("ledger.example/l\n3\n"));
}

#[test]
fn publishing_again_adds_what_is_new_and_takes_nothing_away() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    grown(&place, 300);
    let told = publish(&place, "P").ok();
    assert_eq!(told, "300 more entries published in P, 303 in all: 6 files\n");
    assert_eq!(verified(&place, "P")["entries"], 303);
    for path in ["tile/entries/000", "tile/entries/001.p/47", "tile/0/000", "tile/1/000.p/1"] {
        assert!(place.path("P").join(path).is_file(), "{path}");
    }
    assert!(place.path("P/tile/0/000.p/3").is_file(), "of the checkpoint published before");
    assert_eq!(fs::read(place.path("P/tile/0/000")).unwrap().len(), 256 * 32);
}

#[test]
fn entries_after_the_checkpoint_wait_and_evidence_may_stay() {
    let place = with_checkpoint();
    place.tally(&["note", "--on=1", "a remark", "--ledger=L"]).ok();
    let run = place.tally(&["publish", "P", "--ledger=L", "--without-evidence"]).exits(0);
    assert!(run.stderr.contains("1 entry is left out, after the last checkpoint"), "{run:?}");
    assert!(!place.path("P/evidence").exists());
    assert_eq!(verified(&place, "P")["entries"], 3);
    let place = Place::with_ledger();
    fs::remove_dir_all(place.path("L/checkpoints")).unwrap();
    publish(&place, "P").exits(2);
}

#[test]
fn another_history_a_shorter_one_or_another_ledger_is_refused() {
    let place = with_checkpoint();
    copy_folder(&place.path("L"), &place.path("older"));
    grown(&place, 1);
    publish(&place, "P").ok();
    let before = place.content();
    // Neither copy knows of the other: what is published does.
    fs::rename(place.config(), place.path("elsewhere")).unwrap();
    let behind = place.tally(&["publish", "P", "--ledger=older"]);
    behind.refused("P has 4 entries published, the ledger here has 3");
    // The copy goes on by itself: two histories of one ledger.
    for text in ["another", "and one more"] {
        place.tally(&["note", "--on=1", text, "--ledger=older"]).ok();
    }
    place.tally(&["checkpoint", "--ledger=older"]).ok();
    let fork = place.tally(&["publish", "P", "--ledger=older"]).exits(3);
    assert!(fork.stderr.contains("the published checkpoint of size 4 has root"), "{fork:?}");
    assert!(fork.stderr.contains("two histories of one ledger exist"), "{fork:?}");
    assert!(fork.stderr.contains("both checkpoints are kept as evidence"), "{fork:?}");
    assert_eq!(place.conflicts(".json").len(), 1);
    let proof = &place.conflicts(".equivocation")[0];
    place.tally(&["verify", proof, "--key=L/ledger.vkey"]).ok();
    place.init("M").ok();
    place.tally(&["checkpoint", "--ledger=M"]).ok();
    let other = place.tally(&["publish", "P", "--ledger=M"]);
    other.refused("P holds the ledger ledger.example/l, expected ledger.example/m");
    let published = |content: &std::collections::BTreeMap<PathBuf, Vec<u8>>| {
        let inside = content.iter().filter(|(path, _)| path.starts_with(place.path("P")));
        inside.map(|(path, bytes)| (path.clone(), bytes.clone())).collect::<Vec<_>>()
    };
    assert_eq!(published(&place.content()), published(&before), "nothing was written");
}

#[test]
fn a_damaged_or_missing_file_is_named() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    let bundle = place.path("P/tile/entries/000.p/3");
    let bytes = fs::read(&bundle).unwrap();
    let verify = || place.tally(&["verify", "P", "--key", "L/ledger.vkey"]);
    fs::write(&bundle, &bytes[..bytes.len() - 1]).unwrap();
    verify().refused("P: tile/entries/000.p/3: entry 2 of the bundle is cut short");
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&bundle, changed).unwrap();
    verify().exits(3);
    fs::remove_file(place.path("P/checkpoint")).unwrap();
    publish(&place, "P").refused("tile/entries/000.p/3 is there with other bytes");
    fs::remove_file(&bundle).unwrap();
    publish(&place, "P").ok();
    fs::remove_file(&bundle).unwrap();
    let lacks = verify();
    lacks.refused("P lacks tile/entries/000.p/3, which its checkpoint of size 3 implies");
    assert_eq!(publish(&place, "P").ok(), "3 entries are published in P already\n");
    fs::write(place.path("P/tile/0/000.p/3"), "damaged").unwrap();
    let repair = || place.tally(&["publish", "P", "--repair", "--ledger=L"]).ok();
    assert_eq!(repair(), "3 entries are published in P: 4 files compared, 2 written\n");
    assert_eq!(repair(), "3 entries are published in P: 4 files compared, 0 written\n");
    verify().exits(0);
    place.tally(&["verify", "https://", "--unpinned"]).refused("is no place");
    place.tally(&["verify", "ftp://example.test/x", "--unpinned"]).refused("is no place");
}

/// What was asked of a server, in the order in which it came.
type Asked = Arc<Mutex<Vec<String>>>;

/// Serves the files of a folder, as any web server does, and counts what is asked.
fn serving(folder: PathBuf) -> (String, Asked) {
    serving_but(folder, |_| false)
}

/// Serves the files of a folder, but cuts the connection in the middle of some.
fn serving_but(folder: PathBuf, cut: impl Fn(&str) -> bool + Send + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut line) = (stream.unwrap(), String::new());
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut line).unwrap();
            let mut header = String::new();
            while reader.read_line(&mut header).unwrap() > 2 {
                header.clear();
            }
            let path = line.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
            let body = fs::read(folder.join(&path));
            let cut = cut(&path);
            seen.lock().unwrap().push(path);
            let (status, body) = body.map_or(("404 Not Found", Vec::new()), |b| ("200 OK", b));
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\
                 Last-Modified: Sun, 01 Nov 2026 00:00:00 GMT\r\n\r\n",
                body.len()
            );
            let given = if cut { &body[..body.len() / 2] } else { &body };
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(given));
        }
    });
    (address, asked)
}

#[test]
fn a_published_ledger_is_read_over_http_and_full_bundles_only_once() {
    let place = with_checkpoint();
    grown(&place, 600);
    publish(&place, "P").ok();
    let (address, asked) = serving(place.path("P"));
    assert_eq!(verified(&place, &address)["entries"], 603);
    let first = std::mem::take(&mut *asked.lock().unwrap());
    assert!(first.contains(&"tile/entries/001".to_owned()), "{first:?}");
    assert!(first.iter().all(|path| !path.starts_with("tile/0")), "hashes are not needed");
    assert_eq!(verified(&place, &address)["entries"], 603);
    let second = std::mem::take(&mut *asked.lock().unwrap());
    let bundles = second.iter().filter(|path| path.starts_with("tile/entries"));
    assert_eq!(bundles.collect::<Vec<_>>(), ["tile/entries/002.p/91"]);
    // What was kept here is not believed either.
    let cache = fs::read_dir(place.config().join("cache")).unwrap().next().unwrap().unwrap();
    let kept = cache.path().join("tile/entries/000");
    let mut bytes = fs::read(&kept).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&kept, bytes).unwrap();
    assert_eq!(verified(&place, &address)["verdict"], "whole", "read anew");
}

#[test]
fn an_interrupted_reading_goes_on_where_it_ended() {
    let place = with_checkpoint();
    grown(&place, 800);
    publish(&place, "P").ok();
    let broken = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&broken);
    let cut = move |path: &str| path == "tile/entries/002" && still.load(Ordering::SeqCst);
    let (address, asked) = serving_but(place.path("P"), cut);
    for _ in 0..2 {
        let args = ["verify", &address, "--key", "L/ledger.vkey"];
        place.tally(&args).refused("tile/entries/002: ");
        let cache = fs::read_dir(place.config().join("cache")).unwrap().next().unwrap().unwrap();
        let kept = ["000", "001", "002"].map(|name| cache.path().join("tile/entries").join(name));
        assert_eq!(kept.map(|bundle| bundle.exists()), [true, true, false]);
    }
    broken.store(false, Ordering::SeqCst);
    let before = std::mem::take(&mut *asked.lock().unwrap());
    let count = |bundle: &str| before.iter().filter(|path| path.as_str() == bundle).count();
    let counted = ["000", "001", "002"].map(|name| count(&format!("tile/entries/{name}")));
    assert_eq!(counted, [1, 1, 2]);
    assert_eq!(verified(&place, &address)["entries"], 803);
    let asked = asked.lock().unwrap();
    let bundles = asked.iter().filter(|path| path.starts_with("tile/entries"));
    assert_eq!(bundles.collect::<Vec<_>>(), ["tile/entries/002", "tile/entries/003.p/35"]);
}

#[test]
fn evidence_is_asked_for_once_a_pinned_key_vouches_for_the_entries() {
    let place = with_checkpoint();
    publish(&place, "P").ok();
    let (address, asked) = serving(place.path("P"));
    let evidence = || {
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        asked.iter().filter(|path| path.starts_with("evidence/")).count()
    };
    let bundle = place.path("P/tile/entries/000.p/3");
    let bytes = fs::read(&bundle).unwrap();
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&bundle, changed).unwrap();
    place.tally(&["verify", &address, "--key", "L/ledger.vkey"]).exits(3);
    assert_eq!(evidence(), 0);
    fs::write(&bundle, bytes).unwrap();
    place.init("M").ok();
    place.tally(&["verify", &address, "--key", "M/ledger.vkey"]).exits(3);
    let other = place.tally(&["verify", &address, "--ledger-id", &"0a".repeat(32)]).exits(3);
    assert_eq!(evidence(), 0, "{other:?}");
    let json = verified(&place, &address);
    let checks = json["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "evidence").unwrap();
    assert_eq!((&check["outcome"], evidence()), (&"pass".into(), 1));
}

/// An S3 server of its own: `moto_server`, from Python's package index.
struct S3 {
    server: Child,
    port: u16,
}

impl S3 {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let s3 = Self { server: server.expect("moto_server is installed"), port };
        let begun = Instant::now();
        while !s3.made("bucket") {
            assert!(begun.elapsed() < Duration::from_mins(1), "the server does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        s3
    }

    fn made(&self, bucket: &str) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let request = format!(
            "PUT /{bucket} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        );
        let mut answer = String::new();
        let sent = stream.write_all(request.as_bytes());
        sent.and_then(|()| stream.read_to_string(&mut answer)).is_ok() && answer.contains(" 200 ")
    }

    /// The command with the settings of the server at `port`.
    fn command(place: &Place, port: u16, args: &[&str]) -> Command {
        let mut command = place.command(args);
        command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env("AWS_REGION", "us-east-1").env("AWS_ALLOW_HTTP", "true");
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        command
    }

    fn tally(&self, place: &Place, args: &[&str]) -> Run {
        Run::of(&mut Self::command(place, self.port, args))
    }

    /// Passes requests on without their conditions, as a server that ignores them would.
    fn without_conditions(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (own, to) = (listener.local_addr().unwrap().port(), self.port);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                std::thread::spawn(move || pass_on(&client, to));
            }
        });
        own
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn pass_on(client: &TcpStream, to: u16) {
    let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
    let mut answers = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut answers.0, &mut answers.1));
    let mut reader = BufReader::new(client.try_clone().unwrap());
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                let _ = client.shutdown(std::net::Shutdown::Both);
                return;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if !lower.starts_with("if-") {
                head.push_str(&line);
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let sent = server.write_all(head.as_bytes()).and_then(|()| server.write_all(&body));
        if sent.is_err() {
            return;
        }
    }
}

#[test]
#[ignore = "needs moto_server"]
fn a_bucket_is_published_to_and_read_from() {
    let (place, s3) = (with_checkpoint(), S3::start());
    let to = "s3://bucket/case";
    let publish = ["publish", to, "--ledger=L"];
    assert_eq!(s3.tally(&place, &publish).ok(), format!("3 entries published in {to}: 6 files\n"));
    grown(&place, 600);
    let told = s3.tally(&place, &publish).ok();
    assert_eq!(told, format!("600 more entries published in {to}, 603 in all: 8 files\n"));
    let verify = ["verify", to, "--key", "L/ledger.vkey", "--format", "json"];
    let json = s3.tally(&place, &verify).exits(0).json();
    assert_eq!((&json["verdict"], &json["entries"]), (&"whole".into(), &603.into()));
}

#[test]
#[ignore = "needs moto_server"]
fn of_24_publishers_at_once_one_writes_and_no_history_is_forked() {
    let (place, s3) = (with_checkpoint(), S3::start());
    grown(&place, 300);
    let publish = ["publish", "s3://bucket/race", "--ledger=L"];
    let racing: Vec<Child> = (0..24)
        .map(|_| {
            let mut command = S3::command(&place, s3.port, &publish);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let runs = racing.into_iter().map(|child| Run::ended(child.wait_with_output().unwrap()));
    let told: Vec<String> = runs.map(Run::ok).collect();
    let wrote = told.iter().filter(|told| told.starts_with("303 entries published")).count();
    assert!(wrote >= 1, "{told:#?}");
    let verify = ["verify", "s3://bucket/race", "--key", "L/ledger.vkey", "--format", "json"];
    assert_eq!(s3.tally(&place, &verify).exits(0).json()["entries"], 303);
}

#[test]
#[ignore = "needs moto_server"]
fn a_server_that_ignores_conditions_is_refused_unless_one_says_so() {
    let (place, s3) = (with_checkpoint(), S3::start());
    let port = s3.without_conditions();
    let publish = ["publish", "s3://bucket/careless", "--ledger=L"];
    let run = Run::of(&mut S3::command(&place, port, &publish));
    run.refused("s3://bucket/careless ignores the condition of a write");
    let anyway = [&publish[..], &["--unsafe-no-conditions"]].concat();
    let run = Run::of(&mut S3::command(&place, port, &anyway)).exits(0);
    assert!(run.stderr.contains("nothing keeps two publishers"), "{run:?}");
    let told = s3.tally(&place, &publish).ok();
    assert_eq!(told, "3 entries are published in s3://bucket/careless already\n");
}

/// The system calls that change a folder.
const CHANGES: [&str; 7] = ["write", "mkdir", "link", "linkat", "rename", "renameat", "unlink"];

#[test]
#[ignore = "needs strace"]
fn a_publisher_that_is_killed_at_any_step_leaves_a_whole_ledger_and_is_finished_by_the_next() {
    let place = with_checkpoint();
    publish(&place, "before").ok();
    grown(&place, 260);
    let mut killed = 0;
    for call in CHANGES {
        for step in 1.. {
            copy_folder(&place.path("before"), &place.path("P"));
            let mut command = place.killed_at(call, step, &["publish", "P", "--ledger=L"]);
            let ended = command.output().expect("strace is installed").status.success();
            let entries = verified(&place, "P")["entries"].as_u64().unwrap();
            if ended {
                assert_eq!(entries, 263);
                break;
            }
            killed += 1;
            assert!([3, 263].contains(&entries), "{call} {step}: {entries}");
            publish(&place, "P").ok();
            assert_eq!(verified(&place, "P")["entries"], 263, "{call} {step}");
            fs::remove_dir_all(place.path("P")).unwrap();
        }
        fs::remove_dir_all(place.path("P")).unwrap();
    }
    assert!(killed > 10, "{killed}");
}
