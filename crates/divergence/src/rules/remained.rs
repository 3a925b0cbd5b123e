//! T405: a revocation that is said to be completed, held against the certificates that were not yet
//! revoked after that, as captured or recorded.

use tally_ledger::claim::{Assertion, Occurred};
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;

use super::REMAINED;
use crate::case::Case;
use crate::claims::Held;
use crate::finding::{Finding, Relation, Verdict};
use crate::index::{Indexed, Key};
use crate::length::between;
use crate::weigh::{Account, decide, found, without_presumption};
use crate::words::named;

/// The kind that says that a revocation is completed.
const COMPLETED: &str = "revocation.completed";

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let held = case.claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Occurred(a) if a.kind.as_str() == COMPLETED => remained(case, held, a),
        _ => None,
    })
    .collect()
}

fn remained(case: &Case<'_>, held: &Held<'_>, claim: &Occurred) -> Option<Finding> {
    let claims = &case.claims;
    // What differs from the record already is counted there.
    if case.judged(held).is_some_and(|judged| judged.verdict == Verdict::Diverges) {
        return None;
    }
    let set = claim.subject.as_deref()?;
    let grown = grown_since(case, held, set, claim.when.interval());
    let about = |found: &Indexed<'_>| match found.fact.body() {
        Some(Body::RevocationProgress(body)) => body.set == set,
        _ => false,
    };
    let mut accounts = Vec::new();
    for (found, backing) in claims.backed(&held.perspective, Key::Subject(set), about) {
        let Some(Body::RevocationProgress(progress)) = found.fact.body() else {
            continue;
        };
        let Some(as_of) = progress.as_of.as_ref().or(found.fact.occurred()) else {
            continue;
        };
        let shown = format!("{} not yet revoked, {as_of}", progress.remaining);
        let account = Account::of_fact(found.fact, backing, shown).at(Some(as_of));
        accounts.extend(compare(account, held, claim, (progress.remaining, as_of), grown));
    }
    let stated = format!("{} {}", named(&claim.kind, Some(set)), claim.when);
    let decision = decide(&stated, &accounts)?;
    Some(found(&REMAINED, claims, Some(held), decision, &accounts))
}

/// Holds a number of certificates not yet revoked against the time at which all were; `None` if it
/// is of before.
fn compare<'a>(
    account: Account<'a>,
    held: &Held<'_>,
    claim: &Occurred,
    (remaining, as_of): (u64, &When),
    grown: bool,
) -> Option<Account<'a>> {
    let (done, then) = (claim.when.interval(), as_of.interval());
    if then.before(&done) {
        return None;
    }
    let unclear = match () {
        () if !done.before(&then) => Some("whether that was after it the times do not show"),
        () if remaining == 0 => return Some(account.holds(Relation::Agrees, None)),
        () if grown => Some("the set may have grown in between"),
        () if held.claim.qualifier.is_some() => {
            Some("how far the words of the claim reach is not decided")
        }
        () => None,
    };
    if let Some(why) = unclear {
        return Some(account.holds(Relation::Unclear, Some(why.to_owned())));
    }
    let later = between(&claim.when, as_of).map(|length| format!("{length} later"));
    let mut account = account.holds(Relation::Differs, later);
    let ((bare_done, rule), (bare_then, other)) =
        (without_presumption(&claim.when), without_presumption(as_of));
    account.presumed = rule.or(other).filter(|_| !bare_done.before(&bare_then));
    Some(account)
}

