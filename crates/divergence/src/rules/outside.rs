//! P107: certificates that a court order did not cover, revoked after their own deadline.

use tally_ledger::replay::Fact;
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::legal::Instrument;
use tally_ledger::vocabulary::words::Metric;

use super::mention::{Order, orders};
use super::revoked::{Due, deadlines};
use super::{OUTSIDE, REVOKED};
use crate::case::Case;
use crate::clock::evidence;
use crate::duty::Held;
use crate::finding::{Finding, Relation, Verdict};
use crate::incident::Incident;
use crate::pack::Requirement;
use crate::times::Times;
use crate::weigh::{self, Account, weigh};
use crate::words::name;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        for order in orders(&case.claims, incident.perspective.feeds) {
            findings.extend(beside(case, incident, &order));
        }
    }
    findings
}

/// Returns the findings on the sets whose own deadline passed while an order was in force.
fn beside<'a>(case: &Case<'a>, incident: &Incident<'a>, order: &Order<'a>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for due in deadlines(case, incident) {
        if order.instrument.set.as_ref() == Some(&due.deadline.set) {
            continue;
        }
        for pack in case.packs.of_rule(REVOKED.code) {
            let Some(duty) = due.duty(pack) else {
                continue;
            };
            let bound = due.bounds(duty.asked()).is_some_and(|(_, bounds)| {
                order.from.start <= bounds.lapse && due.opened() < order.until
            });
            if bound {
                let hold = |asked: &Requirement| hold(case, incident, order, &due, asked);
                findings.push(duty.finding(&OUTSIDE, &due.deadline.set, hold));
            }
        }
    }
    findings
}

/// How many certificates of a set an order covers, as the record has it.
enum Covered<'a> {
    Number(u64, &'a Fact),
    Unknown,
}

/// Returns how many of a set the order covers: a recorded count of those restrained in that set, or
/// the size of the order's own set, of which no more can be in the other one.
fn covered<'a>(incident: &Incident<'a>, instrument: &Instrument, set: &str) -> Covered<'a> {
    let mut found = Covered::Unknown;
    for fact in &incident.facts {
        match fact.body() {
            Some(Body::IncidentCount(body))
                if body.metric == Metric::Restrained && body.scope.as_deref() == Some(set) =>
            {
                return Covered::Number(body.value, fact);
            }
            Some(Body::IncidentScope(body)) if instrument.set.as_ref() == Some(&body.set) => {
                found = Covered::Number(body.count, fact);
            }
            _ => {}
        }
    }
    found
}

fn hold<'a>(
    case: &Case<'a>,
    incident: &Incident<'a>,
    order: &Order<'a>,
    due: &Due<'a>,
    asked: &Requirement,
) -> Held {
    let set = name(&due.deadline.set);
    let begun = format!("beside the {}; {set}", order.words);
    let instrument = evidence(order.fact, Relation::Beside);
    let deadline = evidence(due.fact, Relation::Beside);
    let Some((start, bounds)) = due.bounds(asked) else {
        let why = "the policy names no length of time".to_owned();
        return Held::new(Verdict::Undetermined, begun, Some(why));
    };
    let covered = covered(incident, order.instrument, &due.deadline.set);
    let Covered::Number(restrained, counted) = covered else {
        let why = format!("how many of {set} the order covered is not recorded");
        let held = Held::new(Verdict::Undetermined, begun, Some(why));
        return held.resting_on([instrument, deadline]);
    };
    let mut accounts = due.accounts(case, incident, bounds);
    for account in accounts.iter_mut().filter(|a| a.relation == Relation::Differs) {
        outside(incident, account, restrained, &set);
    }
    let counted = evidence(counted, Relation::Beside);
    let Some(weighed) = weigh(&accounts) else {
        let why = format!("when those of {set} were revoked is not recorded");
        let held = Held::new(Verdict::Undetermined, begun, Some(why));
        return held.resting_on([instrument, deadline, counted]);
    };
    let account = &accounts[weighed.lead];
    let remark = weighed.conflict.map(str::to_owned).or(account.remark.clone());
    let recorded = format!("{begun}: {restrained} under the order, {}", account.shown);
    let mut held = Held::new(weighed.verdict, recorded, remark);
    held.times = Times::of_due(bounds.due(start).as_ref(), account.when.as_ref());
    held.compared = weigh::compared(case.claims.timeline(), &accounts, weighed.lead);
    held.resting_on(weigh::evidence(&accounts, weighed.lead))
        .resting_on([instrument, deadline, counted])
}

