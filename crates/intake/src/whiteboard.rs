//! The date of the next update, as whiteboards of CA incidents write it.
//!
//! The form that is asked for today is `Next update 2026-10-15`. Older ones are `31-Oct-2023`,
//! `2023-Oct-27`, `3-1-2023` and `at 23.2.2024`; which number of `3-1-2023` is the month cannot be
//! told, so it denotes both dates and what lies between them.

use tally_ledger::time::When;

/// The words that announce the date, in lower case.
const ANNOUNCEMENT: &str = "next update";
/// The words that may stand before the date.
const FILLERS: [&str; 8] = ["on", "at", "by", "due", "is", "date", "the", "of"];
/// How many words are looked at after the announcement.
const WORDS_MAX: usize = 12;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A next update that a whiteboard announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextUpdate<'a> {
    /// The words that announce it.
    pub text: &'a str,
    /// By when; `None` if no date can be read there.
    pub due: Option<When>,
}

/// Returns the next update that a whiteboard announces.
pub fn next_update(whiteboard: &str) -> Option<NextUpdate<'_>> {
    let start = announced(whiteboard)?;
    let rest = &whiteboard[start + ANNOUNCEMENT.len()..];
    let rest = &rest[..rest.find(['[', ']', ';', '|', '\n']).unwrap_or(rest.len())];
    let words: Vec<Word<'_>> = words(rest).take(WORDS_MAX).collect();
    let first = words.iter().position(|word| !word.is_filler()).unwrap_or(words.len());
    let (due, used) = date(&words[first..]);
    let last = words.get((first + used).saturating_sub(1));
    let end = last.map_or(0, |word| word.start + word.text.len());
    let shown = if used == 0 { rest.trim_end().len() } else { end };
    let end = start + ANNOUNCEMENT.len() + shown;
    Some(NextUpdate { text: &whiteboard[start..end], due })
}

/// Returns where the announcement begins, in whatever case.
fn announced(whiteboard: &str) -> Option<usize> {
    let bytes = whiteboard.as_bytes();
    let mut windows = bytes.windows(ANNOUNCEMENT.len());
    windows.position(|window| {
        let pairs = window.iter().zip(ANNOUNCEMENT.bytes());
        let mut pairs = pairs.map(|(found, expected)| match expected {
            b' ' => matches!(found, b' ' | b'-' | b'_'),
            letter => found.to_ascii_lowercase() == letter,
        });
        pairs.all(|same| same)
    })
}

/// A run of digits or of letters.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    start: usize,
    /// The byte before it.
    before: Option<u8>,
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes[at..].iter().position(u8::is_ascii_alphanumeric)?;
        let start = at;
        let same = |byte: &u8| byte.is_ascii_digit() == bytes[start].is_ascii_digit();
        let run = |byte: &&u8| byte.is_ascii_alphanumeric() && same(byte);
        at += bytes[start..].iter().take_while(run).count();
        let before = start.checked_sub(1).map(|before| bytes[before]);
        Some(Word { text: &text[start..at], start, before })
    })
}

impl Word<'_> {
    fn is_filler(&self) -> bool {
        FILLERS.iter().any(|filler| self.text.eq_ignore_ascii_case(filler))
    }

    fn number(&self, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        self.text.parse().ok().filter(|_| digits.contains(&self.text.len()))
    }

    fn year(&self) -> Option<u32> {
        self.number(4..=4).filter(|year| (2000..=2100).contains(year))
    }

    fn month(&self) -> Option<u32> {
        let text = self.text.to_ascii_lowercase();
        let index = MONTHS.iter().position(|month| text.starts_with(month))?;
        u32::try_from(index + 1).ok()
    }

    fn is_ordinal(&self) -> bool {
        ["st", "nd", "rd", "th"].iter().any(|end| self.text.eq_ignore_ascii_case(end))
    }
}

