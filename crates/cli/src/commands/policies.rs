//! Policy packs on the command line: the files that `--policy-pack` names, and
//! `tally list policies`.

use std::path::PathBuf;

use clap::Args;
use tally_divergence::Packs;
use tally_divergence::pack::{Pack, Requirement, Version};
use tally_ledger::time::When;
use tally_report::text::{escaped, wrapped};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::Format;
use crate::source;

/// The largest pack that is read, in bytes.
const PACK_MAX: u64 = 1024 * 1024;

/// The option that adds policy packs to those built in.
#[derive(Debug, Clone, Default, Args)]
pub struct PackArgs {
    /// Take clocks from this policy pack too; may be given several times; one with the id of a
    /// pack that is built in replaces that one
    #[arg(long = "policy-pack", value_name = "FILE")]
    pub policy_packs: Vec<PathBuf>,
}

impl PackArgs {
    /// Returns the packs that are built in, and those of the files.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read or is no policy pack.
    pub fn packs(&self) -> Result<Packs, Failure> {
        let mut packs = Packs::built_in();
        for path in &self.policy_packs {
            let text = source::read_text(path, PACK_MAX)?;
            packs.add(&text).map_err(|e| {
                Failure::new(format!("{} is not a policy pack: {e}", path.display()))
                    .hint("docs/DIVERGENCE.md, \"Policy packs\", says what a pack holds")
            })?;
        }
        Ok(packs)
    }
}

/// Prints what the packs ask for, in every version or in those in force at a time.
///
/// # Errors
///
/// Fails if the terminal does.
pub fn list(
    packs: &Packs,
    at: Option<&When>,
    format: Format,
    context: &mut Context,
) -> Result<(), Failure> {
    let every = || packs.all().iter().flat_map(|pack| pack.versions.iter().map(move |v| (pack, v)));
    let versions: Vec<(&Pack, &Version)> = at.map_or_else(|| every().collect(), |at| packs.at(at));
    if format == Format::Json {
        let rows: Vec<_> = versions.iter().map(|(pack, version)| row(pack, version)).collect();
        let json = serde_json::json!({ "schema": 1, "policies": rows });
        return context.out.result(&format!("{json:#}"));
    }
    if versions.is_empty() {
        return context.out.result("no policy that is known here was in force then");
    }
    for (pack, version) in versions {
        let until = version.until.as_ref().map_or(String::new(), |until| format!(" until {until}"));
        let name = escaped(&format!("{} {}", pack.source, version.version));
        let line = format!("{name}, from {}{until}", version.from);
        context.out.result(&wrapped("", &line, context.out.width))?;
        for requirement in &version.requirements {
            let text = escaped(&words(requirement));
            let first = format!("  {:<5} {:<6} ", requirement.rule, requirement.strength.as_str());
            context.out.result(&wrapped(&first, &text, context.out.width))?;
        }
    }
    Ok(())
}

fn words(requirement: &Requirement) -> String {
    let reading = requirement.reading.as_ref().map_or(String::new(), |text| format!("; {text}"));
    let reasons = requirement.reasons.map(|[first, last]| format!(", reasons {first} to {last}"));
    let section = format!("{}{}", requirement.section, reasons.unwrap_or_default());
    format!("{} ({section}){reading}", requirement.duty)
}

fn row(pack: &Pack, version: &Version) -> serde_json::Value {
    let limit = |limit: &Option<_>| limit.as_ref().map(ToString::to_string);
    let requirements: Vec<_> = version
        .requirements
        .iter()
        .map(|requirement| {
            serde_json::json!({
                "id": requirement.id,
                "rule": requirement.rule,
                "section": requirement.section,
                "reasons": requirement.reasons,
                "strength": requirement.strength.as_str(),
                "limit": limit(&requirement.limit),
                "recommended": limit(&requirement.recommended),
                "duty": requirement.duty,
                "reading": requirement.reading,
            })
        })
        .collect();
    serde_json::json!({
        "id": pack.id,
        "source": pack.source,
        "version": version.version,
        "from": version.from,
        "until": version.until,
        "url": version.url,
        "read": pack.read,
        "requirements": requirements,
    })
}
