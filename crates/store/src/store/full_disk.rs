//! A disk that is really full: a small tmpfs in a mount namespace of its own.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Store;
use crate::error::Error;

/// Names the mounted directory in the environment of the child that works in it.
const MOUNTED: &str = "TALLY_TEST_FULL_DISK";

/// Runs this test program again, for one test, with a tmpfs of 16 MiB mounted for it alone.
fn run_on_a_small_disk(test: &str) {
    let dir = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=16m tmpfs "$1" && exec "$2" --exact "$3" --ignored"#;
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(MOUNTED, dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{error}");
}

/// Fills the disk until no more than `room` bytes are left.
fn fill(dir: &Path, room: u64) {
    let mut file = OpenOptions::new().append(true).create(true).open(dir.join("fill")).unwrap();
    while let Ok(left) = fs4::available_space(dir)
        && left > room
    {
        let size = usize::try_from((left - room).min(4096)).unwrap();
        file.write_all(&vec![0; size]).unwrap();
    }
}

fn open(dir: &Path) -> Store {
    Store::open(dir, Duration::ZERO, |_| {}).unwrap()
}

fn entries(first: u64, count: u64) -> Vec<Vec<u8>> {
    (first..first + count).map(|seq| [&seq.to_be_bytes()[..], &[7; 3000]].concat()).collect()
}

#[test]
#[ignore = "mounts a tmpfs: needs unshare(1) and user namespaces or root"]
fn too_little_space_is_refused_before_anything_is_written() {
    let Some(mounted) = std::env::var_os(MOUNTED) else {
        return run_on_a_small_disk(
            "store::full_disk::too_little_space_is_refused_before_anything_is_written",
        );
    };
    let dir = Path::new(&mounted).join("ledger");
    let mut store = Store::create(&dir).unwrap();
    store.append(0, &entries(0, 3)).unwrap();
    fill(Path::new(&mounted), 3 << 20);
    let error = store.append(3, &entries(3, 1)).unwrap_err();
    assert!(matches!(error, Error::TooLittleSpace { .. }), "{error}");
    fs::remove_file(Path::new(&mounted).join("fill")).unwrap();
    store.append(3, &entries(3, 1)).unwrap();
    assert_eq!(store.reader().len(), 4);
}

#[test]
#[ignore = "mounts a tmpfs: needs unshare(1) and user namespaces or root"]
fn a_disk_that_fills_up_during_an_append_loses_nothing_and_says_what_became_of_it() {
    let Some(mounted) = std::env::var_os(MOUNTED) else {
        return run_on_a_small_disk(
            "store::full_disk::\
             a_disk_that_fills_up_during_an_append_loses_nothing_and_says_what_became_of_it",
        );
    };
    let mounted = Path::new(&mounted);
    let (mut taken_back, mut kept) = (0, 0);
    for room in (0..700_000).step_by(36_000) {
        for batch in [1, 20] {
            let dir = mounted.join("ledger");
            let mut store = Store::create(&dir).unwrap();
            store.reserve = None;
            fill(mounted, room);
            let mut len = 0;
            let error = loop {
                match store.append(len, &entries(len, batch)) {
                    Ok(_) => len += batch,
                    Err(error) => break error,
                }
            };
            let place = format!("room {room}, batch {batch}, len {len}: {error}");
            match error {
                Error::NoSpace { .. } => taken_back += 1,
                Error::Unacknowledged { first, last, .. } => {
                    assert_eq!((first, last), (len, len + batch - 1), "{place}");
                    let again = store.append(len, &entries(len, batch));
                    assert!(matches!(again, Err(Error::Stale { .. })), "{place}");
                    len += batch;
                    kept += 1;
                }
                _ => panic!("{place}"),
            }
            drop(store);
            fs::remove_file(mounted.join("fill")).unwrap();
            let store = open(&dir);
            let held: Vec<_> = store.reader().entries(0).map(|e| e.unwrap().bytes).collect();
            assert_eq!(held, entries(0, len), "{place}");
            drop(store);
            fs::remove_dir_all(&dir).unwrap();
        }
    }
    assert!(taken_back > 0 && kept > 0, "{taken_back} taken back, {kept} kept");
}
