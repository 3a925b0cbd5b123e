//! What a command prints: results on standard output, talk on standard error.
//!
//! This is the only module that prints.
#![allow(clippy::print_stderr, reason = "this module is the printer")]

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use tally_report::text::{escaped, json_escaped, wrapped};

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
        Self {
            results: Box::new(io::BufWriter::new(io::stdout())),
            colour: io::stdout().is_terminal() && !refused,
            width: columns(),
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
            let _ = writeln!(io::stderr(), "{}", told(text, self.watched.then_some(self.width)));
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

/// Tells whoever keeps a server what it met, on a line of standard error.
pub fn log(text: &str) {
    let _ = writeln!(io::stderr(), "{}", told(text, None));
}

/// Prints the one error that ends a command.
pub fn fail(failure: &Failure) {
    let width = io::stderr().is_terminal().then(columns);
    let _ = writeln!(io::stderr(), "{}", told(&failure.to_string(), width));
}

/// Returns the columns of a line.
#[allow(clippy::disallowed_methods, reason = "the binary reads the environment")]
fn columns() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    columns.unwrap_or(WIDTH).clamp(40, 160)
}

/// Returns what is told, escaped line by line, since messages quote what files of strangers hold.
/// Long lines are wrapped for a person to `width` columns; a program gets them whole.
fn told(text: &str, width: Option<usize>) -> String {
    let line = |line: &str| {
        let line = escaped(line);
        let width = width.filter(|width| line.chars().count() > *width);
        let Some(width) = width else {
            return line;
        };
        let word = ["error: ", "hint: ", "note: "].into_iter().find(|word| line.starts_with(word));
        let indent = line.len() - line.trim_start().len();
        let (first, rest) = line.split_at(word.map_or(indent, str::len));
        wrapped(first, rest, width)
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
