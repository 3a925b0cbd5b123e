//! Members of an answer, each with its place, so that an objection says where.

use std::fmt;

use serde_json::Value;
use tally_ledger::time::Instant;

use super::ReadError;

/// A value in an answer, and how it is reached from the whole.
#[derive(Clone, Copy)]
pub(super) struct Node<'p, 'v> {
    value: &'v Value,
    file: &'v str,
    step: Step<'v>,
    parent: Option<&'p Node<'p, 'v>>,
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Whole,
    Name(&'v str),
    Index(usize),
}

impl<'v> Node<'_, 'v> {
    /// Returns the whole answer in the file of that name.
    pub(super) fn whole(value: &'v Value, file: &'v str) -> Node<'v, 'v> {
        Node { value, file, step: Step::Whole, parent: None }
    }

    /// Returns the name of the answer.
    pub(super) fn file(&self) -> &'v str {
        self.file
    }

    /// Returns the member `name`; an absent one and `null` are alike.
    pub(super) fn get<'p>(&'p self, name: &'v str) -> Option<Node<'p, 'v>> {
        let value = self.value.as_object()?.get(name).filter(|value| !value.is_null())?;
        Some(self.below(value, Step::Name(name)))
    }

    /// Returns the member `name`.
    pub(super) fn need<'p>(&'p self, name: &'v str) -> Result<Node<'p, 'v>, ReadError> {
        self.get(name).ok_or_else(|| {
            let path = self.below(&Value::Null, Step::Name(name)).path();
            self.objection(path, "this member".to_owned(), "nothing")
        })
    }

    /// Returns whether there is a member `name`, `null` included.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value.as_object().is_some_and(|members| members.contains_key(name))
    }

    /// Returns the items of a list.
    pub(super) fn items<'p>(
        &'p self,
        most: usize,
    ) -> Result<impl Iterator<Item = Node<'p, 'v>>, ReadError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        if items.len() > most {
            let found = format!("{} items", items.len());
            return Err(self.objection(self.path(), format!("at most {most} items"), &found));
        }
        Ok(items.iter().enumerate().map(|(index, value)| self.below(value, Step::Index(index))))
    }

    /// Returns the members of an object with their names.
    pub(super) fn members<'p>(
        &'p self,
    ) -> Result<impl Iterator<Item = (&'v str, Node<'p, 'v>)>, ReadError> {
        let members = self.value.as_object().ok_or_else(|| self.wrong("an object"))?;
        Ok(members.iter().map(|(name, value)| (&**name, self.below(value, Step::Name(name)))))
    }

    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub(super) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    pub(super) fn is_true(&self) -> bool {
        self.value == &Value::Bool(true)
    }

    /// Returns a text of at most `most` bytes.
    pub(super) fn text(&self, most: usize) -> Result<&'v str, ReadError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("a text"))?;
        if text.len() <= most {
            return Ok(text);
        }
        let found = format!("{} bytes", text.len());
        Err(self.objection(self.path(), format!("at most {most} bytes"), &found))
    }

    /// Returns a number from 0 that entries can hold.
    pub(super) fn number(&self) -> Result<u64, ReadError> {
        let number = self.value.as_u64().filter(|number| *number < 1 << 53);
        number.ok_or_else(|| self.wrong("a whole number from 0 to 2^53 - 1"))
    }

    /// Returns `true` or `false`, which attachments write as 1 and 0.
    pub(super) fn flag(&self) -> Result<bool, ReadError> {
        match (self.value.as_bool(), self.value.as_u64()) {
            (Some(flag), _) => Ok(flag),
            (None, Some(number @ 0..=1)) => Ok(number == 1),
            _ => Err(self.wrong("true, false, 1 or 0")),
        }
    }

    /// Returns a time.
    pub(super) fn instant(&self) -> Result<Instant, ReadError> {
        let instant = self.value.as_str().and_then(|text| text.parse().ok());
        instant.ok_or_else(|| self.wrong("a time such as 2026-01-31T12:00:00Z"))
    }

    /// Returns the number that a name is; trackers write ids as names of members.
    pub(super) fn number_of(&self, name: &str) -> Result<u64, ReadError> {
        let digits = name.len() <= 15 && name.bytes().all(|byte| byte.is_ascii_digit());
        name.parse().ok().filter(|_| digits).ok_or_else(|| {
            self.objection(self.path(), "a number as its name".to_owned(), &shown(name))
        })
    }

    /// Returns the objection that another value is expected here.
    pub(super) fn wrong(&self, expected: &str) -> ReadError {
        let found = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(_) | Value::Number(_) => self.value.to_string(),
            Value::String(text) => shown(text),
            Value::Array(items) => format!("a list of {} items", items.len()),
            Value::Object(members) => format!("an object of {} members", members.len()),
        };
        self.objection(self.path(), expected.to_owned(), &found)
    }

    /// Returns the objection that the value contradicts what was read before.
    pub(super) fn contradicts(&self, before: &str, found: &str) -> ReadError {
        self.objection(self.path(), format!("{before} as elsewhere in the capture"), found)
    }

    fn objection(&self, path: String, expected: String, found: &str) -> ReadError {
        let (file, found) = (self.file.to_owned(), found.to_owned());
        ReadError::Member { file, path, expected, found }
    }

    fn path(&self) -> String {
        let path = self.to_string();
        if path.is_empty() { "the whole".to_owned() } else { path }
    }

    fn below<'p>(&'p self, value: &'v Value, step: Step<'v>) -> Node<'p, 'v> {
        Node { value, file: self.file, step, parent: Some(self) }
    }
}

impl fmt::Display for Node<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        let inner = self.parent.is_some_and(|parent| parent.parent.is_some());
        match self.step {
            Step::Whole => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Name(name) => {
                let name: String = name.chars().take(40).collect();
                write!(f, "{}{name}", if inner { "." } else { "" })
            }
        }
    }
}

/// Returns the beginning of a text in quotation marks, as a message quotes it.
pub(super) fn shown(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    let rest = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{rest}")
}
