//! Which files must not leave the machine.
//!
//! Entry point: [`by_path`], of which [`confinement`](super::confinement) asks for a path and for where its links lead. Two rules confine a file: its name says that it holds secrets ([`secret`]), or an ignore file that people
//! write for assistants names it ([`IGNORE_FILES`]), in its folder or any above. Such a file is no context of any prompt, and as the open
//! document it is completed on this machine only. What `.gitignore` names is no context either (the walk leaves it out, and of what is open
//! [`is_ignored`](super::is_ignored) tells), but may be completed: the user opened it.

use std::fmt;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The files, in the syntax of `.gitignore`, that say what assistants must not read.
pub const IGNORE_FILES: [&str; 6] = [
    ".aiignore",
    ".cursorignore",
    ".continueignore",
    ".clineignore",
    ".copilotignore",
    ".aiexclude",
];

/// Why a file is confined to this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// By its name it holds secrets.
    Secret,
    /// This ignore file names it.
    Ignored(&'static str),
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret => formatter.write_str("files of this name hold secrets"),
            Self::Ignored(file) => write!(formatter, "{file} names it"),
        }
    }
}

/// The most folders that are looked through for ignore files; no real path is deeper.
const DEEPEST: usize = 64;

/// Returns why a file's text must not leave the machine, if it must not, by its path as it stands. Reads the ignore files of its folder and those above.
pub(super) fn by_path(path: &Path) -> Option<Rule> {
    if let Some(rule) = secret(path) {
        return Some(rule);
    }
    let folders: Vec<&Path> = path.ancestors().skip(1).take(DEEPEST).collect();
    IGNORE_FILES
        .into_iter()
        .find(|name| is_ignored(path, &folders, name))
        .map(Rule::Ignored)
}

/// Returns whether the ignore files of one name exclude a file, as git would: the deepest that has a say decides, and nothing under an
/// excluded folder comes back.
fn is_ignored(path: &Path, folders: &[&Path], name: &str) -> bool {
    let written: Vec<Option<Gitignore>> = folders.iter().map(|folder| read(folder, name)).collect();
    if written.iter().all(Option::is_none) {
        return false;
    }
    let says = |target: &Path, is_folder: bool, above: &[Option<Gitignore>]| {
        let matched = above
            .iter()
            .flatten()
            .map(|written| written.matched(target, is_folder))
            .find(|matched| !matched.is_none());
        matches!(matched, Some(Match::Ignore(_)))
    };
    says(path, false, &written)
        || (0..folders.len()).any(|at| says(folders[at], true, &written[at + 1..]))
}

fn read(folder: &Path, name: &str) -> Option<Gitignore> {
    let file = folder.join(name);
    if !file.is_file() {
        return None;
    }
    let mut builder = GitignoreBuilder::new(folder);
    // What cannot be read of it is left out; the rest holds.
    let _ = builder.add(&file);
    builder.build().ok()
}

/// Files of these names hold secrets, whatever is in them.
const NAMES: [&str; 22] = [
    ".env",
    ".envrc",
    ".npmrc",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".htpasswd",
    ".pgpass",
    ".my.cnf",
    ".dockercfg",
    ".vault-token",
    ".yarnrc.yml",
    "credentials",
    "credentials.json",
    "credentials.toml",
    "secrets.json",
    "secrets.toml",
    "secrets.yaml",
    "secrets.yml",
    "kubeconfig",
    ".terraformrc",
];

/// And those whose names begin with one of these,
const BEGINNINGS: [&str; 7] = [
    ".env.",
    ".env-",
    ".env_",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
];

/// and those with one of these extensions,
const EXTENSIONS: [&str; 19] = [
    "pem", "key", "p12", "pfx", "pkcs12", "jks", "keystore", "kdbx", "kdb", "ppk", "gpg", "age",
    "asc", "p8", "ovpn", "tfvars", "tfstate", "keychain", "env",
];

/// and all in a folder of one of these names;
const FOLDERS: [&str; 5] = [".ssh", ".gnupg", ".aws", ".kube", ".azure"];

/// but none with one of these extensions: the public half of a key pair is no secret, and neither is a template that shows which variables there are.
const HARMLESS: [&str; 5] = ["pub", "example", "sample", "template", "dist"];

