//! Where in a workspace a file may be read or created, by a path that somebody else wrote.
//!
//! Entry points: [`creatable`] and [`readable`]. A path is taken only as a plain one below the folder: no way up, no root, no hidden part. What
//! leads out through a link is refused, and so is what ignore files leave out. Both touch the disk, so they belong on a thread of their own.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::workspace::is_ignored;

/// A longer path is none that a person would write.
const MOST_PATH_BYTES: usize = 240;

/// A larger file is not one that a model is shown.
const MOST_BYTES: u64 = 256 * 1024;

/// Why a path is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not a plain path below the folder.
    #[error("{0} is no plain path within the workspace")]
    Outside(String),
    /// A link on its way leads out.
    #[error("{0} leads out of the workspace by a link")]
    Link(String),
    /// Ignore files leave it out.
    #[error("{0} is ignored in this workspace")]
    Ignored(String),
    /// There is such a file.
    #[error("{0} exists already")]
    Exists(String),
    /// There is none, or it is no text of a bearable size.
    #[error("{0} cannot be read as text")]
    Unreadable(String),
}

/// Returns where a file of a path may be created: it is not there yet.
pub fn creatable(folder: &Path, path: &str) -> Result<PathBuf, Refusal> {
    let place = within(folder, path)?;
    if place.symlink_metadata().is_ok() {
        return Err(Refusal::Exists(shown(path)));
    }
    Ok(place)
}

/// Returns the text of a file that is there.
pub fn readable(folder: &Path, path: &str) -> Result<(PathBuf, String), Refusal> {
    let place = within(folder, path)?;
    let unreadable = |_| Refusal::Unreadable(shown(path));
    if !place.metadata().map_err(unreadable)?.is_file() {
        return Err(Refusal::Unreadable(shown(path)));
    }
    let mut text = String::new();
    let file = std::fs::File::open(&place).map_err(unreadable)?;
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text);
    if read.map_err(unreadable)? as u64 > MOST_BYTES {
        return Err(Refusal::Unreadable(shown(path)));
    }
    Ok((place, text))
}

/// Returns where a path leads, if that is within the folder and not ignored.
fn within(folder: &Path, path: &str) -> Result<PathBuf, Refusal> {
    let outside = || Refusal::Outside(shown(path));
    if path.is_empty() || path.len() > MOST_PATH_BYTES || !path.split('/').all(is_plain) {
        return Err(outside());
    }
    let relative = Path::new(path);
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return Err(outside());
    }
    let root = folder.canonicalize().map_err(|_| outside())?;
    let place = root.join(relative);
    // The part of the way that is there must be where it seems to be.
    let existing = place
        .ancestors()
        .find(|part| part.symlink_metadata().is_ok())
        .ok_or_else(outside)?;
    let real = existing
        .canonicalize()
        .map_err(|_| Refusal::Link(shown(path)))?;
    if !real.starts_with(&root) || real != existing {
        return Err(Refusal::Link(shown(path)));
    }
    if is_ignored(&root, relative) {
        return Err(Refusal::Ignored(shown(path)));
    }
    // By the folder's name as the editor has it, which may itself lead over a link.
    Ok(folder.join(relative))
}

/// Returns whether a part of a path is a name: neither hidden nor special on any system.
fn is_plain(part: &str) -> bool {
    let is_odd =
        |c: char| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    !part.is_empty()
        && !part.starts_with(['.', '~', ' '])
        && !part.ends_with(['.', ' '])
        && !part.chars().any(is_odd)
}

fn shown(path: &str) -> String {
    let plain: String = path.chars().filter(|c| !c.is_control()).take(100).collect();
    format!("\"{plain}\"")
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_below_the_folder_is_taken_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("src")).unwrap();
        assert_eq!(creatable(&root, "src/a.rs"), Ok(root.join("src/a.rs")));
        assert_eq!(
            creatable(&root, "new/deep/a.rs"),
            Ok(root.join("new/deep/a.rs"))
        );
        for path in [
            "",
            "/etc/passwd",
            "../a.rs",
            "src/../../a.rs",
            "~/.ssh/config",
            ".ssh/config",
            ".git/hooks/pre-commit",
            "src/.env",
            "src//a.rs",
            "src/",
            "C:\\a.rs",
            "src\\a.rs",
            "a\nb",
            "src/./a.rs",
            "a.rs ",
            "con:",
            "a|b",
        ] {
            assert!(
                matches!(creatable(&root, path), Err(Refusal::Outside(_))),
                "{path:?}"
            );
        }
        let long = format!("{}.rs", "a/".repeat(200));
        assert!(creatable(&root, &long).is_err());
    }

    #[test]
    fn a_link_that_leads_out_is_refused_and_so_is_any_other_on_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("a.rs"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", folder.path().join("lost")).unwrap();
        for path in ["out/a.rs", "out/b.rs", "lost", "lost/b.rs"] {
            assert!(
                matches!(creatable(folder.path(), path), Err(Refusal::Link(_))),
                "{path}"
            );
            assert!(readable(folder.path(), path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_there_is_read_and_not_created_again() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rs"), "fn a() {}\n").unwrap();
        std::fs::write(folder.path().join("bytes"), [0xff, 0xfe]).unwrap();
        std::fs::write(folder.path().join("large"), " ".repeat(300 * 1024)).unwrap();
        assert!(matches!(
            creatable(folder.path(), "a.rs"),
            Err(Refusal::Exists(_))
        ));
        assert_eq!(readable(folder.path(), "a.rs").unwrap().1, "fn a() {}\n");
        for path in ["bytes", "large", "none", "a.rs/b"] {
            assert!(readable(folder.path(), path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_ignored_is_neither_read_nor_created() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join(".git/info")).unwrap();
        std::fs::create_dir(root.join("kept")).unwrap();
        std::fs::write(root.join(".gitignore"), "target/\n*.secret\n").unwrap();
        std::fs::write(root.join(".ignore"), "private.rs\n").unwrap();
        std::fs::write(root.join(".git/info/exclude"), "mine.rs\n").unwrap();
        std::fs::write(root.join("kept/.gitignore"), "!b.secret\nc.rs\n").unwrap();
        std::fs::write(root.join("a.secret"), "x").unwrap();
        for path in [
            "target/a.rs",
            "a.secret",
            "private.rs",
            "deep/private.rs",
            "mine.rs",
            "kept/c.rs",
        ] {
            assert!(
                matches!(creatable(root, path), Err(Refusal::Ignored(_))),
                "{path}"
            );
        }
        assert!(readable(root, "a.secret").is_err());
        assert!(creatable(root, "kept/b.secret").is_ok() && creatable(root, "a.rs").is_ok());
        // A workspace below the repository's top obeys its ignore files too.
        assert!(matches!(
            creatable(&root.join("kept"), "x.secret"),
            Err(Refusal::Ignored(_))
        ));
    }
}
