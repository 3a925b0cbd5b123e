//! Looking at every part of a ledger directory without changing the ledger.

use std::collections::BTreeMap;
use std::mem;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tally_ledger::hash::Hash;
use tally_ledger::tree::Edge;

use super::copies::{Copies, Found};
use super::{Diagnosis, Finding, Part};
use crate::checkpoint;
use crate::db::Db;
use crate::error::{Error, FoundId};
use crate::evidence;
use crate::head::{self, Damaged, Head};
use crate::layout::{self, BUNDLE_ENTRIES, Layout};
use crate::link;
use crate::lock::Lock;
use crate::root;

/// How many faults of one kind are listed one by one.
const LISTED: u64 = 5;

/// Examines the ledger in `dir`: every entry in both copies, the chain, every checkpoint and every
/// evidence file.
///
/// It takes the lock, because sled lets nobody else in; `wait` and `notify` are as in
/// [`Store::open`](crate::Store::open). Where nothing can be written, sled is not examined. sled
/// may tidy its own files when it is opened; nothing else is changed.
///
/// # Errors
///
/// Fails if `dir` is no ledger directory, is in use, or cannot be read. Damage is no error: it is
/// among the findings.
pub fn examine(
    dir: &Path,
    wait: Duration,
    notify: impl FnOnce(Option<u32>),
) -> Result<Vec<Diagnosis>, Error> {
    let layout = Layout::new(dir);
    layout.check()?;
    let mut findings = Findings::default();
    let head = match head::read(&layout) {
        Ok(head) => {
            findings.add(Part::Head, Finding::Head(head));
            Ok(head)
        }
        Err(error) => {
            findings.fault(Part::Head, error);
            Err(Damaged)
        }
    };
    let lock = match Lock::take(&layout, wait, notify) {
        Err(error @ Error::Locked { .. }) => return Err(error),
        other => other,
    };
    let db = if lock.is_ok() { open_db(&layout, &mut findings) } else { None };
    let copies = Copies::new(&layout, db)?;
    examine_names(&layout, &copies, &mut findings)?;
    Entries { layout: &layout, head, copies, findings: &mut findings }.examine()?;
    examine_roots(&layout, &mut findings)?;
    examine_evidence(&layout, &mut findings)?;
    examine_remains(&layout, &mut findings)?;
    if let Err(reason) = lock {
        findings.add(Part::Database, Finding::NotExamined { reason });
    }
    Ok(findings.list())
}

/// What was found so far, with long rows of like faults cut short.
#[derive(Default)]
struct Findings {
    list: Vec<Diagnosis>,
    counts: BTreeMap<(Part, String), u64>,
}

impl Findings {
    fn add(&mut self, part: Part, finding: Finding) {
        self.list.push(Diagnosis { part, finding });
    }

    fn fault(&mut self, part: Part, error: Error) {
        // The name of the variant is the first word of its debug form.
        let debug = format!("{error:?}");
        let kind = debug.split_whitespace().next().unwrap_or_default().to_owned();
        let count = self.counts.entry((part, kind)).or_default();
        *count += 1;
        if *count <= LISTED {
            self.add(part, Finding::Fault(error));
        }
    }

    fn list(mut self) -> Vec<Diagnosis> {
        for ((part, _), count) in mem::take(&mut self.counts) {
            if count > LISTED {
                self.add(part, Finding::More { count: count - LISTED });
            }
        }
        self.list.sort_by_key(|diagnosis| diagnosis.part);
        self.list
    }
}

fn open_db(layout: &Layout, findings: &mut Findings) -> Option<Db> {
    let path = layout.db();
    let opened =
        if Db::exists(&path) { Db::open(&path) } else { Err(Error::DbMissing { path, seq: 0 }) };
    opened.map_err(|error| findings.fault(Part::Database, error)).ok()
}

/// The walk over all entries.
struct Entries<'a> {
    layout: &'a Layout,
    /// If the head file is unusable, every entry may have been acknowledged.
    head: Result<Option<Head>, Damaged>,
    copies: Copies,
    findings: &'a mut Findings,
}

/// What the walk counts.
#[derive(Default)]
struct Counts {
    bundles: u64,
    db: u64,
    alike: u64,
    linked: u64,
}

