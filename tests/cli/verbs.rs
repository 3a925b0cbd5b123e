//! The commands that record one event from flags write what the document of their kind writes.

use clap::CommandFactory;
use serde_json::Value as Json;
use tally_cli::args::Tally;

use super::Place;

/// A command with every flag it has, filled in as the template of its kind is.
struct Verb {
    command: &'static [&'static str],
    kind: &'static str,
    /// The members of the body that are recorded from documents alone.
    without: &'static [&'static str],
    flags: &'static [&'static str],
}

const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const PAGE: &str = "https://bugs.example/1234567#c4";

/// What every event of an incident can say of itself.
const EVENT: &[&str] = &["--incident", "my-incident", "--occurred", "2026-01-31T12:00Z"];
const STATED: &[&str] = &["--stated", "https://bugs.example/1234567", "--item", "4"];
const SIGNED: &[&str] = &["--evidence", "order.pdf", "--ledger", "L"];

const VERBS: &[Verb] = &[
    Verb {
        command: &["incident", "open"],
        kind: "incident.opened",
        without: &[],
        flags: &[
            "--about=Example CA",
            "--ca-owner=A000000",
            "--about-url=https://ca.example/",
            "--title=Example CA: certificates issued with a wrong field",
            "--bug=1234567",
            "--url=https://lists.example/thread/1",
            "--policy=TLS BR 2.2.6, section 4.9.1.1",
        ],
    },
    Verb {
        command: &["incident", "awareness"],
        kind: "incident.awareness",
        without: &[],
        flags: &[
            "Third Party Reported",
            "--how=a linter flagged new certificates",
            "--reporter=a researcher",
        ],
    },
    Verb {
        command: &["incident", "milestone"],
        kind: "incident.milestone",
        without: &[],
        flags: &["scope_concluded", "--text=the last affected certificate was found"],
    },
    Verb {
        command: &["incident", "close"],
        kind: "incident.closed",
        without: &[],
        flags: &["--by=Example CA", "--resolution=FIXED", "--why=the reason, in a sentence"],
    },
    Verb {
        command: &["legal", "instrument"],
        kind: "legal.instrument",
        without: &[],
        flags: &[
            "tro",
            "--type=restraining_order",
            "--direction=received",
            "--from=Example Subscriber",
            "--to=Example CA",
            "--court=District Court of Example",
            "--docket=26-cv-00001",
            "--docket-entry=2",
            "--filed=2026-01-30",
            "--notice-received=2026-01-31T09:10Z",
            "--served=2026-01-31",
            "--granted=2026-01-31T18:00Z",
            "--effective=2026-01-31T18:00Z",
            "--expires=2026-02-07",
            "--ex-parte",
            "--relief=no revocation of the named certificates for seven days",
            "--scope=the certificates of the sites named in the order",
            "--set=all",
            "--document",
            DIGEST,
            "--url",
            PAGE,
        ],
    },
    Verb {
        command: &["legal", "step"],
        kind: "legal.step",
        without: &[],
        flags: &[
            "tro",
            "granted",
            "--by=District Court of Example",
            "--docket-entry=3",
            "--until=2026-02-14",
            "--document",
            DIGEST,
            "--text=granted without a hearing",
        ],
    },
    Verb {
        command: &["legal", "notice"],
        kind: "legal.notice",
        without: &[],
        flags: &[
            "an order not to revoke some certificates was granted",
            "--to=root_programs",
            "--channel=email",
            "--instrument=tro",
            "--recipient=Example Root Program",
            "--count=1",
            "--visibility=private",
            "--url",
            PAGE,
            "--document",
            DIGEST,
        ],
    },
    Verb {
        command: &["revocation", "deadline"],
        kind: "revocation.deadline",
        without: &[],
        flags: &[
            "all",
            "--rule=BR 4.9.1.1 (5)",
            "--due=2026-02-05T12:00Z",
            "--start=2026-01-31T12:00Z",
        ],
    },
    Verb {
        command: &["revocation", "progress"],
        kind: "revocation.progress",
        without: &[],
        flags: &[
            "all",
            "--revoked=80",
            "--remaining=40",
            "--expired-planned=0",
            "--estimate=2026-02-05T12:00Z",
            "--as-of=2026-01-31T12:00Z",
        ],
    },
    Verb {
        command: &["revocation", "complete"],
        kind: "revocation.completed",
        without: &[],
        flags: &[
            "all",
            "--first=2026-01-31T14:00Z",
            "--last=2026-02-05T10:30Z",
            "--count=120",
            "--expired=0",
        ],
    },
    Verb {
        command: &["action", "open"],
        kind: "action.opened",
        without: &[],
        flags: &[
            "ai-1",
            "--text=reject requests with the wrong field before issuance",
            "--kind=Prevent",
            "--root-cause=Root Cause # 1",
            "--criteria=no finding in the next quarterly review",
            "--due=2026-02-05T12:00Z",
        ],
    },
    Verb {
        command: &["action", "status"],
        kind: "action.status",
        without: &[],
        flags: &["ai-1", "Complete", "--due=2026-02-05T12:00Z", "--why=the reason, in a sentence"],
    },
    Verb {
        command: &["commitment", "make"],
        kind: "commitment.made",
        without: &[],
        flags: &[
            "revoke-all",
            "do",
            "revocation.completed",
            "--subject=all",
            "--scope=all",
            "--condition=unless a court orders otherwise",
            "--due=2026-02-05T12:00Z",
            "--strength=plan",
            "--text=all affected certificates will be revoked by 5 February, 12:00 UTC",
        ],
    },
    Verb {
        command: &["commitment", "keep"],
        kind: "commitment.kept",
        without: &[],
        flags: &["revoke-all", "--text=the revocation list of 5 February names all of them"],
    },
    Verb {
        command: &["statement", "publish"],
        kind: "statement.published",
        without: &["claims", "corrects"],
        flags: &[
            "comment-4",
            "--channel=bugzilla",
            "--url",
            PAGE,
            "--capacity=official",
            "--speaker=Example CA",
            "--role=compliance",
            "--published=2026-01-31T17:30Z",
            "--comment=4",
            "--form=full_report",
            "--digest",
            DIGEST,
            "--size=5120",
        ],
    },
    Verb {
        command: &["inquiry", "ask"],
        kind: "inquiry.asked",
        without: &["span"],
        flags: &[
            "q1",
            "question",
            "--text=when will the list of affected certificates be published?",
            "--capacity=participant",
            "--asker=Example Root Program",
            "--role=root program",
            "--url",
            PAGE,
            "--comment=4",
            "--due=2026-02-05T12:00Z",
        ],
    },
    Verb {
        command: &["inquiry", "answer"],
        kind: "inquiry.answered",
        without: &["span"],
        flags: &["q1", "--reply=partial", "--statement=comment-4", "--url", PAGE, "--comment=4"],
    },
];

