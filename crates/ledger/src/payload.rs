//! The payload of an entry: an event in its place (FORMAT.md, "Payload").

use ciborium::Value;

use crate::fault::Fault;
use crate::hash::Hash;
use crate::name::{FeedId, Kind, NameError};
use crate::shape::{self, Members, Shape, wrong};
use crate::time::{Instant, When};

/// The most feeds that an entry may stand in.
pub const FEEDS_MAX: usize = 8;
/// The most items of evidence, citations, hidden values, disclosures and keys of an entry, each.
pub const ITEMS_MAX: usize = 64;
/// The longest URL of a citation, in bytes.
const URL_MAX: usize = 2048;

/// What happened, as its author states it; without a place in a chain yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The feeds it belongs to: incidents, or exactly one of `ledger`, `sealed` and `heads`.
    pub feeds: Vec<FeedId>,
    /// What kind of event it is.
    pub kind: Kind,
    /// When it occurred; `None` where the event is the entry itself.
    pub occurred: Option<When>,
    /// What the author rests it on.
    pub basis: Basis,
    /// The entry that it acts on.
    pub on: Option<On>,
    /// The files that it rests on.
    pub evidence: Vec<Evidence>,
    /// Its members, as the vocabulary has them: a map with text keys.
    pub body: Value,
}

impl Event {
    /// Returns the event of a kind that verification interprets, in its reserved feed: the
    /// author's own act, without evidence.
    ///
    /// # Errors
    ///
    /// Fails if `kind` is not a kind or its first word not a feed.
    pub fn reserved(kind: &str, body: Value) -> Result<Self, NameError> {
        let kind: Kind = kind.parse()?;
        Ok(Self {
            feeds: vec![kind.family().parse()?],
            kind,
            occurred: None,
            basis: Basis::Own,
            on: None,
            evidence: Vec::new(),
            body,
        })
    }

    /// Returns the members that a payload has for the event, without those that give it a place.
    pub(crate) fn members(&self) -> Vec<(Value, Value)> {
        let mut members: Vec<(Value, Value)> =
            vec![("kind".into(), self.kind.as_str().into()), ("body".into(), self.body.clone())];
        if let Some(occurred) = &self.occurred {
            members.push(("occurred".into(), when_value(occurred)));
        }
        if let Some(basis) = self.basis.to_value() {
            members.push(("basis".into(), basis));
        }
        if let Some(on) = &self.on {
            members.push(("on".into(), on.to_value()));
        }
        if !self.evidence.is_empty() {
            let items = self.evidence.iter().map(Evidence::to_value).collect();
            members.push(("evidence".into(), Value::Array(items)));
        }
        members
    }
}

/// What an event is rested on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// The author's own record.
    Own,
    /// Somebody said so: 1 to 64 citations.
    Stated(Vec<Citation>),
    /// It was measured: 1 to 64 digests of captured answers.
    Measured(Vec<Hash>),
}

/// Where something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Citation {
    /// A public text.
    Web {
        /// Its address, `http://` or `https://`.
        url: String,
        /// The number of the item at that address, such as a comment.
        item: Option<u64>,
        /// The SHA-256 of the exact text.
        digest: Option<Hash>,
        /// The bytes of the text with that digest: start, and end (exclusive).
        span: Option<(u64, u64)>,
    },
    /// A statement in this ledger.
    Entry {
        /// The position of its entry; smaller than the citing one's.
        seq: u64,
        /// The index of the claim in that statement, from 0.
        claim: Option<u64>,
        /// The bytes of that statement's text: start, and end (exclusive).
        span: Option<(u64, u64)>,
    },
}

/// A file that an entry rests on, content-addressed; or a hidden one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A file.
    File {
        /// The SHA-256 of its bytes.
        digest: Hash,
        /// Its length in bytes.
        size: u64,
        /// Its media type, without parameters.
        media_type: String,
        /// Its name, without a path.
        name: Option<String>,
    },
    /// A hidden value: the SHA-256 of its disclosure.
    Hidden(Hash),
}

