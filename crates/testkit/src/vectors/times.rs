//! Instants, and when something occurred.

use ciborium::Value;
use tally_ledger::fault::Code;

use super::{changed_note, ledger, with_entry};
use crate::forge::note;
use crate::keyring::author;
use crate::value::{map, set};
use crate::vector::Vector;

/// What `recorded` cannot be.
const INSTANTS: &[(&str, &str)] = &[
    ("recorded-without-z", "2026-11-22T00:09:41"),
    ("recorded-with-small-z", "2026-11-22T00:09:41z"),
    ("recorded-with-small-t", "2026-11-22t00:09:41Z"),
    ("recorded-with-space", "2026-11-22 00:09:41Z"),
    ("recorded-with-offset", "2026-11-22T00:09:41+00:00"),
    ("recorded-with-fraction", "2026-11-22T00:09:41.0Z"),
    ("recorded-to-the-minute", "2026-11-22T00:09Z"),
    ("recorded-on-30-february", "2026-02-30T00:09:41Z"),
    ("recorded-on-29-february-2026", "2026-02-29T00:09:41Z"),
    ("recorded-on-29-february-2100", "2100-02-29T00:09:41Z"),
    ("recorded-in-month-13", "2026-13-01T00:09:41Z"),
    ("recorded-on-day-0", "2026-11-00T00:09:41Z"),
    ("recorded-at-24-hours", "2026-11-22T24:00:00Z"),
    ("recorded-at-minute-60", "2026-11-22T00:60:41Z"),
    ("recorded-in-leap-second", "2016-12-31T23:59:60Z"),
    ("recorded-in-year-0", "0000-11-22T00:09:41Z"),
    ("recorded-in-year-10000", "10000-11-22T00:09:41Z"),
    ("recorded-with-signs", "2026-+1-22T00:09:41Z"),
    ("recorded-in-other-digits", "2026-11-22T00:09:4\u{661}Z"),
    ("recorded-with-space-after", "2026-11-22T00:09:41Z "),
];

/// What `occurred` cannot be: at, zone, presumed.
type Occurred = (&'static str, &'static str, Option<&'static str>, Option<&'static str>);

const WHENS: &[Occurred] = &[
    ("when-empty", "", None, None),
    ("when-in-year-0", "0000", None, None),
    ("when-in-five-digits", "02026", None, None),
    ("when-in-month-13", "2026-13", None, None),
    ("when-in-month-of-one-digit", "2026-8", None, None),
    ("when-on-31-april", "2026-04-31", None, None),
    ("when-on-day-of-the-year", "2026-123", None, None),
    ("when-in-a-week", "2026-W30", None, None),
    ("when-to-the-hour", "2026-08-03T20", None, None),
    ("when-at-24-hours", "2026-08-03T24:00", None, None),
    ("when-at-minute-60", "2026-08-03T20:60", None, None),
    ("when-at-second-60", "2026-08-03T20:47:60", None, None),
    ("when-with-fraction", "2026-08-03T20:47:12.5", None, None),
    ("when-with-small-t", "2026-08-03t20:47", None, None),
    ("when-with-zone-in-at", "2026-08-03T20:47Z", None, None),
    ("when-approximate", "2026-08~", None, None),
    ("when-with-space", " 2026", None, None),
    ("when-open-on-both-sides", "../..", None, None),
    ("when-range-without-start", "/2026", None, None),
    ("when-range-without-end", "2026/", None, None),
    ("when-range-of-three", "2026/2027/2028", None, None),
    ("when-end-before-start", "2026/2025", None, None),
    ("when-end-at-start", "2026-08-04/2026-08-03", None, None),
    ("when-zone-small-z", "2026", Some("z"), None),
    ("when-zone-utc", "2026", Some("UTC"), None),
    ("when-zone-empty", "2026", Some(""), None),
    ("when-zone-minus-zero", "2026", Some("-00:00"), None),
    ("when-zone-beyond-14", "2026", Some("+14:15"), None),
    ("when-zone-beyond-minus-14", "2026", Some("-14:15"), None),
    ("when-zone-of-10-minutes", "2026", Some("+05:40"), None),
    ("when-zone-of-60-minutes", "2026", Some("+05:60"), None),
    ("when-zone-of-one-digit", "2026", Some("+5:00"), None),
    ("when-zone-without-colon", "2026", Some("+0500"), None),
    ("when-zone-with-other-minus", "2026", Some("\u{2212}05:00"), None),
    ("when-presumed-without-zone", "2026", None, Some("ccadb.utc")),
    ("when-presumed-of-no-kind", "2026", Some("Z"), Some("CCADB")),
];

/// What `occurred` can be.
const TAKEN: &[Occurred] = &[
    ("ok-when-year", "9999", None, None),
    ("ok-when-month", "0001-01", None, None),
    ("ok-when-29-february", "2000-02-29", Some("Z"), None),
    ("ok-when-minute", "2024-08-03T20:47", Some("+14:00"), Some("ccadb.utc")),
    ("ok-when-second", "2024-08-03T23:59:59", Some("-14:00"), None),
    ("ok-when-range", "2024-08-03/2024-08", Some("+05:45"), None),
    ("ok-when-range-of-one-day", "2024-08-03/2024-08-03", None, None),
    ("ok-when-not-later-than", "../2024-08-03T20:47:12", Some("+00:00"), None),
    ("ok-when-not-before", "2024/..", None, None),
];

pub(super) fn vectors() -> Vec<Vector> {
    let instant = |(name, instant): &(&str, &str)| {
        let about = format!("recorded: {instant:?}");
        changed_note(name, Code::PayloadMembers, &about, |payload| {
            set(payload, "recorded", *instant);
        })
    };
    let when = |(name, at, zone, presumed): &Occurred| {
        let about = format!("occurred: {at:?}, zone: {zone:?}, presumed: {presumed:?}");
        changed_note(name, Code::PayloadMembers, &about, |payload| {
            set(payload, "occurred", occurred(at, *zone, *presumed));
        })
    };
    let mut vectors: Vec<Vector> =
        INSTANTS.iter().map(instant).chain(WHENS.iter().map(when)).collect();
    let rows: [(&str, &str, Value); 4] = [
        ("recorded-as-integer", "recorded", 1_795_306_181.into()),
        ("when-as-text", "occurred", "2026-08-03".into()),
        ("when-without-at", "occurred", map([("zone", "Z".into())])),
        (
            "when-further-member",
            "occurred",
            map([("at", "2026".into()), ("precision", "year".into())]),
        ),
    ];
    vectors.extend(rows.map(|(name, member, value)| {
        let about = format!("{member} is not of its shape");
        changed_note(name, Code::PayloadMembers, &about, |payload| {
            set(payload, member, value.clone());
        })
    }));
    vectors.extend(TAKEN.iter().map(taken));
    vectors
}

fn occurred(at: &str, zone: Option<&str>, presumed: Option<&str>) -> Value {
    let mut when = map([("at", at.into())]);
    if let Some(zone) = zone {
        set(&mut when, "zone", zone);
    }
    if let Some(presumed) = presumed {
        set(&mut when, "presumed", presumed);
    }
    when
}

fn taken((name, at, zone, presumed): &Occurred) -> Vector {
    let forge = ledger();
    let draft = forge.changed(note(&["bug-1"]), &author(), |payload| {
        set(payload, "occurred", occurred(at, *zone, *presumed));
    });
    let bytes = with_entry(forge, draft.signed(&author()));
    Vector::passed(name, "whole", bytes).note("a time of the format")
}
