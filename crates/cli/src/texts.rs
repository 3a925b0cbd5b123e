//! Statements in files of plain text or Markdown: what was said stands below a head of a few lines
//! that say who said it, where and when.
//!
//! The text is what follows the head, to the byte. What a head leaves out stays unknown: nothing is
//! taken from the name of the file or from its date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tally_intake::moment::{self, Setting};
use tally_intake::{claims, reconstruction};
use tally_ledger::claim::Claim;
use tally_ledger::hash::Hash;
use tally_ledger::name::FeedId;
use tally_ledger::payload::{Basis, Citation, Event};
use tally_ledger::time::{Instant, Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::incident::{Opened, Organisation};
use tally_ledger::vocabulary::statement::{Form, Published, Speaker};
use tally_ledger::vocabulary::words::{Capacity, Channel};

use crate::context::Context;
use crate::failure::Failure;
use crate::posting::Address;
use crate::source;

/// The largest text that is read as a statement, in bytes.
pub const TEXT_MAX: u64 = 4 << 20;
/// The most files of a folder that are read.
const FILES_MAX: usize = 1000;
/// The ends of the names of such files.
const EXTENSIONS: [&str; 2] = ["md", "txt"];
/// What a head may say.
const KEYS: [&str; 7] = ["organisation", "role", "capacity", "published", "url", "channel", "form"];
/// What a head looks like.
const HINT: &str = "put before the text, between two lines of ---: organisation: NAME; published: \
                    2026-04-01T12:00Z; url: https://…, each on a line of its own";

/// A text and what its head says of it.
struct Text {
    exact: String,
    speaker: Speaker,
    /// `None` if the head does not say it.
    published: Option<When>,
    address: Address,
    channel: Channel,
    form: Option<Form>,
}

/// Returns whether `path` is a file of text, or a folder of such files and no ledger.
pub fn is_at(path: &Path) -> bool {
    if path.is_dir() {
        return !path.join("format").exists() && files(path).is_ok_and(|files| !files.is_empty());
    }
    is_text(path)
}

fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|own| own.eq_ignore_ascii_case(found)))
}

