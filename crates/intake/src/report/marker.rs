//! Markers: the lines that begin something of a template, and end what stood before.

use super::Form;
use super::label::{Label, Place, spelled};
use super::line::{Line, Opening, Stop, Words, is_space, opening, words};

/// What a marker begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A report, by its title; which form, if the title says so.
    Title(Option<Form>),
    /// A field or a section.
    Label(Label),
    /// The sentence by which a closure is asked for.
    Closing,
    /// What the tracker puts before the text, such as `Steps to reproduce:`.
    Prefix,
    /// A heading or a label that no template has.
    Unknown,
}

/// A line that begins something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marker {
    /// What it begins.
    pub mark: Mark,
    /// The index of its line.
    pub line: usize,
    /// The bytes of the label in the text.
    pub label_span: [usize; 2],
    /// Where a value begins, in bytes of the text.
    pub value: usize,
    /// The number of the contributing factor or finding that it belongs to, from 1; 0 for none.
    pub part: usize,
}

/// The sections whose labels have a meaning only inside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Outside,
    Impact,
    Causes,
    Lessons,
    Other,
}

/// What has been read before the line at hand.
struct Context {
    section: Section,
    /// The level of the heading of the section, 0 if it has none.
    level: usize,
    /// The number of the factor or finding, and whether it is a factor.
    part: usize,
    parts: usize,
    factor: bool,
    /// How the last label opened, and where its value begins.
    last: Option<(Opening, usize)>,
    /// Whether anything of a template has been seen.
    known: bool,
}

/// Finds the markers of a text in its lines.
pub(super) fn markers(lines: &[Line<'_>]) -> Vec<Marker> {
    let mut context = Context {
        section: Section::Outside,
        level: 0,
        part: 0,
        parts: 0,
        factor: false,
        last: None,
        known: false,
    };
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.aside || line.is_blank() || line.is_row() {
            if let Some((_, filled)) = &mut context.last {
                *filled += usize::from(!line.is_blank());
            }
            continue;
        }
        match marker(index, line, &mut context) {
            Some(marker) => found.push(marker),
            None => {
                if let Some((_, filled)) = &mut context.last {
                    *filled += 1;
                }
            }
        }
    }
    found
}

fn marker(index: usize, line: &Line<'_>, context: &mut Context) -> Option<Marker> {
    let open = opening(line.text);
    let content = &line.text[open.text..];
    let all = words(content, open.bold);
    let base = line.start + open.text;
    let found = |mark, end: usize, value: usize, part: usize| Marker {
        mark,
        line: index,
        label_span: [base, base + end],
        value: base + value,
        part,
    };
    if let Some(last) = all.last() {
        if is_closing(content, &last.folded) {
            context.last = None;
            let mut marker = found(Mark::Closing, content.trim_end_matches(is_space).len(), 0, 0);
            marker.value = line.end();
            return Some(marker);
        }
        if is_title(&open, last) {
            let form = titled(&last.folded);
            context.known = true;
            context.last = None;
            context.section = Section::Other;
            context.level = open.heading;
            context.part = 0;
            return Some(found(Mark::Title(form), content.len(), content.len(), 0));
        }
        if let Some((label, end, value)) = label(&open, content, &all, context) {
            context.enter(label, &open, !content[value..].trim_matches(is_space).is_empty());
            return Some(found(Mark::Label(label), end, value, context.part));
        }
        if let Some(value) = prefix(content, &all) {
            context.last = None;
            return Some(found(Mark::Prefix, value, value, 0));
        }
    }
    if is_unknown(&open, content, &all, context) {
        if open.heading > 0 {
            context.section = Section::Other;
        }
        context.last = Some((open, 1));
        return Some(found(Mark::Unknown, content.len(), content.len(), 0));
    }
    None
}

impl Context {
    /// Notes that a label has been read, and whether its value begins on the same line.
    fn enter(&mut self, label: Label, open: &Opening, inline: bool) {
        self.known = true;
        self.last = Some((*open, usize::from(inline)));
        match label {
            Label::Factor | Label::Finding => {
                self.parts =
                    if self.factor == (label == Label::Factor) { self.parts + 1 } else { 1 };
                self.part = self.parts;
                self.factor = label == Label::Factor;
                self.section = Section::Causes;
                return;
            }
            Label::TotalCertificates | Label::IssuanceStopped => self.section = Section::Impact,
            Label::WentWell | Label::DidNotGoWell | Label::GotLucky => {
                self.section = Section::Lessons;
            }
            _ if !label.is_section() => return,
            _ => {
                self.section = match label {
                    Label::Impact => Section::Impact,
                    Label::RootCauseAnalysis => Section::Causes,
                    Label::LessonsLearned => Section::Lessons,
                    _ => Section::Other,
                };
                self.level = open.heading;
            }
        }
        if self.factor {
            self.part = 0;
        }
    }
}

/// Returns the label that a line begins with, where the label ends and where its value begins.
fn label(
    open: &Opening,
    content: &str,
    all: &[Words],
    context: &Context,
) -> Option<(Label, usize, usize)> {
    if let Some(found) = numbered(open, content, all, context) {
        return Some(found);
    }
    for words in all.iter().rev() {
        for &label in spelled(&words.folded) {
            if fits(label, open, content, words, context) {
                let value =
                    if label.is_question() { question_end(content, words) } else { words.value };
                return Some((label, words.end, value));
            }
        }
    }
    None
}

