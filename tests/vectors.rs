//! The test vectors: the verifier reaches the verdict that each file states, the files are built
//! again to the same bytes, and every code has one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tally_ledger::equivocation::Equivocation;
use tally_ledger::fault::Code;
use tally_ledger::hash::Hash;
use tally_ledger::note::Checkpoint;
use tally_ledger::proof::{self, FIRST_LINE, Proven};
use tally_ledger::receipt;
use tally_ledger::replay::{Content, Fact, Timeline};
use tally_ledger::verify::{self, Completeness, NoticeKind, Pins, ReadError, VerifiedLedger};
use tally_testkit::keyring;
use tally_testkit::vector::Vector;
use tally_testkit::vectors;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

/// The committed files, by name.
fn committed() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for file in fs::read_dir(folder()).expect("the folder of the vectors") {
        let path = file.expect("a file of the folder").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        if name != "README.md" {
            let text = fs::read_to_string(&path).expect("a vector is text");
            files.insert(name.to_owned(), text);
        }
    }
    files
}

fn read() -> Vec<Vector> {
    let vector = |(name, text): (&String, &String)| {
        let name = name.strip_suffix(".vector").expect("a vector is named so");
        Vector::parse(name, text).expect("a vector of the form")
    };
    committed().iter().map(vector).collect()
}

fn pins(vector: &Vector) -> Pins {
    let policy: Vec<&str> = vector.values("policy").collect();
    let seen = |line: &str| {
        let (size, root) = line.split_once(' ').expect("a size and a root");
        // A pin is compared by size and root; the signature of the note does not matter.
        let key = keyring::key("whoever");
        let origin = "ledger.example/seen".parse().expect("an origin");
        let note = Checkpoint::sign(&origin, 1, Hash::of(b""), &key).to_string();
        let (start, signatures) = note.split_once("\n\n").expect("a note");
        let name = start.lines().next().expect("three lines");
        let text = format!("{name}\n{size}\n{root}\n\n{signatures}");
        text.parse::<Checkpoint>().expect("a checkpoint seen before")
    };
    Pins {
        keys: vector.values("pin").map(|key| key.parse().expect("a vkey")).collect(),
        policy: (!policy.is_empty()).then(|| policy.join("\n").parse().expect("a policy")),
        ledger_id: vector.value("ledger-id").map(|id| id.parse().expect("an id")),
        seen: vector.values("seen").map(seen).collect(),
    }
}

/// The words of what was reported, by verification and by replay.
fn reports(ledger: &VerifiedLedger) -> BTreeSet<&'static str> {
    let verification = ledger.verification();
    let timeline = Timeline::replay(ledger);
    let facts = timeline.facts();
    let not_understood = |fact: &Fact| matches!(*fact.original.content, Content::NotUnderstood(_));
    let mut words: BTreeSet<&str> = verification
        .notices
        .iter()
        .map(|notice| match notice.kind {
            NoticeKind::ClockBackwards { .. } => "clock-backwards",
            NoticeKind::SuccessorWithoutNext => "no-next",
            NoticeKind::AppearedLate { .. } => "appeared-late",
            NoticeKind::Marked { .. } => "marked",
        })
        .collect();
    let evidence = &verification.evidence;
    for (word, so) in [
        ("withheld", !verification.withheld.is_empty()),
        ("link-not-checked", verification.unchecked_links > 0),
        ("evidence-unnamed", !evidence.unnamed.is_empty()),
        ("evidence-absent", evidence.absent > 0),
        ("not-understood", facts.iter().any(not_understood)),
        ("commitment-copied", facts.iter().any(|fact| !fact.copied.is_empty())),
    ] {
        if so {
            words.insert(word);
        }
    }
    words
}

