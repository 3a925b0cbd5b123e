//! Being told to end: a process that runs on waits for its next piece of work or for that.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Runtime;

/// The signals that tell a process to end, taken from the making of this on.
pub(crate) struct Signals {
    #[cfg(unix)]
    taken: [tokio::signal::unix::Signal; 2],
}

impl Signals {
    /// Takes SIGTERM and SIGINT, or Ctrl-C where there are none.
    ///
    /// # Errors
    ///
    /// Fails if the system does not tell of signals.
    pub(crate) fn of(runtime: &Runtime) -> io::Result<Self> {
        let _inside = runtime.enter();
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let taken = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
            Ok(Self { taken })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next of them.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        {
            let [terminate, interrupt] = &mut self.taken;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Whether the process was told to end.
#[derive(Debug)]
pub struct Stop {
    told: Receiver<()>,
}

impl Stop {
    /// Takes SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    ///
    /// Fails if the system does not tell of signals.
    pub fn on_signals() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = Signals::of(&runtime)?;
        let (send, told) = mpsc::channel();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            loop {
                runtime.block_on(signals.next());
                if send.send(()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { told })
    }

    /// Waits, and returns whether it was told to end meanwhile.
    pub fn within(&self, wait: Duration) -> bool {
        !matches!(self.told.recv_timeout(wait), Err(RecvTimeoutError::Timeout))
    }
}
