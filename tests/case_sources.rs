//! The case of bugs 1910322, 1910805 and 1950144, held against the texts that it rests on.
//!
//! `case.jsonl` cites those texts by digest and byte span; `expected.json` says what a careful
//! reader finds. What needs no text is checked always; the rest where `TALLY_SEEDS` names a folder
//! that holds the texts, which are other people's and not part of this repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/1910322-1910805-1950144")
}

/// The entries of the case, in order; entry n of the ledger stands at n - 1.
fn entries() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("case.jsonl")).expect("the case is here");
    let lines = text.lines();
    lines.map(|line| serde_json::from_str(line).expect("each line is a document")).collect()
}

fn expected() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("expected.json")).expect("the case is here");
    serde_json::from_str(&text).expect("a list of expected findings")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn claims(entry: &Value) -> &[Value] {
    list(&entry["body"]["claims"])
}

#[test]
fn every_claim_has_one_expected_finding() {
    let mut made = BTreeSet::new();
    for entry in entries() {
        for claim in 0..claims(&entry).len() {
            let id = entry["body"]["id"].as_str().expect("a statement has an id");
            assert!(made.insert((id.to_owned(), claim)), "two statements are named {id}");
        }
    }
    let mut judged = BTreeSet::new();
    // What a rule finds of a claim besides judging it has a code.
    for finding in expected().iter().filter(|finding| finding["code"].is_null()) {
        if let Some(statement) = finding["statement"].as_str() {
            let claim = finding["claim"].as_u64().expect("the place of a claim");
            let place = (statement.to_owned(), usize::try_from(claim).expect("a small number"));
            assert!(judged.insert(place), "{statement} claim {claim} is judged twice");
        }
    }
    assert_eq!(made, judged);
}

#[test]
fn an_opinion_is_always_left_to_the_reader() {
    let entries = entries();
    for finding in expected() {
        let statement = entries.iter().find(|entry| {
            entry["kind"] == "statement.published" && entry["body"]["id"] == finding["statement"]
        });
        let claim = finding["claim"].as_u64().and_then(|at| usize::try_from(at).ok());
        if let (Some(statement), Some(claim)) = (statement, claim) {
            let opinion = claims(statement)[claim]["says"] == "characterises";
            let left = finding["verdict"] == "for the reader";
            assert!(left || !opinion, "an opinion is judged: {finding}");
        }
    }
}

/// What can only be seen with the texts at hand.
mod seeds {
    use std::collections::BTreeMap;
    use std::ops::Range;

    use sha2::{Digest, Sha256};

    use super::{Value, claims, entries, list};

    const MISSING: &str = "set TALLY_SEEDS to the folder that holds the source texts";

    /// The source texts by the digest of their bytes.
    struct Sources(BTreeMap<String, String>);

    impl Sources {
        fn read() -> Self {
            let folder = std::env::var_os("TALLY_SEEDS").expect(MISSING);
            let mut texts = BTreeMap::new();
            for file in std::fs::read_dir(folder).expect(MISSING) {
                let path = file.expect("the folder can be read").path();
                let bytes = std::fs::read(&path).expect("a source text can be read");
                let digest = hex::encode(Sha256::digest(&bytes));
                texts.insert(digest, String::from_utf8(bytes).expect("a source text is UTF-8"));
            }
            Self(texts)
        }

        fn text(&self, digest: &Value) -> &str {
            let digest = digest.as_str().expect("a digest is text");
            let text = self.0.get(digest);
            text.unwrap_or_else(|| panic!("no source text has the digest {digest}; {MISSING}"))
        }

        /// The bytes that a citation names, `None` if it has no digest.
        fn cited(&self, citation: &Value) -> Option<&str> {
            let digest = citation.get("digest")?;
            let text = self.text(digest);
            Some(&text[span(&citation["span"], text)])
        }

        /// What the entry's basis cites of the texts at hand, one citation to a line.
        fn basis(&self, entry: &Value) -> Vec<&str> {
            let stated = list(&entry["basis"]["stated"]).iter();
            stated.filter_map(|citation| self.cited(citation)).collect()
        }
    }

    /// The span, proven to lie inside the text and on the borders of its characters.
    fn span(value: &Value, text: &str) -> Range<usize> {
        let ends: Vec<usize> = list(value)
            .iter()
            .map(|end| usize::try_from(end.as_u64().expect("a span holds numbers")))
            .collect::<Result<_, _>>()
            .expect("a span is small");
        let [start, end] = ends[..] else { panic!("a span has two ends: {value}") };
        assert!(start < end, "{value} is empty");
        assert!(text.get(start..end).is_some(), "{value} is outside the text or cuts a character");
        start..end
    }

