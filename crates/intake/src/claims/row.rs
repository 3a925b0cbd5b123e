//! Rows of a timeline that seem to mean one kind only. A row is prose, so what it claims is only
//! suggested, and counts once somebody confirms it.

use tally_ledger::claim::{Assertion, Claim, Occurred, Origin};
use tally_ledger::time::Instant;
use tally_ledger::vocabulary::words::Qualifier;

use super::{claim as make, quoted};
use crate::report::Row;

/// Words that all stand in a row of a kind, and words of which none does.
struct Pattern {
    kind: &'static str,
    subject: Option<&'static str>,
    /// One word of each group stands in the row.
    all: &'static [&'static [&'static str]],
    none: &'static [&'static str],
}

/// Words by which a row speaks of what is to come, or of a part, or of somebody else's doing.
const UNSURE: &[&str] = &[
    "will",
    "would",
    "should",
    "must",
    "not",
    "expected",
    "expect",
    "plan",
    "planned",
    "plans",
    "scheduled",
    "deadline",
    "due",
    "partial",
    "partially",
    "first",
    "batch",
    "some",
    "began",
    "begins",
    "begin",
    "started",
    "starts",
    "initiated",
    "remaining",
    "except",
    "other",
    "another",
    "if",
    "unless",
    "before",
    "until",
    "need",
    "needs",
    "required",
    "requested",
    "request",
    "proposed",
    "considered",
    "decided",
    "half",
    "most",
    "attempt",
    "attempted",
    "failed",
];

const PATTERNS: &[Pattern] = &[
    Pattern {
        kind: "revocation.completed",
        subject: Some("all"),
        all: &[
            &["completed", "completes", "complete"],
            &["revocation", "revoking"],
            &["mass", "all"],
        ],
        none: &["intermediate", "intermediates", "subca"],
    },
    Pattern {
        kind: "revocation.completed",
        subject: Some("all"),
        all: &[&["all"], &["affected", "impacted", "misissued"], &["certificates"], &["revoked"]],
        none: &["identified", "customers", "subscribers", "intermediate"],
    },
    Pattern {
        kind: "incident.milestone.issuance_stopped",
        subject: None,
        all: &[&["stopped", "ceased", "halted", "suspended"], &["issuance", "issuing"]],
        none: &["resumed"],
    },
    Pattern {
        kind: "incident.milestone.issuance_resumed",
        subject: None,
        all: &[&["resumed"], &["issuance", "issuing"]],
        none: &["stopped", "ceased", "halted", "suspended"],
    },
    Pattern {
        kind: "incident.problem_report",
        subject: None,
        all: &[&["received", "receives"], &["certificate"], &["problem"], &["report"]],
        none: &["reports", "respond", "responded", "response", "sent"],
    },
    Pattern {
        kind: "incident.awareness",
        subject: None,
        all: &[&["we"], &["became", "become"], &["aware"]],
        none: &["subscriber", "subscribers", "customer", "customers", "made"],
    },
];

/// Suggests what a row claims, if it has happened.
pub(super) fn suggest(row: &Row, published: Instant) -> Option<Claim> {
    let when = row.when.clone()?;
    if row.part > 0 || when.interval().start > published.unix() {
        return None;
    }
    let lower = row.text.text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // A long row tells more than one thing.
    if words.len() > 30 {
        return None;
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let fits = |pattern: &&Pattern| {
        pattern.all.iter().all(|group| has(group)) && !has(pattern.none) && !has(UNSURE)
    };
    let mut found = PATTERNS.iter().filter(fits);
    let pattern = found.next()?;
    if found.any(|other| other.kind != pattern.kind) {
        return None;
    }
    let kind = pattern.kind.parse().ok()?;
    let subject = pattern.subject.map(str::to_owned);
    let assertion = Assertion::Occurred(Occurred { kind, when, subject });
    let mut claim = make(assertion, &quoted(&row.text.text), row.span);
    claim.qualifier = row.about.then_some(Qualifier::About);
    claim.origin = Origin::Suggested;
    Some(claim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::read;

    fn kinds(row: &str) -> Vec<String> {
        let text = format!("### Timeline\nAll times are UTC.\n- 2024-08-03 20:47 {row}\n");
        let rows = read(&text).timeline;
        let published = "2025-06-05T14:00:00Z".parse().unwrap();
        let claims = rows.iter().filter_map(|row| suggest(row, published));
        let suggested = claims.inspect(|claim| assert_eq!(claim.origin, Origin::Suggested));
        suggested.map(|claim| claim.assertion.summary()).collect()
    }

    #[test]
    fn a_row_that_seems_to_mean_one_kind_suggests_it() {
        for (row, expected) in [
            ("Example CA completes the mass revocation.", "revocation completed (all)"),
            ("All affected certificates have been revoked.", "revocation completed (all)"),
            ("We became aware of the problem.", "incident awareness"),
            ("Certificate Problem Report received from a researcher", "incident problem report"),
            ("Issuance stopped", "incident milestone issuance stopped"),
            ("Issuance resumed", "incident milestone issuance resumed"),
        ] {
            assert_eq!(kinds(row), [format!("{expected} occurred 2024-08-03 20:47 UTC")], "{row}");
        }
    }

    #[test]
    fn a_row_that_may_mean_something_else_suggests_nothing() {
        for row in [
            "All affected certificates will be revoked.",
            "Revocation of the first batch completed.",
            "All affected certificates identified and customers told that they are revoked in 24 h",
            "Issuance stopped, and resumed an hour later",
            "The revocation began",
            "Subscribers became aware",
            "Something else",
            "Planned completion of all revocation",
        ] {
            assert_eq!(kinds(row), Vec::<String>::new(), "{row}");
        }
    }
}
