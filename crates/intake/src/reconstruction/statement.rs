//! Comments become statements, and edits of them revised statements.

use std::collections::BTreeMap;

use tally_ledger::claim::Claim;
use tally_ledger::hash::Hash;
use tally_ledger::payload::{Event, Evidence};
use tally_ledger::time::{Instant, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::statement::{Form, Published, Revised, Speaker};
use tally_ledger::vocabulary::words::Channel;

use super::proposal::Said;
use super::{Draft, LeftOut, Posted, Rank, Reading, by_weight, kind, room};
use crate::account::Attribution;
use crate::bugzilla::{Comment, Since};
use crate::report;

/// A text of a comment on its way to an event.
struct Text<'t> {
    comment: &'t Comment,
    index: usize,
    exact: Option<&'t str>,
    before: Option<Hash>,
    since: When,
    reading: Reading,
}

impl Draft<'_> {
    /// Makes the events of all comments and their edits.
    pub(super) fn statements(&mut self, read: &impl Fn(&Posted<'_>) -> Reading) {
        let bug = self.bug;
        for comment in &bug.comments {
            let speaker = self.speaker(comment);
            let mut before = None;
            for (index, revision) in comment.revisions.iter().enumerate() {
                let since = when(comment, revision.since);
                let exact = revision.text.as_deref();
                let reading = exact.map(|text| {
                    let (revision, since, speaker) = (index, &since, &speaker);
                    read(&Posted { bug, comment, revision, text, since, speaker })
                });
                let mut reading = reading.unwrap_or_default();
                reading.claims = by_weight(reading.claims);
                let text = Text { comment, index, exact, before, since, reading };
                before = self.statement(text, &speaker);
            }
        }
    }

    /// Makes the event of one text, and returns the digest of the text.
    fn statement(&mut self, text: Text<'_>, speaker: &Speaker) -> Option<Hash> {
        let digest = text.exact.map(|exact| Hash::of(exact.as_bytes()));
        let number = text.comment.number;
        let id = format!("{}-c{number}", self.bug.number);
        let suffix = if text.index == 0 { String::new() } else { format!("-r{}", text.index) };
        let evidence = text.exact.zip(digest).map(|(exact, digest)| Evidence::File {
            digest,
            size: exact.len() as u64,
            media_type: "text/markdown".to_owned(),
            name: Some(format!("{id}{suffix}.md")),
        });
        let body = |claims: &[Claim]| self.body(&id, &text, speaker, digest, claims);
        let event = |claims: &[Claim]| Event {
            feeds: vec![self.feed.clone()],
            kind: kind("statement.published"),
            occurred: Some(text.since.clone()),
            basis: self.page(Some(number), digest),
            on: None,
            evidence: evidence.iter().cloned().collect(),
            body: body(claims).to_value(),
        };
        let claims = &text.reading.claims;
        let held = room(claims, event);
        let body = body(&claims[..held]);
        if held < claims.len() {
            let (statement, count) = (id.clone(), claims.len() - held);
            self.whole.left_out.push(LeftOut::Claims { statement, count });
        }
        self.incident.claims += held;
        let rank = if text.index == 0 { Rank::Published } else { Rank::Revised };
        match rank {
            Rank::Published => self.incident.comments += 1,
            _ => self.incident.edits += 1,
        }
        let basis = self.page(Some(number), digest);
        let order = (number, text.index);
        let evidence = evidence.into_iter().collect();
        let since = text.since.clone();
        self.put(rank, order, Some(text.since), &body, basis, evidence);
        if let Some((digest, exact)) = digest.zip(text.exact) {
            if text.index + 1 == text.comment.revisions.len() {
                let (since, claims) = (&since, &text.reading.claims[..]);
                self.propose(&Said { id: &id, number, exact, digest, since, speaker, claims });
            }
            self.whole.texts.entry(digest).or_insert_with(|| exact.to_owned());
        }
        digest
    }

    fn body(
        &self,
        id: &str,
        text: &Text<'_>,
        speaker: &Speaker,
        digest: Option<Hash>,
        claims: &[Claim],
    ) -> Body {
        let size = text.exact.map(|exact| exact.len() as u64);
        if text.index > 0 {
            return Body::StatementRevised(Revised {
                id: id.to_owned(),
                revised: text.since.clone(),
                previous: text.before,
                digest,
                size,
                claims: claims.to_vec(),
                extra: BTreeMap::new(),
            });
        }
        Body::StatementPublished(Published {
            id: id.to_owned(),
            channel: Channel::Bugzilla,
            url: self.url.clone(),
            speaker: speaker.clone(),
            published: text.since.clone(),
            item: Some(text.comment.number),
            form: text.reading.form.clone(),
            digest,
            size,
            claims: claims.to_vec(),
            corrects: Vec::new(),
            extra: BTreeMap::new(),
        })
    }

    fn speaker(&mut self, comment: &Comment) -> Speaker {
        let attribution = self.attribute(&comment.author, comment.time);
        match &attribution {
            Attribution::Official(_) => self.incident.official += 1,
            Attribution::Participant(_) => {}
            Attribution::Shared(_) => {
                self.whole.shared.insert(comment.author.clone(), attribution.name());
            }
            Attribution::Unknown => {
                *self.whole.unknown.entry(comment.author.clone()).or_insert(0) += 1;
            }
        }
        attribution.speaker()
    }
}

/// Returns from when a text stood in a comment, as exactly as it is known.
pub(super) fn when(comment: &Comment, since: Since) -> When {
    let from = |after: Instant, by: Option<Instant>| {
        let local = |at: Instant| at.to_string().trim_end_matches('Z').to_owned();
        let end = by.filter(|by| *by >= after).map_or_else(|| "..".to_owned(), local);
        When::new(&format!("{}/{end}", local(after)), Some("Z"), None)
            .expect("two instants in their order make a range")
    };
    match since {
        Since::First => When::from_instant(comment.time),
        Since::Edited(at) => When::from_instant(at),
        Since::Between { after, by } => from(after, by),
    }
}

/// Returns what sort of text it is if it follows a template; of claims it returns none.
pub fn form(text: &str) -> Option<Form> {
    match report::read(text).form? {
        report::Form::Preliminary => Some(Form::PreliminaryReport),
        report::Form::Full => Some(Form::FullReport),
        report::Form::Closure => Some(Form::ClosureReport),
        report::Form::Audit => None,
    }
}
