//! Instants, and *when* something occurred (FORMAT.md, "Names and times").
//!
//! An [`Instant`] is a second of UTC. A [`When`] is what a source says of a time, at the precision
//! the source has; it denotes a half-open [`Interval`]. Comparisons are between intervals.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Date, Month, PrimitiveDateTime, Time};

use crate::name::Kind;

/// Seconds in an hour.
const HOUR: i64 = 3600;
/// Seconds in a day.
const DAY: i64 = 24 * HOUR;

/// A text that is not a time of the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a time: {reason}")]
pub struct TimeError {
    /// The text that was found, cut at 80 characters.
    pub found: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn error(found: &str, reason: &'static str) -> TimeError {
    TimeError { found: found.chars().take(80).collect(), reason }
}

/// A second of UTC in the years 0001 to 9999, written `2026-11-22T00:08:41Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(i64);

impl Instant {
    /// Returns the instant `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// Fails outside the years 0001 to 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, TimeError> {
        match time::OffsetDateTime::from_unix_timestamp(seconds) {
            Ok(at) if (1..=9999).contains(&at.year()) => Ok(Self(seconds)),
            _ => Err(error(&seconds.to_string(), "the year is outside 0001 to 9999")),
        }
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z; negative before it.
    pub fn unix(self) -> i64 {
        self.0
    }
}

impl FromStr for Instant {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let local = text
            .strip_suffix('Z')
            .filter(|_| text.len() == 20)
            .ok_or_else(|| error(text, "an instant looks like 2026-11-22T00:08:41Z"))?;
        Ok(Self(span(local)?.0))
    }
}

impl TryFrom<String> for Instant {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.to_string()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = time::OffsetDateTime::from_unix_timestamp(self.0)
            .expect("an instant lies in the years 0001 to 9999");
        let (date, clock) = (at.date(), at.time());
        let text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second()
        );
        f.pad(&text)
    }
}

/// A half-open interval of seconds since 1970-01-01T00:00:00Z: `start <= t < end`.
///
/// An open side is [`Interval::EVER`]'s: `i64::MIN` for the start, `i64::MAX` for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first second that belongs to it, or `i64::MIN`.
    pub start: i64,
    /// The first second that no longer belongs to it, or `i64::MAX`.
    pub end: i64,
}

impl Interval {
    /// All of time.
    pub const EVER: Self = Self { start: i64::MIN, end: i64::MAX };

    /// Returns the one second that `instant` names.
    pub fn at(instant: Instant) -> Self {
        Self { start: instant.0, end: instant.0 + 1 }
    }

    /// Returns whether every second of this interval comes before every second of `other`.
    pub fn before(&self, other: &Self) -> bool {
        self.end <= other.start
    }

    /// Returns whether the two share a second.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Returns whether every second of this interval belongs to `other`.
    pub fn within(&self, other: &Self) -> bool {
        other.start <= self.start && self.end <= other.end
    }
}

/// When something occurred, as its source has it.
///
/// `{ "at": text, ? "zone": "Z" / "±hh:mm", ? "presumed": code }`, where `at` is a small subset of
/// ISO 8601-2: `2024`, `2024-08`, `2024-08-03`, `2024-08-03T20:47`, `2024-08-03T20:47:12`, a range
/// `A/B`, `../B` (not later than B) or `A/..` (not before A).
///
/// In JSON and TOML documents a text stands for the map: `2024-08-03T20:47Z` is `at` and `zone`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Members")]
pub struct When {
    at: String,
    zone: Option<String>,
    presumed: Option<Kind>,
    interval: Interval,
}

