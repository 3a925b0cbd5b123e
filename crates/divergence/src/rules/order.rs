//! T402: that one thing came before another, held against when both are recorded to have happened.

use tally_ledger::claim::{Assertion, Event, Order};

use super::ORDER;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation};
use crate::happening::{Happening, happenings, happens_once};
use crate::weigh::{Account, Repeated, conclude, settle, without_presumption};
use crate::words::named;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Order(a) => Some(order(claims, held, a)),
        _ => None,
    })
    .collect()
}

fn order<'a>(claims: &Claims<'a>, held: &Held<'a>, claim: &Order) -> Finding {
    let found = |event: &Event| {
        happenings(claims, &held.perspective, &event.kind, event.subject.as_deref())
    };
    let words = |event: &Event| named(&event.kind, event.subject.as_deref());
    let (firsts, seconds) = (found(&claim.before), found(&claim.after));
    let mut accounts: Vec<Account<'_>> = Vec::new();
    for first in &firsts {
        accounts.extend(seconds.iter().flat_map(|second| pair(first, second)));
    }
    settle(&mut accounts, Repeated::Unclear);
    let once = |event: &Event| happens_once(&event.kind, event.subject.as_deref());
    if !(once(&claim.before) && once(&claim.after)) {
        for account in accounts.iter_mut().filter(|a| a.relation == Relation::Differs) {
            account.relation = Relation::Unclear;
            account.remark = Some("others of that kind may be meant".to_owned());
        }
    }
    let stated = format!("{} before {}", words(&claim.before), words(&claim.after));
    conclude(&ORDER, claims, held, &stated, &accounts)
}

/// Returns what two happenings say of the order: an account for each, as strong as the weaker.
fn pair<'a>(first: &Happening<'a>, second: &Happening<'a>) -> Vec<Account<'a>> {
    let source = first.account.source.max(second.account.source);
    let (relation, remark, presumed) = match (&first.when, &second.when) {
        (Some(a), Some(b)) => {
            let (ia, ib) = (a.interval(), b.interval());
            let ((bare_a, rule_a), (bare_b, rule_b)) =
                (without_presumption(a), without_presumption(b));
            let rests = bare_a.overlaps(&bare_b).then(|| rule_a.or(rule_b)).flatten();
            if ia.before(&ib) {
                (Relation::Agrees, None, rests)
            } else if ib.before(&ia) {
                (Relation::Differs, Some("the other way round".to_owned()), rests)
            } else {
                let why = "which came first the times do not show".to_owned();
                (Relation::Unclear, Some(why), None)
            }
        }
        _ => (Relation::Unclear, Some("one of them has no time".to_owned()), None),
    };
    let shown = format!("{} and {}", first.account.shown, second.account.shown);
    let both = [&first.account, &second.account].map(|account| {
        let mut account = account.clone().holds(relation, remark.clone());
        account.source = source;
        account.shown.clone_from(&shown);
        account.presumed.clone_from(&presumed);
        account
    });
    both.to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Verdict;
    use crate::probe::{fact, only, own, said};

    /// Returns the finding that an order was served before it took effect, with both recorded.
    fn served(times: &[&str], effective: &str) -> crate::finding::Finding {
        let mut book = own();
        for (step, at) in times.iter().map(|at| ("served", *at)).chain([("effective", effective)]) {
            let step = json!({ "instrument": "order", "step": step });
            fact(&mut book, "legal.step", at, step);
        }
        let claim = json!({ "says": "order",
            "before": { "kind": "legal.step.served", "subject": "order" },
            "after": { "kind": "legal.step.effective", "subject": "order" } });
        said(&mut book, 4, "2024-08-05Z", claim);
        only(&book, "T402")
    }

    #[test]
    fn the_order_of_the_record_tallies_or_diverges() {
        let finding = served(&["2024-08-01T14:00Z"], "2024-08-01T15:00Z");
        assert_eq!(finding.verdict, Verdict::Tallies);
        let finding = served(&["2024-08-01T15:00Z"], "2024-08-01T14:20Z");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn times_that_overlap_or_repeat_do_not_show_which_came_first() {
        assert_eq!(served(&["2024-08-01Z"], "2024-08-01T14:20Z").verdict, Verdict::Undetermined);
        let twice = ["2024-08-01T13:00Z", "2024-08-01T16:00Z"];
        assert_eq!(served(&twice, "2024-08-01T14:20Z").verdict, Verdict::Undetermined);
    }

    #[test]
    fn what_happens_many_times_is_not_contradicted_by_another_one() {
        let mut book = own();
        let notice = json!({ "to": ["subscribers"], "about": "revocation" });
        fact(&mut book, "legal.notice", "2024-08-01T15:00Z", notice);
        let body = json!({ "milestone": "identified" });
        fact(&mut book, "incident.milestone", "2024-08-01T14:20Z", body);
        let claim = json!({ "says": "order", "before": { "kind": "legal.notice" },
                            "after": { "kind": "incident.milestone.identified" } });
        said(&mut book, 4, "2024-08-05Z", claim);
        assert_eq!(only(&book, "T402").verdict, Verdict::Undetermined);
    }

    #[test]
    fn an_order_of_which_one_half_is_not_recorded_is_unsupported() {
        assert_eq!(served(&[], "2024-08-01T14:20Z").verdict, Verdict::Unsupported);
    }
}
