//! Signed notes, vkeys, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint and
//! tlog-cosignature; FORMAT.md, "Tree and checkpoints").

mod text;

pub use text::SignedText;

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};

use crate::hash::Hash;
use crate::key::PublicKey;
use crate::name::Origin;

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
        let key = PublicKey::from_bytes(bytes).map_err(|e| error("a fit key", e.to_string()))?;
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

/// A checkpoint: the origin, size and root of a ledger, and who signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    lines: Vec<SignatureLine>,
}

/// A signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// What the signature lines of a checkpoint say about one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// No line under its name and id.
    Absent,
    /// Every line under its name and id holds; of a cosignature, the earliest time in seconds
    /// since 1970-01-01T00:00:00Z.
    Holds(u64),
    /// A line under its name and id does not hold: the note is refused.
    Broken,
}

impl Checkpoint {
    /// Signs a checkpoint as the log `origin`.
    pub fn sign(origin: &Origin, size: u64, root: Hash, key: &SigningKey) -> Self {
        let mut checkpoint =
            Self { origin: origin.as_str().to_owned(), size, root, lines: Vec::new() };
        let vkey = Vkey::log(origin, PublicKey::from(key));
        let signature = key.sign(checkpoint.text().as_bytes()).to_vec();
        checkpoint.lines.push(SignatureLine { name: vkey.name.clone(), id: vkey.id(), signature });
        checkpoint
    }

    /// Adds the cosignature of `name` at `time`, in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// Fails if the name is not a key name.
    pub fn cosign(&mut self, name: &str, time: u64, key: &SigningKey) -> Result<(), NoteError> {
        let vkey = Vkey::new(name, Purpose::Cosignature, PublicKey::from(key))?;
        let signature = key.sign(&self.cosigned_bytes(time));
        let signature = [&time.to_be_bytes()[..], &signature.to_bytes()].concat();
        self.lines.push(SignatureLine { name: vkey.name.clone(), id: vkey.id(), signature });
        Ok(())
    }

    /// Returns the origin line.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the number of entries, at least 1.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root over those entries.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Returns whether the checkpoint is signed by the key of `vkey`.
    pub fn signed_by(&self, vkey: &Vkey) -> Signed {
        let id = vkey.id();
        let lines = self.lines.iter().filter(|line| line.name == vkey.name && line.id == id);
        lines.fold(Signed::Absent, |so_far, line| match (so_far, self.line_holds(line, vkey)) {
            (Signed::Broken, _) | (_, None) => Signed::Broken,
            (Signed::Absent, Some(time)) => Signed::Holds(time),
            (Signed::Holds(earlier), Some(time)) => Signed::Holds(earlier.min(time)),
        })
    }

    /// Returns the time of a line that holds; 0 for a log's signature, which has none.
    fn line_holds(&self, line: &SignatureLine, vkey: &Vkey) -> Option<u64> {
        match vkey.purpose {
            Purpose::Log => {
                let signature: &[u8; 64] = line.signature.as_slice().try_into().ok()?;
                vkey.key.holds(self.text().as_bytes(), signature).then_some(0)
            }
            Purpose::Cosignature => {
                let (time, signature) = line.signature.split_first_chunk::<8>()?;
                let signature: &[u8; 64] = signature.try_into().ok()?;
                let time = u64::from_be_bytes(*time);
                // A time of zero is no statement, and C2SP bounds times at 2^63 − 1.
                let dated = time != 0 && i64::try_from(time).is_ok();
                (dated && vkey.key.holds(&self.cosigned_bytes(time), signature)).then_some(time)
            }
        }
    }

    /// Returns the signed text: three lines, each with its newline.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    fn cosigned_bytes(&self, time: u64) -> Vec<u8> {
        format!("cosignature/v1\ntime {time}\n{}", self.text()).into_bytes()
    }
}

