//! Checks of a draft before it is posted: what its readers will stumble over, found from the text
//! alone.
//!
//! Nothing is known but the text, the day it is to be posted, and the lists of certificates that
//! come with it: no ledger, no other text. A check
//! is a plain function over a draft; a false alarm is worse than one that is missed, so each
//! keeps silent where it is not sure. A text that follows none of the templates is taken for an
//! ordinary comment, of which no fields are asked.

mod blame;
mod cited;
mod course;
mod dates;
mod fields;
mod items;
mod lists;
mod numbers;
mod prose;
mod undated;
mod wording;

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use tally_ledger::time::{Instant, Interval};

use crate::certificates::Certificates;
use crate::moment::{self, Moment, Setting, Unclear};
use crate::report::{self, Form, Report, Template};
use lists::Listed;
use prose::Sentence;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing before it is posted.
    Note,
    /// Readers will ask about it, or a date is at stake.
    Warning,
    /// It breaks a rule, or contradicts itself: it should not be posted so.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A check of drafts.
#[derive(Debug)]
pub struct Check {
    /// Its code, for good.
    pub code: &'static str,
    /// How much its diagnostics weigh.
    pub severity: Severity,
    /// Its title, a few words.
    pub title: &'static str,
    /// Its page: what it means, an example, how to mend it.
    pub explanation: &'static str,
    /// Finds what is to be told.
    find: Find,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
enum Find {
    /// The draft.
    Text(fn(&Draft<'_>) -> Vec<Found>),
    /// A list of certificates beside it.
    List(fn(&Listed<'_>) -> Vec<Found>),
}

/// Lists the checks: code, severity, title, and the function
/// with what it looks at.
macro_rules! checks {
    ($(
        $name:ident = $code:literal, $severity:ident, $title:literal, $what:ident($find:path);
    )*) => {
        $(static $name: Check = Check {
            code: $code,
            severity: Severity::$severity,
            title: $title,
            explanation: include_str!(concat!("draft/", $code, ".md")),
            find: Find::$what($find),
        };)*

        /// Every check, in the order of their codes.
        pub static CHECKS: &[&Check] = &[$(&$name),*];
    };
}

checks! {
    MISSING = "D001", Error, "a field of the template is missing", Text(fields::missing);
    EMPTY = "D002", Error, "a field is empty", Text(fields::empty);
    OUTSIDE = "D003", Note, "a part that the template does not have", Text(fields::outside);
    SUPERSEDED = "D004", Error, "a template no longer in force", Text(fields::superseded);
    TOO_LONG = "D005", Error, "longer than the tracker takes", Text(fields::too_long);
    WORD = "D006", Warning, "a word that the template does not have", Text(wording::find);
    OWNER = "D007", Warning, "no CCADB unique id", Text(wording::owner);
    ORDER = "D010", Warning, "a timeline out of order", Text(dates::order);
    SUMMARY = "D011", Error, "dates of the summary that contradict", Text(dates::summary);
    IMPOSSIBLE = "D012", Warning, "a date that cannot be", Text(dates::impossible);
    ZONE = "D013", Note, "times without a zone", Text(dates::zone);
    UNCLEAR = "D014", Warning, "a time that cannot be told", Text(dates::unclear);
    OVERDUE = "D015", Warning, "a due date that has passed", Text(dates::overdue);
    PROMISED = "D016", Warning, "a promised day that cannot be meant", Text(dates::promised);
    LATE = "D017", Warning, "a report promised after it is due", Text(dates::late);
    MORE_THAN_ALL = "D020", Error, "more remain than there are", Text(numbers::more_than_all);
    TWICE = "D021", Warning, "a number stated in two ways", Text(numbers::twice);
    LISTED = "D022", Warning, "a number that is not the list's", Text(lists::number);
    REPEATED = "D023", Warning, "a certificate listed twice", List(lists::repeated);
    UNREAD = "D024", Note, "a list that programs cannot read", List(lists::unread);
    TIMES = "D025", Warning, "times of a certificate that cannot be", List(lists::times);
    COLUMNS = "D026", Note, "columns other than the guidelines'", List(lists::columns);
    OPEN = "D030", Error, "an open item beside \"all complete\"", Text(items::open);
    CELLS = "D031", Warning, "an action item with an empty cell", Text(items::cells);
    UNANSWERED = "D032", Warning, "a lesson without an action item", Text(items::unanswered);
    CAUSES = "D033", Warning, "root causes and action items that miss each other",
        Text(items::causes);
    BLAME = "D040", Warning, "blame put on a person", Text(blame::find);
    UNDATED = "D041", Warning, "a promise without a date", Text(undated::find);
    CITATION = "D050", Warning, "a citation that leads nowhere", Text(cited::broken);
    CITED_TWICE = "D051", Warning, "a link that says one bug and names another",
        Text(cited::two_bugs);
    CITED_COMMENT = "D052", Warning, "a comment cited ahead of its bug", Text(cited::comment_first);
    COURSE = "D060", Note, "a timeline that lacks an element", Text(course::find);
}

/// Returns the check with that code, in whatever letters.
pub fn named(code: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.code.eq_ignore_ascii_case(code))
}

/// Something that a check found, on the own lines of the draft or list.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Which check found it.
    pub check: &'static Check,
    /// What is the matter, in one line: lower case, no full stop.
    pub message: String,
    /// The bytes of the text that it is about, never empty unless the text is.
    pub span: Range<usize>,
    /// A few words for beneath the span.
    pub label: String,
    /// Other places of the text that bear on it, with a few words for each.
    pub others: Vec<(Range<usize>, String)>,
    /// How to mend it.
    pub help: String,
}

/// What the checks found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The template and form that the text is taken for; without, it is an ordinary comment, of
    /// which no fields are asked.
    pub form: Option<(Template, Form)>,
    /// The diagnostics, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more there were than a reader can use.
    pub left_out: usize,
}

impl Outcome {
    /// Returns how many diagnostics weigh that much.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|found| found.check.severity == severity).count()
    }
}

/// The most diagnostics that are told of one draft, and of one check.
const TOLD_MAX: usize = 200;
const OF_ONE_CHECK_MAX: usize = 20;

/// Runs the checks on a text that is to be posted within `posted`, with `lists` of the certificates
/// that it is about.
pub fn check(text: &str, posted: Interval, lists: &[Certificates]) -> Outcome {
    let draft = Draft::new(text, posted, lists);
    let (diagnostics, left_out) = told(|find| match find {
        Find::Text(find) => find(&draft),
        Find::List(_) => Vec::new(),
    });
    Outcome { form: fields::form(&draft), diagnostics, left_out }
}

/// Runs the checks on a list of certificates that is to be posted within `posted`.
pub fn check_list(list: &Certificates, posted: Interval) -> Outcome {
    let listed = Listed { list, posted };
    let (diagnostics, left_out) = told(|find| match find {
        Find::Text(_) => Vec::new(),
        Find::List(find) => find(&listed),
    });
    // A list that is cut off in the middle is one that was not understood in full.
    let left_out = left_out + list.unread_count - list.unread.len();
    Outcome { form: None, diagnostics, left_out }
}

/// Returns what the checks find, in the order of the text, and how much is left out.
fn told(find: impl Fn(Find) -> Vec<Found>) -> (Vec<Diagnostic>, usize) {
    let mut left_out = 0;
    let mut diagnostics = Vec::new();
    for &check in CHECKS {
        let found = find(check.find);
        left_out += found.len().saturating_sub(OF_ONE_CHECK_MAX);
        let told = found.into_iter().take(OF_ONE_CHECK_MAX);
        diagnostics.extend(told.map(|found| found.under(check)));
    }
    diagnostics.sort_by_key(|found| (found.span.start, found.check.code, found.span.end));
    left_out += diagnostics.len().saturating_sub(TOLD_MAX);
    diagnostics.truncate(TOLD_MAX);
    (diagnostics, left_out)
}

/// A draft as the checks see it.
struct Draft<'a> {
    text: &'a str,
    /// When it is to be posted.
    posted: Interval,
    report: Report,
    sentences: Vec<Sentence<'a>>,
    /// The times in the whole text.
    moments: Vec<Result<Moment, Unclear>>,
    /// Lists of the certificates that it is about.
    lists: &'a [Certificates],
}

