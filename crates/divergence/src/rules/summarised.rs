//! T802: an order of a court or an authority, looked for in the organisation's closure report.

use std::collections::BTreeSet;

use tally_ledger::claim::{Assertion, Claim};
use tally_ledger::replay::{Statement, Version};
use tally_ledger::vocabulary::legal::{Instrument, InstrumentType};

use super::SUMMARISED;
use super::mention::{Order, asserts, orders};
use crate::case::Case;
use crate::exact::Exact;
use crate::finding::{Evidence, Finding, Verdict};
use crate::index::Key;
use crate::quotation::Plain;
use crate::words::name;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeSet<u64> = BTreeSet::new();
    let exact = Exact::of(case);
    for incident in &case.incidents {
        for report in incident.closure_reports() {
            let until = report.published.interval();
            let orders = orders(&case.claims, incident.perspective.feeds).into_iter();
            let orders: Vec<Order<'_>> =
                orders.filter(|order| order.from.start < until.end).collect();
            // A page may be that of several incidents.
            if !orders.is_empty() && seen.insert(report.seq) {
                findings.extend(summarised(case, &exact, report, &orders));
            }
        }
    }
    findings
}

fn summarised(
    case: &Case<'_>,
    exact: &Exact<'_>,
    report: &Statement,
    orders: &[Order<'_>],
) -> Option<Finding> {
    let timeline = case.claims.timeline();
    let last = report.versions.last()?;
    let parts = exact.parts(last, report);
    let plain: Vec<Plain> = parts.iter().map(|part| Plain::of(part)).collect();
    let (found, missing): (Vec<&Order<'_>>, Vec<&Order<'_>>) = orders.iter().partition(|order| {
        is_told(case, report, last, order.instrument)
            || plain.iter().any(|plain| has_words(plain, order.instrument))
    });
    let words = |orders: &[&Order<'_>]| {
        orders.iter().map(|order| order.words.as_str()).collect::<Vec<_>>().join("; ")
    };
    let (verdict, told) = match (&missing[..], plain.is_empty()) {
        ([], _) => (Verdict::Tallies, format!("it mentions {}", words(&found))),
        (missing, false) => (Verdict::ForTheReader, format!("not found in it: {}", words(missing))),
        (missing, true) => {
            let why = "its exact text is not at hand, and nobody need have marked all that it says";
            (Verdict::Undetermined, format!("no claim of it is about {}; {why}", words(missing)))
        }
    };
    let message = format!("{}: closure report, {}; {told}", name(&report.name), report.published);
    let mut finding = Finding::new(&SUMMARISED, verdict, message);
    finding.subject = Some(report.name.clone());
    finding.compared = String::from("compared with the orders recorded up to the report");
    if verdict == Verdict::ForTheReader {
        finding.notes.push("disclosure may have been restricted".to_owned());
    }
    finding.evidence = timeline.fact(last.seq).map(Evidence::beside).into_iter().collect();
    let shown = if missing.is_empty() { found } else { missing };
    finding.evidence.extend(shown.iter().map(|order| Evidence::beside(order.fact)));
    Some(finding)
}

/// Returns whether a report is recorded to speak of an instrument: by a claim, confirmed or not, or
/// by an entry about it that cites the report.
fn is_told(case: &Case<'_>, report: &Statement, last: &Version, instrument: &Instrument) -> bool {
    let id = instrument.id.as_str();
    let about = |claim: &Claim| {
        let of = match &claim.assertion {
            Assertion::Characterises(a) => a.subject == id,
            assertion => asserts(assertion, id),
        };
        of || claim.scope.as_deref() == Some(id)
    };
    let claims = last.claims.iter().enumerate();
    let mut claims = claims.filter(|(at, _)| !last.rejected.contains(at));
    claims.any(|(_, claim)| about(claim))
        || case.claims.facts(&report.feeds, Key::Subject(id)).into_iter().any(|fact| {
            let mut cited = case.claims.cited(fact).iter().filter_map(|cited| cited.statement);
            fact.kind.family() == "legal" && cited.any(|cited| cited.seq == report.seq)
        })
}

/// Returns whether a text has words for an instrument.
fn has_words(text: &Plain, instrument: &Instrument) -> bool {
    let usual: &[&str] = match instrument.r#type {
        InstrumentType::RestrainingOrder => &["restraining order", "TRO"],
        InstrumentType::Injunction => &["injunction"],
        _ => &["order"],
    };
    let own = [&instrument.court, &instrument.docket].into_iter().flatten();
    let own = own.chain(&instrument.from).map(String::as_str);
    let mut words = usual.iter().copied().chain(own).chain([instrument.id.as_str()]);
    words.any(|words| text.holds(words) == Some(true))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_ledger::hash::Hash;
    use tally_testkit::casebook::Casebook;

    use crate::Texts;
    use crate::finding::{Finding, Severity, Verdict};
    use crate::probe::{comment, findings_with, official, opened, ordered_not_to, own, stated};

    /// Returns the findings on a closure report of that text, which an order of April precedes.
    fn closed(text: &str, at_hand: bool, more: impl Fn(&mut Casebook)) -> Vec<Finding> {
        let mut book = own();
        opened(&mut book);
        ordered_not_to(&mut book, "2026-04-01T19:00Z");
        let digest = Hash::of(text.as_bytes()).to_string();
        let body: Json = json!({ "form": "closure_report", "digest": digest });
        comment(&mut book, official(), 9, "2026-05-01T12:00Z", body);
        more(&mut book);
        let mut texts = Texts::default();
        if at_hand {
            texts.add(text.to_owned());
        }
        findings_with(&book, "T802", &[], texts)
    }

    #[test]
    fn an_order_that_a_closure_report_does_not_mention_is_for_the_reader() {
        let found = closed("We revoked all certificates.", true, |_| ());
        let [finding] = &found[..] else { panic!("{found:#?}") };
        assert_eq!((finding.verdict, finding.severity), (Verdict::ForTheReader, Severity::Note));
        assert_eq!(
            finding.message,
            "c9: closure report, 2026-05-01 12:00 UTC; not found in it: restraining order (order), \
             granted 2026-04-01 19:00 UTC"
        );
    }

    #[test]
    fn an_order_that_it_mentions_in_words_or_by_an_entry_tallies() {
        let found = closed("A *Restraining Order* delayed us.", true, |_| ());
        assert_eq!(found[0].verdict, Verdict::Tallies);
        let found = closed("", false, |book| {
            let step = json!({ "instrument": "order", "step": "vacated" });
            stated(book, 9, "legal.step", "2026-04-20T12:00Z", step);
        });
        assert_eq!(found[0].verdict, Verdict::Tallies);
    }

    #[test]
    fn without_the_exact_text_it_is_undetermined() {
        let found = closed("We revoked all certificates.", false, |_| ());
        assert_eq!(found[0].verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_later_order_and_no_order_are_not_looked_for() {
        let mut book = own();
        opened(&mut book);
        comment(&mut book, official(), 9, "2026-03-01T12:00Z", json!({ "form": "closure_report" }));
        assert!(findings_with(&book, "T802", &[], Texts::default()).is_empty());
        ordered_not_to(&mut book, "2026-04-01T19:00Z");
        assert!(findings_with(&book, "T802", &[], Texts::default()).is_empty());
    }
}
