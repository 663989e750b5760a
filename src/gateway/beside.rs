//! A small file beside the ledger that all servers share: taken under its lock, read within a bound, written in place.
//!
//! Entry points: [`open`], then [`read`] and [`write`]; [`stamp`] tells cheaply whether another server has written it since. Who cannot have the lock soon does
//! without the file.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long the file's lock is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(5);

/// A longer file is not ours.
const LONGEST: u64 = 1 << 20;

/// When a file was written last, and how long it is.
pub(super) type Stamp = (SystemTime, u64);

/// Returns what changes when a file is written, or `None` if there is no such file.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    stamped(&std::fs::metadata(path).ok()?)
}

/// Returns the same of a file that is open.
pub(super) fn stamp_of(file: &File) -> Option<Stamp> {
    stamped(&file.metadata().ok()?)
}

fn stamped(file: &Metadata) -> Option<Stamp> {
    file.is_file()
        .then(|| Some((file.modified().ok()?, file.len())))?
}

/// Opens a file, which is made if there is none, and locks it, if that can be done soon.
pub(super) fn open(path: &Path) -> Option<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).ok()?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).ok()?;
    // A pipe that somebody put there would be read for ever.
    stamp_of(&file)?;
    let begun = std::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(std::fs::TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            Err(_) => return None,
        }
    }
}

/// Reads what is in a file, or `None` if that makes no sense.
pub(super) fn read<T: DeserializeOwned>(file: &mut File) -> Option<T> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Writes a file anew. It is never empty meanwhile, so that a crash loses nothing of a short one.
pub(super) fn write(file: &mut File, content: &impl Serialize) -> std::io::Result<()> {
    let text = serde_json::to_vec(content)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)
}
