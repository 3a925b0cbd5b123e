//! T403: a deadline, held against the start and the length of time from which it is to follow.

use std::collections::BTreeSet;

use tally_ledger::claim::{Assertion, Will};
use tally_ledger::time::{Instant, Interval, When};
use tally_ledger::vocabulary::words::Qualifier;

use super::DEADLINE;
use super::revoked::{Due, deadlines, is_meant};
use crate::allowance::Allowance;
use crate::case::Case;
use crate::claims::Held;
use crate::clock::evidence;
use crate::finding::{Asked, Finding, Relation, Verdict};
use crate::incident::incidents;
use crate::length::duration;
use crate::pack::Limit;
use crate::source::{Backing, Source};
use crate::times::Times;
use crate::weigh::{Account, Decision, found, without_presumption};
use crate::words::{name, named};

/// A time that is known to the minute is at most so long, in seconds.
const EXACT_SECONDS_MAX: i64 = 60;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for incident in &incidents(&case.claims) {
        for due in deadlines(case, incident) {
            // An entry may stand in several incidents.
            if seen.insert(due.fact.seq) {
                findings.extend(recorded(case, &due));
            }
        }
    }
    let held = case.claims.held().iter().filter(|held| held.dropped.is_none());
    findings.extend(held.filter_map(|held| match &held.claim.assertion {
        Assertion::Will(will) => stated(case, held, will),
        _ => None,
    }));
    findings
}

/// Holds a recorded deadline against the start of its clock and the length that its rule names.
fn recorded(case: &Case<'_>, due: &Due<'_>) -> Option<Finding> {
    let deadline = due.deadline;
    let start = deadline.start.as_ref()?;
    let reading = lengths(case, &deadline.rule, start.interval()).read(start, &deadline.due)?;
    let (set, rule) = (name(&deadline.set), name(&deadline.rule));
    let message = format!("{set}: due {} ({rule}); {}", deadline.due, reading.words);
    // Whoever else noted it has its own arithmetic, not the organisation's.
    let other = due.source.is_other();
    let verdict = match reading.verdict {
        Verdict::Diverges if other => Verdict::ForTheReader,
        verdict => verdict,
    };
    let mut finding = Finding::new(&DEADLINE, verdict, message);
    finding.subject = Some(deadline.set.clone());
    finding.times = Times::of(Some(&deadline.due), reading.end.as_ref());
    finding.compared = format!(
        "compared with the start that the same entry names ({}; {})",
        due.source,
        case.claims.timeline().label(due.fact.seq)
    );
    if let Some(rule) = reading.presumed.as_ref().filter(|_| verdict == Verdict::Diverges) {
        finding.notes.push(format!(
            "it rests on a presumed zone (rule {rule}); with another zone it may be otherwise"
        ));
    }
    if other && reading.verdict == Verdict::Diverges {
        finding.notes.push("the entry is not the organisation's own word".to_owned());
    }
    let relation = if other { Relation::Beside } else { reading.relation() };
    finding.evidence = vec![evidence(due.fact, relation)];
    finding.asked = reading.asked;
    Some(finding)
}

/// Holds a promised time against the length of time in the words of the promise, counted from what
/// the same text says of its start.
fn stated(case: &Case<'_>, held: &Held<'_>, will: &Will) -> Option<Finding> {
    let due = will.due.as_ref()?;
    let allowance = words(case, held).into_iter().find_map(Allowance::read)?;
    let since = allowance.since?;
    if held.claim.qualifier == Some(Qualifier::About) {
        return None;
    }
    let mut starts = case.claims.held().iter().filter_map(|other| match &other.claim.assertion {
        Assertion::Occurred(a)
            if other.version.seq == held.version.seq && a.kind.as_str() == since =>
        {
            Some((other, a))
        }
        _ => None,
    });
    let (first, start) = starts.next()?;
    let length = Length { limit: allowance.limit, asked: None };
    let mut reading = Lengths { all: vec![length], sure: true }.read(&start.when, due)?;
    if starts.any(|(_, other)| other.when != start.when) {
        reading.verdict = Verdict::Undetermined;
        reading.words = String::from("the text names more than one start");
    }
    let promised = named(&will.what, will.subject.as_deref());
    let message = format!("stated: {promised} by {due}; {}", reading.words);
    let backing = Backing { source: Source::OwnStatement, told_by: vec![held.statement] };
    let mut account = Account::of_claim(first, backing, start.when.to_string());
    account.presumed.clone_from(&reading.presumed);
    let account = account.at(reading.end.as_ref()).holds(reading.relation(), None);
    let notes = Vec::new();
    let decision = Decision { verdict: reading.verdict, message, notes, lead: 0 };
    let mut finding = found(&DEADLINE, &case.claims, Some(held), decision, &[account]);
    finding.compared = String::from("compared with the start that the same text names");
    Some(finding)
}

