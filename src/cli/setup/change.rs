//! A file of the user's before and after: its diff, its backup, its writing. Nothing is written that was not shown.

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use similar::TextDiff;

/// Settings are a few pages of text; a file of more is something else.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A file as it is.
pub struct Original {
    path: PathBuf,
    text: Option<String>,
}

/// A file as it is and as it is to be.
pub struct Change {
    original: Original,
    new: String,
    /// Whether nobody but us writes it, so that nothing of the user's is in it.
    is_ours: bool,
}

impl Original {
    /// Reads a file, which need not exist. What is behind a link is what is changed, so that the link stays.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let path = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path))?;
        let text = read(&path)?;
        Ok(Self { path, text })
    }

    /// Returns the text; of a file that does not exist, none.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Returns the change to another text.
    pub fn to(self, new: String) -> Change {
        Change {
            original: self,
            new,
            is_ours: false,
        }
    }

    /// Returns the change of a file that is ours alone: it is named rather than shown, and no old one is kept.
    pub fn into_ours(self, new: String) -> Change {
        Change {
            is_ours: true,
            ..self.to(new)
        }
    }

    /// Tells whether the file exists.
    pub fn exists(&self) -> bool {
        self.text.is_some()
    }
}

impl Change {
    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.original.path
    }

    /// Returns what it is to hold.
    pub fn new_text(&self) -> &str {
        &self.new
    }

    /// Tells whether the file exists.
    pub fn exists(&self) -> bool {
        self.original.exists()
    }

    /// Tells whether the file is already as it is to be.
    pub fn is_made(&self) -> bool {
        self.original.text.as_ref() == Some(&self.new)
    }

    /// Tells whether nobody but us writes the file.
    pub fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// Returns the difference, as `diff -u` shows it; empty if there is none.
    pub fn diff(&self) -> String {
        let path = self.path().display().to_string();
        let before = if self.exists() { &path } else { "/dev/null" };
        let diff = TextDiff::from_lines(self.original.text(), &self.new);
        let mut unified = diff.unified_diff();
        unified.context_radius(2).header(before, &path).to_string()
    }

    /// Writes the file, whole or not at all, and returns where the old one was kept.
    pub fn make(&self) -> anyhow::Result<Option<PathBuf>> {
        let path = self.path();
        if read(path)? != self.original.text {
            bail!(
                "{} was changed meanwhile, so nothing was written; run this again",
                path.display()
            );
        }
        let folder = path.parent().context("a file lies in a folder")?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let backup = if self.exists() && !self.is_ours {
            Some(back_up(path)?)
        } else {
            None
        };
        replace(path, &self.new)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(backup)
    }
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    let mut text = String::new();
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{} cannot be read as text", path.display()))?;
    if text.len() as u64 > MAX_BYTES {
        bail!("{} is too large for settings", path.display());
    }
    Ok(Some(text))
}

/// Copies a file beside itself, under the first name that is free, so that no older copy is lost.
fn back_up(path: &Path) -> anyhow::Result<PathBuf> {
    let name = path.file_name().context("a file has a name")?;
    let named = |ending: &str| {
        let mut name = name.to_owned();
        name.push(ending);
        path.with_file_name(name)
    };
    let numbered = (2..1000).map(|number| named(&format!(".before-byok-{number}")));
    let backup = std::iter::once(named(".before-byok"))
        .chain(numbered)
        .find(|backup| !backup.exists())
        .context("there are too many backups of it; remove some")?;
    std::fs::copy(path, &backup)
        .with_context(|| format!("{} cannot be written", backup.display()))?;
    Ok(backup)
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = write(&temporary, path, text).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write(temporary: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::create(temporary)?;
    if let Ok(old) = std::fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_the_old_file_each_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/a.toml");
        let change = Original::read(&path).expect("read").to("one\n".into());
        assert!(!change.is_made() && change.diff().contains("+one"));
        assert_eq!(change.make().expect("made"), None);
        for (text, backup) in [
            ("two\n", "a.toml.before-byok"),
            ("three\n", "a.toml.before-byok-2"),
        ] {
            let before = std::fs::read_to_string(&path).expect("read");
            let change = Original::read(&path).expect("read").to(text.into());
            let kept = change.make().expect("made").expect("a backup");
            assert!(kept.ends_with(backup), "{}", kept.display());
            assert_eq!(std::fs::read_to_string(kept).expect("read"), before);
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
        assert!(
            Original::read(&path)
                .expect("read")
                .to("three\n".into())
                .is_made()
        );
    }

    #[test]
    fn a_file_that_was_changed_after_it_was_shown_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        let change = Original::read(&path).expect("read").to("ours\n".into());
        std::fs::write(&path, "theirs\n").expect("written");
        let error = change.make().expect_err("refused");
        assert!(error.to_string().contains("meanwhile"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "theirs\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_files_permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, "old\n").expect("written");
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).expect("set");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        let change = Original::read(&link).expect("read").to("new\n".into());
        change.make().expect("made");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&real).expect("read"), "new\n");
        let mode = std::fs::metadata(&real)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
