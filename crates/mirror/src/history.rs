//! The earlier checkpoints of a published ledger, so that each entry keeps the time at which
//! witnesses saw it.
//!
//! They stand in files of 256, which never change, and one file `checkpoints/tail`, which says how
//! many full files there are and holds the checkpoints after them. A full file is cut from a tail
//! that is published already, so that two publishers cut the same.

use std::path::Path as FilePath;

use tally_ledger::note::{Checkpoint, NoteError, Vkey};
use tally_ledger::tile;

use crate::place::{Kind, Place, PlaceError, Read};
use crate::publish::{PublishError, RACES_MAX};
use crate::published::{ReadError, keep};

/// Where the count of full files stands, and the checkpoints after them.
pub const TAIL: &str = "checkpoints/tail";
/// How many checkpoints a full file holds.
const WIDTH: usize = 256;
/// The largest file of checkpoints, in bytes: a tail of 511 notes of 64 KiB is no larger.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The largest tail, in bytes.
pub(crate) const TAIL_BYTES_MAX: u64 = FILE_BYTES_MAX;
/// The most bytes of earlier checkpoints that are read in all.
const HISTORY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most full files that are read: so many of the smallest notes are as large as that.
const FULL_MAX: u64 = 1024;

/// A text that is no list of checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// It is no text.
    #[error("not text in UTF-8")]
    Text,
    /// The first line of the tail does not say how many full files there are.
    #[error("expected `full` and a number up to {FULL_MAX} on the first line, found {found:?}")]
    Full {
        /// The line.
        found: String,
    },
    /// A checkpoint is none.
    #[error("checkpoint {position}: {reason}")]
    Checkpoint {
        /// Its position in the file, from 1.
        position: usize,
        /// Why.
        reason: NoteError,
    },
    /// A checkpoint is of another ledger.
    #[error("checkpoint {position} is of {found:?}, expected {expected:?}")]
    Origin {
        /// Its position in the file, from 1.
        position: usize,
        /// Its origin.
        found: String,
        /// The ledger's own.
        expected: String,
    },
    /// The checkpoints do not ascend in size.
    #[error("checkpoint {position} is of {size} entries, the one before of {before}")]
    Order {
        /// Its position in the file, from 1.
        position: usize,
        /// Its size.
        size: u64,
        /// The size of the one before.
        before: u64,
    },
    /// A full file holds another number.
    #[error("{found} checkpoints found, {WIDTH} expected")]
    Count {
        /// How many.
        found: usize,
    },
    /// The file is cut, or holds something besides.
    #[error("expected checkpoints with an empty line between and nothing else")]
    Besides,
}

/// Returns where a full file stands.
fn path(index: u64) -> String {
    format!("checkpoints/{}", tile::number(index))
}

/// Writes checkpoints one after the other, with an empty line between.
fn list(checkpoints: &[Checkpoint]) -> String {
    let notes: Vec<String> = checkpoints.iter().map(Checkpoint::to_string).collect();
    notes.join("\n")
}

/// Reads checkpoints that ascend from more than `before` entries.
fn listed(text: &str, mut before: u64) -> Result<Vec<Checkpoint>, HistoryError> {
    let mut parts = text.split("\n\n");
    let mut found: Vec<Checkpoint> = Vec::new();
    while let Some(body) = parts.next().filter(|body| !body.is_empty()) {
        let position = found.len() + 1;
        let signatures = parts.next().unwrap_or_default();
        // Between notes the blank line took the newline of the last signature.
        let end = if signatures.ends_with('\n') { "" } else { "\n" };
        let checkpoint: Checkpoint = format!("{body}\n\n{signatures}{end}")
            .parse()
            .map_err(|reason| HistoryError::Checkpoint { position, reason })?;
        let size = checkpoint.size();
        if size <= before {
            return Err(HistoryError::Order { position, size, before });
        }
        before = size;
        found.push(checkpoint);
    }
    // Whatever is not written alike was cut, or has something after its end.
    if list(&found) == text { Ok(found) } else { Err(HistoryError::Besides) }
}

/// Refuses a checkpoint of another ledger.
fn of_origin(checkpoints: &[Checkpoint], expected: &str) -> Result<(), HistoryError> {
    let other = checkpoints.iter().position(|checkpoint| checkpoint.origin() != expected);
    other.map_or(Ok(()), |at| {
        let found = checkpoints[at].origin().chars().take(80).collect();
        Err(HistoryError::Origin { position: at + 1, found, expected: expected.to_owned() })
    })
}

/// What the tail says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tail {
    /// How many full files there are.
    full: u64,
    /// The checkpoints after them.
    checkpoints: Vec<Checkpoint>,
}

