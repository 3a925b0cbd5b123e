//! What a timeline says of a body: its subject and one line in plain words.

/// A body that can be referred to and told in one line.
pub(crate) trait Described {
    /// Returns the id by which claims and later entries refer to the same thing.
    fn subject(&self) -> Option<&str> {
        None
    }

    /// Returns one line in plain words, of any length and unescaped.
    fn summary(&self) -> String;
}

impl<T: Described> Described for Box<T> {
    fn subject(&self) -> Option<&str> {
        (**self).subject()
    }

    fn summary(&self) -> String {
        (**self).summary()
    }
}

/// Returns `part` with `before` in front of it; nothing if there is no part.
pub(crate) fn tail<T: ToString>(before: &str, part: Option<&T>) -> String {
    part.map_or_else(String::new, |part| format!("{before}{}", part.to_string()))
}

/// Returns `text` cut after `max` characters, with an ellipsis for what is missing.
pub(crate) fn clipped(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max - 1).collect();
    format!("{}…", kept.trim_end())
}
