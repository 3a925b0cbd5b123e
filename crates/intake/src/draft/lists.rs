//! Lists of affected certificates beside a draft: whether its numbers are theirs, and what is the
//! matter within a list.

use tally_ledger::time::{Interval, When};

use super::numbers::only_number;
use super::{Draft, Found};
use crate::certificates::{self, Certificates, Column, Revoked, Told, count};
use crate::report::Label;

/// A list as the checks see it.
pub(super) struct Listed<'a> {
    pub(super) list: &'a Certificates,
    /// When it is to be posted.
    pub(super) posted: Interval,
}

/// Returns a total that is not the number of certificates in the lists beside the draft. Without
/// lists the addresses in its own appendix count, but only as too many: they may be examples.
pub(super) fn number(draft: &Draft<'_>) -> Vec<Found> {
    let value = |label: Label| {
        let field = draft.report.field(label)?;
        Some((field, only_number(&field.value)?))
    };
    let Some((field, total)) = value(Label::TotalCertificates) else {
        return Vec::new();
    };
    let span = field.span[0]..field.span[1];
    if draft.lists.is_empty() {
        let list = certificates::in_report(draft.text, &draft.report);
        let listed = count([&list]).certificates as u64;
        // Of each certificate the precertificate may be listed too.
        if listed <= total || listed == total.saturating_mul(2) {
            return Vec::new();
        }
        let message = format!("{total} certificates in all, and {listed} in the appendix");
        let help = "correct the number or the list, or say what else the list holds";
        let mut found = Found::new(span, message).label(total.to_string()).help(help);
        found.others.extend(list.rows.first().map(|row| {
            let place = row.span[0]..row.span[1];
            (place, "the list begins here".to_owned())
        }));
        return vec![found];
    }
    let counts = count(draft.lists);
    // A list of those that remain valid is one that others may ask for.
    let remain = value(Label::RemainingValid).is_some_and(|(_, number)| counts.may_be(number));
    if counts.may_be(total) || remain {
        return Vec::new();
    }
    let lists = if draft.lists.len() == 1 { "the list has" } else { "the lists have" };
    let in_rows = match counts.rows {
        rows if rows == counts.certificates => String::new(),
        rows => format!(" in {rows} rows"),
    };
    let message = format!("{total} certificates in all; {lists} {}{in_rows}", counts.certificates);
    let help = "correct the number or the list, or say which certificates the list leaves out";
    vec![Found::new(span, message).label(total.to_string()).help(help)]
}

/// Returns certificates that a list names twice.
pub(super) fn repeated(listed: &Listed<'_>) -> Vec<Found> {
    let told = |(first, again): (&certificates::Row, &certificates::Row)| {
        let span = again.identity.as_ref().map_or(again.span, |identity| identity.span);
        let message = format!("line {} names this certificate already", first.line);
        Found::new(span[0]..span[1], message)
            .label("named before")
            .help("list each certificate once, so that the number of rows is theirs")
    };
    listed.list.repeated().into_iter().map(told).collect()
}

/// Returns what in a list is not understood.
pub(super) fn unread(listed: &Listed<'_>) -> Vec<Found> {
    let told = |unread: &certificates::Unread| {
        let place = match (unread.column, &unread.name) {
            (Some(_), Some(name)) if !name.is_empty() => format!(", in the column {name:?}"),
            (Some(column), _) => format!(", in column {column}"),
            (None, _) => String::new(),
        };
        Found::new(unread.span[0]..unread.span[1], format!("{}{place}", unread.why))
            .label("not understood")
            .help("programs read the list: write the value alone, as the guidelines ask for it")
    };
    listed.list.unread.iter().map(told).collect()
}

/// Returns times of a certificate that cannot all be.
pub(super) fn times(listed: &Listed<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let posted = listed.posted;
    for row in &listed.list.rows {
        let told = |time: &Told<_>, message: &str, label: &str| {
            Found::new(time.span[0]..time.span[1], message)
                .label(label)
                .help("correct the time, or the column that it stands in")
        };
        let within = |time: &Told<When>| time.value.interval();
        if let (Some(from), Some(until)) = (&row.not_before, &row.not_after)
            && within(until).before(&within(from))
        {
            let message = "the certificate expires before it is valid";
            found.push(told(until, message, "before its \"not before\""));
        }
        let Some(revocation) = &row.revocation else {
            continue;
        };
        if let Some(from) = &row.not_before
            && within(revocation).before(&within(from))
        {
            let message = "the certificate is revoked before it is valid";
            found.push(told(revocation, message, "before its \"not before\""));
        }
        let is_past = within(revocation).before(&posted);
        let is_to_come = posted.before(&within(revocation));
        match row.revoked.as_ref().map(|revoked| revoked.value) {
            Some(Revoked::Yes) if is_to_come => {
                let message = "this certificate is revoked, on a day that is still to come";
                found.push(told(revocation, message, "to come"));
            }
            Some(Revoked::Planned) if is_past => {
                let message = "the revocation is planned for a day that has passed";
                found.push(told(revocation, message, "has passed"));
            }
            _ => {}
        }
    }
    found
}

