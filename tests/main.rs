//! The tests that look at the whole: one binary, one module for each purpose.

mod golden;
mod tidy;
