//! Lists of certificates beside the drafts.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tally_intake::certificates::{self, Certificates, LIST_BYTES_MAX, Told};
use tally_ledger::time::When;

use crate::failure::Failure;
use crate::source;
use crate::tracker::several;

/// The file of a list.
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Reads a list of certificates: its file, and what it says.
pub(super) fn read(path: &Path) -> Result<(Listed, Certificates), Failure> {
    let text = source::read_text(path, LIST_BYTES_MAX as u64)?;
    let list = certificates::read(&text);
    if list.rows.iter().all(|row| row.identity.is_none()) {
        let what = format!("{} names no certificate", path.display());
        return Err(Failure::new(what).hint(
            "name a list as CSV, with a column such as \"Certificate SHA-256 hash\", \"Serial #\" \
             or \"crt.sh\"",
        ));
    }
    Ok((Listed { path: path.to_owned(), text }, list))
}

/// Returns what a list holds, in words.
pub(super) fn holds(list: &Certificates) -> String {
    let counts = certificates::count([list]);
    let mut told = format!("a list: {}", several(counts.certificates, "certificate"));
    if counts.rows != counts.certificates {
        told = format!("{told} in {}", several(counts.rows, "row"));
    }
    for (what, times) in [("revoked", list.revoked_between()), ("expiring", list.expire_between())]
    {
        if let Some([from, to]) = times {
            told = format!("{told}, {what} {}", between(&from.value, &to.value));
        }
    }
    told
}

/// Returns a range of times in words, or the one time that it is.
fn between(from: &When, to: &When) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}

/// Returns what a list holds as JSON members.
pub(super) fn value(list: &Certificates) -> Value {
    let counts = certificates::count([list]);
    let times = |ends: Option<[&Told<When>; 2]>| json!(ends.map(|ends| ends.map(|t| &t.value)));
    json!({
        "rows": counts.rows,
        "certificates": counts.certificates,
        "serials": counts.serials,
        "unidentified": counts.unidentified,
        "revoked": times(list.revoked_between()),
        "expire": times(list.expire_between()),
    })
}
