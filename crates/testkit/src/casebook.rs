//! Small ledgers from record documents, verified: what replay and the rules are tried on.
//!
//! The keys come from fixed seeds and the clock is an argument or ticks by the minute, so a
//! casebook is the same ledger every time.

use std::collections::BTreeMap;

use ciborium::Value;
use ed25519_dalek::SigningKey;
use serde_json::Value as Json;
use tally_ledger::bundle::{Form, Manifest, Writer};
use tally_ledger::entry::Entry;
use tally_ledger::governance::{Genesis, Key, Owner, Standing};
use tally_ledger::hash::Hash;
use tally_ledger::head::Head;
use tally_ledger::key::PublicKey;
use tally_ledger::name::{FeedId, Kind, Origin, Role};
use tally_ledger::note::{Checkpoint, Purpose, Vkey};
use tally_ledger::payload::{Basis, Citation, Event, Evidence, On};
use tally_ledger::time::{Instant, When};
use tally_ledger::tree::Edge;
use tally_ledger::verify::{self, Pins, VerifiedLedger};
use tally_ledger::vocabulary::Body;

/// The roles of a casebook, each with a key of its own, and what they may sign.
const ROLES: [(&str, &[&str]); 3] = [
    ("compliance", &["*"]),
    ("legal", &["legal.*", "entry.*"]),
    ("auditor", &["incident.*", "measurement.*", "statement.*", "entry.*"]),
];
const WITNESS: &str = "witness.example";
/// The clock of genesis, in seconds since 1970-01-01T00:00:00Z: 2024-08-01T00:00:00Z.
const BEGINNING: i64 = 1_722_470_400;

/// A ledger that a test writes entry by entry.
#[derive(Debug, Clone)]
pub struct Casebook {
    head: Head,
    entries: Vec<Entry>,
    edge: Edge,
    clock: Instant,
    checkpoints: Vec<Checkpoint>,
    /// Whether what follows the last checkpoint is left without one.
    open_end: bool,
}

impl Casebook {
    /// Begins the ledger of an organisation of that name that records itself.
    pub fn own(owner: &str) -> Self {
        Self::new(Standing::Own, owner)
    }

    /// Begins the ledger of an observer of that name.
    pub fn observer(owner: &str) -> Self {
        Self::new(Standing::Observer, owner)
    }

    fn new(standing: Standing, owner: &str) -> Self {
        let origin: Origin = "casebook.invalid/incidents".parse().expect("a constant origin");
        let mut book = Self {
            head: Head::new(origin),
            entries: Vec::new(),
            edge: Edge::default(),
            clock: Instant::from_unix(BEGINNING).expect("a constant instant"),
            checkpoints: Vec::new(),
            open_end: false,
        };
        let role = |name: &str| -> Role { name.parse().expect("a constant role") };
        let mut keys = vec![grant("checkpoint", vec![Role::checkpoint()])];
        for (name, _) in ROLES {
            let mut roles = vec![role(name)];
            if name == "compliance" {
                roles.push(Role::operator());
            }
            keys.push(grant(name, roles));
        }
        let table = ROLES.iter().map(|(name, patterns)| {
            let patterns = patterns.iter().map(|p| p.parse().expect("a constant pattern"));
            (role(name), patterns.collect())
        });
        let genesis = Genesis {
            standing,
            owner: Owner { name: owner.to_owned(), ca_owner: None, url: None },
            keys,
            roles: table.collect::<BTreeMap<_, _>>(),
            predecessor: None,
        };
        book.event(event("ledger.genesis", &["ledger"], genesis.to_value()), "compliance");
        book
    }

    /// Sets the clock of the next entry; after it the clock ticks by the minute.
    ///
    /// # Panics
    ///
    /// Panics if `instant` is not of the form `2024-08-03T20:47:12Z`.
    pub fn clock(&mut self, instant: &str) -> &mut Self {
        self.clock = instant.parse().expect("an instant");
        self
    }

