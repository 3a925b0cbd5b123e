//! Rebuilding what is damaged from what is whole.
//!
//! First a plan is made by reading alone: for every position up to the head, which copy has the
//! right bytes. Only if there is one for each is anything written. What is replaced is moved aside
//! first, so a rebuilding that is cut short can simply be run again.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tally_ledger::hash::Hash;
use tally_ledger::tile;

use super::copies::{Copies, Source};
use crate::aside;
use crate::bundle;
use crate::checkpoint;
use crate::db::Db;
use crate::durable;
use crate::error::{Error, FoundId};
use crate::head::{self, Damaged, Head};
use crate::layout::{BUNDLE_ENTRIES, Layout};
use crate::link;
use crate::lock::Lock;
use crate::recovery::{self, Recovered};

/// What a rebuilding did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// How many entries the ledger holds now.
    pub len: u64,
    /// Whether the head file was written anew.
    pub head: bool,
    /// The bundle files that were written anew.
    pub bundles: Vec<PathBuf>,
    /// Where the former database is, if a new one was made.
    pub former_db: Option<PathBuf>,
    /// Where the bytes are that were replaced in bundle files.
    pub set_aside: Vec<PathBuf>,
    /// What was put in order afterwards, as by an opening for writing.
    pub recovered: Vec<Recovered>,
}

/// Rebuilds the damaged copies of the ledger in `dir` from the whole ones; `wait` and `notify` are
/// as in [`Store::open`](crate::Store::open). Afterwards the ledger opens for writing.
///
/// Checkpoints and evidence files have no second copy here: they are left as they are.
///
/// # Errors
///
/// Fails and changes nothing if `dir` is no ledger directory, is in use or cannot be written, if
/// some entry is whole in no copy, or if a checkpoint shows that entries at the end are missing.
pub fn rebuild(
    dir: &Path,
    wait: Duration,
    notify: impl FnOnce(Option<u32>),
) -> Result<Rebuilt, Error> {
    let layout = Layout::new(dir);
    layout.check()?;
    let _lock = Lock::take(&layout, wait, notify)?;
    let head = head::read(&layout);
    if let Err(error @ (Error::Io { .. } | Error::NotWritable { .. })) = head {
        return Err(error);
    }
    let opened = if Db::exists(&layout.db()) { Db::open(&layout.db()).ok() } else { None };
    let db = opened.filter(is_readable);
    let copies = Copies::new(&layout, db)?;
    let mut planner = Planner { layout: &layout, copies };
    let plan = planner.plan(head.as_ref().map_err(|_| Damaged).copied())?;
    let len = head::len(plan.head.as_ref());
    check_checkpoints(&layout, len)?;
    let db_is_right = planner.db_holds(&plan)?;
    let (bundles, set_aside) = planner.write_bundles(&plan)?;
    drop(planner);
    let former_db = if db_is_right { None } else { replace_db(&layout, len)? };
    let head_is_right = head.is_ok_and(|head| head == plan.head);
    if !head_is_right {
        head::write(&layout, plan.head.as_ref())?;
    }
    let ready = recovery::run(&layout)?;
    Ok(Rebuilt {
        len: head::len(ready.head.as_ref()),
        head: !head_is_right,
        bundles,
        former_db,
        set_aside,
        recovered: ready.recovered,
    })
}

/// Which bytes are right, up to the head that they lead to.
#[derive(Debug, Default)]
struct Plan {
    head: Option<Head>,
    /// The entries whose right bytes are not those that the bundle file gives.
    repaired: BTreeMap<u64, Source>,
}

impl Plan {
    fn note(&mut self, seq: u64, source: Source) {
        if source != Source::Bundle {
            self.repaired.insert(seq, source);
        }
    }

    fn source(&self, seq: u64) -> Source {
        self.repaired.get(&seq).copied().unwrap_or(Source::Bundle)
    }
}

struct Planner<'a> {
    layout: &'a Layout,
    copies: Copies,
}

