//! Disks that refuse: reading goes on, writing says so, and nothing is half written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{Place, Run};

const CLOSE: &[&str] = &["incident", "close", "--incident", "delay", "--ledger", "L"];

fn set_mode(path: &Path, folder: u32, file: u32) {
    for item in fs::read_dir(path).unwrap() {
        let item = item.unwrap();
        if item.file_type().unwrap().is_dir() {
            set_mode(&item.path(), folder, file);
        } else if !item.path().ends_with("author.pem") && !item.path().ends_with("checkpoint.pem") {
            fs::set_permissions(item.path(), fs::Permissions::from_mode(file)).unwrap();
        }
    }
    fs::set_permissions(path, fs::Permissions::from_mode(folder)).unwrap();
}

/// Returns `tally` for somebody whom permissions stop, which they do not for the superuser.
fn unprivileged(place: &Place, args: &[&str]) -> Run {
    let probe = place.path("L/probe");
    if fs::write(&probe, "").is_err() {
        return place.tally(args);
    }
    fs::remove_file(probe).unwrap();
    let mut command = Command::new("setpriv");
    let without = "-dac_override,-dac_read_search";
    command.args(["--bounding-set", without, "--inh-caps", without]);
    command.arg(env!("CARGO_BIN_EXE_tally")).args(args);
    place.place(&mut command);
    Run::of(&mut command)
}

#[test]
fn a_ledger_that_cannot_be_written_can_be_read() {
    let place = Place::with_ledger();
    place.tally(CLOSE).ok();
    set_mode(&place.path("L"), 0o555, 0o444);
    let before = place.content();
    for reading in [
        &["verify", "L"][..],
        &["list", "entries", "L"],
        &["show", "1", "L"],
        &["timeline", "L"],
        &["diverge", "L"],
        &["audit", "L"],
        &["key", "list", "L"],
        &["export", "--ledger", "L", "-o", "L.tally"],
    ] {
        unprivileged(&place, reading).ok();
    }
    fs::remove_file(place.path("L.tally")).unwrap();
    for writing in [
        CLOSE,
        &["checkpoint", "--ledger", "L"],
        &["export", "--ledger", "L", "-o", "x.tally", "--incident", "delay"],
        &["key", "grant", &"11".repeat(32), "--role", "legal", "--ledger", "L"],
    ] {
        unprivileged(&place, writing).refused("L");
        assert_eq!(place.content(), before, "{writing:?}");
    }
    set_mode(&place.path("L"), 0o755, 0o644);
    place.tally(CLOSE).ok();
}

#[test]
fn a_trust_store_that_cannot_be_written_is_told() {
    let place = Place::with_ledger();
    place.tally(CLOSE).ok();
    set_mode(&place.config(), 0o555, 0o444);
    set_mode(&place.path("L"), 0o555, 0o444);
    unprivileged(&place, &["trust", "remove", "ledger.example/l"]).refused("config");
    unprivileged(&place, &["verify", "L"]).ok();
    set_mode(&place.path("L"), 0o755, 0o644);
    set_mode(&place.config(), 0o755, 0o644);
}

/// Fills a disk of four megabytes around a ledger, tries to write, and reports each exit status.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=8m tmpfs disk && cd disk || exit 99
$TALLY init L --origin a.example/l --owner A --unencrypted-keys >/dev/null 2>&1 || exit 98
$TALLY incident close --incident delay --ledger L >/dev/null || exit 97
$TALLY checkpoint --ledger L >/dev/null || exit 96
head -c 3000000 /dev/urandom > paper
sum() { find L -type f ! -path '*/db/*' ! -name lock -exec sha256sum {} + | sort; }
dd if=/dev/zero of=filler bs=64k >/dev/null 2>&1
sum > ../before
$TALLY incident close --incident delay --ledger L; echo "close $?"
$TALLY incident close --incident delay --ledger L --evidence paper; echo "evidence $?"
$TALLY export --ledger L -o x.tally --incident delay; echo "extract $?"
head -c 3000000 /dev/urandom > ../paper
$TALLY record --ledger L --from ../big.json; echo "big $?"
$TALLY export --ledger L -o y.tally; echo "bundle $?"
sum > ../after
$TALLY verify L >/dev/null; echo "verify $?"
ls
rm filler
$TALLY incident close --incident delay --ledger L >/dev/null; echo "again $?"
$TALLY verify L >/dev/null; echo "verify $?"
"#;

#[test]
#[ignore = "needs unshare of util-linux, to mount a file system"]
fn a_full_disk_is_told_and_leaves_the_ledger_as_it_was() {
    let place = Place::empty();
    fs::create_dir(place.path("disk")).unwrap();
    place.write("big.json", r#"{"kind":"incident.closed","incident":"delay"}"#);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", SCRIPT]);
    place.place(&mut command);
    command.env("TALLY", env!("CARGO_BIN_EXE_tally"));
    let run = Run::of(&mut command).exits(0);
    for step in ["close 2", "evidence 2", "extract 2", "big 2", "bundle 2", "again 0"] {
        assert!(run.stdout.lines().any(|line| line == step), "{step} is missing: {run:#?}");
    }
    assert_eq!(run.stdout.matches("verify 0").count(), 2, "{run:#?}");
    assert_eq!(run.stderr.matches("error: ").count(), 5, "{run:#?}");
    assert_eq!(run.stderr.matches("hint: free some space").count(), 5, "{run:#?}");
    assert!(!run.stdout.contains(".part") && !run.stdout.contains(".tally"), "{run:#?}");
    assert_eq!(fs::read(place.path("after")).unwrap(), fs::read(place.path("before")).unwrap());
}
