//! P103: from a question to the organisation's reply.

use std::collections::BTreeMap;

use tally_ledger::name::FeedId;
use tally_ledger::replay::{Fact, Statement};
use tally_ledger::time::{Instant, Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::inquiry::{Asked, Reply};

use super::REPLY;
use crate::case::Case;
use crate::claims::Claims;
use crate::clock::{Bounds, Ended, Reading, Stops, TEXTS, evidence, run};
use crate::duty::{Held, duties};
use crate::finding::{Finding, Relation, Verdict};
use crate::incident::{Incident, Point};
use crate::length::between;
use crate::pack::Requirement;
use crate::source::{Party, Place};
use crate::times::Times;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let by_feed: BTreeMap<&FeedId, &Incident<'_>> =
        case.incidents.iter().map(|incident| (incident.feed, incident)).collect();
    let mut findings = Vec::new();
    for fact in case.claims.timeline().facts() {
        let Some(Body::InquiryAsked(asked)) = fact.body() else {
            continue;
        };
        let among: Vec<&Incident<'_>> =
            fact.feeds.iter().filter_map(|feed| by_feed.get(feed).copied()).collect();
        let home = among
            .iter()
            .find(|incident| asked.url.as_ref().is_some_and(|url| incident.has_page(url)));
        if let Some(incident) = home.or(among.first()) {
            let own = Party::of(&asked.asker).is(&incident.perspective.party);
            if !own {
                findings.extend(replied(case, &Question::of(&case.claims, incident, fact, asked)));
            }
        }
    }
    findings
}

/// A question, and what is recorded of its replies.
pub(crate) struct Question<'i, 'a> {
    incident: &'i Incident<'a>,
    pub(crate) fact: &'a Fact,
    asked: &'a Asked,
    /// Where and when it was asked.
    pub(crate) start: Point,
    when: Option<When>,
    /// The replies: the entry, and the text if it is recorded.
    pub(crate) replies: Vec<Replied<'a>>,
    withdrawn: Option<&'a Fact>,
    /// Where it was disputed that a reply answers, or the same was asked again.
    pub(crate) pressed: Vec<Point>,
}

/// A recorded reply.
pub(crate) struct Replied<'a> {
    pub(crate) fact: &'a Fact,
    text: Option<&'a Statement>,
    pub(crate) point: Point,
    /// Whether it is the organisation's: its text says so, or its own record.
    pub(crate) official: bool,
    /// Whether it says that it answers the whole question.
    pub(crate) answers: bool,
}

impl<'i, 'a> Question<'i, 'a> {
    /// Returns a question with the replies that its incident records.
    pub(crate) fn of(
        claims: &Claims<'a>,
        incident: &'i Incident<'a>,
        fact: &'a Fact,
        asked: &'a Asked,
    ) -> Self {
        let text = asked.url.as_ref().and_then(|url| incident.at(url, asked.item));
        let published = text.map(|text| &text.published);
        // Of the two times the more precise one; both are of the same text.
        let length = |when: &&When| {
            let interval = when.interval();
            interval.end.saturating_sub(interval.start)
        };
        let when = published.into_iter().chain(fact.occurred()).min_by_key(length).cloned();
        let interval = when.as_ref().map_or(Interval::EVER, When::interval);
        let place = text.map(Place::of);
        let written = asked.url.as_ref().map(|url| Place::new(url, asked.item));
        let start = Point { interval, place: place.or(written) };
        let mut replies = Vec::new();
        let mut withdrawn = None;
        let mut pressed = Vec::new();
        let mut press = |other: &Fact, url: &Option<String>, item| {
            let interval = other.occurred().map_or(Interval::EVER, When::interval);
            let place = url.as_ref().map(|url| Place::new(url, item));
            pressed.push(Point { interval, place });
        };
        for other in &incident.facts {
            match other.body() {
                Some(Body::InquiryAnswered(body)) if body.id == asked.id => {
                    let text = body.statement.as_ref().and_then(|name| incident.named(name));
                    let text = text.or_else(|| incident.at(body.url.as_ref()?, body.item));
                    let text = text.or_else(|| cited(claims, incident, other));
                    replies.push(Replied::of(claims, incident, other, text));
                }
                Some(Body::InquiryWithdrawn(body)) if body.id == asked.id => {
                    withdrawn = Some(*other);
                }
                Some(Body::InquiryDisputed(body)) if body.id == asked.id => {
                    press(other, &body.url, body.item);
                }
                Some(Body::InquiryAskedAgain(body)) if body.id == asked.id => {
                    press(other, &body.url, body.item);
                }
                _ => {}
            }
        }
        Self { incident, fact, asked, start, when, replies, withdrawn, pressed }
    }

