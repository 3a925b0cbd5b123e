//! Who stands behind what is recorded, seen from the one who speaks.
//!
//! The same entry can be a speaker's own record and another speaker's adversary's. What rests on
//! the very statement that is looked at neither supports nor contradicts it.

use std::fmt;

use tally_ledger::governance::Standing;
use tally_ledger::name::{FeedId, Role};
use tally_ledger::payload::Basis;
use tally_ledger::replay::{Fact, Statement, Timeline};
use tally_ledger::vocabulary::statement::Speaker;
use tally_ledger::vocabulary::words::Capacity;

use crate::index::{Cited, Indexed};

/// The role whose entries in another's ledger are its own word, not the owner's.
const AUDITOR: &str = "auditor";

/// What stands behind a fact, seen from a speaker, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The digest of something captured.
    Measured,
    /// The text that a citation names, as the ledger records it.
    CitedText,
    /// The speaker's own record, in its own ledger.
    OwnRecord,
    /// Another statement of the speaker.
    OwnStatement,
    /// A statement of another party.
    OtherStatement,
    /// The record of another party.
    OtherRecord,
    /// A public text whose speaker the ledger does not name.
    PublicSource,
    /// What an observer notes of its own.
    ObserverNote,
}

impl Source {
    /// Returns the source in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "a measurement",
            Self::CitedText => "the text cited, as recorded",
            Self::OwnRecord => "its own record",
            Self::OwnStatement => "the speaker's own other statement",
            Self::OtherStatement => "another party's statement",
            Self::OtherRecord => "another party's record",
            Self::PublicSource => "a public source",
            Self::ObserverNote => "the observer's note",
        }
    }

    /// Returns whether it is another party's word alone, which never makes a divergence.
    pub fn is_other(self) -> bool {
        self >= Self::OtherStatement
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The organisation that a speaker speaks for; nobody if it speaks for itself or is not named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Party(Option<String>);

impl Party {
    pub(crate) fn organisation(name: &str) -> Self {
        Self(Some(name.trim().to_lowercase()))
    }

    pub(crate) fn of(speaker: &Speaker) -> Self {
        match (&speaker.organisation, speaker.capacity) {
            (Some(name), Capacity::Official | Capacity::Participant) => Self::organisation(name),
            _ => Self(None),
        }
    }

    /// Returns the organisation's name as parties are compared; `None` for nobody.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Returns whether both are one organisation. Nobody is the same as nobody.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.is_some() && self.0 == other.0
    }
}

/// Where a text stands, written in one way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    url: String,
    item: Option<u64>,
}

impl Place {
    pub(crate) fn new(url: &str, item: Option<u64>) -> Self {
        let (page, fragment) = url.split_once('#').unwrap_or((url, ""));
        let bare = page.strip_prefix("http://").or_else(|| page.strip_prefix("https://"));
        let page = bare.unwrap_or(page).trim_end_matches('/');
        // Bugzilla names its comments `#c4`.
        let item = item.or_else(|| fragment.strip_prefix('c')?.parse().ok());
        Self { url: page.to_owned(), item }
    }

    pub(crate) fn of(statement: &Statement) -> Self {
        Self::new(&statement.url, statement.item)
    }

    /// Returns the page at that address, whatever item of it the address names.
    pub(crate) fn page(url: &str) -> Self {
        Self { item: None, ..Self::new(url, None) }
    }

    /// Returns the place of the item after this one.
    pub(crate) fn next(&self) -> Self {
        Self { url: self.url.clone(), item: self.item.map(|item| item.saturating_add(1)) }
    }

    /// Returns the number of the item.
    pub(crate) fn item(&self) -> Option<u64> {
        self.item
    }

    /// Returns whether both may be the same text: the page is, and the items do not differ.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        let apart = matches!((self.item, other.item), (Some(a), Some(b)) if a != b);
        self.url == other.url && !apart
    }

    /// Returns whether this stands before `other` on one page, whose items ascend in time.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        let earlier = matches!((self.item, other.item), (Some(a), Some(b)) if a < b);
        self.url == other.url && earlier
    }
}

