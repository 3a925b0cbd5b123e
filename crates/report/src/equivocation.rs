//! Two signed histories of one ledger: what the file shows, and what it does not.

use tally_ledger::equivocation::{Equivocation, Unproven};

use crate::text::{Colour, Style, escaped, wrapped};

/// The schema number of the JSON.
pub const SCHEMA: u32 = 1;

/// What is known of the key beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinned {
    /// The key is that of a pin.
    Met,
    /// The pins name other keys.
    Other,
    /// No key was pinned.
    Nothing,
}

/// What a file came to.
#[derive(Debug)]
pub struct Found<'a> {
    /// What the file states, or why it is none of its sort.
    pub stated: Result<&'a Equivocation, String>,
    /// What holding the two checkpoints against each other came to.
    pub checked: Result<(), Unproven>,
    /// Whether the key is known.
    pub pinned: Pinned,
}

/// The verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The pinned key signed two histories.
    Proven,
    /// The key that the file names did; whose key that is nothing says.
    ConsistentWithItself,
    /// It is not shown.
    NotProven,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::ConsistentWithItself => "consistent-with-itself",
            Self::NotProven => "not-proven",
        }
    }
}

impl Found<'_> {
    /// Returns the verdict.
    pub fn verdict(&self) -> Verdict {
        match (&self.stated, &self.checked, self.pinned) {
            (Ok(_), Ok(()), Pinned::Met) => Verdict::Proven,
            (Ok(_), Ok(()), Pinned::Nothing) => Verdict::ConsistentWithItself,
            _ => Verdict::NotProven,
        }
    }

    /// Returns the verdict in one sentence.
    pub fn sentence(&self) -> String {
        let stated = match &self.stated {
            Ok(stated) => stated,
            Err(reason) => return format!("not proven: the file is not of the form: {reason}"),
        };
        if let Err(reason) = &self.checked {
            return format!("not proven: {reason}");
        }
        let (key, origin) = (stated.key(), stated.smaller().origin());
        let signed = format!("the key {key} signed two histories of {origin}");
        match self.pinned {
            Pinned::Met => format!("proven: {signed}"),
            Pinned::Other => format!("not proven: {signed}, but no pin names that key"),
            Pinned::Nothing => {
                format!("consistent with itself: {signed}; whose key it is nothing says")
            }
        }
    }
}

/// Returns the outcome as text, ending in a newline.
pub fn text(found: &Found<'_>, source: &str, style: Style) -> String {
    let mut lines = Vec::new();
    let mut row = |name: &str, value: &str| {
        lines.push(wrapped(&format!("{name:<9} "), &escaped(value), style.width));
    };
    row("Source", source);
    row("Proof of", "equivocation: two signed histories of one ledger");
    if let Ok(stated) = &found.stated {
        row("Ledger", stated.smaller().origin());
        row("Key", &stated.key().to_string());
        let (smaller, larger) = (stated.smaller(), stated.larger());
        let size = smaller.size();
        row("One", &format!("at size {size} the root {}", smaller.root()));
        let by = match larger.size() {
            same if same == size => String::new(),
            larger => format!(", by the checkpoint of size {larger}"),
        };
        row("Other", &format!("at size {size} the root {}{by}", stated.root_of_larger()));
    }
    lines.push(String::new());
    let sentence = escaped(&found.sentence());
    let (word, _) = sentence.split_once(':').unwrap_or((&sentence, ""));
    let colour = match found.verdict() {
        Verdict::Proven => Colour::Green,
        Verdict::ConsistentWithItself => Colour::Yellow,
        Verdict::NotProven => Colour::Red,
    };
    let line = wrapped("", &sentence, style.width);
    lines.push(line.replacen(word, &style.paint(word, colour), 1));
    let not_shown = "Not shown: which history is the one that happened, and who held the key.";
    lines.push(wrapped("", not_shown, style.width));
    lines.join("\n") + "\n"
}

/// Returns the outcome as JSON.
pub fn json(found: &Found<'_>, source: &str) -> String {
    let stated = found.stated.as_ref().ok();
    let checkpoints = stated.map(|stated| {
        let (smaller, larger) = (stated.smaller(), stated.larger());
        serde_json::json!({
            "smaller": { "size": smaller.size(), "root": smaller.root() },
            "larger": {
                "size": larger.size(),
                "root": larger.root(),
                "root_at_smaller": stated.root_of_larger(),
            },
        })
    });
    let json = serde_json::json!({
        "schema": SCHEMA,
        "source": source,
        "proof": "equivocation",
        "verdict": found.verdict().name(),
        "sentence": found.sentence(),
        "origin": stated.map(|stated| stated.smaller().origin()),
        "key": stated.map(|stated| stated.key().to_string()),
        "checkpoints": checkpoints,
    });
    format!("{json:#}")
}