impl Tail {
    fn parse(bytes: &[u8]) -> Result<Self, HistoryError> {
        let text = std::str::from_utf8(bytes).map_err(|_| HistoryError::Text)?;
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let wrong = || HistoryError::Full { found: first.chars().take(80).collect() };
        let full = first.strip_prefix("full ").and_then(|number| number.parse().ok());
        let full = full.filter(|full| *full <= FULL_MAX).ok_or_else(wrong)?;
        let rest = rest.strip_prefix('\n').unwrap_or(rest);
        let tail = Self { full, checkpoints: listed(rest, 0)? };
        if tail.text() == text { Ok(tail) } else { Err(HistoryError::Besides) }
    }

    fn text(&self) -> String {
        match self.checkpoints.as_slice() {
            [] => format!("full {}\n", self.full),
            some => format!("full {}\n\n{}", self.full, list(some)),
        }
    }
}

/// Adds to the published history those of `earlier`, ascending in size, that are larger than what
/// its full files hold, and joins the signatures of those that are there. `check` is asked of each
/// checkpoint that is read there, before anything is written. Returns how many files were written.
///
/// # Errors
///
/// Fails if the place refuses, what stands there is no history or `check` refuses it, if there
/// would be more than a reader takes, or others write it again and again.
pub(crate) fn extend(
    place: &Place,
    earlier: &[Checkpoint],
    keys: &[Vkey],
    check: impl Fn(&Checkpoint) -> Result<(), PublishError>,
) -> Result<usize, PublishError> {
    let (mut races, mut files) = (0, 0);
    loop {
        let there = place.read(TAIL, FILE_BYTES_MAX)?;
        let tail = there.as_ref().map(|read| tail_of(place, &read.bytes)).transpose()?;
        let mut tail = tail.unwrap_or_default();
        let full = last_full(place, &tail)?;
        full.iter().chain(&tail.checkpoints).try_for_each(&check)?;
        let last = full.last().map_or(0, Checkpoint::size);
        ascends(place, &tail, last)?;
        if tail.checkpoints.len() >= WIDTH {
            let rest = tail.checkpoints.split_off(WIDTH);
            let full = list(&tail.checkpoints).into_bytes();
            let next = Tail { full: tail.full + 1, checkpoints: rest };
            within(place, &next, tail.full, full.len() as u64)?;
            let file = (path(tail.full), Kind::ImmutableText, full);
            files += place.create_all(std::iter::once(Ok::<_, PlaceError>(file)))?;
            tail = next;
        } else {
            let new = earlier.partition_point(|checkpoint| checkpoint.size() <= last);
            let checkpoints = merged(&tail.checkpoints, &earlier[new..], keys);
            if checkpoints == tail.checkpoints {
                return Ok(files);
            }
            tail.checkpoints = checkpoints;
            within(place, &tail, tail.full, 0)?;
        }
        if place.replace(TAIL, Kind::MutableText, tail.text().as_bytes(), there.as_ref())? {
            files += usize::from(there.is_none());
            continue;
        }
        races += 1;
        if races == RACES_MAX {
            return Err(PublishError::Raced { place: place.name().to_owned() });
        }
    }
}

/// Returns both lists as one, ascending in size, with the signatures of both where a size is in
/// both. Where those of `there` do not fill a file, as many are added as one more holds.
fn merged(there: &[Checkpoint], here: &[Checkpoint], keys: &[Vkey]) -> Vec<Checkpoint> {
    let own = |one: &Checkpoint| {
        let at = here.binary_search_by_key(&one.size(), Checkpoint::size).ok();
        let own = at.and_then(|at| one.joined(&here[at], keys));
        own.or_else(|| one.joined(one, keys)).unwrap_or_else(|| one.clone())
    };
    let mut all: Vec<Checkpoint> = there.iter().map(own).collect();
    let new = here
        .iter()
        .filter(|one| there.binary_search_by_key(&one.size(), Checkpoint::size).is_err());
    all.extend(new.take(WIDTH).cloned());
    all.sort_by_key(Checkpoint::size);
    all
}

/// Refuses to write more than a reader takes: `full` files and one of `added` bytes to come.
fn within(place: &Place, tail: &Tail, full: u64, added: u64) -> Result<(), PublishError> {
    let lengths = place.lengths((0..full).map(path).collect())?;
    let lengths: u64 = lengths.into_iter().flatten().sum();
    let found = lengths + added + tail.text().len() as u64;
    if found > HISTORY_BYTES_MAX || tail.full > FULL_MAX {
        let (place, most) = (place.name().to_owned(), HISTORY_BYTES_MAX);
        return Err(PublishError::LongHistory { place, files: tail.full, found, most });
    }
    Ok(())
}

