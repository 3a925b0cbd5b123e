//! What a cell says: a fingerprint, a serial number, an address at crt.sh, a time, an answer.

use tally_ledger::hash::Hash;
use tally_ledger::time::When;

use super::{Identity, Revoked};
use crate::moment::{self, Setting};

/// Returns whether a cell says nothing.
pub(super) fn is_empty(text: &str) -> bool {
    let text = text.trim();
    text.chars().all(|c| matches!(c, '-' | '–' | '—' | '.' | '*'))
        || ["n/a", "na", "none", "null", "nil", "not applicable", "not available"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns hexadecimal digits in lower case, of a text that holds nothing else but colons, spaces
/// and what a spreadsheet puts before or around them.
fn hex(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches(['\'', '=']).trim_matches(['"', '\'']);
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let is_between = |c: char| c == ':' || c == '-' || c.is_whitespace();
    let digits: String = text.chars().filter(|c| !is_between(*c)).collect();
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| digits.to_ascii_lowercase())
}

/// Returns a SHA-256 fingerprint.
pub(super) fn fingerprint(text: &str) -> Result<Hash, &'static str> {
    if let Some(Identity::Fingerprint(hash)) = at_crt_sh(text) {
        return Ok(hash);
    }
    match hex(text) {
        Some(digits) if digits.len() == 64 => digits.parse().map_err(|_| "no SHA-256 fingerprint"),
        Some(digits) if digits.len() == 40 => Err("a SHA-1 fingerprint, not SHA-256"),
        _ => Err("no SHA-256 fingerprint"),
    }
}

/// Returns a serial number, without zeros before it.
pub(super) fn serial(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let exponent = text.split_once(['E', 'e']).filter(|(_, power)| power.starts_with('+'));
    if exponent.is_some_and(|(digits, _)| digits.contains(['.', ','])) {
        return Err("a serial number that a spreadsheet rounded");
    }
    let digits = hex(text).ok_or("no serial number")?;
    let digits = digits.trim_start_matches('0');
    // RFC 5280, section 4.1.2.2: at most 20 octets; in decimal that is 49 digits.
    match digits.len() {
        0 => Err("a serial number of zero"),
        1..=50 => Ok(digits.to_owned()),
        _ => Err("longer than a serial number can be"),
    }
}

/// Returns what an address at crt.sh names, in whatever stands around it.
pub(super) fn at_crt_sh(text: &str) -> Option<Identity> {
    let (_, query) = text.split_once("crt.sh/?").or_else(|| text.split_once("crt.sh?"))?;
    let end = query.find(|c: char| !(c.is_ascii_alphanumeric() || "=&:%.".contains(c)));
    let query = &query[..end.unwrap_or(query.len())];
    query.split('&').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        match name {
            "id" => value.parse().ok().map(Identity::CrtSh),
            "sha256" | "q" => {
                let digits = hex(value).filter(|digits| digits.len() == 64)?;
                digits.parse().ok().map(Identity::Fingerprint)
            }
            _ => None,
        }
    })
}

/// Returns the certificate at crt.sh that a cell names, by address or by number.
pub(super) fn crt_sh(text: &str) -> Result<Identity, &'static str> {
    let number = || text.trim().parse().ok().map(Identity::CrtSh);
    at_crt_sh(text).or_else(number).ok_or("no certificate at crt.sh")
}

/// Returns the time of a cell that holds nothing else.
pub(super) fn time(text: &str) -> Result<When, &'static str> {
    let text = text.trim();
    if let Some(instant) = text.parse().ok().map(When::from_instant) {
        return Ok(instant);
    }
    let reordered = printed(text);
    let text = reordered.as_deref().unwrap_or(text);
    match moment::first(text, &Setting::default()) {
        None => Err("no time"),
        Some(Err(unclear)) => Err(unclear.why),
        Some(Ok(found)) => {
            let around = [&text[..found.span[0]], &text[found.span[1]..]];
            let is_apart = |text: &&str| !text.contains(char::is_alphanumeric);
            if around.iter().all(is_apart) && !found.about {
                Ok(found.when)
            } else {
                Err("more than a time")
            }
        }
    }
}

/// Returns a time as openssl prints it, `Jul 30 19:01:00 2024 GMT`, in an order that others have.
fn printed(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [month, day, clock, year, "GMT" | "UTC"] = words.as_slice() else {
        return None;
    };
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    (is_year && clock.contains(':')).then(|| format!("{month} {day}, {year} {clock} UTC"))
}

