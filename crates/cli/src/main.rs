//! The binary `tally`; what it does is in the library of the same crate.

fn main() -> std::process::ExitCode {
    tally_cli::main()
}