/// Returns the words of a claim: as it has them, its condition, and those of the exact text.
fn words<'c>(case: &'c Case<'_>, held: &'c Held<'_>) -> Vec<&'c str> {
    let exact = held.claim.span.zip(held.version.digest).and_then(|([start, end], digest)| {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        case.texts.get(&digest)?.get(start..end)
    });
    let own = [held.claim.text.as_deref(), held.claim.condition.as_deref(), exact];
    own.into_iter().flatten().collect()
}

/// A length of time from which a deadline may follow.
struct Length {
    limit: Limit,
    asked: Option<Asked>,
}

/// The lengths of time from which a deadline may follow, and whether no others are possible.
struct Lengths {
    all: Vec<Length>,
    sure: bool,
}

/// Returns the lengths that a rule names: those of the section of a policy, in the versions in
/// force at the start, or the one that its words have.
fn lengths(case: &Case<'_>, rule: &str, start: Interval) -> Lengths {
    let mut lengths = Lengths { all: Vec::new(), sure: true };
    for pack in case.packs.all() {
        let before = lengths.all.len();
        for version in pack.in_force(start) {
            for asked in version.requirements.iter().filter(|asked| is_meant(asked, rule)) {
                let limits = [asked.limit.as_ref(), asked.recommended.as_ref()];
                lengths.all.extend(limits.into_iter().flatten().map(|limit| Length {
                    limit: limit.clone(),
                    asked: Some(Asked::of(pack, version, asked)),
                }));
            }
        }
        lengths.sure &= lengths.all.len() == before || !pack.leaves_open(start);
    }
    if lengths.all.is_empty() {
        let limit = Allowance::read(rule).map(|allowance| allowance.limit);
        lengths.all.extend(limit.map(|limit| Length { limit, asked: None }));
    }
    lengths
}

/// Where a deadline lies to what follows from its start and a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Follows,
    Earlier,
    Later,
    Straddles,
}

impl Length {
    /// Returns when the time is over that began in `start`; `None` if it ends on a date.
    fn end(&self, start: Interval) -> Option<Interval> {
        let (least, most) = self.limit.seconds()?;
        let start = Interval { start: start.start.saturating_add(least), ..start };
        Some(Interval { end: start.end.saturating_add(most), ..start })
    }

    fn fit(&self, start: Interval, due: Interval) -> Option<Fit> {
        let end = self.end(start)?;
        Some(match () {
            () if self.is_met(start, due)? => Fit::Follows,
            () if end.before(&due) => Fit::Later,
            () if due.before(&end) => Fit::Earlier,
            () => Fit::Straddles,
        })
    }

    /// Returns whether a deadline is surely what follows, as precisely as both times are known.
    fn is_met(&self, start: Interval, due: Interval) -> Option<bool> {
        let (least, most) = self.limit.seconds()?;
        let shifted = Interval {
            start: start.start.saturating_add(least),
            end: start.end.saturating_add(least),
        };
        // Days leave open at which hour they end.
        let any_hour = Interval {
            start: shifted.end.saturating_sub(1),
            end: start.start.saturating_add(most),
        };
        Some(due == shifted || is_exact(due) && shifted.within(&due) || due.within(&any_hour))
    }

    fn words(&self) -> String {
        match &self.limit {
            Limit::Hours(hours) => format!("{hours} h"),
            Limit::Days(1) => "1 day".to_owned(),
            Limit::Days(days) => format!("{days} days"),
            other @ Limit::EndOfDay(_) => other.to_string(),
        }
    }
}

/// What holding a deadline against its start came to.
struct Reading {
    verdict: Verdict,
    /// What follows from the start, and how far the deadline lies from it.
    words: String,
    /// When the time was over, if that is one instant.
    end: Option<When>,
    asked: Option<Asked>,
    /// The rule that supplied a zone without which the answer may be another.
    presumed: Option<String>,
}

impl Reading {
    fn relation(&self) -> Relation {
        match self.verdict {
            Verdict::Tallies => Relation::Agrees,
            Verdict::Diverges => Relation::Differs,
            Verdict::Undetermined => Relation::Unclear,
            _ => Relation::Beside,
        }
    }
}

