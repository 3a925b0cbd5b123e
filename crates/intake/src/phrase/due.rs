//! Due times in prose: dates and lengths after a preposition, and words such as "tomorrow".

use tally_ledger::time::{Instant, When};
use time::{Date, Duration, Month};

use crate::moment::token::{Kind, Token};
use crate::moment::{self, Setting, Toward, day_of, next_weekday, period, week_end, weekday};

/// A due time found in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// By when; absent where words such as "soon" leave it open.
    pub when: Option<When>,
    /// The index of its first token.
    pub start: usize,
    /// The index after its last token.
    pub end: usize,
}

/// Reads due times, relative to the publication of the text.
pub(super) struct Reader<'a, 't> {
    tokens: &'t [Token<'a>],
    published: Instant,
    today: Date,
    setting: Setting,
}

impl<'a, 't> Reader<'a, 't> {
    /// Returns a reader of the tokens of a sentence.
    pub(super) fn new(tokens: &'t [Token<'a>], published: Instant) -> Option<Self> {
        let today = day_of(published)?;
        let setting =
            Setting { published: Some(published), toward: Toward::Future, ..Setting::default() };
        Some(Self { tokens, published, today, setting })
    }

    /// Returns the best due time among the tokens `from..to`: the first that names a day, else the
    /// first that leaves it open.
    pub(super) fn find(&self, from: usize, to: usize) -> Option<Due> {
        let mut open = None;
        let mut at = from;
        while at < to {
            match self.due(at) {
                Some(due) if due.when.is_some() => return Some(due),
                Some(due) => {
                    at = due.end.max(at + 1);
                    open = open.or(Some(due));
                }
                None => at += 1,
            }
        }
        open
    }

    /// Returns whether a due time was over when the text was published.
    pub(super) fn is_before_today(&self, due: &Due) -> bool {
        due.when.as_ref().is_some_and(|when| self.is_over(when))
    }

    /// Returns whether the sentence begins with a time that is over, as a line of a timeline does.
    pub(super) fn begins_in_the_past(&self) -> bool {
        (0..self.tokens.len().min(3)).any(|at| {
            let found = moment::moment(self.tokens, at, &self.setting);
            found
                .and_then(|(result, _)| result.ok())
                .is_some_and(|moment| moment.when.interval().end <= self.published.unix())
        })
    }

    /// Returns whether a due time is written as a date, not as a distance from the publication.
    pub(super) fn is_written(&self, due: &When) -> bool {
        let dates = moment::find_in(self.tokens, &self.setting);
        dates.into_iter().flatten().any(|moment| moment.when == *due)
    }

    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_any(words))
    }

    fn mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_mark(mark))
    }

    fn phrase(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.is(at + ahead, &[word]))
    }

    /// Reads a due time that begins at the token `at`.
    fn due(&self, at: usize) -> Option<Due> {
        let found = |when, end| Some(Due { when, start: at, end });
        if let Some(end) = self.open(at) {
            return found(None, end);
        }
        let (after, strict) = self.preposition(at);
        // "for Friday" is a due time of what is scheduled alone.
        let scheduled =
            at > 0 && self.is(at - 1, &["scheduled", "planned", "targeted", "due", "set"]);
        if self.is(at, &["for"]) && !scheduled {
            return None;
        }
        if after > at {
            // "issued before June": the time belongs to the word before it.
            if !strict && self.is_past(at) {
                return None;
            }
            if let Some((when, end)) = self.length(at, after) {
                return found(when, end);
            }
        }
        let (when, mut end) = self.named(after, after > at)?;
        let mut when = when;
        let past = when.as_ref().is_some_and(|when| self.is_over(when));
        if past && !strict {
            return None;
        }
        if let Some((timed, next)) = self.time_of_day(when.as_ref(), end) {
            when = Some(timed);
            end = next;
        }
        if self.phrase(end, &["at", "the", "latest"]) {
            end += 3;
        } else if self.mark(end, ',') && self.phrase(end + 1, &["at", "the", "latest"]) {
            end += 4;
        }
        found(when, end)
    }

    /// Reads a preposition before a due time. Returns the index after it, and whether it can only
    /// mean a due time.
    fn preposition(&self, at: usize) -> (usize, bool) {
        const PHRASES: &[(&[&str], bool)] = &[
            (&["no", "later", "than"], true),
            (&["not", "later", "than"], true),
            (&["not", "later", "then"], true),
            (&["no", "later", "then"], true),
            (&["at", "the", "latest", "by"], true),
            (&["latest", "by"], true),
            (&["at", "latest", "by"], true),
            (&["at", "the", "latest", "on"], true),
            (&["on", "or", "before"], true),
            (&["on", "or", "by"], true),
            (&["by", "or", "before"], true),
            (&["prior", "to"], false),
            (&["due", "by"], true),
            (&["by"], true),
            (&["before"], false),
            (&["on"], false),
            (&["in"], false),
            (&["within"], false),
            (&["during"], false),
            (&["at"], false),
            (&["for"], false),
        ];
        let found = PHRASES.iter().find(|(words, _)| self.phrase(at, words));
        let (mut after, strict) =
            found.map_or((at, false), |(words, strict)| (at + words.len(), *strict));
        // "by latest Friday", "no later than around 10 May".
        while after > at && self.is(after, &["latest", "approximately", "around", "about"]) {
            after += 1;
        }
        (after, strict)
    }

    /// Returns whether the word before `at` ties a time to something that has been done.
    fn is_past(&self, at: usize) -> bool {
        // "will be published on Friday" is still to come.
        at.checked_sub(1).is_some_and(|before| {
            let passive = before.checked_sub(1).is_some_and(|be| self.is(be, &["be"]));
            !passive
                && self.is(
                    before,
                    &[
                        "issued",
                        "created",
                        "signed",
                        "generated",
                        "dated",
                        "valid",
                        "expire",
                        "expires",
                        "expiring",
                        "expired",
                        "discovered",
                        "identified",
                        "reported",
                        "detected",
                        "found",
                        "received",
                        "posted",
                        "published",
                        "mentioned",
                        "described",
                        "occurred",
                        "opened",
                        "filed",
                        "effective",
                        "started",
                        "began",
                        "announced",
                    ],
                )
        })
    }

    fn is_over(&self, when: &When) -> bool {
        when.interval().end < self.published.unix() - 24 * 3600
    }

    /// Reads words that leave the time open.
    fn open(&self, at: usize) -> Option<usize> {
        const PHRASES: &[&[&str]] = &[
            &["as", "soon", "as", "possible"],
            &["as", "quickly", "as", "possible"],
            &["asap"],
            &["in", "due", "course"],
            &["in", "the", "near", "future"],
            &["in", "the", "coming", "days"],
            &["in", "the", "coming", "weeks"],
            &["in", "the", "coming", "months"],
            &["in", "coming", "weeks"],
            &["in", "coming", "days"],
            &["over", "the", "coming", "weeks"],
            &["over", "the", "next", "few", "weeks"],
            &["in", "the", "next", "few", "days"],
            &["in", "the", "next", "few", "weeks"],
            &["within", "the", "next", "few", "days"],
            &["within", "the", "next", "few", "weeks"],
            &["in", "the", "next", "couple", "of", "days"],
            &["in", "the", "next", "days"],
            &["in", "the", "next", "weeks"],
            &["in", "the", "following", "days"],
            &["within", "a", "few", "days"],
            &["in", "a", "few", "days"],
            &["in", "a", "few", "weeks"],
            &["in", "a", "future", "update"],
            &["shortly"],
            &["soon"],
            &["later"],
        ];
        let words = PHRASES.iter().find(|words| self.phrase(at, words))?;
        // "no later than" and "later this week" are no open times.
        // Nor is what "later" only describes: "a later follow-up".
        let goes_on = self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Word);
        let later = words == &["later"]
            && (goes_on
                || at.checked_sub(1).is_some_and(|b| self.is(b, &["no", "not", "sooner", "or"])));
        (!later).then_some(at + words.len())
    }

    /// Reads a length after "within" or "in": `within 24 hours`, `in the next two weeks`. A length
    /// that runs from a moment the sentence does not give leaves the time open.
    fn length(&self, at: usize, after: usize) -> Option<(Option<When>, usize)> {
        if !self.is(at, &["within", "in"]) {
            return None;
        }
        let mut at = after;
        let named = self.is(at, &["the", "our"]);
        at += usize::from(named);
        at += usize::from(self.is(at, &["next", "following", "coming", "usual", "required"]));
        let count = count(self.tokens.get(at)?)?;
        at += 1;
        // "seven (7) days", "24-hour".
        if self.mark(at, '(') && self.mark(at + 2, ')') {
            at += 3;
        }
        at += usize::from(self.mark(at, '-'));
        let business = self.is(at, &["business", "working"]);
        at += usize::from(business || self.is(at, &["calendar", "full"]));
        let unit = self.tokens.get(at)?;
        let end = at + 1;
        let due = if unit.is_any(&["hour", "hours", "hrs"]) {
            Some(self.after_hours(i64::from(count))?)
        } else if unit.is_any(&["day", "days"]) && business {
            day(self.after_business_days(count)?)
        } else if unit.is_any(&["day", "days"]) {
            day(self.today.checked_add(Duration::days(i64::from(count)))?)
        } else if unit.is_any(&["week", "weeks"]) {
            day(self.today.checked_add(Duration::weeks(i64::from(count)))?)
        } else if unit.is_any(&["month", "months"]) {
            day(self.after_months(count)?)
        } else {
            return None;
        };
        // "within the 24 hour timeline", "within 5 days of the report": the start is not given.
        let limit = self.is(
            end,
            &[
                "timeline",
                "timelines",
                "period",
                "window",
                "limit",
                "deadline",
                "timeframe",
                "frame",
                "requirement",
                "time",
                "sla",
                "rule",
            ],
        );
        let since = self.is(end, &["of", "after", "from", "following", "since", "upon", "once"])
            && !self.is(end + 1, &["now", "today"]);
        if limit || since {
            return Some((None, end + usize::from(limit)));
        }
        Some((due, end))
    }

    /// Reads a named time: a date, a day of the week, the end of something, a week or a month.
    fn named(&self, at: usize, introduced: bool) -> Option<(Option<When>, usize)> {
        if introduced {
            if let Some((result, end)) = moment::moment(self.tokens, at, &self.setting) {
                return result.ok().map(|moment| (Some(moment.when), end));
            }
            if let Some((text, end)) = period::period(self.tokens, at) {
                return When::new(&text, None, None).ok().map(|when| (Some(when), end));
            }
        }
        let (date, end) = self.relative(at, introduced)?;
        Some((Some(day(date)?), end))
    }

    /// Reads a time of day after the date: ", before 12:00 UTC".
    fn time_of_day(&self, when: Option<&When>, end: usize) -> Option<(When, usize)> {
        let day = when.map(When::at).filter(|at| at.len() == 10)?;
        let mut at = end + usize::from(self.mark(end, ','));
        at += usize::from(self.is(at, &["before", "by", "at"]));
        let mut setting = self.setting.clone();
        setting.day = date(day);
        let (result, next) = moment::moment(self.tokens, at, &setting)?;
        let found = result.ok()?.when;
        (found.at().starts_with(day) && found.at().contains('T')).then_some((found, next))
    }

    /// Reads a day that is named by its distance from today.
    fn relative(&self, at: usize, introduced: bool) -> Option<(Date, usize)> {
        let token = self.tokens.get(at)?;
        // "as of today" is no due time.
        if at > 0 && self.is(at - 1, &["of", "until", "to", "as", "since", "from"]) {
            return None;
        }
        if token.is("tomorrow") {
            return Some((self.today.next_day()?, at + 1));
        }
        if token.is_any(&["today", "tonight"]) {
            return Some((self.today, at + 1));
        }
        if token.is_any(&["eod", "eob", "cob"]) && introduced {
            return Some(self.relative(at + 1, true).unwrap_or((self.today, at + 1)));
        }
        if token.is_any(&["eow"]) && introduced {
            return Some((week_end(self.today)?, at + 1));
        }
        if let Some(found) = self.end_of(at) {
            return Some(found);
        }
        let the = usize::from(token.is("the"));
        let early = usize::from(self.is(at + the, &["early", "later", "sometime", "late", "mid"]));
        let begin = at + the + early;
        let next = self.is(begin, &["next", "following", "coming"]);
        if next || self.is(begin, &["this"]) {
            let (date, end) = self.named_unit(begin + 1, next)?;
            return Some((date, end));
        }
        if !introduced {
            return None;
        }
        if let Some(named) = weekday(token) {
            // On that very day, the one in a week is meant as well, and the later reading stands.
            return Some((next_weekday(self.today.next_day()?, named)?, at + 1));
        }
        let month = moment::month(self.tokens.get(begin)?)?;
        Some((self.month_end(month)?, begin + 1))
    }

    /// Reads what follows "this" or "next".
    fn named_unit(&self, at: usize, next: bool) -> Option<(Date, usize)> {
        let token = self.tokens.get(at)?;
        let ahead = |days| self.today.checked_add(Duration::days(days));
        let date = if token.is_any(&["week", "weekend"]) {
            week_end(ahead(if next { 7 } else { 0 })?)?
        } else if token.is("month") {
            let this = last_of_month(self.today.year(), self.today.month())?;
            if next { last_of_month_after(this)? } else { this }
        } else if token.is("quarter") {
            let this = quarter_end(self.today)?;
            if next { quarter_end(this.next_day()?)? } else { this }
        } else if token.is("year") {
            Date::from_calendar_date(self.today.year() + i32::from(next), Month::December, 31)
                .ok()?
        } else if token.is_any(&["business", "working"]) && self.is(at + 1, &["day"]) {
            return Some((self.after_business_days(1)?, at + 2));
        } else {
            let named = weekday(token)?;
            // "next Friday" may be the one after the next: the later reading stands.
            let from = if next { week_end(self.today)?.next_day()? } else { self.today };
            next_weekday(from, named)?
        };
        Some((date, at + 1))
    }

    /// Reads "the end of …".
    fn end_of(&self, at: usize) -> Option<(Date, usize)> {
        let mut begin = at + usize::from(self.is(at, &["the"]));
        if !self.is(begin, &["end"]) {
            return None;
        }
        begin += 1;
        begin += usize::from(self.is(begin, &["of"]));
        begin += usize::from(self.is(begin, &["the", "this"]));
        let next = self.is(begin, &["next", "following", "coming"]);
        begin += usize::from(next);
        begin += usize::from(self.is(begin, &["business", "working", "current", "calendar"]));
        let token = self.tokens.get(begin)?;
        if token.is("day") {
            // "end of day Friday", "end of day on 3 May": the day is named after it.
            let on = begin + 1 + usize::from(self.is(begin + 1, &["on"]));
            if let Some((Ok(found), end)) = moment::moment(self.tokens, on, &self.setting) {
                return Some((date(found.when.at())?, end));
            }
            let today = if next { self.today.next_day()? } else { self.today };
            return Some(self.relative(on, true).unwrap_or((today, begin + 1)));
        }
        if let Some((text, end)) = period::period(self.tokens, begin) {
            // The last month of the stretch.
            let last = text.rsplit('/').next()?;
            let year = last.get(0..4)?.parse().ok()?;
            let month = last.get(5..7).map_or(Some(12), |month| month.parse().ok())?;
            return Some((last_of_month(year, Month::try_from(month).ok()?)?, end));
        }
        if let Some(month) = moment::month(token) {
            return Some((self.month_end(month)?, begin + 1));
        }
        self.named_unit(begin, next)
    }

    fn month_end(&self, month: u8) -> Option<Date> {
        let later = month < u8::from(self.today.month());
        last_of_month(self.today.year() + i32::from(later), Month::try_from(month).ok()?)
    }

    fn after_hours(&self, hours: i64) -> Option<When> {
        let due = Instant::from_unix(self.published.unix().checked_add(hours * 3600)?).ok()?;
        Some(When::from_instant(due))
    }

    fn after_business_days(&self, days: u32) -> Option<Date> {
        let mut date = self.today;
        let mut left = days.min(400);
        while left > 0 {
            date = date.next_day()?;
            if date.weekday().number_days_from_monday() < 5 {
                left -= 1;
            }
        }
        Some(date)
    }

    fn after_months(&self, months: u32) -> Option<Date> {
        let index = i32::from(u8::from(self.today.month())) - 1 + i32::try_from(months).ok()?;
        let (year, month) = (self.today.year() + index / 12, u8::try_from(index % 12 + 1).ok()?);
        let last = last_of_month(year, Month::try_from(month).ok()?)?;
        last.replace_day(self.today.day().min(last.day())).ok()
    }
}

