//! Times as people write them become a [`When`]: dates in many forms, times of day, zones, ranges.
//!
//! What a text leaves open stays open: a time without a zone has none, unless the [`Setting`] names
//! the rule that supplies one; a date without a year needs the instant of publication; and a date
//! that can be read in two ways is refused with a reason.

mod grammar;
pub(crate) mod period;
pub(crate) mod token;

use tally_ledger::name::Kind as RuleName;
use tally_ledger::time::{Instant, When};
use time::{Date, Duration, Month, OffsetDateTime, Weekday};

pub(crate) use grammar::{Cursor, month, weekday};
use grammar::{Summer, WrittenDate, WrittenTime, WrittenZone, zone_named};
use token::{Token, tokens};

/// A time read from a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The time, at the precision in which it is written.
    pub when: When,
    /// Where it stands in the text.
    pub span: [usize; 2],
    /// Whether it is said to be approximate.
    pub about: bool,
    /// Whether a day of the week stands beside a date that falls on another one.
    pub weekday_differs: bool,
}

/// A time that is written, but cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// Where it stands in the text.
    pub span: [usize; 2],
    /// Why it cannot be told.
    pub why: &'static str,
}

/// What supplies the zone of a time that states none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Zone {
    /// Nothing: it is unknown.
    #[default]
    Unknown,
    /// The text says so elsewhere: `Z` or an offset.
    Stated(String),
    /// The text names it elsewhere by an abbreviation, such as `CET`.
    Named(String),
    /// A rule, by its code: `Z` or an offset.
    Presumed(String, RuleName),
}

/// Which year a date without one belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Toward {
    /// The one nearest to the publication.
    #[default]
    Nearest,
    /// The next one after the publication.
    Future,
}

/// What is known around a time, and fills in what it leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setting {
    /// The zone of times that state none.
    pub zone: Zone,
    /// The date of times of day that stand without one.
    pub day: Option<Date>,
    /// When the text was published.
    pub published: Option<Instant>,
    /// Which year to choose for a date without one.
    pub toward: Toward,
}

/// Finds the times in `text`, in order. A time of day without a date counts only where the setting
/// has one.
pub fn find(text: &str, setting: &Setting) -> Vec<Result<Moment, Unclear>> {
    find_in(&tokens(text), setting)
}

/// Finds the times among `tokens`.
pub(crate) fn find_in(tokens: &[Token<'_>], setting: &Setting) -> Vec<Result<Moment, Unclear>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match moment(tokens, at, setting) {
            Some((result, next)) => {
                found.push(result);
                at = next.max(at + 1);
            }
            None => at += 1,
        }
    }
    found
}

/// Returns the first time in `text`, which is a cell or a field that holds little else. Months,
/// quarters and years count here too.
pub fn first(text: &str, setting: &Setting) -> Option<Result<Moment, Unclear>> {
    let tokens = tokens(text);
    if let Some(found) = (0..tokens.len()).find_map(|at| moment(&tokens, at, setting)) {
        return Some(found.0);
    }
    (0..tokens.len()).find_map(|at| {
        let (at_text, next) = period::period(&tokens, at)?;
        Some(finish(&at_text, [tokens[at].start, tokens[next - 1].end()], setting))
    })
}

/// Returns the zone that a text such as "All times are UTC+8" or "Time (CET)" names for others.
pub(crate) fn zone_of(text: &str) -> Option<Zone> {
    let tokens = tokens(text);
    (0..tokens.len()).find_map(|at| match Cursor::new(&tokens, at).zone(false)? {
        WrittenZone::Offset(minutes) => Some(Zone::Stated(offset(minutes))),
        WrittenZone::Standard(..) | WrittenZone::Unclear => {
            let name = tokens[at..].iter().find(|token| token.kind == token::Kind::Word)?;
            Some(Zone::Named(name.text.to_owned()))
        }
    })
}

/// One end of a range, or a time that is none.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    date: Option<WrittenDate>,
    time: Option<WrittenTime>,
    zone: Option<WrittenZone>,
    about: bool,
}

