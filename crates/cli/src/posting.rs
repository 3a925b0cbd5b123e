//! A text that is to be posted, as the statement it becomes, held against a ledger.
//!
//! What its fields say is held as a claim. What a phrase rule reads into its prose is held too, so
//! that it can be shown, but is marked: nobody has confirmed it, and it counts for nothing.

mod clocks;

use std::collections::BTreeMap;
use std::path::Path;

use tally_divergence::Packs;
use tally_divergence::finding::{Finding, Relation, Severity, Verdict};
use tally_intake::draft::Severity as Weight;
use tally_intake::{claims, report};
use tally_ledger::claim::{Assertion, Claim, Origin};
use tally_ledger::hash::Hash;
use tally_ledger::name::FeedId;
use tally_ledger::payload::{Basis, Event, Evidence};
use tally_ledger::replay::{Beside, Fact, Timeline};
use tally_ledger::time::{Instant, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::statement::{Form, Published, Speaker};
use tally_ledger::vocabulary::words::{Capacity, Channel};
use tally_report::sarif::{self, Kind};

use crate::beside::{self, BesideArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::snippet::Shown;

/// A text and what becomes of it.
#[derive(Debug, Clone)]
pub struct Posting {
    /// The exact text.
    pub text: String,
    /// The incident it stands in.
    pub incident: FeedId,
    /// The body of its entry, with its claims.
    pub body: Published,
}

/// Where a text is posted, and what it is called.
#[derive(Debug, Clone)]
pub struct Place {
    /// The name by which the ledger refers to it.
    pub id: String,
    /// The address.
    pub url: String,
    /// The number of the comment.
    pub item: Option<u64>,
    /// Where.
    pub channel: Channel,
    /// What sort of text it is; absent: what its template says.
    pub form: Option<Form>,
}

/// The address of a text, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The page.
    pub page: String,
    /// The number of the comment on it.
    pub item: Option<u64>,
    /// The number of the bug that the page shows.
    pub bug: Option<u64>,
}

impl Address {
    /// Takes an address apart: `#cN` at its end names a comment. `None` if it is no address.
    pub fn of(url: &str) -> Option<Self> {
        let (page, item) = match url.rsplit_once("#c") {
            Some((page, number)) => match number.parse() {
                Ok(number) => (page, Some(number)),
                Err(_) => (url, None),
            },
            None => (url, None),
        };
        let is_web = page.starts_with("https://") || page.starts_with("http://");
        let bug = page.split_once("show_bug.cgi?id=").and_then(|(_, id)| {
            let is_number = !id.is_empty() && id.bytes().all(|c| c.is_ascii_digit());
            id.parse().ok().filter(|_| is_number)
        });
        is_web.then(|| Self { page: page.to_owned(), item, bug })
    }
}

impl Posting {
    /// Reads what a text claims that is posted at `posted` in an incident of a ledger. Action items
    /// that the ledger knows get the names it has for them.
    ///
    /// # Errors
    ///
    /// Fails if nothing says when it is posted.
    pub fn read(
        text: String,
        place: Place,
        published: &When,
        incident: FeedId,
        facts: &Timeline,
    ) -> Result<Self, Failure> {
        let mut claims = claims::read(&text, instant(published)?);
        let read = report::read(&text);
        let names = names(&read.actions, &incident, facts);
        for claim in &mut claims {
            rename(&mut claim.assertion, &names);
        }
        let form = place.form.or_else(|| {
            Some(match read.form? {
                report::Form::Preliminary => Form::PreliminaryReport,
                report::Form::Full | report::Form::Audit => Form::FullReport,
                report::Form::Closure => Form::ClosureReport,
            })
        });
        let body = Published {
            id: place.id,
            channel: place.channel,
            url: place.url,
            speaker: speaker(&incident, facts),
            published: published.clone(),
            item: place.item,
            form,
            digest: Some(Hash::of(text.as_bytes())),
            size: Some(text.len() as u64),
            claims,
            corrects: Vec::new(),
            extra: BTreeMap::new(),
        };
        Ok(Self { text, incident, body })
    }

    /// Returns the event of the text, with the file that holds it as evidence.
    pub fn event(&self, body: &Published, evidence: Vec<Evidence>) -> Event {
        Event {
            feeds: vec![self.incident.clone()],
            kind: "statement.published".parse().expect("it is a kind"),
            occurred: Some(body.published.clone()),
            basis: Basis::Own,
            on: None,
            evidence,
            body: Body::StatementPublished(body.clone()).to_value(),
        }
    }

    /// Holds the text against the ledger at `path`, whose facts are `facts`, and returns what it
    /// collides with, on its own lines.
    ///
    /// # Errors
    ///
    /// Fails if what stands beside the ledger, such as its review, cannot be read.
    pub fn collisions(
        &self,
        facts: &Timeline,
        path: &Path,
        packs: Packs,
        context: &Context,
    ) -> Result<Vec<Shown>, Failure> {
        let mut body = self.body.clone();
        for claim in body.claims.iter_mut().filter(|claim| claim.origin == Origin::Suggested) {
            claim.origin = Origin::Annotated;
        }
        let posted = instant(&self.body.published)?;
        let mut timeline = facts.clone();
        let event = self.event(&body, Vec::new());
        timeline.join(Beside::of_events("the draft", &[event], posted).within(&self.incident));
        let number = timeline.joined().last().expect("the draft was joined").first;
        let mut held = beside::held(timeline, path, &BesideArgs::default(), context)?;
        held.texts.add(self.text.clone());
        let at = facts.last_recorded().map_or(posted, |last| last.max(posted));
        let (_, report) = held.diverge(Some(at), packs);
        let findings = report.findings.iter();
        let of_draft = findings.filter(|finding| {
            finding.statement.as_ref().is_some_and(|statement| statement.seq == number)
        });
        Ok(of_draft.filter_map(|finding| self.shown(finding, facts)).collect())
    }

    /// Returns a finding as a diagnostic on the text, if it is one that the writer can act upon.
    fn shown(&self, finding: &Finding, facts: &Timeline) -> Option<Shown> {
        let statement = finding.statement.as_ref()?;
        let claim: &Claim = self.body.claims.get(statement.claim)?;
        let is_suggested = claim.origin == Origin::Suggested;
        if is_suggested && finding.verdict == Verdict::Unsupported {
            // That nothing is recorded of what nobody may have said is no news.
            return None;
        }
        let (weight, label, help) = match finding.verdict {
            Verdict::Diverges => (
                if finding.severity <= Severity::Medium { Weight::Error } else { Weight::Warning },
                "the record differs",
                "say what the record says; if the record is wrong, correct it first with: tally \
                 correct --on NUMBER",
            ),
            Verdict::Changed => {
                (Weight::Note, "said otherwise before", "say that it changed, and why")
            }
            Verdict::SourcesDiffer => {
                (Weight::Note, "others say otherwise", "be ready to be asked which is right")
            }
            Verdict::Unsupported => (
                Weight::Note,
                "nothing is recorded",
                "record what happened before it is posted, with: tally record",
            ),
            _ => return None,
        };
        let is_note = is_suggested || finding.accepted.is_some();
        let mut records: Vec<String> = Vec::new();
        if is_suggested {
            records.push(format!("read as: {}", statement.asserts));
        }
        records.extend(
            finding
                .accepted
                .iter()
                .map(|accepted| format!("accepted by {}: {}", accepted.role, accepted.reason)),
        );
        let entries = finding.evidence.iter().filter(|found| found.relation != Relation::Agrees);
        let mut named = Vec::new();
        for evidence in entries {
            if let Some(fact) = facts.fact(evidence.seq).filter(|_| !named.contains(&evidence.seq))
            {
                named.push(evidence.seq);
                records.push(record(fact));
            }
        }
        records.truncate(RECORDS_MAX);
        let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.text.len());
        let span = claim.span.map_or(0..0, |[start, end]| at(start)..at(end));
        let is_inside = self.text.get(span.clone()).is_some_and(|words| !words.is_empty());
        Some(Shown {
            weight: if is_note { Weight::Note } else { weight },
            code: finding.code.to_owned(),
            title: finding.family.to_owned(),
            message: finding.message.clone(),
            span: if is_inside { span } else { 0..0 },
            label: label.to_owned(),
            others: Vec::new(),
            records,
            help: help.to_owned(),
            // What nobody confirmed that the text says is for its writer to judge.
            kind: if is_suggested { Kind::Review } else { sarif::kind(finding) },
            accepted: finding.accepted.clone(),
        })
    }
}

