//! Reads a file that others made: never through a link, never from a pipe or a device, and never much of it.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::SystemTime;

/// A page of restrictions is a few hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// What tells one content of a file from another without reading it; the default one is that of no file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: Option<u64>,
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self {
            modified: metadata.modified().ok(),
            length: Some(metadata.len()),
            inode,
        }
    }
}

/// Returns the stamp of what lies there now.
pub(super) fn stamp(path: &Path) -> Stamp {
    std::fs::symlink_metadata(path).map_or_else(|_| Stamp::default(), |found| Stamp::of(&found))
}

/// Reads the text, if there is a file; else says what is there instead, and what to do.
pub(super) fn read(path: &Path) -> (Stamp, Result<Option<String>, String>) {
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if is_absent(&error) => return (Stamp::default(), Ok(None)),
        Err(error) => return (Stamp::default(), Err(unreadable(&error))),
    };
    let stamp = Stamp::of(&found);
    if found.is_symlink() {
        let message = "it is a link, which could lead anywhere; put the file itself there";
        return (stamp, Err(message.into()));
    }
    if !found.is_file() {
        return (stamp, Err("it is no file; remove it".into()));
    }
    (stamp, read_file(path).map(Some))
}

pub(super) fn read_file(path: &Path) -> Result<String, String> {
    let file = open(path).map_err(|error| unreadable(&error))?;
    // It may have been replaced since it was looked at.
    if !file.metadata().is_ok_and(|opened| opened.is_file()) {
        return Err("it is no file; remove it".into());
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("it is larger than 64 KiB, which no list of restrictions is".into());
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".into())
}

/// Opens it without following a link and without waiting for the other end of a pipe.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    options.open(path)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn unreadable(error: &std::io::Error) -> String {
    format!(
        "it cannot be read ({}); check its permissions",
        error.kind()
    )
}
