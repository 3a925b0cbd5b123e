//! Values for which the templates have words of their own.

use tally_ledger::vocabulary::action::{ActionKind, ActionStatus};

use super::{Draft, Found};
use crate::report::{Action, Cell, Label};

/// Returns values that are none of the words that the template allows.
pub(super) fn find(draft: &Draft<'_>) -> Vec<Found> {
    let mut found: Vec<Found> = source(draft).into_iter().collect();
    let actions = &draft.report.actions;
    found.extend(words("kind", "Prevent, Mitigate or Detect", actions, |action| {
        (action.kind.as_ref(), action.kind_term.as_ref().map(ActionKind::as_str))
    }));
    found.extend(words("status", "Ongoing, Complete, Delayed or Canceled", actions, |action| {
        (action.status.as_ref(), action.status_term.as_ref().map(ActionStatus::as_str))
    }));
    found
}

/// Returns the cells of a column that are not the one word they should be, each word once.
fn words<'a>(
    what: &str,
    allowed: &str,
    actions: &'a [Action],
    cell: impl Fn(&'a Action) -> (Option<&'a Cell>, Option<&'a str>),
) -> Vec<Found> {
    let mut found: Vec<(&str, Found)> = Vec::new();
    for action in actions {
        let (Some(cell), means) = cell(action) else { continue };
        // A date beside the word, and how it is capitalised, mislead nobody.
        let first = cell.text.split([' ', ',', ':', ';', '(', '.']).next().unwrap_or_default();
        if means.is_some_and(|term| first.eq_ignore_ascii_case(term)) {
            continue;
        }
        let span = cell.span[0]..cell.span[1];
        if let Some((_, told)) = found.iter_mut().find(|(text, _)| *text == cell.text) {
            if told.others.len() < 5 {
                told.others.push((span, "here too".to_owned()));
            }
            continue;
        }
        let help = match means {
            Some(term) => format!("write: {term}"),
            None => format!("write one of: {allowed}"),
        };
        let message = format!("this is none of the words for the {what} of an action item");
        found.push((&cell.text, Found::new(span, message).label(format!("no {what}")).help(help)));
    }
    found.into_iter().map(|(_, told)| told).collect()
}

const SOURCES: &[&str] = &["Self Reported", "Third Party Reported", "Audit"];

/// Returns a source of disclosure that is none of the three.
fn source(draft: &Draft<'_>) -> Option<Found> {
    let field = draft.report.field(Label::Source)?;
    let fold = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let value = fold(&field.value);
    // What follows the word misleads nobody.
    if value == "na" || SOURCES.iter().any(|source| value.starts_with(&fold(source))) {
        return None;
    }
    let has = |words: &[&str]| words.iter().any(|word| value.contains(word));
    let likely = match () {
        () if has(&["selfreport", "selfdisclos"]) => Some("Self Reported"),
        () if has(&["thirdparty", "external", "problemreport", "researcher", "community"]) => {
            Some("Third Party Reported")
        }
        () if has(&["audit"]) => Some("Audit"),
        () if has(&["internal"]) => Some("Self Reported"),
        () => None,
    };
    let help = match likely {
        Some(source) => format!("write: {source}; what else there is to say fits the description"),
        None => format!("write one of: {}", SOURCES.join(", ")),
    };
    let message = "this is none of the three sources that the template allows";
    Some(Found::new(field.span[0]..field.span[1], message).label("no source").help(help))
}

/// Returns a CA Owner id that is not of the CCADB's form.
pub(super) fn owner(draft: &Draft<'_>) -> Vec<Found> {
    let Some(field) = draft.report.field(Label::CaOwnerId) else {
        return Vec::new();
    };
    let is_id = |word: &str| {
        word.len() == 7 && word.starts_with('A') && word[1..].bytes().all(|c| c.is_ascii_digit())
    };
    let mut words = field.value.split(|c: char| !c.is_alphanumeric());
    if words.clone().any(is_id) || words.any(|word| word.eq_ignore_ascii_case("na")) {
        return Vec::new();
    }
    let message = "a CCADB unique id is an A and six digits";
    let help = "copy it from the record of the CA Owner in the CCADB, such as A000123";
    vec![Found::new(field.span[0]..field.span[1], message).label("no such id").help(help)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FULL, PRELIMINARY, codes, first, silent};

    fn sourced(words: &str) -> String {
        PRELIMINARY.replace("Third Party Reported", words)
    }

    #[test]
    fn a_source_that_is_none_of_the_three_is_found_with_the_one_it_seems_to_mean() {
        for (words, meant) in [
            ("Annual ETSI Audit", "write: Audit;"),
            ("Certificate Problem Reporting", "write: Third Party Reported;"),
            ("Internal investigation", "write: Self Reported;"),
            ("A sentence", "write one of: Self Reported, Third Party Reported, Audit"),
        ] {
            let found = first(&sourced(words));
            assert_eq!(found.check.code, "D006");
            assert!(found.help.starts_with(meant), "{words}: {}", found.help);
        }
        for words in ["Audit", "self-reported", "Third party reported, by a researcher", "N/A"] {
            silent(&sourced(words));
        }
    }

    #[test]
    fn a_kind_and_a_status_are_words_of_the_template() {
        let done = FULL.replace("2026-04-10 | Ongoing", "2026-04-10 | Done");
        assert_eq!(first(&done).help, "write: Complete");
        let both = FULL.replace("| Ongoing |", "| Done |");
        assert_eq!(codes(&both), ["D006"]);
        assert_eq!(first(&both).others.len(), 1);
        let report = FULL.replace("| Detect |", "| Report |");
        assert_eq!(first(&report).help, "write one of: Prevent, Mitigate or Detect");
        silent(&FULL.replace("2026-04-10 | Ongoing", "2026-04-10 | Complete (2026-03-30)"));
        silent(&FULL.replace("| Detect |", "| detect |"));
    }

    #[test]
    fn an_owner_is_named_by_its_id() {
        assert_eq!(codes(&FULL.replace("ID:** A999999", "ID:** Example CA")), ["D007"]);
        silent(&FULL.replace("ID:** A999999", "ID:** \u{201c}Example\u{201d} A999999"));
    }
}
