//! T201 and T202: the status of an item, and that all items are complete, held against the status
//! that is recorded for that time.

use std::collections::BTreeSet;

use tally_ledger::claim::Assertion;
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;

use super::{ALL_COMPLETE, STATUS};
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation, Verdict};
use crate::index::{Indexed, Key};
use crate::length::between;
use crate::point::{Moment, Point, Position, latest};
use crate::source::Source;
use crate::weigh::{Account, Decision, conclude, found, unsupported, weigh};
use crate::words::{name, quoted};

/// The status of an item that is done.
const COMPLETE: &str = "Complete";
/// The status of an item that is no longer to be done.
const CANCELED: &str = "Canceled";

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Status(a) => {
            let moment = Moment::of(held, a.as_of.as_ref());
            let accounts = accounts(claims, held, &moment, &a.item, &a.status);
            let as_of = a.as_of.as_ref().map_or(String::new(), |at| format!(" as of {at}"));
            let stated = format!("{} {}{as_of}", name(&a.item), name(&a.status));
            Some(conclude(&STATUS, claims, held, &stated, &accounts))
        }
        _ => None,
    })
    .collect()
}

pub(super) fn judge_all(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::AllComplete(a) => Some(all_complete(claims, held, &a.items)),
        _ => None,
    })
    .collect()
}

/// Returns what is recorded of an item's status, held against the one claimed for `moment`.
fn accounts<'a>(
    claims: &Claims<'a>,
    held: &Held<'a>,
    moment: &Moment<'_>,
    item: &str,
    claimed: &str,
) -> Vec<Account<'a>> {
    let points = points(claims, held, moment, item);
    let Some(claimed) = term(claimed) else {
        let why = "the claim uses none of the CCADB's terms";
        let accounts = points.into_iter().map(|point| point.account);
        return accounts.map(|a| a.holds(Relation::Unclear, Some(why.to_owned()))).collect();
    };
    let sources: BTreeSet<Source> = points.iter().map(|point| point.account.source).collect();
    let mut accounts = Vec::new();
    for source in sources {
        let same: Vec<&Point<'_, String>> =
            points.iter().filter(|point| point.account.source == source).collect();
        accounts.extend(match source {
            Source::OwnRecord => by_record(held, &same, claimed),
            _ => by_statements(&same, claimed),
        });
    }
    for account in accounts.iter_mut().filter(|a| a.relation == Relation::Differs) {
        let same = |a: &Assertion| matches!(a, Assertion::Status(a) if a.item == item);
        if let Some(first) = claims.counted_at(held, account, same) {
            account.relation = Relation::Unclear;
            account.remark = Some(format!("counted where it was said first, in {first}"));
        }
    }
    accounts
}

/// Returns the CCADB's term for a status, in whatever case it is written.
fn term(status: &str) -> Option<&'static str> {
    ActionStatus::WORDS.iter().copied().find(|term| term.eq_ignore_ascii_case(status.trim()))
}

/// Returns every status that is recorded or stated of an item.
fn points<'a>(
    claims: &Claims<'a>,
    held: &Held<'a>,
    moment: &Moment<'_>,
    item: &str,
) -> Vec<Point<'a, String>> {
    let mut points = Vec::new();
    let mut add = |status: &str, when: Option<&When>, account: Account<'a>| {
        let position = moment.position(when, &account);
        let when = when.cloned();
        points.push(Point { value: status.to_owned(), when, account, position });
    };
    let shown = |status: &str, when: Option<&When>| {
        let since = when.map_or(String::new(), |when| format!(", {when}"));
        format!("{} {status}{since}", name(item))
    };
    let key = Key::Subject(item);
    let wanted = |found: &Indexed<'_>| found.fact.subject() == Some(item);
    for (found, backing) in claims.backed(&held.perspective, key, wanted) {
        let fact = found.fact;
        let status: &ActionStatus = match fact.body() {
            Some(Body::ActionOpened(body)) if body.id == item => &body.status,
            Some(Body::ActionStatus(body)) if body.id == item => &body.status,
            _ => continue,
        };
        let when = fact.occurred();
        let text = shown(status.as_str(), when);
        add(status.as_str(), when, Account::of_fact(fact, backing, text));
    }
    for (other, backing) in claims.others(&held.perspective, key) {
        let (status, when) = match &other.claim.assertion {
            Assertion::Status(a) if a.item == item => (term(&a.status), a.as_of.as_ref()),
            Assertion::AllComplete(a) if a.items.iter().any(|i| i == item) => {
                (Some(COMPLETE), None)
            }
            _ => continue,
        };
        let Some(status) = status else {
            continue;
        };
        let when = when.unwrap_or(other.at());
        let text = shown(status, Some(when));
        add(status, Some(when), Account::of_claim(other, backing, text));
    }
    points
}