    /// Records a document of docs/VOCABULARY.md as JSON, signed by the key of the role that its
    /// member `by` names, or `compliance`, and returns its seq. Evidence is not supported.
    ///
    /// # Panics
    ///
    /// Panics if the document is not one.
    pub fn record(&mut self, document: Json) -> u64 {
        let Json::Object(mut members) = document else {
            panic!("a document is an object, not {document}");
        };
        let mut take = |name: &str| members.remove(name).unwrap_or(Json::Null);
        let by = take("by");
        let kind: Kind = read(&take("kind"));
        let on: Option<u64> = read(&take("on"));
        let on = on.map(|seq| self.on(seq));
        let mut feeds: Vec<FeedId> = read::<Option<_>>(&take("feeds")).unwrap_or_default();
        feeds.extend(read::<Option<FeedId>>(&take("incident")));
        feeds.extend(on.iter().flat_map(|on| on.feeds.clone()));
        let occurred: Option<When> = read(&take("occurred"));
        let basis = basis(&take("basis"));
        let body = Body::from_document(&kind, &take("body"));
        let body = match (body, &on) {
            (Ok(Body::EntryCorrection(correction)), Some(on)) => {
                correction.of(&on.kind).map(Body::EntryCorrection)
            }
            (body, _) => body,
        };
        let body = body.unwrap_or_else(|e| panic!("{kind}: {e}")).to_value();
        assert!(members.is_empty(), "{kind}: unknown members {members:?}");
        let evidence = Vec::new();
        self.event(
            Event { feeds, kind, occurred, basis, on, evidence, body },
            by.as_str().unwrap_or("compliance"),
        )
    }

    /// Records an event as it is, signed by the key of the role `by`, and returns its seq.
    ///
    /// # Panics
    ///
    /// Panics if it breaks the format.
    pub fn event(&mut self, event: Event, by: &str) -> u64 {
        let payload = self.head.place(event, self.clock);
        let entry = Entry::sign(self.head.origin(), &payload, &key(by));
        let entry = entry.unwrap_or_else(|fault| panic!("{fault}"));
        self.clock = Instant::from_unix(self.clock.unix() + 60).expect("years to go");
        self.head.advance(&entry);
        self.edge.push(entry.id());
        self.entries.push(entry);
        payload.seq
    }

    /// Returns what an act on the entry `seq` says of it, truly.
    ///
    /// # Panics
    ///
    /// Panics if there is no such entry.
    pub fn on(&self, seq: u64) -> On {
        let index = usize::try_from(seq).expect("a small ledger");
        let event = &self.entries[index].payload().event;
        On { seq, kind: event.kind.clone(), feeds: event.feeds.clone() }
    }

    /// Signs a checkpoint over the entries so far, which a witness cosigns at `instant`.
    ///
    /// # Panics
    ///
    /// Panics if `instant` is not of the form `2024-08-03T20:47:12Z`.
    pub fn witness(&mut self, instant: &str) -> &mut Self {
        let instant: Instant = instant.parse().expect("an instant");
        let mut checkpoint = self.checkpoint();
        let time = u64::try_from(instant.unix()).expect("a time after 1970");
        checkpoint.cosign(WITNESS, time, &key(WITNESS)).expect("a constant name");
        self.checkpoints.push(checkpoint);
        self
    }

    /// Leaves the entries after the last checkpoint without one, as a ledger directory may.
    pub fn open_end(&mut self) -> &mut Self {
        self.open_end = true;
        self
    }

