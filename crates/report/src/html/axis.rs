//! The axis of the picture: time cut into rows of one calendar unit, and the rows that hold
//! something.

use std::collections::BTreeSet;

use tally_ledger::time::{Interval, When};
use time::OffsetDateTime;

/// The most rows that the axis is cut into before a coarser unit is taken.
const ROWS_MAX: usize = 24;
/// Seconds in a day.
const DAY: i64 = 86_400;
/// The first second of the year 1 and the last of the year 9999, which [`When`] keeps to.
const YEARS: (i64, i64) = (-62_135_596_800, 253_402_300_799);

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The calendar unit of a row, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    /// From Monday on.
    Week,
    Month,
    Quarter,
    /// So many years, counted from year 0.
    Years(i64),
}

/// The units, the finest first. Of the last there are ten rows at most.
const UNITS: [Unit; 8] = [
    Unit::Day,
    Unit::Week,
    Unit::Month,
    Unit::Quarter,
    Unit::Years(1),
    Unit::Years(10),
    Unit::Years(100),
    Unit::Years(1000),
];

/// The rows between which a time lies that is known only within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub(super) first: i64,
    pub(super) last: i64,
    /// Whether one bound is unknown; the rows are then that of the other.
    pub(super) open: bool,
}

/// Returns the bounds of a time in words, a line each, without clocks and zones.
pub(super) fn bounds(when: &When) -> Vec<String> {
    let plain = |at: &str| {
        let date = at.split_once('T').map_or(at, |(date, _)| date);
        Unit::Years(1).brief_part(date)
    };
    match when.at().split_once('/') {
        Some(("..", end)) => vec![format!("until {}", plain(end))],
        Some((start, "..")) => vec![format!("from {}", plain(start))],
        Some((start, end)) => vec![format!("{} to", plain(start)), plain(end)],
        None => vec![plain(when.at())],
    }
}

impl Unit {
    /// Returns the finest unit by which the points fall into few enough rows.
    pub(super) fn of(points: &[i64]) -> Self {
        let rows = |unit: Self| points.iter().map(|at| unit.row(*at)).collect::<BTreeSet<_>>();
        let fits = UNITS.into_iter().find(|unit| rows(*unit).len() <= ROWS_MAX);
        fits.unwrap_or(Self::Years(1000))
    }

    /// Returns the number of the row in which a second of Unix time falls.
    pub(super) fn row(self, at: i64) -> i64 {
        let (year, month, _) = date(at);
        match self {
            Self::Day => at.div_euclid(DAY),
            // 1970-01-01 was a Thursday.
            Self::Week => (at.div_euclid(DAY) + 3).div_euclid(7),
            Self::Month => year * 12 + month,
            Self::Quarter => (year * 12 + month).div_euclid(3),
            Self::Years(n) => year.div_euclid(n),
        }
    }

    /// Returns the rows in which a time lies, or what of them is certain; absent where the time is
    /// certain enough to stand in one: a date, or bounds within one row.
    pub(super) fn range(self, when: &When) -> Option<Range> {
        let Interval { start, end } = when.interval();
        let at = when.at();
        if let [Some(start), Some(last)] =
            [(start, i64::MIN), (end, i64::MAX)].map(|(at, open)| (at != open).then_some(at))
        {
            let (first, last) = (self.clamped(start), self.clamped(last.saturating_sub(1)));
            // A date without a zone begins on the day before in some of them.
            let is_date = !at.contains('/') && at.len() >= "2024-08-03".len();
            return (first != last && !is_date).then_some(Range { first, last, open: false });
        }
        let known = if start == i64::MIN { end.saturating_sub(1) } else { start };
        let row = self.clamped(known);
        Some(Range { first: row, last: row, open: true })
    }

    fn clamped(self, at: i64) -> i64 {
        self.row(at.clamp(YEARS.0, YEARS.1))
    }

    /// Returns the name of a row: its day or days, its month, or its years.
    pub(super) fn label(self, row: i64) -> String {
        let month = |at: i64| name(at.rem_euclid(12));
        match self {
            Self::Day => day(row * DAY),
            Self::Week => {
                let (first, last) = ((row * 7 - 3) * DAY, (row * 7 + 3) * DAY);
                let (month, of) = (date(first).1, date(last).1);
                let of = if month == of { String::new() } else { format!(" {}", name(month)) };
                format!("{}{of}–{}", date(first).2, day(last))
            }
            Self::Month => format!("{} {}", month(row), row.div_euclid(12)),
            Self::Quarter => {
                let first = row * 3;
                format!("{}–{} {}", month(first), month(first + 2), first.div_euclid(12))
            }
            Self::Years(1) => row.to_string(),
            Self::Years(n) => format!("{}–{}", row * n, row * n + n - 1),
        }
    }

