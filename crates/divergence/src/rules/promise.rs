//! T101: a promise that something will happen, held against whether and when it did.

use std::collections::BTreeSet;

use tally_ledger::claim::Assertion;
use tally_ledger::name::Kind;
use tally_ledger::replay::{Fact, shares_incident};
use tally_ledger::time::{Instant, Interval, When};
use tally_ledger::verify::Completeness;
use tally_ledger::vocabulary::commitment::Duty;
use tally_ledger::vocabulary::occurrence::covers;
use tally_ledger::vocabulary::statement::Form;
use tally_ledger::vocabulary::words::Strength;
use tally_ledger::vocabulary::{Body, KINDS};

use super::change::{Change, Timing, changes, linked};
use super::mention::orders_during;
use super::{PROMISE, Rule};
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::happening::{
    Happening, form_named, happenings, happens_once, has_other_sets, none_left,
};
use crate::index::{Indexed, Key};
use crate::length::{between, beyond};
use crate::source::{Perspective, Source};
use crate::times::Times;
use crate::weigh::{Account, Decision, Repeated, decide, found, settle, without_presumption};
use crate::words::{led, name, named, quoted};

/// The kinds that a step, a milestone, a status or a form makes exact.
const EXACT: [&str; 5] =
    ["action.status", "concern.step", "incident.milestone", "legal.step", "statement.published"];
/// The kind by which a set is revoked.
const REVOKED: &str = "revocation.completed";

/// What somebody promised to do or to avoid, in a claim or in a recorded commitment.
#[derive(Debug, Clone)]
pub(crate) struct Promise<'a> {
    pub(crate) perspective: Perspective<'a>,
    /// The claim that makes it, if one does.
    pub(crate) held: Option<Held<'a>>,
    /// The entry of the commitment, if no claim makes it.
    pub(crate) commitment: Option<&'a Fact>,
    pub(crate) duty: Duty,
    /// The kind of what is promised, or the words for it.
    pub(crate) what: String,
    pub(crate) subject: Option<String>,
    /// By when, of a promise to do.
    pub(crate) due: Option<When>,
    /// When it was made: it never binds before.
    pub(crate) made: Option<When>,
    pub(crate) strength: Strength,
    pub(crate) condition: Option<String>,
    pub(crate) scope: Option<String>,
}

impl<'a> Promise<'a> {
    /// Returns the promise that a claim makes, if it makes one.
    pub(crate) fn of(held: &Held<'a>) -> Option<Self> {
        let (duty, what, subject, due) = match &held.claim.assertion {
            Assertion::Will(will) => (Duty::Do, &will.what, &will.subject, will.due.clone()),
            Assertion::WillNot(will_not) => (Duty::Avoid, &will_not.what, &will_not.subject, None),
            _ => return None,
        };
        Some(Self {
            perspective: held.perspective.clone(),
            held: Some(held.clone()),
            commitment: None,
            duty,
            what: what.to_string(),
            subject: subject.clone(),
            due,
            made: Some(held.at().clone()),
            strength: held.claim.strength,
            condition: held.claim.condition.clone(),
            scope: held.claim.scope.clone(),
        })
    }

