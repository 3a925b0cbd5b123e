//! Mirror: the only user of the network.
//!
//! [`client::Client`] fetches the bytes of one address, within limits, for whoever captures them;
//! what the bytes mean is for others to say. Servers are strangers: a body has a largest size, a
//! fetch a longest time, redirects stay on their host, and a server that asks to be asked later is
//! obeyed, a few times and not for long. Clients are strangers too: [`serve`] bounds what they send
//! and how long they take.

mod backoff;
pub mod client;
pub mod cosign;
mod disk;
pub mod history;
pub mod mirror;
pub mod place;
pub mod publish;
pub mod published;
pub mod remote_tree;
pub mod serve;
pub mod stop;
pub mod witness;
