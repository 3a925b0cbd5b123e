//! The fields of the templates: missing, left empty, outside the template, or of one no longer in
//! force.

use std::ops::Range;

use super::{Draft, Found};
use crate::report::{Form, Label, Template};

/// The fields of a preliminary report.
const PRELIMINARY: &[(Label, &str)] = &[
    (Label::IncidentDescription, "Incident description"),
    (Label::RelevantPolicies, "Relevant policies"),
    (Label::Source, "Source of incident disclosure"),
];

/// The fields of a full report that stand in it once.
const FULL: &[(Label, &str)] = &[
    (Label::CaOwnerId, "CA Owner CCADB unique ID"),
    (Label::IncidentDescription, "Incident description"),
    (Label::NonComplianceStart, "Non-compliance start date"),
    (Label::NonComplianceIdentified, "Non-compliance identified date"),
    (Label::NonComplianceEnd, "Non-compliance end date"),
    (Label::RelevantPolicies, "Relevant policies"),
    (Label::Source, "Source of incident disclosure"),
    (Label::TotalCertificates, "Total number of certificates"),
    (Label::RemainingValid, "Total number of \"remaining valid\" certificates"),
    (Label::CertificateTypes, "Affected certificate types"),
    (Label::Heuristic, "Incident heuristic"),
    (Label::IssuanceStopped, "Was issuance stopped"),
    (Label::Analysis, "Analysis"),
    (Label::AdditionalConsiderations, "Additional considerations"),
    (Label::Timeline, "Timeline"),
    (Label::RelatedIncidents, "Related Incidents"),
    (Label::Factor, "Contributing Factor"),
    (Label::WentWell, "What went well"),
    (Label::DidNotGoWell, "What didn't go well"),
    (Label::GotLucky, "Where we got lucky"),
    (Label::AdditionalLessons, "Additional"),
    (Label::ActionItems, "Action Items"),
];

/// The fields of each contributing factor.
const FACTOR: &[(Label, &str)] = &[
    (Label::FactorDescription, "Description"),
    (Label::FactorTimeline, "Timeline"),
    (Label::FactorDetection, "Detection"),
    (Label::FactorInteraction, "Interaction with other factors"),
    (Label::FactorMethodology, "Root Cause Analysis methodology used"),
];

/// The fields of a report closure summary.
const CLOSURE: &[(Label, &str)] = &[
    (Label::IncidentDescription, "Incident description"),
    (Label::RootCauses, "Incident Root Cause(s)"),
    (Label::Remediation, "Remediation description"),
    (Label::Commitments, "Commitment summary"),
];

/// The sections of a full report by template 2.0.
const SECTIONS: &[(Label, &str)] = &[
    (Label::Summary, "Summary"),
    (Label::Impact, "Impact"),
    (Label::Timeline, "Timeline"),
    (Label::RootCauseAnalysis, "Root Cause Analysis"),
    (Label::LessonsLearned, "Lessons Learned"),
    (Label::ActionItems, "Action Items"),
];

/// Since when the templates of version 3 are in force: 2025-03-01 (Incident Reporting Guidelines
/// 3.0), and from when on an older one must not be used: 30 days later.
const THIRD_FROM: i64 = 1_740_787_200;
const THIRD_ONLY_FROM: i64 = THIRD_FROM + 31 * 86_400;

/// A label that stands in the text, filled or not.
struct Standing {
    label: Label,
    span: Range<usize>,
    part: usize,
    is_filled: bool,
}

/// Returns the labels of the text, in order.
fn standing(draft: &Draft<'_>) -> Vec<Standing> {
    let filled = draft.report.fields.iter().map(|field| Standing {
        label: field.label,
        span: field.label_span[0]..field.label_span[1],
        part: field.part,
        is_filled: true,
    });
    let empty = draft.report.unfilled.iter().map(|empty| Standing {
        label: empty.label,
        span: empty.span[0]..empty.span[1],
        part: empty.part,
        is_filled: false,
    });
    let mut all: Vec<_> = filled.chain(empty).collect();
    all.sort_by_key(|label| label.span.start);
    all
}

/// Returns the form whose fields the text is asked for, if it is a report by a template.
pub(super) fn form(draft: &Draft<'_>) -> Option<(Template, Form)> {
    let report = &draft.report;
    let is_third_time = draft.posted.start >= THIRD_FROM;
    let template = match (report.template?, report.form) {
        // Only the templates of version 3 have titles of their own for these.
        (Template::V2, Some(Form::Preliminary | Form::Full)) if is_third_time && titled(draft) => {
            Template::V3
        }
        (template, _) => template,
    };
    let of_full = FULL.iter().filter(|(label, _)| !PRELIMINARY.iter().any(|(p, _)| p == label));
    let has = |label: Label| {
        report.fields.iter().any(|field| field.label == label)
            || report.unfilled.iter().any(|empty| empty.label == label)
    };
    let form = match (report.form, template) {
        (Some(form), _) => form,
        (None, Template::V3) if of_full.filter(|(label, _)| has(*label)).count() < 3 => {
            Form::Preliminary
        }
        (None, _) => Form::Full,
    };
    Some((template, form))
}

