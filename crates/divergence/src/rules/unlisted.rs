//! T204: an action item that was open, and that a later report of the same speaker no longer lists.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::replay::{Fact, Statement, shares_incident};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;

use super::UNLISTED;
use crate::case::Case;
use crate::claims::Claims;
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::listing::{Listing, listings};
use crate::quotation::Plain;
use crate::source::Party;
use crate::times::Times;
use crate::words::name;

/// An item that a text lists as open.
struct Open<'a> {
    status: &'a str,
    statement: &'a Statement,
    evidence: Evidence,
}

/// The entries by which items are complete or given up, and the wording of each item.
struct Record<'a> {
    ended: BTreeMap<&'a str, Vec<&'a Fact>>,
    wording: BTreeMap<&'a str, &'a str>,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut parties: BTreeMap<String, Vec<Listing<'_>>> = BTreeMap::new();
    for listing in listings(&case.claims) {
        if let Some(party) = Party::of(&listing.statement.speaker).name() {
            parties.entry(party.to_owned()).or_default().push(listing);
        }
    }
    let record = Record::of(&case.claims);
    let mut findings = Vec::new();
    for listings in parties.values_mut() {
        listings.sort_by_key(|listing| {
            let statement = listing.statement;
            (statement.published.interval().start, statement.item, statement.seq)
        });
        findings.extend(unlisted(case, &record, listings));
    }
    findings
}

impl<'a> Record<'a> {
    fn of(claims: &Claims<'a>) -> Self {
        let mut record = Self { ended: BTreeMap::new(), wording: BTreeMap::new() };
        for fact in claims.timeline().facts() {
            match fact.body() {
                Some(Body::ActionStatus(body)) if has_ended(body.status.as_str()) => {
                    record.ended.entry(&body.id).or_default().push(fact);
                }
                Some(Body::ActionOpened(body)) => {
                    record.wording.insert(&body.id, &body.text);
                }
                _ => {}
            }
        }
        record
    }

    /// Returns whether an item is recorded to have ended, and not surely after `statement`.
    fn ended_by(&self, item: &str, statement: &Statement) -> bool {
        let by = statement.published.interval();
        self.ended.get(item).into_iter().flatten().any(|fact| {
            let later = fact.occurred().is_some_and(|when| by.before(&when.interval()));
            !later && shares_incident(&fact.feeds, &statement.feeds)
        })
    }
}

fn has_ended(status: &str) -> bool {
    [ActionStatus::Complete, ActionStatus::Canceled]
        .iter()
        .any(|ended| ended.as_str().eq_ignore_ascii_case(status.trim()))
}

/// Goes through what one speaker lists, in order.
fn unlisted(case: &Case<'_>, record: &Record<'_>, listings: &[Listing<'_>]) -> Vec<Finding> {
    let mut open: BTreeMap<&str, Open<'_>> = BTreeMap::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut findings = Vec::new();
    for listing in listings {
        if listing.is_report() && !listing.all && !listing.items.is_empty() {
            let gone = |item: &str, open: &Open<'_>| {
                !listing.items.contains_key(item)
                    && shares_incident(&open.statement.feeds, &listing.statement.feeds)
                    && !record.ended_by(item, listing.statement)
            };
            let gone: Vec<&str> = open
                .iter()
                .filter(|(item, open)| gone(item, open))
                .map(|(item, _)| *item)
                .collect();
            let new = listing.items.keys().any(|item| !known.contains(item));
            for item in gone {
                let open = open.remove(item).expect("the item was found there");
                let wording = record.wording.get(item).copied();
                findings.push(found(case, item, &open, listing, (new, wording)));
            }
        }
        for (item, listed) in &listing.items {
            known.insert(item);
            match (listed.status, &listed.evidence) {
                (Some(status), Some(evidence)) if !has_ended(status) => {
                    let (statement, evidence) = (listing.statement, evidence.clone());
                    open.insert(item, Open { status, statement, evidence });
                }
                (Some(_), _) => {
                    open.remove(item);
                }
                (None, _) => {}
            }
        }
    }
    findings
}

