//! A Bugzilla as the command line names it: a bug, an address, a file or a capture directory; and
//! the answers that come of it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tally_intake::account::Accounts;
use tally_intake::bugzilla::{self, ANSWER_BYTES_MAX, Answer, Attachment, Bug, ReadError};
use tally_intake::reconstruction::{BUGZILLA, Incident, Reconstruction};
use tally_mirror::client::{Client, FetchError, Limits, Wait};
use tally_report::text::{escaped, wrapped};

use crate::capture::{self, Capture, Captured};
use crate::context::Context;
use crate::failure::Failure;
use crate::source;

/// The largest file of accounts that is read, in bytes.
const ACCOUNTS_MAX: u64 = 1024 * 1024;
/// The longest address of a tracker, in bytes.
const ADDRESS_MAX: usize = 1000;
/// The parts of a bug: what follows its address in the REST interface, and the name of its file.
const PARTS: [(&str, &str); 4] = [
    ("", "bug"),
    ("/comment", "comment"),
    ("/history", "history"),
    ("/attachment?exclude_fields=data", "attachment"),
];

/// The options that say which tracker is meant and who speaks for whom.
#[derive(Debug, Clone, Args)]
pub struct TrackerArgs {
    /// The address of the Bugzilla that bare bug numbers belong to
    #[arg(
        long,
        value_name = "URL",
        env = "TALLY_BUGZILLA_URL",
        hide_env_values = true,
        default_value = BUGZILLA
    )]
    pub base_url: String,

    /// Take more accounts from this TOML file; it says who speaks for which organisation
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
}

/// Returns who speaks for whom: as shipped, and as the file of the user adds to it.
///
/// # Errors
///
/// Fails if the file cannot be read or does not fit.
pub fn accounts(added: Option<&Path>) -> Result<Accounts, Failure> {
    let shipped = Accounts::shipped();
    let Some(path) = added else {
        return Ok(shipped);
    };
    let text = source::read_text(path, ACCOUNTS_MAX)?;
    shipped.extended(&text, &path.display().to_string()).map_err(|e| {
        Failure::new(e.to_string()).hint(
            "an organisation looks like: [[organisation]] name = \"Example CA\" \
             speaks = [{ domain = \"ca.example\" }]",
        )
    })
}

/// What an argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A bug of a tracker.
    Bug {
        /// The tracker's address, without a slash at its end.
        tracker: String,
        /// The number of the bug.
        number: u64,
    },
    /// A file with an answer.
    File(PathBuf),
    /// A capture directory.
    Directory(PathBuf),
}

impl Named {
    /// Finds out what `text` names; bare numbers are bugs of the tracker at `base_url`.
    ///
    /// # Errors
    ///
    /// Fails if it is an address of no bug, or if there is no such file.
    pub fn of(text: &str, base_url: &str) -> Result<Self, Failure> {
        if let Some(number) = number(text) {
            return Ok(Self::Bug { tracker: tracker(base_url)?, number });
        }
        if text.contains("://") {
            return address(text);
        }
        let path = PathBuf::from(text);
        if path.is_dir() {
            if Capture::is_at(&path) {
                return Ok(Self::Directory(path));
            }
            return Err(Failure::new(format!("{text} is not a capture directory"))
                .hint("make one with: tally capture bugzilla BUG -o DIR"));
        }
        std::fs::metadata(&path).map_err(|e| Failure::io("read", &path, &e))?;
        Ok(Self::File(path))
    }
}

/// Returns the number of a bug, which has at most nine digits.
fn number(text: &str) -> Option<u64> {
    let digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

/// Returns the address of a tracker, without a slash at its end.
fn tracker(base_url: &str) -> Result<String, Failure> {
    let base = base_url.trim_end_matches('/');
    let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    let plain = |rest: &str| {
        !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || "?#@".contains(c))
    };
    if base.len() <= ADDRESS_MAX && host.is_some_and(plain) {
        return Ok(base.to_owned());
    }
    Err(Failure::new(format!("{base_url:.200} is not the address of a tracker"))
        .hint(format!("name one such as {BUGZILLA} with --base-url")))
}

/// Returns the bug that an address shows: `…/show_bug.cgi?id=7`, `…/rest/bug/7` or `…/7`.
fn address(text: &str) -> Result<Named, Failure> {
    let plain = text.split('#').next().unwrap_or_default();
    let parted = plain
        .split_once("/show_bug.cgi?id=")
        .or_else(|| plain.split_once("/rest/bug/"))
        .or_else(|| plain.rsplit_once('/'));
    let bug = parted.and_then(|(base, rest)| {
        let digits = rest.split(['&', '/', '?']).next().unwrap_or_default();
        Some((tracker(base).ok()?, number(digits)?))
    });
    let (tracker, number) = bug.ok_or_else(|| {
        Failure::new(format!("{text:.200} is not the address of a bug"))
            .hint(format!("an address looks like {BUGZILLA}/show_bug.cgi?id=1234567"))
    })?;
    Ok(Named::Bug { tracker, number })
}

