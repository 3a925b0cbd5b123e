//! The fields of the CCADB's templates, and the spellings by which people label them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Where in a report a label may stand to count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere: no other sentence begins with these words and a colon.
    Anywhere,
    /// As a heading, or alone on its line: a section of its own.
    Section,
    /// Below a contributing factor, or in the section of root causes.
    Factor,
    /// In the section on the impact.
    Impact,
    /// In the section on lessons learned.
    Lessons,
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $place:ident: $($alias:literal),+;)*) => {
        /// A field of one of the CCADB's templates, of any version.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Label { $($(#[$doc])* $name,)* }

        impl Label {
            /// All labels, in the order of the templates.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the name of the field, the same in labels, findings and messages.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            pub(super) fn place(self) -> Place {
                match self { $(Self::$name => Place::$place,)* }
            }

            fn aliases(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($alias),+],)* }
            }
        }
    };
}

labels! {
    /// The CA Owner's CCADB unique id.
    CaOwnerId = "ca_owner_id", Anywhere:
        "ca owner ccadb unique id", "ca owner unique id", "ccadb unique id", "ca owner id";
    /// The short description of the incident.
    IncidentDescription = "incident_description", Anywhere:
        "incident description", "description of incident", "description of the incident";
    /// What stands under "Timeline summary" itself, beside its three dates.
    TimelineSummary = "timeline_summary", Anywhere: "timeline summary";
    /// When the non-compliance began.
    NonComplianceStart = "non_compliance_start", Anywhere:
        "non compliance start date", "noncompliance start date", "non compliance start",
        "non compliance began", "non compliance start date and time";
    /// When the non-compliance was identified.
    NonComplianceIdentified = "non_compliance_identified", Anywhere:
        "non compliance identified date", "noncompliance identified date",
        "non compliance identified", "non compliance identification date",
        "non compliance detected date", "non compliance identified date and time";
    /// When the non-compliance ended.
    NonComplianceEnd = "non_compliance_end", Anywhere:
        "non compliance end date", "noncompliance end date", "non compliance end",
        "non compliance ended", "non compliance end date and time";
    /// The policies that make it an incident.
    RelevantPolicies = "relevant_policies", Anywhere:
        "relevant policies", "relevant policy", "relevant policie", "related policies",
        "related policy", "relevant requirements", "relevant requirement",
        "relevant policies and requirements", "applicable policies", "relevant polices";
    /// How the incident came to be disclosed.
    Source = "source_of_incident_disclosure", Anywhere:
        "source of incident disclosure", "source of disclosure",
        "source of the incident disclosure",
        "incident disclosure source", "source of incident", "source of incident disclosures";
    /// The number of certificates affected.
    TotalCertificates = "total_certificates", Anywhere:
        "total number of certificates", "total number of affected certificates",
        "total number of certificates affected", "number of certificates",
        "total number of impacted certificates", "total certificates";
    /// The number of affected certificates that are neither revoked nor expired.
    RemainingValid = "remaining_valid", Anywhere:
        "total number of remaining valid certificates", "number of remaining valid certificates",
        "remaining valid certificates", "total number of certificates remaining valid";
    /// The types of the certificates affected.
    CertificateTypes = "certificate_types", Anywhere:
        "affected certificate types", "affected certificate type", "certificate types affected",
        "types of affected certificates";
    /// How anybody can tell which certificates are affected.
    Heuristic = "heuristic", Anywhere: "incident heuristic", "incident heuristics";
    /// Whether issuance was stopped, and why or why not.
    IssuanceStopped = "issuance_stopped", Anywhere:
        "was issuance stopped in response to this incident and why or why not",
        "was issuance stopped in response to this incident",
        "was issuance stopped in response to the incident and why or why not",
        "was issuance stopped and why or why not", "was issuance stopped";
    /// The factors and reasons of a delayed revocation.
    Analysis = "analysis", Impact: "analysis";
    /// What else is useful about size and nature.
    AdditionalConsiderations = "additional_considerations", Anywhere:
        "additional considerations", "additional consideration";
    /// The title of a contributing factor.
    Factor = "factor", Anywhere: "contributing factor", "contributing factors";
    /// What the contributing factor is.
    FactorDescription = "factor_description", Factor: "description";
    /// The course of the contributing factor.
    FactorTimeline = "factor_timeline", Factor: "timeline";
    /// How the contributing factor was detected.
    FactorDetection = "factor_detection", Factor: "detection";
    /// How the contributing factor met others.
    FactorInteraction = "factor_interaction", Factor:
        "interaction with other factors", "interaction with other factor",
        "interactions with other factors",
        "interaction with others factors";
    /// How the causes were analysed.
    FactorMethodology = "factor_methodology", Anywhere:
        "root cause analysis methodology used", "root cause analysis methodology",
        "rca methodology used", "rca methodology", "methodology used";
    /// What went well.
    WentWell = "went_well", Anywhere: "what went well", "what has gone well";
    /// What did not go well.
    DidNotGoWell = "did_not_go_well", Anywhere:
        "what didnt go well", "what did not go well", "what didn t go well", "what went wrong",
        "what could have gone better";
    /// Where luck helped.
    GotLucky = "got_lucky", Anywhere: "where we got lucky", "where did we get lucky";
    /// Other lessons.
    AdditionalLessons = "additional_lessons", Lessons:
        "additional", "other", "additional lessons", "additional lessons learned";
    /// The root causes, in a report closure summary.
    RootCauses = "root_causes", Anywhere:
        "incident root cause s", "incident root causes", "incident root cause";
    /// What was done, in a report closure summary.
    Remediation = "remediation", Anywhere: "remediation description", "remediation descriptions";
    /// What is promised beyond the incident, in a report closure summary.
    Commitments = "commitments", Anywhere: "commitment summary", "commitments summary";
    /// The section "Summary", where it has text of its own.
    Summary = "summary", Section: "summary", "incident summary", "executive summary";
    /// The section "Impact", where it has text of its own.
    Impact = "impact", Section: "impact", "incident impact", "impact of the incident";
    /// The section "Timeline".
    Timeline = "timeline", Section:
        "timeline", "incident timeline", "timeline of events", "detailed timeline", "timelines";
    /// The section "Related Incidents".
    RelatedIncidents = "related_incidents", Section:
        "related incidents", "related incident", "related bugs";
    /// The section "Root Cause Analysis", where it has text of its own.
    RootCauseAnalysis = "root_cause_analysis", Section:
        "root cause analysis", "root causes analysis", "root causes", "root cause",
        "root cause s", "root cause analysis rca";
    /// The section "Lessons Learned", where it has text of its own.
    LessonsLearned = "lessons_learned", Section:
        "lessons learned", "lesson learned", "lessons learnt";
    /// The section "Action Items".
    ActionItems = "action_items", Section:
        "action items", "action item", "actions items", "action items table",
        "list of action items";
    /// The section "Appendix", where it has text of its own.
    Appendix = "appendix", Section: "appendix", "appendices";
    /// The list of affected certificates (version 2.0).
    AffectedCertificates = "affected_certificates", Section:
        "details of affected certificates", "affected certificates",
        "details of the affected certificates", "list of affected certificates",
        "details of impacted certificates";
    /// A finding of an audit incident report (version 2.0).
    Finding = "finding", Section: "finding";
    /// Question 1 of version 1.0: how the CA became aware.
    BecameAware = "became_aware", Anywhere: "how your ca first became aware of the problem";
    /// Question 2 of version 1.0: the timeline of its actions.
    ActionsTaken = "actions_taken", Anywhere:
        "a timeline of the actions your ca took in response",
        "timeline of the actions your ca took in response";
    /// Question 3 of version 1.0: whether issuance has stopped.
    StoppedIssuing = "stopped_issuing", Anywhere:
        "whether your ca has stopped or has not yet stopped";
    /// Question 4 of version 1.0: a summary of the problematic certificates.
    ProblematicCertificates = "problematic_certificates", Anywhere:
        "in a case involving certificates a summary of the problematic certificates",
        "a summary of the problematic certificates", "summary of the problematic certificates";
    /// Question 5 of version 1.0: the complete certificate data.
    CertificateData = "certificate_data", Anywhere:
        "in a case involving tls server certificates the complete certificate data",
        "in a case involving certificates the complete certificate data",
        "the complete certificate data for the problematic certificates";
    /// Question 6 of version 1.0: how and why it happened.
    HowAndWhy = "how_and_why", Anywhere:
        "explanation about how and why the mistakes were made",
        "explanation of how and why the mistakes were made";
    /// Question 7 of version 1.0: the steps taken.
    StepsTaken = "steps_taken", Anywhere:
        "list of steps your ca is taking to resolve the situation",
        "a list of steps your ca is taking to resolve the situation";
}

