//! A policy pack as it is written in TOML, and what it must keep to.

use serde::Deserialize;
use tally_ledger::time::When;

use super::{COUNT_MAX, Limit, Obligation, Pack, PackError, Requirement, Version};

/// The codes of the rules that a requirement may feed.
const RULES: [&str; 11] =
    ["P101", "P102", "P103", "P104", "P105", "P106", "P107", "P108", "P109", "P110", "T304"];
/// The most bytes of a pack.
const BYTES_MAX: usize = 256 * 1024;
/// The most characters of a text in a pack.
const TEXT_CHARS_MAX: usize = 300;
/// The longest limit: ten years, in hours.
const HOURS_MAX: u32 = 10 * 366 * 24;

impl PackError {
    pub(super) fn new(place: &str, problem: impl Into<String>) -> Self {
        let place = place.chars().take(TEXT_CHARS_MAX).collect();
        Self { place, problem: problem.into() }
    }
}

impl Pack {
    /// Parses a pack and checks it.
    ///
    /// # Errors
    ///
    /// Fails if the text is too long, is not TOML of the form, or breaks one of its rules.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        if text.len() > BYTES_MAX {
            let found = text.len();
            return Err(PackError::new(
                "pack",
                format!("{found} bytes found, at most {BYTES_MAX} taken"),
            ));
        }
        let written: WrittenPack = toml::from_str(text).map_err(|e| {
            let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            PackError::new(&format!("line {line}"), e.message())
        })?;
        written.check()
    }
}

