//! `docs/tally.cddl` held against real entries, bundles and extracts.

use std::sync::LazyLock;

use cddl_cat::context::BasicContext;
use cddl_cat::flatten::flatten_from_str;
use cddl_cat::validate_cbor;
use tally_ledger::cbor::{self, Keys, check_prefix};
use tally_ledger::receipt::Statement;
use tally_testkit::draft::string;
use tally_testkit::vector::Vector;
use tally_testkit::{golden, vectors};

/// The rules, with every regular expression tied to both ends of the text: the format means whole
/// texts, and this library searches.
static RULES: LazyLock<BasicContext> = LazyLock::new(|| {
    let text = include_str!("../../../docs/tally.cddl");
    let mut parts = text.split(".regexp");
    let first = parts.next().expect("a part before the first").to_owned();
    let tied = parts.fold(first, |rules, part| {
        let mut quoted = part.splitn(3, '"');
        let (before, regexp, after) = (quoted.next(), quoted.next(), quoted.next());
        let (before, regexp) = before.zip(regexp).expect("a quoted expression");
        format!("{rules}.regexp{before}\"^({regexp})$\"{}", after.unwrap_or_default())
    });
    BasicContext::new(flatten_from_str(&tied).expect("rules that can be read"))
});

/// Whether the item is of the rule, and why not.
fn is(rule: &str, item: &[u8]) -> Result<(), String> {
    let definition = RULES.rules.get(rule).expect("a rule");
    let value = ciborium::from_reader(item).expect("a CBOR item");
    validate_cbor(definition, &value, &*RULES).map_err(|e| format!("{rule}: {e}"))
}

/// The items of a container.
fn items(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut items = Vec::new();
    while let Ok(length) = check_prefix(rest, Keys::Text) {
        let (item, after) = rest.split_at(length);
        items.push(item.to_vec());
        rest = after;
    }
    items
}

/// The content of a byte string whose head is the shortest.
fn content(item: &[u8]) -> &[u8] {
    let (_, _, head) = cbor::head(item).expect("a head");
    &item[head..]
}

#[test]
fn golden_entries_are_of_the_shapes() {
    let files = golden::files();
    let items = items(&files["ledger.tally"]);
    let (first, rest) = items.split_first().expect("a first item");
    is("bundle-head", first).unwrap();
    let (evidence, entries) = rest.split_last().expect("evidence");
    is("evidence-item", evidence).unwrap();
    assert_eq!(entries.len(), 16);
    for (seq, item) in entries.iter().enumerate() {
        is("bundle-item", item).unwrap();
        let entry = content(item);
        assert_eq!(entry[0], 0xd2);
        is("entry-after-tag", &entry[1..]).unwrap_or_else(|e| panic!("entry {seq}: {e}"));
    }
    let rules = [
        (0, "genesis-payload"),
        (1, "ledger-payload"),
        (3, "other-payload"),
        (7, "correction-payload"),
        (9, "sealed-payload"),
        (11, "act-payload"),
        (13, "ledger-payload"),
        (15, "heads-payload"),
    ];
    for (seq, rule) in rules {
        let entry = tally_ledger::entry::Entry::parse(content(&entries[seq]).to_vec(), None);
        let payload = cbor::encode(&entry.unwrap().payload().to_value());
        is(rule, &payload).unwrap_or_else(|e| panic!("entry {seq}: {e}"));
    }
}

#[test]
fn the_golden_extract_is_of_the_shapes() {
    let files = golden::files();
    let items = items(&files["extract.tally"]);
    let (first, rest) = items.split_first().expect("a first item");
    is("extract-head", first).unwrap();
    let (evidence, entries) = rest.split_last().expect("evidence");
    is("evidence-item", evidence).unwrap();
    for item in entries {
        is("extract-item", item).unwrap();
    }
}

/// Whether an entry is of the shape that its kind has.
fn is_entry(entry: &[u8]) -> Result<(), String> {
    is("entry-after-tag", &entry[1..])?;
    let protected = content(&entry[2..]);
    let (_, length, _) = cbor::head(&entry[2..]).expect("a head");
    let after = protected.len() - usize::try_from(length).expect("a short header");
    let payload = &entry[entry.len() - after + 1..];
    let (_, length, head) = cbor::head(payload).expect("a head");
    let payload = &payload[head..][..usize::try_from(length).expect("a short payload")];
    let value = cbor::decode(payload).map_err(|e| e.to_string())?;
    let members = value.as_map().expect("the rule for all entries holds");
    let kind = members.iter().find(|(name, _)| name.as_text() == Some("kind"));
    let rule = match kind.and_then(|(_, kind)| kind.as_text()) {
        Some("ledger.genesis") => "genesis-payload",
        Some(kind) if kind.starts_with("ledger.") => "ledger-payload",
        Some("heads") => "heads-payload",
        _ => "other-payload",
    };
    is(rule, payload)
}

