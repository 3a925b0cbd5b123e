//! A finding: a claim, or an absence, held against the facts; with its verdict and evidence.

use std::fmt;

use tally_ledger::hash::Hash;
use tally_ledger::payload::Citation;
use tally_ledger::replay::Fact;
use tally_ledger::time::When;

use crate::claims::Held;
use crate::pack::{Obligation, Pack, Requirement, Version};
use crate::reply::Reply;
use crate::review::Accepted;
use crate::rules::Rule;
use crate::source::Source;
use crate::times::Times;

/// What a rule decides. The order is the one in which a report shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// What was said differs from what is recorded.
    Diverges,
    /// What was said was narrowed, widened, or moved before it was due.
    Changed,
    /// It differed, and the speaker put it right.
    Corrected,
    /// Another party says otherwise; nothing else decides.
    SourcesDiffer,
    /// Nothing is recorded behind it.
    Unsupported,
    /// Something that a decision needs is missing.
    Undetermined,
    /// An opinion, or what only a reader can weigh.
    ForTheReader,
    /// What was said and what is recorded agree.
    Tallies,
}

impl Verdict {
    /// Every verdict, in the order in which a report shows them.
    pub const ALL: [Self; 8] = [
        Self::Diverges,
        Self::Changed,
        Self::Corrected,
        Self::SourcesDiffer,
        Self::Unsupported,
        Self::Undetermined,
        Self::ForTheReader,
        Self::Tallies,
    ];

    /// Returns the verdict in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Diverges => "diverges",
            Self::Changed => "changed",
            Self::Corrected => "corrected",
            Self::SourcesDiffer => "sources differ",
            Self::Unsupported => "unsupported",
            Self::Undetermined => "undetermined",
            Self::ForTheReader => "for the reader",
            Self::Tallies => "tallies",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much a divergence under a rule weighs. Findings with any other verdict are `Note`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What relying parties or root programs act upon.
    High,
    /// What bears on the account of an incident.
    Medium,
    /// A slip that misleads nobody about the incident itself.
    Low,
    /// Nothing to weigh.
    Note,
}

impl Severity {
    /// Returns the severity in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Note => "note",
        }
    }
}

/// The claim that a finding is about, and where it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementRef {
    /// The entry that recorded the statement, or the version of it that makes the claim.
    pub seq: u64,
    /// The id of that entry.
    pub id: Hash,
    /// The name by which the ledger refers to the statement.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The number of the item at that address.
    pub item: Option<u64>,
    /// Who speaks, in words: an organisation or a role.
    pub speaker: String,
    /// When it was published.
    pub published: When,
    /// The position of the claim in it, from 0.
    pub claim: usize,
    /// What the claim asserts, in words.
    pub asserts: String,
    /// The bytes of the text that make the claim, end exclusive.
    pub span: Option<[u64; 2]>,
    /// The words of the claim, or a paraphrase.
    pub text: Option<String>,
    /// The statement's own words at the claim, where it is known that they are: `text` may be
    /// somebody else's.
    pub own_words: Option<String>,
}

impl StatementRef {
    /// Returns the reference to the claim that is held.
    pub(crate) fn of(held: &Held<'_>) -> Self {
        let (statement, claim) = (held.statement, held.claim);
        Self {
            seq: held.version.seq,
            id: held.version.id,
            name: statement.name.clone(),
            url: statement.url.clone(),
            item: statement.item,
            speaker: statement.speaker.name(),
            published: held.at().clone(),
            claim: held.index,
            asserts: claim.assertion.summary(),
            span: claim.span,
            text: claim.text.clone(),
            own_words: None,
        }
    }
}

/// What an entry does for a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// It agrees with the claim.
    Agrees,
    /// It differs from the claim.
    Differs,
    /// It says that what was claimed changed.
    Changes,
    /// It bears on the claim and decides nothing.
    Unclear,
    /// It stands beside the claim, for the reader.
    Beside,
}

impl Relation {
    /// Returns the relation in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Changes => "changes",
            Self::Unclear => "unclear",
            Self::Beside => "beside",
        }
    }
}

/// An entry that a finding rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Its seq.
    pub seq: u64,
    /// Its entry id.
    pub id: Hash,
    /// What it does for the finding.
    pub relation: Relation,
    /// What stands behind it, seen from the speaker; absent where nothing was weighed.
    pub source: Option<Source>,
    /// The position of the claim in it that counts, if the entry is a statement.
    pub claim: Option<usize>,
    /// Where that was said.
    pub citations: Vec<Citation>,
}

impl Evidence {
    /// Returns the evidence of an entry that stands beside a claim.
    pub(crate) fn beside(fact: &Fact) -> Self {
        Self {
            seq: fact.seq,
            id: fact.id,
            relation: Relation::Beside,
            source: None,
            claim: None,
            citations: cited(fact),
        }
    }
}

