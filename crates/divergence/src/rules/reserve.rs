//! T515: an assertion made with a reserve (a qualifier, a condition, a scope), and made again by
//! the same speaker without it.

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Claim};
use tally_ledger::replay::shares_incident;

use super::RESERVE;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation, Verdict};
use crate::source::{Backing, Place, Source};
use crate::weigh::{Account, Decision, found};
use crate::words::{made, name, quoted};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let mut same: BTreeMap<String, Vec<&Held<'_>>> = BTreeMap::new();
    for held in claims.held().iter().filter(|held| held.dropped.is_none()) {
        if let Some(key) = key(held) {
            same.entry(key).or_default().push(held);
        }
    }
    let mut findings = Vec::new();
    for group in same.values_mut() {
        group.sort_by_key(|held| {
            (held.at().interval().start, held.statement.item, held.statement.seq)
        });
        findings.extend(group.windows(2).filter_map(|pair| compare(claims, pair[0], pair[1])));
    }
    findings
}

/// Returns what is equal of two claims by which one speaker asserts the same.
fn key(held: &Held<'_>) -> Option<String> {
    let party = held.perspective.party.name()?;
    let assertion = serde_json::to_string(&held.claim.assertion).ok()?;
    // Of a number the scope tells which number it is.
    let scope = match held.claim.assertion {
        Assertion::Count(_) => held.claim.scope.as_deref().unwrap_or_default(),
        _ => "",
    };
    Some(format!("{party}\n{scope}\n{assertion}"))
}

/// Holds an assertion against the one before it; `None` if no reserve was dropped.
fn compare<'a>(claims: &Claims<'a>, before: &Held<'a>, after: &Held<'a>) -> Option<Finding> {
    if !shares_incident(&before.statement.feeds, &after.statement.feeds)
        || Place::of(before.statement) == Place::of(after.statement)
    {
        return None;
    }
    let ordered = after.follows(before.statement);
    let (before, after, reserve) = match lost(before.claim, after.claim) {
        Some(reserve) => (before, after, reserve),
        None if ordered => return None,
        None => (after, before, lost(after.claim, before.claim)?),
    };
    let stated = made(after.claim);
    let (with, at) = (name(&before.statement.name), before.at());
    let backing = Backing { source: Source::OwnStatement, told_by: vec![before.statement] };
    let account = Account::of_claim(before, backing, made(before.claim));
    let (verdict, relation, message) = if ordered {
        let message =
            format!("stated: {stated}; earlier, in {with} ({at}), with the words: {reserve}");
        (Verdict::Changed, Relation::Changes, message)
    } else {
        let why = "which was said first is not shown";
        let message =
            format!("stated: {stated}; in {with} ({at}) with the words: {reserve}; {why}");
        (Verdict::Undetermined, Relation::Unclear, message)
    };
    let decision = Decision { verdict, message, notes: Vec::new(), lead: 0 };
    let accounts = [account.holds(relation, None)];
    Some(found(&RESERVE, claims, Some(after), decision, &accounts))
}

/// Returns in words the reserves of `before` that `after` no longer has.
fn lost(before: &Claim, after: &Claim) -> Option<String> {
    let qualifier = before.qualifier.filter(|_| after.qualifier.is_none());
    let condition = before.condition.as_ref().filter(|_| after.condition.is_none());
    let scope = before.scope.as_ref().filter(|_| after.scope.is_none());
    let lost = [
        qualifier.map(|word| word.to_string()),
        condition.map(|words| quoted(words)),
        scope.map(|words| format!("for {}", quoted(words))),
    ];
    let lost: Vec<String> = lost.into_iter().flatten().collect();
    (!lost.is_empty()).then(|| lost.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{findings, observer, official, only, said, said_by};

    fn none(more: Json) -> Json {
        let mut claim = json!({ "says": "none", "kind": "legal.instrument", "subject": "others" });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        claim
    }

    fn twice(first: Json, published: &str, second: Json) -> Casebook {
        let mut book = observer();
        said(&mut book, 4, "2025-04-04", first);
        let speaker = official();
        let claims = json!({ "claims": [second], "url": "https://other.example/" });
        crate::probe::comment(&mut book, speaker, 9, published, claims);
        book
    }

    #[test]
    fn the_same_without_its_reserve_changed() {
        for (more, words) in [
            (json!({ "qualifier": "to_our_knowledge" }), "to our knowledge"),
            (json!({ "condition": "unless agreed" }), "unless agreed"),
            (json!({ "scope": "this forum" }), "for this forum"),
        ] {
            let finding = only(&twice(none(more), "2025-05-01", none(json!({}))), "T515");
            assert_eq!(finding.verdict, Verdict::Changed);
            assert!(finding.message.ends_with(words), "{}", finding.message);
            assert_eq!(finding.statement.unwrap().name, "c9");
            assert_eq!((finding.evidence[0].seq, finding.evidence[0].claim), (1, Some(0)));
        }
    }

    #[test]
    fn a_reserve_that_stays_is_added_or_is_another_speakers_is_no_finding() {
        let ours = || none(json!({ "qualifier": "to_our_knowledge" }));
        assert!(findings(&twice(ours(), "2025-05-01", ours()), "T515", None).is_empty());
        let added = twice(none(json!({})), "2025-05-01", ours());
        assert!(findings(&added, "T515", None).is_empty());
        let mut book = observer();
        said(&mut book, 4, "2025-04-04", ours());
        let other = json!({ "capacity": "official", "organisation": "Other CA" });
        said_by(&mut book, other, 9, "2025-05-01", none(json!({})));
        assert!(findings(&book, "T515", None).is_empty());
    }

    #[test]
    fn a_scope_tells_one_number_from_another() {
        let count = |scope: Json| {
            let mut claim = json!({ "says": "count", "metric": "affected",
                                    "unit": "certificates", "value": 7 });
            if scope.is_string() {
                claim["scope"] = scope;
            }
            claim
        };
        let book = twice(count("leaf".into()), "2025-05-01", count(Json::Null));
        assert!(findings(&book, "T515", None).is_empty());
    }

    #[test]
    fn where_nothing_shows_which_was_first_it_is_undetermined() {
        let ours = none(json!({ "qualifier": "to_our_knowledge" }));
        for book in [
            twice(ours.clone(), "2025-04-01/2025-05-01", none(json!({}))),
            twice(none(json!({})), "2025-04-01/2025-05-01", ours),
        ] {
            assert_eq!(only(&book, "T515").verdict, Verdict::Undetermined);
        }
    }
}
