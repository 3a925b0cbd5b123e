//! The tests that look at the whole: one binary, one module for each purpose.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod case_sources;
mod cli;
mod demo;
mod documents;
mod foreign;
mod format_doc;
mod golden;
mod tidy;
mod vectors;
