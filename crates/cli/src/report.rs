//! Where a report goes and in which form: to standard output, or whole into a file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tally_report::text::{Style, json_escaped};

use crate::context::Context;
use crate::failure::Failure;
use crate::staged;

/// The columns of a text that is written into a file.
const FILE_WIDTH: usize = 80;

/// How a report on a ledger is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ReportFormat {
    /// Text for people
    #[default]
    #[value(alias = "txt")]
    Text,
    /// JSON with a schema number
    Json,
    /// A page for a browser, whole in itself
    #[value(alias = "htm")]
    Html,
    /// SARIF 2.1.0, for viewers of what checkers find
    Sarif,
}

/// How what was found in drafts is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DraftFormat {
    /// Text for people
    #[default]
    #[value(alias = "txt")]
    Text,
    /// JSON with a schema number
    Json,
    /// SARIF 2.1.0, for editors and code hosts
    Sarif,
}

/// The options that say where a report goes, and in which of the forms `F`.
#[derive(Debug, Clone, Default, Args)]
pub struct ReportArgs<F: ValueEnum + Send + Sync + 'static> {
    /// Write the report into this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The form of the report [default: as the file's name ends, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<F>,
}

impl<F: ValueEnum + Copy + Default + Send + Sync + 'static> ReportArgs<F> {
    /// Returns the form of the report, and refuses a file that it cannot be written into.
    ///
    /// # Errors
    ///
    /// Fails if neither the options nor the name of the file say the form, if there is something
    /// else than a regular file of that name, and if it is one of the `sources`.
    pub fn check(&self, sources: &[&Path]) -> Result<F, Failure> {
        let Some(output) = &self.output else {
            return Ok(self.format.unwrap_or_default());
        };
        // What is at the end of a link is another file than the one that was named.
        if let Ok(found) = output.symlink_metadata() {
            if !found.is_file() {
                let what = format!("{} is there and is no regular file", output.display());
                return Err(Failure::new(what).hint("name another file to write"));
            }
            let own = output.canonicalize().ok();
            if own.is_some() && sources.iter().any(|source| source.canonicalize().ok() == own) {
                let what = format!("{} is what the report is about", output.display());
                return Err(Failure::new(what).hint("name another file to write"));
            }
        }
        self.format.or_else(|| by_name(output)).ok_or_else(|| {
            let what = format!("the name {} does not say the form of a report", output.display());
            let forms = F::value_variants().iter().filter_map(F::to_possible_value);
            let forms: Vec<String> = forms.map(|form| form.get_name().to_owned()).collect();
            let hint = format!("end it in .{}, or add --format", forms.join(", ."));
            Failure::new(what).hint(hint)
        })
    }

    /// Returns how a text is laid out where it goes.
    pub fn style(&self, context: &Context) -> Style {
        match self.output {
            Some(_) => Style { width: FILE_WIDTH, colour: false },
            None => context.style(),
        }
    }

    /// Writes the report, and says in `answer` what it comes to if it went into a file.
    ///
    /// # Errors
    ///
    /// Fails as the disk or standard output does; then the file is as it was before.
    pub fn write(&self, report: &str, answer: &str, context: &mut Context) -> Result<(), Failure> {
        let Some(output) = &self.output else {
            return context.out.result(report);
        };
        let mut text = json_escaped(report).into_owned();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        staged::replace(output, text.as_bytes())?;
        context.out.result(&format!("{answer}\nThe report is in {}", output.display()))
    }
}

/// Returns the form that the end of a name says. SARIF's own convention has two such ends: `.sarif`
/// and `.sarif.json` (SARIF 2.1.0, 3.2).
fn by_name<F: ValueEnum>(path: &Path) -> Option<F> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let end = if name.ends_with(".sarif.json") { "sarif" } else { path.extension()?.to_str()? };
    F::from_str(end, true).ok()
}
