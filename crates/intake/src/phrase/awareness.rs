//! Awareness: when the speaker came to know, by what it says itself.

use tally_ledger::claim::{Assertion, Occurred};

use super::{Finder, Manner};
use crate::moment::{self, Setting};

/// Suggests when the speaker became aware, if the sentence names the time.
pub(super) fn find(finder: &mut Finder<'_, '_, '_>) {
    let Some((at, kind)) = (0..finder.sentence.len()).find_map(|at| Some((at, known(finder, at)?)))
    else {
        return;
    };
    let setting = Setting { published: Some(finder.published), ..Setting::default() };
    // The time nearest to the words is theirs: others say when something else happened.
    let mut nearest: Option<(usize, moment::Moment, std::ops::Range<usize>)> = None;
    let mut begin = 0;
    while begin < finder.end() {
        let Some((result, next)) = moment::moment(finder.sentence, begin, &setting) else {
            begin += 1;
            continue;
        };
        if let Ok(found) = result {
            let distance = if begin > at { begin - at } else { at - next.min(at) };
            if nearest.as_ref().is_none_or(|(least, ..)| distance < *least) {
                nearest = Some((distance, found, begin..next));
            }
        }
        begin = next.max(begin + 1);
    }
    let Some((_, found, range)) = nearest else { return };
    let late = found.when.interval().start > finder.published.unix();
    if let (Ok(kind), false) = (kind.parse(), late) {
        let range = range.start.min(finder.clause(at))..range.end.max((at + 3).min(finder.end()));
        let when = found.when;
        let assertion = Assertion::Occurred(Occurred { kind, when, subject: None });
        finder.suggest("awareness", range, assertion, Manner::default());
    }
}

/// Returns the kind of what the words at `at` say to have become known.
fn known(finder: &Finder<'_, '_, '_>, at: usize) -> Option<&'static str> {
    let ahead = at..finder.sentence.len().min(at + 8);
    let report = finder.is(at, &["received"])
        && finder.has(ahead.clone(), &["problem"])
        && finder.has(ahead, &["report", "reports"]);
    if report {
        return Some("incident.problem_report");
    }
    let aware = finder.is(at, &["became", "become"]) && finder.is(at + 1, &["aware"]);
    let told =
        finder.is(at, &["was", "were"]) && finder.is(at + 1, &["notified", "informed", "alerted"]);
    let own = finder.is(at, &["we"])
        && finder.is(at + 1, &["discovered", "noticed", "identified", "learned", "found"]);
    (aware || told || own).then_some("incident.awareness")
}
