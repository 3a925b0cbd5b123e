//! The vocabulary of events: a typed body for each kind (docs/VOCABULARY.md).
//!
//! A body is read from a document or from an entry into the same struct, and written from it to
//! either. Members that the struct does not know are kept. Whether a ledger verifies never depends
//! on this module; what does not fit is *not understood*.

pub mod action;
pub mod commitment;
pub mod concern;
pub(crate) mod decode;
pub(crate) mod describe;
pub mod document;
pub mod entry;
pub mod incident;
pub mod inquiry;
pub mod ledger;
pub mod legal;
pub(crate) mod members;
pub mod occurrence;
pub mod revocation;
pub mod statement;
#[cfg(test)]
mod tests;
pub mod tracker;
pub mod words;

use ciborium::Value;

pub use decode::{Misfit, NotUnderstood};
pub use members::{Known, Member, Unknown};

use self::describe::{Described, clipped};
use self::ledger::Structural;
use crate::claim::Claim;
use crate::name::Kind;
use crate::payload::each_hidden;

/// The longest summary, in characters.
pub const SUMMARY_MAX: usize = 100;

/// What is known of a kind.
#[derive(Debug, Clone, Copy)]
pub struct KindInfo {
    /// Its name.
    pub name: &'static str,
    /// What an entry of the kind says, in a few words.
    pub summary: &'static str,
    /// A complete record document with every member explained; absent for kinds that only
    /// commands of their own write.
    pub template: Option<&'static str>,
    /// The members of its body; empty for kinds that FORMAT.md decides.
    pub members: &'static [Member],
}

/// A body read from an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The body, without what is hidden.
    pub body: Body,
    /// The places of what is hidden, such as `speaker.role`.
    pub hidden: Vec<String>,
}

/// Why the body of a record document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The kind is unknown, or a member is missing or does not fit.
    #[error(transparent)]
    NotUnderstood(#[from] NotUnderstood),
    /// A member that the kind does not have.
    #[error("{member}: {kind} has no such member{}", decode::meant(*nearest))]
    UnknownMember {
        /// The kind.
        kind: String,
        /// Where the member stands.
        member: String,
        /// The nearest name that is known there, if one is near.
        nearest: Option<&'static str>,
    },
    /// A number that no entry can hold.
    #[error("{member}: expected an integer within 2^53 - 1, found {found}")]
    Number {
        /// Where it stands.
        member: String,
        /// The number.
        found: String,
    },
    /// A kind that is not written from documents.
    #[error("{kind}: entries of this kind are written by a command of their own")]
    OwnCommand {
        /// The kind.
        kind: String,
    },
}

/// The kinds whose bodies FORMAT.md decides.
const STRUCTURAL: &[(&str, &str)] = &[
    ("ledger.genesis", "opens the ledger"),
    ("ledger.key", "grants, revokes or succeeds a key"),
    ("ledger.roles", "replaces the table of what each role may sign"),
    ("ledger.closed", "closes the ledger"),
    ("sealed", "commits to an event without showing it"),
    ("seal.revealed", "opens hidden values of an earlier entry"),
    ("seal.shared", "says with whom an opening was shared"),
    ("seal.erased", "says that an opening was destroyed"),
    ("heads", "states the last entry of each of some feeds"),
];

/// Lists the kinds that documents record: variant, type of the body, name, summary.
macro_rules! kinds {
    ($($variant:ident($type:ty) = $name:literal, $summary:literal;)*) => {
        /// The typed body of an entry.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Body {
            $(#[doc = concat!("`", $name, "`: ", $summary, ".")] $variant($type),)*
            /// A kind whose body FORMAT.md decides.
            Structural(Structural),
        }

        const RECORDED: &[KindInfo] = &[$(KindInfo {
            name: $name,
            summary: $summary,
            template: Some(include_str!(concat!("vocabulary/templates/", $name, ".toml"))),
            members: <$type as Known>::MEMBERS,
        },)*];

        impl Body {
            /// Reads a body of `kind`, from which `hidden` has been taken out.
            fn read(
                kind: &'static KindInfo,
                body: &Value,
                hidden: &[String],
            ) -> Result<Self, NotUnderstood> {
                match kind.name {
                    $($name => decode::read(body, hidden).map(Self::$variant),)*
                    _ => Err(NotUnderstood::Kind {
                        kind: kind.name.to_owned(),
                        nearest: None,
                    }),
                }
            }

            /// Returns the name of its kind.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Structural(body) => body.kind.as_str(),
                }
            }

            fn described(&self) -> &dyn Described {
                match self {
                    $(Self::$variant(body) => body,)*
                    Self::Structural(body) => body,
                }
            }

            /// Returns the value that stands in an entry. Its members are in no certain order:
            /// [`crate::cbor::encode`] sorts them.
            pub fn to_value(&self) -> Value {
                match self {
                    $(Self::$variant(body) => Value::serialized(body).expect(NO_FAILURE),)*
                    Self::Structural(body) => body.members.clone(),
                }
            }

            /// Returns the body as JSON, with digests as hexadecimal digits.
            pub fn to_json(&self) -> serde_json::Value {
                match self {
                    $(Self::$variant(body) => serde_json::to_value(body).expect(NO_FAILURE),)*
                    Self::Structural(body) => {
                        serde_json::to_value(members::Shown(&body.members)).expect(NO_FAILURE)
                    }
                }
            }

            fn unknown(&self) -> Vec<Unknown> {
                let mut found = Vec::new();
                match self {
                    $(Self::$variant(body) => body.unknown("", &mut found),)*
                    Self::Structural(_) => {}
                }
                found
            }
        }
    };
}

