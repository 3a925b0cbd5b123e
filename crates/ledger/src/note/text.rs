//! Any text as a note of C2SP signed-note: what people, not logs, put their key to.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer, SigningKey};

use super::{NOTE_MAX, NoteError, Purpose, SignatureLine, Signed, Vkey, error, signature_lines};
use crate::key::PublicKey;

/// A text and the keys that signed it, as a note of C2SP signed-note: the text, a blank line, and
/// signature lines of type 0x01.
///
/// Its first line says what the text is, so that no text of one sort passes for another; none can
/// be taken for a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    text: String,
    lines: Vec<SignatureLine>,
}

impl SignedText {
    /// Signs a text under a key name.
    ///
    /// # Errors
    ///
    /// Fails if the name is not a key name, if the text is empty or does not end in a newline, if
    /// it holds other control characters, if it could be taken for a checkpoint, and if the note
    /// would be longer than 64 KiB.
    pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<Self, NoteError> {
        check(text)?;
        let vkey = Vkey::new(name, Purpose::Log, PublicKey::from(key))?;
        let signature = key.sign(text.as_bytes()).to_vec();
        let line = SignatureLine { name: vkey.name.clone(), id: vkey.id(), signature };
        let note = Self { text: text.to_owned(), lines: vec![line] };
        let length = note.to_string().len();
        if length > NOTE_MAX {
            return Err(error("a note of at most 64 KiB", format!("{length} bytes")));
        }
        Ok(note)
    }

    /// Returns the text, with its newline at the end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the key names of the signature lines, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.name.as_str())
    }

    /// Returns whether the text is signed by the key of `vkey`; a key that does not sign texts
    /// signs none.
    pub fn signed_by(&self, vkey: &Vkey) -> Signed {
        if vkey.purpose != Purpose::Log {
            return Signed::Absent;
        }
        let id = vkey.id();
        let mut lines = self.lines.iter().filter(|line| line.name == vkey.name && line.id == id);
        let holds = |line: &SignatureLine| {
            let signature: Option<&[u8; 64]> = line.signature.as_slice().try_into().ok();
            signature.is_some_and(|signature| vkey.key.holds(self.text.as_bytes(), signature))
        };
        match lines.next() {
            None => Signed::Absent,
            Some(first) if holds(first) && lines.all(holds) => Signed::Holds(0),
            Some(_) => Signed::Broken,
        }
    }
}

impl fmt::Display for SignedText {
    /// Writes the signed note, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for SignedText {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_MAX {
            return Err(error("a note of at most 64 KiB", format!("{} bytes", note.len())));
        }
        // The text may itself hold blank lines: the last one precedes the signatures.
        let at = note.rfind("\n\n");
        let at = at.ok_or_else(|| error("a blank line before the signatures", "none"))?;
        let (text, signatures) = (&note[..=at], &note[at + 2..]);
        check(text)?;
        Ok(Self { text: text.to_owned(), lines: signature_lines(signatures)? })
    }
}

fn check(text: &str) -> Result<(), NoteError> {
    if text.trim().is_empty() || !text.ends_with('\n') {
        return Err(error("a text that ends in a newline", format!("{text:.40?}")));
    }
    if let Some(control) = text.chars().find(|c| c.is_control() && *c != '\n') {
        return Err(error("no control characters but newlines", format!("{control:?}")));
    }
    let mut lines = text.lines();
    let size = lines.nth(1).is_some_and(|line| line.bytes().all(|b| b.is_ascii_digit()));
    if text.lines().count() == 3 && size && !text.contains("\n\n") {
        return Err(error("a text that is no checkpoint", "three lines with a size"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Checkpoint;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn vkey(name: &str, seed: u8) -> Vkey {
        let key = PublicKey::from(&SigningKey::from_bytes(&[seed; 32]));
        Vkey::new(name, Purpose::Log, key).unwrap()
    }

    #[test]
    fn a_signed_text_is_read_back_and_holds_under_its_key_alone() {
        let note = SignedText::sign("tally reply\n\nit was local time\n", "ca.example", &key());
        let note = note.unwrap();
        let read: SignedText = note.to_string().parse().unwrap();
        assert_eq!(read, note);
        assert_eq!(read.text(), "tally reply\n\nit was local time\n");
        assert_eq!(read.signed_by(&vkey("ca.example", 3)), Signed::Holds(0));
        assert_eq!(read.signed_by(&vkey("ca.example", 4)), Signed::Absent);
        assert_eq!(read.signed_by(&vkey("other.example", 3)), Signed::Absent);
        let altered: SignedText = note.to_string().replace("local", "other").parse().unwrap();
        assert_eq!(altered.signed_by(&vkey("ca.example", 3)), Signed::Broken);
    }

    #[test]
    fn what_could_be_a_checkpoint_or_steer_a_terminal_is_not_signed() {
        for text in ["", "\n", "no newline", "a\n7\nAAAA\n", "a\u{1b}[31m\n"] {
            assert!(SignedText::sign(text, "ca.example", &key()).is_err(), "{text:?}");
        }
        let origin = "ledger.example/x".parse().unwrap();
        let checkpoint = Checkpoint::sign(&origin, 7, crate::hash::Hash::of(b"root"), &key());
        assert!(checkpoint.to_string().parse::<SignedText>().is_err());
        let long = "x".repeat(NOTE_MAX) + "\n";
        assert!(SignedText::sign(&long, "ca.example", &key()).is_err());
    }
}