/// Returns whether the title is one of version 3.
fn titled(draft: &Draft<'_>) -> bool {
    let title = draft.report.title.map(|[start, end]| draft.text[start..end].to_ascii_lowercase());
    title.is_some_and(|title| title.contains("preliminary") || title.contains("full"))
}

/// Returns the fields of the template that are not there.
pub(super) fn missing(draft: &Draft<'_>) -> Vec<Found> {
    let Some((template, form)) = form(draft) else {
        return Vec::new();
    };
    let standing = standing(draft);
    let has = |label: Label| standing.iter().any(|there| there.label == label);
    let (expected, name) = match (template, form) {
        (Template::V3, Form::Preliminary) => (PRELIMINARY, "a preliminary report"),
        (Template::V3, Form::Full) => (FULL, "a full report"),
        (Template::V3, Form::Closure) => (CLOSURE, "a report closure summary"),
        (Template::V2, Form::Full) => (SECTIONS, "an incident report"),
        _ => return Vec::new(),
    };
    // Before version 3 a report could be preliminary without saying so.
    if template == Template::V2 && !has(Label::RootCauseAnalysis) {
        return Vec::new();
    }
    let mut names: Vec<String> = expected
        .iter()
        .filter(|(label, _)| !has(*label) && !is_covered(*label, &standing))
        .map(|(_, name)| (*name).to_owned())
        .collect();
    let parts: Vec<usize> =
        standing.iter().filter(|there| there.label == Label::Factor).map(|f| f.part).collect();
    for part in parts {
        let lacks = FACTOR.iter().filter(|(label, _)| {
            !standing.iter().any(|there| there.label == *label && there.part == part)
        });
        names.extend(lacks.map(|(_, name)| format!("{name} (Contributing Factor {part})")));
    }
    if form == Form::Closure && draft.report.closure.is_none() && !asks_closure(draft) {
        names.push("the sentence that asks for closure".to_owned());
    }
    if names.is_empty() {
        return Vec::new();
    }
    let first = standing.first().map(|there| there.span.clone());
    let title = draft.report.title.map(|[start, end]| start..end);
    let span = title.or(first).unwrap_or(0..draft.text.len().min(1));
    let message = match names.len() {
        1 => format!("a field of {name} is missing"),
        n => format!("{n} fields of {name} are missing"),
    };
    let help = format!("add: {}. Where one does not apply, write N/A", names.join("; "));
    vec![Found::new(span, message).label("lacks fields").help(help)]
}

/// Returns whether a section stands in for the parts that it is made of.
fn is_covered(label: Label, standing: &[Standing]) -> bool {
    let parts: &[Label] = match label {
        Label::LessonsLearned => &[Label::WentWell, Label::DidNotGoWell, Label::GotLucky],
        Label::RootCauseAnalysis => &[Label::Factor, Label::FactorDescription],
        _ => return false,
    };
    standing.iter().any(|there| parts.contains(&there.label))
}

fn asks_closure(draft: &Draft<'_>) -> bool {
    draft.sentences.iter().any(|told| super::items::closing(told).is_some())
}

/// Returns the fields that stand there with nothing in them.
pub(super) fn empty(draft: &Draft<'_>) -> Vec<Found> {
    if form(draft).is_none() {
        return Vec::new();
    }
    let standing = standing(draft);
    let mut found = Vec::new();
    for (at, there) in standing.iter().enumerate() {
        let next = standing.get(at + 1);
        // A section may hold nothing but the fields below its heading.
        let holds_others = next.is_some_and(|next| !next.label.is_section());
        let is_asked = match there.label {
            Label::TimelineSummary
            | Label::Appendix
            | Label::AffectedCertificates
            | Label::Finding => false,
            Label::Timeline | Label::RelatedIncidents | Label::ActionItems => true,
            label => !label.is_section() || !holds_others,
        };
        if there.is_filled || !is_asked {
            continue;
        }
        let after = draft.text[there.span.end..].trim_start_matches([':', '*', '#', '_', ' ']);
        let message = if after.trim_start().starts_with(['|', 'Y', 'A']) {
            "only what the template holds stands here"
        } else {
            "this field is empty"
        };
        let help = "fill it in, or write N/A if it does not apply";
        found.push(Found::new(there.span.clone(), message).label("nothing here").help(help));
    }
    found
}

