//! A mirror over folders: what it takes, what it refuses, and what it keeps as proof.

mod hostile;

use std::fs;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ed25519_dalek::SigningKey;
use tally_ledger::equivocation::Equivocation;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Signed};
use tally_ledger::tile::{self, Content, added};
use tally_ledger::tree::Tree;
use tally_testkit::forge::{Forge, ORIGIN, event, key, note, vkey};
use tally_testkit::keyring::{self, author, checkpoint};
use tally_testkit::value::map;

use super::*;
use crate::place::{Connections, Place};
use crate::publish::evidence_path;

const NOW: u64 = 1_800_000_000;

struct Case {
    _dir: tempfile::TempDir,
    /// Where the ledger is published.
    origin: PathBuf,
    mirror: Mirror,
    held: Held,
    cosigner: Cosigner,
}

impl Case {
    fn new() -> Self {
        Self::with(|followed| followed.keys.push(vkey(&checkpoint()).to_string()))
    }

    fn with(change: impl Fn(&mut Followed)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let origin = dir.path().join("origin");
        fs::create_dir(&origin).unwrap();
        let key = SigningKey::from_bytes(&[7; 32]);
        let cosigner = Cosigner::new("mirror.example/m", key).unwrap();
        let mirror = Mirror::create(&dir.path().join("mirror"), cosigner.vkey()).unwrap();
        let mut followed = Followed::new(ORIGIN, origin.to_str().unwrap(), Limits::default());
        change(&mut followed);
        let held = mirror.add(&followed).unwrap();
        Self { _dir: dir, origin, mirror, held, cosigner }
    }

    fn sync(&self) -> Result<Synced, MirrorError> {
        self.sync_at(NOW)
    }

    fn sync_at(&self, now: u64) -> Result<Synced, MirrorError> {
        let place = Place::open(self.origin.to_str().unwrap(), &[]).unwrap();
        sync(&self.held, &place, &self.cosigner, &|| now)
    }

    fn size(&self) -> Option<u64> {
        self.held.checkpoint().unwrap().map(|held| held.size())
    }

    fn refused(&self) -> String {
        let before = self.held.checkpoint().unwrap();
        let told = self.sync().unwrap_err().to_string();
        assert_eq!(self.held.checkpoint().unwrap(), before, "{told}");
        assert_eq!(self.held.state().unwrap().error.as_ref(), Some(&told));
        told
    }
}

/// A ledger of `size` entries, which parts from every other one at `fork`.
fn forged(size: u64, fork: u64, history: &str) -> Forge {
    let mut forge = Forge::new();
    for seq in 1..size {
        forge.note(if seq < fork { "bug-1" } else { history });
    }
    forge
}

#[test]
fn a_ledger_is_mirrored_byte_for_byte_and_cosigned_as_it_grows() {
    let case = Case::new();
    let forge = forged(700, 700, "");
    let mut from = 0;
    for (step, to) in [1, 2, 255, 256, 300, 512, 700].into_iter().enumerate() {
        let theirs = forge.publish(&case.origin, to, &checkpoint());
        let now = NOW + step as u64;
        assert_eq!(case.sync_at(now).unwrap(), Synced::Advanced { from, to });
        assert_eq!(case.sync_at(now).unwrap(), Synced::Unchanged { size: to });
        let held = case.held.checkpoint().unwrap().unwrap();
        assert_eq!(case.held.cosigned(&held), Some(now));
        assert_eq!(held.not_signed_by(case.cosigner.vkey()), theirs);
        for tile in added(from, to) {
            let path = tile.path();
            let served = fs::read(case.held.public().join(&path)).unwrap();
            assert_eq!(served, fs::read(case.origin.join(&path)).unwrap(), "{path}");
        }
        from = to;
    }
    assert!(!case.held.incoming().exists());
    let state = case.held.state().unwrap();
    assert_eq!((state.condition, state.success), (Condition::Well, Some(NOW + 6)));
    assert_eq!(case.mirror.ledgers().unwrap()[0].origin(), ORIGIN);
    assert_eq!(case.held.public(), case.mirror.public().join(folder_of(ORIGIN)));
}