    /// Returns what a text does to the clock of the question, which ended when it was withdrawn.
    fn stopped_by(&self, text: &Statement) -> Stops {
        let ended = self.withdrawn_from();
        if ended.is_some_and(|ended| ended <= text.published.interval().start) {
            return Stops::No;
        }
        let recorded =
            self.replies.iter().any(|reply| reply.text.is_some_and(|t| t.seq == text.seq));
        let official = self.incident.is_official(text);
        // What somebody of the organisation answered for itself may be meant as the reply.
        let speaker = text.speaker.organisation.as_deref().map(Party::organisation);
        let own = speaker.is_some_and(|party| party.is(&self.incident.perspective.party));
        if official && recorded {
            Stops::Yes
        } else if official || recorded && own || self.incident.may_be_official(text) {
            Stops::Perhaps
        } else {
            Stops::No
        }
    }

    /// Returns from when on the question may have been withdrawn, if it was.
    fn withdrawn_from(&self) -> Option<i64> {
        let withdrawn = self.withdrawn?.occurred();
        Some(withdrawn.map_or(i64::MIN, |at| at.interval().start))
    }

    /// Returns whether the asker took the question back, surely before `until`.
    pub(crate) fn was_withdrawn_before(&self, until: i64) -> bool {
        let at = self.withdrawn.and_then(|fact| fact.occurred());
        at.is_some_and(|at| at.interval().end <= until)
    }
}

impl<'a> Replied<'a> {
    fn of(
        claims: &Claims<'a>,
        incident: &Incident<'a>,
        fact: &'a Fact,
        text: Option<&'a Statement>,
    ) -> Self {
        let interval = fact.occurred().map_or(Interval::EVER, When::interval);
        let point = text.map_or(Point::at(interval), Point::of);
        let official = match text {
            Some(text) => incident.is_official(text),
            None => incident.is_own_record(claims, fact),
        };
        let answers = match fact.body() {
            Some(Body::InquiryAnswered(body)) => matches!(body.reply, None | Some(Reply::Answer)),
            _ => false,
        };
        Self { fact, text, point, official, answers }
    }
}

/// Returns the organisation's text on which an entry of a reply rests, if the reply may be of then.
fn cited<'a>(claims: &Claims<'a>, incident: &Incident<'a>, fact: &Fact) -> Option<&'a Statement> {
    let texts = claims.cited(fact).iter().filter_map(|cited| cited.statement);
    let mut official = texts.filter(|text| incident.is_official(text));
    let of_then = |text: &Statement| {
        let at = fact.occurred().map_or(Interval::EVER, When::interval);
        at.overlaps(&text.published.interval())
    };
    official.next().filter(|text| of_then(text))
}

fn replied(case: &Case<'_>, question: &Question<'_, '_>) -> Vec<Finding> {
    let duties = duties(case.packs, REPLY.code, question.start.interval, case.as_of.unix());
    let hold = |asked: &Requirement| hold(case, question, asked);
    let subject = &question.asked.id;
    duties.iter().map(|duty| duty.finding(&REPLY, subject, hold)).collect()
}