impl Lengths {
    /// Reads a deadline; `None` if no length of time is named.
    fn read(mut self, start: &When, due: &When) -> Option<Reading> {
        self.all.retain(|length| length.limit.seconds().is_some());
        self.all.sort_by_key(|length| length.limit.seconds());
        let (from, by) = (start.interval(), due.interval());
        let fits: Vec<Fit> = self.all.iter().filter_map(|length| length.fit(from, by)).collect();
        let all = |fit| self.sure && fits.iter().all(|found| *found == fit);
        let (verdict, at) = match fits.iter().position(|fit| *fit == Fit::Follows) {
            _ if fits.is_empty() => return None,
            Some(at) => (Verdict::Tallies, at),
            None if all(Fit::Later) => (Verdict::Diverges, fits.len() - 1),
            None if all(Fit::Earlier) => (Verdict::ForTheReader, 0),
            None => (Verdict::Undetermined, 0),
        };
        let length = &self.all[at];
        let end = length.end(from)?;
        let words = match verdict {
            Verdict::Undetermined => self.undecided(&fits, start),
            _ => format!("{} from {start}{}", length.words(), apart(end, by)),
        };
        let ((bare_start, rule), (bare_due, other)) =
            (without_presumption(start), without_presumption(due));
        let rests = length.fit(bare_start, bare_due) != length.fit(from, by);
        Some(Reading {
            verdict,
            words,
            end: Instant::from_unix(end.start)
                .ok()
                .filter(|_| is_exact(end))
                .map(When::from_instant),
            asked: length.asked.clone(),
            presumed: rule.or(other).filter(|_| rests),
        })
    }

    /// Says why nothing is decided.
    fn undecided(&self, fits: &[Fit], start: &When) -> String {
        let mut words: Vec<String> = self.all.iter().map(Length::words).collect();
        words.dedup();
        let counted = format!("{} from {start}", words.join(" or "));
        let why = match () {
            () if fits.contains(&Fit::Straddles) => "whether it follows the times do not show",
            () if !self.sure => "which length was in force is not known",
            () => "which of them is meant is not said",
        };
        format!("{counted}; {why}")
    }
}

fn is_exact(interval: Interval) -> bool {
    interval.end.saturating_sub(interval.start) <= EXACT_SECONDS_MAX
}

