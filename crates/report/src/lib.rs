//! What Tally shows: verifications, timelines and findings, as text, JSON, HTML and SARIF.
//!
//! This crate is pure: it returns strings. Same input, same bytes; colour and width are arguments.
//! What comes out of a ledger or a statement is hostile text and passes [`text::escaped`] before a
//! terminal sees it. The structures of the JSON are this crate's own, apart from the signed format.
#![warn(clippy::disallowed_methods)]

mod address;
pub mod entry;
pub mod equivocation;
pub mod findings;
pub mod html;
pub mod proof;
pub mod sarif;
pub mod text;
pub mod timeline;
pub mod verification;