fn hold(case: &Case<'_>, question: &Question<'_, '_>, asked: &Requirement) -> Held {
    let start = question.start.interval;
    let when = question.when.as_ref().map_or("at no time".to_owned(), ToString::to_string);
    let place = question.asked.item.map_or(String::new(), |item| format!(", comment {item}"));
    let begun = format!("asked {when}{place}");
    let fact = |relation| evidence(question.fact, relation);
    let Some(bounds) = asked.limit.as_ref().and_then(|limit| Bounds::of(limit, start)) else {
        let why = "the policy names no length of time".to_owned();
        return Held::new(Verdict::Undetermined, begun, Some(why));
    };
    if question.was_withdrawn_before(bounds.kept) {
        let withdrawn = question.withdrawn.expect("it was withdrawn");
        let remark = Some("withdrawn by the asker before it was due".to_owned());
        let held = Held::new(Verdict::Changed, begun, remark);
        return held.resting_on([evidence(withdrawn, Relation::Changes), fact(Relation::Beside)]);
    }
    let (reading, reply) = read(case, question, bounds);
    let after = reply.as_ref().and_then(|(_, at)| between(question.when.as_ref()?, at));
    let after = after.map_or(String::new(), |after| format!(", after {after}"));
    let reply_at = reply.as_ref().map(|(_, at)| at);
    let replied = match &reply {
        Some((name, at)) => format!("replied {at} ({name}){after}"),
        None => "no reply".to_owned(),
    };
    let remark = Some(reading.remark.clone());
    let mut held = Held::new(reading.verdict(), format!("{begun}; {replied}"), remark);
    held.times = Times::of_due(bounds.due(start).as_ref(), reply_at);
    held.compared = String::from(TEXTS);
    let timeline = case.claims.timeline();
    let seq = reading.text.map(|text| text.seq);
    let replies = question.replies.iter().filter(|reply| reply.text.map(|t| t.seq) == seq);
    let replies: Vec<_> = replies.map(|reply| evidence(reply.fact, Relation::Beside)).collect();
    held.resting_on(reading.evidence(timeline))
        .resting_on([fact(reading.relation)])
        .resting_on(replies)
}

/// What came of a question, and the reply: its name and time.
type Read<'a> = (Reading<'a>, Option<(String, When)>);

/// Reads the clock of a question by a reply whose text is not recorded: it counts by its entry's
/// own time.
fn read_alone<'a>(
    case: &Case<'_>,
    question: &Question<'_, 'a>,
    bounds: Bounds,
) -> Option<Read<'a>> {
    let alone = question.replies.iter().filter(|reply| reply.text.is_none());
    let kept = |reply: &Replied<'_>| {
        reply.official && reply.point.interval.end.saturating_sub(1) <= bounds.kept
    };
    let in_time = alone.filter(|reply| reply.point.interval.start <= bounds.lapse);
    let reply = in_time.max_by_key(|reply| kept(reply))?;
    let label = case.claims.timeline().label(reply.fact.seq);
    let (relation, remark) = if kept(reply) {
        (Relation::Agrees, "in time".to_owned())
    } else {
        let why = "whether that was the organisation's, and in time, is not recorded";
        (Relation::Unclear, format!("a reply is recorded ({label}); {why}"))
    };
    let at = reply.fact.occurred().cloned().map(|at| (label, at));
    Some((Reading { relation, remark, text: None }, at))
}

