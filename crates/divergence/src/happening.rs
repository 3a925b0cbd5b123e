//! What is recorded, or stated elsewhere, to have happened: by kind and subject.

use tally_ledger::claim::Assertion;
use tally_ledger::name::Kind;
use tally_ledger::replay::Fact;
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::legal::{Direction, StepName};
use tally_ledger::vocabulary::occurrence::covers;

use crate::claims::Claims;
use crate::index::{Indexed, Key};
use crate::source::{Party, Perspective};
use crate::weigh::Account;

/// Something that happened, and who says so.
#[derive(Debug, Clone)]
pub(crate) struct Happening<'a> {
    pub(crate) when: Option<When>,
    pub(crate) account: Account<'a>,
    /// Whether it is recorded as the act of another party than the speaker.
    pub(crate) by_other: bool,
}

/// Returns what happened of `kind`, to `subject` if one is named, that does not rest on nothing but
/// the statement looked at: from the facts of its incidents, and from what other statements there
/// assert.
pub(crate) fn happenings<'a>(
    claims: &Claims<'a>,
    from: &Perspective<'a>,
    kind: &Kind,
    subject: Option<&str>,
) -> Vec<Happening<'a>> {
    let meant = |kind_found: &Kind, subject_found: Option<&str>| {
        covers(kind, kind_found) && (subject.is_none() || subject == subject_found)
    };
    let mut found = Vec::new();
    // A text is named by its form as well, which is no subject.
    let subject_key = subject.filter(|_| kind.family() != "statement");
    let key = Key::of(subject_key, kind.family());
    let wanted = |indexed: &Indexed<'_>| {
        let mut happened = indexed.occurrences.iter();
        happened.any(|occurrence| meant(&occurrence.kind, occurrence.subject.as_deref()))
            || is_of_form(indexed.fact, kind, subject)
    };
    for (indexed, backing) in claims.backed(from, key, wanted) {
        let fact = indexed.fact;
        let of_form = is_of_form(fact, kind, subject);
        // Without a subject, a promise to publish is kept by the speaker's own texts alone.
        if of_form || subject.is_none() && kind.family() == "statement" {
            let statement = claims.statement_of(fact.seq);
            if !statement.is_some_and(|s| Party::of(&s.speaker).is(&from.party)) {
                continue;
            }
        }
        for occurrence in &indexed.occurrences {
            if of_form || meant(&occurrence.kind, occurrence.subject.as_deref()) {
                let when = occurrence.when.clone();
                let account =
                    Account::of_fact(fact, backing.clone(), shown(when.as_ref())).at(when.as_ref());
                found.push(Happening { when, account, by_other: is_act_of_other(fact, from) });
            }
        }
    }
    for (other, backing) in claims.others(from, key) {
        if let Assertion::Occurred(a) = &other.claim.assertion
            && meant(&a.kind, a.subject.as_deref())
        {
            let account = Account::of_claim(other, backing, shown(Some(&a.when))).at(Some(&a.when));
            found.push(Happening { when: Some(a.when.clone()), account, by_other: false });
        }
    }
    found
}

/// Returns the form of a text that a kind and subject name, as it is written in entries:
/// `statement.published.full_report` and the subject "full report" name the form `full_report`.
pub(crate) fn form_named(kind: &Kind, subject: Option<&str>) -> Option<String> {
    match (kind.as_str().strip_prefix("statement.published."), subject) {
        (Some(form), _) => Some(form.to_owned()),
        (None, Some(subject)) if kind.family() == "statement" => {
            Some(subject.trim().to_lowercase().replace([' ', '-'], "_"))
        }
        _ => None,
    }
}

/// Returns whether a fact is the publication of a text of the form that a kind and subject name.
fn is_of_form(fact: &Fact, kind: &Kind, subject: Option<&str>) -> bool {
    let Some(Body::StatementPublished(body)) = fact.body() else {
        return false;
    };
    let named = form_named(kind, subject);
    named.is_some_and(|named| body.form.as_ref().is_some_and(|form| form.as_str() == named))
}

/// Returns whether a fact names another party as the one who acted. What a court or an authority
/// decides is nobody's else to do.
fn is_act_of_other(fact: &Fact, from: &Perspective<'_>) -> bool {
    let is_own = |name: &String| Party::organisation(name).is(&from.party);
    match fact.body() {
        Some(Body::LegalInstrument(instrument)) => {
            instrument.direction == Direction::Received && !instrument.from.iter().any(is_own)
        }
        Some(Body::LegalStep(step)) => {
            use StepName::{Denied, Effective, Expired, Granted, NoticeReceived, Served, Vacated};
            let suffered = [Denied, Effective, Expired, Granted, NoticeReceived, Served, Vacated];
            !suffered.contains(&step.step) && step.by.as_ref().is_some_and(|by| !is_own(by))
        }
        _ => false,
    }
}

