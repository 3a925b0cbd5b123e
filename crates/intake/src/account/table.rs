//! The file that lists organisations and accounts, read and checked.

use serde::Deserialize;
use tally_ledger::time::{Interval, When};

use super::{Bugs, Organisation, Speaks, Who};

/// The largest file, in bytes.
const FILE_BYTES_MAX: usize = 1024 * 1024;
/// The longest name, domain or account, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Why a file of accounts cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// It is too large.
    #[error("{file}: expected at most {FILE_BYTES_MAX} bytes, found {found}")]
    TooLarge {
        /// The file.
        file: String,
        /// Its length in bytes.
        found: usize,
    },
    /// It is not TOML of this form.
    #[error("{file}: {reason}")]
    Form {
        /// The file.
        file: String,
        /// Where and why, as the parser says it.
        reason: String,
    },
    /// A member does not fit.
    #[error("{file}: {organisation}: {member}: expected {expected}, found {found:?}")]
    Member {
        /// The file.
        file: String,
        /// The organisation.
        organisation: String,
        /// The member.
        member: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// It contradicts what is known of an organisation.
    #[error("{file}: {organisation}: expected {expected}, found {found}")]
    Contradiction {
        /// The file.
        file: String,
        /// The organisation.
        organisation: String,
        /// What is known.
        expected: String,
        /// What the file says.
        found: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    organisation: Vec<WrittenOrganisation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOrganisation {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    ca_owner: Option<String>,
    role: Option<String>,
    #[serde(default)]
    speaks: Vec<WrittenSpeaks>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSpeaks {
    domain: Option<String>,
    account: Option<String>,
    from: Option<toml::value::Datetime>,
    until: Option<toml::value::Datetime>,
    bugs: Option<String>,
}

/// Reads the organisations of a file.
pub(super) fn read(text: &str, file: &str) -> Result<Vec<Organisation>, AccountsError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(AccountsError::TooLarge { file: file.to_owned(), found: text.len() });
    }
    let written: Written = toml::from_str(text).map_err(|e| AccountsError::Form {
        file: file.to_owned(),
        reason: e.to_string().trim_end().to_owned(),
    })?;
    written.organisation.into_iter().map(|written| written.read(file)).collect()
}

impl WrittenOrganisation {
    fn read(self, file: &str) -> Result<Organisation, AccountsError> {
        let wrong = |member, expected, found: &str| AccountsError::Member {
            file: file.to_owned(),
            organisation: self.name.chars().take(NAME_BYTES_MAX).collect(),
            member,
            expected,
            found: found.chars().take(NAME_BYTES_MAX).collect(),
        };
        let words = "words in one line, at most 200 bytes";
        let fits = |text: &str| {
            !text.trim().is_empty()
                && text.len() <= NAME_BYTES_MAX
                && !text.contains(char::is_control)
        };
        let named = [("name", &self.name)].into_iter();
        let aliases = self.aliases.iter().map(|alias| ("aliases", alias));
        let role = self.role.iter().map(|role| ("role", role));
        if let Some((member, text)) = named.chain(aliases).chain(role).find(|(_, t)| !fits(t)) {
            return Err(wrong(member, words, text));
        }
        if let Some(id) = self.ca_owner.as_ref().filter(|id| !is_ca_owner(id)) {
            return Err(wrong("ca_owner", "a CCADB unique id such as A000021", id));
        }
        let speaks = self.speaks.iter().map(|speaks| speaks.read(&wrong));
        let speaks = speaks.collect::<Result<_, _>>()?;
        let Self { name, aliases, ca_owner, role, .. } = self;
        Ok(Organisation { name, aliases, ca_owner, role, speaks })
    }
}

impl WrittenSpeaks {
    fn read(
        &self,
        wrong: &impl Fn(&'static str, &'static str, &str) -> AccountsError,
    ) -> Result<Speaks, AccountsError> {
        let who = match (&self.domain, &self.account) {
            (Some(domain), None) => {
                let domain = domain.to_lowercase();
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
                if !domain.contains('.') || !domain.bytes().all(plain) {
                    return Err(wrong("domain", "a domain such as ca.example", &domain));
                }
                Who::Domain(domain)
            }
            (None, Some(account)) => {
                if account.is_empty() || account.contains(|c: char| c.is_whitespace()) {
                    return Err(wrong("account", "a login name", account));
                }
                Who::Account(account.to_lowercase())
            }
            _ => return Err(wrong("speaks", "either a domain or an account", "both or neither")),
        };
        let from = day(self.from.as_ref(), "from", wrong)?.map_or(i64::MIN, |day| day.start);
        let until = day(self.until.as_ref(), "until", wrong)?.map_or(i64::MAX, |day| day.end);
        if from >= until {
            return Err(wrong("until", "a day not before `from`", "an earlier one"));
        }
        let bugs = match self.bugs.as_deref() {
            None => Bugs::All,
            Some("own") => Bugs::Own,
            Some("others") => Bugs::Others,
            Some(other) => return Err(wrong("bugs", "own or others", other)),
        };
        Ok(Speaks { who, from, until, bugs })
    }
}

/// Returns the seconds of a day of UTC.
fn day(
    written: Option<&toml::value::Datetime>,
    member: &'static str,
    wrong: &impl Fn(&'static str, &'static str, &str) -> AccountsError,
) -> Result<Option<Interval>, AccountsError> {
    let Some(written) = written else {
        return Ok(None);
    };
    let text = written.to_string();
    let day = When::new(&text, Some("Z"), None).ok().filter(|_| text.len() == 10);
    day.map(|day| Some(day.interval()))
        .ok_or_else(|| wrong(member, "a day such as 2026-01-31", &text))
}

fn is_ca_owner(id: &str) -> bool {
    id.strip_prefix('A').is_some_and(|n| n.len() == 6 && n.bytes().all(|b| b.is_ascii_digit()))
}
