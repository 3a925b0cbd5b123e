//! The file `head`: which entry was the last to be acknowledged.

use tally_ledger::hash::Hash;

use crate::durable;
use crate::error::Error;
use crate::layout::Layout;

/// The last entry of a ledger: its position and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The position of the entry; the first is 0.
    pub seq: u64,
    /// The id of the entry: the leaf hash of its bytes.
    pub id: Hash,
}

/// Positions stay below this (FORMAT.md, integers), so that adding to one cannot overflow.
pub(crate) const SEQ_END: u64 = 1 << 53;

/// How many entries a ledger with this head holds.
pub(crate) fn len(head: Option<&Head>) -> u64 {
    head.map_or(0, |head| head.seq + 1)
}

/// Returns the text of a head file.
pub(crate) fn to_text(head: Option<&Head>) -> String {
    let body = match head {
        Some(Head { seq, id }) => format!("seq {seq}\nid {id}\n"),
        None => "empty\n".to_owned(),
    };
    // Enough of a digest to tell a damaged head from a different one.
    let check = Hash::of(body.as_bytes()).short();
    format!("{body}check {check}\n")
}

/// A text that is not exactly what was written for some head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// Returns the head that a text states.
pub(crate) fn from_text(text: &[u8]) -> Result<Option<Head>, Damaged> {
    let head = stated(text);
    if to_text(head.as_ref()).as_bytes() == text { Ok(head) } else { Err(Damaged) }
}

fn stated(text: &[u8]) -> Option<Head> {
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    let seq = lines.next()?.strip_prefix("seq ")?.parse().ok()?;
    let id = lines.next()?.strip_prefix("id ")?.parse().ok()?;
    (seq < SEQ_END).then_some(Head { seq, id })
}

/// Reads the head file.
pub(crate) fn read(layout: &Layout) -> Result<Option<Head>, Error> {
    let path = layout.head();
    match durable::read_up_to(&path, 256)? {
        None => Err(Error::HeadMissing { path }),
        Some(text) => from_text(&text).map_err(|Damaged| Error::HeadDamaged { path }),
    }
}

/// Reads the head of an append that was under way, if one is there and whole.
pub(crate) fn read_next(layout: &Layout) -> Result<Option<Head>, Error> {
    let text = durable::read_up_to(&layout.next_head(), 256)?;
    Ok(text.and_then(|text| from_text(&text).ok()).flatten())
}

/// Writes the head file durably.
pub(crate) fn write(layout: &Layout, head: Option<&Head>) -> Result<(), Error> {
    durable::stage(&layout.next_head(), to_text(head).as_bytes())?;
    durable::put(&layout.next_head(), &layout.head())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_file_with_any_bit_flipped_is_damaged_not_different() {
        let heads = [None, Some(Head { seq: 41, id: Hash::of(b"x") })];
        for head in heads {
            let text = to_text(head.as_ref()).into_bytes();
            assert_eq!(from_text(&text), Ok(head));
            for bit in 0..text.len() * 8 {
                let mut damaged = text.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(from_text(&damaged), Err(Damaged), "bit {bit}");
            }
            for cut in 0..text.len() {
                assert_eq!(from_text(&text[..cut]), Err(Damaged), "cut at {cut}");
            }
        }
    }
}
