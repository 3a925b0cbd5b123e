//! The texts that an organisation committed as published, in the ledger that it keeps of itself;
//! and what captures show in their places.

use tally_ledger::governance::Standing;
use tally_ledger::replay::{Statement, Timeline};
use tally_ledger::vocabulary::words::Capacity;

use crate::claims::Claims;
use crate::source::{Party, Perspective, Place, Source};

/// Whose a captured text is, seen from the organisation that committed one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The organisation's.
    Own,
    /// Another's.
    Other,
    /// That of an account which nobody knows.
    Unknown,
}

/// Returns the texts that the owner of a ledger committed as its own.
pub(crate) fn committed<'a>(claims: &Claims<'a>) -> Vec<&'a Statement> {
    let timeline = claims.timeline();
    let Some(owner) = timeline.owner().filter(|_| timeline.standing() == Some(Standing::Own))
    else {
        return Vec::new();
    };
    let from = Perspective::new(Party::organisation(&owner.name), None, &[]);
    let statements = timeline.statements().iter().filter(|statement| {
        statement.speaker.capacity != Capacity::Personal
            && Party::of(&statement.speaker).is(&from.party)
            && is_recorded_by_owner(timeline, &from, statement)
    });
    statements.collect()
}

/// Returns what captures show in the place of a committed text: texts that were read beside the
/// ledger, or that another's key recorded in it.
pub(crate) fn captured<'a>(claims: &Claims<'a>, committed: &Statement) -> Vec<&'a Statement> {
    let timeline = claims.timeline();
    let from = Perspective::new(Party::of(&committed.speaker), None, &[]);
    let place = Place::of(committed);
    let here = claims.at(&place).iter().copied();
    here.filter(|other| !is_recorded_by_owner(timeline, &from, other)).collect()
}

/// Returns whose a captured text is, seen from the one who committed a text.
pub(crate) fn whose(captured: &Statement, committed: &Statement) -> Whose {
    let organisation = captured.speaker.organisation.as_deref();
    match organisation.map(Party::organisation) {
        None => Whose::Unknown,
        Some(party) if party.is(&Party::of(&committed.speaker)) => Whose::Own,
        Some(_) => Whose::Other,
    }
}

fn is_recorded_by_owner(
    timeline: &Timeline,
    from: &Perspective<'_>,
    statement: &Statement,
) -> bool {
    let fact = timeline.fact(statement.seq);
    fact.is_some_and(|fact| from.record(timeline, fact) == Source::OwnRecord)
}
