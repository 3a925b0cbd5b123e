//! Key files: an Ed25519 private key as PKCS#8 version 1 in PEM (RFC 5958, RFC 7468, RFC 8410),
//! encrypted by PBES2 with scrypt and AES-256-CBC (RFC 8018, RFC 7914), as OpenSSL 3 reads it.
//!
//! A key file may come from a stranger. What it asks for is read and held against limits before
//! any of it is done; a passphrase is asked for only once the file has passed.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, ErrorKind};
use pkcs8::pkcs5::pbes2::{self, Kdf, ScryptParams};
use pkcs8::pkcs5::{EncryptionScheme, scrypt};
use pkcs8::{
    AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier,
    PrivateKeyInfoRef, SecretDocument,
};
use zeroize::Zeroizing;

use crate::passphrase::{Passphrase, PassphraseError};
use crate::secret_file::{self, Accepts, SecretFileError};

/// The largest key file that is read, in bytes; an encrypted Ed25519 key has about 400.
pub const SIZE_MAX: u64 = 16 * 1024;

/// How a new key file keeps its key.
#[derive(Debug, Clone, Copy)]
pub enum Protection<'a> {
    /// Encrypted with this passphrase.
    Passphrase(&'a Passphrase),
    /// Not encrypted, because somebody asked for that in so many words.
    PlainOnRequest,
}

/// A key file that cannot be read or made: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("key file {}: {fault}", path.display())]
pub struct KeyFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: KeyFileFault,
}

/// Why a key file cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileFault {
    /// The file itself cannot be used.
    #[error(transparent)]
    File(SecretFileError),
    /// The file is larger than any key file.
    #[error("is larger than {SIZE_MAX} bytes, expected a key file of about 400")]
    TooLarge,
    /// The text is not PEM.
    #[error("is not PEM ({detail}), expected -----BEGIN ENCRYPTED PRIVATE KEY-----")]
    NotPem {
        /// What the parser met.
        detail: String,
    },
    /// The PEM holds another thing than a PKCS#8 private key.
    #[error("holds {label:?}, expected \"ENCRYPTED PRIVATE KEY\" or \"PRIVATE KEY\"")]
    OtherLabel {
        /// The label of the PEM.
        label: String,
    },
    /// The bytes inside the PEM are not the structure that its label promises.
    #[error("is damaged: its contents are not PKCS#8 ({detail})")]
    NotPkcs8 {
        /// What the parser met.
        detail: String,
    },
    /// The key is encrypted in a way that is not read.
    #[error("is encrypted with {found}, expected PBES2 with scrypt and AES")]
    OtherEncryption {
        /// The name or object identifier of the method.
        found: Algorithm,
    },
    /// The file asks for more work or memory than a key file may, or for none.
    #[error("asks for scrypt with N={n}, r={r}, p={p}, which is outside the limits: {limit}")]
    ScryptOutOfBounds {
        /// The cost.
        n: u64,
        /// The block size.
        r: u16,
        /// The parallelization.
        p: u16,
        /// The limit that is not kept.
        limit: &'static str,
    },
    /// There is no passphrase to try.
    #[error(transparent)]
    Passphrase(PassphraseError),
    /// The passphrase does not open the key.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// The key is for another algorithm.
    #[error("holds a key for {found}, expected Ed25519")]
    OtherAlgorithm {
        /// The name or object identifier of the algorithm.
        found: Algorithm,
    },
    /// The key is not 32 bytes, or its public half belongs to another key.
    #[error("holds an Ed25519 key that is malformed, or whose public half is another key's")]
    MalformedKey,
    /// The operating system has no randomness, or encrypting failed.
    #[error("the key cannot be encrypted ({detail})")]
    Encryption {
        /// What the library said.
        detail: String,
    },
}

impl KeyFileError {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        let shown = self.path.display();
        match &self.fault {
            KeyFileFault::File(fault) => fault.hint(&self.path),
            KeyFileFault::Passphrase(fault) => fault.hint(),
            KeyFileFault::TooLarge
            | KeyFileFault::NotPem { .. }
            | KeyFileFault::OtherLabel { .. } => {
                "name the private key file that `tally init` or OpenSSL made".to_owned()
            }
            KeyFileFault::NotPkcs8 { .. } | KeyFileFault::MalformedKey => {
                "restore the file from a backup".to_owned()
            }
            KeyFileFault::OtherEncryption { .. } | KeyFileFault::ScryptOutOfBounds { .. } => {
                format!("if it is yours: openssl pkcs8 -topk8 -scrypt -in {shown} -out NEW-FILE")
            }
            KeyFileFault::WrongPassphrase => {
                "try again; if you are sure of it, the file is damaged: restore it from a backup"
                    .to_owned()
            }
            KeyFileFault::OtherAlgorithm { .. } => {
                "entries and checkpoints are signed with Ed25519; name such a key".to_owned()
            }
            KeyFileFault::Encryption { .. } => {
                "nothing was written; check that the system's randomness works".to_owned()
            }
        }
    }
}

