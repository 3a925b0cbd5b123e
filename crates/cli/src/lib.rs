//! The command `tally`: the clock, key files, the terminal and the exit status.
//!
//! Each command is a module of [`commands`] with its arguments and a function that runs it in a
//! [`context::Context`]; `demo` runs the same functions.

pub mod args;
pub mod beside;
pub mod capture;
pub mod commands;
pub mod context;
pub mod contradiction;
pub mod cosigned;
pub mod cosigner;
pub mod document;
pub mod failure;
pub mod keyfile;
pub mod ledger_dir;
pub mod output;
pub mod passphrase;
pub mod posting;
pub mod published;
pub mod reference;
pub mod report;
pub mod secret_file;
pub mod snippet;
pub mod source;
pub mod staged;
pub mod suggested;
pub mod texts;
pub mod tracker;
pub mod trust;

use std::process::ExitCode;

use clap::Parser;

use args::Tally;
use context::Context;
use failure::Failure;

/// Runs the command that the arguments name and returns the exit status.
pub fn main() -> ExitCode {
    let tally = match Tally::try_parse() {
        Ok(tally) => tally,
        Err(error) => return unread(&error),
    };
    let mut context = Context::of_process();
    if tally.quiet {
        context.out.hush();
    }
    let ran = commands::run(&tally.command, &mut context);
    let flushed = context.out.flush();
    let status = match ran.and_then(|status| flushed.map(|()| status)) {
        Ok(status) => status,
        Err(failure) => {
            output::fail(&failure);
            failure.exit()
        }
    };
    ExitCode::from(status.code())
}

/// Prints the help or version that was asked for, or what is wrong with the arguments, and returns
/// the exit status.
fn unread(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind as Kind;
    match error.kind() {
        Kind::DisplayHelp
        | Kind::DisplayVersion
        | Kind::DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
        _ => {
            let failure = Failure::usage(error);
            output::fail(&failure);
            ExitCode::from(failure.exit().code())
        }
    }
}
