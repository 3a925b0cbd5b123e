//! What an opening for writing does with the traces of an append that was cut short.
//!
//! Nothing acknowledged is ever in question here: if a copy lacks an acknowledged entry the opening
//! is refused, and `doctor` is for that. What was written beyond the head is kept and acknowledged
//! if it is whole, and moved to `lost+found` if it is not.

use std::fmt;
use std::path::PathBuf;

use tally_ledger::hash::Hash;

use crate::batch::{self, Batch};
use crate::bundle::{self, Bundle, Tail};
use crate::checkpoint;
use crate::db::Db;
use crate::error::{Error, FoundId};
use crate::head::{self, Head};
use crate::layout::{BUNDLE_ENTRIES, Layout};
use crate::{aside, durable, link};

/// Something that an opening for writing put in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovered {
    /// Whole entries that were written and never acknowledged. They are part of the ledger now.
    Kept {
        /// The position of the first of them.
        first: u64,
        /// How many there are.
        count: u64,
    },
    /// Bytes that are not a whole entry, and were never acknowledged, were moved away.
    SetAside {
        /// The file in `lost+found` that holds them now.
        path: PathBuf,
    },
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept { first, count: 1 } => write!(
                f,
                "entry {first} was written earlier without being acknowledged; it is kept"
            ),
            Self::Kept { first, count } => write!(
                f,
                "entries {first} to {} were written earlier without being acknowledged; \
                 they are kept",
                first + count - 1
            ),
            Self::SetAside { path } => {
                write!(f, "what an interrupted append left behind was moved to {}", path.display())
            }
        }
    }
}

/// A ledger that is ready for appending.
pub(crate) struct Ready {
    pub(crate) head: Option<Head>,
    pub(crate) tail: Tail,
    pub(crate) db: Db,
    pub(crate) recovered: Vec<Recovered>,
}

/// Brings bundle files, sled and head to the same end. The caller holds the lock.
pub(crate) fn run(layout: &Layout) -> Result<Ready, Error> {
    let head = head::read(layout)?;
    check_last_bundle(layout, head.as_ref())?;
    let mut db = open_db(layout, head.as_ref())?;
    let mut recovered = Vec::new();
    let batch = take_batch(layout, head.as_ref(), &mut recovered)?;
    let mut end = keep_tail(layout, head, &db, batch.as_ref(), &mut recovered)?;
    let mut tail = Tail::new(layout, end.len, end.offset);
    if let Some(batch) = &batch {
        let done = usize::try_from(end.len - batch.first).unwrap_or(usize::MAX);
        if let Some(missing @ [.., last]) = batch.entries.get(done..) {
            tail.append(missing)?;
            end.id = Some(Hash::leaf(last));
        }
    }
    end.id = take_from_db(&db, &mut tail, end.id)?;
    give_to_db(layout, &mut db, tail.len())?;
    let first = head::len(head.as_ref());
    let mut now = head;
    if let (Some(seq), Some(id)) = (tail.len().checked_sub(1), end.id)
        && tail.len() > first
    {
        now = Some(Head { seq, id });
        head::write(layout, now.as_ref())?;
        recovered.push(Recovered::Kept { first, count: tail.len() - first });
    }
    durable::remove(&layout.next_head())?;
    batch::remove(layout)?;
    check_checkpoints(layout, tail.len())?;
    Ok(Ready { head: now, tail, db, recovered })
}

/// Checks that the last acknowledged entry is in its bundle file.
fn check_last_bundle(layout: &Layout, head: Option<&Head>) -> Result<(), Error> {
    let Some(head) = head else {
        return Ok(());
    };
    let path = layout.bundle(head.seq / BUNDLE_ENTRIES);
    let bundle = Bundle::read(&path)?;
    match bundle.entry(index(head.seq)) {
        None => Err(Error::EntryMissing {
            path,
            seq: head.seq,
            offset: bundle.end() as u64,
            expected: head.seq + 1,
        }),
        Some(bytes) if Hash::leaf(bytes) != head.id => Err(Error::EntryDiffers {
            path,
            seq: head.seq,
            expected: head.id,
            found: Hash::leaf(bytes),
        }),
        Some(_) => Ok(()),
    }
}

/// Opens sled and checks that it holds everything up to the head.
fn open_db(layout: &Layout, head: Option<&Head>) -> Result<Db, Error> {
    let path = layout.db();
    let expected = head::len(head);
    if !Db::exists(&path) && expected > 0 {
        return Err(Error::DbBehindHead { path, expected, found: 0 });
    }
    let db = Db::open(&path)?;
    let stated = db.head()?;
    let count = db.last_seq()?.map_or(0, |seq| seq + 1);
    let found = count.min(head::len(stated.as_ref()));
    if found < expected {
        return Err(Error::DbBehindHead { path, expected, found });
    }
    for head in [head, stated.as_ref()].into_iter().flatten() {
        let found = db.entry(head.seq)?.map(|bytes| Hash::leaf(&bytes));
        if found != Some(head.id) {
            return Err(Error::DbDiffers {
                path,
                seq: head.seq,
                expected: head.id,
                found: FoundId(found),
            });
        }
    }
    if count != found {
        return Err(Error::DbUnusable {
            path,
            reason: format!("it holds {count} entries and states {found}"),
        });
    }
    Ok(db)
}

