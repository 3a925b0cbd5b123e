//! The reference of the command line, `docs/CLI.md`: every command with its help as printed.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::args::Tally;

/// The columns of help, whatever the terminal is.
const WIDTH: usize = 80;

const INTRODUCTION: &str = "\
# Commands

Each command with its help, as `-h` prints it; `--help` prints it with more room. This page is
made from the program:

```
cargo run -p tally-cli --example reference > docs/CLI.md
```

**Results** go to standard output, talk and errors to standard error. `--format json` gives JSON
with a schema number. An error is one line that begins `error:`, and one that begins `hint:`
says what to do about it; then nothing was changed.

**Exit status**: 0 clean · 1 divergences found · 2 could not run · 3 the ledger failed
verification, or a pin was not met.

**Times** are written as precisely as their source has them: `2026`, `2026-01`, `2026-01-31`,
`2026-01-31T12:00`, with the zone at the end (`Z`, `+01:00`) if the source states one; a range
`A/B`, `../B` (not later than B) or `A/..` (not before A).

**Environment**: `TALLY_LEDGER`, the ledger directory to write to · `TALLY_CONFIG_DIR`, the
folder of the trust store, else `$XDG_CONFIG_HOME/tally`, else `~/.config/tally` · `COLUMNS`,
the width of text, 80 if it is not set · `NO_COLOR`, no colour.
";

/// Returns the reference in Markdown. It depends on nothing but the program.
pub fn markdown() -> String {
    let mut tally = Tally::command().term_width(WIDTH);
    // Parts of a command are only filled in when it is built: its full name, and the width.
    tally.build();
    let mut page = INTRODUCTION.to_owned();
    section(&mut tally, "tally", &mut page);
    page
}

fn section(command: &mut Command, name: &str, page: &mut String) {
    let help = command.render_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let help = lines.join("\n");
    write!(page, "\n## {name}\n\n```\n{}\n```\n", help.trim_end()).expect("a text takes all");
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
        let name = format!("{name} {}", inner.get_name());
        section(inner, &name, page);
    }
}