impl<'a> Draft<'a> {
    fn new(text: &'a str, posted: Interval, lists: &'a [Certificates]) -> Self {
        let report = report::read(text);
        let sentences = prose::sentences(text);
        let mut draft = Self { text, posted, report, sentences, moments: Vec::new(), lists };
        let setting = Setting { published: draft.instant(), ..Setting::default() };
        draft.moments = moment::find(text, &setting);
        draft
    }

    /// Returns the instant at which the text is posted at the earliest.
    fn instant(&self) -> Option<Instant> {
        Instant::from_unix(self.posted.start).ok()
    }

    /// Returns whether a piece of the text is the speaker's own word, not a quotation or code.
    fn is_own(&self, span: &[usize; 2]) -> bool {
        let next = self
            .sentences
            .partition_point(|told| told.words.last().is_none_or(|word| word.span.end <= span[0]));
        let words = self.sentences.get(next).map_or(&[][..], |told| &told.words);
        let mut words = words.iter().skip_while(|word| word.span.end <= span[0]);
        words.next().is_some_and(|word| word.span.start < span[1] && !word.is_quoted)
    }

    /// Returns the day, in UTC, so many days after the text is posted.
    fn day_after(&self, days: i64) -> String {
        let at = Instant::from_unix(self.posted.start.saturating_add(days * 86_400));
        // Beyond the year 9999 there is no day to name.
        at.map_or_else(
            |_| "a day in the far future".to_owned(),
            |at| at.to_string()[..10].to_owned(),
        )
    }
}

