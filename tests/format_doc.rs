//! docs/FORMAT.md is true: its worked example is what the code reads, and its table of fault codes
//! is the code's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tally_ledger::fault::Code;
use tally_ledger::note::{Checkpoint, Purpose, Signed, Vkey};
use tally_ledger::verify::{self, Pins, Verdict};

const FORMAT: &str = include_str!("../docs/FORMAT.md");

/// Returns the indented lines after the line that holds `mark`, without their indent.
fn block(mark: &str) -> Vec<&'static str> {
    let rest = &FORMAT[FORMAT.find(mark).expect("the mark stands in the document")..];
    let lines = rest.lines().skip_while(|line| !line.starts_with("    "));
    lines
        .take_while(|line| line.starts_with("    ") || line.is_empty())
        .map(|line| line.strip_prefix("    ").unwrap_or_default())
        .collect()
}

fn vkeys() -> (Vkey, Vkey) {
    let lines = block("and the vkeys of the two");
    let read = |line: &str| line.parse().expect("the document shows a vkey");
    (read(lines[0]), read(lines[1]))
}

#[test]
fn the_worked_bundle_is_whole_and_holds_the_worked_entry() {
    let bundle = STANDARD.decode(block("as a bundle without the cosignature").concat()).unwrap();
    assert_eq!(bundle.len(), 1063);
    let pins = Pins { keys: vec![vkeys().0], ..Pins::default() };
    let ledger = verify::ledger(&bundle[..], &pins).unwrap();
    assert_eq!(ledger.verification().verdict(), Verdict::Whole);
    let entry = &ledger.entries()[1];
    // The bytes stand at the start of each line; words of explanation follow after two spaces.
    let shown: String = block("one entry more, of 346 bytes")
        .iter()
        .map(|line| line.trim().split("  ").next().unwrap_or_default())
        .filter(|bytes| bytes.chars().all(|c| c.is_ascii_hexdigit() || c == ' '))
        .collect();
    assert_eq!(shown.replace(' ', ""), hex::encode(entry.bytes()));
    for id in [ledger.entries()[0].id(), entry.id(), ledger.verification().checkpoints[0].root] {
        assert!(FORMAT.contains(&format!("`{id}`")), "{id}");
    }
}

#[test]
fn the_worked_checkpoint_holds_under_both_worked_keys() {
    let note = block("at 2026-11-22T00:10:00Z").join("\n").trim_end().to_owned() + "\n";
    let checkpoint: Checkpoint = note.parse().unwrap();
    assert_eq!(checkpoint.to_string(), note);
    let (log, witness) = vkeys();
    assert_eq!((log.purpose(), witness.purpose()), (Purpose::Log, Purpose::Cosignature));
    assert_eq!(checkpoint.signed_by(&log), Signed::Holds(0));
    assert_eq!(checkpoint.signed_by(&witness), Signed::Holds(1_795_306_200));
}

#[test]
fn the_table_of_fault_codes_is_the_codes_in_order() {
    let section = FORMAT.split("\n## ").find(|s| s.starts_with("16 ")).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let listed: Vec<&str> = rows.collect();
    assert_eq!(listed, Code::ALL.map(Code::name));
}
