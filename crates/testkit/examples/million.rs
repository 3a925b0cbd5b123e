//! Verifies bundles of a hundred thousand and of a million entries, and prints the peak of the
//! memory that it took: `cargo run --release -p tally-testkit --example million`. The entries are
//! made while they are read, so the bundle itself is never in memory.

use std::error::Error;
use std::io::{self, Write};
use std::time::Instant;

use tally_ledger::verify::{self, Pins};
use tally_testkit::forge::vkey;
use tally_testkit::keyring::checkpoint;
use tally_testkit::mill::Mill;

fn main() -> Result<(), Box<dyn Error>> {
    let pins = Pins { keys: vec![vkey(&checkpoint())], ..Pins::default() };
    for count in [100_000, 1_000_000] {
        let mill = Mill::new(count);
        let began = Instant::now();
        let verification = verify::stream(mill, &pins, |_| ())?;
        writeln!(
            io::stdout(),
            "{} entries: {}, in {:.1} s, peak {}",
            verification.entries,
            verification.verdict().name(),
            began.elapsed().as_secs_f64(),
            peak()?,
        )?;
    }
    Ok(())
}

/// Returns the peak of the memory that this process has held, in the kernel's words.
fn peak() -> Result<String, io::Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.unwrap_or("unknown").trim().to_owned())
}