/// Reads a time that begins at the token with index `at`, and returns the index after it.
pub(crate) fn moment(
    tokens: &[Token<'_>],
    at: usize,
    setting: &Setting,
) -> Option<(Result<Moment, Unclear>, usize)> {
    let mut cursor = Cursor::new(tokens, at);
    let start = tokens.get(at)?.start;
    // A number that goes on before this token is none of its own.
    if at > 0 && !tokens[at].spaced && is_glued(&tokens[at - 1]) {
        return None;
    }
    let first = written(&mut cursor)?;
    let after = cursor;
    let second = range_end(&mut cursor, &first);
    if second.is_none() {
        cursor = after;
    }
    if first.date.is_none() && second.as_ref().is_none_or(|end| end.date.is_none()) {
        // A time of day alone.
        setting.day?;
    }
    let span = [start, cursor.last()?.end()];
    Some((resolve(&first, second.as_ref(), span, setting), cursor.at))
}

/// Returns whether a number after `token`, without a space, is part of a longer name such as
/// `v2.0` or `#12`.
fn is_glued(token: &Token<'_>) -> bool {
    use token::Kind::{Mark, Number, Word};
    match token.kind {
        Number(..) => true,
        Word => !token.is_any(&["t", "on", "at", "by", "am", "pm"]),
        Mark(mark) => matches!(mark, '.' | '/' | '#' | '=' | '_' | '-' | '+' | '0' | ':' | '%'),
    }
}

/// Reads a date with a time, a time with a date, a date, or a time.
fn written(cursor: &mut Cursor<'_, '_>) -> Option<Written> {
    let mut found = Written { about: about(cursor), ..Written::default() };
    if let Some(date) = cursor.date() {
        found.date = Some(date);
        let after = *cursor;
        connect(cursor);
        found.about |= about(cursor);
        if let Some(time) = cursor.time() {
            found.time = Some(time);
            found.zone = cursor.zone(time.second.is_some());
            cursor.skip(|t| t.is_mark(')'));
        } else {
            *cursor = after;
            found.zone = cursor.zone(false);
        }
        return Some(found);
    }
    let time = cursor.time()?;
    found.time = Some(time);
    found.zone = cursor.zone(time.second.is_some());
    let after = *cursor;
    cursor.skip(|t| t.is_mark(','));
    cursor.skip(|t| t.is_any(&["on", "of"]));
    found.date = cursor.date();
    if found.date.is_none() {
        *cursor = after;
    } else if found.zone.is_none() {
        found.zone = cursor.zone(false);
    }
    Some(found)
}

/// Steps over what stands between a date and its time of day.
fn connect(cursor: &mut Cursor<'_, '_>) {
    if cursor.peek(0).is_some_and(|t| t.is("T") && !t.spaced) {
        cursor.skip(|_| true);
        return;
    }
    let mark = |t: &Token<'_>| {
        [',', ';', '-', '–', '—', ':', '(', '@', '|'].iter().any(|mark| t.is_mark(*mark))
    };
    // A line's end is no connection: the next line begins something new.
    if cursor.peek(0).is_some_and(|t| t.broken) {
        return;
    }
    if cursor.skip(mark) && cursor.peek(0).is_some_and(|t| t.broken) {
        return;
    }
    cursor.skip(|t| t.is("at"));
}

/// Steps over words that make a time approximate.
fn about(cursor: &mut Cursor<'_, '_>) -> bool {
    let found = cursor.skip(|t| t.is_mark('~'))
        || cursor
            .skip(|t| t.is_any(&["approximately", "approx", "around", "about", "circa", "ca"]));
    if found {
        cursor.skip(|t| t.is_mark('.'));
    }
    found
}

/// Reads the end of a range, if one follows.
fn range_end(cursor: &mut Cursor<'_, '_>, first: &Written) -> Option<Written> {
    let joined = cursor.skip(|t| {
        !t.broken && (t.is_mark('-') || t.is_mark('–') || t.is_mark('—') || t.is_mark('/'))
    }) || cursor.skip(|t| t.is_any(&["to", "until", "till", "through", "thru"]));
    if !joined || cursor.peek(0).is_some_and(|t| t.broken) {
        return None;
    }
    let end = written(cursor)?;
    let plausible = match (end.date, end.time) {
        // 2024-08-01 - 10:30 has been read as a date and its time already.
        (None, Some(_)) => first.time.is_some(),
        (Some(_), _) => first.date.is_some(),
        (None, None) => false,
    };
    plausible.then_some(end)
}