    /// The parts of a text that stand between quotation marks.
    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('"').skip(1).step_by(2)
    }

    /// The number of the comment that a byte of a captured bug page belongs to, where the page
    /// numbers it: the first ones have no heading.
    fn comment_at(page: &str, at: usize) -> Option<u64> {
        let mut lines = page[..at].lines().rev();
        lines.find_map(|line| {
            let number = line.strip_prefix("Comment ")?.split_once('\u{2022}')?.0;
            number.parse().ok()
        })
    }

    #[test]
    #[ignore = "needs the source texts: set TALLY_SEEDS"]
    fn every_span_lies_in_the_text_with_that_digest() {
        let sources = Sources::read();
        let mut seen = BTreeMap::<&str, usize>::new();
        let entries = entries();
        for entry in &entries {
            for citation in list(&entry["basis"]["stated"]) {
                assert_eq!(citation.get("digest").is_some(), citation.get("span").is_some());
                if sources.cited(citation).is_some() {
                    *seen.entry(citation["digest"].as_str().expect("text")).or_default() += 1;
                }
            }
            let body = &entry["body"];
            if let Some(digest) = body.get("digest") {
                let text = sources.text(digest);
                assert_eq!(body["size"].as_u64(), u64::try_from(text.len()).ok());
                for claim in claims(entry) {
                    span(&claim["span"], text);
                }
            }
        }
        assert_eq!(seen.len(), 2, "both texts are cited");
        assert!(seen.values().all(|citations| *citations > 5), "{seen:?}");
    }

    #[test]
    #[ignore = "needs the source texts: set TALLY_SEEDS"]
    fn every_span_lies_in_the_comment_that_is_named() {
        let sources = Sources::read();
        let mut numbered = 0;
        for entry in entries() {
            let id = &entry["body"]["id"];
            let cited = list(&entry["basis"]["stated"]).iter();
            let mut places: Vec<(&Value, &Value, &Value)> =
                cited.map(|c| (&c["digest"], &c["item"], &c["span"])).collect();
            let body = &entry["body"];
            if body.get("digest").is_some() {
                let own = claims(&entry).iter();
                places.extend(own.map(|claim| (&body["digest"], &body["item"], &claim["span"])));
            }
            for (digest, item, place) in places {
                let Some(item) = item.as_u64().filter(|_| digest.is_string()) else { continue };
                let text = sources.text(digest);
                let range = span(place, text);
                // A whole comment starts with its heading: its end tells where it belongs.
                let found = comment_at(text, range.end);
                assert_eq!(found, Some(item).filter(|item| *item > 3), "{id} {place}");
                numbered += 1;
            }
            let own = id.as_str().and_then(|id| id.split_once("-c")).map(|(_, item)| item);
            if entry["kind"] == "statement.published" && body.get("item").is_some() {
                assert_eq!(own, Some(&*body["item"].to_string()), "{id} is named after its number");
            }
        }
        assert!(numbered > 100, "{numbered} places were checked");
    }

    #[test]
    #[ignore = "needs the source texts: set TALLY_SEEDS"]
    fn every_quotation_occurs_in_its_span() {
        let sources = Sources::read();
        let entries = entries();
        let mut checked = 0;
        for entry in &entries {
            let basis = sources.basis(entry);
            if basis.is_empty() {
                continue;
            }
            let members = entry["body"].as_object().expect("a body is a table").values();
            for text in members.filter_map(Value::as_str).flat_map(quoted) {
                let found = basis.iter().any(|cited| cited.contains(text));
                assert!(found, "{text:?} is not in the basis of {}", entry["body"]["id"]);
                checked += 1;
            }
            for claim in claims(entry) {
                let own = entry["body"].get("digest").map(|digest| {
                    let text = sources.text(digest);
                    vec![&text[span(&claim["span"], text)]]
                });
                let places = own.as_ref().unwrap_or(&basis);
                let whole = ["quotation", "words"].into_iter().filter_map(|m| claim[m].as_str());
                let parts = claim["text"].as_str().into_iter().flat_map(quoted);
                for text in whole.chain(parts) {
                    let found = places.iter().any(|cited| cited.contains(text));
                    assert!(found, "{text:?} is not in the span of {claim}");
                    checked += 1;
                }
            }
        }
        assert!(checked > 50, "{checked} quotations were checked");
    }

    #[test]
    #[ignore = "needs the source texts: set TALLY_SEEDS"]
    fn what_is_quoted_of_a_recorded_statement_stands_in_it() {
        let sources = Sources::read();
        let entries = entries();
        let mut checked = 0;
        for claim in entries.iter().flat_map(claims) {
            let (cited, Some(quotation)) = (&claim["cited"], claim["quotation"].as_str()) else {
                continue;
            };
            let statement = entries.iter().find(|entry| {
                let body = &entry["body"];
                entry["kind"] == "statement.published"
                    && (&body["url"], &body["item"]) == (&cited["url"], &cited["item"])
            });
            let statement = statement.expect("what is quoted is recorded");
            if statement["body"].get("digest").is_some() {
                let found = sources.basis(statement).iter().any(|text| text.contains(quotation));
                assert!(found, "{quotation:?} is not in {}", statement["body"]["id"]);
                checked += 1;
            }
        }
        assert!(checked > 3, "{checked} quotations of recorded statements were checked");
    }
}