#[test]
fn two_histories_are_proven_in_every_geometry_and_stop_the_ledger() {
    for (held, other, fork) in [
        (5, 5, 3),
        (8, 8, 1),
        (5, 3, 2),
        (9, 8, 4),
        (300, 256, 200),
        (300, 257, 256),
        (3, 9, 2),
        (4, 8, 3),
        (8, 16, 4),
        (8, 300, 7),
        (256, 512, 255),
        (300, 301, 299),
    ] {
        let case = Case::new();
        forged(held, fork, "one").publish(&case.origin, held, &checkpoint());
        case.sync().unwrap();
        let kept = case.held.checkpoint().unwrap();
        let theirs = forged(other, fork, "other").publish(&case.origin, other, &checkpoint());
        let place = format!("{held} held, {other} published, parted at {fork}");
        let Synced::Equivocation { proof, new: true } = case.sync().unwrap() else {
            panic!("{place}");
        };
        let stated: Equivocation = fs::read_to_string(&proof).unwrap().parse().unwrap();
        assert_eq!(stated.check(), Ok(()), "{place}");
        assert_eq!(*stated.key(), vkey(&checkpoint()));
        assert!([stated.smaller(), stated.larger()].contains(&&theirs), "{place}");
        assert_eq!(case.held.checkpoint().unwrap(), kept, "{place}");
        assert_eq!(case.held.state().unwrap().condition, Condition::Equivocation);
        // It stays so, whatever is published then.
        forged(other + 1, fork, "one").publish(&case.origin, other + 1, &checkpoint());
        assert_eq!(case.sync().unwrap(), Synced::Equivocation { proof, new: false });
        assert_eq!(case.held.equivocations().unwrap().len(), 1);
    }
}

#[test]
fn an_earlier_checkpoint_of_another_history_is_proof_as_well() {
    let forge = forged(300, 300, "");
    let signed = |size, fork, key: &SigningKey| {
        let dir = tempfile::tempdir().unwrap();
        forged(size, fork, "other").publish(dir.path(), size, key)
    };
    for (held, size, fork) in [(0, 5, 3), (0, 300, 299), (5, 4, 2), (5, 7, 2), (299, 256, 255)] {
        let case = Case::new();
        if held > 0 {
            forge.publish(&case.origin, held, &checkpoint());
            case.sync().unwrap();
        }
        forge.publish(&case.origin, 300, &checkpoint());
        let place = Place::open(case.origin.to_str().unwrap(), &[]).unwrap();
        crate::history::publish(&place, &[signed(size, fork, &checkpoint())]).unwrap();
        let told = format!("{held} held, {size} parted at {fork}");
        let Synced::Equivocation { proof, new: true } = case.sync().unwrap() else {
            panic!("{told}");
        };
        let stated: Equivocation = fs::read_to_string(proof).unwrap().parse().unwrap();
        assert_eq!(stated.check(), Ok(()), "{told}");
        assert_eq!(case.size().unwrap_or(0), held, "{told}");
        assert!(!case.held.incoming().exists(), "{told}");
    }
    // What no key of the ledger signed proves nothing.
    let case = Case::new();
    forge.publish(&case.origin, 300, &checkpoint());
    let place = Place::open(case.origin.to_str().unwrap(), &[]).unwrap();
    crate::history::publish(&place, &[signed(5, 3, &keyring::key("stranger"))]).unwrap();
    assert!(case.refused().starts_with("broken publication: "));
    assert!(case.held.equivocations().unwrap().is_empty());
}

#[test]
fn earlier_checkpoints_are_served_in_one_file() {
    let case = Case::new();
    let forge = forged(460, 460, "");
    let mut tree = Tree::default();
    (0..300).for_each(|seq| tree.push(forge.id(seq)));
    let signed = |size| {
        Checkpoint::sign(&ORIGIN.parse().unwrap(), size, tree.root(size).unwrap(), &checkpoint())
    };
    let mut all: Vec<Checkpoint> = (1..=300).map(signed).collect();
    let place = Place::open(case.origin.to_str().unwrap(), &[]).unwrap();
    crate::history::publish(&place, &all).unwrap();
    let served = || {
        let place = Place::open(case.held.public().to_str().unwrap(), &[]).unwrap();
        let last = case.held.checkpoint().unwrap().unwrap();
        crate::history::earlier(&place, &last, None).unwrap()
    };
    all.push(forge.publish(&case.origin, 350, &checkpoint()));
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 0, to: 350 });
    assert_eq!(served(), all[..300]);
    let good = fs::read_to_string(case.origin.join("checkpoints/000")).unwrap();
    // What the disk has spoiled is read anew.
    let root = good.lines().nth(2).unwrap();
    let spoiled = good.replacen(root, &format!("{}=", "A".repeat(43)), 1);
    for spoiled in ["cut".to_owned(), format!("full 0\n\n{spoiled}")] {
        fs::write(case.held.public().join(crate::history::TAIL), &spoiled).unwrap();
        let to = case.size().unwrap() + 10;
        all.push(forge.publish(&case.origin, to, &checkpoint()));
        assert_eq!(case.sync().unwrap(), Synced::Advanced { from: to - 10, to });
        assert_eq!(served()[..300], all[..300]);
    }
}

