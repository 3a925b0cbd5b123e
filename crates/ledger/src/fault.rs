//! Faults: why a ledger fails verification, and where (FORMAT.md, "Order of checks").
//!
//! Each step of verification has one stable code. The least (seq, step) is the first fault, so
//! that every verifier names the same one.

use std::fmt;

/// The step of verification that failed; the order of the variants is the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The first item of the container: form, members, limits, notes, order of its lists.
    Container,
    /// The item of an entry: absent, cut short, or of another type.
    Item,
    /// The size of an entry: more than 65,535 bytes.
    Size,
    /// The outer form: `18([protected, {}, payload, signature])` in shortest lengths.
    OuterForm,
    /// The CBOR profile of the protected header.
    HeaderProfile,
    /// The content type: written by a newer version.
    ContentType,
    /// The exact members of the protected header.
    HeaderMembers,
    /// The CBOR profile of the payload.
    PayloadProfile,
    /// The members of the payload, and of the bodies of `ledger.*` and `heads`.
    PayloadMembers,
    /// The position.
    Seq,
    /// The id of the entry before.
    Prev,
    /// The links of the feeds, and which feeds a kind may stand in.
    Feeds,
    /// What an entry refers to lies before it; `heads` are true.
    References,
    /// The signing key was granted by an earlier entry and not revoked by one.
    Key,
    /// A role of the key covers the kind.
    Authority,
    /// The signature holds.
    Signature,
    /// The change to the tables of keys and roles is allowed.
    Effect,
    /// The root of the tree is the one that a checkpoint states; proofs of an extract hold.
    Root,
    /// A checkpoint is signed by a key that holds the role at its size.
    Checkpoint,
    /// What the verifier knew beforehand is met.
    Pin,
    /// The last checkpoint meets the quorum of the policy.
    Cosignature,
    /// The evidence files are the ones listed, and nothing follows them.
    Evidence,
}

impl Code {
    /// All codes, in the order of the checks.
    pub const ALL: [Self; 22] = [
        Self::Container,
        Self::Item,
        Self::Size,
        Self::OuterForm,
        Self::HeaderProfile,
        Self::ContentType,
        Self::HeaderMembers,
        Self::PayloadProfile,
        Self::PayloadMembers,
        Self::Seq,
        Self::Prev,
        Self::Feeds,
        Self::References,
        Self::Key,
        Self::Authority,
        Self::Signature,
        Self::Effect,
        Self::Root,
        Self::Checkpoint,
        Self::Pin,
        Self::Cosignature,
        Self::Evidence,
    ];

    /// Returns the stable name, as FORMAT.md lists it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Item => "item",
            Self::Size => "size",
            Self::OuterForm => "outer-form",
            Self::HeaderProfile => "header-profile",
            Self::ContentType => "content-type",
            Self::HeaderMembers => "header-members",
            Self::PayloadProfile => "payload-profile",
            Self::PayloadMembers => "payload-members",
            Self::Seq => "seq",
            Self::Prev => "prev",
            Self::Feeds => "feeds",
            Self::References => "references",
            Self::Key => "key",
            Self::Authority => "authority",
            Self::Signature => "signature",
            Self::Effect => "effect",
            Self::Root => "root",
            Self::Checkpoint => "checkpoint",
            Self::Pin => "pin",
            Self::Cosignature => "cosignature",
            Self::Evidence => "evidence",
        }
    }

    /// Returns what the step checks, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Container => {
                "the first item of the container: form, members, limits, notes, order of its lists"
            }
            Self::Item => "the item of an entry: absent, cut short, or of another type",
            Self::Size => "the size of an entry: more than 65,535 bytes",
            Self::OuterForm => {
                "the outer form: 18([protected, {}, payload, signature]) in shortest lengths"
            }
            Self::HeaderProfile => "the CBOR profile of the protected header",
            Self::ContentType => "the content type: written by a newer version",
            Self::HeaderMembers => "the exact members of the protected header",
            Self::PayloadProfile => "the CBOR profile of the payload",
            Self::PayloadMembers => {
                "the members of the payload, and of the bodies of ledger.* and heads"
            }
            Self::Seq => "the position",
            Self::Prev => "the id of the entry before",
            Self::Feeds => "the links of the feeds, and which feeds a kind may stand in",
            Self::References => "what an entry refers to lies before it; heads are true",
            Self::Key => "the signing key was granted by an earlier entry and not revoked by one",
            Self::Authority => "a role of the key covers the kind",
            Self::Signature => "the signature holds",
            Self::Effect => "the change to the tables of keys and roles is allowed",
            Self::Root => {
                "the root of the tree is what a checkpoint states; proofs of an extract hold"
            }
            Self::Checkpoint => "a checkpoint is signed by a key that holds the role at its size",
            Self::Pin => "what the verifier knew beforehand is met",
            Self::Cosignature => "the last checkpoint meets the quorum of the policy",
            Self::Evidence => "the evidence files are the ones listed, and nothing follows them",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One fault: the step, the place, what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The step that failed.
    pub code: Code,
    /// The position of the entry at fault; `None` for the container and the ledger as a whole.
    pub seq: Option<u64>,
    /// The offset in bytes of the item at fault, from the start of the header, payload, or entry
    /// that the code names; `None` where no single byte is at fault.
    pub offset: Option<usize>,
    /// What the format asks for.
    pub expected: String,
    /// What stands there instead.
    pub found: String,
}

impl Fault {
    /// Returns a fault without a place.
    pub fn new(code: Code, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { code, seq: None, offset: None, expected: expected.into(), found: found.into() }
    }

    /// Returns the fault at the entry `seq`.
    #[must_use]
    pub fn at(mut self, seq: u64) -> Self {
        self.seq = Some(seq);
        self
    }

    /// Returns the fault at `offset` bytes.
    #[must_use]
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seq) = self.seq {
            write!(f, "entry {seq}: ")?;
        }
        write!(f, "{}", self.code)?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for Fault {}
