//! Where the passphrase of a key file comes from: a prompt, a file or an environment variable.
//!
//! A passphrase is never printed, never shown by `Debug`, and wiped when it is dropped.

use std::cell::OnceCell;
use std::fmt;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::secret_file::{self, Accepts, SecretFileError};

/// The longest passphrase, in bytes; OpenSSL takes this many too.
pub const LENGTH_MAX: usize = 1000;

/// The options that say where the passphrase of a key file comes from. Without one of them it is
/// asked for on the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[group(multiple = false)]
pub struct PassphraseArgs {
    /// Take the passphrase of key files from the first line of FILE
    #[arg(long, value_name = "FILE", help_heading = "Key files")]
    pub passphrase_file: Option<PathBuf>,

    /// Take the passphrase of key files from the environment variable NAME
    #[arg(long, value_name = "NAME", help_heading = "Key files")]
    pub passphrase_env: Option<String>,
}

/// A passphrase of 1 to [`LENGTH_MAX`] bytes.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nobody can be asked.
    #[error("cannot ask for the passphrase of {}: stdin is not a terminal", file.display())]
    NoTerminal {
        /// The key file.
        file: PathBuf,
    },
    /// The terminal failed, or the person gave up.
    #[error("no passphrase for {}: {source}", file.display())]
    Prompt {
        /// The key file.
        file: PathBuf,
        /// What the terminal said.
        source: io::Error,
    },
    /// The new passphrase was typed in two ways.
    #[error("the two passphrases for {} differ", file.display())]
    TypedDifferently {
        /// The key file.
        file: PathBuf,
    },
    /// The variable is not in the environment.
    #[error("the environment variable {name}, expected to hold the passphrase, is not set")]
    NotInEnvironment {
        /// The name of the variable.
        name: String,
    },
    /// The file with the passphrase cannot be used.
    #[error("passphrase file {}: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: SecretFileError,
    },
    /// The passphrase is empty, or longer than it may be.
    #[error("the passphrase from {origin} has {found} bytes, expected 1 to {LENGTH_MAX}")]
    Length {
        /// Where it came from: the terminal, a file or a variable.
        origin: String,
        /// "no" or "too many".
        found: &'static str,
    },
}

impl PassphraseError {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoTerminal { .. } | Self::Prompt { .. } => {
                "run it in a terminal, or give --passphrase-file FILE or --passphrase-env NAME"
                    .to_owned()
            }
            Self::TypedDifferently { .. } => "nothing was written; try again".to_owned(),
            Self::NotInEnvironment { name } => format!("set and export {name}, or name another"),
            Self::File { path, fault } => fault.hint(path),
            Self::Length { .. } => {
                "type at least one character; of a file, the first line is taken".to_owned()
            }
        }
    }
}