impl Planner<'_> {
    /// Finds the right bytes for every position.
    fn plan(&mut self, head: Result<Option<Head>, Damaged>) -> Result<Plan, Error> {
        let mut plan = match head {
            Ok(None) => Plan::default(),
            Ok(Some(head)) => self.back_from(head)?,
            Err(Damaged) => self.without_head()?,
        };
        self.extend(&mut plan)?;
        Ok(plan)
    }

    /// Walks back from `head`: each entry names the id of the one before it.
    fn back_from(&mut self, head: Head) -> Result<Plan, Error> {
        let mut plan = Plan { head: Some(head), repaired: BTreeMap::new() };
        let mut wanted = Some(head.id);
        for seq in (0..=head.seq).rev() {
            let found = self.copies.at(seq)?;
            let id = wanted.ok_or_else(|| self.lost(seq, None))?;
            let right = found.each().find(|(_, bytes)| Hash::leaf(bytes) == id);
            let (source, bytes) = right.ok_or_else(|| self.lost(seq, Some(id)))?;
            let link = link::read(bytes).filter(|link| link.seq == seq);
            wanted = link.ok_or_else(|| self.lost(seq, Some(id)))?.prev;
            plan.note(seq, source);
        }
        Ok(plan)
    }

    /// Finds the last entry that leads back to the first. Behind it there may be remains of an
    /// append that was cut short, but no entry that has the form of one.
    fn without_head(&mut self) -> Result<Plan, Error> {
        for seq in (0..self.copies.len()?).rev() {
            let found = self.copies.at(seq)?;
            let mut failure = None;
            for (_, bytes) in found.each() {
                if link::read(bytes).is_some_and(|link| link.seq == seq) {
                    match self.back_from(Head { seq, id: Hash::leaf(bytes) }) {
                        Ok(plan) => return Ok(plan),
                        Err(error) => failure = failure.or(Some(error)),
                    }
                }
            }
            if let Some(error) = failure {
                return Err(error);
            }
        }
        Ok(Plan::default())
    }

    /// Takes in whole entries that continue the chain behind the head.
    fn extend(&mut self, plan: &mut Plan) -> Result<(), Error> {
        loop {
            let seq = head::len(plan.head.as_ref());
            let before = plan.head.map(|head| head.id);
            let found = self.copies.at(seq)?;
            let mut whole = found.each();
            let next = whole
                .find(|(_, bytes)| link::read(bytes).is_some_and(|link| link.follows(seq, before)));
            let Some((source, bytes)) = next else {
                return Ok(());
            };
            plan.note(seq, source);
            plan.head = Some(Head { seq, id: Hash::leaf(bytes) });
        }
    }

    fn lost(&self, seq: u64, id: Option<Hash>) -> Error {
        Error::EntryLost {
            seq,
            id: FoundId(id),
            bundle: self.layout.bundle(seq / BUNDLE_ENTRIES),
            db: self.layout.db(),
        }
    }

    /// Returns whether sled holds exactly what is planned.
    fn db_holds(&mut self, plan: &Plan) -> Result<bool, Error> {
        let Some(db) = &self.copies.db else {
            return Ok(false);
        };
        if db.head().ok() != Some(plan.head) {
            return Ok(false);
        }
        let len = head::len(plan.head.as_ref());
        if self.copies.db_failure.is_some() || db.last_seq()?.map_or(0, |seq| seq + 1) != len {
            return Ok(false);
        }
        for seq in 0..len {
            let found = self.copies.at(seq)?;
            if found.of(plan.source(seq)) != found.db.as_ref() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Brings the bundle files to what is planned, and returns those written and what they held.
    fn write_bundles(&mut self, plan: &Plan) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Error> {
        let (mut written, mut set_aside) = (Vec::new(), Vec::new());
        let len = head::len(plan.head.as_ref());
        for number in 0..len.div_ceil(BUNDLE_ENTRIES) {
            let path = self.layout.bundle(number);
            let end = len.min((number + 1) * BUNDLE_ENTRIES);
            let records = self.records(number * BUNDLE_ENTRIES..end, plan)?;
            if records == self.copies.bundle(number)?.bytes() {
                continue;
            }
            if self.copies.numbers.contains(&number) {
                let held = fs::read(&path).map_err(|e| Error::failed("read", &path, e))?;
                let name = format!("entries-{number:03}-damaged");
                set_aside.push(aside::keep(self.layout, &name, &held)?);
            } else if let Some(parent) = path.parent() {
                durable::create_dirs(parent)?;
            }
            durable::write(&path, &records)?;
            written.push(path);
        }
        for &number in self.copies.numbers.range(len.div_ceil(BUNDLE_ENTRIES)..).rev() {
            set_aside.push(bundle::set_aside(self.layout, number, 0)?);
        }
        Ok((written, set_aside))
    }

    /// Returns the records of the planned entries at these positions.
    fn records(&mut self, positions: Range<u64>, plan: &Plan) -> Result<Vec<u8>, Error> {
        let mut records = Vec::new();
        for seq in positions {
            let found = self.copies.at(seq)?;
            let entry = found.of(plan.source(seq)).ok_or_else(|| self.lost(seq, None))?;
            tile::push_entry(&mut records, entry);
        }
        Ok(records)
    }
}

/// Makes a new database from the bundle files, and moves the former one aside.
fn replace_db(layout: &Layout, len: u64) -> Result<Option<PathBuf>, Error> {
    let path = layout.db();
    let fresh = layout.dir.join("db.rebuilt");
    if fresh.exists() {
        // An earlier rebuilding was cut short; what it made is only a copy.
        fs::remove_dir_all(&fresh).map_err(|e| Error::failed("remove", &fresh, e))?;
    }
    let mut db = Db::open(&fresh)?;
    recovery::give_to_db(layout, &mut db, len)?;
    db.sync_all()?;
    drop(db);
    let mut former = None;
    if path.exists() {
        let kept = free_db_name(layout);
        durable::put(&path, &kept)?;
        former = Some(kept);
    }
    durable::put(&fresh, &path)?;
    Ok(former)
}

/// Returns a name for a former database that is not taken.
fn free_db_name(layout: &Layout) -> PathBuf {
    let mut number = 1;
    loop {
        let path = layout.dir.join(format!("db.damaged-{number}"));
        if !path.exists() {
            return path;
        }
        number += 1;
    }
}

/// Returns whether sled can be asked for its entries at all.
fn is_readable(db: &Db) -> bool {
    db.last_seq().is_ok()
}

/// Refuses to go on if a signed checkpoint covers entries that no copy holds.
fn check_checkpoints(layout: &Layout, len: u64) -> Result<(), Error> {
    match checkpoint::sizes(layout)?.last() {
        Some(&size) if size > len => {
            Err(Error::BehindCheckpoint { path: layout.checkpoint(size), size, len })
        }
        _ => Ok(()),
    }
}
