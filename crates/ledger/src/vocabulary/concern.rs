//! `concern.*`: the steps of an ombuds office. No member identifies who raised a concern.

use super::describe::{Described, tail};
use super::members::{members, words};
use super::words::Channel;
use crate::hash::Hash;
use crate::time::When;

words! {
    /// What sort of party raised a concern.
    open Origin {
        /// A customer.
        Customer = "customer",
        /// A root program.
        RootProgram = "root_program",
        /// Another certificate authority.
        Ca = "ca",
        /// A researcher.
        Researcher = "researcher",
        /// Anybody else.
        Public = "public",
    }
}

members! {
    /// `concern.received`: a concern arrived.
    open pub struct Received {
        /// The case number.
        pub id: String,
        /// How it arrived.
        pub channel: Option<Channel>,
        /// What sort of party raised it.
        pub from: Option<Origin>,
        /// Whether no way to reply was given.
        pub anonymous: Option<bool>,
        /// What it concerns, in general words.
        pub about: Option<String>,
    }
}

words! {
    /// A step of the procedure.
    open StepName {
        /// Receipt was acknowledged.
        Acknowledged = "acknowledged",
        /// The case number was sent.
        NumberSent = "number_sent",
        /// The case was classified.
        Classified = "classified",
        /// An investigator was assigned.
        Assigned = "assigned",
        /// Parties were heard.
        Interviewed = "interviewed",
        /// The submitter got an update.
        Updated = "updated",
        /// The submitter was asked to clarify.
        ClarificationAsked = "clarification_asked",
        /// The submitter clarified.
        Clarified = "clarified",
        /// The time for the investigation was extended.
        Extended = "extended",
        /// The report was issued.
        Reported = "reported",
        /// A remedy was carried out.
        Remedied = "remedied",
        /// The submitter gave feedback on the procedure.
        Feedback = "feedback",
    }
}

members! {
    /// `concern.step`: a step of the procedure was taken.
    open pub struct Step {
        /// The case number.
        pub id: String,
        /// The step.
        pub step: StepName,
        /// By when the procedure asks for the next one.
        pub due: Option<When>,
        /// The digest of the paper.
        pub document: Option<Hash>,
        /// What was done, in general words.
        pub text: Option<String>,
    }
}

words! {
    /// How a case ended.
    open Outcome {
        /// The concern was upheld.
        Upheld = "upheld",
        /// It was upheld in part.
        PartlyUpheld = "partly_upheld",
        /// It was not upheld.
        NotUpheld = "not_upheld",
        /// The parties agreed.
        Mediated = "mediated",
        /// It was outside the office's remit.
        OutOfScope = "out_of_scope",
        /// It could not be looked into for want of detail.
        NotSubstantiated = "not_substantiated",
        /// It was withdrawn.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What is done to put things right.
    open Remedy {
        /// An apology.
        Apology = "apology",
        /// An explanation.
        Explanation = "explanation",
        /// A change of process.
        ProcessChange = "process_change",
        /// A change of policy.
        PolicyChange = "policy_change",
        /// A public correction.
        PublicCorrection = "public_correction",
    }
}

members! {
    /// `concern.closed`: the case was closed.
    open pub struct Closed {
        /// The case number.
        pub id: String,
        /// How it ended.
        pub outcome: Outcome,
        /// What is done to put things right.
        pub remedies: Vec<Remedy>,
        /// The digest of the report.
        pub document: Option<Hash>,
        /// The outcome, in general words.
        pub text: Option<String>,
    }
}

impl Described for Received {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("concern {} received{}", self.id, tail(": ", self.about.as_ref()))
    }
}

impl Described for Step {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("concern {}: {}{}", self.id, self.step, tail(": ", self.text.as_ref()))
    }
}

impl Described for Closed {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("concern {} closed as {}{}", self.id, self.outcome, tail(": ", self.text.as_ref()))
    }
}
