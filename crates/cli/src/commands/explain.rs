//! `tally explain`: the page of a rule, or what a fault code means.

use clap::Args;
use tally_divergence::rules::{self, RULES};
use tally_ledger::fault::Code;

use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The code of a rule, such as T101, or of a fault, such as prev; all codes if none is named
    pub code: Option<String>,
}

/// Prints the page, or the list of codes.
///
/// # Errors
///
/// Fails if there is no such code.
pub fn run(args: &ExplainArgs, context: &mut Context) -> Result<Status, Failure> {
    let Some(code) = &args.code else {
        for rule in RULES {
            context.out.result(&format!("{:<18} {}: {}", rule.code, rule.family, rule.title))?;
        }
        for code in Code::ALL {
            context.out.result(&format!("{:<18} fault of verification", code.name()))?;
        }
        return Ok(Status::Clean);
    };
    if let Some(rule) = rules::rule(code) {
        context.out.result(rule.explanation)?;
        return Ok(Status::Clean);
    }
    match Code::ALL.into_iter().find(|fault| fault.name() == code) {
        Some(fault) => context.out.result(&format!(
            "{fault}: {}\n\nThe least (entry, step) is the first fault, in the order of \
             docs/FORMAT.md, section 16.\nWhat precedes it still counts.",
            fault.meaning()
        ))?,
        None => {
            return Err(Failure::new(format!("no rule and no fault has the code {code:.40}"))
                .hint("see all codes with: tally explain"));
        }
    }
    Ok(Status::Clean)
}
