//! The command `tally`: the clock, key files, the terminal and the exit status.

pub mod keyfile;
pub mod passphrase;
pub mod secret_file;

use std::process::ExitCode;

use clap::Parser;

/// Keep a signed record of an incident, and hold what was said in public against it
#[derive(Debug, Parser)]
#[command(name = "tally", version)]
struct Tally {}

/// Runs the command that the arguments name and returns the exit status.
pub fn main() -> ExitCode {
    let Tally {} = Tally::parse();
    ExitCode::SUCCESS
}
