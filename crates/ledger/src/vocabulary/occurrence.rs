//! What a body says happened: the kinds, subjects and times that claims are held against.

use super::Body;
use crate::name::Kind;
use crate::time::When;

/// Something that happened, as claims name it.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// The kind of the entry, made exact by its step, milestone or status: `legal.step.granted`,
    /// `incident.milestone.identified`, `concern.step.reported`, `action.status.complete`.
    pub kind: Kind,
    /// What it happened to.
    pub subject: Option<String>,
    /// When, if that is known.
    pub when: Option<When>,
}

/// Returns whether a claim about `claimed` is one about `kind`: the two are the same, or `claimed`
/// is the beginning of `kind`, whole words long.
pub fn covers(claimed: &Kind, kind: &Kind) -> bool {
    let rest = kind.as_str().strip_prefix(claimed.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Body {
    /// Returns what the body says happened; `occurred` is its entry's.
    ///
    /// An instrument's dates are steps, and a statement occurs when it is published. An entry
    /// that is later corrected still returns what it said.
    pub fn occurrences(&self, occurred: Option<&When>) -> Vec<Occurrence> {
        let occurrence = |kind: &str, when: Option<&When>| {
            // A word of the vocabulary is a word of kinds, so this fails only beyond 64 letters.
            let kind = kind.parse().ok()?;
            let subject = self.subject().map(str::to_owned);
            let when = when.cloned();
            Some(Occurrence { kind, subject, when })
        };
        let own = |when| occurrence(self.kind(), when).into_iter().collect();
        let exact = |word: &str| {
            occurrence(&format!("{}.{word}", self.kind()), occurred).into_iter().collect()
        };
        match self {
            Self::RevocationCompleted(body) => own(body.last.as_ref().or(occurred)),
            Self::StatementPublished(body) => own(Some(&body.published)),
            Self::StatementRevised(body) => own(Some(&body.revised)),
            Self::LegalStep(body) => exact(body.step.as_str()),
            Self::ConcernStep(body) => exact(body.step.as_str()),
            Self::IncidentMilestone(body) => exact(body.milestone.as_str()),
            Self::ActionStatus(body) => exact(&body.status.as_str().to_lowercase()),
            Self::ActionOpened(body) => {
                let status = body.status.as_str().to_lowercase();
                let status = occurrence(&format!("action.status.{status}"), occurred);
                occurrence(self.kind(), occurred).into_iter().chain(status).collect()
            }
            Self::LegalInstrument(body) => {
                let dates = [
                    ("filed", &body.filed),
                    ("notice_received", &body.notice_received),
                    ("served", &body.served),
                    ("granted", &body.granted),
                    ("effective", &body.effective),
                ];
                let steps = dates.iter().filter_map(|(step, date)| {
                    occurrence(&format!("legal.step.{step}"), Some(date.as_ref()?))
                });
                // An instrument is as old as the first of its dates that is known.
                let first = occurred.or_else(|| dates.iter().find_map(|(_, date)| date.as_ref()));
                occurrence(self.kind(), first).into_iter().chain(steps).collect()
            }
            _ => own(occurred),
        }
    }
}