fn tail_of(place: &Place, bytes: &[u8]) -> Result<Tail, ReadError> {
    Tail::parse(bytes).map_err(|reason| broken(place, TAIL, reason))
}

/// Refuses a tail that begins at `before` entries or fewer.
fn ascends(place: &Place, tail: &Tail, before: u64) -> Result<(), ReadError> {
    match tail.checkpoints.first() {
        Some(first) if first.size() <= before => {
            let reason = HistoryError::Order { position: 1, size: first.size(), before };
            Err(broken(place, TAIL, reason))
        }
        _ => Ok(()),
    }
}

/// Returns the checkpoints of the last full file; none if there is no full file.
fn last_full(place: &Place, tail: &Tail) -> Result<Vec<Checkpoint>, ReadError> {
    let Some(index) = tail.full.checked_sub(1) else {
        return Ok(Vec::new());
    };
    full_file(place, index, place.read(&path(index), FILE_BYTES_MAX)?.as_ref(), 0)
}

/// Reads the earlier checkpoints of a published ledger whose last one is `checkpoint`, ascending in
/// size; none if none are published. Full files are kept in `cache`, if there is one, and taken
/// from there the next time, as long as they fit to what is published. Nothing of them is verified
/// yet.
///
/// # Errors
///
/// Fails if the place cannot be reached, lacks a file, or has a broken one or one of another
/// ledger, or if all together are larger than 64 MiB.
pub fn earlier(
    place: &Place,
    checkpoint: &Checkpoint,
    cache: Option<&FilePath>,
) -> Result<Vec<Checkpoint>, ReadError> {
    let always = || Ok(());
    let folders = Folders { from: cache, to: cache };
    let mut history = read(place, checkpoint, folders, HISTORY_BYTES_MAX, always);
    if cache.is_some() && matches!(history, Err(ReadError::History { .. })) {
        // What was kept may be what does not fit: the place itself decides.
        let folders = Folders { from: None, to: cache };
        history = read(place, checkpoint, folders, HISTORY_BYTES_MAX, always);
    }
    history
}

/// Where full files are on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Folders<'a> {
    /// The folder they are taken from, if they are there.
    pub(crate) from: Option<&'a FilePath>,
    /// The folder that others are written to.
    pub(crate) to: Option<&'a FilePath>,
}

/// Returns the text of a tail that holds all checkpoints: there are no full files.
pub(crate) fn tail_text(checkpoints: &[Checkpoint]) -> String {
    Tail { full: 0, checkpoints: checkpoints.to_vec() }.text()
}

/// Reads the earlier checkpoints as [`earlier`] does, of files that have at most `most` bytes
/// together. `go_on` is asked before each file.
pub(crate) fn read<E: From<ReadError>>(
    place: &Place,
    checkpoint: &Checkpoint,
    folders: Folders<'_>,
    most: u64,
    go_on: impl Fn() -> Result<(), E>,
) -> Result<Vec<Checkpoint>, E> {
    let Some(read) = place.read(TAIL, FILE_BYTES_MAX).map_err(ReadError::from)? else {
        return Ok(Vec::new());
    };
    let tail = tail_of(place, &read.bytes)?;
    let expected = checkpoint.origin();
    let origin = |path: &str, checkpoints: &[Checkpoint]| {
        of_origin(checkpoints, expected).map_err(|reason| broken(place, path, reason))
    };
    origin(TAIL, &tail.checkpoints)?;
    let mut history: Vec<Checkpoint> = Vec::new();
    let mut total = 0;
    let mut bounded = |bytes: &[u8]| {
        total += bytes.len() as u64;
        let what = "bytes of earlier checkpoints";
        let place = || place.name().to_owned();
        let long = || ReadError::TooLarge { place: place(), what, found: total, most };
        if total > most { Err(long()) } else { Ok(()) }
    };
    bounded(&read.bytes)?;
    let last = |history: &[Checkpoint]| history.last().map_or(0, Checkpoint::size);
    for index in 0..tail.full {
        let before = last(&history);
        if before >= checkpoint.size() {
            // What follows was left by a publication that was interrupted.
            break;
        }
        go_on()?;
        let path = path(index);
        let kept = folders.from.and_then(|folder| {
            let bytes = std::fs::read(folder.join(&path)).ok()?;
            let checkpoints = full(&bytes, before).ok()?;
            of_origin(&checkpoints, expected).is_ok().then_some((checkpoints, bytes))
        });
        let checkpoints = if let Some((checkpoints, bytes)) = kept {
            bounded(&bytes)?;
            checkpoints
        } else {
            let read = place.read(&path, FILE_BYTES_MAX).map_err(ReadError::from)?;
            let bytes = read.as_ref().map_or(&[][..], |read| read.bytes.as_slice());
            bounded(bytes)?;
            let checkpoints = full_file(place, index, read.as_ref(), before)?;
            origin(&path, &checkpoints)?;
            folders.to.map_or(Ok(()), |folder| keep(&folder.join(&path), bytes))?;
            checkpoints
        };
        history.extend(checkpoints);
    }
    if last(&history) < checkpoint.size() {
        ascends(place, &tail, last(&history))?;
        history.extend(tail.checkpoints);
    }
    Ok(history)
}

