//! Two faults at once: the one with the least place counts, and at one place the first step.

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;

use super::{ledger, with_entry};
use crate::draft::{Draft, header};
use crate::forge::{Forge, ORIGIN, event, key, note};
use crate::keyring::{self, author, thumbprint};
use crate::value::{at, bytes, list, map, set};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let row = |(name, code, about, change): &Row| {
        let forge = ledger();
        let draft = forge.changed(note(&["bug-1"]), &author(), change);
        let bytes = with_entry(forge, draft.with_signature(&[7; 64]));
        Vector::failed(name, *code, Some(2), bytes).note(about)
    };
    PAYLOADS.iter().map(row).chain(entries()).chain(containers()).collect()
}

/// Name, what counts, what is wrong besides the signature, and how a note is made so.
type Row = (&'static str, Code, &'static str, fn(&mut Value));

const PAYLOADS: &[Row] = &[
    ("order-members-before-seq", Code::PayloadMembers, "no body, and a wrong seq", |v| {
        set(v, "seq", 5);
        crate::value::remove(v, "body");
    }),
    ("order-seq-before-prev", Code::Seq, "a wrong seq, and a wrong prev", |v| {
        set(v, "seq", 5);
        set(v, "prev", bytes([0; 32]));
    }),
    ("order-prev-before-feeds", Code::Prev, "a wrong prev, and a wrong link", |v| {
        set(v, "prev", bytes([0; 32]));
        set(v, "feeds.bug-1", Value::Null);
    }),
    ("order-feeds-before-references", Code::Feeds, "a wrong link, and an on ahead", |v| {
        set(v, "feeds.bug-1", Value::Null);
        let feeds = list(["bug-1"]);
        set(v, "on", map([("seq", 7.into()), ("kind", "legal.step".into()), ("feeds", feeds)]));
    }),
    ("order-signature-alone", Code::Signature, "nothing but the signature", |_| ()),
];

/// Returns the entry with a signature of zeros.
fn unsigned(draft: &Draft) -> Vec<u8> {
    draft.with_signature(&[0; 64])
}

fn entries() -> Vec<Vector> {
    let forge = ledger();
    let stranger = keyring::key("stranger");
    let failed = |name: &str, code, about: &str, entry: Vec<u8>| {
        Vector::failed(name, code, Some(2), with_entry(forge.clone(), entry)).note(about)
    };
    let usual = forge.draft(note(&["bug-1"]), &author());
    let empty = Draft { payload: vec![], ..usual.clone() };
    let mut both = header(ORIGIN, "bug-1", &thumbprint(&author()));
    let Value::Map(members) = &mut both else {
        unreachable!("a header is a map");
    };
    members[1].1 = "application/vnd.tally.entry.v2+cbor".into();
    let newer = Draft { protected: cbor::encode(&both), ..empty.clone() };
    let cut = Draft { protected: newer.protected[..90].to_vec(), ..empty.clone() };
    let other = header("ledger.example/other", "bug-1", &thumbprint(&author()));
    let other = Draft { protected: cbor::encode(&other), ..empty };
    let ahead = forge.changed(note(&["bug-1"]), &stranger, |payload| {
        super::payloads::stated(payload, vec![map([("entry", 9.into())])]);
    });
    let genesis = event(&["ledger"], "ledger.genesis", crate::forge::genesis());
    let not_covered =
        event(&["ledger"], "ledger.roles", map([("roles", map([("legal", list(["*"]))]))]));
    let grant = map([("action", "granted".into()), ("key", key(&author(), &["legal"]))]);
    let again = forge.draft(event(&["ledger"], "ledger.key", grant), &author());
    vec![
        failed(
            "order-header-profile-before-content-type",
            Code::HeaderProfile,
            "a newer content type in a header that is cut short, and no payload",
            unsigned(&cut),
        ),
        failed(
            "order-content-type-before-payload",
            Code::ContentType,
            "a newer content type, and no payload",
            unsigned(&newer),
        ),
        failed(
            "order-header-members-before-payload",
            Code::HeaderMembers,
            "another issuer, and no payload",
            unsigned(&other),
        ),
        failed(
            "order-references-before-key",
            Code::References,
            "a citation ahead, by a key that nobody granted",
            ahead.signed(&stranger),
        ),
        failed(
            "order-key-before-authority",
            Code::Key,
            "a second genesis, by a key that nobody granted",
            forge.draft(genesis, &stranger).signed(&stranger),
        ),
        failed(
            "order-authority-before-signature",
            Code::Authority,
            "a role that does not reach ledger.*, and no signature",
            unsigned(&forge.draft(not_covered, &keyring::checkpoint())),
        ),
        failed(
            "order-signature-before-effect",
            Code::Signature,
            "a key granted twice, and no signature",
            unsigned(&again),
        ),
    ]
}

fn containers() -> Vec<Vector> {
    let mut early = ledger();
    let entry = early.draft(note(&["bug-1"]), &author());
    early.push(unsigned(&entry));
    early.note("bug-2");
    early.push(vec![0; 40]);
    let failed = |name: &str, code, seq, about: &str, bytes: Vec<u8>| {
        Vector::failed(name, code, seq, bytes).note(about)
    };
    let mut version = early.clone().bundle();
    set(&mut version.first, "version", 2);
    let mut rooted = early.clone().bundle();
    let notes = at(&mut rooted.first, "checkpoints");
    *notes = list([ledger_note()]);
    rooted.items.truncate(4);
    let mut by_stranger = ledger();
    by_stranger.checkpoint_by(&keyring::key("stranger"));
    let mut cut = ledger();
    cut.carry(b"a file\n");
    cut.checkpoint_by(&keyring::checkpoint());
    let mut pinned = cut.bundle();
    pinned.files.clear();
    let stranger = crate::forge::vkey(&keyring::key("second stranger")).to_string();
    vec![
        failed(
            "order-first-item-before-entries",
            Code::Container,
            None,
            "version 2, and entries that are refused",
            version.bytes(),
        ),
        failed(
            "order-earlier-entry-first",
            Code::Signature,
            Some(2),
            "entry 2 is not signed, and entry 4 cannot even be read",
            early.bundle().bytes(),
        ),
        failed(
            "order-entries-before-root",
            Code::Signature,
            Some(2),
            "entry 2 is not signed, and the checkpoint has another root",
            rooted.bytes(),
        ),
        failed(
            "order-checkpoint-before-pin",
            Code::Checkpoint,
            None,
            "signed by a stranger, and not by the key that is pinned",
            by_stranger.bundle().bytes(),
        ),
        failed(
            "order-pin-before-evidence",
            Code::Pin,
            None,
            "another key is pinned, and a file is missing",
            pinned.bytes(),
        )
        .line("pin", &stranger),
    ]
}

/// Returns a checkpoint of four entries with a root of none of these ledgers.
fn ledger_note() -> Value {
    let mut forge = Forge::new();
    for feed in ["bug-7", "bug-8", "bug-9"] {
        forge.note(feed);
    }
    forge.checkpoint();
    forge.checkpoints()[0].to_string().into()
}
