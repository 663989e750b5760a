//! Appends lines to the chain, under the lock.
//!
//! Entry point: [`append`]. It never mends: where the file does not end as was noted, it goes on from what was noted, so that [`super::verify`] finds
//! the place for ever. The one exception is what a program left that was killed while it wrote, which its own note tells apart.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};

use super::chain::{self, Hash, Link, Mark};
use super::entry::Entry;
use super::head::{End, Head, HeadFile, Lock, VERSION, private, said};
use super::segments;

/// When the file that is written to is put aside and a new one begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// From so many bytes on.
    pub bytes: u64,
    /// After so many hours.
    pub hours: i64,
}

impl Size {
    /// Some ten thousand lines, or a month.
    pub(super) const USUAL: Self = Self {
        bytes: 8 * 1024 * 1024,
        hours: 30 * 24,
    };
}

/// Appends entries, in one go, and forgets files that are older than `keep_days`.
pub(super) fn append(
    path: &Path,
    entries: &[Entry],
    keep_days: Option<u32>,
    size: Size,
    patience: Duration,
) -> Result<(), String> {
    let head_path = segments::head(path);
    let mut file = HeadFile::open(&head_path, Lock::Alone, patience)?
        .ok_or_else(|| "what is noted of its end is not there".to_owned())?;
    let now = Timestamp::now();
    let head = match file.read()? {
        Some(head) => head,
        None if segments::has_lines(path) => {
            return Err(format!(
                "{} is gone, by which it is known where it ends; move the log away, and a new one begins",
                head_path.display()
            ));
        }
        None => Head {
            v: VERSION,
            ..Head::default()
        },
    };
    let mut log = open(path)?;
    let length = length(&log)?;
    let mut head = settled(head, &mut log, length, path)?;
    if is_full(&head, size, now) {
        drop(log);
        head = put_aside(head, &mut file, path, now, keep_days)?;
        log = open(path)?;
    }
    head.since = head.since.or(Some(now.as_second()));
    write(&mut log, head, entries, &mut file)
}

fn write(log: &mut File, head: Head, entries: &[Entry], file: &mut HeadFile) -> Result<(), String> {
    let length = length(log)?;
    let mut text = String::new();
    if length > 0 && !ends_with_a_break(log, length)? {
        // A line of its own, so that what stands before it is found as what it is.
        text.push('\n');
    }
    let mut mark = head.end.mark;
    for entry in entries {
        let (line, next) = chain::line(mark, entry);
        mark = next;
        text += &line;
        text.push('\n');
    }
    let next = End {
        mark,
        length: length + text.len() as u64,
    };
    file.write(&Head {
        next: Some(next),
        ..head
    })?;
    let written = log
        .seek(SeekFrom::End(0))
        .and_then(|_| log.write_all(text.as_bytes()))
        .and_then(|()| log.sync_data());
    if let Err(error) = written {
        // What came of it is taken back; where even that fails, the note that stands explains it.
        if log.set_len(length).is_ok() {
            file.write(&Head { next: None, ..head })?;
        }
        return Err(said("a line cannot be written", &error));
    }
    file.write(&Head {
        end: next,
        next: None,
        ..head
    })
}

/// Returns the head without what a killed program left, whose half-written lines are taken away.
fn settled(mut head: Head, log: &mut File, length: u64, path: &Path) -> Result<Head, String> {
    if length == 0 && head.end.length > 0 && is_put_aside(&head, path) {
        (head.end.length, head.since) = (0, None);
        if let Some(next) = &mut head.next {
            next.length = 0;
        }
    }
    let Some(next) = head.next.take() else {
        return Ok(head);
    };
    if length == next.length {
        head.end = next;
    } else if (head.end.length..next.length).contains(&length) {
        log.set_len(head.end.length)
            .map_err(|error| said("what a killed program left cannot be taken away", &error))?;
    }
    Ok(head)
}

/// Returns whether the file was put aside by a program that was killed before it noted so.
fn is_put_aside(head: &Head, path: &Path) -> bool {
    let last = segments::all_older(path).pop();
    let length = last.and_then(|(_, path)| std::fs::metadata(path).ok());
    length.is_some_and(|found| found.len() == head.end.length)
}

fn is_full(head: &Head, size: Size, now: Timestamp) -> bool {
    let is_old = |since: i64| (now.as_second() - since) / 3600 >= size.hours;
    head.end.length > 0 && (head.end.length >= size.bytes || head.since.is_some_and(is_old))
}

/// Puts the file aside that is written to, and forgets those that are too old.
fn put_aside(
    mut head: Head,
    file: &mut HeadFile,
    path: &Path,
    now: Timestamp,
    keep_days: Option<u32>,
) -> Result<Head, String> {
    let first = first_number(path).unwrap_or(head.end.mark.n);
    std::fs::rename(path, segments::older(path, first))
        .map_err(|error| said("a full file of it cannot be put aside", &error))?;
    (head.end.length, head.since) = (0, None);
    file.write(&head)?;
    let Some(days) = keep_days else {
        return Ok(head);
    };
    let oldest = now.checked_sub((24 * i64::from(days)).hours());
    let Ok(oldest) = oldest else {
        return Ok(head);
    };
    for (first, older) in segments::all_older(path) {
        if first <= head.before.n {
            // It was to be forgotten before, and the program was killed over it.
            let _ = std::fs::remove_file(&older);
            continue;
        }
        let Some((mark, at)) = last_line(&older) else {
            break;
        };
        if at >= oldest || mark.n > head.end.mark.n {
            break;
        }
        // First it is noted that the chain begins behind it, so that its absence is never a gap.
        head.before = mark;
        file.write(&head)?;
        std::fs::remove_file(&older)
            .map_err(|error| said("an old file of it cannot be removed", &error))?;
    }
    Ok(head)
}

fn first_number(path: &Path) -> Option<u64> {
    let first = segments::lines(path, u64::MAX).next()?.ok()?;
    Some(Link::read(&first.bytes)?.n)
}

/// Returns the last line of a file that is put aside, and when it was written.
fn last_line(path: &Path) -> Option<(Mark, Timestamp)> {
    #[derive(serde::Deserialize)]
    struct When {
        #[serde(with = "super::stamp")]
        at: Timestamp,
    }
    let text = std::fs::read(path).ok()?;
    let line = text
        .strip_suffix(b"\n")?
        .rsplit(|byte| *byte == b'\n')
        .next()?;
    let when: When = serde_json::from_slice(line).ok()?;
    let mark = Mark {
        n: Link::read(line)?.n,
        hash: Hash::of(line),
    };
    Some((mark, when.at))
}

fn open(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    private(&mut options);
    options
        .open(path)
        .map_err(|error| said(&format!("{} cannot be opened", path.display()), &error))
}

fn length(log: &File) -> Result<u64, String> {
    let metadata = log.metadata();
    metadata
        .map(|found| found.len())
        .map_err(|error| said("its length cannot be read", &error))
}

fn ends_with_a_break(log: &mut File, length: u64) -> Result<bool, String> {
    let mut last = [0];
    log.seek(SeekFrom::Start(length.saturating_sub(1)))
        .and_then(|_| log.read_exact(&mut last))
        .map_err(|error| said("its end cannot be read", &error))?;
    Ok(last == *b"\n")
}
