//! A mirror follows published ledgers, and proves that one has two histories.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::serve::Served;
use super::witness::ask;
use super::{Place, Run, copy_folder};

const PLAIN: &str = "--unencrypted-keys";

/// Makes the ledger `L`, publishes it at `P`, and makes the mirror `M`.
fn published() -> Place {
    let place = Place::with_ledger();
    let open = ["incident", "open", "--about", "Example CA", "--title", "A matter"];
    place.tally(&[&open[..], &["--incident=x", "--ledger=L"]].concat()).ok();
    publish(&place, "L", 0);
    place.tally(&["mirror", "init", "M", "--name", "mirror.example/m", PLAIN]).ok();
    place
}

/// Records notes in a ledger directory, signs a checkpoint, and publishes it at `P`. A copy of the
/// ledger is written to from a machine that does not remember the other.
fn publish(place: &Place, ledger: &str, notes: usize) {
    let tally = |args: &[&str]| {
        let mut command = place.command(args);
        if ledger != "L" {
            command.env("TALLY_CONFIG_DIR", place.path("elsewhere"));
        }
        Run::of(&mut command).ok();
    };
    let document = "{\"kind\": \"entry.note\", \"on\": 1, \"body\": {\"text\": \"a remark\"}}\n";
    place.write("notes.jsonl", document.repeat(notes));
    let option = format!("--ledger={ledger}");
    if notes > 0 {
        tally(&["record", "--from", "notes.jsonl", &option]);
    }
    tally(&["checkpoint", &option]);
    tally(&["publish", "P", &option]);
}

fn follow(place: &Place) {
    place.tally(&["mirror", "add", "M", "P", "--key", "L/ledger.vkey"]).ok();
}

fn sync(place: &Place) -> Run {
    place.tally(&["mirror", "sync", "M"])
}

fn folder(place: &Place) -> String {
    let json = place.tally(&["mirror", "status", "M", "--format", "json"]).json();
    json["ledgers"][0]["folder"].as_str().unwrap().to_owned()
}

#[test]
fn a_published_ledger_is_followed_verified_and_read_from_the_mirror() {
    let place = published();
    let none = place.tally(&["mirror", "status", "M"]).ok();
    assert_eq!(none, "the mirror follows no ledger yet\n");
    follow(&place);
    assert_eq!(sync(&place).ok(), "ledger.example/l: 2 entries verified and cosigned\n");
    assert_eq!(sync(&place).ok(), "ledger.example/l: 2 entries held, nothing new\n");
    publish(&place, "L", 3);
    let told = "ledger.example/l: 3 more entries, 5 verified and cosigned\n";
    assert_eq!(sync(&place).ok(), told);
    let served = folder(&place);
    let vkey = fs::read_to_string(place.path("M/mirror.vkey")).unwrap();
    let log = fs::read_to_string(place.path("L/ledger.vkey")).unwrap();
    let policy = format!("log {log}witness m {vkey}group verifiers any m\nquorum verifiers\n");
    place.write("policy", policy);
    let verified = place.tally(&["verify", &served, "--policy", "policy", "--format", "json"]);
    assert_eq!(verified.exits(0).json()["verdict"], "whole");
    let told = place.tally(&["mirror", "compare", "M", "P"]).ok();
    assert!(told.starts_with("ledger.example/l\n") && told.contains("consistent"), "{told}");
    let status = place.tally(&["mirror", "status", "M"]).ok();
    assert!(status.contains("\n  well\n") && status.contains("5 entries, cosigned 2"), "{status}");
    place.tally(&["mirror", "remove", "M", "ledger.example/l", "--files"]).ok();
    assert!(!place.path(&served).exists());
}

