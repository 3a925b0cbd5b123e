//! Handing over some incidents of a ledger, and nothing of the others (FORMAT.md, "Extract").

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::bundle::{Form, Manifest, Writer};
use crate::entry::Entry;
use crate::hash::Hash;
use crate::name::FeedId;
use crate::note::Checkpoint;
use crate::payload::Evidence;
use crate::tree::Tree;

/// What an extract of some incidents holds: which entries, under which checkpoints.
#[derive(Debug)]
pub struct Extract<'a> {
    entries: Vec<&'a Entry>,
    tree: Tree,
    manifest: Manifest,
}

/// Why there is no extract.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// An incident that the ledger does not have.
    #[error("the ledger has no incident {0}")]
    UnknownIncident(FeedId),
    /// The ledger does not end in `heads` of exactly those incidents under a checkpoint.
    #[error(
        "expected a `heads` entry of these incidents and a checkpoint at the end, found {found}"
    )]
    NoHeads {
        /// What stands at the end instead.
        found: String,
    },
}

impl<'a> Extract<'a> {
    /// Chooses what to hand over of `entries`, which are all of a verified ledger's: every entry
    /// of the incidents and of `ledger`, what those act on, and the `heads` entry at the end. The
    /// last of `checkpoints` covers all of them.
    ///
    /// # Errors
    ///
    /// Fails if an incident has no entry, and if the ledger does not end as an extract must.
    pub fn new(
        entries: &'a [Entry],
        checkpoints: &[Checkpoint],
        incidents: &BTreeSet<FeedId>,
    ) -> Result<Self, ExtractError> {
        let within = |entry: &Entry| {
            entry
                .payload()
                .feeds
                .iter()
                .any(|(feed, _)| feed.as_str() == "ledger" || incidents.contains(feed))
        };
        for incident in incidents {
            if !entries.iter().any(|e| e.payload().feeds.iter().any(|(feed, _)| feed == incident)) {
                return Err(ExtractError::UnknownIncident(incident.clone()));
            }
        }
        let size = entries.len() as u64;
        let covered = checkpoints.last().is_some_and(|last| last.size() == size);
        match entries.last() {
            Some(last) if covered && last.payload().event.kind.as_str() == "heads" => {}
            Some(last) => {
                let found = format!("{} under a smaller checkpoint", last.payload().event.kind);
                return Err(ExtractError::NoHeads { found });
            }
            None => return Err(ExtractError::NoHeads { found: "no entry".to_owned() }),
        }
        let mut tree = Tree::default();
        let mut chosen = BTreeSet::from([size - 1]);
        for entry in entries {
            tree.push(entry.id());
            if within(entry) {
                chosen.insert(entry.payload().seq);
                chosen.extend(entry.payload().event.on.as_ref().map(|on| on.seq));
            }
        }
        let prove = |checkpoint: &Checkpoint| {
            let proof = tree.consistency(checkpoint.size(), size).unwrap_or_default();
            (checkpoint.clone(), proof)
        };
        let form = Form::Extract { feeds: incidents.clone(), entries: chosen.len() as u64 };
        let checkpoints = checkpoints.iter().map(prove).collect();
        let manifest = Manifest { form, checkpoints, evidence: Vec::new() };
        let entries =
            entries.iter().filter(|entry| chosen.contains(&entry.payload().seq)).collect();
        Ok(Self { entries, tree, manifest })
    }

    /// Returns the digests of the files that the chosen entries name, ascending.
    pub fn evidence(&self) -> BTreeSet<Hash> {
        let named = self.entries.iter().flat_map(|entry| &entry.payload().event.evidence);
        named
            .filter_map(|evidence| match evidence {
                Evidence::File { digest, .. } => Some(*digest),
                Evidence::Hidden(_) => None,
            })
            .collect()
    }

    /// Returns the number of entries chosen.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether no entry is chosen; never the case.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the extract up to its evidence: the digest and size of each file, ascending by
    /// digest, which the caller then writes in that order.
    ///
    /// # Errors
    ///
    /// Fails as the medium does.
    pub fn write<W: Write>(
        mut self,
        writer: W,
        evidence: Vec<(Hash, u64)>,
    ) -> io::Result<Writer<W>> {
        self.manifest.evidence = evidence;
        let mut writer = Writer::begin(writer, &self.manifest)?;
        let size = self.tree.size();
        for entry in self.entries {
            let path = self.tree.inclusion(entry.payload().seq, size).unwrap_or_default();
            writer.proven_entry(entry.bytes(), &path)?;
        }
        Ok(writer)
    }
}
