//! Policy packs: what a policy asks for by a time, as data with version, effective date and
//! section. The rules of the family `clock` apply the version in force on the date it governs.
//!
//! Packs are TOML (docs/DIVERGENCE.md, "Policy packs"). Some are built in; a user's pack adds to
//! them, or replaces the one that has its id.

mod parse;

use std::fmt;

use serde::Deserialize;
use tally_ledger::time::{Interval, When};

/// The packs that are built in.
const BUILT_IN: [&str; 3] = [
    include_str!("../packs/ccadb-irg.toml"),
    include_str!("../packs/ccadb-policy.toml"),
    include_str!("../packs/tls-br.toml"),
];
/// The most packs, versions of one pack, and requirements of one version.
const COUNT_MAX: usize = 128;
/// A day, in seconds.
const DAY: i64 = 86_400;

/// Why a text is no policy pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PackError {
    /// Where: a line, a version or a requirement.
    pub place: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

/// How strongly a policy asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Obligation {
    /// It is required.
    Must,
    /// It is recommended.
    Should,
}

impl Obligation {
    /// Returns the policy's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
        }
    }
}

/// By when something is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// So many hours after the clock started.
    Hours(u32),
    /// So many days after the clock started. It is surely kept within as many times 24 hours, and
    /// surely missed a day later: the sources do not say whether days end by the hour or by the
    /// calendar, nor in which zone.
    Days(u32),
    /// By the end of a date that is named elsewhere, in this zone unless the date states one.
    EndOfDay(String),
}

impl Limit {
    /// Returns how many seconds after the start it is surely kept, and after how many surely
    /// missed; `None` if it ends on a date.
    pub fn seconds(&self) -> Option<(i64, i64)> {
        match self {
            Self::Hours(hours) => Some((i64::from(*hours) * 3600, i64::from(*hours) * 3600)),
            Self::Days(days) => {
                Some((i64::from(*days) * DAY, i64::from(days.saturating_add(1)) * DAY))
            }
            Self::EndOfDay(_) => None,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours(hours) => write!(f, "at most {hours} h"),
            Self::Days(1) => f.write_str("at most 1 day"),
            Self::Days(days) => write!(f, "at most {days} days"),
            Self::EndOfDay(zone) => write!(f, "by the end of the day (UTC{zone} if no zone)"),
        }
    }
}

/// What a version of a policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// Its id, the same in every version of the policy.
    pub id: String,
    /// The code of the rule that applies it.
    pub rule: String,
    /// The section, as the policy numbers or names it.
    pub section: String,
    /// How strongly it is asked for.
    pub strength: Obligation,
    /// By when; absent if it names a condition and no time.
    pub limit: Option<Limit>,
    /// A stricter limit that is recommended beside it.
    pub recommended: Option<Limit>,
    /// What is asked for, in words.
    pub duty: String,
    /// What a reader should know of how the text is read here.
    pub reading: Option<String>,
    /// Whether it no longer applies once a closure report is posted, unless something is asked.
    pub ends_with_closure_report: bool,
    /// How a deadline names this section, such as `BR 4.9.1.1`.
    pub cited_as: Vec<String>,
    /// Which numbered reasons of the section it is for; absent: all.
    pub reasons: Option<[u32; 2]>,
}

/// A version of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// Its number.
    pub version: String,
    /// The date from which it applies.
    pub from: When,
    /// The first date on which it no longer applies; absent if none is known.
    pub until: Option<When>,
    /// Where it can be read.
    pub url: String,
    /// What it asks for.
    pub requirements: Vec<Requirement>,
}

impl Version {
    /// Returns the time in which it may have been in force: its dates, whatever their zone.
    fn extent(&self) -> Interval {
        let start = self.from.interval().start;
        // The first date without it begins one day before it ends, wherever that is.
        let end = self.until.as_ref().map_or(i64::MAX, |until| until.interval().end - DAY);
        Interval { start, end }
    }
}

/// The versions of one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pack {
    /// The id by which another pack replaces it.
    pub id: String,
    /// The name of the policy.
    pub source: String,
    /// Where its current version can be read.
    pub url: String,
    /// The last day up to which its versions were looked through.
    pub read: When,
    /// Its versions, each before the next.
    pub versions: Vec<Version>,
}

/// The policies that clocks are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packs(Vec<Pack>);

impl Default for Packs {
    fn default() -> Self {
        Self::built_in()
    }
}

impl Packs {
    /// Returns the packs that are built in.
    pub fn built_in() -> Self {
        let mut packs = Self(Vec::new());
        for text in BUILT_IN {
            packs.add(text).expect("the built-in packs are tested");
        }
        packs
    }

    /// Adds a pack in the place of the one with its id, if there is one.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a pack, or if there are too many.
    pub fn add(&mut self, text: &str) -> Result<&Pack, PackError> {
        let pack = Pack::parse(text)?;
        let at = self.0.iter().position(|known| known.id == pack.id);
        let at = at.unwrap_or(self.0.len());
        if at == COUNT_MAX {
            return Err(PackError::new("packs", format!("at most {COUNT_MAX} are taken")));
        }
        self.0.splice(at..(at + 1).min(self.0.len()), [pack]);
        Ok(&self.0[at])
    }

    /// Returns the packs, the built-in ones first.
    pub fn all(&self) -> &[Pack] {
        &self.0
    }

    /// Returns the versions that were, or may have been, in force at any time of `when`.
    pub fn at(&self, when: &When) -> Vec<(&Pack, &Version)> {
        let governed = when.interval();
        let packs = self.0.iter();
        packs.flat_map(|pack| pack.in_force(governed).map(move |version| (pack, version))).collect()
    }

