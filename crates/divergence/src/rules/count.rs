//! T301: a number, held against the one that is recorded of the same thing, in the same unit and
//! scope, for that time.

use std::collections::BTreeSet;

use tally_ledger::claim::{Assertion, Count};
use tally_ledger::replay::Fact;
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::words::{Metric, Qualifier, Unit};

use super::COUNT;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation};
use crate::index::{Indexed, Key};
use crate::point::{Moment, Point, Position, latest};
use crate::source::Source;
use crate::weigh::{Account, conclude};
use crate::words::name;

/// How far a number may lie from one that is stated as "about", in per cent of the stated one.
const ABOUT_PERCENT: u64 = 10;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Count(a) => Some(count(claims, held, a)),
        _ => None,
    })
    .collect()
}

/// A number as it is recorded.
#[derive(Debug, Clone, Copy)]
struct Number {
    value: u64,
    exact: bool,
}

fn count<'a>(claims: &Claims<'a>, held: &Held<'a>, claim: &Count) -> Finding {
    let points = points(claims, held, claim);
    let sources: BTreeSet<Source> = points.iter().map(|point| point.account.source).collect();
    let mut accounts = Vec::new();
    for source in sources {
        let same: Vec<&Point<'_, Number>> =
            points.iter().filter(|point| point.account.source == source).collect();
        accounts.extend(compare(claims, held, claim, &same));
    }
    let scope =
        held.claim.scope.as_ref().map_or(String::new(), |scope| format!(" ({})", name(scope)));
    let about = held.claim.qualifier.map_or(String::new(), |word| format!("{word} "));
    let stated = format!("{}{scope}: {about}{}", claim.metric, amount(claim.value, &claim.unit));
    conclude(&COUNT, claims, held, &stated, &accounts)
}

/// Returns a number with its unit.
fn amount(value: u64, unit: &Unit) -> String {
    let unit = unit.to_string();
    let one = unit.strip_suffix('s').filter(|_| value == 1);
    format!("{value} {}", one.unwrap_or(&unit))
}

/// Returns whether the metric is one number for the whole incident, which later knowledge corrects
/// and time does not change.
pub(super) fn is_timeless(metric: &Metric) -> bool {
    matches!(metric, Metric::Affected | Metric::Restrained)
}

fn points<'a>(claims: &Claims<'a>, held: &Held<'a>, claim: &Count) -> Vec<Point<'a, Number>> {
    let moment = Moment::of(held, None);
    let mut points = Vec::new();
    let mut add = |number: Number, when: Option<&When>, mut account: Account<'a>| {
        let as_of = when.map_or(String::new(), |when| format!(", {when}"));
        account.shown = format!("{}{as_of}", amount(number.value, &claim.unit));
        let position = moment.position(when, &account);
        points.push(Point { value: number, when: when.cloned(), account, position });
    };
    let scope = held.claim.scope.as_deref();
    let wanted = |found: &Indexed<'_>| recorded(found.fact, claim, scope).is_some();
    for (found, backing) in claims.backed(&held.perspective, Key::of(scope, "incident"), wanted) {
        let fact = found.fact;
        if let Some((number, when)) = recorded(fact, claim, scope) {
            add(number, when, Account::of_fact(fact, backing, String::new()));
        }
    }
    let key = Key::of(scope, claim.metric.as_str());
    for (other, backing) in claims.others(&held.perspective, key) {
        if let Assertion::Count(a) = &other.claim.assertion
            && (&a.metric, &a.unit) == (&claim.metric, &claim.unit)
            && other.claim.scope == held.claim.scope
        {
            let number = Number { value: a.value, exact: other.claim.qualifier.is_none() };
            add(number, Some(other.at()), Account::of_claim(other, backing, String::new()));
        }
    }
    points
}