/// Entries of bundles, each after its head.
fn entries(vector: &Vector) -> Vec<Vec<u8>> {
    let items = items(&vector.bytes).into_iter().skip(1);
    items.filter(|item| item[0] >> 5 == 2).map(|item| content(&item).to_vec()).collect()
}

/// Bundles that are not too long for a library that is slow.
fn small(code: Option<&str>) -> Vec<Vector> {
    let bundle = |vector: &Vector| vector.bytes.starts_with(b"\xa4") && vector.bytes.len() < 8192;
    let all = vectors::all().into_iter().filter(bundle);
    match code {
        Some(code) => all.filter(|vector| vector.value("code") == Some(code)).collect(),
        None => all.filter(|vector| vector.value("expect") == Some("whole")).collect(),
    }
}

#[test]
fn entries_of_accepted_vectors_are_of_the_shapes() {
    let mut count = 0;
    for vector in small(None) {
        for entry in entries(&vector).iter().filter(|entry| entry.len() != 32) {
            is_entry(entry).unwrap_or_else(|e| panic!("{}: {e}", vector.name));
            count += 1;
        }
    }
    assert!(count > 200, "{count} entries");
}

/// The vectors whose defect of shape the rules leave to the text: dates that do not exist, sums and
/// orders, points of the curve, texts longer than their expression.
const UNSEEN: &str = "
    citation-span-backwards citation-span-empty citation-span-without-digest
    citation-url-of-2049-bytes citation-url-with-c1-control citation-url-with-newline
    disclosures-65 evidence-name-of-256-bytes evidence-name-with-control
    genesis-hidden-in-info genesis-iss-of-129-characters genesis-iss-with-dot-segment
    genesis-iss-with-two-dots-at-the-end header-iss-other hidden-65-deep-in-body
    hidden-65-in-body hidden-65-in-evidence-and-body key-checkpoint-beside-another-role
    key-identity key-identity-not-canonical key-identity-with-sign key-next-without-operator
    key-not-canonical key-not-on-the-curve key-of-mixed-order-2 key-of-mixed-order-4
    key-of-mixed-order-8 key-of-order-2 key-of-order-4 key-of-order-8
    key-revoked-compromised-never key-role-twice payload-kind-of-65-characters
    recorded-at-24-hours recorded-in-month-13 recorded-in-year-0 recorded-on-29-february-2026
    recorded-on-29-february-2100 recorded-on-30-february recorded-on-day-0 roles-of-checkpoint
    roles-of-operator succession-key-no-operator when-at-24-hours when-at-minute-60
    when-at-second-60 when-end-at-start when-end-before-start when-in-five-digits
    when-in-month-13 when-in-month-of-one-digit when-in-year-0 when-on-31-april
    when-on-day-of-the-year when-open-on-both-sides when-presumed-without-zone
    when-range-of-three when-range-without-end when-to-the-hour when-with-fraction
    when-zone-beyond-14 when-zone-beyond-minus-14 when-zone-minus-zero
";

#[test]
fn refused_shapes_are_refused_by_the_rules() {
    let mut taken = Vec::new();
    for vector in [small(Some("header-members")), small(Some("payload-members"))].concat() {
        let seq: usize = vector.value("seq").and_then(|seq| seq.parse().ok()).expect("a place");
        if is_entry(&entries(&vector)[seq]).is_ok() {
            taken.push(vector.name);
        }
    }
    taken.sort();
    assert_eq!(taken, UNSEEN.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn receipts_that_hold_are_of_the_shapes() {
    let mut count = 0;
    for vector in vectors::all() {
        let rule = match vector.name.as_str() {
            "proof-receipt" | "proof-receipt-eddsa" => "statement-after-tag",
            "proof-growth" => "receipt-after-tag",
            _ => continue,
        };
        is(rule, &vector.bytes[1..]).unwrap_or_else(|e| panic!("{}: {e}", vector.name));
        count += 1;
        if let Ok(statement) = Statement::parse(&vector.bytes) {
            let receipt = &statement.receipt;
            is("receipt-after-tag", &receipt.bytes()[1..]).unwrap();
            is("signed-root-after-tag", &receipt.root.bytes()[1..]).unwrap();
            assert!(is("receipt-after-tag", &receipt.root.bytes()[1..]).is_err());
        }
    }
    assert_eq!(count, 3);
}

#[test]
fn a_rule_can_refuse() {
    assert!(is("hash", &string(&[0; 32])).is_ok());
    assert!(is("hash", &string(&[0; 31])).is_err());
    assert!(is("word", b"\x64Word").is_err());
}
