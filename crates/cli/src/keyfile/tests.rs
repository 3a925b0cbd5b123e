//! Our key files, OpenSSL's, and those of somebody who means harm.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;

const PASSPHRASE: &str = "correct horse battery staple";

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.into()), "the test").unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn read_with(path: &Path, text: &str) -> Result<SigningKey, KeyFileFault> {
    read(path, || Ok(passphrase(text))).map_err(|error| error.fault)
}

fn never_asked() -> Result<Passphrase, PassphraseError> {
    panic!("the passphrase was asked for")
}

/// A key file with this text, kept as a key file is kept.
fn file_with(text: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    secret_file::create(&path, text).unwrap();
    (folder, path)
}

fn created(protection: Protection<'_>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    create(&path, &key(), protection).unwrap();
    (folder, path)
}

fn created_encrypted() -> (TempDir, PathBuf) {
    created(Protection::Passphrase(&passphrase(PASSPHRASE)))
}

mod der {
    //! The few pieces of DER (X.690) that a key file is made of, right or wrong.

    pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let contents = parts.concat();
        let length = u16::try_from(contents.len()).unwrap();
        let [high, low] = length.to_be_bytes();
        let head = match length {
            0..128 => vec![tag, low],
            128..256 => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [head, contents].concat()
    }

    pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
        tlv(0x30, parts)
    }

    pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
        tlv(0x04, &[bytes])
    }

    pub(super) fn oid(number: &str) -> Vec<u8> {
        let number = pkcs8::ObjectIdentifier::new(number).unwrap();
        tlv(0x06, &[number.as_bytes()])
    }

    pub(super) fn integer(number: u64) -> Vec<u8> {
        let bytes = u128::from(number).to_be_bytes();
        let zeros = bytes.iter().take_while(|b| **b == 0).count().min(15);
        // A leading zero keeps a number whose highest bit is set from being negative.
        let sign = usize::from(bytes[zeros] >= 0x80);
        tlv(0x02, &[&bytes[zeros - sign..]])
    }
}

fn pem(label: &str, contents: &[u8]) -> Vec<u8> {
    pkcs8::der::pem::encode_string(label, LineEnding::LF, contents).unwrap().into_bytes()
}

/// An encrypted key file with this key derivation and cipher, each an `AlgorithmIdentifier`.
fn encrypted_pem(derivation: &[u8], cipher: &[u8]) -> Vec<u8> {
    let method =
        der::sequence(&[&der::oid("1.2.840.113549.1.5.13"), &der::sequence(&[derivation, cipher])]);
    let contents = der::sequence(&[&method, &der::octets(&[0; 64])]);
    pem("ENCRYPTED PRIVATE KEY", &contents)
}

fn scrypt_with(n: u64, r: u64, p: u64) -> Vec<u8> {
    let salt = der::octets(&[1; 16]);
    let numbers = [der::integer(n), der::integer(r), der::integer(p)].concat();
    let params = der::sequence(&[&salt, &numbers]);
    der::sequence(&[&der::oid("1.3.6.1.4.1.11591.4.11"), &params])
}

fn aes_256_cbc() -> Vec<u8> {
    der::sequence(&[&der::oid("2.16.840.1.101.3.4.1.42"), &der::octets(&[2; 16])])
}

/// A plain key file for this algorithm, with this private key and these trailing members.
fn plain_pem(version: u8, algorithm: &str, private: &[u8], more: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::oid(algorithm)]);
    let version = der::integer(version.into());
    let contents = der::sequence(&[&version, &algorithm, &der::octets(private), more]);
    pem("PRIVATE KEY", &contents)
}

/// The public key in the shape that version 2 appends: `[1] IMPLICIT BIT STRING`.
fn public_member(bytes: &[u8]) -> Vec<u8> {
    der::tlv(0x81, &[&[0], bytes])
}

const ED25519_OID: &str = "1.3.101.112";

