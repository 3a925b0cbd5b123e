//! The members of a payload, their grammars and their limits.

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;

use super::{changed_note, ledger, with_entry};
use crate::draft::Draft;
use crate::forge::{Forge, event, genesis, note};
use crate::keyring::author;
use crate::value::{bytes, hash, hidden, list, map, remove, set, some_hash};
use crate::vector::Vector;

/// Name, what is wrong, and how it is made so.
type Row = (&'static str, &'static str, fn(&mut Value));

pub(super) fn vectors() -> Vec<Vector> {
    let rows = [MEMBERS, BASES, ACTS, EVIDENCE, BODIES].concat();
    let mut vectors: Vec<Vector> = rows
        .iter()
        .map(|(name, about, change)| changed_note(name, Code::PayloadMembers, about, change))
        .collect();
    vectors.extend([not_a_map(), prev_at_genesis()]);
    vectors.extend(HEADS.iter().map(heads));
    vectors
}

const HEADS: &[Row] = &[
    ("heads-further-member", "a member that no heads have", |v| set(v, "body.at", 1)),
    ("heads-info", "info, which only ledger.* may have", |v| set(v, "body.info", map([]))),
    ("heads-empty", "no head", |v| set(v, "body.heads", map([]))),
    ("heads-of-no-feed-id", "a name that is no feed id", |v| set(v, "body.heads.BUG", 1)),
    ("heads-null", "a head that is null", |v| set(v, "body.heads.bug-1", Value::Null)),
    ("heads-hidden", "a hidden head", |v| set(v, "body.heads.bug-1", hidden_no(1))),
];

const MEMBERS: &[Row] = &[
    ("payload-seq-missing", "no seq", |v| remove(v, "seq")),
    ("payload-seq-negative", "the seq -1", |v| set(v, "seq", -1)),
    ("payload-seq-text", "a seq as text", |v| set(v, "seq", "2")),
    ("payload-prev-missing", "no prev at seq 2", |v| remove(v, "prev")),
    ("payload-prev-null", "a prev that is null", |v| set(v, "prev", Value::Null)),
    ("payload-prev-of-31-bytes", "a prev of 31 bytes", |v| set(v, "prev", bytes([1; 31]))),
    ("payload-feeds-missing", "no feeds", |v| remove(v, "feeds")),
    ("payload-feeds-empty", "no feed in feeds", |v| set(v, "feeds", map([]))),
    ("payload-feeds-array", "feeds as an array", |v| set(v, "feeds", list(["bug-1"]))),
    ("payload-9-feeds", "nine feeds", |v| {
        for feed in ["bug-2", "bug-3", "bug-4", "bug-5", "bug-6", "bug-7", "bug-8", "bug-9"] {
            set(v, &format!("feeds.{feed}"), Value::Null);
        }
    }),
    ("payload-feed-link-text", "a link as text", |v| set(v, "feeds.bug-1", "1")),
    ("payload-feed-link-negative", "a link of -1", |v| set(v, "feeds.bug-1", -1)),
    ("payload-feed-in-capitals", "a feed that is no feed id", |v| {
        set(v, "feeds.Bug-1", Value::Null);
    }),
    ("payload-feed-begins-with-dash", "a feed that is no feed id", |v| {
        set(v, "feeds.-bug", Value::Null);
    }),
    ("payload-feed-with-slash", "a feed that is no feed id", |v| {
        set(v, "feeds.bug/1", Value::Null);
    }),
    ("payload-feed-empty", "the empty text as a feed", |v| {
        *crate::value::at(v, "feeds") = Value::Map(vec![("".into(), Value::Null)]);
    }),
    ("payload-feed-of-65-characters", "a feed id of 65 characters", |v| {
        set(v, &format!("feeds.{}", "a".repeat(65)), Value::Null);
    }),
    ("payload-kind-missing", "no kind", |v| remove(v, "kind")),
    ("payload-kind-empty", "an empty kind", |v| set(v, "kind", "")),
    ("payload-kind-of-five-words", "five words", |v| set(v, "kind", "a.b.c.d.e")),
    ("payload-kind-with-empty-word", "an empty word", |v| set(v, "kind", "a..b")),
    ("payload-kind-in-capitals", "a capital letter", |v| set(v, "kind", "example.Note")),
    ("payload-kind-with-dash", "a dash", |v| set(v, "kind", "example.no-te")),
    ("payload-kind-begins-with-digit", "a digit first", |v| set(v, "kind", "example.1st")),
    ("payload-kind-word-of-33", "a word of 33 characters", |v| set(v, "kind", "a".repeat(33))),
    ("payload-kind-of-65-characters", "a kind of 65 characters", |v| {
        set(v, "kind", format!("{}.{}.b", "a".repeat(31), "a".repeat(31)));
    }),
    ("payload-kind-with-newline", "a newline at the end", |v| set(v, "kind", "example.note\n")),
    ("payload-recorded-missing", "no recorded", |v| remove(v, "recorded")),
    ("payload-body-missing", "no body", |v| remove(v, "body")),
    ("payload-body-array", "a body that is an array", |v| set(v, "body", list(["tally"]))),
    ("payload-body-null", "a body that is null", |v| set(v, "body", Value::Null)),
    ("payload-further-member", "a member that no payload has", |v| set(v, "author", "me")),
];

