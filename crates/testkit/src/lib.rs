//! Ledgers for tests: whole ones, and ones that are wrong in exactly one place.
//!
//! Everything is made from fixed seeds and a fixed clock, so that the same call gives the same
//! bytes on every machine. The keys are public and good for nothing else. [`golden`] and
//! [`vectors`] hold what `tests/golden/` and `tests/vectors/` are made of.

pub mod casebook;
pub mod container;
pub mod draft;
pub mod forge;
pub mod golden;
pub mod keyring;
pub mod mill;
pub mod random;
pub mod value;
pub mod vector;
pub mod vectors;