/// What a check found, before its code is known.
struct Found {
    span: Range<usize>,
    label: String,
    message: String,
    others: Vec<(Range<usize>, String)>,
    help: String,
}

impl Found {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        let (label, help) = (String::new(), String::new());
        Self { span, label, message: message.into(), others: Vec::new(), help }
    }

    fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    fn under(self, check: &'static Check) -> Diagnostic {
        let Self { span, label, message, others, help } = self;
        Diagnostic { check, message, span, label, others, help }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports without a fault, as the documentation shows them.
    pub(super) const FULL: &str = include_str!("../../../docs/examples/full-report.md");
    pub(super) const PRELIMINARY: &str =
        include_str!("../../../docs/examples/preliminary-report.md");
    pub(super) const CLOSURE: &str = include_str!("../../../docs/examples/closure-summary.md");

    fn outcome(text: &str, posted: &str) -> Outcome {
        check(text, Interval::at(posted.parse().unwrap()), &[])
    }

    /// Returns the codes of what is found in a text that is posted in spring 2026, each once.
    pub(super) fn codes(text: &str) -> Vec<&'static str> {
        codes_at(text, "2026-04-01T12:00:00Z")
    }

    /// Returns the codes of what is found in a text that is posted then, each once.
    pub(super) fn codes_at(text: &str, posted: &str) -> Vec<&'static str> {
        let found = outcome(text, posted).diagnostics;
        let mut codes: Vec<_> = found.iter().map(|found| found.check.code).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// Returns the first thing found in a text that is posted in spring 2026.
    #[track_caller]
    pub(super) fn first(text: &str) -> Diagnostic {
        let found = outcome(text, "2026-04-01T12:00:00Z").diagnostics;
        found.into_iter().next().expect("something is found")
    }

    /// Holds that nothing is found in a text.
    #[track_caller]
    pub(super) fn silent(text: &str) {
        let found = outcome(text, "2026-04-01T12:00:00Z").diagnostics;
        assert!(found.is_empty(), "{text:?}: {:?}", found.first().map(|d| (&d.message, &d.span)));
    }

    #[test]
    fn codes_are_unique_and_in_order_and_every_page_helps() {
        assert!(CHECKS.windows(2).all(|pair| pair[0].code < pair[1].code));
        for check in CHECKS {
            for part in ["**Looks at** ", "**Example.** ", "**To mend it.** "] {
                assert!(check.explanation.contains(part), "{} {part}", check.code);
            }
            assert_eq!(named(&check.code.to_lowercase()).map(|found| found.code), Some(check.code));
        }
        assert!(named("D999").is_none());
    }

    #[test]
    fn the_reports_that_the_documentation_shows_are_clean() {
        for text in [FULL, PRELIMINARY, CLOSURE] {
            silent(text);
        }
    }

    #[test]
    fn a_text_is_taken_for_a_report_or_for_a_comment() {
        let form = |text: &str| outcome(text, "2026-04-01T12:00:00Z").form;
        assert_eq!(form(FULL), Some((Template::V3, Form::Full)));
        assert_eq!(form(PRELIMINARY), Some((Template::V3, Form::Preliminary)));
        assert_eq!(form(CLOSURE), Some((Template::V3, Form::Closure)));
        assert_eq!(form("We have answered that above."), None);
    }

    #[test]
    fn the_same_over_and_over_is_told_a_few_times_and_then_counted() {
        let text = "The certificates will be revoked. ".repeat(50);
        let outcome = outcome(&text, "2026-04-01T12:00:00Z");
        assert_eq!((outcome.diagnostics.len(), outcome.left_out), (OF_ONE_CHECK_MAX, 30));
    }
}