/// Reads the clock of a question.
fn read<'a>(case: &Case<'_>, question: &Question<'_, 'a>, bounds: Bounds) -> Read<'a> {
    let incident = question.incident;
    let start = question.start.interval;
    if let Some(read) = read_alone(case, question, bounds) {
        return read;
    }
    let stops = |text: &Statement| question.stopped_by(text);
    // A withdrawal of no recorded time may have come at once.
    let asked = start.start.max(0);
    let until = question.withdrawn_from().map_or(case.as_of.unix(), |at| at.max(asked));
    let until = Instant::from_unix(until).map_or(case.as_of, |until| until.min(case.as_of));
    let ended = run(incident, &question.start, bounds, until.unix(), stops);
    let nature = "whether it replies to this is not recorded";
    let mut reading = ended.read(bounds, start, until, nature);
    if matches!(ended, Ended::Open) && question.withdrawn.is_some() {
        reading.remark = String::from("it was, or may have been, withdrawn before it was late");
    }
    if incident.may_be_closed(start.start, bounds.lapse) {
        reading.close();
    }
    let official = question.replies.iter().filter(|reply| reply.official);
    let first = official
        .filter_map(|reply| reply.text)
        .min_by_key(|text| (text.published.interval().start, Place::of(text).item()));
    let text = reading.text.filter(|text| question.stopped_by(text) == Stops::Yes).or(first);
    let reply = text.map(|text| (text.name.clone(), text.published.clone()));
    (reading, reply)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{
        captured, comment, fact, findings, inquired, inquired_by, observer, official, only, opened,
        own, posted, remarked, replied, stated, verdict,
    };

    /// Records the question of comment 1, asked on 1 April 2026 at 10:00 UTC.
    fn asked(book: &mut Casebook) {
        posted(book, 0, "2026-03-30T09:00:00Z", "full_report");
        remarked(book, 1, "2026-04-01T10:00:00Z");
        inquired(book, 1, "2026-04-01T10:00:00Z");
    }

    #[test]
    fn a_reply_within_seven_days_tallies_if_only_to_acknowledge() {
        for reply in ["answer", "partial", "acknowledgement", "declined"] {
            let mut book = own();
            asked(&mut book);
            posted(&mut book, 2, "2026-04-08T10:00:00Z", "answer");
            replied(&mut book, 2, reply);
            assert_eq!(verdict(&book, "P103"), Verdict::Tallies, "{reply}");
        }
    }

    #[test]
    fn a_question_that_may_have_been_withdrawn_before_it_was_late_decides_nothing() {
        for (at, expected) in [
            ("2026-04-05T10:00Z", Verdict::Changed),
            ("2026-04-09T08:00Z", Verdict::Undetermined),
            ("2026-04-20T10:00Z", Verdict::Diverges),
        ] {
            let mut book = own();
            asked(&mut book);
            fact(&mut book, "inquiry.withdrawn", at, json!({ "id": "q" }));
            posted(&mut book, 2, "2026-05-09T10:00:00Z", "answer");
            replied(&mut book, 2, "answer");
            let finding = &findings(&book, "P103", Some("2026-06-01T00:00:00Z"))[0];
            assert_eq!(finding.verdict, expected, "{at}: {}", finding.message);
            assert!(!finding.message.contains("2026-06-01"), "{}", finding.message);
        }
        let mut book = own();
        asked(&mut book);
        let withdrawn = json!({ "kind": "inquiry.withdrawn", "incident": "x",
                                "body": { "id": "q" } });
        book.record(withdrawn);
        let finding = &findings(&book, "P103", Some("2026-06-01T00:00:00Z"))[0];
        assert_eq!(finding.verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_reply_is_the_text_that_its_entry_cites() {
        let mut book = own();
        asked(&mut book);
        posted(&mut book, 2, "2026-05-01T10:00:00Z", "answer");
        stated(&mut book, 2, "inquiry.answered", "2026-05-01T10:00Z", json!({ "id": "q" }));
        let finding = only(&book, "P103");
        assert!(finding.message.contains("(c2)"), "{}", finding.message);
    }

    #[test]
    fn a_reply_in_a_personal_capacity_in_time_decides_nothing() {
        let mut book = own();
        asked(&mut book);
        let speaker = json!({ "capacity": "personal", "organisation": "Example CA" });
        comment(&mut book, speaker, 2, "2026-04-04T10:00:00Z", json!({}));
        replied(&mut book, 2, "answer");
        let finding = &findings(&book, "P103", Some("2026-06-01T00:00:00Z"))[0];
        assert_eq!(finding.verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_reply_on_the_ninth_day_diverges_and_on_the_eighth_nothing_is_decided() {
        for (at, expected) in [
            ("2026-04-08T11:00:00Z", Verdict::Undetermined),
            ("2026-04-09T10:00:01Z", Verdict::Diverges),
        ] {
            let mut book = own();
            asked(&mut book);
            posted(&mut book, 2, at, "answer");
            replied(&mut book, 2, "answer");
            let finding = only(&book, "P103");
            assert_eq!(finding.verdict, expected, "{at}");
            assert_eq!(finding.subject.as_deref(), Some("q"));
        }
    }

    #[test]
    fn another_text_of_the_organisation_meanwhile_may_reply() {
        let mut book = own();
        asked(&mut book);
        posted(&mut book, 2, "2026-04-03T10:00:00Z", "comment");
        posted(&mut book, 3, "2026-04-20T10:00:00Z", "answer");
        replied(&mut book, 3, "answer");
        let finding = only(&book, "P103");
        assert_eq!(finding.verdict, Verdict::Undetermined);
        assert!(
            finding.message.contains("(c2) followed; whether it replies"),
            "{}",
            finding.message
        );
    }

    #[test]
    fn who_speaks_for_itself_or_for_another_does_not_reply_and_an_unknown_account_may() {
        let speaker = |capacity: &str, organisation: Option<&str>| {
            let mut speaker = json!({ "capacity": capacity });
            if let Some(organisation) = organisation {
                speaker["organisation"] = organisation.into();
            }
            speaker
        };
        for (speaker, expected) in [
            (speaker("personal", Some("Example CA")), Verdict::Diverges),
            (speaker("official", Some("Other CA")), Verdict::Diverges),
            (speaker("participant", None), Verdict::Undetermined),
        ] {
            let mut book = observer();
            opened(&mut book);
            asked(&mut book);
            comment(&mut book, speaker.clone(), 2, "2026-04-02T10:00:00Z", json!({}));
            posted(&mut book, 3, "2026-04-20T10:00:00Z", "answer");
            replied(&mut book, 3, "answer");
            assert_eq!(verdict(&book, "P103"), expected, "{speaker}");
        }
    }

    #[test]
    fn no_reply_is_judged_as_of_the_instant_asked_for_where_every_comment_is_recorded() {
        let book = |whole: bool| {
            let mut book = observer();
            opened(&mut book);
            asked(&mut book);
            if whole {
                captured(&mut book, "2026-05-01T00:00Z");
            }
            book
        };
        let at = |book: &Casebook, at: &str| findings(book, "P103", Some(at)).remove(0);
        assert_eq!(at(&book(true), "2026-04-05T00:00:00Z").verdict, Verdict::Undetermined);
        let late = at(&book(true), "2026-05-02T00:00:00Z");
        assert_eq!(late.verdict, Verdict::Diverges);
        assert!(late.message.contains("no reply; nothing is recorded as of"), "{}", late.message);
        assert_eq!(at(&book(false), "2026-05-02T00:00:00Z").verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_remark_that_is_recorded_as_no_inquiry_starts_no_clock() {
        let mut book = own();
        remarked(&mut book, 1, "2026-04-01T10:00:00Z");
        assert!(findings(&book, "P103", Some("2026-06-01T00:00:00Z")).is_empty());
        inquired_by(&mut book, official(), 1, "2026-04-01T10:00:00Z");
        assert!(findings(&book, "P103", None).is_empty(), "nobody asks itself");
    }

    #[test]
    fn a_question_taken_back_in_time_changed_and_a_closed_incident_decides_nothing() {
        let mut book = own();
        asked(&mut book);
        let why = json!({ "id": "q", "why": "found it" });
        fact(&mut book, "inquiry.withdrawn", "2026-04-02T10:00Z", why);
        assert_eq!(verdict(&book, "P103"), Verdict::Changed);
        let mut book = own();
        asked(&mut book);
        fact(&mut book, "incident.closed", "2026-04-03", json!({}));
        let found = findings(&book, "P103", Some("2026-06-01T00:00:00Z"));
        assert_eq!(found[0].verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_week_was_recommended_before_it_was_required() {
        let mut book = own();
        let asker = json!({ "capacity": "participant" });
        let body = json!({ "id": "q", "form": "question", "text": "why?", "asker": asker });
        fact(&mut book, "inquiry.asked", "2024-05-01T10:00Z", body);
        let found = findings(&book, "P103", Some("2024-06-01T00:00:00Z"));
        assert_eq!(found[0].verdict, Verdict::ForTheReader);
    }
}