#[test]
fn an_earlier_checkpoint_of_the_same_history_is_stale_and_taken_for_no_more() {
    for (held, published) in [(9, 8), (9, 3), (300, 256), (300, 1)] {
        let case = Case::new();
        let forge = forged(held, held, "");
        forge.publish(&case.origin, held, &checkpoint());
        case.sync().unwrap();
        forge.publish(&case.origin, published, &checkpoint());
        assert_eq!(case.sync().unwrap(), Synced::Stale { published, held });
        assert_eq!(case.size(), Some(held));
        assert_eq!(case.held.state().unwrap().condition, Condition::Stale);
        forge.publish(&case.origin, held, &checkpoint());
        assert_eq!(case.sync().unwrap(), Synced::Unchanged { size: held });
    }
}

#[test]
fn an_entry_whose_author_may_not_sign_it_is_not_cosigned() {
    let case = Case::new();
    let mut forge = forged(5, 5, "");
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    // The signature holds, and the key is the ledger's own; it just signs no entries.
    let entry = forge.draft(note(&["bug-1"]), &checkpoint()).signed(&checkpoint());
    forge.push(entry);
    forge.publish(&case.origin, 6, &checkpoint());
    let told = case.refused();
    assert!(told.contains("entry 5") && told.contains("authority"), "{told}");
    assert_eq!(case.held.state().unwrap().condition, Condition::Broken);
    assert!(!case.held.public().join("tile/entries/000.p/6").exists());
    assert!(case.held.checkpoint().unwrap().unwrap().size() == 5);
}

#[test]
fn what_does_not_lead_to_its_own_checkpoint_is_broken_and_advances_nothing() {
    let forge = forged(600, 600, "");
    for (path, at, told) in [
        ("tile/0/001", 40, "the tiles do not lead to the root"),
        ("tile/1/000.p/2", 8, "the tiles do not lead to the root"),
        ("tile/entries/001", 100, "broken publication: entry "),
        ("tile/entries/002.p/88", 0, "of the bundle is cut short"),
    ] {
        let case = Case::new();
        forge.publish(&case.origin, 300, &checkpoint());
        case.sync().unwrap();
        forge.publish(&case.origin, 600, &checkpoint());
        let path = case.origin.join(path);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        fs::write(&path, bad).unwrap();
        let refused = case.refused();
        assert!(refused.contains(told), "{refused}");
        fs::remove_file(&path).unwrap();
        let refused = case.refused();
        assert!(refused.contains("lacks tile/"), "{refused}");
        fs::write(&path, good).unwrap();
        assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 300, to: 600 });
    }
}

#[test]
fn what_an_interrupted_sync_left_is_used_if_it_holds_and_read_anew_if_not() {
    let case = Case::new();
    let forge = forged(600, 600, "");
    forge.publish(&case.origin, 600, &checkpoint());
    let bundles = added(0, 600).into_iter().filter(|tile| tile.content == Content::Entries);
    for tile in bundles {
        let path = case.held.incoming().join(tile.path());
        disk::write(&path, &fs::read(case.origin.join(tile.path())).unwrap()).unwrap();
    }
    let other = forged(256, 3, "other");
    let mut bundle = Vec::new();
    (0..256).for_each(|seq| tile::push_entry(&mut bundle, other.entry(seq)));
    fs::write(case.held.incoming().join("tile/entries/000"), &bundle).unwrap();
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 0, to: 600 });
    // Where the bundles are there, the place is not asked for them.
    let case = Case::new();
    forge.publish(&case.origin, 600, &checkpoint());
    fs::create_dir_all(case.held.incoming()).unwrap();
    fs::rename(case.origin.join("tile"), case.held.incoming().join("tile")).unwrap();
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 0, to: 600 });
}

#[test]
fn a_replaced_checkpoint_key_is_followed_by_the_entries_that_grant_it() {
    let case = Case::new();
    let mut forge = forged(5, 5, "");
    let next = keyring::key("next checkpoints");
    let granted = map([("action", "granted".into()), ("key", key(&next, &["checkpoint"]))]);
    forge.record(event(&["ledger"], "ledger.key", granted), &author());
    forge.publish(&case.origin, 6, &checkpoint());
    case.sync().unwrap();
    forge.note("bug-1");
    forge.publish(&case.origin, 7, &next);
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 6, to: 7 });
    // A mirror that was told the old key alone does not begin with the new one.
    let other = Case::new();
    forge.publish(&other.origin, 7, &next);
    assert!(other.refused().contains("no known key"), "{:?}", other.held.state());
    let stranger = keyring::key("stranger");
    forge.publish(&case.origin, 6, &stranger);
    assert!(case.refused().contains("no known key"));
}

