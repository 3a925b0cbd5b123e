//! What is printed where, and how wide.

use std::process::{Command, Stdio};

use super::{Place, Run};

/// Makes the ledger `L` with texts that are long, and one that would change a terminal.
fn wordy() -> Place {
    let place = Place::with_ledger();
    let long = "a sentence that goes on for longer than any line of a terminal is wide ".repeat(5);
    let open = ["incident", "open", "--about=Example CA", "--incident=delay", "--ledger=L"];
    place.tally(&[&open[..], &["--title", &long]].concat()).ok();
    let step = ["legal", "step", "tro", "filed", "--incident=delay", "--ledger=L", "--text"];
    place
        .tally(&[&step[..], &["\u{1b}[31mred\u{1b}[0m \u{202e}turned \u{7}\r\nover"]].concat())
        .ok();
    place.tally(&["note", "--on=1", &long, "--ledger=L"]).ok();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    place
}

/// Every command that prints a result about the ledger `L`.
const READING: &[&[&str]] = &[
    &["verify", "L"],
    &["list", "incidents", "L"],
    &["list", "entries", "L"],
    &["list", "kinds"],
    &["show", "1", "L"],
    &["show", "2", "L"],
    &["timeline", "L"],
    &["diverge", "L"],
    &["audit", "L"],
    &["key", "list", "L"],
    &["trust", "list"],
];

#[test]
fn json_is_of_schema_1_and_the_only_result() {
    let place = wordy();
    for command in READING {
        let run = place.tally(&[command, &["--format", "json"][..]].concat()).exits(0);
        run.json();
        assert_eq!(run.stderr, "", "{command:?}");
    }
    let close = ["incident", "close", "--incident=delay", "--ledger=L", "--format=json"];
    assert_eq!(place.tally(&close).exits(0).json()["recorded"][0]["kind"], "incident.closed");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let place = wordy();
    for command in READING {
        for format in ["text", "json"] {
            let args = [command, &["--format", format][..]].concat();
            assert_eq!(place.tally(&args).ok(), place.tally(&args).ok());
        }
    }
}

/// Demands that lines have at most 80 columns. A word that is longer, such as a digest or an
/// address, may stand alone on its line: it must be copied whole.
#[track_caller]
fn fits(text: &str, whose: &str) {
    for line in text.lines() {
        let alone = !line.trim().contains(' ');
        assert!(line.chars().count() <= 80 || alone, "{whose} prints a long line: {line:?}");
    }
}

#[test]
fn text_keeps_to_80_columns_and_cannot_change_the_terminal() {
    let place = wordy();
    for command in READING {
        let text = place.tally(command).ok();
        fits(&text, &command.join(" "));
        let deceptive = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(deceptive), "{command:?} prints {text:?}");
    }
}

#[test]
fn every_page_of_explanation_keeps_to_80_columns() {
    let place = Place::empty();
    let codes = place.tally(&["explain"]).ok();
    fits(&codes, "explain");
    assert!(codes.lines().count() > 30, "{codes}");
    let begun = codes.lines().filter(|line| !line.starts_with(' '));
    for code in begun.filter_map(|line| line.split_whitespace().next()) {
        fits(&place.tally(&["explain", code]).ok(), code);
    }
}

#[test]
fn quiet_leaves_standard_error_to_errors() {
    let place = wordy();
    let run = place.tally(&["checkpoint", "--ledger=L", "--quiet"]).exits(0);
    assert_eq!(run.stderr, "");
    place.tally(&["--quiet", "show", "99", "L"]).refused("no entry 99");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let place = wordy();
    for command in READING.iter().chain(&[&["completions", "bash"][..], &["--help"]]) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut tally = place.command(command);
        let run = Run::of(tally.stdout(writer).stderr(Stdio::piped()));
        assert_eq!((run.status, &*run.stderr), (0, ""), "{command:?}");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let place = wordy();
    for command in READING {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let run = Run::of(place.command(command).stdout(full).stderr(Stdio::piped()));
        run.refused("cannot write to standard output");
    }
}

/// Runs `tally` on a terminal and returns what appears on it.
fn on_a_terminal(place: &Place, columns: &str, no_colour: &str, args: &str) -> String {
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_tally"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--command", &line, "/dev/null"]);
    place.place(&mut command);
    command.env("COLUMNS", columns).env("NO_COLOR", no_colour).env("TERM", "xterm");
    let output = command.output().expect("script is there");
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

