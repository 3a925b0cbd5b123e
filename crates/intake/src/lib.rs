//! Intake: public texts as people post them become events of the vocabulary.
//!
//! This crate is pure: bytes in, structures out; no disk, network, clock or randomness. Everything
//! it reads is a stranger's: sizes, depths and counts have limits, and what could not be understood
//! is listed with its line, never skipped in silence.
#![warn(clippy::disallowed_methods)]

pub mod account;
pub mod bugzilla;
pub mod certificates;
pub mod claims;
pub mod draft;
pub mod json;
pub mod moment;
pub mod phrase;
pub mod reconstruction;
pub mod report;
pub mod whiteboard;