/// Returns the number that an entry states of what the claim counts, and for what time.
fn recorded<'f>(
    fact: &'f Fact,
    claim: &Count,
    scope: Option<&str>,
) -> Option<(Number, Option<&'f When>)> {
    let occurred = fact.occurred();
    let exactly = |value| Number { value, exact: true };
    let set = |name: &str| scope == Some(name);
    let certificates = claim.unit == Unit::Certificates;
    match fact.body()? {
        Body::IncidentCount(body) => {
            let same = (&body.metric, &body.unit) == (&claim.metric, &claim.unit);
            let number = Number { value: body.value, exact: body.qualifier.is_none() };
            (same && body.scope.as_deref() == scope)
                .then(|| (number, body.as_of.as_ref().or(occurred)))
        }
        Body::IncidentScope(body) => {
            let same = claim.metric == Metric::Affected && body.unit == claim.unit;
            (same && set(&body.set)).then(|| (exactly(body.count), occurred))
        }
        Body::RevocationProgress(body) if certificates && set(&body.set) => {
            let number = match claim.metric {
                Metric::Revoked => body.revoked,
                Metric::NotRevoked => body.remaining,
                _ => return None,
            };
            Some((exactly(number), body.as_of.as_ref().or(occurred)))
        }
        Body::RevocationCompleted(body) if certificates && set(&body.set) => {
            let number = match claim.metric {
                Metric::Revoked => body.count?,
                Metric::Expired => body.expired?,
                _ => return None,
            };
            Some((exactly(number), body.last.as_ref().or(occurred)))
        }
        _ => None,
    }
}

/// Holds the claim against what one source says, each point for its own time.
fn compare<'a>(
    claims: &Claims<'a>,
    held: &Held<'a>,
    claim: &Count,
    points: &[&Point<'a, Number>],
) -> Vec<Account<'a>> {
    let timeless = is_timeless(&claim.metric);
    let before: Vec<&Point<'_, Number>> =
        points.iter().copied().filter(|point| point.position == Position::Before).collect();
    let last: Vec<u64> = latest(&before).iter().map(|point| point.account.seq).collect();
    let mut accounts = Vec::new();
    for point in points {
        let account = point.account.clone();
        let source = account.source;
        let (relation, remark) = agreement(held, claim, point.value);
        let decided = match (relation, point.position) {
            (Relation::Agrees | Relation::Differs, Position::Before)
                if !last.contains(&account.seq) =>
            {
                continue;
            }
            (Relation::Differs, Position::Before) if source == Source::OwnStatement => continue,
            (Relation::Differs, Position::After) if !timeless => continue,
            (Relation::Differs, Position::After)
                if matches!(source, Source::OwnRecord | Source::OwnStatement) =>
            {
                let higher = point.value.value > claim.value;
                let why = if higher { "higher later" } else { "lower later" };
                (Relation::Changes, Some(why.to_owned()))
            }
            (Relation::Differs, Position::Before) if !timeless => {
                (Relation::Unclear, Some("recorded for an earlier time".to_owned()))
            }
            (Relation::Differs, Position::Unknown) => {
                let why = "whether that is for the time of the claim is not recorded";
                (Relation::Unclear, Some(why.to_owned()))
            }
            decided => (decided.0, remark),
        };
        accounts.push(account.holds(decided.0, decided.1));
    }
    for account in accounts.iter_mut().filter(|a| a.relation == Relation::Differs) {
        let same = |a: &Assertion| {
            matches!(a, Assertion::Count(a)
                if (&a.metric, &a.unit) == (&claim.metric, &claim.unit))
        };
        if let Some(first) = claims.counted_at(held, account, same) {
            account.relation = Relation::Unclear;
            account.remark = Some(format!("counted where it was said first, in {first}"));
        }
    }
    accounts
}

