//! T401: a claim that something occurred, held against when it is recorded to have.

use tally_ledger::claim::{Assertion, Occurred};
use tally_ledger::vocabulary::words::Qualifier;

use super::OCCURRED;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation};
use crate::happening::{Happening, happenings, happens_once};
use crate::source::Source;
use crate::weigh::{Account, Repeated, conclude, hold, settle, without_presumption};
use crate::words::named;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Occurred(a) => Some(occurred(claims, held, a)),
        _ => None,
    })
    .collect()
}

fn occurred<'a>(claims: &Claims<'a>, held: &Held<'a>, claim: &Occurred) -> Finding {
    let subject = claim.subject.as_deref();
    let found = happenings(claims, &held.perspective, &claim.kind, subject);
    let mut accounts: Vec<Account<'_>> =
        found.into_iter().map(|happening| compare(claims, held, claim, happening)).collect();
    settle(&mut accounts, Repeated::Agrees);
    let stated = format!("{} {}", named(&claim.kind, subject), claim.when);
    conclude(&OCCURRED, claims, held, &stated, &accounts)
}

fn compare<'a>(
    claims: &Claims<'a>,
    held: &Held<'a>,
    claim: &Occurred,
    happening: Happening<'a>,
) -> Account<'a> {
    let account = happening.account;
    let Some(when) = happening.when else {
        return account.holds(Relation::Unclear, Some("the record has no time".to_owned()));
    };
    let (relation, remark) = hold(&claim.when, &when);
    if relation != Relation::Differs {
        return account.holds(relation, remark);
    }
    if !happens_once(&claim.kind, claim.subject.as_deref()) {
        let why = "another one of that kind may be meant".to_owned();
        return account.holds(Relation::Unclear, Some(why));
    }
    let known = claims.timeline().fact(account.seq).is_some_and(|fact| {
        account.source == Source::OwnRecord && fact.recorded.unix() < held.at().interval().start
    });
    let unclear = match held.claim.qualifier {
        None => None,
        Some(Qualifier::ToOurKnowledge) if known => None,
        Some(Qualifier::ToOurKnowledge) => Some("what was known then is not recorded"),
        Some(_) => Some("how far the words of the claim reach is not decided"),
    };
    if let Some(why) = unclear {
        let remark = remark.map_or(why.to_owned(), |remark| format!("{remark}; {why}"));
        return account.holds(Relation::Unclear, Some(remark));
    }
    let same = |a: &Assertion| {
        matches!(a, Assertion::Occurred(a)
        if a.kind == claim.kind && a.subject == claim.subject)
    };
    if let Some(first) = claims.counted_at(held, &account, same) {
        let remark = format!("the difference is counted where it was said first, in {first}");
        return account.holds(Relation::Unclear, Some(remark));
    }
    let (bare_claim, rule_claim) = without_presumption(&claim.when);
    let (bare, rule) = without_presumption(&when);
    let mut account = account.holds(Relation::Differs, remark);
    if bare_claim.overlaps(&bare) {
        account.presumed = rule.or(rule_claim);
    }
    account
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{
        comment, fact, findings, observer, official, only, own, said, said_by, verdict,
    };

    const SAID: &str = "2025-04-04T12:00Z";

    fn sent(when: &str, more: Json) -> Json {
        let mut claim = json!({ "says": "occurred", "kind": "legal.step.filed",
                                "subject": "letter", "when": when });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        claim
    }

    fn filed(book: &mut Casebook, occurred: &str) {
        let body = json!({ "instrument": "letter", "step": "filed" });
        fact(book, "legal.step", occurred, body);
    }

    fn against(claimed: &str, recorded: &str) -> Verdict {
        let mut book = own();
        filed(&mut book, recorded);
        said(&mut book, 4, SAID, sent(claimed, json!({})));
        verdict(&book, "T401")
    }

    #[test]
    fn a_record_within_the_claimed_time_tallies_and_one_beside_it_diverges() {
        assert_eq!(against("2024-11Z", "2024-11-11Z"), Verdict::Tallies);
        assert_eq!(against("2024-11-11", "2024-11-11"), Verdict::Tallies);
        let mut book = own();
        filed(&mut book, "2024-11-11Z");
        said(&mut book, 4, SAID, sent("2024-11-13Z", json!({})));
        let finding = only(&book, "T401");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("2 days earlier"), "{}", finding.message);
    }

    #[test]
    fn a_coarser_record_or_an_unknown_zone_decides_nothing() {
        assert_eq!(against("2024-11-11T10:00Z", "2024-11-11Z"), Verdict::Undetermined);
        assert_eq!(against("2024-11-11T10:00Z", "2024-11-11T20:00"), Verdict::Undetermined);
        assert_eq!(against("2024-11-10Z", "2024-11-11"), Verdict::Undetermined);
    }

    #[test]
    fn what_happens_many_times_is_not_contradicted_by_another_one() {
        for (kind, subject) in [("legal.notice", None), ("legal", Some("letter"))] {
            let mut book = own();
            let notice = json!({ "to": ["subscribers"], "about": "it", "instrument": "letter" });
            fact(&mut book, "legal.notice", "2024-11-11Z", notice);
            let mut claim = json!({ "says": "occurred", "kind": kind, "when": "2024-11-13Z" });
            if let Some(subject) = subject {
                claim["subject"] = subject.into();
            }
            said(&mut book, 4, SAID, claim);
            assert_eq!(verdict(&book, "T401"), Verdict::Undetermined, "{kind}");
        }
    }

    #[test]
    fn an_instruments_date_is_the_step() {
        let mut book = own();
        let body = json!({ "id": "letter", "type": "cease_and_desist", "direction": "sent",
                           "filed": "2024-11-11Z" });
        book.record(json!({ "kind": "legal.instrument", "incident": "x", "body": body }));
        said(&mut book, 4, SAID, sent("2024-11-12Z", json!({})));
        assert_eq!(verdict(&book, "T401"), Verdict::Diverges);
    }

    #[test]
    fn nothing_recorded_is_unsupported_and_says_what_was_searched() {
        let mut book = own();
        said(&mut book, 4, SAID, sent("2024-11-11", json!({})));
        let finding = only(&book, "T401");
        assert_eq!(finding.verdict, Verdict::Unsupported);
        assert_eq!(finding.compared, "searched the 1 entry of x");
    }

    #[test]
    fn a_corrected_record_is_read_as_corrected() {
        let mut book = own();
        filed(&mut book, "2024-11-13Z");
        let why = json!({ "why": "the postmark", "occurred": "2024-11-11Z" });
        book.record(json!({ "kind": "entry.correction", "on": 1, "body": why }));
        said(&mut book, 4, SAID, sent("2024-11-11Z", json!({})));
        assert_eq!(verdict(&book, "T401"), Verdict::Tallies);
    }

    #[test]
    fn what_was_known_before_the_statement_decides_a_claim_to_our_knowledge() {
        let ours = json!({ "qualifier": "to_our_knowledge" });
        let mut book = own();
        filed(&mut book, "2024-11-13Z");
        said(&mut book, 4, SAID, sent("2024-11-11Z", ours.clone()));
        assert_eq!(verdict(&book, "T401"), Verdict::Diverges);
        let mut book = own();
        book.clock("2025-06-01T00:00:00Z");
        filed(&mut book, "2024-11-13Z");
        said(&mut book, 4, SAID, sent("2024-11-11Z", ours));
        assert_eq!(verdict(&book, "T401"), Verdict::Undetermined);
    }

    #[test]
    fn two_texts_of_one_speaker_that_differ_are_one_difference() {
        let mut book = observer();
        said(&mut book, 4, SAID, sent("2024-11-11Z", json!({})));
        said(&mut book, 9, "2025-05-01Z", sent("2024-11-13Z", json!({})));
        let found = findings(&book, "T401", None);
        let verdicts: Vec<Verdict> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Diverges, Verdict::Undetermined]);
        assert_eq!(found[0].statement.as_ref().unwrap().name, "c4");
        assert!(found[1].message.contains("counted where it was said first, in c4"));
    }

    #[test]
    fn a_speaker_who_repeats_itself_does_not_outweigh_another_party() {
        let mut book = observer();
        said(&mut book, 4, SAID, sent("2024-11-11Z", json!({})));
        said(&mut book, 9, "2025-05-01Z", sent("2024-11-11Z", json!({})));
        let other = json!({ "capacity": "official", "organisation": "Other CA" });
        said_by(&mut book, other, 10, "2025-05-02Z", sent("2024-11-13Z", json!({})));
        let found = findings(&book, "T401", None);
        assert!(found.iter().all(|finding| finding.verdict == Verdict::SourcesDiffer));
    }

    #[test]
    fn a_statement_that_the_speaker_put_right_is_corrected_after_that_long() {
        let speaker = official();
        let mut book = own();
        filed(&mut book, "2024-11-11Z");
        said(&mut book, 4, SAID, sent("2024-11-13Z", json!({})));
        let corrects = json!({ "corrects": [{ "statement": "c4", "claim": 0 }] });
        let mut by_another = book.clone();
        comment(&mut book, speaker, 9, "2025-04-06T12:00Z", corrects.clone());
        let finding = only(&book, "T401");
        assert_eq!(finding.verdict, Verdict::Corrected);
        assert_eq!(finding.notes, ["corrected by the speaker after 2 days (c9, entry 3)"]);
        let other = json!({ "capacity": "official", "organisation": "Other CA" });
        comment(&mut by_another, other, 9, "2025-04-06T12:00Z", corrects);
        assert_eq!(verdict(&by_another, "T401"), Verdict::Diverges);
    }

    #[test]
    fn an_edited_text_is_held_as_it_reads_now_and_what_it_dropped_as_corrected() {
        let mut book = own();
        filed(&mut book, "2024-11-11Z");
        said(&mut book, 4, SAID, sent("2024-11-13Z", json!({})));
        let mut claim = sent("2024-11-11Z", json!({}));
        claim["origin"] = "declared".into();
        book.record(json!({ "kind": "statement.revised", "incident": "x", "body": {
            "id": "c4", "revised": "2025-04-04T13:00Z", "claims": [claim] } }));
        let found = findings(&book, "T401", None);
        let verdicts: Vec<Verdict> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Corrected, Verdict::Tallies]);
    }

    #[test]
    fn a_claim_that_is_only_suggested_is_not_held() {
        let mut book = own();
        filed(&mut book, "2024-11-11Z");
        said(&mut book, 4, SAID, sent("2024-11-13Z", json!({ "origin": "suggested" })));
        let ledger = book.ledger();
        let report = crate::diverge(
            &tally_ledger::replay::Timeline::replay(&ledger),
            &crate::Terms::default(),
        );
        let held = report.findings.iter().filter(|finding| finding.statement.is_some());
        assert_eq!((held.count(), report.suggested), (0, 1));
    }
}