/// Returns what an entry records, in a line.
fn record(fact: &Fact) -> String {
    let what = fact.body().map_or_else(|| fact.kind.to_string(), Body::summary);
    let when = fact.occurred().map_or(String::new(), |when| format!(", {when}"));
    format!("entry {}: {what}{when}", fact.seq)
}

/// Returns the first instant at which a text may be posted.
fn instant(published: &When) -> Result<Instant, Failure> {
    Instant::from_unix(published.interval().start).map_err(|_| {
        Failure::new(format!("the text is posted {published}, which names no day"))
            .hint("name a day or an instant, such as 2026-04-01T12:00Z")
    })
}

/// The most entries that are told of one collision.
const RECORDS_MAX: usize = 4;

/// Returns the incident that is meant: the one that is named, else the only one there is.
///
/// # Errors
///
/// Fails if there is none of that name, and if there are several and none is named.
pub fn incident(named: Option<&FeedId>, facts: &Timeline) -> Result<FeedId, Failure> {
    let mut all: Vec<&FeedId> = facts.facts().iter().flat_map(|fact| &fact.feeds).collect();
    all.retain(|feed| feed.is_incident());
    all.sort();
    all.dedup();
    match (named, all.as_slice()) {
        (Some(named), all) if all.contains(&named) => Ok(named.clone()),
        (Some(named), _) => Err(Failure::new(format!("the ledger has no incident {named}"))
            .hint("see the incidents with: tally list incidents")),
        (None, [one]) => Ok((*one).clone()),
        (None, []) => Err(Failure::new("the ledger has no incident")
            .hint("open one with: tally incident open NAME")),
        (None, several) => {
            let message = format!("the ledger has {} incidents, and none is named", several.len());
            Err(Failure::new(message).hint("name one with --incident NAME"))
        }
    }
}

