//! Prints `docs/CLI.md`.
#![allow(clippy::print_stdout, reason = "its only purpose")]

fn main() {
    print!("{}", tally_cli::reference::markdown());
}
