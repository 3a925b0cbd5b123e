//! Divergence: what was said in public, held against what is recorded (docs/DIVERGENCE.md).
//!
//! [`diverge`] runs every rule of [`rules::RULES`] over a replayed ledger and returns a
//! [`Report`]. This crate is pure: the same timeline and instant give the same report, in the same
//! order. It compares texts and times; it knows no cause and no intent.
#![warn(clippy::disallowed_methods)]
#![cfg_attr(
    test,
    allow(clippy::needless_pass_by_value, reason = "tests hand over documents as literals")
)]

mod allowance;
mod capture;
pub mod case;
pub mod claims;
mod clock;
mod committed;
mod duty;
mod exact;
pub mod finding;
mod happening;
mod incident;
mod index;
mod length;
mod listing;
mod own_words;
pub mod pack;
mod point;
#[cfg(test)]
mod probe;
mod quotation;
mod reach;
pub mod reply;
mod report;
pub mod review;
pub mod rules;
pub mod source;
mod times;
mod topic;
mod weigh;
mod words;

pub use case::{Terms, Texts};
pub use length::duration;
pub use pack::Packs;
pub use report::{Report, diverge};
pub use times::Times;
