//! The store from outside: what it keeps, what it refuses, and what accidents do to it.
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail as the tests do")]

mod append;
mod attached;
mod chain;
mod damage;
mod interrupted;
mod killed;
mod opening;
mod read_only;
