//! Whether a file is still the one that was opened.

#[cfg(unix)]
use std::fs;
use std::fs::File;
use std::path::Path;

/// What tells a file from another that took its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    /// That of a file that is open.
    #[cfg(unix)]
    pub(super) fn of_file(file: &File) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata().ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    /// Elsewhere an open file cannot be deleted or renamed.
    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> Option<Self> {
        path.exists().then_some(Self(0, 0))
    }

    #[cfg(not(unix))]
    pub(super) fn of_file(_: &File) -> Option<Self> {
        Some(Self(0, 0))
    }
}
