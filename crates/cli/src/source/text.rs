//! Files and texts that are named on the command line.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::failure::Failure;

/// Returns the text of a file of at most `most` bytes.
///
/// # Errors
///
/// Fails if the file cannot be read, is larger, or is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String, Failure> {
    text_of(path, most, "another file")
}

pub(super) fn text_of(path: &Path, most: u64, expected: &str) -> Result<String, Failure> {
    let failed = |e: std::io::Error| Failure::io("read", path, &e);
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Failure::too_large(&path.display().to_string(), most));
    }
    refuse_private_key(&bytes, path, expected)?;
    text(bytes, &path.display().to_string())
}

/// Returns the text of a file of at most `most` bytes; `-` is standard input.
///
/// # Errors
///
/// As [`read_text`].
pub fn read_text_or_stdin(path: &Path, most: u64) -> Result<String, Failure> {
    if path != Path::new("-") {
        return read_text(path, most);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes);
    read.map_err(|e| Failure::io("read", Path::new("standard input"), &e))?;
    if bytes.len() as u64 > most {
        return Err(Failure::too_large("standard input", most));
    }
    refuse_private_key(&bytes, Path::new("standard input"), "another text")?;
    text(bytes, "standard input")
}

/// Refuses a private key by its name, wherever something else is read: what is wrong with a text is
/// often shown by quoting it.
///
/// # Errors
///
/// Fails if the bytes begin as PEM does (RFC 7468) that holds a private key.
pub fn refuse_private_key(bytes: &[u8], path: &Path, expected: &str) -> Result<(), Failure> {
    let line = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !line.starts_with(b"-----BEGIN ") || !line.trim_ascii_end().ends_with(b"PRIVATE KEY-----") {
        return Ok(());
    }
    let told = format!("{} is a private key, expected {expected}", path.display());
    Err(Failure::new(told).hint(
        "what is public of a key is its vkey, in DIR/ledger.vkey or DIR/witness.vkey; nothing of \
         the private key was shown",
    ))
}

/// Returns the text that `bytes` are, which were read from the place of that name.
///
/// # Errors
///
/// Fails if they are not UTF-8.
pub fn text(bytes: Vec<u8>, place: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Failure::new(format!("{place} is not text: byte {at} is not UTF-8"))
            .hint("name a file of text, saved as UTF-8")
    })
}

/// Opens a file to read it. A pipe that nobody writes to would be waited for without end, so only
/// those that a shell hands over (`/dev/fd/63`) are opened.
///
/// # Errors
///
/// Fails if there is none, it cannot be read, or it is a pipe with a name.
pub fn open(path: &Path) -> Result<File, Failure> {
    let failed = |e: std::io::Error| Failure::io("read", path, &e);
    let fifo = std::fs::metadata(path).map_err(failed)?.file_type().is_fifo();
    if fifo && !is_handed_over(path) {
        return Err(Failure::new(format!("{} is a pipe, expected a file", path.display()))
            .hint("save what comes out of it as a file first"));
    }
    File::open(path).map_err(failed)
}

/// Returns whether a shell or the system handed over what is read from `path`, such as
/// `/dev/stdin`.
pub fn is_handed_over(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}