/// Returns whether a certificate is revoked, in the words of the Incident Reporting Guidelines and
/// in others that mean one of them.
pub(super) fn revoked(text: &str) -> Result<Revoked, &'static str> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "y" | "true" | "revoked" | "1" => Ok(Revoked::Yes),
        "planned" | "scheduled" => Ok(Revoked::Planned),
        "delayed" => Ok(Revoked::Delayed),
        "n/a" | "na" | "expired" | "not applicable" | "n/a (expired)" => Ok(Revoked::Expired),
        "no" | "n" | "false" | "not revoked" | "good" | "valid" | "active" | "0" => Ok(Revoked::No),
        _ => Err("not whether it is revoked"),
    }
}

/// Returns whether a row is about a precertificate.
pub(super) fn precertificate(text: &str) -> Result<bool, &'static str> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "precertificate" | "precert" => Ok(true),
        "no" | "n" | "false" | "0" | "certificate" | "leaf" | "final" => Ok(false),
        _ => Err("not whether it is a precertificate"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

    #[test]
    fn fingerprints_are_read_in_every_dress() {
        let pairs: Vec<&str> =
            HASH.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        for text in [
            HASH.to_owned(),
            HASH.to_uppercase(),
            pairs.join(":"),
            pairs.join(" ").to_uppercase(),
            format!("'{HASH}"),
            format!("https://crt.sh/?sha256={}", HASH.to_uppercase()),
            format!("=\"{HASH}\""),
            format!("[link](https://crt.sh/?q={HASH}&opt=ocsp)"),
        ] {
            assert_eq!(fingerprint(&text), Ok(HASH.parse().unwrap()), "{text}");
        }
        assert_eq!(fingerprint(&HASH[..40]), Err("a SHA-1 fingerprint, not SHA-256"));
        for text in [&HASH[..63], "example", "1.2E+30", "https://crt.sh/?id=12"] {
            assert_eq!(fingerprint(text), Err("no SHA-256 fingerprint"), "{text}");
        }
    }

    #[test]
    fn serial_numbers_are_the_same_with_zeros_colons_and_capitals() {
        for text in ["0A:1B:2C", "a1b2c", "0x0a1b2c", " 00 0A 1b 2c", "'0A1B2C"] {
            assert_eq!(serial(text).as_deref(), Ok("a1b2c"), "{text}");
        }
        assert_eq!(serial("1.52E+37"), Err("a serial number that a spreadsheet rounded"));
        assert_eq!(serial("00"), Err("a serial number of zero"));
        assert_eq!(serial(HASH), Err("longer than a serial number can be"));
        assert_eq!(serial("CN=x"), Err("no serial number"));
    }

    #[test]
    fn certificates_at_crt_sh_are_named_by_number_or_fingerprint() {
        for text in ["123", "https://crt.sh/?id=123", "[123](https://crt.sh/?id=123&opt=zlint)"] {
            assert_eq!(crt_sh(text), Ok(Identity::CrtSh(123)), "{text}");
        }
        let by_hash = Identity::Fingerprint(HASH.parse().unwrap());
        assert_eq!(crt_sh(&format!("crt.sh/?sha256={HASH}")), Ok(by_hash));
        for text in ["https://crt.sh/", "https://crt.sh/?id=", "https://crt.sh/?Identity=%25.x", ""]
        {
            assert_eq!(crt_sh(text), Err("no certificate at crt.sh"), "{text}");
        }
    }

    #[test]
    fn times_are_read_at_the_precision_that_they_have() {
        for (text, expected) in [
            ("2024-07-30T19:01:00Z", "2024-07-30 19:01:00 UTC"),
            ("2024-07-30 19:01:00 UTC", "2024-07-30 19:01:00 UTC"),
            ("Jul 30 19:01:00 2024 GMT", "2024-07-30 19:01:00 UTC"),
            ("Jul  3 09:01:00 2024 GMT", "2024-07-03 09:01:00 UTC"),
            ("2024-07-30", "2024-07-30"),
            ("30/07/2024", "2024-07-30"),
        ] {
            assert_eq!(time(text).map(|when| when.to_string()).as_deref(), Ok(expected), "{text}");
        }
        for text in ["soon", "06/07/2024", "2024-07-30 to come", "about 2024-07-30", "2024-13-45"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn answers_are_read_in_the_words_of_the_guidelines_and_in_plain_ones() {
        assert_eq!(revoked("Yes"), Ok(Revoked::Yes));
        assert_eq!(revoked("PLANNED"), Ok(Revoked::Planned));
        assert_eq!(revoked("N/A"), Ok(Revoked::Expired));
        assert_eq!(revoked("maybe"), Err("not whether it is revoked"));
        assert_eq!(precertificate("TRUE"), Ok(true));
        assert_eq!(precertificate("leaf"), Ok(false));
        assert!(precertificate("?").is_err());
        for text in ["", " ", "-", "N/A", "none"] {
            assert!(is_empty(text), "{text}");
        }
        assert!(!is_empty("0"));
    }
}
