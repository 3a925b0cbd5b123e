//! `commitment.*`: promises to do something, or to avoid it.

use super::describe::{Described, tail};
use super::members::{members, words};
use super::words::Strength;
use crate::time::When;

words! {
    /// Whether something is promised to happen or not to happen.
    closed Duty {
        /// It will be done.
        Do = "do",
        /// It will be avoided.
        Avoid = "avoid",
    }
}

words! {
    /// How a promise changed.
    closed Change {
        /// Its due time moved.
        Moved = "moved",
        /// It covers less.
        Narrowed = "narrowed",
        /// It covers more.
        Widened = "widened",
        /// Its words changed.
        Reworded = "reworded",
    }
}

members! {
    /// `commitment.made`: a promise. It binds from when it occurred, never before.
    open pub struct Made {
        /// A name to refer to it by.
        pub id: String,
        /// Whether to do or to avoid.
        pub to: Duty,
        /// The kind of event that keeps it (or breaks it), or words if no kind does.
        pub what: String,
        /// The subject of that kind.
        pub subject: Option<String>,
        /// Where it applies.
        pub scope: Option<String>,
        /// Under what condition.
        pub condition: Option<String>,
        /// By when.
        pub due: Option<When>,
        /// How firmly; absent: firm.
        pub strength: Option<Strength>,
        /// The promise in its own words.
        pub text: Option<String>,
    }
}

members! {
    /// `commitment.kept`: the organisation records that it has kept the promise.
    open pub struct Kept {
        /// The commitment.
        pub id: String,
        /// By what.
        pub text: Option<String>,
    }
}

members! {
    /// `commitment.changed`: the promise was changed; absent members are unchanged.
    open pub struct Changed {
        /// The commitment.
        pub id: String,
        /// How it changed.
        pub change: Change,
        /// The kind or the words now.
        pub what: Option<String>,
        /// Where it applies now.
        pub scope: Option<String>,
        /// Under what condition now.
        pub condition: Option<String>,
        /// By when now.
        pub due: Option<When>,
        /// How firmly now.
        pub strength: Option<Strength>,
        /// Its words now.
        pub text: Option<String>,
        /// The reason given.
        pub why: Option<String>,
    }
}

members! {
    /// `commitment.withdrawn`: the promise no longer holds.
    open pub struct Withdrawn {
        /// The commitment.
        pub id: String,
        /// The reason given.
        pub why: Option<String>,
    }
}

impl Described for Made {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let what = self.text.as_ref().unwrap_or(&self.what);
        let due = tail(" by ", self.due.as_ref());
        format!("commitment {} to {}{due}: {what}", self.id, self.to)
    }
}

impl Described for Kept {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("commitment {} recorded as kept{}", self.id, tail(": ", self.text.as_ref()))
    }
}

impl Described for Changed {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!(
            "commitment {} {}{}{}",
            self.id,
            self.change,
            tail(", now due ", self.due.as_ref()),
            tail(": ", self.text.as_ref().or(self.why.as_ref()))
        )
    }
}

impl Described for Withdrawn {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("commitment {} withdrawn{}", self.id, tail(": ", self.why.as_ref()))
    }
}
