//! Proofs in files of their own: made of a ledger, and checked by whoever has none.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use tally_ledger::note::Checkpoint;
use tally_ledger::receipt::{Algorithm, SignedRoot};

use super::{Place, Run, copy_folder};
use crate::foreign::{last_line, python};

/// Makes the ledger `L` with checkpoints of the sizes 1, 4 and 7, and an eighth entry after them.
fn ledger() -> Place {
    let place = Place::with_ledger();
    grow(&place, &[2, 3, 4], "bug");
    grow(&place, &[5, 6, 7], "bug");
    let eighth = ["incident", "close", "--incident=bug-8", "--ledger=L"];
    place.tally(&eighth).ok();
    place.write("seen4", checkpoint(&place, 4));
    place.write("seen7", checkpoint(&place, 7));
    place
}

/// Makes the ledger `L` with checkpoints of the sizes 1, 4 and 7 twice, under the same keys: from
/// the fifth entry on they have different ones. Nothing is known of it in the second place.
fn forked() -> (Place, Place) {
    let (place, other) = copied();
    grow(&other, &[5, 6, 7], "other");
    place.write("fork7", checkpoint(&other, 7));
    (place, other)
}

/// Makes the ledger `L` with checkpoints of the sizes 1, 4 and 7, and a copy of it from before the
/// last one in a second place, where nothing is known of it.
fn copied() -> (Place, Place) {
    let place = Place::with_ledger();
    grow(&place, &[2, 3, 4], "bug");
    let other = Place::empty();
    copy_folder(&place.path("L"), &other.path("L"));
    grow(&place, &[5, 6, 7], "bug");
    place.write("seen7", checkpoint(&place, 7));
    (place, other)
}

fn grow(place: &Place, sizes: &[u64], incident: &str) {
    for size in sizes {
        let incident = format!("--incident={incident}-{size}");
        place.tally(&["incident", "close", &incident, "--ledger=L"]).ok();
    }
    place.tally(&["checkpoint", "--ledger=L"]).ok();
}

/// Copies a file from one place to another.
fn hand_over(from: &Place, file: &str, to: &Place) {
    fs::copy(from.path(file), to.path(file)).unwrap();
}

fn checkpoint(place: &Place, size: u64) -> String {
    fs::read_to_string(place.path(&format!("L/checkpoints/{size:020}"))).unwrap()
}

fn prove(place: &Place, args: &str) -> Run {
    let args: Vec<&str> = args.split(' ').collect();
    place.tally(&[&["prove", "--ledger=L"], &args[..]].concat())
}

/// Checks a file with nothing known of the ledger but what `args` say.
fn verify(place: &Place, file: &str, args: &str) -> Run {
    let args: Vec<&str> = args.split_whitespace().collect();
    let mut command = place.command(&[&["verify", file], &args[..]].concat());
    command.env("TALLY_CONFIG_DIR", place.path("nothing"));
    Run::of(&mut command)
}

#[test]
fn an_entry_is_proven_by_one_file_under_a_pin() {
    let place = ledger();
    let text = prove(&place, "5").ok();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra 0oRY"), "{text}");
    assert!(text.ends_with(&checkpoint(&place, 7)), "{text}");
    let told = prove(&place, "5 -o 5.tlog-proof").ok();
    assert_eq!(told, "entry 5, in the ledger of 7: 5.tlog-proof\n");
    assert_eq!(place.read("5.tlog-proof"), text);
    let shown = verify(&place, "5.tlog-proof", "--key L/ledger.vkey").ok();
    assert!(shown.contains("\nHolds: entry 5 stands in the ledger of 7 entries"), "{shown}");
    assert!(shown.contains("Not shown: that its author signed it and was entitled"), "{shown}");
    let run = verify(&place, "5.tlog-proof", "").exits(2);
    assert!(run.stdout.contains("\nConsistent with itself: entry 5 stands"), "{run:?}");
    assert!(run.stderr.starts_with("hint: give a pin (--key, --policy or --seen)"), "{run:?}");
    verify(&place, "5.tlog-proof", "--unpinned").ok();
    // The trust store of whoever made the ledger knows it.
    place.tally(&["verify", "5.tlog-proof"]).ok();
    prove(&place, "3 --at 4 -o 3.tlog-proof").ok();
    verify(&place, "3.tlog-proof", "--seen seen4").ok();
    place.write("altered", text.replace("index 5", "index 4"));
    let run = verify(&place, "altered", "--key L/ledger.vkey --format json").exits(3);
    assert_eq!(run.json()["verdict"], "failed");
}

