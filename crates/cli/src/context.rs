//! What a command has of the world around it: the clock, the user's folder, and the output.

use std::cell::Cell;
use std::path::PathBuf;

use tally_ledger::time::Instant;

use crate::failure::Failure;
use crate::output::Output;

/// Where the time of new entries comes from.
#[derive(Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock that starts at a published instant and moves on by one minute with every entry.
    Published(Cell<i64>),
}

impl Clock {
    /// Returns a clock that starts at `instant`.
    pub fn published(instant: Instant) -> Self {
        Self::Published(Cell::new(instant.unix()))
    }

    /// Returns the instant of a new entry.
    ///
    /// # Errors
    ///
    /// Fails if the clock stands outside the years 0001 to 9999.
    #[allow(clippy::disallowed_methods, reason = "the binary reads the clock")]
    pub fn now(&self) -> Result<Instant, Failure> {
        let seconds = match self {
            Self::System => {
                match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
                    Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                    Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
                }
            }
            Self::Published(next) => next.replace(next.get() + 60),
        };
        Instant::from_unix(seconds).map_err(|e| {
            Failure::new(format!("the system clock cannot be used: {e}"))
                .hint("set the clock of this machine")
        })
    }
}

/// Returns the system's time, in seconds since 1970-01-01T00:00:00Z; 0 before.
#[allow(clippy::disallowed_methods, reason = "the binary reads the clock")]
pub fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// What every command is run with.
pub struct Context {
    /// The clock of new entries.
    pub clock: Clock,
    /// The folder of the user's trust store; `None` if there is none to be found.
    pub config: Option<PathBuf>,
    /// The settings of object stores, by their names.
    pub store_options: Vec<(String, String)>,
    /// Results and talk.
    pub out: Output,
}

impl Context {
    /// Returns the surroundings of the process.
    #[allow(clippy::disallowed_methods, reason = "the binary reads the environment")]
    pub fn of_process() -> Self {
        let folder = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let config = folder("TALLY_CONFIG_DIR")
            .or_else(|| folder("XDG_CONFIG_HOME").map(|dir| dir.join("tally")))
            .or_else(|| folder("HOME").map(|dir| dir.join(".config").join("tally")));
        let families = ["AWS_", "AZURE_", "GOOGLE_"];
        let of_stores = |name: &str| families.iter().any(|family| name.starts_with(family));
        let store_options = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| of_stores(name))
            .collect();
        Self { clock: Clock::System, config, store_options, out: Output::of_process() }
    }
}
