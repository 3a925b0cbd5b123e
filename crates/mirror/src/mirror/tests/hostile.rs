//! Places that lie without a key of the log, keys that change hands, and logs that show a history
//! once.

use super::*;
use crate::history::{self, TAIL};

const WITNESS: &str = "witness.example";

impl Case {
    /// A mirror that knows a witness, and asks for no cosignature.
    fn with_witness() -> Self {
        let (log, witness) = (vkey(&checkpoint()), witness_vkey());
        let policy = format!("log {log}\nwitness w {witness}\nquorum none\n");
        Self::with(|followed| followed.policy = Some(policy.clone()))
    }

    fn served(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.held.public().join(path)).ok()
    }

    /// Returns the earlier checkpoints that are served.
    fn served_earlier(&self) -> Vec<Checkpoint> {
        let place = Place::open(self.held.public().to_str().unwrap(), &[]).unwrap();
        history::earlier(&place, &self.held.checkpoint().unwrap().unwrap(), None).unwrap()
    }

    fn proven(&self) -> Equivocation {
        let Synced::Equivocation { proof, new: true } = self.sync().unwrap() else {
            panic!("{:?}", self.held.state());
        };
        let stated: Equivocation = fs::read_to_string(proof).unwrap().parse().unwrap();
        assert_eq!(stated.check(), Ok(()));
        stated
    }
}

fn witness_vkey() -> Vkey {
    let cosigner = Cosigner::new(WITNESS, keyring::key("witness")).unwrap();
    cosigner.vkey().clone()
}

/// Publishes a checkpoint that a witness has cosigned.
fn witnessed(case: &Case, forge: &Forge, size: u64) -> Checkpoint {
    let mut theirs = forge.publish(&case.origin, size, &checkpoint());
    theirs.cosign(WITNESS, NOW, &keyring::key("witness")).unwrap();
    fs::write(case.origin.join(CHECKPOINT), theirs.to_string()).unwrap();
    theirs
}

/// Grants the key `next` and, if so, revokes the first checkpoint key.
fn replaced(forge: &mut Forge, next: &SigningKey, revoked: Option<bool>) {
    let granted = map([("action", "granted".into()), ("key", key(next, &["checkpoint"]))]);
    forge.record(event(&["ledger"], "ledger.key", granted), &author());
    let Some(compromised) = revoked else { return };
    let kid = keyring::thumbprint(&checkpoint()).0.to_vec();
    let (action, why) = (("action", "revoked".into()), ("why", "x".into()));
    let body = if compromised {
        let since = ("compromised", map([("at", "2026-11-22T00:00/..".into())]));
        map([action, ("kid", kid.into()), why, since])
    } else {
        map([action, ("kid", kid.into()), why])
    };
    forge.record(event(&["ledger"], "ledger.key", body), &author());
}