/// Compares the numbers alone, as exactly as both are stated.
fn agreement(held: &Held<'_>, claim: &Count, number: Number) -> (Relation, Option<String>) {
    let (claimed, value) = (claim.value, number.value);
    let away = claimed.abs_diff(value);
    let unclear = |why: &str| (Relation::Unclear, Some(why.to_owned()));
    let differs = || {
        let word = if value > claimed { "more" } else { "fewer" };
        (Relation::Differs, Some(format!("{away} {word}")))
    };
    match held.claim.qualifier {
        _ if claimed == value => (Relation::Agrees, None),
        _ if !number.exact => unclear("the record is not exact"),
        Some(Qualifier::AtLeast) if value >= claimed => (Relation::Agrees, None),
        Some(Qualifier::AtMost) if value <= claimed => (Relation::Agrees, None),
        Some(Qualifier::About)
            if away.saturating_mul(100) <= claimed.saturating_mul(ABOUT_PERCENT) =>
        {
            (Relation::Agrees, None)
        }
        Some(Qualifier::About) => unclear("how far \"about\" reaches is not decided"),
        Some(Qualifier::ToOurKnowledge) => unclear("what was known then is not recorded"),
        None | Some(Qualifier::AtLeast | Qualifier::AtMost) => differs(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, observer, only, own, said, verdict};

    const SAID: &str = "2024-08-01T12:00Z";

    fn is(value: u64, more: Json) -> Json {
        let mut claim = json!({ "says": "count", "metric": "affected", "unit": "certificates",
                                "value": value, "scope": "all" });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        claim
    }

    fn scope(book: &mut Casebook, count: u64, occurred: &str) {
        let body = json!({ "set": "all", "count": count, "unit": "certificates" });
        fact(book, "incident.scope", occurred, body);
    }

    /// Returns the verdict on the claim, with 100 recorded at that time.
    fn against(claim: Json, occurred: &str) -> Verdict {
        let mut book = own();
        scope(&mut book, 100, occurred);
        said(&mut book, 4, SAID, claim);
        verdict(&book, "T301")
    }

    #[test]
    fn an_equal_number_tallies_and_another_diverges() {
        assert_eq!(against(is(100, json!({})), "2024-07-30"), Verdict::Tallies);
        let mut book = own();
        scope(&mut book, 100, "2024-07-30");
        said(&mut book, 4, SAID, is(90, json!({})));
        let finding = only(&book, "T301");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("10 more"), "{}", finding.message);
    }

    #[test]
    fn only_the_same_metric_unit_and_scope_are_compared() {
        for more in [
            json!({ "metric": "revoked" }),
            json!({ "unit": "subscribers" }),
            json!({ "scope": "some" }),
        ] {
            assert_eq!(against(is(90, more), "2024-07-30"), Verdict::Unsupported);
        }
    }

    #[test]
    fn a_qualifier_is_taken_at_its_word() {
        for (value, word, expected) in [
            (90, "at_least", Verdict::Tallies),
            (110, "at_least", Verdict::Diverges),
            (110, "at_most", Verdict::Tallies),
            (100, "about", Verdict::Tallies),
            (109, "about", Verdict::Tallies),
            (150, "about", Verdict::Undetermined),
            (90, "to_our_knowledge", Verdict::Undetermined),
        ] {
            let claim = is(value, json!({ "qualifier": word }));
            assert_eq!(against(claim, "2024-07-30"), expected, "{value} {word}");
        }
    }

    #[test]
    fn what_later_knowledge_corrects_changed() {
        assert_eq!(against(is(90, json!({})), "2024-08-10"), Verdict::Changed);
        let mut book = own();
        scope(&mut book, 90, "2024-07-30");
        scope(&mut book, 100, "2024-08-10");
        said(&mut book, 4, SAID, is(90, json!({})));
        assert_eq!(verdict(&book, "T301"), Verdict::Changed);
    }

    #[test]
    fn a_number_that_moves_is_compared_for_the_same_time_only() {
        let revoked = |as_of: &str| {
            let mut book = own();
            let body = json!({ "set": "all", "revoked": 50, "remaining": 50, "as_of": as_of });
            fact(&mut book, "revocation.progress", as_of, body);
            said(&mut book, 4, SAID, is(80, json!({ "metric": "revoked" })));
            verdict(&book, "T301")
        };
        assert_eq!(revoked("2024-08-01T12:00Z"), Verdict::Diverges);
        assert_eq!(revoked("2024-07-31T12:00Z"), Verdict::Undetermined);
        assert_eq!(revoked("2024-08-02T12:00Z"), Verdict::Unsupported);
    }

    #[test]
    fn an_observers_number_makes_sources_differ() {
        let mut book = observer();
        scope(&mut book, 100, "2024-07-30");
        said(&mut book, 4, SAID, is(90, json!({})));
        assert_eq!(verdict(&book, "T301"), Verdict::SourcesDiffer);
    }

    #[test]
    fn a_number_that_another_text_of_the_speaker_corrects_is_found_once() {
        let mut book = observer();
        said(&mut book, 4, SAID, is(90, json!({})));
        said(&mut book, 5, "2024-08-02T12:00Z", is(100, json!({})));
        let findings = crate::probe::findings(&book, "T301", None);
        let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Changed, Verdict::Unsupported]);
    }
}