    /// Returns what the rows are, for the sentence that explains the axis.
    pub(super) fn rows(self) -> String {
        match self {
            Self::Day => "day".to_owned(),
            Self::Week => "week, from Monday to Sunday,".to_owned(),
            Self::Month => "month".to_owned(),
            Self::Quarter => "quarter of a year".to_owned(),
            Self::Years(1) => "year".to_owned(),
            Self::Years(n) => format!("{n} years"),
        }
    }

    /// Returns how much time so many rows are, in words: of days and weeks, whole months and years
    /// once there are many.
    pub(super) fn length(self, rows: i64) -> String {
        let days = match self {
            Self::Day => rows,
            Self::Week => rows * 7,
            Self::Month => return years(rows),
            Self::Quarter => return years(rows * 3),
            Self::Years(n) => return years(rows * n * 12),
        };
        match days {
            // A Gregorian month is 30.4369 days in the mean.
            92.. => years(days * 10_000 / 304_369),
            _ if self == Self::Week => counted(rows, "week"),
            _ => counted(days, "day"),
        }
    }

    /// Returns a time as briefly as its row leaves room for: what the row's name says already is
    /// left out. A star marks a presumed zone, a question mark an unknown one.
    pub(super) fn brief(self, when: &When) -> String {
        let mark = match (when.zone(), when.presumed()) {
            (_, Some(_)) => "*",
            (None, None) if when.at().contains('T') => "?",
            _ => "",
        };
        let zone = match when.zone() {
            Some(zone) if when.at().contains('T') && !matches!(zone, "Z" | "+00:00") => zone,
            _ => "",
        };
        let brief = |at: &str| self.brief_part(at);
        let words = match when.at().split_once('/') {
            Some(("..", end)) => format!("until {}", brief(end)),
            Some((start, "..")) => format!("from {}", brief(start)),
            Some((start, end)) => format!("{}–{}", brief(start), brief(end)),
            None => brief(when.at()),
        };
        format!("{words}{zone}{mark}")
    }

    fn brief_part(self, at: &str) -> String {
        let (date, clock) = at.split_once('T').unwrap_or((at, ""));
        let clock = clock.get(..5).unwrap_or_default();
        let mut parts = date.split('-');
        let year = parts.next().unwrap_or_default();
        let month = parts.next().and_then(|month| month.parse::<usize>().ok());
        let month = month.and_then(|month| MONTHS.get(month.wrapping_sub(1))).unwrap_or(&"");
        let day = parts.next().map(|day| day.trim_start_matches('0')).unwrap_or_default();
        let year = if matches!(self, Self::Years(_)) || month.is_empty() { year } else { "" };
        let words = [day, month, year, clock];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join(" ")
    }
}

/// Returns the second at which a time stands on the axis: the middle of its interval, or the end
/// that is known.
pub(super) fn middle(when: &When) -> i64 {
    let at = match when.interval() {
        Interval { start: i64::MIN, end } => end,
        Interval { start, end: i64::MAX } => start,
        Interval { start, end } => start + (end - start) / 2,
    };
    at.clamp(YEARS.0, YEARS.1)
}

fn years(months: i64) -> String {
    match (months / 12, months % 12) {
        (0, months) => counted(months, "month"),
        (years, 0) => counted(years, "year"),
        (years, months) => format!("{} {}", counted(years, "year"), counted(months, "month")),
    }
}

fn counted(n: i64, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// Returns the name of a month, counted from 0.
fn name(month: i64) -> &'static str {
    MONTHS[usize::try_from(month).unwrap_or_default()]
}

fn day(at: i64) -> String {
    let (year, month, day) = date(at);
    format!("{day} {} {year}", name(month))
}

