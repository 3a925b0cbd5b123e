//! Parsed claims: what the fields of a report surely say.
//!
//! A parsed claim counts without anybody's confirmation, so a field makes one only where it can
//! mean one thing: a date that stands alone, a number, a term of the CCADB, a sentence of the
//! template. Everything else is left to the phrase rules and to a reader.

mod row;

use std::collections::BTreeMap;

use tally_ledger::claim::{
    Absent, AllComplete, Assertion, Claim, Count, Occurred, Origin, Status, Will,
};
use tally_ledger::time::{Instant, When};
use tally_ledger::vocabulary::action::ActionStatus;
use tally_ledger::vocabulary::words::{Metric, Qualifier, Strength, Unit};

use crate::moment::{self, Setting};
use crate::phrase::suggest;
use crate::report::{Action, Field, Label, Report, plain, read as report};

/// The longest quotation in a claim, in characters.
const QUOTED_MAX: usize = 200;

/// Reads the claims of `text`, which was published at `published`: those that its fields make, and
/// those that the rows of its timeline and the phrase rules suggest in addition. They are in the
/// order of the text.
pub fn read(text: &str, published: Instant) -> Vec<Claim> {
    let report = report(text);
    let mut claims = parsed(&report, published);
    claims.extend(report.timeline.iter().filter_map(|row| row::suggest(row, published)));
    let known = claims.clone();
    let again = |claim: &Claim| {
        let overlaps = |other: &Claim| match (claim.span, other.span) {
            (Some(a), Some(b)) => a[0] < b[1] && b[0] < a[1],
            _ => false,
        };
        let says = claim.assertion.says();
        known.iter().any(|other| other.assertion.says() == says && overlaps(other))
    };
    let suggested = suggest(text, published).into_iter().map(|found| found.claim);
    claims.extend(suggested.filter(|claim| !again(claim)));
    claims.sort_by_key(|claim| claim.span);
    claims
}

/// Returns the claims that the fields of a report make, in the order of the text. `published` tells
/// what has happened from what is expected.
pub fn parsed(report: &Report, published: Instant) -> Vec<Claim> {
    let mut claims = Vec::new();
    for field in &report.fields {
        claims.extend(match field.label {
            Label::NonComplianceStart => date(field, "non_compliance_start", published),
            Label::NonComplianceIdentified => date(field, "identified", published),
            Label::NonComplianceEnd => date(field, "end", published),
            Label::TotalCertificates => count(field, Metric::Affected),
            Label::RemainingValid => count(field, Metric::RemainingValid),
            Label::IssuanceStopped => not_stopped(field),
            _ => None,
        });
    }
    let names = names(&report.actions);
    for (action, name) in report.actions.iter().zip(&names) {
        claims.extend(status(action, name));
        claims.extend(due(action, name));
    }
    if let Some(span) = report.closure {
        let assertion = Assertion::AllComplete(AllComplete { items: Vec::new() });
        claims.push(claim(assertion, "all action items completed as described", span));
    }
    claims.sort_by_key(|claim| claim.span);
    claims
}

/// Returns the names by which claims refer to action items: the first words of each, so that a row
/// keeps its name where the table is posted again in another order.
pub fn names(actions: &[Action]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let name = |action: &Action| {
        let slug = slug(&action.text.text);
        let count = seen.entry(slug.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { format!("ai-{slug}") } else { format!("ai-{slug}-{count}") }
    };
    actions.iter().map(name).collect()
}

/// Returns the title of an item, or its first six words, in small letters joined by hyphens.
fn slug(text: &str) -> String {
    let title = text.split_once(':').map_or(text, |(title, _)| title);
    let title = if title.split_whitespace().count() > 8 { text } else { title };
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words.take(6) {
        let word = word.to_lowercase();
        if !slug.is_empty() && slug.len() + word.len() > 56 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(56));
    }
    slug
}

fn claim(assertion: Assertion, text: &str, span: [usize; 2]) -> Claim {
    Claim {
        assertion,
        origin: Origin::Parsed,
        text: Some(text.chars().take(QUOTED_MAX).collect()),
        span: Some(span.map(|at| at as u64)),
        strength: Strength::Firm,
        qualifier: None,
        scope: None,
        condition: None,
        extra: BTreeMap::new(),
    }
}

fn quoted(words: &str) -> String {
    format!("\"{}\"", plain(words).chars().take(QUOTED_MAX - 2).collect::<String>())
}

/// Returns the claim of a field that holds one date and nothing else.
fn date(field: &Field, milestone: &str, published: Instant) -> Option<Claim> {
    let value = &field.value;
    let found = moment::first(value, &Setting::default())?.ok()?;
    if !is_aside(&value[..found.span[0]]) || !is_aside(&value[found.span[1]..]) {
        return None;
    }
    let kind = format!("incident.milestone.{milestone}").parse().ok()?;
    let expected = found.when.interval().start > published.unix();
    let assertion = if expected {
        // The template lets an end be given that is still expected.
        Assertion::Will(Will { what: kind, subject: None, due: Some(found.when) })
    } else {
        Assertion::Occurred(Occurred { kind, when: found.when, subject: None })
    };
    let mut claim = claim(assertion, &quoted(value), field.span);
    claim.qualifier = found.about.then_some(Qualifier::About);
    if expected {
        claim.strength = Strength::Plan;
    }
    Some(claim)
}

