//! T302: a value, held against the member of that name in the subject's entries.

use serde_json::Value as Json;
use tally_ledger::claim::{Assertion, Attribute};
use tally_ledger::replay::Fact;
use tally_ledger::time::When;

use super::VALUE;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation};
use crate::index::{Indexed, Key};
use crate::weigh::{Account, Repeated, conclude, hold, settle};
use crate::words::{name, quoted};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Value(a) => Some(value(claims, held, a)),
        _ => None,
    })
    .collect()
}

fn value<'a>(claims: &Claims<'a>, held: &Held<'a>, claim: &Attribute) -> Finding {
    let mut accounts: Vec<Account<'_>> = Vec::new();
    let wanted = |found: &Indexed<'_>| found.fact.subject() == Some(claim.subject.as_str());
    let key = Key::Subject(&claim.subject);
    for (found, backing) in claims.backed(&held.perspective, key, wanted) {
        let fact = found.fact;
        let body = fact.body().map(tally_ledger::vocabulary::Body::to_json);
        let member = body.and_then(|body| body.get(&claim.attribute).cloned());
        if let Some(member) = member {
            let (mut relation, mut remark) = compare(&claim.value, &member);
            if relation == Relation::Differs && !is_before(held, fact) {
                relation = Relation::Unclear;
                remark = Some("that it was so by the time of the statement is not shown".into());
            }
            let account = Account::of_fact(fact, backing, quoted(&shown(&member)));
            accounts.push(account.holds(relation, remark));
        }
    }
    settle(&mut accounts, Repeated::Agrees);
    let stated =
        format!("{} of {}: {}", name(&claim.attribute), name(&claim.subject), quoted(&claim.value));
    conclude(&VALUE, claims, held, &stated, &accounts)
}

/// Returns whether an entry is surely of before a claim was made.
fn is_before(held: &Held<'_>, fact: &Fact) -> bool {
    let said = held.at().interval();
    fact.occurred().map_or(fact.recorded.unix() < said.start, |at| at.interval().before(&said))
}

/// Compares a claimed value with a recorded one. Only what has one way to be written can differ:
/// times, numbers, truths, versions and digests. Of words a reader judges.
fn compare(claimed: &str, recorded: &Json) -> (Relation, Option<String>) {
    let same = |text: &str| text.trim().eq_ignore_ascii_case(claimed.trim());
    match recorded {
        Json::Array(items) if items.iter().any(|item| same(&shown(item))) => {
            (Relation::Agrees, None)
        }
        Json::Array(_) | Json::Null => {
            (Relation::Unclear, Some("the record names others, and need not be complete".into()))
        }
        Json::Object(_) => match (claimed.parse(), serde_json::from_value(recorded.clone())) {
            (Ok(claimed), Ok(recorded)) => hold(&claimed, &recorded),
            _ => (Relation::Unclear, Some("it is recorded in another form".into())),
        },
        plain if same(&shown(plain)) => (Relation::Agrees, None),
        Json::Number(_) if plain_number(claimed).is_some() => {
            let same = plain_number(claimed) == plain_number(&shown(recorded));
            (if same { Relation::Agrees } else { Relation::Differs }, None)
        }
        Json::Bool(_) if claimed.trim().parse::<bool>().is_ok() => (Relation::Differs, None),
        Json::String(text) if is_exact(text) && is_exact(claimed) && !is_one(text, claimed) => {
            (Relation::Differs, None)
        }
        Json::String(_) | Json::Number(_) | Json::Bool(_) => {
            (Relation::Unclear, Some("whether both words mean the same is for the reader".into()))
        }
    }
}

/// Returns a whole number that is written in digits alone.
fn plain_number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Returns whether two versions may be the same one: but for zeros, as 1.1 and 1.1.0.
fn is_one(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let mut parts: Vec<String> =
            text.trim().split('.').map(|part| part.trim_start_matches('0').to_owned()).collect();
        while parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        parts
    };
    parts(a) == parts(b)
}

/// Returns whether a text has one way to be written: a number, a version or a digest.
pub(super) fn is_exact(text: &str) -> bool {
    let numeric = |c: char| c.is_ascii_digit() || c == '.';
    let digest = text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    !text.is_empty() && (text.chars().all(numeric) || digest)
}

/// Returns a member in words.
fn shown(member: &Json) -> String {
    match member {
        Json::String(text) => text.clone(),
        Json::Object(_) => serde_json::from_value(member.clone())
            .map_or_else(|_| member.to_string(), |when: When| when.to_string()),
        Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Verdict;
    use crate::probe::{fact, own, said, verdict};

    /// Returns the verdict on a member of a document that has those of version 1.1.
    fn against(attribute: &str, value: &str) -> Verdict {
        let mut book = own();
        let body = json!({ "id": "plan", "type": "procedure", "title": "The plan",
                           "version": "1.1", "effective": "2025-05-01T00:00Z", "size": 10 });
        fact(&mut book, "document.published", "2025-05-01", body);
        let claim = json!({ "says": "value", "subject": "plan", "attribute": attribute,
                            "value": value });
        said(&mut book, 4, "2025-05-10Z", claim);
        verdict(&book, "T302")
    }

    #[test]
    fn the_same_value_tallies_in_whatever_case() {
        assert_eq!(against("version", "1.1"), Verdict::Tallies);
        assert_eq!(against("title", "the PLAN"), Verdict::Tallies);
        assert_eq!(against("effective", "2025-05-01Z"), Verdict::Tallies);
    }

    #[test]
    fn what_has_one_way_to_be_written_can_diverge() {
        assert_eq!(against("version", "1.2"), Verdict::Diverges);
        assert_eq!(against("size", "11"), Verdict::Diverges);
        assert_eq!(against("effective", "2025-06-01Z"), Verdict::Diverges);
    }

    #[test]
    fn a_number_in_words_and_a_version_with_zeros_may_be_the_same() {
        assert_eq!(against("size", "10 pages"), Verdict::Undetermined);
        assert_eq!(against("size", "010"), Verdict::Tallies);
        assert_eq!(against("version", "1.1.0"), Verdict::Undetermined);
        assert_eq!(against("version", "01.1"), Verdict::Undetermined);
        assert_eq!(against("version", "1.10"), Verdict::Diverges);
    }

    #[test]
    fn what_is_recorded_of_after_the_statement_contradicts_nothing() {
        for (occurred, expected) in [
            ("2025-05-09Z", Verdict::Diverges),
            ("2025-05-10Z", Verdict::Undetermined),
            ("2025-05-12Z", Verdict::Undetermined),
        ] {
            let mut book = own();
            let body = json!({ "id": "plan", "type": "procedure", "title": "The plan",
                               "version": "1.2" });
            fact(&mut book, "document.published", occurred, body);
            let claim = json!({ "says": "value", "subject": "plan", "attribute": "version",
                                "value": "1.1" });
            said(&mut book, 4, "2025-05-10Z", claim);
            assert_eq!(verdict(&book, "T302"), expected, "{occurred}");
        }
    }

    #[test]
    fn other_words_may_mean_the_same() {
        assert_eq!(against("title", "Revocation plan"), Verdict::Undetermined);
        assert_eq!(against("version", "one point one"), Verdict::Undetermined);
    }

    #[test]
    fn a_member_that_no_entry_has_is_unsupported() {
        assert_eq!(against("supersedes", "1.0"), Verdict::Unsupported);
    }
}
