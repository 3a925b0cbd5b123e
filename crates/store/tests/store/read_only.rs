//! A ledger on a medium that cannot be written: a tmpfs, mounted again as read-only.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tally_store::doctor::{self, Diagnosis, Finding};
use tally_store::{Error, Store};

use crate::chain;

/// Names the mounted directory in the environment of the child that works in it.
const MOUNTED: &str = "TALLY_TEST_READ_ONLY";

#[test]
#[ignore = "mounts a tmpfs: needs unshare(1) and user namespaces or root"]
fn a_read_only_ledger_is_read_and_examined_and_refused_to_writers() {
    let Some(mounted) = std::env::var_os(MOUNTED) else {
        return run_on_a_read_only_disk();
    };
    let dir = Path::new(&mounted).join("ledger");
    let entries = chain::entries(3, 1);
    assert_eq!(chain::read_all(&dir).unwrap(), entries);
    let refused = [
        chain::open(&dir).unwrap_err(),
        Store::create(&Path::new(&mounted).join("other")).unwrap_err(),
        doctor::rebuild(&dir, Duration::ZERO, |_| {}).unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, Error::NotWritable { .. }), "{error}");
    }
    let diagnoses = doctor::examine(&dir, Duration::ZERO, |_| {}).unwrap();
    assert!(!diagnoses.iter().any(Diagnosis::is_fault), "{diagnoses:?}");
    let skipped = |d: &Diagnosis| matches!(d.finding, Finding::NotExamined { .. });
    assert!(diagnoses.iter().any(skipped), "{diagnoses:?}");
}

/// Makes a ledger and runs this test again with a read-only copy of it mounted.
fn run_on_a_read_only_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, mounted) = (dir.path().join("origin"), dir.path().join("mounted"));
    chain::make(&origin, &chain::entries(3, 1), 3);
    fs::create_dir(&mounted).unwrap();
    let script = r#"mount -t tmpfs tmpfs "$2" && cp -r "$1" "$2/ledger" &&
        mount -o remount,ro "$2" && exec "$3" --exact "$4" --ignored"#;
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([&origin, &mounted])
        .arg(std::env::current_exe().unwrap())
        .arg("read_only::a_read_only_ledger_is_read_and_examined_and_refused_to_writers")
        .env(MOUNTED, &mounted)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{error}");
}