impl When {
    /// Returns the time that `at` denotes in `zone`, which `presumed` names the rule for if no
    /// source states it.
    ///
    /// # Errors
    ///
    /// Fails if `at` is not of the subset, names a date that does not exist or ends before it
    /// starts; if `zone` is `-00:00`, beyond 14:00 or not a multiple of 15 minutes; and if
    /// `presumed` stands without `zone`.
    pub fn new(at: &str, zone: Option<&str>, presumed: Option<Kind>) -> Result<Self, TimeError> {
        let local = interval(at)?;
        let interval = match zone {
            Some(zone) => {
                let offset = offset(zone)?;
                shift(local, offset, offset)
            }
            None if presumed.is_some() => {
                return Err(error(at, "`presumed` needs `zone`"));
            }
            // An unknown zone lies somewhere between UTC+14 and UTC-12.
            None => shift(local, 14 * HOUR, -12 * HOUR),
        };
        Ok(Self { at: at.to_owned(), zone: zone.map(str::to_owned), presumed, interval })
    }

    /// Returns the second `instant`, in UTC.
    pub fn from_instant(instant: Instant) -> Self {
        let text = instant.to_string();
        Self::new(text.trim_end_matches('Z'), Some("Z"), None)
            .expect("an instant is a time of the subset")
    }

    /// Returns the text as the source has it, without its zone.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// Returns the zone, `None` if it is unknown.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Returns the code of the rule that supplied the zone, `None` if the source states it.
    pub fn presumed(&self) -> Option<&Kind> {
        self.presumed.as_ref()
    }

    /// Returns the seconds that the time may mean.
    pub fn interval(&self) -> Interval {
        self.interval
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = match (self.zone.as_deref(), &self.presumed) {
            (None, _) if self.at.contains('T') => " (zone unknown)".to_owned(),
            (None, _) => String::new(),
            (Some("Z" | "+00:00"), None) => " UTC".to_owned(),
            (Some("Z" | "+00:00"), Some(_)) => " (zone presumed UTC)".to_owned(),
            (Some(zone), None) => format!(" UTC{zone}"),
            (Some(zone), Some(_)) => format!(" (zone presumed UTC{zone})"),
        };
        let at = self.at.replace('T', " ");
        let words = match at.split_once('/') {
            Some(("..", end)) => format!("not later than {end}"),
            Some((start, "..")) => format!("not before {start}"),
            Some((start, end)) => format!("{start} to {end}"),
            None => at,
        };
        f.pad(&format!("{words}{zone}"))
    }
}

/// The members of a [`When`] as they are signed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presumed: Option<Kind>,
}

/// A [`When`] as a document writes it: the map, or a text with its zone at the end.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Members(Members),
    Text(String),
}

impl From<When> for Members {
    fn from(when: When) -> Self {
        Self { at: when.at, zone: when.zone, presumed: when.presumed }
    }
}

impl TryFrom<Written> for When {
    type Error = TimeError;

    fn try_from(written: Written) -> Result<Self, TimeError> {
        match written {
            Written::Members(m) => Self::new(&m.at, m.zone.as_deref(), m.presumed),
            Written::Text(text) => text.parse(),
        }
    }
}

impl FromStr for When {
    type Err = TimeError;

    /// Parses `at` with its zone at the end, as in `2024-08-03T20:47+02:00`. In a range the zone
    /// stands once, at the very end.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Some(at) = text.strip_suffix('Z') {
            return Self::new(at, Some("Z"), None);
        }
        let tail = text.len().checked_sub(6).and_then(|at| text.split_at_checked(at));
        match tail {
            Some((at, zone))
                if zone.starts_with('+')
                    || (zone.starts_with('-') && zone.as_bytes()[3] == b':') =>
            {
                Self::new(at, Some(zone), None)
            }
            _ => Self::new(text, None, None),
        }
    }
}