    /// Returns the kind of what is promised, if entries of that kind can be recorded.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let what: Kind = self.what.parse().ok()?;
        let known = |text: &str| {
            let name: Kind = text.parse().expect("a kind of the vocabulary");
            covers(&what, &name) || EXACT.contains(&text) && covers(&name, &what)
        };
        KINDS.iter().any(|info| known(info.name)).then_some(what)
    }

    /// Returns whether a fact records this very promise as a commitment.
    pub(crate) fn is_recorded_by(&self, claims: &Claims<'a>, fact: &Fact) -> bool {
        if let Some(commitment) = self.commitment {
            return commitment.seq == fact.seq;
        }
        let Some(Body::CommitmentMade(made)) = fact.body() else {
            return false;
        };
        let same = made.to == self.duty && made.what == self.what && made.subject == self.subject;
        let cites = claims.cited(fact).iter().any(|cited| self.perspective.is_itself(cited));
        let own = || {
            let backing = claims.backing(&self.perspective, fact);
            backing.is_some_and(|backing| backing.source == Source::OwnRecord)
        };
        same && (cites || own())
    }

    /// Returns whether what was done before cannot be what is promised: another text, or an item
    /// that its own entry has as open.
    fn is_for_another(&self) -> bool {
        let form = self.what.starts_with("statement.published.");
        let text = self.what.starts_with("statement") && !form && self.subject.is_none();
        let open = self
            .commitment
            .and_then(Fact::body)
            .is_some_and(|body| matches!(body, Body::ActionOpened(_) | Body::ActionStatus(_)));
        text || open
    }

    /// Returns what is promised, in words.
    pub(crate) fn words(&self) -> String {
        match self.what.parse() {
            Ok(kind) => named(&kind, self.subject.as_deref()),
            Err(_) => name(&self.what),
        }
    }

    /// Returns what is promised with the text of the claim ahead of it, if a claim has one: kinds
    /// and names say little of what has no time.
    pub(crate) fn led(&self, what: String) -> String {
        led(self.held.as_ref().and_then(|held| held.claim.text.as_deref()), what)
    }

    /// Returns why a difference from the promise decides nothing, if that is so.
    pub(crate) fn reserve(&self) -> Option<(Verdict, String)> {
        if let Some(condition) = &self.condition {
            let condition = quoted(condition);
            let why = format!("made under a condition that nothing decides: {condition}");
            return Some((Verdict::Undetermined, why));
        }
        if let (Some(scope), None) = (&self.scope, &self.subject) {
            let scope = quoted(scope);
            let why = format!("made for a scope that entries do not state: {scope}");
            return Some((Verdict::Undetermined, why));
        }
        match self.strength {
            Strength::Firm => None,
            Strength::Plan => Some((Verdict::ForTheReader, "stated as a plan".to_owned())),
            Strength::Hope => Some((Verdict::ForTheReader, "stated as a hope".to_owned())),
        }
    }

    /// Returns the finding on the promise.
    pub(crate) fn find(
        &self,
        rule: &'static Rule,
        claims: &Claims<'a>,
        decision: Decision,
        accounts: &[Account<'a>],
    ) -> Finding {
        let mut finding = found(rule, claims, self.held.as_ref(), decision, accounts);
        if accounts.is_empty() {
            finding.compared = format!("searched {}", claims.searched(self.perspective.feeds));
        }
        if let Some(commitment) = self.commitment {
            finding.times = Times::of_due(self.due.as_ref(), finding.times.recorded.as_ref());
            finding.subject = commitment.subject().map(str::to_owned);
            finding.evidence.push(Evidence::beside(commitment));
        }
        finding
    }
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let as_of = case.as_of;
    let promises = claims.held().iter().filter_map(Promise::of);
    let to_do = promises.filter(|promise| promise.duty == Duty::Do);
    to_do.map(|promise| judge_promise(&PROMISE, claims, &promise, as_of)).collect()
}

/// Holds a promise to do something against what was done.
pub(crate) fn judge_promise<'a>(
    rule: &'static Rule,
    claims: &Claims<'a>,
    promise: &Promise<'a>,
    as_of: Instant,
) -> Finding {
    let accounts = done(claims, promise);
    let by = promise.due.as_ref().map_or(String::new(), |due| format!(" by {due}"));
    let stated = match promise.due {
        Some(_) => format!("{}{by}", promise.words()),
        None => promise.led(promise.words()),
    };
    let decision = decide(&stated, &accounts);
    if let Some(decision) = decision.clone().filter(|d| d.verdict == Verdict::Tallies) {
        return promise.find(rule, claims, decision, &accounts);
    }
    let changes = changes(claims, promise);
    let timed = |timing| changes.iter().find(|c| c.timing(promise.due.as_ref()) == timing);
    if let Some(change) = timed(Timing::Before) {
        return changed(rule, claims, promise, &stated, change, &accounts);
    }
    let mut decision = decision.unwrap_or_else(|| undone(claims, promise, &stated, as_of));
    if decision.verdict == Verdict::Diverges {
        if let Some((verdict, why)) = promise.reserve() {
            decision.verdict = verdict;
            decision.notes.push(why);
        }
        decision.notes.extend(orders(claims, promise));
        if let Some(change) = timed(Timing::Unknown) {
            decision.verdict = Verdict::Undetermined;
            decision.notes.push(format!("{}; {}", change.how, change.doubt()));
        }
    }
    if let Some(change) = timed(Timing::After) {
        decision.notes.push(format!("{} after it was due", change.how));
    }
    promise.find(rule, claims, decision, &accounts)
}