/// Looks at what was late: of those that were not revoked in time, how many the order cannot have
/// covered.
fn outside(incident: &Incident<'_>, account: &mut Account<'_>, restrained: u64, set: &str) {
    let fact = incident.facts.iter().find(|fact| fact.seq == account.seq);
    let remaining = fact.and_then(|fact| match fact.body() {
        Some(Body::RevocationProgress(progress)) => Some(progress.remaining),
        _ => None,
    });
    match remaining {
        // None of the set was under the order, so whatever was late was outside of it.
        _ if restrained == 0 => {}
        Some(remaining) if restrained < remaining => {
            let late = account.remark.take().unwrap_or_default();
            let outside = remaining - restrained;
            account.remark = Some(format!("at least {outside} outside the order, {late}"));
        }
        _ => {
            account.relation = Relation::Unclear;
            let why = format!("which of {set} were late is not recorded");
            account.remark = Some(why);
        }
    }
}

impl Due<'_> {
    /// Returns the first second at which the clock may have run.
    fn opened(&self) -> i64 {
        self.deadline.start.as_ref().map_or(i64::MIN, |start: &When| start.interval().start)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{completed, deadline, fact, findings, only, ordered_not_to, own};

    /// Returns the ledger of a set of 100 that was due on 2 April 2026, and of an order of 1 April
    /// on a set of its own.
    fn ordered() -> Casebook {
        let mut book = own();
        deadline(&mut book, "BR 4.9.1.1 (5)");
        ordered_not_to(&mut book, "2026-04-01T19:00Z");
        book
    }

    fn restrained(book: &mut Casebook, value: u64) {
        let count = json!({ "metric": "restrained", "unit": "certificates", "value": value,
                            "scope": "all" });
        fact(book, "incident.count", "2026-04-01T20:00Z", count);
    }

    fn progress(book: &mut Casebook, remaining: u64) {
        let body: Json =
            json!({ "set": "all", "revoked": 100 - remaining, "remaining": remaining });
        fact(book, "revocation.progress", "2026-04-02T12:00Z", body);
    }

    #[test]
    fn more_left_than_the_order_covered_were_outside_of_it() {
        for (left, expected) in
            [(99, Verdict::Diverges), (2, Verdict::Diverges), (1, Verdict::Undetermined)]
        {
            let mut book = ordered();
            restrained(&mut book, 1);
            progress(&mut book, left);
            let finding = only(&book, "P107");
            assert_eq!(finding.verdict, expected, "{left}: {}", finding.message);
        }
        let mut book = ordered();
        restrained(&mut book, 1);
        progress(&mut book, 99);
        let message = only(&book, "P107").message;
        assert!(message.contains("at least 98 outside the order, 2 h later"), "{message}");
    }

    #[test]
    fn a_set_that_the_order_does_not_touch_keeps_its_own_deadline() {
        for (last, expected) in
            [("2026-04-02T09:00Z", Verdict::Tallies), ("2026-04-03T10:00Z", Verdict::Diverges)]
        {
            let mut book = ordered();
            restrained(&mut book, 0);
            completed(&mut book, last);
            assert_eq!(only(&book, "P107").verdict, expected);
        }
    }

    #[test]
    fn the_size_of_the_orders_own_set_bounds_what_it_covers() {
        let mut book = ordered();
        let scope = json!({ "set": "restrained", "count": 3, "unit": "certificates" });
        fact(&mut book, "incident.scope", "2026-04-01T20:00Z", scope);
        progress(&mut book, 10);
        assert!(only(&book, "P107").message.contains("at least 7 outside the order"));
    }

    #[test]
    fn where_it_is_not_recorded_what_the_order_covers_nothing_is_decided() {
        let mut book = ordered();
        completed(&mut book, "2026-04-03T10:00Z");
        let finding = only(&book, "P107");
        assert_eq!(finding.verdict, Verdict::Undetermined);
        assert!(finding.message.ends_with("how many of all the order covered is not recorded"));
        restrained(&mut book, 1);
        assert_eq!(only(&book, "P107").verdict, Verdict::Undetermined, "which were late is not");
    }

    #[test]
    fn the_orders_own_set_and_an_order_after_the_deadline_are_not_looked_at() {
        let mut book = own();
        let due = json!({ "set": "restrained", "rule": "BR 4.9.1.1 (5)",
                          "due": "2026-04-02T10:00Z", "start": "2026-04-01T10:00Z" });
        fact(&mut book, "revocation.deadline", "2026-04-01T11:00Z", due.clone());
        let order = |granted: &str, set: &str| {
            json!({ "kind": "legal.instrument", "incident": "x",
                    "body": { "id": "order", "type": "court_order", "direction": "received",
                              "granted": granted, "set": set } })
        };
        let mut later = book.clone();
        book.record(order("2026-04-01T19:00Z", "restrained"));
        assert!(findings(&book, "P107", None).is_empty());
        later.record(order("2026-05-01T19:00Z", "other"));
        assert!(findings(&later, "P107", None).is_empty());
    }
}
