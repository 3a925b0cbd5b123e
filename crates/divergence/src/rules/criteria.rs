//! T205: action items without evaluation criteria, in a report that the template asks them of.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::claim::Assertion;
use tally_ledger::replay::shares_incident;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::statement::Form;

use super::CRITERIA;
use super::promise::absence_shows;
use crate::case::Case;
use crate::claims::Claims;
use crate::finding::{Evidence, Finding, Verdict};
use crate::listing::{InForce, Listing, listings};
use crate::source::{Party, Perspective};
use crate::words::name;

/// What is written where nothing is to be said, in letters alone.
const NOTHING: [&str; 7] = ["", "na", "none", "notapplicable", "tbd", "nil", "tobedetermined"];
/// The most items that a message names.
const NAMED_MAX: usize = 8;

/// The criteria that are recorded of an item.
#[derive(Debug, Clone, Copy)]
enum Criteria<'a> {
    Given,
    /// Words that say that there are none.
    Marked(&'a str),
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let criteria = criteria(claims);
    let mut seen: BTreeSet<(String, &str)> = BTreeSet::new();
    let listings = listings(claims);
    // The template of a closure report has no table of action items.
    let full = |listing: &&Listing<'_>| listing.statement.form == Some(Form::FullReport);
    let reports = listings.iter().filter(full);
    reports.filter_map(|listing| without(claims, listing, &criteria, &mut seen)).collect()
}

