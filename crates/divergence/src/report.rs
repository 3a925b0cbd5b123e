//! All findings on a ledger, in one order, and the answer in one sentence.

use std::collections::BTreeMap;

use tally_ledger::governance::{Owner, Standing};
use tally_ledger::hash::Hash;
use tally_ledger::name::Origin;
use tally_ledger::replay::{Joined, SealedState, Timeline};
use tally_ledger::time::Instant;

use crate::case::{Case, Terms};
use crate::claims::Claims;
use crate::finding::{Evidence, Finding, Relation, Severity, Verdict};
use crate::incident::incidents;
use crate::own_words;
use crate::rules::{RULES, Rule};
use crate::source::Source;

/// What the rules found in a ledger.
#[derive(Debug, Clone)]
pub struct Report {
    /// The ledger's origin.
    pub origin: Option<Origin>,
    /// The ledger's id.
    pub ledger_id: Option<Hash>,
    /// Whether the owner records itself or another.
    pub standing: Option<Standing>,
    /// Who keeps the ledger.
    pub owner: Option<Owner>,
    /// The instant as of which open promises were judged; `None` if there is no entry.
    pub as_of: Option<Instant>,
    /// How many entries were read.
    pub entries: usize,
    /// What was read beside the ledger.
    pub joined: Vec<Joined>,
    /// How many statements were read, in the ledger and beside it.
    pub statements: usize,
    /// How many claims of those were held against the facts.
    pub claims: usize,
    /// How many further claims a phrase rule suggested and nobody has confirmed.
    pub suggested: usize,
    /// How many claims a reviewer rejected: the text does not make them.
    pub rejected: usize,
    /// How many hidden values nobody opened or erased.
    pub unopened: usize,
    /// Whether entries are missing, so that an absence shows nothing.
    pub incomplete: bool,
    /// How many of the claims that were held tally.
    pub tallying: usize,
    /// How many of those tally with nothing but another statement of the same speaker.
    pub own_alone: usize,
    /// The findings: by verdict, then by the entry of the statement, the claim, code and id.
    pub findings: Vec<Finding>,
}

/// Holds the claims of a ledger against its facts, under the terms.
pub fn diverge(timeline: &Timeline, terms: &Terms) -> Report {
    let claims = Claims::of(timeline);
    let (held, suggested) = (claims.held().len(), claims.suggested());
    let rejected = claims.rejected();
    let as_of = terms.at.or_else(|| timeline.last_recorded());
    let (packs, texts) = (&terms.packs, &terms.texts);
    let case = as_of.map(|as_of| {
        let incidents = incidents(&claims);
        Case { claims, incidents, as_of, packs, texts, judged: BTreeMap::new() }
    });
    let found = case.map(|case| find(timeline, case)).unwrap_or_default();
    let (mut findings, [tallying, own_alone]) = found;
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    group(&mut findings);
    for finding in &mut findings {
        finding.accepted = terms.review.accepted(&finding.id).cloned();
        let replies = terms.replies.iter().filter(|reply| reply.finding == finding.id);
        finding.replies = replies.cloned().collect();
    }
    own_words::tell(&mut findings, timeline, texts);
    let unopened = timeline.sealed().iter().filter(|s| s.state == SealedState::Unopened);
    Report {
        origin: timeline.origin().cloned(),
        ledger_id: timeline.ledger_id(),
        standing: timeline.standing(),
        owner: timeline.owner().cloned(),
        as_of,
        entries: timeline.recorded().len(),
        joined: timeline.joined().to_vec(),
        statements: timeline.statements().len(),
        claims: held,
        suggested,
        rejected,
        tallying,
        own_alone,
        unopened: unopened.count(),
        incomplete: timeline.completeness().is_none(),
        findings,
    }
}

/// Runs the rules: those that judge claims, then the others. Returns what they found, how many
/// claims tally, and how many of those with the speaker's own other statements alone.
fn find(timeline: &Timeline, mut case: Case<'_>) -> (Vec<Finding>, [usize; 2]) {
    let (judges, others): (Vec<&Rule>, Vec<&Rule>) =
        RULES.iter().partition(|rule| rule.judges_claims());
    let named = |finding| marked(timeline, finding).identify();
    let mut judged = BTreeMap::new();
    for finding in judges.iter().flat_map(|rule| (rule.judge)(&case)).map(named) {
        let claim = finding.statement.as_ref().expect("who judges claims says which");
        let earlier = judged.insert((claim.seq, claim.claim), finding);
        debug_assert!(earlier.is_none(), "a claim is judged twice: {earlier:?}");
    }
    case.judged = judged;
    let found = others.iter().flat_map(|rule| (rule.judge)(&case)).map(named);
    let mut findings: Vec<Finding> = found.collect();
    let tallies = || case.judged.values().filter(|finding| finding.verdict == Verdict::Tallies);
    let tallying = [tallies().count(), tallies().filter(|finding| rests_on_own(finding)).count()];
    findings.extend(case.judged.into_values());
    (findings, tallying)
}