/// Returns the orders that are recorded to have bound the organisation while a promise was open. A
/// record shows order in time, not cause.
fn orders(claims: &Claims<'_>, promise: &Promise<'_>) -> Vec<String> {
    let open = Interval {
        start: promise.made.as_ref().map_or(i64::MIN, |made| made.interval().start),
        end: promise.due.as_ref().map_or(i64::MAX, |due| due.interval().end),
    };
    let orders = orders_during(claims, promise.perspective.feeds, open);
    orders.into_iter().map(|order| format!("beside it: {order}")).collect()
}

/// Returns what is recorded to have been done since the promise was made, held against its time.
fn done<'a>(claims: &Claims<'a>, promise: &Promise<'a>) -> Vec<Account<'a>> {
    let mut found = kept(claims, promise);
    if let Some(kind) = promise.kind() {
        let subject = promise.subject.as_deref();
        found.extend(happenings(claims, &promise.perspective, &kind, subject));
        if let Some(set) = subject.filter(|_| promise.what == REVOKED) {
            found.extend(none_left(claims, &promise.perspective, set));
        }
    }
    let (earlier, since): (Vec<_>, Vec<_>) = found.into_iter().partition(|happening| {
        let made = promise.made.as_ref().map(When::interval);
        made.zip(happening.when.as_ref()).is_some_and(|(made, at)| at.interval().before(&made))
    });
    let earlier = earlier.into_iter().filter(|_| !promise.is_for_another());
    let earlier: Vec<Account<'_>> = earlier.map(|happening| before(happening.account)).collect();
    let mut accounts: Vec<Account<'_>> =
        since.into_iter().map(|happening| compare(promise, happening)).collect();
    // Of the texts of one form there may be many.
    let one = promise.kind().is_some_and(|kind| {
        kind.family() != "statement" && happens_once(&kind, promise.subject.as_deref())
    });
    if !one && !absence_shows(claims, &promise.perspective) {
        for account in accounts.iter_mut().filter(|a| a.relation == Relation::Differs) {
            account.relation = Relation::Unclear;
            account.remark = Some("an earlier one of that kind may not be recorded".to_owned());
        }
    }
    // What can be completed once only, and is recorded twice, was not completed the first time.
    let once = promise.what == REVOKED;
    settle(&mut accounts, if once { Repeated::Unclear } else { Repeated::Agrees });
    if one && !earlier.is_empty() {
        for account in accounts.iter_mut().filter(|a| a.relation == Relation::Differs) {
            account.relation = Relation::Unclear;
            account.remark = Some("it is recorded more than once".to_owned());
        }
    }
    accounts.extend(earlier);
    accounts
}