/// Returns the year, the month from 0, and the day of a second of Unix time.
fn date(at: i64) -> (i64, i64, u8) {
    let at = OffsetDateTime::from_unix_timestamp(at.clamp(YEARS.0, YEARS.1))
        .expect("the years 1 to 9999 are dates");
    (i64::from(at.year()), i64::from(u8::from(at.month())) - 1, at.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        middle(&text.parse().unwrap())
    }

    #[test]
    fn the_unit_is_the_finest_that_leaves_few_rows() {
        let days = |n: i64, step: i64| -> Vec<i64> { (0..n).map(|i| i * step * DAY).collect() };
        assert_eq!(Unit::of(&[]), Unit::Day);
        assert_eq!(Unit::of(&days(24, 90)), Unit::Day, "time between the points takes no row");
        assert_eq!(Unit::of(&days(25, 1)), Unit::Week);
        assert_eq!(Unit::of(&days(300, 2)), Unit::Month);
        assert_eq!(Unit::of(&days(70, 30)), Unit::Quarter);
        assert_eq!(Unit::of(&days(300, 366)), Unit::Years(100));
        assert_eq!(Unit::of(&days(9000, 366)), Unit::Years(1000));
    }

    #[test]
    fn a_row_is_named_by_its_calendar_unit() {
        for (unit, time, label) in [
            (Unit::Day, "2024-08-03T20:47Z", "3 Aug 2024"),
            (Unit::Week, "2024-08-03Z", "29 Jul–4 Aug 2024"),
            (Unit::Week, "2024-11-11T00:00Z", "11–17 Nov 2024"),
            (Unit::Month, "2024-12-31T23:59Z", "Dec 2024"),
            (Unit::Quarter, "2024-08-03Z", "Jul–Sep 2024"),
            (Unit::Years(1), "2024-08-03Z", "2024"),
            (Unit::Years(10), "2024-08-03Z", "2020–2029"),
            (Unit::Day, "1969-12-31T12:00Z", "31 Dec 1969"),
        ] {
            assert_eq!(unit.label(unit.row(at(time))), label);
        }
    }

    #[test]
    fn bounds_that_no_row_holds_are_a_range() {
        let range = |text: &str| Unit::Week.range(&text.parse().unwrap());
        assert_eq!(range("2024-08-03"), None);
        assert_eq!(range("2024-07-29"), None, "a Monday without a zone");
        assert_eq!(range("2024-07-30/2024-07-31Z"), None);
        let wide = range("2025-02-24/2025-03-19").unwrap();
        assert_eq!((wide.last - wide.first, wide.open), (4, false));
        assert_eq!(range("2024-08").map(|range| range.open), Some(false));
        let until = range("../2024-08-03Z").unwrap();
        assert!(until.open && until.first == Unit::Week.row(at("2024-08-03Z")));
        assert_eq!(
            bounds(&"2025-02-24/2025-03-19".parse().unwrap()),
            ["24 Feb 2025 to", "19 Mar 2025"]
        );
        assert_eq!(bounds(&"../2025-03-19T10:00Z".parse().unwrap()), ["until 19 Mar 2025"]);
        assert_eq!(bounds(&"2019-08".parse().unwrap()), ["Aug 2019"]);
    }

    #[test]
    fn the_time_that_is_left_out_is_told_in_units_that_people_use() {
        for (unit, rows, length) in [
            (Unit::Day, 1, "1 day"),
            (Unit::Day, 91, "91 days"),
            (Unit::Week, 1, "1 week"),
            (Unit::Week, 258, "4 years 11 months"),
            (Unit::Month, 12, "1 year"),
            (Unit::Quarter, 2, "6 months"),
            (Unit::Years(10), 3, "30 years"),
        ] {
            assert_eq!(unit.length(rows), length, "{unit:?} {rows}");
        }
    }

    #[test]
    fn a_time_without_one_end_stands_at_the_other_and_no_time_leaves_the_calendar() {
        assert_eq!(at("../2024-08-03Z"), at("2024-08-04T00:00:00Z"));
        assert_eq!(at("2024-08-03/..Z"), at("2024-08-03T00:00:00Z"));
        assert_eq!(Unit::Years(1).label(Unit::Years(1).row(at("0001"))), "1");
        assert_eq!(Unit::Years(1).label(Unit::Years(1).row(at("9999-12-31"))), "9999");
    }

    #[test]
    fn a_brief_time_says_what_its_row_does_not_and_marks_its_zone() {
        let presumed = When::new("2024-08-03T20:47", Some("Z"), Some("ccadb.utc".parse().unwrap()));
        assert_eq!(Unit::Day.brief(&presumed.unwrap()), "3 Aug 20:47*");
        for (time, brief) in [
            ("2024-08-03T19:30:59Z", "3 Aug 19:30"),
            ("2024-08-03T19:30", "3 Aug 19:30?"),
            ("2024-08-03T19:30+02:00", "3 Aug 19:30+02:00"),
            ("2025-02-24/2025-03-19", "24 Feb–19 Mar"),
            ("../2025-03-19", "until 19 Mar"),
            ("2024", "2024"),
            ("2024-08", "Aug"),
        ] {
            assert_eq!(Unit::Week.brief(&time.parse().unwrap()), brief);
        }
        assert_eq!(Unit::Years(1).brief(&"2024-08-03".parse().unwrap()), "3 Aug 2024");
    }
}
