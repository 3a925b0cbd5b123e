//! `document.*` and `measurement.*`: versions of documents, and captures.

use super::describe::{Described, tail};
use super::members::{members, words};
use super::words::Visibility;
use crate::hash::Hash;
use crate::time::When;

words! {
    /// The type of a document.
    open DocumentType {
        /// A certificate policy.
        Cp = "cp",
        /// A certification practice statement.
        Cps = "cps",
        /// A procedure.
        Procedure = "procedure",
        /// A policy.
        Policy = "policy",
        /// An audit report.
        AuditReport = "audit_report",
        /// A mass revocation plan.
        RevocationPlan = "revocation_plan",
        /// An agreement.
        Agreement = "agreement",
        /// Another report.
        Report = "report",
    }
}

members! {
    /// `document.published`: a document took a new version.
    open pub struct Published {
        /// A name to refer to it by, the same for all versions.
        pub id: String,
        /// Its type.
        pub r#type: DocumentType,
        /// Its title.
        pub title: String,
        /// Its version.
        pub version: Option<String>,
        /// From when it applies.
        pub effective: Option<When>,
        /// The version that it replaces.
        pub supersedes: Option<String>,
        /// Whether everybody can read it.
        pub visibility: Option<Visibility>,
        /// Its address.
        pub url: Option<String>,
        /// The digest of the exact bytes.
        pub digest: Option<Hash>,
        /// The number of the exact bytes.
        pub size: Option<u64>,
    }
}

words! {
    /// What is measured.
    open Measured {
        /// A certificate revocation list.
        Crl = "crl",
        /// An OCSP response.
        Ocsp = "ocsp",
        /// Entries of a Certificate Transparency log.
        Ct = "ct",
        /// A list of certificates.
        Certificates = "certificates",
        /// A docket.
        Docket = "docket",
        /// A page of a web site.
        Page = "page",
        /// A bug of a tracker.
        Tracker = "tracker",
    }
}

members! {
    /// `measurement.taken`: something was captured.
    open pub struct Measurement {
        /// What was measured.
        pub what: Measured,
        /// The digest of the bytes captured.
        pub digest: Hash,
        /// Of what, such as the name of a set.
        pub subject: Option<String>,
        /// From where.
        pub url: Option<String>,
        /// How many bytes.
        pub size: Option<u64>,
        /// The program and its version.
        pub tool: Option<String>,
        /// What it shows, in a sentence.
        pub result: Option<String>,
    }
}

impl Described for Published {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let version = tail(" version ", self.version.as_ref());
        format!("{} {}{version} published: {}", self.r#type, self.id, self.title)
    }
}

impl Described for Measurement {
    fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    fn summary(&self) -> String {
        format!(
            "{} captured{}{}",
            self.what,
            tail(" of ", self.subject.as_ref().or(self.url.as_ref())),
            tail(": ", self.result.as_ref())
        )
    }
}