/// The largest list of certificates that is fetched, in bytes; an answer holds a third more.
const LIST_BYTES_MAX: u64 = ANSWER_BYTES_MAX as u64 / 2;
/// The most lists of certificates that are fetched of one bug.
const LISTS_MAX: usize = 50;

/// Fetches the four answers about a bug, checks that they are about it, and fetches the lists of
/// certificates that are attached to it.
///
/// # Errors
///
/// Fails if one of them cannot be fetched, or is not what it should be.
pub fn fetch(tracker: &str, number: u64, context: &Context) -> Result<Vec<Captured>, Failure> {
    let limits = Limits { body_bytes_max: bugzilla::ANSWER_BYTES_MAX, ..Limits::default() };
    let client = Client::new(limits).map_err(|e| refused(&e))?;
    let waiting = |wait: Wait| {
        context.out.talk(&format!(
            "the tracker is busy ({}); waiting {} seconds",
            wait.status,
            wait.length.as_secs()
        ));
    };
    let mut answers = Vec::new();
    let get = |rest: String, part: &str| {
        let url = format!("{tracker}/rest/bug/{rest}");
        let answer = client.get(&url, waiting).map_err(|e| refused(&e))?;
        let name = format!("{number}-{part}.json");
        let fetched = Some(context.clock.now()?);
        Ok::<_, Failure>(Captured { name, bytes: answer.body, url: Some(url), fetched })
    };
    for (rest, part) in PARTS {
        answers.push(get(format!("{number}{rest}"), part)?);
    }
    let found = bugs(&answers)?;
    if let Some(other) = found.iter().find(|bug| bug.number != number) {
        return Err(Failure::new(format!(
            "{tracker}: asked for bug {number}, the answer is about bug {}",
            other.number
        ))
        .hint("check the address of the tracker: --base-url"));
    }
    for id in lists(&found) {
        answers.push(get(format!("attachment/{id}"), &format!("attachment-{id}"))?);
    }
    Ok(answers)
}

/// Returns the attachments whose content is fetched. The others are said to be missing.
fn lists(bugs: &[Bug]) -> Vec<u64> {
    let attachments = bugs.iter().flat_map(|bug| &bug.attachments);
    let is_wanted = |item: &&Attachment| {
        item.is_list() && !item.is_obsolete && item.size.is_none_or(|size| size <= LIST_BYTES_MAX)
    };
    attachments.filter(is_wanted).map(|item| item.id).take(LISTS_MAX).collect()
}

fn refused(error: &FetchError) -> Failure {
    let hint = match error {
        FetchError::Status { url, body, .. } => {
            let answer = Answer { name: url, bytes: body, fetched: None };
            // The tracker's own words say more than the status.
            if let Err(said @ ReadError::Refused { .. }) = bugzilla::read(&[answer]) {
                return unread(&said);
            }
            "check the address of the tracker (--base-url), or try again later"
        }
        FetchError::Busy { .. } => "try again later; the tracker limits how often it is asked",
        FetchError::Address { .. } | FetchError::TooLarge { .. } => {
            "check the address of the tracker: --base-url"
        }
        FetchError::Connect { .. } => {
            "check the connection and the address of the tracker: --base-url"
        }
        FetchError::Redirected { .. } => "name the tracker where it is now: --base-url URL",
        FetchError::TimedOut { .. } | FetchError::BrokeOff { .. } => "try again later",
        FetchError::Setup { .. } => "check the certificates of this machine",
    };
    Failure::new(error.to_string()).hint(hint)
}

fn unread(error: &ReadError) -> Failure {
    let hint = match error {
        ReadError::Refused { code, .. } => match code.as_str() {
            "100" | "101" => "check the number of the bug",
            "102" => "the tracker shows this bug to some accounts only",
            "410" => "the tracker wants a login; capture what it shows to everybody",
            _ => "see what the tracker shows at that address",
        },
        ReadError::NotJson { .. } => {
            "name answers of Bugzilla's REST interface, or its address with --base-url"
        }
        ReadError::TooLarge { .. } | ReadError::TooMany { .. } => "name fewer or smaller files",
        ReadError::Member { .. } => {
            "name answers of Bugzilla's REST interface; capture the bug again if they are"
        }
    };
    Failure::new(error.to_string()).hint(hint)
}

/// Reads the answer in a file.
///
/// # Errors
///
/// Fails if it cannot be read.
pub fn read_file(path: &Path) -> Result<Captured, Failure> {
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Captured { name, bytes: capture::read_answer(path)?, url: None, fetched: None })
}

