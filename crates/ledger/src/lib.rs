//! The Tally format and its verifier.
//!
//! This crate implements `docs/FORMAT.md`: entries, feeds, keys and authority, the tree and its
//! checkpoints, bundles and extracts, the vocabulary of events, and the replay of a verified
//! ledger into facts. It is pure: no disk, no network, no clock, no environment, no randomness.
//! Time is an argument, and input is whatever implements [`std::io::Read`].
//!
//! Everything that comes from outside is hostile until [`verify`] has seen it.
//! [`verify::VerifiedLedger`] has private fields and is the only way from bytes to facts.
#![warn(clippy::disallowed_methods)]

pub mod authority;
pub mod bundle;
pub mod cbor;
mod chain;
pub mod claim;
pub mod consistency;
pub mod entry;
pub mod equivocation;
pub mod extract;
pub mod fault;
pub mod governance;
pub mod hash;
pub mod head;
pub mod key;
pub mod name;
pub mod note;
pub mod payload;
pub mod policy;
pub mod proof;
pub mod receipt;
pub mod replay;
mod shape;
mod stream;
pub mod tile;
pub mod time;
pub mod tree;
pub mod verify;
pub mod vocabulary;
