//! Texts in files, held against a ledger that does not record them.

use super::Place;

const RECORDED: [&str; 2] = [
    r#"{"kind":"incident.opened","incident":"late","occurred":"2024-07-20T10:00Z",
        "body":{"about":{"name":"Example CA"},"title":"late","bugs":[1]}}"#,
    r#"{"kind":"incident.count","incident":"late","occurred":"2024-07-29T10:00Z",
        "body":{"metric":"affected","unit":"certificates","value":1230}}"#,
];
const HEAD: &str = "---\norganisation: Example CA\npublished: 2024-07-31T00:45Z\n\
                    url: https://bugzilla.mozilla.org/show_bug.cgi?id=1#c0\n---\n";
const REPORT: &str = "## Full Incident Report\n\n### Impact\n\n\
                      - **Total number of certificates:** 1,234\n\n\
                      All certificates will be revoked by 2024-08-03 19:30 UTC.\n";

/// A ledger in which 1,230 certificates are affected.
fn recorded() -> Place {
    let place = Place::with_ledger();
    for document in RECORDED {
        place.record(document).ok();
    }
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    place
}

fn diverge(place: &Place, more: &[&str]) -> super::Run {
    place.tally(&[&["diverge", "L", "--statements"][..], more].concat())
}

/// The verdicts on the numbers of certificates.
fn verdicts(place: &Place, more: &[&str]) -> Vec<String> {
    let json = diverge(place, &[more, &["--format", "json"]].concat()).json();
    let findings = json["findings"].as_array().unwrap().iter();
    let counts = findings.filter(|finding| finding["code"] == "T301");
    counts.map(|finding| finding["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_field_of_a_text_is_held_and_a_phrase_waits_for_a_reviewer() {
    let place = recorded();
    place.write("report.md", format!("{HEAD}{REPORT}"));
    let told = diverge(&place, &["report.md"]).exits(1).stdout;
    assert!(told.contains("Beside the ledger: report.md."), "{told}");
    assert!(told.contains("1 suggested claim awaits confirmation"), "{told}");
    assert_eq!(verdicts(&place, &["report.md"]), ["diverges"]);
    place.write("right.md", format!("{HEAD}{REPORT}").replace("1,234", "1,230"));
    assert_eq!(verdicts(&place, &["right.md"]), ["tallies"]);
    let suggested = place.tally(&["claims", "suggest", "L", "--statements", "report.md"]).ok();
    assert!(suggested.contains("1 new of 1 claims"), "{suggested}");
    let audited = place.tally(&["audit", "L", "--statements", "report.md"]).exits(1).stdout;
    assert!(audited.contains("1234 certificates"), "{audited}");
}

#[test]
fn without_a_time_of_publication_nothing_that_depends_on_it_is_decided() {
    let place = recorded();
    let undated = format!("{HEAD}{REPORT}").replace("published: 2024-07-31T00:45Z\n", "");
    place.write("undated.md", &undated);
    let run = diverge(&place, &["undated.md"]).exits(0);
    assert!(run.stderr.contains("undated.md does not say when it was published"), "{run:?}");
    assert!(verdicts(&place, &["undated.md"]).iter().all(|verdict| verdict != "diverges"));
    // An end that is still to come in one year and has been in another claims neither.
    let field = "- **Non-compliance end date:** 2024-08-01\n";
    place.write("end.md", undated + field);
    let run = diverge(&place, &["end.md"]).exits(0);
    assert!(run.stderr.contains("time of publication, and are left out: 1"), "{run:?}");
}

#[test]
fn a_folder_of_texts_is_read_and_may_be_stood_in_an_incident() {
    let place = recorded();
    std::fs::create_dir(place.path("texts")).unwrap();
    let elsewhere = HEAD
        .replace("https://bugzilla.mozilla.org/show_bug.cgi?id=1#c0", "https://ca.example/post");
    place.write("texts/a.md", format!("{elsewhere}{REPORT}"));
    place.write("texts/b.txt", format!("{}We are sorry.\n", HEAD.replace("#c0", "#c1")));
    place.write("texts/image.png", "no text");
    assert_eq!(verdicts(&place, &["texts"]), ["unsupported"], "an incident of its own");
    assert_eq!(verdicts(&place, &["texts", "--incident", "late"]), ["diverges"]);
}

#[test]
fn what_others_say_makes_no_claim_of_the_organisations() {
    let place = recorded();
    let other = HEAD.replace("organisation: Example CA", "role: root program");
    place.write("other.md", format!("{other}{REPORT}"));
    assert_eq!(verdicts(&place, &["other.md"]), Vec::<String>::new());
}

#[test]
fn a_text_that_does_not_say_who_speaks_or_where_is_refused() {
    let place = recorded();
    for (text, why) in [
        (REPORT.to_owned(), "t.md does not say who speaks, where and when"),
        (HEAD.trim_end_matches("---\n").to_owned(), "t.md: its head has no end"),
        (HEAD.replace("organisation: Example CA\n", ""), "t.md has no organisation"),
        (HEAD.replace("organisation", "speaker"), "t.md:2: speaker is nothing that a head says"),
        (HEAD.replace("published:", "url:"), "t.md:4: url stands twice"),
        (HEAD.replace("published:", "#").replace("url:", "#"), "t.md has no url"),
        (HEAD.replace("published: ", ""), "is nothing that a head says"),
        (HEAD.replace(": Example CA", ""), "t.md:2: expected a name, a colon and a value"),
        (HEAD.replace("https://", ""), "is no address"),
        (HEAD.replace("2024-07-31T00:45Z", "last week"), "last week is not when"),
        (HEAD.replace("---\norg", "---\ncapacity: chief\norg"), "t.md: chief"),
    ] {
        place.write("t.md", &text);
        diverge(&place, &["t.md"]).refused(why);
    }
}
