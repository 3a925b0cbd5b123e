//! `tally explain`: the page of a rule or of a check of drafts, or what a fault code means.

use clap::Args;
use tally_divergence::rules::{self, RULES};
use tally_intake::draft::{self, CHECKS};
use tally_ledger::fault::Code;
use tally_report::text::wrapped;

use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The code of a rule, such as T101, of a check of drafts, such as D041, or of a fault, such as
    /// prev; all codes if none is named
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
            let text = format!("{}: {}", rule.family, rule.title);
            let line = wrapped(&format!("{:<18} ", rule.code), &text, context.out.width);
            context.out.result(&line)?;
        }
        for check in CHECKS {
            let text = format!("draft: {}", check.title);
            let line = wrapped(&format!("{:<18} ", check.code), &text, context.out.width);
            context.out.result(&line)?;
        }
        for code in Code::ALL {
            context.out.result(&format!("{:<18} fault of verification", code.name()))?;
        }
        return Ok(Status::Clean);
    };
    let page = rules::rule(code).map(|rule| rule.explanation);
    if let Some(page) = page.or_else(|| draft::named(code).map(|check| check.explanation)) {
        // The pages consist of paragraphs, broken where their files are.
        let paragraphs = page
            .trim_end()
            .split("\n\n")
            .map(|paragraph| wrapped("", &paragraph.replace('\n', " "), context.out.width));
        let page: Vec<String> = paragraphs.collect();
        context.out.result(&page.join("\n\n"))?;
        return Ok(Status::Clean);
    }
    match Code::ALL.into_iter().find(|fault| fault.name() == code) {
        Some(fault) => {
            let meaning = format!("{fault}: {}", fault.meaning());
            context.out.result(&wrapped("", &meaning, context.out.width))?;
            context.out.result(
                "\nThe least (entry, step) is the first fault, in the order of docs/FORMAT.md,\n\
                 section 16. What precedes it still counts.",
            )?;
        }
        None => {
            return Err(Failure::new(format!("no rule, check or fault has the code {code:.40}"))
                .hint("see all codes with: tally explain"));
        }
    }
    Ok(Status::Clean)
}
