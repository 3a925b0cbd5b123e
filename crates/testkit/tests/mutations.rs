//! Hostile bytes: whatever is done to entries and containers, reading them ends in an answer.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use tally_ledger::cbor::{self, Keys};
use tally_ledger::entry::Entry;
use tally_ledger::verify::{self, Pins, Verdict};
use tally_testkit::golden;
use tally_testkit::vectors;

/// The entries of the golden ledger.
static ENTRIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files = golden::files();
    let mut rest = &files["ledger.tally"][..];
    let mut entries = Vec::new();
    while let Ok(length) = cbor::check_prefix(rest, Keys::Text) {
        let (_, _, head) = cbor::head(rest).expect("a head");
        entries.extend((rest[0] == 0x59).then(|| rest[head..length].to_vec()));
        rest = &rest[length..];
    }
    entries
});

/// Small containers, sound and not.
static CONTAINERS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let all = vectors::all().into_iter().map(|vector| vector.bytes);
    all.filter(|bytes| (8..4096).contains(&bytes.len())).collect()
});

/// The same cases on every run, unless `PROPTEST_RNG_SEED` names a seed; a failure prints what it
/// fails on, and nothing is written into the sources.
fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    config.cases = cases;
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    config
}

const SEED: u64 = 20_261_122;

/// One change to some bytes.
#[derive(Debug, Clone)]
enum Change {
    Put(Index, u8),
    Insert(Index, u8),
    Remove(Index, u8),
    Copy(Index, Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        (any::<Index>(), 1u8..40).prop_map(|(at, n)| Change::Remove(at, n)),
        (any::<Index>(), any::<Index>(), 1u8..40).prop_map(|(a, b, n)| Change::Copy(a, b, n)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let place = |at: &Index| at.index(bytes.len());
    match change {
        Change::Put(at, byte) => {
            let at = place(at);
            bytes[at] = *byte;
        }
        Change::Insert(at, byte) => bytes.insert(place(at), *byte),
        Change::Remove(at, n) => {
            let at = place(at);
            let end = bytes.len().min(at + usize::from(*n));
            bytes.drain(at..end);
        }
        Change::Copy(from, to, n) => {
            let (from, to) = (place(from), place(to));
            let block = bytes[from..bytes.len().min(from + usize::from(*n))].to_vec();
            bytes.splice(to..to, block);
        }
    }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn an_entry_is_read_to_an_entry_or_a_fault(
        which in any::<Index>(), changes in vec(change(), 0..4),
    ) {
        let mut bytes = which.get(&ENTRIES[..]).clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        match Entry::parse(bytes.clone(), None) {
            Ok(entry) => {
                prop_assert_eq!(entry.bytes(), &bytes[..]);
                // What was read says all that was signed.
                let payload = cbor::encode(&entry.payload().to_value());
                let signed = entry.signed_bytes();
                prop_assert!(signed.ends_with(&payload));
            }
            Err(fault) => {
                prop_assert!(!fault.expected.is_empty() && !fault.found.is_empty());
                let within = fault.offset.is_none_or(|offset| offset <= bytes.len());
                prop_assert!(within, "{fault}");
            }
        }
    }

    #[test]
    fn a_container_is_verified_to_a_verdict(
        which in any::<Index>(), changes in vec(change(), 1..4),
    ) {
        let mut bytes = which.get(&CONTAINERS[..]).clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        if let Ok(verification) = verify::stream(&bytes[..], &Pins::default(), |_| ()) {
            prop_assert_ne!(verification.verdict(), Verdict::Whole);
            prop_assert!(verification.checks().len() > 8);
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_answer(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(Entry::parse(bytes.clone(), None).is_err());
        let container = [&b"\xa4\x65tally\x66bundle"[..], &bytes].concat();
        let verification = verify::stream(&container[..], &Pins::default(), |_| ()).unwrap();
        prop_assert!(verification.fault.is_some());
    }
}
