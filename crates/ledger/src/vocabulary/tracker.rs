//! `tracker.*`: changes to the public tracker's own fields.

use super::describe::{Described, tail};
use super::members::{members, words};
use crate::time::When;

words! {
    /// A field of a tracker.
    open Field {
        /// The date of the next update.
        NextUpdate = "next_update",
        /// Whose answer is waited for.
        Needinfo = "needinfo",
        /// The whiteboard.
        Whiteboard = "whiteboard",
        /// The status.
        Status = "status",
        /// The resolution.
        Resolution = "resolution",
        /// The title.
        Summary = "summary",
        /// Who is to act.
        Assignee = "assignee",
    }
}

members! {
    /// `tracker.changed`: a field of the public tracker changed.
    open pub struct Changed {
        /// The field.
        pub field: Field,
        /// The bug's number in bugzilla.mozilla.org.
        pub bug: Option<u64>,
        /// Its address, in another tracker.
        pub url: Option<String>,
        /// The field before.
        pub old: Option<String>,
        /// The field after.
        pub new: Option<String>,
        /// For the next update: the date promised.
        pub due: Option<When>,
        /// The organisation or role that changed it.
        pub by: Option<String>,
    }
}

impl Described for Changed {
    fn subject(&self) -> Option<&str> {
        Some(self.field.as_str())
    }

    fn summary(&self) -> String {
        let bug = tail("bug ", self.bug.as_ref());
        let place = if bug.is_empty() { "tracker" } else { &bug };
        let new = self.new.as_deref().unwrap_or("(empty)");
        let old = tail(", was ", self.old.as_ref());
        format!("{place}: {} set to {new}{old}", self.field)
    }
}
