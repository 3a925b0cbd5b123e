//! Many ledgers: a few workers, each with one ledger at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{Cosigner, Held, MirrorError, State, Synced, sync};
use crate::place::{Connections, Place};

/// How many ledgers are synced at one time whose last sync succeeded, and how many of the others:
/// what is at a server that does not answer keeps waiting none but its like.
const WORKERS: usize = 4;
/// How long a place may leave a request without an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The places of the ledgers, opened once. All share their connections: a server that publishes
/// hundreds of ledgers is asked over a few.
#[derive(Debug)]
pub struct Places {
    options: Vec<(String, String)>,
    connections: Connections,
    opened: Mutex<BTreeMap<String, Arc<Place>>>,
}

impl Places {
    /// Returns places that are opened with the settings of object stores.
    ///
    /// # Errors
    ///
    /// Fails if the system gives no means to wait for answers.
    pub fn with(options: &[(String, String)]) -> io::Result<Self> {
        let connections = Connections::shared(ANSWER_MAX)?;
        Ok(Self { options: options.to_vec(), connections, opened: Mutex::default() })
    }

    fn of(&self, name: &str) -> Result<Arc<Place>, MirrorError> {
        if let Some(place) = locked(&self.opened).get(name) {
            return Ok(Arc::clone(place));
        }
        let place = Arc::new(Place::open_by(name, &self.options, &self.connections)?);
        locked(&self.opened).insert(name.to_owned(), Arc::clone(&place));
        Ok(place)
    }
}

/// What came of one sync.
pub type Outcome = (Held, Result<Synced, MirrorError>);

/// Ledgers that wait for a worker.
type Queue = Arc<Mutex<Receiver<Held>>>;

/// Workers that sync ledgers. They end with their process, or once they are dropped and done.
#[derive(Debug)]
pub struct Workers {
    /// The ledgers that are waited for, by their origins.
    begun: BTreeSet<String>,
    well: Sender<Held>,
    others: Sender<Held>,
    queues: [Queue; 2],
    outcomes: Receiver<Outcome>,
}

impl Workers {
    /// Returns workers that have nothing to do yet.
    ///
    /// # Errors
    ///
    /// Fails if the system gives no threads.
    pub fn new(places: Places, cosigner: Cosigner, clock: fn() -> u64) -> io::Result<Self> {
        let shared = Arc::new((places, cosigner));
        let (tell, outcomes) = mpsc::channel();
        let ((well, first), (others, second)) = (mpsc::channel::<Held>(), mpsc::channel());
        let queues = [first, second].map(|queue| Arc::new(Mutex::new(queue)));
        for queue in queues.iter().flat_map(|queue| std::iter::repeat_n(queue, WORKERS)) {
            let (shared, queue, tell) = (Arc::clone(&shared), Arc::clone(queue), tell.clone());
            thread::Builder::new().name("sync".to_owned()).spawn(move || {
                let (places, cosigner) = &*shared;
                loop {
                    let next = locked(&queue).recv();
                    let Ok(held) = next else { break };
                    let run = || {
                        let place = held.followed().and_then(|it| places.of(&it.place))?;
                        sync(&held, &place, cosigner, &clock)
                    };
                    // One ledger that breaks a rule of this program stops none of the others.
                    let run = catch_unwind(AssertUnwindSafe(run));
                    let synced = run.unwrap_or_else(|_| {
                        let (origin, reason) = (held.origin().to_owned(), "it broke off".into());
                        Err(MirrorError::State { origin, reason })
                    });
                    if tell.send((held, synced)).is_err() {
                        break;
                    }
                }
            })?;
        }
        Ok(Self { begun: BTreeSet::new(), well, others, queues, outcomes })
    }

    /// Has a ledger synced, unless that is waited for already.
    pub fn begin(&mut self, held: &Held) {
        if self.begun.insert(held.origin().to_owned()) {
            let well = |state: State| state.success.is_some() && state.failures == 0;
            let queue = if held.state().is_ok_and(well) { &self.well } else { &self.others };
            queue.send(held.clone()).expect("this has its other end, too");
        }
    }

    /// Returns whether a ledger is waited for.
    pub fn is_at(&self, origin: &str) -> bool {
        self.begun.contains(origin)
    }

    /// Returns how many ledgers are waited for.
    pub fn left(&self) -> usize {
        self.begun.len()
    }

    /// Waits for the next outcome; `None` if there is none by then, or nothing is waited for.
    pub fn next(&mut self, wait: Duration) -> Option<Outcome> {
        if self.begun.is_empty() {
            return None;
        }
        let (held, synced) = self.outcomes.recv_timeout(wait).ok()?;
        self.begun.remove(held.origin());
        Some((held, synced))
    }

    /// Takes back every ledger that no worker has yet.
    pub fn take_back(&mut self) {
        for queue in &self.queues {
            // A worker that waits for work holds the queue, which is empty then.
            let Ok(queue) = queue.try_lock() else { continue };
            while let Ok(held) = queue.try_recv() {
                self.begun.remove(held.origin());
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
