//! How a speaker changed a promise: moved, narrowed, widened, reworded or withdrew it.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::claim::Assertion;
use tally_ledger::replay::{Fact, shares_incident};
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;
use tally_ledger::vocabulary::commitment::Change as Word;
use tally_ledger::vocabulary::occurrence::covers;

use super::promise::Promise;
use crate::claims::Claims;
use crate::happening::happens_once;
use crate::index::{Indexed, Key};
use crate::source::{Backing, Source};
use crate::weigh::Account;
use crate::words::quoted;

/// A change of a promise by the one who made it.
#[derive(Debug, Clone)]
pub(crate) struct Change<'a> {
    /// When it was changed, if that is known.
    pub(crate) at: Option<When>,
    /// How, in words.
    pub(crate) how: String,
    /// Whether it surely is of this promise, not of one in other words.
    pub(crate) certain: bool,
    pub(crate) account: Account<'a>,
}

/// Where a change stands to the time that was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    Before,
    After,
    Unknown,
}

impl Change<'_> {
    /// Returns why it is not known whether the promise was changed before it was due.
    pub(crate) fn doubt(&self) -> &'static str {
        if self.certain {
            "whether before it was due is not recorded"
        } else {
            "whether that is the same promise is for the reader"
        }
    }

    /// Returns whether the promise was changed before it was due. Without a due time there is no
    /// too late.
    pub(crate) fn timing(&self, due: Option<&When>) -> Timing {
        match (self.at.as_ref().map(When::interval), due.map(When::interval)) {
            (_, None) => Timing::Before,
            (Some(at), Some(due)) if at.before(&due) && self.certain => Timing::Before,
            (Some(at), Some(due)) if due.before(&at) => Timing::After,
            _ => Timing::Unknown,
        }
    }
}

/// Returns the changes of a promise, in the order in which they were recorded.
pub(crate) fn changes<'a>(claims: &Claims<'a>, promise: &Promise<'a>) -> Vec<Change<'a>> {
    let commitments = linked(claims, promise);
    let mut changes = Vec::new();
    let wanted = |found: &Indexed<'_>| {
        matches!(
            found.fact.body(),
            Some(Body::CommitmentChanged(_) | Body::CommitmentWithdrawn(_) | Body::ActionStatus(_))
        )
    };
    let named = commitments.iter().filter_map(|commitment| commitment.subject());
    let named: BTreeSet<&str> = named.chain(promise.subject.as_deref()).collect();
    let told = named.into_iter();
    let told = told.flat_map(|id| claims.backed(&promise.perspective, Key::Subject(id), wanted));
    let told: BTreeMap<u64, _> = told.map(|found| (found.0.fact.seq, found)).collect();
    for (found, backing) in told.into_values() {
        let fact = found.fact;
        let own = matches!(backing.source, Source::OwnRecord | Source::OwnStatement);
        let made = promise.made.as_ref().map(When::interval);
        let before = made.zip(fact.occurred()).is_some_and(|(m, at)| at.interval().before(&m));
        let itself = promise.commitment.is_some_and(|commitment| commitment.seq == fact.seq);
        if before || itself {
            continue;
        }
        if let Some(how) = fact.body().filter(|_| own).and_then(|body| {
            changed(body, promise, &|id: &str| {
                commitments.iter().any(|commitment| {
                    commitment.subject() == Some(id)
                        && shares_incident(&commitment.feeds, &fact.feeds)
                })
            })
        }) {
            let at = fact.occurred().cloned();
            changes.push(change(fact, backing, at, how));
        }
    }
    changes.extend(restated(claims, promise));
    changes.sort_by_key(|change| change.account.seq);
    changes
}

fn change<'a>(fact: &Fact, backing: Backing<'a>, at: Option<When>, how: String) -> Change<'a> {
    let shown = at.as_ref().map_or("no time".to_owned(), ToString::to_string);
    let account = Account::of_fact(fact, backing, shown).at(at.as_ref());
    Change { at, how, certain: true, account }
}

/// Returns how an entry changes the promise, if it does; `is_it` tells by the id of a commitment.
fn changed(body: &Body, promise: &Promise<'_>, is_it: &dyn Fn(&str) -> bool) -> Option<String> {
    match body {
        Body::CommitmentChanged(body) if is_it(&body.id) => {
            let due = body.due.as_ref().map(|due| format!(" to {due}"));
            let words = body.text.as_ref().map(|text| format!(": {}", quoted(text)));
            let (due, words) = (due.unwrap_or_default(), words.unwrap_or_default());
            let word = match body.change {
                Word::Moved => "moved",
                Word::Narrowed => "narrowed",
                Word::Widened => "widened",
                Word::Reworded => "reworded",
            };
            Some(format!("{word}{due}{words}"))
        }
        Body::CommitmentWithdrawn(body) if is_it(&body.id) => Some("withdrawn".to_owned()),
        Body::ActionStatus(body) => {
            let same = promise.subject.as_deref() == Some(body.id.as_str());
            let completes = promise.what == "action.status.complete" && promise.due.is_some();
            if !same || !completes {
                return None;
            }
            if body.status == ActionStatus::Canceled {
                return Some("canceled".to_owned());
            }
            let due = body.due.as_ref().filter(|due| promise.due.as_ref() != Some(*due))?;
            Some(format!("moved to {due}"))
        }
        _ => None,
    }
}

/// Returns the recorded commitments that are this promise: made in the same statement, or in the
/// speaker's own record, with the same words.
pub(crate) fn linked<'a>(claims: &Claims<'a>, promise: &Promise<'a>) -> Vec<&'a Fact> {
    if let Some(commitment) = promise.commitment {
        return vec![commitment];
    }
    let key = Key::of(promise.subject.as_deref(), "commitment");
    let facts = claims.facts(promise.perspective.feeds, key).into_iter();
    facts.filter(|fact| promise.is_recorded_by(claims, fact)).collect()
}

/// Returns the later promises of the same speaker to do the same by another time. One in wider or
/// narrower words, or of what happens many times, may be of something else.
fn restated<'a>(claims: &Claims<'a>, promise: &Promise<'a>) -> Vec<Change<'a>> {
    let mut found = Vec::new();
    let (Some(due), Some(held), Some(kind)) = (&promise.due, &promise.held, promise.kind()) else {
        return found;
    };
    let one = happens_once(&kind, promise.subject.as_deref());
    for (other, backing) in claims.others(&promise.perspective, Key::Family(kind.family())) {
        let Assertion::Will(will) = &other.claim.assertion else {
            continue;
        };
        let Some(moved) = will.due.as_ref().filter(|moved| *moved != due) else {
            continue;
        };
        let later = backing.source == Source::OwnStatement && held.precedes(other.statement);
        let certain = one && will.what == kind && will.subject == promise.subject;
        let subjects = [&will.subject, &promise.subject];
        let akin = (covers(&will.what, &kind) || covers(&kind, &will.what))
            && (will.subject == promise.subject || subjects.contains(&&None));
        let put_off = due.interval().end < moved.interval().end
            && !due.interval().before(&other.at().interval());
        if later && (certain || akin && put_off) {
            let at = Some(other.at().clone());
            let account = Account::of_claim(other, backing, other.at().to_string()).at(at.as_ref());
            let words = if certain { "moved to" } else { "promised in other words for" };
            found.push(Change { at, how: format!("{words} {moved}"), certain, account });
        }
    }
    found
}
