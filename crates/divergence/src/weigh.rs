//! Weighing: from what several entries say to one verdict on a claim (docs/DIVERGENCE.md, "Held
//! against what").
//!
//! A divergence needs a measurement, the speaker's own record, or another statement of the speaker.
//! Another party's word alone never makes one.

use tally_ledger::hash::Hash;
use tally_ledger::payload::Citation;
use tally_ledger::replay::{Fact, Statement, Timeline};
use tally_ledger::time::{Interval, When};

use crate::claims::{Claims, Held};
use crate::finding::{Evidence, Finding, Relation, StatementRef, Verdict, cited};
use crate::rules::Rule;
use crate::source::{Backing, Source};
use crate::times::Times;

/// What one entry says of a claim.
#[derive(Debug, Clone)]
pub(crate) struct Account<'a> {
    pub(crate) seq: u64,
    pub(crate) id: Hash,
    /// The position of the claim in the entry that counts, if it is a statement's.
    pub(crate) claim: Option<usize>,
    pub(crate) citations: Vec<Citation>,
    pub(crate) source: Source,
    pub(crate) told_by: Vec<&'a Statement>,
    /// What it says of the claim.
    pub(crate) relation: Relation,
    /// What it has in the place of what was claimed, in words.
    pub(crate) shown: String,
    /// The time that it has in the place of the one claimed.
    pub(crate) when: Option<When>,
    /// How far the two lie apart, or what is missing, in words.
    pub(crate) remark: Option<String>,
    /// The rule that supplied a zone without which the relation might be another.
    pub(crate) presumed: Option<String>,
    /// Why a difference from it decides nothing, if it is a claim made with a reserve.
    reserve: Option<&'static str>,
}

impl<'a> Account<'a> {
    /// Returns the account of a fact.
    pub(crate) fn of_fact(fact: &Fact, backing: Backing<'a>, shown: String) -> Self {
        let Backing { source, told_by } = backing;
        Self {
            seq: fact.seq,
            id: fact.id,
            claim: None,
            citations: cited(fact),
            source,
            told_by,
            relation: Relation::Unclear,
            shown,
            when: None,
            remark: None,
            presumed: None,
            reserve: None,
        }
    }

    /// Returns the account of another statement's claim.
    pub(crate) fn of_claim(other: &Held<'a>, backing: Backing<'a>, shown: String) -> Self {
        let Backing { source, told_by } = backing;
        Self {
            seq: other.version.seq,
            id: other.version.id,
            claim: Some(other.index),
            citations: Vec::new(),
            source,
            told_by,
            relation: Relation::Unclear,
            shown,
            when: None,
            remark: None,
            presumed: None,
            reserve: crate::reach::reserve(other.claim, false),
        }
    }

    /// Takes the time that it has in the place of the one claimed.
    pub(crate) fn at(mut self, when: Option<&When>) -> Self {
        self.when = when.cloned();
        self
    }

    /// Takes what was found. A claim made with a reserve makes nothing differ.
    pub(crate) fn holds(mut self, relation: Relation, remark: Option<String>) -> Self {
        self.relation = relation;
        self.remark = remark;
        if let Some(why) = self.reserve.filter(|_| relation == Relation::Differs) {
            self.relation = Relation::Unclear;
            let remark = self.remark.map_or(String::new(), |remark| format!("{remark}; "));
            self.remark = Some(format!("{remark}{why}"));
        }
        self
    }

    /// Returns the entry as evidence.
    pub(crate) fn evidence(&self) -> Evidence {
        Evidence {
            seq: self.seq,
            id: self.id,
            relation: self.relation,
            source: Some(self.source),
            claim: self.claim,
            citations: self.citations.clone(),
        }
    }
}

/// The verdict on a claim, and the account that decides it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighed {
    pub(crate) verdict: Verdict,
    /// The position of the deciding account.
    pub(crate) lead: usize,
    /// Why nothing is decided although accounts agree or differ.
    pub(crate) conflict: Option<&'static str>,
}