/// The entry that another one acts on, as the acting one describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On {
    /// Its position; smaller than the acting one's.
    pub seq: u64,
    /// Its kind.
    pub kind: Kind,
    /// Its feeds, in the order of its payload.
    pub feeds: Vec<FeedId>,
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    /// The position in the ledger, from 0: the index of the leaf.
    pub seq: u64,
    /// The id of the entry before; `None` exactly at 0.
    pub prev: Option<Hash>,
    /// For each feed, in canonical order, the position of the entry before in that feed.
    pub feeds: Vec<(FeedId, Option<u64>)>,
    /// The author's clock.
    pub recorded: Instant,
    /// What happened.
    pub event: Event,
}

impl Payload {
    /// Reads a payload from a value that passed the CBOR profile.
    ///
    /// # Errors
    ///
    /// Fails with `payload-members` if a member is missing, unknown, or outside its grammar or
    /// limits. Bodies are not interpreted here.
    pub fn from_value(value: &Value) -> Result<Self, Fault> {
        let mut m = Members::of(value, "")?;
        let seq = m.uint("seq")?;
        let prev = m.hash_if("prev")?;
        let feeds = feeds(m.need("feeds")?)?;
        let kind: Kind = m.parsed("kind")?;
        let recorded = m.parsed("recorded")?;
        let occurred = m.take("occurred").map(|v| when(v, "occurred")).transpose()?;
        let basis = m.take("basis").map_or(Ok(Basis::Own), basis)?;
        let on = m.take("on").map(on).transpose()?;
        let evidence = match m.take("evidence") {
            None => Vec::new(),
            Some(value) => shape::array(value, "evidence", 1, ITEMS_MAX)?
                .iter()
                .map(evidence)
                .collect::<Shape<_>>()?,
        };
        let body = m.need("body")?;
        m.finish()?;
        if (seq == 0) != prev.is_none() {
            return Err(wrong("prev: absent exactly at seq 0", format!("seq {seq}")));
        }
        if !body.is_map() {
            return Err(wrong("body: a map", shape::describe(body)));
        }
        limits(&kind, &evidence, body)?;
        let names = feeds.iter().map(|(feed, _)| feed.clone()).collect();
        let event = Event { feeds: names, kind, occurred, basis, on, evidence, body: body.clone() };
        Ok(Self { seq, prev, feeds, recorded, event })
    }

    /// Returns the value that [`crate::cbor::encode`] turns into the signed bytes.
    pub fn to_value(&self) -> Value {
        let links = self
            .feeds
            .iter()
            .map(|(feed, link)| (feed.as_str().into(), link.map_or(Value::Null, Value::from)));
        let mut members = self.event.members();
        members.extend([
            ("seq".into(), self.seq.into()),
            ("feeds".into(), Value::Map(links.collect())),
            ("recorded".into(), self.recorded.to_string().into()),
        ]);
        members.extend(self.prev.map(|prev| ("prev".into(), bytes(&prev))));
        Value::Map(members)
    }
}

impl Basis {
    fn to_value(&self) -> Option<Value> {
        let (name, items) = match self {
            Self::Own => return None,
            Self::Stated(citations) => {
                ("stated", citations.iter().map(Citation::to_value).collect())
            }
            Self::Measured(digests) => ("measured", digests.iter().map(bytes).collect()),
        };
        Some(Value::Map(vec![(name.into(), Value::Array(items))]))
    }
}

impl Citation {
    fn to_value(&self) -> Value {
        let mut members: Vec<(Value, Value)> = Vec::new();
        let mut put = |name: &str, value: Option<Value>| {
            members.extend(value.map(|value| (name.into(), value)));
        };
        let pair = |(start, end): (u64, u64)| Value::Array(vec![start.into(), end.into()]);
        match self {
            Self::Web { url, item, digest, span } => {
                put("url", Some(url.as_str().into()));
                put("item", item.map(Value::from));
                put("digest", digest.as_ref().map(bytes));
                put("span", span.map(pair));
            }
            Self::Entry { seq, claim, span } => {
                put("entry", Some((*seq).into()));
                put("claim", claim.map(Value::from));
                put("span", span.map(pair));
            }
        }
        Value::Map(members)
    }
}

