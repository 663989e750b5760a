//! Which processes still live, of those that have reserved something.
//!
//! Entry points: [`Owner::claim`] and [`dead`]. A process that reserves holds a lock on a small file of its own beside the ledger, which the
//! system takes from it when it ends, however it ends. So who gets the lock of another knows for certain that the other is gone: neither a
//! process id that was given out again nor a clock that was set matters. Invariant: a file that is locked is the one at its path.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::identity::Identity;
use super::store::sibling;

/// What stands between the ledger's name and the owner's.
const MARK: &str = ".owner-";

/// This process, for as long as the value lives.
pub(super) struct Owner {
    path: PathBuf,
    /// Its lock is the claim.
    _file: File,
}

impl Owner {
    /// Claims a name for this process.
    pub(super) fn claim(ledger: &Path, name: &str) -> Result<Self, Failure> {
        let path = sibling(ledger, &format!("{MARK}{name}"));
        loop {
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options
                .open(&path)
                .map_err(|error| Failure::from_io(&error))?;
            file.try_lock().map_err(|_| Failure::Locked)?;
            // Between its making and its locking another may have taken it for a dead one's and removed it.
            if Identity::of(&path) == Identity::of_file(&file) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

/// Without reservations nobody need know that it lived. Where another is quicker, it is gone already.
impl Drop for Owner {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// An owner that is gone.
pub(super) struct Dead {
    /// Its name.
    pub(super) name: String,
    /// Its file and the lock on it, unless somebody removed it.
    file: Option<(PathBuf, File)>,
}

impl Dead {
    /// Removes what is left of it, once what it had reserved is booked.
    pub(super) fn bury(self) {
        if let Some((path, _lock)) = self.file {
            let _ = fs::remove_file(path);
        }
    }
}

/// Returns which owners are gone, of those that have reserved something and those that left a file.
pub(super) fn dead(ledger: &Path, own: &str, reserving: Vec<String>) -> Vec<Dead> {
    let mut names = reserving;
    names.extend(named(ledger));
    names.sort();
    names.dedup();
    let others = names.into_iter().filter(|name| name != own);
    others.filter_map(|name| look(ledger, name)).collect()
}

fn look(ledger: &Path, name: String) -> Option<Dead> {
    let path = sibling(ledger, &format!("{MARK}{name}"));
    let file = match OpenOptions::new().append(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Some(Dead { name, file: None });
        }
        // Whoever cannot be looked at is left alone.
        Err(_) => return None,
    };
    match file.try_lock() {
        Ok(()) => Some(Dead {
            name,
            file: Some((path, file)),
        }),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
    }
}

/// Returns the owners that have a file.
fn named(ledger: &Path) -> Vec<String> {
    let (Some(folder), Some(name)) = (ledger.parent(), ledger.file_name()) else {
        return Vec::new();
    };
    let start = format!("{}{MARK}", name.to_string_lossy());
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| Some(name.to_str()?.strip_prefix(&start)?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_owner_lives_until_its_claim_ends_and_then_is_known_to_be_gone() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("l");
        let claim = Owner::claim(&ledger, "a").unwrap();
        assert!(dead(&ledger, "own", vec!["a".into()]).is_empty());
        // As the end of a process would: the lock goes, the file stays.
        let path = claim.path.clone();
        drop(claim);
        fs::write(&path, "").unwrap();
        let gone = dead(&ledger, "own", Vec::new());
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].name, "a");
        for dead in gone {
            dead.bury();
        }
        assert!(!path.exists());
        assert_eq!(dead(&ledger, "own", vec!["a".into()]).len(), 1, "no file");
        assert!(dead(&ledger, "a", vec!["a".into()]).is_empty(), "oneself");
    }
}