/// A local time at the precision in which it is written.
#[derive(Debug, Clone, Copy)]
struct Local {
    date: Date,
    /// Whether the day is written, not the month alone.
    daily: bool,
    time: Option<WrittenTime>,
}

impl Local {
    fn text(&self) -> String {
        let (year, month) = (self.date.year(), u8::from(self.date.month()));
        if !self.daily {
            return format!("{year:04}-{month:02}");
        }
        let day = self.date.day();
        let date = format!("{year:04}-{month:02}-{day:02}");
        match self.time {
            None => date,
            Some(WrittenTime { hour, minute, second: None }) => {
                format!("{date}T{hour:02}:{minute:02}")
            }
            Some(WrittenTime { hour, minute, second: Some(second) }) => {
                format!("{date}T{hour:02}:{minute:02}:{second:02}")
            }
        }
    }
}

/// Fills in what is left out, and makes the time.
fn resolve(
    first: &Written,
    second: Option<&Written>,
    span: [usize; 2],
    setting: &Setting,
) -> Result<Moment, Unclear> {
    let unclear = |why| Unclear { span, why };
    let end_date = second.and_then(|end| end.date);
    if first.date.is_some_and(|d| d.ambiguous) || end_date.is_some_and(|d| d.ambiguous) {
        return Err(unclear("day and month may be either way round"));
    }
    // "15 September to 8 October 2023": the year stands at the end alone.
    let year = end_date.and_then(|date| date.year);
    let (start, differs) = local(first, setting, year, None).map_err(unclear)?;
    let mut at = start.text();
    let mut zone = first.zone;
    let mut differs = differs;
    if let Some(end) = second {
        let (mut last, odd) = local(end, setting, None, Some(start.date)).map_err(unclear)?;
        differs |= odd;
        let earlier = end.date.is_none() && last.text() < start.text();
        if earlier {
            // "23:10 to 01:30" ends on the next day.
            last.date = last.date.next_day().ok_or_else(|| unclear("that date does not exist"))?;
        }
        if zone.is_some() && end.zone.is_some() && zone != end.zone {
            return Err(unclear("a range with two zones"));
        }
        zone = zone.or(end.zone);
        at = format!("{at}/{}", last.text());
    }
    let mut moment = finish_zoned(&at, zone, &start, second.is_some(), span, setting)?;
    moment.about = first.about || second.is_some_and(|end| end.about);
    moment.weekday_differs = differs;
    Ok(moment)
}

/// Returns the local time, and whether its day of the week is another one than is written.
fn local(
    written: &Written,
    setting: &Setting,
    year: Option<i32>,
    day: Option<Date>,
) -> Result<(Local, bool), &'static str> {
    let mut time = written.time;
    let (mut date, daily, weekday) = match written.date {
        None => (day.or(setting.day).ok_or("a time of day without a date")?, true, None),
        Some(w) => {
            let daily = w.day.is_some();
            let year = w.year.or(year).or(day.map(Date::year).filter(|_| w.year.is_none()));
            (calendar(&w, year, setting)?, daily, w.weekday)
        }
    };
    if let Some(t) = &mut time
        && t.hour == 24
    {
        t.hour = 0;
        date = date.next_day().ok_or("that date does not exist")?;
    }
    let differs =
        weekday.is_some_and(|day| daily && date.weekday().number_days_from_monday() != day);
    Ok((Local { date, daily, time }, differs))
}

/// Returns the date, with the year that is meant if none is written.
fn calendar(
    written: &WrittenDate,
    year: Option<i32>,
    setting: &Setting,
) -> Result<Date, &'static str> {
    let month = Month::try_from(written.month).map_err(|_| "that date does not exist")?;
    let day = written.day.unwrap_or(1);
    let make = |year| Date::from_calendar_date(year, month, day).ok();
    if let Some(year) = year {
        return make(year).ok_or("that date does not exist");
    }
    let published = setting.published.and_then(day_of).ok_or("a date without a year")?;
    let near = |year: &i32| make(*year).map(|date| (date - published).whole_days());
    let years = [published.year() - 1, published.year(), published.year() + 1];
    let chosen = match setting.toward {
        Toward::Nearest => {
            years.iter().filter(|y| near(y).is_some()).min_by_key(|y| near(y).map(i64::abs))
        }
        // A day earlier than the publication in UTC may still be the same day elsewhere.
        Toward::Future => years.iter().find(|y| near(y).is_some_and(|days| days >= -1)),
    };
    chosen.and_then(|year| make(*year)).ok_or("that date does not exist")
}

