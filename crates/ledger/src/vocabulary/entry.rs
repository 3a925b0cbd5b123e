//! `entry.*`: entries about other entries. All of them act `on` one.

use ciborium::Value;

use super::describe::{Described, tail};
use super::members::members;
use crate::hash::Hash;
use crate::time::When;

members! {
    /// `entry.correction`: an earlier entry was wrong, and how it should have read.
    open pub struct Correction {
        /// What was wrong, and how it was found.
        pub why: String,
        /// The whole body as it should have been, with the members of the entry's own kind.
        #[serde(serialize_with = "crate::vocabulary::members::serialize_value")]
        pub body: Option<Value>,
        /// When it occurred, corrected.
        pub occurred: Option<When>,
        /// The basis, corrected.
        pub basis: Option<Basis>,
    }
}

members! {
    /// What an event is rested on: exactly one of the two lists.
    open pub struct Basis {
        /// Somebody said so: where.
        pub stated: Vec<Citation>,
        /// It was measured: the digests of captured answers.
        pub measured: Vec<Hash>,
    }
}

members! {
    /// Where something was said: an address, or a statement in this ledger.
    open pub struct Citation {
        /// The address of a public text.
        pub url: Option<String>,
        /// The number of the item at that address.
        pub item: Option<u64>,
        /// The digest of the exact text.
        pub digest: Option<Hash>,
        /// The position of a statement's entry in this ledger.
        pub entry: Option<u64>,
        /// The position of a claim in that statement, from 0.
        pub claim: Option<u64>,
        /// The bytes of the text, end exclusive.
        pub span: Option<[u64; 2]>,
    }
}

members! {
    /// `entry.approval`: a second role stands behind an entry.
    open pub struct Approval {
        /// The role that approves.
        pub role: String,
        /// A remark, or a limit of the approval.
        pub text: Option<String>,
    }
}

members! {
    /// `entry.note`: a remark without effect on facts.
    open pub struct Note {
        /// The remark.
        pub text: String,
    }
}

impl Described for Correction {
    fn summary(&self) -> String {
        format!("corrects an earlier entry: {}", self.why)
    }
}

impl Described for Approval {
    fn summary(&self) -> String {
        format!("{} approves an entry{}", self.role, tail(": ", self.text.as_ref()))
    }
}

impl Described for Note {
    fn summary(&self) -> String {
        format!("notes: {}", self.text)
    }
}
