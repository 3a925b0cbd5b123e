//! Attached lists of certificates become statements of whoever attached them.
//!
//! How many certificates a list has is counted, not read; that they are all that the incident
//! affects is certain only of a list by the Incident Reporting Guidelines, understood in full,
//! whose rows repeat nothing and which is not called a part. Of any other the count is suggested.

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Claim, Count, Occurred, Origin};
use tally_ledger::hash::Hash;
use tally_ledger::payload::{Basis, Citation, Evidence};
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::statement::{Form, Published, Speaker};
use tally_ledger::vocabulary::words::{Capacity, Channel, Metric, Strength, Unit};

use super::{Draft, LeftOut, Rank};
use crate::bugzilla::Attachment;
use crate::certificates::{self, Certificates, Revoked};

/// Words in the name or description of a list that holds a part, or something else.
const PARTS: [&str; 14] = [
    "part",
    "batch",
    "remaining",
    "sample",
    "example",
    "subset",
    "excerpt",
    "first",
    "second",
    "additional",
    "delayed",
    "unrevoked",
    "interim",
    "partial",
];

impl Draft<'_> {
    /// Makes the events of the attached lists.
    pub(super) fn lists(&mut self) {
        let bug = self.bug;
        for attachment in bug.attachments.iter().filter(|item| item.is_list()) {
            let (Some(bytes), Some(created), Some(creator)) =
                (&attachment.content, attachment.created, &attachment.creator)
            else {
                continue;
            };
            let Ok(text) = str::from_utf8(bytes) else {
                self.left(attachment, "it is not text in UTF-8");
                continue;
            };
            let list = certificates::read(text);
            if list.rows.iter().all(|row| row.identity.is_none()) {
                self.left(attachment, "it names no certificate");
                continue;
            }
            if let Some(first) = list.unread.first() {
                self.whole.left_out.push(LeftOut::Rows {
                    bug: bug.number,
                    attachment: attachment.id,
                    file: attachment.file_name.clone(),
                    count: list.unread_count,
                    line: first.line,
                    why: first.why,
                });
            }
            let speaker = self.attribute(creator, created).speaker();
            let is_own = speaker.capacity == Capacity::Official;
            let claims = if is_own { claims(attachment, &list) } else { Vec::new() };
            self.attached(attachment, text, speaker, When::from_instant(created), claims);
        }
    }

    fn left(&mut self, attachment: &Attachment, why: &'static str) {
        self.whole.left_out.push(LeftOut::List {
            bug: self.bug.number,
            attachment: attachment.id,
            file: attachment.file_name.clone(),
            why,
        });
    }

    /// Makes the event of one list.
    fn attached(
        &mut self,
        attachment: &Attachment,
        text: &str,
        speaker: Speaker,
        published: When,
        claims: Vec<Claim>,
    ) {
        let digest = Hash::of(text.as_bytes());
        let url = format!("{}/attachment.cgi?id={}", self.setting.tracker, attachment.id);
        let cited =
            Citation::Web { url: url.clone(), item: None, digest: Some(digest), span: None };
        let evidence = Evidence::File {
            digest,
            size: text.len() as u64,
            media_type: "text/csv".to_owned(),
            name: Some(format!("{}-a{}.csv", self.bug.number, attachment.id)),
        };
        self.incident.lists += 1;
        self.incident.claims += claims.len();
        let body = Body::StatementPublished(Published {
            id: format!("{}-a{}", self.bug.number, attachment.id),
            channel: Channel::Bugzilla,
            url,
            speaker,
            published: published.clone(),
            item: None,
            form: Some(Form::Other("certificate_list".to_owned())),
            digest: Some(digest),
            size: Some(text.len() as u64),
            claims,
            corrects: Vec::new(),
            extra: BTreeMap::new(),
        });
        let order = (attachment.id, 0);
        let basis = Basis::Stated(vec![cited]);
        self.put(Rank::Attached, order, Some(published), &body, basis, vec![evidence]);
        self.whole.texts.entry(digest).or_insert_with(|| text.to_owned());
    }
}

/// Returns what a list of the organisation's claims: how many certificates are affected, and when
/// the last of them was revoked.
fn claims(attachment: &Attachment, list: &Certificates) -> Vec<Claim> {
    let counts = certificates::count([list]);
    let ends = list.rows.first().zip(list.rows.last());
    let span = ends.map(|(first, last)| [first.span[0] as u64, last.span[1] as u64]);
    let claim = |assertion, origin, text| Claim {
        assertion,
        origin,
        text: Some(text),
        span,
        strength: Strength::Firm,
        qualifier: None,
        scope: None,
        condition: None,
        extra: BTreeMap::new(),
    };
    let value = counts.certificates as u64;
    let count = Count { metric: Metric::Affected, unit: Unit::Certificates, value };
    let is_sure = list.is_by_guidelines()
        && list.is_whole()
        && counts.rows == counts.certificates
        && !attachment.is_obsolete
        && !is_part(attachment);
    let origin = if is_sure { Origin::Parsed } else { Origin::Suggested };
    let rows = format!("the rows of a list: {}", counts.rows);
    let mut claims = vec![claim(Assertion::Count(count), origin, rows)];
    let all_revoked = list.rows.iter().all(|row| {
        let is_revoked = row.revoked.as_ref().is_some_and(|told| told.value == Revoked::Yes);
        is_revoked && row.revocation.is_some()
    });
    if let Some([_, last]) = list.revoked_between().filter(|_| all_revoked && list.is_whole())
        && let Ok(kind) = "revocation.completed".parse()
    {
        let (when, subject) = (last.value.clone(), Some("all".to_owned()));
        let assertion = Assertion::Occurred(Occurred { kind, when, subject });
        let text = "the last revocation date of a list".to_owned();
        claims.push(claim(assertion, Origin::Suggested, text));
    }
    claims
}

/// Returns whether a list is called a part of all, or something else.
fn is_part(attachment: &Attachment) -> bool {
    let summary = attachment.summary.as_deref().unwrap_or_default();
    let called = format!("{} {summary}", attachment.file_name).to_lowercase();
    let mut words = called.split(|c: char| !c.is_alphabetic());
    words.any(|word| PARTS.contains(&word)) || called.contains(" of ")
}