/// Returns the bugs that answers hold.
///
/// # Errors
///
/// Fails if one of them is no answer, or two contradict each other.
pub fn bugs(answers: &[Captured]) -> Result<Vec<Bug>, Failure> {
    let answers: Vec<Answer<'_>> = answers
        .iter()
        .map(|captured| Answer {
            name: captured.url.as_deref().unwrap_or(&captured.name),
            bytes: &captured.bytes,
            fetched: captured.fetched,
        })
        .collect();
    bugzilla::read(&answers).map_err(|e| unread(&e))
}

/// Returns the tracker that answers come from; files without an address come from `base_url`.
///
/// # Errors
///
/// Fails if they come from several.
pub fn tracker_of(answers: &[Captured], base_url: &str) -> Result<String, Failure> {
    let own = tracker(base_url)?;
    let trackers = answers.iter().map(|captured| match &captured.url {
        Some(url) => url.split_once("/rest/bug/").map_or(url.as_str(), |(base, _)| base),
        None => &own,
    });
    let mut trackers: Vec<&str> = trackers.collect();
    trackers.sort_unstable();
    trackers.dedup();
    match trackers.as_slice() {
        [] => Ok(own),
        [tracker] => Ok((*tracker).to_owned()),
        [one, other, ..] => {
            Err(Failure::new(format!("the answers come from two trackers: {one} and {other}"))
                .hint("read the bugs of one tracker at a time; for files name it with --base-url"))
        }
    }
}

/// Prints what there is of each bug, whom nobody knows, and what is missing.
///
/// # Errors
///
/// Fails as standard output does.
pub fn show(whole: &Reconstruction, context: &mut Context) -> Result<(), Failure> {
    let width = context.out.width;
    for incident in &whole.incidents {
        let first = format!("bug {}  ", incident.bug);
        context.out.result(&wrapped(&first, &escaped(&counted(incident)), width))?;
        for missing in &incident.missing {
            context.out.result(&wrapped("  missing: ", &missing.to_string(), width))?;
        }
        if !incident.about_known {
            let text = format!(
                "{} is not among the organisations of the accounts: nobody speaks for it",
                incident.about
            );
            context.out.result(&wrapped("  unknown: ", &escaped(&text), width))?;
        }
        if incident.groups > 0 {
            context.out.talk(&format!(
                "note: the tracker shows bug {} to {} only; do not publish what is made of it",
                incident.bug,
                several(incident.groups, "group")
            ));
        }
    }
    if !whole.unknown.is_empty() {
        let text =
            "unknown accounts, which speak for no organisation; name theirs with --accounts FILE:";
        context.out.result(&wrapped("", text, width))?;
    }
    for (account, count) in &whole.unknown {
        let line = format!("  {}  {}", escaped(account), several(*count, "comment"));
        context.out.result(&line)?;
    }
    for (account, names) in &whole.shared {
        let text = format!("{account} may speak for {names}; list the account with --accounts");
        context.out.result(&wrapped("shared: ", &escaped(&text), width))?;
    }
    for left_out in &whole.left_out {
        context.out.result(&wrapped("left out: ", &escaped(&left_out.to_string()), width))?;
    }
    Ok(())
}

/// Returns what there is of a bug, in a line.
fn counted(incident: &Incident) -> String {
    let mut text = format!(
        "{}: {}, {} of them official, {}",
        incident.about,
        several(incident.comments, "comment"),
        incident.official,
        several(incident.edits, "edit")
    );
    if incident.claims > 0 {
        text = format!("{text}, {}", several(incident.claims, "claim"));
    }
    if incident.lists > 0 {
        text = format!("{text}, {}", several(incident.lists, "list"));
    }
    if incident.private > 0 {
        text = format!("{text}, {} left out as private", several(incident.private, "item"));
    }
    text
}

/// Returns a number of things.
pub fn several(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Returns the same as JSON members.
pub fn value(whole: &Reconstruction) -> serde_json::Value {
    let incident = |incident: &Incident| {
        let missing: Vec<String> = incident.missing.iter().map(ToString::to_string).collect();
        json!({
            "bug": incident.bug,
            "about": incident.about,
            "about_known": incident.about_known,
            "comments": incident.comments,
            "official": incident.official,
            "edits": incident.edits,
            "claims": incident.claims,
            "lists": incident.lists,
            "private_left_out": incident.private,
            "groups": incident.groups,
            "missing": missing,
        })
    };
    let left_out: Vec<String> = whole.left_out.iter().map(ToString::to_string).collect();
    json!({
        "bugs": whole.incidents.iter().map(incident).collect::<Vec<_>>(),
        "unknown_accounts": whole.unknown,
        "shared_accounts": whole.shared,
        "left_out": left_out,
    })
}
