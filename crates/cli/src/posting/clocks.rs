//! Clocks that run, or have run out, at the time a text is to be posted: what policies ask for,
//! what was promised, and action items.
//!
//! The rules of the clocks are asked as of that time, with the text posted, and once more a week
//! on. What they leave undetermined is not told: nobody is warned of a clock that may have been
//! stopped.

use std::collections::{BTreeMap, BTreeSet};

use tally_divergence::finding::{Finding, Verdict};
use tally_divergence::{Packs, Terms};
use tally_intake::draft::Severity as Weight;
use tally_ledger::claim::Assertion;
use tally_ledger::replay::{Beside, Fact, Timeline};
use tally_ledger::time::{Instant, Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;
use tally_ledger::vocabulary::statement::Form;
use tally_report::sarif::Kind;

use super::{Posting, RECORDS_MAX, instant, record};
use crate::failure::Failure;
use crate::snippet::Shown;

/// How far ahead clocks are told that will run out, in seconds: a week.
const AHEAD_SECONDS: i64 = 7 * 86_400;
/// By how much a clock of days may be over before it surely is, in seconds.
const ROOM_SECONDS: i64 = 86_400;
/// The rule on promises, under which an action item that is due is told.
const PROMISE: &str = "T101";

/// What comes of a clock when the text is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has run out, and the text ends it late.
    Late,
    /// It has run out, and the text does not end it.
    Missed,
    /// It runs out within a week, unless something else is posted.
    Running,
}

/// A clock of the incident.
struct Clock {
    state: State,
    code: String,
    /// What is asked for or was promised, in words.
    duty: String,
    due: Option<When>,
    records: Vec<String>,
}

impl Posting {
    /// Returns the clocks of the incident that have run out when the text is posted, and those that
    /// run out within a week and that it does not end.
    ///
    /// # Errors
    ///
    /// Fails if nothing says when it is posted.
    pub fn clocks(&self, facts: &Timeline, packs: &Packs) -> Result<Vec<Shown>, Failure> {
        let posted = instant(&self.body.published)?;
        let mut body = self.body.clone();
        // Texts stop the clocks of the page that they stand on.
        if let Some(page) = self.page(facts) {
            body.url = page;
        }
        // A draft that follows no template is no report.
        body.form.get_or_insert(Form::Comment);
        let mut timeline = facts.clone();
        let event = self.event(&body, Vec::new());
        timeline.join(Beside::of_events("the draft", &[event], posted).within(&self.incident));
        let number = timeline.joined().last().expect("the draft was joined").first;
        let missed = |at: Instant| {
            let terms = Terms { at: Some(at), packs: packs.clone(), ..Terms::default() };
            let report = tally_divergence::diverge(&timeline, &terms);
            let all = report.findings.into_iter();
            all.filter(|finding| self.is_missed(finding, &timeline, number)).collect::<Vec<_>>()
        };
        let mut clocks = self.items(facts, posted);
        let mut known = BTreeSet::new();
        for finding in missed(posted) {
            known.insert(finding.id);
            let ends = finding.evidence.iter().any(|evidence| evidence.seq == number);
            let state = if ends { State::Late } else { State::Missed };
            clocks.push(clock(&finding, state, facts));
        }
        let end = posted.unix() + AHEAD_SECONDS;
        let ahead = Instant::from_unix(end + ROOM_SECONDS).unwrap_or(posted);
        for finding in missed(ahead) {
            let due = finding.times.said.as_ref().map(When::interval);
            if due.is_none_or(|due| due.start > end) {
                continue;
            }
            let is_late = finding.evidence.iter().any(|evidence| evidence.seq == number);
            if !is_late && known.insert(finding.id) {
                clocks.push(clock(&finding, State::Running, facts));
            }
        }
        let span = self.first_line();
        Ok(clocks.into_iter().map(|clock| clock.shown(span.clone())).collect())
    }

    /// Returns whether a finding is on a clock of the incident that nothing but the text itself
    /// has ended, too late.
    fn is_missed(&self, finding: &Finding, timeline: &Timeline, draft: u64) -> bool {
        let is_clock = finding.family == "clock";
        let is_promise = matches!(finding.code, PROMISE | "T103");
        let seqs = finding.evidence.iter().map(|evidence| evidence.seq);
        let mut seqs = seqs.chain(finding.statement.as_ref().map(|statement| statement.seq));
        let is_here = seqs
            .clone()
            .any(|seq| timeline.fact(seq).is_some_and(|fact| fact.feeds.contains(&self.incident)))
            || finding.subject.as_deref() == Some(self.incident.as_str());
        let is_of_draft = finding.statement.as_ref().is_some_and(|s| s.seq == draft);
        let is_open = finding.times.recorded.is_none() || is_clock && seqs.any(|seq| seq == draft);
        finding.verdict == Verdict::Diverges
            && finding.accepted.is_none()
            && (is_clock || is_promise)
            && is_here
            && !is_of_draft
            && is_open
            && !finding.subject.as_deref().is_some_and(|subject| is_item(timeline, subject))
    }

