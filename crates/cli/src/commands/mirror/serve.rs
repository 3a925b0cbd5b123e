//! `tally mirror serve`: serves what a mirror holds by HTTP.

use std::path::PathBuf;

use clap::Args;
use tally_mirror::mirror::{Mirror, site};

use super::refused;
use crate::commands::serve::until_told;
use crate::context::Context;
use crate::failure::{Failure, Status};

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Serves public/ and a page that lists the ledgers. Run beside it:
  tally mirror sync DIR --watch
Any web server may serve public/ as well.")]
pub(super) struct ServeArgs {
    /// The mirror's directory
    dir: PathBuf,

    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
}

pub(super) fn run(args: &ServeArgs, context: &mut Context) -> Result<Status, Failure> {
    let mirror = Mirror::open(&args.dir).map_err(refused)?;
    until_told(site(&mirror), &args.listen, context)
}
