//! `tally init`: begins a ledger with its keys, its genesis entry and its first checkpoint.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use ed25519_dalek::SigningKey;
use tally_ledger::entry::Entry;
use tally_ledger::governance::{Genesis, Key, Owner, Roles, Standing};
use tally_ledger::head::Head;
use tally_ledger::key::PublicKey;
use tally_ledger::name::{Origin, Role};
use tally_ledger::note::{Checkpoint, Vkey};
use tally_ledger::payload::Event;
use tally_ledger::tree::Edge;
use tally_store::{Reader, Store};

use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::keyfile::{self, Protection};
use crate::ledger_dir::{author_key, checkpoint_key};
use crate::passphrase::{Passphrase, PassphraseArgs, Passphrases};
use crate::staged::Staged;
use crate::trust::{Known, TrustStore};

/// The arguments of `tally init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The directory of the new ledger
    pub dir: PathBuf,

    /// The name of the ledger: a URL without its scheme, such as ledger.ca.example/incidents
    #[arg(long)]
    pub origin: Origin,

    /// The organisation that keeps the ledger
    #[arg(long, value_name = "ORGANISATION")]
    pub owner: String,

    /// Its unique id in the CCADB, such as A000021
    #[arg(long, value_name = "ID")]
    pub ca_owner: Option<String>,

    /// Its address
    #[arg(long)]
    pub url: Option<String>,

    /// Record another organisation from public sources, not oneself
    #[arg(long)]
    pub observer: bool,

    /// Leave the private keys unencrypted on disk
    #[arg(long, help_heading = "Key files")]
    pub unencrypted_keys: bool,

    /// Where the passphrase of the new key files comes from
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// The keys of a new ledger.
pub struct NewKeys {
    /// The first author's, with the roles operator and compliance.
    pub author: SigningKey,
    /// The checkpoint key.
    pub checkpoint: SigningKey,
}

impl NewKeys {
    /// Makes new keys.
    ///
    /// # Errors
    ///
    /// Fails if the operating system gives no randomness.
    pub fn generate() -> Result<Self, Failure> {
        let make = || keyfile::generate().map_err(|e| Failure::no_randomness(&e));
        Ok(Self { author: make()?, checkpoint: make()? })
    }
}

/// What a ledger began with.
pub struct Begun {
    /// The genesis entry.
    pub genesis: Entry,
    /// The vkey of its checkpoints.
    pub vkey: Vkey,
    /// Where it is pinned.
    pub trusted: PathBuf,
}

/// Begins a ledger with new keys.
///
/// # Errors
///
/// Fails if the directory is taken, a key file cannot be made, or the disk refuses.
pub fn run(args: &InitArgs, context: &mut Context) -> Result<Status, Failure> {
    begin(args, &NewKeys::generate()?, context)?;
    Ok(Status::Clean)
}

/// Begins a ledger with these keys, and prints what it began with.
///
/// # Errors
///
/// As [`run`].
pub fn begin(args: &InitArgs, keys: &NewKeys, context: &mut Context) -> Result<(), Failure> {
    let Begun { genesis, vkey, trusted } = create(args, keys, context)?;
    let out = &mut context.out;
    out.result(&format!("Ledger      {}", args.dir.display()))?;
    out.result(&format!("Origin      {}", args.origin))?;
    out.result(&format!("Id          {}", genesis.id()))?;
    out.result(&format!("Vkey        {vkey}"))?;
    out.result(&format!("Author key  {}", author_key(&args.dir).display()))?;
    out.result(&format!("Checkpoints {}", checkpoint_key(&args.dir).display()))?;
    out.result(&format!("Pinned in   {}", trusted.display()))?;
    out.talk(
        "note: whoever verifies this ledger needs its vkey or id from you, by another way than \
         the ledger itself.",
    );
    if args.unencrypted_keys {
        out.talk("note: the private keys are NOT encrypted, as was asked for.");
    }
    Ok(())
}

/// Begins a ledger with these keys.
///
/// # Errors
///
/// As [`run`].
pub fn create(args: &InitArgs, keys: &NewKeys, context: &Context) -> Result<Begun, Failure> {
    if fs::symlink_metadata(args.dir.join("format")).is_ok() {
        return Err(taken(&args.dir));
    }
    TrustStore::of(context.config.as_deref())?.read()?;
    // A second ledger under one origin would be a fork to everybody who pinned the first.
    let known = TrustStore::of(context.config.as_deref())?.find(args.origin.as_str())?;
    if known.is_some() {
        return Err(Failure::new(format!(
            "the trust store knows a ledger {} already",
            args.origin
        ))
        .hint(format!(
            "choose another origin, or, if that ledger is gone for good: tally trust remove {}",
            args.origin
        )));
    }
    // Whatever is asked for is asked for before anything is written.
    let passphrase = if args.unencrypted_keys {
        None
    } else {
        let passphrases = Passphrases::new(args.passphrase.clone());
        Some(passphrases.for_new(&author_key(&args.dir))?)
    };
    let entry = genesis(args, keys, context)?;
    let mut store = Store::create(&args.dir)?;
    write_keys(&args.dir, keys, passphrase.as_ref())?;
    store.append(0, &[entry.bytes()])?;
    let mut edge = Edge::default();
    edge.push(entry.id());
    let checkpoint = Checkpoint::sign(&args.origin, 1, edge.root(), &keys.checkpoint);
    store.put_checkpoint(1, &checkpoint.to_string())?;
    let vkey = Vkey::log(&args.origin, PublicKey::from(&keys.checkpoint));
    let vkey_file = args.dir.join("ledger.vkey");
    let line = format!("{vkey}\n");
    Staged::write(&vkey_file, |mut file| file.write_all(line.as_bytes()).map(|()| file))?
        .place(false)?;
    let trusted = pin(&args.origin, &entry, &vkey, &checkpoint, context)
        .map_err(|failure| failure.at("the ledger was begun, but is not pinned"))?;
    Ok(Begun { genesis: entry, vkey, trusted })
}

