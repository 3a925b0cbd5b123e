//! Lists of affected certificates, as people attach them to reports.
//!
//! The Incident Reporting Guidelines ask for separated values with eleven columns; what is posted
//! has other names for them, other separators, other forms of the same value, or is a plain list of
//! addresses at crt.sh. What was not understood is listed with line and column. Every span is in
//! bytes of the text as given.

mod column;
mod sheet;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::hash::Hash;
use tally_ledger::time::When;

pub use column::Column;
use sheet::{Cell, Record, Sheet};

use crate::report::{Label, Report};

/// The longest list that is read, in bytes. What follows is named in [`Certificates::unread`].
pub const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most rows that are read.
pub const ROWS_MAX: usize = 500_000;
/// The most places that are listed as not understood; [`Certificates::unread_count`] has them all.
pub const UNREAD_MAX: usize = 1000;
/// In how many of the first records the names of the columns are looked for.
const HEADER_RECORDS_MAX: usize = 10;

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: [usize; 2],
}

/// What tells a certificate from all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// The SHA-256 fingerprint of the certificate.
    Fingerprint(Hash),
    /// The SHA-256 fingerprint of its precertificate.
    Precertificate(Hash),
    /// Its serial number in lower case, without zeros before it, and its issuer as the list has it;
    /// empty if the list names none.
    Serial(String, String),
    /// Its number at crt.sh.
    CrtSh(u64),
}

/// Whether a certificate is revoked, in the words of the Incident Reporting Guidelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revoked {
    /// It is.
    Yes,
    /// It will be, in time.
    Planned,
    /// It will be, too late.
    Delayed,
    /// It has expired.
    Expired,
    /// It is not; the guidelines have no such word.
    No,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line, counted from 1.
    pub line: usize,
    /// Where it stands.
    pub span: [usize; 2],
    /// Which certificate it is about: its fingerprint, else that of its precertificate, else its
    /// serial number, else its number at crt.sh. `None` if the row names none.
    pub identity: Option<Told<Identity>>,
    /// Its serial number, whatever else the row has.
    pub serial: Option<Identity>,
    /// Whether the row is about a precertificate, if it says so.
    pub is_precertificate: Option<bool>,
    /// From when it is valid.
    pub not_before: Option<Told<When>>,
    /// Until when it is valid.
    pub not_after: Option<Told<When>>,
    /// Whether it is revoked.
    pub revoked: Option<Told<Revoked>>,
    /// When it was or will be revoked.
    pub revocation: Option<Told<When>>,
    /// Why.
    pub reason: Option<Told<String>>,
}

/// Something in a list that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its line, counted from 1.
    pub line: usize,
    /// Its column, counted from 1; `None` if it is the whole row.
    pub column: Option<usize>,
    /// The name of the column.
    pub name: Option<String>,
    /// Where it stands.
    pub span: [usize; 2],
    /// What was not understood, in a few words.
    pub why: &'static str,
}

/// The name of a column, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its name, as the list has it.
    pub name: String,
    /// Where the name stands.
    pub span: [usize; 2],
    /// What it holds; `None` if that is not known.
    pub holds: Option<Column>,
}

/// A list of certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Where the names of the columns stand; `None` if there are none.
    pub header: Option<[usize; 2]>,
    /// The columns; none if the list is plain.
    pub columns: Vec<Heading>,
    /// The rows, in their order.
    pub rows: Vec<Row>,
    /// What was not understood, in the order of the text.
    pub unread: Vec<Unread>,
    /// How much was not understood.
    pub unread_count: usize,
    /// How many records could not be read at all, and so may hold any number of certificates.
    pub lost: usize,
}

/// How many certificates one or more lists name, counted in the ways in which people count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The rows.
    pub rows: usize,
    /// The distinct certificates, by what each row has; rows without any are not among them.
    pub certificates: usize,
    /// The distinct serial numbers, if every row has one: a precertificate has its certificate's.
    pub serials: Option<usize>,
    /// The distinct certificates among the rows that are not said to be precertificates.
    pub finals: usize,
    /// The rows that name no certificate.
    pub unidentified: usize,
    /// Whether some of a list could not be read at all.
    pub is_partial: bool,
}

