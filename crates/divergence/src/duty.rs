//! A duty: what a policy asks for, in the versions that were in force while a clock ran; and the
//! finding on it, which names the source, the section and the version.

use std::collections::BTreeSet;

use tally_ledger::time::Interval;

use crate::finding::{Asked, Evidence, Finding, Verdict};
use crate::pack::{Limit, Obligation, Pack, Packs, Requirement, Version};
use crate::rules::Rule;
use crate::times::Times;

/// What one policy asks for.
#[derive(Debug, Clone)]
pub(crate) struct Duty<'p> {
    pack: &'p Pack,
    /// The versions that may have been in force, each with what it asks for, if it does.
    terms: Vec<(&'p Version, Option<&'p Requirement>)>,
    /// Whether no version that is known was in force for some of the time.
    open: bool,
    /// The end of the time that it governs.
    until: i64,
}

/// What holding a duty against the record came to, before its strength counts.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// `Tallies` if it was kept, `Diverges` if it was not.
    pub(crate) verdict: Verdict,
    /// What is recorded, in words.
    pub(crate) recorded: String,
    /// How far beyond the limit, or what is missing.
    pub(crate) remark: Option<String>,
    /// Why it was kept, and not as well as is recommended.
    pub(crate) beyond_recommended: Option<String>,
    pub(crate) compared: String,
    pub(crate) times: Times,
    pub(crate) notes: Vec<String>,
    pub(crate) evidence: Vec<Evidence>,
}

impl Held {
    /// Returns what was found, with nothing but its words yet.
    pub(crate) fn new(verdict: Verdict, recorded: String, remark: Option<String>) -> Self {
        Self {
            verdict,
            recorded,
            remark,
            beyond_recommended: None,
            compared: String::new(),
            times: Times::default(),
            notes: Vec::new(),
            evidence: Vec::new(),
        }
    }

    /// Takes the entries that it rests on.
    pub(crate) fn resting_on(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        for evidence in evidence {
            let key = (evidence.seq, evidence.claim);
            if !self.evidence.iter().any(|known| (known.seq, known.claim) == key) {
                self.evidence.push(evidence);
            }
        }
        self
    }
}

/// Returns the duties that the packs set for the rule `code`, each in the versions in force from
/// the start of a clock until it has surely run out; where no length is set, until `until`.
pub(crate) fn duties<'p>(
    packs: &'p Packs,
    code: &str,
    start: Interval,
    until: i64,
) -> Vec<Duty<'p>> {
    let mut duties = Vec::new();
    for pack in packs.of_rule(code) {
        let asked = |version: &'p Version| {
            version.requirements.iter().filter(|requirement| requirement.rule == code)
        };
        let ids: BTreeSet<&str> =
            pack.versions.iter().flat_map(asked).map(|requirement| &*requirement.id).collect();
        for id in ids {
            let named = |version: &'p Version| asked(version).find(|asked| asked.id == id);
            let limits = pack.versions.iter().filter_map(named).map(|asked| &asked.limit);
            let lapse = limits.flatten().filter_map(Limit::seconds).map(|(_, lapse)| lapse);
            let end = lapse.max().map_or(until, |lapse| start.end.saturating_add(lapse));
            let governed = Interval { start: start.start, end: end.max(start.end) };
            let terms: Vec<_> =
                pack.in_force(governed).map(|version| (version, named(version))).collect();
            if terms.iter().any(|(_, asked)| asked.is_some()) {
                let open = pack.leaves_open(governed);
                duties.push(Duty { pack, terms, open, until: governed.end });
            }
        }
    }
    duties
}

impl<'p> Duty<'p> {
    /// Returns the duty that other requirements of the same versions set; `None` if none does.
    pub(crate) fn of(
        pack: &'p Pack,
        governed: Interval,
        meant: impl Fn(&Requirement) -> bool,
    ) -> Option<Self> {
        let mut terms: Vec<(&Version, Option<&Requirement>)> = Vec::new();
        for version in pack.in_force(governed) {
            let asked: Vec<_> = version.requirements.iter().filter(|asked| meant(asked)).collect();
            if asked.is_empty() {
                terms.push((version, None));
            }
            terms.extend(asked.into_iter().map(|asked| (version, Some(asked))));
        }
        let open = pack.leaves_open(governed);
        let any = terms.iter().any(|(_, asked)| asked.is_some());
        any.then_some(Self { pack, terms, open, until: governed.end })
    }