#[test]
fn growth_is_proven_to_whoever_knows_the_smaller_ledger() {
    let place = ledger();
    let text = prove(&place, "--from 4").ok();
    assert!(text.starts_with("old 4\n"), "{text}");
    prove(&place, "--from seen4 -o grown").ok();
    assert_eq!(place.read("grown"), text);
    verify(&place, "grown", "--key L/ledger.vkey --seen seen4").ok();
    let run = verify(&place, "grown", "--key L/ledger.vkey").exits(2);
    assert!(run.stdout.contains("Not checked: no checkpoint of size 4 was given."), "{run:?}");
    assert!(run.stderr.contains("with --seen FILE"), "{run:?}");
    place.write("other", place.read("seen4").replace("\n4\n", "\n3\n"));
    prove(&place, "--from other").refused("other is not signed by a checkpoint key");
}

#[test]
fn what_the_key_signed_of_another_history_or_a_longer_one_is_no_size_to_prove_from() {
    let (place, _) = forked();
    let run = prove(&place, "--from fork7").exits(3);
    assert!(run.stderr.contains("two signed roots of one size"), "{run:?}");
    // A copy from before the last three entries, as an old backup is.
    let (place, older) = copied();
    hand_over(&place, "seen7", &older);
    let run = prove(&older, "--from seen7").exits(3);
    assert!(run.stderr.contains("seen7 is of 7 entries, found 4 here: some are gone"), "{run:?}");
}

#[test]
fn a_checkpoint_that_comes_with_a_proof_takes_no_pin_away() {
    let (place, stranger) = (ledger(), ledger());
    fs::write(stranger.path("X.ckpt"), checkpoint(&stranger, 7)).unwrap();
    prove(&stranger, "5 --receipt -o X.cose").ok();
    prove(&stranger, "5 -o X.tlog-proof").ok();
    stranger.tally(&["export", "--ledger=L", "-o", "X.tally"]).ok();
    for file in ["X.ckpt", "X.cose", "X.tlog-proof", "X.tally"] {
        hand_over(&stranger, file, &place);
    }
    let before = fs::read(place.path("config/trust.json")).unwrap();
    for file in ["X.cose", "X.tlog-proof", "X.tally"] {
        let run = place.tally(&["verify", file, "--seen=X.ckpt"]).exits(3);
        assert!(run.stdout.contains("\nFailed: "), "{run:?}");
    }
    assert_eq!(fs::read(place.path("config/trust.json")).unwrap(), before);
    // Where nothing is known of the ledger, a receipt is worth no more than who signed it.
    let run = verify(&place, "X.cose", "--seen X.ckpt").exits(2);
    assert!(run.stdout.contains("Not checked: no key of the ledger is known"), "{run:?}");
    assert!(run.stderr.contains("hint: give the ledger's key"), "{run:?}");
    verify(&place, "X.cose", "--seen X.ckpt --unpinned").exits(2);
    verify(&place, "X.tlog-proof", "--seen X.ckpt").ok();
    // What is handed over with an own receipt may be that too.
    prove(&place, "5 --receipt -o 5.cose").ok();
    place.tally(&["verify", "5.cose", "--seen=seen7"]).ok();
    place.tally(&["verify", "L", "--seen=seen4"]).ok();
}