impl Counts {
    /// Returns whether the lists may be said to hold so many certificates.
    pub fn may_be(&self, number: u64) -> bool {
        let Ok(number) = usize::try_from(number) else {
            return self.is_partial;
        };
        let fewest = self.certificates.min(self.finals).min(self.serials.unwrap_or(usize::MAX));
        let is_open = self.is_partial && number >= fewest;
        let is_unclear = self.unidentified > 0 && (fewest..=self.rows).contains(&number);
        let ways = [self.rows, self.certificates, self.finals, self.serials.unwrap_or(self.rows)];
        is_open || is_unclear || ways.contains(&number)
    }
}

impl Certificates {
    /// Returns the pairs of rows about one certificate: the first that names it, and another.
    pub fn repeated(&self) -> Vec<(&Row, &Row)> {
        let mut first: BTreeMap<&Identity, &Row> = BTreeMap::new();
        let mut pairs = Vec::new();
        for row in &self.rows {
            let Some(identity) = &row.identity else { continue };
            match first.get(&identity.value) {
                Some(before) => pairs.push((*before, row)),
                None => _ = first.insert(&identity.value, row),
            }
        }
        pairs
    }

    /// Returns the earliest and the latest time at which a certificate was revoked, as far as the
    /// list says that it is.
    pub fn revoked_between(&self) -> Option<[&Told<When>; 2]> {
        let is_revoked =
            |row: &&Row| row.revoked.as_ref().is_none_or(|revoked| revoked.value == Revoked::Yes);
        ends(self.rows.iter().filter(is_revoked).filter_map(|row| row.revocation.as_ref()))
    }

    /// Returns the earliest and the latest time until which a certificate is valid.
    pub fn expire_between(&self) -> Option<[&Told<When>; 2]> {
        ends(self.rows.iter().filter_map(|row| row.not_after.as_ref()))
    }

    /// Returns whether the list begins with the columns of the Incident Reporting Guidelines, in
    /// their order.
    pub fn is_by_guidelines(&self) -> bool {
        let asked = Column::GUIDELINES.map(|(column, _)| Some(column));
        let found: Vec<_> = self.columns.iter().map(|heading| heading.holds).collect();
        found.starts_with(&asked)
    }

    /// Returns whether all of it was understood.
    pub fn is_whole(&self) -> bool {
        self.unread_count == 0 && self.lost == 0
    }

    fn tell(&mut self, unread: Unread) {
        self.unread_count += 1;
        if self.unread.len() < UNREAD_MAX {
            self.unread.push(unread);
        }
    }
}

/// Returns the time that begins first and the one that ends last.
fn ends<'a>(times: impl Iterator<Item = &'a Told<When>> + Clone) -> Option<[&'a Told<When>; 2]> {
    let first = times.clone().min_by_key(|told| told.value.interval().start)?;
    let last = times.max_by_key(|told| told.value.interval().end)?;
    Some([first, last])
}

/// Counts the certificates of lists that belong together.
pub fn count<'a>(lists: impl IntoIterator<Item = &'a Certificates>) -> Counts {
    let (mut all, mut finals, mut serials) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut rows, mut unidentified, mut with_serial) = (0, 0, 0);
    let mut is_partial = false;
    for list in lists {
        is_partial |= list.lost > 0;
        for row in &list.rows {
            rows += 1;
            with_serial += usize::from(row.serial.is_some());
            serials.extend(&row.serial);
            let Some(identity) = &row.identity else {
                unidentified += 1;
                continue;
            };
            all.insert(&identity.value);
            if row.is_precertificate != Some(true) {
                finals.insert(&identity.value);
            }
        }
    }
    Counts {
        rows,
        certificates: all.len(),
        serials: (with_serial == rows).then_some(serials.len()),
        finals: finals.len(),
        unidentified,
        is_partial,
    }
}

