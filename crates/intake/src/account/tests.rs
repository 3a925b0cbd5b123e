//! Whom the shipped data and a file of one's own take an account to speak for.

use super::*;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// For whom `account` speaks in a bug of that title, and in what capacity.
fn spoken(accounts: &Accounts, account: &str, summary: &str) -> (Capacity, String) {
    let about = accounts.about(summary);
    let attribution = accounts.attribute(account, at("2024-08-03T20:47:12Z"), &about);
    (attribution.speaker().capacity, attribution.name())
}

#[test]
fn the_shipped_data_holds_no_login_name_of_a_person() {
    let accounts = Accounts::shipped();
    assert!(accounts.organisations.len() > 50, "{}", accounts.organisations.len());
    let listed = accounts.organisations.iter().flat_map(|o| &o.speaks);
    let names = listed.filter_map(|speaks| match &speaks.who {
        Who::Account(account) => Some(&**account),
        Who::Domain(_) => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), ["chrome-root-program@google.com"]);
    let public = ["gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "proton.me", "126.com"];
    for organisation in &accounts.organisations {
        for speaks in &organisation.speaks {
            let of_all = matches!(&speaks.who, Who::Domain(d) if public.contains(&&**d));
            assert!(!of_all, "{} by a mail domain that anybody can have", organisation.name);
        }
    }
}

#[test]
fn an_account_is_official_only_in_a_bug_about_its_organisation() {
    let accounts = Accounts::shipped();
    for (account, summary, capacity, name) in [
        ("x@digicert.com", "DigiCert: Random value", Capacity::Official, "DigiCert"),
        ("X@DigiCert.com", "digicert : Random value", Capacity::Official, "DigiCert"),
        ("x@digicert.com", "Sectigo: A thing", Capacity::Participant, "DigiCert"),
        ("x@sectigo.com", "Comodo: An old thing", Capacity::Official, "Sectigo"),
        ("x@letsencrypt.org", "Let\u{2019}s Encrypt: A", Capacity::Official, "Let's Encrypt"),
        ("x@mozilla.com", "DigiCert: A", Capacity::Participant, "Mozilla"),
        ("x@gmail.com", "DigiCert: A", Capacity::Participant, "an unknown account"),
        ("x@evil-digicert.com", "DigiCert: A", Capacity::Participant, "an unknown account"),
        ("x@mail.digicert.com", "DigiCert: A", Capacity::Participant, "an unknown account"),
        ("digicert.com", "DigiCert: A", Capacity::Participant, "an unknown account"),
        ("x@digicert.com@gmail.com", "DigiCert: A", Capacity::Participant, "an unknown account"),
    ] {
        assert_eq!(spoken(&accounts, account, summary), (capacity, name.into()), "{account}");
    }
}

#[test]
fn one_organisation_may_have_two_mail_domains() {
    let accounts = Accounts::shipped();
    for account in ["x@bdr.de", "x@d-trust.net"] {
        let expected = (Capacity::Official, "D-Trust".to_owned());
        assert_eq!(spoken(&accounts, account, "D-TRUST: A"), expected, "{account}");
    }
}

#[test]
fn a_title_may_name_two_organisations_and_both_speak_for_it() {
    let accounts = Accounts::shipped();
    let title = "QuoVadis / PKIoverheid: A";
    let about = accounts.about(title);
    let names: Vec<&str> = about.organisations.iter().map(|o| &*o.name).collect();
    assert_eq!(names, ["QuoVadis", "PKIoverheid"]);
    let official = |name: &str| (Capacity::Official, name.to_owned());
    assert_eq!(spoken(&accounts, "x@digicert.com", title), official("QuoVadis"));
    assert_eq!(spoken(&accounts, "x@logius.nl", title), official("PKIoverheid"));
}

#[test]
fn a_title_without_a_known_organisation_makes_nobody_official() {
    let accounts = Accounts::shipped();
    for (title, prefix) in [
        ("SwissSign - certificates with a wrong field", None),
        ("Unheard Of CA: a thing", Some("Unheard Of CA".to_owned())),
        ("", None),
    ] {
        let about = accounts.about(title);
        assert_eq!((about.organisations.len(), about.prefix.clone()), (0, prefix));
        let (capacity, name) = spoken(&accounts, "x@swisssign.com", title);
        assert_eq!((capacity, &*name), (Capacity::Participant, "SwissSign"));
    }
}

#[test]
fn a_domain_of_a_ca_and_of_a_root_program_is_told_apart_by_the_bug() {
    let accounts = Accounts::shipped();
    let official = |name: &str| (Capacity::Official, name.to_owned());
    let participant = |name: &str| (Capacity::Participant, name.to_owned());
    let own = "Google Trust Services: A";
    assert_eq!(spoken(&accounts, "x@google.com", own), official("Google Trust Services"));
    assert_eq!(spoken(&accounts, "x@google.com", "Sectigo: A"), participant("Google"));
    let program = "Chrome-Root-Program@google.com";
    assert_eq!(spoken(&accounts, program, own), participant("Chrome Root Program"));
    assert_eq!(spoken(&accounts, program, "Sectigo: A"), participant("Chrome Root Program"));
    let about = accounts.about("Sectigo: A");
    let speaker = accounts.attribute(program, at("2024-08-03T20:47:12Z"), &about).speaker();
    assert_eq!(speaker.role.as_deref(), Some("root program"));
}

#[test]
fn an_account_speaks_for_nobody_outside_its_days() {
    let accounts = Accounts::shipped();
    let about = accounts.about("Certainly: A");
    let named = |when: &str| accounts.attribute("x@fastly.com", at(when), &about).name();
    assert_eq!(named("2021-12-31T23:59:59Z"), "an unknown account");
    assert_eq!(named("2022-01-01T00:00:00Z"), "Certainly");
    let text = "[[organisation]]\nname = \"Example CA\"\n\
                speaks = [{ domain = \"ca.example\", until = 2024-08-02 }]\n";
    let accounts = accounts.extended(text, "mine.toml").unwrap();
    let about = accounts.about("Example CA: A");
    let named = |when: &str| accounts.attribute("x@ca.example", at(when), &about).name();
    assert_eq!(named("2024-08-02T23:59:59Z"), "Example CA");
    assert_eq!(named("2024-08-03T00:00:00Z"), "an unknown account");
}

#[test]
fn a_file_of_ones_own_extends_the_data() {
    let text = "[[organisation]]\nname = \"DIGICERT\"\naliases = [\"DC\"]\n\
                speaks = [{ account = \"dcperson\" }]\n\
                [[organisation]]\nname = \"Other\"\nspeaks = [{ domain = \"digicert.com\" }]\n";
    let accounts = Accounts::shipped().extended(text, "mine.toml").unwrap();
    assert_eq!(spoken(&accounts, "dcperson", "DC: A").1, "DigiCert");
    assert_eq!(accounts.named("dc").unwrap().ca_owner.as_deref(), Some("A000021"));
    // Listed for two organisations, and the bug is about neither: nobody is named.
    let shared = (Capacity::Participant, "DigiCert or Other".to_owned());
    assert_eq!(spoken(&accounts, "x@digicert.com", "Sectigo: A"), shared);
    let about = accounts.about("Sectigo: A");
    let speaker =
        accounts.attribute("x@digicert.com", at("2024-01-01T00:00:00Z"), &about).speaker();
    assert_eq!(speaker.organisation, None);
}

#[test]
fn a_file_that_does_not_fit_is_refused_with_its_place() {
    let with = |rest: &str| format!("[[organisation]]\nname = \"Example CA\"\n{rest}\n");
    for (text, message) in [
        (with("nane = 1"), "unknown field `nane`"),
        (with("ca_owner = \"21\""), "Example CA: ca_owner: expected a CCADB unique id"),
        (with("ca_owner = \"A00002é\""), "Example CA: ca_owner: expected a CCADB unique id"),
        (with("speaks = [{ domain = \"x@y.example\" }]"), "domain: expected a domain"),
        (with("speaks = [{ domain = \"localhost\" }]"), "domain: expected a domain"),
        (with("speaks = [{ account = \"a b\" }]"), "account: expected a login name"),
        (with("speaks = [{}]"), "speaks: expected either a domain or an account"),
        (with("speaks = [{ account = \"a\", bugs = \"some\" }]"), "bugs: expected own or others"),
        (
            with("speaks = [{ account = \"a\", from = 2024-01-02, until = 2024-01-01 }]"),
            "until: expected a day not before `from`",
        ),
        (with("speaks = [{ account = \"a\", from = 10:00:00 }]"), "from: expected a day"),
        (with("aliases = [\"\"]"), "aliases: expected words"),
        (with("aliases = [\"Sectigo\"]"), "expected a name of one organisation, found \"Sectigo\""),
        (
            "[[organisation]]\nname = \"DigiCert\"\nca_owner = \"A000022\"".to_owned(),
            "DigiCert: expected the CCADB unique id A000021, found A000022",
        ),
        (" ".repeat(1024 * 1024 + 1), "expected at most 1048576 bytes"),
    ] {
        let error = Accounts::shipped().extended(&text, "mine.toml").unwrap_err().to_string();
        assert!(error.starts_with("mine.toml: ") && error.contains(message), "{error}");
    }
}