/// Why serialising a body cannot fail.
const NO_FAILURE: &str = "a body holds text, integers, bytes, lists and maps with text keys";

kinds! {
    EntryCorrection(entry::Correction) = "entry.correction", "corrects an earlier entry";
    EntryApproval(entry::Approval) = "entry.approval", "a second role stands behind an entry";
    EntryNote(entry::Note) = "entry.note", "adds a remark to an entry";
    IncidentOpened(incident::Opened) = "incident.opened", "opens an incident";
    IncidentLinked(incident::Linked) = "incident.linked", "ties the incident to another one";
    IncidentClosed(incident::Closed) = "incident.closed", "the incident was closed";
    IncidentReopened(incident::Reopened) = "incident.reopened", "the incident was reopened";
    IncidentDisputed(incident::Dispute) = "incident.disputed", "somebody disputes the incident";
    IncidentAwareness(incident::Awareness) = "incident.awareness", "the organisation became aware";
    IncidentProblemReport(incident::ProblemReport) =
        "incident.problem_report", "a Certificate Problem Report arrived";
    IncidentMilestone(incident::Milestone) = "incident.milestone", "a turning point was reached";
    IncidentDecision(incident::Decision) = "incident.decision", "a choice was made";
    IncidentScope(incident::Scope) = "incident.scope", "what is affected, and how much of it";
    IncidentCount(incident::Count) = "incident.count", "a number, as of a time";
    RevocationDeadline(revocation::Deadline) =
        "revocation.deadline", "by when a set has to be revoked";
    RevocationProgress(revocation::Progress) =
        "revocation.progress", "how far the revocation of a set is";
    RevocationCompleted(revocation::Completed) =
        "revocation.completed", "the last certificate of a set was revoked";
    LegalInstrument(Box<legal::Instrument>) =
        "legal.instrument", "a court order, motion, letter or other legal act";
    LegalStep(legal::Step) = "legal.step", "something was done about an instrument";
    LegalArgument(legal::Argument) =
        "legal.argument", "an argument for or against an instrument";
    LegalNotice(legal::Notice) = "legal.notice", "somebody was told";
    ActionOpened(action::Opened) = "action.opened", "an action item was announced";
    ActionStatus(action::Status) = "action.status", "the status of an action item";
    ActionChanged(action::Changed) = "action.changed", "the wording of an action item changed";
    CommitmentMade(commitment::Made) = "commitment.made", "a promise was made";
    CommitmentKept(commitment::Kept) = "commitment.kept", "a promise is recorded as kept";
    CommitmentChanged(commitment::Changed) = "commitment.changed", "a promise was changed";
    CommitmentWithdrawn(commitment::Withdrawn) =
        "commitment.withdrawn", "a promise no longer holds";
    StatementPublished(statement::Published) =
        "statement.published", "a public text, its speaker and its claims";
    StatementRevised(statement::Revised) = "statement.revised", "a public text was edited";
    StatementWithdrawn(statement::Withdrawn) =
        "statement.withdrawn", "a public text was taken down or withdrawn";
    InquiryAsked(inquiry::Asked) = "inquiry.asked", "a question or request was put";
    InquiryAnswered(inquiry::Answered) = "inquiry.answered", "a reply was given";
    InquiryDisputed(inquiry::Disputed) =
        "inquiry.disputed", "somebody says that a reply does not answer";
    InquiryWithdrawn(inquiry::Withdrawn) = "inquiry.withdrawn", "a reply is no longer asked for";
    InquiryAskedAgain(inquiry::AskedAgain) = "inquiry.asked_again", "the same was asked again";
    TrackerChanged(tracker::Changed) = "tracker.changed", "a field of the tracker changed";
    ConcernReceived(concern::Received) = "concern.received", "a concern arrived";
    ConcernStep(concern::Step) = "concern.step", "a step of the concern procedure was taken";
    ConcernClosed(concern::Closed) = "concern.closed", "a concern was closed";
    DocumentPublished(document::Published) =
        "document.published", "a document took a new version";
    MeasurementTaken(document::Measurement) = "measurement.taken", "something was captured";
}

