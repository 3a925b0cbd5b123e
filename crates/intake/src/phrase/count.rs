//! Counts: how many certificates or subscribers, and what is said of them.

use tally_ledger::claim::{Assertion, Count};
use tally_ledger::vocabulary::words::{Metric, Qualifier, Unit};

use super::due;
use super::{Finder, Manner};
use crate::moment::month;
use crate::moment::token::{Kind, Token};

/// Suggests the counts of a sentence.
pub(super) fn find(finder: &mut Finder<'_, '_, '_>) {
    let mut at = 0;
    while at < finder.sentence.len() {
        let Some((value, after)) = number(finder.sentence, at) else {
            at += 1;
            continue;
        };
        if let Some((unit, end)) = unit(finder.sentence, after)
            && let Some(metric) = metric(finder, at, end, end == after + 1)
        {
            let qualifier = qualifier(finder, at);
            let assertion = Assertion::Count(Count { metric, unit, value });
            let manner = Manner { qualifier, ..Manner::default() };
            finder.suggest("count", at..end, assertion, manner);
            at = end;
        } else {
            at = after;
        }
    }
}

/// Reads a number, with commas or spaces between its thousands, or in words up to twelve. Returns
/// it and the index after it.
fn number(tokens: &[Token<'_>], at: usize) -> Option<(u64, usize)> {
    let token = &tokens[at];
    let glued = at > 0
        && !token.spaced
        && !matches!(tokens[at - 1].kind, Kind::Mark('(' | '~' | '“' | '"' | '[' | '>'));
    // "On June 2 certificates were issued."
    if glued || (at > 0 && month(&tokens[at - 1]).is_some()) {
        return None;
    }
    let mut value = match token.kind {
        Kind::Number(value, _) => u64::from(value),
        Kind::Word if token.is("single") => 1,
        Kind::Word if token.is_any(&["a", "an"]) => return None,
        Kind::Word => u64::from(due::count(token)?),
        Kind::Mark(_) => return None,
    };
    let mut next = at + 1;
    if let Kind::Number(_, 1..=3) = token.kind {
        while let (Some(mark), Some(group)) = (tokens.get(next), tokens.get(next + 1)) {
            let Kind::Number(more, 3) = group.kind else { break };
            let joined = !mark.spaced && !group.spaced && (mark.is_mark(',') || mark.is_mark('\''));
            if !joined || value > 1_000_000_000 {
                break;
            }
            value = value * 1000 + u64::from(more);
            next += 2;
        }
    }
    // A part of a longer number, a percentage, a date or a section.
    let goes_on = tokens.get(next).is_some_and(|t| {
        !t.spaced
            && matches!(t.kind, Kind::Mark('.' | '%' | '/' | ':' | '-') | Kind::Word)
            && tokens.get(next + 1).is_some_and(|n| !n.spaced)
    });
    (!goes_on).then_some((value, next))
}

/// Reads the unit after a number, with at most five words between: "3 S/MIME sponsor validated
/// certificates". Returns the index after it.
fn unit(tokens: &[Token<'_>], after: usize) -> Option<(Unit, usize)> {
    // What a number counts if one of these follows the unit is something else: "two certificate
    // problem reports".
    const OTHERS: &str = "profile profiles problem type types template templates request requests \
        authority authorities policy policies chain chains name names database order orders holder";
    // What ends the words that may stand between a number and its unit.
    const BREAKS: &str = "of days day hours hour weeks week for in to and by from percent was were \
        is are months years";
    let among =
        |words: &str, token: &Token<'_>| words.split_whitespace().any(|word| token.is(word));
    let mut at = after;
    // "seven (7) certificates".
    if tokens.get(at)?.is_mark('(') && tokens.get(at + 2)?.is_mark(')') {
        at += 3;
    }
    let mut words = 0;
    while words <= 5 {
        let token = tokens.get(at)?;
        // "2 subscriber certificates" counts certificates; a name such as `certs.txt` nothing.
        let next = tokens.get(at + 1);
        let file = next.is_some_and(|t| t.is_mark('.') && !t.spaced)
            && tokens.get(at + 2).is_some_and(|t| t.kind == Kind::Word && !t.spaced);
        let of_another = next.and_then(named).is_some();
        if let Some(unit) = named(token).filter(|_| !of_another) {
            if file {
                return None;
            }
            let other = next.is_some_and(|next| among(OTHERS, next));
            return (!other).then_some((unit, at + 1));
        }
        let plain = match token.kind {
            Kind::Word => !among(BREAKS, token),
            Kind::Mark(mark) => matches!(mark, '/' | '-' | '“' | '”' | '"'),
            Kind::Number(..) => false,
        };
        if !plain {
            return None;
        }
        words += usize::from(token.kind == Kind::Word);
        at += 1;
    }
    None
}

/// Returns the unit that a word names.
fn named(token: &Token<'_>) -> Option<Unit> {
    const UNITS: &[(Unit, &[&str])] = &[
        (Unit::Certificates, &["certificate", "certificates", "cert", "certs"]),
        (Unit::Precertificates, &["precertificate", "precertificates"]),
        (Unit::Subscribers, &["subscriber", "subscribers", "customer", "customers"]),
        (Unit::Domains, &["domain", "domains"]),
        (Unit::Organisations, &["organization", "organizations", "organisation", "organisations"]),
    ];
    UNITS.iter().find(|(_, words)| token.is_any(words)).map(|(unit, _)| unit.clone())
}

/// Returns what is said of those counted, by the words around.
fn metric(finder: &Finder<'_, '_, '_>, at: usize, end: usize, direct: bool) -> Option<Metric> {
    let near = at.saturating_sub(8)..finder.sentence.len().min(end + 8);
    let after = end..finder.sentence.len().min(end + 8);
    let has = |words: &[&str]| finder.has(near.clone(), words);
    let follows = |words: &[&str]| finder.has(after.clone(), words);
    if has(&["remaining", "remain"]) || follows(&["valid"]) {
        return Some(Metric::RemainingValid);
    }
    if has(&["revoked"]) {
        // Only what stands between the certificates and the verb denies it.
        let verb = after.clone().find(|at| finder.is(*at, &["revoked"])).unwrap_or(after.end);
        let between = if verb < after.end { end..verb } else { near.start..at };
        let open = finder.has(between, &["not", "yet", "unrevoked", "should", "must", "un"])
            || finder.is(verb + 1, &["not"]);
        return Some(if open { Metric::NotRevoked } else { Metric::Revoked });
    }
    if has(&["expired"]) {
        return Some(Metric::Expired);
    }
    if has(&["replaced", "reissued"]) {
        return Some(Metric::Replaced);
    }
    if has(&["notified", "informed"]) {
        return Some(Metric::Notified);
    }
    has(&[
        "affected",
        "impacted",
        "misissued",
        "mis",
        "identified",
        "found",
        "discovered",
        "issued",
        "contain",
        "contained",
        "containing",
        "affects",
        "total",
        "missing",
        "involved",
        "involves",
        "incorrect",
        "created",
        "flagged",
        "concerned",
        "affecting",
    ])
    .then_some(Metric::Affected)
    // A number in digits beside its unit says no less where nothing else is said.
    .or_else(|| (direct && finder.sentence[at].kind != Kind::Word).then_some(Metric::Affected))
}

/// Returns how exact the number is, by the words before it.
fn qualifier(finder: &Finder<'_, '_, '_>, at: usize) -> Option<Qualifier> {
    let before = |ahead: usize, words: &[&str]| at >= ahead && finder.is(at - ahead, words);
    let mark = at > 0 && finder.sentence[at - 1].is_mark('~');
    if mark
        || before(1, &["about", "approximately", "around", "roughly", "nearly", "almost", "some"])
    {
        return Some(Qualifier::About);
    }
    if before(1, &["over"])
        || (before(2, &["at"]) && before(1, &["least"]))
        || (before(2, &["more"]) && before(1, &["than"]))
    {
        return Some(Qualifier::AtLeast);
    }
    if (before(2, &["at"]) && before(1, &["most"]))
        || (before(2, &["up"]) && before(1, &["to"]))
        || (before(2, &["less", "fewer"]) && before(1, &["than"]))
    {
        return Some(Qualifier::AtMost);
    }
    None
}
