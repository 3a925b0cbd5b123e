//! The forms in which dates, times of day and zones are written.

use super::token::{Kind, Token};

/// A date as written; what it leaves out is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenDate {
    /// The year, if it is written.
    pub year: Option<i32>,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, if it is written.
    pub day: Option<u8>,
    /// The day of the week, from 0 for Monday, if it is written.
    pub weekday: Option<u8>,
    /// Whether day and month might also be the other way round.
    pub ambiguous: bool,
}

/// A time of day as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenTime {
    /// 0 to 24.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59, if written.
    pub second: Option<u8>,
}

/// When clocks are put forward where a zone is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summer {
    /// In Europe: last Sunday of March to last Sunday of October.
    Europe,
    /// In North America: second Sunday of March to first Sunday of November.
    America,
}

/// A zone as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrittenZone {
    /// So many minutes ahead of UTC.
    Offset(i32),
    /// The name of a standard time, which is often written in summer too.
    Standard(i32, Summer),
    /// A name that means several offsets.
    Unclear,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Returns the number of the month that `token` names, whole or by three or four letters.
pub(crate) fn month(token: &Token<'_>) -> Option<u8> {
    named(token, &MONTHS).filter(|_| {
        // "may" and "mar" are words of their own; as months they begin with a capital.
        token.text.starts_with(char::is_uppercase) || token.text.len() > 3
    })
}

/// Returns the day of the week that `token` names, from 0 for Monday.
pub(crate) fn weekday(token: &Token<'_>) -> Option<u8> {
    let found = named(token, &WEEKDAYS)?;
    token.text.starts_with(char::is_uppercase).then_some(found - 1)
}

fn named(token: &Token<'_>, names: &[&str]) -> Option<u8> {
    let text = token.text;
    if token.kind != Kind::Word || !text.is_ascii() || !(3..=9).contains(&text.len()) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let at = names.iter().position(|name| {
        *name == lower || (lower.len() <= 5 && name.len() > lower.len() && name.starts_with(&lower))
    })?;
    u8::try_from(at + 1).ok()
}

/// Reads tokens from a place on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a, 't> {
    tokens: &'t [Token<'a>],
    /// The index of the next token.
    pub at: usize,
}

