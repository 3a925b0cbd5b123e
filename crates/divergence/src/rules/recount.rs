//! T304: a number of what is affected that the organisation published, and later another one of the
//! same thing.

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Origin};
use tally_ledger::replay::{Fact, Statement};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::incident::MilestoneName;
use tally_ledger::vocabulary::words::{Metric, Unit};

use super::RECOUNT;
use crate::case::Case;
use crate::clock::evidence;
use crate::duty::{Held, duties};
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::incident::{Incident, Point};
use crate::length::between;
use crate::pack::Requirement;
use crate::times::Times;
use crate::words::name;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        for ((metric, unit, scope), numbers) in published(case, incident) {
            let mut about = format!("{metric} {unit}");
            if let Some(scope) = scope {
                about = format!("{about} ({})", name(scope));
            }
            for pair in changes(&numbers) {
                findings.extend(changed(case, incident, &about, pair));
            }
        }
    }
    findings
}

/// A number that the organisation published.
#[derive(Debug, Clone, Copy)]
struct Number<'a> {
    value: u64,
    text: &'a Statement,
    fact: &'a Fact,
    /// The position of the claim, if the text makes it.
    claim: Option<usize>,
    /// Whether the organisation itself put it on record.
    declared: bool,
}

/// What a number is of.
type Of<'a> = (String, String, Option<&'a str>);

/// Returns the exact numbers that official texts give of what later knowledge alone changes: in
/// their claims, and in entries that rest on them.
fn published<'a>(case: &Case<'a>, incident: &Incident<'a>) -> BTreeMap<Of<'a>, Vec<Number<'a>>> {
    let mut found: BTreeMap<Of<'_>, Vec<Number<'_>>> = BTreeMap::new();
    let mut add = |metric: &Metric, unit: &Unit, scope: Option<&'a str>, number: Number<'a>| {
        if matches!(metric, Metric::Affected | Metric::Restrained) {
            let of = (metric.to_string(), unit.to_string(), scope);
            found.entry(of).or_default().push(number);
        }
    };
    for held in case.claims.held_in(incident.feed) {
        let (text, claim) = (held.statement, held.claim);
        if let Assertion::Count(count) = &claim.assertion
            && let Some(fact) = case.claims.timeline().fact(held.version.seq)
            && incident.is_official(text)
            && held.dropped.is_none()
            && claim.qualifier.is_none()
        {
            let declared = claim.origin == Origin::Declared;
            let claimed = Some(held.index);
            let number = Number { value: count.value, text, fact, claim: claimed, declared };
            add(&count.metric, &count.unit, claim.scope.as_deref(), number);
        }
    }
    for fact in incident.facts.iter().copied() {
        let mut texts = case.claims.cited(fact).iter().filter_map(|cited| cited.statement);
        let Some(text) = texts.find(|text| incident.is_official(text)) else {
            continue;
        };
        let number = |value| Number { value, text, fact, claim: None, declared: false };
        match fact.body() {
            Some(Body::IncidentScope(body)) => {
                add(&Metric::Affected, &body.unit, Some(&body.set), number(body.count));
            }
            Some(Body::IncidentCount(body)) if body.qualifier.is_none() => {
                add(&body.metric, &body.unit, body.scope.as_deref(), number(body.value));
            }
            _ => {}
        }
    }
    found
}

/// Returns each number with the next one that differs from it, the oldest first.
fn changes<'n, 'a>(numbers: &'n [Number<'a>]) -> Vec<(&'n Number<'a>, &'n Number<'a>)> {
    let mut sorted: Vec<&Number<'_>> = numbers.iter().collect();
    sorted.sort_by_key(|number| {
        let start = number.text.published.interval().start;
        (start, Point::of(number.text).place.and_then(|place| place.item()), number.fact.seq)
    });
    let pairs = sorted.windows(2).filter(|pair| pair[0].value != pair[1].value);
    pairs.map(|pair| (pair[0], pair[1])).collect()
}