/// Returns whether a file holds secrets by its name, whatever its content.
pub fn secret(path: &Path) -> Option<Rule> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if HARMLESS.contains(&extension) {
        return None;
    }
    let is_secret = NAMES.contains(&name.as_str())
        || EXTENSIONS.contains(&extension)
        || BEGINNINGS.iter().any(|begin| name.starts_with(begin))
        || path.parent().is_some_and(|parent| {
            parent.components().any(|part| {
                FOLDERS
                    .iter()
                    .any(|folder| part.as_os_str().eq_ignore_ascii_case(folder))
            })
        });
    is_secret.then_some(Rule::Secret)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::confinement;
    use super::*;

    #[test]
    fn files_that_hold_secrets_are_known_by_their_names() {
        let secret = |path: &str| super::secret(Path::new(path)).is_some();
        for path in [
            "/w/.env",
            "/w/.env.local",
            "/w/.env-prod",
            "/w/.env_local",
            "/w/prod.env",
            "/w/server.pem",
            "/w/tls.KEY",
            "/w/id_ed25519",
            "/w/.npmrc",
            "/home/u/.netrc",
            "/home/u/.ssh/config",
            "/home/u/.AWS/config",
            "/w/terraform.tfvars",
        ] {
            assert!(secret(path), "{path}");
        }
        for path in [
            "/w/env.rs",
            "/w/.environment",
            "/w/id_foo",
            "/w/.env.example",
            "/w/key.rs",
            "/w/id_rsa.pub",
            "/w/keys.py",
            "/w/identity.go",
        ] {
            assert!(!secret(path), "{path}");
        }
    }

    #[test]
    fn the_page_about_what_is_sent_has_every_name() {
        let page = include_str!("../../docs/context.md");
        let (_, told) = page.split_once("## What is never sent").expect("a heading");
        let (told, _) = told.split_once("\n## ").expect("another one");
        let with = |before: &'static str, names: &'static [&'static str], after: &'static str| {
            names
                .iter()
                .map(move |name| format!("`{before}{name}{after}`"))
        };
        let names = with("", &NAMES, "")
            .chain(with("", &IGNORE_FILES, ""))
            .chain(with("", &BEGINNINGS, "*"))
            .chain(with("*.", &EXTENSIONS, ""))
            .chain(with("", &FOLDERS, ""))
            .chain(with("*.", &HARMLESS, ""));
        let untold: Vec<String> = names.filter(|name| !told.contains(name)).collect();
        assert_eq!(untold, Vec::<String>::new());
    }

    #[test]
    fn every_ignore_file_confines_and_a_deeper_one_may_say_otherwise() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("a/b")).expect("folders");
        let file = root.join("a/b/secret.rs");
        for name in IGNORE_FILES {
            fs::write(root.join(name), "secret.rs\n").expect("a file");
            assert_eq!(confinement(&file), Some(Rule::Ignored(name)));
            assert_eq!(confinement(&root.join("a/b/other.rs")), None);
            fs::write(root.join("a").join(name), "!secret.rs\n").expect("a file");
            assert_eq!(confinement(&file), None);
            fs::remove_file(root.join("a").join(name)).expect("it is there");
            fs::remove_file(root.join(name)).expect("it is there");
        }
    }

    #[test]
    fn nothing_under_an_excluded_folder_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("private/deep")).expect("folders");
        fs::write(root.join(".aiignore"), "private/\n").expect("a file");
        fs::write(root.join("private/.aiignore"), "!*\n").expect("a file");
        let file = root.join("private/deep/a.rs");
        assert_eq!(confinement(&file), Some(Rule::Ignored(".aiignore")));
    }

    #[test]
    fn the_walk_and_the_rules_agree() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("src/gen")).expect("folders");
        fs::write(root.join(".cursorignore"), "*.gen.rs\ngen/\n").expect("a file");
        for file in ["src/a.rs", "src/b.gen.rs", "src/gen/c.rs", "src/server.pem"] {
            fs::write(root.join(file), "fn f() {}\n").expect("a file");
        }
        let walked: Vec<_> = super::super::walk::sendable(root).collect();
        assert_eq!(walked, [root.join("src/a.rs")]);
        assert_eq!(confinement(&root.join("src/a.rs")), None);
        assert!(confinement(&root.join("src/gen/c.rs")).is_some());
    }
}
