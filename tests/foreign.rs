//! Programs that share no code with this project, on the same files.
//!
//! What `tests/foreign/verify.py` knows of the format it has from `docs/FORMAT.md`; where it and
//! the vectors disagree, the text is unclear or one of two verifiers is wrong. The other programs
//! take single parts for what they are to everybody: COSE messages, signed notes, a tree.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Begins a Python program of `tests/foreign`; `TALLY_PYTHON` names another interpreter.
pub(super) fn python(program: &str) -> Command {
    let interpreter = std::env::var_os("TALLY_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(interpreter);
    command.arg("-B").arg(format!("tests/foreign/{program}")).current_dir(repository());
    command
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

/// Runs a program, demands that it succeeds, and gives the last line that it printed.
#[track_caller]
pub(super) fn last_line(command: &mut Command) -> String {
    let output = run(command);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} fails\n{printed}{complaints}");
    printed.lines().last().unwrap_or_default().to_owned()
}

/// Counts the files of a folder under `tests` that a program is to have gone through.
fn count(folder: &str, wanted: fn(&Path) -> bool) -> usize {
    let files = std::fs::read_dir(repository().join("tests").join(folder)).expect("a folder");
    files.filter(|file| wanted(&file.as_ref().expect("a file").path())).count()
}

fn is_container(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tally")
}

fn is_checkpoint(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "checkpoint")
}

#[test]
#[ignore = "needs Python with cryptography"]
fn the_second_verifier_accepts_the_golden_files_and_no_altered_one() {
    let line = last_line(python("verify.py").args(["--golden", "tests/golden"]));
    let files = count("golden", |path| is_container(path) || is_checkpoint(path));
    assert_eq!(line, format!("{files} passed, 0 failed"));
}

#[test]
#[ignore = "needs Python with cryptography"]
fn the_second_verifier_agrees_with_every_vector() {
    let line = last_line(python("verify.py").args(["--vectors", "tests/vectors"]));
    let vectors = count("vectors", |path| path.extension().is_some_and(|e| e == "vector"));
    assert_eq!(line, format!("{vectors} passed, 0 failed"));
}

#[test]
#[ignore = "needs Python with cryptography"]
fn the_second_verifier_gives_each_verdict_its_exit_status() {
    let vkey = std::fs::read_to_string(repository().join("tests/golden/ledger.vkey")).unwrap();
    let pin = ["--key", vkey.trim_end(), "tests/golden/ledger.tally"];
    let other_id = ["--ledger-id", &"00".repeat(32), "tests/golden/ledger.tally"];
    for (arguments, status) in [
        (pin.as_slice(), 0),
        (["tests/golden/ledger.tally"].as_slice(), 2),
        (["--unpinned", "tests/golden/ledger.tally"].as_slice(), 0),
        (other_id.as_slice(), 3),
        (["tests/golden/ledger.vkey"].as_slice(), 1),
    ] {
        let output = run(python("verify.py").args(arguments));
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {output:?}");
    }
}

#[test]
#[ignore = "needs Python with cwt"]
fn cwt_verifies_each_golden_entry_and_refuses_an_altered_payload() {
    let line = last_line(python("cose_cwt.py").arg("tests/golden/ledger.tally"));
    assert_eq!(line, "16 entries verified, 16 altered ones refused");
}

#[test]
#[ignore = "needs Go with golang.org/x/mod"]
fn go_opens_each_golden_checkpoint_and_computes_its_root() {
    let mut command = Command::new("go");
    // Nothing is downloaded: the replacement in go.mod is the copy that the system provides.
    command.env("GOPROXY", "off").env("GOFLAGS", "-mod=mod").args(["run", ".", "../../golden"]);
    let line = last_line(command.current_dir(repository().join("tests/foreign/sumdb")));
    let files = count("golden", is_checkpoint);
    assert_eq!(line, format!("{files} checkpoints opened, {files} altered ones refused"));
}