/// Returns the day of `instant` in UTC.
pub(crate) fn day_of(instant: Instant) -> Option<Date> {
    OffsetDateTime::from_unix_timestamp(instant.unix()).ok().map(OffsetDateTime::date)
}

/// Makes the time of `at`, whose zone is the setting's; a zone named by an abbreviation is not.
fn finish(at: &str, span: [usize; 2], setting: &Setting) -> Result<Moment, Unclear> {
    let (zone, rule) = match &setting.zone {
        Zone::Unknown | Zone::Named(_) => (None, None),
        Zone::Stated(zone) => (Some(zone.as_str()), None),
        Zone::Presumed(zone, rule) => (Some(zone.as_str()), Some(rule.clone())),
    };
    let when =
        When::new(at, zone, rule).map_err(|_| Unclear { span, why: "that time does not exist" })?;
    Ok(Moment { when, span, about: false, weekday_differs: false })
}

/// Makes the time of `at` in the zone that is written, else in the setting's.
fn finish_zoned(
    at: &str,
    zone: Option<WrittenZone>,
    start: &Local,
    ranges: bool,
    span: [usize; 2],
    setting: &Setting,
) -> Result<Moment, Unclear> {
    let elsewhere = match &setting.zone {
        Zone::Named(name) => zone_named(name),
        _ => None,
    };
    let Some(zone) = zone.or(elsewhere) else { return finish(at, span, setting) };
    let stated = |at: &str, minutes| {
        let setting = Setting { zone: Zone::Stated(offset(minutes)), ..Setting::default() };
        finish(at, span, &setting)
    };
    match zone {
        WrittenZone::Offset(minutes) => stated(at, minutes),
        WrittenZone::Standard(minutes, _) if start.time.is_none() => stated(at, minutes),
        WrittenZone::Standard(minutes, summer) if !in_summer(start.date, summer) => {
            stated(at, minutes)
        }
        // The name of the standard time is used in summer too, and may then mean either: the time
        // is given as the hour between both readings.
        WrittenZone::Standard(minutes, _) if !ranges => {
            let later =
                hour_later(start).ok_or(Unclear { span, why: "that time does not exist" })?;
            stated(&format!("{at}/{later}"), minutes + 60)
        }
        WrittenZone::Standard(..) | WrittenZone::Unclear => finish(at, span, &Setting::default()),
    }
}

fn hour_later(start: &Local) -> Option<String> {
    let time = start.time?;
    let (date, hour) =
        if time.hour == 23 { (start.date.next_day()?, 0) } else { (start.date, time.hour + 1) };
    Some(Local { date, daily: true, time: Some(WrittenTime { hour, ..time }) }.text())
}

/// Returns an offset as the ledger writes it.
fn offset(minutes: i32) -> String {
    if minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// Returns whether clocks are put forward on `date`.
fn in_summer(date: Date, summer: Summer) -> bool {
    let sunday = |month: Month, from: u8| {
        // The first Sunday on or after that day of the month.
        let first = Date::from_calendar_date(date.year(), month, from).ok()?;
        let ahead = (7 - i64::from(first.weekday().number_days_from_sunday())) % 7;
        first.checked_add(Duration::days(ahead))
    };
    let (begin, end) = match summer {
        Summer::Europe => (sunday(Month::March, 25), sunday(Month::October, 25)),
        Summer::America => (sunday(Month::March, 8), sunday(Month::November, 1)),
    };
    begin.is_some_and(|begin| begin <= date) && end.is_some_and(|end| date <= end)
}

/// Returns the first day on or after `date` that is the day of the week with that number, from 0
/// for Monday.
pub(crate) fn next_weekday(date: Date, weekday: u8) -> Option<Date> {
    let today = date.weekday().number_days_from_monday();
    date.checked_add(Duration::days(i64::from((7 + weekday - today) % 7)))
}

/// Returns the Sunday that ends the week of `date`.
pub(crate) fn week_end(date: Date) -> Option<Date> {
    next_weekday(date, Weekday::Sunday.number_days_from_monday())
}

#[cfg(test)]
mod tests;
