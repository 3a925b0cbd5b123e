//! `revocation.*`: by when a set has to be revoked, how far it is, and when it was done.

use super::describe::{Described, tail};
use super::members::members;
use crate::time::When;

members! {
    /// `revocation.deadline`: by when a set has to be revoked, and which rule or decision says so.
    open pub struct Deadline {
        /// The set.
        pub set: String,
        /// The rule, such as `BR 4.9.1.1 (5)`, or `own decision`.
        pub rule: String,
        /// The last moment allowed.
        pub due: When,
        /// When the clock started.
        pub start: Option<When>,
    }
}

members! {
    /// `revocation.progress`: the four numbers of a delayed revocation.
    open pub struct Progress {
        /// The set.
        pub set: String,
        /// How many are revoked.
        pub revoked: u64,
        /// How many are not yet revoked.
        pub remaining: u64,
        /// How many were planned for revocation, but expired first.
        pub expired_planned: Option<u64>,
        /// When all are expected to be revoked.
        pub estimate: Option<When>,
        /// The time for which the numbers hold; absent: when the entry occurred.
        pub as_of: Option<When>,
    }
}

members! {
    /// `revocation.completed`: the last certificate of a set was revoked.
    open pub struct Completed {
        /// The set.
        pub set: String,
        /// The first revocation.
        pub first: Option<When>,
        /// The last revocation; absent: when the entry occurred.
        pub last: Option<When>,
        /// How many were revoked.
        pub count: Option<u64>,
        /// How many expired unrevoked.
        pub expired: Option<u64>,
    }
}

impl Described for Deadline {
    fn subject(&self) -> Option<&str> {
        Some(&self.set)
    }

    fn summary(&self) -> String {
        format!("{} to be revoked by {} ({})", self.set, self.due, self.rule)
    }
}

impl Described for Progress {
    fn subject(&self) -> Option<&str> {
        Some(&self.set)
    }

    fn summary(&self) -> String {
        format!(
            "revocation of {}: {} revoked, {} remaining{}",
            self.set,
            self.revoked,
            self.remaining,
            tail(", all expected by ", self.estimate.as_ref())
        )
    }
}

impl Described for Completed {
    fn subject(&self) -> Option<&str> {
        Some(&self.set)
    }

    fn summary(&self) -> String {
        let count = tail(", ", self.count.as_ref());
        let last = tail(", last one at ", self.last.as_ref());
        format!("revocation of {} completed{count}{last}", self.set)
    }
}