const BASES: &[Row] = &[
    ("basis-null", "a basis that is null", |v| set(v, "basis", Value::Null)),
    ("basis-neither", "a basis without members", |v| set(v, "basis", map([]))),
    ("basis-both", "stated and measured at once", |v| {
        set(v, "basis", map([("stated", web(&[])), ("measured", digests(1))]));
    }),
    ("basis-other", "a basis of another name", |v| set(v, "basis", map([("heard", digests(1))]))),
    ("basis-stated-empty", "no citation", |v| stated(v, vec![])),
    ("basis-65-citations", "65 citations", |v| {
        stated(v, (0..65).map(|_| map([("entry", 1.into())])).collect());
    }),
    ("basis-measured-empty", "no digest", |v| {
        set(v, "basis", map([("measured", digests(0))]));
    }),
    ("basis-65-digests", "65 digests", |v| set(v, "basis", map([("measured", digests(65))]))),
    ("basis-digest-of-31-bytes", "a digest of 31 bytes", |v| {
        set(v, "basis", map([("measured", list([bytes([1; 31])]))]));
    }),
    ("citation-of-nothing", "neither url nor entry", |v| {
        stated(v, vec![map([("item", 1.into())])]);
    }),
    ("citation-of-both", "url and entry at once", |v| {
        set(v, "basis", map([("stated", web(&[("entry", 1.into())]))]));
    }),
    ("citation-further-member", "a member that no citation has", |v| {
        set(v, "basis", map([("stated", web(&[("title", "a".into())]))]));
    }),
    ("citation-url-ftp", "neither http nor https", |v| url(v, "ftp://bugs.example/1")),
    ("citation-url-in-capitals", "HTTPS in capitals", |v| url(v, "HTTPS://bugs.example/1")),
    ("citation-url-scheme-alone", "nothing after the scheme", |v| url(v, "https://")),
    ("citation-url-with-space", "a space", |v| url(v, "https://bugs.example/a b")),
    ("citation-url-with-newline", "a newline", |v| url(v, "https://bugs.example/a\n")),
    ("citation-url-with-c1-control", "U+0085", |v| url(v, "https://bugs.example/\u{85}")),
    ("citation-url-of-2049-bytes", "2,049 bytes", |v| {
        url(v, &format!("https://{}", "a".repeat(2041)));
    }),
    ("citation-item-negative", "the item -1", |v| {
        set(v, "basis", map([("stated", web(&[("item", (-1).into())]))]));
    }),
    ("citation-span-without-digest", "a span of a text that has no digest", |v| {
        set(v, "basis", map([("stated", web(&[("span", list([0, 1]))]))]));
    }),
    ("citation-span-empty", "a span that ends where it starts", |v| span(v, &[1, 1])),
    ("citation-span-backwards", "a span that ends before it starts", |v| span(v, &[2, 1])),
    ("citation-span-of-one", "a span of one number", |v| span(v, &[1])),
    ("citation-span-of-three", "a span of three numbers", |v| span(v, &[1, 2, 3])),
    ("citation-span-negative", "a span that starts at -1", |v| span(v, &[-1, 2])),
    ("citation-entry-with-digest", "a digest beside an entry", |v| {
        stated(v, vec![map([("entry", 1.into()), ("digest", hash(&some_hash("a")))])]);
    }),
    ("citation-claim-text", "a claim as text", |v| {
        stated(v, vec![map([("entry", 1.into()), ("claim", "first".into())])]);
    }),
];

