//! Cosignatures: whom a checkpoint is put before, and what came of it.

use std::path::{Path, PathBuf};

use clap::Args;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_ledger::policy::Policy;
use tally_ledger::time::Instant;
use tally_ledger::tree::Tree;
use tally_mirror::cosign::{self, CosignError, Cosigner, Log};
use tally_store::Store;

use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir::{self, LOCK_WAIT, LedgerDir, waiting};
use crate::source;
use crate::trust::TrustStore;

/// The options that say whose cosignatures a checkpoint gets.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cosignatures")]
pub struct CosignArgs {
    /// A C2SP policy: each witness with an address is asked, and its quorum is to be met
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// A witness to ask besides: the address and the vkey; may be given several times
    #[arg(long, num_args = 2, value_names = ["URL", "VKEY|FILE"])]
    pub witness: Vec<String>,

    /// A mirror to take cosignatures of those keys from; may be given several times
    #[arg(long, value_name = "URL")]
    pub mirror: Vec<String>,
}

/// Whose cosignatures are wanted, and what they are wanted for.
#[derive(Debug)]
pub struct Wanted {
    policy: Option<Policy>,
    /// The witnesses that are asked.
    asked: Vec<(String, Vkey)>,
    mirrors: Vec<String>,
    /// Every key whose cosignature is taken.
    vkeys: Vec<Vkey>,
}

impl CosignArgs {
    /// Returns what is wanted; `None` if no option says so.
    ///
    /// # Errors
    ///
    /// Fails if a policy or key cannot be read, or if there is nobody to ask.
    pub fn wanted(&self) -> Result<Option<Wanted>, Failure> {
        if self.policy.is_none() && self.witness.is_empty() && self.mirror.is_empty() {
            return Ok(None);
        }
        let policy = self.policy.as_deref().map(source::policy).transpose()?;
        let policy = policy.map(|(policy, _)| policy);
        let (mut asked, mut vkeys) = (Vec::new(), Vec::new());
        for (name, vkey) in policy.iter().flat_map(Policy::witnesses) {
            let url = policy.as_ref().and_then(|policy| policy.url(name));
            asked.extend(url.map(|url| (url.to_owned(), vkey.clone())));
            vkeys.push(vkey.clone());
        }
        for pair in self.witness.chunks_exact(2) {
            let vkey = source::witness_vkey(&pair[1])?;
            if !asked.iter().any(|(_, known)| *known == vkey) {
                asked.push((pair[0].clone(), vkey.clone()));
            }
            vkeys.push(vkey);
        }
        if asked.is_empty() && self.mirror.is_empty() {
            return Err(Failure::new("the policy has no address of a witness").hint(
                "write it at the end of the line, witness NAME VKEY URL, or add --witness URL VKEY",
            ));
        }
        if vkeys.is_empty() {
            return Err(Failure::new("no key is known whose cosignatures could be taken")
                .hint("add --policy FILE, or --witness URL VKEY"));
        }
        Ok(Some(Wanted { policy, asked, mirrors: self.mirror.clone(), vkeys }))
    }
}

/// A checkpoint and what it takes to put it before witnesses.
#[derive(Debug)]
pub struct Signable {
    checkpoint: Checkpoint,
    earlier: Vec<Checkpoint>,
    tree: Tree,
    vkeys: Vec<Vkey>,
}

impl Signable {
    /// Returns it for a checkpoint of the verified ledger.
    ///
    /// # Errors
    ///
    /// Fails if the earlier checkpoints cannot be read.
    pub fn of(ledger: &LedgerDir, checkpoint: Checkpoint) -> Result<Self, Failure> {
        let mut tree = Tree::default();
        ledger.ledger().entries().iter().for_each(|entry| tree.push(entry.id()));
        let earlier = ledger_dir::checkpoints(ledger.reader())?;
        let vkeys = ledger.ledger().authority().checkpoint_vkeys().to_vec();
        Ok(Self { checkpoint, earlier, tree, vkeys })
    }
}

/// Collects cosignatures, stores the checkpoint in `dir` with what came, and prints it.
///
/// # Errors
///
/// Fails if the quorum is not met or somebody saw another history, after the checkpoint was stored;
/// and if it cannot be stored.
pub fn collect(
    wanted: &Wanted,
    signable: &Signable,
    dir: &Path,
    context: &mut Context,
) -> Result<Status, Failure> {
    let cosigners = missing(wanted, signable, context);
    let log =
        Log { checkpoint: &signable.checkpoint, tree: &signable.tree, vkeys: &signable.vkeys };
    let mut joined = signable.checkpoint.clone();
    let mut alarms = Vec::new();
    for (cosigner, came) in cosigners.iter().zip(cosign::collect(log, &cosigners)) {
        match came {
            Ok(came) => {
                let new = joined.join(&came, &wanted.vkeys);
                context.out.talk(&told(cosigner, &came, new));
            }
            Err(e) => {
                context.out.talk(&format!("not cosigned: {e}"));
                alarms.extend(e.alarms().then_some(e));
            }
        }
    }
    let (stored, here) = store(&joined, &wanted.vkeys, dir, context)?;
    context.out.result(&stored.to_string())?;
    // Others may have written here and put it before witnesses meanwhile.
    alarms.retain(|alarm| !matches!(alarm, CosignError::Ahead { size, .. } if *size <= here));
    // What can be proven comes first.
    alarms.sort_by_key(|alarm| !matches!(alarm, CosignError::OtherHistory { proof: Some(_), .. }));
    if let Some(alarm) = alarms.first() {
        return Err(alarmed(alarm, context)?);
    }
    judged(wanted, &stored, context)
}