/// Reads a list: separated values with names of columns, or lines with a fingerprint or an address
/// at crt.sh each.
pub fn read(text: &str) -> Certificates {
    let mut end = text.len().min(LIST_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let whole = &text[..end];
    let mut list = Certificates::default();
    let mut sheet = Sheet::new(whole);
    let mut first = Vec::new();
    while first.len() < HEADER_RECORDS_MAX
        && let Some(record) = sheet.next()
    {
        first.push(record);
    }
    let header = first.iter().position(|record| record.as_ref().is_ok_and(is_header));
    for (index, record) in first.into_iter().enumerate() {
        match (record, header) {
            (Ok(record), Some(at)) if index == at => list.name(&record),
            (Ok(record), Some(at)) if index < at => {
                let why = "a row before the names of the columns";
                list.tell(Unread::of_row(&record, why));
            }
            (record, _) => list.take(record),
        }
    }
    while let Some(record) = sheet.next() {
        if list.rows.len() == ROWS_MAX {
            let (line, span) = record.map_or_else(
                |unread| (unread.line, unread.span),
                |record| (record.line, record.span()),
            );
            list.stop(line, [span[0], end], "more rows than are read");
            return list;
        }
        list.take(record);
    }
    if end < text.len() {
        list.stop(line_at(text, end), [end, text.len()], "the list is too long");
    }
    list
}

/// Reads the addresses at crt.sh in the parts of a report that list its certificates.
pub fn in_report(text: &str, report: &Report) -> Certificates {
    let mut list = Certificates::default();
    let is_list = |label| matches!(label, Label::AffectedCertificates | Label::Appendix);
    let (mut from, mut line, mut counted) = (0, 1, 0);
    for field in report.fields.iter().filter(|field| is_list(field.label)) {
        // The one part may stand within the other.
        let start = field.span[0].max(from);
        from = from.max(field.span[1]);
        let Some(within) = text.get(start..field.span[1]) else { continue };
        for (at, _) in within.match_indices("crt.sh/?") {
            let rest = &within[at..];
            let until = rest.find(|c: char| c.is_whitespace() || "()[]<>|\"`".contains(c));
            let address = &rest[..until.unwrap_or(rest.len())];
            let Some(identity) = value::at_crt_sh(address) else { continue };
            let span = [start + at, start + at + address.len()];
            let told = Told { value: identity, span };
            // A link that shows its address names it twice.
            let again = |row: &Row| row.identity.as_ref().is_some_and(|i| i.value == told.value);
            if list.rows.last().is_some_and(again) {
                continue;
            }
            line += line_at(&text[counted..], span[0] - counted) - 1;
            counted = span[0];
            list.rows.push(Row { identity: Some(told), ..Row::empty(line, span) });
        }
    }
    list
}

/// Returns the number of the line, counted from 1, in which the byte `at` stands.
fn line_at(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// Returns whether a record holds names of columns: two that are known, or one that identifies.
fn is_header(record: &Record) -> bool {
    let is_value = |cell: &Cell| {
        value::fingerprint(&cell.text).is_ok() || value::at_crt_sh(&cell.text).is_some()
    };
    if record.cells.iter().any(is_value) {
        return false;
    }
    let known: BTreeSet<Column> =
        record.cells.iter().filter_map(|cell| column::named(&cell.text)).collect();
    let identifies = |column: &Column| {
        matches!(
            column,
            Column::Certificate | Column::Precertificate | Column::Serial | Column::CrtSh
        )
    };
    known.len() >= 2 || known.iter().any(identifies) && record.cells.len() == 1
}

impl Record {
    fn span(&self) -> [usize; 2] {
        let [first, .., last] = self.cells.as_slice() else {
            return self.cells.first().map_or([0, 0], |cell| cell.span);
        };
        [first.span[0], last.span[1]]
    }
}

impl Unread {
    fn of_row(record: &Record, why: &'static str) -> Self {
        Self { line: record.line, column: None, name: None, span: record.span(), why }
    }
}

impl Row {
    fn empty(line: usize, span: [usize; 2]) -> Self {
        Self {
            line,
            span,
            identity: None,
            serial: None,
            is_precertificate: None,
            not_before: None,
            not_after: None,
            revoked: None,
            revocation: None,
            reason: None,
        }
    }
}

/// What names a certificate in a row, in the order in which it is preferred.
#[derive(Default)]
struct Names {
    certificate: Option<Told<Identity>>,
    precertificate: Option<Told<Identity>>,
    serial: Option<Told<String>>,
    crt_sh: Option<Told<Identity>>,
    issuer: String,
}

impl Certificates {
    /// Takes the names of the columns.
    fn name(&mut self, record: &Record) {
        self.header = Some(record.span());
        for cell in &record.cells {
            // Of two columns that hold the same, the first counts.
            let is_new = |column: &Column| self.columns.iter().all(|c| c.holds != Some(*column));
            let holds = column::named(&cell.text).filter(is_new);
            let name = cell.text.trim().to_owned();
            self.columns.push(Heading { name, span: cell.span, holds });
        }
    }

    /// Takes one record.
    fn take(&mut self, record: Result<Record, Unread>) {
        match record {
            Err(unread) => {
                self.lost += 1;
                self.tell(unread);
            }
            Ok(record) if self.header.is_none() => self.take_plain(&record),
            Ok(record) => self.take_row(&record),
        }
    }

    /// Ends with what is beyond a limit.
    fn stop(&mut self, line: usize, span: [usize; 2], why: &'static str) {
        self.lost += 1;
        self.tell(Unread { line, column: None, name: None, span, why });
    }

    /// Takes a record of a list without names of columns.
    fn take_plain(&mut self, record: &Record) {
        let found = record.cells.iter().find_map(|cell| {
            let by_hash = || value::fingerprint(&cell.text).ok().map(Identity::Fingerprint);
            let value = value::at_crt_sh(&cell.text).or_else(by_hash)?;
            Some(Told { value, span: cell.span })
        });
        let mut row = Row::empty(record.line, record.span());
        row.identity = found;
        if row.identity.is_none() {
            self.tell(Unread::of_row(record, "no certificate is named"));
        }
        self.rows.push(row);
    }

    fn take_row(&mut self, record: &Record) {
        let mut row = Row::empty(record.line, record.span());
        let mut names = Names::default();
        for (index, cell) in record.cells.iter().enumerate() {
            let heading = self.columns.get(index);
            let read = match heading {
                Some(heading) => {
                    heading.holds.map_or(Ok(()), |column| row.read(column, cell, &mut names))
                }
                None if cell.text.trim().is_empty() => Ok(()),
                None => Err("more cells than columns"),
            };
            if let Err(why) = read {
                let name = heading.map(|heading| heading.name.clone());
                let (line, span) = (record.line, cell.span);
                self.tell(Unread { line, column: Some(index + 1), name, span, why });
            }
        }
        let is_short = record.cells.len() < self.columns.len();
        if is_short {
            self.tell(Unread::of_row(record, "fewer cells than columns"));
        }
        row.serial = names
            .serial
            .as_ref()
            .map(|told| Identity::Serial(told.value.clone(), names.issuer.trim().to_lowercase()));
        let serial = names.serial.zip(row.serial.clone());
        let serial = serial.map(|(told, value)| Told { value, span: told.span });
        row.identity = names.certificate.or(names.precertificate).or(serial).or(names.crt_sh);
        if row.identity.is_none() && !is_short {
            self.tell(Unread::of_row(record, "no certificate is named"));
        }
        self.rows.push(row);
    }
}

impl Row {
    /// Reads a cell of a column.
    fn read(&mut self, column: Column, cell: &Cell, names: &mut Names) -> Result<(), &'static str> {
        let (text, span) = (cell.text.as_str(), cell.span);
        let is_answer = column == Column::IsRevoked && !text.trim().is_empty();
        if value::is_empty(text) && !is_answer {
            return Ok(());
        }
        let time = || Ok::<_, &str>(Some(Told { value: value::time(text)?, span }));
        match column {
            Column::Certificate => {
                let value = Identity::Fingerprint(value::fingerprint(text)?);
                names.certificate = Some(Told { value, span });
            }
            Column::Precertificate => {
                let value = Identity::Precertificate(value::fingerprint(text)?);
                names.precertificate = Some(Told { value, span });
            }
            Column::Serial => {
                names.serial = Some(Told { value: value::serial(text)?, span });
            }
            Column::CrtSh => {
                let value = value::crt_sh(text)?;
                names.crt_sh = Some(Told { value, span });
            }
            Column::Issuer => text.clone_into(&mut names.issuer),
            Column::NotBefore => self.not_before = time()?,
            Column::NotAfter => self.not_after = time()?,
            Column::RevocationDate => self.revocation = time()?,
            Column::IsRevoked => {
                self.revoked = Some(Told { value: value::revoked(text)?, span });
            }
            Column::IsPrecertificate => {
                self.is_precertificate = Some(value::precertificate(text)?);
            }
            Column::RevocationReason => {
                let value = text.trim().to_owned();
                self.reason = Some(Told { value, span });
            }
            Column::Subject | Column::Names => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