/// Returns in words when a time was over, and how far from it a deadline lies.
fn apart(end: Interval, due: Interval) -> String {
    let exact = is_exact(end) && is_exact(due);
    let instant = Instant::from_unix(end.start).ok().filter(|_| is_exact(end));
    let over = instant.map_or(String::new(), |at| format!(" is {}", When::from_instant(at)));
    let (seconds, way) = match () {
        () if exact => {
            (due.start - end.start, if due.start < end.start { "earlier" } else { "later" })
        }
        () if end.before(&due) => (due.start - end.end, "later"),
        () if due.before(&end) => (end.start - due.end, "earlier"),
        () => return over,
    };
    match (exact, duration(seconds)) {
        (true, _) if due.overlaps(&end) => over,
        (true, length) => format!("{over}; {length} {way} than that"),
        (false, length) => format!("{over}; at least {length} {way} than that"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Severity, Verdict};
    use crate::probe::{
        comment, fact, findings, observer, official, only, opened, own, posted, stated,
    };

    fn deadline(rule: &str, start: &str, due: &str) -> Json {
        json!({ "set": "all", "rule": rule, "start": start, "due": due })
    }

    fn recorded(rule: &str, start: &str, due: &str) -> Casebook {
        let mut book = own();
        fact(&mut book, "revocation.deadline", "2026-04-01T11:00Z", deadline(rule, start, due));
        book
    }

    #[test]
    fn a_recorded_deadline_is_held_against_its_start_and_the_length_of_its_rule() {
        let start = "2026-04-01T10:00Z";
        for (rule, due, expected) in [
            ("BR 4.9.1.1 (5)", "2026-04-02T10:00Z", Verdict::Tallies),
            ("BR 4.9.1.1 (5)", "2026-04-02T10:01Z", Verdict::Diverges),
            ("BR 4.9.1.1 (5)", "2026-04-02T09:00Z", Verdict::ForTheReader),
            ("BR 4.9.1.1 (5)", "2026-04-02", Verdict::Undetermined),
            ("BR 4.9.1.1 (12)", "2026-04-06T10:00Z", Verdict::Tallies),
            ("BR 4.9.1.1 (12)", "2026-04-02T10:00Z", Verdict::Tallies),
            ("BR 4.9.1.1", "2026-04-03T10:00Z", Verdict::Undetermined),
            ("BR 4.9.1.1", "2026-04-07T10:00Z", Verdict::Diverges),
            ("own decision: 48 hours", "2026-04-03T10:00Z", Verdict::Tallies),
            ("own decision: 48 hours", "2026-04-03T11:00Z", Verdict::Diverges),
            ("own decision: 5 days", "2026-04-06T23:59Z", Verdict::Tallies),
        ] {
            let finding = only(&recorded(rule, start, due), "T403");
            assert_eq!(finding.verdict, expected, "{rule} {due}: {}", finding.message);
        }
        assert!(findings(&recorded("own decision", start, start), "T403", None).is_empty());
    }

    #[test]
    fn the_finding_tells_what_follows_and_how_far_the_deadline_lies_from_it() {
        let book = recorded("BR 4.9.1.1 (5)", "2026-04-01T10:00Z", "2026-04-03T10:00Z");
        let finding = only(&book, "T403");
        assert_eq!(finding.severity, Severity::Medium);
        assert_eq!(
            finding.message,
            "all: due 2026-04-03 10:00 UTC (BR 4.9.1.1 (5)); 24 h from 2026-04-01 10:00 UTC is \
             2026-04-02 10:00:00 UTC; 1 day later than that"
        );
        assert_eq!(finding.asked.unwrap().section, "4.9.1.1");
        assert_eq!(finding.evidence.len(), 1);
    }

    #[test]
    fn an_unknown_zone_decides_nothing_and_a_presumed_one_is_named() {
        let book = recorded("BR 4.9.1.1 (5)", "2026-04-01T10:00", "2026-04-02T20:00Z");
        assert_eq!(only(&book, "T403").verdict, Verdict::Undetermined);
        let mut book = own();
        let mut body = deadline("BR 4.9.1.1 (5)", "", "2026-04-02T20:00Z");
        body["start"] = json!({ "at": "2026-04-01T10:00", "zone": "Z", "presumed": "ccadb.utc" });
        fact(&mut book, "revocation.deadline", "2026-04-01T11:00Z", body);
        let finding = only(&book, "T403");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.notes[0].contains("ccadb.utc"), "{:?}", finding.notes);
    }

    #[test]
    fn an_observers_note_is_not_the_organisations_arithmetic_and_its_own_text_is() {
        let body = deadline("BR 4.9.1.1 (5)", "2026-04-01T10:00Z", "2026-04-03T10:00Z");
        let mut book = observer();
        opened(&mut book);
        fact(&mut book, "revocation.deadline", "2026-04-01T11:00Z", body.clone());
        assert_eq!(only(&book, "T403").verdict, Verdict::ForTheReader);
        let mut book = observer();
        opened(&mut book);
        posted(&mut book, 1, "2026-04-01T12:00:00Z", "update");
        stated(&mut book, 1, "revocation.deadline", "2026-04-01T11:00Z", body);
        assert_eq!(only(&book, "T403").verdict, Verdict::Diverges);
    }

    /// Returns a ledger with a comment that promises a time, in those words, and names a start.
    fn promised(due: &str, text: &str, starts: &[&str]) -> Casebook {
        let mut book = observer();
        let mut claims = vec![json!({ "says": "will", "what": "revocation.completed",
                                      "subject": "all", "due": due, "text": text })];
        claims.extend(
            starts.iter().map(
                |when| json!({ "says": "occurred", "kind": "incident.awareness", "when": when }),
            ),
        );
        comment(&mut book, official(), 4, "2026-04-01T12:00Z", json!({ "claims": claims }));
        book
    }

    #[test]
    fn a_promised_time_is_held_against_the_length_and_start_that_the_text_names() {
        let words = "all revoked within 24 hours of becoming aware";
        let start = "2026-04-01T10:00Z";
        for (due, starts, expected) in [
            ("2026-04-02T10:00Z", &[start][..], Verdict::Tallies),
            ("2026-04-02T12:00Z", &[start], Verdict::Diverges),
            ("2026-04-02T12:00", &[start], Verdict::Undetermined),
            ("2026-04-02T12:00Z", &[start, "2026-04-01T12:00Z"], Verdict::Undetermined),
        ] {
            let finding = only(&promised(due, words, starts), "T403");
            assert_eq!(finding.verdict, expected, "{due}: {}", finding.message);
        }
        let late = only(&promised("2026-04-02T12:00Z", words, &[start]), "T403");
        assert!(late.message.ends_with("10:00:00 UTC; 2 h later than that"), "{}", late.message);
    }

    #[test]
    fn without_a_start_or_a_length_that_counts_from_it_nothing_is_held() {
        let start = "2026-04-01T10:00Z";
        let due = "2026-04-02T12:00Z";
        for (words, starts) in [
            ("all revoked within 24 hours of becoming aware", &[][..]),
            ("all revoked within 24 hours", &[start]),
            ("all revoked soon", &[start]),
        ] {
            assert!(findings(&promised(due, words, starts), "T403", None).is_empty(), "{words}");
        }
    }
}
