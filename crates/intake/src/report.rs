//! Reports by the CCADB's templates, versions 1 to 3, as people post them.
//!
//! [`read`] takes the text of one comment or file. It never fails: what it could not understand is
//! listed with its line in [`Report::unread`], and a template that nobody filled in says nothing.
//! Every span is in bytes of the text as given.

mod action;
mod field;
pub mod label;
pub(crate) mod line;
mod marker;
mod table;
mod timeline;

pub use action::{Action, Related, kind_term, status_term};
pub use label::Label;
pub use table::{Cell, plain};
pub use timeline::Row;

/// The longest text that is read, in bytes; a tracker's comments are far shorter. What follows is
/// named in [`Report::unread`].
pub const TEXT_MAX: usize = 4 << 20;

/// The most lines that are listed as not understood.
pub const UNREAD_MAX: usize = 1000;

/// The templates of the Incident Reporting Guidelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Template {
    /// Version 1.0: seven questions.
    V1,
    /// Version 2.0: sections of free text.
    V2,
    /// Versions 3.0 to 3.2, which have the same templates.
    V3,
}

/// What kind of report a text is, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A preliminary report.
    Preliminary,
    /// A full report.
    Full,
    /// A report closure summary.
    Closure,
    /// An audit incident report (version 2.0).
    Audit,
}

/// A field of a template that was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Which field.
    pub label: Label,
    /// What it says: the bytes of `span`.
    pub value: String,
    /// Where the value stands.
    pub span: [usize; 2],
    /// Where the label stands, without marks.
    pub label_span: [usize; 2],
    /// The line of the label, counted from 1.
    pub line: usize,
    /// The contributing factor or finding that the field belongs to, counted from 1; 0 for none.
    pub part: usize,
}

/// A label of a template with nothing of its own behind it: a field that nobody filled in, or a
/// section that holds other fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfilled {
    /// Which label.
    pub label: Label,
    /// Where the label stands, without marks.
    pub span: [usize; 2],
    /// The line of the label, counted from 1.
    pub line: usize,
    /// The contributing factor or finding that it belongs to, counted from 1; 0 for none.
    pub part: usize,
}

/// Something in the text that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its line, counted from 1.
    pub line: usize,
    /// Where it stands.
    pub span: [usize; 2],
    /// What was not understood, in a few words.
    pub why: &'static str,
}

/// What a text says by the templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The template used, if one is recognised.
    pub template: Option<Template>,
    /// The form of the report, if it says so.
    pub form: Option<Form>,
    /// Where the title of the report stands.
    pub title: Option<[usize; 2]>,
    /// The fields that are filled in, in the order of the text.
    pub fields: Vec<Field>,
    /// The rows of the timelines, in the order of the text.
    pub timeline: Vec<Row>,
    /// The action items, in the order of the text.
    pub actions: Vec<Action>,
    /// The related incidents, in the order of the text.
    pub related: Vec<Related>,
    /// The labels with nothing of their own, in the order of the text.
    pub unfilled: Vec<Unfilled>,
    /// The sentence that asks for closure since all action items are complete.
    pub closure: Option<[usize; 2]>,
    /// Text outside any field.
    pub prose: Vec<[usize; 2]>,
    /// What was not understood, by line.
    pub unread: Vec<Unread>,
}

impl Report {
    /// Returns the first field with that label.
    pub fn field(&self, label: Label) -> Option<&Field> {
        self.fields.iter().find(|field| field.label == label)
    }
}

/// Reads what `text` says by the templates. Takes time in proportion to its length.
pub fn read(text: &str) -> Report {
    let mut report = Report::default();
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let lines = line::lines(&text[..end]);
    let markers = marker::markers(&lines);
    let tables = table::tables(text, &lines);
    field::fill(&mut report, &text[..end], &lines, &markers);
    let parts: Vec<_> = markers.iter().map(|marker| (marker.line, marker.part)).collect();
    action::read(&mut report, text, &lines, &tables, &parts);
    timeline::read(&mut report, text, &lines, &tables, &markers);
    timeline::read_outside(&mut report, text, &lines);
    if end < text.len() {
        let line = lines.last().map_or(1, |line| line.number);
        report.unread.push(Unread { line, span: [end, text.len()], why: "the text is too long" });
    }
    report.unread.sort_by_key(|unread| unread.span);
    report.unread.truncate(UNREAD_MAX);
    report
}

#[cfg(test)]
mod tests;
