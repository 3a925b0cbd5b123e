//! A bundle streams through: the memory that verification takes does not grow with it.
//!
//! The only test of its process, since the peak is that of the process.
#![cfg(target_os = "linux")]

use tally_ledger::verify::{self, Pins, Verdict};
use tally_testkit::forge::vkey;
use tally_testkit::keyring::checkpoint;
use tally_testkit::mill::Mill;

/// The largest growth of the peak that is taken for noise of the allocator, in KiB.
const NOISE_KIB_MAX: u64 = 3 * 1024;

/// The peak of the memory that this process has held, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("a number of KiB")
}

#[track_caller]
fn verify_whole(count: u64) {
    let pins = Pins { keys: vec![vkey(&checkpoint())], ..Pins::default() };
    let mut seen = 0;
    let verification = verify::stream(Mill::new(count), &pins, |_| seen += 1).expect("a bundle");
    assert_eq!(verification.verdict(), Verdict::Whole, "{:?}", verification.fault);
    assert_eq!((verification.entries, seen), (count, count));
}

#[test]
fn four_times_the_entries_take_no_more_memory() {
    verify_whole(8_000);
    let before = peak_kib();
    verify_whole(32_000);
    let grown = peak_kib() - before;
    // To keep the further entries alone, some 340 bytes each, would take 8 MiB.
    assert!(grown < NOISE_KIB_MAX, "the peak grew by {grown} KiB");
}
