//! T511: a public text that was edited after its publication: which of its claims changed, and how
//! long after.

use std::collections::BTreeSet;

use tally_ledger::claim::{Claim, Origin};
use tally_ledger::hash::Hash;
use tally_ledger::replay::{Statement, Version};
use tally_ledger::vocabulary::words::Capacity;

use super::EDIT;
use crate::case::Case;
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::length::between;
use crate::source::Place;
use crate::times::Times;
use crate::topic::Topic;
use crate::words::{difference, made, name};

/// The most differences that the notes of a finding list.
const LISTED_MAX: usize = 8;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let timeline = case.claims.timeline();
    let mut recorded: BTreeSet<(Place, Hash)> = BTreeSet::new();
    let mut findings = Vec::new();
    for statement in timeline.statements() {
        let place = Place::of(statement);
        for pair in statement.versions.windows(2) {
            let edit = pair[1].digest.map(|digest| (place.clone(), digest));
            // An edit that the ledger records and a capture beside it shows is one edit.
            if edit.is_none_or(|edit| {
                recorded.insert(edit) || timeline.beside(statement.seq).is_none()
            }) {
                findings.push(edited(case, statement, &pair[0], &pair[1]));
            }
        }
    }
    findings
}

fn edited(case: &Case<'_>, statement: &Statement, before: &Version, after: &Version) -> Finding {
    let timeline = case.claims.timeline();
    let differences = differences(case, before, after);
    let dropped = differences.iter().any(|difference| difference.before.is_some());
    let announced = case.claims.corrected_by(statement).next();
    let read = counted(after).next().is_some();
    let (verdict, found) = match &differences[..] {
        _ if dropped && !read => {
            let why = "what it asserts since then is not recorded".to_owned();
            (Verdict::Undetermined, why)
        }
        [] if before.digest.is_some() && before.digest == after.digest => {
            (Verdict::ForTheReader, "the text has the same digest as before".to_owned())
        }
        [] if !read => (Verdict::ForTheReader, "no claim of it is recorded".to_owned()),
        [] => (Verdict::ForTheReader, "its recorded claims are the same".to_owned()),
        [only] => (Verdict::Changed, only.words()),
        [first, ..] => {
            let n = differences.len();
            (Verdict::Changed, format!("{n} claims differ; the first: {}", first.words()))
        }
    };
    let length = between(&statement.published, &after.at);
    let length = length.map_or(String::new(), |length| format!(", {length} after it appeared"));
    let (text, speaker) = (name(&statement.name), name(&statement.speaker.name()));
    let message = format!("{text}, by {speaker}: edited {}{length}; {found}", after.at);
    let mut notes: Vec<String> = Vec::new();
    if differences.len() > 1 {
        notes.extend(differences.iter().take(LISTED_MAX).map(Difference::words));
        let more = differences.len().saturating_sub(LISTED_MAX);
        notes.extend((more > 0).then(|| format!("and {more} more")));
    }
    notes.extend(wording(case, before, after));
    let mut verdict = match verdict {
        Verdict::Changed if !dropped => Verdict::ForTheReader,
        verdict => verdict,
    };
    if let Some(by) = announced {
        let (by, place) = (name(&by.name), timeline.label(by.seq));
        notes.push(format!("put right in so many words by the speaker in {by} ({place})"));
        verdict = if verdict == Verdict::Changed { Verdict::Corrected } else { verdict };
    }
    if verdict == Verdict::Changed && statement.speaker.capacity == Capacity::Personal {
        verdict = Verdict::ForTheReader;
        notes.push("posted in a personal capacity: nothing is decided about it".to_owned());
    }
    let mut finding = Finding::new(&EDIT, verdict, message);
    finding.subject = Some(statement.name.clone());
    finding.times = Times::of(Some(&before.at), Some(&after.at));
    finding.compared = format!("compared with the text before ({})", timeline.label(before.seq));
    finding.notes = notes;
    let facts = [after.seq, before.seq].map(|seq| timeline.fact(seq));
    finding.evidence = facts.into_iter().flatten().map(Evidence::beside).collect();
    if let Some(edit) = finding.evidence.first_mut().filter(|_| !differences.is_empty()) {
        edit.relation = Relation::Changes;
    }
    finding
}

