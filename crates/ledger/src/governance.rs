//! The bodies of `ledger.*`: genesis, roles, keys and the end (FORMAT.md, "The ledger's own
//! entries"). They are the only bodies besides `heads` that verification interprets.

use std::collections::{BTreeMap, BTreeSet};

use ciborium::Value;

use crate::fault::Fault;
use crate::hash::Hash;
use crate::key::{ALGORITHM, PublicKey};
use crate::name::{FeedId, Kind, Origin, Pattern, Role};
use crate::payload::{self, ITEMS_MAX};
use crate::shape::{self, Members, Shape, wrong};
use crate::time::When;

/// The most roles of a table, and the most patterns of a role.
pub const ROLES_MAX: usize = 64;

/// The table of roles: what each role may sign.
pub type Roles = BTreeMap<Role, Vec<Pattern>>;

/// Whether an organisation records itself or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An organisation records itself.
    Own,
    /// An organisation or person records another from public sources.
    Observer,
}

impl Standing {
    /// Returns the word that stands in genesis.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Observer => "observer",
        }
    }
}

/// Who keeps the ledger, in the operator's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The name of the organisation.
    pub name: String,
    /// Its unique id in the CCADB.
    pub ca_owner: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

/// A key as an entry grants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The public key, proven fit.
    pub key: PublicKey,
    /// Its roles, 1 to 64, without repeats.
    pub roles: BTreeSet<Role>,
    /// Whose key it is, in the operator's words.
    pub name: Option<String>,
    /// The thumbprint of its successor, kept offline; on operator keys only.
    pub next: Option<Hash>,
}

/// The ledger that this one continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    /// Its origin.
    pub origin: Origin,
    /// The id of its genesis.
    pub id: Hash,
    /// Its size at the end, at least 1.
    pub size: u64,
    /// Its root at that size.
    pub root: Hash,
}

/// The body of `ledger.genesis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Whether the owner records itself.
    pub standing: Standing,
    /// Who keeps the ledger.
    pub owner: Owner,
    /// The first keys, 1 to 64.
    pub keys: Vec<Key>,
    /// The first table of roles.
    pub roles: Roles,
    /// The ledger that this one continues.
    pub predecessor: Option<Predecessor>,
}

/// The revocation of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The thumbprint of the key.
    pub kid: Hash,
    /// Why.
    pub why: String,
    /// Since when the operator holds it compromised.
    pub compromised: Option<When>,
}

/// The body of a `ledger.*` entry or of `heads`, or that the body is another kind's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Governance {
    /// `ledger.genesis`.
    Genesis(Box<Genesis>),
    /// `ledger.roles`.
    Roles(Roles),
    /// `ledger.key` with the action `granted`.
    Granted(Key),
    /// `ledger.key` with the action `revoked`.
    Revoked(Revocation),
    /// `ledger.key` with the action `succeeded`.
    Succeeded(Box<Succession>),
    /// `ledger.closed`.
    Closed,
    /// `heads`: the last position in each feed named.
    Heads(BTreeMap<FeedId, u64>),
    /// Any other kind, whose body verification does not interpret.
    Other,
}

/// The body of `ledger.key` with the action `succeeded`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The thumbprint of the operator key that ends.
    pub kid: Hash,
    /// Its successor, which signs the entry.
    pub key: Key,
    /// Since when the operator holds the old key compromised.
    pub compromised: Option<When>,
    /// Further keys that end with it.
    pub revoked: Vec<Revocation>,
    /// Further keys that begin with it.
    pub granted: Vec<Key>,
}

impl Governance {
    /// Reads the body of an entry of `kind`.
    ///
    /// # Errors
    ///
    /// Fails with `payload-members` on a body of `ledger.*` or `heads` that is not of its shape,
    /// on a key that breaks a rule by itself, and on a kind of `ledger.*` that this version does
    /// not know.
    pub fn read(kind: &Kind, body: &Value) -> Result<Self, Fault> {
        if !kind.is_ledger() && kind.as_str() != "heads" {
            return Ok(Self::Other);
        }
        let mut hidden = 0;
        payload::each_hidden(body, &mut |_| hidden += 1);
        if hidden > 0 {
            return Err(wrong(format!("body: no hidden values in {kind}"), hidden.to_string()));
        }
        let mut m = Members::of(body, "body")?;
        if kind.is_ledger() {
            m.take("info").map(|info| shape::map(info, "body.info", 0, usize::MAX)).transpose()?;
        }
        let governance = match kind.as_str() {
            "ledger.genesis" => Self::Genesis(Box::new(genesis(&mut m)?)),
            "ledger.roles" => Self::Roles(roles(m.need("roles")?)?),
            "ledger.key" => key_action(&mut m)?,
            "ledger.closed" => closed(&mut m)?,
            "heads" => Self::Heads(heads(m.need("heads")?)?),
            _ => {
                let found = format!("{kind}: written by a newer version");
                return Err(wrong("kind: a kind of ledger.* that this version knows", found));
            }
        };
        m.finish()?;
        Ok(governance)
    }
}

