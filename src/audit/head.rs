//! Where the chain begins and where it ends, in a file of its own, which is also what processes lock.
//!
//! Before lines are appended, where they will end is noted (`next`), and afterwards that they do (`next` goes). So a program that is killed in
//! between leaves a chain that can be told from one that somebody cut. The file's one line ends with its own hash.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::chain::{Hash, Mark};

/// A line of it is some 400 bytes.
const MOST_BYTES: u64 = 8 * 1024;

/// How often a lock that others hold is tried again.
const PAUSE: Duration = Duration::from_millis(2);

/// An end of the log: the last line, and the length of the file that it stands in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub mark: Mark,
    pub length: u64,
}

/// What is noted of the chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The form of it.
    pub v: u32,
    /// The place before the first line that is kept.
    pub before: Mark,
    /// Where it ends.
    pub end: End,
    /// Where it ends once what is being written is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<End>,
    /// When the file that is written to was begun, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

/// The file, locked for as long as this lives.
pub(super) struct HeadFile(File);

/// Who else may use the log meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Nobody.
    Alone,
    /// Those who only read, too.
    Shared,
}

impl HeadFile {
    /// Opens the file and waits for the lock. To write, a file that is not there is made; to read, there is none then.
    pub(super) fn open(
        path: &Path,
        lock: Lock,
        patience: Duration,
    ) -> Result<Option<Self>, String> {
        let mut options = OpenOptions::new();
        options.read(true);
        if lock == Lock::Alone {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| said("its folder cannot be made", &error))?;
            }
            options.write(true).create(true);
        }
        private(&mut options);
        let file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(said("what is noted of it cannot be opened", &error)),
        };
        let begun = Instant::now();
        loop {
            let tried = match lock {
                Lock::Alone => file.try_lock(),
                Lock::Shared => file.try_lock_shared(),
            };
            match tried {
                Ok(()) => return Ok(Some(Self(file))),
                Err(std::fs::TryLockError::WouldBlock) if begun.elapsed() < patience => {
                    std::thread::sleep(PAUSE);
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(format!(
                        "another process has kept it to itself for {} s",
                        patience.as_secs()
                    ));
                }
                Err(std::fs::TryLockError::Error(error)) => {
                    return Err(said("it cannot be locked", &error));
                }
            }
        }
    }

    /// Returns what is noted; nothing if the file is new.
    pub(super) fn read(&mut self) -> Result<Option<Head>, String> {
        let mut text = String::new();
        let read = self
            .0
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.0).take(MOST_BYTES).read_to_string(&mut text));
        read.map_err(|error| said("what is noted of its end cannot be read", &error))?;
        if text.is_empty() {
            return Ok(None);
        }
        parse(&text)
            .map(Some)
            .ok_or_else(|| "what is noted of its end was changed or damaged".to_owned())
    }

    /// Notes it, on the disk.
    pub(super) fn write(&mut self, head: &Head) -> Result<(), String> {
        let json =
            serde_json::to_string(head).expect("a head is numbers and hashes, which JSON can hold");
        let line = format!("{json} {}\n", Hash::of(json.as_bytes()));
        let length = line.len() as u64;
        self.0
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.0.write_all(line.as_bytes()))
            .and_then(|()| self.0.set_len(length))
            .and_then(|()| self.0.sync_data())
            .map_err(|error| said("what is noted of its end cannot be written", &error))
    }
}

/// Reads the one line. What stands behind it is the rest of a longer one that a program was killed over.
fn parse(text: &str) -> Option<Head> {
    let (line, _) = text.split_once('\n')?;
    let (json, hash) = line.rsplit_once(' ')?;
    let head: Head = serde_json::from_str(json).ok()?;
    (hash.parse() == Ok(Hash::of(json.as_bytes())) && head.v == VERSION).then_some(head)
}

/// The form of heads that this program writes.
pub(super) const VERSION: u32 = 1;

/// Lets a file that is made be read by its owner alone, where the system has owners.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

pub(super) fn said(what: &str, error: &std::io::Error) -> String {
    format!("{what} ({error})")
}