#[test]
fn nothing_unverified_of_a_tail_is_served_and_nothing_that_is_held_is_lost() {
    let case = Case::with_witness();
    let forge = forged(9, 9, "");
    let three = witnessed(&case, &forge, 3);
    case.sync().unwrap();
    // A place adds what nobody signed, of more entries than are published.
    let garbage = format!("{ORIGIN}\n4\n{}=\n\n\u{2014} {ORIGIN} AAAAAAAA\n", "A".repeat(43));
    fs::create_dir_all(case.origin.join("checkpoints")).unwrap();
    fs::write(case.origin.join(TAIL), format!("full 0\n\n{garbage}")).unwrap();
    forge.publish(&case.origin, 4, &checkpoint());
    assert!(case.sync().is_err() || !case.served(TAIL).unwrap().contains("AAAAAAAA"));
    forge.publish(&case.origin, 3, &checkpoint());
    fs::write(case.origin.join(TAIL), "full 0\n").unwrap();
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    assert_eq!(case.served_earlier(), std::slice::from_ref(&three), "the witness's time is kept");
    fs::remove_file(case.origin.join(TAIL)).unwrap();
    forge.publish(&case.origin, 9, &checkpoint());
    case.sync().unwrap();
    let earlier = case.served_earlier();
    assert_eq!(earlier.iter().map(Checkpoint::size).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(earlier[0], three);
}

#[test]
fn a_place_takes_no_signature_away_and_brings_none_of_a_revoked_key() {
    let case = Case::with_witness();
    let mut forge = forged(5, 5, "");
    witnessed(&case, &forge, 5);
    case.sync().unwrap();
    forge.publish(&case.origin, 5, &checkpoint());
    assert_eq!(case.sync().unwrap(), Synced::Unchanged { size: 5 });
    let held = case.held.checkpoint().unwrap().unwrap();
    assert_eq!(held.signed_by(&witness_vkey()), Signed::Holds(NOW));
    let next = keyring::key("next checkpoints");
    replaced(&mut forge, &next, Some(true));
    // The first checkpoint after both is signed by the new key alone.
    forge.publish(&case.origin, 7, &next);
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 5, to: 7 });
    let kept = case.held.checkpoint().unwrap();
    forge.publish(&case.origin, 7, &checkpoint());
    assert!(case.refused().contains("no key that may sign checkpoints now"));
    assert_eq!(case.held.checkpoint().unwrap(), kept);
    // What a key signs that others may have proves nothing about the log.
    let mut other = forged(5, 5, "");
    other.note("other");
    other.publish(&case.origin, 6, &checkpoint());
    assert!(case.refused().starts_with("broken publication: "));
    assert!(case.held.equivocations().unwrap().is_empty());
}

#[test]
fn what_a_place_adds_in_the_name_of_a_stranger_goes_with_it() {
    let case = Case::new();
    let forge = forged(9, 9, "");
    let honest = witnessed(&case, &forge, 5);
    // Readers may know the witness that the mirror does not: to them this line is a broken one.
    let mut poisoned = honest.to_string();
    let line = poisoned.lines().last().unwrap().to_owned();
    poisoned.push_str(&line[..line.len() - 4]);
    poisoned.push_str("AAAA\n");
    fs::write(case.origin.join(CHECKPOINT), &poisoned).unwrap();
    case.sync().unwrap();
    fs::write(case.origin.join(CHECKPOINT), honest.to_string()).unwrap();
    assert_eq!(case.sync().unwrap(), Synced::Resigned { size: 5 });
    let held = case.held.checkpoint().unwrap().unwrap();
    assert_eq!(held.not_signed_by(case.cosigner.vkey()), honest);
    for (to, shown) in [(7, &poisoned), (9, &honest.to_string())] {
        fs::create_dir_all(case.origin.join("checkpoints")).unwrap();
        fs::write(case.origin.join(TAIL), format!("full 0\n\n{shown}")).unwrap();
        forge.publish(&case.origin, to, &checkpoint());
        case.sync().unwrap();
        assert_eq!(case.served_earlier()[0].to_string(), *shown, "{to}");
    }
}

#[test]
fn many_times_of_one_witness_are_one_line() {
    let policy = format!("log {}\nwitness w {}\nquorum w\n", vkey(&checkpoint()), witness_vkey());
    let case = Case::with(|followed| followed.policy = Some(policy.clone()));
    let forge = forged(9, 9, "");
    let mut theirs = forge.publish(&case.origin, 5, &checkpoint());
    for time in NOW..NOW + 62 {
        theirs.cosign(WITNESS, time, &keyring::key("witness")).unwrap();
    }
    fs::write(case.origin.join(CHECKPOINT), theirs.to_string()).unwrap();
    case.sync().unwrap();
    let held = case.held.checkpoint().unwrap().unwrap();
    assert_eq!(held.signature_lines().lines().count(), 3);
    assert_eq!(held.signed_by(&witness_vkey()), Signed::Holds(NOW));
    witnessed(&case, &forge, 5);
    assert_eq!(case.sync().unwrap(), Synced::Unchanged { size: 5 });
}

