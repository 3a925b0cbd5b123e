//! Capture directories: the exact bytes of what a tracker answered, and from where and when.
//!
//! A file is written once and never changed: what differs from the last answer of the same source
//! stands beside it. The manifest names each file with its digest, and is read with them.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tally_intake::bugzilla::{ANSWER_BYTES_MAX, ANSWERS_MAX};
use tally_ledger::hash::Hash;
use tally_ledger::time::Instant;

use crate::failure::Failure;
use crate::source;
use crate::staged::{self, Staged};

/// The name of the manifest in a capture directory.
pub const MANIFEST: &str = "capture.toml";
/// The largest manifest that is read, in bytes.
const MANIFEST_MAX: u64 = 16 << 20;
/// What a manifest begins with.
const HEAD: &str =
    "# What was captured: each file with its SHA-256, where it came from, and when.\n\n";

/// One answer of a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The name of its file, which messages call it by.
    pub name: String,
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// The address that gave it; absent if it came as a file.
    pub url: Option<String>,
    /// When it was fetched; absent if it came as a file.
    pub fetched: Option<Instant>,
}

/// What the manifest says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Its name in the directory.
    pub file: String,
    /// The digest of its bytes.
    pub sha256: Hash,
    /// Its length in bytes.
    pub size: u64,
    /// The address that gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// The name under which it came as a file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// When it was fetched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fetched: Option<Instant>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: u32,
    #[serde(default)]
    answer: Vec<Kept>,
}

/// A capture directory.
#[derive(Debug)]
pub struct Capture {
    dir: PathBuf,
    answers: Vec<Kept>,
}

impl Capture {
    /// Returns whether `dir` is a capture directory.
    pub fn is_at(dir: &Path) -> bool {
        dir.join(MANIFEST).is_file()
    }

    /// Opens the capture directory `dir`; one that is not there yet is empty.
    ///
    /// # Errors
    ///
    /// Fails if its manifest cannot be read or is none.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(MANIFEST);
        let dir = dir.to_owned();
        if fs::symlink_metadata(&path).is_err() {
            return Ok(Self { dir, answers: Vec::new() });
        }
        let shown = path.display();
        let text = source::read_text(&path, MANIFEST_MAX)?;
        let manifest: Manifest = toml::from_str(&text).map_err(|e| {
            Failure::new(format!("{shown}: not a manifest: {}", e.to_string().trim_end()))
                .hint("restore it from a copy, or capture again into another directory")
        })?;
        if manifest.schema != 1 {
            let found = manifest.schema;
            return Err(Failure::new(format!("{shown}: expected schema 1, found {found}"))
                .hint("read it with a newer version of this program"));
        }
        if let Some(kept) = manifest.answer.iter().find(|kept| !is_plain(&kept.file)) {
            return Err(Failure::new(format!("{shown}: {:?} is no name of a file", kept.file))
                .hint("the files of a capture lie beside its manifest"));
        }
        Ok(Self { dir, answers: manifest.answer })
    }

    /// Returns what the manifest lists, in the order of capturing.
    pub fn answers(&self) -> &[Kept] {
        &self.answers
    }

    /// Reads all answers, each checked against its digest.
    ///
    /// # Errors
    ///
    /// Fails if a file is missing or is not the one that was captured.
    pub fn read(&self) -> Result<Vec<Captured>, Failure> {
        if self.answers.len() > ANSWERS_MAX {
            let found = self.answers.len();
            let dir = self.dir.display();
            return Err(Failure::new(format!(
                "{dir} holds {found} answers, at most {ANSWERS_MAX}"
            ))
            .hint("capture fewer bugs into one directory"));
        }
        self.answers.iter().map(|kept| self.read_one(kept)).collect()
    }

    fn read_one(&self, kept: &Kept) -> Result<Captured, Failure> {
        let path = self.dir.join(&kept.file);
        let bytes = read_answer(&path)?;
        let found = Hash::of(&bytes);
        if found != kept.sha256 {
            return Err(Failure::new(format!(
                "{} is not what was captured: expected SHA-256 {}, found {found}",
                path.display(),
                kept.sha256
            ))
            .hint("restore the file from a copy, or capture again into another directory"));
        }
        let name = kept.file.clone();
        Ok(Captured { name, bytes, url: kept.url.clone(), fetched: kept.fetched })
    }

    /// Keeps an answer unless it is, byte for byte, the last one from the same source. Returns what
    /// the manifest says of it, and whether it is new.
    ///
    /// # Errors
    ///
    /// Fails as the disk does; then the manifest does not name the answer.
    pub fn keep(&mut self, captured: &Captured) -> Result<(Kept, bool), Failure> {
        let source = captured.url.is_none().then(|| captured.name.clone());
        let same_source = |kept: &&Kept| kept.url == captured.url && kept.source == source;
        let sha256 = Hash::of(&captured.bytes);
        if let Some(last) = self.answers.iter().rev().find(same_source)
            && last.sha256 == sha256
        {
            return Ok((last.clone(), false));
        }
        fs::create_dir_all(&self.dir).map_err(|e| Failure::io("create", &self.dir, &e))?;
        let file = self.free(&captured.name);
        let path = self.dir.join(&file);
        let staged = Staged::write(&path, |mut file| {
            file.write_all(&captured.bytes)?;
            Ok(file)
        })?;
        staged.place(false)?;
        let (url, fetched, size) =
            (captured.url.clone(), captured.fetched, captured.bytes.len() as u64);
        let kept = Kept { file, sha256, size, url, source, fetched };
        self.answers.push(kept.clone());
        self.save()?;
        Ok((kept, true))
    }

    /// Returns a name like `name` that no file has: `bug.json`, `bug.2.json`, and so on.
    fn free(&self, name: &str) -> String {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "json"));
        let numbered = (2_u64..).map(|number| format!("{stem}.{number}.{extension}"));
        let names = std::iter::once(format!("{stem}.{extension}")).chain(numbered);
        let mut free = names.filter(|name| fs::symlink_metadata(self.dir.join(name)).is_err());
        free.next().expect("there are more numbers than files")
    }

    fn save(&self) -> Result<(), Failure> {
        let manifest = Manifest { schema: 1, answer: self.answers.clone() };
        let text = toml::to_string(&manifest).expect("a manifest holds texts and numbers");
        staged::replace(&self.dir.join(MANIFEST), format!("{HEAD}{text}").as_bytes())
    }
}

/// Reads a file that should hold an answer.
///
/// # Errors
///
/// Fails if it cannot be read or is too large.
pub fn read_answer(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |e: std::io::Error| Failure::io("read", path, &e);
    let file = crate::source::open(path)?;
    let mut bytes = Vec::new();
    file.take(ANSWER_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > ANSWER_BYTES_MAX {
        let what = format!("{} is larger than {ANSWER_BYTES_MAX} bytes", path.display());
        return Err(Failure::new(what).hint("leave out the data of attachments"));
    }
    crate::source::refuse_private_key(&bytes, path, "an answer of a tracker")?;
    Ok(bytes)
}

/// Returns whether `name` names a file in a directory and nothing else.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(_)), None))
        && !name.contains(['/', '\\', '\0'])
}