/// Reads the date, and the time of day if its zone is UTC, at the beginning of `words`; and says
/// how many of them it took.
fn date(words: &[Word<'_>]) -> (Option<When>, usize) {
    let kept: Vec<usize> = (0..words.len()).filter(|at| !words[*at].is_ordinal()).collect();
    let [first, second, third] = match kept.as_slice() {
        [first, second, third, ..] => [&words[*first], &words[*second], &words[*third]],
        _ => return (None, 0),
    };
    let used = kept[2] + 1;
    let at = match (first.year(), third.year()) {
        (Some(year), _) => year_first(year, second, third),
        (None, Some(year)) => year_last(year, first, second),
        (None, None) => None,
    };
    let Some(at) = at else {
        return (None, 0);
    };
    match time_of_day(&words[used..]) {
        Some((time, more)) if at.len() == 10 => {
            match When::new(&format!("{at}T{time}"), Some("Z"), None) {
                Ok(when) => (Some(when), used + more),
                Err(_) => (When::new(&at, None, None).ok(), used),
            }
        }
        _ => match When::new(&at, None, None) {
            Ok(when) => (Some(when), used),
            Err(_) => (None, 0),
        },
    }
}

fn year_first(year: u32, second: &Word<'_>, third: &Word<'_>) -> Option<String> {
    let month = second.number(1..=2).or_else(|| second.month())?;
    Some(day(year, month, third.number(1..=2)?))
}

fn year_last(year: u32, first: &Word<'_>, second: &Word<'_>) -> Option<String> {
    match (first.number(1..=2), second.number(1..=2)) {
        (Some(number), None) => Some(day(year, second.month()?, number)),
        (None, Some(number)) => Some(day(year, first.month()?, number)),
        (Some(first), Some(month)) if second.before == Some(b'.') => Some(day(year, month, first)),
        (Some(first), Some(second)) => Some(either(year, first, second)),
        (None, None) => None,
    }
}

fn day(year: u32, month: u32, day: u32) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns the dates that two numbers may mean, of which one is the day and one the month.
fn either(year: u32, first: u32, second: u32) -> String {
    if first > 12 || first == second {
        day(year, second, first)
    } else if second > 12 {
        day(year, first, second)
    } else {
        let (low, high) = (first.min(second), first.max(second));
        format!("{}/{}", day(year, low, high), day(year, high, low))
    }
}

/// Reads `17:00 UTC` or `17:00Z`, and says how many words it took.
fn time_of_day(words: &[Word<'_>]) -> Option<(String, usize)> {
    let skipped = usize::from(words.first()?.text == "T");
    let [hour, minute, zone] = words.get(skipped..skipped + 3)? else {
        return None;
    };
    let utc = ["utc", "z", "gmt"].iter().any(|name| zone.text.eq_ignore_ascii_case(name));
    let clock = minute.before == Some(b':') && hour.text.len() <= 2 && minute.text.len() == 2;
    let time = format!("{:0>2}:{}", hour.text, minute.text);
    (utc && clock).then_some((time, skipped + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(whiteboard: &str) -> Option<String> {
        next_update(whiteboard)?.due.map(|due| format!("{}{}", due.at(), due.zone().unwrap_or("")))
    }

    #[test]
    fn every_form_that_whiteboards_have_is_read() {
        for (whiteboard, expected) in [
            ("[ca-compliance] [ov-misissuance] Next update 2026-10-15", "2026-10-15"),
            ("Next update 2026-10-15 [ca-compliance]", "2026-10-15"),
            ("[ca-compliance] Next Update: 2026-3-3", "2026-03-03"),
            ("[ca-compliance] Next update - 31-Oct-2023", "2023-10-31"),
            ("Next update 2-Oct-2023", "2023-10-02"),
            ("[ca-compliance] next update 2023-Oct-27", "2023-10-27"),
            ("Next update 01-Nov-2023", "2023-11-01"),
            ("Next update at 23.2.2024", "2024-02-23"),
            ("next update on 3.2.2024", "2024-02-03"),
            ("[Next update: October 15, 2026]", "2026-10-15"),
            ("Next update 15th October 2026", "2026-10-15"),
            ("Next update due by Sept 1st, 2026", "2026-09-01"),
            ("Next update 2026/10/15", "2026-10-15"),
            ("Next update 10/15/2026", "2026-10-15"),
            ("Next update 15/10/2026", "2026-10-15"),
            ("Next update 3-3-2023", "2023-03-03"),
            ("Next-update 2026-10-15", "2026-10-15"),
            ("Next update 2026-10-15 17:00 UTC", "2026-10-15T17:00Z"),
            ("Next update 2026-10-15T17:00Z", "2026-10-15T17:00Z"),
            ("Next update 2026-10-15 17:00 PST", "2026-10-15"),
        ] {
            assert_eq!(due(whiteboard).as_deref(), Some(expected), "{whiteboard}");
        }
    }

    #[test]
    fn a_date_whose_day_and_month_cannot_be_told_apart_means_both() {
        assert_eq!(due("Next update 3-1-2023").as_deref(), Some("2023-01-03/2023-03-01"));
        assert_eq!(due("Next update 01/03/2023").as_deref(), Some("2023-01-03/2023-03-01"));
    }

    #[test]
    fn an_announcement_without_a_date_is_kept_without_one() {
        for (whiteboard, text) in [
            ("[ca-compliance] Next update soon", "Next update soon"),
            ("Next update 2026-02-30", "Next update 2026-02-30"),
            ("Next update [2026-10-15]", "Next update"),
            ("Next update 15 October", "Next update 15 October"),
            ("Next update ééé 2026", "Next update ééé 2026"),
            ("Next update", "Next update"),
        ] {
            let found = next_update(whiteboard).unwrap();
            assert_eq!((found.text, found.due), (text, None), "{whiteboard}");
        }
        assert_eq!(next_update("[ca-compliance] 2026-10-15"), None);
        assert_eq!(next_update(""), None);
    }

    #[test]
    fn the_words_are_those_up_to_the_date() {
        let text = "[x] NEXT UPDATE: 2026-10-15 and more";
        assert_eq!(next_update(text).unwrap().text, "NEXT UPDATE: 2026-10-15");
    }

    proptest::proptest! {
        #[test]
        fn no_whiteboard_panics(text in "\\PC{0,40}", rest in "[0-9A-Za-z:./ -]{0,30}") {
            let _ = next_update(&text);
            let _ = next_update(&format!("Next update {rest}{text}"));
        }
    }
}