/// Holds a claim against a running record, in which a status lasts until the next one.
fn by_record<'a>(
    held: &Held<'a>,
    points: &[&Point<'a, String>],
    claimed: &str,
) -> Vec<Account<'a>> {
    let at = |wanted: &[Position]| -> Vec<&Point<'a, String>> {
        points.iter().copied().filter(|point| wanted.contains(&point.position)).collect()
    };
    let unclear = |points: Vec<&Point<'a, String>>, why: &str| {
        let accounts = points.into_iter().map(|point| point.account.clone());
        accounts.map(|a| a.holds(Relation::Unclear, Some(why.to_owned()))).collect()
    };
    let (until, later) = (at(&[Position::Before, Position::At]), at(&[Position::After]));
    let (last, unknown) = (latest(&until), at(&[Position::Unknown]));
    let differs = |point: &&Point<'a, String>| point.value != claimed;
    if !unknown.is_empty() && unknown.iter().chain(&last).any(differs) {
        return unclear(unknown, "whether that was before or after the claim is not recorded");
    }
    if last.iter().any(|point| point.value != last[0].value) {
        return unclear(last, "more than one status is recorded for that time");
    }
    let reached = later.iter().find(|later| later.value == claimed);
    let reached = reached.map(|point| {
        let since = point.when.as_ref();
        let length = since.and_then(|since| between(held.at(), since));
        let length = length.map_or(String::new(), |length| format!(", {length} later"));
        let since = since.map_or(String::new(), |since| format!(" from {since}"));
        (point, format!("{claimed}{since}{length}"))
    });
    match (last.first(), reached) {
        (Some(point), _) if point.value == claimed => {
            let reopened = later.iter().find(|later| reopens(claimed, &later.value));
            let agrees = point.account.clone().holds(Relation::Agrees, None);
            reopened.map(|point| reopening(point)).into_iter().chain([agrees]).collect()
        }
        (Some(point), reached) => {
            let since = reached.as_ref().and_then(|(reached, _)| reached.when.clone());
            let remark = reached.map(|(_, words)| words);
            vec![point.account.clone().at(since.as_ref()).holds(Relation::Differs, remark)]
        }
        (None, Some((point, words))) => {
            let account = point.account.clone().at(point.when.as_ref());
            vec![account.holds(Relation::Differs, Some(words))]
        }
        (None, None) => Vec::new(),
    }
}