impl fmt::Display for Checkpoint {
    /// Writes the signed note, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text())?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = [&self.id[..], &self.signature].concat();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(signature))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_MAX {
            return Err(error("a note of at most 64 KiB", format!("{} bytes", note.len())));
        }
        if let Some(control) = note.chars().find(|c| *c < ' ' && *c != '\n') {
            return Err(error("no control characters but newlines", format!("{control:?}")));
        }
        let (text, signatures) = note
            .split_once("\n\n")
            .ok_or_else(|| error("a blank line before the signatures", "none"))?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root] = lines[..] else {
            return Err(error("three lines of text", format!("{} lines", lines.len())));
        };
        let decimal = !size.starts_with('0') && size.bytes().all(|b| b.is_ascii_digit());
        let number = size.parse().ok().filter(|n| decimal && *n < 1 << 53);
        let size = number.ok_or_else(|| error("a size of at least 1", format!("{size:.40?}")))?;
        let digest = STANDARD.decode(root).ok().and_then(|bytes| Hash::from_slice(&bytes));
        let root = digest.ok_or_else(|| error("a root of 32 bytes", format!("{root:.60?}")))?;
        if origin.is_empty() {
            return Err(error("an origin", "an empty line"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, lines: signature_lines(signatures)? })
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

    fn checkpoint() -> (Checkpoint, SigningKey, Origin) {
        let key = SigningKey::from_bytes(&[3; 32]);
        let origin: Origin = "ledger.example/incidents".parse().unwrap();
        (Checkpoint::sign(&origin, 7, Hash::of(b"root"), &key), key, origin)
    }

    /// The vector of C2SP signed-note, whose key signs a text that is not a checkpoint.
    #[test]
    fn the_vkey_of_the_specification_is_read_and_written_alike() {
        let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert_eq!(text.parse::<Vkey>().unwrap().to_string(), text);
        assert!(text.replace("530d", "530e").parse::<Vkey>().is_err());
        assert!(text.replace("foo", "f o").parse::<Vkey>().is_err());
    }

    #[test]
    fn a_signed_checkpoint_is_read_back_and_holds() {
        let (mut checkpoint, key, origin) = checkpoint();
        checkpoint
            .cosign("witness.example", 1_700_000_000, &SigningKey::from_bytes(&[4; 32]))
            .unwrap();
        let read: Checkpoint = checkpoint.to_string().parse().unwrap();
        assert_eq!(read, checkpoint);
        let log = Vkey::log(&origin, PublicKey::from(&key));
        assert_eq!(read.signed_by(&log), Signed::Holds(0));
        let witness = PublicKey::from(&SigningKey::from_bytes(&[4; 32]));
        let witness = Vkey::new("witness.example", Purpose::Cosignature, witness).unwrap();
        assert_eq!(read.signed_by(&witness), Signed::Holds(1_700_000_000));
        let other = Vkey::log(&origin, PublicKey::from(&SigningKey::from_bytes(&[5; 32])));
        assert_eq!(read.signed_by(&other), Signed::Absent);
    }

    #[test]
    fn a_line_that_does_not_hold_breaks_the_note() {
        let (checkpoint, key, origin) = checkpoint();
        let log = Vkey::log(&origin, PublicKey::from(&key));
        let altered: Checkpoint = checkpoint.to_string().replace("\n7\n", "\n8\n").parse().unwrap();
        assert_eq!(altered.signed_by(&log), Signed::Broken);
    }

    #[test]
    fn what_is_not_a_checkpoint_is_refused() {
        let good = checkpoint().0.to_string();
        for (from, to) in [
            ("\n7\n", "\n07\n"),
            ("\n7\n", "\n0\n"),
            ("\n7\n", "\n+7\n"),
            ("\n7\n", "\n7\nextension\n"),
            ("\n7\n", "\n7\r\n"),
            ("\n\n", "\n"),
            ("\u{2014} ", "- "),
            ("=\n\n", "\n\n"),
            ("ledger", "\nledger"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert!(bad.parse::<Checkpoint>().is_err(), "{from:?} to {to:?}");
        }
        assert!(good.trim_end().parse::<Checkpoint>().is_err());
        assert!("".parse::<Checkpoint>().is_err());
    }
}
