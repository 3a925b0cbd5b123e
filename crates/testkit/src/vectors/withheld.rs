//! Entries withheld from a bundle: those of incidents are told, those of `ledger` are found.

use ciborium::Value;
use tally_ledger::fault::Code;
use tally_ledger::payload::Event;

use super::{Spoiled, ledger, spoiled};
use crate::container::Container;
use crate::draft::string;
use crate::forge::{Forge, event, note};
use crate::keyring::author;
use crate::value::{list, map, set};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [told(), found(), spoiled(&without(incidents(), 2), SPOILED)].concat()
}

/// Returns a ledger in which 1, 2 and 4 are of `bug-1`, and 3 is of `bug-2`.
fn incidents() -> Forge {
    let mut forge = ledger();
    forge.note("bug-1");
    forge.note("bug-2");
    forge.note("bug-1");
    forge
}

fn without(mut forge: Forge, seq: u64) -> Container {
    forge.withhold(seq);
    forge.bundle()
}

fn heads(of: &[(&str, u64)]) -> Event {
    let named = of.iter().map(|(feed, seq)| ((*feed).into(), (*seq).into())).collect();
    event(&["heads"], "heads", map([("heads", Value::Map(named))]))
}

/// Returns that ledger with a note of `feed` whose link is to `seq`.
fn linking(feed: &str, seq: u64) -> Forge {
    let mut forge = incidents();
    let path = format!("feeds.{feed}");
    let draft = forge.changed(note(&[feed]), &author(), |payload| set(payload, &path, seq));
    forge.push(draft.signed(&author()));
    forge
}

fn told() -> Vec<Vector> {
    let row = |name: &str, report: &str, about: &str, bundle: Container| {
        Vector::passed(name, "not-whole", bundle.bytes()).line("report", report).note(about)
    };
    let link = "withheld,link-not-checked";
    let mut two = incidents();
    two.withhold(1);
    let mut named = incidents();
    named.record(heads(&[("bug-2", 3), ("bug-1", 4)]), &author());
    vec![
        row("withheld-entry", link, "2, to which 4 links", without(incidents(), 2)),
        row(
            "withheld-last-of-a-feed",
            "withheld",
            "3, to which none links",
            without(incidents(), 3),
        ),
        row("withheld-two-entries", link, "entries 1 and 2", without(two, 2)),
        row("withheld-entry-in-heads", link, "entry 3, which heads name", without(named, 3)),
        row(
            "withheld-entry-of-any-feed",
            link,
            "entry 3, taken for one of bug-3",
            without(linking("bug-3", 3), 3),
        ),
    ]
}

fn found() -> Vec<Vector> {
    let row = |name: &str, code, seq: u64, about: &str, bundle: Container| {
        Vector::failed(name, code, Some(seq), bundle.bytes()).note(about)
    };
    let mut keys = Forge::new();
    let roles = map([("roles", map([("compliance", list(["*"]))]))]);
    let roles = event(&["ledger"], "ledger.roles", roles);
    keys.record(roles.clone(), &author());
    let mut linked = keys.clone();
    linked.record(roles, &author());
    let mut named = keys;
    named.record(heads(&[("ledger", 1)]), &author());
    let (linked, named) = (without(linked, 1), without(named, 1));
    let early = without(linking("bug-2", 1), 1);
    vec![
        row("withheld-genesis", Code::Item, 0, "no key without it", without(incidents(), 0)),
        row("withheld-ledger-entry", Code::Feeds, 2, "a link of ledger to it", linked),
        row("withheld-ledger-entry-in-heads", Code::References, 2, "a head of ledger", named),
        row("withheld-below-the-last", Code::Feeds, 5, "bug-2 links to 1, but 3 is there", early),
    ]
}

/// What is wrong with the bundle from which entry 2 is withheld.
const SPOILED: &[Spoiled] = &[
    ("withheld-other-id", Code::Prev, Some(3), "another id than entry 3 has", |b| {
        b.items[2] = string(&[7; 32]);
    }),
    ("withheld-other-id-at-the-end", Code::Root, None, "another id than in the tree", |b| {
        b.items[4] = string(&[7; 32]);
    }),
];
