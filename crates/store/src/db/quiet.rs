//! Running code that may panic, without its panic reaching the terminal.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// The panic hook belongs to the whole process, so only one thread may exchange it at a time.
static EXCHANGE: Mutex<()> = Mutex::new(());

/// Runs `call` and returns the message of a panic in it as the error.
///
/// Meanwhile panics of this thread and of sled's own threads (named `sled-…`) are not printed;
/// those of others are.
pub(super) fn quietly<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    if thread::panicking() {
        // The hook cannot be exchanged during a panic, and this one was printed already.
        let outcome = panic::catch_unwind(AssertUnwindSafe(call));
        return outcome.map_err(|cause| message(cause.as_ref()));
    }
    let _one_at_a_time = EXCHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    let caller = thread::current().id();
    let former: Arc<Hook> = Arc::new(panic::take_hook());
    let shared = Arc::clone(&former);
    panic::set_hook(Box::new(move |info| {
        let thread = thread::current();
        let sled = thread.name().is_some_and(|name| name.starts_with("sled-"));
        if thread.id() != caller && !sled {
            shared(info);
        }
    }));
    // Nothing that the call may leave half done is used again: the database is closed after it.
    let outcome = panic::catch_unwind(AssertUnwindSafe(call));
    drop(panic::take_hook());
    if let Some(hook) = Arc::into_inner(former) {
        panic::set_hook(hook);
    }
    outcome.map_err(|cause| message(cause.as_ref()))
}

fn message(cause: &(dyn Any + Send)) -> String {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied());
    // sled's messages can run over many lines; the first says what happened.
    let first = text.and_then(|text| text.lines().next());
    format!("it panicked: {}", first.unwrap_or("no reason given"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_a_value_passes() {
        assert_eq!(quietly(|| 7), Ok(7));
        let outcome = quietly(|| panic!("page {} is gone\nand more", 3));
        assert_eq!(outcome, Err::<(), _>("it panicked: page 3 is gone".to_owned()));
    }
}