#[test]
fn an_encrypted_key_file_is_read_back() {
    let (_folder, path) = created_encrypted();
    assert_eq!(read_with(&path, PASSPHRASE).unwrap(), key());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{text}");
}

#[test]
fn a_new_key_file_has_the_parameters_that_others_read() {
    let (_folder, path) = created_encrypted();
    let text = fs::read_to_string(&path).unwrap();
    let (_, outer) = SecretDocument::from_pem(&text).unwrap();
    let info = EncryptedPrivateKeyInfoRef::from_der(outer.as_bytes()).unwrap();
    let method = info.encryption_algorithm.pbes2().unwrap();
    let scrypt = method.kdf.scrypt().unwrap();
    let found = (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization);
    assert_eq!(found, (1 << 14, 8, 1));
    assert_eq!(method.encryption.oid().to_string(), "2.16.840.1.101.3.4.1.42");
    let inner = decrypt(outer.as_bytes(), || Ok(passphrase(PASSPHRASE))).unwrap();
    assert_eq!(inner.len(), 48, "version 1, without the public key");
}

#[test]
fn two_files_of_one_key_share_no_salt() {
    let (_one, first) = created_encrypted();
    let (_two, second) = created_encrypted();
    assert_ne!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn a_plain_key_file_is_made_and_read_without_a_passphrase() {
    let (_folder, path) = created(Protection::PlainOnRequest);
    assert_eq!(read(&path, never_asked).unwrap(), key());
    let expected = plain_pem(0, ED25519_OID, &der::octets(&[7; 32]), &[]);
    assert_eq!(fs::read(&path).unwrap(), expected);
}

#[test]
fn generated_keys_differ() {
    assert_ne!(generate().unwrap(), generate().unwrap());
}

#[cfg(unix)]
#[test]
fn a_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    for protection in [Protection::Passphrase(&passphrase(PASSPHRASE)), Protection::PlainOnRequest]
    {
        let (_folder, path) = created(protection);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read(&path, never_asked).unwrap_err();
        let expected = format!("key file {}: has mode 0640, expected 0600", path.display());
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert_eq!(error.hint(), format!("run: chmod 600 {}", path.display()));
    }
}

#[test]
fn a_key_file_is_never_written_over() {
    let (_folder, path) = created_encrypted();
    let before = fs::read(&path).unwrap();
    let error = create(&path, &generate().unwrap(), Protection::PlainOnRequest).unwrap_err();
    assert!(matches!(error.fault, KeyFileFault::File(SecretFileError::Exists)));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_wrong_passphrase_is_told() {
    let (_folder, path) = created_encrypted();
    for wrong in ["correct horse", "Correct horse battery staple", "x"] {
        let fault = read_with(&path, wrong).unwrap_err();
        assert!(matches!(fault, KeyFileFault::WrongPassphrase), "{fault}");
    }
}

#[test]
fn where_no_passphrase_is_to_be_had_the_reason_is_told() {
    let (_folder, path) = created_encrypted();
    let nobody = || Err(PassphraseError::NotInEnvironment { name: "NAME".to_owned() });
    let error = read(&path, nobody).unwrap_err();
    assert!(error.to_string().contains("environment variable NAME"), "{error}");
    assert_eq!(error.hint(), "set and export NAME, or name another");
}

#[test]
fn hostile_parameters_are_refused_before_they_are_used() {
    for (n, r, p, limit) in [
        (0, 8, 1, "N is a power of two"),
        (3, 8, 1, "N is a power of two"),
        (u64::MAX, 8, 1, "N is a power of two"),
        (1, 8, 1, "N is 2^10 to 2^20"),
        (1 << 9, 8, 1, "N is 2^10 to 2^20"),
        (1 << 21, 1, 1, "N is 2^10 to 2^20"),
        (1 << 36, 8, 1, "N is 2^10 to 2^20"),
        (1 << 63, 8, 1, "N is 2^10 to 2^20"),
        (1 << 14, 0, 1, "r is 1 to 16"),
        (1 << 14, 17, 1, "r is 1 to 16"),
        (1 << 14, 8, 0, "p is 1 to 16"),
        (1 << 14, 8, 17, "p is 1 to 16"),
        (1 << 14, 8, 65535, "p is 1 to 16"),
        (1 << 19, 8, 1, "128 N r is at most 256 MiB"),
        (1 << 18, 8, 5, "128 N r p is at most 1 GiB"),
    ] {
        let (_folder, path) = file_with(&encrypted_pem(&scrypt_with(n, r, p), &aes_256_cbc()));
        let start = Instant::now();
        let error = read(&path, never_asked).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(1), "N={n} r={r} p={p}");
        assert!(error.to_string().ends_with(limit), "{error}");
        assert!(error.to_string().contains(&format!("N={n}, r={r}, p={p}")), "{error}");
        assert!(error.hint().contains("-scrypt"));
    }
    // The same file with parameters inside the limits gets as far as its passphrase.
    let (_folder, path) = file_with(&encrypted_pem(&scrypt_with(1 << 10, 8, 1), &aes_256_cbc()));
    let fault = read_with(&path, PASSPHRASE).unwrap_err();
    assert!(matches!(fault, KeyFileFault::WrongPassphrase), "{fault}");
}

