use proptest::prelude::*;

use super::*;

/// Holds what every report must hold, whatever the text.
fn hold(text: &str) {
    let report = read(text);
    let mut spans: Vec<[usize; 2]> = Vec::new();
    spans.extend(report.fields.iter().flat_map(|field| [field.span, field.label_span]));
    spans.extend(report.timeline.iter().flat_map(|row| [row.span, row.text.span]));
    for action in &report.actions {
        let cells = [&action.kind, &action.root_causes, &action.criteria, &action.due_text];
        spans.extend(cells.into_iter().flatten().map(|cell| cell.span));
        spans.extend([action.span, action.text.span]);
    }
    spans.extend(report.related.iter().flat_map(|row| [row.span, row.named.span, row.text.span]));
    spans.extend(report.closure);
    spans.extend(report.prose.iter().copied());
    spans.extend(report.unread.iter().map(|unread| unread.span));
    for [start, end] in spans {
        assert!(start <= end && end <= text.len(), "{start}..{end}");
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end}");
    }
    assert!(report.fields.is_sorted_by_key(|field| field.span[0]));
    assert!(report.fields.windows(2).all(|pair| pair[0].span[1] <= pair[1].label_span[0]));
    assert!(report.timeline.is_sorted_by_key(|row| row.line));
    assert!(report.actions.is_sorted_by_key(|action| action.line));
    for field in &report.fields {
        assert_eq!(text[field.span[0]..field.span[1]], field.value);
        assert!(field.label_span[1] <= field.span[0]);
    }
}

/// Pieces of which a text is made that looks like a report.
const PIECES: &[&str] = &[
    "## Full Incident Report\n",
    "### Summary\n",
    "- **Incident description:** ",
    "**Relevant policies**",
    "- **Source of incident disclosure: ** Audit\n",
    "### Timeline\n",
    "All times are UTC+8\n",
    "2024-07-30:\n",
    "- 11:33 ",
    "2025 12 29 at ~9:15 AM PST",
    "### Action Items\n",
    "20221031, 08:30 ",
    "| Action Item | Kind | Due Date | Status |\n",
    "|---|---|---|---|\n",
    "| a | Prevent | Q3 2025 | Done |\n",
    "| Bug | Date | Description |\n",
    "### Root Cause Analysis\n",
    "**Contributing Factor #1: x**\n",
    "- **Description:** ",
    "> ",
    "```\n",
    "\n",
    "\n\n",
    "\u{a0}",
    "’",
    "é",
    "\u{feff}",
    "<p>",
    "<br/>",
    "|",
    "**",
    "_",
    "- ",
    "1. ",
    "# ",
    ":",
    "–",
    " to ",
    "2024-08-03",
    "23:59 to 00:10 CET",
    "重庆市",
    "All Action Items have been completed as described, and we request its closure.\n",
    "\r\n",
    "`",
    "\\|",
    "Steps to reproduce:\n",
    "N/A",
    "24:00 UTC",
    "31 November 2024",
];

proptest! {
    #[test]
    fn any_text_is_read_with_spans_in_order(text in "\\PC{0,200}") {
        hold(&text);
    }

    #[test]
    fn any_pieces_of_a_report_are_read(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60),
    ) {
        hold(&pieces.concat());
    }
}

#[test]
fn hostile_texts_are_read_in_time() {
    let size = 1 << 20;
    for piece in [
        "|",
        "| a ",
        "**",
        "- ",
        ">",
        "#",
        "[",
        "](",
        "<p",
        "<",
        "\\",
        "`",
        "`|",
        "_ ",
        "x",
        "9",
        "2024-",
        "1:",
        "- **Analysis:** ",
        "\n",
        "\u{a0}",
        "### Timeline\n- x\n",
        "### Action Items\n- x\n",
        "| Action Item | Kind | Due Date |\n| a | b | c |\n",
        "**Contributing Factor 1: x**\n",
        "| | |\n",
        "2024-07-30 11:33 - ",
        "```\n",
        "what did",
        "All times are UTC",
        "&amp",
        "until ",
        "~",
    ] {
        let text = piece.repeat(size / piece.len());
        // Each takes a small part of a second; a quadratic reading would take hours.
        hold(&text);
    }
}

#[test]
fn what_is_beyond_the_limit_is_named() {
    let text = format!("{}é### Timeline\n", "a".repeat(TEXT_MAX - 1));
    let report = read(&text);
    assert_eq!(report.unread.len(), 1);
    assert_eq!(report.unread[0].why, "the text is too long");
    assert_eq!(report.unread[0].span, [TEXT_MAX - 1, text.len()]);
}