#[test]
fn two_histories_are_proven_to_anybody_with_the_key() {
    let place = published();
    copy_folder(&place.path("L"), &place.path("F"));
    publish(&place, "L", 3);
    follow(&place);
    sync(&place).ok();
    copy_folder(&place.path("P"), &place.path("P1"));
    fs::remove_dir_all(place.path("P")).unwrap();
    // A moment later, so that the entries differ.
    std::thread::sleep(Duration::from_millis(1100));
    publish(&place, "F", 5);
    let told = sync(&place).exits(3);
    assert!(told.stdout.contains("EQUIVOCATION: two histories are signed: "), "{told:?}");
    assert!(sync(&place).exits(3).stdout.contains("EQUIVOCATION, found before"));
    let status = place.tally(&["mirror", "status", "M"]).exits(3);
    assert!(status.stdout.contains("EQUIVOCATION: two histories are signed"), "{status:?}");
    let proof = format!("{}/equivocation/1.txt", folder(&place));
    let verify = |more: &[&str]| place.tally(&[&["verify", proof.as_str()], more].concat());
    let proven = verify(&["--key", "L/ledger.vkey"]).exits(0);
    assert!(proven.stdout.contains("\nproven: the key\nledger.example/l+"), "{proven:?}");
    let json = verify(&["--key", "L/ledger.vkey", "--format", "json"]).exits(0).json();
    assert_eq!((&json["verdict"], &json["origin"]), (&"proven".into(), &"ledger.example/l".into()));
    // The machine that began the ledger knows its key; another has to be told.
    verify(&["--unpinned"]).exits(0);
    let other = place.tally(&["init", "O", "--origin", "other.example", "--owner", "Other", PLAIN]);
    other.ok();
    verify(&["--key", "O/ledger.vkey"]).exits(3);
    let text = fs::read_to_string(place.path(&proof)).unwrap();
    place.write("spoiled.txt", text.replacen("root ", "root A", 1));
    place.tally(&["verify", "spoiled.txt", "--key", "L/ledger.vkey"]).exits(3);
    // Two places that show a history each are held against each other without a mirror.
    let compared = place.tally(&["mirror", "compare", "P1", "P", "--key", "L/ledger.vkey"]);
    assert!(compared.exits(3).stdout.contains("TWO HISTORIES"));
    place.tally(&["verify", "equivocation-1.txt", "--key", "L/ledger.vkey"]).exits(0);
    // One that cannot be read hides nothing of the others.
    let compare = |places: &[&str]| {
        place.tally(&[&["mirror", "compare", "--key=L/ledger.vkey"], places].concat())
    };
    let compared = compare(&["nowhere", "P1", "P"]).exits(3);
    assert!(compared.stdout.contains("TWO HISTORIES"), "{compared:?}");
    assert!(compared.stderr.starts_with("not compared: nowhere "), "{compared:?}");
    copy_folder(&place.path("P"), &place.path("P2"));
    // Neither does one that shows more entries, but no signature or no tiles.
    let note = place.read("P2/checkpoint");
    let entries = note.lines().nth(1).unwrap().to_owned();
    place.write("P2/checkpoint", note.replacen(&entries, "999", 1));
    let compared = compare(&["P1", "P2", "P"]).exits(3);
    assert!(compared.stdout.contains("P2 and P: no known key signed both"), "{compared:?}");
    assert!(compared.stdout.contains("P and P1: TWO HISTORIES"), "{compared:?}");
    place.write("P2/checkpoint", note);
    copy_folder(&place.path("P"), &place.path("P3"));
    publish(&place, "F", 1);
    fs::remove_dir_all(place.path("P/tile/0")).unwrap();
    let compared = compare(&["P1", "P", "P2"]).exits(3);
    assert!(compared.stdout.contains("P: P lacks tile/0/000.p/"), "{compared:?}");
    assert!(compared.stdout.contains("P2 and P1: TWO HISTORIES"), "{compared:?}");
    let compared = compare(&["P2", "nowhere", "P3"]).exits(2);
    assert!(compared.stdout.contains("consistent"), "{compared:?}");
    assert!(compared.stderr.contains("\nhint: name a directory"), "{compared:?}");
}

fn serve(place: &Place, args: &[&str]) -> Served {
    Served::new(place.command(&[args, &["--listen=127.0.0.1:0"]].concat()))
}

/// Returns where a mirror that is served has the ledger.
fn address(served: &Served, folder: &str) -> String {
    format!("{}/{}", served.address, folder.rsplit('/').next().unwrap())
}

