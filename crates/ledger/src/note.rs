//! Signed notes, vkeys, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint and
//! tlog-cosignature; FORMAT.md, "Tree and checkpoints").

mod checkpoint;
mod text;

pub use checkpoint::{Checkpoint, Signed};
pub use text::SignedText;

use std::fmt;
use std::str::FromStr;

use crate::hash::Hash;
use crate::key::{PublicKey, UnfitKey};
use crate::name::Origin;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most bytes of a note.
pub const NOTE_MAX: usize = 64 * 1024;
/// The most signature lines of a note.
pub const SIGNATURES_MAX: usize = 64;

/// A text that is not a checkpoint, or not a vkey.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct NoteError {
    /// What C2SP asks for.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

fn error(expected: &'static str, found: impl Into<String>) -> NoteError {
    NoteError { expected, found: found.into() }
}

/// What a key of a note signs: C2SP signature types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// 0x01: Ed25519 over the text of the note; a log's own signature.
    Log,
    /// 0x04: a timestamped Ed25519 cosignature; a witness's or a mirror's.
    Cosignature,
}

impl Purpose {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A verifier key of C2SP signed-note: `name+hhhhhhhh+base64(type ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vkey {
    name: String,
    purpose: Purpose,
    key: PublicKey,
    id: [u8; 4],
}

impl Vkey {
    /// Returns the vkey of `key` under `name`.
    ///
    /// # Errors
    ///
    /// Fails if the name is empty or holds white space or `+`.
    pub fn new(name: &str, purpose: Purpose, key: PublicKey) -> Result<Self, NoteError> {
        if is_key_name(name) {
            Ok(Self::named(name, purpose, key))
        } else {
            Err(error("a key name without white space or +", format!("{name:.80?}")))
        }
    }

    /// Returns the vkey under which a log of that origin signs its checkpoints.
    pub fn log(origin: &Origin, key: PublicKey) -> Self {
        Self::named(origin.as_str(), Purpose::Log, key)
    }

    fn named(name: &str, purpose: Purpose, key: PublicKey) -> Self {
        let bytes = [name.as_bytes(), b"\n", &[purpose.byte()], &key.to_bytes()];
        let digest = Hash::of(&bytes.concat());
        let id = *digest.0.first_chunk().expect("a digest is longer than four bytes");
        Self { name: name.to_owned(), purpose, key, id }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the key signs.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Returns the public key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns the key id: the first four bytes of `SHA-256(name ‖ 0x0a ‖ type ‖ key)`.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.purpose.byte()][..], &self.key.to_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(key))
    }
}

impl FromStr for Vkey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let form = "a vkey, name+hhhhhhhh+base64";
        let fault = || error(form, format!("{:?}", text.chars().take(80).collect::<String>()));
        // The base64 part may itself hold a +.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fault());
        };
        let bytes = STANDARD.decode(key).map_err(|_| fault())?;
        let purpose = match bytes.first() {
            Some(0x01) => Purpose::Log,
            Some(0x04) => Purpose::Cosignature,
            Some(other) => {
                return Err(error("a key of type 0x01 or 0x04", format!("type {other:#04x}")));
            }
            None => return Err(fault()),
        };
        let bytes: &[u8; 32] = bytes[1..].try_into().map_err(|_| fault())?;
        let key = PublicKey::from_bytes(bytes).map_err(|e| {
            let found = match e {
                UnfitKey::NotAPoint => "bytes that are no point of the curve, as it is encoded",
                UnfitKey::SmallOrder => "a point outside the prime-order subgroup, or the identity",
            };
            error("a fit key", found)
        })?;
        let vkey = Self::new(name, purpose, key)?;
        if hex::encode(vkey.id()) == id {
            Ok(vkey)
        } else {
            Err(error("the key id of its own name and key", format!("the key id {id:.20}")))
        }
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c.is_control())
}

/// A signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = [&self.id[..], &self.signature].concat();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(signature))
    }
}

/// Reads what follows the blank line of a note: at least one signature line, each with its newline.
fn signature_lines(text: &str) -> Result<Vec<SignatureLine>, NoteError> {
    let body = text.strip_suffix('\n').ok_or_else(|| error("a newline at the end", "none"))?;
    let lines = body.split('\n').map(str::parse).collect::<Result<Vec<_>, _>>()?;
    if lines.len() > SIGNATURES_MAX {
        return Err(error("at most 64 signature lines", lines.len().to_string()));
    }
    Ok(lines)
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let fault = || error("a signature line, — name base64", format!("{line:.80?}"));
        let rest = line.strip_prefix("\u{2014} ").ok_or_else(fault)?;
        let (name, signature) = rest.split_once(' ').ok_or_else(fault)?;
        let bytes = STANDARD.decode(signature).map_err(|_| fault())?;
        match bytes.split_first_chunk::<4>() {
            Some((id, signature)) if is_key_name(name) && !signature.is_empty() => {
                Ok(Self { name: name.to_owned(), id: *id, signature: signature.to_vec() })
            }
            _ => Err(fault()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of C2SP signed-note, whose key signs a text that is not a checkpoint.
    #[test]
    fn the_vkey_of_the_specification_is_read_and_written_alike() {
        let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert_eq!(text.parse::<Vkey>().unwrap().to_string(), text);
        assert!(text.replace("530d", "530e").parse::<Vkey>().is_err());
        assert!(text.replace("foo", "f o").parse::<Vkey>().is_err());
    }
}