#[test]
fn a_history_that_is_cut_otherwise_or_was_planted_is_read_anew() {
    let forge = forged(700, 700, "");
    let mut tree = Tree::default();
    (0..700).for_each(|seq| tree.push(forge.id(seq)));
    let signed = |size| {
        Checkpoint::sign(&ORIGIN.parse().unwrap(), size, tree.root(size).unwrap(), &checkpoint())
    };
    let show = |case: &Case, sizes: &mut dyn Iterator<Item = u64>, size| {
        let _ = fs::remove_dir_all(case.origin.join("checkpoints"));
        let all: Vec<Checkpoint> = sizes.map(signed).collect();
        let place = Place::open(case.origin.to_str().unwrap(), &[]).unwrap();
        history::publish(&place, &all).unwrap();
        forge.publish(&case.origin, size, &checkpoint());
    };
    let case = Case::new();
    show(&case, &mut (100..=500), 600);
    case.sync().unwrap();
    show(&case, &mut (1..=650), 660);
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 600, to: 660 });
    assert_eq!(case.served_earlier().len(), 650);
    // A full file that nobody signed is left by a sync that fails before it is seen.
    let case = Case::new();
    show(&case, &mut (1..=600), 650);
    let full = case.origin.join("checkpoints/000");
    let unsigned = fs::read_to_string(&full).unwrap().replace("\n256\n", "\n599\n");
    fs::write(&full, unsigned).unwrap();
    case.sync().unwrap_err();
    show(&case, &mut (1..=600), 650);
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 0, to: 650 });
}

#[test]
fn what_was_cosigned_is_remembered_without_what_is_served() {
    let case = Case::new();
    forged(5, 3, "one").publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    fs::remove_file(case.held.public().join(CHECKPOINT)).unwrap();
    forged(6, 3, "other").publish(&case.origin, 6, &checkpoint());
    case.proven();
    // It is told even if the larger history comes first.
    let case = Case::new();
    let forge = forged(6, 3, "one");
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    let followed = case.held.followed().unwrap();
    case.mirror.remove(ORIGIN, true).unwrap();
    case.mirror.add(&followed).unwrap();
    forged(4, 3, "other").publish(&case.origin, 4, &checkpoint());
    assert_eq!(case.sync().unwrap(), Synced::Stale { published: 4, held: 5 });
    forge.publish(&case.origin, 6, &checkpoint());
    case.proven();
}

#[test]
fn a_second_history_in_the_list_of_checkpoints_is_not_forgotten() {
    let other = |size: u64, key: &SigningKey| {
        let elsewhere = tempfile::tempdir().unwrap();
        forged(size, 3, "other").publish(elsewhere.path(), size, key)
    };
    let list = |case: &Case, one: &Checkpoint| {
        fs::create_dir_all(case.origin.join("checkpoints")).unwrap();
        fs::write(case.origin.join(TAIL), format!("full 0\n\n{one}")).unwrap();
    };
    // Of a size that is held, while the entries are not to be had.
    let case = Case::new();
    let forge = forged(9, 3, "one");
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    forge.publish(&case.origin, 9, &checkpoint());
    list(&case, &other(5, &checkpoint()));
    fs::remove_dir_all(case.origin.join("tile/entries")).unwrap();
    case.proven();
    // Larger than what is published.
    let case = Case::new();
    forge.publish(&case.origin, 5, &checkpoint());
    list(&case, &other(7, &checkpoint()));
    case.sync().unwrap();
    fs::remove_file(case.origin.join(TAIL)).unwrap();
    forge.publish(&case.origin, 8, &checkpoint());
    case.proven();
    // By a key that was replaced since.
    let case = Case::new();
    let mut forge = forged(5, 3, "one");
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    let next = keyring::key("next checkpoints");
    replaced(&mut forge, &next, Some(false));
    forge.publish(&case.origin, 7, &next);
    list(&case, &other(4, &checkpoint()));
    assert_eq!(*case.proven().key(), vkey(&checkpoint()));
}

