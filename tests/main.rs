//! The tests that look at the whole: one binary, one module for each purpose.

mod case_sources;
mod golden;
mod tidy;
