//! Lengths of time between intervals, in human units.

use tally_ledger::time::When;

/// A day, in seconds.
const DAY: i64 = 86_400;

/// Returns a length in its two largest units, such as `1 h 17 min`; from ten days on, in days.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (hours, rest) = (rest / 3600, rest % 3600);
    let (minutes, seconds) = (rest / 60, rest % 60);
    let unit = |n: u64, one: &str| format!("{n} {one}");
    let day = |n: u64| unit(n, if n == 1 { "day" } else { "days" });
    let parts = match (days, hours, minutes) {
        (10.., ..) | (1.., 0, _) => vec![day(days)],
        (1.., ..) => vec![day(days), unit(hours, "h")],
        (0, 1.., 0) => vec![unit(hours, "h")],
        (0, 1.., _) => vec![unit(hours, "h"), unit(minutes, "min")],
        (0, 0, 1..) => vec![unit(minutes, "min")],
        _ => vec![unit(seconds, "s")],
    };
    parts.join(" ")
}

/// How precisely a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Minute,
    Day,
    Coarse,
}

fn precision(when: &When) -> Precision {
    match when.at() {
        at if at.contains('/') => Precision::Coarse,
        at if at.contains('T') && when.zone().is_some() => Precision::Minute,
        at if at.len() == 10 => Precision::Day,
        _ => Precision::Coarse,
    }
}

/// Returns how long after `earlier` something later was, in words: exact where both are written to
/// the minute, in whole days where both are days of one zone, else what is certain of it. `None` if
/// nothing is.
pub(crate) fn between(earlier: &When, later: &When) -> Option<String> {
    let (a, b) = (earlier.interval(), later.interval());
    match (precision(earlier), precision(later)) {
        (Precision::Minute, Precision::Minute) => Some(duration(b.start - a.start)),
        (Precision::Day, Precision::Day) if earlier.zone() == later.zone() => {
            Some(duration(b.start - a.start))
        }
        _ => certain(a.end, b.start),
    }
}

/// Returns how far something lies beyond a due time, in words: from the minute that was named, or
/// from the end of the day or longer time that was.
pub(crate) fn beyond(due: &When, done: &When) -> Option<String> {
    match (precision(due), precision(done)) {
        (Precision::Minute, _) | (Precision::Day, Precision::Day) => between(due, done),
        (_, Precision::Minute) => {
            let (due, done) = (due.interval(), done.interval());
            Some(duration(done.start - due.end)).filter(|_| due.end <= done.start)
        }
        _ => certain(due.interval().end, done.interval().start),
    }
}

/// Returns in words what is certain of the time from `from` to `to`.
fn certain(from: i64, to: i64) -> Option<String> {
    let known = from != i64::MAX && to != i64::MIN && from < to;
    known.then(|| {
        let seconds = to - from;
        let whole = if seconds > 10 * DAY { seconds / DAY * DAY } else { seconds };
        format!("at least {}", duration(whole))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> When {
        text.parse().unwrap()
    }

    #[test]
    fn a_length_is_told_in_two_units_at_most() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (4620, "1 h 17 min"),
            (7200, "2 h"),
            (86_400, "1 day"),
            (90_000, "1 day 1 h"),
            (42 * 86_400 + 5000, "42 days"),
            (-60, "1 min"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn a_length_claims_no_more_than_both_times_bear() {
        for (a, b, text) in [
            ("2024-08-03T19:30Z", "2024-08-03T20:47Z", Some("1 h 17 min")),
            ("2024-07-30T19:01Z", "2024-07-31T00:45:12Z", Some("5 h 44 min")),
            ("2024-11-11", "2025-02-24", Some("105 days")),
            ("2024-08-03Z", "2024-08-05T01:00Z", Some("at least 1 day 1 h")),
            ("2024-08-03T20:47", "2024-08-03T21:00", None),
            ("2024-08-03/..", "2024-08-09", None),
        ] {
            assert_eq!(between(&when(a), &when(b)).as_deref(), text, "{a} {b}");
        }
    }

    #[test]
    fn lateness_counts_from_the_end_of_what_was_named() {
        for (due, done, text) in [
            ("2024-08-03T19:30Z", "2024-08-03T20:47Z", Some("1 h 17 min")),
            ("2024-08-03Z", "2024-08-04T01:00Z", Some("1 h")),
            ("2024-08-03", "2024-08-05", Some("2 days")),
            ("2024-08Z", "2024-09-02Z", Some("at least 1 day")),
        ] {
            assert_eq!(beyond(&when(due), &when(done)).as_deref(), text, "{due} {done}");
        }
    }
}