#[test]
fn a_second_history_that_a_proof_shows_is_kept_as_evidence() {
    let (place, other) = forked();
    place.tally(&["verify", "L"]).ok();
    prove(&other, "5 -o fork.tlog-proof").ok();
    prove(&other, "5 --receipt -o fork.cose").ok();
    hand_over(&other, "fork.tlog-proof", &place);
    hand_over(&other, "fork.cose", &place);
    let run = place.tally(&["verify", "fork.tlog-proof"]).exits(3);
    assert_eq!(run.stderr.matches("kept as evidence").count(), 1, "{run:?}");
    let kept = place.conflicts(".json");
    let json: serde_json::Value = serde_json::from_str(&place.read(&kept[0])).unwrap();
    assert_eq!((json["seen"].as_str().unwrap(), kept.len()), (&*checkpoint(&place, 7), 1));
    assert_eq!(json["found"].as_str().unwrap(), place.read("fork7"));
    let proof = &place.conflicts(".equivocation")[0];
    place.tally(&["verify", proof]).ok();
    let run = place.tally(&["verify", "fork.cose", "--seen=fork7"]).exits(3);
    assert_eq!(run.stderr.matches("kept as evidence").count(), 1, "{run:?}");
    // Anybody can write a checkpoint of that size: it is evidence of nothing.
    let stranger = ledger();
    prove(&stranger, "5 -o X.tlog-proof").ok();
    hand_over(&stranger, "X.tlog-proof", &place);
    let run = place.tally(&["verify", "X.tlog-proof"]).exits(3);
    assert!(!run.stderr.contains("kept as evidence"), "{run:?}");
}

#[test]
fn a_proof_may_come_out_of_a_pipe_and_a_ledger_not() {
    let place = Place::with_ledger();
    let text = prove(&place, "0").ok();
    let verify = ["verify", "/dev/stdin", "--key=L/ledger.vkey"];
    let shown = place.tally_reading(text, &verify).ok();
    assert!(shown.contains("\nHolds: entry 0 stands in the ledger of 1 entry,"), "{shown}");
    place.tally(&["export", "--ledger=L", "-o", "L.tally"]).ok();
    let shown = place.tally(&["verify", "L.tally"]).ok();
    assert!(shown.contains("\nWhole: its 1 entry holds under the given pins"), "{shown}");
    let bundle = fs::read(place.path("L.tally")).unwrap();
    place.tally_reading(bundle, &verify).refused("neither a folder nor a regular file");
}