/// Returns whether nothing agrees with a claim but another statement of its own speaker.
fn rests_on_own(finding: &Finding) -> bool {
    let agrees = |evidence: &&Evidence| evidence.relation == Relation::Agrees;
    let mut agreeing = finding.evidence.iter().filter(agrees).peekable();
    agreeing.peek().is_some() && agreeing.all(|e| e.source == Some(Source::OwnStatement))
}

/// Notes which of the entries that a finding rests on are marked: their key's operator holds it
/// compromised since a time before which nobody saw them. They count in full.
fn marked(timeline: &Timeline, mut finding: Finding) -> Finding {
    let mut notes: Vec<String> = Vec::new();
    for evidence in &finding.evidence {
        let fact = timeline.fact(evidence.seq);
        if let Some(since) = fact.and_then(|fact| fact.compromised.as_ref()) {
            let seq = evidence.seq;
            let place = timeline.label(seq);
            let note = format!("{place} is by a key held compromised since {since}");
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    finding.notes.extend(notes);
    finding
}

/// Marks the divergences that repeat another: they rest on the same deciding entry, and that one
/// weighs more or comes first. One fact makes one alarm, however many sentences part from it.
fn group(findings: &mut [Finding]) {
    let mut leaders: BTreeMap<Hash, (Severity, usize)> = BTreeMap::new();
    let deciding = |finding: &Finding| {
        let mut evidence = finding.evidence.iter();
        let differs = evidence.find(|evidence| evidence.relation == Relation::Differs)?;
        (finding.verdict == Verdict::Diverges).then_some(differs.id)
    };
    for (at, finding) in findings.iter().enumerate() {
        if let Some(entry) = deciding(finding) {
            let leader = leaders.entry(entry).or_insert((finding.severity, at));
            *leader = (*leader).min((finding.severity, at));
        }
    }
    for at in 0..findings.len() {
        let leader = deciding(&findings[at]).and_then(|entry| leaders.get(&entry));
        if let Some((_, leader)) = leader.filter(|(_, leader)| *leader != at) {
            findings[at].repeats = Some(findings[*leader].id);
        }
    }
}

/// Returns what findings are sorted by.
fn order(finding: &Finding) -> (Verdict, u64, usize, &'static str, Hash) {
    let statement = finding.statement.as_ref();
    let first = finding.evidence.first().map_or(u64::MAX, |evidence| evidence.seq);
    (
        finding.verdict,
        statement.map_or(first, |statement| statement.seq),
        statement.map_or(usize::MAX, |statement| statement.claim),
        finding.code,
        finding.id,
    )
}

impl Report {
    /// Returns how many findings have each verdict, in the order of [`Verdict::ALL`], with zeros.
    pub fn counts(&self) -> [(Verdict, usize); 8] {
        Verdict::ALL.map(|verdict| (verdict, self.count(verdict)))
    }

    /// Returns how many findings have that verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Returns the number of a fact in the ledger, or in the source beside it that is named.
    pub fn place(&self, seq: u64) -> (u64, Option<String>) {
        match Joined::find(&self.joined, seq) {
            Some(joined) => (seq - joined.first, Some(joined.name.clone())),
            None => (seq, None),
        }
    }

    /// Returns the name of a fact for a reader: `entry 12`, or its number and source.
    pub fn label(&self, seq: u64) -> String {
        Joined::label(&self.joined, seq)
    }

    /// Returns whether anything that was said differs from what is recorded, and no reviewer
    /// accepts it.
    pub fn diverges(&self) -> bool {
        self.divergences().any(|finding| finding.accepted.is_none())
    }

    fn divergences(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict == Verdict::Diverges)
    }

    /// Returns the answer in one sentence.
    pub fn sentence(&self) -> String {
        let claims = counted(self.claims, "claim", "claims");
        let tally = match self.tallying {
            1 => "1 tallies".to_owned(),
            n => format!("{n} tally"),
        };
        let tally = match self.own_alone {
            0 => tally,
            n => format!("{tally}, {n} of them only with the speaker's own other statement"),
        };
        let n = self.count(Verdict::Diverges);
        let diverge = if n == 1 { "finding diverges" } else { "findings diverge" };
        let mut beside = String::new();
        let alone = self.divergences().filter(|finding| finding.repeats.is_none()).count();
        if alone < n {
            beside = format!(", on {}", counted(alone, "matter", "matters"));
        }
        let accepted = self.divergences().filter(|finding| finding.accepted.is_some()).count();
        if accepted > 0 {
            beside = format!("{beside}, {accepted} of them accepted by a reviewer");
        }
        match (self.findings.len(), n) {
            (0, _) => "No claim is recorded, so nothing was held against the record.".to_owned(),
            (_, 0) => format!("Nothing diverges: of {claims}, {tally}."),
            (_, n) => format!("{n} {diverge} from what is recorded{beside}; of {claims}, {tally}."),
        }
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use super::*;
    use crate::probe::{comment, fact, official, own};

    /// Returns a ledger with claims of several sorts in three comments.
    fn book() -> Casebook {
        let mut book = own();
        let speaker = official();
        let step = json!({ "instrument": "letter", "step": "filed" });
        fact(&mut book, "legal.step", "2024-11-11Z", step);
        for item in [7, 5, 6] {
            let claims = json!([
                { "says": "occurred", "kind": "legal.step.filed", "subject": "letter",
                  "when": "2024-11-11Z" },
                { "says": "occurred", "kind": "legal.step.filed", "subject": "letter",
                  "when": "2024-11-13Z" },
                { "says": "characterises", "subject": "letter", "words": "polite" },
                { "says": "status", "item": "ai-1", "status": "Complete" },
                { "says": "will", "what": "legal.step.answered", "subject": "letter" },
            ]);
            comment(&mut book, speaker.clone(), item, "2024-12-01Z", json!({ "claims": claims }));
        }
        book
    }

    fn report(book: &Casebook) -> Report {
        diverge(&Timeline::replay(&book.ledger()), &Terms::default())
    }

    #[test]
    fn every_claim_gets_exactly_one_finding_from_the_rule_that_judges_its_sort() {
        let report = report(&book());
        let judges = ["T401", "T401", "T901", "T201", "T101"];
        let expected: Vec<(u64, usize, &str)> = (2..5)
            .flat_map(|seq| judges.iter().enumerate().map(move |(claim, code)| (seq, claim, *code)))
            .collect();
        let mut found: Vec<(u64, usize, &str)> = report
            .findings
            .iter()
            .filter_map(|f| f.statement.as_ref().map(|s| (s.seq, s.claim, f.code)))
            .filter(|(_, _, code)| judges.contains(code))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(report.claims, expected.len());
    }

    #[test]
    fn a_rerun_finds_the_same_in_the_same_order_under_the_same_ids() {
        let (first, second) = (report(&book()), report(&book()));
        assert_eq!(first.findings, second.findings);
        let verdicts: Vec<Verdict> = first.findings.iter().map(|f| f.verdict).collect();
        assert!(verdicts.is_sorted());
        let mut ids: Vec<Hash> = first.findings.iter().map(|finding| finding.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), first.findings.len(), "an id names one finding");
    }

    #[test]
    fn a_finding_keeps_its_id_when_later_entries_do_not_bear_on_it() {
        let mut longer = book();
        fact(&mut longer, "incident.milestone", "2025-01-01", json!({ "milestone": "last_call" }));
        let (before, after) = (report(&book()), report(&longer));
        let ids = |report: &Report| -> Vec<Hash> {
            let mut ids: Vec<Hash> = report.findings.iter().map(|finding| finding.id).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(ids(&before), ids(&after));
    }

    #[test]
    fn findings_that_rest_on_one_deciding_entry_are_one_matter() {
        let report = report(&book());
        let repeats: Vec<Option<Hash>> =
            report.findings.iter().take(4).map(|finding| finding.repeats).collect();
        let first = Some(report.findings[0].id);
        assert_eq!(repeats, [None, first, first, None]);
    }

    #[test]
    fn an_accepted_finding_is_shown_as_accepted_and_raises_no_alarm() {
        let book = book();
        let ids: Vec<Hash> = report(&book).findings.iter().map(|finding| finding.id).collect();
        let accept = |n: usize| {
            let accepted = ids[..n].iter().map(|id| {
                let (reason, role) = ("agreed".to_owned(), "auditor".to_owned());
                crate::review::Accepted { id: *id, reason, role }
            });
            let mut review = crate::review::Review::default();
            review.findings.extend(accepted);
            diverge(&Timeline::replay(&book.ledger()), &Terms { review, ..Terms::default() })
        };
        assert!(accept(2).diverges());
        let all = accept(3);
        assert!(!all.diverges());
        assert_eq!(all.count(Verdict::Diverges), 3);
        assert_eq!(all.findings[0].accepted.as_ref().unwrap().role, "auditor");
        assert!(all.sentence().contains("3 of them accepted"), "{}", all.sentence());
    }

    #[test]
    fn the_answer_is_one_sentence() {
        assert_eq!(
            report(&book()).sentence(),
            "3 findings diverge from what is recorded, on 1 matter; of 15 claims, 5 tally, 2 \
             of them only with the speaker's own other statement."
        );
        let empty = report(&own());
        assert!(!empty.diverges());
        assert!(empty.sentence().starts_with("No claim is recorded"));
    }
}