    /// Returns the ledger, verified under a policy that asks for the witness if it was ever asked.
    ///
    /// # Panics
    ///
    /// Panics if it does not verify.
    pub fn ledger(&self) -> VerifiedLedger {
        let witnessed = !self.checkpoints.is_empty();
        let mut checkpoints = self.checkpoints.clone();
        let behind = checkpoints.last().is_none_or(|last| last.size() < self.edge.size());
        if behind && !self.open_end {
            let mut last = self.checkpoint();
            if witnessed {
                let time = u64::try_from(self.clock.unix()).expect("a time after 1970");
                last.cosign(WITNESS, time, &key(WITNESS)).expect("a constant name");
            }
            checkpoints.push(last);
        }
        let proofs = checkpoints.into_iter().map(|checkpoint| (checkpoint, Vec::new()));
        let manifest =
            Manifest { form: Form::Bundle, checkpoints: proofs.collect(), evidence: Vec::new() };
        let pins = self.pins(witnessed);
        let entries = self.entries.iter().map(|entry| entry.bytes().to_vec());
        // A directory alone may hold entries after its last checkpoint.
        let ledger = if self.open_end {
            let no_files = |_| Ok::<&[u8], std::io::Error>(&[]);
            verify::directory(&manifest, &pins, entries.map(Ok), no_files)
                .expect("memory does not fail")
        } else {
            let mut writer = Writer::begin(Vec::new(), &manifest).expect("memory does not fail");
            for entry in entries {
                writer.entry(&entry).expect("memory does not fail");
            }
            let bundle = writer.finish().expect("memory does not fail");
            verify::ledger(bundle.as_slice(), &pins).expect("a bundle")
        };
        let fault = &ledger.verification().fault;
        assert!(fault.is_none(), "{fault:?}");
        ledger
    }

    fn pins(&self, witnessed: bool) -> Pins {
        let log = Vkey::log(self.head.origin(), PublicKey::from(&key("checkpoint")));
        let witness = PublicKey::from(&key(WITNESS));
        let witness = Vkey::new(WITNESS, Purpose::Cosignature, witness).expect("a constant name");
        let policy = format!("log {log}\nwitness w {witness}\nquorum w\n");
        let policy = policy.parse().expect("a policy");
        Pins { policy: witnessed.then_some(policy), ..Pins::default() }
    }

    fn checkpoint(&self) -> Checkpoint {
        let (size, root) = (self.edge.size(), self.edge.root());
        Checkpoint::sign(self.head.origin(), size, root, &key("checkpoint"))
    }
}

/// Returns an event of the author's own record, without a time.
///
/// # Panics
///
/// Panics if `kind` or a feed is no name.
pub fn event(kind: &str, feeds: &[&str], body: Value) -> Event {
    Event {
        feeds: feeds.iter().map(|feed| feed.parse().expect("a feed")).collect(),
        kind: kind.parse().expect("a kind"),
        occurred: None,
        basis: Basis::Own,
        on: None,
        evidence: Vec::<Evidence>::new(),
        body,
    }
}

/// Returns the value that hides whatever has that hash.
pub fn hidden(hash: &Hash) -> Value {
    Value::Map(vec![("...".into(), Value::Bytes(hash.0.to_vec()))])
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&Hash::of(name.as_bytes()).0)
}

fn grant(name: &str, roles: Vec<Role>) -> Key {
    let key = PublicKey::from(&key(name));
    Key { key, roles: roles.into_iter().collect(), name: Some(name.to_owned()), next: None }
}

fn read<T: serde::de::DeserializeOwned>(json: &Json) -> T {
    T::deserialize(json).unwrap_or_else(|e| panic!("{json}: {e}"))
}

fn basis(json: &Json) -> Basis {
    let items = |name: &str| json.get(name).and_then(Json::as_array);
    if let Some(citations) = items("stated") {
        Basis::Stated(citations.iter().map(citation).collect())
    } else if let Some(digests) = items("measured") {
        Basis::Measured(digests.iter().map(read).collect())
    } else {
        Basis::Own
    }
}

fn citation(json: &Json) -> Citation {
    let uint = |name: &str| json.get(name).and_then(Json::as_u64);
    let span = json.get("span").map(read);
    match json.get("url").and_then(Json::as_str) {
        Some(url) => Citation::Web {
            url: url.to_owned(),
            item: uint("item"),
            digest: json.get("digest").map(read),
            span,
        },
        None => Citation::Entry {
            seq: uint("entry").expect("a citation has a url or an entry"),
            claim: uint("claim"),
            span,
        },
    }
}
