//! The projects that are measured on: whatever the machine has, chosen alike on every machine that has the same.

use std::fs;
use std::path::{Path, PathBuf};

use byok_lsp::syntax::Language;

/// A project: its folder and its files in one language.
pub struct Project {
    pub name: String,
    pub folder: PathBuf,
    pub language: Language,
    pub files: Vec<(PathBuf, String)>,
}

/// The languages, and the extension of their files.
const LANGUAGES: [(&str, &str); 4] = [
    ("rust", "rs"),
    ("python", "py"),
    ("typescript", "ts"),
    ("go", "go"),
];

/// Finds the projects, those for fitting or those for measuring.
pub fn projects(for_fit: bool, quick: bool) -> Vec<Project> {
    let mut found = Vec::new();
    for (language, extension) in LANGUAGES {
        let folders = candidates(language).into_iter();
        let mut projects: Vec<Project> = folders
            .filter_map(|folder| project(&folder, language, extension))
            .collect();
        projects.sort_by(|a, b| (hash(&a.name), &a.name).cmp(&(hash(&b.name), &b.name)));
        let most = if quick { 3 } else { 8 };
        let mine = projects.into_iter().enumerate();
        let mine = mine.filter(|(at, _)| at.is_multiple_of(2) != for_fit);
        found.extend(mine.map(|(_, project)| project).take(most));
    }
    found
}

/// Finds every project of the folder that `BYOK_BENCH_PROJECTS` names.
pub fn all() -> Vec<Project> {
    let Some(root) = std::env::var_os("BYOK_BENCH_PROJECTS").map(PathBuf::from) else {
        return Vec::new();
    };
    let of_language = LANGUAGES.iter().flat_map(|(language, extension)| {
        let folders = folders(&root.join(language)).into_iter();
        folders.filter_map(|folder| project(&folder, language, extension))
    });
    of_language.collect()
}

fn candidates(language: &str) -> Vec<PathBuf> {
    match language {
        "rust" => {
            let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
            let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
            let registries = home.map(|home| folders(&home.join("registry/src")));
            let registries = registries.into_iter().flatten();
            registries.flat_map(|registry| folders(&registry)).collect()
        }
        "python" => {
            let mut found = Vec::new();
            for library in folders(Path::new("/usr/lib")) {
                if library.to_string_lossy().contains("python3") {
                    found.extend(folders(&library));
                    found.extend(folders(&library.join("dist-packages")));
                }
            }
            found
        }
        _ => {
            let root = std::env::var_os("BYOK_BENCH_PROJECTS").map(PathBuf::from);
            let lists = root.map(|root| folders(&root.join(language)));
            lists.into_iter().flatten().collect()
        }
    }
}

fn project(folder: &Path, language: &str, extension: &str) -> Option<Project> {
    const GENERATED: [&str; 12] = [
        "windows",
        "winapi",
        "linux-raw",
        "libc-",
        "tree-sitter-",
        "-sys-",
        "icu_",
        "web",
        "tzdb",
        "gen-lsp",
        "unicode",
        "encod",
    ];
    let name = folder.file_name()?.to_str()?.to_owned();
    let only = std::env::var("BYOK_BENCH_ONLY").unwrap_or_default();
    if !name.contains(&only) {
        return None;
    }
    if GENERATED.iter().any(|part| name.contains(part)) || name == "test" || name == "idlelib" {
        return None;
    }
    let mut files = Vec::new();
    collect(folder, extension, &mut files);
    files.sort();
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    let is_fit = (5..400).contains(&files.len()) && (1_500..80_000).contains(&lines);
    is_fit.then_some(Project {
        name,
        folder: folder.to_owned(),
        language: Language::from_id(language)?,
        files,
    })
}

fn collect(folder: &Path, extension: &str, files: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, extension, files);
        } else if path.extension().is_some_and(|it| it == extension)
            && !path.to_string_lossy().ends_with(".d.ts")
            && let Ok(text) = fs::read_to_string(&path)
        {
            files.push((path, text));
        }
    }
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

pub fn hash(text: &str) -> u64 {
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, hash) >> 7
}

/// A small generator of numbers, the same on every machine (xorshift).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap_or(0)
    }
}