/// Returns whether words beside a date change nothing about it.
fn is_aside(words: &str) -> bool {
    words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| matches!(word.to_lowercase().as_str(), "on" | "at" | "the" | "utc" | "time"))
}

/// Returns the claim of a field that holds one number, and at most what it counts.
fn count(field: &Field, metric: Metric) -> Option<Claim> {
    let folded = field.value.to_lowercase();
    let mut digits = String::new();
    let mut qualifier = None;
    for word in folded.split(|c: char| c.is_whitespace() || "()*_.".contains(c)) {
        let number = word.replace([',', '\''], "");
        match word {
            "" | "certificate" | "certificates" | "certs" | "tls" | "ssl" | "dv" | "ov" | "ev"
            | "iv" | "leaf" | "s/mime" | "smime" | "subscriber" | "end-entity" | "total" => {}
            "about" | "approximately" | "around" | "approx" if digits.is_empty() => {
                qualifier = Some(Qualifier::About);
            }
            _ if is_grouped(word) && digits.is_empty() => digits = number,
            _ => return None,
        }
    }
    let value = digits.parse().ok().filter(|value: &u64| *value < 1 << 53)?;
    let assertion = Assertion::Count(Count { metric, unit: Unit::Certificates, value });
    let mut claim = claim(assertion, &quoted(&field.value), field.span);
    claim.qualifier = qualifier;
    Some(claim)
}

/// Returns whether `word` is a number in digits, with a mark before every three of them or none.
fn is_grouped(word: &str) -> bool {
    let mut groups = word.split([',', '\'']);
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    digits(first)
        && first.len() <= if rest.is_empty() { 15 } else { 3 }
        && rest.iter().all(|group| digits(group) && group.len() == 3)
}

/// Returns the claim that issuance was not stopped, where the answer is "No".
fn not_stopped(field: &Field) -> Option<Claim> {
    let answer = field.value.trim_start_matches(['*', '_']);
    let rest = answer.strip_prefix("No").or_else(|| answer.strip_prefix("NO"))?;
    // "No certificates …" answers something else.
    let alone =
        rest.trim_start_matches(['*', '_', ' ']).chars().next().is_none_or(|c| {
            matches!(c, '.' | ',' | ';' | ':' | '-' | '–' | '—' | '\n' | '\r' | '(')
        });
    // "No, this report does not deal with certificates" says that the question is not one.
    let beside = ["not deal", "not applicable", "not relevant", "not involve", "not relate"];
    let lower = rest.to_lowercase();
    if beside.iter().any(|words| lower.contains(words)) {
        return None;
    }
    let kind = "incident.milestone.issuance_stopped".parse().ok()?;
    let assertion = Assertion::Absent(Absent { kind, subject: None, period: None });
    alone.then(|| claim(assertion, &quoted(&field.value), field.span))
}

/// Returns the claim of an action item's status, in the CCADB's terms; its own word is quoted.
fn status(action: &Action, name: &str) -> Option<Claim> {
    let term = action.status_term?;
    let own = &action.status.as_ref()?.text;
    let (item, status) = (name.to_owned(), term.as_str().to_owned());
    let assertion = Assertion::Status(Status { item, status, as_of: None });
    Some(claim(assertion, &quoted(own), action.span))
}