const ACTS: &[Row] = &[
    ("on-null", "an on that is null", |v| set(v, "on", Value::Null)),
    ("on-without-seq", "no seq in on", |v| on(v, |on| remove(on, "seq"))),
    ("on-without-kind", "no kind in on", |v| on(v, |on| remove(on, "kind"))),
    ("on-without-feeds", "no feeds in on", |v| on(v, |on| remove(on, "feeds"))),
    ("on-feeds-empty", "no feed in on", |v| on(v, |on| set(on, "feeds", Value::Array(vec![])))),
    ("on-9-feeds", "nine feeds in on", |v| on(v, |on| set(on, "feeds", list(["bug-1"; 9])))),
    ("on-feeds-as-map", "the feeds of on as a map", |v| {
        on(v, |on| set(on, "feeds", map([("bug-1", Value::Null)])));
    }),
    ("on-kind-of-no-kind", "a kind that is none", |v| on(v, |on| set(on, "kind", "Example"))),
    ("on-further-member", "a member that no on has", |v| on(v, |on| set(on, "id", "a"))),
];

const EVIDENCE: &[Row] = &[
    ("evidence-member-empty", "an empty list", |v| set(v, "evidence", Value::Array(vec![]))),
    ("evidence-65-files", "65 files", |v| set(v, "evidence", list(vec![file(); 65]))),
    ("evidence-without-digest", "no digest", |v| files(v, |f| remove(f, "digest"))),
    ("evidence-without-size", "no size", |v| files(v, |f| remove(f, "size"))),
    ("evidence-without-type", "no type", |v| files(v, |f| remove(f, "type"))),
    ("evidence-digest-of-20-bytes", "a digest of 20 bytes", |v| {
        files(v, |f| set(f, "digest", bytes([1; 20])));
    }),
    ("evidence-size-negative", "a size of -1", |v| files(v, |f| set(f, "size", -1))),
    ("evidence-type-with-parameter", "a parameter", |v| {
        files(v, |f| set(f, "type", "text/plain;charset=utf-8"));
    }),
    ("evidence-type-without-slash", "no slash", |v| files(v, |f| set(f, "type", "text"))),
    ("evidence-type-with-two-slashes", "two slashes", |v| {
        files(v, |f| set(f, "type", "text/plain/a"));
    }),
    ("evidence-type-without-subtype", "no name after the slash", |v| {
        files(v, |f| set(f, "type", "text/"));
    }),
    ("evidence-type-with-space", "a space", |v| files(v, |f| set(f, "type", "text/ plain"))),
    ("evidence-type-begins-with-dot", "a dot first", |v| {
        files(v, |f| set(f, "type", "text/.plain"));
    }),
    ("evidence-type-of-128-characters", "a name of 128 characters", |v| {
        files(v, |f| set(f, "type", format!("text/{}", "a".repeat(128))));
    }),
    ("evidence-name-with-slash", "a path for a name", |v| {
        files(v, |f| set(f, "name", "../order.pdf"));
    }),
    ("evidence-name-empty", "an empty name", |v| files(v, |f| set(f, "name", ""))),
    ("evidence-name-of-256-bytes", "a name of 256 bytes", |v| {
        files(v, |f| set(f, "name", "\u{e9}".repeat(128)));
    }),
    ("evidence-name-with-control", "an escape character", |v| {
        files(v, |f| set(f, "name", "a\u{1b}[2J"));
    }),
    ("evidence-further-member", "a member that no file has", |v| {
        files(v, |f| set(f, "path", "a"));
    }),
    ("evidence-hidden-and-named", "a hidden file with a name in clear", |v| {
        let mut element = hidden(&some_hash("a"));
        set(&mut element, "name", "order.pdf");
        set(v, "evidence", list([element]));
    }),
    ("evidence-hidden-by-31-bytes", "a hidden value of 31 bytes", |v| {
        set(v, "evidence", list([map([("...", bytes([1; 31]))])]));
    }),
];