fn full_file(
    place: &Place,
    index: u64,
    read: Option<&Read>,
    before: u64,
) -> Result<Vec<Checkpoint>, ReadError> {
    let path = path(index);
    let Some(read) = read else {
        return Err(ReadError::NoHistory { place: place.name().to_owned(), path });
    };
    full(&read.bytes, before).map_err(|reason| broken(place, &path, reason))
}

fn full(bytes: &[u8], before: u64) -> Result<Vec<Checkpoint>, HistoryError> {
    let text = std::str::from_utf8(bytes).map_err(|_| HistoryError::Text)?;
    let checkpoints = listed(text, before)?;
    match checkpoints.len() {
        WIDTH => Ok(checkpoints),
        found => Err(HistoryError::Count { found }),
    }
}

fn broken(place: &Place, path: &str, reason: HistoryError) -> ReadError {
    ReadError::History { place: place.name().to_owned(), path: path.to_owned(), reason }
}

/// Adds to the published history without asking what is there.
#[cfg(test)]
pub(crate) fn publish(place: &Place, earlier: &[Checkpoint]) -> Result<usize, PublishError> {
    extend(place, earlier, &[], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkpoint with a signature of no key's.
    fn checkpoint(size: u64) -> Checkpoint {
        format!(
            "ledger.example/incidents\n{size}\n{}=\n\n\u{2014} ledger.example/incidents AAAAAAAA\n",
            "A".repeat(43)
        )
        .parse()
        .unwrap()
    }

    fn checkpoints(sizes: impl Iterator<Item = u64>) -> Vec<Checkpoint> {
        sizes.map(checkpoint).collect()
    }

    fn place() -> (tempfile::TempDir, Place) {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::open(dir.path().to_str().unwrap(), &[]).unwrap();
        (dir, place)
    }

    fn earlier(place: &Place, cache: Option<&FilePath>) -> Result<Vec<Checkpoint>, ReadError> {
        super::earlier(place, &checkpoint(2000), cache)
    }

    #[test]
    fn what_is_published_is_read_back_in_its_order() {
        let (dir, place) = place();
        assert_eq!(earlier(&place, None).unwrap(), []);
        let all = checkpoints(1..=700);
        for (upto, files) in [(0, 0), (1, 1), (1, 0), (255, 0), (256, 1), (300, 0), (700, 1)] {
            assert_eq!(publish(&place, &all[..upto]).unwrap(), files, "{upto}");
            assert_eq!(earlier(&place, None).unwrap(), all[..upto]);
        }
        assert!(dir.path().join("checkpoints/001").is_file());
        assert!(!dir.path().join("checkpoints/002").exists());
        // What was published stays; what is smaller than its last full file is not taken in.
        let others = checkpoints([3, 699, 701].into_iter());
        publish(&place, &others).unwrap();
        assert_eq!(earlier(&place, None).unwrap(), checkpoints(1..=701));
        // What is larger than the checkpoint is read no further than needed.
        std::fs::remove_file(dir.path().join("checkpoints/001")).unwrap();
        let some = super::earlier(&place, &checkpoint(256), None).unwrap();
        assert_eq!(some, all[..256]);
        super::earlier(&place, &checkpoint(257), None).unwrap_err();
    }

    #[test]
    fn a_full_file_is_read_once_where_there_is_a_cache() {
        let (dir, place) = place();
        let all = checkpoints(1..=300);
        publish(&place, &all).unwrap();
        let cache = tempfile::tempdir().unwrap();
        assert_eq!(earlier(&place, Some(cache.path())).unwrap(), all);
        let full = dir.path().join("checkpoints/000");
        let good = std::fs::read(&full).unwrap();
        std::fs::remove_file(&full).unwrap();
        assert_eq!(earlier(&place, Some(cache.path())).unwrap(), all);
        let missing = earlier(&place, None).unwrap_err();
        assert!(missing.to_string().contains("lacks checkpoints/000"), "{missing}");
        // What was kept and does not fit is read anew.
        std::fs::write(&full, good).unwrap();
        let kept = cache.path().join("checkpoints/000");
        for bad in [list(&checkpoints(1001..=1256)), String::new()] {
            std::fs::write(&kept, bad).unwrap();
            assert_eq!(earlier(&place, Some(cache.path())).unwrap(), all);
        }
        // What is no list of checkpoints is not kept at all.
        std::fs::remove_file(&kept).unwrap();
        std::fs::write(&full, "x").unwrap();
        earlier(&place, Some(cache.path())).unwrap_err();
        assert!(!kept.exists());
    }

    #[test]
    fn a_history_is_read_up_to_so_many_bytes_of_all_its_files() {
        let (dir, place) = place();
        publish(&place, &checkpoints(1..=600)).unwrap();
        let paths = [TAIL, "checkpoints/000", "checkpoints/001"];
        let bytes = |path: &str| std::fs::metadata(dir.path().join(path)).unwrap().len();
        let total: u64 = paths.into_iter().map(bytes).sum();
        let kept = tempfile::tempdir().unwrap();
        let folders = Folders { from: Some(kept.path()), to: Some(kept.path()) };
        let within =
            |folders, most| read::<ReadError>(&place, &checkpoint(2000), folders, most, || Ok(()));
        for _ in 0..2 {
            let e = within(folders, total - 1).unwrap_err();
            assert!(matches!(e, ReadError::TooLarge { .. }), "{e}");
            let history = within(folders, total).unwrap();
            assert_eq!(history.len(), 600);
        }
    }

    #[test]
    fn what_is_no_history_is_named() {
        let (dir, place) = place();
        publish(&place, &checkpoints([4, 9].into_iter())).unwrap();
        let tail = dir.path().join(TAIL);
        let good = std::fs::read_to_string(&tail).unwrap();
        for (from, to, told) in [
            ("full 0", "full 99999", "`full` and a number up to 1024"),
            ("full 0", "", "`full` and a number"),
            ("full 0", "full 00", "and nothing else"),
            ("\n9\n", "\n4\n", "checkpoint 2 is of 4 entries, the one before of 4"),
            ("\n9\n", "\n09\n", "checkpoint 2: "),
            ("full 0", "full 1", "lacks checkpoints/000"),
            ("\n\nledger.example/", "\n\nother.example/", "checkpoint 1 is of \"other"),
            ("AAAAAAAA\n\n", "AAAAAAAA\n\n\n", "checkpoint 2: expected"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            std::fs::write(&tail, bad).unwrap();
            let e = earlier(&place, None).unwrap_err().to_string();
            assert!(e.contains(told), "{e}");
        }
        for bad in [good[..good.len() - 1].to_owned(), format!("{good}\n\n\nmore\n")] {
            std::fs::write(&tail, bad).unwrap();
            let e = earlier(&place, None).unwrap_err().to_string();
            assert!(e.contains("and nothing else"), "{e}");
            publish(&place, &checkpoints([4, 9, 10].into_iter())).unwrap_err();
        }
        std::fs::write(&tail, good).unwrap();
        assert_eq!(earlier(&place, None).unwrap().len(), 2);
    }

    #[test]
    fn no_more_is_read_or_written_than_64_mib() {
        let (dir, place) = place();
        let line = format!("\u{2014} w {}\n", "A".repeat(1012));
        let large = |size| {
            let note = format!("{}\n{}", checkpoint(size).text(), line.repeat(63));
            note.parse::<Checkpoint>().unwrap()
        };
        let all: Vec<Checkpoint> = (1..=1280).map(large).collect();
        std::fs::create_dir(dir.path().join("checkpoints")).unwrap();
        for (index, full) in (0..).zip(all[..1024].chunks(WIDTH)) {
            std::fs::write(dir.path().join(path(index)), list(full)).unwrap();
        }
        std::fs::write(dir.path().join(TAIL), "full 4\n").unwrap();
        assert_eq!(earlier(&place, None).unwrap().len(), 1024);
        let more = publish(&place, &all).unwrap_err();
        assert!(matches!(more, PublishError::LongHistory { files: 4, .. }), "{more}");
        assert_eq!(
            earlier(&place, None).unwrap().len(),
            1024,
            "it was refused before it was written"
        );
        std::fs::write(dir.path().join(path(4)), list(&all[1024..])).unwrap();
        std::fs::write(dir.path().join(TAIL), "full 5\n").unwrap();
        let e = earlier(&place, None).unwrap_err().to_string();
        assert!(e.contains("67108864"), "{e}");
    }
}
