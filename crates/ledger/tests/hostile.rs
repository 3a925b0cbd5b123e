//! What somebody without a key, or with all of them, cannot make a verifier say.

use tally_ledger::replay::Timeline;
use tally_ledger::verify::{self, NoticeKind, Pins};
use tally_testkit::forge::{Forge, event, key, note};
use tally_testkit::keyring::{self, author, thumbprint};
use tally_testkit::value::{bytes, map};

fn revocation() -> ciborium::Value {
    map([
        ("action", "revoked".into()),
        ("kid", bytes(thumbprint(&author()).0)),
        ("why", "stolen".into()),
        ("compromised", map([("at", "2020".into()), ("zone", "Z".into())])),
    ])
}

/// Anybody can append an entry that nobody signed; it says nothing about those before it.
#[test]
fn an_entry_with_a_broken_signature_leaves_no_trace_in_the_tables_or_the_facts() {
    let mut forge = Forge::new();
    let other = keyring::key("other");
    let body = map([("action", "granted".into()), ("key", key(&other, &["operator"]))]);
    forge.record(event(&["ledger"], "ledger.key", body), &author());
    forge.note("bug-1");
    let draft = forge.draft(event(&["ledger"], "ledger.key", revocation()), &author());
    forge.push(draft.with_signature(&[1; 64]));
    forge.note("bug-1");
    let ledger = verify::ledger(&forge.bundle().bytes()[..], &Pins::default()).unwrap();
    assert_eq!(ledger.verification().fault.as_ref().unwrap().seq, Some(3));
    let record = &ledger.authority().keys()[&thumbprint(&author())];
    assert_eq!((record.revoked, &record.compromised), (None, &None));
    let timeline = Timeline::replay(&ledger);
    assert!(timeline.facts().iter().all(|fact| fact.compromised.is_none()));
}

#[test]
fn a_genesis_with_a_broken_signature_names_no_ledger() {
    let mut forge = Forge::empty();
    let body = tally_testkit::forge::genesis();
    let draft = forge.draft(event(&["ledger"], "ledger.genesis", body), &author());
    forge.push(draft.with_signature(&[1; 64]));
    let ledger = verify::ledger(&forge.bundle().bytes()[..], &Pins::default()).unwrap();
    assert_eq!(ledger.verification().origin, None);
    assert!(ledger.authority().keys().is_empty());
}

/// An author who puts the clock back and forth a thousand times hides nothing else by it.
#[test]
fn many_notices_of_one_sort_do_not_crowd_out_another() {
    let mut forge = Forge::new();
    let other = keyring::key("other");
    let body = map([("action", "granted".into()), ("key", key(&other, &["operator"]))]);
    forge.record(event(&["ledger"], "ledger.key", body), &author());
    for n in 0..2100 {
        forge.set_clock(if n % 2 == 0 { "2026-11-23T00:00:01Z" } else { "2026-11-23T00:00:00Z" });
        forge.record(note(&["bug-1"]), &author());
    }
    forge.record(event(&["ledger"], "ledger.key", revocation()), &other);
    let ledger = verify::ledger(&forge.bundle().bytes()[..], &Pins::default()).unwrap();
    let verification = ledger.verification();
    assert_eq!(verification.fault, None);
    assert!(verification.notices_total > 1000);
    let marked = |kind: &NoticeKind| matches!(kind, NoticeKind::Marked { .. });
    assert!(verification.notices.iter().any(|notice| marked(&notice.kind)));
}
