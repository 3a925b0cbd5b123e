//! A verification: one line per check, the verdict in one sentence, and what it does not show.

use serde::Serialize;
use tally_ledger::bundle::Form;
use tally_ledger::governance::Standing;
use tally_ledger::time::Instant;
use tally_ledger::verify::{Check, NoticeKind, Outcome, Verdict, Verification};

use crate::text::{Colour, Style, escaped, wrapped};

/// The schema number of the JSON.
pub const SCHEMA: u32 = 1;

/// The columns of the name of a check.
const NAME: usize = 13;

/// Returns the sentence that every output of an observer's ledger carries, or `None` for a ledger
/// whose owner records itself.
pub fn disclaimer(verification: &Verification) -> Option<String> {
    let owner = verification.owner.as_ref()?;
    (verification.standing == Some(Standing::Observer)).then(|| {
        format!(
            "A reconstruction from public sources, kept by {}. It was not made by or for any \
             organisation that it names.",
            escaped(&owner.name)
        )
    })
}

/// Returns the verification as text, ending in a newline.
pub fn text(verification: &Verification, source: &str, style: Style) -> String {
    let mut lines = head(verification, source, style);
    lines.extend(verification.checks().iter().map(|check| check_line(check, style)));
    lines.push(String::new());
    for notice in notices(verification) {
        lines.push(wrapped("  note: ", &notice, style.width));
    }
    let verdict = sentence(verification);
    let (word, rest) = verdict.split_once(':').unwrap_or((&verdict, ""));
    let colour = match verification.verdict() {
        Verdict::Whole => Colour::Green,
        Verdict::ConsistentWithItself => Colour::Yellow,
        Verdict::NotWhole | Verdict::Failed => Colour::Red,
    };
    let line = wrapped("", &format!("{word}:{rest}"), style.width);
    lines.push(line.replacen(word, &style.paint(word, colour), 1));
    lines.push(wrapped("", &not_shown(verification), style.width));
    lines.join("\n") + "\n"
}

/// Returns the line of a check.
pub(crate) fn check_line(check: &Check, style: Style) -> String {
    let (word, colour) = match check.outcome {
        Outcome::Pass => ("pass", Colour::Green),
        Outcome::Fail => ("FAIL", Colour::Red),
        Outcome::NotChecked => ("not checked", Colour::Yellow),
    };
    let first = format!("  {word:<12} {:<NAME$} ", check.name);
    let line = wrapped(&first, &escaped(&check.detail), style.width);
    line.replacen(word, &style.paint(word, colour), 1)
}

fn head(verification: &Verification, source: &str, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let mut row = |name: &str, value: &str| {
        lines.push(wrapped(&format!("{name:<9} "), &escaped(value), style.width));
    };
    row("Source", source);
    if let Some(origin) = &verification.origin {
        row("Ledger", origin.as_str());
    }
    if let Some(id) = &verification.ledger_id {
        row("Id", &id.to_string());
    }
    if let Some(owner) = &verification.owner {
        let standing = verification.standing.map_or("", Standing::as_str);
        row("Kept by", &format!("{} (standing: {standing})", owner.name));
    }
    if let Some(Form::Extract { feeds, entries }) = &verification.form {
        let feeds: Vec<&str> = feeds.iter().map(tally_ledger::name::FeedId::as_str).collect();
        row("Extract", &format!("{entries} entries of {}", feeds.join(", ")));
    }
    if let Some(disclaimer) = disclaimer(verification) {
        lines.push(wrapped("", &disclaimer, style.width));
    }
    lines.push(String::new());
    lines
}

/// Returns the notices, in words.
pub fn notices(verification: &Verification) -> Vec<String> {
    let word = |notice: &tally_ledger::verify::Notice| match &notice.kind {
        NoticeKind::ClockBackwards { before, now } => format!(
            "entry {} is recorded at {now}, before the entry ahead of it ({before}): the author's \
             clock ran backwards",
            notice.seq
        ),
        NoticeKind::AppearedLate { recorded, witnessed } => format!(
            "entry {} is recorded at {recorded}, and a checkpoint witnessed at {} does not hold it \
             yet",
            notice.seq,
            instant(*witnessed).unwrap_or_default()
        ),
        NoticeKind::Marked { kid, from } => format!(
            "entry {} revokes the key {kid} as compromised: its entries from {from} on are marked, \
             and count in full",
            notice.seq
        ),
        NoticeKind::SuccessorWithoutNext => format!(
            "entry {} puts a successor in charge that names no successor of its own",
            notice.seq
        ),
    };
    // The same number of each sort, so that many of one never crowd out another.
    let of_sort = |sort| {
        verification.notices.iter().filter(move |notice| notice.kind.sort() == sort).take(20)
    };
    let mut notices: Vec<String> = (0..NoticeKind::SORTS).flat_map(of_sort).map(word).collect();
    let more = verification.notices_total.saturating_sub(notices.len() as u64);
    if more > 0 {
        notices.push(format!("{more} further notices of this sort"));
    }
    for hash in verification.evidence.unnamed.iter().take(20) {
        notices.push(format!("nothing in the ledger names the evidence file {hash}"));
    }
    notices
}