/// How a change is explained.
enum Explained<'a> {
    /// By what the record says.
    Recorded(String, Option<&'a Fact>),
    /// A text since names the earlier number, or by how much it changed.
    Named(&'a Statement),
    /// No text since names either, and all of them are at hand.
    Nowhere,
    /// Not all texts are at hand.
    Unknown,
}

fn changed(
    case: &Case<'_>,
    incident: &Incident<'_>,
    about: &str,
    (before, after): (&Number<'_>, &Number<'_>),
) -> Vec<Finding> {
    let (first, later) = (Point::of(before.text), Point::of(after.text));
    if !first.precedes(&later) {
        return Vec::new();
    }
    let duties = duties(case.packs, RECOUNT.code, later.interval, later.interval.end);
    let hold = |_: &Requirement| hold(case, incident, (before, after));
    duties.iter().map(|duty| duty.finding(&RECOUNT, about, hold)).collect()
}

fn hold(
    case: &Case<'_>,
    incident: &Incident<'_>,
    (before, after): (&Number<'_>, &Number<'_>),
) -> Held {
    let (first, later) = (&before.text.published, &after.text.published);
    let length = between(first, later).map_or(String::new(), |length| format!(", {length} later"));
    let recorded = format!(
        "{} ({}, {first}), then {} ({}, {later}){length}",
        before.value, before.text.name, after.value, after.text.name
    );
    let mut beside = None;
    let (verdict, relation, remark) = match explained(case, incident, before, after) {
        Explained::Recorded(how, fact) => {
            beside = fact.map(|fact| evidence(fact, Relation::Agrees));
            (Verdict::Tallies, Relation::Agrees, how)
        }
        Explained::Named(text) => {
            let why = "whether it explains the change is for the reader";
            let why = format!("{} names the earlier number or the difference; {why}", text.name);
            (Verdict::ForTheReader, Relation::Beside, why)
        }
        Explained::Nowhere if incident.is_whole() && after.declared => {
            let why = "no correction is recorded, and no text since names the earlier number";
            (Verdict::Diverges, Relation::Differs, why.to_owned())
        }
        Explained::Nowhere => {
            let why = "no text since names the earlier number or the difference";
            (Verdict::ForTheReader, Relation::Beside, why.to_owned())
        }
        Explained::Unknown => {
            let why = "no correction is recorded, and not every text since is at hand";
            (Verdict::Undetermined, Relation::Unclear, why.to_owned())
        }
    };
    let mut held = Held::new(verdict, recorded, Some(remark));
    held.times = Times::of(Some(first), Some(later));
    held.compared = String::from("compared with the speaker's own other statement");
    held.resting_on([number(after, relation), number(before, Relation::Beside)]).resting_on(beside)
}

fn number(number: &Number<'_>, relation: Relation) -> Evidence {
    Evidence { claim: number.claim, ..evidence(number.fact, relation) }
}

fn explained<'a>(
    case: &Case<'a>,
    incident: &Incident<'a>,
    before: &Number<'_>,
    after: &Number<'_>,
) -> Explained<'a> {
    let (first, later) = (Point::of(before.text), Point::of(after.text));
    let since = |text: &&Statement| {
        let point = Point::of(text);
        !point.precedes(&first) && !later.precedes(&point) && text.seq != before.text.seq
    };
    let texts: Vec<&Statement> = incident.official().filter(since).collect();
    let corrects = texts.iter().find(|text| {
        text.corrects.iter().any(|corrected| {
            let claim = corrected.claim.and_then(|claim| usize::try_from(claim).ok());
            corrected.statement == before.text.name && (claim.is_none() || claim == before.claim)
        })
    });
    if let Some(text) = corrects {
        return Explained::Recorded(format!("{} corrects it", text.name), None);
    }
    for fact in &incident.facts {
        let Some(Body::IncidentMilestone(body)) = fact.body() else {
            continue;
        };
        let at = fact.occurred().map(tally_ledger::time::When::interval);
        let between =
            at.is_some_and(|at| !at.before(&first.interval) && at.start < later.interval.end);
        if body.milestone == MilestoneName::ScopeUpdated && body.text.is_some() && between {
            let how = "an update of the scope is recorded between them".to_owned();
            return Explained::Recorded(how, Some(fact));
        }
    }
    let apart = before.value.abs_diff(after.value);
    let mut all = incident.covers(&first, later.interval.start);
    for text in texts {
        let versions = text.versions.iter().filter_map(|version| version.digest);
        let mut read: Vec<&str> = Vec::new();
        for digest in versions {
            match case.texts.get(&digest) {
                Some(text) => read.push(text),
                None => all = false,
            }
        }
        all &= !read.is_empty();
        if read.iter().any(|read| names(read, before.value) || names(read, apart)) {
            return Explained::Named(text);
        }
    }
    if all { Explained::Nowhere } else { Explained::Unknown }
}

