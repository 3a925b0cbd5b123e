//! What a mirror costs: `cargo run --release -p tally-mirror --example mirror_load`. It syncs a
//! ledger of 100,000 entries from a local web server, and looks at 500 ledgers with nothing new.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it measures and prints")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::fs;
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use tally_ledger::hash::Hash;
use tally_mirror::mirror::{Cosigner, Followed, Limits, Mirror, Places, Workers};
use tally_mirror::serve::{self, Server};
use tally_testkit::forge::Forge;
use tally_testkit::keyring::checkpoint;

const ENTRIES: u64 = 100_000;
const LEDGERS: u64 = 500;

/// Returns the name of the folder that a ledger is served from, as mirrors have it: nothing else
/// below a folder is given out.
fn folder_of(origin: &str) -> String {
    Hash::of(origin.as_bytes()).to_string()
}

fn forged(origin: &str, size: u64) -> Forge {
    let mut forge = Forge::of(origin);
    let genesis =
        tally_testkit::forge::event(&["ledger"], "ledger.genesis", tally_testkit::forge::genesis());
    forge.record(genesis, &tally_testkit::keyring::author());
    for _ in 1..size {
        forge.note("bug-1");
    }
    forge
}

/// Returns the processor time of this process so far.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let web = dir.path().join("web");
    let entries = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(ENTRIES);
    let large = forged("ledger.example/large", entries);
    large.publish(&web.join(folder_of("ledger.example/large")), large.size(), &checkpoint());
    for number in 0..LEDGERS {
        let origin = format!("ledger.example/{number}");
        forged(&origin, 3).publish(&web.join(folder_of(&origin)), 3, &checkpoint());
    }
    let server = Server::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", server.address());
    let site = serve::Site {
        routes: serve::files(&web),
        health: std::sync::Arc::new(|| Ok(())),
        gauges: std::sync::Arc::new(String::new),
    };
    std::thread::spawn(move || server.run(site, &serve::Limits::default()));

    let cosigner = Cosigner::new("mirror.example", SigningKey::from_bytes(&[7; 32])).unwrap();
    let mirror = Mirror::create(&dir.path().join("mirror"), cosigner.vkey()).unwrap();
    let add = |origin: &str| {
        let place = format!("{address}/{}", folder_of(origin));
        let mut followed = Followed::new(origin, &place, Limits::default());
        let key = tally_ledger::key::PublicKey::from(&checkpoint());
        let key = tally_ledger::note::Vkey::log(&origin.parse().unwrap(), key);
        followed.keys.push(key.to_string());
        mirror.add(&followed).unwrap()
    };
    let mut workers = Workers::new(Places::with(&[]).unwrap(), cosigner, || 1_800_000_000).unwrap();
    let mut timed = |what: &str, ledgers: &[_]| {
        let (start, before) = (Instant::now(), cpu());
        for held in ledgers {
            workers.begin(held);
        }
        while workers.left() > 0 {
            if let Some((held, synced)) = workers.next(Duration::from_secs(1)) {
                assert!(synced.is_ok(), "{}: {synced:?}", held.origin());
            }
        }
        let spent = cpu().checked_sub(before).unwrap();
        println!("{what}: {:?}, processor {spent:?}, server included", start.elapsed());
    };
    let large = add("ledger.example/large");
    timed(&format!("{entries} entries, first sync"), std::slice::from_ref(&large));
    let place = tally_mirror::place::Place::open(large.public().to_str().unwrap(), &[]).unwrap();
    let held = large.checkpoint().unwrap().unwrap();
    let mut bytes = Vec::new();
    let start = Instant::now();
    let take = |entry: &[u8]| bytes.push(Ok::<_, std::io::Error>(entry.to_vec()));
    tally_mirror::published::entries(&place, &held, None, take).unwrap();
    println!("reading them from disk: {:?}", start.elapsed());
    let manifest = tally_ledger::bundle::Manifest {
        form: tally_ledger::bundle::Form::Bundle,
        checkpoints: vec![(held, Vec::new())],
        evidence: Vec::new(),
    };
    let start = Instant::now();
    let pins = tally_ledger::verify::Pins::default();
    let found = tally_ledger::verify::entries(&manifest, &pins, bytes, drop).unwrap();
    println!("verifying {} of them alone: {:?}", found.entries, start.elapsed());
    let many: Vec<_> = (0..LEDGERS).map(|n| add(&format!("ledger.example/{n}"))).collect();
    timed("500 small ledgers, first sync", &many);
    timed("500 small ledgers, nothing new", &many);
    timed("500 small ledgers, nothing new", &many);
}