/// A claim that an edit took out, put in, or made otherwise.
struct Difference<'a> {
    before: Option<&'a Claim>,
    after: Option<&'a Claim>,
}

impl Difference<'_> {
    fn words(&self) -> String {
        match (self.before.map(made), self.after.map(made)) {
            (Some(before), Some(after)) => format!("stated before: {before}; since: {after}"),
            (Some(before), None) => format!("no longer stated: {before}"),
            (None, after) => format!("stated since: {}", after.unwrap_or_default()),
        }
    }
}

/// Returns the claims of a version that count: confirmed ones, and none that a reviewer rejected.
fn counted(version: &Version) -> impl Iterator<Item = &Claim> {
    let claims = version.claims.iter().enumerate();
    let claims = claims.filter(|(at, _)| !version.rejected.contains(at)).map(|(_, claim)| claim);
    claims.filter(|claim| claim.origin != Origin::Suggested)
}

/// Returns whether both say the same in the same manner.
fn is_same(a: &Claim, b: &Claim) -> bool {
    a.assertion == b.assertion
        && (a.strength, a.qualifier) == (b.strength, b.qualifier)
        && (&a.scope, &a.condition) == (&b.scope, &b.condition)
}

/// Returns the claims in which two versions of a text differ, those about one thing together.
fn differences<'a>(
    case: &Case<'_>,
    before: &'a Version,
    after: &'a Version,
) -> Vec<Difference<'a>> {
    let lacks = |version: &Version, claim: &Claim| {
        !version.claims.iter().any(|other| is_same(claim, other))
    };
    let gone = counted(before).filter(|claim| lacks(after, claim));
    let mut new: Vec<&Claim> = counted(after).filter(|claim| lacks(before, claim)).collect();
    let mut differences: Vec<Difference<'_>> = Vec::new();
    for claim in gone {
        let topic = Topic::of(&claim.assertion);
        let pair = new.iter().position(|other| Topic::of(&other.assertion) == topic);
        if pair.is_none() && stands_still(case, before, after, claim) {
            continue;
        }
        let pair = pair.map(|at| new.remove(at));
        differences.push(Difference { before: Some(claim), after: pair });
    }
    differences
        .extend(new.into_iter().map(|claim| Difference { before: None, after: Some(claim) }));
    differences
}

/// Returns whether the very words of a claim still stand in the text after, so that only nobody
/// marked them there.
fn stands_still(case: &Case<'_>, before: &Version, after: &Version, claim: &Claim) -> bool {
    let text = |version: &Version| case.texts.get(&version.digest?);
    let words = claim.span.and_then(|[start, end]| {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        text(before)?.get(start..end)
    });
    matches!((words, text(after)), (Some(words), Some(after)) if after.contains(words))
}