/// Returns the seconds that an offset such as `+02:00` lies ahead of UTC.
fn offset(zone: &str) -> Result<i64, TimeError> {
    if zone == "Z" {
        return Ok(0);
    }
    let bytes = zone.as_bytes();
    if bytes.len() != 6 || bytes[3] != b':' || zone == "-00:00" {
        return Err(error(zone, "a zone is Z or ±hh:mm, and never -00:00"));
    }
    let sign = match bytes[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return Err(error(zone, "a zone is Z or ±hh:mm")),
    };
    let (hours, minutes) = (digits(&bytes[1..3]), digits(&bytes[4..6]));
    match (hours, minutes) {
        (Some(h), Some(m)) if m < 60 && m % 15 == 0 && h * 60 + m <= 14 * 60 => {
            Ok(sign * (h * HOUR + m * 60))
        }
        _ => Err(error(zone, "an offset is at most 14:00 and a multiple of 15 minutes")),
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

/// Returns the interval of `at`, read as if it were UTC.
fn interval(at: &str) -> Result<Interval, TimeError> {
    let (start, end) = match at.split_once('/') {
        None => span(at)?,
        Some(("..", "..")) => return Err(error(at, "a range has at least one end")),
        Some(("..", b)) => (i64::MIN, span(b)?.1),
        Some((a, "..")) => (span(a)?.0, i64::MAX),
        Some((a, b)) => (span(a)?.0, span(b)?.1),
    };
    if start < end {
        Ok(Interval { start, end })
    } else {
        Err(error(at, "its end is not after its start"))
    }
}

/// Moves an interval to UTC: its start by `ahead_start`, its end by `ahead_end`; open sides stay.
fn shift(local: Interval, ahead_start: i64, ahead_end: i64) -> Interval {
    let start = if local.start == i64::MIN { i64::MIN } else { local.start - ahead_start };
    let end = if local.end == i64::MAX { i64::MAX } else { local.end - ahead_end };
    Interval { start, end }
}

/// Returns the first second of a year, month, day, minute or second, and the first after it.
fn span(text: &str) -> Result<(i64, i64), TimeError> {
    let shape = || error(text, "a time looks like 2024, 2024-08, 2024-08-03, 2024-08-03T20:47");
    let bytes = text.as_bytes();
    let field = |range: std::ops::Range<usize>| bytes.get(range).and_then(digits).ok_or_else(shape);
    let mark = |at: usize, b: u8| {
        if bytes.get(at) == Some(&b) { Ok(()) } else { Err(shape()) }
    };
    let year = field(0..4)?;
    if bytes.len() == 4 {
        return Ok((midnight(text, year, 1, 1)?, midnight(text, year + 1, 1, 1)?));
    }
    mark(4, b'-')?;
    let month = field(5..7)?;
    if bytes.len() == 7 {
        let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        return Ok((midnight(text, year, month, 1)?, midnight(text, next.0, next.1, 1)?));
    }
    mark(7, b'-')?;
    let day = midnight(text, year, month, field(8..10)?)?;
    if bytes.len() == 10 {
        return Ok((day, day + DAY));
    }
    mark(10, b'T')?;
    mark(13, b':')?;
    let (hour, minute) = (field(11..13)?, field(14..16)?);
    let (second, length) = match bytes.len() {
        16 => (0, 60),
        19 => {
            mark(16, b':')?;
            (field(17..19)?, 1)
        }
        _ => return Err(shape()),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(error(text, "that time of day does not exist"));
    }
    let start = day + hour * HOUR + minute * 60 + second;
    Ok((start, start + length))
}

/// Returns the seconds from the epoch to the start of a day; year 10000 only as an end.
fn midnight(text: &str, year: i64, month: i64, day: i64) -> Result<i64, TimeError> {
    let missing = || error(text, "that date does not exist");
    if year == 0 {
        return Err(error(text, "the year is outside 0001 to 9999"));
    }
    if (year, month, day) == (10_000, 1, 1) {
        return Ok(midnight(text, 9999, 12, 31)? + DAY);
    }
    let narrow = |n: i64| u8::try_from(n).map_err(|_| missing());
    let month = Month::try_from(narrow(month)?).map_err(|_| missing())?;
    let year = i32::try_from(year).map_err(|_| missing())?;
    let date = Date::from_calendar_date(year, month, narrow(day)?).map_err(|_| missing())?;
    Ok(PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(at: &str) -> Interval {
        When::new(at, Some("Z"), None).unwrap().interval()
    }

    #[test]
    fn an_instant_is_read_and_written_alike() {
        let text = "2024-08-03T20:47:12Z";
        assert_eq!(text.parse::<Instant>().unwrap().to_string(), text);
        for bad in [
            "2024-08-03T20:47:12",
            "2024-08-03T20:47Z",
            "2024-02-30T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2024-08-03T24:00:00Z",
            "2024-08-03T23:59:60Z",
            "2024-08-03 20:47:12Z",
            "",
            "+024-08-03T20:47:12Z",
        ] {
            assert!(bad.parse::<Instant>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_precision_denotes_its_own_length() {
        for (at, seconds) in [
            ("2024", 366 * DAY),
            ("2024-02", 29 * DAY),
            ("2024-08-03", DAY),
            ("2024-08-03T20:47", 60),
            ("2024-08-03T20:47:12", 1),
            ("2024-08-03/2024-08-05", 3 * DAY),
            ("9999", 365 * DAY),
        ] {
            let interval = utc(at);
            assert_eq!(interval.end - interval.start, seconds, "{at}");
        }
        assert_eq!(utc("../2024").start, i64::MIN);
        assert_eq!(utc("2024/..").end, i64::MAX);
    }

    #[test]
    fn an_unknown_zone_widens_the_interval() {
        let known = utc("2024-08-03T20:47");
        let unknown = When::new("2024-08-03T20:47", None, None).unwrap().interval();
        assert_eq!((known.start - unknown.start, unknown.end - known.end), (14 * HOUR, 12 * HOUR));
        let east = When::new("2024-08-03T20:47", Some("+02:00"), None).unwrap().interval();
        assert_eq!(known.start - east.start, 2 * HOUR);
    }

    #[test]
    fn what_the_grammar_refuses_is_refused() {
        for bad in [
            "2024-13",
            "2024-02-30",
            "2024-8-3",
            "2024-08-03T20",
            "../..",
            "2024/2023",
            "2024-08-03T20:60",
            "",
            "2024-08-03/",
            "20240803",
            "2024-08-03T20:47Z",
            "２０２４",
        ] {
            assert!(When::new(bad, Some("Z"), None).is_err(), "{bad}");
        }
        for bad in ["-00:00", "+14:15", "+01:10", "z", "+1:00", "", "+15:00", "+-1:00"] {
            assert!(When::new("2024", Some(bad), None).is_err(), "{bad}");
        }
        assert!(When::new("2024", None, Some("rule".parse().unwrap())).is_err());
    }

    #[test]
    fn a_time_is_shown_in_words() {
        for (at, zone, text) in [
            ("2024-08-03T20:47", Some("Z"), "2024-08-03 20:47 UTC"),
            ("2024-08-03T20:47", Some("+02:00"), "2024-08-03 20:47 UTC+02:00"),
            ("2024-08-03T20:47", None, "2024-08-03 20:47 (zone unknown)"),
            ("2024-08-03", None, "2024-08-03"),
            ("../2024-08", None, "not later than 2024-08"),
            ("2024/..", None, "not before 2024"),
            ("2024-08-03/2024-08-05", None, "2024-08-03 to 2024-08-05"),
        ] {
            assert_eq!(When::new(at, zone, None).unwrap().to_string(), text);
        }
        let rule = "ccadb.timeline_utc".parse().unwrap();
        let presumed = When::new("2024-08-03T20:47", Some("Z"), Some(rule)).unwrap();
        assert_eq!(presumed.to_string(), "2024-08-03 20:47 (zone presumed UTC)");
    }

    #[test]
    fn a_document_may_write_a_time_as_one_text() {
        for (text, at, zone) in [
            ("2024-08-03T20:47Z", "2024-08-03T20:47", Some("Z")),
            ("2024-08-03T20:47-07:00", "2024-08-03T20:47", Some("-07:00")),
            ("2024-08-03", "2024-08-03", None),
            ("2024-08-03T20:47:12", "2024-08-03T20:47:12", None),
            ("../2024-08-03Z", "../2024-08-03", Some("Z")),
        ] {
            let when: When = serde_json::from_value(text.into()).unwrap();
            assert_eq!((when.at(), when.zone()), (at, zone), "{text}");
        }
    }
}
