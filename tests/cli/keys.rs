//! Key files and the keys of a ledger: what opens them, and what they may sign.

use serde_json::Value as Json;

use super::Place;

const EVENT: &str = r#"{"kind":"incident.closed","incident":"delay"}"#;

/// Writes a file that its owner alone can read.
fn secret(place: &Place, name: &str, content: &str) {
    use std::os::unix::fs::PermissionsExt;
    place.write(name, content);
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(place.path(name), mode).unwrap();
}

/// Makes the ledger `L`, whose keys are encrypted with the passphrase in the file `passphrase`.
fn encrypted() -> Place {
    let place = Place::empty();
    secret(&place, "passphrase", "correct horse\n");
    let init = ["init", "L", "--origin", "ledger.example/l", "--owner", "Example CA"];
    place.tally(&[&init[..], &["--passphrase-file", "passphrase"]].concat()).ok();
    place
}

#[test]
fn encrypted_keys_open_with_a_passphrase_from_a_file_a_variable_or_a_pipe() {
    let place = encrypted();
    for file in ["author.pem", "checkpoint.pem"] {
        let text = std::fs::read_to_string(place.path("L/keys").join(file)).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{text}");
    }
    place.write("event.json", EVENT);
    let record = ["record", "--from", "event.json", "--ledger", "L"];
    place.tally(&[&record[..], &["--passphrase-file", "passphrase"]].concat()).ok();
    let by_variable = [&record[..], &["--passphrase-env", "TALLY_PASSPHRASE"]].concat();
    let mut command = place.command(&by_variable);
    super::Run::of(command.env("TALLY_PASSPHRASE", "correct horse")).ok();
    let by_pipe = [&record[..], &["--passphrase-file", "/dev/stdin"]].concat();
    place.tally_reading("correct horse\n", &by_pipe).ok();
    place.tally(&["checkpoint", "--ledger", "L", "--passphrase-file", "passphrase"]).ok();
    // A pipe gives its line once, and two key files are opened by it.
    let export = ["export", "--ledger", "L", "-o", "x.tally", "--incident", "delay"];
    let by_pipe = [&export[..], &["--passphrase-file", "/dev/stdin"]].concat();
    place.tally_reading("correct horse\n", &by_pipe).ok();
    let json = place.tally(&["verify", "L", "--format", "json"]).exits(0).json();
    assert_eq!(json["entries"], 5);
}

#[test]
fn without_the_right_passphrase_nothing_is_written() {
    let place = encrypted();
    secret(&place, "wrong", "incorrect horse\n");
    secret(&place, "empty", "");
    place.write("open", "correct horse\n");
    place.write("event.json", EVENT);
    let with = ["--ledger", "L", "--passphrase-file", "passphrase"];
    place.tally(&[&["record", "--from", "event.json"], &with[..]].concat()).ok();
    let before = place.content();
    for (option, value, what) in [
        ("--passphrase-file", "wrong", "passphrase"),
        ("--passphrase-file", "empty", "no bytes"),
        ("--passphrase-file", "open", "mode 0644, expected 0600"),
        ("--passphrase-file", "absent", "absent"),
        ("--passphrase-file", "L", "is a folder"),
        ("--passphrase-env", "NOT_SET", "NOT_SET"),
        ("--quiet", "", "cannot ask for the passphrase"),
    ] {
        for command in [
            &["record", "--from", "event.json", "--ledger", "L"][..],
            &["checkpoint", "--ledger", "L"],
            &["export", "--ledger", "L", "-o", "x.tally", "--incident", "delay"],
            &["note", "--on", "1", "a remark", "--ledger", "L"],
            &["key", "revoke", &kids(&place)[0], "--why", "x", "--ledger", "L"],
        ] {
            let mut args = [command, &[option]].concat();
            args.extend(Some(value).filter(|value| !value.is_empty()));
            let run = place.tally(&args).refused(what);
            assert!(!run.stderr.contains("horse"), "no passphrase is printed: {run:?}");
            assert_eq!(place.content(), before, "{args:?}");
        }
    }
}

#[test]
fn a_key_file_that_others_may_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_ledger();
    let key = place.path("L/keys/author.pem");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let before = place.content();
    let run = place.record(EVENT).refused("mode 0644");
    assert!(run.stderr.contains("hint: run: chmod 600 L/keys/author.pem"), "{run:?}");
    assert_eq!(place.content(), before);
}