impl Entries<'_> {
    fn examine(mut self) -> Result<(), Error> {
        let reach = self.copies.len()?;
        let len = self.head.as_ref().map_or(reach, |head| head::len(head.as_ref()));
        let sizes = checkpoint::sizes(self.layout)?;
        let mut roots = BTreeMap::new();
        let mut counts = Counts::default();
        let mut tree = Edge::default();
        let mut before = None;
        for seq in 0..reach {
            let found = self.copies.at(seq)?;
            self.compare(seq, len, &found, &mut counts);
            let Some((_, bytes)) = found.each().next() else {
                before = None;
                continue;
            };
            // After a gap there is nothing to compare with; the gap itself is reported.
            let link = link::read(bytes);
            let follows = link.is_some_and(|link| link.follows(seq, before));
            let after_gap = seq > 0 && before.is_none() && link.is_some_and(|l| l.seq == seq);
            if follows || after_gap {
                counts.linked += 1;
            } else {
                let path = match found.bundle {
                    Some(_) => self.layout.bundle(seq / BUNDLE_ENTRIES),
                    None => self.layout.db(),
                };
                self.findings.fault(Part::Entries, Error::ChainBroken { path, seq });
            }
            let id = Hash::leaf(bytes);
            before = Some(id);
            if tree.size() == seq {
                tree.push(id);
                if sizes.binary_search(&tree.size()).is_ok() {
                    roots.insert(tree.size(), tree.root());
                }
            }
        }
        self.excess(len)?;
        self.beyond_reach(reach, len);
        self.summarise(len, reach, &counts);
        self.checkpoints(len, &sizes, &roots)
    }

    /// Compares the copies at one place with each other and with the head.
    fn compare(&mut self, seq: u64, len: u64, found: &Found, counts: &mut Counts) {
        let bundle_path = self.layout.bundle(seq / BUNDLE_ENTRIES);
        let db_path = self.layout.db();
        counts.bundles += u64::from(found.bundle.is_some());
        counts.db += u64::from(found.db.is_some());
        let ids = [&found.bundle, &found.db].map(|copy| copy.as_deref().map(Hash::leaf));
        if let [Some(expected), Some(other)] = ids {
            if expected == other {
                counts.alike += 1;
            } else {
                let found = FoundId(Some(other));
                let error = Error::DbDiffers { path: db_path.clone(), seq, expected, found };
                self.findings.fault(Part::Database, error);
            }
        }
        if let (Some(head), Some(id)) =
            (self.head.ok().flatten().filter(|head| head.seq == seq), ids[0])
            && head.id != id
        {
            let path = bundle_path.clone();
            let error = Error::EntryDiffers { path, seq, expected: head.id, found: id };
            self.findings.fault(Part::Entries, error);
        }
        if seq < len && found.bundle.is_none() {
            let offset =
                self.copies.bundle(seq / BUNDLE_ENTRIES).map_or(0, |file| file.end() as u64);
            let error = Error::EntryMissing { path: bundle_path, seq, offset, expected: len };
            self.findings.fault(Part::Entries, error);
        }
        if seq < len && found.db.is_none() && self.copies.db.is_some() {
            self.findings.fault(Part::Database, Error::DbMissing { path: db_path, seq });
        }
    }

    /// Reports acknowledged entries that both copies end before.
    fn beyond_reach(&mut self, reach: u64, len: u64) {
        if reach < len {
            let path = self.layout.bundle(reach / BUNDLE_ENTRIES);
            let offset = self.copies.bundle(reach / BUNDLE_ENTRIES).map_or(0, |f| f.end() as u64);
            let error = Error::EntryMissing { path, seq: reach, offset, expected: len };
            self.findings.fault(Part::Entries, error);
        }
    }

    /// Reports what follows the last whole entry of a bundle file.
    fn excess(&mut self, len: u64) -> Result<(), Error> {
        for number in self.copies.numbers.clone() {
            let bundle = self.copies.bundle(number)?;
            let (offset, bytes) = (bundle.end() as u64, bundle.excess() as u64);
            let next = number * BUNDLE_ENTRIES + bundle.len() as u64;
            // Before the head, the entry that should stand there was reported as missing.
            if bytes > 0 && next >= len {
                let path = self.layout.bundle(number);
                self.findings.add(Part::Entries, Finding::Excess { path, offset, bytes });
            }
        }
        Ok(())
    }

    fn summarise(&mut self, len: u64, reach: u64, counts: &Counts) {
        self.findings.add(Part::Entries, Finding::Holds { count: counts.bundles });
        if counts.linked == reach && reach >= len {
            self.findings.add(Part::Entries, Finding::ChainHolds { count: reach });
        }
        if reach > len {
            let finding = Finding::Unacknowledged { first: len, count: reach - len };
            self.findings.add(Part::Entries, finding);
        }
        if let Some(error) = self.copies.db_failure.take() {
            self.findings.fault(Part::Database, error);
        }
        let Some(db) = &self.copies.db else {
            return;
        };
        self.findings.add(Part::Database, Finding::Holds { count: counts.db });
        if counts.alike == counts.db && counts.db >= len {
            self.findings.add(Part::Database, Finding::Agree { count: counts.alike });
        }
        match db.head() {
            Ok(stated) if head::len(stated.as_ref()) < len => {
                let found = head::len(stated.as_ref());
                let path = self.layout.db();
                let error = Error::DbBehindHead { path, expected: len, found };
                self.findings.fault(Part::Database, error);
            }
            Ok(_) => {}
            Err(error) => self.findings.fault(Part::Database, error),
        }
    }

    fn checkpoints(
        &mut self,
        len: u64,
        sizes: &[u64],
        roots: &BTreeMap<u64, Hash>,
    ) -> Result<(), Error> {
        let mut fit = 0;
        for &size in sizes {
            match self.checkpoint(len, size, roots.get(&size)) {
                Ok(()) => fit += 1,
                Err(error @ Error::Io { .. }) => return Err(error),
                Err(error) => self.findings.fault(Part::Checkpoints, error),
            }
        }
        if fit == sizes.len() as u64 {
            self.findings.add(Part::Checkpoints, Finding::CheckpointsFit { count: fit });
        }
        Ok(())
    }

    fn checkpoint(&self, len: u64, size: u64, root: Option<&Hash>) -> Result<(), Error> {
        let path = self.layout.checkpoint(size);
        let Some(stored) = checkpoint::read(self.layout, size)? else {
            return Ok(());
        };
        let checkpoint = checkpoint::check(self.layout, size, &stored.note)?;
        if size > len {
            return Err(Error::BehindCheckpoint { path, size, len });
        }
        match root {
            Some(&found) if found != checkpoint.root() => {
                Err(Error::CheckpointRoot { path, expected: checkpoint.root(), found })
            }
            _ => Ok(()),
        }
    }
}

