//! Entries with the outer form of real ones and a true `seq` and `prev`, but no valid signature:
//! the store reads no more than that.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tally_ledger::hash::Hash;
use tally_ledger::receipt::SignedRoot;
use tally_ledger::tree::Edge;
use tally_store::{Error, Reader, Store};

/// Returns the first `count` entries of a chain; those of different `salt` share none.
pub(crate) fn entries(count: u64, salt: u8) -> Vec<Vec<u8>> {
    continued(0, None, count, salt)
}

/// Returns `count` entries that continue a chain at `first`, after the entry with id `prev`.
pub(crate) fn continued(first: u64, mut prev: Option<Hash>, count: u64, salt: u8) -> Vec<Vec<u8>> {
    (first..first + count)
        .map(|seq| {
            let size = 40 + usize::try_from(seq * 37 % 200).unwrap();
            let entry = sized(seq, prev, size, salt);
            prev = Some(Hash::leaf(&entry));
            entry
        })
        .collect()
}

/// Returns one entry whose body has `size` bytes.
pub(crate) fn sized(seq: u64, prev: Option<Hash>, size: usize, salt: u8) -> Vec<u8> {
    let mut payload = vec![if prev.is_some() { 0xa3 } else { 0xa2 }];
    payload.extend_from_slice(b"\x63seq");
    push_head(&mut payload, 0, seq);
    payload.extend_from_slice(b"\x64body");
    push_bytes(&mut payload, &vec![salt; size]);
    if let Some(prev) = prev {
        payload.extend_from_slice(b"\x64prev");
        push_bytes(&mut payload, &prev.0);
    }
    let mut entry = vec![0xd2, 0x84];
    push_bytes(&mut entry, b"\xa0");
    entry.push(0xa0);
    push_bytes(&mut entry, &payload);
    push_bytes(&mut entry, &[salt; 64]);
    entry
}

fn push_bytes(buffer: &mut Vec<u8>, bytes: &[u8]) {
    push_head(buffer, 2, bytes.len() as u64);
    buffer.extend_from_slice(bytes);
}

fn push_head(buffer: &mut Vec<u8>, major: u8, value: u64) {
    let bytes = value.to_be_bytes();
    match value {
        0..24 => buffer.push(major << 5 | bytes[7]),
        24..0x100 => buffer.extend_from_slice(&[major << 5 | 0x18, bytes[7]]),
        0x100..0x1_0000 => buffer.extend_from_slice(&[major << 5 | 0x19, bytes[6], bytes[7]]),
        _ => {
            buffer.push(major << 5 | 0x1a);
            buffer.extend_from_slice(&bytes[4..]);
        }
    }
}

/// Opens for writing. A process that another test starts holds, until it runs its own program,
/// copies of all locks that are held just then: that is waited for.
pub(crate) fn open(dir: &Path) -> Result<Store, Error> {
    Store::open(dir, Duration::from_secs(5), |_| {})
}

/// Reads every entry of a ledger.
pub(crate) fn read_all(dir: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let entries = Reader::open(dir)?.entries(0);
    entries.map(|entry| entry.map(|entry| entry.bytes)).collect()
}

/// Makes a ledger that holds `entries`, appended in batches of `batch`.
pub(crate) fn make(dir: &Path, entries: &[Vec<u8>], batch: usize) {
    let mut store = Store::create(dir).unwrap();
    for (number, entries) in entries.chunks(batch).enumerate() {
        store.append((number * batch) as u64, entries).unwrap();
    }
}

/// Returns a checkpoint over `entries`, with a signature line for each name that holds nothing.
pub(crate) fn checkpoint(entries: &[Vec<u8>], names: &[&str]) -> String {
    let mut tree = Edge::default();
    for entry in entries {
        tree.push(Hash::leaf(entry));
    }
    let root = base64(&tree.root().0);
    let lines: Vec<_> = names.iter().map(|name| format!("\u{2014} {name} AAAAAAA=\n")).collect();
    format!("ledger.example\n{}\n{root}\n\n{}", entries.len(), lines.concat())
}

/// Returns a signed root of the ledger `origin`, which nobody signed.
pub(crate) fn root(origin: &str) -> SignedRoot {
    let mut header = vec![0xa4, 0x01, 0x32, 0x04];
    push_bytes(&mut header, &[7; 32]);
    let length = 0x60 | u8::try_from(origin.len()).unwrap();
    let text = |label: u8| [&[label, length][..], origin.as_bytes()].concat();
    header.extend([&[0x0f, 0xa2][..], &text(1), &text(2), &[0x19, 0x01, 0x8b, 0x01]].concat());
    let mut root = vec![0xd2, 0x84];
    push_bytes(&mut root, &header);
    root.extend([0xa0, 0xf6]);
    push_bytes(&mut root, &[7; 64]);
    SignedRoot::parse(&root).unwrap()
}

fn base64(bytes: &[u8; 32]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |at: usize| (0..6).map(move |bit| at * 6 + bit);
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let digit = |at| DIGITS[usize::from(bits(at).fold(0, |sum, at| sum << 1 | bit(at)))];
    // 32 bytes are 43 digits, the last of them filled up with two zero bits.
    (0..43).map(|at| char::from(digit(at))).chain(['=']).collect()
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &to);
        } else {
            fs::copy(item.path(), to).unwrap();
        }
    }
}