/// The commands about an earlier entry; their flags name no incident and no time of their own.
const ABOUT_ENTRIES: &[Verb] = &[
    Verb {
        command: &["note"],
        kind: "entry.note",
        without: &[],
        flags: &["--on=1", "see also the post-mortem of the issuance system"],
    },
    Verb {
        command: &["correct"],
        kind: "entry.correction",
        without: &["body"],
        flags: &[
            "--on=1",
            "--why=the time was read from the wrong log",
            "--occurred=2026-01-31T12:05Z",
            "--stated=https://bugs.example/1234567",
            "--item=5",
        ],
    },
];

/// Returns the template of a kind with every optional line in use, as a JSON document.
fn filled(place: &Place, verb: &Verb) -> Json {
    let template = place.tally(&["record", "--template", verb.kind]).ok();
    let in_use = |line: &str| {
        let rest = line.strip_prefix('#').unwrap_or_default();
        let optional = rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
        if optional { rest.to_owned() } else { line.to_owned() }
    };
    let text: Vec<String> = template.lines().map(in_use).collect();
    let table: toml::Table = text.join("\n").parse().expect("a filled template is TOML");
    let mut json = serde_json::to_value(table).unwrap();
    if json.get("on").is_some() {
        json["on"] = 1.into();
    }
    let body = json["body"].as_object_mut().unwrap();
    for name in verb.without {
        assert!(body.remove(*name).is_some(), "{} has no member {name}", verb.kind);
    }
    json
}

