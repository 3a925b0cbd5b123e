//! When each ledger is looked at next: at an interval, and ever later while it fails.

use std::collections::BTreeMap;
use std::time::Duration;

use tally_ledger::hash::Hash;

/// How many times the interval a ledger that fails is left alone for at most.
const LATEST: u32 = 32;

/// When each of some ledgers is due, in seconds since a moment of the caller's: by a clock that
/// nobody sets.
#[derive(Debug, Clone)]
pub struct Schedule {
    interval: Duration,
    /// The due time of each ledger that was looked at.
    due: BTreeMap<String, u64>,
}

impl Schedule {
    /// Returns a schedule by which every ledger is due.
    pub fn every(interval: Duration) -> Self {
        Self { interval, due: BTreeMap::new() }
    }

    /// Returns whether a ledger is due.
    pub fn is_due(&self, origin: &str, now: u64) -> bool {
        self.due.get(origin).is_none_or(|due| *due <= now)
    }

    /// Returns how long it is until the next ledger is due; the interval if none is waited for.
    pub fn wait(&self, now: u64) -> Duration {
        let next = self.due.values().min().map(|due| Duration::from_secs(due.saturating_sub(now)));
        next.map_or(self.interval, |next| next.min(self.interval))
    }

    /// Notes that a ledger was looked at, and how many times in a row that has failed. Failures
    /// double the wait; up to a quarter of it is added, by a share that differs from ledger to
    /// ledger, so that they do not all come at once.
    pub fn looked(&mut self, origin: &str, now: u64, failures: u32) {
        let factor = 1_u32.checked_shl(failures).map_or(LATEST, |factor| factor.min(LATEST));
        let wait = self.interval.saturating_mul(factor).as_secs().max(1);
        let share = if failures == 0 { 0 } else { share(origin, failures) };
        self.due.insert(origin.to_owned(), now.saturating_add(wait + wait * share / 1024));
    }

    /// Forgets the ledgers that are followed no more.
    pub fn retain(&mut self, followed: impl Fn(&str) -> bool) {
        self.due.retain(|origin, _| followed(origin));
    }
}

/// Returns a number below 256 that differs by ledger and by failure, and needs no randomness.
fn share(origin: &str, failures: u32) -> u64 {
    u64::from(Hash::of(format!("{origin}\n{failures}").as_bytes()).0[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_that_fails_is_asked_less_and_less_often_and_no_two_at_once() {
        let mut schedule = Schedule::every(Duration::from_mins(1));
        assert!(schedule.is_due("a", 0));
        schedule.looked("a", 1000, 0);
        assert!(!schedule.is_due("a", 1059));
        assert!(schedule.is_due("a", 1060));
        let mut waits = Vec::new();
        for failures in 1..9 {
            schedule.looked("a", 0, failures);
            let due = schedule.due["a"];
            let least = 60 * u64::from(2_u32.pow(failures).min(LATEST));
            assert!((least..least + least / 4).contains(&due), "{failures}: {due}");
            waits.push(due);
        }
        schedule.looked("b", 0, 4);
        assert_ne!(schedule.due["b"], waits[3]);
        schedule.looked("a", 0, u32::MAX);
        assert_eq!(schedule.wait(0), Duration::from_mins(1));
        schedule.looked("c", 10, 0);
        assert_eq!(schedule.wait(40), Duration::from_secs(30));
        schedule.retain(|origin| origin != "c");
        assert!(schedule.is_due("c", 0));
    }
}
