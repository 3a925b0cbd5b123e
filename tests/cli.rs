//! The binary itself, run as a person or a script runs it: in a folder of its own, with a trust
//! store of its own and no terminal.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod addresses;
mod bad_input;
mod bugzilla;
mod capture;
mod check;
mod claims;
mod clocks;
mod disclose;
mod disks;
mod handover;
mod journey;
mod keys;
mod killed;
mod locks;
mod mirror;
mod output;
mod pins;
mod prove;
mod publish;
mod reconstruct;
mod reference;
mod report;
mod sarif;
mod secrets;
mod serve;
mod texts;
mod verbs;
mod witness;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

/// A temporary folder in which `tally` is run.
struct Place {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Place {
    /// An empty folder.
    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with the ledger `L`, whose keys are not encrypted.
    fn with_ledger() -> Self {
        let place = Self::empty();
        place.init("L").ok();
        place
    }

    /// Begins a ledger in the folder `dir`, with keys that are not encrypted.
    fn init(&self, dir: &str) -> Run {
        let origin = format!("ledger.example/{}", dir.to_lowercase());
        let owner = ["--owner", "Example CA", "--unencrypted-keys"];
        self.tally(&[&["init", dir, "--origin", &origin][..], &owner].concat())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn config(&self) -> PathBuf {
        self.path("config")
    }

    /// The files of that ending that are kept as evidence, with their folder.
    fn conflicts(&self, ending: &str) -> Vec<String> {
        let kept = fs::read_dir(self.config().join("conflicts")).into_iter().flatten();
        let names = kept.map(|file| file.unwrap().file_name().into_string().unwrap());
        let named = names.filter(|name| name.ends_with(ending));
        named.map(|name| format!("config/conflicts/{name}")).collect()
    }

    /// The command, not yet run: its environment holds nothing of the tester's.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tally"));
        command.args(args);
        self.place(&mut command);
        command
    }

    /// Places a command in the folder.
    fn place(&self, command: &mut Command) {
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.path("home")).env("TALLY_CONFIG_DIR", self.config());
    }

    /// The command under `strace`, which kills it at its `step`-th call of the system call `call`.
    fn killed_at(&self, call: &str, step: usize, args: &[&str]) -> Command {
        let mut command = Command::new("strace");
        // The tracer is a grandchild, so that the command's own status and id are seen.
        command.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
        command.args(["-e", &format!("inject={call}:signal=KILL:when={step}")]);
        command.arg(env!("CARGO_BIN_EXE_tally")).args(args);
        self.place(&mut command);
        command
    }

    fn tally(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    /// Runs `tally` with `input` on standard input.
    fn tally_reading(&self, input: impl AsRef<[u8]>, args: &[&str]) -> Run {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses early closes its end; that is for its status to say.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Run::ended(child.wait_with_output().unwrap())
    }

    /// Records the document `text` in the ledger `L`.
    fn record(&self, text: &str) -> Run {
        self.tally_reading(text, &["record", "--from", "-", "--ledger", "L"])
    }

    /// Every file with its content. What sled and the lock keep for themselves is left out: they
    /// note each opening, and nothing of the ledger.
    fn content(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(self.folder.path(), &mut files);
        files
    }
}

/// Copies a folder with all that is in it.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_folder(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for item in fs::read_dir(folder).unwrap() {
        let item = item.unwrap();
        let (path, kind) = (item.path(), item.file_type().unwrap());
        if kind.is_dir() {
            files.insert(path.clone(), Vec::new());
            if item.file_name() != "db" {
                gather(&path, files);
            }
        } else if !kind.is_file() {
            files.insert(path, b"neither folder nor file".to_vec());
        } else if item.file_name() != "lock" {
            // A file too large to read is told by its length.
            let length = item.metadata().unwrap().len();
            let small = length < 1 << 28;
            let content =
                if small { fs::read(&path).unwrap() } else { length.to_be_bytes().to_vec() };
            files.insert(path, content);
        }
    }
}

impl Run {
    fn of(command: &mut Command) -> Self {
        Self::ended(command.output().unwrap())
    }

    fn ended(output: std::process::Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Demands that it ended well and returns what it printed.
    #[track_caller]
    fn ok(self) -> String {
        self.exits(0).stdout
    }

    /// Demands JSON of schema 1 and returns it.
    #[track_caller]
    fn json(&self) -> Json {
        let json: Json = serde_json::from_str(&self.stdout).expect("the result is JSON");
        assert_eq!(json["schema"], 1, "{json:#}");
        json
    }

    /// Demands one clear error that says `what`, a hint, nothing on standard output, and exit 2.
    #[track_caller]
    fn refused(self, what: &str) -> Self {
        let run = self.exits(2);
        let errors = run.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        let hints = run.stderr.lines().filter(|line| line.starts_with("hint: ")).count();
        assert_eq!((errors, hints), (1, 1), "one error and one hint expected: {run:#?}");
        assert!(run.stderr.contains(what), "the error lacks {what:?}: {run:#?}");
        assert!(!run.stderr.contains("panicked"), "{run:#?}");
        assert_eq!(run.stdout, "", "nothing is printed as a result");
        run
    }
}
