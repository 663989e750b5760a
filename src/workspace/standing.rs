//! How far a file may go, by all that the disk says of it.
//!
//! Entry point: [`standing`]. A path over links names a file that has another place too. It is judged by both: it goes no further than either may, so that
//! a link takes nothing out of a rule. This reads the disk, so it is found out when a document is opened and when ignore files change, and kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ignored::is_ignored;
use super::rules::{self, Rule};

/// How far a file may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why its text must not leave the machine, if it must not.
    pub confined: Option<Rule>,
    /// Whether ignore files leave it out, so that it is context of no other.
    pub is_ignored: bool,
    /// Where it really is, if that is elsewhere.
    pub real: Option<Real>,
}

/// Where a file really is, if links lead elsewhere than its path says: rules about files are about this place, too. Clones are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Real {
    /// Its path as rules judge it: from the workspace's folder on if it is in there, else all of it.
    pub path: Arc<str>,
    /// Whether it is in the workspace's folder.
    pub is_within: bool,
}

/// More links and parts of a path than these are not followed; no real path is deeper.
const DEEPEST: usize = 64;

/// Looks how far a file may go: by its path and by where that leads. `folder` is the workspace's, if the file lies in one.
pub fn standing(path: &Path, folder: Option<&Path>) -> Standing {
    let real = led(path);
    let base = folder.map(base);
    let is_left_out_there = |real: &PathBuf| is_left_out(real, base.as_deref());
    Standing {
        confined: rules::by_path(path).or_else(|| rules::by_path(real.as_deref()?)),
        is_ignored: is_left_out(path, folder) || real.as_ref().is_some_and(is_left_out_there),
        real: real.and_then(|real| Real::new(path, folder, &real, base.as_deref())),
    }
}

/// Returns why a file's text must not leave the machine, if it must not, by its path or by where that leads.
pub fn confinement(path: &Path) -> Option<Rule> {
    rules::by_path(path).or_else(|| rules::by_path(&led(path)?))
}

/// Returns whether ignore files leave a file out; one in no folder is judged from its own on.
fn is_left_out(path: &Path, folder: Option<&Path>) -> bool {
    let root = folder
        .filter(|folder| path.starts_with(folder))
        .or(path.parent());
    let relative = root.and_then(|root| Some((root, path.strip_prefix(root).ok()?)));
    relative.is_some_and(|(root, relative)| is_ignored(root, relative))
}

impl Real {
    /// Looks where a file really is.
    pub fn of(path: &Path, folder: Option<&Path>) -> Option<Self> {
        Self::new(path, folder, &led(path)?, folder.map(base).as_deref())
    }

    fn new(path: &Path, folder: Option<&Path>, real: &Path, base: Option<&Path>) -> Option<Self> {
        let inner = base.and_then(|base| real.strip_prefix(base).ok());
        let written = folder.and_then(|folder| path.strip_prefix(folder).ok());
        // Where all of the folder lies elsewhere, its files are where they seem to be in it.
        if inner.is_some() && inner == written {
            return None;
        }
        let judged = inner.unwrap_or(real).to_string_lossy().replace('\\', "/");
        Some(Self {
            path: judged.into(),
            is_within: inner.is_some(),
        })
    }
}

/// Returns where a path leads over links, if elsewhere. What is not there yet would be where what is above it leads.
fn led(path: &Path) -> Option<PathBuf> {
    let mut steps = DEEPEST;
    follow(path, &mut steps).filter(|led| led != path)
}

/// Returns where a folder leads, if it is there.
fn base(folder: &Path) -> PathBuf {
    led(folder).unwrap_or_else(|| folder.to_owned())
}

fn follow(path: &Path, steps: &mut usize) -> Option<PathBuf> {
    *steps = steps.checked_sub(1)?;
    if let Ok(real) = path.canonicalize() {
        return Some(plain(real));
    }
    let folder = path.parent()?;
    match path.read_link() {
        // What this link leads to is not there yet.
        Ok(target) => follow(&folder.join(target), steps),
        Err(_) => Some(follow(folder, steps)?.join(path.file_name()?)),
    }
}

/// Returns a canonical path as it is written elsewhere: Windows gives it a prefix that says it is one.
fn plain(real: PathBuf) -> PathBuf {
    if !cfg!(windows) {
        return real;
    }
    match real.to_str().and_then(without_prefix) {
        Some(written) => written.into(),
        None => real,
    }
}

fn without_prefix(canonical: &str) -> Option<String> {
    let rest = canonical.strip_prefix(r"\\?\")?;
    match rest.strip_prefix(r"UNC\") {
        Some(share) => Some(format!(r"\\{share}")),
        None => (rest.as_bytes().get(1) == Some(&b':')).then(|| rest.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_path_of_windows_is_written_as_any_other() {
        for (canonical, written) in [
            (r"\\?\C:\w\a.rs", Some(r"C:\w\a.rs")),
            (r"\\?\UNC\host\share\a.rs", Some(r"\\host\share\a.rs")),
            (r"\\?\Volume{1-2}\a.rs", None),
            (r"C:\w\a.rs", None),
        ] {
            assert_eq!(without_prefix(canonical).as_deref(), written);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_judged_by_where_it_seems_to_be_and_by_where_it_is() {
        use std::fs;
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().expect("a folder");
        let home = home.path().canonicalize().expect("it is there");
        let root = home.join("w");
        fs::create_dir_all(root.join("closed")).expect("folders");
        fs::create_dir_all(root.join("hidden")).expect("folders");
        fs::write(root.join(".aiignore"), "/closed/\n").expect("a file");
        fs::write(root.join(".gitignore"), "/hidden/\n").expect("a file");
        for (target, link) in [
            ("closed", "w/open"),
            ("hidden/a.rs", "w/b.rs"),
            (".env", "w/lost"),
            ("round", "w/round"),
            ("..", "w/up"),
            ("w", "link"),
        ] {
            symlink(target, home.join(link)).expect("a link");
        }
        let of = |path: &str, folder: &str| {
            let standing = standing(&home.join(path), Some(&home.join(folder)));
            let real = standing.real.map(|real| (real.path, real.is_within));
            let real = real.map(|(path, is_within)| (path.to_string(), is_within));
            (standing.confined, standing.is_ignored, real)
        };
        let within = |path: &str| Some((path.to_owned(), true));
        let closed = Some(Rule::Ignored(".aiignore"));
        assert_eq!(of("w/a.rs", "w"), (None, false, None));
        assert_eq!(of("w/closed/a.rs", "w"), (closed, false, None));
        // It is not there yet.
        let deep = within("closed/deep/a.rs");
        assert_eq!(of("w/open/deep/a.rs", "w"), (closed, false, deep));
        assert_eq!(of("w/b.rs", "w"), (None, true, within("hidden/a.rs")));
        let secret = Some(Rule::Secret);
        assert_eq!(of("w/lost", "w"), (secret, false, within(".env")));
        let outside = home.join("c.rs").to_string_lossy().into_owned();
        assert_eq!(of("w/up/c.rs", "w"), (None, false, Some((outside, false))));
        // A link that leads nowhere ends.
        assert_eq!(of("w/round", "w"), (None, false, None));
        // The folder itself is a link.
        assert_eq!(of("link/a.rs", "link"), (None, false, None));
        assert_eq!(of("link/closed/a.rs", "link").0, closed);
        let outside = home.join("w/closed/a.rs");
        assert_eq!(confinement(&outside), closed);
        assert_eq!(confinement(&root.join("open/a.rs")), closed);
    }
}