/// Returns headings and tables that the template does not have.
pub(super) fn outside(draft: &Draft<'_>) -> Vec<Found> {
    if form(draft).is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for unread in &draft.report.unread {
        let line = &draft.text[unread.span[0]..unread.span[1]];
        let lead = line.len() - line.trim_start().len();
        let span = unread.span[0] + lead..unread.span[0] + line.trim_end().len().max(lead);
        let told = match unread.why {
            "no label of the templates" if line.trim_start().starts_with('#') => {
                Found::new(span, "the template has no such heading")
                    .label("not in the template")
                    .help("put it under a heading of the template; programs look for those")
            }
            "an action item in no table" => {
                Found::new(span, "an action item stands outside the table")
                    .label("in no table")
                    .help("make it a row of the table, with its kind, due date and status")
            }
            "a table without the columns of action items" => {
                Found::new(span, "this table lacks the columns of action items")
                    .label("other columns")
                    .help("take the head of the table from the template")
            }
            _ => continue,
        };
        found.push(told);
    }
    found
}

/// Returns a template that is no longer to be used.
pub(super) fn superseded(draft: &Draft<'_>) -> Vec<Found> {
    let Some((template, _)) = form(draft) else {
        return Vec::new();
    };
    if template == Template::V3 || draft.posted.start < THIRD_ONLY_FROM {
        return Vec::new();
    }
    let standing = standing(draft);
    let title = draft.report.title.map(|[start, end]| start..end);
    let Some(span) = title.or_else(|| standing.first().map(|there| there.span.clone())) else {
        return Vec::new();
    };
    let version = if template == Template::V1 { "1.0" } else { "2.0" };
    let message = format!("this is template {version}, superseded since 2025-03-01");
    let help = "use the template of version 3 for a preliminary or full report; an older one must \
                not be used more than 30 days after it was superseded";
    vec![Found::new(span, message).label("an older template").help(help)]
}

/// The most characters of a comment that the tracker takes.
const COMMENT_CHARS_MAX: usize = 65_535;

/// Returns where a text goes on beyond what the tracker takes.
pub(super) fn too_long(draft: &Draft<'_>) -> Vec<Found> {
    let Some((at, c)) = draft.text.char_indices().nth(COMMENT_CHARS_MAX) else {
        return Vec::new();
    };
    let message = format!("the tracker takes {COMMENT_CHARS_MAX} characters of a comment");
    let help = "put lists into an attachment; the report itself must stand in the comment";
    vec![Found::new(at..at + c.len_utf8(), message).label("cut off here").help(help)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{CLOSURE, FULL, PRELIMINARY, codes, codes_at, first, silent};

    #[test]
    fn the_fields_that_a_template_has_and_a_text_lacks_are_told_together() {
        for (text, gone, name) in [
            (PRELIMINARY, "- **Relevant policies:** TLS", "Relevant policies"),
            (FULL, "- **Where we got lucky:** The register", "Where we got lucky"),
            (FULL, "- **Detection:** By the", "Detection (Contributing Factor 1)"),
            (CLOSURE, "- **Commitment summary:** The", "Commitment summary"),
        ] {
            let kept: String =
                text.split_inclusive('\n').filter(|line| !line.starts_with(gone)).collect();
            assert!(kept.len() < text.len(), "{gone}");
            let found = first(&kept);
            assert_eq!(found.check.code, "D001", "{gone}");
            assert!(found.help.contains(&format!("add: {name}. ")), "{}", found.help);
        }
        let unasked = CLOSURE.split("\n\nAll Action").next().unwrap();
        assert_eq!(codes(unasked), ["D001"]);
    }

    #[test]
    fn a_comment_on_no_template_is_asked_for_no_field() {
        silent("We have answered the question above.");
        silent("**Note:** the list is attached.");
    }

    #[test]
    fn a_field_that_holds_nothing_or_only_what_the_template_holds_is_empty() {
        let text = FULL.replace("- **Analysis:** N/A", "- **Analysis:**");
        assert_eq!(codes(&text), ["D002"]);
        let template = "## Incident Report\n\n### Summary\n\nOne.\n\n### Impact\n\nTwo.\n\n\
                        ### Timeline\n\nAll times are UTC.\n\nYYYY-MM-DD:\n- HH:MM Example\n";
        assert_eq!(codes_at(template, "2024-04-01T00:00:00Z"), ["D002"]);
    }

    #[test]
    fn a_heading_of_ones_own_and_an_item_in_no_table_are_noted() {
        let heading = PRELIMINARY.to_owned() + "\n### Remediation\n\nIt is done.\n";
        assert_eq!(codes(&heading), ["D003"]);
        let item = FULL.replace("\n### Appendix", "\n- Train the staff\n\n### Appendix");
        assert_eq!(codes(&item), ["D003"]);
    }

    #[test]
    fn an_older_template_is_refused_from_thirty_days_after_its_end() {
        let text = "## Incident Report\n\n### Summary\n\nThis is a preliminary report.\n";
        assert_eq!(codes_at(text, "2025-03-31T23:59:59Z"), Vec::<&str>::new());
        assert_eq!(codes_at(text, "2025-04-01T00:00:00Z"), ["D004"]);
    }

    #[test]
    fn a_text_longer_than_a_comment_is_found_where_it_goes_on() {
        let text = "\u{e9}".repeat(65_536);
        assert_eq!(first(&text).span, 131_070..131_072);
        silent(&text[2..]);
    }
}
