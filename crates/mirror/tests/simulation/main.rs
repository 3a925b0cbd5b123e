//! A log that may sign two histories, witnesses and mirrors over a transport that drops, delays,
//! reorders, truncates, corrupts and equivocates, again and again from seeds.
//!
//! In every run: no mirror serves what it could not verify, or moves backward; no witness cosigns
//! two histories; and every equivocation that two honest parties saw is proven.
//!
//! `TALLY_RUNS` says how many runs there are, `TALLY_SEED` which is the first; a run that fails
//! prints its seed, and `TALLY_RUNS=1 TALLY_SEED=…` repeats it.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail as the tests do")]
#![allow(clippy::print_stdout, reason = "whoever runs it is told the seed")]

mod origin;
mod party;
mod transport;

use std::time::Instant;

use tally_testkit::random::Random;

use origin::Origin;
use party::{MirrorParty, WitnessParty};

/// How many runs there are unless something else is asked for.
const RUNS: u64 = 60;
/// How many things happen in a run.
const STEPS: usize = 40;
/// When the clocks of a run begin, in seconds since 1970-01-01T00:00:00Z.
const BEGIN: u64 = 1_790_000_000;

/// A request to a witness that is still under way.
struct Letter {
    to: usize,
    body: Vec<u8>,
}

/// Everything of a run.
struct World {
    random: Random,
    origin: Origin,
    witnesses: Vec<WitnessParty>,
    mirrors: Vec<MirrorParty>,
    letters: Vec<Letter>,
    now: u64,
}

/// What happened in the runs, so that a simulation in which nothing happens is seen.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    cosigned: usize,
    refused: usize,
    advanced: usize,
    failed: usize,
    proven: usize,
}

impl World {
    fn new(seed: u64, honest: bool) -> Self {
        let mut random = Random::new(seed);
        let shared = 1 + random.below(9);
        let mut origin = Origin::new(shared);
        origin.grow(0, random.below(3));
        if !honest {
            origin.grow(1, random.below(3));
        }
        Self {
            origin,
            witnesses: (0..3).map(WitnessParty::new).collect(),
            mirrors: (0..3).map(MirrorParty::new).collect(),
            letters: Vec::new(),
            now: BEGIN,
            random,
        }
    }

    fn step(&mut self, honest: bool, counts: &mut Counts) {
        // Clocks jump, backward too.
        self.now = self.now + self.random.below(5000) - self.random.below(400);
        let which = if honest { 0 } else { self.random.index(2) };
        match self.random.below(10) {
            0 | 1 => self.origin.grow(which, self.random.below(40)),
            2 | 3 => self.write(which),
            4..=6 => self.deliver(counts),
            7 => {
                let (random, party) = (&mut self.random, &mut self.witnesses);
                party[random.index(3)].restart();
            }
            _ => {
                let mirror = self.random.index(3);
                let bad = self.random.chance(60);
                let line = self.random.below(u64::MAX);
                let (origin, party) = (&self.origin, &mut self.mirrors[mirror]);
                party.sync(origin, which, bad, Random::new(line), self.now, counts);
            }
        }
    }

    /// Writes a request to a witness: of what the log believes that it cosigned last, or not.
    fn write(&mut self, which: usize) {
        let to = self.random.index(3);
        let old = match self.random.below(3) {
            0 => self.random.below(60),
            _ => self.witnesses[to].size(),
        };
        let Some(body) = self.origin.histories[which].request(old) else {
            return;
        };
        let mut body = body.into_bytes();
        match self.random.below(10) {
            0 => body.truncate(self.random.index(body.len())),
            1 => {
                let at = self.random.index(body.len());
                body[at] ^= 1 << self.random.below(8);
            }
            // Twice, as a client does that heard no answer.
            2 => self.letters.push(Letter { to, body: body.clone() }),
            _ => {}
        }
        self.letters.push(Letter { to, body });
    }

    /// Delivers one of the letters, not the oldest, and loses some.
    fn deliver(&mut self, counts: &mut Counts) {
        if self.letters.is_empty() {
            return;
        }
        let letter = self.letters.swap_remove(self.random.index(self.letters.len()));
        if self.random.chance(10) {
            return;
        }
        let witness = &mut self.witnesses[letter.to];
        if witness.add(&letter.body, self.now, &self.origin) {
            counts.cosigned += 1;
        } else {
            counts.refused += 1;
        }
    }

    /// Demands that whatever two honest parties saw of two histories is proven.
    fn settle(&mut self, counts: &mut Counts) {
        for one in 0..self.mirrors.len() {
            for other in 0..one {
                counts.proven += self.mirrors[one].against(&self.mirrors[other], &self.origin);
            }
            for witness in &self.witnesses {
                counts.proven += self.mirrors[one].against_witness(witness, &self.origin);
            }
        }
    }
}

fn run(seed: u64, counts: &mut Counts) {
    let honest = seed.is_multiple_of(4);
    let mut world = World::new(seed, honest);
    for _ in 0..STEPS {
        world.step(honest, counts);
    }
    let before = counts.proven;
    world.settle(counts);
    if honest {
        assert_eq!(counts.proven, before, "an honest log was found to sign two histories");
        assert!(world.mirrors.iter().all(|mirror| mirror.proofs().is_empty()));
    }
}

fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn no_mirror_serves_and_no_witness_cosigns_what_does_not_hold_and_two_histories_are_proven() {
    let (first, runs) = (asked("TALLY_SEED", 1), asked("TALLY_RUNS", RUNS));
    let (begun, mut counts) = (Instant::now(), Counts::default());
    for seed in first..first + runs {
        let ran = std::panic::catch_unwind(|| {
            let mut counts = Counts::default();
            run(seed, &mut counts);
            counts
        });
        match ran {
            Ok(more) => counts.add(more),
            Err(panic) => {
                println!("repeat it with: TALLY_RUNS=1 TALLY_SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("seeds {first} to {}: {counts:?} in {:?}", first + runs - 1, begun.elapsed());
    if runs >= RUNS {
        let Counts { cosigned, refused, advanced, failed, proven } = counts;
        assert!([cosigned, refused, advanced, failed, proven].iter().all(|n| *n > 20));
    }
}

impl Counts {
    fn add(&mut self, more: Self) {
        self.cosigned += more.cosigned;
        self.refused += more.refused;
        self.advanced += more.advanced;
        self.failed += more.failed;
        self.proven += more.proven;
    }
}
