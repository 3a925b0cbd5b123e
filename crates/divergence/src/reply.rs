//! The reply of the organisation named: a signed text that is shown beside a finding.
//!
//! A reply changes no verdict. It is shown under the key that a reader knows to be the
//! organisation's, and not at all otherwise.

use tally_ledger::hash::Hash;
use tally_ledger::note::{NoteError, Signed, SignedText, Vkey};

/// The first line of a reply.
const HEADER: &str = "tally reply";

/// The longest reply, in bytes: it stands beside a finding and does not bury it.
pub const REPLY_MAX: usize = 8 * 1024;

/// A reply whose signature holds under a key that the reader knows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The finding that it answers.
    pub finding: Hash,
    /// The organisation that answers, in its own words.
    pub by: String,
    /// The name of the key that signed it.
    pub key: String,
    /// What it says; lines end in newlines.
    pub text: String,
}

/// Why a note is no reply that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// It is not a signed note, or the text cannot be signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its text is no reply.
    #[error("expected {HEADER:?}, a finding, an organisation and a text, found {0:?}")]
    Form(String),
    /// It is too long.
    #[error("the reply has {0} bytes, at most {REPLY_MAX} expected")]
    Long(usize),
    /// None of the keys that the reader knows signed it.
    #[error("it is signed by {0:?}, and that key is not known")]
    Unknown(Vec<String>),
    /// A signature under a known key does not hold.
    #[error("the signature under {0:?} does not hold: the text was changed after it was signed")]
    Broken(String),
}

impl Reply {
    /// Reads a reply and checks it against the keys that the reader knows.
    ///
    /// # Errors
    ///
    /// Fails if the note is no reply, and if no known key signed it.
    pub fn read(note: &str, keys: &[Vkey]) -> Result<Self, ReplyError> {
        let note: SignedText = note.parse()?;
        let mut signer = None;
        for key in keys {
            match note.signed_by(key) {
                Signed::Holds(_) => signer = signer.or(Some(key.name().to_owned())),
                Signed::Broken => return Err(ReplyError::Broken(key.name().to_owned())),
                Signed::Absent => {}
            }
        }
        let unknown = || ReplyError::Unknown(note.names().map(str::to_owned).collect());
        let key = signer.ok_or_else(unknown)?;
        let (finding, by, text) = parts(note.text())?;
        Ok(Self { finding, by: by.to_owned(), key, text: text.to_owned() })
    }

    /// Returns the text that an organisation signs to answer a finding.
    ///
    /// # Errors
    ///
    /// Fails if the name of the organisation or the text is empty, or too long.
    pub fn text(finding: &Hash, by: &str, text: &str) -> Result<String, ReplyError> {
        let reply = format!("{HEADER}\nfinding {finding}\nby {}\n\n{}\n", by.trim(), text.trim());
        parts(&reply)?;
        Ok(reply)
    }
}

/// Returns the finding, the organisation and what it says.
fn parts(text: &str) -> Result<(Hash, &str, &str), ReplyError> {
    if text.len() > REPLY_MAX {
        return Err(ReplyError::Long(text.len()));
    }
    let form = || ReplyError::Form(text.chars().take(80).collect());
    let rest = text.strip_prefix(HEADER).and_then(|t| t.strip_prefix("\nfinding "));
    let (finding, rest) = rest.and_then(|t| t.split_once("\nby ")).ok_or_else(form)?;
    let (by, said) = rest.split_once("\n\n").ok_or_else(form)?;
    let finding: Hash = finding.parse().map_err(|_| form())?;
    if by.trim().is_empty() || by.contains('\n') || said.trim().is_empty() {
        return Err(form());
    }
    Ok((finding, by, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = include_str!("reply/example.note");
    const VKEY: &str = include_str!("reply/example.vkey");

    #[test]
    fn a_reply_is_shown_under_the_key_that_signed_it() {
        let keys = [VKEY.trim().parse().unwrap()];
        let reply = Reply::read(NOTE, &keys).unwrap();
        assert_eq!(reply.by, "Example CA");
        assert_eq!(reply.key, "ca.example/replies");
        assert_eq!(reply.finding, Hash::of(b"a finding"));
        assert_eq!(reply.text, "The clock of that report was local time.\n\nSee comment 12.\n");
        let again = Reply::text(&reply.finding, &reply.by, &reply.text).unwrap();
        assert!(NOTE.starts_with(&again));
    }

    #[test]
    fn a_reply_under_no_known_key_or_with_another_text_is_not_shown() {
        let keys = [VKEY.trim().parse().unwrap()];
        assert!(matches!(Reply::read(NOTE, &[]), Err(ReplyError::Unknown(_))));
        let altered = NOTE.replace("local time", "UTC");
        assert!(matches!(Reply::read(&altered, &keys), Err(ReplyError::Broken(_))));
        assert!(matches!(Reply::read("", &keys), Err(ReplyError::Note(_))));
    }

    #[test]
    fn a_reply_without_an_organisation_or_a_text_is_not_written() {
        let finding = Hash::of(b"a finding");
        for (by, text) in [(" ", "a"), ("Example CA", " "), ("Example\nCA", "a")] {
            assert!(matches!(Reply::text(&finding, by, text), Err(ReplyError::Form(_))), "{by:?}");
        }
        let long = "x".repeat(REPLY_MAX);
        assert!(matches!(Reply::text(&finding, "Example CA", &long), Err(ReplyError::Long(_))));
    }
}
