//! Many ledgers in one go: a few workers, each with one ledger at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use super::{Clock, Cosigner, Held, MirrorError, Synced, sync};
use crate::place::Place;

/// How many ledgers are synced at one time.
const WORKERS: usize = 4;

/// The places of the ledgers, opened once: connections to their servers are kept.
#[derive(Debug, Default)]
pub struct Places {
    options: Vec<(String, String)>,
    opened: Mutex<BTreeMap<String, Arc<Place>>>,
}

impl Places {
    /// Returns places that are opened with the settings of object stores.
    pub fn with(options: &[(String, String)]) -> Self {
        Self { options: options.to_vec(), ..Self::default() }
    }

    fn of(&self, name: &str) -> Result<Arc<Place>, MirrorError> {
        let lock = || self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = lock().get(name) {
            return Ok(Arc::clone(place));
        }
        let place = Arc::new(Place::open(name, &self.options)?);
        lock().insert(name.to_owned(), Arc::clone(&place));
        Ok(place)
    }
}

/// Syncs ledgers, several at a time, and hands each outcome to `told` as it comes. Once `told`
/// returns false no further ledger is begun.
pub fn round(
    ledgers: &[Held],
    places: &Places,
    cosigner: &Cosigner,
    clock: Clock<'_>,
    mut told: impl FnMut(&Held, Result<Synced, MirrorError>) -> bool,
) {
    let next = AtomicUsize::new(0);
    let (send, outcomes) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(ledgers.len()) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some(held) = ledgers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let synced = held
                        .followed()
                        .and_then(|followed| places.of(&followed.place))
                        .and_then(|place| sync(held, &place, cosigner, clock));
                    if send.send((held, synced)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        for (held, synced) in outcomes {
            if !told(held, synced) {
                next.store(ledgers.len(), Ordering::Relaxed);
            }
        }
    });
}
