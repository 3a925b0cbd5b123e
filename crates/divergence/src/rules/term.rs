//! T206: the status or kind of an action item in other words than the template's.

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Claim};
use tally_ledger::vocabulary::action::{ActionKind, ActionStatus};

use super::TERM;
use crate::case::Case;
use crate::claims::Held;
use crate::finding::{Evidence, Finding, Verdict};
use crate::listing::{InForce, listings};
use crate::words::name;

/// Words that are written for one of the terms, and the term that they mean.
const MEANT: [(&str, &str); 22] = [
    ("already completed", "Complete"),
    ("cancelled", "Canceled"),
    ("closed", "Complete"),
    ("completed", "Complete"),
    ("detection", "Detect"),
    ("done", "Complete"),
    ("finished", "Complete"),
    ("implemented", "Complete"),
    ("in process", "Ongoing"),
    ("in progress", "Ongoing"),
    ("late", "Delayed"),
    ("mitigation", "Mitigate"),
    ("not started", "Ongoing"),
    ("on going", "Ongoing"),
    ("open", "Ongoing"),
    ("pending", "Ongoing"),
    ("postponed", "Delayed"),
    ("prevention", "Prevent"),
    ("resolved", "Complete"),
    ("started", "Ongoing"),
    ("under way", "Ongoing"),
    ("underway", "Ongoing"),
];

/// A word outside the template.
struct Other<'a> {
    written: String,
    meant: Option<&'static str>,
    held: &'a Held<'a>,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let listings = listings(claims);
    let reports = listings.iter().filter(|listing| listing.is_report());
    let reports: BTreeMap<u64, _> =
        reports.map(|listing| (listing.statement.seq, listing)).collect();
    let mut others: BTreeMap<u64, Vec<Other<'_>>> = BTreeMap::new();
    for held in claims.held().iter().filter(|held| held.dropped.is_none()) {
        let listing = reports.get(&held.statement.seq);
        if let Some(other) = listing.and_then(|listing| {
            let listed = |item: &str| listing.items.contains_key(item);
            other(held, &listed)
        }) {
            others.entry(held.statement.seq).or_default().push(other);
        }
    }
    others.values().filter_map(|others| found(case, others)).collect()
}

/// Returns the word of a claim that is none of the template's, if it has one.
fn other<'a>(held: &'a Held<'a>, listed: &dyn Fn(&str) -> bool) -> Option<Other<'a>> {
    let (word, terms) = match &held.claim.assertion {
        Assertion::Status(a) if listed(&a.item) => (&a.status, ActionStatus::WORDS),
        Assertion::Value(a) if a.attribute == "kind" && listed(&a.subject) => {
            (&a.value, ActionKind::WORDS)
        }
        _ => return None,
    };
    let is_term = |word: &str| terms.iter().any(|term| term.eq_ignore_ascii_case(word.trim()));
    let other = |word: &str, meant| {
        let written = name(word.trim_matches(|c: char| c == '"' || c.is_whitespace()));
        Some(Other { written, meant, held })
    };
    if !is_term(word) {
        return other(word, meant(word));
    }
    // The claim has the term, and its words may have another one for it.
    quoted(held.claim).find_map(|written| {
        let meant = meant(written).filter(|term| term.eq_ignore_ascii_case(word.trim()))?;
        other(written, Some(meant))
    })
}

/// Returns the term that a word stands for.
fn meant(word: &str) -> Option<&'static str> {
    let parts = word.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let plain = parts.collect::<Vec<_>>().join(" ").to_lowercase();
    MEANT.iter().find(|(other, _)| *other == plain).map(|(_, term)| *term)
}

/// Returns the words of a claim that may be the cell of a table: all of them, or what is quoted.
fn quoted(claim: &Claim) -> impl Iterator<Item = &str> {
    let text = claim.text.as_deref().unwrap_or_default();
    std::iter::once(text).chain(text.split('"').skip(1).step_by(2))
}