/// Returns the refusal to begin a ledger where there is one. The vkey is the last file of a
/// beginning, so that one without it, and with no more than its genesis, was cut short.
fn taken(dir: &Path) -> Failure {
    let failure = Failure::from(tally_store::Error::AlreadyALedger { dir: dir.to_owned() });
    let cut_short = !dir.join("ledger.vkey").exists()
        && Reader::open(dir).is_ok_and(|reader| reader.len() <= 1);
    if cut_short {
        return failure.hint(
            "its beginning was interrupted and nothing was recorded in it: move it away, and begin \
             again",
        );
    }
    failure
}

fn genesis(args: &InitArgs, keys: &NewKeys, context: &Context) -> Result<Entry, Failure> {
    let role = |name: &str| name.parse::<Role>();
    let key = |key: &SigningKey, roles: BTreeSet<Role>, name: &str| Key {
        key: PublicKey::from(key),
        roles,
        name: Some(name.to_owned()),
        next: None,
    };
    let genesis = Genesis {
        standing: if args.observer { Standing::Observer } else { Standing::Own },
        owner: Owner {
            name: args.owner.clone(),
            ca_owner: args.ca_owner.clone(),
            url: args.url.clone(),
        },
        keys: vec![
            key(
                &keys.author,
                BTreeSet::from([Role::operator(), role("compliance")?]),
                "first author",
            ),
            key(&keys.checkpoint, BTreeSet::from([Role::checkpoint()]), "checkpoints"),
        ],
        roles: proposed_roles()?,
        predecessor: None,
    };
    let event = Event::reserved("ledger.genesis", genesis.to_value())?;
    let payload = Head::new(args.origin.clone()).place(event, context.clock.now()?);
    Entry::sign(&args.origin, &payload, &keys.author).map_err(|fault| {
        Failure::new(format!("the genesis entry cannot be written: {fault}"))
            .hint("shorten what it names")
    })
}

/// Returns the table of roles that a new ledger begins with; `tally key roles` replaces it.
fn proposed_roles() -> Result<Roles, Failure> {
    let table: [(&str, &[&str]); 4] = [
        ("compliance", &["*"]),
        ("legal", &["legal.*", "document.*", "statement.*", "sealed", "seal.*", "entry.*"]),
        (
            "incident_commander",
            &[
                "incident.*",
                "revocation.*",
                "action.*",
                "inquiry.*",
                "tracker.*",
                "measurement.*",
                "entry.*",
            ],
        ),
        ("auditor", &["measurement.*", "document.*", "entry.approval", "entry.note"]),
    ];
    let row = |(role, patterns): &(&str, &[&str])| {
        let patterns = patterns.iter().map(|p| Ok(p.parse()?));
        Ok((role.parse()?, patterns.collect::<Result<_, Failure>>()?))
    };
    table.iter().map(row).collect()
}

fn write_keys(dir: &Path, keys: &NewKeys, passphrase: Option<&Passphrase>) -> Result<(), Failure> {
    let folder = dir.join("keys");
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(|e| Failure::io("create", &folder, &e))?;
    let protection = passphrase.map_or(Protection::PlainOnRequest, Protection::Passphrase);
    keyfile::create(&author_key(dir), &keys.author, protection)?;
    keyfile::create(&checkpoint_key(dir), &keys.checkpoint, protection)?;
    Ok(())
}

fn pin(
    origin: &Origin,
    genesis: &Entry,
    vkey: &Vkey,
    checkpoint: &Checkpoint,
    context: &Context,
) -> Result<PathBuf, Failure> {
    let store = TrustStore::of(context.config.as_deref())?;
    store.change(|ledgers| {
        ledgers.push(Known {
            origin: origin.to_string(),
            ledger_id: Some(genesis.id()),
            keys: vec![vkey.to_string()],
            policy: None,
            seen: Some(checkpoint.to_string()),
        });
        Ok(())
    })?;
    Ok(store.path())
}