/// Returns the verdict in one sentence, its word first.
pub fn sentence(verification: &Verification) -> String {
    let n = verification.entries;
    match verification.verdict() {
        Verdict::Whole => {
            let history = if verification.quorum_met {
                "one history: shown by the quorum of witnesses"
            } else {
                "one history: not shown, as no quorum of witnesses was asked for"
            };
            let extract = matches!(verification.form, Some(Form::Extract { .. }));
            let whole = if extract { "Holds" } else { "Whole" };
            format!("{whole}: {} under the given pins; {history}.", all_hold(n))
        }
        Verdict::ConsistentWithItself => format!(
            "Consistent with itself: {}, but nothing says that this is the right ledger.",
            all_hold(n)
        ),
        Verdict::NotWhole => {
            let withheld = match verification.withheld.len() {
                1 => "1 entry is".to_owned(),
                withheld => format!("{withheld} entries are"),
            };
            let hold = if n == 1 { "holds" } else { "hold" };
            format!("Not whole: {withheld} withheld; the other {n} {hold}.")
        }
        Verdict::Failed => {
            let fault = verification.fault.as_ref();
            let fault = fault.map_or(String::new(), |fault| escaped(&fault.to_string()));
            let before = match n {
                0 => "No entry precedes it.".to_owned(),
                1 => "The entry before it holds and still counts.".to_owned(),
                n => format!("The {n} entries before it hold and still count."),
            };
            format!("Failed: {fault}. {before}")
        }
    }
}

/// Says that every entry of so many holds.
fn all_hold(entries: u64) -> String {
    match entries {
        1 => "its 1 entry holds".to_owned(),
        entries => format!("all {entries} entries hold"),
    }
}

/// Returns what a verification never shows.
pub fn not_shown(verification: &Verification) -> String {
    let extract = matches!(verification.form, Some(Form::Extract { .. }));
    let scope = if extract {
        " An extract shows what was filed under these incidents, not all that concerned them."
    } else {
        ""
    };
    format!(
        "Not shown: that what the entries state is true, that everything was recorded, or that the \
         author's clock is right.{scope}"
    )
}

#[derive(Serialize)]
struct Json {
    schema: u32,
    source: String,
    verdict: &'static str,
    sentence: String,
    origin: Option<String>,
    ledger_id: Option<String>,
    standing: Option<&'static str>,
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disclaimer: Option<String>,
    entries: u64,
    expected: u64,
    withheld: Vec<u64>,
    fault: Option<JsonFault>,
    checks: Vec<JsonCheck>,
    checkpoints: Vec<JsonCheckpoint>,
    notices: Vec<String>,
    not_shown: String,
}

#[derive(Serialize)]
struct JsonFault {
    code: &'static str,
    seq: Option<u64>,
    offset: Option<usize>,
    expected: String,
    found: String,
}

/// A check, as JSON has it.
#[derive(Serialize)]
pub(crate) struct JsonCheck {
    name: &'static str,
    outcome: &'static str,
    detail: String,
}

impl From<Check> for JsonCheck {
    fn from(check: Check) -> Self {
        let outcome = match check.outcome {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::NotChecked => "not checked",
        };
        Self { name: check.name, outcome, detail: check.detail }
    }
}

#[derive(Serialize)]
struct JsonCheckpoint {
    size: u64,
    root: String,
    sound: bool,
    witnessed: Option<String>,
}

/// Returns the verification as JSON: an object with the schema number 1, ending in a newline.
pub fn json(verification: &Verification, source: &str) -> String {
    let text = serde_json::to_string_pretty(&value(verification, source));
    text.expect("these structures have text keys") + "\n"
}

/// Returns the verification as a JSON value, for another report to hold.
pub fn value(verification: &Verification, source: &str) -> serde_json::Value {
    let v = verification;
    let fault = v.fault.as_ref().map(|fault| JsonFault {
        code: fault.code.name(),
        seq: fault.seq,
        offset: fault.offset,
        expected: fault.expected.clone(),
        found: fault.found.clone(),
    });
    let checks = v.checks().into_iter().map(JsonCheck::from);
    let checkpoints = v.checkpoints.iter().map(|checkpoint| JsonCheckpoint {
        size: checkpoint.size,
        root: checkpoint.root.to_string(),
        sound: checkpoint.sound,
        witnessed: checkpoint.witnessed.and_then(instant),
    });
    let json = Json {
        schema: SCHEMA,
        source: source.to_owned(),
        verdict: v.verdict().name(),
        sentence: sentence(v),
        origin: v.origin.as_ref().map(ToString::to_string),
        ledger_id: v.ledger_id.map(|id| id.to_string()),
        standing: v.standing.map(Standing::as_str),
        owner: v.owner.as_ref().map(|owner| owner.name.clone()),
        disclaimer: disclaimer(v),
        entries: v.entries,
        expected: v.expected,
        withheld: v.withheld.clone(),
        fault,
        checks: checks.collect(),
        checkpoints: checkpoints.collect(),
        notices: notices(v),
        not_shown: not_shown(v),
    };
    serde_json::to_value(json).expect("these structures have text keys")
}

fn instant(seconds: u64) -> Option<String> {
    Instant::from_unix(i64::try_from(seconds).ok()?).ok().map(|instant| instant.to_string())
}