/// A pack as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPack {
    id: String,
    source: String,
    url: String,
    read: When,
    version: Vec<WrittenVersion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenVersion {
    version: String,
    from: When,
    until: Option<When>,
    url: Option<String>,
    same_as: Option<String>,
    #[serde(default)]
    requirement: Vec<WrittenRequirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRequirement {
    id: String,
    rule: String,
    section: String,
    strength: Obligation,
    limit: Option<WrittenLimit>,
    recommended: Option<WrittenLimit>,
    duty: String,
    reading: Option<String>,
    #[serde(default)]
    ends_with_closure_report: bool,
    #[serde(default)]
    cited_as: Vec<String>,
    reasons: Option<[u32; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLimit {
    hours: Option<u32>,
    days: Option<u32>,
    end_of_day: Option<String>,
}

impl WrittenPack {
    fn check(self) -> Result<Pack, PackError> {
        bounded("pack", &[&self.id, &self.source, &self.url])?;
        if self.version.is_empty() || self.version.len() > COUNT_MAX {
            let found = self.version.len();
            return Err(PackError::new(
                "pack",
                format!("{found} versions found, 1 to {COUNT_MAX} expected"),
            ));
        }
        let mut versions: Vec<Version> = Vec::new();
        for written in self.version {
            let place = format!("version {}", written.version);
            if let Some(last) = versions.last_mut() {
                follow(&place, last, &written)?;
            }
            let version = written.check(&place, &versions, &self.url)?;
            versions.push(version);
        }
        let Self { id, source, url, read, .. } = self;
        Ok(Pack { id, source, url, read, versions })
    }
}

/// Ends the version before where the next one begins, unless it says itself when it ended.
fn follow(place: &str, last: &mut Version, next: &WrittenVersion) -> Result<(), PackError> {
    if last.version == next.version {
        return Err(PackError::new(place, "it stands there twice"));
    }
    if next.from.interval().start <= last.from.interval().start {
        let problem = format!("from {}: expected after {}", next.from, last.from);
        return Err(PackError::new(place, problem));
    }
    let until = last.until.get_or_insert_with(|| next.from.clone());
    if next.from.interval().start < until.interval().start {
        let problem = format!("from {}: version {} lasts until {until}", next.from, last.version);
        return Err(PackError::new(place, problem));
    }
    Ok(())
}

impl WrittenVersion {
    fn check(self, place: &str, before: &[Version], url: &str) -> Result<Version, PackError> {
        bounded(place, &[&self.version])?;
        day(place, "from", &self.from)?;
        if let Some(until) = &self.until {
            day(place, "until", until)?;
            if until.interval().start <= self.from.interval().start {
                return Err(PackError::new(
                    place,
                    format!("until {until}: expected after {}", self.from),
                ));
            }
        }
        let requirements = match &self.same_as {
            Some(_) if !self.requirement.is_empty() => {
                return Err(PackError::new(
                    place,
                    "same_as and requirements found, one of them expected",
                ));
            }
            Some(same) => {
                let known = before.iter().find(|version| version.version == *same);
                let unknown =
                    || PackError::new(place, format!("same_as {same:?} names no version before"));
                known.ok_or_else(unknown)?.requirements.clone()
            }
            None => {
                self.requirement.into_iter().map(|r| r.check(place)).collect::<Result<_, _>>()?
            }
        };
        let mut ids: Vec<&str> = requirements.iter().map(|r: &Requirement| &*r.id).collect();
        ids.sort_unstable();
        let twice = ids.array_windows().find(|[id, next]| id == next);
        if let Some([id, _]) = twice {
            return Err(PackError::new(place, format!("requirement {id:?} stands there twice")));
        }
        if requirements.len() > COUNT_MAX {
            let found = requirements.len();
            return Err(PackError::new(
                place,
                format!("{found} requirements, at most {COUNT_MAX} taken"),
            ));
        }
        let Self { version, from, until, url: own, .. } = self;
        Ok(Version { version, from, until, url: own.unwrap_or(url.to_owned()), requirements })
    }
}

impl WrittenRequirement {
    fn check(self, version: &str) -> Result<Requirement, PackError> {
        let place = format!("{version}, requirement {}", self.id);
        bounded(&place, &[&self.id, &self.section, &self.duty])?;
        if !RULES.contains(&self.rule.as_str()) {
            let known = RULES.join(", ");
            return Err(PackError::new(
                &place,
                format!("rule {:?}: expected one of {known}", self.rule),
            ));
        }
        if let Some([first, last]) = self.reasons.filter(|[first, last]| first > last) {
            let problem = format!("reasons [{first}, {last}]: the first comes after the last");
            return Err(PackError::new(&place, problem));
        }
        let check = |limit: Option<WrittenLimit>| limit.map(|l| l.check(&place)).transpose();
        let (limit, recommended) = (check(self.limit)?, check(self.recommended)?);
        Ok(Requirement {
            limit,
            recommended,
            id: self.id,
            rule: self.rule,
            section: self.section,
            strength: self.strength,
            duty: self.duty,
            reading: self.reading,
            ends_with_closure_report: self.ends_with_closure_report,
            cited_as: self.cited_as,
            reasons: self.reasons,
        })
    }
}

impl WrittenLimit {
    fn check(self, place: &str) -> Result<Limit, PackError> {
        match (self.hours, self.days, self.end_of_day) {
            (Some(hours), None, None) if (1..=HOURS_MAX).contains(&hours) => {
                Ok(Limit::Hours(hours))
            }
            (None, Some(days), None) if (1..=HOURS_MAX / 24).contains(&days) => {
                Ok(Limit::Days(days))
            }
            (None, None, Some(zone)) => {
                let problem = |e| PackError::new(place, format!("end_of_day: {e}"));
                When::new("2000-01-01", Some(&zone), None).map_err(problem)?;
                Ok(Limit::EndOfDay(zone))
            }
            _ => {
                let problem = "a limit has one of hours, days (up to ten years) and end_of_day";
                Err(PackError::new(place, problem))
            }
        }
    }
}

/// Refuses an empty or very long text.
fn bounded(place: &str, texts: &[&str]) -> Result<(), PackError> {
    let fits = |text: &&&str| {
        let text = text.trim();
        text.is_empty() || text.chars().count() > TEXT_CHARS_MAX
    };
    match texts.iter().find(fits) {
        None => Ok(()),
        Some(text) => {
            let found = text.chars().count();
            let problem = format!("a text has {found} characters, 1 to {TEXT_CHARS_MAX} expected");
            Err(PackError::new(place, problem))
        }
    }
}

/// Refuses an effective date that is not a day.
fn day(place: &str, member: &str, when: &When) -> Result<(), PackError> {
    if when.at().len() == 10 && !when.at().contains(['/', 'T']) {
        return Ok(());
    }
    Err(PackError::new(
        place,
        format!("{member} {:?}: expected a date such as 2025-03-01", when.at()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id = \"own\"\nsource = \"Own\"\nurl = \"u\"\nread = \"2026-01-01\"\n";
    const ASKED: &str = "[[version.requirement]]\nid = \"r\"\nrule = \"P103\"\nsection = \"1\"\n\
                         strength = \"must\"\nduty = \"a reply\"\n";

    fn version(name: &str, from: &str, more: &str) -> String {
        format!("[[version]]\nversion = \"{name}\"\nfrom = \"{from}\"\n{more}")
    }

    fn problem(parts: &[&str]) -> String {
        Pack::parse(&format!("{HEAD}{}", parts.concat())).unwrap_err().to_string()
    }

    #[test]
    fn a_version_lasts_until_the_next_one_unless_it_says_otherwise() {
        let first = version("1", "2020-01-01", ASKED);
        let second = version("2", "2021-01-01", "until = \"2022-01-01\"\nsame_as = \"1\"\n");
        let pack = Pack::parse(&format!("{HEAD}{first}{second}")).unwrap();
        let until = pack.versions[0].until.as_ref().unwrap();
        assert_eq!(until.at(), "2021-01-01");
        assert_eq!(pack.versions[1].until.as_ref().unwrap().at(), "2022-01-01");
        assert_eq!(pack.versions[1].requirements, pack.versions[0].requirements);
        assert_eq!(pack.versions[1].url, "u");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let early = version("2", "2019-01-01", "");
        let first = version("1", "2020-01-01", ASKED);
        for (text, place, what) in [
            (problem(&["x = 1\n"]), "line 5", "unknown field"),
            (problem(&["version = []\n"]), "pack", "0 versions"),
            (problem(&[&first, &early]), "version 2", "expected after 2020-01-01"),
            (problem(&[&first, &first]), "version 1", "twice"),
            (problem(&[&version("1", "2020", "")]), "version 1", "expected a date"),
            (problem(&[&version("1", "2020-01-01", "same_as = \"0\"\n")]), "version 1", "names no"),
            (problem(&[&first, ASKED]), "version 1", "\"r\" stands there twice"),
            (problem(&[&first.replace("P103", "T999")]), "requirement r", "expected one of P101"),
            (problem(&[&first, "limit = { hours = 0 }\n"]), "requirement r", "has one of"),
            (
                problem(&[&first, "limit = { days = 1, hours = 2 }\n"]),
                "requirement r",
                "has one of",
            ),
            (problem(&[&first, "limit = { end_of_day = \"x\" }\n"]), "requirement r", "zone"),
            (problem(&[&first, "reasons = [5, 1]\n"]), "requirement r", "after the last"),
            (problem(&[&first.replace("a reply", " ")]), "requirement r", "1 to 300 expected"),
        ] {
            assert!(text.contains(place) && text.contains(what), "{text:?}: {place}, {what}");
        }
    }

    #[test]
    fn a_text_beyond_the_limits_is_refused_before_it_is_read() {
        let long = " ".repeat(BYTES_MAX + 1);
        assert!(Pack::parse(&long).unwrap_err().problem.contains("at most"));
        let many: String =
            (0..=COUNT_MAX).map(|n| version(&n.to_string(), "2020-01-01", "")).collect();
        assert!(problem(&[&many]).contains("129 versions found"));
    }
}
