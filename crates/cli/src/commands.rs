//! The commands, one module each.

pub mod accept;
pub mod audit;
pub mod capture;
pub mod check;
pub mod checkpoint;
pub mod claims;
pub mod completions;
pub mod demo;
pub mod disclose;
pub mod diverge;
pub mod doctor;
pub mod event;
pub mod explain;
pub mod export;
pub mod init;
pub mod key;
pub mod list;
pub mod mirror;
pub mod policies;
pub mod prove;
pub mod publish;
pub mod reconstruct;
pub mod record;
pub mod reply;
pub mod restore;
pub mod serve;
pub mod show;
pub mod timeline;
pub mod trust;
pub mod verify;
pub mod witness;

use crate::args::Command;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// Runs one command.
///
/// # Errors
///
/// Fails if the command could not run.
pub fn run(command: &Command, context: &mut Context) -> Result<Status, Failure> {
    match command {
        Command::Demo(args) => demo::run(args, context),
        Command::Disclose(args) => disclose::run(args, context),
        Command::Diverge(args) => diverge::run(args, context),
        Command::Audit(args) => audit::run(args, context),
        Command::Accept(args) => accept::run(args, context),
        Command::Check(args) => check::run(args, context),
        Command::Restore(args) => restore::run(args, context),
        Command::Reply(args) => reply::run(args, context),
        Command::Claims(args) => claims::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Init(args) => init::run(args, context),
        Command::Record(args) => record::run(args, context),
        Command::Event(command) => event::run(command, context),
        Command::Show(args) => show::run(args, context),
        Command::List(args) => list::run(args, context),
        Command::Mirror(args) => mirror::run(args, context),
        Command::Capture(args) => capture::run(args, context),
        Command::Reconstruct(args) => reconstruct::run(args, context),
        Command::Checkpoint(args) => checkpoint::run(args, context),
        Command::Export(args) => export::run(args, context),
        Command::Publish(args) => publish::run(args, context),
        Command::Prove(args) => prove::run(args, context),
        Command::Serve(args) => serve::run(args, context),
        Command::Witness(args) => witness::run(args, context),
        Command::Verify(args) => verify::run(args, context),
        Command::Key(args) => key::run(args, context),
        Command::Timeline(args) => timeline::run(args, context),
        Command::Trust(args) => trust::run(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Completions(args) => completions::run(args, context),
    }
}
