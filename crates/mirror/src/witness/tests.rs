//! Every answer of the protocol, what is remembered, and what two requests at once come to.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer;
use tally_ledger::equivocation::Equivocation;
use tally_ledger::note::Purpose;
use tally_ledger::tree::Tree;
use tempfile::TempDir;

use super::*;

const ORIGIN: &str = "ledger.example/incidents";
const NOW: u64 = 1_800_000_000;

fn own() -> (SigningKey, Vkey) {
    let key = SigningKey::from_bytes(&[1; 32]);
    let public = PublicKey::from(&key);
    (key, Vkey::new("w.example/1", Purpose::Cosignature, public).unwrap())
}

/// A log with a history of its own: the leaves differ by `history` from the given one on.
struct History {
    tree: Tree,
    key: SigningKey,
}

impl History {
    fn new(history: u8, from: u64) -> Self {
        let mut tree = Tree::default();
        for leaf in 0..100_u64 {
            let of = if leaf < from { 0 } else { history };
            tree.push(Hash::leaf(&[&leaf.to_be_bytes()[..], &[of]].concat()));
        }
        Self { tree, key: SigningKey::from_bytes(&[3; 32]) }
    }

    fn vkey(&self) -> Vkey {
        Vkey::log(&ORIGIN.parse().unwrap(), PublicKey::from(&self.key))
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        let root = self.tree.root(size).unwrap();
        Checkpoint::sign(&ORIGIN.parse().unwrap(), size, root, &self.key)
    }

    fn request(&self, old: u64, size: u64) -> Consistency {
        let proof = self.tree.consistency(old, size).unwrap_or_default();
        Consistency { old, proof, checkpoint: self.checkpoint(size) }
    }
}

fn directory(log: &History) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    create(dir.path(), &own().1).unwrap();
    assert_eq!(add(dir.path(), ORIGIN, &[log.vkey()]).unwrap(), 1);
    dir
}

fn open(dir: &TempDir) -> Witness {
    Witness::open(dir.path(), own().0).unwrap()
}

fn ask(witness: &Witness, asked: &Consistency, now: u64) -> Answer {
    witness.add_checkpoint(asked.to_string().as_bytes(), || now)
}

#[test]
fn a_log_that_grows_is_cosigned_and_remembered() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let hash = Hash::of(ORIGIN.as_bytes()).to_string();
    let mut known = 0;
    for (size, now) in [(1, NOW), (1, NOW), (8, NOW + 1), (70, NOW + 9)] {
        // Each time after a new start.
        let witness = open(&dir);
        let answer = ask(&witness, &log.request(known, size), now);
        assert_eq!((answer.status, answer.media_type), (200, TEXT_TYPE), "{answer:?}");
        let mut cosigned = log.checkpoint(size);
        let lines: Checkpoint = format!("{cosigned}{}", answer.body).parse().unwrap();
        assert_eq!(cosigned.join(&lines, &[own().1]), 1);
        assert_eq!(cosigned.signed_by(&own().1), Signed::Holds(now));
        assert_eq!(witness.checkpoint(&hash), Some(cosigned.to_string()));
        known = size;
    }
    let (vkey, logs) = status(dir.path()).unwrap();
    assert_eq!((vkey, logs.len(), logs[0].notes), (own().1, 1, 3));
    let latest = logs[0].latest.as_ref().unwrap();
    assert_eq!((latest.0.size(), latest.1), (70, NOW + 9));
    let witness = open(&dir);
    assert_eq!(witness.checkpoint(&hash.to_uppercase()), None);
    assert_eq!(witness.checkpoint(&Hash::of(b"other").to_string()), None);
}