/// Returns whoever has not cosigned yet.
fn missing(wanted: &Wanted, signable: &Signable, context: &Context) -> Vec<Cosigner> {
    let holds = |checkpoint: &Checkpoint, vkey| match checkpoint.signed_by(vkey) {
        Signed::Holds(_) => true,
        Signed::Absent | Signed::Broken => false,
    };
    let mut cosigners = Vec::new();
    for (url, vkey) in &wanted.asked {
        if holds(&signable.checkpoint, vkey) {
            context.out.talk(&format!("{} has cosigned it already", vkey.name()));
            continue;
        }
        let before = signable.earlier.iter().rev().find(|earlier| holds(earlier, vkey));
        let known = before.map_or(0, Checkpoint::size);
        let (url, vkey) = (url.clone(), Box::new(vkey.clone()));
        cosigners.push(Cosigner::Witness { url, vkey, known });
    }
    let vkeys = &wanted.vkeys;
    let mirrors = wanted.mirrors.iter();
    cosigners
        .extend(mirrors.map(|url| Cosigner::Mirror { url: url.clone(), vkeys: vkeys.clone() }));
    cosigners
}

fn told(cosigner: &Cosigner, came: &Checkpoint, new: usize) -> String {
    match cosigner {
        Cosigner::Witness { vkey, .. } => {
            let time = match came.signed_by(vkey) {
                Signed::Holds(time) => i64::try_from(time).ok(),
                Signed::Absent | Signed::Broken => None,
            };
            let time = time.and_then(|time| Instant::from_unix(time).ok());
            let time = time.map_or(String::new(), |time| format!(" at {time}"));
            format!("{} cosigned{time}", vkey.name())
        }
        Cosigner::Mirror { url, .. } => {
            let lines = if new == 1 { "cosignature" } else { "cosignatures" };
            format!("{url} had {new} more {lines}")
        }
    }
}

/// Adds the lines of known keys to the stored checkpoint, which may have got others meanwhile.
/// Returns it, and how many entries the ledger has by now.
fn store(
    joined: &Checkpoint,
    vkeys: &[Vkey],
    dir: &Path,
    context: &Context,
) -> Result<(Checkpoint, u64), Failure> {
    let mut store = Store::open(dir, LOCK_WAIT, |pid| waiting(context, pid))?;
    let size = joined.size();
    let stored = store.reader().checkpoint(size)?.and_then(|stored| stored.note.parse().ok());
    let mut stored: Checkpoint = stored.unwrap_or_else(|| joined.clone());
    if stored.join(joined, vkeys) > 0 {
        store.put_checkpoint(size, &stored.to_string())?;
    }
    Ok((stored, store.reader().len()))
}

fn judged(wanted: &Wanted, stored: &Checkpoint, context: &Context) -> Result<Status, Failure> {
    let quorum = wanted.policy.as_ref().filter(|policy| policy.asks());
    if let Some(policy) = quorum {
        if policy.met(stored).is_some() {
            context.out.talk("the quorum of the policy is met");
            return Ok(Status::Clean);
        }
        return Err(Failure::new("the quorum of the policy is not met; what came is stored")
            .hint("run it again later: only those are asked whose cosignature is missing"));
    }
    let lacks = |vkey: &Vkey| !matches!(stored.signed_by(vkey), Signed::Holds(_));
    let missing = wanted.asked.iter().filter(|(_, vkey)| lacks(vkey)).count();
    if missing == 0 {
        return Ok(Status::Clean);
    }
    let all = wanted.asked.len();
    Err(Failure::new(format!("{missing} of {all} witnesses did not cosign; what came is stored"))
        .hint("run it again later: only those are asked whose cosignature is missing"))
}

/// Keeps the proof of two histories, if there is one, and returns the failure.
fn alarmed(alarm: &CosignError, context: &Context) -> Result<Failure, Failure> {
    let failure = Failure::new(alarm.to_string()).status(Status::Failed);
    let CosignError::OtherHistory { proof, .. } = alarm else {
        return Ok(failure.hint(
            "this copy may be older than the one that was cosigned: restore the newer one, and \
             record nothing here before that is done",
        ));
    };
    let store = TrustStore::of(context.config.as_deref());
    let (Some(proof), Ok(store)) = (proof, store) else {
        return Ok(failure.hint(
            "two histories of one ledger may exist: find out which copy was restored, and record \
             nothing before that is known",
        ));
    };
    let path = store.keep_proof(proof)?;
    Ok(failure.hint(format!(
        "two histories of one ledger exist, and {} proves it: find out which copy was restored, \
         and record nothing before that is known",
        path.display()
    )))
}