/// Weighs what the accounts say; `None` if there are none.
pub(crate) fn weigh(accounts: &[Account<'_>]) -> Option<Weighed> {
    use Relation::{Agrees, Changes, Differs};
    let find = |sources: fn(Source) -> bool, relation| {
        let mut indices: Vec<usize> = (0..accounts.len()).collect();
        indices.sort_by_key(|index| (accounts[*index].source, accounts[*index].seq));
        let mut chosen = indices.into_iter().filter(|index| sources(accounts[*index].source));
        chosen.find(|index| accounts[*index].relation == relation)
    };
    let measured = |source| matches!(source, Source::Measured | Source::CitedText);
    let record = |source| source == Source::OwnRecord;
    let own = |source| source == Source::OwnStatement;
    let clear = |verdict, lead| Some(Weighed { verdict, lead, conflict: None });
    let torn =
        |lead, why| Some(Weighed { verdict: Verdict::Undetermined, lead, conflict: Some(why) });
    let other = find(Source::is_other, Differs);
    let agreed = |lead| match other {
        Some(differing) => clear(Verdict::SourcesDiffer, differing),
        None => clear(Verdict::Tallies, lead),
    };
    match (find(measured, Agrees), find(measured, Differs), find(record, Differs)) {
        (Some(_), Some(lead), _) => return torn(lead, "what was captured differs in itself"),
        (None, Some(lead), _) => return clear(Verdict::Diverges, lead),
        (Some(_), None, Some(lead)) => {
            return torn(
                lead,
                "the measurement agrees with the statement, its own record does not",
            );
        }
        (Some(lead), None, None) => return clear(Verdict::Tallies, lead),
        (None, None, _) => {}
    }
    match (find(record, Agrees), find(record, Differs), find(record, Changes)) {
        (Some(_), Some(lead), _) => return torn(lead, "its own record says both"),
        (None, Some(lead), _) => return clear(Verdict::Diverges, lead),
        (_, None, Some(lead)) => return clear(Verdict::Changed, lead),
        (Some(lead), None, None) => return agreed(lead),
        (None, None, None) => {}
    }
    if let Some(lead) = find(own, Differs) {
        return clear(Verdict::Diverges, lead);
    }
    if let Some(lead) = find(own, Changes) {
        return clear(Verdict::Changed, lead);
    }
    if let Some(lead) = find(own, Agrees) {
        return agreed(lead);
    }
    if let Some(lead) = other.or_else(|| find(Source::is_other, Changes)) {
        return clear(Verdict::SourcesDiffer, lead);
    }
    if let Some(lead) = find(Source::is_other, Agrees) {
        return clear(Verdict::Tallies, lead);
    }
    let lead = find(|_| true, Relation::Unclear)?;
    clear(Verdict::Undetermined, lead)
}

/// What follows where one source both agrees and differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// What was claimed is recorded; that it is recorded otherwise as well decides nothing.
    Agrees,
    /// Nobody can tell which record was meant.
    Unclear,
}

/// Settles the sources that agree and differ at once, because something is recorded repeatedly.
pub(crate) fn settle(accounts: &mut [Account<'_>], repeated: Repeated) {
    let sources: Vec<Source> = accounts.iter().map(|account| account.source).collect();
    for source in sources {
        let has = |relation| accounts.iter().any(|a| a.source == source && a.relation == relation);
        if !(has(Relation::Agrees) && has(Relation::Differs)) {
            continue;
        }
        for account in accounts.iter_mut().filter(|account| account.source == source) {
            if account.relation == Relation::Differs || repeated == Repeated::Unclear {
                account.relation = Relation::Unclear;
                account.remark = Some("it is recorded more than once".to_owned());
            }
        }
    }
}

/// What a rule decided, before it becomes a finding.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    pub(crate) message: String,
    pub(crate) notes: Vec<String>,
    /// The position of the account that decides.
    pub(crate) lead: usize,
}