#[test]
fn whatever_is_not_right_has_its_status() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    let says = |asked: &str, status: u16, body: &str| {
        let before = witness.sizes().map(|(_, size)| size).collect::<Vec<_>>();
        let answer = witness.add_checkpoint(asked.as_bytes(), || NOW);
        assert_eq!(answer.status, status, "{asked}\n{answer:?}");
        assert!(answer.body.contains(body), "{asked}\n{answer:?}");
        let sized = status == 409;
        assert_eq!(answer.media_type == SIZE_TYPE, sized, "{answer:?}");
        assert_eq!(witness.sizes().map(|(_, size)| size).collect::<Vec<_>>(), before);
    };
    assert_eq!(witness.add_checkpoint(b"\xff", || NOW).status, 400);
    says("", 400, "line 1");
    let good = log.request(0, 10);
    says(&good.to_string().replace(ORIGIN, "ledger.example/other"), 404, "not known");
    let stranger = History { key: SigningKey::from_bytes(&[4; 32]), ..History::new(1, 0) };
    says(&stranger.request(0, 10).to_string(), 403, "no signature");
    says(&good.to_string().replace("\n10\n", "\n11\n"), 403, "no signature");
    says(&log.request(11, 10).to_string(), 400, "above the size");
    says(&log.request(3, 10).to_string(), 409, "0\n");
    let padded = Consistency { proof: vec![Hash::of(b"")], ..good.clone() };
    says(&padded.to_string(), 422, "does not hold");
    assert_eq!(ask(&witness, &good, NOW).status, 200);
    says(&log.request(0, 20).to_string(), 409, "10\n");
    let other = History::new(2, 5);
    says(&other.request(10, 20).to_string(), 422, "does not hold");
    says(&other.request(10, 10).to_string(), 409, "10\n");
    let surplus = Consistency { proof: vec![Hash::of(b"")], ..log.request(10, 10) };
    says(&surplus.to_string(), 422, "does not hold");
}

/// Signs any text as the log does.
fn signed(log: &History, text: &str) -> String {
    let signature = log.key.sign(text.as_bytes()).to_bytes();
    let line = [&log.vkey().id()[..], &signature].concat();
    let line = STANDARD.encode(line);
    format!("{text}\n\u{2014} {ORIGIN} {line}\n")
}

#[test]
fn a_log_without_entries_has_one_root() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    let empty = |root: &Hash| {
        let root = STANDARD.encode(root.0);
        format!("old 0\n\n{}", signed(&log, &format!("{ORIGIN}\n0\n{root}\n")))
    };
    let wrong = witness.add_checkpoint(empty(&Hash::of(b"x")).as_bytes(), || NOW);
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let right = witness.add_checkpoint(empty(&Hash::of(b"")).as_bytes(), || NOW);
    assert_eq!(right.status, 200, "{right:?}");
    drop(witness);
    let witness = open(&dir);
    assert_eq!(ask(&witness, &log.request(0, 5), NOW).status, 200);
}

#[test]
fn lines_of_extension_are_cosigned_and_a_note_beyond_all_bounds_is_not() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    let text = log.checkpoint(5).text();
    let asked = |more: &str| format!("old 0\n\n{}", signed(&log, &format!("{text}{more}\n")));
    let full = "x".repeat(tally_ledger::note::NOTE_MAX - asked("").len() + "old 0\n\n".len());
    assert_eq!(witness.add_checkpoint(asked(&full).as_bytes(), || NOW).status, 400);
    assert_eq!(witness.add_checkpoint(asked("more").as_bytes(), || NOW).status, 200);
    drop(witness);
    assert_eq!(open(&dir).sizes().collect::<Vec<_>>(), [(ORIGIN, 5)]);
}

#[test]
fn a_new_key_of_a_log_is_known_once_it_is_added() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let next = History { key: SigningKey::from_bytes(&[4; 32]), ..History::new(1, 0) };
    assert_eq!(ask(&open(&dir), &log.request(0, 10), NOW).status, 200);
    assert_eq!(ask(&open(&dir), &next.request(10, 20), NOW).status, 403);
    assert_eq!(add(dir.path(), ORIGIN, &[next.vkey(), log.vkey()]).unwrap(), 1);
    assert_eq!(ask(&open(&dir), &next.request(10, 20), NOW).status, 200);
    let witness = own().1;
    let refused = add(dir.path(), "other.example", &[witness]);
    assert!(matches!(refused, Err(WitnessError::NotALogKey { .. })));
}

