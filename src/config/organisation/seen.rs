//! The newest serials that were seen on this machine, by key, so that nobody goes back to an older file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The notes of a few keys are some hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// How long another process is waited for that notes something.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    seen: BTreeMap<String, Seen>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    serial: u64,
    sha256: String,
}

/// Compares a file that is rightly signed with the newest of its key, and notes it if it is newer.
pub(super) fn check(path: &Path, key: &str, serial: u64, text: &str) -> Result<(), String> {
    let Some(mut file) = open(path) else {
        // Where nothing can be kept, nothing can be compared; the signature still holds.
        tracing::warn!(path = %path.display(), "the organisation file's serial cannot be noted");
        return Ok(());
    };
    let mut notes = read(&mut file).map_err(|()| {
        format!(
            "what is noted of its serials is damaged ({}); remove that file once you know that the organisation's file is the newest",
            path.display()
        )
    })?;
    let now = Seen {
        serial,
        sha256: digest(text),
    };
    match notes.seen.get(key) {
        Some(before) if before.serial > serial => Err(format!(
            "its serial is {serial}, and {} was seen on this machine: it is an older version",
            before.serial
        )),
        Some(before) if before.serial == serial && *before != now => Err(format!(
            "it is another file than the one with the serial {serial} that was seen on this machine; each version needs a serial of its own"
        )),
        Some(before) if *before == now => Ok(()),
        _ => {
            notes.seen.insert(key.to_owned(), now);
            if let Err(error) = write(&mut file, &notes) {
                tracing::warn!(%error, "the organisation file's serial cannot be noted");
            }
            Ok(())
        }
    }
}

fn open(path: &Path) -> Option<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).ok()?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    let file = options.open(path).ok()?;
    let begun = Instant::now();
    // Another process holds it for a moment only; should it hold it for longer, both read the same notes.
    while file.try_lock().is_err() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(2));
    }
    Some(file)
}

fn read(file: &mut File) -> Result<Notes, ()> {
    let mut text = String::new();
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(|_| ())?;
    if text.is_empty() {
        return Ok(Notes::default());
    }
    serde_json::from_str(&text).map_err(|_| ())
}

fn write(file: &mut File, notes: &Notes) -> std::io::Result<()> {
    let text = serde_json::to_string(notes).map_err(std::io::Error::other)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_data()
}

fn digest(text: &str) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        // A text cannot fail to take more text.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
