//! Replacing a file whole and at once, so that whoever reads it meanwhile sees the old one or the new one.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many files this process has written.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Puts a file in the place of another, if there is one, and makes its folder, if there is none.
pub fn replace_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A name of its own, so that two processes do not write into each other's file.
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let new = path.with_extension(format!("{}-{number}.new", std::process::id()));
    let written = std::fs::write(&new, bytes).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_lies_about_also_where_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.json");
        replace_file(&path, b"one").unwrap();
        replace_file(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        // A folder is in the way.
        let taken = folder.path().join("new");
        assert!(replace_file(&taken, b"three").is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        assert_eq!(taken.read_dir().unwrap().count(), 1);
    }
}