#[test]
fn a_quorum_is_asked_for_every_time() {
    let witness = keyring::key("witness");
    let cosigner = Cosigner::new("witness.example", witness.clone()).unwrap();
    let policy = format!("log {}\nwitness w {}\nquorum w\n", vkey(&checkpoint()), cosigner.vkey());
    let case = Case::with(|followed| followed.policy = Some(policy.clone()));
    let forge = forged(9, 9, "");
    let cosigned = |size| {
        let mut theirs = forge.publish(&case.origin, size, &checkpoint());
        theirs.cosign("witness.example", NOW, &witness).unwrap();
        fs::write(case.origin.join(CHECKPOINT), theirs.to_string()).unwrap();
    };
    forge.publish(&case.origin, 5, &checkpoint());
    assert!(case.refused().contains("quorum"));
    cosigned(5);
    case.sync().unwrap();
    // What is held has it, whatever a place shows later.
    forge.publish(&case.origin, 5, &checkpoint());
    assert_eq!(case.sync().unwrap(), Synced::Unchanged { size: 5 });
    forge.publish(&case.origin, 9, &checkpoint());
    assert!(case.refused().contains("quorum"));
    cosigned(9);
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 5, to: 9 });
    let held = case.held.checkpoint().unwrap().unwrap();
    assert_eq!(held.signed_by(cosigner.vkey()), Signed::Holds(NOW));
}

#[test]
fn further_signatures_are_taken_over_and_a_line_in_the_mirrors_name_is_not() {
    let case = Case::new();
    let forge = forged(5, 5, "");
    let mut theirs = forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    theirs.cosign("witness.example", NOW, &keyring::key("witness")).unwrap();
    let (wrong, own) = (keyring::key("other"), case.cosigner.vkey().clone());
    let mut forged_line = theirs.clone();
    forged_line.cosign("mirror.example/m", NOW, &wrong).unwrap();
    let line = forged_line.signature_lines().lines().last().unwrap().to_owned();
    let id = Cosigner::new("mirror.example/m", wrong).unwrap().vkey().clone();
    assert_ne!(id.id(), own.id());
    fs::write(case.origin.join(CHECKPOINT), format!("{theirs}{line}\n")).unwrap();
    assert_eq!(case.sync_at(NOW + 1).unwrap(), Synced::Resigned { size: 5 });
    let held = case.held.checkpoint().unwrap().unwrap();
    assert_eq!(case.held.cosigned(&held), Some(NOW + 1));
    assert!(held.to_string().contains("witness.example"));
}

#[test]
fn no_cosignature_is_dated_before_the_last() {
    let case = Case::new();
    let forge = forged(6, 6, "");
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync_at(NOW).unwrap();
    forge.publish(&case.origin, 6, &checkpoint());
    let told = case.sync_at(NOW - 1).unwrap_err().to_string();
    assert!(told.contains("the clock says 1799999999"), "{told}");
    assert_eq!(case.size(), Some(5));
    assert_eq!(case.sync_at(NOW).unwrap(), Synced::Advanced { from: 5, to: 6 });
}

#[test]
fn evidence_is_held_against_its_digest_and_may_come_later() {
    let case = Case::new();
    let mut forge = Forge::new();
    let mut attached = note(&["bug-1"]);
    attached.evidence = vec![forge.attach(b"the letter", "text/plain", None)];
    forge.record(attached, &author());
    forge.publish(&case.origin, 2, &checkpoint());
    let path = evidence_path(&Hash::of(b"the letter"));
    disk::write(&case.origin.join(&path), b"the lettre").unwrap();
    assert!(case.refused().contains("with the digest"));
    fs::remove_file(case.origin.join(&path)).unwrap();
    case.sync().unwrap();
    assert!(!case.held.public().join(&path).exists());
    disk::write(&case.origin.join(&path), b"the letter").unwrap();
    forge.note("bug-1");
    forge.publish(&case.origin, 3, &checkpoint());
    case.sync().unwrap();
    assert_eq!(fs::read(case.held.public().join(&path)).unwrap(), b"the letter");
}

