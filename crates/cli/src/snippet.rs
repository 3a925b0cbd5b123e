//! Diagnostics on the lines of a text, laid out as compilers do it.
//!
//! The text is hostile: a line may be as long as the file, and hold whatever confuses a terminal.
//! Of a long line only a window around the span is handed to the layout.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use tally_divergence::review::Accepted;
use tally_intake::draft::{Diagnostic, Severity};
use tally_report::sarif::{Kind, Level as SarifLevel};
use tally_report::text::{Style, escaped, wrapped};

/// Something to be told of a text, on its own lines.
#[derive(Debug, Clone)]
pub struct Shown {
    /// How much it weighs.
    pub weight: Severity,
    /// The code of the check or rule that found it.
    pub code: String,
    /// What the check or rule is about.
    pub title: String,
    /// What is the matter.
    pub message: String,
    /// The bytes that it is about.
    pub span: Range<usize>,
    /// A few words for beneath them.
    pub label: String,
    /// Other places of the text that bear on it, with a few words for each.
    pub others: Vec<(Range<usize>, String)>,
    /// The records that it rests on, a line each.
    pub records: Vec<String>,
    /// How to mend it.
    pub help: String,
    /// What it is for those who read logs.
    pub kind: Kind,
    /// A reviewer's acceptance.
    pub accepted: Option<Accepted>,
}

impl From<Diagnostic> for Shown {
    fn from(found: Diagnostic) -> Self {
        Self {
            weight: found.check.severity,
            code: found.check.code.to_owned(),
            title: found.check.title.to_owned(),
            message: found.message,
            span: found.span,
            label: found.label,
            others: found.others,
            records: Vec::new(),
            help: found.help,
            kind: Kind::Fail(level(found.check.severity)),
            accepted: None,
        }
    }
}

/// Returns how much a diagnostic weighs, as a log of SARIF says it.
pub fn level(weight: Severity) -> SarifLevel {
    match weight {
        Severity::Error => SarifLevel::Error,
        Severity::Warning => SarifLevel::Warning,
        Severity::Note => SarifLevel::Note,
    }
}

/// A text with the places of its lines.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

/// Where a byte stands: line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// The most bytes of a line that are shown whole.
const LINE_MAX: usize = 2000;
/// The bytes on either side of a span that are shown of a longer line.
const WINDOW: usize = 200;
/// The most lines of one span that are shown, so that a section is no page.
const SPAN_LINES_MAX: usize = 4;

impl<'a> Lines<'a> {
    /// Finds the lines of a text.
    pub fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// Returns the text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Returns where a byte of the text stands.
    pub fn position(&self, at: usize) -> Position {
        let line = self.line(at);
        let column = self.text[self.starts[line]..at].chars().count() + 1;
        Position { line: line + 1, column }
    }

    /// Returns the index of the line that a byte stands in.
    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }

    /// Returns the bytes of the lines from that of `span` to that of its end, without the last
    /// line's newline.
    fn around(&self, span: &Range<usize>) -> Range<usize> {
        let last = self.line(span.end.max(span.start + 1).min(self.text.len()).saturating_sub(1));
        let end = self.starts.get(last + 1).map_or(self.text.len(), |next| next - 1);
        self.starts[self.line(span.start)]..end.max(span.end)
    }

    /// Returns whether each line of a piece has at most that many bytes.
    fn are_short(&self, piece: Range<usize>, longest: usize) -> bool {
        self.text[piece].split('\n').all(|line| line.len() <= longest)
    }

    /// Returns the span cut to the few lines that are shown of it.
    fn shown(&self, span: &Range<usize>) -> Range<usize> {
        let limit = self.starts.get(self.line(span.start) + SPAN_LINES_MAX);
        let end = limit.map_or(span.end, |next| span.end.min(next - 1));
        span.start..end.max(span.start)
    }
}

/// Returns what is told of a text with the lines it is about, those underlined, and how to mend it.
pub fn laid_out(found: &Shown, path: &str, lines: &Lines<'_>, style: Style) -> String {
    let level = match found.weight {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let ahead = found.weight.to_string().len() + found.code.len() + "[]: ".len();
    let line = |text: &str| wrapped("", &escaped(text), style.width - HELP_INDENT);
    let title = wrapped("", &escaped(&found.message), style.width - ahead);
    let group = Group::with_title(level.primary_title(title).id(&found.code));
    let group = shown(group, found, path, lines, style.width);
    let group = found
        .records
        .iter()
        .fold(group, |group, record| group.element(Level::NOTE.message(line(record))));
    let group = group.element(Level::HELP.message(line(&found.help)));
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).term_width(style.width).render(&[group])
}

/// The columns ahead of the words of a help line.
const HELP_INDENT: usize = 14;

/// Adds the lines with their spans marked: one piece of the text if its lines fit, else a piece for
/// each span, and only a window of a line that is very long.
fn shown<'a>(
    group: Group<'a>,
    found: &'a Shown,
    path: &'a str,
    lines: &Lines<'a>,
    width: usize,
) -> Group<'a> {
    let others = found.others.iter();
    let mut marks: Vec<_> = others
        .map(|(span, label)| (AnnotationKind::Context, lines.shown(span), label.as_str()))
        .collect();
    marks.push((AnnotationKind::Primary, lines.shown(&found.span), found.label.as_str()));
    marks.sort_by_key(|(_, span, _)| span.start);
    let start = marks.iter().map(|(_, span, _)| lines.around(span).start).min().unwrap_or(0);
    let end = marks.iter().map(|(_, span, _)| lines.around(span).end).max().unwrap_or(0);
    let is_one_line = lines.line(start) == lines.line(end);
    let longest = if is_one_line { LINE_MAX } else { width };
    if lines.are_short(start..end, longest) {
        return group.element(piece(lines, start..end, marks).path(path));
    }
    // The place of the diagnostic comes first, whatever stands ahead of it in the text.
    marks.sort_by_key(|(kind, ..)| *kind != AnnotationKind::Primary);
    marks.into_iter().fold(group, |group, mark| {
        let around = lines.around(&mark.1);
        if lines.are_short(around.clone(), LINE_MAX) {
            return group.element(piece(lines, around, vec![mark]).path(path));
        }
        let at = lines.position(mark.1.start);
        let around = window(lines.text, &around, &mark.1);
        let origin = Origin::path(path).line(at.line).char_column(at.column);
        group.element(origin).element(piece(lines, around, vec![mark]))
    })
}

/// Returns a piece of the text with the spans in it marked.
fn piece<'a>(
    lines: &Lines<'a>,
    around: Range<usize>,
    marks: Vec<(AnnotationKind, Range<usize>, &'a str)>,
) -> Snippet<'a, Annotation<'a>> {
    let marks = marks.into_iter().map(|(kind, span, label)| {
        let label = (!label.is_empty()).then_some(label);
        kind.span(span.start - around.start..span.end - around.start).label(label)
    });
    Snippet::source(&lines.text[around.clone()])
        .line_start(lines.position(around.start).line)
        .annotations(marks)
}

/// Returns as much of the lines as is shown around a span if one of them is very long.
fn window(text: &str, around: &Range<usize>, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.saturating_sub(WINDOW)).max(around.start);
    let end = text.ceil_char_boundary((span.end + WINDOW).min(text.len())).min(around.end);
    start..end
}
