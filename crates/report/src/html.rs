//! A verification and its findings as one page of HTML, whole in itself: nothing is loaded from
//! elsewhere and nothing runs.
//!
//! What comes out of a ledger or a statement is hostile text. Every value passes through the
//! escaping of the template, only plain addresses of the web become links, and the finished page
//! is gone through once more for characters that could change how the text around them reads.

mod axis;
mod finding;
mod parts;
mod picture;
mod promises;
mod questions;
mod rows;
mod rulebook;
mod summary;
mod unchecked;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use tally_divergence::Report;
use tally_ledger::hash::Hash;
use tally_ledger::replay::Timeline;
use tally_ledger::verify::Verification;

use crate::text::page_escaped;

const STYLE: &str = include_str!("html/style.css");

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The name of what was read, such as that of a file.
    pub source: &'a str,
    /// Whether the ledger is whole.
    pub verification: &'a Verification,
    /// What it records.
    pub timeline: &'a Timeline,
    /// What was found.
    pub report: &'a Report,
}

/// The sections after the answer: anchor and heading.
const SECTIONS: [(&str, &str); 7] = [
    ("timeline", "Said and recorded"),
    ("findings", "Findings"),
    ("promises", "Action items and promises"),
    ("questions", "Open questions"),
    ("unchecked", "What was not checked"),
    ("ledger", "The ledger"),
    ("rules", "The rules"),
];

/// Returns the page, ending in a newline. The same arguments give the same bytes.
pub fn page(page: &Page<'_>) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            (head(page))
            body {
                a.skip href="#findings" { "Skip to the findings" }
                header { (summary::masthead(page.report, page.timeline)) }
                main {
                    section aria-labelledby="answer" {
                        h2.answer #answer { (page.report.sentence()) }
                        (summary::answer(page.report, page.verification, page.source))
                    }
                    nav aria-label="Sections" {
                        ul {
                            @for (anchor, heading) in SECTIONS {
                                li { a href={ "#" (anchor) } { (heading) } }
                            }
                        }
                    }
                    (sections(page))
                }
                footer {
                    p {
                        "Made by tally " (env!("CARGO_PKG_VERSION"))
                        " from the entries alone: the same ledger, as of the same instant, gives \
                         this page again, byte for byte."
                    }
                }
            }
        }
    };
    page_escaped(&markup.into_string()) + "\n"
}