fn found(case: &Case<'_>, others: &[Other<'_>]) -> Option<Finding> {
    let statement = others.first()?.held.statement;
    let in_force = InForce::at(&statement.published);
    if in_force == InForce::No {
        return None;
    }
    let mut words: Vec<String> = others
        .iter()
        .map(|other| match other.meant {
            Some(term) => format!("\"{}\" for {term}", other.written),
            None => format!("\"{}\"", other.written),
        })
        .collect();
    words.sort();
    words.dedup();
    let (verdict, why) = match in_force {
        InForce::Unknown => (Verdict::Undetermined, "; which template was in force is not shown"),
        _ if others.iter().any(|other| other.meant.is_none()) => {
            (Verdict::Undetermined, "; which of the terms is meant is not clear of each")
        }
        _ => (Verdict::ForTheReader, ""),
    };
    let n = others.len();
    let cells = if n == 1 { "1 cell".to_owned() } else { format!("{n} cells") };
    let message = format!(
        "{}: {cells} of its action items in other words than the template's: {}{why}",
        name(&statement.name),
        words.join(", ")
    );
    let mut finding = Finding::new(&TERM, verdict, message);
    finding.subject = Some(statement.name.clone());
    finding.compared = format!(
        "compared with the CCADB's terms in force since {}: {}; {}",
        InForce::since(),
        ActionStatus::WORDS.join(", "),
        ActionKind::WORDS.join(", ")
    );
    let timeline = case.claims.timeline();
    finding.evidence = others
        .iter()
        .filter_map(|other| {
            let fact = timeline.fact(other.held.version.seq)?;
            Some(Evidence { claim: Some(other.held.index), ..Evidence::beside(fact) })
        })
        .collect();
    Some(finding)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Severity, Verdict};
    use crate::probe::{comment, findings, observer, official, only, verdict};

    /// Returns a ledger with a report of that day that makes those claims.
    fn report(published: &str, form: &str, claims: Json) -> Casebook {
        let mut book = observer();
        let speaker = official();
        comment(&mut book, speaker, 4, published, json!({ "form": form, "claims": claims }));
        book
    }

    fn status(item: &str, status: &str, text: &str) -> Json {
        json!({ "says": "status", "item": item, "status": status, "text": text })
    }

    #[test]
    fn another_word_for_a_term_is_told_with_the_term_once_for_each_report() {
        let claims = json!([
            status("ai-1", "Complete", "ai-1: \"Done\""),
            status("ai-2", "Complete", "\"Done\""),
            status("ai-4", "Complete", "Done"),
            status("ai-3", "In-progress", "In-progress"),
        ]);
        let finding = only(&report("2025-04-04", "full_report", claims), "T206");
        assert_eq!((finding.verdict, finding.severity), (Verdict::ForTheReader, Severity::Note));
        assert!(
            finding.message.ends_with(
                "4 cells of its action items in other words than the template's: \
                 \"Done\" for Complete, \"In-progress\" for Ongoing"
            ),
            "{}",
            finding.message
        );
        assert_eq!(finding.evidence.len(), 4);
    }

    #[test]
    fn the_templates_words_prose_and_earlier_templates_are_no_finding() {
        let term = json!([status("ai-1", "complete", "\"Complete\"")]);
        assert!(findings(&report("2025-04-04", "full_report", term), "T206", None).is_empty());
        let prose = json!([status("ai-1", "Complete", "\"we finalised it\"")]);
        assert!(findings(&report("2025-04-04", "full_report", prose), "T206", None).is_empty());
        let done = json!([status("ai-1", "Done", "Done")]);
        for (published, form) in [("2025-02-27", "full_report"), ("2025-04-04", "update")] {
            let book = report(published, form, done.clone());
            assert!(findings(&book, "T206", None).is_empty(), "{published} {form}");
        }
    }

    #[test]
    fn a_word_that_may_mean_any_of_them_is_undetermined() {
        let claims = json!([status("ai-1", "Partly", "Partly")]);
        assert_eq!(
            verdict(&report("2025-04-04", "full_report", claims), "T206"),
            Verdict::Undetermined
        );
        let kind = json!([
            status("ai-1", "Complete", "Complete"),
            { "says": "value", "subject": "ai-1", "attribute": "kind", "value": "Report" },
        ]);
        assert_eq!(
            verdict(&report("2025-04-04", "full_report", kind), "T206"),
            Verdict::Undetermined
        );
    }
}
