//! What the commands write for programs, held against schemas: those of `docs/schema`, and that of
//! SARIF, by a validator of others and by one of our own.

mod schema;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value as Json, json};
use tally_divergence::finding::Verdict;
use tally_divergence::rules::RULES;
use tally_ledger::fault::Code;
use tally_mirror::mirror::Condition;

use crate::foreign::{last_line, python};
use schema::Schemas;

/// A draft with faults of every weight, and with words that no terminal should see.
const DRAFT: &str = "## Preliminary Incident Report\n\n### Summary\n\n\
    - **Incident description:** See [a{0}](javascript:x) \u{202e}. A full report will follow.\n\
    - **Source of incident disclosure:** Annual audit\n\nAll certificates will be revoked.\n\
    We revoked 10 of 5 certificates; 20 certificates remain to be revoked.\n";

/// The pin of the demonstration.
const PIN: &str = "--key demo/ledger/ledger.vkey";

/// A folder with the demonstration, an empty ledger, one that fails, and drafts; and what commands
/// told of them.
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
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/ledger.tally");
        std::fs::copy(golden, made.folder.path().join("golden.tally")).unwrap();
        std::fs::write(made.folder.path().join("clean.md"), "We are sorry.\n").unwrap();
        let list = "Serial #,Not after,Revocation date,Is revoked?\n0a,2026-06-01,2026-03-01,Yes\n";
        std::fs::write(made.folder.path().join("list.csv"), list).unwrap();
        std::fs::write(made.folder.path().join("links.csv"), "https://crt.sh/?id=1\n").unwrap();
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

    /// Keeps what each command tells of each ledger and draft as JSON, with a reply, an acceptance
    /// and statements beside the ledger. Returns the schema and the file of each.
    fn keep_json(&mut self) -> Vec<(&'static str, PathBuf)> {
        let answered = self.answered();
        let beside = format!("demo/ledger {PIN} --statements demo/case.jsonl");
        let against = "draft.md --at 2026-04-01 --ledger demo/case.tally --incident 1950144";
        for proof in ["1 -o 1.tlog-proof", "--from 2 -o grown.txt"] {
            let args = format!("prove --ledger demo/ledger {proof}");
            self.tally(&args.split(' ').collect::<Vec<_>>(), 0);
        }
        for args in [
            "publish P --ledger demo/ledger",
            "mirror init M --name mirror.example/m --unencrypted-keys",
            "mirror add M P --key demo/ledger/ledger.vkey",
            "mirror sync M",
            "mirror init N --name mirror.example/n --unencrypted-keys",
            "mirror add N P --key demo/ledger/ledger.vkey",
        ] {
            self.tally(&args.split(' ').collect::<Vec<_>>(), 0);
        }
        let runs = [
            ("mirror.json", "mirror status M".to_owned(), 0),
            ("mirror.json", "mirror status N".to_owned(), 0),
            ("audit.json", format!("audit demo/case.tally {PIN}"), 1),
            ("audit.json", "audit empty --unpinned".to_owned(), 0),
            ("audit.json", "audit broken.tally".to_owned(), 3),
            ("audit.json", format!("audit {answered}"), 1),
            ("diverge.json", format!("diverge demo/case.tally {PIN}"), 1),
            ("diverge.json", format!("diverge {beside}"), 1),
            ("diverge.json", "diverge empty --unpinned".to_owned(), 0),
            ("diverge.json", "diverge broken.tally".to_owned(), 3),
            ("verify.json", format!("verify demo/case.tally {PIN}"), 0),
            ("verify.json", "verify golden.tally --unpinned".to_owned(), 0),
            ("verify.json", "verify broken.tally".to_owned(), 3),
            ("proof.json", format!("verify 1.tlog-proof {PIN}"), 0),
            ("proof.json", "verify grown.txt --unpinned".to_owned(), 2),
            ("timeline.json", format!("timeline demo/case.tally {PIN}"), 0),
            ("timeline.json", "timeline golden.tally --unpinned".to_owned(), 0),
            ("timeline.json", "timeline broken.tally".to_owned(), 3),
            ("check.json", "check draft.md clean.md --at 2026-04-01".to_owned(), 1),
            ("check.json", format!("check {against}"), 1),
            (
                "check.json",
                "check draft.md --at 2026-04-01 --certificates list.csv --certificates links.csv"
                    .to_owned(),
                1,
            ),
        ];
        let mut kept = Vec::new();
        for (at, (schema, args, status)) in runs.into_iter().enumerate() {
            self.keep(&format!("{at}.json"), &format!("{args} --format json"), status);
            kept.push((schema, self.written.last().expect("one was kept").clone()));
        }
        kept
    }

    /// Accepts a finding of the demonstration and answers it. Returns the arguments that show both.
    fn answered(&self) -> String {
        let args = format!("diverge demo/case.tally {PIN} --format json");
        let found = self.tally(&args.split(' ').collect::<Vec<_>>(), 1);
        let found: Json = serde_json::from_slice(&found).unwrap();
        let id = found["findings"][0]["id"].as_str().expect("the case has findings");
        std::fs::write(self.folder.path().join("answer.txt"), "We see it otherwise.\n").unwrap();
        let reply = "--by DigiCert --from answer.txt --key-name ca.example/replies -o reply.note \
                     --key-file demo/ledger/keys/author.pem";
        let args = format!("reply {id} {reply}");
        let told = self.tally(&args.split_whitespace().collect::<Vec<_>>(), 0);
        let told = String::from_utf8(told).unwrap();
        let vkey = told.lines().find_map(|line| line.strip_prefix("Vkey")).expect("a vkey").trim();
        let args = format!("accept {id} demo/ledger --role auditor --reason agreed");
        self.tally(&args.split(' ').collect::<Vec<_>>(), 0);
        format!("demo/ledger {PIN} --reply reply.note --reply-key {vkey}")
    }
}