/// Returns the files of text in a folder, in the order of their names.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: std::io::Error| Failure::io("read", dir, &e);
    let mut files = Vec::new();
    for item in std::fs::read_dir(dir).map_err(failed)? {
        let path = item.map_err(failed)?.path();
        if is_text(&path) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads the text in a file, or those in a folder, as the events that an observer would record,
/// with the exact texts.
///
/// # Errors
///
/// Fails if a file cannot be read, or if its head does not say who speaks and where.
pub fn read(path: &Path, context: &Context) -> Result<(Vec<Event>, Vec<String>), Failure> {
    let files = if path.is_dir() { files(path)? } else { vec![path.to_owned()] };
    if files.len() > FILES_MAX {
        let what = format!("{} holds {} texts, at most {FILES_MAX}", path.display(), files.len());
        return Err(Failure::new(what).hint("name a folder with fewer of them"));
    }
    let (mut events, mut texts): (Vec<Event>, Vec<String>) = (Vec::new(), Vec::new());
    for (index, file) in files.iter().enumerate() {
        let text = head(&source::read_text(file, TEXT_MAX)?, &file.display().to_string())?;
        let name = format!("text-{}", index + 1);
        let (claims, open) = text.claims()?;
        if text.published.is_none() {
            context.out.talk(&format!(
                "note: {} does not say when it was published; what depends on that is undetermined",
                file.display()
            ));
        }
        if open > 0 {
            context.out.talk(&format!(
                "note: {}: claims that depend on the exact time of publication, and are left out: \
                 {open}",
                file.display()
            ));
        }
        let [opened, statement] = text.events(&name, claims);
        // Several texts of one page stand in one incident.
        if !events.iter().any(|event| event.feeds == opened.feeds) {
            events.push(opened);
        }
        events.push(statement);
        texts.push(text.exact);
    }
    Ok((events, texts))
}

/// Reads a file: its head and the text below it.
fn head(file: &str, place: &str) -> Result<Text, Failure> {
    let mut rest = file.strip_prefix('\u{feff}').unwrap_or(file);
    let mut line = || {
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        (!line.is_empty()).then(|| line.trim_end())
    };
    if line() != Some("---") {
        let what = format!("{place} does not say who speaks, where and when");
        return Err(Failure::new(what).hint(HINT));
    }
    let mut said: Vec<(&str, &str)> = Vec::new();
    for number in 2_usize.. {
        let Some(line) = line() else {
            let what = format!("{place}: its head has no end: a second line of --- is missing");
            return Err(Failure::new(what).hint(HINT));
        };
        if line == "---" {
            break;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refuse = |why: &str| {
            Err(Failure::new(format!("{place}:{number}: {why}"))
                .hint(format!("a line of the head is one of: {}", KEYS.join(", "))))
        };
        let Some((key, value)) = line.split_once(':') else {
            return refuse("expected a name, a colon and a value");
        };
        let (key, value) = (key.trim(), value.trim().trim_matches(['"', '\'']));
        if !KEYS.contains(&key) {
            return refuse(&format!("{key:.40} is nothing that a head says"));
        }
        if said.iter().any(|(before, _)| *before == key) {
            return refuse(&format!("{key} stands twice"));
        }
        if !value.is_empty() {
            said.push((key, value));
        }
    }
    text(&said, rest, place)
}

/// Returns a text with what its head says.
fn text(said: &[(&str, &str)], exact: &str, place: &str) -> Result<Text, Failure> {
    let get = |key: &str| said.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let need = |key: &str| {
        get(key).ok_or_else(|| Failure::new(format!("{place} has no {key}")).hint(HINT))
    };
    let organisation = get("organisation").map(str::to_owned);
    let role = get("role").map(str::to_owned);
    if organisation.is_none() && role.is_none() {
        need("organisation")?;
    }
    let by_default = if organisation.is_some() { "official" } else { "participant" };
    let capacity: Capacity = word(get("capacity").unwrap_or(by_default), place)?;
    let url = need("url")?;
    let address = Address::of(url).ok_or_else(|| {
        Failure::new(format!("{place}: {url:.200} is no address"))
            .hint("name the page at which it was published: https://…")
    })?;
    let is_tracker = address.bug.is_some();
    let channel = get("channel").unwrap_or(if is_tracker { "bugzilla" } else { "web" });
    Ok(Text {
        exact: exact.to_owned(),
        speaker: Speaker { capacity, organisation, role, extra: BTreeMap::new() },
        published: get("published").map(|when| published(when, place)).transpose()?,
        address,
        channel: word(channel, place)?,
        form: get("form").map(|form| word(form, place)).transpose()?,
    })
}

/// Returns when a text was published, as the format or as people write it.
fn published(text: &str, place: &str) -> Result<When, Failure> {
    if let Ok(when) = text.parse() {
        return Ok(when);
    }
    let found = moment::first(text, &Setting::default()).and_then(Result::ok);
    let whole = found.filter(|found| found.span == [0, text.len()] && !found.about);
    whole.map(|found| found.when).ok_or_else(|| {
        Failure::new(format!("{place}: {text:.80} is not when a text was published"))
            .hint("write it as 2026-04-01T12:00Z, or as 2026-04-01 if the day is all you know")
    })
}

/// Returns a word of the vocabulary.
fn word<T: DeserializeOwned>(text: &str, place: &str) -> Result<T, Failure> {
    serde_json::from_value(text.into()).map_err(|e| {
        Failure::new(format!("{place}: {text:.40}: {e}"))
            .hint("see the words with: tally record --template statement.published")
    })
}

impl Text {
    /// Returns what the text claims, and how many claims it would make only if it was published
    /// early or late in the time that its head leaves open.
    fn claims(&self) -> Result<(Vec<Claim>, usize), Failure> {
        if self.speaker.capacity != Capacity::Official {
            return Ok((Vec::new(), 0));
        }
        let Interval { start, end } = self.published.as_ref().map_or(EVER, When::interval);
        let read = |at: i64| {
            let at = at.clamp(EVER.start, EVER.end - 1);
            let at = Instant::from_unix(at).map_err(|e| {
                Failure::new(e.to_string()).hint("correct when the text was published")
            })?;
            Ok::<_, Failure>(claims::read(&self.exact, at))
        };
        let (early, late) = (read(start)?, read(end.saturating_sub(1))?);
        let all = early.len().max(late.len());
        let sure: Vec<Claim> = early.into_iter().filter(|claim| late.contains(claim)).collect();
        let open = all - sure.len();
        Ok((sure, open))
    }

    /// Returns the events of the text: its incident, as its page names it, and the statement.
    fn events(&self, name: &str, claims: Vec<Claim>) -> [Event; 2] {
        let digest = Some(Hash::of(self.exact.as_bytes()));
        let (url, item) = (self.address.page.clone(), self.address.item);
        let feed: FeedId = match self.address.bug {
            Some(bug) => bug.to_string(),
            None => format!("page-{}", &Hash::of(url.as_bytes()).to_string()[..16]),
        }
        .parse()
        .expect("digits and small letters name a feed");
        let event = |body: &Body, occurred: Option<When>, item, digest| Event {
            feeds: vec![feed.clone()],
            kind: body.kind().parse().expect("it is a kind"),
            occurred,
            basis: Basis::Stated(vec![Citation::Web {
                url: url.clone(),
                item,
                digest,
                span: None,
            }]),
            on: None,
            evidence: Vec::new(),
            body: body.to_value(),
        };
        let extra = BTreeMap::new;
        let about = self.speaker.organisation.clone();
        let opened = Body::IncidentOpened(Opened {
            about: Organisation {
                name: about.unwrap_or_else(|| "unknown organisation".to_owned()),
                ca_owner: None,
                url: None,
                extra: extra(),
            },
            title: url.clone(),
            bugs: self.address.bug.into_iter().collect(),
            urls: if self.address.bug.is_some() { Vec::new() } else { vec![url.clone()] },
            policies: Vec::new(),
            extra: extra(),
        });
        let published = self.published.clone();
        let statement = Body::StatementPublished(Published {
            id: self
                .address
                .bug
                .zip(item)
                .map_or_else(|| name.to_owned(), |(bug, item)| format!("{bug}-c{item}")),
            channel: self.channel.clone(),
            url: url.clone(),
            speaker: self.speaker.clone(),
            published: published.clone().unwrap_or_else(unknown),
            item,
            form: self.form.clone().or_else(|| reconstruction::form(&self.exact)),
            digest,
            size: Some(self.exact.len() as u64),
            claims,
            corrects: Vec::new(),
            extra: extra(),
        });
        [event(&opened, None, None, None), event(&statement, published, item, digest)]
    }
}

/// The seconds of the years 0001 to 9999, which is all that the format can tell.
const EVER: Interval = Interval { start: -62_135_596_800, end: 253_402_300_800 };

/// Returns a time of which nothing is known: the format has no other word for it.
fn unknown() -> When {
    When::new("../9999", Some("Z"), None).expect("a range may have one end")
}
