//! Mirror: the only user of the network.
//!
//! [`client::Client`] fetches the bytes of one address, within limits, for whoever captures them.
//! What the bytes mean is for others to say; nothing here reads or writes a file. Servers are
//! strangers: a body has a largest size, a fetch a longest time, redirects stay on their host, and
//! a server that asks to be asked later is obeyed, a few times and not for long.

mod backoff;
pub mod client;
pub mod history;
pub mod place;
pub mod publish;
pub mod published;