#[test]
fn two_roots_of_one_size_are_kept_and_told() {
    let log = History::new(1, 0);
    let other = History::new(2, 5);
    let dir = directory(&log);
    let witness = open(&dir);
    assert_eq!(ask(&witness, &log.request(0, 10), NOW).notice, None);
    let answer = ask(&witness, &other.request(0, 10), NOW);
    assert_eq!(answer.status, 409);
    let notice = answer.notice.unwrap();
    assert!(notice.starts_with("EQUIVOCATION: "), "{notice}");
    assert!(notice.contains("10-10.equivocation proves that"), "{notice}");
    assert_eq!(ask(&witness, &other.request(0, 10), NOW).notice, None, "told once");
    let (_, logs) = status(dir.path()).unwrap();
    let [(10, files)] = &logs[0].contradictions[..] else { panic!("{logs:?}") };
    let kept: BTreeSet<String> =
        files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let both = [log.checkpoint(10), other.checkpoint(10)].map(|note| note.to_string());
    assert_eq!(kept, BTreeSet::from(both));
    let [(10, 10, proof)] = &logs[0].proofs[..] else { panic!("{logs:?}") };
    assert_proves(proof, &log);
    // One that could not be written is written at the next start; damaged notes hinder nobody, and
    // what was cosigned last stands elsewhere, too.
    drop(witness);
    fs::remove_file(proof).unwrap();
    drop(open(&dir));
    assert_proves(proof, &log);
    fs::remove_file(proof).unwrap();
    let (refused, cosigned): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| file.extension().is_some());
    fs::remove_file(cosigned[0]).unwrap();
    drop(open(&dir));
    assert_proves(proof, &log);
    assert_eq!(fs::read_to_string(cosigned[0]).unwrap(), log.checkpoint(10).to_string());
    fs::remove_file(proof).unwrap();
    fs::write(refused[0], "").unwrap();
    drop(open(&dir));
    assert!(!proof.exists());
}

#[test]
fn thousands_of_notes_without_a_proof_do_not_hide_a_fork() {
    let log = History::new(1, 0);
    let other = History::new(2, 5);
    let dir = directory(&log);
    let seen = dir.path().join("logs").join(Hash::of(ORIGIN.as_bytes()).to_string()).join("seen");
    for size in (1_u64 << 40..).take(4096) {
        let name = format!("{size}-{}", Hash::of(b"x"));
        fs::write(seen.join(format!("{name}.uncosigned")), "").unwrap();
        fs::write(seen.join(name.replacen('1', "2", 1)), "").unwrap();
    }
    let witness = open(&dir);
    assert_eq!(ask(&witness, &log.request(0, 10), NOW).status, 200);
    let mut told = 0;
    for size in (1 << 41..).take(3) {
        let root = Hash::of(b"x");
        let checkpoint = Checkpoint::sign(&ORIGIN.parse().unwrap(), size, root, &log.key);
        let asked = Consistency { old: 3, proof: Vec::new(), checkpoint };
        told += usize::from(ask(&witness, &asked, NOW).notice.is_some());
    }
    let fork = ask(&witness, &other.request(10, 10), NOW);
    assert_eq!(fork.status, 409);
    assert!(fork.notice.unwrap().contains("10-10.equivocation proves that"));
    let (_, logs) = status(dir.path()).unwrap();
    assert_eq!((logs[0].contradictions.len(), logs[0].proofs.len()), (1, 1));
    assert_proves(&logs[0].proofs[0].2, &log);
    assert_eq!(told, 1, "the operator hears once that there is no more room");
    // A fork ahead of what was cosigned is kept, too.
    assert_eq!(ask(&witness, &other.request(0, 40), NOW).status, 409);
    let grown = ask(&witness, &log.request(10, 40), NOW);
    assert_eq!(grown.status, 200);
    assert!(grown.notice.unwrap().contains("40-40.equivocation proves that"));
}

fn assert_proves(proof: &Path, log: &History) {
    let proof: Equivocation = fs::read_to_string(proof).unwrap().parse().unwrap();
    assert_eq!((proof.check(), proof.key()), (Ok(()), &log.vkey()));
}

#[test]
fn two_roots_by_two_keys_are_kept_and_no_key_is_blamed() {
    let log = History::new(1, 0);
    let other = History { key: SigningKey::from_bytes(&[4; 32]), ..History::new(2, 5) };
    let dir = directory(&log);
    add(dir.path(), ORIGIN, &[other.vkey()]).unwrap();
    let witness = open(&dir);
    assert_eq!(ask(&witness, &log.request(0, 10), NOW).status, 200);
    assert_eq!(ask(&witness, &other.request(0, 10), NOW).status, 409);
    let (_, logs) = status(dir.path()).unwrap();
    assert_eq!((logs[0].contradictions.len(), logs[0].proofs.len()), (1, 0));
}