/// Holds a claim against what was said at single moments: a status that was stated before may have
/// changed by the time of the claim, and one that is stated later need not have held then.
fn by_statements<'a>(points: &[&Point<'a, String>], claimed: &str) -> Vec<Account<'a>> {
    let before: Vec<&Point<'_, String>> =
        points.iter().copied().filter(|point| point.position == Position::Before).collect();
    let last: Vec<u64> = latest(&before).iter().map(|point| point.account.seq).collect();
    let mut accounts = Vec::new();
    for point in points {
        let account = point.account.clone();
        let same = point.value == claimed;
        let open = claimed != COMPLETE;
        match point.position {
            Position::At if !same => accounts.push(account.holds(Relation::Differs, None)),
            Position::Before if !last.contains(&account.seq) || !same => {}
            Position::After if reopens(claimed, &point.value) => accounts.push(reopening(point)),
            Position::After if !same || !open => {}
            Position::Unknown if !same => {
                let why = "whether that was before or after the claim is not shown".to_owned();
                accounts.push(account.holds(Relation::Unclear, Some(why)));
            }
            _ => accounts.push(account.holds(Relation::Agrees, None)),
        }
    }
    accounts
}

/// Returns whether an item that was complete is open again.
fn reopens(claimed: &str, later: &str) -> bool {
    claimed == COMPLETE && matches!(later, "Ongoing" | "Delayed")
}

fn reopening<'a>(point: &Point<'a, String>) -> Account<'a> {
    let account = point.account.clone().at(point.when.as_ref());
    account.holds(Relation::Changes, Some("open again".to_owned()))
}

fn all_complete<'a>(claims: &Claims<'a>, held: &Held<'a>, named: &[String]) -> Finding {
    let moment = Moment::of(held, None);
    let items = match named {
        [] => open_items(claims, held, &moment),
        named => named.to_vec(),
    };
    let stated = match named {
        [] => "all items complete".to_owned(),
        named => quoted(&format!("all complete: {}", named.join(", "))),
    };
    let mut all: Vec<Account<'_>> = Vec::new();
    let mut worst: Option<(Verdict, usize, String)> = None;
    let mut complete = 0;
    for item in &items {
        let accounts = accounts(claims, held, &moment, item, COMPLETE);
        let weighed = weigh(&accounts);
        let verdict = weighed.map_or(Verdict::Unsupported, |weighed| weighed.verdict);
        let lead = all.len() + weighed.map_or(0, |weighed| weighed.lead);
        let words = weighed.map_or(format!("nothing of {}", name(item)), |weighed| {
            let account = &accounts[weighed.lead];
            let remark = account.remark.as_ref().map(|remark| format!(" ({remark})"));
            format!("{}{}", account.shown, remark.unwrap_or_default())
        });
        if verdict == Verdict::Tallies {
            complete += 1;
        }
        if worst.as_ref().is_none_or(|(worst, ..)| verdict < *worst) {
            worst = Some((verdict, lead, words));
        }
        all.extend(accounts);
    }
    let Some((verdict, lead, words)) = worst else {
        return unsupported(&ALL_COMPLETE, claims, held, &stated);
    };
    let n = items.len();
    let message = match verdict {
        Verdict::Tallies => format!("stated: {stated}; recorded: {complete} of {n} Complete"),
        _ => format!("stated: {stated}; recorded: {complete} of {n} Complete; {words}"),
    };
    let decision = Decision { verdict, message, notes: Vec::new(), lead };
    let mut finding = found(&ALL_COMPLETE, claims, Some(held), decision, &all);
    if all.is_empty() {
        finding.compared = format!("searched {}", claims.searched(held.perspective.feeds));
    }
    finding
}

/// Returns the items that were opened by the time of a statement, without those that had been
/// canceled by then.
fn open_items<'a>(claims: &Claims<'a>, held: &Held<'a>, moment: &Moment<'_>) -> Vec<String> {
    let mut items = Vec::new();
    let mut known = BTreeSet::new();
    for fact in claims.facts(held.perspective.feeds, Key::Family("action")) {
        let later =
            fact.occurred().is_some_and(|when| held.at().interval().before(&when.interval()));
        if let Some(Body::ActionOpened(body)) = fact.body()
            && !later
            && known.insert(&body.id)
        {
            items.push(body.id.clone());
        }
    }
    items.retain(|item| !is_canceled(&points(claims, held, moment, item)));
    items
}