/// Reads the batch that was under way, if it has yet to be finished.
fn take_batch(
    layout: &Layout,
    head: Option<&Head>,
    recovered: &mut Vec<Recovered>,
) -> Result<Option<Batch>, Error> {
    let Some(batch) = batch::read(layout)? else {
        return Ok(None);
    };
    let len = head::len(head);
    if batch.first == len {
        return Ok(Some(batch));
    }
    if batch.first + batch.entries.len() as u64 > len {
        // No append leaves such a file; what it is for a person to find out.
        let bytes = durable::read_up_to(&layout.batch(), u64::MAX - 1)?.unwrap_or_default();
        let path = aside::keep(layout, "batch", &bytes)?;
        recovered.push(Recovered::SetAside { path });
    }
    Ok(None)
}

/// The end of the whole entries in the bundle files.
struct End {
    len: u64,
    /// Where the last whole entry ends in its file.
    offset: u64,
    id: Option<Hash>,
}

/// Walks the entries beyond the head, and moves what is not whole to `lost+found`.
fn keep_tail(
    layout: &Layout,
    head: Option<Head>,
    db: &Db,
    batch: Option<&Batch>,
    recovered: &mut Vec<Recovered>,
) -> Result<End, Error> {
    let next = head::read_next(layout)?;
    let mut seq = head::len(head.as_ref());
    let mut id = head.map(|head| head.id);
    let (mut number, mut at) = (seq / BUNDLE_ENTRIES, index(seq));
    let mut file = Bundle::read(&layout.bundle(number))?;
    loop {
        match file.entry(at) {
            Some(bytes) if is_whole(seq, bytes, id, db, batch, next)? => {
                id = Some(Hash::leaf(bytes));
                seq += 1;
                at += 1;
            }
            None if at == 256 && file.excess() == 0 => {
                (number, at) = (number + 1, 0);
                file = Bundle::read(&layout.bundle(number))?;
            }
            _ => break,
        }
    }
    let offset = file.offset(at);
    let beyond = (number + 1..).take_while(|number| layout.bundle(*number).exists());
    let mut excess: Vec<(u64, u64)> = beyond.map(|number| (number, 0)).collect();
    if file.bytes().len() > offset {
        excess.insert(0, (number, offset as u64));
    }
    // From the end, so that a crash in between leaves no gap.
    for (number, offset) in excess.into_iter().rev() {
        let path = bundle::set_aside(layout, number, offset)?;
        recovered.push(Recovered::SetAside { path });
    }
    Ok(End { len: seq, offset: offset as u64, id })
}

/// Decides whether the bytes at `seq`, beyond the head, are a whole entry of this ledger.
fn is_whole(
    seq: u64,
    bytes: &[u8],
    before: Option<Hash>,
    db: &Db,
    batch: Option<&Batch>,
    next: Option<Head>,
) -> Result<bool, Error> {
    let id = Hash::leaf(bytes);
    if let Some(stored) = db.entry(seq)? {
        let found = Hash::leaf(&stored);
        if found != id {
            let path = db.path().to_owned();
            return Err(Error::DbDiffers { path, seq, expected: id, found: FoundId(Some(found)) });
        }
        return Ok(true);
    }
    if let Some(batch) = batch {
        let at = usize::try_from(seq - batch.first).unwrap_or(usize::MAX);
        return Ok(batch.entries.get(at).is_some_and(|entry| entry == bytes));
    }
    if let Some(next) = next.filter(|next| next.seq == seq) {
        return Ok(next.id == id);
    }
    Ok(link::read(bytes).is_some_and(|link| link.follows(seq, before)))
}

/// Adds to the bundle files what only sled holds beyond them, and returns the last id.
fn take_from_db(db: &Db, tail: &mut Tail, mut id: Option<Hash>) -> Result<Option<Hash>, Error> {
    while let Some(bytes) = db.entry(tail.len())? {
        if !link::read(&bytes).is_some_and(|link| link.follows(tail.len(), id)) {
            return Err(Error::DbUnusable {
                path: db.path().to_owned(),
                reason: format!("its entry {} does not follow the one before", tail.len()),
            });
        }
        id = Some(Hash::leaf(&bytes));
        tail.append(&[bytes])?;
    }
    Ok(id)
}

/// Adds to sled what only the bundle files hold, one file at a time.
pub(crate) fn give_to_db(layout: &Layout, db: &mut Db, len: u64) -> Result<(), Error> {
    let mut next = head::len(db.head()?.as_ref());
    while next < len {
        let number = next / BUNDLE_ENTRIES;
        let path = layout.bundle(number);
        let bundle = Bundle::read(&path)?;
        let end = len.min((number + 1) * BUNDLE_ENTRIES);
        let entries: Vec<&[u8]> = (next..end).map_while(|seq| bundle.entry(index(seq))).collect();
        let Some(last) = entries.last().filter(|_| entries.len() as u64 == end - next) else {
            return Err(Error::EntryMissing {
                path,
                seq: next + entries.len() as u64,
                offset: bundle.end() as u64,
                expected: len,
            });
        };
        let head = Head { seq: end - 1, id: Hash::leaf(last) };
        db.commit(next, &entries, head)?;
        next = end;
    }
    Ok(())
}

/// Checks that no signed checkpoint covers more entries than the ledger holds: to append then would
/// be to sign a second history.
fn check_checkpoints(layout: &Layout, len: u64) -> Result<(), Error> {
    match checkpoint::sizes(layout)?.last() {
        Some(&size) if size > len => {
            Err(Error::BehindCheckpoint { path: layout.checkpoint(size), size, len })
        }
        _ => Ok(()),
    }
}

/// Where an entry stands in its bundle file.
pub(crate) fn index(seq: u64) -> usize {
    usize::try_from(seq % BUNDLE_ENTRIES).expect("256 fits in a usize")
}