/// The kinds of the vocabulary, in the order of its page, those of the ledger's own affairs first.
pub const KINDS: &[KindInfo] = &all_kinds();

const fn all_kinds() -> [KindInfo; STRUCTURAL.len() + RECORDED.len()] {
    let mut all = [RECORDED[0]; STRUCTURAL.len() + RECORDED.len()];
    let mut index = 0;
    while index < all.len() {
        all[index] = if index < STRUCTURAL.len() {
            KindInfo {
                name: STRUCTURAL[index].0,
                summary: STRUCTURAL[index].1,
                template: None,
                members: &[],
            }
        } else {
            RECORDED[index - STRUCTURAL.len()]
        };
        index += 1;
    }
    all
}

/// Returns what is known of `kind`, or `None` if the vocabulary does not have it.
pub fn kind(kind: &Kind) -> Option<&'static KindInfo> {
    KINDS.iter().find(|info| info.name == kind.as_str())
}

/// Reads the body of an entry of `kind`, and says which parts of it are hidden.
///
/// # Errors
///
/// Fails if the vocabulary has no such kind or the body does not fit; the first problem is named.
pub fn decode(kind: &Kind, body: &Value) -> Result<Decoded, NotUnderstood> {
    let info = known(kind)?;
    let members = decode::as_members(body)?;
    if info.template.is_none() {
        let body = Body::Structural(Structural { kind: kind.clone(), members: body.clone() });
        return Ok(Decoded { body, hidden: Vec::new() });
    }
    let mut hidden = Vec::new();
    let mut any = false;
    each_hidden(body, &mut |_| any = true);
    if !any {
        return Ok(Decoded { body: Body::read(info, body, &hidden)?, hidden });
    }
    let clear = Value::Map(decode::without_hidden(members, info.members, "", &mut hidden));
    let body = Body::read(info, &clear, &hidden)?;
    Ok(Decoded { body, hidden })
}

/// Returns any body as JSON, understood or not: bytes are hexadecimal.
pub fn shown(body: &Value) -> serde_json::Value {
    serde_json::to_value(members::Shown(body)).expect(NO_FAILURE)
}

fn known(name: &Kind) -> Result<&'static KindInfo, NotUnderstood> {
    kind(name).ok_or_else(|| NotUnderstood::Kind {
        kind: name.to_string(),
        nearest: members::nearest(name.as_str(), KINDS.iter().map(|info| info.name)),
    })
}

impl Body {
    /// Reads the body of an entry of `kind`, without what is hidden.
    ///
    /// # Errors
    ///
    /// As [`decode`].
    pub fn decode(kind: &Kind, body: &Value) -> Result<Self, NotUnderstood> {
        Ok(decode(kind, body)?.body)
    }

    /// Reads the table `body` of a record document of `kind`.
    ///
    /// # Errors
    ///
    /// As [`decode`]; and fails on members that the kind does not have, on numbers that no entry
    /// can hold, and on kinds that only commands of their own write.
    pub fn from_document(kind: &Kind, document: &serde_json::Value) -> Result<Self, DocumentError> {
        let info = known(kind)?;
        let own = || kind.to_string();
        if info.template.is_none() {
            return Err(DocumentError::OwnCommand { kind: own() });
        }
        let value = Value::serialized(document).expect("every JSON value is a CBOR value");
        if let Some((member, found)) = decode::number_out_of_range(&value, "") {
            return Err(DocumentError::Number { member, found });
        }
        decode::as_members(&value)?;
        let body = Self::read(info, &value, &[])?;
        match body.unknown().into_iter().next() {
            None => Ok(body),
            Some(Unknown { member, nearest }) => {
                Err(DocumentError::UnknownMember { kind: own(), member, nearest })
            }
        }
    }

    /// Returns the id by which claims and later entries refer to the same thing.
    pub fn subject(&self) -> Option<&str> {
        self.described().subject()
    }

    /// Returns one line of at most [`SUMMARY_MAX`] characters in plain words. It may hold text of
    /// the entry as it stands: whoever displays it escapes it.
    pub fn summary(&self) -> String {
        clipped(&self.described().summary(), SUMMARY_MAX)
    }

    /// Returns the claims of a statement; none of any other body.
    pub fn claims(&self) -> &[Claim] {
        match self {
            Self::StatementPublished(body) => &body.claims,
            Self::StatementRevised(body) => &body.claims,
            _ => &[],
        }
    }
}

impl entry::Correction {
    /// Returns the correction with its body read as one of `kind`, the kind of the entry that it
    /// corrects. In a document a digest is text; only the kind tells that it is one.
    ///
    /// # Errors
    ///
    /// As [`Body::from_document`].
    pub fn of(mut self, kind: &Kind) -> Result<Self, DocumentError> {
        if let Some(body) = &self.body {
            self.body = Some(Body::from_document(kind, &shown(body))?.to_value());
        }
        Ok(self)
    }
}
