//! Proofs in small files, told from ledgers and from each other by how they begin.

use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use tally_ledger::consistency::CONSISTENCY_MAX;
use tally_ledger::equivocation::{EQUIVOCATION_MAX, Equivocation, HEADER};
use tally_ledger::proof::{self, FIRST_LINE, INCLUSION_MAX, Proven, Verdict};
use tally_ledger::receipt::{self, STATEMENT_MAX};
use tally_ledger::verify::Pins;
use tally_report::equivocation::{self as two_histories, Found, Pinned};
use tally_report::proof as report;

use super::VerifyArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source::{self, Found as Known};

/// A sort of proof, and how a file of it is checked.
struct Sort {
    /// What every file of the sort begins with.
    begins: &'static [u8],
    /// The most bytes of a file of the sort.
    most: usize,
    check: fn(&ProofFile, &VerifyArgs, &mut Context) -> Result<Status, Failure>,
}

/// Every sort that there is. None of these beginnings is that of a bundle or an extract.
const SORTS: [Sort; 4] = [
    Sort { begins: FIRST_LINE.as_bytes(), most: INCLUSION_MAX, check: inclusion },
    Sort { begins: b"old ", most: CONSISTENCY_MAX, check: consistency },
    Sort { begins: &receipt::BEGINNING, most: STATEMENT_MAX, check: receipt },
    Sort { begins: HEADER.as_bytes(), most: EQUIVOCATION_MAX, check: equivocation },
];

/// A proof as it was read.
pub(super) struct ProofFile {
    /// The name of the file, as it was given.
    name: String,
    /// Its bytes; at most one more than its sort has.
    bytes: Vec<u8>,
    sort: &'static Sort,
}

impl ProofFile {
    /// Reads the file if it is a proof; `None` if it is something else. It is read once, so it may
    /// come out of a pipe that the shell hands over.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let piped = source::is_handed_over(path);
        let readable = |of: std::fs::FileType| of.is_file() || of.is_fifo() && piped;
        if !std::fs::metadata(path).is_ok_and(|found| readable(found.file_type())) {
            return Ok(None);
        }
        let failed = |e: std::io::Error| Failure::io("read", path, &e);
        let longest = SORTS.iter().map(|sort| sort.begins.len()).max().unwrap_or_default();
        let (mut file, mut bytes) = (source::open(path)?, Vec::new());
        file.by_ref().take(longest as u64).read_to_end(&mut bytes).map_err(failed)?;
        let Some(sort) = SORTS.iter().find(|sort| bytes.starts_with(sort.begins)) else {
            return Ok(None);
        };
        // One byte too many is enough for the sort to refuse it.
        let left = (sort.most + 1).saturating_sub(bytes.len());
        file.take(left as u64).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Some(Self { name: path.display().to_string(), bytes, sort }))
    }

    /// Checks the proof and prints what it comes to.
    ///
    /// # Errors
    ///
    /// Fails if a pin cannot be read.
    pub(super) fn verify(
        &self,
        args: &VerifyArgs,
        context: &mut Context,
    ) -> Result<Status, Failure> {
        (self.sort.check)(self, args, context)
    }
}