/// Returns who speaks: the organisation that the incident is about, else the ledger's owner.
fn speaker(incident: &FeedId, facts: &Timeline) -> Speaker {
    let about = facts.facts().iter().find_map(|fact| match fact.body() {
        Some(Body::IncidentOpened(opened)) if fact.feeds.contains(incident) => {
            Some(opened.about.name.clone())
        }
        _ => None,
    });
    let organisation = about.or_else(|| facts.owner().map(|owner| owner.name.clone()));
    Speaker { capacity: Capacity::Official, organisation, role: None, extra: BTreeMap::new() }
}

/// Returns, for the names that claims have for action items, those that the ledger has.
fn names(
    actions: &[report::Action],
    incident: &FeedId,
    facts: &Timeline,
) -> BTreeMap<String, String> {
    let known = facts.facts().iter().filter_map(|fact| match fact.body() {
        Some(Body::ActionOpened(opened)) if fact.feeds.contains(incident) => Some(opened),
        _ => None,
    });
    let known: Vec<_> = known.map(|opened| (words(&opened.text), &opened.id)).collect();
    let drafted = actions.iter().zip(claims::names(actions));
    let found = drafted.filter_map(|(action, name)| {
        let own = words(&action.text.text);
        let mut same = known.iter().filter(|(words, _)| is_same(words, &own));
        let (_, id) = same.next()?;
        // Two that fit are none: which of them is meant cannot be told.
        same.next().is_none().then(|| (name, (*id).clone()))
    });
    found.collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The fewest words by which one text is told for the beginning of another.
const BEGINNING_MIN: usize = 4;

/// Returns whether two texts are of the same item: the same words, or one goes on.
fn is_same(a: &[String], b: &[String]) -> bool {
    let shorter = a.len().min(b.len());
    a == b || shorter >= BEGINNING_MIN && a[..shorter] == b[..shorter]
}

/// Gives the items of an assertion the names that the ledger has.
fn rename(assertion: &mut Assertion, names: &BTreeMap<String, String>) {
    let new = |name: &mut String| {
        if let Some(known) = names.get(name) {
            known.clone_into(name);
        }
    };
    match assertion {
        Assertion::Status(status) => new(&mut status.item),
        Assertion::AllComplete(all) => all.items.iter_mut().for_each(new),
        Assertion::Will(will) => will.subject.iter_mut().for_each(new),
        _ => {}
    }
}