impl Key {
    /// Returns the value that stands for the key in a body.
    pub fn to_value(&self) -> Value {
        let roles = self.roles.iter().map(|role| role.as_str().into()).collect();
        let mut members: Vec<(Value, Value)> = vec![
            ("alg".into(), ALGORITHM.into()),
            ("key".into(), Value::Bytes(self.key.to_bytes().to_vec())),
            ("roles".into(), Value::Array(roles)),
        ];
        members.extend(self.name.as_ref().map(|name| ("name".into(), name.as_str().into())));
        members.extend(self.next.as_ref().map(|next| ("next".into(), payload::bytes(next))));
        Value::Map(members)
    }

    /// Returns whether the key holds `role`.
    pub fn holds(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held.as_str() == role)
    }

    fn read(value: &Value) -> Shape<Self> {
        let mut m = Members::of(value, "key")?;
        let algorithm = m.need("alg")?;
        if *algorithm != Value::from(ALGORITHM) {
            return Err(wrong("key.alg: -19", shape::describe(algorithm)));
        }
        let x = m.hash("key")?;
        let key = PublicKey::from_bytes(&x.0)
            .map_err(|e| wrong("key.key: a fit Ed25519 key", format!("{x}: {e}")))?;
        let listed = m.array("roles", 1, ROLES_MAX)?;
        let roles: BTreeSet<Role> =
            listed.iter().map(|v| shape::parse(v, "key.roles")).collect::<Shape<_>>()?;
        let key = Self { key, roles, name: m.text_if("name")?, next: m.hash_if("next")? };
        m.finish()?;
        if key.roles.len() != listed.len() {
            return Err(wrong("key.roles: no repeats", "a role named twice"));
        }
        if key.holds(Role::CHECKPOINT) && key.roles.len() > 1 {
            return Err(wrong("key.roles: checkpoint alone", "checkpoint beside another role"));
        }
        if key.next.is_some() && !key.holds(Role::OPERATOR) {
            return Err(wrong("key.next: on operator keys only", "a key without that role"));
        }
        Ok(key)
    }
}

/// Returns the value that stands for a table of roles in a body.
pub fn roles_value(roles: &Roles) -> Value {
    let row = |(role, patterns): (&Role, &Vec<Pattern>)| {
        let patterns = patterns.iter().map(|pattern| pattern.as_str().into()).collect();
        (role.as_str().into(), Value::Array(patterns))
    };
    Value::Map(roles.iter().map(row).collect())
}

fn genesis(m: &mut Members<'_>) -> Shape<Genesis> {
    let standing = match m.text("standing")?.as_str() {
        "own" => Standing::Own,
        "observer" => Standing::Observer,
        other => {
            return Err(wrong("body.standing: own or observer", format!("{other:.40?}")));
        }
    };
    let mut o = Members::of(m.need("owner")?, "body.owner")?;
    let owner =
        Owner { name: o.text("name")?, ca_owner: o.text_if("ca_owner")?, url: o.text_if("url")? };
    o.finish()?;
    let keys = m.array("keys", 1, ITEMS_MAX)?;
    let keys = keys.iter().map(Key::read).collect::<Shape<_>>()?;
    let roles = roles(m.need("roles")?)?;
    let predecessor = m.take("predecessor").map(predecessor).transpose()?;
    Ok(Genesis { standing, owner, keys, roles, predecessor })
}

fn predecessor(value: &Value) -> Shape<Predecessor> {
    let mut p = Members::of(value, "body.predecessor")?;
    let (origin, id) = (p.parsed("origin")?, p.hash("id")?);
    let (size, root) = (p.uint("size")?, p.hash("root")?);
    p.finish()?;
    if size == 0 {
        return Err(wrong("body.predecessor.size: at least 1", "0"));
    }
    Ok(Predecessor { origin, id, size, root })
}

fn roles(value: &Value) -> Shape<Roles> {
    let row = |(role, patterns): (&str, &Value)| {
        let role: Role = role.parse().map_err(|e| wrong("body.roles: a role", format!("{e}")))?;
        if matches!(role.as_str(), Role::OPERATOR | Role::CHECKPOINT) {
            return Err(wrong("body.roles: neither operator nor checkpoint", role.to_string()));
        }
        let patterns = shape::array(patterns, "body.roles", 1, ROLES_MAX)?;
        let patterns =
            patterns.iter().map(|v| shape::parse(v, "body.roles")).collect::<Shape<_>>()?;
        Ok((role, patterns))
    };
    shape::map(value, "body.roles", 1, ROLES_MAX)?.into_iter().map(row).collect()
}