#[test]
fn a_root_is_proven_against_each_key_that_signed_it() {
    let log = History::new(1, 0);
    let by = |history, seed| History { key: SigningKey::from_bytes(&[seed; 32]), ..history };
    let (same, other) = (by(History::new(1, 0), 4), by(History::new(2, 5), 4));
    for (old, statuses) in [(0, [200, 200, 409]), (3, [409; 3])] {
        let dir = directory(&log);
        add(dir.path(), ORIGIN, &[other.vkey()]).unwrap();
        let witness = open(&dir);
        let mut notice = None;
        for (asked, status) in [&log, &same, &other].into_iter().zip(statuses) {
            let size =
                if status == 200 { witness.sizes().map(|(_, size)| size).sum() } else { old };
            let answer = ask(&witness, &asked.request(size, 10), NOW);
            assert_eq!(answer.status, status, "{answer:?}");
            notice = answer.notice;
        }
        assert!(notice.unwrap().contains("10-10.equivocation proves that"));
        let (_, logs) = status(dir.path()).unwrap();
        assert_proves(&logs[0].proofs[0].2, &other);
    }
}

#[test]
fn a_proof_from_another_root_proves_two_histories_across_sizes() {
    let log = History::new(1, 0);
    let other = History::new(2, 5);
    for (old, proven) in [(10, true), (8, false)] {
        let dir = directory(&log);
        let witness = open(&dir);
        assert_eq!(ask(&witness, &log.request(0, old), NOW).status, 200);
        let answer = ask(&witness, &other.request(old, 20), NOW);
        assert_eq!(answer.status, 422);
        let notice = answer.notice.unwrap();
        assert_eq!(notice.contains("10-20.equivocation proves"), proven, "{notice}");
        assert!(notice.contains(&format!("no proof that size {old} grew to size 20")), "{notice}");
        assert_eq!(ask(&witness, &other.request(old, 20), NOW).notice, None, "told once");
        let (_, logs) = status(dir.path()).unwrap();
        assert_eq!((logs[0].contradictions.len(), logs[0].proofs.len()), (0, usize::from(proven)));
        for (_, _, proof) in &logs[0].proofs {
            assert_proves(proof, &log);
        }
        // A proof that leads nowhere tells nothing, and the log goes on.
        let garbage = Consistency { proof: vec![Hash::of(b""); 4], ..log.request(old, 30) };
        assert_eq!(ask(&witness, &garbage, NOW).status, 422);
        assert_eq!(status(dir.path()).unwrap().1[0].proofs.len(), usize::from(proven));
        assert_eq!(ask(&witness, &log.request(old, 30), NOW).status, 200);
    }
}

#[test]
fn what_strangers_send_again_is_told_and_written_a_few_times_only() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    let first = ask(&witness, &log.request(0, 10), NOW);
    let hash = Hash::of(ORIGIN.as_bytes()).to_string();
    let path = dir.path().join("logs").join(hash).join("checkpoint");
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(ask(&witness, &log.request(10, 10), NOW), first);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_ne!(ask(&witness, &log.request(10, 10), NOW + 1).body, first.body);
    let told = (11..60).filter(|size| {
        let garbage = Consistency { proof: Vec::new(), ..log.request(10, *size) };
        ask(&witness, &garbage, NOW + 1).notice.is_some()
    });
    assert_eq!(told.count(), UNPROVEN_MAX);
}

#[test]
fn an_origin_that_no_checkpoint_has_is_not_added() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    for origin in ["", "a\nb", "a\r", "\u{7f}"] {
        let refused = add(dir.path(), origin, &[log.vkey()]);
        assert!(matches!(refused, Err(WitnessError::NotAnOrigin { .. })), "{refused:?}");
    }
    assert_eq!(open(&dir).origins().count(), 1);
}

#[test]
fn nothing_is_cosigned_backward_in_time() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    assert_eq!(ask(&witness, &log.request(0, 10), 0).status, 500);
    assert_eq!(ask(&witness, &log.request(0, 10), u64::MAX).status, 500);
    assert_eq!(ask(&witness, &log.request(0, 10), NOW).status, 200);
    let answer = ask(&witness, &log.request(10, 20), NOW - 1);
    assert_eq!(answer.status, 500);
    let notice = answer.notice.unwrap();
    assert!(notice.contains("the clock stands at 1799999999, before"), "{notice}");
    assert_eq!(witness.sizes().collect::<Vec<_>>(), [(ORIGIN, 10)]);
}

#[test]
fn no_request_waits_until_its_time_is_past() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    assert_eq!(ask(&witness, &log.request(0, 10), NOW).status, 200);
    // A clock that goes on each time it is read.
    let clock = AtomicU64::new(NOW);
    let body = log.request(10, 10).to_string();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let now = || clock.fetch_add(1, Ordering::SeqCst);
                    let answer = witness.add_checkpoint(body.as_bytes(), now);
                    assert_eq!((answer.status, answer.notice), (200, None));
                }
            });
        }
    });
}