    /// Returns the clocks of the action items that are due by then or within a week, and of which
    /// the text says nothing.
    fn items(&self, facts: &Timeline, posted: Instant) -> Vec<Clock> {
        let mut items: BTreeMap<&str, (&Fact, ActionStatus, Option<&When>)> = BTreeMap::new();
        for fact in facts.facts().iter().filter(|fact| fact.feeds.contains(&self.incident)) {
            match fact.body() {
                Some(Body::ActionOpened(opened)) => {
                    items.insert(&opened.id, (fact, opened.status, opened.due.as_ref()));
                }
                Some(Body::ActionStatus(changed)) => {
                    if let Some((at, status, due)) = items.get_mut(changed.id.as_str()) {
                        (*at, *status) = (fact, changed.status);
                        *due = changed.due.as_ref().or(*due);
                    }
                }
                _ => {}
            }
        }
        let spoken = |item: &str| {
            self.body.claims.iter().any(|claim| match &claim.assertion {
                Assertion::Status(status) => status.item == item,
                Assertion::AllComplete(all) => {
                    all.items.is_empty() || all.items.iter().any(|name| name == item)
                }
                Assertion::Will(will) => will.subject.as_deref() == Some(item),
                _ => false,
            })
        };
        let mut clocks = Vec::new();
        for (item, (fact, status, due)) in items {
            let is_open = matches!(status, ActionStatus::Ongoing | ActionStatus::Delayed);
            let Some(due) = due.filter(|_| is_open && !spoken(item)) else {
                continue;
            };
            let Interval { start, end } = due.interval();
            let state = if end <= posted.unix() {
                State::Missed
            } else if start <= posted.unix() + AHEAD_SECONDS {
                State::Running
            } else {
                continue;
            };
            clocks.push(Clock {
                state,
                code: PROMISE.to_owned(),
                duty: format!("the action item {item}, recorded as {}", status.as_str()),
                due: Some(due.clone()),
                records: vec![record(fact)],
            });
        }
        clocks
    }

    /// Returns the page on which the incident is discussed.
    fn page(&self, facts: &Timeline) -> Option<String> {
        let opened = facts.facts().iter().find_map(|fact| match fact.body() {
            Some(Body::IncidentOpened(opened)) if fact.feeds.contains(&self.incident) => {
                Some(opened)
            }
            _ => None,
        })?;
        let bug = opened.bugs.first();
        let bug = bug.map(|bug| format!("https://bugzilla.mozilla.org/show_bug.cgi?id={bug}"));
        bug.or_else(|| opened.urls.first().cloned())
    }

    /// Returns the bytes of the first line that says anything.
    fn first_line(&self) -> std::ops::Range<usize> {
        let first = self.text.lines().find(|line| !line.trim().is_empty()).map_or("", str::trim);
        let start = self.text.find(first).unwrap_or(0);
        start..start + first.len()
    }
}

/// Returns whether that is the name of an action item.
fn is_item(timeline: &Timeline, subject: &str) -> bool {
    timeline
        .facts()
        .iter()
        .any(|fact| matches!(fact.body(), Some(Body::ActionOpened(opened)) if opened.id == subject))
}

fn clock(finding: &Finding, state: State, facts: &Timeline) -> Clock {
    let promised = || finding.statement.as_ref().map(|statement| statement.asserts.clone());
    let duty = match &finding.asked {
        Some(asked) => asked.duty.clone(),
        None => promised().unwrap_or_else(|| finding.message.clone()),
    };
    let mut records: Vec<String> = Vec::new();
    records.extend(finding.asked.as_ref().map(|asked| {
        let (source, version, section) = (&asked.source, &asked.version, &asked.section);
        format!("{source} {version}, \u{201c}{section}\u{201d}: {}", asked.strength.as_str())
    }));
    let statement = finding.statement.iter().map(|statement| statement.seq);
    let mut seqs: Vec<u64> =
        statement.chain(finding.evidence.iter().map(|evidence| evidence.seq)).collect();
    seqs.sort_unstable();
    seqs.dedup();
    records.extend(seqs.into_iter().filter_map(|seq| facts.fact(seq)).map(record));
    records.truncate(RECORDS_MAX);
    Clock { state, code: finding.code.to_owned(), duty, due: finding.times.said.clone(), records }
}

impl Clock {
    /// Returns the clock as a diagnostic on the text.
    fn shown(self, span: std::ops::Range<usize>) -> Shown {
        // A promise names its time itself.
        let due = self.due.filter(|due| !self.duty.contains(&due.to_string()));
        let due = due.map_or_else(String::new, |due| format!(", due {due}"));
        let (weight, message, label, help) = match self.state {
            State::Late => (
                Weight::Warning,
                format!("late with this text: {}{due}", self.duty),
                "comes late",
                "say in the text that it is late, and why",
            ),
            State::Missed => (
                Weight::Warning,
                format!("has run out: {}{due}", self.duty),
                "not known to end it",
                "say in the text what became of it, or record what was done, with: tally record",
            ),
            State::Running => (
                Weight::Note,
                format!("runs out within a week: {}{due}", self.duty),
                "not known to end it",
                "do it with this text, or plan another before then",
            ),
        };
        Shown {
            weight,
            code: self.code,
            title: "clock".to_owned(),
            message,
            span,
            label: label.to_owned(),
            others: Vec::new(),
            records: self.records,
            help: help.to_owned(),
            kind: Kind::Review,
            accepted: None,
        }
    }
}
