//! `tally check`: a draft is held against what its readers will ask, before it is posted.

use super::{Place, Run};

const CLEAN: &str = "We have revoked the certificates, and posted the list of them.\n";
const UNDATED: &str = "We are sorry.\n\nA full incident report will follow.\n";

/// Checks `draft`, to be posted on a day in spring.
fn check(draft: &str, more: &[&str]) -> Run {
    let place = Place::empty();
    place.write("draft.md", draft);
    place.tally(&[&["check", "draft.md", "--at", "2026-04-01"], more].concat())
}

#[test]
fn a_draft_without_faults_is_clean() {
    let run = check(CLEAN, &["--strict"]).exits(0);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("draft.md: nothing found (a comment: it follows no template)\n", "")
    );
}

#[test]
fn a_diagnostic_shows_the_drafts_own_line_underlined_and_how_to_mend_it() {
    let told = check(UNDATED, &[]).ok();
    let expected = "\
warning[D041]: a report is promised without a date
 --> draft.md:3:24
  |
3 | A full incident report will follow.
  |                        ^^^^^^^^^^^ no date here
  |
  = help: name the day by which it is posted; a full report is due within 14
          days of the first disclosure: by 2026-04-15 if that is this text

draft.md: 1 warning (a comment: it follows no template)
What a code means: tally explain D041
";
    assert_eq!(told, expected);
}

#[test]
fn warnings_fail_only_where_they_are_asked_to() {
    check(UNDATED, &[]).exits(0);
    check(UNDATED, &["--strict"]).exits(1);
    let run = check(UNDATED, &["--strict", "--allow", "d041"]).exits(0);
    assert!(run.stdout.starts_with("draft.md: nothing found"), "{run:?}");
    check(UNDATED, &["--allow", "D999"]).refused("no check and no rule has that code");
}

#[test]
fn json_has_bytes_for_programs_and_lines_and_columns_for_editors() {
    let draft = "\u{e9}\u{e9}: a full report will follow soon\n";
    let json = check(draft, &["--format", "json"]).exits(0).json();
    assert_eq!((&json["warnings"], &json["errors"]), (&1.into(), &0.into()));
    let found = &json["drafts"][0]["diagnostics"][0];
    assert_eq!(found["code"], "D041");
    assert_eq!(found["severity"], "warning");
    let place = &found["place"];
    let (start, end) = (place["span"][0].as_u64().unwrap(), place["span"][1].as_u64().unwrap());
    assert_eq!(&draft[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()], "soon");
    assert_eq!((&place["line"], &place["column"]), (&1.into(), &31.into()));
    assert_eq!((&place["end_line"], &place["end_column"]), (&1.into(), &35.into()));
}

