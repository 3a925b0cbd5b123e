//! The golden ledger: an invented incident that uses every part of the format once.

use std::collections::BTreeMap;

use ciborium::Value;
use ed25519_dalek::SigningKey;
use tally_ledger::cbor;
use tally_ledger::hash::Hash;
use tally_ledger::payload::{Basis, Citation, Event, Evidence};
use tally_ledger::time::When;

use crate::forge::{Forge, event, guarded_key, key, vkey};
use crate::keyring::{self, thumbprint};
use crate::value::{bytes, hidden, list, map, some_hash};

/// The most bytes of the golden bundle.
pub const SIZE_MAX: usize = 16 * 1024;

/// The incidents of the extract.
pub const EXTRACT_OF: [&str; 1] = ["bug-101"];

/// The text of the evidence file that the bundle carries.
const REPORT: &[u8] = b"Example CA, preliminary report: 12 certificates are affected.\n";

/// Returns the files of `tests/golden/`, by name.
pub fn files() -> BTreeMap<String, Vec<u8>> {
    let mut forge = Forge::with_genesis(genesis());
    forge.checkpoint();
    begin(&mut forge);
    forge.checkpoint();
    seal(&mut forge);
    forge.checkpoint();
    succeed(&mut forge);
    let last = keyring::key("checkpoint 2");
    forge.checkpoint_by(&last);
    end(&mut forge);
    forge.checkpoint_by(&last);
    let mut files = BTreeMap::from([
        ("ledger.vkey".to_owned(), format!("{}\n", vkey(&last)).into_bytes()),
        ("ledger.tally".to_owned(), forge.clone().bundle().bytes()),
    ]);
    for checkpoint in forge.checkpoints() {
        let name = format!("checkpoint.{}", checkpoint.size());
        files.insert(name, checkpoint.to_string().into_bytes());
    }
    let chosen = forge.chosen(&EXTRACT_OF);
    let extract = forge.extract(&EXTRACT_OF, &chosen);
    files.insert("extract.tally".to_owned(), extract.bytes());
    files
}

fn legal() -> SigningKey {
    keyring::key("legal")
}

fn genesis() -> Value {
    let author = keyring::author();
    let guarded = guarded_key(&author, &["operator", "compliance"], &keyring::key("author 2"));
    map([
        ("standing", "own".into()),
        ("owner", map([("name", "Example CA".into()), ("url", "https://ca.example/".into())])),
        ("keys", list([guarded, key(&keyring::checkpoint(), &["checkpoint"])])),
        ("roles", map([("compliance", list(["*"]))])),
        ("info", map([("text", "an invented ledger, for tests".into())])),
    ])
}

/// Roles, a further author, and the first entries of two incidents.
fn begin(forge: &mut Forge) {
    let author = keyring::author();
    let mut granted = key(&legal(), &["legal"]);
    crate::value::set(&mut granted, "name", "legal department");
    let granted = map([("action", "granted".into()), ("key", granted)]);
    forge.record(event(&["ledger"], "ledger.key", granted), &author);
    let roles = map([
        ("compliance", list(["*"])),
        ("legal", list(["legal.*", "sealed", "seal.*", "entry.note"])),
    ]);
    forge.record(event(&["ledger"], "ledger.roles", map([("roles", roles)])), &author);
    forge.record(opened("bug-101", 101, "Certificates with a wrong field"), &author);
    let report = forge.attach(REPORT, "text/plain", Some("preliminary report.txt"));
    let statement = map([
        ("id", "first".into()),
        ("channel", "bugzilla".into()),
        ("url", "https://bugs.example/101#c0".into()),
        ("speaker", map([("capacity", "official".into()), ("organisation", "Example CA".into())])),
        ("published", map([("at", "2026-11-22T09:30".into()), ("zone", "Z".into())])),
        ("digest", bytes(Hash::of(REPORT).0)),
        ("size", (REPORT.len() as u64).into()),
    ]);
    let published =
        Event { evidence: vec![report], ..event(&["bug-101"], "statement.published", statement) };
    let stated = forge.record(published, &author);
    forge.set_clock("2026-11-22T09:55:00Z");
    let scope = map([
        ("set", "all".into()),
        ("count", 12.into()),
        ("unit", "certificates".into()),
        ("method", "search of the issuance log".into()),
    ]);
    let citations = vec![
        Citation::Web {
            url: "https://bugs.example/101#c0".to_owned(),
            item: Some(0),
            digest: Some(Hash::of(REPORT)),
            span: Some((32, 60)),
        },
        Citation::Entry { seq: stated, claim: None, span: None },
    ];
    let scope = Event {
        basis: Basis::Stated(citations),
        occurred: Some(when("2026-11-21/2026-11-22T08:15", None)),
        ..event(&["bug-101"], "incident.scope", scope)
    };
    let scope = forge.record(scope, &author);
    forge.record(opened("bug-102", 102, "Delayed revocation"), &author);
    let correction = map([
        ("why", "a thirteenth certificate was found".into()),
        (
            "body",
            map([("set", "all".into()), ("count", 13.into()), ("unit", "certificates".into())]),
        ),
    ]);
    let correction =
        Event { on: Some(forge.on(scope)), ..event(&["bug-101"], "entry.correction", correction) };
    forge.record(correction, &author);
}