/// Returns the account of what was done before the promise: it may be what was promised.
fn before(account: Account<'_>) -> Account<'_> {
    let why = "it is recorded as done before the promise".to_owned();
    account.holds(Relation::Unclear, Some(why))
}

/// Returns what the speaker recorded of having kept the promise.
fn kept<'a>(claims: &Claims<'a>, promise: &Promise<'a>) -> Vec<Happening<'a>> {
    let commitments = linked(claims, promise);
    let wanted = |found: &Indexed<'_>| matches!(found.fact.body(), Some(Body::CommitmentKept(_)));
    let named: BTreeSet<&str> = commitments.iter().filter_map(|made| made.subject()).collect();
    let named = named.into_iter();
    let backed = named.flat_map(|id| claims.backed(&promise.perspective, Key::Subject(id), wanted));
    let mut backed: Vec<_> = backed.map(|(found, backing)| (found.fact, backing)).collect();
    backed.sort_by_key(|(fact, _)| fact.seq);
    let kept = backed.into_iter().filter(|(fact, backing)| {
        let Some(Body::CommitmentKept(kept)) = fact.body() else {
            return false;
        };
        let own = matches!(backing.source, Source::OwnRecord | Source::OwnStatement);
        own && commitments.iter().any(|made| {
            made.subject() == Some(&kept.id) && shares_incident(&made.feeds, &fact.feeds)
        })
    });
    kept.map(|(fact, backing)| {
        let when = fact.occurred().cloned();
        let shown = when.as_ref().map_or("no time".to_owned(), ToString::to_string);
        let shown = format!("kept, {shown}");
        let account = Account::of_fact(fact, backing, shown).at(when.as_ref());
        Happening { when, account, by_other: false }
    })
    .collect()
}

fn compare<'a>(promise: &Promise<'a>, happening: Happening<'a>) -> Account<'a> {
    let account = happening.account;
    if happening.by_other {
        let why = "it is recorded as the act of another party".to_owned();
        return account.holds(Relation::Unclear, Some(why));
    }
    let Some(when) = happening.when else {
        let why = "the record has no time".to_owned();
        return account.holds(Relation::Unclear, Some(why));
    };
    let interval = when.interval();
    let Some(due) = &promise.due else {
        return account.holds(Relation::Agrees, Some("no due time is recorded".to_owned()));
    };
    let limit = due.interval().end;
    if interval.end <= limit {
        return account.holds(Relation::Agrees, Some("in time".to_owned()));
    }
    if interval.start < limit {
        let why = "whether that was in time the record does not show".to_owned();
        return account.holds(Relation::Unclear, Some(why));
    }
    let late = beyond(due, &when).map_or("later".to_owned(), |length| format!("{length} later"));
    let mut account = account.holds(Relation::Differs, Some(late));
    let ((bare_due, rule_due), (bare, rule)) =
        (without_presumption(due), without_presumption(&when));
    if bare.start < bare_due.end {
        account.presumed = rule.or(rule_due);
    }
    account
}

fn changed<'a>(
    rule: &'static Rule,
    claims: &Claims<'a>,
    promise: &Promise<'a>,
    stated: &str,
    change: &Change<'a>,
    accounts: &[Account<'a>],
) -> Finding {
    let at = change.at.as_ref().map_or(String::new(), |at| format!(" ({at})"));
    let before = match (&promise.due, &change.at) {
        (Some(due), Some(at)) => between(at, due)
            .map_or(", before it was due".to_owned(), |length| {
                format!(", {length} before it was due")
            }),
        _ => String::new(),
    };
    let message = format!("stated: {stated}; {}{at}{before}", change.how);
    let own = change.account.clone().holds(Relation::Changes, None);
    let all: Vec<Account<'_>> = std::iter::once(own).chain(accounts.iter().cloned()).collect();
    let mut notes = Vec::new();
    if let Some(lead) = accounts.first() {
        notes.push(format!("recorded: {}", lead.shown));
    }
    let decision = Decision { verdict: Verdict::Changed, message, notes, lead: 0 };
    promise.find(rule, claims, decision, &all)
}

/// Decides on a promise that nothing is recorded to keep.
fn undone(claims: &Claims<'_>, promise: &Promise<'_>, stated: &str, as_of: Instant) -> Decision {
    let open = |verdict, why: String| Decision {
        verdict,
        message: format!("stated: {stated}; {why}"),
        notes: Vec::new(),
        lead: 0,
    };
    if promise.kind().is_none() {
        let why = "no kind of entry records whether it was done".to_owned();
        return open(Verdict::Undetermined, why);
    }
    let now = When::from_instant(as_of);
    let Some(due) = &promise.due else {
        let why = format!("no due time is recorded, and nothing is recorded as of {now}");
        return open(Verdict::Undetermined, why);
    };
    if as_of.unix() < due.interval().end {
        return open(Verdict::Undetermined, format!("not due yet as of {now}"));
    }
    if absence_shows(claims, &promise.perspective) {
        if let Some(why) = unseen(claims, promise) {
            return open(Verdict::Undetermined, why.to_owned());
        }
        let late = beyond(due, &now).map_or(String::new(), |length| format!(", {length} later"));
        return open(Verdict::Diverges, format!("nothing is recorded as of {now}{late}"));
    }
    let mut unsupported = open(Verdict::Unsupported, "nothing is recorded of it".to_owned());
    unsupported.notes.extend(promise.reserve().map(|(_, why)| why));
    unsupported
}

/// Returns why the thing may have been done although nothing is recorded under its name, if so.
fn unseen(claims: &Claims<'_>, promise: &Promise<'_>) -> Option<&'static str> {
    let set = promise.subject.as_deref().filter(|_| promise.what == REVOKED);
    if set.is_some_and(|set| has_other_sets(claims, &promise.perspective, set)) {
        return Some("the revocation of other sets is recorded, which may be its parts");
    }
    let form = form_named(&promise.kind()?, promise.subject.as_deref())?;
    let why = "no form of a text that entries state is named";
    (!Form::WORDS.contains(&form.as_str())).then_some(why)
}

/// Returns whether an absence in the ledger says that a speaker recorded nothing: it keeps the
/// ledger of itself, and all of it is here.
pub(crate) fn absence_shows(claims: &Claims<'_>, speaker: &Perspective<'_>) -> bool {
    let timeline = claims.timeline();
    let whole = matches!(timeline.completeness(), Some(Completeness::Whole | Completeness::Shown));
    whole && speaker.keeps(timeline)
}

#[cfg(test)]
mod tests;
