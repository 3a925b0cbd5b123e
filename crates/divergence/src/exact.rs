//! The exact text of a statement, where it is at hand: whole, or as a part of a page.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::hash::Hash;
use tally_ledger::payload::{Basis, Citation};
use tally_ledger::replay::{Fact, Statement, Timeline, Version};

use crate::case::{Case, Texts};
use crate::source::Place;

/// The exact texts at hand, and which of them are pages with several texts.
#[derive(Debug)]
pub(crate) struct Exact<'c> {
    texts: &'c Texts,
    timeline: &'c Timeline,
    /// The digests under which statements of several places stand: those of whole pages.
    pages: BTreeSet<Hash>,
}

impl<'c> Exact<'c> {
    /// Returns the exact texts of a case.
    pub(crate) fn of(case: &Case<'c>) -> Self {
        Self::new(case.claims.timeline(), case.texts)
    }

    /// Returns the exact texts of what a timeline records.
    pub(crate) fn new(timeline: &'c Timeline, texts: &'c Texts) -> Self {
        let mut places: BTreeMap<Hash, Place> = BTreeMap::new();
        let mut pages = BTreeSet::new();
        for statement in timeline.statements() {
            let place = Place::of(statement);
            for digest in statement.versions.iter().filter_map(|version| version.digest) {
                if *places.entry(digest).or_insert_with(|| place.clone()) != place {
                    pages.insert(digest);
                }
            }
        }
        Self { texts, timeline, pages }
    }

    /// Returns whether a digest is that of a page with other texts.
    pub(crate) fn is_page(&self, digest: &Hash) -> bool {
        self.pages.contains(digest)
    }

    /// Returns the text of a version: whole, or those parts of a page in which its entry says that
    /// it stands. Nothing if it is not at hand.
    pub(crate) fn parts(&self, version: &Version, statement: &Statement) -> Vec<&'c str> {
        let at_hand = version.digest.and_then(|digest| Some((digest, self.texts.get(&digest)?)));
        let Some((digest, text)) = at_hand else {
            return Vec::new();
        };
        if !self.is_page(&digest) {
            return vec![text];
        }
        let Some(Basis::Stated(citations)) = self.timeline.fact(version.seq).map(Fact::basis)
        else {
            return Vec::new();
        };
        let place = Place::of(statement);
        let parts = citations.iter().filter_map(|citation| match citation {
            Citation::Web { url, item, digest: Some(of), span: Some((start, end)) }
                if *of == digest && Place::new(url, *item) == place =>
            {
                text.get(usize::try_from(*start).ok()?..usize::try_from(*end).ok()?)
            }
            _ => None,
        });
        parts.collect()
    }
}