/// Returns whether `label` may stand where it was found.
fn fits(label: Label, open: &Opening, content: &str, words: &Words, context: &Context) -> bool {
    let marked = open.heading > 0 || open.bold;
    let ends = match words.stop {
        Stop::Colon | Stop::End => true,
        Stop::Closed => marked,
        Stop::Word => {
            label.is_question()
                || (marked && content[words.end..].trim_start_matches(is_space).starts_with('('))
        }
    };
    let causes = context.section == Section::Causes;
    ends && match label.place() {
        Place::Anywhere => true,
        Place::Section if open.heading > 0 => true,
        Place::Section => {
            let alone = words.stop == Stop::End;
            (open.bold || (context.known && !open.item) || (alone && !open.item))
                && !(causes && open.item)
        }
        Place::Factor => {
            causes
                && (open.heading == 0 || open.heading > 3)
                && (open.bold || open.item || context.part > 0)
        }
        Place::Impact => {
            context.section == Section::Impact && (marked || words.stop == Stop::Colon)
        }
        Place::Lessons => context.section == Section::Lessons,
    }
}

/// Reads `Contributing Factor #1: title` and `Finding #1: title`, which carry a number.
fn numbered(
    open: &Opening,
    content: &str,
    all: &[Words],
    context: &Context,
) -> Option<(Label, usize, usize)> {
    let (label, head) = all.iter().take(2).find_map(|words| {
        let label = match words.folded.as_str() {
            "contributing factor" => Label::Factor,
            "root cause" if context.section == Section::Causes => Label::Factor,
            "finding" => Label::Finding,
            _ => return None,
        };
        Some((label, words))
    })?;
    if !(open.heading > 0 || open.bold || (open.item && label == Label::Factor))
        && context.section != Section::Causes
    {
        return None;
    }
    let rest = &content[head.end..];
    let counted = rest.trim_start_matches(|c| is_space(c) || c == '#' || c == '-');
    let named = counted.trim_start_matches(|c: char| c.is_ascii_digit());
    let sharp = rest.trim_start_matches(is_space).starts_with('#');
    if named.len() == counted.len() && !sharp {
        return None;
    }
    let title = named.trim_start_matches(|c| is_space(c) || "*_:.)-–—".contains(c));
    Some((label, content.len() - named.len(), content.len() - title.len()))
}

/// Returns where the answer to a question begins: after the question's own colon or the line.
fn question_end(content: &str, words: &Words) -> usize {
    if words.stop == Stop::Colon { words.value } else { content.len() }
}

/// The titles of reports, as they are found alone on a line.
const TITLES: &[&str] = &[
    "preliminary incident report",
    "initial incident report",
    "full incident report",
    "final incident report",
    "incident report",
    "audit incident report",
    "preliminary report",
    "incident report preliminary",
    "report closure summary",
    "incident closure summary",
    "incident report closure summary",
    "closure report",
    "closure summary",
];

/// Returns whether the line is the title of a report.
fn is_title(open: &Opening, last: &Words) -> bool {
    let folded = last.folded.as_str();
    if TITLES.contains(&folded) && last.stop != Stop::Word {
        return true;
    }
    let begins = TITLES.iter().any(|title| folded.starts_with(title));
    (open.heading > 0 || open.bold) && (folded.contains("incident report") || begins)
}

/// Returns the form that the words of a title name.
fn titled(folded: &str) -> Option<Form> {
    let has = |word: &str| folded.split(' ').any(|w| w == word);
    if has("closure") {
        Some(Form::Closure)
    } else if has("preliminary") || has("initial") {
        Some(Form::Preliminary)
    } else if has("audit") {
        Some(Form::Audit)
    } else if has("full") || has("final") || has("complete") {
        Some(Form::Full)
    } else {
        None
    }
}

/// Returns where the text after a tracker's own words begins, if the line opens with them.
fn prefix(content: &str, all: &[Words]) -> Option<usize> {
    let colon = all.last().filter(|last| last.stop == Stop::Colon)?;
    match colon.folded.as_str() {
        "user agent" => Some(content.len()),
        "steps to reproduce" | "actual results" | "expected results" => Some(colon.value),
        _ => None,
    }
}

/// Returns whether a line asks for the closure in the words of the template.
fn is_closing(content: &str, folded: &str) -> bool {
    if !folded.starts_with("all action items") {
        return false;
    }
    let lower = content.to_lowercase();
    lower.contains("complete") && lower.contains("clos")
}

/// Returns whether a line is a heading or a label of the same rank as those of the template, but
/// none that a template has, so that the value before it ends here.
fn is_unknown(open: &Opening, content: &str, all: &[Words], context: &Context) -> bool {
    if !context.known {
        return false;
    }
    if open.heading > 0 {
        return !content.trim_matches(is_space).is_empty()
            && (context.level == 0 || open.heading <= context.level);
    }
    let Some((last, filled)) = &context.last else { return false };
    let label = all.last().is_some_and(|words| words.stop == Stop::Colon && all.len() <= 8);
    let same = last.bold && open.bold && last.item == open.item && last.indent == open.indent;
    label && same && *filled > 0 && context.section != Section::Lessons
}
