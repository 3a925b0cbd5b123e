//! Being told to end: a process that runs on waits for its next piece of work or for that.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Whether the process was told to end, by SIGTERM or SIGINT.
#[derive(Debug)]
pub struct Stop {
    told: Receiver<()>,
}

impl Stop {
    /// Takes these signals from now on.
    ///
    /// # Errors
    ///
    /// Fails if the system does not tell of signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut term, mut interrupt) = {
            let _inside = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        let (send, told) = mpsc::channel();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = term.recv() => {}
                        _ = interrupt.recv() => {}
                    }
                    if send.send(()).is_err() {
                        return;
                    }
                }
            });
        })?;
        Ok(Self { told })
    }

    /// Waits, and returns whether it was told to end meanwhile.
    pub fn within(&self, wait: Duration) -> bool {
        !matches!(self.told.recv_timeout(wait), Err(RecvTimeoutError::Timeout))
    }
}