#[test]
fn parameters_that_are_no_numbers_of_scrypt_are_refused() {
    let huge = [der::integer(1 << 14), der::integer(1 << 16), der::integer(1)].concat();
    let negative = [&[0x02, 0x01, 0xff][..], &der::integer(8), &der::integer(1)].concat();
    let long = [&[0x02, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0][..], &der::integer(8)].concat();
    for numbers in [huge, negative, long] {
        let params = der::sequence(&[&der::octets(&[1; 16]), &numbers]);
        let derivation = der::sequence(&[&der::oid("1.3.6.1.4.1.11591.4.11"), &params]);
        let (_folder, path) = file_with(&encrypted_pem(&derivation, &aes_256_cbc()));
        let error = read(&path, never_asked).unwrap_err();
        assert!(matches!(error.fault, KeyFileFault::NotPkcs8 { .. }), "{error}");
    }
    // A derived key of another length than the cipher's.
    let params = der::sequence(&[
        &der::octets(&[1; 16]),
        &[der::integer(1 << 10), der::integer(8), der::integer(1), der::integer(16)].concat(),
    ]);
    let derivation = der::sequence(&[&der::oid("1.3.6.1.4.1.11591.4.11"), &params]);
    let (_folder, path) = file_with(&encrypted_pem(&derivation, &aes_256_cbc()));
    let fault = read_with(&path, PASSPHRASE).unwrap_err();
    assert!(matches!(fault, KeyFileFault::NotPkcs8 { .. }), "{fault}");
}

#[test]
fn other_encryption_is_refused_by_name() {
    let rounds = der::sequence(&[&der::octets(&[1; 8]), &der::integer(2048)]);
    let pbkdf2 = der::sequence(&[&der::oid("1.2.840.113549.1.5.12"), &rounds]);
    let unknown = der::sequence(&[&der::oid("1.2.3.4"), &rounds]);
    let triple_des = der::sequence(&[&der::oid("1.2.840.113549.3.7"), &der::octets(&[2; 8])]);
    let pbes1 = der::sequence(&[&der::oid("1.2.840.113549.1.5.3"), &rounds]);
    let scrypt = scrypt_with(1 << 14, 8, 1);
    for (text, found) in [
        (encrypted_pem(&pbkdf2, &aes_256_cbc()), "encrypted with PBKDF2 (1.2.840.113549.1.5.12)"),
        (encrypted_pem(&unknown, &aes_256_cbc()), "encrypted with the algorithm 1.2.3.4,"),
        (encrypted_pem(&scrypt, &triple_des), "encrypted with Triple DES"),
        (
            pem("ENCRYPTED PRIVATE KEY", &der::sequence(&[&pbes1, &der::octets(&[0; 8])])),
            "encrypted with PBES1 with MD5 and DES",
        ),
    ] {
        let (_folder, path) = file_with(&text);
        let error = read(&path, never_asked).unwrap_err();
        assert!(error.to_string().contains(found), "{error}");
        assert!(error.hint().contains("openssl pkcs8 -topk8 -scrypt"), "{}", error.hint());
    }
}