const BODIES: &[Row] = &[
    ("hidden-65-in-body", "65 hidden values in a body", |v| hide(v, 65, 0)),
    ("hidden-65-in-evidence-and-body", "64 hidden values in a body and one in evidence", |v| {
        hide(v, 64, 1);
    }),
    ("hidden-65-deep-in-body", "65 hidden values in maps and arrays of a body", |v| {
        let hidden: Vec<Value> = (0..65).map(|n| map([("a", hidden_no(n))])).collect();
        set(v, "body", map([("deep", list([list(hidden)]))]));
    }),
    ("disclosures-65", "65 disclosures", |v| {
        set(v, "kind", "seal.revealed");
        set(v, "body", map([("disclosures", disclosures(65))]));
    }),
];

/// Returns that many disclosures.
pub(super) fn disclosures(count: u8) -> Value {
    list((0..count).map(|n| bytes(cbor::encode(&list([bytes([n; 16]), n.into()])))))
}

pub(super) fn hidden_no(n: u8) -> Value {
    hidden(&some_hash(&format!("hidden {n}")))
}

/// Hides that many values in the body and in evidence.
pub(super) fn hide(payload: &mut Value, in_body: u8, in_evidence: u8) {
    set(payload, "body", map([("list", list((0..in_body).map(hidden_no)))]));
    if in_evidence > 0 {
        set(payload, "evidence", list((0..in_evidence).map(|n| hidden_no(255 - n))));
    }
}

/// Returns that many digests.
pub(super) fn digests(count: u8) -> Value {
    list((0..count).map(|n| hash(&some_hash(&format!("measured {n}")))))
}

/// Returns a list with one citation of a public text, with further members.
fn web(members: &[(&str, Value)]) -> Value {
    let mut citation = map([("url", "https://bugs.example/1".into())]);
    for (name, value) in members {
        set(&mut citation, name, value.clone());
    }
    list([citation])
}

fn url(payload: &mut Value, url: &str) {
    stated(payload, vec![map([("url", url.into())])]);
}

fn span(payload: &mut Value, span: &[i64]) {
    let digest = hash(&some_hash("a"));
    let span = list(span.iter().copied());
    set(payload, "basis", map([("stated", web(&[("digest", digest), ("span", span)]))]));
}

pub(super) fn stated(payload: &mut Value, citations: Vec<Value>) {
    set(payload, "basis", map([("stated", Value::Array(citations))]));
}

/// Lets the payload act on the note before it, with a change to `on`.
fn on(payload: &mut Value, change: impl Fn(&mut Value)) {
    let mut on =
        map([("seq", 1.into()), ("kind", "example.note".into()), ("feeds", list(["bug-1"]))]);
    change(&mut on);
    set(payload, "on", on);
}

/// Returns the description of a file.
pub(super) fn file() -> Value {
    map([("digest", hash(&some_hash("a file"))), ("size", 6.into()), ("type", "text/plain".into())])
}

/// Gives the payload one file, with a change to its description.
fn files(payload: &mut Value, change: impl Fn(&mut Value)) {
    let mut file = file();
    change(&mut file);
    set(payload, "evidence", list([file]));
}

fn not_a_map() -> Vector {
    let forge = ledger();
    let payload = cbor::encode(&list(["tally"]));
    let draft = Draft { payload, ..forge.draft(note(&["bug-1"]), &author()) };
    let bytes = with_entry(forge, draft.signed(&author()));
    Vector::failed("payload-array", Code::PayloadMembers, Some(2), bytes)
        .note("a payload that is an array")
}

fn prev_at_genesis() -> Vector {
    let mut forge = Forge::empty();
    let genesis = event(&["ledger"], "ledger.genesis", genesis());
    let with_prev = |payload: &mut Value| set(payload, "prev", bytes([0; 32]));
    forge.push(forge.changed(genesis, &author(), with_prev).signed(&author()));
    Vector::failed("payload-prev-at-genesis", Code::PayloadMembers, Some(0), forge.bundle().into())
        .note("a prev at seq 0")
}

/// Returns the vector of heads whose body is changed.
fn heads((name, about, change): &Row) -> Vector {
    let forge = ledger();
    let body = map([("heads", map([("bug-1", 1.into())]))]);
    let draft = forge.changed(event(&["heads"], "heads", body), &author(), change);
    let bytes = with_entry(forge, draft.signed(&author()));
    Vector::failed(name, Code::PayloadMembers, Some(2), bytes).note(about)
}