#[test]
fn a_second_history_is_not_forgotten_because_nothing_can_be_taken_with_it() {
    let other = |size: u64| {
        let elsewhere = tempfile::tempdir().unwrap();
        forged(size, 3, "other").publish(elsewhere.path(), size, &checkpoint())
    };
    let unsigned = |size: u64| {
        format!("{ORIGIN}\n{size}\n{}=\n\n\u{2014} {ORIGIN} AAAAAAAA\n", "A".repeat(43))
    };
    let forge = forged(60, 3, "one");
    for (shown, size, unsigneds, bundles) in [(7, 8, 0, false), (50, 8, 30, true)] {
        let case = Case::new();
        forge.publish(&case.origin, 5, &checkpoint());
        case.sync().unwrap();
        let notes = (0..unsigneds).map(|n| unsigned(10 + n)).chain([other(shown).to_string()]);
        let list: Vec<String> = notes.collect();
        fs::create_dir_all(case.origin.join("checkpoints")).unwrap();
        fs::write(case.origin.join(TAIL), format!("full 0\n\n{}", list.join("\n"))).unwrap();
        forge.publish(&case.origin, size, &checkpoint());
        if !bundles {
            fs::remove_dir_all(case.origin.join("tile/entries")).unwrap();
        }
        let _ = case.sync();
        fs::remove_file(case.origin.join(TAIL)).unwrap();
        forge.publish(&case.origin, 60, &checkpoint());
        case.proven();
    }
}

#[test]
fn an_older_copy_of_what_is_served_lets_no_second_history_in() {
    let case = Case::with_witness();
    let forge = forged(9, 4, "one");
    witnessed(&case, &forge, 3);
    case.sync().unwrap();
    let old = case.served(CHECKPOINT).unwrap();
    witnessed(&case, &forge, 5);
    case.sync().unwrap();
    fs::write(case.held.public().join(CHECKPOINT), old).unwrap();
    forged(6, 4, "other").publish(&case.origin, 6, &checkpoint());
    case.proven();
    // Where it is lost, what was served beside it is not.
    let case = Case::with_witness();
    witnessed(&case, &forge, 3);
    case.sync().unwrap();
    witnessed(&case, &forge, 5);
    case.sync().unwrap();
    fs::remove_file(case.held.public().join(CHECKPOINT)).unwrap();
    forge.publish(&case.origin, 9, &checkpoint());
    case.sync().unwrap();
    let earlier = case.served_earlier();
    assert_eq!(earlier.iter().map(Checkpoint::size).collect::<Vec<_>>(), [3, 5]);
    for one in &earlier {
        assert_eq!(one.signed_by(&witness_vkey()), Signed::Holds(NOW), "{}", one.size());
    }
}

#[test]
fn what_an_interrupted_sync_left_counts_among_the_bytes() {
    let most = 100_000;
    let case = Case::with(|followed| {
        followed.keys.push(vkey(&checkpoint()).to_string());
        followed.limits.bytes = most;
    });
    let forge = forged(700, 700, "");
    forge.publish(&case.origin, 700, &checkpoint());
    for _ in 0..5 {
        assert!(matches!(case.sync(), Err(MirrorError::TooLarge { .. })));
    }
}

#[test]
fn damaged_files_of_its_own_keep_no_mirror_from_following() {
    let case = Case::new();
    let forge = forged(600, 600, "");
    forge.publish(&case.origin, 300, &checkpoint());
    case.sync().unwrap();
    let tile = case.held.public().join("tile/0/000");
    let good = fs::read(&tile).unwrap();
    fs::write(&tile, "damaged").unwrap();
    fs::write(case.held.state_dir.join("seen.json"), "damaged").unwrap();
    forge.publish(&case.origin, 600, &checkpoint());
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 300, to: 600 });
    assert_eq!(fs::read(&tile).unwrap(), good);
    assert!(case.held.state_dir.join("seen.json.damaged").exists());
}