/// Returns in a line which words changed, if both texts are at hand.
fn wording(case: &Case<'_>, before: &Version, after: &Version) -> Option<String> {
    let text = |version: &Version| case.texts.get(&version.digest?);
    difference(text(before)?, text(after)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_ledger::replay::Timeline;
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Finding, Verdict};
    use crate::probe::{comment, official, only, own, said_by, verdict};
    use crate::{Terms, Texts, diverge};

    fn sent(when: &str) -> Json {
        json!({ "says": "occurred", "kind": "legal.step.filed", "subject": "letter",
                "when": when, "origin": "declared" })
    }

    /// Returns a ledger with a comment of noon that was edited two hours later.
    fn edited(before: Json, after: Json) -> Casebook {
        let mut book = own();
        comment(&mut book, official(), 4, "2025-04-04T12:00Z", before);
        revise(&mut book, after);
        book
    }

    fn revise(book: &mut Casebook, after: Json) {
        let mut body = json!({ "id": "c4", "revised": "2025-04-04T14:00Z" });
        for (name, value) in after.as_object().unwrap() {
            body[name] = value.clone();
        }
        book.record(json!({ "kind": "statement.revised", "incident": "x", "body": body }));
    }

    fn on(book: &Casebook, texts: Texts) -> Finding {
        let terms = Terms { texts, ..Terms::default() };
        let found = diverge(&Timeline::replay(&book.ledger()), &terms).findings;
        found.into_iter().find(|finding| finding.code == "T511").unwrap()
    }

    #[test]
    fn a_claim_that_an_edit_made_otherwise_changed_and_both_are_shown() {
        let before = json!({ "claims": [sent("2024-11-13Z")] });
        let book = edited(before.clone(), json!({ "claims": [sent("2024-11-11Z")] }));
        let finding = only(&book, "T511");
        assert_eq!(finding.verdict, Verdict::Changed);
        assert_eq!(
            finding.message,
            "c4, by Example CA: edited 2025-04-04 14:00 UTC, 2 h after it appeared; stated before: \
             legal step filed (letter) 2024-11-13 UTC; since: legal step filed (letter) \
             2024-11-11 UTC"
        );
        assert_eq!(finding.evidence.iter().map(|e| e.seq).collect::<Vec<_>>(), [2, 1]);
        let other = json!({ "says": "characterises", "subject": "letter", "words": "polite",
                            "origin": "declared" });
        let finding = only(&edited(before, json!({ "claims": [other] })), "T511");
        assert_eq!(finding.verdict, Verdict::Changed);
        assert!(finding.message.contains("2 claims differ; the first: no longer stated: legal"));
    }

    #[test]
    fn an_edit_that_left_the_claims_alone_or_added_one_is_for_the_reader() {
        let one = json!({ "claims": [sent("2024-11-13Z")] });
        let other = json!({ "says": "status", "item": "ai-1", "status": "Complete",
                            "origin": "declared" });
        let two = json!({ "claims": [sent("2024-11-13Z"), other] });
        for (after, words) in [(one.clone(), "claims are the same"), (two, "stated since: ai-1")] {
            let finding = only(&edited(one.clone(), after), "T511");
            assert_eq!(finding.verdict, Verdict::ForTheReader);
            assert!(finding.message.contains(words), "{}", finding.message);
        }
        assert!(crate::probe::findings(&own(), "T511", None).is_empty());
    }

    #[test]
    fn a_text_whose_claims_nobody_recorded_after_the_edit_is_undetermined() {
        let mut claim = sent("2024-11-13Z");
        claim["origin"] = "annotated".into();
        let book = edited(json!({ "claims": [claim] }), json!({}));
        assert_eq!(verdict(&book, "T511"), Verdict::Undetermined);
    }

    #[test]
    fn an_edit_that_the_speaker_put_right_in_another_text_is_corrected() {
        let before = json!({ "claims": [sent("2024-11-13Z")] });
        let mut book = edited(before, json!({ "claims": [sent("2024-11-11Z")] }));
        let corrects = json!({ "corrects": [{ "statement": "c4" }] });
        let mut by_another = book.clone();
        comment(&mut book, official(), 5, "2025-04-05Z", corrects.clone());
        assert_eq!(verdict(&book, "T511"), Verdict::Corrected);
        let other = json!({ "capacity": "official", "organisation": "Other CA" });
        comment(&mut by_another, other, 5, "2025-04-05Z", corrects);
        assert_eq!(verdict(&by_another, "T511"), Verdict::Changed);
    }

    #[test]
    fn a_personal_remark_that_was_edited_is_for_the_reader() {
        let mut book = own();
        let speaker = json!({ "capacity": "personal", "organisation": "Example CA" });
        said_by(&mut book, speaker, 4, "2025-04-04T12:00Z", sent("2024-11-13Z"));
        revise(&mut book, json!({ "claims": [sent("2024-11-11Z")] }));
        assert_eq!(verdict(&book, "T511"), Verdict::ForTheReader);
    }

    #[test]
    fn with_both_texts_at_hand_the_words_are_shown_and_unmarked_ones_still_stand() {
        let mut texts = Texts::default();
        let old = texts.add("Sent on Monday.\nWe regret it.".to_owned());
        let new = texts.add("Sent on Monday. We regret the delay.".to_owned());
        let mut claim = sent("2024-11-11Z");
        claim["origin"] = "annotated".into();
        claim["span"] = json!([0, 14]);
        let before = json!({ "claims": [claim], "digest": old.to_string() });
        let book = edited(before, json!({ "digest": new.to_string() }));
        assert_eq!(on(&book, Texts::default()).verdict, Verdict::Undetermined);
        let finding = on(&book, texts);
        assert_eq!(finding.verdict, Verdict::ForTheReader);
        assert_eq!(finding.notes, ["\"it.\" became \"the delay.\""]);
    }
}