#[test]
fn a_mirror_reads_from_a_server_and_is_read_from_its_own() {
    let place = published();
    let origin = serve(&place, &["serve", "P"]);
    let key = ["--key", "L/ledger.vkey"];
    place.tally(&[&["mirror", "add", "M", &origin.address], &key[..]].concat()).ok();
    assert_eq!(sync(&place).ok(), "ledger.example/l: 2 entries verified and cosigned\n");
    let mirror = serve(&place, &["mirror", "serve", "M"]);
    let mirrored = address(&mirror, &folder(&place));
    let verified = place.tally(&[&["verify", &mirrored, "--format=json"], &key[..]].concat());
    assert_eq!(verified.exits(0).json()["verdict"], "whole");
    let compare = || {
        let args = ["mirror", "compare", &origin.address, &mirrored];
        place.tally(&[&args[..], &key].concat()).ok()
    };
    assert!(compare().ends_with("consistent\n"));
    publish(&place, "L", 2);
    assert!(compare().contains("behind"), "{}", compare());
    assert_eq!(sync(&place).ok(), "ledger.example/l: 2 more entries, 4 verified and cosigned\n");
    assert!(!compare().contains("behind"), "{}", compare());
    let (status, page) = ask(&mirror.address, "GET", "/", "").unwrap();
    assert!(status == 200 && page.contains("<td>well</td><td data-label=\"Entries\">4<"), "{page}");
    assert_eq!(ask(&mirror.address, "GET", "/health", "").unwrap().0, 200);
    let stranger = "cosigned by nobody";
    assert!(place.tally(&["mirror", "compare", "M", stranger]).exits(2).stderr.contains("hint: "));
}