#[test]
fn lines_of_strangers_leave_room_for_the_mirrors_own() {
    let case = Case::new();
    let forge = forged(9, 9, "");
    let theirs = witnessed(&case, &forge, 5).to_string();
    for filled in [65_536, 65_500, 65_300] {
        let line = "\u{2014} stranger.example ";
        let room = (filled - theirs.len() - line.len() - 1) / 4 * 4;
        let padded = format!("{theirs}{line}{}\n", "A".repeat(room));
        assert!(padded.parse::<Checkpoint>().is_ok(), "{filled}");
        fs::write(case.origin.join(CHECKPOINT), padded).unwrap();
        case.sync().unwrap();
        let held = case.held.checkpoint().unwrap().unwrap();
        assert_eq!(case.held.cosigned(&held), Some(NOW), "{filled}");
    }
    witnessed(&case, &forge, 9);
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 5, to: 9 });
}

#[test]
fn a_history_that_is_shown_once_without_its_entries_is_proven_when_the_ledger_grows() {
    for (shown, to) in [(5, 5), (5, 9), (7, 8)] {
        let case = Case::new();
        forged(3, 3, "").publish(&case.origin, 3, &checkpoint());
        case.sync().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let other = forged(shown, 3, "other").publish(elsewhere.path(), shown, &checkpoint());
        fs::write(case.origin.join(CHECKPOINT), other.to_string()).unwrap();
        case.sync().unwrap_err();
        forged(to, 3, "one").publish(&case.origin, to, &checkpoint());
        let proof = case.proven();
        assert!([proof.smaller(), proof.larger()].contains(&&other), "{shown} {to}");
        assert_eq!(case.size(), Some(3));
    }
    // What turns out to be of the same history is let go of.
    let case = Case::new();
    let forge = forged(9, 9, "");
    forge.publish(&case.origin, 3, &checkpoint());
    case.sync().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let same = forge.publish(elsewhere.path(), 5, &checkpoint());
    fs::write(case.origin.join(CHECKPOINT), same.to_string()).unwrap();
    case.sync().unwrap_err();
    assert_eq!(case.held.seen().unwrap(), [same]);
    forge.publish(&case.origin, 9, &checkpoint());
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 3, to: 9 });
    assert!(case.held.seen().unwrap().is_empty());
}

#[test]
fn of_two_histories_that_are_shown_without_entries_the_second_is_the_proof() {
    let case = Case::new();
    forged(3, 3, "").publish(&case.origin, 3, &checkpoint());
    case.sync().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for history in ["one", "other"] {
        let theirs = forged(5, 3, history).publish(elsewhere.path(), 5, &checkpoint());
        fs::write(case.origin.join(CHECKPOINT), theirs.to_string()).unwrap();
        if history == "one" {
            case.sync().unwrap_err();
        } else {
            case.proven();
        }
    }
}

#[test]
fn two_histories_on_either_side_of_a_replaced_key_are_proven_by_an_earlier_checkpoint() {
    for (revoked, proven) in [(None, true), (Some(false), true), (Some(true), false)] {
        for other_size in [4, 6, 9] {
            let case = Case::new();
            let mut forge = forged(5, 3, "one");
            forge.publish(&case.origin, 5, &checkpoint());
            case.sync().unwrap();
            let next = keyring::key("next checkpoints");
            replaced(&mut forge, &next, revoked);
            let size = forge.size();
            forge.publish(&case.origin, size, &next);
            assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 5, to: size });
            forged(other_size, 3, "other").publish(&case.origin, other_size, &checkpoint());
            let told = format!("revoked: {revoked:?}, other of {other_size}");
            if proven {
                let proof = case.proven();
                assert_eq!(*proof.key(), vkey(&checkpoint()), "{told}");
            } else {
                assert!(case.refused().starts_with("broken publication: "), "{told}");
                assert!(case.held.equivocations().unwrap().is_empty(), "{told}");
            }
        }
    }
}