impl Evidence {
    fn to_value(&self) -> Value {
        match self {
            Self::Hidden(hash) => Value::Map(vec![("...".into(), bytes(hash))]),
            Self::File { digest, size, media_type, name } => {
                let mut members: Vec<(Value, Value)> = vec![
                    ("digest".into(), bytes(digest)),
                    ("size".into(), (*size).into()),
                    ("type".into(), media_type.as_str().into()),
                ];
                members.extend(name.as_ref().map(|name| ("name".into(), name.as_str().into())));
                Value::Map(members)
            }
        }
    }
}

impl On {
    fn to_value(&self) -> Value {
        let feeds = self.feeds.iter().map(|feed| feed.as_str().into()).collect();
        Value::Map(vec![
            ("seq".into(), self.seq.into()),
            ("kind".into(), self.kind.as_str().into()),
            ("feeds".into(), Value::Array(feeds)),
        ])
    }
}

/// Returns the hash of the hidden value that `value` is: the map `{ "...": 32 bytes }` alone.
pub fn hidden(value: &Value) -> Option<Hash> {
    match value.as_map()?.as_slice() {
        [(Value::Text(name), Value::Bytes(bytes))] if name == "..." => Hash::from_slice(bytes),
        _ => None,
    }
}

/// Calls `each` with the hash of every hidden value in `value`, in the order of its encoding.
pub fn each_hidden(value: &Value, each: &mut impl FnMut(Hash)) {
    if let Some(hash) = hidden(value) {
        return each(hash);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_hidden(item, each)),
        Value::Map(members) => members.iter().for_each(|(_, item)| each_hidden(item, each)),
        _ => {}
    }
}

/// Returns the value of a [`When`] in a payload.
pub(crate) fn when_value(when: &When) -> Value {
    let mut members: Vec<(Value, Value)> = vec![("at".into(), when.at().into())];
    members.extend(when.zone().map(|zone| ("zone".into(), zone.into())));
    members.extend(when.presumed().map(|code| ("presumed".into(), code.as_str().into())));
    Value::Map(members)
}

/// Reads a [`When`].
pub(crate) fn when(value: &Value, place: &str) -> Shape<When> {
    let mut m = Members::of(value, place)?;
    let (at, zone, presumed) = (m.text("at")?, m.text_if("zone")?, m.parsed_if("presumed")?);
    m.finish()?;
    When::new(&at, zone.as_deref(), presumed)
        .map_err(|e| wrong(format!("{place}: a time of its grammar"), e.to_string()))
}

/// Returns the byte string of a digest.
pub(crate) fn bytes(hash: &Hash) -> Value {
    Value::Bytes(hash.0.to_vec())
}

fn feeds(value: &Value) -> Shape<Vec<(FeedId, Option<u64>)>> {
    shape::map(value, "feeds", 1, FEEDS_MAX)?
        .into_iter()
        .map(|(feed, link)| {
            let id = feed.parse().map_err(|e| wrong("feeds: a feed id", format!("{e}")))?;
            let link = if link.is_null() { None } else { Some(shape::uint(link, "feeds")?) };
            Ok((id, link))
        })
        .collect()
}

fn basis(value: &Value) -> Shape<Basis> {
    let mut m = Members::of(value, "basis")?;
    let basis = if m.has("stated") {
        let items = m.array("stated", 1, ITEMS_MAX)?;
        Basis::Stated(items.iter().map(citation).collect::<Shape<_>>()?)
    } else {
        let items = m.array("measured", 1, ITEMS_MAX)?;
        let digest = |v| shape::hash(v, "basis.measured");
        Basis::Measured(items.iter().map(digest).collect::<Shape<_>>()?)
    };
    m.finish()?;
    Ok(basis)
}

