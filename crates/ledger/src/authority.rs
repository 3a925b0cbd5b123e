//! Who may sign what, decided by position in the chain (FORMAT.md, "Authority").

use std::collections::BTreeMap;

use crate::fault::{Code, Fault};
use crate::governance::{Governance, Key, Revocation, Roles, Succession};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::name::{Kind, Origin, Role};
use crate::note::Vkey;
use crate::time::When;

/// The most keys that a ledger may ever grant.
pub const KEYS_MAX: usize = 1024;

/// A key in the table of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key as it was granted.
    pub key: Key,
    /// The position of the entry that granted it.
    pub granted: u64,
    /// The position of the entry that revoked it.
    pub revoked: Option<u64>,
    /// Since when the operator holds it compromised: entries of this key that were not witnessed
    /// before are marked, and count in full.
    pub compromised: Option<When>,
}

/// The tables of keys and roles after some entry.
#[derive(Debug, Clone, Default)]
pub struct Authority {
    keys: BTreeMap<Hash, KeyRecord>,
    roles: Roles,
    /// The vkeys of the live checkpoint keys: every checkpoint is held against them.
    vkeys: Vec<Vkey>,
    /// The position of `ledger.closed`.
    closed: Option<u64>,
    /// The position and signer of the last succession.
    succeeded: Option<(u64, Hash)>,
}

impl Authority {
    /// Returns every key ever granted, by thumbprint.
    pub fn keys(&self) -> &BTreeMap<Hash, KeyRecord> {
        &self.keys
    }

    /// Returns the table of roles.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Returns the position of `ledger.closed`, if the ledger is closed.
    pub fn closed(&self) -> Option<u64> {
        self.closed
    }

    /// Returns the vkeys of the keys that hold `checkpoint` now.
    pub fn checkpoint_vkeys(&self) -> &[Vkey] {
        &self.vkeys
    }

    /// Returns the vkeys of the checkpoint keys that were revoked and are not held compromised:
    /// what they signed the operator signed.
    pub fn retired_vkeys(&self, origin: &Origin) -> Vec<Vkey> {
        let retired = self.keys.values().filter(|record| {
            let compromised = record.compromised.is_some();
            record.revoked.is_some() && !compromised && record.key.holds(Role::CHECKPOINT)
        });
        retired.map(|record| Vkey::log(origin, record.key.key)).collect()
    }

    /// Returns whether one of the roles that `kid` was granted covers `kind`.
    pub fn covers(&self, kid: &Hash, kind: &Kind) -> bool {
        let Some(record) = self.keys.get(kid) else {
            return false;
        };
        if kind.is_ledger() {
            return record.key.holds(Role::OPERATOR);
        }
        let patterns = record.key.roles.iter().filter_map(|role| self.roles.get(role)).flatten();
        patterns.into_iter().any(|pattern| pattern.covers(kind))
    }

    /// Finds the key that signed the entry `seq`: the step `key`.
    ///
    /// # Errors
    ///
    /// Fails unless an earlier entry granted the key and none revoked it; a genesis and a
    /// succession bring their own.
    pub fn signer(&self, seq: u64, kid: &Hash, body: &Governance) -> Result<PublicKey, Fault> {
        let fault = |expected: &str, found: String| Err(Fault::new(Code::Key, expected, found));
        if seq == 0 {
            let Governance::Genesis(genesis) = body else {
                return fault("a key of genesis itself", format!("{kid}"));
            };
            let own = genesis.keys.iter().find(|key| key.key.thumbprint() == *kid);
            return own.map_or_else(
                || fault("a key of genesis itself", format!("{kid}")),
                |key| Ok(key.key),
            );
        }
        if let Governance::Succeeded(succession) = body {
            return self.successor(kid, succession);
        }
        match self.keys.get(kid) {
            None => fault("a key granted by an earlier entry", format!("{kid}, never granted")),
            Some(KeyRecord { revoked: Some(at), .. }) => {
                fault("a key that is not revoked", format!("{kid}, revoked by entry {at}"))
            }
            Some(record) => Ok(record.key.key),
        }
    }

