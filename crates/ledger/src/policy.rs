//! Policies: which logs a verifier knows, and whose cosignatures it asks for (C2SP tlog-policy).

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::note::{Checkpoint, NoteError, Purpose, Signed, Vkey};

/// A policy of C2SP tlog-policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Vkey>,
    witnesses: BTreeMap<String, Vkey>,
    urls: BTreeMap<String, String>,
    groups: BTreeMap<String, Group>,
    quorum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<String>,
}

/// A text that is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct PolicyError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// The group of cosigners that verify every entry before they cosign.
pub const VERIFIERS: &str = "verifiers";

impl Policy {
    /// Returns the keys of the logs.
    pub fn logs(&self) -> &[Vkey] {
        &self.logs
    }

    /// Returns the policy without its logs: what it asks of witnesses, and of nobody else.
    #[must_use]
    pub fn without_logs(&self) -> Self {
        Self { logs: Vec::new(), ..self.clone() }
    }

    /// Returns the keys of the witnesses, by name.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, &Vkey)> {
        self.witnesses.iter().map(|(name, vkey)| (name.as_str(), vkey))
    }

    /// Returns the prefix of the addresses at which the witness `name` is asked to cosign, if the
    /// policy states one.
    pub fn url(&self, name: &str) -> Option<&str> {
        self.urls.get(name).map(String::as_str)
    }

    /// Returns whether the policy asks for a quorum at all.
    pub fn asks(&self) -> bool {
        self.quorum.is_some()
    }

    /// Returns the earliest time, in seconds since 1970-01-01T00:00:00Z, at which the cosignatures
    /// of `checkpoint` dated up to it meet the quorum; `None` if they never do or none is asked.
    pub fn met(&self, checkpoint: &Checkpoint) -> Option<u64> {
        let times = self.times(checkpoint);
        self.reached(self.quorum.as_deref()?, &times)
    }

    /// Returns whether a key of the group `verifiers` cosigned `checkpoint`.
    pub fn verified(&self, checkpoint: &Checkpoint) -> bool {
        let times = self.times(checkpoint);
        let Some(group) = self.groups.get(VERIFIERS) else {
            return false;
        };
        group.members.iter().any(|member| self.reached(member, &times).is_some())
    }

    fn times(&self, checkpoint: &Checkpoint) -> BTreeMap<&str, u64> {
        let witnesses = self.witnesses.iter();
        witnesses
            .filter_map(|(name, vkey)| match checkpoint.signed_by(vkey) {
                Signed::Holds(time) => Some((name.as_str(), time)),
                Signed::Absent | Signed::Broken => None,
            })
            .collect()
    }

    /// Returns when `name`, a witness or group, is reached. Names are defined before their use, so
    /// this ends.
    fn reached(&self, name: &str, times: &BTreeMap<&str, u64>) -> Option<u64> {
        let Some(group) = self.groups.get(name) else {
            return times.get(name).copied();
        };
        let mut reached: Vec<u64> =
            group.members.iter().filter_map(|member| self.reached(member, times)).collect();
        reached.sort_unstable();
        reached.get(group.threshold.checked_sub(1)?).copied()
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        if text.lines().count() > LINES_MAX {
            let problem = format!("more than {LINES_MAX} lines");
            return Err(PolicyError { line: LINES_MAX + 1, problem });
        }
        let mut reader = Reader::default();
        for (index, line) in text.split('\n').enumerate() {
            let line_number = index + 1;
            let fault = |problem| PolicyError { line: line_number, problem };
            if !line.bytes().all(|b| matches!(b, b'\t' | 0x20..=0x7e | 0x80..)) {
                return Err(fault("only spaces and tabs separate words".to_owned()));
            }
            let words: Vec<&str> =
                line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                words => reader.line(words).map_err(fault)?,
            }
        }
        if reader.quorum_seen {
            Ok(reader.policy)
        } else {
            let line = text.lines().count().max(1);
            Err(PolicyError { line, problem: "no line says `quorum`".to_owned() })
        }
    }
}

/// The longest policy, in lines; it also bounds how deep groups can nest.
const LINES_MAX: usize = 1024;

#[derive(Default)]
struct Reader {
    policy: Policy,
    keys: BTreeSet<[u8; 32]>,
    grouped: BTreeSet<String>,
    quorum_seen: bool,
}