/// Returns whether the set is recorded with a size after that time, so that it may have grown.
fn grown_since(case: &Case<'_>, held: &Held<'_>, set: &str, done: Interval) -> bool {
    let facts = case.claims.facts(held.perspective.feeds, Key::Subject(set)).into_iter();
    let mut sizes = facts
        .filter(|fact| matches!(fact.body(), Some(Body::IncidentScope(body)) if body.set == set));
    sizes.any(|fact| fact.occurred().is_none_or(|when| when.interval().end > done.start))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Severity, Verdict};
    use crate::probe::{fact, findings, observer, only, own, said, stated, verdict};

    const DONE: &str = "2026-04-02T10:00Z";

    fn completed(book: &mut Casebook, more: Json) {
        let mut claim = json!({ "says": "occurred", "kind": "revocation.completed",
                                "subject": "all", "when": DONE });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        said(book, 4, "2026-04-03T10:00Z", claim);
    }

    /// Records what a captured revocation list shows of the set.
    fn captured(book: &mut Casebook, remaining: u64, as_of: &str) {
        let body = json!({ "set": "all", "revoked": 90, "remaining": remaining });
        book.record(json!({ "kind": "revocation.progress", "incident": "x", "occurred": as_of,
            "basis": { "measured": ["ab".repeat(32)] }, "body": body }));
    }

    #[test]
    fn certificates_that_a_capture_shows_unrevoked_afterwards_diverge() {
        let mut book = observer();
        completed(&mut book, json!({}));
        captured(&mut book, 10, "2026-04-02T12:00Z");
        let finding = only(&book, "T405");
        assert_eq!((finding.verdict, finding.severity), (Verdict::Diverges, Severity::High));
        assert_eq!(
            finding.message,
            "stated: revocation completed (all) 2026-04-02 10:00 UTC; recorded: 10 not yet \
             revoked, 2026-04-02 12:00 UTC; 2 h later"
        );
        assert!(finding.compared.starts_with("compared with a measurement"), "{finding:?}");
    }

    #[test]
    fn none_left_afterwards_tallies_and_what_was_left_before_is_no_finding() {
        let mut book = observer();
        completed(&mut book, json!({}));
        captured(&mut book, 10, "2026-04-02T09:00Z");
        assert!(findings(&book, "T405", None).is_empty());
        captured(&mut book, 0, "2026-04-02T12:00Z");
        assert_eq!(verdict(&book, "T405"), Verdict::Tallies);
    }

    #[test]
    fn a_time_that_straddles_a_set_that_grew_and_a_qualified_claim_are_undetermined() {
        let mut book = observer();
        completed(&mut book, json!({}));
        captured(&mut book, 10, "2026-04-02Z");
        assert_eq!(verdict(&book, "T405"), Verdict::Undetermined);
        let mut book = own();
        completed(&mut book, json!({}));
        let scope = json!({ "set": "all", "count": 110, "unit": "certificates" });
        fact(&mut book, "incident.scope", "2026-04-02T11:00Z", scope);
        captured(&mut book, 10, "2026-04-02T12:00Z");
        assert_eq!(verdict(&book, "T405"), Verdict::Undetermined);
        let mut book = own();
        completed(&mut book, json!({ "qualifier": "to_our_knowledge" }));
        captured(&mut book, 10, "2026-04-02T12:00Z");
        assert_eq!(verdict(&book, "T405"), Verdict::Undetermined);
    }

    #[test]
    fn another_partys_number_alone_makes_sources_differ() {
        let body = json!({ "set": "all", "revoked": 90, "remaining": 10 });
        let mut book = observer();
        completed(&mut book, json!({}));
        crate::probe::remarked(&mut book, 5, "2026-04-03T11:00Z");
        stated(&mut book, 5, "revocation.progress", "2026-04-02T12:00Z", body);
        assert_eq!(verdict(&book, "T405"), Verdict::SourcesDiffer);
    }

    #[test]
    fn a_claim_that_differs_from_the_record_already_is_counted_there() {
        let mut book = own();
        completed(&mut book, json!({}));
        let done = json!({ "set": "all" });
        fact(&mut book, "revocation.completed", "2026-04-03T09:00Z", done);
        captured(&mut book, 10, "2026-04-02T12:00Z");
        assert_eq!(verdict(&book, "T401"), Verdict::Diverges);
        assert!(findings(&book, "T405", None).is_empty());
    }
}