/// Returns whether a text has a number in it, however its digits are grouped.
fn names(text: &str, number: u64) -> bool {
    let number = number.to_string();
    let mut digits = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let groups = matches!(c, ',' | '.' | '\'' | '\u{2019}' | '\u{a0}' | '\u{202f}' | ' ');
        if groups && !digits.is_empty() && chars.peek().is_some_and(char::is_ascii_digit) {
            if digits == number {
                return true;
            }
            continue;
        }
        if digits == number {
            return true;
        }
        digits.clear();
    }
    digits == number
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_ledger::replay::Timeline;
    use tally_testkit::casebook::Casebook;

    use super::names;
    use crate::finding::{Finding, Verdict};
    use crate::probe::{comment, fact, findings, observer, official, opened, own};
    use crate::{Terms, Texts, diverge};

    /// Records a comment of the CA that gives a number of affected certificates.
    fn counted(book: &mut Casebook, item: u64, at: &str, value: u64, more: Json) {
        let claim = json!({ "says": "count", "metric": "affected", "unit": "certificates",
                            "value": value, "scope": "all" });
        let mut members = json!({ "claims": [claim] });
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let speaker = official();
        comment(book, speaker, item, at, members);
    }

    /// Returns the ledger in which 100 became 120, and the later text.
    fn recounted(mut book: Casebook, text: Option<&str>, more: Json) -> (Casebook, Texts) {
        opened(&mut book);
        counted(&mut book, 0, "2026-04-01T10:00:00Z", 100, json!({}));
        let mut texts = Texts::default();
        let mut members = more;
        if let Some(text) = text {
            members["digest"] = json!(texts.add(text.to_owned()).to_string());
        }
        counted(&mut book, 1, "2026-04-05T10:00:00Z", 120, members);
        (book, texts)
    }

    fn found((book, texts): (Casebook, Texts)) -> Finding {
        let terms = Terms { texts, ..Terms::default() };
        let report = diverge(&Timeline::replay(&book.ledger()), &terms);
        let mut found = report.findings.into_iter().filter(|finding| finding.code == "T304");
        found.next().unwrap()
    }

    #[test]
    fn a_change_that_nothing_explains_diverges_in_the_own_ledger_with_the_text_at_hand() {
        let text = Some("120 certificates are affected");
        let finding = found(recounted(own(), text, json!({})));
        assert_eq!(finding.verdict, Verdict::Diverges, "{finding:#?}");
        assert_eq!(finding.subject.as_deref(), Some("affected certificates (all)"));
        assert!(finding.message.contains("recorded: 100 (c0, 2026-04-01"), "{}", finding.message);
        let finding = found(recounted(observer(), text, json!({})));
        assert_eq!(finding.verdict, Verdict::ForTheReader, "an observer records no explanations");
    }

    #[test]
    fn without_the_text_nothing_is_decided_and_one_that_names_the_number_is_for_the_reader() {
        assert_eq!(found(recounted(own(), None, json!({}))).verdict, Verdict::Undetermined);
        for text in ["not 100 but 120 are affected", "20 more were found: 120"] {
            let finding = found(recounted(own(), Some(text), json!({})));
            assert_eq!(finding.verdict, Verdict::ForTheReader, "{text}");
        }
    }

    #[test]
    fn a_recorded_correction_or_update_of_the_scope_explains_it() {
        let text = Some("120 certificates are affected");
        let corrects = json!({ "corrects": [{ "statement": "c0", "claim": 0 }] });
        assert_eq!(found(recounted(own(), text, corrects)).verdict, Verdict::Tallies);
        let (mut book, texts) = recounted(own(), text, json!({}));
        let body = json!({ "milestone": "scope_updated", "text": "a second list was found" });
        fact(&mut book, "incident.milestone", "2026-04-03", body);
        assert_eq!(found((book, texts)).verdict, Verdict::Tallies);
    }

    #[test]
    fn the_same_number_and_numbers_that_move_with_time_are_no_change() {
        let mut book = own();
        counted(&mut book, 0, "2026-04-01T10:00:00Z", 100, json!({}));
        counted(&mut book, 1, "2026-04-05T10:00:00Z", 100, json!({}));
        assert!(findings(&book, "T304", None).is_empty());
        let about = |item: u64, value: u64, metric: &str, qualifier: Option<&str>| {
            let mut claim = json!({ "says": "count", "metric": metric, "unit": "certificates",
                                    "value": value });
            if let Some(qualifier) = qualifier {
                claim["qualifier"] = qualifier.into();
            }
            (item, claim)
        };
        for (metric, qualifier) in [("revoked", None), ("affected", Some("at_least"))] {
            let mut book = own();
            for (item, claim) in [about(0, 100, metric, qualifier), about(1, 120, metric, None)] {
                crate::probe::said(&mut book, item, &format!("2026-04-0{}Z", item + 1), claim);
            }
            assert!(findings(&book, "T304", None).is_empty(), "{metric}");
        }
    }

    #[test]
    fn a_number_is_found_however_its_digits_are_grouped() {
        for text in ["83,267 certificates", "83.267", "83 267", "83\u{a0}267!", "(83267)", "x83267"]
        {
            assert!(names(text, 83_267), "{text}");
        }
        for text in ["83,2670", "183267", "83", "267", ""] {
            assert!(!names(text, 83_267), "{text}");
        }
        assert!(names("on 3 April, 20 were found", 20));
    }
}