/// What is wrong with the verifier's answer to a vector, or nothing.
fn judge(vector: &Vector) -> Option<String> {
    let expect = vector.value("expect").expect("a verdict");
    if vector.name.starts_with("equivocation-") {
        let found = equivocation(vector);
        return (found != expect).then(|| format!("expected {expect}, found {found}"));
    }
    if let Some(proven) = proof(vector) {
        let decided = proven.fault().or(proven.unchecked()).map(|check| check.name);
        let found = (proven.verdict().name(), decided);
        let expected = (expect, vector.value("check"));
        return (found != expected).then(|| format!("expected {expected:?}, found {found:?}"));
    }
    let ledger = match verify::ledger(&vector.bytes[..], &pins(vector)) {
        Ok(ledger) => ledger,
        Err(ReadError::NotALedger { .. }) if expect == "unrecognised" => return None,
        Err(error) => return Some(error.to_string()),
    };
    let verification = ledger.verification();
    let fault = verification.fault.as_ref();
    let found = (
        verification.verdict().name(),
        fault.map(|fault| fault.code.name()),
        fault.and_then(|fault| fault.seq).map(|seq| seq.to_string()),
    );
    let expected = (expect, vector.value("code"), vector.value("seq").map(str::to_owned));
    if found != expected {
        let fault = fault.map(ToString::to_string);
        return Some(format!("expected {expected:?}, found {found:?}: {fault:?}"));
    }
    let reported = reports(&ledger);
    let wanted = vector.value("report").into_iter().flat_map(|words| words.split(','));
    let missing: Vec<&str> = wanted.filter(|word| !reported.contains(word)).collect();
    if !missing.is_empty() {
        return Some(format!("expected the reports {missing:?}, found {reported:?}"));
    }
    let complete = match verification.completeness {
        Completeness::Whole => "whole",
        Completeness::Shown => "shown",
        Completeness::NotChecked => "not-checked",
    };
    vector
        .value("complete")
        .filter(|wanted| *wanted != complete)
        .map(|wanted| format!("expected complete: {wanted}, found {complete}"))
}

/// What checking a proof comes to, if the vector holds one.
fn proof(vector: &Vector) -> Option<Proven> {
    let seen = vector.values("checkpoint").map(|note| {
        let note = STANDARD.decode(note).expect("base64");
        String::from_utf8(note).expect("text").parse().expect("a checkpoint")
    });
    let pins = Pins { seen: seen.collect(), ..pins(vector) };
    let bytes = &vector.bytes;
    if bytes.starts_with(FIRST_LINE.as_bytes()) {
        Some(proof::verify_inclusion(bytes, &pins))
    } else if bytes.starts_with(b"old ") {
        Some(proof::verify_consistency(bytes, &pins))
    } else if bytes.starts_with(&receipt::BEGINNING) {
        Some(proof::verify_receipt(bytes, &pins))
    } else {
        None
    }
}

/// What the checker of equivocations says of a vector, whose key has to be the one that is pinned.
fn equivocation(vector: &Vector) -> &'static str {
    let text = String::from_utf8_lossy(&vector.bytes);
    let Ok(stated) = text.parse::<Equivocation>() else {
        return "unrecognised";
    };
    let pinned = pins(vector).keys.contains(stated.key());
    if pinned && stated.check().is_ok() { "proven" } else { "not-proven" }
}

#[test]
fn every_vector_gets_the_verdict_that_it_states() {
    let vectors = read();
    let wrong: Vec<String> = vectors
        .iter()
        .filter_map(|vector| Some(format!("{}: {}", vector.name, judge(vector)?)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
    assert!(vectors.len() > 400, "{} vectors", vectors.len());
}

#[test]
fn building_the_vectors_again_gives_the_same_bytes() {
    let committed = committed();
    let built: BTreeMap<String, String> = vectors::all()
        .iter()
        .map(|vector| (format!("{}.vector", vector.name), vector.to_string()))
        .collect();
    for (name, text) in &built {
        let same = committed.get(name) == Some(text);
        assert!(same, "{name} differs: run the example regenerate and compare");
    }
    for name in committed.keys() {
        assert!(built.contains_key(name), "nothing builds {name}");
    }
}

#[test]
fn every_code_has_a_vector() {
    let vectors = read();
    let codes: BTreeSet<&str> = vectors.iter().filter_map(|v| v.value("code")).collect();
    for code in Code::ALL {
        assert!(codes.contains(code.name()), "no vector fails with {code}");
    }
    assert_eq!(codes.len(), Code::ALL.len(), "a vector names a code that is none");
}

#[test]
fn a_wrong_verdict_is_noticed() {
    let good = &read()[..];
    let passed = good.iter().find(|vector| vector.value("expect") == Some("whole"));
    let mut wrong = passed.expect("a vector that passes").clone();
    wrong.lines[0].1 = "not-whole".to_owned();
    assert!(judge(&wrong).is_some());
    let failed = good.iter().find(|vector| vector.value("code") == Some("feeds"));
    let mut wrong = failed.expect("a vector that fails").clone();
    for line in wrong.lines.iter_mut().filter(|(key, _)| key == "seq") {
        line.1.push('0');
    }
    assert!(judge(&wrong).is_some());
}