/// Returns whether the strongest source that has a status for the moment has an item as canceled.
fn is_canceled(points: &[Point<'_, String>]) -> bool {
    let until = points.iter().filter(|p| matches!(p.position, Position::Before | Position::At));
    let Some(strongest) = until.clone().map(|point| point.account.source).min() else {
        return false;
    };
    let same: Vec<_> = until.filter(|point| point.account.source == strongest).collect();
    latest(&same).iter().all(|point| point.value == CANCELED)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{comment, fact, observer, official, only, own, said, stated, verdict};

    const SAID: &str = "2025-05-10T12:00Z";

    fn is(status: &str) -> Json {
        json!({ "says": "status", "item": "ai-3", "status": status })
    }

    fn opened(book: &mut Casebook, item: &str, status: &str) {
        let body = json!({ "id": item, "text": "audit", "status": status });
        fact(book, "action.opened", "2025-04-01", body);
    }

    fn status(book: &mut Casebook, status: &str, occurred: &str) {
        fact(book, "action.status", occurred, json!({ "id": "ai-3", "status": status }));
    }

    #[test]
    fn the_last_status_of_the_own_record_agrees_or_differs() {
        for (recorded, expected) in [("Complete", Verdict::Tallies), ("Delayed", Verdict::Diverges)]
        {
            let mut book = own();
            opened(&mut book, "ai-3", "Ongoing");
            status(&mut book, recorded, "2025-05-01");
            said(&mut book, 4, SAID, is("Complete"));
            assert_eq!(verdict(&book, "T201"), expected, "{recorded}");
        }
    }

    #[test]
    fn complete_before_the_record_has_it_says_when_the_record_does() {
        let mut book = own();
        opened(&mut book, "ai-3", "Ongoing");
        status(&mut book, "Complete", "2025-05-17T12:00Z");
        said(&mut book, 4, SAID, is("Complete"));
        let finding = only(&book, "T201");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.contains("Complete from 2025-05-17 12:00 UTC, 7 days later"));
    }

    #[test]
    fn done_and_then_open_again_changed() {
        let mut book = own();
        opened(&mut book, "ai-3", "Ongoing");
        status(&mut book, "Complete", "2025-05-01");
        status(&mut book, "Ongoing", "2025-06-01");
        said(&mut book, 4, SAID, is("Complete"));
        assert_eq!(verdict(&book, "T201"), Verdict::Changed);
    }

    #[test]
    fn a_status_is_compared_in_the_ccadbs_terms_alone() {
        for (claimed, expected) in [("complete", Verdict::Tallies), ("Done", Verdict::Undetermined)]
        {
            let mut book = own();
            opened(&mut book, "ai-3", "Complete");
            said(&mut book, 4, SAID, is(claimed));
            assert_eq!(verdict(&book, "T201"), expected, "{claimed}");
        }
    }

    #[test]
    fn a_status_of_the_same_day_may_be_of_before_or_after() {
        let mut book = own();
        opened(&mut book, "ai-3", "Ongoing");
        status(&mut book, "Complete", "2025-05-10");
        said(&mut book, 4, SAID, is("Ongoing"));
        assert_eq!(verdict(&book, "T201"), Verdict::Undetermined);
    }

    #[test]
    fn an_earlier_text_that_said_ongoing_does_not_contradict_complete() {
        let mut book = observer();
        let speaker = official();
        comment(&mut book, speaker, 2, "2025-04-01Z", json!({ "claims": [is("Ongoing")] }));
        said(&mut book, 4, SAID, is("Complete"));
        let findings = crate::probe::findings(&book, "T201", None);
        assert!(findings.iter().all(|finding| finding.verdict == Verdict::Unsupported));
    }

    #[test]
    fn texts_of_one_page_are_ordered_by_their_numbers_where_their_dates_overlap() {
        for (item, expected) in [(3, Verdict::Tallies), (5, Verdict::Changed)] {
            let bound = "2025-05-01/2025-05-31";
            let mut book = observer();
            let speaker = official();
            for (other, value) in [(3, "Complete"), (item, "Ongoing")] {
                if item == 3 && value == "Ongoing" {
                    continue;
                }
                comment(&mut book, speaker.clone(), other, bound, json!({}));
                let body = json!({ "id": "ai-3", "status": value });
                stated(&mut book, other, "action.status", bound, body);
            }
            said(&mut book, 4, bound, is("Complete"));
            assert_eq!(verdict(&book, "T201"), expected, "{item}");
        }
    }

    #[test]
    fn nothing_but_the_statement_itself_leaves_it_unsupported() {
        let mut book = observer();
        said(&mut book, 4, SAID, is("Complete"));
        stated(&mut book, 4, "action.status", SAID, json!({ "id": "ai-3", "status": "Complete" }));
        let finding = only(&book, "T201");
        assert_eq!(finding.verdict, Verdict::Unsupported);
        assert_eq!(finding.compared, "searched the 2 entries of x");
    }

    #[test]
    fn all_complete_with_one_left_diverges_and_names_it() {
        let mut book = own();
        for (item, status) in [("ai-1", "Complete"), ("ai-2", "Complete"), ("ai-3", "Ongoing")] {
            opened(&mut book, item, status);
        }
        said(&mut book, 4, SAID, json!({ "says": "all_complete" }));
        let finding = only(&book, "T202");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.contains("2 of 3 Complete; ai-3 Ongoing"), "{}", finding.message);
    }

    #[test]
    fn all_complete_tallies_when_all_are_and_counts_no_later_item() {
        let mut book = own();
        opened(&mut book, "ai-3", "Ongoing");
        status(&mut book, "Complete", "2025-05-01");
        let later = json!({ "id": "ai-9", "text": "more", "status": "Ongoing" });
        fact(&mut book, "action.opened", "2025-06-01", later);
        said(&mut book, 4, SAID, json!({ "says": "all_complete" }));
        assert_eq!(verdict(&book, "T202"), Verdict::Tallies);
    }

    #[test]
    fn what_was_canceled_by_then_is_not_one_of_all_that_are_open() {
        for (canceled, expected) in [
            ("2025-05-01", Verdict::Tallies),
            ("2025-05-10", Verdict::Undetermined),
            ("2025-06-01", Verdict::Diverges),
        ] {
            let mut book = own();
            opened(&mut book, "ai-1", "Complete");
            opened(&mut book, "ai-3", "Ongoing");
            status(&mut book, "Canceled", canceled);
            said(&mut book, 4, SAID, json!({ "says": "all_complete" }));
            assert_eq!(verdict(&book, "T202"), expected, "{canceled}");
        }
        let mut book = own();
        opened(&mut book, "ai-3", "Canceled");
        said(&mut book, 4, SAID, json!({ "says": "all_complete" }));
        assert_eq!(verdict(&book, "T202"), Verdict::Unsupported);
    }

    #[test]
    fn all_complete_is_unsupported_where_one_of_them_is() {
        let mut book = own();
        opened(&mut book, "ai-3", "Complete");
        let items = json!({ "says": "all_complete", "items": ["ai-3", "ai-4"] });
        said(&mut book, 4, SAID, items);
        let finding = only(&book, "T202");
        assert_eq!(finding.verdict, Verdict::Unsupported);
        assert!(finding.message.ends_with("1 of 2 Complete; nothing of ai-4"));
    }

    #[test]
    fn all_complete_is_undetermined_where_the_record_of_one_is() {
        let mut book = own();
        opened(&mut book, "ai-3", "Ongoing");
        status(&mut book, "Complete", "2025-05-10");
        said(&mut book, 4, SAID, json!({ "says": "all_complete" }));
        assert_eq!(verdict(&book, "T202"), Verdict::Undetermined);
    }
}
