//! Placeholder.

#![warn(clippy::disallowed_methods)]