#[test]
fn a_receipt_is_made_without_the_key_and_checked_with_a_checkpoint() {
    let place = ledger();
    fs::rename(place.path("L/keys"), place.path("keys")).unwrap();
    prove(&place, "5 --receipt -o 5.cose").ok();
    prove(&place, "2 --at 4 --receipt -o 2.cose").ok();
    let told = prove(&place, "--from 4 --receipt -o grown.cose").exits(0);
    assert!(told.stderr.contains("with the checkpoints of sizes 4 and 7"), "{told:?}");
    let key = "--key L/ledger.vkey";
    verify(&place, "5.cose", &format!("{key} --seen seen7")).ok();
    verify(&place, "2.cose", &format!("{key} --seen seen4")).ok();
    let shown = verify(&place, "grown.cose", &format!("{key} --seen seen4 --seen seen7")).ok();
    let pins = shown.split_once(" pins ").unwrap().1;
    assert!(pins.contains("at size 4, seen before"), "{shown}");
    assert!(pins.contains("at size 7, seen before"), "{shown}");
    for one in ["", "--seen seen4", "--seen seen7"] {
        let run = verify(&place, "grown.cose", &format!("{key} {one}")).exits(2);
        assert!(run.stderr.contains("give both checkpoints, that of size 4 and"), "{run:?}");
    }
    let run = verify(&place, "5.cose", key).exits(2);
    assert!(run.stdout.contains("Not checked: no checkpoint of size 7 was given."), "{run:?}");
    let run = verify(&place, "2.cose", &format!("{key} --seen seen7")).exits(2);
    assert!(run.stdout.contains("Not checked: no checkpoint of size 4 was given."), "{run:?}");
    let mut bytes = fs::read(place.path("5.cose")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    // The last byte is of the entry's signature: the entry is another then.
    place.write("altered", bytes);
    verify(&place, "altered", &format!("{key} --seen seen7")).exits(3);
}

#[test]
fn a_receipt_for_other_verifiers_is_signed_anew() {
    let place = ledger();
    let eddsa = "5 --receipt --alg eddsa -o 5.cose";
    prove(&place, eddsa).ok();
    verify(&place, "5.cose", "--key L/ledger.vkey --seen seen7").ok();
    prove(&place, &format!("{eddsa} --force --checkpoint-key L/keys/author.pem"))
        .refused("this key did not sign the checkpoint of size 7");
    fs::remove_file(place.path(&format!("L/roots/{:020}", 4))).unwrap();
    prove(&place, "2 --at 4 --receipt -o 2.cose").refused("no root is signed for receipts");
    prove(&place, "2 --at 4 --receipt --alg ed25519 -o 2.cose").ok();
    verify(&place, "2.cose", "--key L/ledger.vkey --seen seen4").ok();
}

#[test]
fn a_signed_root_that_is_lost_is_made_again_with_its_checkpoint() {
    let place = ledger();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    let file = place.path(&format!("L/roots/{:020}", 8));
    let root = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    assert_eq!(fs::read(&file).unwrap(), root);
    assert!(place.tally(&["doctor", "L"]).ok().contains("beside their checkpoints: all of 3"));
    fs::copy(place.path(&format!("L/roots/{:020}", 4)), &file).unwrap();
    let refused = prove(&place, "5 --receipt -o 5.cose");
    refused.refused("the signed root of size 8 is not that of the checkpoint");
}

/// The signature of an author's key over the right root holds, and says nothing for the ledger.
#[test]
fn a_root_that_another_key_of_the_ledger_signed_is_none_of_the_checkpoint() {
    let place = ledger();
    let key = place.read("L/keys/author.pem");
    let key: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    let seed = STANDARD.decode(key).unwrap()[16..48].try_into().unwrap();
    let checkpoint: Checkpoint = checkpoint(&place, 7).parse().unwrap();
    let (key, origin) = (SigningKey::from_bytes(&seed), checkpoint.origin().parse().unwrap());
    let root = SignedRoot::sign(&origin, &checkpoint.root(), &key, Algorithm::Ed25519);
    fs::write(place.path(&format!("L/roots/{:020}", 7)), root.bytes()).unwrap();
    let listed = place.tally(&["key", "list", "L"]).ok();
    assert!(listed.contains(&root.kid().short()), "{listed}");
    prove(&place, "5 --receipt -o 5.cose").refused("the signed root of size 7 is not that of");
}

#[test]
fn whoever_reads_a_published_ledger_can_prove_what_stands_in_it() {
    let place = ledger();
    place.tally(&["publish", "P", "--ledger=L"]).ok();
    let reader = Place::empty();
    copy_folder(&place.path("P"), &reader.path("P"));
    let prove = |args: &str| {
        let args: Vec<&str> = args.split(' ').collect();
        reader.tally(&[&["prove", "--source=P"], &args[..]].concat())
    };
    assert_eq!(prove("5").ok(), self::prove(&place, "5").ok());
    assert_eq!(prove("3 --at 4").ok(), self::prove(&place, "3 --at 4").ok());
    assert_eq!(prove("--from 4").ok(), self::prove(&place, "--from 4").ok());
    prove("5 --receipt -o 5.cose").ok();
    self::prove(&place, "5 --receipt -o 5.cose").ok();
    let bytes = |place: &Place| fs::read(place.path("5.cose")).unwrap();
    assert_eq!(bytes(&reader), bytes(&place));
    prove("5 --receipt --alg eddsa -o x").refused("--alg");
    prove("7").refused("there is no entry 7 among 7");
    let tile = reader.path("P/tile/entries/000.p/7");
    let mut entries = fs::read(&tile).unwrap();
    entries[400] ^= 1;
    fs::write(&tile, entries).unwrap();
    let run = prove("5").exits(3);
    assert!(run.stderr.contains("P fails verification"), "{run:?}");
}

#[test]
fn what_cannot_be_proven_is_refused_with_the_reason() {
    let place = ledger();
    let before = place.content();
    for (args, what) in [
        ("7", "entry 7 comes after the checkpoint of size 7"),
        ("5 --at 4", "entry 5 comes after the checkpoint of size 4"),
        ("8", "there is no entry 8 among 8"),
        ("5 --at 6", "the ledger has no checkpoint of size 6"),
        ("--from 7", "expected a size from 1 to 6, found 7"),
        ("--from 0", "expected a size from 1 to 6, found 0"),
        ("--from nothing", "nothing"),
        ("--from 1 --at 1", "a checkpoint of one entry extends no smaller one"),
        ("5 --receipt", "--output"),
        ("5 --alg eddsa -o x", "--receipt"),
        ("5 --from 4", "--from"),
        ("0 --at 1 --receipt -o x", "a checkpoint of one entry has no receipts"),
        ("5 -o seen4", "seen4 exists already"),
        ("5 -o L", "L is a folder"),
    ] {
        prove(&place, args).refused(what);
    }
    let empty = Place::empty();
    prove(&empty, "5").refused("L");
    assert!(before == place.content(), "nothing is written");
}

/// Makes a ledger of 301 entries, whose tiles have two levels, and gives its owner's place.
fn large() -> Place {
    let place = Place::with_ledger();
    let open = ["incident", "open", "--about", "Example CA", "--title", "A matter"];
    place.tally(&[&open[..], &["--incident=x", "--ledger=L"]].concat()).ok();
    let document = "{\"kind\": \"entry.note\", \"on\": 1, \"body\": {\"text\": \"a remark\"}}\n";
    place.write("notes.jsonl", document.repeat(299));
    place.tally(&["record", "--from", "notes.jsonl", "--ledger=L"]).ok();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    fs::create_dir(place.path("F")).unwrap();
    fs::copy(place.path("L/ledger.vkey"), place.path("F/ledger.vkey")).unwrap();
    place
}

#[test]
#[ignore = "needs Go with golang.org/x/mod"]
fn go_follows_the_published_tiles_and_proofs_and_its_own_proofs_hold_here() {
    let place = large();
    place.tally(&["publish", "F/published", "--ledger=L"]).ok();
    for seq in [0, 255, 256, 300] {
        prove(&place, &format!("{seq} -o F/{seq}.tlog-proof")).ok();
    }
    for old in [1, 255, 256, 257, 300] {
        prove(&place, &format!("--from {old} -o F/{old}.grown")).ok();
    }
    let mut go = Command::new("go");
    // Nothing is downloaded: the replacement in go.mod is the copy that the system provides.
    go.env("GOPROXY", "off").env("GOFLAGS", "-mod=mod").args(["run", "./proofs"]);
    let sumdb = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/foreign/sumdb");
    let line = last_line(go.arg(place.path("F")).current_dir(sumdb));
    let expected = "301 leaves found, 4 inclusions and 5 consistencies hold, altered ones refused";
    assert_eq!(line, expected);
    let key = "--key F/foreign/ledger.vkey";
    for seq in [0, 7, 256, 300] {
        let file = format!("F/foreign/{seq}.tlog-proof");
        verify(&place, &file, key).ok();
        verify(&place, &file, "--key L/ledger.vkey").exits(3);
    }
    verify(&place, "F/foreign/grown", &format!("{key} --seen F/foreign/before")).ok();
}

#[test]
#[ignore = "needs Python with scitt-cose"]
fn scitt_cose_verifies_our_receipts_and_its_own_hold_here() {
    let place = large();
    for seq in [0, 255, 256, 300] {
        prove(&place, &format!("{seq} --receipt --alg eddsa -o F/{seq}.cose")).ok();
    }
    let line = last_line(python("scitt_receipts.py").arg(place.path("F")));
    assert_eq!(line, "4 receipts verified, 12 altered ones refused");
    let known = "--key F/foreign/ledger.vkey --seen F/foreign/checkpoint";
    for seq in [0, 255, 256, 300] {
        verify(&place, &format!("F/foreign/{seq}.cose"), known).ok();
        verify(&place, &format!("F/{seq}.cose"), known).exits(2);
    }
}
