use super::*;
use tally_ledger::claim::Says;

fn at(published: &str, text: &str) -> Vec<Suggestion> {
    suggest(text, published.parse().unwrap())
}

/// The suggestions of a text that was published on a Thursday, 2025-06-05.
fn all(text: &str) -> Vec<Suggestion> {
    at("2025-06-05T14:00:00Z", text)
}

/// The promises of `text`: what, the due time and how firmly.
fn promises(text: &str) -> Vec<(String, Option<String>, Strength)> {
    all(text)
        .into_iter()
        .filter_map(|found| match found.claim.assertion {
            Assertion::Will(will) => {
                let due = will.due.map(|due| due.at().to_owned());
                Some((will.what.to_string(), due, found.claim.strength))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn promises_are_suggested_with_their_due_time_and_strength() {
    use Strength::{Firm, Hope, Plan};
    let report = "statement.published";
    let revoked = "revocation.completed";
    let done = "action.status.complete";
    for (text, what, due, strength) in [
        ("We will provide a full incident report by June 20.", report, Some("2025-06-20"), Firm),
        (
            "A full report will be published no later than 2025-06-19.",
            report,
            Some("2025-06-19"),
            Firm,
        ),
        ("We’ll post an update tomorrow.", report, Some("2025-06-06"), Firm),
        (
            "We are planning to have a proposal ready by the end of June.",
            done,
            Some("2025-06-30"),
            Plan,
        ),
        ("We hope to post updates next week.", report, Some("2025-06-15"), Hope),
        (
            "All affected certificates will be revoked within 24 hours.",
            revoked,
            Some("2025-06-06T14:00:00"),
            Firm,
        ),
        (
            "All certificates will be revoked no later than Saturday, August 3rd 2024, 19:30 UTC.",
            revoked,
            Some("2024-08-03T19:30"),
            Firm,
        ),
        ("By Friday, June 13 we will deploy the fix.", done, Some("2025-06-13"), Firm),
        ("An update is expected to be available on June 16th.", report, Some("2025-06-16"), Plan),
        ("We will publish a new CPS in the coming weeks.", "document.published", None, Firm),
        ("We will have this sorted by EOD.", "commitment.kept", Some("2025-06-05"), Firm),
        ("The certificates will be revoked.", revoked, None, Firm),
        ("We will try to finish by Friday.", done, Some("2025-06-06"), Hope),
    ] {
        let expected = (what.to_owned(), due.map(str::to_owned), strength);
        assert_eq!(promises(text), [expected], "{text}");
    }
}

#[test]
fn a_promise_is_quoted_with_its_span() {
    let text = "Sorry.\n\nWe are late, and we **will post** a full\nreport by 2025-06-20. Thanks.";
    let found = all(text);
    let [suggestion] = found.as_slice() else { panic!("{found:?}") };
    let [start, end] = suggestion.claim.span.unwrap().map(|at| usize::try_from(at).unwrap());
    assert_eq!(&text[start..end], "we **will post** a full\nreport by 2025-06-20");
    let quoted = "\"we **will post** a full report by 2025-06-20\"";
    assert_eq!(suggestion.claim.text.as_deref(), Some(quoted));
    assert_eq!(suggestion.claim.origin, Origin::Suggested);
    assert_eq!(suggestion.rule, "promise.firm");
}

#[test]
fn a_condition_is_kept() {
    let found = all("If the court agrees, we will revoke all certificates by June 20.");
    assert_eq!(found[0].claim.condition.as_deref(), Some("If the court agrees"));
}

#[test]
fn a_line_of_a_timeline_promises_by_its_own_dates_alone() {
    let told = "June 1, 2025 22:36 – we tell customers that we will revoke within 24 hours.";
    assert_eq!(promises(told), []);
    let dated = "June 1, 2025 19:52 – all certificates will be revoked no later than June 9, 2025.";
    assert_eq!(promises(dated)[0].1.as_deref(), Some("2025-06-09"));
}

#[test]
fn two_promises_of_a_sentence_have_their_own_due_times() {
    let text = "We will post an update by June 9 and we will publish the full report by June 20.";
    let due: Vec<_> = promises(text).into_iter().map(|(_, due, _)| due.unwrap()).collect();
    assert_eq!(due, ["2025-06-09", "2025-06-20"]);
}

#[test]
fn what_is_no_promise_is_not_suggested_as_one() {
    for text in [
        "We are investigating the cause.",
        "The certificates should be revoked within 5 days.",
        "We will not meet the deadline of June 10.",
        "When will you provide the report by June 10?",
        "Will you post by Friday?",
        "They will revoke by Friday.",
        "Customers will replace their certificates by Friday.",
        "> We will post a report by Friday.",
        "You said “we will post a full report by Friday” and did not.",
        "We were expected to revoke by June 1.",
        "We will continue to monitor the situation.",
        "`we will post by Friday`",
        "Certificates issued before June 30 were affected.",
    ] {
        assert_eq!(promises(text), [], "{text}");
    }
}

#[test]
fn completions_are_suggested_with_their_time() {
    for (text, kind, when) in [
        (
            "The certificates were revoked on 2025-06-03 17:57 UTC.",
            "revocation.completed",
            "2025-06-03T17:57",
        ),
        ("The fix has been deployed.", "action.status.complete", "../2025-06-05T14:00:00"),
        (
            "We have revoked all mis-issued certificates.",
            "revocation.completed",
            "../2025-06-05T14:00:00",
        ),
        (
            "We have stopped issuance of EV certificates.",
            "incident.milestone.issuance_stopped",
            "../2025-06-05T14:00:00",
        ),
        ("Our new CPS was published on June 2, 2025.", "document.published", "2025-06-02"),
    ] {
        let found = all(text);
        let occurred = found.iter().find_map(|found| match &found.claim.assertion {
            Assertion::Occurred(occurred) => Some((occurred.kind.as_str(), occurred.when.at())),
            _ => None,
        });
        assert_eq!(occurred, Some((kind, when)), "{text}");
    }
}

#[test]
fn what_is_not_yet_done_is_no_completion() {
    for text in [
        "The certificates should have been revoked.",
        "Once the fix has been deployed, we will tell.",
        "The certificates have not been revoked.",
        "All action items will be completed by June.",
        "Once all action items are completed, we will ask for closure.",
    ] {
        let done = |found: &Suggestion| {
            matches!(found.claim.assertion.says(), Says::Occurred | Says::AllComplete)
        };
        assert!(!all(text).iter().any(done), "{text}");
    }
}

#[test]
fn the_completion_of_all_action_items_is_suggested() {
    for text in [
        "All action items disclosed in this report have been completed as described.",
        "All Action Items have now been completed.",
        "All actions items are complete.",
    ] {
        let found = all(text);
        assert_eq!(found[0].claim.assertion.says(), Says::AllComplete, "{text}");
    }
}

#[test]
fn counts_are_suggested_with_metric_and_qualifier() {
    use tally_ledger::vocabulary::words::{Metric, Unit};
    use {Metric::*, Unit::*};
    for (text, metric, unit, value, qualifier) in [
        ("This affected only 1 certificate.", Affected, Certificates, 1, None),
        ("83,267 certificates", Affected, Certificates, 83_267, None),
        ("We identified a total of seven (7) leaf certificates.", Affected, Certificates, 7, None),
        (
            "About 6,807 subscribers were affected.",
            Affected,
            Subscribers,
            6807,
            Some(Qualifier::About),
        ),
        ("Currently, 840 certificates have been revoked.", Revoked, Certificates, 840, None),
        (
            "At least 12 certificates are still valid.",
            RemainingValid,
            Certificates,
            12,
            Some(Qualifier::AtLeast),
        ),
        ("We discovered 3 S/MIME sponsor validated certificates.", Affected, Certificates, 3, None),
        (
            "More than 20 EV TLS certificates have expired.",
            Expired,
            Certificates,
            20,
            Some(Qualifier::AtLeast),
        ),
    ] {
        let found = all(text);
        let count = found.iter().find_map(|found| match &found.claim.assertion {
            Assertion::Count(count) => Some((count.clone(), found.claim.qualifier)),
            _ => None,
        });
        let (count, got) = count.unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!((count.metric, count.unit, count.value), (metric, unit, value), "{text}");
        assert_eq!(got, qualifier, "{text}");
    }
}

#[test]
fn awareness_is_suggested_where_its_time_is_named() {
    for (text, kind, when) in [
        ("On June 2, 2025, we became aware of a problem.", "incident.awareness", "2025-06-02"),
        ("Example CA was notified on 3 June 2025 of an issue.", "incident.awareness", "2025-06-03"),
        (
            "We received a Certificate Problem Report on 2 June 2025, 17:26 UTC for a certificate.",
            "incident.problem_report",
            "2025-06-02T17:26",
        ),
    ] {
        let found = all(text);
        let found = found.iter().find(|found| found.rule == "awareness");
        let Some(Assertion::Occurred(occurred)) = found.map(|found| &found.claim.assertion) else {
            panic!("{text}")
        };
        assert_eq!((occurred.kind.as_str(), occurred.when.at()), (kind, when), "{text}");
    }
    assert!(all("We became aware of a problem.").is_empty());
}

#[test]
fn other_numbers_are_no_counts() {
    for text in [
        "Section 7.1.2 certificates",
        "2.99% of certificates",
        "within 5 days certificates were revoked",
        "two certificate problem reports",
        "on June 2 certificates were issued",
        "on 2025-06-04 certificates were issued",
        "see 12 in list_certs.txt",
    ] {
        let count = |found: &Suggestion| found.claim.assertion.says() == Says::Count;
        assert!(!all(text).iter().any(count), "{text}: {:?}", all(text));
    }
}

#[test]
fn denials_are_suggested() {
    for (text, says) in [
        ("We have not used a legal team as a shield.", Says::Characterises),
        ("We have not revoked the certificates.", Says::Absent),
        ("DigiCert has not sent other C&D letters to address activity.", Says::Absent),
        ("No other certificates are affected.", Says::Characterises),
        ("To our knowledge no other letters were sent.", Says::Absent),
    ] {
        let found = all(text);
        let denial = found.iter().find(|found| found.rule.starts_with("denial"));
        let denial = denial.unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!(denial.claim.assertion.says(), says, "{text}");
    }
}

#[test]
fn hostile_texts_are_read_in_time() {
    let size = 1 << 20;
    for piece in [
        "we will ",
        "by ",
        "“",
        "\"",
        "`",
        "1,000,",
        "|",
        "- ",
        "no later than ",
        "if ",
        "1 certificate ",
        "we have not ",
        "within the next 24 ",
        "and we will post by Friday, ",
        ".\n",
        "has been ",
    ] {
        let text = piece.repeat(size / piece.len());
        let found = at("2025-06-05T14:00:00Z", &text);
        assert!(found.len() <= SUGGESTIONS_MAX);
    }
}
