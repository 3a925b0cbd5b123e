//! Who speaks for which organisation: data, and never a guess.
//!
//! An account speaks for the organisation that a bug is about only if the data lists the account,
//! or its mail domain, for that organisation on that day. Where the data lists nothing, or several
//! organisations, nobody is named, and the account is reported.

mod table;

use tally_ledger::time::Instant;
use tally_ledger::vocabulary::statement::Speaker;
use tally_ledger::vocabulary::words::Capacity;

pub use table::AccountsError;

/// The data that this crate ships.
const SHIPPED: &str = include_str!("../accounts.toml");

/// Organisations, and the accounts that speak for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    organisations: Vec<Organisation>,
}

/// An organisation that accounts speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its name, as the titles of its bugs begin.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Its unique id in the CCADB, such as `A000021`, where it is known.
    pub ca_owner: Option<String>,
    /// Its role in incidents of others, such as `root program`.
    pub role: Option<String>,
    speaks: Vec<Speaks>,
}

/// An account or a domain that speaks for an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Speaks {
    who: Who,
    /// The first second on which it does, in seconds since the epoch.
    from: i64,
    /// The first second on which it no longer does.
    until: i64,
    bugs: Bugs,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    /// A login name, in lower case.
    Account(String),
    /// What follows the @ in login names, in lower case.
    Domain(String),
}

/// In which bugs an account speaks for an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bugs {
    All,
    /// Only in those about the organisation.
    Own,
    /// Only in those about others.
    Others,
}