/// An algorithm by its object identifier, shown with its usual name where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Algorithm(ObjectIdentifier);

/// What people meet in key files; everything else is shown by its number.
const NAMES: [(&str, &str); 12] = [
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.10045.2.1", "elliptic curve (ECDSA)"),
    ("1.2.840.113549.1.5.3", "PBES1 with MD5 and DES"),
    ("1.2.840.113549.1.5.10", "PBES1 with SHA-1 and DES"),
    ("1.2.840.113549.1.5.12", "PBKDF2"),
    ("1.2.840.113549.1.12.1.3", "PKCS#12 with SHA-1 and Triple DES"),
    ("1.2.840.113549.3.7", "Triple DES"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
];

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.to_string();
        match NAMES.iter().find(|(listed, _)| *listed == number) {
            Some((_, name)) => write!(f, "{name} ({number})"),
            None => write!(f, "the algorithm {number}"),
        }
    }
}

/// Makes a new private key from the randomness of the operating system.
///
/// # Errors
///
/// Fails if the operating system has none to give.
pub fn generate() -> Result<SigningKey, getrandom::Error> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice())?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Writes a key into a new file that its owner alone can read, all of it or nothing.
///
/// The file holds PKCS#8 version 1, without the public key: OpenSSL 3 and others refuse version 2.
/// An encrypted one uses scrypt with N=2^14, r=8 and p=1, the most that OpenSSL's tools accept.
///
/// # Errors
///
/// Fails if a file of that name exists, or if encrypting or writing fails; then nothing is left.
pub fn create(
    path: &Path,
    key: &SigningKey,
    protection: Protection<'_>,
) -> Result<(), KeyFileError> {
    let in_file = |fault| KeyFileError { path: path.to_owned(), fault };
    let pem = encode(key, protection)
        .map_err(|fault| in_file(KeyFileFault::Encryption { detail: fault.to_string() }))?;
    secret_file::create(path, pem.as_bytes()).map_err(|e| in_file(KeyFileFault::File(e)))
}

/// The algorithm of every key: Ed25519 (RFC 8410 §3).
const ED25519: AlgorithmIdentifierRef<'_> =
    AlgorithmIdentifierRef { oid: ObjectIdentifier::new_unwrap("1.3.101.112"), parameters: None };

/// What stands before the 32 bytes of a private key: an octet string in an octet string.
const PRIVATE_KEY_HEAD: [u8; 2] = [0x04, 0x20];

fn encode(key: &SigningKey, protection: Protection<'_>) -> pkcs8::Result<Zeroizing<String>> {
    let mut private = Zeroizing::new([0; 34]);
    private[..2].copy_from_slice(&PRIVATE_KEY_HEAD);
    private[2..].copy_from_slice(key.as_bytes());
    let info = PrivateKeyInfoRef::new(ED25519, OctetStringRef::new(private.as_slice())?);
    let (label, document) = match protection {
        Protection::Passphrase(passphrase) => {
            let document = info.encrypt_with_params(encryption()?, passphrase.as_bytes())?;
            (EncryptedPrivateKeyInfoRef::PEM_LABEL, document)
        }
        Protection::PlainOnRequest => {
            (PrivateKeyInfoRef::PEM_LABEL, SecretDocument::encode_msg(&info)?)
        }
    };
    Ok(document.to_pem(label, LineEnding::LF)?)
}

/// The encryption of a new key file, with a salt and an initialization vector of its own.
fn encryption() -> pkcs8::Result<pbes2::Parameters> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    let filled = getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut iv));
    filled.map_err(|_| pkcs8::pkcs5::Error::Rng)?;
    let cost = scrypt::Params::new(14, 8, 1).expect("N=2^14, r=8, p=1 are in the range of scrypt");
    Ok(pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv)?)
}

/// Reads a private key, asking for its passphrase if the file is encrypted.
///
/// # Errors
///
/// Fails if the file is not a key file of its owner alone, if it asks for work outside the
/// limits, if there is no passphrase or a wrong one, and if the key is not for Ed25519.
pub fn read(
    path: &Path,
    passphrase: impl FnOnce() -> Result<Passphrase, PassphraseError>,
) -> Result<SigningKey, KeyFileError> {
    let in_file = |fault| KeyFileError { path: path.to_owned(), fault };
    read_text(path).and_then(|text| decode(&text, passphrase)).map_err(in_file)
}

fn read_text(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileFault> {
    let file = secret_file::open(path, Accepts::RegularFile).map_err(KeyFileFault::File)?;
    // Never grown: growing would leave a copy of what was read so far.
    let capacity = usize::try_from(SIZE_MAX).expect("the limit is small") + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(capacity));
    let failed = |source| KeyFileFault::File(SecretFileError::Io { action: "read", source });
    let length = file.take(SIZE_MAX + 1).read_to_end(&mut text).map_err(failed)?;
    if length == capacity { Err(KeyFileFault::TooLarge) } else { Ok(text) }
}

