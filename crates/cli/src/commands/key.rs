//! `tally key`: lists, makes, grants and revokes keys.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ed25519_dalek::SigningKey;
use tally_ledger::authority::KeyRecord;
use tally_ledger::governance::{self, Key, Revocation};
use tally_ledger::hash::Hash;
use tally_ledger::key::PublicKey;
use tally_ledger::name::Role;
use tally_ledger::note::Vkey;
use tally_ledger::payload::Event;
use tally_ledger::time::When;
use tally_report::text::{escaped, wrapped};

use crate::args::{AuthorArgs, FormatArgs};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::keyfile::{self, Protection};
use crate::ledger_dir::LedgerDir;
use crate::output::Format;
use crate::passphrase::{PassphraseArgs, Passphrases};
use crate::source::{self, PinArgs};

/// The arguments of `tally key`.
#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum KeyCommand {
    /// List the keys and roles of a ledger
    List(ListArgs),
    /// Make a new key file and print its public key
    New(NewArgs),
    /// Grant a public key roles in a ledger
    Grant(GrantArgs),
    /// Revoke a key of a ledger
    Revoke(RevokeArgs),
}

#[derive(Debug, Clone, Args)]
struct ListArgs {
    /// A ledger: its directory, a bundle, an extract, or where it is published
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    source: PathBuf,

    #[command(flatten)]
    pins: PinArgs,

    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Clone, Args)]
struct NewArgs {
    /// The key file to make
    file: PathBuf,

    /// Leave the private key unencrypted on disk
    #[arg(long, help_heading = "Key files")]
    unencrypted_keys: bool,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, Clone, Args)]
struct GrantArgs {
    /// The public key, 64 hexadecimal digits, as `tally key new` prints it
    public_key: Hash,

    /// A role of the key; may be given several times
    #[arg(long = "role", required = true)]
    roles: Vec<Role>,

    /// Whose key it is: an organisation's unit or function
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    author: AuthorArgs,
}

#[derive(Debug, Clone, Args)]
struct RevokeArgs {
    /// The key's id, as `tally key list` prints it, or its first 12 digits or more
    kid: String,

    /// Why
    #[arg(long)]
    why: String,

    /// Since when the key may be in other hands, such as 2026-11-22T08:00Z
    #[arg(long, value_name = "WHEN")]
    compromised: Option<When>,

    #[command(flatten)]
    author: AuthorArgs,
}

/// Lists, makes, grants or revokes.
///
/// # Errors
///
/// Fails if the ledger or a key file does, and if the change is not allowed.
pub fn run(args: &KeyArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        KeyCommand::List(args) => list(args, context),
        KeyCommand::New(args) => new(args, context),
        KeyCommand::Grant(args) => grant(args, context),
        KeyCommand::Revoke(args) => revoke(args, context),
    }
}

fn new(args: &NewArgs, context: &mut Context) -> Result<Status, Failure> {
    let key: SigningKey = keyfile::generate().map_err(|e| Failure::no_randomness(&e))?;
    if args.unencrypted_keys {
        keyfile::create(&args.file, &key, Protection::PlainOnRequest)?;
        context.out.talk("note: the private key is NOT encrypted, as was asked for.");
    } else {
        let passphrase = Passphrases::new(args.passphrase.clone()).for_new(&args.file)?;
        keyfile::create(&args.file, &key, Protection::Passphrase(&passphrase))?;
    }
    let public = PublicKey::from(&key);
    context.out.result(&format!("Key file    {}", args.file.display()))?;
    context.out.result(&format!("Public key  {}", hex::encode(public.to_bytes())))?;
    context.out.result(&format!("Id          {}", public.thumbprint()))?;
    Ok(Status::Clean)
}

fn grant(args: &GrantArgs, context: &mut Context) -> Result<Status, Failure> {
    let key = PublicKey::from_bytes(&args.public_key.0).map_err(|e| {
        Failure::new(format!("{} is not a public key: {e}", args.public_key))
            .hint("print it with: tally key new FILE")
    })?;
    let roles: BTreeSet<Role> = args.roles.iter().cloned().collect();
    let key = Key { key, roles, name: args.name.clone(), next: None };
    let event = Event::reserved("ledger.key", governance::granted_value(&key))?;
    write(&args.author, event, context)?;
    context.out.result(&format!("granted {}", key.key.thumbprint()))?;
    Ok(Status::Clean)
}