/// Returns where an entry says that it was said.
pub(crate) fn cited(fact: &Fact) -> Vec<Citation> {
    match fact.basis() {
        tally_ledger::payload::Basis::Stated(citations) => citations.clone(),
        _ => Vec::new(),
    }
}

/// What a policy asks for, where a finding holds the record against that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The id of the policy pack.
    pub pack: String,
    /// The id of the requirement in it.
    pub requirement: String,
    /// The name of the policy.
    pub source: String,
    /// Its version.
    pub version: String,
    /// The section.
    pub section: String,
    /// How strongly it is asked for.
    pub strength: Obligation,
    /// Where it can be read.
    pub url: String,
    /// What it asks for, in words.
    pub duty: String,
}

impl Asked {
    /// Returns the reference to what a version of a policy asks for.
    pub(crate) fn of(pack: &Pack, version: &Version, asked: &Requirement) -> Self {
        Self {
            pack: pack.id.clone(),
            requirement: asked.id.clone(),
            source: pack.source.clone(),
            version: version.version.clone(),
            section: asked.section.clone(),
            strength: asked.strength,
            url: version.url.clone(),
            duty: asked.duty.clone(),
        }
    }
}

/// A claim, or an absence, held against the facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// A name that survives a rerun: it covers the rule, the claim and the entries, not the words.
    pub id: Hash,
    /// The code of the rule.
    pub code: &'static str,
    /// What the rule is about, in one word.
    pub family: &'static str,
    /// What was decided.
    pub verdict: Verdict,
    /// How much it weighs: the rule's severity for a divergence, else a note.
    pub severity: Severity,
    /// The claim; absent if the finding is about an entry or an absence.
    pub statement: Option<StatementRef>,
    /// What it is about, as the ledger names it.
    pub subject: Option<String>,
    /// The policy that it holds the record against, if one asks for what it looks at.
    pub asked: Option<Asked>,
    /// One line in plain words, without line breaks and unescaped.
    pub message: String,
    /// One line on what the claim was compared with.
    pub compared: String,
    /// The times that were held against each other.
    pub times: Times,
    /// What a reader should know beside it, a line each.
    pub notes: Vec<String>,
    /// The entries that it rests on, the deciding ones first.
    pub evidence: Vec<Evidence>,
    /// The finding that this one repeats: both rest on one deciding entry, and that one weighs more
    /// or comes first.
    pub repeats: Option<Hash>,
    /// A reviewer's acceptance, with its reason.
    pub accepted: Option<Accepted>,
    /// What the organisation named answers.
    pub replies: Vec<Reply>,
}

impl Finding {
    /// Returns a finding under `rule`, without evidence yet.
    pub(crate) fn new(rule: &'static Rule, verdict: Verdict, message: String) -> Self {
        let severity = match verdict {
            Verdict::Diverges => rule.severity,
            _ => Severity::Note,
        };
        Self {
            id: Hash([0; 32]),
            code: rule.code,
            family: rule.family,
            verdict,
            severity,
            statement: None,
            subject: None,
            asked: None,
            message,
            compared: String::new(),
            times: Times::default(),
            notes: Vec::new(),
            evidence: Vec::new(),
            repeats: None,
            accepted: None,
            replies: Vec::new(),
        }
    }

    /// Gives the finding its id: the SHA-256 over the code of the rule, the address, item and entry
    /// id of the statement and the position of the claim, or the subject if there is no statement,
    /// the ids of the policy and requirement if there is one, and the id of each entry that it
    /// rests on, each part preceded by its length.
    ///
    /// The verdict and the words are no part of it: a finding keeps its id when a rule learns to
    /// say the same better.
    pub(crate) fn identify(mut self) -> Self {
        let mut bytes = Vec::new();
        let mut part = |text: &[u8]| {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text);
        };
        part(b"tally finding 1");
        part(self.code.as_bytes());
        match &self.statement {
            Some(statement) => {
                part(statement.url.as_bytes());
                part(statement.item.map_or(String::new(), |item| item.to_string()).as_bytes());
                part(statement.claim.to_string().as_bytes());
                part(&statement.id.0);
            }
            None => part(self.subject.as_deref().unwrap_or_default().as_bytes()),
        }
        if let Some(asked) = &self.asked {
            part(asked.pack.as_bytes());
            part(asked.requirement.as_bytes());
        }
        let mut entries: Vec<(u64, Hash)> = self.evidence.iter().map(|e| (e.seq, e.id)).collect();
        entries.sort_unstable_by_key(|(seq, _)| *seq);
        entries.dedup();
        for (_, id) in entries {
            part(&id.0);
        }
        self.id = Hash::of(&bytes);
        self
    }
}