#[test]
fn what_is_damaged_or_lost_is_not_begun_anew() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    assert_eq!(ask(&open(&dir), &log.request(0, 10), NOW).status, 200);
    let hash = Hash::of(ORIGIN.as_bytes()).to_string();
    let path = dir.path().join("logs").join(hash).join("checkpoint");
    let good = fs::read_to_string(&path).unwrap();
    let refused = |text: Option<&str>| {
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let opened = Witness::open(dir.path(), own().0);
        assert!(matches!(opened, Err(WitnessError::Damaged { .. })), "{text:?}: {opened:?}");
        assert!(status(dir.path()).is_err(), "{text:?}");
    };
    refused(Some(""));
    refused(Some(&good[..good.len() / 2]));
    refused(Some(&good.replace("\n10\n", "\n1\n")));
    refused(Some(&log.checkpoint(5).to_string()));
    refused(None);
    fs::write(&path, &good).unwrap();
    drop(open(&dir));
    let other = SigningKey::from_bytes(&[2; 32]);
    let opened = Witness::open(dir.path(), other);
    assert!(matches!(opened, Err(WitnessError::OtherKey { .. })), "{opened:?}");
}

#[test]
fn one_process_has_the_directory() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    for opened in [Witness::open(dir.path(), own().0).err(), add(dir.path(), ORIGIN, &[]).err()] {
        let Some(WitnessError::Locked { pid, .. }) = opened else { panic!("{opened:?}") };
        assert_eq!(pid, Some(std::process::id()));
    }
    drop(witness);
    drop(open(&dir));
    assert!(matches!(create(dir.path(), &own().1), Err(WitnessError::Exists { .. })));
    let elsewhere = tempfile::tempdir().unwrap();
    let opened = Witness::open(elsewhere.path(), own().0);
    assert!(matches!(opened, Err(WitnessError::NotAWitness { .. })));
}

#[test]
#[cfg(unix)]
fn a_disk_that_refuses_leaves_everything_as_it_was() {
    let log = History::new(1, 0);
    let dir = directory(&log);
    let witness = open(&dir);
    let hash = Hash::of(ORIGIN.as_bytes()).to_string();
    // A folder stands where the temporary file is to be: root, too, cannot write there.
    let in_the_way = dir.path().join("logs").join(hash).join("checkpoint.part");
    fs::create_dir(&in_the_way).unwrap();
    let answer = ask(&witness, &log.request(0, 10), NOW);
    assert_eq!(answer.status, 500, "{answer:?}");
    assert!(answer.notice.unwrap().starts_with("NOT COSIGNED"));
    assert_eq!(witness.sizes().count(), 0);
    fs::remove_dir(&in_the_way).unwrap();
    assert_eq!(ask(&witness, &log.request(0, 10), NOW).status, 200);
}

#[test]
fn of_two_histories_at_once_one_alone_is_cosigned() {
    let histories = [History::new(1, 0), History::new(2, 5)];
    let dir = directory(&histories[0]);
    let witness = open(&dir);
    let cosigned = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (n, history) in (0..50_u64).zip(histories.iter().cycle()) {
            let (witness, cosigned) = (&witness, &cosigned);
            scope.spawn(move || {
                let mut old = 0;
                for size in [10, 20, 20 + n] {
                    let answer = ask(witness, &history.request(old, size), NOW + n);
                    if answer.status == 200 {
                        cosigned.lock().unwrap().push(history.checkpoint(size));
                    } else if answer.status == 409 {
                        old = answer.body.trim().parse().unwrap();
                    }
                }
            });
        }
    });
    let cosigned = cosigned.into_inner().unwrap();
    assert!(!cosigned.is_empty());
    let mut roots = BTreeSet::new();
    let first = &cosigned[0];
    let of = histories.iter().find(|h| h.checkpoint(first.size()).root() == first.root()).unwrap();
    for checkpoint in &cosigned {
        roots.insert(checkpoint.size());
        assert_eq!(checkpoint.root(), of.tree.root(checkpoint.size()).unwrap());
    }
    let largest = roots.last().copied().unwrap();
    assert_eq!(witness.sizes().collect::<Vec<_>>(), [(ORIGIN, largest)]);
}