/// Makes the finding on an item that a report does not list: `new` says whether the report lists
/// one that no text listed before, and `wording` is what the item was worded as.
fn found(
    case: &Case<'_>,
    item: &str,
    open: &Open<'_>,
    listing: &Listing<'_>,
    (new, wording): (bool, Option<&str>),
) -> Finding {
    let timeline = case.claims.timeline();
    let (before, after) = (open.statement, listing.statement);
    let text = after.versions.last().and_then(|version| case.texts.get(&version.digest?));
    let there = text.zip(wording).and_then(|(text, wording)| Plain::of(text).holds(wording));
    let (verdict, why) = match there {
        Some(true) => (Verdict::Undetermined, "the text has its words, and no claim marks them"),
        _ if new => {
            let why = "an item is new there, which may be the same one in other words";
            (Verdict::Undetermined, why)
        }
        _ if listing.whole => (Verdict::Changed, "nothing is recorded to have ended it"),
        Some(false) => (Verdict::Changed, "the text does not have its words"),
        None => (Verdict::Undetermined, "whether the text lists it is not recorded"),
    };
    let n = listing.items.len();
    let items = if n == 1 { "the 1 item".to_owned() } else { format!("the {n} items") };
    let message = format!(
        "{}, {} in {} ({}), is not among {items} of {} ({}); {why}",
        name(item),
        name(open.status),
        name(&before.name),
        before.published,
        name(&after.name),
        after.published
    );
    let mut finding = Finding::new(&UNLISTED, verdict, message);
    finding.subject = Some(item.to_owned());
    finding.times = Times::of(Some(&before.published), Some(&after.published));
    finding.compared = format!(
        "compared {} with {}, and with what is recorded of the item",
        timeline.label(before.seq),
        timeline.label(after.seq)
    );
    let relation = if verdict == Verdict::Changed { Relation::Changes } else { Relation::Unclear };
    let after = timeline.fact(after.seq).map(Evidence::beside);
    finding.evidence.extend(after.map(|evidence| Evidence { relation, ..evidence }));
    finding.evidence.push(open.evidence.clone());
    finding
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_ledger::replay::Timeline;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{comment, fact, findings, observer, official, only, own, verdict};
    use crate::{Terms, Texts, diverge};

    fn status(item: &str, status: &str, origin: &str) -> Json {
        json!({ "says": "status", "item": item, "status": status, "origin": origin })
    }

    /// Returns a ledger with a full report that lists two open items, and a later report.
    fn reports(mut book: Casebook, later: Json) -> Casebook {
        let claims =
            json!([status("ai-1", "Ongoing", "parsed"), status("ai-2", "Ongoing", "parsed")]);
        let first = json!({ "form": "full_report", "claims": claims });
        comment(&mut book, official(), 4, "2025-04-04", first);
        comment(&mut book, official(), 9, "2025-05-10", later);
        book
    }

    fn closure(claims: Json) -> Json {
        json!({ "form": "closure_report", "claims": claims })
    }

    #[test]
    fn an_open_item_that_a_later_report_leaves_out_changed() {
        let later = closure(json!([status("ai-1", "Complete", "parsed")]));
        let finding = only(&reports(observer(), later), "T204");
        assert_eq!(finding.verdict, Verdict::Changed);
        assert_eq!(
            finding.message,
            "ai-2, Ongoing in c4 (2025-04-04), is not among the 1 item of c9 (2025-05-10); nothing \
             is recorded to have ended it"
        );
        assert_eq!(
            finding.evidence.iter().map(|e| (e.seq, e.claim)).collect::<Vec<_>>(),
            [(2, None), (1, Some(1))]
        );
    }

    #[test]
    fn an_item_that_is_listed_or_that_ended_is_no_finding() {
        let both =
            json!([status("ai-1", "Complete", "parsed"), status("ai-2", "Complete", "parsed")]);
        assert!(findings(&reports(observer(), closure(both)), "T204", None).is_empty());
        let all = json!([status("ai-1", "Complete", "parsed"), { "says": "all_complete" }]);
        assert!(findings(&reports(observer(), closure(all)), "T204", None).is_empty());
        let one = json!([status("ai-1", "Complete", "parsed")]);
        let update = json!({ "form": "update", "claims": one });
        assert!(findings(&reports(observer(), update), "T204", None).is_empty());
        for (ended, at, n) in [("Canceled", "2025-05-01", 0), ("Complete", "2025-06-01", 1)] {
            let mut book = own();
            fact(&mut book, "action.status", at, json!({ "id": "ai-2", "status": ended }));
            let book = reports(book, closure(one.clone()));
            assert_eq!(findings(&book, "T204", None).len(), n, "{ended} {at}");
        }
    }

    #[test]
    fn what_a_reader_marked_or_what_may_be_renamed_is_undetermined() {
        let marked = closure(json!([status("ai-1", "Complete", "annotated")]));
        assert_eq!(verdict(&reports(observer(), marked), "T204"), Verdict::Undetermined);
        let new =
            json!([status("ai-1", "Complete", "parsed"), status("ai-7", "Ongoing", "parsed")]);
        let finding = only(&reports(observer(), closure(new)), "T204");
        assert_eq!(finding.verdict, Verdict::Undetermined);
        assert!(finding.message.contains("the same one in other words"));
    }

    #[test]
    fn the_text_itself_shows_whether_it_has_the_items_words() {
        for (text, expected) in [
            ("| Audit the logs | Complete |", Verdict::Undetermined),
            ("| Train all | Complete |", Verdict::Changed),
        ] {
            let mut texts = Texts::default();
            let digest = texts.add(text.to_owned()).to_string();
            let claims = json!([status("ai-1", "Complete", "annotated")]);
            let later = json!({ "form": "closure_report", "claims": claims, "digest": digest });
            let mut book = observer();
            let audit = json!({ "id": "ai-2", "text": "audit the logs", "status": "Ongoing" });
            fact(&mut book, "action.opened", "2025-04-04", audit);
            let book = reports(book, later);
            let terms = Terms { texts, ..Terms::default() };
            let found = diverge(&Timeline::replay(&book.ledger()), &terms).findings;
            let found = found.iter().find(|finding| finding.code == "T204").unwrap();
            assert_eq!(found.verdict, expected, "{text}");
        }
    }
}