#[test]
#[ignore = "needs script of util-linux"]
fn colour_is_for_a_terminal_and_for_those_who_want_it() {
    let place = wordy();
    assert!(!place.tally(&["verify", "L"]).ok().contains('\u{1b}'));
    assert!(on_a_terminal(&place, "80", "", "verify L").contains("\u{1b}[32mpass\u{1b}[0m"));
    assert!(!on_a_terminal(&place, "80", "1", "verify L").contains('\u{1b}'));
    let json = on_a_terminal(&place, "80", "", "verify L --format json");
    assert!(!json.contains('\u{1b}'), "{json}");
}

#[test]
#[ignore = "needs script of util-linux"]
fn what_is_said_to_a_person_is_wrapped_and_to_a_program_is_not() {
    let place = wordy();
    for args in ["verify L --unpinned --seen absent", "legal step tro NO --incident a --ledger L"] {
        let words: Vec<&str> = args.split(' ').collect();
        let told = place.tally(&words).exits(2).stderr;
        let shown = on_a_terminal(&place, "60", "1", args);
        assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
        let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(joined(&shown), joined(&told));
    }
}

#[test]
fn every_help_keeps_to_80_columns() {
    use clap::CommandFactory;
    fn helped(command: &clap::Command, path: &[&str], place: &Place) {
        for flag in ["-h", "--help"] {
            let args = [path, &[flag]].concat();
            fits(&place.tally(&args).ok(), &args.join(" "));
        }
        for inner in command.get_subcommands() {
            helped(inner, &[path, &[inner.get_name()]].concat(), place);
        }
    }
    helped(&tally_cli::args::Tally::command(), &[], &Place::empty());
}

#[test]
fn the_completion_scripts_are_those_of_their_shells() {
    let place = Place::empty();
    let script = place.tally(&["completions", "bash"]).ok();
    assert!(script.contains("_tally()"), "{script:.200}");
    place.write("tally.bash", &script);
    let mut bash = Command::new("bash");
    bash.arg("-n").arg(place.path("tally.bash"));
    let run = Run::of(&mut bash).exits(0);
    assert_eq!(run.stderr, "", "bash understands the script");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(place.tally(&["completions", shell]).ok().contains("tally"), "{shell}");
    }
}

/// A policy pack that asks for a first report within 48 hours since 2025.
const PACK: &str = r#"
id = "own-rule"
source = "Example CA Incident Procedure"
url = "https://ca.example/procedure"
read = "2026-01-31"

[[version]]
version = "1.0"
from = "2025-01-01"

[[version.requirement]]
id = "first-report"
rule = "P101"
section = "4.2"
strength = "must"
limit = { hours = 48 }
duty = "a first report within 48 hours"
"#;

#[test]
fn policies_are_listed_as_of_a_date_with_those_of_a_file() {
    let place = Place::empty();
    place.write("own.toml", PACK);
    let list = |more: &[&str]| place.tally(&[&["list", "policies"], more].concat());
    let text = list(&["--at", "2025-06-01", "--policy-pack", "own.toml"]).ok();
    assert!(text.contains("CCADB Incident Reporting Guidelines 3.0, from 2025-03-01"), "{text}");
    assert!(text.contains("Example CA Incident Procedure 1.0"), "{text}");
    assert!(!text.contains("Guidelines 2.0"), "{text}");
    assert!(list(&[]).ok().contains("Guidelines 2.0"));
    assert_eq!(list(&["--at", "2010-01-01"]).ok().lines().count(), 1);
    let json =
        list(&["--at", "2025-06-01", "--policy-pack", "own.toml", "--format", "json"]).json();
    let own = &json["policies"].as_array().unwrap().last().unwrap()["requirements"][0];
    assert_eq!(own["limit"], "at most 48 h");
}

#[test]
fn a_file_that_is_no_policy_pack_is_refused_with_its_place() {
    let place = Place::with_ledger();
    place.write("own.toml", PACK.replace("P101", "P999"));
    for command in
        [&["list", "policies"][..], &["diverge", "L", "--unpinned"], &["audit", "L", "--unpinned"]]
    {
        let run = place.tally(&[command, &["--policy-pack", "own.toml"]].concat());
        run.exits(2).refused("version 1.0, requirement first-report: rule \"P999\"");
    }
    place.tally(&["list", "policies", "--policy-pack", "none.toml"]).exits(2).refused("none.toml");
}
