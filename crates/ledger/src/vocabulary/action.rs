//! `action.*`: action items, in the CCADB's terms.

use super::describe::{Described, tail};
use super::members::{members, words};
use crate::time::When;

words! {
    /// What an action item is meant to do.
    closed ActionKind {
        /// Prevent a recurrence.
        Prevent = "Prevent",
        /// Mitigate the effect.
        Mitigate = "Mitigate",
        /// Detect a recurrence.
        Detect = "Detect",
    }
}

words! {
    /// The status of an action item.
    closed ActionStatus {
        /// Under way.
        Ongoing = "Ongoing",
        /// Done.
        Complete = "Complete",
        /// Later than it was due.
        Delayed = "Delayed",
        /// Given up.
        Canceled = "Canceled",
    }
}

members! {
    /// `action.opened`: an action item was announced.
    open pub struct Opened {
        /// A name to refer to it by.
        pub id: String,
        /// What is to be done.
        pub text: String,
        /// Its status when it was announced.
        pub status: ActionStatus,
        /// What it is meant to do.
        pub kind: Option<ActionKind>,
        /// The root causes it answers.
        pub root_causes: Vec<String>,
        /// How its effect is judged.
        pub criteria: Option<String>,
        /// By when.
        pub due: Option<When>,
    }
}

members! {
    /// `action.status`: its status from then on, and its due date if that moved.
    open pub struct Status {
        /// The action item.
        pub id: String,
        /// Its status.
        pub status: ActionStatus,
        /// The new due date; absent: unchanged.
        pub due: Option<When>,
        /// The reason given.
        pub why: Option<String>,
    }
}

members! {
    /// `action.changed`: its wording changed; absent members are unchanged.
    open pub struct Changed {
        /// The action item.
        pub id: String,
        /// What is to be done now.
        pub text: Option<String>,
        /// What it is meant to do now.
        pub kind: Option<ActionKind>,
        /// The root causes it answers now.
        pub root_causes: Vec<String>,
        /// How its effect is judged now.
        pub criteria: Option<String>,
        /// The reason given.
        pub why: Option<String>,
    }
}

impl Described for Opened {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let due = tail(", due ", self.due.as_ref());
        format!("action item {} ({}{due}): {}", self.id, self.status, self.text)
    }
}

impl Described for Status {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!(
            "action item {}: {}{}{}",
            self.id,
            self.status,
            tail(", now due ", self.due.as_ref()),
            tail(": ", self.why.as_ref())
        )
    }
}

impl Described for Changed {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("action item {} reworded{}", self.id, tail(": ", self.text.as_ref()))
    }
}