impl Passphrase {
    /// Takes the bytes of a passphrase, where `origin` says where they came from.
    ///
    /// # Errors
    ///
    /// Fails if there are none, or more than [`LENGTH_MAX`].
    pub fn new(bytes: Zeroizing<Vec<u8>>, origin: &str) -> Result<Self, PassphraseError> {
        let found = match bytes.len() {
            0 => "no",
            1..=LENGTH_MAX => return Ok(Self(bytes)),
            _ => "too many",
        };
        Err(PassphraseError::Length { origin: origin.to_owned(), found })
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Gives the passphrases of one run of the program. A file or a variable is read once and holds
/// for every key file; at the prompt each key file is asked for by its name.
#[derive(Debug)]
pub struct Passphrases {
    args: PassphraseArgs,
    given: OnceCell<Passphrase>,
}

impl Passphrases {
    /// Takes the options of the command line.
    pub fn new(args: PassphraseArgs) -> Self {
        Self { args, given: OnceCell::new() }
    }

    /// Returns the passphrase that opens an existing key file.
    ///
    /// # Errors
    ///
    /// Fails if the file or the variable gives none, or if nobody can be asked.
    pub fn of_existing(&self, file: &Path) -> Result<Passphrase, PassphraseError> {
        match self.without_asking()? {
            Some(passphrase) => Ok(passphrase),
            None => Terminal::this().ask(file, Asked::Once),
        }
    }

    /// Returns the passphrase for a new key file; at the prompt it has to be typed twice.
    ///
    /// # Errors
    ///
    /// Fails as [`Passphrases::of_existing`] does, and if the two differ.
    pub fn for_new(&self, file: &Path) -> Result<Passphrase, PassphraseError> {
        match self.without_asking()? {
            Some(passphrase) => Ok(passphrase),
            None => Terminal::this().ask(file, Asked::Twice),
        }
    }

    fn without_asking(&self) -> Result<Option<Passphrase>, PassphraseError> {
        if let Some(passphrase) = self.given.get() {
            return Ok(Some(passphrase.clone()));
        }
        let passphrase = match (&self.args.passphrase_file, &self.args.passphrase_env) {
            (Some(path), _) => from_file(path)?,
            (None, Some(name)) => from_environment(name)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(self.given.get_or_init(|| passphrase).clone()))
    }
}

/// Reads the first line of a file.
#[expect(
    clippy::unbuffered_bytes,
    reason = "a pipe may stay open after the line, and a buffer would keep a copy of it"
)]
fn from_file(path: &Path) -> Result<Passphrase, PassphraseError> {
    let failed = |fault| PassphraseError::File { path: path.to_owned(), fault };
    let file = secret_file::open(path, Accepts::RegularFileOrPipe).map_err(failed)?;
    let mut line = Zeroizing::new(Vec::with_capacity(LENGTH_MAX + 2));
    for byte in file.bytes() {
        let byte = byte.map_err(|source| failed(SecretFileError::Io { action: "read", source }))?;
        if byte == b'\n' || line.len() == LENGTH_MAX + 2 {
            break;
        }
        line.push(byte);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Passphrase::new(line, &path.display().to_string())
}

fn from_environment(name: &str) -> Result<Passphrase, PassphraseError> {
    let value = std::env::var_os(name)
        .ok_or_else(|| PassphraseError::NotInEnvironment { name: name.to_owned() })?;
    let bytes = Zeroizing::new(value.into_encoded_bytes());
    Passphrase::new(bytes, &format!("the environment variable {name}"))
}

#[derive(Clone, Copy)]
enum Asked {
    Once,
    Twice,
}

/// The person at the terminal, or nobody.
struct Terminal {
    is_there: bool,
    read: fn(&str) -> io::Result<String>,
}

impl Terminal {
    fn this() -> Self {
        let read = |prompt: &str| rpassword::prompt_password(prompt);
        Self { is_there: io::stdin().is_terminal(), read }
    }

    fn ask(&self, file: &Path, asked: Asked) -> Result<Passphrase, PassphraseError> {
        if !self.is_there {
            return Err(PassphraseError::NoTerminal { file: file.to_owned() });
        }
        let typed = |prompt: String| {
            let text = (self.read)(&prompt)
                .map_err(|source| PassphraseError::Prompt { file: file.to_owned(), source })?;
            Passphrase::new(Zeroizing::new(text.into_bytes()), "the terminal")
        };
        let shown = file.display();
        match asked {
            Asked::Once => typed(format!("Passphrase of {shown}: ")),
            Asked::Twice => {
                let first = typed(format!("New passphrase for {shown}: "))?;
                if typed("The same again: ".to_owned())?.as_bytes() == first.as_bytes() {
                    Ok(first)
                } else {
                    Err(PassphraseError::TypedDifferently { file: file.to_owned() })
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        passphrase: PassphraseArgs,
    }

    fn parsed(args: &[&str]) -> Result<PassphraseArgs, clap::Error> {
        let all = std::iter::once("tally").chain(args.iter().copied());
        Command::try_parse_from(all).map(|command| command.passphrase)
    }

    fn file_with(text: &[u8]) -> (tempfile::TempDir, Passphrases) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        secret_file::create(&path, text).unwrap();
        let args = parsed(&["--passphrase-file", path.to_str().unwrap()]).unwrap();
        (folder, Passphrases::new(args))
    }

    const KEY: &str = "author.pem";

    #[test]
    fn the_first_line_of_a_file_is_taken_without_its_line_end() {
        let limit = vec![b'x'; LENGTH_MAX];
        for (text, expected) in [
            (&b"correct horse"[..], &b"correct horse"[..]),
            (b"correct horse\n", b"correct horse"),
            (b"correct horse\r\n", b"correct horse"),
            (b" correct horse \n\n", b" correct horse "),
            (b"first\nsecond\n", b"first"),
            (b"\xff\xfe\n", b"\xff\xfe"),
            (&limit, &limit),
            (&[&limit[..], b"\r\n"].concat(), &limit),
        ] {
            let (_folder, passphrases) = file_with(text);
            let found = passphrases.of_existing(Path::new(KEY)).unwrap();
            assert_eq!(found.as_bytes(), expected);
        }
    }

    #[test]
    fn an_empty_or_endless_passphrase_is_refused() {
        for (text, found) in [
            (&b""[..], "has no bytes"),
            (b"\n", "has no bytes"),
            (b"\nsecond\n", "has no bytes"),
            (&[b'x'; LENGTH_MAX + 1], "has too many bytes"),
            (&[b'x'; 1 << 12], "has too many bytes"),
        ] {
            let (_folder, passphrases) = file_with(text);
            let error = passphrases.for_new(Path::new(KEY)).unwrap_err();
            assert!(error.to_string().contains(found), "{error}");
            assert!(!error.to_string().contains(&"x".repeat(9)), "the passphrase is not shown");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_passphrase_file_open_to_others_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, passphrases) = file_with(b"correct horse\n");
        let path = folder.path().join("passphrase");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = passphrases.of_existing(Path::new(KEY)).unwrap_err();
        assert!(error.to_string().contains("has mode 0644, expected 0600"), "{error}");
        assert_eq!(error.hint(), format!("run: chmod 600 {}", path.display()));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_once_and_serves_every_key_file() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().unwrap();
        // The writer stays open: only the line end tells where the passphrase ends.
        writer.write_all(b"correct horse\n").unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let passphrases = Passphrases::new(parsed(&["--passphrase-file", &path]).unwrap());
        for key in ["author.pem", "checkpoint.pem"] {
            let found = passphrases.of_existing(Path::new(key)).unwrap();
            assert_eq!(found.as_bytes(), b"correct horse");
        }
    }

    #[test]
    fn the_environment_gives_a_passphrase() {
        // Cargo sets this one for every test; setting another would need unsafe code.
        let args = parsed(&["--passphrase-env", "CARGO_PKG_NAME"]).unwrap();
        let found = Passphrases::new(args).of_existing(Path::new(KEY)).unwrap();
        assert_eq!(found.as_bytes(), b"tally-cli");
        let args = parsed(&["--passphrase-env", "TALLY_TEST_UNSET"]).unwrap();
        let error = Passphrases::new(args).of_existing(Path::new(KEY)).unwrap_err();
        assert!(error.to_string().contains("TALLY_TEST_UNSET, expected to hold"), "{error}");
        assert!(error.hint().contains("TALLY_TEST_UNSET"));
    }

    #[test]
    fn only_one_source_can_be_named() {
        assert!(parsed(&["--passphrase-file", "a", "--passphrase-env", "B"]).is_err());
        assert_eq!(parsed(&[]).unwrap(), PassphraseArgs::default());
    }

    #[test]
    fn without_a_terminal_nobody_is_asked() {
        let nobody = Terminal { is_there: false, read: |_| panic!("asked") };
        let error = nobody.ask(Path::new(KEY), Asked::Once).unwrap_err();
        assert!(matches!(error, PassphraseError::NoTerminal { .. }));
        assert!(error.hint().contains("--passphrase-file"));
    }

    #[test]
    fn a_new_passphrase_has_to_be_typed_twice_alike() {
        let same = Terminal { is_there: true, read: |_| Ok("correct horse".to_owned()) };
        let found = same.ask(Path::new(KEY), Asked::Twice).unwrap();
        assert_eq!(found.as_bytes(), b"correct horse");
        let other = Terminal { is_there: true, read: |prompt| Ok(prompt.to_owned()) };
        let error = other.ask(Path::new(KEY), Asked::Twice).unwrap_err();
        assert!(matches!(error, PassphraseError::TypedDifferently { .. }));
        let found = other.ask(Path::new(KEY), Asked::Once).unwrap();
        assert_eq!(found.as_bytes(), b"Passphrase of author.pem: ");
    }

    #[test]
    fn debug_shows_no_passphrase() {
        let (_folder, passphrases) = file_with(b"correct horse\n");
        let found = passphrases.of_existing(Path::new(KEY)).unwrap();
        assert_eq!(format!("{found:?}"), "Passphrase(..)");
        assert!(!format!("{passphrases:?}").contains("horse"));
    }
}