#[test]
fn a_report_is_held_against_its_template_and_several_are_told_one_by_one() {
    let place = Place::empty();
    place.write(
        "preliminary.md",
        "## Preliminary Incident Report\n\n### Summary\n\n\
        - **Incident description:** One.\n- **Source of incident disclosure:** Annual audit\n",
    );
    place.write("comment.md", CLEAN);
    let args = ["check", "preliminary.md", "comment.md", "--at", "2026-04-01"];
    let told = place.tally(&args).exits(1).stdout;
    for part in [
        "error[D001]: a field of a preliminary report is missing\n --> preliminary.md:1:4\n",
        "  = help: add: Relevant policies. Where one does not apply, write N/A\n",
        "warning[D006]: this is none of the three sources that the template allows\n",
        "preliminary.md: 1 error, 1 warning (a preliminary report, template 3)\n",
        "comment.md: nothing found (a comment: it follows no template)\n",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let json = place.tally(&[&args[..], &["--format", "json"]].concat()).exits(1).json();
    assert_eq!(json["errors"], 1);
    assert_eq!(json["drafts"][1]["file"], "comment.md");
    assert_eq!(json["drafts"][0]["taken_for"], "a preliminary report, template 3");
}

#[test]
fn the_page_of_a_check_is_explained() {
    let place = Place::empty();
    let page = place.tally(&["explain", "d041"]).ok();
    assert!(page.contains("A promise without a date cannot be kept."), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(place.tally(&["explain"]).ok().contains("D041"), "codes of checks are listed");
}

#[test]
fn standard_input_is_a_draft_too() {
    let place = Place::empty();
    let run = place.tally_reading(UNDATED, &["check", "-", "--at", "2026-04-01T08:00:00Z"]);
    let told = run.ok();
    assert!(told.contains("--> standard input:3:24"), "{told}");
}

#[test]
fn what_is_no_draft_is_refused() {
    let place = Place::empty();
    place.write("latin.md", b"caf\xe9");
    place.tally(&["check", "latin.md"]).refused("latin.md is not text: byte 3 is not UTF-8");
    place.write("huge.md", "x ".repeat(5 << 20));
    place.tally(&["check", "huge.md"]).refused("huge.md is larger than 1048576 bytes");
    place.tally(&["check", "absent.md"]).refused("absent.md");
    place.tally(&["check", "."]).refused(".");
    place.tally_reading(b"\xff", &["check", "-"]).refused("standard input is not text");
    place.write("draft.md", CLEAN);
    place.tally(&["check", "draft.md", "--at", "soon"]).refused("soon");
    place.tally(&["check", "draft.md", "--at", "2026-04-01/.."]).refused("a day is expected");
}

#[test]
fn a_hostile_draft_cannot_write_on_the_terminal_or_fill_it() {
    let draft = "\u{1b}]0;owned\u{7} \u{202e} a full report will follow\r\n";
    let told = check(draft, &[]).ok();
    assert!(!told.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{told:?}");
    let json = check(draft, &["--format", "json"]).ok();
    assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json:?}");
    let endless = "x".repeat(1 << 19) + &" The certificates will be revoked.".repeat(10_000);
    // The tracker takes no text as long.
    let told = check(&endless, &[]).exits(1).stdout;
    assert!(told.len() < 20_000, "{} bytes", told.len());
    let counts = "1 error, 20 warnings, and 9980 more of the same";
    assert!(told.contains(counts), "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    check("", &[]).ok();
    check("\n\n\n", &[]).ok();
}

const FULL: &str = include_str!("../../docs/examples/full-report.md");

/// A list by the guidelines, of so many certificates.
fn list(count: usize) -> String {
    let head = "Precertificate SHA-256 hash,Certificate SHA-256 hash,Subject,Issuer,Not before,\
                Not after,Serial #,dNSNames,Is revoked?,Revocation date,Revocation reason\r\n";
    let row = |number: usize| {
        format!(
            ",{number:064X},CN=a.example,Example CA,2025-06-01,2026-06-01,0{number:x},a.example,\
             Yes,2026-03-01T10:00:00Z,superseded\r\n"
        )
    };
    head.to_owned() + &(1..=count).map(row).collect::<String>()
}

#[test]
fn a_draft_is_held_against_the_list_of_its_certificates() {
    let place = Place::empty();
    place.write("draft.md", FULL);
    place.write("affected.csv", list(42));
    place.write("fewer.csv", list(40));
    place.write("unclear.csv", list(41) + ",soon,,,,,,,,,\r\n");
    let args = ["check", "draft.md", "--at", "2026-04-01", "--certificates"];
    let told = place.tally(&[&args[..], &["affected.csv"]].concat()).ok();
    let expected = "draft.md: nothing found (a full report, template 3)\n\
                    affected.csv: nothing found (a list: 42 certificates, revoked 2026-03-01\n\
                    10:00:00 UTC, expiring 2026-06-01)\n";
    assert_eq!(told, expected);
    let told = place.tally(&[&args[..], &["fewer.csv"]].concat()).ok();
    assert!(told.contains("warning[D022]: 42 certificates in all; the list has 40\n"), "{told}");
    let told = place.tally(&[&args[..], &["unclear.csv"]].concat()).ok();
    assert!(!told.contains("D022"), "whether the list has 41 or 42 is open: {told}");
    let expected = "note[D024]: no SHA-256 fingerprint, in the column \"Certificate SHA-256 \
                    hash\"\n  --> unclear.csv:43:2\n";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn what_a_list_holds_is_told_to_programs() {
    let place = Place::empty();
    place.write("draft.md", FULL);
    place.write("affected.csv", list(2) + list(1).split_once("\r\n").unwrap().1);
    let args = ["check", "draft.md", "--at", "2026-04-01", "--format", "json"];
    let json = place.tally(&[&args[..], &["--certificates", "affected.csv"]].concat()).json();
    let list = &json["lists"][0];
    assert_eq!((&list["rows"], &list["certificates"]), (&3.into(), &2.into()), "{json:#}");
    assert_eq!(list["revoked"][0]["at"], "2026-03-01T10:00:00");
    let codes: Vec<_> =
        list["diagnostics"].as_array().unwrap().iter().map(|found| &found["code"]).collect();
    assert_eq!(codes, ["D023"]);
    assert_eq!(json["drafts"][0]["diagnostics"][0]["code"], "D022");
    let args = [&args[..], &["--certificates", "affected.csv", "--allow", "D022"]].concat();
    let json = place.tally(&args).json();
    assert_eq!(json["drafts"][0]["diagnostics"].as_array().unwrap().len(), 0);
}

#[test]
fn a_file_that_lists_no_certificates_is_refused() {
    let place = Place::empty();
    place.write("draft.md", FULL);
    place.write("words.csv", "Name,Mail\na,b\n");
    place.write("latin.csv", b"Subject,SHA-256\ncaf\xe9,1\n");
    for (file, why) in [
        ("words.csv", "words.csv names no certificate"),
        ("latin.csv", "latin.csv is not text"),
        ("absent.csv", "absent.csv"),
    ] {
        place.tally(&["check", "draft.md", "--certificates", file]).refused(why);
    }
}
