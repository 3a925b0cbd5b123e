//! `incident.*`: what happened, to what extent, and what was decided.

use super::describe::{Described, tail};
use super::members::{members, words};
use super::statement::Speaker;
use super::words::{Channel, Metric, Qualifier, Unit};
use crate::hash::Hash;
use crate::name::FeedId;
use crate::time::When;

members! {
    /// An organisation.
    open pub struct Organisation {
        /// Its name.
        pub name: String,
        /// Its CCADB unique id, such as `A000021`.
        pub ca_owner: Option<String>,
        /// Its address on the web.
        pub url: Option<String>,
    }
}

members! {
    /// `incident.opened`: whom the incident is about and where it is discussed.
    open pub struct Opened {
        /// The organisation whose incident it is.
        pub about: Organisation,
        /// One line that names the incident.
        pub title: String,
        /// Its numbers in bugzilla.mozilla.org.
        pub bugs: Vec<u64>,
        /// Other places where it is discussed.
        pub urls: Vec<String>,
        /// The policies concerned, with version and section.
        pub policies: Vec<String>,
    }
}

words! {
    /// How an incident is related to another one.
    open Relation {
        /// The other one caused it.
        CausedBy = "caused_by",
        /// It caused the other one.
        Causes = "causes",
        /// It is the delay of the revocation that the other one required.
        DelayedRevocationOf = "delayed_revocation_of",
        /// Both have one root cause.
        SameRootCause = "same_root_cause",
        /// The other one happened again.
        RecurrenceOf = "recurrence_of",
        /// It continues the other one.
        FollowUpOf = "follow_up_of",
        /// In some other way.
        Related = "related",
    }
}

members! {
    /// `incident.linked`: ties the incident to another one, by name, number or address.
    open pub struct Linked {
        /// How the two are related.
        pub relation: Relation,
        /// The other incident, in this ledger.
        pub incident: Option<FeedId>,
        /// The other incident's number in bugzilla.mozilla.org.
        pub bug: Option<u64>,
        /// Where the other incident is discussed.
        pub url: Option<String>,
        /// The relation in words.
        pub text: Option<String>,
    }
}

members! {
    /// `incident.closed`: the incident was closed, in the tracker or by the organisation.
    open pub struct Closed {
        /// The organisation or role that closed it.
        pub by: Option<String>,
        /// The tracker's own word, such as `FIXED`.
        pub resolution: Option<String>,
        /// The reason given.
        pub why: Option<String>,
    }
}

members! {
    /// `incident.reopened`: a closed incident was opened again.
    open pub struct Reopened {
        /// The reason given.
        pub why: String,
        /// The organisation or role that reopened it.
        pub by: Option<String>,
    }
}

words! {
    /// What of an incident is disputed.
    open Disputed {
        /// That it is one.
        Incident = "incident",
        /// Its extent.
        Scope = "scope",
        /// Its cause.
        Cause = "cause",
        /// Its weight.
        Severity = "severity",
        /// Its closure.
        Closure = "closure",
    }
}

members! {
    /// `incident.disputed`: somebody disputes the incident or a part of it. It decides nothing.
    open pub struct Dispute {
        /// What is disputed.
        pub what: Disputed,
        /// Who disputes it.
        pub by: Speaker,
        /// The position taken, in a sentence.
        pub text: String,
    }
}

words! {
    /// How an incident came to light, in the CCADB's terms.
    closed Source {
        /// By the organisation itself.
        SelfReported = "Self Reported",
        /// By somebody else.
        ThirdPartyReported = "Third Party Reported",
        /// In an audit.
        Audit = "Audit",
    }
}

members! {
    /// `incident.awareness`: the organisation became aware, and reporting clocks run.
    open pub struct Awareness {
        /// How the incident came to light.
        pub source: Source,
        /// The same, in words.
        pub how: Option<String>,
        /// The organisation or role that reported it.
        pub reporter: Option<String>,
    }
}

members! {
    /// `incident.problem_report`: a Certificate Problem Report arrived.
    open pub struct ProblemReport {
        /// The report's reference.
        pub id: Option<String>,
        /// How it arrived.
        pub channel: Option<Channel>,
        /// The organisation or role that sent it.
        pub reporter: Option<String>,
        /// What it reports.
        pub about: Option<String>,
    }
}

