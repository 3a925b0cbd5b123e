//! The file `batch`: the whole of an append of several entries, written before anything else.
//!
//! Once it is there the batch will be recorded, all of it: an append that is cut short is finished
//! from it by the next opening. As long as it is not whole, nothing of the batch exists.

use tally_ledger::hash::Hash;
use tally_ledger::tile;

use crate::durable;
use crate::error::Error;
use crate::head::SEQ_END;
use crate::layout::Layout;

/// A batch whose append was begun.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The position of the first entry.
    pub(crate) first: u64,
    pub(crate) entries: Vec<Vec<u8>>,
}

/// Writes the batch durably.
pub(crate) fn write<E: AsRef<[u8]>>(
    layout: &Layout,
    first: u64,
    entries: &[E],
) -> Result<(), Error> {
    durable::write(&layout.batch(), &to_bytes(first, entries))
}

fn to_bytes<E: AsRef<[u8]>>(first: u64, entries: &[E]) -> Vec<u8> {
    let mut records = Vec::new();
    for entry in entries {
        tile::push_entry(&mut records, entry.as_ref());
    }
    let title = format!("tally batch\nfirst {first}\n");
    let digest = Hash::of(&[title.as_bytes(), &records].concat());
    [format!("{title}sha256 {digest}\n").as_bytes(), &records].concat()
}

/// Reads the batch that was being appended; `None` if there is none, or none that is whole.
pub(crate) fn read(layout: &Layout) -> Result<Option<Batch>, Error> {
    let bytes = durable::read_up_to(&layout.batch(), u64::MAX - 1)?;
    Ok(bytes.and_then(|bytes| from_bytes(&bytes)))
}

fn from_bytes(bytes: &[u8]) -> Option<Batch> {
    let rest = bytes.strip_prefix(b"tally batch\nfirst ")?;
    let end = rest.iter().position(|b| *b == b'\n')?;
    let first: u64 = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
    if first >= SEQ_END {
        return None;
    }
    // "sha256 ", 64 digits and a newline stand between the title and the records.
    let mut records = rest.get(end + 1 + 72..)?;
    let mut entries = Vec::new();
    while let Some((length, after)) = records.split_first_chunk() {
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry.to_vec());
        records = after;
    }
    (to_bytes(first, &entries) == bytes).then_some(Batch { first, entries })
}

/// Removes the batch durably, before the caller says that nothing of it was kept.
pub(crate) fn give_up(layout: &Layout) -> Result<(), Error> {
    remove(layout)?;
    durable::sync_dir(&layout.dir)
}

/// Removes the batch once it is acknowledged; one that stays behind is known by its place.
pub(crate) fn remove(layout: &Layout) -> Result<(), Error> {
    durable::remove(&layout.batch())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_back_whole_or_not_at_all() {
        let entries = vec![b"first".to_vec(), b"second".to_vec()];
        let bytes = to_bytes(7, &entries);
        assert_eq!(from_bytes(&bytes), Some(Batch { first: 7, entries }));
        for cut in 0..bytes.len() {
            assert_eq!(from_bytes(&bytes[..cut]), None, "cut at {cut}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(from_bytes(&damaged), None, "byte {at}");
        }
    }
}
