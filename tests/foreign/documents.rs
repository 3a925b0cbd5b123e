//! What the commands write for programs, held against schemas by a validator of others.

use std::path::PathBuf;
use std::process::Command;

use super::{last_line, python};

/// A draft with faults of every weight, and with words that no terminal should see.
const DRAFT: &str = "## Preliminary Incident Report\n\n### Summary\n\n\
    - **Incident description:** See [a{0}](javascript:x) \u{202e}. A full report will follow.\n\
    - **Source of incident disclosure:** Annual audit\n\nAll certificates will be revoked.\n";

/// A folder with the demonstration, an empty ledger, one that fails, and drafts.
struct Documents {
    folder: tempfile::TempDir,
    written: Vec<PathBuf>,
}

impl Documents {
    fn new() -> Self {
        let made = Self { folder: tempfile::tempdir().unwrap(), written: Vec::new() };
        made.tally(&["demo", "--dir", "demo"], 0);
        let owner = ["--owner", "Example CA", "--unencrypted-keys"];
        made.tally(&[&["init", "empty", "--origin", "ledger.example/x"][..], &owner].concat(), 0);
        let mut bytes = std::fs::read(made.folder.path().join("demo/case.tally")).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(made.folder.path().join("broken.tally"), bytes).unwrap();
        std::fs::write(made.folder.path().join("draft.md"), DRAFT).unwrap();
        std::fs::write(made.folder.path().join("clean.md"), "We are sorry.\n").unwrap();
        made
    }

    #[track_caller]
    fn tally(&self, args: &[&str], status: i32) -> Vec<u8> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tally"));
        command.args(args).current_dir(self.folder.path()).env_remove("TALLY_LEDGER");
        command.env("TALLY_CONFIG_DIR", self.folder.path().join("config"));
        let output = command.output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {complaints}");
        output.stdout
    }

    /// Runs a command and keeps what it prints.
    #[track_caller]
    fn keep(&mut self, name: &str, args: &str, status: i32) {
        let printed = self.tally(&args.split(' ').collect::<Vec<_>>(), status);
        let path = self.folder.path().join(name);
        std::fs::write(&path, printed).unwrap();
        self.written.push(path);
    }

    /// Returns the first incident of the demonstration.
    fn incident(&self) -> String {
        let args = ["list", "incidents", "demo/case.tally", "--unpinned", "--format=json"];
        let listed = self.tally(&args, 0);
        let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
        listed["incidents"][0]["incident"].as_str().expect("the case has incidents").to_owned()
    }
}

#[test]
#[ignore = "needs Python with jsonschema, and the schema of SARIF in TALLY_SARIF_SCHEMA"]
fn every_log_is_valid_sarif_and_no_altered_one() {
    let schema = std::env::var_os("TALLY_SARIF_SCHEMA").expect("TALLY_SARIF_SCHEMA names a file");
    let mut made = Documents::new();
    let demo = "demo/case.tally --key demo/ledger/ledger.vkey --format sarif";
    made.keep("audit.sarif", &format!("audit {demo}"), 1);
    made.keep("diverge.sarif", &format!("diverge {demo}"), 1);
    made.keep("empty.sarif", "audit empty --unpinned --format sarif", 0);
    made.keep("broken.sarif", "audit broken.tally --format sarif", 3);
    made.keep("draft.sarif", "check draft.md --at 2026-04-01 --format sarif", 1);
    made.keep("clean.sarif", "check clean.md --at 2026-04-01 --format sarif", 0);
    let against = "check draft.md --at 2026-04-01 --ledger demo/case.tally --incident";
    let incident = made.incident();
    made.keep("against.sarif", &format!("{against} {incident} --format sarif"), 1);
    let mut command = python("sarif.py");
    let line = last_line(command.arg(schema).args(&made.written));
    assert!(line.starts_with("7 logs with ") && line.ends_with(" altered ones refused"), "{line}");
}