#[test]
fn a_key_that_is_not_known_is_looked_for_among_few_entries_alone() {
    let case = Case::new();
    let mut forge = forged(5, 5, "");
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    let stranger = keyring::key("stranger");
    forge.note("bug-1");
    forge.publish(&case.origin, 6, &stranger);
    assert!(case.refused().contains("checkpoint"), "nothing grants it");
    let next = keyring::key("next checkpoints");
    for _ in 0..4096 {
        forge.note("bug-1");
    }
    replaced(&mut forge, &next, None);
    forge.publish(&case.origin, forge.size(), &next);
    assert!(case.refused().contains("no known key"), "too far");
    // By way of a checkpoint that a known key signed it is near.
    forge.publish(&case.origin, 4000, &checkpoint());
    case.sync().unwrap();
    forge.publish(&case.origin, forge.size(), &next);
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 4000, to: forge.size() });
}

#[test]
fn texts_that_are_not_of_the_ledger_are_not_served() {
    let case = Case::new();
    let forge = forged(9, 9, "");
    let stranger = keyring::key("stranger");
    let ours = format!("{}\n", vkey(&checkpoint()));
    let policy = format!("log {ours}quorum none\n");
    for (size, text, other, served) in [
        (3, "anything".to_owned(), "anything".to_owned(), false),
        (
            4,
            format!("{}\n", vkey(&stranger)),
            format!("log {}\nquorum none\n", vkey(&stranger)),
            false,
        ),
        (5, ours.clone(), policy.clone(), true),
    ] {
        forge.publish(&case.origin, size, &checkpoint());
        fs::write(case.origin.join("ledger.vkey"), &text).unwrap();
        fs::write(case.origin.join("policy"), &other).unwrap();
        case.sync().unwrap();
        assert_eq!(case.served("ledger.vkey"), served.then_some(text), "{size}");
        assert_eq!(case.served("policy"), served.then_some(other), "{size}");
    }
}

#[test]
fn a_ledger_that_is_followed_again_has_to_extend_what_was_cosigned() {
    for files in [true, false] {
        let case = Case::new();
        let forge = forged(5, 3, "one");
        forge.publish(&case.origin, 5, &checkpoint());
        case.sync().unwrap();
        let followed = case.held.followed().unwrap();
        case.mirror.remove(ORIGIN, files).unwrap();
        assert_eq!(case.served(CHECKPOINT).is_none(), files);
        case.mirror.add(&followed).unwrap();
        forge.publish(&case.origin, 4, &checkpoint());
        assert_eq!(case.sync().unwrap(), Synced::Stale { published: 4, held: 5 });
        forged(6, 3, "other").publish(&case.origin, 6, &checkpoint());
        case.proven();
        // The proof outlives the files.
        case.mirror.remove(ORIGIN, true).unwrap();
        case.mirror.add(&followed).unwrap();
        forge.publish(&case.origin, 5, &checkpoint());
        assert!(matches!(case.sync().unwrap(), Synced::Equivocation { new: false, .. }));
    }
    let case = Case::new();
    let forge = forged(9, 9, "");
    forge.publish(&case.origin, 5, &checkpoint());
    case.sync().unwrap();
    let followed = case.held.followed().unwrap();
    case.mirror.remove(ORIGIN, true).unwrap();
    case.mirror.add(&followed).unwrap();
    forge.publish(&case.origin, 9, &checkpoint());
    assert_eq!(case.sync().unwrap(), Synced::Advanced { from: 0, to: 9 });
}

#[test]
fn an_origin_that_looks_like_a_folder_is_found() {
    let case = Case::new();
    let origin = "0123456789abcdef".repeat(4);
    let followed = Followed::new(&origin, "/nowhere", Limits::default());
    case.mirror.add(&followed).unwrap();
    assert_eq!(case.mirror.ledger(&origin).unwrap().followed().unwrap(), followed);
    case.mirror.remove(&origin, true).unwrap();
}