fn inclusion(
    file: &ProofFile,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Status, Failure> {
    checked(proof::verify_inclusion, file, args, context)
}

fn consistency(
    file: &ProofFile,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Status, Failure> {
    checked(proof::verify_consistency, file, args, context)
}

fn receipt(file: &ProofFile, args: &VerifyArgs, context: &mut Context) -> Result<Status, Failure> {
    checked(proof::verify_receipt, file, args, context)
}

fn equivocation(
    file: &ProofFile,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Status, Failure> {
    let text = str::from_utf8(&file.bytes);
    let text = text.map_err(|e| format!("byte {} is not UTF-8", e.valid_up_to()));
    let read = text.and_then(|text| text.parse::<Equivocation>().map_err(|e| e.to_string()));
    let origin = read.as_ref().ok().map(|stated| stated.smaller().origin());
    let pins = source::pins_of(origin, &args.pins, context)?.pins;
    let logs: Vec<_> = pins.logs().collect();
    let pinned = match &read {
        _ if logs.is_empty() => Pinned::Nothing,
        Ok(stated) if logs.contains(&stated.key()) => Pinned::Met,
        _ => Pinned::Other,
    };
    let checked = read.as_ref().map_or(Ok(()), Equivocation::check);
    let stated = read.as_ref().map_err(Clone::clone);
    let found = Found { stated, checked, pinned };
    let text = match args.format.format {
        Format::Text => two_histories::text(&found, &file.name, context.style()),
        Format::Json => two_histories::json(&found, &file.name),
    };
    context.out.result(&text)?;
    match found.verdict() {
        two_histories::Verdict::Proven => Ok(Status::Clean),
        two_histories::Verdict::NotProven => Ok(Status::Failed),
        two_histories::Verdict::ConsistentWithItself if args.pins.unpinned => Ok(Status::Clean),
        two_histories::Verdict::ConsistentWithItself => {
            let way = "by another way than this file";
            context.out.talk(&format!(
                "hint: give the key of the ledger that reached you {way}, \
                with --key or --policy, or accept this with --unpinned"
            ));
            Ok(Status::CouldNotRun)
        }
    }
}

/// Checks a proof under the pins for the ledger that it names, and shows what it comes to.
fn checked(
    check: fn(&[u8], &Pins) -> Proven,
    file: &ProofFile,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Status, Failure> {
    let claimed = check(&file.bytes, &Pins::default());
    let known = source::pins_of(claimed.origin.as_deref(), &args.pins, context)?;
    let proven = check(&file.bytes, &known.pins);
    let status = show(&proven, file, args, context)?;
    keep_contradictions(&proven, &known, context)?;
    Ok(status)
}

/// Keeps as evidence what a key of the ledger signed besides what was seen of it: a checkpoint that
/// stands in the proof, or one that came with it.
fn keep_contradictions(proven: &Proven, known: &Known, context: &Context) -> Result<(), Failure> {
    let given = known.pins.seen.iter().filter(|seen| Some(*seen) != proven.checkpoint.as_ref());
    let mut shown = proven.checkpoint.iter().chain(given);
    shown.try_for_each(|shown| known.keep_contradiction(shown, context))
}

fn show(
    proven: &Proven,
    file: &ProofFile,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Status, Failure> {
    let text = match args.format.format {
        Format::Text => report::text(proven, &file.name, context.style()),
        Format::Json => report::json(proven, &file.name),
    };
    context.out.result(&text)?;
    match proven.verdict() {
        Verdict::Holds => Ok(Status::Clean),
        Verdict::Failed => Ok(Status::Failed),
        Verdict::ConsistentWithItself if args.pins.unpinned => Ok(Status::Clean),
        Verdict::ConsistentWithItself => {
            // The id of a ledger would say nothing of the tree.
            context.out.talk(
                "hint: give a pin (--key, --policy or --seen) that reached you by another way \
                 than the proof, keep it with `tally trust add`, or accept this with --unpinned",
            );
            Ok(Status::CouldNotRun)
        }
        Verdict::NotChecked => {
            hint_at_what_decides(proven, context);
            Ok(Status::CouldNotRun)
        }
    }
}

/// Says what decides.
fn hint_at_what_decides(proven: &Proven, context: &Context) {
    let worth = "counts for no more than the way it reached you, unless the ledger's key is known \
                 too";
    if proven.unchecked().is_some_and(|check| check.name == "receipt") {
        context.out.talk(
            "hint: give the ledger's key, which reached you by another way than the receipt, with \
             --key or --policy, beside --seen",
        );
    } else if let (proof::Sort::ConsistencyReceipt, Some(old), Some(size)) =
        (proven.sort, proven.old, proven.size)
    {
        context.out.talk(&format!(
            "hint: give both checkpoints, that of size {old} and that of size {size}, each with \
             --seen FILE; each {worth}"
        ));
    } else {
        context.out.talk(&format!("hint: give that checkpoint with --seen FILE; it {worth}"));
    }
}
