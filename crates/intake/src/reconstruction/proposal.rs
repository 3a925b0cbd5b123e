//! Events that a text suggests, for a person to review and record; none of them is in the ledger.
//!
//! A row of a timeline may say when the organisation became aware, and a question may be one that
//! is to be answered. Both are readings of prose: an event would count, so it is only proposed,
//! with the words that it is read from.

use serde_json::{Map, Value as Json, json};
use tally_ledger::claim::{Assertion, Claim, Occurred, Origin};
use tally_ledger::hash::Hash;
use tally_ledger::name::{FeedId, Kind};
use tally_ledger::payload::Citation;
use tally_ledger::time::When;
use tally_ledger::vocabulary::incident::Source;
use tally_ledger::vocabulary::statement::Speaker;
use tally_ledger::vocabulary::words::Capacity;

use super::{Draft, LeftOut, kind};
use crate::phrase::questions;
use crate::report::{self, Label};

/// The most events that are proposed together.
pub(super) const PROPOSALS_MAX: usize = 2000;
/// The longest text of an inquiry, in characters; its span covers all of it.
const ASKED_CHARS_MAX: usize = 500;

/// An event that nobody has recorded, as a document would have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Its kind.
    pub kind: Kind,
    /// Its incident.
    pub feed: FeedId,
    /// When it occurred.
    pub occurred: Option<When>,
    /// The members of its kind.
    pub body: Map<String, Json>,
    /// A member that its kind requires and the text does not say, and what may stand there.
    pub lacks: Option<(&'static str, &'static str)>,
    /// The place that it is read from.
    pub citation: Citation,
    /// The name of the statement that it is read from.
    pub statement: String,
    /// Who speaks there.
    pub speaker: String,
    /// The words that it is read from.
    pub quotation: String,
}

impl Proposal {
    /// Returns whether another proposes the same: a report that is posted again says it again. A
    /// question that is put again is another one.
    fn is_same(&self, other: &Self) -> bool {
        let what = |of: &Self| {
            (
                of.feed.clone(),
                of.kind.clone(),
                of.occurred.clone(),
                of.body.get("milestone").cloned(),
            )
        };
        self.kind.as_str() != ASKED && what(self) == what(other)
    }
}

/// The last text that stands in a comment, with what was read from it.
pub(super) struct Said<'t> {
    pub(super) id: &'t str,
    pub(super) number: u64,
    pub(super) exact: &'t str,
    pub(super) digest: Hash,
    pub(super) since: &'t When,
    pub(super) speaker: &'t Speaker,
    pub(super) claims: &'t [Claim],
}

impl Draft<'_> {
    /// Proposes the events that a text suggests: of the organisation's own what happened, of
    /// anybody else's the questions.
    pub(super) fn propose(&mut self, said: &Said<'_>) {
        let found = match said.speaker.capacity {
            Capacity::Official => self.happened(said),
            _ => self.inquired(said).into_iter().collect(),
        };
        for proposal in found {
            let all = &mut self.whole.proposals;
            if all.iter().any(|known| known.is_same(&proposal)) {
                continue;
            }
            if all.len() == PROPOSALS_MAX {
                let statement = said.id.to_owned();
                self.whole.left_out.push(LeftOut::Proposals { statement });
                return;
            }
            all.push(proposal);
        }
    }

    /// Returns what an official text suggests to have happened.
    fn happened(&self, said: &Said<'_>) -> Vec<Proposal> {
        let suggested = said.claims.iter().filter(|claim| claim.origin == Origin::Suggested);
        let found = suggested.filter_map(|claim| {
            let Assertion::Occurred(occurred) = &claim.assertion else {
                return None;
            };
            let (kind, body, lacks) = event(occurred, said.exact)?;
            let [start, end] = claim.span?;
            let words = claim.text.as_deref()?;
            Some(Proposal {
                occurred: Some(occurred.when.clone()),
                lacks,
                ..self.proposal(said, kind, body, [start, end], words)
            })
        });
        found.collect()
    }

    /// Returns the inquiry that a text of somebody else's suggests.
    fn inquired(&self, said: &Said<'_>) -> Option<Proposal> {
        let questions = questions(said.exact);
        let (first, last) = (questions.first()?, questions.last()?);
        let span = [first[0] as u64, last[1] as u64];
        let words =
            questions.iter().map(|[start, end]| said.exact[*start..*end].split_whitespace());
        let words = words.flatten().collect::<Vec<_>>().join(" ");
        let text: String = words.chars().take(ASKED_CHARS_MAX).collect();
        let body = json!({
            "id": format!("q-c{}", said.number),
            "form": "question",
            "text": text,
            "asker": said.speaker,
            "url": self.url,
            "item": said.number,
            "span": span,
        });
        let quoted = format!("\"{text}\"");
        Some(self.proposal(said, ASKED, body, span, &quoted))
    }

    fn proposal(
        &self,
        said: &Said<'_>,
        name: &str,
        body: Json,
        [start, end]: [u64; 2],
        words: &str,
    ) -> Proposal {
        let Json::Object(body) = body else { unreachable!("a body has members") };
        Proposal {
            kind: kind(name),
            feed: self.feed.clone(),
            occurred: Some(said.since.clone()),
            body,
            lacks: None,
            citation: Citation::Web {
                url: self.url.clone(),
                item: Some(said.number),
                digest: Some(said.digest),
                span: Some((start, end)),
            },
            statement: said.id.to_owned(),
            speaker: said.speaker.name(),
            quotation: words.to_owned(),
        }
    }
}

/// The kind of a question that was put.
const ASKED: &str = "inquiry.asked";
/// What the kinds of milestones begin with in a claim.
const MILESTONE: &str = "incident.milestone.";

/// What the event of a kind lacks: a member, and what may stand there.
type Lacks = Option<(&'static str, &'static str)>;

/// Returns the event that says what a claim says, with what the text does not say of it.
fn event<'k>(occurred: &'k Occurred, exact: &str) -> Option<(&'k str, Json, Lacks)> {
    let kind = occurred.kind.as_str();
    if let Some(milestone) = kind.strip_prefix(MILESTONE) {
        return Some(("incident.milestone", json!({ "milestone": milestone }), None));
    }
    match kind {
        "incident.awareness" => Some(match source(exact) {
            Some(source) => (kind, json!({ "source": source }), None),
            None => {
                (kind, json!({}), Some(("source", "Self Reported, Third Party Reported or Audit")))
            }
        }),
        "incident.problem_report" => Some((kind, json!({}), None)),
        // "It was revoked" may be of one certificate or of all.
        "revocation.completed" => Some(match &occurred.subject {
            Some(set) => (kind, json!({ "set": set }), None),
            None => (kind, json!({}), Some(("set", "the name of the set, such as all"))),
        }),
        _ => None,
    }
}

/// Returns how the incident came to light, if the report has one of the CCADB's terms for it.
fn source(exact: &str) -> Option<&'static str> {
    let report = report::read(exact);
    let value = report::plain(&report.field(Label::Source)?.value);
    Source::WORDS.iter().copied().find(|word| value.trim().eq_ignore_ascii_case(word))
}