/// Returns when nothing was left to revoke of a set: by then the last of it was revoked.
pub(crate) fn none_left<'a>(
    claims: &Claims<'a>,
    from: &Perspective<'a>,
    set: &str,
) -> Vec<Happening<'a>> {
    let none = |found: &Indexed<'a>| match found.fact.body() {
        Some(Body::RevocationProgress(progress)) if progress.remaining == 0 => {
            (progress.set == set).then_some(progress.as_of.as_ref().or(found.fact.occurred()))?
        }
        _ => None,
    };
    let found = claims.backed(from, Key::Subject(set), |found| none(found).is_some()).into_iter();
    found
        .filter_map(|(found, backing)| {
            let when = until(none(found)?)?;
            let shown = format!("none left to revoke, {}", none(found)?);
            let account = Account::of_fact(found.fact, backing, shown).at(Some(&when));
            Some(Happening { when: Some(when), account, by_other: false })
        })
        .collect()
}

/// Returns whether the revocation of other sets is recorded: they may be the parts of `set`.
pub(crate) fn has_other_sets<'a>(claims: &Claims<'a>, from: &Perspective<'a>, set: &str) -> bool {
    let key = Key::Family("revocation");
    let mut recorded = claims.facts(from.feeds, key).into_iter();
    let mut stated = claims.others(from, key).into_iter();
    let is_other = |fact: &Fact| match fact.body() {
        Some(Body::RevocationCompleted(body)) => body.set != set,
        Some(Body::RevocationProgress(body)) => body.set != set,
        _ => false,
    };
    recorded.any(is_other)
        || stated.any(|(other, _)| match &other.claim.assertion {
            Assertion::Occurred(a) => a.subject.as_deref().is_some_and(|subject| subject != set),
            _ => false,
        })
}

/// Returns the time up to the end of `when`; `None` if that has no end.
pub(crate) fn until(when: &When) -> Option<When> {
    let end = when.at().split_once('/').map_or(when.at(), |(_, end)| end);
    When::new(&format!("../{end}"), when.zone(), when.presumed().cloned()).ok()
}

/// How far the zones of the world lie apart: UTC+14 and UTC-12, 26 hours.
const ZONES_SECONDS: i64 = 26 * 3600;

/// Where something lies to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Falls {
    Within,
    Outside,
    /// Nothing shows which.
    Unclear,
}

/// Returns where `when` lies to a period. A period of which the zone is not known holds for sure
/// only what lies in it whichever zone is meant.
pub(crate) fn falls(when: &When, period: &When) -> Falls {
    let (when, all) = (when.interval(), period.interval());
    if !when.overlaps(&all) {
        return Falls::Outside;
    }
    let sure = match period.zone() {
        Some(_) => all,
        None => Interval {
            start: if all.start == i64::MIN { all.start } else { all.start + ZONES_SECONDS },
            end: if all.end == i64::MAX { all.end } else { all.end - ZONES_SECONDS },
        },
    };
    if when.within(&sure) { Falls::Within } else { Falls::Unclear }
}

/// The kinds of which one subject has one: a record for another time is another account of the
/// same thing, not a record of something else.
const ONCE: [&str; 30] = [
    "action.opened",
    "action.status.complete",
    "commitment.kept",
    "commitment.made",
    "commitment.withdrawn",
    "concern.closed",
    "concern.received",
    "concern.step.acknowledged",
    "concern.step.assigned",
    "concern.step.classified",
    "concern.step.number_sent",
    "concern.step.reported",
    "incident.problem_report",
    "inquiry.asked",
    "legal.instrument",
    "legal.step.answered",
    "legal.step.complied",
    "legal.step.denied",
    "legal.step.effective",
    "legal.step.expired",
    "legal.step.filed",
    "legal.step.granted",
    "legal.step.notice_received",
    "legal.step.served",
    "legal.step.settled",
    "legal.step.vacated",
    "legal.step.withdrawn",
    "revocation.completed",
    "statement.published",
    "statement.withdrawn",
];
/// The kinds of which an incident has one.
const ONCE_AN_INCIDENT: [&str; 9] = [
    "incident.awareness",
    "incident.milestone.contributing_change",
    "incident.milestone.end",
    "incident.milestone.identified",
    "incident.milestone.issuance_stopped",
    "incident.milestone.non_compliance_start",
    "incident.milestone.plan_activated",
    "incident.milestone.scope_concluded",
    "incident.opened",
];

/// Returns whether a kind and subject name one thing. Where they name many, a record for another
/// time may be of another one, and contradicts nothing.
pub(crate) fn happens_once(kind: &Kind, subject: Option<&str>) -> bool {
    let kind = kind.as_str();
    ONCE_AN_INCIDENT.contains(&kind) || subject.is_some() && ONCE.contains(&kind)
}

/// Returns a recorded time in words.
fn shown(when: Option<&When>) -> String {
    when.map_or_else(|| "no time".to_owned(), ToString::to_string)
}