/// Returns the criteria that any entry or claim has of each item: those given, before words that
/// say that there are none.
fn criteria<'a>(claims: &Claims<'a>) -> BTreeMap<&'a str, Vec<(Criteria<'a>, Evidence)>> {
    let mut found: BTreeMap<&str, Vec<(Criteria<'_>, Evidence)>> = BTreeMap::new();
    let mut add = |item: &'a str, text: &'a str, evidence: Evidence| {
        let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        let nothing = NOTHING.contains(&letters.to_lowercase().as_str());
        let criteria = if nothing { Criteria::Marked(text) } else { Criteria::Given };
        found.entry(item).or_default().push((criteria, evidence));
    };
    for fact in claims.timeline().facts() {
        let worded = match fact.body() {
            Some(Body::ActionOpened(body)) => Some((&body.id, &body.criteria)),
            Some(Body::ActionChanged(body)) => Some((&body.id, &body.criteria)),
            _ => None,
        };
        if let Some((item, Some(text))) = worded {
            add(item, text, Evidence::beside(fact));
        }
    }
    for held in claims.held() {
        if let Assertion::Value(a) = &held.claim.assertion
            && a.attribute == "criteria"
            && let Some(fact) = claims.timeline().fact(held.version.seq)
        {
            add(&a.subject, &a.value, Evidence::beside(fact));
        }
    }
    found
}

/// Returns the finding on a report that lists items without criteria; each item counts where it is
/// listed first.
fn without<'l>(
    claims: &Claims<'_>,
    listing: &'l Listing<'_>,
    criteria: &BTreeMap<&str, Vec<(Criteria<'_>, Evidence)>>,
    seen: &mut BTreeSet<(String, &'l str)>,
) -> Option<Finding> {
    let statement = listing.statement;
    let party = Party::of(&statement.speaker);
    let in_force = InForce::at(&statement.published);
    if in_force == InForce::No {
        return None;
    }
    let (mut marked, mut missing, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
    for (item, listed) in &listing.items {
        if !seen.insert((party.name()?.to_owned(), item)) {
            continue;
        }
        let shared = |(_, e): &&(Criteria<'_>, Evidence)| {
            let fact = claims.timeline().fact(e.seq);
            fact.is_some_and(|fact| shares_incident(&fact.feeds, &statement.feeds))
        };
        let known: Vec<_> = criteria.get(item).into_iter().flatten().filter(shared).collect();
        if known.iter().any(|(criteria, _)| matches!(criteria, Criteria::Given)) {
            continue;
        }
        if let Some((Criteria::Marked(words), found)) = known.last() {
            marked.push(format!("{} ({})", name(item), name(words)));
            evidence.push(found.clone());
        } else {
            missing.push(name(item));
            evidence.extend(listed.evidence.clone());
        }
    }
    let from = Perspective::new(party, Some(statement), &statement.feeds);
    let own = absence_shows(claims, &from);
    let counted = !marked.is_empty() || own && !missing.is_empty();
    let (verdict, why) = match in_force {
        _ if marked.is_empty() && missing.is_empty() => return None,
        InForce::Unknown => (Verdict::Undetermined, "; which template was in force is not shown"),
        _ if counted => (Verdict::ForTheReader, ""),
        _ => (Verdict::Undetermined, "; the entries need not repeat what the report has"),
    };
    let told = |items: &[String], words: &str| {
        let more = items.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown = &items[..items.len().min(NAMED_MAX)];
        (!items.is_empty()).then(|| format!("{words}: {}{more}", shown.join(", ")))
    };
    let parts = [
        told(&marked, "evaluation criteria marked as none"),
        told(&missing, "no evaluation criteria recorded"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let message = format!("{}: {}{why}", name(&statement.name), parts.join("; "));
    let mut finding = Finding::new(&CRITERIA, verdict, message);
    finding.subject = Some(statement.name.clone());
    finding.compared = format!(
        "compared with the CCADB's template in force since {}: how its effect is judged",
        InForce::since()
    );
    let text = claims.timeline().fact(statement.seq).map(Evidence::beside);
    evidence.sort_by_key(|evidence| (evidence.seq, evidence.claim));
    evidence.dedup_by_key(|evidence| (evidence.seq, evidence.claim));
    finding.evidence = text.into_iter().chain(evidence).collect();
    Some(finding)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Severity, Verdict};
    use crate::probe::{comment, findings, observer, official, only, own, stated, verdict};

    /// Returns a ledger with a report of that day, which lists an item with those members more.
    fn report(mut book: Casebook, published: &str, more: Json) -> Casebook {
        let speaker = official();
        comment(&mut book, speaker, 4, published, json!({ "form": "full_report" }));
        let mut item = json!({ "id": "ai-1", "text": "audit", "status": "Ongoing" });
        for (name, value) in more.as_object().unwrap() {
            item[name] = value.clone();
        }
        stated(&mut book, 4, "action.opened", published, item);
        book
    }

    #[test]
    fn criteria_marked_as_none_are_for_the_reader() {
        for words in ["NA", "N/A", "none", "-"] {
            let finding =
                only(&report(observer(), "2025-04-04", json!({ "criteria": words })), "T205");
            assert_eq!(
                (finding.verdict, finding.severity),
                (Verdict::ForTheReader, Severity::Note)
            );
            assert!(finding.message.contains(&format!("marked as none: ai-1 ({words})")));
        }
    }

    #[test]
    fn criteria_that_are_given_and_earlier_templates_are_no_finding() {
        let given = json!({ "criteria": "no ticket in 90 days" });
        assert!(findings(&report(observer(), "2025-04-04", given), "T205", None).is_empty());
        let none = json!({ "criteria": "NA" });
        assert!(findings(&report(observer(), "2025-02-28Z", none), "T205", None).is_empty());
    }

    #[test]
    fn an_entry_without_criteria_counts_in_the_own_ledger_alone() {
        let none = json!({});
        assert_eq!(
            verdict(&report(own(), "2025-04-04", none.clone()), "T205"),
            Verdict::ForTheReader
        );
        assert_eq!(verdict(&report(observer(), "2025-04-04", none), "T205"), Verdict::Undetermined);
    }

    #[test]
    fn a_day_on_which_either_template_may_be_in_force_is_undetermined() {
        let none = json!({ "criteria": "NA" });
        assert_eq!(verdict(&report(own(), "2025-03-01", none), "T205"), Verdict::Undetermined);
    }

    #[test]
    fn each_item_counts_where_it_is_listed_first() {
        let mut book = report(observer(), "2025-04-04", json!({ "criteria": "NA" }));
        let speaker = official();
        let claims = json!([{ "says": "status", "item": "ai-1", "status": "Complete" }]);
        for (at, form) in [(9, "full_report"), (10, "closure_report")] {
            let later = json!({ "form": form, "claims": claims });
            comment(&mut book, speaker.clone(), at, "2025-05-10", later);
        }
        assert_eq!(only(&book, "T205").subject.as_deref(), Some("c4"));
    }
}