words! {
    /// A turning point of an incident.
    open MilestoneName {
        /// A change of policy, process or software that contributed.
        ContributingChange = "contributing_change",
        /// The non-compliance started.
        NonComplianceStart = "non_compliance_start",
        /// The non-compliance was identified.
        Identified = "identified",
        /// The non-compliance ended.
        End = "end",
        /// Issuance was stopped.
        IssuanceStopped = "issuance_stopped",
        /// Issuance was resumed.
        IssuanceResumed = "issuance_resumed",
        /// The extent was concluded.
        ScopeConcluded = "scope_concluded",
        /// The extent was updated.
        ScopeUpdated = "scope_updated",
        /// The reporter of the problem got the preliminary report.
        ReporterInformed = "reporter_informed",
        /// The subscribers got the preliminary report.
        SubscribersInformed = "subscribers_informed",
        /// The root programs were informed.
        RootProgramsInformed = "root_programs_informed",
        /// The mass revocation plan was activated.
        PlanActivated = "plan_activated",
        /// Closure was asked for.
        ClosureRequested = "closure_requested",
        /// A last call for comments was made.
        LastCall = "last_call",
    }
}

members! {
    /// `incident.milestone`: a turning point was reached.
    open pub struct Milestone {
        /// Which.
        pub milestone: MilestoneName,
        /// What happened, in a sentence.
        pub text: Option<String>,
    }
}

members! {
    /// `incident.decision`: a choice, by which role, and the digest of its reasons.
    open pub struct Decision {
        /// What was decided.
        pub choice: String,
        /// The role or body that decided.
        pub role: String,
        /// A name to refer to it by.
        pub id: Option<String>,
        /// The document that holds the reasons.
        pub reasons: Option<Hash>,
        /// What was considered and not chosen.
        pub alternatives: Vec<String>,
    }
}

members! {
    /// `incident.scope`: a named set of what is affected, its size and the digest of its list.
    open pub struct Scope {
        /// The name of the set.
        pub set: String,
        /// How many it has.
        pub count: u64,
        /// Of what.
        pub unit: Unit,
        /// The file that lists them.
        pub digest: Option<Hash>,
        /// How the list was drawn up.
        pub method: Option<String>,
        /// The certificate types affected.
        pub types: Vec<String>,
    }
}

members! {
    /// `incident.count`: a number, as of a time.
    open pub struct Count {
        /// What is counted.
        pub metric: Metric,
        /// In what unit.
        pub unit: Unit,
        /// The number.
        pub value: u64,
        /// The time for which it holds; absent: when the entry occurred.
        pub as_of: Option<When>,
        /// Of which set or part.
        pub scope: Option<String>,
        /// How exact it is; absent: exact.
        pub qualifier: Option<Qualifier>,
    }
}

impl Described for Opened {
    fn summary(&self) -> String {
        format!("incident of {}: {}", self.about.name, self.title)
    }
}

impl Described for Linked {
    fn summary(&self) -> String {
        let other = match (&self.incident, self.bug, &self.url) {
            (Some(incident), ..) => format!("incident {incident}"),
            (None, Some(bug), _) => format!("bug {bug}"),
            (None, None, Some(url)) => url.clone(),
            (None, None, None) => "another incident".to_owned(),
        };
        format!("linked: {} {other}", self.relation)
    }
}

impl Described for Closed {
    fn summary(&self) -> String {
        format!(
            "incident closed{}{}{}",
            tail(" by ", self.by.as_ref()),
            tail(" as ", self.resolution.as_ref()),
            tail(": ", self.why.as_ref())
        )
    }
}

impl Described for Reopened {
    fn summary(&self) -> String {
        format!("incident reopened: {}", self.why)
    }
}

impl Described for Dispute {
    fn summary(&self) -> String {
        format!("{} disputes the {}: {}", self.by.name(), self.what, self.text)
    }
}

impl Described for Awareness {
    fn summary(&self) -> String {
        format!("became aware ({}){}", self.source, tail(": ", self.how.as_ref()))
    }
}

impl Described for ProblemReport {
    fn subject(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn summary(&self) -> String {
        format!("certificate problem report received{}", tail(": ", self.about.as_ref()))
    }
}

impl Described for Milestone {
    fn subject(&self) -> Option<&str> {
        Some(self.milestone.as_str())
    }

    fn summary(&self) -> String {
        format!("milestone {}{}", self.milestone, tail(": ", self.text.as_ref()))
    }
}

impl Described for Decision {
    fn subject(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn summary(&self) -> String {
        format!("{} decides: {}", self.role, self.choice)
    }
}

impl Described for Scope {
    fn subject(&self) -> Option<&str> {
        Some(&self.set)
    }

    fn summary(&self) -> String {
        format!("scope of {}: {} {}", self.set, self.count, self.unit)
    }
}

impl Described for Count {
    fn subject(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    fn summary(&self) -> String {
        let qualifier = self.qualifier.map(|qualifier| format!("{qualifier} "));
        format!(
            "{}{}: {}{} {}",
            self.metric,
            tail(" of ", self.scope.as_ref()),
            qualifier.unwrap_or_default(),
            self.value,
            self.unit
        )
    }
}