impl Label {
    /// Returns the label with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|label| label.as_str() == name)
    }

    /// Returns whether the label is one of the seven questions of version 1.0.
    pub fn is_question(self) -> bool {
        self >= Self::BecameAware
    }

    /// Returns whether the label is a section that holds other fields or rows.
    pub fn is_section(self) -> bool {
        self.place() == Place::Section
    }

    /// Returns whether only a template of version 3 has the label.
    pub(super) fn is_third(self) -> bool {
        self <= Self::Commitments
            && !matches!(self, Self::WentWell | Self::DidNotGoWell | Self::GotLucky)
    }

    /// Returns whether a value is one short phrase, so that what follows it is not part of it.
    pub(super) fn is_short(self) -> bool {
        matches!(
            self,
            Self::CaOwnerId
                | Self::Source
                | Self::NonComplianceStart
                | Self::NonComplianceIdentified
                | Self::NonComplianceEnd
        )
    }
}

/// The most words that a label has.
pub(super) const WORDS_MAX: usize = 16;

/// Returns the labels that are spelled so, in lower case and without punctuation. A spelling may
/// belong to two labels, of which the place decides.
pub(super) fn spelled(words: &str) -> &'static [Label] {
    static INDEX: OnceLock<BTreeMap<&'static str, Vec<Label>>> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let mut index: BTreeMap<&'static str, Vec<Label>> = BTreeMap::new();
        for &label in Label::ALL {
            for alias in label.aliases() {
                index.entry(alias).or_default().push(label);
            }
        }
        index
    });
    index.get(words).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_has_one_name_and_spellings_that_can_be_found() {
        for (at, label) in Label::ALL.iter().enumerate() {
            assert_eq!(Label::named(label.as_str()), Some(*label));
            assert!(Label::ALL[..at].iter().all(|other| other.as_str() != label.as_str()));
            for alias in label.aliases() {
                let count = alias.split(' ').count();
                assert!(count <= WORDS_MAX, "{alias}");
                let plain = |c: char| c.is_ascii_lowercase() || c == ' ';
                assert!(alias.chars().all(plain), "{alias}");
                assert!(spelled(alias).contains(label), "{alias}");
            }
        }
    }
}