/// The most certificates of which the guidelines ask for the whole table.
const TABLE_MAX: usize = 10_000;
/// Since when they do, with these columns: 2025-03-01 (Incident Reporting Guidelines 3.0).
const COLUMNS_FROM: i64 = 1_740_787_200;

/// Returns columns that are not those of the guidelines.
pub(super) fn columns(listed: &Listed<'_>) -> Vec<Found> {
    let list = listed.list;
    let is_asked = listed.posted.start >= COLUMNS_FROM && list.rows.len() < TABLE_MAX;
    if !is_asked || list.rows.is_empty() || list.is_by_guidelines() {
        return Vec::new();
    }
    let has = |column: Column| list.columns.iter().any(|heading| heading.holds == Some(column));
    let lacks = Column::GUIDELINES.iter().filter(|(column, _)| !has(*column));
    let lacks: Vec<&str> = lacks.map(|(_, name)| *name).collect();
    let message = match lacks.len() {
        11 => "the list has none of the columns of the guidelines".to_owned(),
        0 => "the columns stand in another order than that of the guidelines".to_owned(),
        1 => "a column of the guidelines is missing".to_owned(),
        n => format!("{n} columns of the guidelines are missing"),
    };
    let names: Vec<&str> = Column::GUIDELINES.iter().map(|(_, name)| *name).collect();
    let help = if lacks.is_empty() || lacks.len() == names.len() {
        format!("begin with these columns, in this order: {}", names.join("; "))
    } else {
        format!("add: {}. Further columns stand to the right", lacks.join("; "))
    };
    let span = list.header.unwrap_or(list.rows[0].span);
    vec![Found::new(span[0]..span[1], message).label("other columns").help(help)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FULL, silent};
    use super::super::{Outcome, check, check_list};
    use crate::certificates::read;
    use tally_ledger::time::Interval;

    const HEAD: &str = "Precertificate SHA-256 hash,Certificate SHA-256 hash,Subject,Issuer,Not \
                        before,Not after,Serial #,dNSNames,Is revoked?,Revocation date,Revocation \
                        reason\n";

    fn posted() -> Interval {
        Interval::at("2026-04-01T12:00:00Z".parse().unwrap())
    }

    fn row(number: usize, more: &str) -> String {
        let from = "2025-06-01T00:00:00Z,2026-06-01T00:00:00Z";
        format!(",{number:064x},CN=a,CN=b,{from},{:x},a.example,{more}\n", number + 1)
    }

    fn rows(count: usize) -> String {
        HEAD.to_owned()
            + &(0..count).map(|n| row(n, "Yes,2026-03-01,superseded")).collect::<String>()
    }

    /// Returns the codes and messages of what is found beside lists.
    fn beside(draft: &str, lists: &[&str]) -> Vec<(&'static str, String)> {
        let lists: Vec<_> = lists.iter().map(|text| read(text)).collect();
        told(check(draft, posted(), &lists))
    }

    fn within(text: &str) -> Vec<(&'static str, String)> {
        let outcome = check_list(&read(text), posted());
        for found in &outcome.diagnostics {
            assert!(text.get(found.span.clone()).is_some(), "{found:?}");
        }
        told(outcome)
    }

    fn told(outcome: Outcome) -> Vec<(&'static str, String)> {
        outcome.diagnostics.into_iter().map(|found| (found.check.code, found.message)).collect()
    }

    #[test]
    fn a_total_that_no_way_of_counting_yields_is_found() {
        assert!(FULL.contains("certificates:** 42"), "the example is of 42 certificates");
        assert_eq!(beside(FULL, &[&rows(42)]), []);
        let told = beside(FULL, &[&rows(41)]);
        assert_eq!(told, [("D022", "42 certificates in all; the list has 41".to_owned())]);
        let twice = rows(41) + &row(0, "Yes,,");
        assert_eq!(beside(FULL, &[&twice]), [], "it has 42 rows");
        let thrice = twice + &row(0, "Yes,,");
        let told = beside(FULL, &[&thrice]);
        assert_eq!(told[0].1, "42 certificates in all; the list has 41 in 43 rows");
        assert_eq!(
            beside(FULL, &[&rows(40), &(HEAD.to_owned() + &row(40, "") + &row(41, ""))]),
            []
        );
        let told = beside(FULL, &[&rows(40), &rows(41)]);
        assert_eq!(told[0].1, "42 certificates in all; the lists have 41 in 81 rows");
    }

    #[test]
    fn a_number_that_the_list_leaves_open_is_not_found() {
        assert_eq!(beside(FULL, &[&(rows(41) + ",,x,,,,,,,,\n")]), []);
        assert_eq!(beside(FULL, &[&(rows(20) + "\"\n")]), []);
        let about = FULL.replace("certificates:** 42", "certificates:** about 42");
        assert_eq!(beside(&about, &[&rows(12)]), []);
        let field = "\"remaining valid\" certificates:** ";
        let remain = FULL.replace(&format!("{field}0"), &format!("{field}12"));
        assert_eq!(beside(&remain, &[&rows(12)]), []);
    }

    #[test]
    fn more_in_the_appendix_than_in_all_is_found() {
        let links = |count: usize| {
            let links = (0..count).map(|n| format!("- https://crt.sh/?id={}\n", n + 1));
            FULL.to_owned()
                + "\n#### Details of affected certificates\n\n"
                + &links.collect::<String>()
        };
        for count in [0, 12, 42, 84] {
            silent(&links(count));
        }
        let told = beside(&links(43), &[]);
        assert_eq!(told, [("D022", "42 certificates in all, and 43 in the appendix".to_owned())]);
    }

    #[test]
    fn a_list_by_the_guidelines_is_clean() {
        assert_eq!(within(&rows(3)), []);
    }

    #[test]
    fn a_certificate_named_twice_is_found() {
        let told = within(&(rows(2) + &row(1, "Yes,2026-03-01,superseded")));
        assert_eq!(told, [("D023", "line 3 names this certificate already".to_owned())]);
    }

    #[test]
    fn what_is_not_understood_is_found_with_its_column() {
        let told = within(&rows(2).replacen(",Yes,", ",perhaps,", 1));
        let expected = "not whether it is revoked, in the column \"Is revoked?\"";
        assert_eq!(told, [("D024", expected.to_owned())]);
    }

    #[test]
    fn times_that_cannot_be_are_found() {
        for (more, message) in [
            ("Yes,2025-05-01,superseded", "the certificate is revoked before it is valid"),
            (
                "Yes,2026-04-09,superseded",
                "this certificate is revoked, on a day that is still to come",
            ),
            ("Planned,2026-03-01,", "the revocation is planned for a day that has passed"),
        ] {
            let told = within(&(HEAD.to_owned() + &row(1, more)));
            assert_eq!(told, [("D025", message.to_owned())], "{more}");
        }
        let swapped = rows(1).replace("2026-06-01", "2024-06-01");
        assert_eq!(within(&swapped)[0].1, "the certificate expires before it is valid");
        // The day of posting, and one whose zone is not known, may be meant.
        for more in ["Yes,2026-04-01,", "Planned,2026-04-01,", "Delayed,2026-03-01,", "No,,"] {
            assert_eq!(within(&(HEAD.to_owned() + &row(1, more))), [], "{more}");
        }
    }

    #[test]
    fn other_columns_than_those_of_the_guidelines_are_noted() {
        let lacking = rows(1).replace("dNSNames,", "Names of hosts,");
        let told = within(&lacking);
        assert_eq!(told, [("D026", "a column of the guidelines is missing".to_owned())]);
        let plain = format!("{:064x}\n", 7);
        assert_eq!(
            within(&plain),
            [("D026", "the list has none of the columns of the guidelines".to_owned())]
        );
        let more = HEAD.trim_end().to_owned() + ",Customer\n" + row(1, "No,,,x").trim_end() + "\n";
        assert_eq!(within(&more), []);
        let list = read(&plain);
        let before = Interval::at("2024-04-01T12:00:00Z".parse().unwrap());
        assert_eq!(check_list(&list, before).diagnostics.len(), 0);
    }
}