/// Decides on a claim by what the accounts say of it; `None` if there are none. `stated` is the
/// claim in words.
pub(crate) fn decide(stated: &str, accounts: &[Account<'_>]) -> Option<Decision> {
    let Weighed { verdict, lead, conflict } = weigh(accounts)?;
    let account = &accounts[lead];
    let mut message = format!("stated: {stated}; recorded: {}", account.shown);
    if let Some(remark) = conflict.or(account.remark.as_deref()) {
        message = format!("{message}; {remark}");
    }
    Some(Decision { verdict, message, notes: Vec::new(), lead })
}

/// Makes a finding on a claim from what the accounts say of it.
pub(crate) fn conclude<'a>(
    rule: &'static Rule,
    claims: &Claims<'a>,
    held: &Held<'a>,
    stated: &str,
    accounts: &[Account<'a>],
) -> Finding {
    match decide(stated, accounts) {
        Some(decision) => found(rule, claims, Some(held), decision, accounts),
        None => unsupported(rule, claims, held, stated),
    }
}

/// Returns why a divergence that was decided is none: the claim, or the one that it is held
/// against, was made with a reserve.
fn reserved(claims: &Claims<'_>, held: &Held<'_>, lead: Option<&Account<'_>>) -> Option<String> {
    let known = lead.filter(|lead| lead.source == Source::OwnRecord).is_some_and(|lead| {
        let fact = claims.timeline().fact(lead.seq);
        fact.is_some_and(|fact| fact.recorded.unix() < held.at().interval().start)
    });
    let own = crate::reach::reserve(held.claim, known);
    own.or_else(|| lead?.reserve).map(|why| format!("nothing is decided: {why}"))
}

/// Makes a finding of what was decided. A difference from a claim made with a reserve decides
/// nothing, what was said in a personal capacity is for the reader, and what the speaker put right
/// is corrected.
pub(crate) fn found<'a>(
    rule: &'static Rule,
    claims: &Claims<'a>,
    held: Option<&Held<'a>>,
    decision: Decision,
    accounts: &[Account<'a>],
) -> Finding {
    let Decision { mut verdict, message, mut notes, lead } = decision;
    let diverging = held.filter(|_| verdict == Verdict::Diverges);
    if let Some(why) = diverging.and_then(|held| reserved(claims, held, accounts.get(lead))) {
        verdict = Verdict::Undetermined;
        notes.push(why);
    }
    let personal = held.is_some_and(Held::is_personal);
    if personal && matches!(verdict, Verdict::Diverges | Verdict::Changed) {
        verdict = Verdict::ForTheReader;
        notes.push("posted in a personal capacity: nothing is decided about it".to_owned());
    }
    let correction = held.filter(|_| verdict == Verdict::Diverges).and_then(|held| {
        let correction = claims.correction(held)?;
        let after = correction.at.and_then(|at| crate::length::between(held.at(), at));
        let after = after.map_or(String::new(), |after| format!(" after {after}"));
        let (how, by) = (correction.how, &correction.by.name);
        let place = claims.timeline().label(correction.seq);
        Some(format!("{how} by the speaker{after} ({by}, {place})"))
    });
    if let Some(correction) = correction {
        verdict = Verdict::Corrected;
        notes.push(correction);
    }
    if let Some(rule) = accounts.get(lead).and_then(|lead| lead.presumed.as_ref()) {
        notes.push(format!(
            "it rests on a presumed zone (rule {rule}); with another zone it may be otherwise"
        ));
    }
    let mut finding = Finding::new(rule, verdict, message);
    finding.statement = held.map(StatementRef::of);
    let recorded = accounts.get(lead).and_then(|lead| lead.when.as_ref());
    finding.times =
        held.map_or_else(|| Times::of(None, recorded), |held| Times::of_claim(held, recorded));
    finding.compared = compared(claims.timeline(), accounts, lead);
    finding.notes = notes;
    finding.evidence = evidence(accounts, lead);
    finding
}

/// Returns the line on what a claim was compared with, the deciding account first.
pub(crate) fn compared(timeline: &Timeline, accounts: &[Account<'_>], lead: usize) -> String {
    let Some(deciding) = accounts.get(lead) else {
        return String::new();
    };
    let named = |account: &Account<'_>| {
        let told: Vec<&str> = account.told_by.iter().map(|told| told.name.as_str()).collect();
        let told = if told.is_empty() { String::new() } else { format!("{}; ", told.join(", ")) };
        format!("{} ({told}{})", account.source, timeline.label(account.seq))
    };
    let mut line = format!("compared with {}", named(deciding));
    let mut beside: Vec<&Account<'_>> = accounts.iter().collect();
    beside.sort_by_key(|account| (account.source, account.seq));
    let mut said = vec![(deciding.source, deciding.relation)];
    for account in beside {
        let word = match account.relation {
            Relation::Agrees => "agrees",
            Relation::Differs => "differs",
            Relation::Changes => "changes it",
            Relation::Unclear | Relation::Beside => continue,
        };
        if said.contains(&(account.source, account.relation)) {
            continue;
        }
        said.push((account.source, account.relation));
        line = format!("{line}; {} {word}", named(account));
    }
    line
}

/// Returns the entries of the accounts as evidence, the deciding one first.
pub(crate) fn evidence(accounts: &[Account<'_>], lead: usize) -> Vec<Evidence> {
    let mut rest: Vec<&Account<'_>> = accounts.iter().collect();
    rest.sort_by_key(|account| (account.source, account.seq, account.claim));
    let ordered = accounts.get(lead).into_iter().chain(rest);
    let mut evidence: Vec<Evidence> = Vec::new();
    for account in ordered {
        let known = |e: &Evidence| (e.seq, e.claim) == (account.seq, account.claim);
        if !evidence.iter().any(known) {
            evidence.push(account.evidence());
        }
    }
    evidence
}

/// Returns the finding on a claim with nothing recorded behind it.
pub(crate) fn unsupported<'a>(
    rule: &'static Rule,
    claims: &Claims<'a>,
    held: &Held<'a>,
    stated: &str,
) -> Finding {
    let message = format!("stated: {stated}; nothing is recorded beside the statement itself");
    let mut finding = Finding::new(rule, Verdict::Unsupported, message);
    finding.statement = Some(StatementRef::of(held));
    finding.times = Times::of_claim(held, None);
    finding.compared = format!("searched {}", claims.searched(held.perspective.feeds));
    finding
}

/// Compares when something is recorded to have occurred with when it was claimed to.
pub(crate) fn hold(claimed: &When, recorded: &When) -> (Relation, Option<String>) {
    let (c, r) = (claimed.interval(), recorded.interval());
    if r.within(&c) {
        (Relation::Agrees, None)
    } else if c.before(&r) {
        let length = crate::length::between(claimed, recorded);
        (Relation::Differs, Some(length.map_or("later".to_owned(), |l| format!("{l} later"))))
    } else if r.before(&c) {
        let length = crate::length::between(recorded, claimed);
        (Relation::Differs, Some(length.map_or("earlier".to_owned(), |l| format!("{l} earlier"))))
    } else if c.within(&r) {
        (Relation::Unclear, Some("it fits, and the record is no more precise".to_owned()))
    } else {
        (Relation::Unclear, Some("the two overlap only in part".to_owned()))
    }
}

/// Returns the interval that a time would have if nobody presumed its zone, and the rule that did.
pub(crate) fn without_presumption(when: &When) -> (Interval, Option<String>) {
    match when.presumed() {
        None => (when.interval(), None),
        Some(rule) => {
            let bare = When::new(when.at(), None, None);
            (bare.map_or(Interval::EVER, |bare| bare.interval()), Some(rule.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Relation::{Agrees, Changes, Differs, Unclear};
    use Source::{Measured, OtherStatement, OwnRecord, OwnStatement};

    fn verdict(said: &[(Source, Relation)]) -> Option<Verdict> {
        let account = |(seq, (source, relation)): (usize, &(Source, Relation))| Account {
            seq: seq as u64,
            id: Hash([0; 32]),
            claim: None,
            citations: Vec::new(),
            source: *source,
            told_by: Vec::new(),
            relation: *relation,
            shown: String::new(),
            when: None,
            remark: None,
            presumed: None,
            reserve: None,
        };
        let accounts: Vec<Account<'_>> = said.iter().enumerate().map(account).collect();
        weigh(&accounts).map(|weighed| weighed.verdict)
    }

    #[test]
    fn another_partys_word_alone_never_makes_a_divergence() {
        for source in [
            Source::OtherStatement,
            Source::OtherRecord,
            Source::PublicSource,
            Source::ObserverNote,
        ] {
            assert_eq!(verdict(&[(source, Differs)]), Some(Verdict::SourcesDiffer));
            assert_eq!(verdict(&[(source, Agrees)]), Some(Verdict::Tallies));
            let both = [(source, Differs), (OwnRecord, Agrees), (OwnStatement, Agrees)];
            assert_eq!(verdict(&both), Some(Verdict::SourcesDiffer));
        }
    }

    #[test]
    fn a_measurement_settles_unless_the_own_record_contradicts_it() {
        let agrees = (Measured, Agrees);
        assert_eq!(verdict(&[agrees, (OtherStatement, Differs)]), Some(Verdict::Tallies));
        assert_eq!(verdict(&[agrees, (OwnStatement, Differs)]), Some(Verdict::Tallies));
        assert_eq!(verdict(&[agrees, (OwnRecord, Differs)]), Some(Verdict::Undetermined));
        assert_eq!(verdict(&[agrees, (Measured, Differs)]), Some(Verdict::Undetermined));
        let differs = [(Measured, Differs), (OwnRecord, Agrees), (OtherStatement, Agrees)];
        assert_eq!(verdict(&differs), Some(Verdict::Diverges));
    }

    #[test]
    fn the_own_record_comes_before_the_own_statements() {
        let record = [(OwnRecord, Agrees), (OwnStatement, Differs)];
        assert_eq!(verdict(&record), Some(Verdict::Tallies));
        let record = [(OwnRecord, Differs), (OwnStatement, Agrees), (OtherStatement, Agrees)];
        assert_eq!(verdict(&record), Some(Verdict::Diverges));
        assert_eq!(
            verdict(&[(OwnRecord, Differs), (OwnRecord, Agrees)]),
            Some(Verdict::Undetermined)
        );
        assert_eq!(verdict(&[(OwnStatement, Changes)]), Some(Verdict::Changed));
    }

    #[test]
    fn what_is_unclear_decides_only_that_nothing_else_does() {
        assert_eq!(verdict(&[(OwnRecord, Unclear)]), Some(Verdict::Undetermined));
        assert_eq!(
            verdict(&[(OwnRecord, Unclear), (OwnStatement, Agrees)]),
            Some(Verdict::Tallies)
        );
        assert_eq!(verdict(&[]), None);
    }
}