/// Hidden values, a sealed event and its opening, and an entry in two incidents.
fn seal(forge: &mut Forge) {
    // The clock of this author's machine stands behind.
    forge.set_clock("2026-11-22T09:44:10Z");
    let reasons = disclosure(1, &Value::from("counsel advised to wait for the hearing"));
    let attachment = disclosure(2, &map([("digest", bytes(some_hash("minutes").0))]));
    let decision = map([
        ("choice", "revocation waits for the hearing".into()),
        ("role", "incident commander".into()),
        ("text", hidden(&Hash::of(&reasons))),
    ]);
    let decision = Event {
        occurred: Some(when("2026-11-22T10:40", Some("+01:00"))),
        evidence: vec![Evidence::Hidden(Hash::of(&attachment))],
        ..event(&["bug-101", "bug-102"], "incident.decision", decision)
    };
    forge.record(decision, &keyring::author());
    let order = map([
        ("feeds", list(["bug-102"])),
        ("kind", "legal.instrument".into()),
        (
            "body",
            map([
                ("id", "tro".into()),
                ("type", "restraining_order".into()),
                ("direction", "received".into()),
            ]),
        ),
    ]);
    let order = disclosure(3, &order);
    let until = map([("at", "2026-12-01".into()), ("zone", "Z".into())]);
    let body = map([("event", hidden(&Hash::of(&order))), ("until", until)]);
    let sealed = forge.record(event(&["sealed"], "sealed", body), &legal());
    let measured = Event {
        basis: Basis::Measured(vec![some_hash("crl 17")]),
        ..event(
            &["bug-102"],
            "measurement.taken",
            map([("what", "crl".into()), ("digest", bytes(some_hash("crl 17").0))]),
        )
    };
    forge.record(measured, &keyring::author());
    let revealed = Event {
        on: Some(forge.on(sealed)),
        ..event(
            &["bug-102", "sealed"],
            "seal.revealed",
            map([("disclosures", list([bytes(order)]))]),
        )
    };
    forge.record(revealed, &legal());
}

/// The end of a key and the succession of two others.
fn succeed(forge: &mut Forge) {
    let (author, next) = (keyring::author(), keyring::key("author 2"));
    let revoked = map([
        ("action", "revoked".into()),
        ("kid", bytes(thumbprint(&legal()).0)),
        ("why", "the token was replaced".into()),
    ]);
    forge.record(event(&["ledger"], "ledger.key", revoked), &author);
    let successor = guarded_key(&next, &["operator", "compliance"], &keyring::key("author 3"));
    let end = map([
        ("kid", bytes(thumbprint(&keyring::checkpoint()).0)),
        ("why", "both keys were kept in one place".into()),
    ]);
    let succeeded = map([
        ("action", "succeeded".into()),
        ("kid", bytes(thumbprint(&author).0)),
        ("key", successor),
        ("compromised", map([("at", "2026-11-22T09:47/..".into())])),
        ("revoked", list([end])),
        ("granted", list([key(&keyring::key("checkpoint 2"), &["checkpoint"])])),
    ]);
    forge.record(event(&["ledger"], "ledger.key", succeeded), &next);
}

/// A kind that no vocabulary has, and the heads.
fn end(forge: &mut Forge) {
    let author = keyring::key("author 2");
    let unknown = map([("phase", "wane".into()), ("lit", Value::Bool(false))]);
    forge.record(event(&["bug-102"], "example.moon", unknown), &author);
    let named = ["bug-101", "ledger"];
    let heads = forge.feeds().iter().filter(|(feed, _)| named.contains(&feed.as_str()));
    let heads = heads.map(|(feed, seq)| (feed.as_str().into(), (*seq).into())).collect();
    let heads = map([("heads", Value::Map(heads))]);
    forge.record(event(&["heads"], "heads", heads), &author);
}

fn opened(feed: &str, bug: u64, title: &str) -> Event {
    let body = map([
        ("about", map([("name", "Example CA".into())])),
        ("title", title.into()),
        ("bugs", list([bug])),
    ]);
    event(&[feed], "incident.opened", body)
}

fn when(at: &str, zone: Option<&str>) -> When {
    When::new(at, zone, None).expect("a time of the format")
}

/// Returns a disclosure, with a salt that repeats one byte.
fn disclosure(salt: u8, value: &Value) -> Vec<u8> {
    cbor::encode(&Value::Array(vec![bytes([salt; 16]), value.clone()]))
}
