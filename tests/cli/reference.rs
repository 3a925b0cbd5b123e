//! `docs/CLI.md` shows every command as it is.

use clap::CommandFactory;
use tally_cli::args::Tally;

use super::Place;

const REMEDY: &str = "run: cargo run -p tally-cli --example reference > docs/CLI.md";

fn page() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CLI.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_reference_is_made_from_the_program() {
    let (made, page) = (tally_cli::reference::markdown(), page());
    for (made, written) in made.lines().zip(page.lines()) {
        assert_eq!(made, written, "docs/CLI.md differs; {REMEDY}");
    }
    assert_eq!(made.lines().count(), page.lines().count(), "docs/CLI.md differs; {REMEDY}");
}

/// Longer lines would be broken where they are shown, and an example could not be pasted.
#[test]
fn no_line_below_the_options_is_longer_than_80_columns() {
    fn short(command: &clap::Command) {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in after.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
        }
        command.get_subcommands().for_each(short);
    }
    let tally = Tally::command();
    assert!(tally.get_after_help().is_some());
    short(&tally);
}

#[test]
fn the_reference_shows_what_each_command_prints_as_its_help() {
    fn holds(command: &clap::Command, path: &[&str], place: &Place, page: &str) {
        let help = place.tally(&[path, &["-h"]].concat()).ok();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let block = format!("## tally{}\n\n```\n{}\n```\n", spaced(path), lines.join("\n"));
        assert!(page.contains(&block), "docs/CLI.md lacks: {block}");
        for inner in command.get_subcommands() {
            holds(inner, &[path, &[inner.get_name()]].concat(), place, page);
        }
    }
    fn spaced(path: &[&str]) -> String {
        path.iter().flat_map(|word| [" ", word]).collect()
    }
    holds(&Tally::command(), &[], &Place::empty(), &page());
}