#[test]
fn other_algorithms_are_refused_by_name() {
    for (algorithm, found) in [
        ("1.2.840.113549.1.1.1", "a key for RSA (1.2.840.113549.1.1.1), expected Ed25519"),
        ("1.3.101.110", "a key for X25519"),
        ("1.3.101.113", "a key for Ed448"),
        ("1.2.3.4", "a key for the algorithm 1.2.3.4"),
    ] {
        let (_folder, path) = file_with(&plain_pem(0, algorithm, &der::octets(&[7; 32]), &[]));
        let error = read(&path, never_asked).unwrap_err();
        assert!(error.to_string().contains(found), "{error}");
    }
}

#[test]
fn a_version_2_key_file_is_read_if_its_public_half_fits() {
    let private = der::octets(&[7; 32]);
    let fits = public_member(key().verifying_key().as_bytes());
    let (_folder, path) = file_with(&plain_pem(1, ED25519_OID, &private, &fits));
    assert_eq!(read(&path, never_asked).unwrap(), key());
    let other = SigningKey::from_bytes(&[8; 32]);
    let public = public_member(other.verifying_key().as_bytes());
    let (_folder, path) = file_with(&plain_pem(1, ED25519_OID, &private, &public));
    let error = read(&path, never_asked).unwrap_err();
    assert!(matches!(error.fault, KeyFileFault::MalformedKey), "{error}");
}

#[test]
fn a_key_of_another_length_is_refused() {
    for length in [0, 31, 33, 64] {
        let private = der::octets(&vec![7; length]);
        let (_folder, path) = file_with(&plain_pem(0, ED25519_OID, &private, &[]));
        let error = read(&path, never_asked).unwrap_err();
        assert!(matches!(error.fault, KeyFileFault::MalformedKey), "{length}: {error}");
    }
}

#[test]
fn what_is_not_pem_is_refused() {
    for text in [
        &b""[..],
        b"\n",
        b"key",
        b"\xff\xfe\x00",
        b"-----BEGIN PRIVATE KEY-----",
        b"-----BEGIN PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
    ] {
        let (_folder, path) = file_with(text);
        let error = read(&path, never_asked).unwrap_err();
        assert!(matches!(error.fault, KeyFileFault::NotPem { .. }), "{text:?}: {error}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn another_kind_of_pem_is_refused_by_its_label() {
    for label in ["CERTIFICATE", "PUBLIC KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        let (_folder, path) = file_with(&pem(label, &der::sequence(&[])));
        let error = read(&path, never_asked).unwrap_err();
        assert!(error.to_string().contains(&format!("holds {label:?}, expected")), "{error}");
    }
}

#[test]
fn a_key_file_cut_anywhere_is_refused() {
    for protection in [Protection::Passphrase(&passphrase(PASSPHRASE)), Protection::PlainOnRequest]
    {
        let (_folder, path) = created(protection);
        let text = fs::read(&path).unwrap();
        // Without its last line end it is still whole.
        for length in 0..text.len() - 1 {
            let fault = decode(&text[..length], never_asked).unwrap_err();
            assert!(matches!(fault, KeyFileFault::NotPem { .. }), "{length}: {fault}");
        }
    }
}

#[test]
fn contents_that_are_cut_or_too_long_are_refused() {
    let algorithm = der::sequence(&[&der::oid(ED25519_OID)]);
    let whole = der::sequence(&[&der::integer(0), &algorithm, &der::octets(&[4; 34])]);
    for contents in [&whole[..whole.len() - 1], &[&whole[..], b"\0"].concat(), b"\x30\x00", b"x"] {
        for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            let (_folder, path) = file_with(&pem(label, contents));
            let error = read(&path, never_asked).unwrap_err();
            assert!(matches!(error.fault, KeyFileFault::NotPkcs8 { .. }), "{error}");
        }
    }
}

#[test]
fn a_file_that_is_far_too_large_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    secret_file::create(&path, b"-----BEGIN PRIVATE KEY-----\n").unwrap();
    // Sparse: it takes no space on the disk, and reading it whole would take minutes.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let error = read(&path, never_asked).unwrap_err();
    assert!(matches!(error.fault, KeyFileFault::TooLarge), "{error}");
}