fn day(date: Date) -> Option<When> {
    let text = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
    When::new(&text, None, None).ok()
}

/// Returns the number that a token says, in digits or in words up to twelve, at most 1000.
pub(super) fn count(token: &Token<'_>) -> Option<u32> {
    const WORDS: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    match token.kind {
        Kind::Number(value, _) => (value <= 1000).then_some(value),
        Kind::Word if token.is_any(&["a", "an"]) => Some(1),
        Kind::Word => {
            let at = WORDS.iter().position(|word| token.is(word))?;
            u32::try_from(at + 1).ok()
        }
        Kind::Mark(_) => None,
    }
}

fn date(text: &str) -> Option<Date> {
    let month = Month::try_from(text.get(5..7)?.parse::<u8>().ok()?).ok()?;
    let day = text.get(8..10)?.parse().ok()?;
    Date::from_calendar_date(text.get(0..4)?.parse().ok()?, month, day).ok()
}

fn last_of_month(year: i32, month: Month) -> Option<Date> {
    Date::from_calendar_date(year, month, month.length(year)).ok()
}

fn last_of_month_after(date: Date) -> Option<Date> {
    let next = date.next_day()?;
    last_of_month(next.year(), next.month())
}

fn quarter_end(date: Date) -> Option<Date> {
    let month = (u8::from(date.month()) - 1) / 3 * 3 + 3;
    last_of_month(date.year(), Month::try_from(month).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::token::tokens;

    /// The due time in `text`, said on a Thursday, 2025-06-05, at 14:00 UTC.
    fn due(text: &str) -> Option<String> {
        let tokens = tokens(text);
        let reader = Reader::new(&tokens, "2025-06-05T14:00:00Z".parse().unwrap()).unwrap();
        reader.find(0, tokens.len()).map(|due| {
            due.when.map_or("open".to_owned(), |when| {
                format!("{}{}", when.at(), when.zone().unwrap_or_default())
            })
        })
    }

    #[test]
    fn due_times_are_read_in_every_form() {
        for (text, expected) in [
            ("by the end of June", "2025-06-30"),
            ("by end of June 2026", "2026-06-30"),
            ("at the end of May", "2026-05-31"),
            ("next week", "2025-06-15"),
            ("this week", "2025-06-08"),
            ("early next week", "2025-06-15"),
            ("later this week", "2025-06-08"),
            ("within 24 hours", "2025-06-06T14:00:00Z"),
            ("within the next 48 hours", "2025-06-07T14:00:00Z"),
            ("within five (5) days", "2025-06-10"),
            ("within 5 business days", "2025-06-12"),
            ("in two weeks", "2025-06-19"),
            ("within a month", "2025-07-05"),
            ("no later than Saturday, August 3rd 2024, 19:30 UTC", "2024-08-03T19:30Z"),
            ("no later than July12, 2024", "2024-07-12"),
            ("tomorrow", "2025-06-06"),
            ("later today", "2025-06-05"),
            ("by February 17, 2024", "2024-02-17"),
            ("by June 21st", "2025-06-21"),
            ("by EOD", "2025-06-05"),
            ("by EOD Friday", "2025-06-06"),
            ("by end of day on 12 June", "2025-06-12"),
            ("by the end of the week", "2025-06-08"),
            ("by end of next month", "2025-07-31"),
            ("by the end of Q3", "open-ended"),
            ("by the end of Q3 2025", "2025-09-30"),
            ("by the end of the year", "2025-12-31"),
            ("in Q3 2025", "2025-07/2025-09"),
            ("by Friday", "2025-06-06"),
            ("by Thursday", "2025-06-12"),
            ("by next Monday", "2025-06-09"),
            ("before July 25, 2025", "2025-07-25"),
            ("on June 30", "2025-06-30"),
            ("latest by 2025-06-24, before 12:00 UTC", "2025-06-24T12:00Z"),
            ("by Friday, October 20, 2023, at the latest", "2023-10-20"),
            ("not later than 2025.06.29", "2025-06-29"),
            ("by September", "2025-09-30"),
        ] {
            let expected = (expected != "open-ended").then(|| expected.to_owned());
            assert_eq!(due(text), expected, "{text}");
        }
    }

    #[test]
    fn words_that_name_no_day_leave_the_time_open() {
        for text in [
            "as soon as possible",
            "soon",
            "shortly",
            "in the coming weeks",
            "in the next few days",
            "in due course",
            "within the 24 hour timeline mandated",
            "within 5 days of the report",
            "later",
        ] {
            assert_eq!(due(text).as_deref(), Some("open"), "{text}");
        }
    }

    #[test]
    fn times_of_other_things_are_no_due_times() {
        for text in [
            "issued before June 30",
            "before 2024-01-01",
            "on 2025-05-01",
            "by the CA",
            "in the report",
            "in section 4.9",
            "identified by 2 people",
            "in bug 1910805",
        ] {
            assert_eq!(due(text), None, "{text}");
        }
    }
}
