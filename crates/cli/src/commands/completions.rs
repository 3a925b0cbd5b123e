//! `tally completions`: the completion script of a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Tally;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
///
/// Fails as standard output does.
pub fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Status, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Tally::command(), "tally", &mut script);
    context.out.bytes(&script)?;
    Ok(Status::Clean)
}
