//! Test vectors: a container and the verdict that every verifier reaches on it (docs/FORMAT.md,
//! "Test vectors").

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tally_ledger::fault::Code;

use crate::container::Container;
use crate::forge::vkey;
use crate::keyring::checkpoint;

/// A container that states its own verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector {
    /// The name of its file, without `.vector`: the one defect.
    pub name: String,
    /// The header lines, as key and value, in their order.
    pub lines: Vec<(String, String)>,
    /// The container.
    pub bytes: Vec<u8>,
}

impl Vector {
    /// Returns the vector of a container that fails with `code`, at `seq` if the fault has a
    /// place, when the usual checkpoint key is pinned.
    pub fn failed(name: &str, code: Code, seq: Option<u64>, bytes: Vec<u8>) -> Self {
        let mut vector = Self::unpinned(name, "failed", bytes).line("code", code.name());
        if let Some(seq) = seq {
            vector = vector.line("seq", &seq.to_string());
        }
        vector.pinned()
    }

    /// Returns the vector of a container with another verdict, when the usual checkpoint key is
    /// pinned.
    pub fn passed(name: &str, verdict: &str, bytes: Vec<u8>) -> Self {
        Self::unpinned(name, verdict, bytes).pinned()
    }

    /// Returns the vector of a container, with nothing pinned.
    pub fn unpinned(name: &str, verdict: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), lines: Vec::new(), bytes }.line("expect", verdict)
    }

    /// Adds the usual checkpoint key as a pin.
    #[must_use]
    pub fn pinned(self) -> Self {
        self.line("pin", &vkey(&checkpoint()).to_string())
    }

    /// Adds a header line.
    #[must_use]
    pub fn line(mut self, key: &str, value: &str) -> Self {
        self.lines.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Adds a sentence about what the vector shows.
    #[must_use]
    pub fn note(self, note: &str) -> Self {
        self.line("note", note)
    }

    /// Returns the values of the header lines with that key.
    pub fn values<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Returns the value of the header line with that key, if there is one.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values(key).next()
    }

    /// Returns the vector that `text`, the content of the file `name`, states.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong if the text is not of the form.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let (header, content) =
            text.split_once("\n\n").ok_or_else(|| format!("{name}: no empty line"))?;
        let line = |line: &str| {
            let pair = line.split_once(": ").ok_or_else(|| format!("{name}: {line:?}"))?;
            Ok((pair.0.to_owned(), pair.1.to_owned()))
        };
        let lines = header.lines().map(line).collect::<Result<_, String>>()?;
        let joined: String = content.lines().collect();
        let bytes = STANDARD.decode(joined).map_err(|e| format!("{name}: {e}"))?;
        Ok(Self { name: name.to_owned(), lines, bytes })
    }
}

impl From<Container> for Vec<u8> {
    fn from(container: Container) -> Self {
        container.bytes()
    }
}

impl fmt::Display for Vector {
    /// Writes the content of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value) in &self.lines {
            writeln!(f, "{key}: {value}")?;
        }
        writeln!(f)?;
        let text = STANDARD.encode(&self.bytes);
        for line in text.as_bytes().chunks(76) {
            writeln!(f, "{}", String::from_utf8_lossy(line))?;
        }
        Ok(())
    }
}