/// Returns the promise that an action item's due date makes, unless the item is closed.
fn due(action: &Action, name: &str) -> Option<Claim> {
    if matches!(action.status_term, Some(ActionStatus::Complete | ActionStatus::Canceled)) {
        return None;
    }
    let due: When = action.due.clone()?;
    let what = "action.status.complete".parse().ok()?;
    let assertion = Assertion::Will(Will { what, subject: Some(name.to_owned()), due: Some(due) });
    Some(claim(assertion, &quoted(&action.due_text.as_ref()?.text), action.span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tally_ledger::claim::Says;

    fn at(text: &str) -> Vec<Claim> {
        let claims = parsed(&report(text), "2025-06-05T14:00:00Z".parse().unwrap());
        for claim in &claims {
            let [start, end] = claim.span.unwrap().map(|at| usize::try_from(at).unwrap());
            assert!(text.get(start..end).is_some_and(|words| !words.is_empty()));
            assert_eq!(claim.origin, Origin::Parsed);
        }
        claims
    }

    fn summaries(text: &str) -> Vec<String> {
        at(text).iter().map(|claim| claim.assertion.summary()).collect()
    }

    #[test]
    fn the_dates_of_the_summary_are_claimed_where_they_stand_alone() {
        let text = "- **Timeline summary:**\n  - **Non-compliance start date:** 2025-01-10\n  \
                    - **Non-compliance identified date:** 2025-06-01, 10:30 UTC\n  \
                    - **Non-compliance end date:** 2025-07-01\n";
        assert_eq!(
            summaries(text),
            [
                "incident milestone non compliance start occurred 2025-01-10",
                "incident milestone identified occurred 2025-06-01 10:30 UTC",
                "incident milestone end will follow by 2025-07-01",
            ]
        );
        for value in ["Ongoing", "N/A", "expected 2025-05-01", "2025-01-10 for one CA", "unknown"] {
            let text = format!("- **Non-compliance end date:** {value}\n");
            assert_eq!(at(&text), [], "{value}");
        }
    }

    #[test]
    fn counts_are_claimed_where_they_are_one_number() {
        for (value, count, qualifier) in [
            ("12", 12, None),
            ("1,234 TLS certificates", 1234, None),
            ("**83,267**", 83_267, None),
            ("approximately 50", 50, Some(Qualifier::About)),
            ("0", 0, None),
        ] {
            let claims = at(&format!("- **Total number of certificates:** {value}\n"));
            let [claim] = claims.as_slice() else { panic!("{value}: {claims:?}") };
            let Assertion::Count(found) = &claim.assertion else { panic!("{claim:?}") };
            assert_eq!((found.value, claim.qualifier), (count, qualifier), "{value}");
            assert_eq!(found.metric, Metric::Affected);
        }
        for value in ["None", "N/A", "12 (3 revoked)", "12 of 20", "1,2345", "see appendix", "3.5"]
        {
            let text = format!("- **Total number of certificates:** {value}\n");
            assert_eq!(at(&text), [], "{value}");
        }
    }

    #[test]
    fn action_items_claim_their_status_and_their_due_date() {
        let text = "| Action Item | Kind | Due Date | Status |\n|---|---|---|---|\n\
                    | Legal Review Gate: approve | Prevent | 2025-04-04 | Done |\n\
                    | Ombudsperson role | Prevent | 2025-07-01 | Underway |\n\
                    | Another thing | Detect | 2025-07-02 | Value of it |\n";
        assert_eq!(
            summaries(text),
            [
                "ai-legal-review-gate is Complete",
                "ai-ombudsperson-role is Ongoing",
                "action status complete (ai-ombudsperson-role) will follow by 2025-07-01",
                "action status complete (ai-another-thing) will follow by 2025-07-02",
            ]
        );
        assert_eq!(at(text)[0].text.as_deref(), Some("\"Done\""));
    }

    #[test]
    fn an_item_keeps_its_name_in_another_order() {
        let rows = ["| Add a lint to the pipeline |", "| Train the staff |", "| Train the staff |"];
        let table = |rows: &[&str]| {
            let head = "| Action Item | Kind | Due Date |\n|---|---|---|\n";
            let body: String =
                rows.iter().map(|row| [row, " Prevent | 2025-07-01 |\n"].concat()).collect();
            names(&report(&format!("{head}{body}")).actions)
        };
        assert_eq!(
            table(&rows),
            ["ai-add-a-lint-to-the-pipeline", "ai-train-the-staff", "ai-train-the-staff-2"]
        );
        assert_eq!(
            table(&[rows[1], rows[0]]),
            ["ai-train-the-staff", "ai-add-a-lint-to-the-pipeline"]
        );
    }

    #[test]
    fn no_is_claimed_where_it_is_the_whole_answer() {
        let label =
            "- **Was issuance stopped in response to this incident, and why or why not?:** ";
        assert_eq!(at(&format!("{label}No. It was not needed."))[0].assertion.says(), Says::Absent);
        assert_eq!(at(&format!("{label}No certificates were affected.")), []);
        assert_eq!(at(&format!("{label}Yes, at once.")), []);
        assert_eq!(at(&format!("{label}No – this report does not deal with certificates.")), []);
    }

    #[test]
    fn what_a_field_claims_is_not_suggested_again() {
        let text = "### Report Closure Summary\n- **Commitment summary:** none\n\n\
                    All Action Items disclosed in this report have been completed as described, \
                    and we request its closure.\n";
        let claims = read(text, "2025-06-05T14:00:00Z".parse().unwrap());
        let all = claims.iter().filter(|claim| claim.assertion.says() == Says::AllComplete);
        assert_eq!(all.count(), 1);
    }

    #[test]
    fn a_template_that_nobody_filled_in_claims_nothing() {
        let text = "### Action Items\n| Action Item | Kind | Due Date |\n| --- | --- | --- |\n\
                    | Example | Prevent | 2038-01-19 |\n\n\
                    ### Timeline\nYYYY-MM-DD:\n- HH:MM Example\n";
        assert_eq!(read(text, "2025-06-05T14:00:00Z".parse().unwrap()), []);
    }
}
