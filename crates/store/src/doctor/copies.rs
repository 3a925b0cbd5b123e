//! Both copies of every entry, and whole entries in bundle files that can no longer be taken apart.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::bundle::Bundle;
use crate::db::Db;
use crate::error::Error;
use crate::layout::{self, BUNDLE_ENTRIES, Layout};
use crate::link;
use crate::recovery::index;

/// The copies of the entries of one ledger.
#[derive(Debug)]
pub(super) struct Copies {
    layout: Layout,
    /// sled, if it could be opened.
    pub(super) db: Option<Db>,
    /// The first failure of sled to give an entry; from then on it may lack others too.
    pub(super) db_failure: Option<Error>,
    /// The numbers of the bundle files that exist.
    pub(super) numbers: BTreeSet<u64>,
    /// What else is in their directories.
    pub(super) strange: Vec<PathBuf>,
    /// The bundle file that was read last.
    cached: Option<Cached>,
}

#[derive(Debug)]
struct Cached {
    number: u64,
    bundle: Bundle,
    /// Whole entries found by their form in a file whose lengths are damaged, by position.
    salvaged: BTreeMap<u64, Range<usize>>,
}

/// Where the bytes of an entry can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Bundle,
    Db,
    Salvaged,
}

/// The bytes that each copy gives for a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// As the bundle file says, read by its lengths.
    pub(super) bundle: Option<Vec<u8>>,
    /// As sled says.
    pub(super) db: Option<Vec<u8>>,
    /// As stands in the bundle file, whatever its lengths say.
    pub(super) salvaged: Option<Vec<u8>>,
}

impl Found {
    /// Returns the bytes that were found, each with where, those of the bundle file first.
    pub(super) fn each(&self) -> impl Iterator<Item = (Source, &Vec<u8>)> {
        [Source::Bundle, Source::Db, Source::Salvaged]
            .into_iter()
            .filter_map(|source| Some((source, self.of(source)?)))
    }

    /// Returns the bytes that one copy gave.
    pub(super) fn of(&self, source: Source) -> Option<&Vec<u8>> {
        match source {
            Source::Bundle => self.bundle.as_ref(),
            Source::Db => self.db.as_ref(),
            Source::Salvaged => self.salvaged.as_ref(),
        }
    }
}

impl Copies {
    pub(super) fn new(layout: &Layout, db: Option<Db>) -> Result<Self, Error> {
        let (numbers, strange) = list(&layout.entries(), 0)?;
        Ok(Self { layout: layout.clone(), db, db_failure: None, numbers, strange, cached: None })
    }

    /// Returns how many positions the copies together reach.
    pub(super) fn len(&mut self) -> Result<u64, Error> {
        let in_db = self.ask_db(Db::last_seq).map_or(0, |seq| seq + 1);
        Ok(in_db.max(self.len_in_bundles()?))
    }

    /// Returns how many positions the bundle files reach.
    pub(super) fn len_in_bundles(&mut self) -> Result<u64, Error> {
        let mut reach = 0;
        // Behind an empty or ruined last file there may be a whole one.
        for number in self.numbers.clone().into_iter().rev() {
            let cached = self.load(number)?;
            let framed = number * BUNDLE_ENTRIES + cached.bundle.len() as u64;
            let salvaged = cached.salvaged.keys().next_back().map_or(0, |seq| seq + 1);
            reach = framed.max(salvaged).max(reach);
            if cached.bundle.len() > 0 {
                break;
            }
        }
        Ok(reach)
    }

    /// Returns what the copies hold at `seq`.
    pub(super) fn at(&mut self, seq: u64) -> Result<Found, Error> {
        let db = self.ask_db(|db| db.entry(seq));
        let cached = self.load(seq / BUNDLE_ENTRIES)?;
        let salvaged = cached.salvaged.get(&seq);
        Ok(Found {
            bundle: cached.bundle.entry(index(seq)).map(<[u8]>::to_vec),
            db,
            salvaged: salvaged.map(|span| cached.bundle.bytes()[span.clone()].to_vec()),
        })
    }

    /// Returns bundle file `number`.
    pub(super) fn bundle(&mut self, number: u64) -> Result<&Bundle, Error> {
        Ok(&self.load(number)?.bundle)
    }

    /// Asks sled, for which a failure is the same as having nothing.
    fn ask_db<T>(&mut self, ask: impl Fn(&Db) -> Result<Option<T>, Error>) -> Option<T> {
        let answer = ask(self.db.as_ref()?);
        answer.unwrap_or_else(|error| {
            self.db_failure.get_or_insert(error);
            None
        })
    }

    fn load(&mut self, number: u64) -> Result<&Cached, Error> {
        if self.cached.as_ref().is_none_or(|cached| cached.number != number) {
            let bundle = Bundle::read(&self.layout.bundle(number))?;
            let salvaged = salvage(&bundle, number);
            self.cached = Some(Cached { number, bundle, salvaged });
        }
        Ok(self.cached.as_ref().expect("it was just loaded"))
    }
}

/// Finds the whole entries that stand anywhere in a bundle file, unless its lengths add up.
fn salvage(bundle: &Bundle, number: u64) -> BTreeMap<u64, Range<usize>> {
    let mut found = BTreeMap::new();
    let sound = bundle.excess() == 0
        && (0..bundle.len()).all(|at| bundle.entry(at).is_some_and(|e| link::read(e).is_some()));
    if sound {
        return found;
    }
    let bytes = bundle.bytes();
    let mut at = 0;
    while let Some(skip) = bytes[at..].windows(2).position(|pair| pair == link::START) {
        at += skip;
        match link::read_prefix(&bytes[at..]) {
            Some((link, length)) if link.seq / BUNDLE_ENTRIES == number => {
                found.insert(link.seq, at..at + length);
                at += length;
            }
            _ => at += 1,
        }
    }
    found
}

/// Lists the numbers of the bundle files below a directory of the path groups, and what does not
/// belong there.
fn list(dir: &Path, above: u64) -> Result<(BTreeSet<u64>, Vec<PathBuf>), Error> {
    let (mut numbers, mut strange) = (BTreeSet::new(), Vec::new());
    for path in layout::list(dir)? {
        let name = layout::name(&path);
        let group = |text: &str| text.parse::<u64>().ok().filter(|_| text.len() == 3);
        let below = name.strip_prefix('x').and_then(group).filter(|_| path.is_dir());
        if let Some(number) = below {
            let (inner, more) = list(&path, (above + number) * 1000)?;
            numbers.extend(inner);
            strange.extend(more);
        } else if let Some(number) = group(&name).filter(|_| path.is_file()) {
            numbers.insert(above + number);
        } else {
            strange.push(path);
        }
    }
    Ok((numbers, strange))
}