impl<'a, 't> Cursor<'a, 't> {
    /// Returns a cursor at the token with index `at`.
    pub(crate) fn new(tokens: &'t [Token<'a>], at: usize) -> Self {
        Self { tokens, at }
    }

    /// Returns the token `ahead` of the next one.
    pub(crate) fn peek(&self, ahead: usize) -> Option<&'t Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    /// Returns the last token read.
    pub(crate) fn last(&self) -> Option<&'t Token<'a>> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at))
    }

    fn number(&self, ahead: usize) -> Option<(u32, u8)> {
        match self.peek(ahead)?.kind {
            Kind::Number(value, digits) => Some((value, digits)),
            _ => None,
        }
    }

    fn joined(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|token| !token.spaced)
    }

    fn mark(&self, ahead: usize) -> Option<char> {
        match self.peek(ahead)?.kind {
            Kind::Mark(mark) => Some(mark),
            _ => None,
        }
    }

    /// Steps over the next token if `test` holds for it.
    pub(crate) fn skip(&mut self, test: impl Fn(&Token<'a>) -> bool) -> bool {
        let found = self.peek(0).is_some_and(test);
        self.at += usize::from(found);
        found
    }

    /// Reads a date, with the day of the week before it.
    pub(crate) fn date(&mut self) -> Option<WrittenDate> {
        let begin = self.at;
        let mut day = self.peek(0).and_then(weekday);
        if day.is_some() {
            self.at += 1;
            self.skip(|t| t.is_mark('.'));
            self.skip(|t| t.is_mark(','));
        }
        self.skip(|t| t.is("the"));
        let found = self.numeric().or_else(|| self.in_words());
        let Some(mut date) = found else {
            self.at = begin;
            return None;
        };
        if day.is_none() {
            let named = self.peek(1).and_then(weekday);
            let around = self.mark(0) == Some('(') && self.mark(2) == Some(')');
            if around && named.is_some() {
                day = named;
                self.at += 3;
            }
        }
        date.weekday = day;
        Some(date)
    }

    /// Reads a date written in numbers alone, or with the name of the month between hyphens.
    fn numeric(&mut self) -> Option<WrittenDate> {
        let (first, digits) = self.number(0)?;
        if digits == 8 {
            let date = written(first / 10_000, first / 100 % 100, first % 100)?;
            let alone = !self.joined(1) || self.mark(1).is_some();
            return alone.then(|| self.step(1, date));
        }
        if digits == 4 && self.peek(1)?.spaced && self.peek(2)?.spaced {
            let ((month, 2), (day, 2)) = (self.number(1)?, self.number(2)?) else { return None };
            let date = written(first, month, day)?;
            return Some(self.step(3, date));
        }
        let mark = self.mark(1).filter(|m| matches!(m, '-' | '/' | '.' | '‐' | '‑' | '–'))?;
        if !(self.joined(1) && self.joined(2) && self.joined(3) && self.mark(3) == Some(mark)) {
            return None;
        }
        if !self.joined(4) {
            return None;
        }
        let last = self.number(4)?;
        if let Some(name) = self.peek(2).and_then(month) {
            let (year, day) = if digits == 4 { (first, last.0) } else { (last.0, first) };
            let date = written(year, u32::from(name), day)?;
            return Some(self.step(5, date));
        }
        let (middle, width) = self.number(2)?;
        if width > 2 {
            return None;
        }
        if digits == 4 && last.1 <= 2 {
            let date = written(first, middle, last.0)?;
            return Some(self.step(5, date));
        }
        let goes_on = self.mark(5) == Some('.') && self.joined(5) && self.joined(6);
        if digits > 2 || last.1 != 4 || (goes_on && self.number(6).is_some()) {
            return None;
        }
        // 3.10.2024 is written where the day comes first; with slashes both orders are in use.
        let either = mark != '.' && first <= 12 && middle <= 12 && first != middle;
        let turned = mark != '.' && middle > 12;
        let (day, month) = if turned { (middle, first) } else { (first, middle) };
        let date = written(last.0, month, day)?;
        Some(self.step(5, WrittenDate { ambiguous: either, ..date }))
    }

    fn step(&mut self, tokens: usize, date: WrittenDate) -> WrittenDate {
        self.at += tokens;
        date
    }

    /// Reads a date with the name of the month in it.
    fn in_words(&mut self) -> Option<WrittenDate> {
        let begin = self.at;
        let found = if let Some(name) = self.peek(0).and_then(month) {
            self.at += 1;
            self.skip(|t| t.is_mark('.'));
            self.skip(|t| t.is("the"));
            self.after_month(name)
        } else {
            self.before_month()
        };
        if found.is_none() {
            self.at = begin;
        }
        found
    }

    fn after_month(&mut self, month: u8) -> Option<WrittenDate> {
        if let Some((year, 4)) = self.number(0) {
            let date = written(year, month.into(), 1)?;
            self.at += 1;
            return Some(WrittenDate { day: None, ..date });
        }
        let day = self.day_of_month()?;
        let year = self.year();
        partial(year, month, day)
    }

    fn before_month(&mut self) -> Option<WrittenDate> {
        let day = self.day_of_month()?;
        self.skip(|t| t.is("of"));
        self.skip(|t| t.is_mark('-') || (t.is_mark('.') && !t.spaced));
        let month = self.peek(0).and_then(month)?;
        self.at += 1;
        self.skip(|t| t.is_mark('.'));
        let year = self.year();
        partial(year, month, day)
    }

    fn day_of_month(&mut self) -> Option<u8> {
        let (day, 1..=2) = self.number(0)? else { return None };
        self.at += 1;
        if self.joined(0) {
            self.skip(|t| t.is_any(&["st", "nd", "rd", "th"]));
        }
        u8::try_from(day).ok()
    }

    fn year(&mut self) -> Option<u32> {
        // "July 29. 2024" is a slip for a comma; after a sentence's end comes no year.
        let dot = self.mark(0) == Some('.') && self.joined(0);
        let comma = usize::from(dot || matches!(self.mark(0), Some(',' | '-')));
        let (year, 4) = self.number(comma)? else { return None };
        // 2030 after a date may also be a time of day, but hardly ever is one.
        let goes_on = dot && self.mark(2) == Some('.') && self.joined(2) && self.joined(3);
        ((1990..=2099).contains(&year) && !goes_on).then(|| {
            self.at += comma + 1;
            year
        })
    }

    /// Reads a time of day.
    pub(crate) fn time(&mut self) -> Option<WrittenTime> {
        let begin = self.at;
        let found = self.clock();
        if found.is_none() {
            self.at = begin;
        }
        found
    }

    fn clock(&mut self) -> Option<WrittenTime> {
        let (first, digits) = self.number(0)?;
        if digits == 4 && first < 2400 && first % 100 < 60 {
            let named =
                self.peek(1).is_some_and(|t| t.is_any(&["utc", "gmt", "z", "hrs", "hours"]));
            let time = plain(first / 100, first % 100, None)?;
            return named.then(|| {
                self.at += 1;
                self.skip(|t| t.is_any(&["hrs", "hours"]));
                time
            });
        }
        if digits > 2 {
            return None;
        }
        self.at += 1;
        let mut minute = 0;
        let mut second = None;
        let mark = self.mark(0).filter(|_| self.joined(0) && self.joined(1));
        let two = self.number(1).filter(|(value, digits)| *digits == 2 && *value < 60);
        match (mark, two) {
            (Some(':' | '：'), Some((value, _))) => {
                minute = value;
                self.at += 2;
                let next = self.number(1).filter(|(value, digits)| *digits == 2 && *value < 60);
                if let Some((value, _)) = next
                    && self.mark(0) == Some(':')
                    && self.joined(0)
                    && self.joined(1)
                {
                    second = u8::try_from(value).ok();
                    self.at += 2;
                    if self.mark(0) == Some('.') && self.joined(1) && self.number(1).is_some() {
                        self.at += 2;
                    }
                }
                let half = self.half();
                return plain(turned(first, half)?, minute, second);
            }
            (Some('.'), Some((value, _))) => {
                self.at += 2;
                minute = value;
            }
            _ if self.peek(0).is_some_and(|t| t.is("h") && !t.spaced) => {
                self.at += 1;
                if let Some((value, 2)) = self.number(0).filter(|_| self.joined(0)) {
                    minute = value;
                    self.at += 1;
                }
            }
            _ => {}
        }
        // Without a colon only the half of the day or a zone shows that it is a time.
        let half = self.half();
        let shown = half.is_some() || self.peek(0).is_some_and(|t| t.is_any(&["utc", "gmt"]));
        let time = plain(turned(first, half)?, minute, second)?;
        shown.then_some(time)
    }

    /// Reads `am` or `pm`, and returns whether it is the afternoon.
    fn half(&mut self) -> Option<bool> {
        let token = self.peek(0)?;
        if token.is("am") || token.is("pm") {
            self.at += 1;
            return Some(token.is("pm"));
        }
        let dotted = (token.is("a") || token.is("p"))
            && self.mark(1) == Some('.')
            && self.peek(2).is_some_and(|t| t.is("m"));
        dotted.then(|| {
            self.at += 3;
            self.skip(|t| t.is_mark('.'));
            token.is("p")
        })
    }

    /// Reads a zone. `seconds` says that a time to the second stands before it, after which a
    /// hyphen begins an offset, not a range.
    pub(crate) fn zone(&mut self, seconds: bool) -> Option<WrittenZone> {
        let begin = self.at;
        let around = self.skip(|t| t.is_mark('('));
        let found = self.bare_zone(seconds);
        let closed = !around || self.skip(|t| t.is_mark(')'));
        if found.is_none() || !closed {
            self.at = begin;
            return None;
        }
        found
    }

    fn bare_zone(&mut self, seconds: bool) -> Option<WrittenZone> {
        let token = *self.peek(0)?;
        if token.is_any(&["utc", "gmt", "zulu"]) || (token.text == "Z" && !token.spaced) {
            self.at += 1;
            let sign = self.mark(0).filter(|m| matches!(m, '+' | '-' | '−' | '±'));
            return Some(match sign.and_then(|_| self.offset()) {
                Some(minutes) => WrittenZone::Offset(minutes),
                None => WrittenZone::Offset(0),
            });
        }
        if let Some(sign) = self.mark(0) {
            let minus = seconds && matches!(sign, '-' | '−') && !token.spaced;
            return (sign == '+' || minus)
                .then(|| self.offset())
                .flatten()
                .map(WrittenZone::Offset);
        }
        let zone = zone_named(token.text)?;
        self.at += 1;
        Some(zone)
    }

    /// Reads a sign and an offset: `+8`, `+08:00`, `+0800`.
    fn offset(&mut self) -> Option<i32> {
        let begin = self.at;
        let negative = matches!(self.mark(0), Some('-' | '−'));
        let (value, digits) = self.number(1).filter(|_| self.joined(1))?;
        let (mut hours, mut minutes) =
            if digits == 4 { (value / 100, value % 100) } else { (value, 0) };
        self.at += 2;
        if digits <= 2
            && self.mark(0) == Some(':')
            && self.joined(1)
            && let Some((value, 2)) = self.number(1)
        {
            minutes = value;
            self.at += 2;
        }
        if hours > 14 || minutes % 15 != 0 || minutes > 59 || hours * 60 + minutes > 14 * 60 {
            self.at = begin;
            return None;
        }
        hours = hours * 60 + minutes;
        i32::try_from(hours).ok().map(|m| if negative { -m } else { m })
    }
}