#[test]
fn a_ledger_beyond_its_limits_is_followed_no_further() {
    for (change, told) in [
        (Limits { entries: 5, ..Limits::default() }, "6 entries, at most 5"),
        (Limits { bytes: 100, ..Limits::default() }, "bytes of entries, at most 100"),
    ] {
        let case = Case::with(|followed| {
            followed.keys.push(vkey(&checkpoint()).to_string());
            followed.limits = change;
        });
        forged(6, 6, "").publish(&case.origin, 6, &checkpoint());
        assert!(case.refused().contains(told));
    }
}

#[test]
fn a_damaged_copy_is_told_from_a_broken_publication() {
    let case = Case::new();
    let forge = forged(600, 600, "");
    forge.publish(&case.origin, 300, &checkpoint());
    case.sync().unwrap();
    forge.publish(&case.origin, 600, &checkpoint());
    let path = case.held.public().join("tile/entries/000");
    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let told = case.refused();
    assert!(told.starts_with("the held copy of ledger.example/incidents is damaged"), "{told}");
}

#[test]
fn a_server_that_never_answers_keeps_no_other_ledger_waiting() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let second = std::time::Duration::from_secs(1);
    let connections = Connections::shared(second).unwrap();
    let place = Place::open_by(&address, &[], &connections).unwrap();
    let begun = std::time::Instant::now();
    let told = place.read(CHECKPOINT, 100).unwrap_err().to_string();
    assert!(told.ends_with("no whole answer within 1 seconds"), "{told}");
    assert!(begun.elapsed() < 10 * second, "{:?}", begun.elapsed());
    let case = Case::new();
    forged(5, 5, "").publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    let mut workers =
        Workers::new(Places::with(&[]).unwrap(), case.cosigner.clone(), || NOW).unwrap();
    let dead = |n| {
        let followed = Followed::new(&format!("ledger.example/{n}"), &address, Limits::default());
        case.mirror.add(&followed).unwrap()
    };
    for held in (0..20).map(dead).chain([case.held.clone()]) {
        workers.begin(&held);
        workers.begin(&held);
    }
    let (held, synced) = workers.next(10 * second).unwrap();
    assert_eq!((held.origin(), synced.unwrap()), (ORIGIN, Synced::Unchanged { size: 5 }));
    assert_eq!(workers.left(), 20);
    workers.take_back();
    assert!(workers.left() <= 4 && workers.is_at("ledger.example/0"), "{workers:?}");
}

#[test]
fn a_second_process_is_told_who_holds_the_mirror() {
    let case = Case::new();
    let lock = case.mirror.lock().unwrap();
    let told = case.mirror.lock().unwrap_err().to_string();
    assert!(told.ends_with(&format!("is locked by process {}", std::process::id())), "{told}");
    drop(lock);
    assert!(case.mirror.lock().is_ok());
}

#[test]
fn what_is_no_mirror_is_not_opened_and_what_is_followed_not_added_twice() {
    let case = Case::new();
    assert!(Mirror::is_at(&case.mirror.dir));
    assert!(!Mirror::is_at(&case.origin));
    assert!(matches!(Mirror::open(&case.origin), Err(MirrorError::NoMirror { .. })));
    assert_eq!(Mirror::open(&case.mirror.dir).unwrap().vkey(), case.cosigner.vkey());
    let followed = case.held.followed().unwrap();
    assert!(matches!(case.mirror.add(&followed), Err(MirrorError::Followed { .. })));
    case.mirror.remove(ORIGIN, true).unwrap();
    assert!(matches!(case.mirror.remove(ORIGIN, true), Err(MirrorError::NotFollowed { .. })));
    case.mirror.add(&followed).unwrap();
}

#[test]
fn many_ledgers_of_one_server_are_asked_for_over_a_few_connections() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::Relaxed);
            std::thread::spawn(move || {
                let nothing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
                let mut request = [0; 8192];
                while stream.read(&mut request).is_ok_and(|n| n > 0) {
                    stream.write_all(nothing).unwrap();
                }
            });
        }
    });
    let case = Case::new();
    let places = Places::with(&[]).unwrap();
    let mut workers = Workers::new(places, case.cosigner.clone(), || NOW).unwrap();
    for n in 0..50 {
        let origin = format!("ledger.example/{n}");
        let followed = Followed::new(&origin, &format!("{address}/{n}"), Limits::default());
        workers.begin(&case.mirror.add(&followed).unwrap());
    }
    while workers.left() > 0 {
        let Some((held, synced)) = workers.next(std::time::Duration::from_secs(10)) else {
            panic!("{workers:?}");
        };
        assert!(synced.unwrap_err().to_string().contains("no checkpoint"), "{}", held.origin());
    }
    let taken = taken.load(Ordering::Relaxed);
    assert!((1..=16).contains(&taken), "{taken} connections");
}