/// A speaker, and the statement from which its claims are looked at.
#[derive(Debug, Clone)]
pub(crate) struct Perspective<'a> {
    pub(crate) party: Party,
    pub(crate) statement: Option<&'a Statement>,
    pub(crate) feeds: &'a [FeedId],
    /// The place of the statement.
    place: Option<Place>,
}

/// What stands behind a fact, and the statements that it rests on besides the one looked at.
#[derive(Debug, Clone)]
pub(crate) struct Backing<'a> {
    pub(crate) source: Source,
    pub(crate) told_by: Vec<&'a Statement>,
}

impl<'a> Perspective<'a> {
    pub(crate) fn new(party: Party, statement: Option<&'a Statement>, feeds: &'a [FeedId]) -> Self {
        Self { party, statement, feeds, place: statement.map(Place::of) }
    }

    /// Returns what stands behind a fact, or `None` if that is nothing but the statement itself.
    pub(crate) fn backing(&self, timeline: &Timeline, found: &Indexed<'a>) -> Option<Backing<'a>> {
        let none = |source| Some(Backing { source, told_by: Vec::new() });
        let fact = found.fact;
        if self.is_version(fact.seq) {
            return None;
        }
        match fact.basis() {
            Basis::Measured(_) => return none(Source::Measured),
            Basis::Own => return none(self.record(timeline, fact)),
            Basis::Stated(_) => {}
        }
        let others = found.cited.iter().filter(|cited| !self.is_itself(cited));
        let mut told_by: Vec<&Statement> = Vec::new();
        let mut any = false;
        for cited in others {
            any = true;
            let known = |s: &Statement| told_by.iter().any(|known| known.seq == s.seq);
            told_by.extend(cited.statement.filter(|statement| !known(statement)));
        }
        if !any {
            return None;
        }
        let own = |statement: &&Statement| Party::of(&statement.speaker).is(&self.party);
        let source = if told_by.iter().any(own) {
            told_by.retain(own);
            Source::OwnStatement
        } else if told_by.is_empty() {
            Source::PublicSource
        } else {
            Source::OtherStatement
        };
        Some(Backing { source, told_by })
    }

    /// Returns what a claim of `statement` is worth here, or `None` if it is the statement itself.
    pub(crate) fn voice(&self, statement: &Statement) -> Option<Source> {
        if self.statement.is_some_and(|own| own.seq == statement.seq)
            || self.place.as_ref().is_some_and(|place| *place == Place::of(statement))
        {
            return None;
        }
        let own = Party::of(&statement.speaker).is(&self.party);
        Some(if own { Source::OwnStatement } else { Source::OtherStatement })
    }

    /// Returns whether the party keeps this ledger of itself.
    pub(crate) fn keeps(&self, timeline: &Timeline) -> bool {
        let owner = timeline.owner().map(|owner| Party::organisation(&owner.name));
        timeline.standing() == Some(Standing::Own) && owner.is_some_and(|o| o.is(&self.party))
    }

    /// Returns whether a citation names the statement looked at, or may do so.
    pub(crate) fn is_itself(&self, cited: &Cited<'_>) -> bool {
        match (&cited.place, cited.seq) {
            (Some(place), _) => self.place.as_ref().is_some_and(|own| own.may_be(place)),
            (None, Some(seq)) => self.is_version(seq),
            (None, None) => false,
        }
    }

    fn is_version(&self, seq: u64) -> bool {
        self.statement.is_some_and(|own| own.versions.iter().any(|version| version.seq == seq))
    }

    /// Returns whose record a fact is that rests on its author's word. What another's key
    /// corrected, and what an auditor recorded, is not the owner's.
    pub(crate) fn record(&self, timeline: &Timeline, fact: &Fact) -> Source {
        if timeline.beside(fact.seq).is_some() {
            return Source::ObserverNote;
        }
        let mut roles = fact.author.roles.iter().map(Role::as_str);
        let audit = roles.clone().count() == 1 && roles.any(|role| role == AUDITOR);
        let others = audit || fact.corrections.last().is_some_and(|correction| !correction.own);
        match timeline.standing() {
            Some(Standing::Own) if self.keeps(timeline) && !others => Source::OwnRecord,
            Some(Standing::Own) => Source::OtherRecord,
            _ => Source::ObserverNote,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Verdict;
    use crate::probe::{BUG, fact, observer, own, said, verdict};

    #[test]
    fn one_text_has_one_place_however_its_address_is_written() {
        let place = Place::new("https://bugs.example/show?id=1", Some(4));
        for (url, item) in [
            ("http://bugs.example/show?id=1", Some(4)),
            ("https://bugs.example/show?id=1#c4", None),
            ("https://bugs.example/show?id=1/", Some(4)),
        ] {
            assert_eq!(Place::new(url, item), place, "{url}");
        }
        assert!(Place::new("https://bugs.example/show?id=1", None).may_be(&place));
        assert!(!Place::new("https://bugs.example/show?id=1", Some(5)).may_be(&place));
        assert!(!Place::new("https://bugs.example/show?id=2", None).may_be(&place));
    }

    #[test]
    fn a_personal_capacity_or_no_organisation_is_nobodys_party() {
        let speaker = |capacity: &str, organisation: Option<&str>| -> Speaker {
            let members = json!({ "capacity": capacity, "organisation": organisation });
            serde_json::from_value(members).unwrap()
        };
        let official = Party::of(&speaker("official", Some("Example CA")));
        assert!(official.is(&Party::of(&speaker("participant", Some(" example ca ")))));
        assert!(!official.is(&Party::of(&speaker("personal", Some("Example CA")))));
        let nobody = Party::of(&speaker("participant", None));
        assert!(!nobody.is(&nobody));
    }

    #[test]
    fn a_fact_that_cites_the_page_without_a_number_may_rest_on_the_statement_itself() {
        let claim = json!({ "says": "occurred", "kind": "legal.step.filed", "subject": "letter",
                            "when": "2024-11-13Z" });
        for (citation, expected) in [
            (json!({ "url": BUG }), Verdict::Unsupported),
            (json!({ "url": BUG, "item": 4 }), Verdict::Unsupported),
            (json!({ "entry": 1, "claim": 0 }), Verdict::Unsupported),
            (json!({ "url": "https://news.example/" }), Verdict::SourcesDiffer),
        ] {
            let mut book = observer();
            said(&mut book, 4, "2025-04-04Z", claim.clone());
            let step = json!({ "instrument": "letter", "step": "filed" });
            book.record(json!({ "kind": "legal.step", "incident": "x", "body": step,
                "occurred": "2024-11-11Z", "basis": { "stated": [citation] } }));
            assert_eq!(verdict(&book, "T401"), expected, "{citation}");
        }
    }

    #[test]
    fn an_auditors_entry_is_its_own_word_and_not_the_owners_record() {
        let claim = json!({ "says": "none", "kind": "incident.milestone.issuance_resumed" });
        let body = json!({ "milestone": "issuance_resumed" });
        let mut book = own();
        book.record(json!({ "kind": "incident.milestone", "incident": "x", "by": "auditor",
                            "occurred": "2025-04-01", "body": body }));
        said(&mut book, 4, "2025-04-04Z", claim.clone());
        assert_eq!(verdict(&book, "T601"), Verdict::SourcesDiffer);
        let mut book = own();
        fact(&mut book, "incident.milestone", "2025-04-01", body);
        said(&mut book, 4, "2025-04-04Z", claim);
        assert_eq!(verdict(&book, "T601"), Verdict::Diverges);
    }

    #[test]
    fn the_owners_record_is_another_partys_for_whoever_else_speaks() {
        let mut book = own();
        fact(
            &mut book,
            "legal.step",
            "2024-11-11Z",
            json!({ "instrument": "letter", "step": "filed" }),
        );
        let speaker = json!({ "capacity": "official", "organisation": "Other CA" });
        let claim = json!({ "says": "occurred", "kind": "legal.step.filed", "subject": "letter",
                            "when": "2024-11-13Z" });
        crate::probe::said_by(&mut book, speaker, 4, "2025-04-04Z", claim);
        assert_eq!(verdict(&book, "T401"), Verdict::SourcesDiffer);
    }
}