/// For whom an account speaks in a bug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribution<'a> {
    /// For an organisation that the bug is about.
    Official(&'a Organisation),
    /// For another organisation.
    Participant(&'a Organisation),
    /// For one of several, and the data does not tell which.
    Shared(Vec<&'a Organisation>),
    /// The data does not list it.
    Unknown,
}

/// Which organisations a bug is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About<'a> {
    /// Those that the data knows, the first one first. A title may name several, parted by `/`.
    pub organisations: Vec<&'a Organisation>,
    /// What stands before the colon in the title; `None` if the title has no colon.
    pub prefix: Option<String>,
}

impl Accounts {
    /// Returns the data that this crate ships.
    pub fn shipped() -> Self {
        Self { organisations: Vec::new() }
            .extended(SHIPPED, "accounts.toml")
            .expect("the shipped data is read by a test")
    }

    /// Returns the data extended by the text of a file: an organisation of a known name gains what
    /// the file says of it, others are added.
    ///
    /// # Errors
    ///
    /// Fails if the text is not TOML of the form of `accounts.toml`, gives one name to two
    /// organisations, or contradicts what is known of one.
    pub fn extended(mut self, text: &str, file: &str) -> Result<Self, AccountsError> {
        for organisation in table::read(text, file)? {
            self.add(organisation, file)?;
        }
        Ok(self)
    }

    fn add(&mut self, mut new: Organisation, file: &str) -> Result<(), AccountsError> {
        let contradiction = |expected: String, found: String| AccountsError::Contradiction {
            file: file.to_owned(),
            organisation: new.name.clone(),
            expected,
            found,
        };
        let own = self.organisations.iter().position(|known| known.is_called(&new.name));
        for alias in &new.aliases {
            let other = self.organisations.iter().enumerate().find(|(_, o)| o.is_called(alias));
            if let Some((_, other)) = other.filter(|(index, _)| Some(*index) != own) {
                let found = format!("{alias:?} is {}", other.name);
                return Err(contradiction("a name of one organisation".to_owned(), found));
            }
        }
        let Some(known) = own.map(|index| &mut self.organisations[index]) else {
            self.organisations.push(new);
            return Ok(());
        };
        for (known, new, what) in [
            (&mut known.ca_owner, &new.ca_owner, "CCADB unique id"),
            (&mut known.role, &new.role, "role"),
        ] {
            match (known.as_deref(), new) {
                (Some(known), Some(new)) if known != new => {
                    return Err(contradiction(format!("the {what} {known}"), new.clone()));
                }
                (None, Some(new)) => *known = Some(new.clone()),
                _ => {}
            }
        }
        known.aliases.append(&mut new.aliases);
        known.speaks.append(&mut new.speaks);
        Ok(())
    }

    /// Returns the organisation of that name or alias; case and spacing are of no account.
    pub fn named(&self, name: &str) -> Option<&Organisation> {
        self.organisations.iter().find(|organisation| organisation.is_called(name))
    }

    /// Returns whom a bug of that title is about: titles begin with the organisation and a colon.
    pub fn about(&self, summary: &str) -> About<'_> {
        let Some((prefix, _)) = summary.split_once([':', '：']) else {
            return About { organisations: Vec::new(), prefix: None };
        };
        let organisations = match self.named(prefix) {
            Some(organisation) => vec![organisation],
            None => prefix.split('/').filter_map(|part| self.named(part)).collect(),
        };
        About { organisations, prefix: Some(prefix.trim().to_owned()) }
    }

    /// Returns for whom `account` spoke at that instant, in a bug about `about`.
    ///
    /// A login name that is listed whole outranks its domain; the organisation that the bug is
    /// about outranks others.
    pub fn attribute(&self, account: &str, at: Instant, about: &About<'_>) -> Attribution<'_> {
        let account = account.to_lowercase();
        let domain = account.rsplit_once('@').map(|(_, domain)| domain);
        let is_own = |organisation: &Organisation| {
            about.organisations.iter().any(|own| own.name == organisation.name)
        };
        for by_account in [true, false] {
            let listed: Vec<&Organisation> = self
                .organisations
                .iter()
                .filter(|organisation| {
                    let own = is_own(organisation);
                    organisation.speaks.iter().any(|speaks| {
                        let who = match &speaks.who {
                            Who::Account(listed) => by_account && *listed == account,
                            Who::Domain(listed) => !by_account && Some(&**listed) == domain,
                        };
                        who && speaks.at(at) && speaks.bugs.allow(own)
                    })
                })
                .collect();
            let own: Vec<&Organisation> = listed.iter().copied().filter(|o| is_own(o)).collect();
            match (own.as_slice(), listed.as_slice()) {
                ([own, ..], _) => return Attribution::Official(own),
                ([], [other]) => return Attribution::Participant(other),
                ([], []) => {}
                ([], _) => return Attribution::Shared(listed),
            }
        }
        Attribution::Unknown
    }
}

impl Organisation {
    fn is_called(&self, name: &str) -> bool {
        let name = plain(name);
        plain(&self.name) == name || self.aliases.iter().any(|alias| plain(alias) == name)
    }
}

impl Speaks {
    fn at(&self, at: Instant) -> bool {
        (self.from..self.until).contains(&at.unix())
    }
}

impl Bugs {
    fn allow(self, own: bool) -> bool {
        match self {
            Self::All => true,
            Self::Own => own,
            Self::Others => !own,
        }
    }
}

impl Attribution<'_> {
    /// Returns the speaker that a statement names.
    pub fn speaker(&self) -> Speaker {
        let (capacity, organisation) = match self {
            Self::Official(organisation) => (Capacity::Official, Some(*organisation)),
            Self::Participant(organisation) => (Capacity::Participant, Some(*organisation)),
            Self::Shared(_) | Self::Unknown => (Capacity::Participant, None),
        };
        Speaker {
            capacity,
            organisation: organisation.map(|organisation| organisation.name.clone()),
            role: organisation.and_then(|organisation| organisation.role.clone()),
            extra: std::collections::BTreeMap::new(),
        }
    }

    /// Returns what a field of a tracker calls the account: its organisation, never its login name.
    pub fn name(&self) -> String {
        match self {
            Self::Official(organisation) | Self::Participant(organisation) => {
                organisation.name.clone()
            }
            Self::Shared(organisations) => {
                let names: Vec<&str> = organisations.iter().map(|o| &*o.name).collect();
                names.join(" or ")
            }
            Self::Unknown => "an unknown account".to_owned(),
        }
    }
}

/// Returns a name without what people write in different ways: case, spacing, apostrophes.
fn plain(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").replace('\u{2019}', "'").to_lowercase()
}

#[cfg(test)]
mod tests;
