//! `statement.*`: public texts, who speaks in them, and what they assert.

use super::describe::{Described, tail};
use super::members::{members, words};
use super::words::{Capacity, Channel};
use crate::claim::Claim;
use crate::hash::Hash;
use crate::time::When;

members! {
    /// Who speaks: an organisation and a capacity, never a person's name.
    open pub struct Speaker {
        /// In what capacity.
        pub capacity: Capacity,
        /// The organisation, if one is known.
        pub organisation: Option<String>,
        /// The role, such as `root program`.
        pub role: Option<String>,
    }
}

words! {
    /// What sort of text a statement is.
    open Form {
        /// A preliminary incident report.
        PreliminaryReport = "preliminary_report",
        /// A full incident report.
        FullReport = "full_report",
        /// A closure report.
        ClosureReport = "closure_report",
        /// An update.
        Update = "update",
        /// An answer to questions.
        Answer = "answer",
        /// Any other comment.
        Comment = "comment",
        /// A press release.
        PressRelease = "press_release",
        /// A paper filed with a court or authority.
        Filing = "filing",
    }
}

members! {
    /// `statement.published`: a public text.
    open pub struct Published {
        /// A name to refer to it by.
        pub id: String,
        /// Where it was published.
        pub channel: Channel,
        /// Its address.
        pub url: String,
        /// Who speaks.
        pub speaker: Speaker,
        /// When it was published, or a bound.
        pub published: When,
        /// The number of the comment, counted as the tracker does.
        pub item: Option<u64>,
        /// What sort of text it is.
        pub form: Option<Form>,
        /// The digest of the exact text.
        pub digest: Option<Hash>,
        /// The length of the exact text, in bytes.
        pub size: Option<u64>,
        /// What it asserts.
        pub claims: Vec<Claim>,
        /// What it takes back or puts right.
        pub corrects: Vec<Corrected>,
    }
}

members! {
    /// A statement, or one of its claims, that another statement puts right.
    open pub struct Corrected {
        /// The id of the statement.
        pub statement: String,
        /// The position of one of its claims, from 0; absent: all of it.
        pub claim: Option<u64>,
    }
}

members! {
    /// `statement.revised`: the text was edited in place.
    open pub struct Revised {
        /// The statement.
        pub id: String,
        /// When it was edited.
        pub revised: When,
        /// The digest of the text before.
        pub previous: Option<Hash>,
        /// The digest of the text after.
        pub digest: Option<Hash>,
        /// The length of the text after, in bytes.
        pub size: Option<u64>,
        /// All claims of the text after.
        pub claims: Vec<Claim>,
    }
}

members! {
    /// `statement.withdrawn`: the text was taken down or withdrawn by its speaker.
    open pub struct Withdrawn {
        /// The statement.
        pub id: String,
        /// The reason given.
        pub why: Option<String>,
    }
}

impl Speaker {
    /// Returns what a line calls the speaker: the organisation, with the capacity if personal.
    pub fn name(&self) -> String {
        match (&self.organisation, &self.role, self.capacity) {
            (Some(name), _, Capacity::Personal) => format!("{name} (personal)"),
            (Some(name), ..) => name.clone(),
            (None, Some(role), _) => format!("a participant ({role})"),
            (None, None, _) => "a participant".to_owned(),
        }
    }
}

impl Described for Published {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let claims = match self.claims.len() {
            0 => String::new(),
            1 => ", 1 claim".to_owned(),
            n => format!(", {n} claims"),
        };
        format!(
            "{} publishes {}{}{}{claims} ({})",
            self.speaker.name(),
            self.id,
            tail(", ", self.form.as_ref()),
            tail(", comment ", self.item.as_ref()),
            self.channel
        )
    }
}

impl Described for Revised {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("statement {} edited at {}", self.id, self.revised)
    }
}

impl Described for Withdrawn {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("statement {} withdrawn{}", self.id, tail(": ", self.why.as_ref()))
    }
}