/// The ids of the keys of the ledger `L`, the first author's first.
fn kids(place: &Place) -> Vec<String> {
    let json = place.tally(&["key", "list", "L", "--format", "json"]).exits(0).json();
    let mut keys: Vec<Json> = json["keys"].as_array().unwrap().clone();
    keys.sort_by_key(|key| (key["granted"].as_u64(), key["roles"][0] == "checkpoint"));
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Makes a key file and returns the public key.
fn made(place: &Place, file: &str) -> String {
    let made = place.tally(&["key", "new", file, "--unencrypted-keys"]).ok();
    made.lines().find_map(|line| line.strip_prefix("Public key  ")).unwrap().to_owned()
}

/// Makes a key file and grants its key a role in the ledger `L`.
fn granted(place: &Place, file: &str, role: &str) {
    let public = made(place, file);
    let grant = ["key", "grant", &public, "--role", role, "--name", "a desk", "--ledger", "L"];
    assert!(place.tally(&grant).ok().starts_with("granted "));
}

#[test]
fn a_granted_key_signs_what_its_role_covers_and_nothing_else() {
    let place = Place::with_ledger();
    granted(&place, "legal.pem", "legal");
    let legal = ["--ledger", "L", "--author-key", "legal.pem", "--incident", "delay"];
    place.tally(&[&["legal", "step", "tro", "opposed"], &legal[..]].concat()).ok();
    let other = made(&place, "other.pem");
    let before = place.content();
    let run = place.tally(&[&["incident", "milestone", "end"], &legal[..]].concat());
    let run = run.refused("nothing was written");
    assert!(
        run.stderr.contains("authority: ") && run.stderr.contains("incident.milestone"),
        "{run:?}"
    );
    let lines = format!(
        "{}\n{}\n",
        r#"{"kind":"legal.step","incident":"delay","body":{"instrument":"tro","step":"filed"}}"#,
        r#"{"kind":"incident.closed","incident":"delay"}"#,
    );
    let args = ["record", "--from=-", "--lines", "--ledger=L", "--author-key=legal.pem"];
    place.tally_reading(lines, &args).refused("line 2: nothing was written").refused("authority");
    let grant = ["key", "grant", &other, "--role", "legal", "--ledger", "L"];
    place.tally(&[&grant[..], &["--author-key", "legal.pem"]].concat()).refused("ledger.key");
    let checkpoint = ["checkpoint", "--ledger", "L", "--checkpoint-key", "legal.pem"];
    place.tally(&checkpoint).refused("role checkpoint");
    assert_eq!(place.content(), before);
    let listed = place.tally(&["key", "list", "L"]).ok();
    assert!(listed.contains("legal: since entry 1 (a desk)"), "{listed}");
    let vkey = format!("  vkey {}", place.read("L/ledger.vkey"));
    assert!(listed.contains(&vkey), "{listed}");
}

#[test]
fn a_revoked_author_can_no_longer_record() {
    let place = Place::with_ledger();
    granted(&place, "auditor.pem", "auditor");
    place.record(EVENT).ok();
    let note = ["note", "--on=2", "a remark", "--ledger=L", "--author-key=auditor.pem"];
    place.tally(&note).ok();
    let kid = kids(&place).pop().unwrap();
    let why = ["--why", "the desk was closed", "--ledger", "L"];
    place.tally(&[&["key", "revoke", &kid[..12]], &why[..]].concat()).ok();
    let before = place.content();
    place.tally(&note).refused("revoked");
    place.tally(&[&["key", "revoke", &kid[..11]], &why[..]].concat()).refused("at least 12 digits");
    place.tally(&[&["key", "revoke", &"0".repeat(64)], &why[..]].concat()).refused("found none");
    assert_eq!(place.content(), before);
    let json = place.tally(&["key", "list", "L", "--format", "json"]).exits(0).json();
    let revoked = json["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).unwrap();
    assert_eq!(revoked["revoked"], 4);
    let listed = place.tally(&["key", "list", "L"]).ok();
    assert!(listed.contains("auditor: revoked by entry 4"), "{listed}");
    place.tally(&["verify", "L"]).ok();
}

#[test]
fn a_stranger_s_key_records_nothing() {
    let place = Place::with_ledger();
    made(&place, "stranger.pem");
    place.record(EVENT).ok();
    let before = place.content();
    let note = ["note", "--on=1", "a remark", "--ledger=L", "--author-key=stranger.pem"];
    place.tally(&note).refused("nothing was written");
    let checkpoint_key = ["note", "--on=1", "x", "--ledger=L"];
    let by_checkpoint = ["--author-key", "L/keys/checkpoint.pem"];
    place.tally(&[&checkpoint_key[..], &by_checkpoint].concat()).refused("nothing was written");
    assert_eq!(place.content(), before);
}

#[test]
fn a_key_file_is_never_written_over() {
    let place = Place::empty();
    place.write("taken.pem", "something else");
    place.tally(&["key", "new", "taken.pem", "--unencrypted-keys"]).refused("exists already");
    place.tally(&["key", "new", "no/such/key.pem", "--unencrypted-keys"]).refused("no/such");
    place.tally(&["key", "new", "new.pem"]).refused("cannot ask for the passphrase");
    assert_eq!(place.content().len(), 1);
}

#[test]
fn too_few_digits_of_a_key_id_are_told_from_an_unknown_key() {
    let place = Place::with_ledger();
    let listed = place.tally(&["key", "list", "L", "--format", "json"]).exits(0).json();
    let keys = listed["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["name"] == "checkpoints").unwrap();
    let kid = key["kid"].as_str().unwrap();
    let revoke = |kid: &str| place.tally(&["key", "revoke", kid, "--why=x", "--ledger=L"]);
    revoke(&kid[..9]).refused("expected at least 12 digits of a key id, found 9");
    revoke("000000000000").refused("expected one key with the id 000000000000, found none");
    let known = revoke(&kid[..12]).exits(2);
    assert!(known.stderr.contains("at least one checkpoint key to remain"), "{known:?}");
}