    fn successor(&self, kid: &Hash, succession: &Succession) -> Result<PublicKey, Fault> {
        let thumbprint = succession.key.key.thumbprint();
        if thumbprint != *kid {
            let expected = format!("the successor {thumbprint} to sign its own succession");
            return Err(Fault::new(Code::Key, expected, kid.to_string()));
        }
        let named = self.keys.get(&succession.kid).filter(|record| record.revoked.is_none());
        if named.and_then(|record| record.key.next) != Some(thumbprint) {
            let expected = format!("a live operator key whose next is {thumbprint}");
            return Err(Fault::new(Code::Key, expected, succession.kid.to_string()));
        }
        Ok(succession.key.key)
    }

    /// Checks that `kid` may sign the entry `seq`: the step `authority`.
    ///
    /// # Errors
    ///
    /// Fails if no role of the key covers the kind, if genesis stands anywhere but at 0, and by
    /// the rules of closing.
    pub fn permit(
        &self,
        seq: u64,
        kid: &Hash,
        kind: &Kind,
        body: &Governance,
    ) -> Result<(), Fault> {
        let fault =
            |expected: &str, found: String| Err(Fault::new(Code::Authority, expected, found));
        if (seq == 0) != (kind.as_str() == "ledger.genesis") {
            return fault("ledger.genesis at seq 0 and only there", format!("{kind} at seq {seq}"));
        }
        if let Some(at) = self.closed.filter(|_| kind.as_str() != "heads") {
            return fault(
                "nothing but heads after the end",
                format!("{kind}, closed by entry {at}"),
            );
        }
        match body {
            Governance::Genesis(genesis) => {
                let own = genesis.keys.iter().find(|key| key.key.thumbprint() == *kid);
                if own.is_some_and(|key| key.holds(Role::OPERATOR)) {
                    Ok(())
                } else {
                    fault("an operator to sign genesis", format!("{kid}, without that role"))
                }
            }
            Governance::Succeeded(_) => Ok(()),
            Governance::Closed
                if self.next_carried() && self.succeeded != Some((seq - 1, *kid)) =>
            {
                fault("a succession by the same signer directly before", "none".to_owned())
            }
            _ if self.covers(kid, kind) => Ok(()),
            _ => fault("a role that covers the kind", format!("{kind} by {kid}")),
        }
    }

    /// Applies the entry `seq` to the tables: the step `effect`.
    ///
    /// # Errors
    ///
    /// Fails if the change to the tables of keys is not allowed; the tables are then in no
    /// particular state, and verification ends.
    pub fn apply(&mut self, origin: &Origin, seq: u64, body: &Governance) -> Result<(), Fault> {
        match body {
            Governance::Genesis(genesis) => {
                self.roles.clone_from(&genesis.roles);
                genesis.keys.iter().try_for_each(|key| self.grant(seq, key, None))?;
            }
            Governance::Roles(roles) => self.roles.clone_from(roles),
            Governance::Granted(key) => {
                self.guard(key.holds(Role::OPERATOR) || key.holds(Role::CHECKPOINT))?;
                self.grant(seq, key, None)?;
            }
            Governance::Revoked(revocation) => {
                let record = self.keys.get(&revocation.kid);
                let guarded = |key: &Key| key.holds(Role::OPERATOR) || key.holds(Role::CHECKPOINT);
                self.guard(record.is_some_and(|record| guarded(&record.key)))?;
                self.revoke(seq, revocation)?;
            }
            Governance::Succeeded(succession) => self.succeed(seq, succession)?,
            Governance::Closed => self.closed = Some(seq),
            Governance::Heads(_) | Governance::Other => return Ok(()),
        }
        self.remaining(origin)?;
        let live = self.live().filter(|record| record.key.holds(Role::CHECKPOINT));
        self.vkeys = live.map(|record| Vkey::log(origin, record.key.key)).collect();
        Ok(())
    }

