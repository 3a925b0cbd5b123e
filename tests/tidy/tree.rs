//! The files that the rules look at.

use std::collections::BTreeMap;
use std::path::Path;

/// Every file of the repository by its path, with `/` between folders. A file that is not UTF-8
/// stands with an empty text: the rules about names and places still see it.
pub(super) struct Tree {
    files: BTreeMap<String, String>,
}

/// The file types in which people write code or prose, as opposed to data.
const WRITTEN: [&str; 9] = ["rs", "toml", "md", "py", "go", "sh", "cddl", "html", "css"];

impl Tree {
    pub(super) fn of_this_repository() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let ignored = Ignored::parse(
            &std::fs::read_to_string(top.join(".gitignore")).expect("the repository has the file"),
        );
        let mut files = BTreeMap::new();
        walk(&top, "", &ignored, &mut files);
        Self { files }
    }

    pub(super) fn sample(files: &[(&str, &str)]) -> Self {
        let owned = files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned()));
        Self { files: owned.collect() }
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The Rust sources, with their texts.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(|(path, _)| extension(path) == Some("rs"))
    }

    /// All that people wrote: sources, documents, configuration and the script of `.ci`.
    pub(super) fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(|(path, _)| {
            path.starts_with(".ci/") || extension(path).is_some_and(|e| WRITTEN.contains(&e))
        })
    }

    /// The manifests of our crates, by the name of their folder, parsed.
    pub(super) fn manifests(&self) -> Vec<(&str, &str, toml::Table)> {
        let mut found = Vec::new();
        for (path, text) in self.all() {
            let inner = path.strip_prefix("crates/").and_then(|p| p.strip_suffix("/Cargo.toml"));
            if let Some(folder) = inner {
                found.push((folder, path, text.parse().expect("cargo has read this manifest")));
            }
        }
        found
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// What follows the last dot of the last segment of a path.
pub(super) fn extension(path: &str) -> Option<&str> {
    Path::new(path).extension()?.to_str()
}

/// The patterns of `.gitignore`, of the three shapes that the file uses.
struct Ignored {
    patterns: Vec<String>,
}

impl Ignored {
    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let patterns: Vec<String> = lines.map(str::to_owned).collect();
        for pattern in &patterns {
            let rest = pattern.trim_start_matches("*.").trim_matches('/');
            assert!(
                !rest.contains(['*', '?', '[', '!', '/']),
                ".gitignore: {pattern:?} is not of the shapes /NAME, NAME/ and *.EXTENSION"
            );
        }
        Self { patterns }
    }

    fn covers(&self, path: &str, name: &str, is_folder: bool) -> bool {
        self.patterns.iter().any(|pattern| {
            if let Some(ending) = pattern.strip_prefix('*') {
                name.ends_with(ending)
            } else if let Some(top) = pattern.strip_prefix('/') {
                path == top.trim_end_matches('/')
            } else {
                name == pattern.trim_end_matches('/') && (is_folder || !pattern.ends_with('/'))
            }
        })
    }
}

fn walk(folder: &Path, prefix: &str, ignored: &Ignored, files: &mut BTreeMap<String, String>) {
    for item in std::fs::read_dir(folder).expect("the folder was listed by its parent") {
        let item = item.expect("the folder can be read");
        let name = item.file_name().into_string().expect("file names are UTF-8");
        let path = format!("{prefix}{name}");
        let kind = item.file_type().expect("the file system tells the type");
        if path == ".git" || ignored.covers(&path, &name, kind.is_dir()) {
            continue;
        }
        if kind.is_dir() {
            walk(&item.path(), &format!("{path}/"), ignored, files);
        } else {
            let bytes = std::fs::read(item.path()).expect("a file of the repository can be read");
            files.insert(path, String::from_utf8(bytes).unwrap_or_default());
        }
    }
}

#[test]
fn the_walk_sees_the_repository() {
    let tree = Tree::of_this_repository();
    for path in ["Cargo.toml", ".ci/run", "crates/ledger/src/lib.rs", "tests/tidy/tree.rs"] {
        assert!(tree.text(path).is_some_and(|text| !text.is_empty()), "{path} was not seen");
    }
    assert!(tree.manifests().iter().any(|(folder, ..)| *folder == "cli"));
    assert!(tree.paths().all(|path| !path.starts_with("target/") && !path.starts_with(".git/")));
}

#[test]
fn what_git_ignores_is_not_looked_at() {
    let ignored = Ignored::parse("/target\n*.profraw\n# a comment\n\n__pycache__/\n");
    assert!(ignored.covers("target", "target", true));
    assert!(!ignored.covers("crates/target", "target", true));
    assert!(ignored.covers("crates/x.profraw", "x.profraw", false));
    assert!(ignored.covers("tests/foreign/__pycache__", "__pycache__", true));
    assert!(!ignored.covers("Cargo.toml", "Cargo.toml", false));
}
