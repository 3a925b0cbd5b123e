//! How far a claim reaches: the words that it was made with, beside what it asserts.

use tally_ledger::claim::{Assertion, Claim};
use tally_ledger::vocabulary::words::{Qualifier, Strength};

use crate::allowance::Allowance;

/// Returns why a difference from a claim decides nothing, if the claim has members that entries
/// cannot show to be met. `known` says that the speaker's own record knew otherwise before that.
pub(crate) fn reserve(claim: &Claim, known: bool) -> Option<&'static str> {
    let counts = matches!(claim.assertion, Assertion::Count(_));
    let happened = matches!(claim.assertion, Assertion::Occurred(_) | Assertion::Absent(_));
    let qualified = match claim.qualifier {
        None => None,
        // Numbers are compared with such words as they say.
        Some(Qualifier::AtLeast | Qualifier::AtMost) if counts => None,
        Some(Qualifier::ToOurKnowledge) if known && happened => None,
        Some(Qualifier::ToOurKnowledge) => Some("what was known then is not recorded"),
        Some(_) => Some("how far the words of the claim reach is not decided"),
    };
    let conditional = claim.condition.as_deref().is_some_and(|words| !is_length(claim, words));
    // Of a number the scope is a part of what is compared.
    let elsewhere = claim.scope.as_deref().filter(|_| !counts);
    let scoped = elsewhere.is_some_and(|scope| subject(claim) != Some(scope));
    qualified
        .or_else(|| conditional.then_some("it was made under a condition that nothing decides"))
        .or_else(|| scoped.then_some("whether it falls under the scope of the claim is not shown"))
        .or(match claim.strength {
            Strength::Firm => None,
            Strength::Plan | Strength::Hope => Some("it was stated as a plan or a hope"),
        })
}

/// Returns whether the condition of a promise is the length of time from which its date follows.
fn is_length(claim: &Claim, words: &str) -> bool {
    matches!(claim.assertion, Assertion::Will(_)) && Allowance::read(words).is_some()
}

/// Returns what a claim is about, if it names one thing.
fn subject(claim: &Claim) -> Option<&str> {
    match &claim.assertion {
        Assertion::Occurred(a) => a.subject.as_deref(),
        Assertion::Absent(a) => a.subject.as_deref(),
        Assertion::Will(a) => a.subject.as_deref(),
        Assertion::WillNot(a) => a.subject.as_deref(),
        Assertion::Status(a) => Some(&a.item),
        Assertion::Value(a) => Some(&a.subject),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::finding::Verdict;
    use crate::probe::{comment, fact, findings, official, opened, own, said, verdict};

    const RESERVES: [(&str, &str); 6] = [
        ("qualifier", "about"),
        ("qualifier", "to_our_knowledge"),
        ("condition", "other than to the regulator"),
        ("scope", "EV"),
        ("strength", "plan"),
        ("strength", "hope"),
    ];

    /// Returns the claim with one more member.
    fn with(mut claim: Json, (member, value): (&str, &str)) -> Json {
        claim[member] = value.into();
        claim
    }

    #[test]
    fn a_difference_from_a_claim_with_a_reserve_decides_nothing_under_any_rule() {
        let stopped = json!({ "milestone": "issuance_stopped" });
        let opened_item = json!({ "id": "ai-1", "text": "x", "status": "Ongoing" });
        let plan = json!({ "id": "plan", "type": "procedure", "title": "P", "version": "1.1" });
        let cases = [
            (
                "T401",
                "incident.milestone",
                stopped.clone(),
                json!({ "says": "occurred", "kind": "incident.milestone.issuance_stopped",
                     "when": "2026-04-05Z" }),
            ),
            (
                "T601",
                "incident.milestone",
                stopped,
                json!({ "says": "none", "kind": "incident.milestone.issuance_stopped" }),
            ),
            (
                "T201",
                "action.opened",
                opened_item,
                json!({ "says": "status", "item": "ai-1", "status": "Complete" }),
            ),
            (
                "T302",
                "document.published",
                plan,
                json!({ "says": "value", "subject": "plan", "attribute": "version",
                     "value": "1.7" }),
            ),
            (
                "T405",
                "revocation.progress",
                json!({ "set": "all", "revoked": 50, "remaining": 5 }),
                json!({ "says": "occurred", "kind": "revocation.completed", "subject": "all",
                     "when": "2026-04-01Z" }),
            ),
        ];
        for (code, kind, body, claim) in cases {
            let against = |claim: Json| {
                let mut book = own();
                said(&mut book, 1, "2026-04-20T10:00Z", claim);
                fact(&mut book, kind, "2026-04-03T10:00Z", body.clone());
                verdict(&book, code)
            };
            assert_eq!(against(claim.clone()), Verdict::Diverges, "{code}");
            for reserve in RESERVES {
                // The record is older than the statement: what was known then is recorded.
                if reserve.1 == "to_our_knowledge" && ["T401", "T601"].contains(&code) {
                    continue;
                }
                let verdict = against(with(claim.clone(), reserve));
                assert_eq!(verdict, Verdict::Undetermined, "{code} {reserve:?}");
            }
        }
    }

    #[test]
    fn a_promise_made_with_a_reserve_is_not_broken() {
        let will = json!({ "says": "will", "what": "revocation.completed", "subject": "all",
                           "due": "2026-04-03T00:00Z" });
        for (member, value) in RESERVES {
            let mut book = own();
            said(&mut book, 1, "2026-04-01T10:00Z", with(will.clone(), (member, value)));
            let body = json!({ "set": "all" });
            fact(&mut book, "revocation.completed", "2026-04-03T05:00Z", body);
            let expected = match member {
                "strength" => Verdict::ForTheReader,
                _ => Verdict::Undetermined,
            };
            assert_eq!(verdict(&book, "T101"), expected, "{member} {value}");
        }
    }

    #[test]
    fn a_claim_with_a_reserve_makes_no_other_claim_diverge() {
        for reserve in RESERVES {
            let aware = json!({ "says": "occurred", "kind": "incident.awareness",
                                "when": "2026-04-01T12:00Z" });
            let mut book = own();
            opened(&mut book);
            let claims = json!([with(aware.clone(), reserve)]);
            let report = json!({ "form": "full_report", "claims": claims });
            comment(&mut book, official(), 0, "2026-04-04T13:00Z", report);
            assert_eq!(verdict(&book, "P101"), Verdict::Undetermined, "{reserve:?}");

            let earlier = with(aware.clone(), ("when", "2026-04-01T10:00Z"));
            let mut book = own();
            let claims = json!([with(aware, reserve), earlier]);
            comment(&mut book, official(), 1, "2026-04-20T10:00Z", json!({ "claims": claims }));
            let diverging = ["T401", "T404"].into_iter().flat_map(|c| findings(&book, c, None));
            let verdicts: Vec<Verdict> = diverging.map(|finding| finding.verdict).collect();
            assert!(verdicts.contains(&Verdict::Undetermined), "{reserve:?}");
            assert!(!verdicts.contains(&Verdict::Diverges), "{reserve:?}");
        }
    }
}