/// The fewest digits that name a key: so many are listed.
const KID_DIGITS_MIN: usize = 12;

fn revoke(args: &RevokeArgs, context: &mut Context) -> Result<Status, Failure> {
    if args.kid.len() < KID_DIGITS_MIN {
        return Err(Failure::new(format!(
            "expected at least {KID_DIGITS_MIN} digits of a key id, found {}: {}",
            args.kid.len(),
            args.kid
        ))
        .hint("see the ids of the keys with: tally key list"));
    }
    let ledger = source::verified(&args.author.ledger, &unpinned(), context)?.ledger;
    let keys = ledger.authority().keys();
    let named: Vec<Hash> =
        keys.keys().filter(|kid| kid.to_string().starts_with(&args.kid)).copied().collect();
    let [kid] = named[..] else {
        let found = if named.is_empty() { "none" } else { "several" };
        return Err(Failure::new(format!(
            "expected one key with the id {}, found {found}",
            args.kid
        ))
        .hint("see the keys with: tally key list"));
    };
    let revocation =
        Revocation { kid, why: args.why.clone(), compromised: args.compromised.clone() };
    let event = Event::reserved("ledger.key", revocation.to_value())?;
    write(&args.author, event, context)?;
    context.out.result(&format!("revoked {kid}"))?;
    Ok(Status::Clean)
}

fn unpinned() -> PinArgs {
    PinArgs { unpinned: true, ..PinArgs::default() }
}

/// Signs and appends an event of the ledger's own.
fn write(author: &AuthorArgs, event: Event, context: &mut Context) -> Result<(), Failure> {
    let key = author.key()?;
    let mut ledger = LedgerDir::open(&author.ledger, context)?;
    let entry = ledger.sign(event, context.clock.now()?, &key)?;
    ledger.check(std::slice::from_ref(&entry))?;
    ledger.append(&[entry])
}

fn list(args: &ListArgs, context: &mut Context) -> Result<Status, Failure> {
    let found = source::verified(&args.source, &args.pins, context)?;
    let authority = found.ledger.authority();
    if args.format.format == Format::Json {
        let keys: Vec<_> = authority.keys().iter().map(|(kid, record)| json(kid, record)).collect();
        let json = serde_json::json!({ "schema": 1, "keys": keys, "roles": authority.roles() });
        context.out.result(&format!("{json:#}"))?;
        context.tell_verdict(&found);
        return Ok(found.status());
    }
    for (kid, record) in authority.keys() {
        let roles: Vec<&str> = record.key.roles.iter().map(Role::as_str).collect();
        let state = match record.revoked {
            Some(seq) => format!("revoked by entry {seq}"),
            None => format!("since entry {}", record.granted),
        };
        context.out.result(&kid.to_string())?;
        let name = record
            .key
            .name
            .as_deref()
            .map_or(String::new(), |name| format!(" ({})", escaped(name)));
        let line = format!("{}: {state}{name}", roles.join(", "));
        context.out.result(&wrapped("  ", &line, context.out.width))?;
        if let Some(first) = found.ledger.entry(0).filter(|_| record.key.holds(Role::CHECKPOINT)) {
            let vkey = Vkey::log(first.origin(), record.key.key);
            context.out.result(&format!("  vkey {vkey}"))?;
        }
    }
    context
        .out
        .result("\nWhat each role may sign (operator: ledger.*; checkpoint: checkpoints)")?;
    for (role, patterns) in authority.roles() {
        let patterns: Vec<&str> =
            patterns.iter().map(tally_ledger::name::Pattern::as_str).collect();
        let first = format!("  {role:<20} ");
        context.out.result(&wrapped(&first, &patterns.join(" "), context.out.width))?;
    }
    context.tell_verdict(&found);
    Ok(found.status())
}

fn json(kid: &Hash, record: &KeyRecord) -> serde_json::Value {
    serde_json::json!({
        "kid": kid,
        "key": hex::encode(record.key.key.to_bytes()),
        "roles": record.key.roles,
        "name": record.key.name,
        "granted": record.granted,
        "revoked": record.revoked,
        "compromised": record.compromised,
    })
}
