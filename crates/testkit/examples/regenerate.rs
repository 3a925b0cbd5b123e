//! Writes `tests/golden/` and `tests/vectors/` anew: `cargo run -p tally-testkit --example
//! regenerate`. What differs then shows in version control. Files that nothing makes are removed,
//! except for the README of each folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use tally_testkit::{golden, vectors};

fn main() -> io::Result<()> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    replace(&tests.join("golden"), &golden::files())?;
    let vectors = vectors::all().into_iter();
    let vectors = vectors.map(|v| (format!("{}.vector", v.name), v.to_string().into_bytes()));
    replace(&tests.join("vectors"), &vectors.collect())
}

fn replace(folder: &PathBuf, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name != "README.md" && !files.contains_key(&name) {
            fs::remove_file(file.path())?;
        }
    }
    files.iter().try_for_each(|(name, content)| fs::write(folder.join(name), content))
}