impl Reader {
    fn line(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["log", vkey] | ["log", vkey, _] => {
                let vkey = self.key(vkey, Purpose::Log)?;
                self.policy.logs.push(vkey);
                Ok(())
            }
            ["witness", name, vkey, url @ ..] if url.len() <= 1 => {
                self.fresh(name)?;
                let vkey = self.key(vkey, Purpose::Cosignature)?;
                self.policy.witnesses.insert((*name).to_owned(), vkey);
                let urls = url.iter().map(|&url| ((*name).to_owned(), url.to_owned()));
                self.policy.urls.extend(urls);
                Ok(())
            }
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] if !self.quorum_seen => {
                self.quorum_seen = true;
                if *name != "none" {
                    self.defined(name)?;
                    self.policy.quorum = Some((*name).to_owned());
                }
                Ok(())
            }
            ["quorum", _] => Err("a second `quorum`".to_owned()),
            // What else stands in the file is not quoted: it may be a secret.
            _ => Err("expected log, witness, group or quorum, found something else".to_owned()),
        }
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), String> {
        self.fresh(name)?;
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number if number.bytes().all(|b| b.is_ascii_digit()) => {
                number.parse().map_err(|_| format!("{number:.20?} is no threshold"))?
            }
            other => return Err(format!("{other:.20?} is no threshold")),
        };
        if threshold == 0 || threshold > members.len() {
            return Err(format!("a threshold of {threshold} among {} members", members.len()));
        }
        for member in members {
            self.defined(member)?;
            if !self.grouped.insert((*member).to_owned()) {
                return Err(format!("{member:.80?} is a member of two groups"));
            }
        }
        let members = members.iter().map(|&member| member.to_owned()).collect();
        self.policy.groups.insert(name.to_owned(), Group { threshold, members });
        Ok(())
    }

    fn key(&mut self, vkey: &str, purpose: Purpose) -> Result<Vkey, String> {
        let vkey: Vkey = vkey.parse().map_err(|e: NoteError| format!("expected {}", e.expected))?;
        if vkey.purpose() != purpose {
            return Err(format!("the key of {:.80?} has the wrong type", vkey.name()));
        }
        if !self.keys.insert(vkey.key().to_bytes()) {
            return Err(format!("the public key of {:.80?} stands twice", vkey.name()));
        }
        Ok(vkey)
    }

    fn fresh(&self, name: &str) -> Result<(), String> {
        if name == "none" || self.known(name) {
            Err(format!("the name {name:.80?} is taken"))
        } else {
            Ok(())
        }
    }

    fn defined(&self, name: &str) -> Result<(), String> {
        if self.known(name) { Ok(()) } else { Err(format!("{name:.80?} is not defined above")) }
    }

    fn known(&self, name: &str) -> bool {
        self.policy.witnesses.contains_key(name) || self.policy.groups.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::hash::Hash;
    use crate::key::PublicKey;

    fn witness(n: u8) -> (SigningKey, Vkey) {
        let key = SigningKey::from_bytes(&[n; 32]);
        let vkey = Vkey::new(&format!("w{n}.example"), Purpose::Cosignature, PublicKey::from(&key));
        (key, vkey.unwrap())
    }

    fn policy(tail: &str) -> Result<Policy, PolicyError> {
        let witnesses = [1, 2, 3].map(|n| format!("witness w{n} {}\n", witness(n).1)).concat();
        format!("# a policy\n{witnesses}{tail}").parse()
    }

    #[test]
    fn a_quorum_is_met_by_its_threshold_at_the_latest_time_it_needs() {
        let policy =
            policy("group verifiers 2 w1 w2\ngroup q all verifiers w3\nquorum q\n").unwrap();
        let origin = "ledger.example".parse().unwrap();
        let mut checkpoint =
            Checkpoint::sign(&origin, 1, Hash::of(b""), &SigningKey::from_bytes(&[9; 32]));
        for (n, time) in [(1, 100), (3, 300)] {
            checkpoint.cosign(&format!("w{n}.example"), time, &witness(n).0).unwrap();
        }
        assert_eq!(policy.met(&checkpoint), None);
        assert!(policy.verified(&checkpoint));
        checkpoint.cosign("w2.example", 200, &witness(2).0).unwrap();
        assert_eq!(policy.met(&checkpoint), Some(300));
    }

    #[test]
    fn what_is_not_a_policy_is_refused_with_its_line() {
        for (tail, line) in [
            ("", 4),
            ("quorum w4\n", 5),
            ("quorum none\nquorum none\n", 6),
            ("group g 3 w1 w2\nquorum g\n", 5),
            ("group g 0 w1\nquorum g\n", 5),
            ("group a any w1\ngroup b any w1\nquorum b\n", 6),
            ("group w1 any w2\nquorum w1\n", 5),
            ("elect w1\nquorum none\n", 5),
            ("group none any w1\nquorum none", 5),
        ] {
            assert_eq!(policy(tail).unwrap_err().line, line, "{tail:?}");
        }
        let twice = format!("witness x {}\nquorum none\n", witness(1).1);
        let at = format!("witness w4 {} https://w4.example/ more\nquorum none\n", witness(4).1);
        assert_eq!(policy(&at).unwrap_err().line, 5);
        let at = policy(&at.replace(" more", "")).unwrap();
        assert_eq!((at.url("w4"), at.url("w1")), (Some("https://w4.example/"), None));
        assert!(policy(&twice).is_err());
        assert!(policy("quorum none\n").is_ok());
    }
}