fn decode(
    text: &[u8],
    passphrase: impl FnOnce() -> Result<Passphrase, PassphraseError>,
) -> Result<SigningKey, KeyFileFault> {
    let not_pem = |detail: String| KeyFileFault::NotPem { detail };
    let text = std::str::from_utf8(text).map_err(|_| not_pem("it is not text".to_owned()))?;
    let label = pkcs8::der::pem::decode_label(text.as_bytes());
    let label = label.map_err(|fault| not_pem(fault.to_string()))?.to_owned();
    let is_encrypted = match label.as_str() {
        label if label == EncryptedPrivateKeyInfoRef::PEM_LABEL => true,
        label if label == PrivateKeyInfoRef::PEM_LABEL => false,
        _ => return Err(KeyFileFault::OtherLabel { label }),
    };
    let not_pkcs8 = |detail: String| KeyFileFault::NotPkcs8 { detail };
    let (_, outer) = SecretDocument::from_pem(text).map_err(|fault| match fault.kind() {
        ErrorKind::Pem(detail) => not_pem(detail.to_string()),
        _ => not_pkcs8(fault.to_string()),
    })?;
    if is_encrypted {
        // A wrong passphrase can by chance leave well-padded bytes, but hardly ever PKCS#8.
        let inner = decrypt(outer.as_bytes(), passphrase)?;
        let info = PrivateKeyInfoRef::from_der(&inner);
        signing_key(&info.map_err(|_| KeyFileFault::WrongPassphrase)?)
    } else {
        let info = PrivateKeyInfoRef::from_der(outer.as_bytes());
        signing_key(&info.map_err(|fault| not_pkcs8(fault.to_string()))?)
    }
}

fn decrypt(
    outer: &[u8],
    passphrase: impl FnOnce() -> Result<Passphrase, PassphraseError>,
) -> Result<Zeroizing<Vec<u8>>, KeyFileFault> {
    let info = EncryptedPrivateKeyInfoRef::from_der(outer).map_err(|fault| match fault.kind() {
        ErrorKind::OidUnknown { oid } => KeyFileFault::OtherEncryption { found: Algorithm(oid) },
        _ => KeyFileFault::NotPkcs8 { detail: fault.to_string() },
    })?;
    let EncryptionScheme::Pbes2(method) = &info.encryption_algorithm else {
        let found = Algorithm(info.encryption_algorithm.oid());
        return Err(KeyFileFault::OtherEncryption { found });
    };
    let Kdf::Scrypt(scrypt) = &method.kdf else {
        // PBKDF2 is cheap to guess against, the more so as OpenSSL uses few rounds of it.
        return Err(KeyFileFault::OtherEncryption { found: Algorithm(method.kdf.oid()) });
    };
    bound(scrypt)?;
    let passphrase = passphrase().map_err(KeyFileFault::Passphrase)?;
    let mut bytes = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let length = method
        .decrypt_in_place(passphrase.as_bytes(), &mut bytes)
        .map_err(|fault| match fault {
            pkcs8::pkcs5::Error::DecryptFailed => KeyFileFault::WrongPassphrase,
            other => KeyFileFault::NotPkcs8 { detail: other.to_string() },
        })?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}

/// Refuses parameters that would make scrypt panic, exhaust the memory or take minutes.
fn bound(scrypt: &ScryptParams) -> Result<(), KeyFileFault> {
    let (n, r, p) = (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization);
    let memory = n.saturating_mul(128).saturating_mul(r.into());
    let limit = if !n.is_power_of_two() {
        "N is a power of two"
    } else if !(1 << 10..=1 << 20).contains(&n) {
        "N is 2^10 to 2^20"
    } else if !(1..=16).contains(&r) {
        "r is 1 to 16"
    } else if !(1..=16).contains(&p) {
        "p is 1 to 16"
    } else if memory > 256 << 20 {
        "128 N r is at most 256 MiB"
    } else if memory.saturating_mul(p.into()) > 1 << 30 {
        "128 N r p is at most 1 GiB"
    } else {
        return Ok(());
    };
    Err(KeyFileFault::ScryptOutOfBounds { n, r, p, limit })
}

fn signing_key(info: &PrivateKeyInfoRef<'_>) -> Result<SigningKey, KeyFileFault> {
    if info.algorithm.oid != ED25519.oid {
        return Err(KeyFileFault::OtherAlgorithm { found: Algorithm(info.algorithm.oid) });
    }
    // Not by way of dalek's key pair, which leaves its copy of the private key in memory.
    let private = info.private_key.as_bytes().strip_prefix(&PRIVATE_KEY_HEAD);
    let seed: Option<&[u8; 32]> = private.and_then(|bytes| bytes.try_into().ok());
    let (Some(seed), None) = (seed, info.algorithm.parameters) else {
        return Err(KeyFileFault::MalformedKey);
    };
    let key = SigningKey::from_bytes(seed);
    match info.public_key {
        Some(public) if public.as_bytes() != Some(key.verifying_key().as_bytes()) => {
            Err(KeyFileFault::MalformedKey)
        }
        _ => Ok(key),
    }
}

#[cfg(test)]
mod tests;
