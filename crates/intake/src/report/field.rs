//! From markers to fields: where a value ends, and whether it says anything.

use super::label::Label;
use super::line::{Line, is_space, opening};
use super::marker::{Mark, Marker};
use super::{Field, Form, Report, Template, Unfilled, Unread};

/// Fills in template, form, fields, closure and prose.
pub(super) fn fill(report: &mut Report, text: &str, lines: &[Line<'_>], markers: &[Marker]) {
    let mut prose = |from: usize, to: usize| {
        let span = trimmed(text, [from, to]);
        if span[0] < span[1] && text[span[0]..span[1]].contains(char::is_alphanumeric) {
            report.prose.push(span);
        }
    };
    let first = markers.first().map_or(text.len(), |marker| lines[marker.line].start);
    prose(0, first);
    for (index, marker) in markers.iter().enumerate() {
        let next = markers.get(index + 1);
        let end = next.map_or(text.len(), |next| lines[next.line].start);
        match marker.mark {
            Mark::Label(label) => {
                let lasts =
                    next.is_none_or(|next| matches!(next.mark, Mark::Closing | Mark::Prefix));
                let (value, rest) = value(text, marker.value, end, label, lasts);
                if is_filled(label, &text[value[0]..value[1]]) {
                    report.fields.push(Field {
                        label,
                        value: text[value[0]..value[1]].to_owned(),
                        span: value,
                        label_span: marker.label_span,
                        line: lines[marker.line].number,
                        part: marker.part,
                    });
                } else {
                    report.unfilled.push(Unfilled {
                        label,
                        span: marker.label_span,
                        line: lines[marker.line].number,
                        part: marker.part,
                    });
                }
                prose(rest, end);
            }
            Mark::Closing => {
                report.closure = Some(marker.label_span);
                prose(marker.value, end);
            }
            Mark::Title(_) => {
                report.title.get_or_insert(marker.label_span);
                prose(marker.value.min(end), end);
            }
            Mark::Prefix => prose(marker.value.min(end), end),
            Mark::Unknown => {
                let line = &lines[marker.line];
                report.unread.push(Unread {
                    line: line.number,
                    span: [line.start, line.end()],
                    why: "no label of the templates",
                });
                prose(line.start, end);
            }
        }
    }
    report.template = template(text, markers);
    report.form = form(text, markers, report);
}

/// Returns the span of the value in `from..end`, and where the text goes on that is not part of it.
fn value(text: &str, from: usize, end: usize, label: Label, lasts: bool) -> ([usize; 2], usize) {
    let first = text[from..end].find('\n').map_or(end, |at| from + at);
    let inline = text[from..first].contains(char::is_alphanumeric);
    let mut stop = end;
    if label.is_short() {
        stop = short_end(text, from, end);
    } else if lasts && inline {
        stop = paragraph_end(text, from, end);
    }
    let mut span = unmarked(text, trimmed(text, [from, stop]));
    if label == Label::Factor {
        // A title often ends with the emphasis that its label opened.
        let title = text[span[0]..span[1]].trim_end_matches(|c| is_space(c) || "*_".contains(c));
        span[1] = span[0] + title.len();
    }
    (span, stop)
}

/// Returns where the first line that says something ends; a line that goes on in lower case is
/// part of it.
fn short_end(text: &str, from: usize, end: usize) -> usize {
    let mut at = from;
    let mut said = false;
    for piece in text[from..end].split_inclusive('\n') {
        let goes_on = piece.trim_start().starts_with(|c: char| c.is_lowercase());
        if said && !goes_on {
            return at;
        }
        said |= piece.contains(char::is_alphanumeric);
        at += piece.len();
    }
    end
}

/// Returns where the value ends that began on the line of its label: before the first paragraph
/// that is neither indented nor a list, since that is no part of the list item.
fn paragraph_end(text: &str, from: usize, end: usize) -> usize {
    let mut at = from;
    let mut blank = false;
    for piece in text[from..end].split_inclusive('\n') {
        let line = piece.trim_end_matches(['\n', '\r']);
        let empty = line.trim_matches(is_space).is_empty();
        let open = opening(line);
        if blank && !empty && open.indent == 0 && !open.item {
            return at;
        }
        blank = empty;
        at += piece.len();
    }
    end
}

/// Returns `span` without the spaces around it, and without lines at its end that hold list marks
/// or rules alone.
fn trimmed(text: &str, span: [usize; 2]) -> [usize; 2] {
    let slice = &text[span[0]..span[1]];
    let start = span[0] + slice.len() - slice.trim_start_matches(is_space).len();
    let mut kept = text[start..span[1]].trim_end_matches(is_space);
    while let Some(at) = kept.rfind('\n') {
        let last = kept[at..].trim_matches(is_space);
        if !last.chars().all(|c| matches!(c, '-' | '*' | '_' | '#' | '+' | '•') || is_space(c)) {
            break;
        }
        kept = kept[..at].trim_end_matches(is_space);
    }
    [start, start + kept.len()]
}

/// Returns `span` without a list mark before the value and emphasis left over from the label.
fn unmarked(text: &str, span: [usize; 2]) -> [usize; 2] {
    let slice = &text[span[0]..span[1]];
    let mut rest = slice;
    loop {
        let mark = rest.chars().next().filter(|c| matches!(c, '-' | '*' | '+' | '•' | '–' | '_'));
        let Some(mark) = mark else { break };
        let after = &rest[mark.len_utf8()..];
        let trimmed = after.trim_start_matches(is_space);
        if trimmed.len() == after.len() && !after.is_empty() {
            break;
        }
        rest = trimmed;
    }
    [span[0] + slice.len() - rest.len(), span[1]]
}

/// Returns whether a value says anything: not empty, and not what the template itself holds.
pub(super) fn is_filled(label: Label, value: &str) -> bool {
    if label == Label::Factor && value == "title" {
        return false;
    }
    value.lines().any(|line| {
        let line = line.trim_matches(|c| is_space(c) || "*-_#+:".contains(c));
        line.contains(char::is_alphanumeric) && !is_placeholder(line)
    })
}

/// Returns whether a line is one that the templates hold before anybody fills them in.
pub(super) fn is_placeholder(line: &str) -> bool {
    const LINES: &[&str] = &[
        "all times are utc",
        "yyyy mm dd",
        "hh mm example",
        "yyyy mm dd hh mm example",
        "yyyy mm dd hh mm utc example",
        "action item kind due date",
        "action item kind corresponding root cause s evaluation criteria due date status",
        "example prevent 2038 01 19",
        "example prevent root cause 1 criteria 2025 01 19 value",
        "bug date description",
        "related bug id related bug url date related bug was opened a description of how the \
         subject bug is related to the bug referenced",
        "https crt sh sha256 sha256 fingerprint of the certificate",
        "contributing factor title",
        "based on incident reporting template v 2 0",
        "example",
    ];
    if line.len() > 400 {
        return false;
    }
    let mut folded = String::new();
    for word in line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    LINES.contains(&folded.as_str())
}

/// Returns the template whose labels stand in the text.
fn template(text: &str, markers: &[Marker]) -> Option<Template> {
    let labels = || {
        markers.iter().filter_map(|marker| match marker.mark {
            Mark::Label(label) => Some(label),
            _ => None,
        })
    };
    if labels().any(Label::is_third) || markers.iter().any(|marker| marker.mark == Mark::Closing) {
        return Some(Template::V3);
    }
    if labels().filter(|label| label.is_question()).count() >= 2 {
        return Some(Template::V1);
    }
    let titled = markers.iter().any(|marker| matches!(marker.mark, Mark::Title(_)));
    let named = text.contains("Incident Reporting Template v. 2");
    let sections = labels().filter(|label| label.is_section()).count();
    (named || (titled && sections >= 1) || sections >= 3).then_some(Template::V2)
}

/// Returns the form that the title names, or that the text says or shows.
fn form(text: &str, markers: &[Marker], report: &Report) -> Option<Form> {
    let titles = || {
        markers.iter().filter_map(|marker| match marker.mark {
            Mark::Title(form) => Some(form),
            _ => None,
        })
    };
    if let Some(form) = titles().flatten().next() {
        return Some(form);
    }
    if report.closure.is_some() || report.field(Label::Remediation).is_some() {
        return Some(Form::Closure);
    }
    let begin = text.char_indices().nth(4000).map_or(text, |(at, _)| &text[..at]).to_lowercase();
    if ["this is a preliminary report", "this is a preliminary incident report"]
        .iter()
        .any(|sentence| begin.contains(sentence))
    {
        return Some(Form::Preliminary);
    }
    let has = |label| report.field(label).is_some();
    let causes = has(Label::RootCauseAnalysis) || has(Label::FactorDescription);
    (causes && has(Label::ActionItems)).then_some(Form::Full)
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    fn values(text: &str) -> Vec<(&'static str, String)> {
        let report = read(text);
        for field in &report.fields {
            assert_eq!(text[field.span[0]..field.span[1]], field.value);
            assert!(field.label_span[1] <= field.span[0]);
        }
        report.fields.into_iter().map(|field| (field.label.as_str(), field.value)).collect()
    }

    fn one(text: &str) -> String {
        let found = values(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found.into_iter().next().unwrap().1
    }

    #[test]
    fn a_label_is_found_however_it_is_written() {
        for text in [
            "- **Relevant policies:** BR 4.9",
            "- **Relevant policies**: BR 4.9",
            "- **Relevant policies** BR 4.9",
            "- **Relevant Policies: ** BR 4.9",
            "**Related policies:**\nBR 4.9",
            "*   **Relevant requirements:**\n    - BR 4.9",
            "Relevant policies: BR 4.9",
            "### Relevant policies\n\nBR 4.9\n",
            "-\n\nRelevant policies: BR 4.9\n\n-\n",
            "1. __Relevant policies:__ BR 4.9",
            "<b>Relevant policies:</b> BR 4.9",
            "- **Relevant\u{a0}policies:** BR 4.9\r\n",
        ] {
            assert_eq!(one(text), "BR 4.9", "{text:?}");
        }
    }

    #[test]
    fn a_short_value_ends_with_its_line() {
        for text in [
            "- **Source of incident disclosure:** Audit\n\nWe will say more.",
            "- **Source of incident disclosure:** Audit\nWe will say more.",
            "**Source of incident disclosure:**\n\nAudit\n\nWe will say more.",
        ] {
            assert_eq!(one(text), "Audit", "{text:?}");
            let report = read(text);
            let rest = report.prose[0];
            assert_eq!(&text[rest[0]..rest[1]], "We will say more.");
        }
    }

    #[test]
    fn a_long_value_goes_on_to_the_next_label() {
        let text =
            "- **Incident description:** One.\n\n  Two.\n- three\n\n- **Relevant policies:** P";
        let found = values(text);
        assert_eq!(found[0], ("incident_description", "One.\n\n  Two.\n- three".to_owned()));
        assert_eq!(found[1], ("relevant_policies", "P".to_owned()));
    }

    #[test]
    fn a_template_that_nobody_filled_in_says_nothing() {
        for text in [
            "## Incident Report\n\n### Summary\n\n### Timeline\n\nAll times are UTC.\n\n\
             YYYY-MM-DD:\n- HH:MM Example\n\n### Lessons Learned\n\n#### What went well\n\n* \n\n\
             ### Action Items\n\n| Action Item | Kind | Due Date |\n\
             | ----------- | ---- | -------- |\n\
             | Example | Prevent | 2038-01-19 |\n\n### Appendix\n\n\
             #### Details of affected certificates\n",
            "## Full Incident Report\n### Summary\n- **CA Owner CCADB unique ID:** \n\
             - **Timeline summary:**\n   - **Non-compliance start date:** \n### Related Incidents\n\
             | Bug | Date | Description |\n|---|---|---|\n\
             | [Related Bug ID](Related Bug URL)  | Date Related Bug was opened | A description of \
             how the subject Bug is related to the Bug referenced. |\n### Root Cause Analysis\n\
             **Contributing Factor #: title**\n- **Description:** \n",
        ] {
            assert_eq!(values(text), [], "{text}");
        }
    }

    #[test]
    fn a_label_with_nothing_behind_it_is_listed_as_unfilled() {
        let text = "## Preliminary Incident Report\n### Summary\n- **Incident description:**\n\
                    - **Relevant policies:** P\n";
        let report = read(text);
        let labels: Vec<_> = report.unfilled.iter().map(|empty| empty.label).collect();
        assert_eq!(labels, [Label::Summary, Label::IncidentDescription]);
        let [start, end] = report.unfilled[1].span;
        assert_eq!(&text[start..end], "Incident description");
        let [start, end] = report.title.unwrap();
        assert_eq!(&text[start..end], "Preliminary Incident Report");
    }

    #[test]
    fn a_label_inside_a_quotation_or_code_is_none() {
        let text = "> - **Relevant policies:** P\n\n```\n- **Relevant policies:** P\n```\n";
        assert_eq!(values(text), []);
    }

    #[test]
    fn fields_belong_to_their_contributing_factor() {
        let text = "### Root Cause Analysis\n**Contributing Factor #1: A title**\n\
                    - **Description:** a\n- **Timeline:** b\n\n\
                    **Contributing Factor 2 - Other**\n- **Description:** c\n\
                    ### Lessons Learned\n- **What didn’t go well:** d\n- **Other:** e\n";
        let report = read(text);
        let got: Vec<_> =
            report.fields.iter().map(|f| (f.label, f.value.as_str(), f.part)).collect();
        assert_eq!(
            got,
            [
                (Label::Factor, "A title", 1),
                (Label::FactorDescription, "a", 1),
                (Label::FactorTimeline, "b", 1),
                (Label::Factor, "Other", 2),
                (Label::FactorDescription, "c", 2),
                (Label::DidNotGoWell, "d", 0),
                (Label::AdditionalLessons, "e", 0),
            ]
        );
    }

    #[test]
    fn template_and_form_are_told_by_titles_and_labels() {
        use super::super::{Form::*, Template::*};
        for (text, template, form) in [
            (
                "## Preliminary Incident Report\n### Summary\n- **Incident description:** x",
                Some(V3),
                Some(Preliminary),
            ),
            (
                "## Incident Report\n\nThis is a preliminary report.\n\n### Summary\nx",
                Some(V2),
                Some(Preliminary),
            ),
            ("## Audit Incident Report\n### Finding #1\nx", Some(V2), Some(Audit)),
            (
                "### Report Closure Summary\n- **Remediation description:** x",
                Some(V3),
                Some(Closure),
            ),
            ("We will post a report.", None, None),
            (
                "1. How your CA first became aware of the problem\n\nMail.\n\n2. A timeline of the \
              actions your CA took in response.\n\nMany.",
                Some(V1),
                None,
            ),
        ] {
            let report = read(text);
            assert_eq!((report.template, report.form), (template, form), "{text}");
        }
    }

    #[test]
    fn the_closing_sentence_is_no_part_of_a_field() {
        let text = "- **Commitment summary:** c\n\nAll Action Items disclosed in this report have \
                    been completed as described, and we request its closure.\n";
        let report = read(text);
        assert_eq!(report.fields[0].value, "c");
        let span = report.closure.unwrap();
        assert!(text[span[0]..span[1]].starts_with("All Action Items"));
        assert!(text[span[0]..span[1]].ends_with("closure."));
    }
}