    /// Returns the packs that ask, in any version, for what the rule `code` looks at.
    pub fn of_rule(&self, code: &str) -> impl Iterator<Item = &Pack> {
        let code = code.to_owned();
        self.0.iter().filter(move |pack| {
            let mut asked = pack.versions.iter().flat_map(|version| &version.requirements);
            asked.any(|requirement| requirement.rule == code)
        })
    }
}

impl Pack {
    /// Returns the versions that may have been in force at any time of `governed`.
    pub fn in_force(&self, governed: Interval) -> impl Iterator<Item = &Version> {
        self.versions.iter().filter(move |version| version.extent().overlaps(&governed))
    }

    /// Returns whether at some time of `governed` surely no version was in force.
    pub fn leaves_open(&self, governed: Interval) -> bool {
        let mut covered = governed.start;
        for version in &self.versions {
            let extent = version.extent();
            if extent.start <= covered {
                covered = covered.max(extent.end);
            }
        }
        covered < governed.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> When {
        text.parse().unwrap()
    }

    /// Returns the number of the guidelines' version in force, or those that may have been.
    fn versions(at: &str) -> Vec<String> {
        let packs = Packs::built_in();
        let found = packs.at(&when(at)).into_iter();
        found.filter(|(p, _)| p.id == "ccadb-irg").map(|(_, v)| v.version.clone()).collect()
    }

    #[test]
    fn the_version_in_force_is_that_of_the_date_it_governs() {
        assert!(versions("2023-02-01").is_empty());
        assert_eq!(versions("2023-06-01"), ["1.0"]);
        assert_eq!(versions("2024-07-29T02:17Z"), ["2.0"]);
        assert_eq!(versions("2025-03-10"), ["3.0"]);
        assert_eq!(versions("2025-07-20"), ["3.1"]);
        assert_eq!(versions("2026-10-01"), ["3.2"]);
    }

    #[test]
    fn a_time_that_straddles_two_versions_yields_both() {
        assert_eq!(versions("2025-02-24/2025-03-19"), ["2.0", "3.0"]);
        // The date has no zone: somewhere it is still the day before.
        assert_eq!(versions("2025-03-01T11:00Z"), ["2.0", "3.0"]);
        assert_eq!(versions("2025-03-01T12:00Z"), ["3.0"]);
        assert_eq!(versions("2025-02-28T09:59Z"), ["2.0"]);
    }

    #[test]
    fn dates_with_a_zone_begin_at_its_midnight() {
        let packs = Packs::built_in();
        let names = |at: &str| -> Vec<String> {
            let found = packs.at(&when(at)).into_iter();
            found.filter(|(p, _)| p.id == "tls-br").map(|(_, v)| v.version.clone()).collect()
        };
        assert_eq!(names("2023-07-14T23:59Z"), ["1.6.1 to 1.8.6"]);
        assert_eq!(names("2023-07-15T00:00Z"), ["1.8.7 to 2.2.6"]);
    }

    #[test]
    fn the_guidelines_became_stricter_step_by_step() {
        let packs = Packs::built_in();
        let asked = |at: &str, rule: &str| {
            let versions = packs.at(&when(at)).into_iter();
            let asked = versions.flat_map(|(_, version)| &version.requirements);
            let asked = asked.filter(|requirement| requirement.rule == rule);
            asked.map(|r| (r.strength, r.limit.clone())).collect::<Vec<_>>()
        };
        let hours = Some(Limit::Hours(72));
        assert!(asked("2023-06-01", "P101").is_empty());
        assert_eq!(asked("2024-06-01", "P101"), [(Obligation::Should, hours.clone())]);
        assert_eq!(asked("2025-06-01", "P101"), [(Obligation::Must, hours)]);
        assert!(asked("2025-06-01", "P108").is_empty());
        assert_eq!(asked("2025-08-01", "P108"), [(Obligation::Must, Some(Limit::Days(3)))]);
        assert_eq!(asked("2026-08-01", "P108"), asked("2025-08-01", "P108"));
    }

    #[test]
    fn a_pack_of_the_same_id_replaces_the_one_built_in_and_another_is_added() {
        let pack = |id: &str| {
            format!(
                "id = \"{id}\"\nsource = \"Own\"\nurl = \"u\"\nread = \"2026-01-01\"\n\
                 [[version]]\nversion = \"1\"\nfrom = \"2020-01-01\"\n"
            )
        };
        let mut packs = Packs::built_in();
        assert_eq!(packs.add(&pack("own")).unwrap().source, "Own");
        assert_eq!(packs.all().len(), 4);
        packs.add(&pack("tls-br")).unwrap();
        assert_eq!(packs.all().len(), 4);
        assert_eq!(packs.all()[2].source, "Own");
    }

    #[test]
    fn days_leave_room_for_how_they_are_counted_and_hours_do_not() {
        assert_eq!(Limit::Hours(72).seconds(), Some((72 * 3600, 72 * 3600)));
        assert_eq!(Limit::Days(7).seconds(), Some((7 * DAY, 8 * DAY)));
        assert_eq!(Limit::EndOfDay("-12:00".to_owned()).seconds(), None);
    }

    #[test]
    fn a_time_that_no_version_covers_is_left_open() {
        let packs = Packs::built_in();
        let pack = &packs.all()[0];
        assert!(pack.leaves_open(when("2023-02-01/2023-03-01").interval()));
        assert!(!pack.leaves_open(when("2024-02-01/2026-03-01").interval()));
    }
}