fn citation(value: &Value) -> Shape<Citation> {
    let mut m = Members::of(value, "citation")?;
    let span = match m.take("span") {
        None => None,
        Some(value) => {
            let pair = shape::array(value, "span", 2, 2)?;
            let (start, end) = (shape::uint(&pair[0], "span")?, shape::uint(&pair[1], "span")?);
            if start >= end {
                return Err(wrong("span: a start before its end", format!("[{start}, {end}]")));
            }
            Some((start, end))
        }
    };
    let citation = if m.has("url") {
        let (url, item, digest) = (m.text("url")?, m.uint_if("item")?, m.hash_if("digest")?);
        let http = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let clean =
            |rest: &str| !rest.is_empty() && !rest.contains(|c: char| c.is_control() || c == ' ');
        if !http.is_some_and(clean) || url.len() > URL_MAX {
            return Err(wrong("citation.url: an http or https URL", format!("{url:.80?}")));
        }
        if span.is_some() && digest.is_none() {
            return Err(wrong("citation: a digest beside a span", "no digest"));
        }
        Citation::Web { url, item, digest, span }
    } else {
        Citation::Entry { seq: m.uint("entry")?, claim: m.uint_if("claim")?, span }
    };
    m.finish()?;
    Ok(citation)
}

fn on(value: &Value) -> Shape<On> {
    let mut m = Members::of(value, "on")?;
    let (seq, kind) = (m.uint("seq")?, m.parsed("kind")?);
    let feeds = m.array("feeds", 1, FEEDS_MAX)?;
    let feeds = feeds.iter().map(|v| shape::parse(v, "on.feeds")).collect::<Shape<_>>()?;
    m.finish()?;
    Ok(On { seq, kind, feeds })
}

fn evidence(value: &Value) -> Shape<Evidence> {
    if let Some(hash) = hidden(value) {
        return Ok(Evidence::Hidden(hash));
    }
    let mut m = Members::of(value, "evidence")?;
    let (digest, size) = (m.hash("digest")?, m.uint("size")?);
    let (media_type, name) = (m.text("type")?, m.text_if("name")?);
    m.finish()?;
    if !is_media_type(&media_type) {
        return Err(wrong(
            "evidence.type: a media type without parameters",
            format!("{media_type:.80?}"),
        ));
    }
    let fits = |n: &String| {
        !n.is_empty() && n.len() <= 255 && !n.contains(|c: char| c == '/' || c.is_control())
    };
    if name.as_ref().is_some_and(|n| !fits(n)) {
        return Err(wrong(
            "evidence.name: a name of 1 to 255 bytes without /",
            format!("{name:.80?}"),
        ));
    }
    Ok(Evidence::File { digest, size, media_type, name })
}

/// Returns whether `text` is `type/subtype` of RFC 6838 §4.2 names, without parameters.
pub fn is_media_type(text: &str) -> bool {
    let name = |part: &str| {
        part.len() <= 127
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

fn limits(kind: &Kind, evidence: &[Evidence], body: &Value) -> Shape<()> {
    let mut count = evidence.iter().filter(|e| matches!(e, Evidence::Hidden(_))).count();
    each_hidden(body, &mut |_| count += 1);
    if count > ITEMS_MAX {
        return Err(wrong(format!("at most {ITEMS_MAX} hidden values"), count.to_string()));
    }
    if kind.as_str() == "seal.revealed" {
        let named = body.as_map().into_iter().flatten();
        let mut lists = named.filter(|(k, _)| k.as_text() == Some("disclosures"));
        let count = lists.next().and_then(|(_, v)| v.as_array()).map_or(0, Vec::len);
        if count > ITEMS_MAX {
            return Err(wrong(format!("at most {ITEMS_MAX} disclosures"), count.to_string()));
        }
    }
    Ok(())
}
