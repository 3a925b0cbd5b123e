//! The directory `lost+found`: what a crash or damage left over is moved there, never deleted.

use std::path::PathBuf;

use crate::durable;
use crate::error::Error;
use crate::layout::Layout;

/// Keeps `bytes` durably in a new file whose name begins with `name`, and returns its path.
pub(crate) fn keep(layout: &Layout, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
    durable::create_dirs(&layout.aside())?;
    let path = free_name(layout, name);
    durable::write(&path, bytes)?;
    Ok(path)
}

/// Returns a path in `lost+found` that is not taken.
pub(crate) fn free_name(layout: &Layout, name: &str) -> PathBuf {
    let mut path = layout.aside().join(name);
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = layout.aside().join(format!("{name}.{number}"));
    }
    path
}