fn head(page: &Page<'_>) -> Markup {
    let digest = STANDARD.encode(Hash::of(STYLE.as_bytes()).0);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    );
    let of = page.report.origin.as_ref().map_or(page.source.to_owned(), ToString::to_string);
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { "Tally report: " (of) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn sections(page: &Page<'_>) -> Markup {
    let Page { verification, timeline, report, .. } = *page;
    let partings = rows::partings(report, timeline);
    let rows = rows::Layout::of(&partings, timeline);
    let contents = [
        picture::section(&rows, &partings),
        finding::section(report, timeline),
        promises::section(report, timeline),
        questions::section(report, timeline),
        unchecked::section(report, verification, timeline),
        unchecked::checks(verification),
        rulebook::section(report),
    ];
    html! {
        @for ((anchor, heading), content) in SECTIONS.into_iter().zip(contents) {
            section id=(anchor) aria-labelledby={ "heading-" (anchor) } {
                h2 id={ "heading-" (anchor) } { (heading) }
                (content)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_divergence::{Terms, diverge};
    use tally_testkit::casebook::Casebook;

    use super::*;

    const HOSTILE: &str =
        "</style><script>alert(1)</script>\"' onload=x \u{202e}gnol\u{200b}\u{1b}[31m &lt;";

    /// Returns a ledger in which a letter was recorded two days before it was said to have been
    /// sent, and everything that can be written freely is hostile.
    fn book(mut book: Casebook) -> Casebook {
        let opened = json!({ "about": { "name": HOSTILE }, "title": HOSTILE, "bugs": [7] });
        let mut record = |kind: &str, occurred: Option<&str>, body: Json| {
            let mut document = json!({ "kind": kind, "incident": "x", "body": body });
            if let Some(occurred) = occurred {
                document["occurred"] = occurred.into();
            }
            book.record(document);
        };
        record("incident.opened", None, opened);
        let step = json!({ "instrument": "letter", "step": "filed", "text": HOSTILE });
        record("legal.step", Some("2024-11-11Z"), step);
        let item = json!({ "id": "ai-1", "text": HOSTILE, "status": "Ongoing" });
        record("action.opened", Some("2024-11-12Z"), item);
        let speaker = json!({ "capacity": "official", "organisation": "Example CA" });
        let asked = json!({ "id": "q1", "form": "question", "text": HOSTILE,
            "asker": { "capacity": "participant", "role": HOSTILE },
            "url": "javascript:alert(1)" });
        record("inquiry.asked", Some("2024-11-20Z"), asked);
        let claims = json!([
            { "says": "occurred", "origin": "declared", "kind": "legal.step.filed",
              "subject": "letter", "when": "2024-11-13Z", "text": HOSTILE },
            { "says": "status", "origin": "declared", "item": "ai-1", "status": "Ongoing" },
            { "says": "will", "origin": "declared", "what": "legal.step.answered",
              "subject": "letter", "due": "2030-01-01Z" },
            { "says": "characterises", "origin": "declared", "subject": "letter",
              "words": HOSTILE, "scope": HOSTILE },
            { "says": "will", "origin": "suggested", "what": "legal.step.answered" },
        ]);
        record(
            "statement.published",
            None,
            json!({
            "id": "c4", "channel": "bugzilla", "url": "https://bugs.example/1?a=<b>", "item": 4,
            "speaker": speaker, "published": "2024-12-01Z", "claims": claims }),
        );
        book
    }

    fn shown(book: &Casebook) -> (Report, String) {
        let ledger = book.ledger();
        let timeline = Timeline::replay(&ledger);
        let report = diverge(&timeline, &Terms::default());
        let verification = ledger.verification();
        let page =
            page(&Page { source: "l.tally", verification, timeline: &timeline, report: &report });
        (report, page)
    }

    fn own() -> (Report, String) {
        shown(&book(Casebook::own("Example CA")))
    }

    #[test]
    fn hostile_text_stays_text_and_what_deceives_is_escaped() {
        let (_, page) = own();
        let after = page.split_once("</style>").expect("one style").1;
        assert!(!after.contains("<script") && !after.contains("</style"), "markup got through");
        assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{1b}']));
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;' onload=x \\u{202e}gnol")
        );
        assert!(page.contains("&amp;lt;"), "an entity in a text is no entity of the page");
        for tag in after.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
            assert!(!tag.contains(" onload=x") && !tag.starts_with("img"), "{tag}");
        }
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        let (_, page) = own();
        for word in [
            " src=",
            "url(",
            "@import",
            "<link",
            "<script",
            "<iframe",
            "<base",
            "http-equiv=\"refresh",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        let digest = STANDARD.encode(Hash::of(STYLE.as_bytes()).0);
        let policy = format!("default-src 'none'; style-src 'sha256-{digest}'");
        assert!(page.contains(&policy));
        let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
        assert_eq!(style.map(|(style, _)| style), Some(STYLE), "the digest is that of the style");
        assert!(!page.contains(" style="), "the policy refuses styles of single elements");
    }

    #[test]
    fn links_lead_to_the_web_or_to_this_page_and_say_nothing_of_it() {
        let (_, page) = own();
        let links: Vec<&str> =
            page.split("<a ").skip(1).filter_map(|a| a.split('>').next()).collect();
        assert!(links.iter().any(|link| link.contains("href=\"https://bugzilla.mozilla.org")));
        for link in links {
            let inner = link.contains("href=\"#");
            let outer = link.contains("href=\"http") && link.contains("rel=\"noreferrer");
            assert!(inner || outer, "{link}");
        }
        assert!(page.contains("javascript:alert(1)"), "what is no link is shown all the same");
    }

    #[test]
    fn every_finding_has_its_anchor_and_the_counts_stand_above_them() {
        let (report, page) = own();
        assert!(report.diverges());
        for finding in &report.findings {
            let anchor = format!(" id=\"finding-{}\"", finding.id);
            assert_eq!(page.matches(&anchor).count(), 1, "{}", finding.code);
        }
        let answer = page.find(&report.sentence()).expect("the answer");
        let counts = page.find("class=\"counts\"").expect("the counts");
        let findings = page.find("class=\"finding\"").expect("a finding");
        assert!(answer < counts && counts < findings);
        assert_eq!(
            page.matches("<details class=\"finding\" open").count(),
            1,
            "only what diverges"
        );
    }

    #[test]
    fn the_picture_has_the_length_by_which_they_part_and_says_so_in_words() {
        let (_, page) = own();
        assert!(page.contains("(1) 2 days earlier</text>"), "beside the line");
        assert!(page.contains(">2 days</div>"), "in the table");
        assert!(page.contains("One line shows where they part."), "for those who hear it");
    }

    #[test]
    fn what_was_not_checked_and_what_is_open_are_listed() {
        let (_, page) = own();
        for text in [
            "1 claim that a phrase rule suggested",
            "pins</strong>: no pin was given",
            "1 question is recorded, 1 of them open",
            "no reply is recorded",
            "Consistent with itself",
        ] {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn an_observers_page_says_whose_reconstruction_it_is_before_the_answer() {
        let (report, page) = shown(&book(Casebook::observer("An observer")));
        let disclaimer = page.find("A reconstruction from public sources").expect("the disclaimer");
        assert!(disclaimer < page.find(&report.sentence()).expect("the answer"));
        assert!(!own().1.contains("A reconstruction from public sources"));
    }

    #[test]
    fn only_a_statements_own_words_stand_as_a_quotation() {
        let page = |text: &str, digest: bool, book: Casebook| {
            let mut book = book;
            let claim = json!({ "says": "will_not", "what": "legal.instrument",
                                "origin": "annotated", "text": text });
            let mut body = json!({ "id": "c4", "channel": "bugzilla", "item": 4,
                "url": "https://bugs.example/1", "published": "2024-12-01Z", "claims": [claim],
                "speaker": { "capacity": "official", "organisation": "Example CA" } });
            if digest {
                body["digest"] = Hash::of(b"text").to_string().into();
            }
            book.record(json!({ "kind": "statement.published", "incident": "x", "body": body }));
            shown(&book).1
        };
        let observer = || Casebook::observer("An observer");
        let ours = page("no other such letter", true, observer());
        assert!(!ours.contains("<blockquote>"), "a paraphrase quotes nobody");
        assert!(ours.contains("In our words:</span> no other such letter"));
        let own = page("no other such letter", true, Casebook::own("Example CA"));
        assert!(own.contains("As recorded:</span> no other such letter"));
        let quoted = page("\"no such letter\"", true, observer());
        assert!(quoted.contains("<blockquote>no such letter</blockquote>"));
        let unchecked = page("\"no such letter\"", false, observer());
        assert!(!unchecked.contains("<blockquote>"));
        assert!(unchecked.contains("As recorded:</span> &quot;no such letter&quot;"));
    }

    #[test]
    fn where_nothing_is_witnessed_the_page_says_so_once() {
        let (_, page) = own();
        assert_eq!(page.matches("No entry is witnessed").count(), 1);
        assert!(!page.contains("not witnessed"));
    }

    #[test]
    fn the_numbers_above_the_findings_go_together() {
        let (report, page) = own();
        let beside = report.findings.len() - report.claims;
        assert_eq!(report.claims, 4);
        let sentence = format!(
            "In all {} findings: 4 on the claims, one each, and {beside} beside.",
            4 + beside
        );
        assert!(page.contains(&sentence), "{sentence}");
    }

    #[test]
    fn an_empty_ledger_has_a_page_too() {
        let (_, page) = shown(&Casebook::own("Example CA"));
        for text in ["No claim is recorded", "there is nothing to draw", "No question is recorded."]
        {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn the_same_ledger_gives_the_same_page() {
        assert_eq!(own().1, own().1);
    }
}