#[test]
#[ignore = "needs Python with jsonschema, and the schema of SARIF in TALLY_SARIF_SCHEMA"]
fn every_log_is_valid_sarif_and_no_altered_one() {
    let schema = std::env::var_os("TALLY_SARIF_SCHEMA").expect("TALLY_SARIF_SCHEMA names a file");
    let mut made = Documents::new();
    let demo = format!("demo/case.tally {PIN} --format sarif");
    made.keep("audit.sarif", &format!("audit {demo}"), 1);
    made.keep("diverge.sarif", &format!("diverge {demo}"), 1);
    made.keep("empty.sarif", "audit empty --unpinned --format sarif", 0);
    made.keep("broken.sarif", "audit broken.tally --format sarif", 3);
    made.keep("draft.sarif", "check draft.md --at 2026-04-01 --format sarif", 1);
    made.keep("clean.sarif", "check clean.md --at 2026-04-01 --format sarif", 0);
    let against = "check draft.md --at 2026-04-01 --ledger demo/case.tally --incident";
    made.keep("against.sarif", &format!("{against} 1950144 --format sarif"), 1);
    let mut command = python("sarif.py");
    let line = last_line(command.arg(schema).args(&made.written));
    assert!(line.starts_with("7 logs with ") && line.ends_with(" altered ones refused"), "{line}");
}

#[test]
#[ignore = "needs Python with jsonschema"]
fn every_document_is_valid_by_its_published_schema_and_no_altered_one() {
    let mut made = Documents::new();
    let kept = made.keep_json();
    let pairs = kept.iter().map(|(schema, path)| format!("{schema}={}", path.display()));
    let line = last_line(python("schemas.py").arg("docs/schema").args(pairs));
    let start = format!("{} documents valid, ", kept.len());
    assert!(line.starts_with(&start) && line.ends_with(" altered ones refused"), "{line}");
}

/// Members that none of the documents here has: citations of entries, and a statement that is held
/// from beside the ledger and makes a finding.
const UNSEEN: [&str; 3] = [
    "diverge.json#/$defs/citation/properties/claim",
    "diverge.json#/$defs/citation/properties/entry",
    "diverge.json#/$defs/statement/properties/beside",
];

#[test]
fn the_published_schemas_name_the_members_that_are_written_and_no_others() {
    let schemas = Schemas::published();
    let mut made = Documents::new();
    let mut seen = BTreeSet::new();
    for (name, path) in made.keep_json() {
        let document: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let faults = schemas.faults(name, &document, &mut seen);
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
    let named = schemas.members();
    let unseen: Vec<&str> = named.difference(&seen).map(String::as_str).collect();
    assert_eq!(unseen, UNSEEN);
}

#[test]
fn the_words_of_the_schemas_are_those_of_the_program() {
    let schemas = Schemas::published();
    let words = |place: &str| schemas.words(place);
    let verdicts: Vec<Json> = Verdict::ALL.iter().map(|verdict| json!(verdict.as_str())).collect();
    assert_eq!(words("diverge.json#/$defs/finding/properties/verdict"), verdicts);
    assert_eq!(words("diverge.json#/$defs/count/properties/verdict"), verdicts);
    let codes: Vec<Json> = Code::ALL.iter().map(|code| json!(code.name())).collect();
    assert_eq!(words("verify.json#/$defs/fault/properties/code"), codes);
    let conditions: Vec<Json> = Condition::ALL.iter().map(|one| json!(one)).collect();
    assert_eq!(words("mirror.json#/$defs/ledger/properties/condition"), conditions);
    let mut families: Vec<Json> = Vec::new();
    for rule in RULES {
        if !families.contains(&json!(rule.family)) {
            families.push(json!(rule.family));
        }
    }
    assert_eq!(words("diverge.json#/$defs/finding/properties/family"), families);
}

#[test]
fn a_document_that_was_changed_is_refused() {
    let schemas = Schemas::published();
    let made = Documents::new();
    let printed = made.tally(&["verify", "empty", "--unpinned", "--format", "json"], 0);
    let good: Json = serde_json::from_slice(&printed).unwrap();
    let faults = |json: &Json| schemas.faults("verify.json", json, &mut BTreeSet::new());
    assert_eq!(faults(&good), Vec::<String>::new());
    for (place, value) in [
        ("/schema", json!(2)),
        ("/verdict", json!("sound")),
        ("/entries", json!("1")),
        ("/entries", json!(-1)),
        ("/checks/0", json!({ "name": "chain", "outcome": "pass" })),
        ("/checks/0/outcome", Json::Null),
        ("/fault", json!({ "further": 1 })),
        ("/ledger_id", json!("00")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).expect("the document has the member") = value;
        assert!(!faults(&bad).is_empty(), "{place}");
    }
    let mut bad = good.clone();
    bad["further"] = json!(1);
    assert_eq!(faults(&bad), ["verify.json: a member that is not named: further"]);
}
