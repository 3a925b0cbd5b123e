//! What a command prints: results on standard output, talk on standard error.
//!
//! This is the only module that prints.
#![allow(clippy::print_stderr, reason = "this module is the printer")]

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use tally_report::text::{escaped, json_escaped};

use crate::failure::Failure;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// JSON with a schema number.
    Json,
}

/// Where results and talk go.
pub struct Output {
    results: Box<dyn Write>,
    /// Whether standard output shows colour.
    pub colour: bool,
    /// The columns of a line of text.
    pub width: usize,
    /// Whether a person watches standard error.
    pub watched: bool,
    quiet: bool,
}

/// The columns of a line where the terminal says nothing of its own.
const WIDTH: usize = 80;

impl Output {
    /// Returns the output of the process. Colour needs a terminal and no `NO_COLOR`.
    #[allow(clippy::disallowed_methods, reason = "the binary reads the environment")]
    pub fn of_process() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        Self {
            results: Box::new(io::BufWriter::new(io::stdout())),
            colour: io::stdout().is_terminal() && !refused,
            width: columns.unwrap_or(WIDTH).clamp(40, 160),
            watched: io::stderr().is_terminal(),
            quiet: false,
        }
    }

    /// Prints `text` as a result, with a newline at its end.
    ///
    /// Whatever could change what a terminal shows, but newlines and our own colours, comes out as
    /// an escape that JSON reads back as the character.
    ///
    /// # Errors
    ///
    /// Fails as standard output does. A closed pipe is no failure: nobody reads on.
    pub fn result(&mut self, text: &str) -> Result<(), Failure> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let safe = json_escaped(text);
        self.quietly(|out| write!(out, "{safe}{end}"))
    }

    /// Prints bytes as a result, as they are.
    ///
    /// # Errors
    ///
    /// As [`Output::result`].
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.quietly(|out| out.write_all(bytes))
    }

    /// Hands everything printed on to the reader.
    ///
    /// # Errors
    ///
    /// As [`Output::result`].
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.quietly(|out| out.flush())
    }

    /// Tells a person what is going on.
    pub fn talk(&self, text: &str) {
        if !self.quiet {
            // Nobody can be told if standard error itself is closed.
            let _ = writeln!(io::stderr(), "{}", harmless(text));
        }
    }

    /// Says no more on standard error but errors.
    pub fn hush(&mut self) {
        self.quiet = true;
    }

    fn quietly(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match write(self.results.as_mut()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                self.results = Box::new(io::sink());
                Ok(())
            }
            Err(e) => Err(Failure::io("write to", Path::new("standard output"), &e)),
            Ok(()) => Ok(()),
        }
    }
}

/// Prints the one error that ends a command.
pub fn fail(failure: &Failure) {
    let _ = writeln!(io::stderr(), "{}", harmless(&failure.to_string()));
}

/// Returns `text` escaped line by line: messages quote what files of strangers hold.
fn harmless(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}