#[test]
fn what_is_wrong_with_a_ledger_is_shown_first_and_hides_no_other() {
    let place = published();
    copy_folder(&place.path("L"), &place.path("F"));
    publish(&place, "L", 3);
    let origin = serve(&place, &["serve", "P"]);
    let add = |at: &str, key: &str| place.tally(&["mirror", "add", "M", at, "--key", key]).ok();
    add(&origin.address, "L/ledger.vkey");
    for name in ["a.example", "z.example"] {
        let (dir, published) = (format!("D-{name}"), format!("P-{name}"));
        place.tally(&["init", &dir, "--origin", name, "--owner", "Other", PLAIN]).ok();
        place.tally(&["publish", &published, "--ledger", &dir]).ok();
        add(&published, &format!("{dir}/ledger.vkey"));
    }
    sync(&place).ok();
    // A moment later, so that the entries differ.
    std::thread::sleep(Duration::from_millis(1100));
    fs::remove_dir_all(place.path("P")).unwrap();
    publish(&place, "F", 5);
    let told = sync(&place).exits(3).stdout;
    assert!(told.contains("EQUIVOCATION: two histories") && told.contains("nothing new"), "{told}");
    // What is kept of another one is damaged.
    let json = || place.tally(&["mirror", "status", "M", "--format", "json"]).exits(3).json();
    let z = json()["ledgers"][2].clone();
    assert_eq!(z["origin"], "z.example");
    let hash = z["folder"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    place.write(&format!("M/ledgers/{hash}/ledger.json"), "{");
    sync(&place).exits(3);
    let conditions: Vec<_> = (0..3).map(|n| json()["ledgers"][n]["condition"].clone()).collect();
    assert_eq!(conditions, ["equivocation", "failed", "well"]);
    let status = place.tally(&["mirror", "status", "M"]).exits(3).stdout;
    assert!(status.starts_with("ledger.example/l\n  EQUIVOCATION"), "{status}");
    let mirror = serve(&place, &["mirror", "serve", "M"]);
    let (_, page) = ask(&mirror.address, "GET", "/", "").unwrap();
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words}: {page}"));
    assert!(at("two histories are signed") < at("could not be followed"), "{page}");
    assert!(at("could not be followed") < at("a.example"), "{page}");
    let path = page.split("href=\"").find(|link| link.contains("/equivocation/1.txt")).unwrap();
    let path = format!("/{}", path.split('"').next().unwrap());
    let (status, proof) = ask(&mirror.address, "GET", &path, "").unwrap();
    assert_eq!(status, 200);
    place.write("proof.txt", proof);
    place.tally(&["verify", "proof.txt", "--key", "L/ledger.vkey"]).exits(0);
    let compared = ["mirror", "compare", "M", &origin.address, "--key", "L/ledger.vkey"];
    let compared = place.tally(&compared).exits(3);
    assert!(compared.stdout.contains("TWO HISTORIES"), "{compared:?}");
    assert!(compared.stderr.contains(&format!("what is kept of {hash}")), "{compared:?}");
    place.tally(&["mirror", "remove", "M", &hash, "--files"]).ok();
    assert_eq!(json()["ledgers"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_not_right_is_refused_with_a_hint() {
    let place = published();
    let add = |more: &[&str]| place.tally(&[&["mirror", "add"], more].concat());
    add(&["M", "P"]).exits(2);
    let vkey = "--key=L/ledger.vkey";
    assert!(add(&["L", "P", vkey]).exits(2).stderr.contains("tally mirror init"));
    place.tally(&["init", "O", "--origin", "other.example", "--owner", "Other", PLAIN]).ok();
    let stranger = add(&["M", "P", "--key", "O/ledger.vkey"]).exits(3);
    assert!(stranger.stderr.contains("signed by none of the keys"), "{stranger:?}");
    follow(&place);
    assert!(add(&["M", "P", vkey]).exits(2).stderr.contains("follows ledger.example/l already"));
    let unknown = place.tally(&["mirror", "sync", "M", "nobody.example"]).exits(2);
    assert!(unknown.stderr.contains("hint: see what it follows"), "{unknown:?}");
    let again = place.tally(&["mirror", "init", "M", "--name", "m.example", PLAIN]).exits(2);
    assert!(again.stderr.contains("is a mirror already"), "{again:?}");
}

#[test]
fn a_watcher_tells_of_changes_alone_holds_the_lock_and_ends_when_told() {
    let place = published();
    follow(&place);
    let mut watcher = Command::new(env!("CARGO_BIN_EXE_tally"))
        .args(["mirror", "sync", "M", "--watch", "--interval", "1"])
        .current_dir(place.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watcher.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "ledger.example/l: 2 entries verified and cosigned");
    let refused = sync(&place).exits(2);
    let holder = format!("is locked by process {}", watcher.id());
    assert!(refused.stderr.contains(&holder), "{refused:?}");
    publish(&place, "L", 1);
    assert_eq!(next(), "ledger.example/l: 1 more entry, 3 verified and cosigned");
    fs::rename(place.path("P"), place.path("Q")).unwrap();
    assert!(next().starts_with("ledger.example/l: failed: "));
    fs::rename(place.path("Q"), place.path("P")).unwrap();
    assert_eq!(next(), "ledger.example/l: 3 entries held, nothing new");
    let id = watcher.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(watcher.wait().unwrap().success());
}

/// The system calls that change a file or a folder, or make it durable.
const CHANGES: [&str; 8] =
    ["write", "rename", "renameat", "mkdir", "unlink", "unlinkat", "rmdir", "fsync"];

#[test]
#[ignore = "needs strace"]
fn a_sync_that_is_killed_at_any_step_serves_a_whole_ledger_and_is_finished_by_the_next() {
    let place = published();
    follow(&place);
    sync(&place).ok();
    copy_folder(&place.path("M"), &place.path("before"));
    let served = folder(&place);
    publish(&place, "L", 260);
    let vkey = fs::read_to_string(place.path("M/mirror.vkey")).unwrap();
    let log = fs::read_to_string(place.path("L/ledger.vkey")).unwrap();
    place.write("policy", format!("log {log}witness m {vkey}quorum m\n"));
    let entries = || {
        let args = ["verify", &served, "--policy", "policy", "--format", "json"];
        place.tally(&args).exits(0).json()["entries"].as_u64().unwrap()
    };
    let mut killed = 0;
    for call in CHANGES {
        for step in 1.. {
            fs::remove_dir_all(place.path("M")).unwrap();
            copy_folder(&place.path("before"), &place.path("M"));
            let mut command = place.killed_at(call, step, &["mirror", "sync", "M"]);
            let ended = command.output().expect("strace is installed").status.success();
            if ended {
                assert_eq!(entries(), 262);
                break;
            }
            killed += 1;
            assert!([2, 262].contains(&entries()), "{call} {step}");
            sync(&place).ok();
            assert_eq!(entries(), 262, "{call} {step}");
        }
    }
    assert!(killed > 10, "{killed}");
}