/// Reports files whose names do not belong where they are.
fn examine_names(layout: &Layout, copies: &Copies, findings: &mut Findings) -> Result<(), Error> {
    let checkpoints = layout::list(&layout.checkpoints())?;
    let checkpoints = checkpoints.iter().filter(|path| checkpoint::size_of(path).is_none());
    let roots = layout::list(&layout.roots())?;
    let roots = roots.iter().filter(|path| checkpoint::size_of(path).is_none());
    let evidence = layout::list(&layout.evidence_dir())?;
    let evidence = evidence.iter().filter(|path| evidence::digest_of(path).is_none());
    let mut report = |part, path: &PathBuf, expected| {
        findings.fault(part, Error::StrangeFile { path: path.clone(), expected });
    };
    let groups = "three digits, after an x for a directory";
    copies.strange.iter().for_each(|path| report(Part::Entries, path, groups));
    checkpoints.for_each(|path| report(Part::Checkpoints, path, "a size of 20 digits"));
    roots.for_each(|path| report(Part::Roots, path, "a size of 20 digits"));
    evidence.for_each(|path| report(Part::Evidence, path, "a SHA-256 of 64 small hex digits"));
    Ok(())
}

fn examine_roots(layout: &Layout, findings: &mut Findings) -> Result<(), Error> {
    let sizes = root::sizes(layout)?;
    let mut fit = 0;
    for &size in &sizes {
        let stored = root::read(layout, size);
        match stored.and_then(|root| root.map_or(Ok(()), |r| root::check(layout, size, &r))) {
            Ok(()) => fit += 1,
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(error) => findings.fault(Part::Roots, error),
        }
    }
    if fit == sizes.len() as u64 {
        findings.add(Part::Roots, Finding::RootsFit { count: fit });
    }
    Ok(())
}

fn examine_evidence(layout: &Layout, findings: &mut Findings) -> Result<(), Error> {
    let list = evidence::list(layout)?;
    let mut fit = 0;
    for file in &list {
        match evidence::check(&file.path, &file.digest) {
            Ok(_) => fit += 1,
            Err(error) => findings.fault(Part::Evidence, error),
        }
    }
    if fit == list.len() {
        findings.add(Part::Evidence, Finding::EvidenceFits { count: fit as u64 });
    }
    Ok(())
}

fn examine_remains(layout: &Layout, findings: &mut Findings) -> Result<(), Error> {
    let left = |path: &PathBuf| {
        let name = layout::name(path);
        ["batch", "head.next", "lost+found"].contains(&&*name) || name.starts_with("db.")
    };
    let paths = layout::list(&layout.dir)?;
    for path in paths.into_iter().filter(left) {
        findings.add(Part::Remains, Finding::Remains { path });
    }
    Ok(())
}