fn key_action(m: &mut Members<'_>) -> Shape<Governance> {
    match m.text("action")?.as_str() {
        "granted" => Ok(Governance::Granted(Key::read(m.need("key")?)?)),
        "revoked" => Ok(Governance::Revoked(revocation(m)?)),
        "succeeded" => Ok(Governance::Succeeded(Box::new(succession(m)?))),
        other => {
            let found = format!("{other:.40?}: written by a newer version");
            Err(wrong("body.action: granted, revoked or succeeded", found))
        }
    }
}

fn revocation(m: &mut Members<'_>) -> Shape<Revocation> {
    Ok(Revocation { kid: m.hash("kid")?, why: m.text("why")?, compromised: compromised(m)? })
}

fn compromised(m: &mut Members<'_>) -> Shape<Option<When>> {
    m.take("compromised").map(|value| payload::when(value, "body.compromised")).transpose()
}

fn succession(m: &mut Members<'_>) -> Shape<Succession> {
    let (kid, key) = (m.hash("kid")?, Key::read(m.need("key")?)?);
    if !key.holds(Role::OPERATOR) {
        return Err(wrong("body.key.roles: operator among them", "a successor without it"));
    }
    let compromised = compromised(m)?;
    let mut revoked = Vec::new();
    if m.has("revoked") {
        for value in m.array("revoked", 1, ITEMS_MAX)? {
            let mut r = Members::of(value, "body.revoked")?;
            revoked.push(revocation(&mut r)?);
            r.finish()?;
        }
    }
    let mut granted = Vec::new();
    if m.has("granted") {
        // The successor is a key of this entry too.
        for value in m.array("granted", 1, ITEMS_MAX - 1)? {
            granted.push(Key::read(value)?);
        }
    }
    Ok(Succession { kid, key, compromised, revoked, granted })
}

fn closed(m: &mut Members<'_>) -> Shape<Governance> {
    m.text("why")?;
    if let Some(value) = m.take("successor") {
        let mut s = Members::of(value, "body.successor")?;
        s.parsed::<Origin>("origin")?;
        s.hash("id")?;
        s.finish()?;
    }
    Ok(Governance::Closed)
}

fn heads(value: &Value) -> Shape<BTreeMap<FeedId, u64>> {
    let row = |(feed, seq): (&str, &Value)| {
        let feed = feed.parse().map_err(|e| wrong("body.heads: a feed id", format!("{e}")))?;
        Ok((feed, shape::uint(seq, "body.heads")?))
    };
    shape::map(value, "body.heads", 1, usize::MAX)?.into_iter().map(row).collect()
}

impl Genesis {
    /// Returns the body of `ledger.genesis`.
    pub fn to_value(&self) -> Value {
        let owner = &self.owner;
        let mut named: Vec<(Value, Value)> = vec![("name".into(), owner.name.as_str().into())];
        named.extend(owner.ca_owner.as_ref().map(|id| ("ca_owner".into(), id.as_str().into())));
        named.extend(owner.url.as_ref().map(|url| ("url".into(), url.as_str().into())));
        let mut members: Vec<(Value, Value)> = vec![
            ("standing".into(), self.standing.as_str().into()),
            ("owner".into(), Value::Map(named)),
            ("keys".into(), Value::Array(self.keys.iter().map(Key::to_value).collect())),
            ("roles".into(), roles_value(&self.roles)),
        ];
        if let Some(predecessor) = &self.predecessor {
            let p = predecessor;
            let value = Value::Map(vec![
                ("origin".into(), p.origin.as_str().into()),
                ("id".into(), payload::bytes(&p.id)),
                ("size".into(), p.size.into()),
                ("root".into(), payload::bytes(&p.root)),
            ]);
            members.push(("predecessor".into(), value));
        }
        Value::Map(members)
    }
}

/// Returns the body of `ledger.key` that grants `key`.
pub fn granted_value(key: &Key) -> Value {
    Value::Map(vec![("action".into(), "granted".into()), ("key".into(), key.to_value())])
}

impl Revocation {
    /// Returns the body of `ledger.key` that revokes the key.
    pub fn to_value(&self) -> Value {
        let mut members: Vec<(Value, Value)> = vec![
            ("action".into(), "revoked".into()),
            ("kid".into(), payload::bytes(&self.kid)),
            ("why".into(), self.why.as_str().into()),
        ];
        let since = self.compromised.as_ref().map(payload::when_value);
        members.extend(since.map(|since| ("compromised".into(), since)));
        Value::Map(members)
    }
}

/// Returns the body of `heads` that names the last position in each feed.
pub fn heads_value(heads: &BTreeMap<FeedId, u64>) -> Value {
    let heads = heads.iter().map(|(feed, seq)| (feed.as_str().into(), (*seq).into()));
    Value::Map(vec![("heads".into(), Value::Map(heads.collect()))])
}