#[test]
fn nothing_shows_a_private_key() {
    let (_folder, path) = created(Protection::PlainOnRequest);
    let seed = hex(&[7; 32]);
    let shown = format!("{:?}", read(&path, never_asked).unwrap());
    assert!(!shown.to_lowercase().contains(&seed), "{shown}");
    assert!(!shown.contains("7, 7, 7"), "{shown}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Runs OpenSSL and returns what it wrote to stdout.
fn openssl(args: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(args).output().expect("openssl is installed");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {talk}");
    output.stdout
}

/// The public key as OpenSSL sees it: the last 32 bytes of its DER.
fn public_key_by_openssl(path: &Path, passphrase: &str) -> Vec<u8> {
    let (path, pass) = (path.to_str().unwrap(), format!("pass:{passphrase}"));
    let args = ["pkey", "-in", path, "-passin", &pass, "-pubout", "-outform", "DER"];
    let der = openssl(&args);
    der[der.len() - 32..].to_vec()
}

#[test]
#[ignore = "needs openssl"]
fn openssl_reads_our_key_files() {
    let longest = "x".repeat(crate::passphrase::LENGTH_MAX);
    for text in [PASSPHRASE, "gr\u{fc}\u{df}e", &longest] {
        let (_folder, path) = created(Protection::Passphrase(&passphrase(text)));
        let found = public_key_by_openssl(&path, text);
        assert_eq!(found, key().verifying_key().as_bytes());
    }
    let (_folder, path) = created(Protection::PlainOnRequest);
    assert_eq!(public_key_by_openssl(&path, ""), key().verifying_key().as_bytes());
}

#[test]
#[ignore = "needs openssl"]
fn openssl_s_key_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plain, encrypted) = (at("plain.pem"), at("encrypted.pem"));
    let pass = format!("pass:{PASSPHRASE}");
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &plain]);
    let convert = ["pkcs8", "-topk8", "-in", &plain, "-passout", &pass, "-out", &encrypted];
    openssl(&[&convert[..], &["-scrypt"]].concat());
    let expected = public_key_by_openssl(Path::new(&plain), "");
    let found = read(Path::new(&plain), never_asked).unwrap();
    assert_eq!(found.verifying_key().as_bytes()[..], expected);
    let found = read_with(Path::new(&encrypted), PASSPHRASE).unwrap();
    assert_eq!(found.verifying_key().as_bytes()[..], expected);

    // What OpenSSL does by default is refused, with the way to what is read.
    let weak = at("weak.pem");
    openssl(&["pkcs8", "-topk8", "-in", &plain, "-passout", &pass, "-out", &weak]);
    let error = read(Path::new(&weak), never_asked).unwrap_err();
    assert!(error.to_string().contains("PBKDF2"), "{error}");
}

#[test]
#[ignore = "needs openssl"]
fn openssl_s_keys_for_other_algorithms_are_refused_once_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plain, encrypted) = (at("plain.pem"), at("encrypted.pem"));
    let pass = format!("pass:{PASSPHRASE}");
    openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        &plain,
    ]);
    let convert = ["pkcs8", "-topk8", "-in", &plain, "-passout", &pass, "-out", &encrypted];
    openssl(&[&convert[..], &["-scrypt"]].concat());
    let fault = read_with(Path::new(&encrypted), PASSPHRASE).unwrap_err();
    assert!(fault.to_string().contains("elliptic curve (ECDSA)"), "{fault}");
}
