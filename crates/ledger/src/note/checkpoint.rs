//! Checkpoints: the size and root of a log, signed by it and cosigned by others (C2SP
//! tlog-checkpoint and tlog-cosignature).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};

use super::{
    NOTE_MAX, NoteError, Purpose, SIGNATURES_MAX, SignatureLine, Vkey, error, signature_lines,
};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::name::Origin;

/// A checkpoint: the origin, size and root of a ledger, and who signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    /// The lines after the root, each with its newline. A ledger's checkpoint has none.
    extension: String,
    lines: Vec<SignatureLine>,
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
        let (origin_line, extension) = (origin.as_str().to_owned(), String::new());
        let mut checkpoint = Self { origin: origin_line, size, root, extension, lines: Vec::new() };
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

    /// Takes over lines of `other`, a checkpoint of the same text: for each of `keys` that has no
    /// line here the earliest that holds. One is enough, and more would leave no room for those of
    /// others. Returns how many.
    pub fn join(&mut self, other: &Self, keys: &[Vkey]) -> usize {
        if self.text() != other.text() {
            return 0;
        }
        let before = self.lines.len();
        for key in keys {
            let of_key = |line: &&SignatureLine| line.name == key.name() && line.id == key.id();
            if self.lines.iter().any(|line| of_key(&line)) || self.lines.len() >= SIGNATURES_MAX {
                continue;
            }
            let lines = other.lines.iter().filter(of_key);
            let held = lines.filter_map(|line| Some((self.line_holds(line, key)?, line)));
            self.lines.extend(held.min_by_key(|(time, _)| *time).map(|(_, line)| line.clone()));
        }
        self.lines.len() - before
    }

    /// Returns this checkpoint with the lines of `other`, one of the same text, after its own:
    /// those that hold by one of `keys`, and those of keys that are not among them. `None` if the
    /// texts differ. A note has only so much room: where it does not suffice, lines of `keys` go
    /// first.
    pub fn joined(&self, other: &Self, keys: &[Vkey]) -> Option<Self> {
        if self.text() != other.text() {
            return None;
        }
        let mut lines: Vec<(bool, &SignatureLine)> = Vec::new();
        for line in self.lines.iter().chain(&other.lines) {
            let named = |key: &&Vkey| line.name == key.name() && line.id == key.id();
            let known = keys.iter().find(named);
            let holds = known.is_none_or(|key| self.line_holds(line, key).is_some());
            if holds && !lines.iter().any(|(_, there)| *there == line) {
                lines.push((known.is_some(), line));
            }
        }
        let mut room = (SIGNATURES_MAX, NOTE_MAX - self.text().len() - 1);
        let mut fits = |line: &SignatureLine| {
            let length = line.to_string().len() + 1;
            let fits = room.0 > 0 && length <= room.1;
            if fits {
                room = (room.0 - 1, room.1 - length);
            }
            fits
        };
        let known: Vec<bool> = lines.iter().map(|(known, line)| *known && fits(line)).collect();
        let taken = lines.iter().zip(known).filter(
            |((of_keys, line), taken)| {
                if *of_keys { *taken } else { fits(line) }
            },
        );
        let lines = taken.map(|((_, line), _)| (*line).clone()).collect();
        Some(Self { lines, ..self.clone() })
    }

    /// Returns a copy with those lines alone that stand under the name and id of one of `keys`.
    #[must_use]
    pub fn signed_only_by(&self, keys: &[Vkey]) -> Self {
        let known = |line: &&SignatureLine| {
            keys.iter().any(|key| line.name == key.name() && line.id == key.id())
        };
        let lines = self.lines.iter().filter(known).cloned().collect();
        Self { lines, ..self.clone() }
    }

    /// Returns a copy without the lines that stand under the name and id of `key`.
    #[must_use]
    pub fn not_signed_by(&self, key: &Vkey) -> Self {
        let other = |line: &&SignatureLine| line.name != key.name() || line.id != key.id();
        Self { lines: self.lines.iter().filter(other).cloned().collect(), ..self.clone() }
    }

    /// Returns the signature lines, each with its newline, as a witness answers them.
    pub fn signature_lines(&self) -> String {
        self.lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
    }

    /// Returns the origin line.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the number of entries: at least 1, unless it was read as
    /// [that of any log](Self::of_any_log).
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

    /// Returns the signed text: three lines, each with its newline, and those of the extension.
    pub fn text(&self) -> String {
        let root = STANDARD.encode(self.root.0);
        format!("{}\n{}\n{root}\n{}", self.origin, self.size, self.extension)
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

impl FromStr for Checkpoint {
    type Err = NoteError;

    /// Reads the checkpoint of a ledger: exactly three lines, and at least one entry.
    fn from_str(note: &str) -> Result<Self, NoteError> {
        let checkpoint = Self::of_any_log(note)?;
        if !checkpoint.extension.is_empty() {
            let lines = 3 + checkpoint.extension.lines().count();
            return Err(error("three lines of text", format!("{lines} lines")));
        }
        if checkpoint.size == 0 || checkpoint.size >= 1 << 53 {
            return Err(error("a size of at least 1", checkpoint.size.to_string()));
        }
        Ok(checkpoint)
    }
}

impl Checkpoint {
    /// Reads the checkpoint of any log of C2SP tlog-checkpoint, as a witness does: of no entries
    /// too, and with lines of extension, which the signatures cover.
    ///
    /// # Errors
    ///
    /// Fails if the note is not of that form, or is larger than [`NOTE_MAX`].
    pub fn of_any_log(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_MAX {
            return Err(error("a note of at most 64 KiB", format!("{} bytes", note.len())));
        }
        if let Some(control) = note.chars().find(|c| *c < ' ' && *c != '\n') {
            return Err(error("no control characters but newlines", format!("{control:?}")));
        }
        let (text, signatures) = note
            .split_once("\n\n")
            .ok_or_else(|| error("a blank line before the signatures", "none"))?;
        let lines: Vec<&str> = text.splitn(4, '\n').collect();
        let [origin, size, root, ref extension @ ..] = lines[..] else {
            return Err(error("three lines of text", format!("{} lines", lines.len())));
        };
        let decimal = size == "0" || !size.starts_with('0');
        let decimal = decimal && size.bytes().all(|b| b.is_ascii_digit());
        let number = size.parse().ok().filter(|n| decimal && i64::try_from(*n).is_ok());
        let size = number.ok_or_else(|| error("a size in decimal", format!("{size:.40?}")))?;
        let digest = STANDARD.decode(root).ok().and_then(|bytes| Hash::from_slice(&bytes));
        let root = digest.ok_or_else(|| error("a root of 32 bytes", format!("{root:.60?}")))?;
        if origin.is_empty() {
            return Err(error("an origin", "an empty line"));
        }
        let extension = extension.first().map_or(String::new(), |lines| format!("{lines}\n"));
        let lines = signature_lines(signatures)?;
        Ok(Self { origin: origin.to_owned(), size, root, extension, lines })
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
    fn another_log_may_have_no_entries_and_lines_of_extension() {
        let (ours, ..) = checkpoint();
        assert_eq!(Checkpoint::of_any_log(&ours.to_string()).unwrap(), ours);
        let other = ours.to_string().replace("\n7\n", "\n0\n").replace("\n\n", "\nmore\nlines\n\n");
        let read = Checkpoint::of_any_log(&other).unwrap();
        assert_eq!((read.size(), read.to_string()), (0, other.clone()));
        assert!(read.text().ends_with("\nmore\nlines\n"));
        assert!(other.parse::<Checkpoint>().is_err());
        let altered = other.replace("more", "less");
        let log = Vkey::log(&checkpoint().2, PublicKey::from(&checkpoint().1));
        assert_eq!(Checkpoint::of_any_log(&altered).unwrap().signed_by(&log), Signed::Broken);
        for size in ["00", "9223372036854775808", "-1", ""] {
            let bad = ours.to_string().replace("\n7\n", &format!("\n{size}\n"));
            assert!(Checkpoint::of_any_log(&bad).is_err(), "{size}");
        }
    }

    #[test]
    fn only_lines_that_hold_by_a_known_key_are_joined() {
        let (mut ours, key, origin) = checkpoint();
        let witness = SigningKey::from_bytes(&[4; 32]);
        let mut cosigned = ours.clone();
        cosigned.cosign("witness.example", 1_700_000_000, &witness).unwrap();
        cosigned
            .cosign("stranger.example", 1_700_000_000, &SigningKey::from_bytes(&[6; 32]))
            .unwrap();
        let vkey = |key: &SigningKey| {
            Vkey::new("witness.example", Purpose::Cosignature, PublicKey::from(key)).unwrap()
        };
        assert_eq!(ours.join(&cosigned, &[vkey(&SigningKey::from_bytes(&[5; 32]))]), 0);
        assert_eq!(ours.join(&cosigned, &[vkey(&witness)]), 1);
        assert_eq!(ours.join(&cosigned, &[vkey(&witness)]), 0);
        assert_eq!(ours.signed_by(&vkey(&witness)), Signed::Holds(1_700_000_000));
        assert_eq!(ours.signature_lines().lines().count(), 2);
        // Nobody fills the note with lines of one key.
        let mut many = checkpoint().0;
        for time in (1..60).rev() {
            many.cosign("witness.example", time, &witness).unwrap();
        }
        let mut fresh = checkpoint().0;
        assert_eq!(fresh.join(&many, &[vkey(&witness), vkey(&witness)]), 1);
        assert_eq!(fresh.signed_by(&vkey(&witness)), Signed::Holds(1));
        assert_eq!(fresh.join(&cosigned, &[vkey(&witness)]), 0);
        let alone = ours.signed_only_by(&[Vkey::log(&origin, PublicKey::from(&key))]);
        assert_eq!(alone.signature_lines().lines().count(), 1);
        let mut other = Checkpoint::sign(&origin, 8, Hash::of(b"root"), &key);
        assert_eq!(other.join(&cosigned, &[vkey(&witness)]), 0);
    }

    #[test]
    fn lines_of_the_same_text_are_joined_but_for_those_that_do_not_hold() {
        let (ours, key, origin) = checkpoint();
        let witness = SigningKey::from_bytes(&[4; 32]);
        let vkey = PublicKey::from(&witness);
        let vkey = Vkey::new("witness.example", Purpose::Cosignature, vkey).unwrap();
        let keys = [Vkey::log(&origin, PublicKey::from(&key)), vkey.clone()];
        let mut there = ours.clone();
        there.cosign("stranger.example", 1, &SigningKey::from_bytes(&[6; 32])).unwrap();
        there.cosign("witness.example", 2, &witness).unwrap();
        assert_eq!(there.joined(&ours, &keys), Some(there.clone()), "nothing is lost");
        assert_eq!(ours.joined(&there, &keys), Some(there.clone()), "and all is taken over");
        let mut broken = there.clone();
        broken.lines[2].signature[9] ^= 1;
        assert_eq!(broken.joined(&there, &keys), Some(there.clone()));
        let other = Checkpoint::sign(&origin, 8, Hash::of(b"root"), &key);
        assert_eq!(other.joined(&there, &keys), None);
        // Where strangers fill the note, lines of known keys take their places.
        let stranger = SigningKey::from_bytes(&[6; 32]);
        let mut full = ours.clone();
        (1..64).for_each(|time| full.cosign("stranger.example", time, &stranger).unwrap());
        let joined = full.joined(&there, &keys).unwrap();
        assert_eq!(joined.lines.len(), SIGNATURES_MAX);
        assert_eq!(joined.signed_by(&vkey), Signed::Holds(2));
        assert_eq!(joined.lines[..63], full.lines[..63]);
        assert_eq!(joined.to_string().parse(), Ok(joined));
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
