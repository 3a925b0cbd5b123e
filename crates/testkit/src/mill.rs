//! Bundles of any length, made while they are read: no entry is kept.
//!
//! The first item states the root over all entries, so they are made twice: once for the root, and
//! once for the reader, in a thread of its own that is never more than a few entries ahead.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use tally_ledger::bundle::{Form, Manifest};
use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::head::Head;
use tally_ledger::note::Checkpoint;
use tally_ledger::time::Instant;
use tally_ledger::tree::Edge;

use crate::draft::string;
use crate::forge::{ORIGIN, START, event, genesis, note};
use crate::keyring::{author, checkpoint};

/// The incidents of a milled ledger.
const FEEDS: u64 = 100;
/// The most items that wait for the reader.
const AHEAD: usize = 64;

/// A bundle of many entries, to be read once.
#[derive(Debug)]
pub struct Mill {
    items: Receiver<Vec<u8>>,
    item: Vec<u8>,
    read: usize,
}

impl Mill {
    /// Begins a bundle of `count` entries, which takes some 20 microseconds for each.
    ///
    /// # Panics
    ///
    /// Panics if `count` is 0.
    pub fn new(count: u64) -> Self {
        let mut edge = Edge::default();
        entries(count).for_each(|entry| edge.push(Hash::leaf(&entry)));
        let origin = ORIGIN.parse().expect("an origin");
        let signed = Checkpoint::sign(&origin, count, edge.root(), &checkpoint());
        let checkpoints = vec![(signed, Vec::new())];
        let manifest = Manifest { form: Form::Bundle, checkpoints, evidence: Vec::new() };
        let (sender, items) = sync_channel(AHEAD);
        thread::spawn(move || {
            // The reader may stop early; then nobody takes what is sent.
            entries(count).map(|entry| string(&entry)).try_for_each(|item| sender.send(item)).ok();
        });
        Self { items, item: manifest.encode(), read: 0 }
    }
}

impl Read for Mill {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.item.len() {
            let Ok(item) = self.items.recv() else {
                return Ok(0);
            };
            (self.item, self.read) = (item, 0);
        }
        let length = buffer.len().min(self.item.len() - self.read);
        buffer[..length].copy_from_slice(&self.item[self.read..self.read + length]);
        self.read += length;
        Ok(length)
    }
}

/// Makes that many entries: a genesis, and notes of a hundred incidents in turn.
fn entries(count: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut head = Head::new(ORIGIN.parse().expect("an origin"));
    let author = author();
    (0..count).map(move |seq| {
        let event = match seq {
            0 => event(&["ledger"], "ledger.genesis", genesis()),
            _ => note(&[&format!("bug-{}", seq % FEEDS)]),
        };
        let clock = START + i64::try_from(seq).expect("a count of entries");
        let recorded = Instant::from_unix(clock).expect("an instant of these centuries");
        let payload = head.place(event, recorded);
        let entry = Entry::sign(head.origin(), &payload, &author).expect("a well-formed entry");
        head.advance(&entry);
        entry.bytes().to_vec()
    })
}