/// Returns the zone that an abbreviation names.
pub(crate) fn zone_named(name: &str) -> Option<WrittenZone> {
    use Summer::{America, Europe};
    use WrittenZone::{Offset, Standard, Unclear};
    let hours = |h: i32| Some(Offset(h * 60));
    match name {
        "WET" => Some(Standard(0, Europe)),
        "CET" | "MET" | "MEZ" => Some(Standard(60, Europe)),
        "EET" => Some(Standard(120, Europe)),
        "EST" => Some(Standard(-5 * 60, America)),
        "MST" => Some(Standard(-7 * 60, America)),
        "PST" => Some(Standard(-8 * 60, America)),
        "WEST" => hours(1),
        "CEST" | "MEST" | "MESZ" => hours(2),
        "EEST" | "TRT" | "MSK" => hours(3),
        "EDT" => hours(-4),
        "CDT" => hours(-5),
        "MDT" => hours(-6),
        "PDT" => hours(-7),
        "HKT" | "SGT" => hours(8),
        "JST" | "KST" => hours(9),
        // Central or China, India or Israel or Ireland, British or Bangladesh; and the American
        // zones without their season.
        "CST" | "IST" | "BST" | "ET" | "CT" | "MT" | "PT" | "AST" => Some(Unclear),
        _ => None,
    }
}

fn turned(hour: u32, afternoon: Option<bool>) -> Option<u32> {
    match afternoon {
        None => Some(hour),
        Some(_) if !(1..=12).contains(&hour) => (hour <= 23).then_some(hour),
        Some(pm) => Some(hour % 12 + if pm { 12 } else { 0 }),
    }
}

fn plain(hour: u32, minute: u32, second: Option<u8>) -> Option<WrittenTime> {
    let hour = u8::try_from(hour).ok().filter(|hour| *hour <= 24)?;
    let minute = u8::try_from(minute).ok().filter(|minute| *minute < 60)?;
    let past = hour == 24 && (minute > 0 || second.is_some_and(|second| second > 0));
    (!past).then_some(WrittenTime { hour, minute, second })
}

fn written(year: u32, month: u32, day: u32) -> Option<WrittenDate> {
    let year = i32::try_from(year).ok().filter(|year| (1990..=2099).contains(year))?;
    partial(Some(u32::try_from(year).ok()?), u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

fn partial(year: Option<u32>, month: u8, day: u8) -> Option<WrittenDate> {
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(WrittenDate {
        year: year.and_then(|year| i32::try_from(year).ok()),
        month,
        day: Some(day),
        weekday: None,
        ambiguous: false,
    })
}
