//! The golden ledger: it is built again to the same bytes, and no change to it goes unseen.

use std::fs;
use std::path::PathBuf;

use tally_ledger::verify::{self, Completeness, NoticeKind, Pins, Verdict, VerifiedLedger};
use tally_testkit::golden;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("a golden file")
}

fn pins() -> Pins {
    let vkey = String::from_utf8(file("ledger.vkey")).expect("a vkey is text");
    Pins { keys: vec![vkey.trim_end().parse().expect("a vkey")], ..Pins::default() }
}

fn verified(bytes: &[u8]) -> VerifiedLedger {
    verify::ledger(bytes, &pins()).expect("a bundle or extract")
}

#[test]
fn building_the_golden_files_again_gives_the_same_bytes() {
    let built = golden::files();
    for (name, content) in &built {
        assert!(file(name) == *content, "{name} differs: run the example regenerate and compare");
    }
    for found in fs::read_dir(folder()).unwrap() {
        let name = found.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || built.contains_key(&name), "nothing builds {name}");
    }
    assert!(built["ledger.tally"].len() <= golden::SIZE_MAX);
}

#[test]
fn the_golden_ledger_is_whole_under_its_pin() {
    let ledger = verified(&file("ledger.tally"));
    let verification = ledger.verification();
    assert_eq!(verification.fault, None);
    assert_eq!(verification.verdict(), Verdict::Whole);
    assert_eq!((verification.entries, ledger.entries().len()), (16, 16));
    assert!(verification.checkpoints.iter().all(|checkpoint| checkpoint.sound));
    assert_eq!((verification.evidence.held, verification.evidence.absent), (1, 0));
    let notices: Vec<u64> = verification.notices.iter().map(|notice| notice.seq).collect();
    assert_eq!(notices, [8, 13]);
    assert!(matches!(verification.notices[0].kind, NoticeKind::ClockBackwards { .. }));
    assert!(matches!(verification.notices[1].kind, NoticeKind::Marked { from: 0, .. }));
}

#[test]
fn each_golden_checkpoint_is_in_the_bundle() {
    let ledger = verified(&file("ledger.tally"));
    for state in &ledger.verification().checkpoints {
        let text = String::from_utf8(file(&format!("checkpoint.{}", state.size))).unwrap();
        let checkpoint: tally_ledger::note::Checkpoint = text.parse().unwrap();
        assert_eq!(checkpoint.root(), state.root);
        assert_eq!(text.lines().filter(|line| line.starts_with('\u{2014}')).count(), 1);
    }
}

#[test]
fn the_golden_extract_is_whole_and_holds_nothing_else() {
    let extract = verified(&file("extract.tally"));
    let verification = extract.verification();
    assert_eq!(verification.fault, None);
    assert_eq!(verification.verdict(), Verdict::Whole);
    assert_eq!(verification.completeness, Completeness::NotChecked);
    let seqs: Vec<u64> = extract.entries().iter().map(|entry| entry.payload().seq).collect();
    assert_eq!(seqs, [0, 1, 2, 3, 4, 5, 7, 8, 12, 13, 15]);
}
