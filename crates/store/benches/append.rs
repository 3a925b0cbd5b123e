//! The cost of a durable append, beside that of the least that could be durable: writing the same
//! bytes to one file and syncing it. Only the ratio of the two means anything: how long a sync
//! takes differs from disk to disk and from minute to minute.

use std::fs::File;
use std::io::Write;

use divan::Bencher;
use divan::counter::ItemsCount;
use tally_store::Store;

fn main() {
    divan::main();
}

/// How many entries are appended at once.
const BATCHES: [usize; 3] = [1, 10, 100];

fn batch(size: usize) -> Vec<Vec<u8>> {
    vec![vec![7; 300]; size]
}

#[divan::bench(args = BATCHES, sample_count = 200, sample_size = 1)]
fn raw_append_and_sync(bencher: Bencher, size: usize) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory to write in");
    let mut file = File::create(dir.path().join("raw")).expect("a new file");
    let bytes = batch(size).concat();
    bencher.counter(ItemsCount::new(size)).bench_local(|| {
        file.write_all(&bytes).expect("room on the disk");
        file.sync_data().expect("a disk that syncs");
    });
}

#[divan::bench(args = BATCHES, sample_count = 200, sample_size = 1)]
fn append(bencher: Bencher, size: usize) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory to write in");
    let mut store = Store::create(&dir.path().join("ledger")).expect("a new ledger");
    let entries = batch(size);
    bencher.counter(ItemsCount::new(size)).bench_local(|| {
        let next = store.reader().len();
        store.append(next, &entries).expect("room on the disk");
    });
}