    fn live(&self) -> impl Iterator<Item = &KeyRecord> {
        self.keys.values().filter(|record| record.revoked.is_none())
    }

    /// Returns whether any live operator key carries `next`.
    fn next_carried(&self) -> bool {
        self.live().any(|record| record.key.next.is_some())
    }

    /// Refuses to touch an operator or checkpoint key outside a succession while one is prepared.
    fn guard(&self, guarded: bool) -> Result<(), Fault> {
        if guarded && self.next_carried() {
            let expected =
                "operator and checkpoint keys to change by succession, as a next is named";
            return Err(effect(expected, "another action"));
        }
        Ok(())
    }

    fn grant(&mut self, seq: u64, key: &Key, succeeds: Option<Hash>) -> Result<(), Fault> {
        let kid = key.key.thumbprint();
        if self.keys.contains_key(&kid) {
            return Err(effect("a public key to be granted once, ever", format!("{kid} again")));
        }
        if self.keys.len() >= KEYS_MAX {
            return Err(effect(format!("at most {KEYS_MAX} keys ever"), "one more"));
        }
        let named = |next: &Hash| {
            self.keys
                .iter()
                .any(|(of, record)| record.key.next.as_ref() == Some(next) && Some(*of) != succeeds)
        };
        if named(&kid) {
            return Err(effect("a key that no next names, but by its succession", kid.to_string()));
        }
        if let Some(next) = key.next {
            let taken = self.keys.values().any(|record| record.key.next == Some(next));
            if taken || next == kid || self.keys.contains_key(&next) {
                let expected = "a next that is neither a granted key nor another's next";
                return Err(effect(expected, next.to_string()));
            }
        }
        let record = KeyRecord { key: key.clone(), granted: seq, revoked: None, compromised: None };
        self.keys.insert(kid, record);
        Ok(())
    }

    fn revoke(&mut self, seq: u64, revocation: &Revocation) -> Result<(), Fault> {
        let kid = revocation.kid;
        match self.keys.get_mut(&kid) {
            None => Err(effect("a granted key to revoke", format!("{kid}, never granted"))),
            Some(KeyRecord { revoked: Some(at), .. }) => Err(effect(
                "a key that is not revoked yet",
                format!("{kid}, revoked by entry {at}"),
            )),
            Some(record) => {
                record.revoked = Some(seq);
                record.compromised.clone_from(&revocation.compromised);
                Ok(())
            }
        }
    }

    fn succeed(&mut self, seq: u64, succession: &Succession) -> Result<(), Fault> {
        let ended = Revocation {
            kid: succession.kid,
            why: String::new(),
            compromised: succession.compromised.clone(),
        };
        self.grant(seq, &succession.key, Some(succession.kid))?;
        self.revoke(seq, &ended)?;
        succession.revoked.iter().try_for_each(|revocation| self.revoke(seq, revocation))?;
        succession.granted.iter().try_for_each(|key| self.grant(seq, key, None))?;
        self.succeeded = Some((seq, succession.key.key.thumbprint()));
        Ok(())
    }

    /// Checks what must be true of the tables after every change.
    fn remaining(&self, origin: &Origin) -> Result<(), Fault> {
        for role in [Role::OPERATOR, Role::CHECKPOINT] {
            if !self.live().any(|record| record.key.holds(role)) {
                return Err(effect(format!("at least one {role} key to remain"), "none"));
            }
        }
        let all = self.keys.values().filter(|record| record.key.holds(Role::CHECKPOINT));
        let mut ids: Vec<_> = all.map(|record| Vkey::log(origin, record.key.key).id()).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            None => Ok(()),
            Some(pair) => {
                let found = format!("{} twice", hex::encode(pair[0]));
                Err(effect("checkpoint keys with different C2SP key ids", found))
            }
        }
    }
}

fn effect(expected: impl Into<String>, found: impl Into<String>) -> Fault {
    Fault::new(Code::Effect, expected, found)
}