    /// Returns what is asked for, in the version that came first.
    pub(crate) fn asked(&self) -> &'p Requirement {
        let mut asked = self.terms.iter().filter_map(|(_, asked)| *asked);
        asked.next().expect("a duty is made where something is asked for")
    }

    /// Returns the finding on the duty. What is asked for in versions that come to different
    /// answers is undetermined.
    pub(crate) fn finding(
        &self,
        rule: &'static Rule,
        subject: &str,
        hold: impl Fn(&Requirement) -> Held,
    ) -> Finding {
        let ruled: Vec<(&Version, &Requirement, Held)> = self
            .terms
            .iter()
            .filter_map(|(version, asked)| asked.map(|asked| (*version, asked, hold(asked))))
            .collect();
        let none = self.open || self.terms.iter().any(|(_, asked)| asked.is_none());
        let verdicts: BTreeSet<Verdict> =
            ruled.iter().map(|(_, asked, h)| weight(asked, h)).collect();
        let differ = verdicts.len() > 1 || none && verdicts != BTreeSet::from([Verdict::Tallies]);
        let (version, asked, held) = chosen(ruled);
        let mut verdict = weight(asked, &held);
        let Held {
            recorded, remark, beyond_recommended, compared, times, mut notes, evidence, ..
        } = held;
        let mut remark = remark;
        if verdict == Verdict::ForTheReader {
            remark = beyond_recommended.or(remark);
        }
        if differ {
            verdict = Verdict::Undetermined;
            notes.push(self.differing(none));
        }
        let cite = cite(self.pack, version, asked);
        let remark = remark.map_or(String::new(), |remark| format!("; {remark}"));
        let message = format!("{subject}: {cite}: {}; recorded: {recorded}{remark}", asked.duty);
        if asked.strength == Obligation::Should && verdict == Verdict::ForTheReader {
            notes.push("the policy recommends it and does not require it".to_owned());
        }
        notes.extend(asked.reading.clone());
        if self.pack.read.interval().end <= self.until && version.until.is_none() {
            let read = &self.pack.read;
            notes.push(format!("versions later than {read} are not known here"));
        }
        let mut finding = Finding::new(rule, verdict, message);
        finding.subject = Some(subject.to_owned());
        finding.asked = Some(Asked::of(self.pack, version, asked));
        finding.compared = compared;
        finding.times = times;
        finding.notes = notes;
        finding.evidence = evidence;
        finding
    }

    /// Returns in words what may be asked for.
    fn differing(&self, none: bool) -> String {
        let words = |(version, asked): &(&Version, Option<&Requirement>)| match asked {
            Some(asked) => {
                format!("{} {}, {}", version.version, asked.strength.as_str(), asked.duty)
            }
            None => format!("{} nothing", version.version),
        };
        let mut all: Vec<String> = self.terms.iter().map(words).collect();
        if none && self.open {
            all.push("nothing that is known".to_owned());
        }
        format!("what is asked for may be one of these, which differ: {}", all.join("; "))
    }
}

/// Returns the version that a finding cites: of those that were kept the strictest, else the most
/// lenient; of equal ones the first.
fn chosen<'p>(
    mut ruled: Vec<(&'p Version, &'p Requirement, Held)>,
) -> (&'p Version, &'p Requirement, Held) {
    let seconds = |asked: &Requirement| asked.limit.as_ref().and_then(Limit::seconds);
    ruled.sort_by_key(|(_, asked, held)| {
        let (kept, _) = seconds(asked).unwrap_or_default();
        if held.verdict == Verdict::Tallies { kept } else { -kept }
    });
    ruled.into_iter().next().expect("a duty asks for something")
}

/// Returns the verdict with the strength of what was asked.
fn weight(asked: &Requirement, held: &Held) -> Verdict {
    match (held.verdict, asked.strength) {
        (Verdict::Diverges, Obligation::Should) => Verdict::ForTheReader,
        (Verdict::Tallies, _) if held.beyond_recommended.is_some() => Verdict::ForTheReader,
        (verdict, _) => verdict,
    }
}

fn cite(pack: &Pack, version: &Version, asked: &Requirement) -> String {
    let numbered = asked.section.starts_with(|c: char| c.is_ascii_digit());
    let section = &asked.section;
    let section = if numbered {
        format!(", section {section}")
    } else {
        format!(", \u{201c}{section}\u{201d}")
    };
    format!("{} {}{section}", pack.source, version.version)
}
