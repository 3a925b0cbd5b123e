//! `tally serve`: serves a published ledger by HTTP.

use std::path::PathBuf;

use clap::Args;
use tally_mirror::serve::{self, Limits, NotServed, ServeError, Server, Site};

use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally serve`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally publish /srv/www/incidents
  tally serve /srv/www/incidents

Speaks HTTP/1.1 without TLS: let a reverse proxy stand before it. Any web
server serves the same files as well. Ends on SIGTERM or SIGINT, once what was
asked is answered. GET /health and GET /metrics are for whoever operates it.")]
pub struct ServeArgs {
    /// The directory that `tally publish` wrote
    pub dir: PathBuf,

    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: String,
}

/// Serves until the process is told to end.
///
/// # Errors
///
/// Fails if nothing is published in the directory, or the address is taken.
pub fn run(args: &ServeArgs, context: &mut Context) -> Result<Status, Failure> {
    let site = serve::published(&args.dir).map_err(|e| not_served(&e))?;
    until_told(site, &args.listen, context)
}

/// Serves a site at an address until the process is told to end.
///
/// # Errors
///
/// Fails if the address is taken.
pub fn until_told(site: Site, listen: &str, context: &mut Context) -> Result<Status, Failure> {
    let server = Server::bind(listen).map_err(|e| not_listening(&e))?;
    context.out.talk(&format!("listening at http://{}", server.address()));
    let ended = server.run(site, &Limits::default());
    match ended.cut {
        0 => context.out.talk("told to end; every request was answered"),
        cut => context.out.talk(&format!("told to end; {cut} connections were cut")),
    }
    Ok(Status::Clean)
}

fn not_served(e: &NotServed) -> Failure {
    let hint = match e {
        NotServed::Private { .. } => {
            "never serve a directory with keys; publish with: tally publish DIR --ledger LEDGER"
        }
        NotServed::NothingPublished { .. } => "name the directory that `tally publish` wrote",
    };
    Failure::new(e.to_string()).hint(hint)
}

fn not_listening(e: &ServeError) -> Failure {
    let hint = match e {
        ServeError::Listen { .. } => "choose a free address with --listen, such as 127.0.0.1:0",
        ServeError::Setup(_) => "see that the system has threads and files to spare",
    };
    Failure::new(e.to_string()).hint(hint)
}
