//! As much of JSON Schema (draft 2020-12) as the published schemas use, read strictly: a member
//! that no schema names is a fault, and so is a keyword that is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value as Json};

/// The published schemas, by the names of their files.
pub(super) struct Schemas {
    files: BTreeMap<String, Json>,
}

/// A schema and its place: the file, `#` and a pointer.
#[derive(Clone)]
struct Placed<'a> {
    place: String,
    schema: &'a Map<String, Json>,
}

/// Keywords that say nothing of a document.
const SAID: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

impl Schemas {
    /// Reads every schema of `docs/schema`, each of which has the address of its name.
    pub(super) fn published() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
        let files = std::fs::read_dir(folder).unwrap().map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let schema: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            let id = schema["$id"].as_str().unwrap();
            assert!(id.ends_with(&format!("/schema/1/{name}")), "{id}");
            (name, schema)
        });
        Self { files: files.collect() }
    }

    /// Returns the place of every member that a schema names.
    pub(super) fn members(&self) -> BTreeSet<String> {
        let mut members = BTreeSet::new();
        for (name, schema) in &self.files {
            gather(schema, &format!("{name}#"), &mut members);
        }
        members
    }

    /// Returns the words that a member at a place may have.
    pub(super) fn words(&self, place: &str) -> Vec<Json> {
        let (file, pointer) = place.split_once('#').expect("a place has a file and a pointer");
        let schema = self.files[file].pointer(pointer).expect("the schema has that place");
        schema["enum"].as_array().expect("the member has words").clone()
    }

    /// Returns what is wrong with a document, and notes the places of the members that it has.
    pub(super) fn faults(
        &self,
        name: &str,
        document: &Json,
        seen: &mut BTreeSet<String>,
    ) -> Vec<String> {
        let root = self.at(&format!("{name}#"));
        let mut faults = Vec::new();
        self.hold(&root, document, name, seen, &mut faults);
        faults
    }

    fn at(&self, place: &str) -> Placed<'_> {
        let (file, pointer) = place.split_once('#').expect("a place has a file and a pointer");
        let schema = self.files[file].pointer(pointer).and_then(Json::as_object);
        Placed { place: place.to_owned(), schema: schema.unwrap_or_else(|| panic!("no {place}")) }
    }

    /// Returns a schema and those that it refers to.
    fn all<'a>(&'a self, placed: &Placed<'a>) -> Vec<Placed<'a>> {
        let mut all = vec![placed.clone()];
        if let Some(reference) = placed.schema.get("$ref").and_then(Json::as_str) {
            let own = placed.place.split('#').next().unwrap_or_default();
            let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
            let file = if file.is_empty() { own } else { file };
            all.extend(self.all(&self.at(&format!("{file}#{pointer}"))));
        }
        all
    }

    fn hold(
        &self,
        placed: &Placed<'_>,
        value: &Json,
        path: &str,
        seen: &mut BTreeSet<String>,
        faults: &mut Vec<String>,
    ) {
        let all = self.all(placed);
        let named = |name: &str| {
            all.iter().find_map(|placed| {
                placed.schema.get("properties")?.get(name)?;
                Some(self.at(&format!("{}/properties/{name}", placed.place)))
            })
        };
        for Placed { place, schema } in &all {
            for (word, said) in *schema {
                let holds = match (word.as_str(), value) {
                    ("anyOf", _) => self.any(place, said, value, path, seen, faults),
                    ("items", Json::Array(items)) => {
                        let each = self.at(&format!("{place}/items"));
                        for (at, item) in items.iter().enumerate() {
                            self.hold(&each, item, &format!("{path}/{at}"), seen, faults);
                        }
                        true
                    }
                    ("required", Json::Object(members)) => {
                        let mut names = said.as_array().into_iter().flatten();
                        names.all(|name| members.contains_key(name.as_str().unwrap_or_default()))
                    }
                    _ => holds(word, said, value),
                };
                if !holds {
                    faults.push(format!("{path}: {word} {said} of {place}"));
                }
            }
        }
        let Json::Object(members) = value else { return };
        // A schema of either one or null names no members itself.
        if placed.schema.contains_key("anyOf") {
            return;
        }
        for (name, value) in members {
            match named(name) {
                Some(member) => {
                    seen.insert(member.place.clone());
                    self.hold(&member, value, &format!("{path}/{name}"), seen, faults);
                }
                None => faults.push(format!("{path}: a member that is not named: {name}")),
            }
        }
    }

    /// Holds a value against the first of two schemas unless it is null, which the second allows.
    fn any(
        &self,
        place: &str,
        said: &Json,
        value: &Json,
        path: &str,
        seen: &mut BTreeSet<String>,
        faults: &mut Vec<String>,
    ) -> bool {
        if !value.is_null() {
            self.hold(&self.at(&format!("{place}/anyOf/0")), value, path, seen, faults);
        }
        said[1] == serde_json::json!({ "type": "null" }) && said[2].is_null()
    }
}

/// Returns whether a value is as one keyword wants it.
fn holds(word: &str, said: &Json, value: &Json) -> bool {
    let count = |said: &Json| usize::try_from(said.as_u64().unwrap()).unwrap();
    match (word, value) {
        ("type", _) => match said {
            Json::Array(types) => types.iter().any(|one| is(one, value)),
            one => is(one, value),
        },
        ("const", _) => said == value,
        ("enum", _) => said.as_array().unwrap().contains(value),
        ("minimum", Json::Number(number)) => number.as_u64() >= said.as_u64(),
        ("minItems", Json::Array(items)) => items.len() >= count(said),
        ("maxItems", Json::Array(items)) => items.len() <= count(said),
        ("pattern", Json::String(text)) => match said.as_str().unwrap() {
            "^[0-9a-f]{64}$" => text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()),
            // The foreign validator reads the others.
            pattern => pattern.starts_with('^') && pattern.ends_with('$') && !text.is_empty(),
        },
        (
            "items" | "required" | "properties" | "$ref" | "minimum" | "minItems" | "maxItems"
            | "pattern",
            _,
        ) => true,
        (other, _) => SAID.contains(&other),
    }
}

fn is(kind: &Json, value: &Json) -> bool {
    match kind.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn gather(schema: &Json, place: &str, members: &mut BTreeSet<String>) {
    match schema {
        Json::Object(words) => {
            for (word, said) in words {
                let place = format!("{place}/{word}");
                match said.as_object().filter(|_| word == "properties") {
                    Some(named) => {
                        for (name, schema) in named {
                            members.insert(format!("{place}/{name}"));
                            gather(schema, &format!("{place}/{name}"), members);
                        }
                    }
                    None => gather(said, &place, members),
                }
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                gather(item, &format!("{place}/{at}"), members);
            }
        }
        _ => {}
    }
}