/// Returns what the entry recorded last says, apart from its place in the ledger.
fn last_entry(place: &Place, seq: usize) -> Json {
    let shown = place.tally(&["show", &seq.to_string(), "L", "--format", "json"]).exits(0);
    let mut json = shown.json();
    for placed in ["seq", "id", "prev", "feeds", "recorded", "size"] {
        json.as_object_mut().unwrap().remove(placed);
    }
    json
}

#[test]
fn each_command_records_what_the_document_of_its_kind_records() {
    let place = Place::with_ledger();
    place.write("order.pdf", "an order");
    let mut seq = 0;
    let about_entries = |verb: &Verb| ABOUT_ENTRIES.iter().any(|other| other.kind == verb.kind);
    for verb in VERBS.iter().chain(ABOUT_ENTRIES) {
        let document = filled(&place, verb);
        let event = if about_entries(verb) { vec![] } else { [EVENT, STATED].concat() };
        let args = [verb.command, verb.flags, &event, SIGNED].concat();
        let printed = place.tally(&args).ok();
        assert!(printed.contains(verb.kind), "{printed}");
        let from_flags = last_entry(&place, seq + 1);
        place.record(&document.to_string()).ok();
        let from_document = last_entry(&place, seq + 2);
        assert_eq!(from_flags, from_document, "{}", verb.kind);
        assert_eq!(from_flags["kind"], verb.kind);
        assert_eq!(from_flags.get("not_understood"), None, "{from_flags:#}");
        seq += 2;
    }
}

#[test]
fn each_command_of_a_family_is_among_those_compared() {
    let families = ["incident", "legal", "revocation", "action", "commitment", "statement"];
    let tally = Tally::command();
    for family in families.iter().chain(&["inquiry"]) {
        let family = tally.find_subcommand(family).expect("the family has a command");
        for command in family.get_subcommands() {
            let words = [family.get_name(), command.get_name()];
            assert!(VERBS.iter().any(|verb| verb.command == words), "{words:?} is not compared");
        }
    }
}

#[test]
fn a_false_answer_is_recorded_as_well_as_a_true_one() {
    let place = Place::with_ledger();
    let legal = ["legal", "instrument", "tro", "--type=motion", "--direction=sent"];
    for (flag, expected) in [("--ex-parte", true), ("--ex-parte=false", false)] {
        let shown = ["--ledger", "L", "--incident", "my-incident", flag];
        place.tally(&[&legal[..], &shown].concat()).ok();
        let seq = if expected { 1 } else { 2 };
        assert_eq!(last_entry(&place, seq)["body"]["ex_parte"], expected);
    }
}

#[test]
fn an_entry_about_another_stands_in_its_incidents() {
    let place = Place::with_ledger();
    let close = ["incident", "close", "--incident", "one", "--incident", "two", "--ledger", "L"];
    place.tally(&close).ok();
    place.tally(&["note", "--on", "1", "a remark", "--ledger", "L"]).ok();
    let shown = place.tally(&["show", "2", "L", "--format", "json"]).exits(0).json();
    assert_eq!(shown["feeds"], serde_json::json!({ "one": 1, "two": 1 }));
}

#[test]
fn a_word_that_does_not_fit_is_refused_and_nothing_is_written() {
    let place = Place::with_ledger();
    let before = place.content();
    let event = ["--ledger", "L", "--incident", "my-incident"];
    let tally = |args: &[&str]| place.tally(&[args, &event].concat());
    tally(&["legal", "step", "tro", "Not A Word"]).refused("expected a word of a-z 0-9 _");
    tally(&["incident", "awareness", "Overheard"]).refused("Third Party Reported");
    tally(&["incident", "milestone", "end", "--occurred", "2026-02-30"]).refused("is not a time");
    tally(&["revocation", "progress", "all", "--revoked=-1", "--remaining=0"]).refused("-1");
    place.tally(&["note", "--on=9", "x", "--ledger", "L"]).refused("no entry 9");
    place.tally(&["note", "--on=0", "x", "--ledger", "L"]).refused("belongs to no incident");
    place.tally(&["correct", "--on=0", "--why", "x", "--ledger", "L"]).refused("nothing");
    place.tally(&["incident", "close", "--ledger", "L"]).refused("--incident");
    let reserved = ["incident", "close", "--ledger", "L", "--incident", "ledger"];
    place.tally(&reserved).refused("reserved");
    assert_eq!(place.content(), before);
}
