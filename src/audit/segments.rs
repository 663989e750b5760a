//! The files of the log: the one that is written to, and older ones, which have the number of their first line in their name.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::head::said;

/// A line is some hundred bytes, and with all its files some 30 KiB.
const LONGEST: u64 = 256 * 1024;

/// Returns where the head of a log lies.
pub(super) fn head(log: &Path) -> PathBuf {
    log.with_extension("head")
}

/// Returns what the file that is written to is called once it is full.
pub(super) fn older(log: &Path, first: u64) -> PathBuf {
    log.with_extension(format!("{first:012}.jsonl"))
}

/// Returns the older files, each with the number of its first line, in order.
pub(super) fn all_older(log: &Path) -> Vec<(u64, PathBuf)> {
    let stem = log.file_stem().unwrap_or_default().to_string_lossy();
    let folder = log.parent().map(std::fs::read_dir);
    let entries = folder.into_iter().flatten().flatten().flatten();
    let number = |path: PathBuf| {
        let name = path.file_name()?.to_str()?;
        let rest = name.strip_prefix(&*stem)?.strip_prefix('.')?;
        let digits = rest.strip_suffix(".jsonl")?;
        let is_number = digits.len() >= 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let first = digits.parse().ok().filter(|_| is_number)?;
        Some((first, path))
    };
    let mut found: Vec<_> = entries.filter_map(|entry| number(entry.path())).collect();
    found.sort();
    found
}

/// Returns whether there is anything of a log.
pub(super) fn has_lines(log: &Path) -> bool {
    let found = std::fs::metadata(log);
    found.is_ok_and(|found| found.is_file() && found.len() > 0) || !all_older(log).is_empty()
}

/// A line of the log as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Its file.
    pub file: PathBuf,
    /// Its place there, counted from 1.
    pub row: usize,
    /// It, without its line break.
    pub bytes: Vec<u8>,
    /// Whether it ends with a line break.
    pub is_whole: bool,
}

/// Returns all lines of a log whose older files begin at `first` or later, in order, one by one.
pub fn lines(log: &Path, first: u64) -> impl Iterator<Item = Result<Raw, String>> + use<> {
    let older = all_older(log).into_iter();
    let files = older
        .filter(move |(number, _)| *number >= first)
        .map(|(_, path)| path)
        .chain([log.to_owned()]);
    files.flat_map(|path| {
        let opened = match File::open(&path) {
            Ok(file) => Some(BufReader::new(file)),
            // That it is not there shows where the chain ends.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let why = said(&format!("{} cannot be read", path.display()), &error);
                return Lines::Failed(Some(why));
            }
        };
        match opened {
            Some(reader) => Lines::Of {
                reader,
                path,
                row: 0,
            },
            None => Lines::Failed(None),
        }
    })
}

enum Lines {
    Failed(Option<String>),
    Of {
        reader: BufReader<File>,
        path: PathBuf,
        row: usize,
    },
}

impl Iterator for Lines {
    type Item = Result<Raw, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let (reader, path, row) = match self {
            Self::Failed(why) => return why.take().map(Err),
            Self::Of { reader, path, row } => (reader, path, row),
        };
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
        if let Err(error) = read {
            let why = said(&format!("{} cannot be read", path.display()), &error);
            *self = Self::Failed(None);
            return Some(Err(why));
        }
        if bytes.is_empty() {
            return None;
        }
        *row += 1;
        let is_whole = bytes.last() == Some(&b'\n');
        if is_whole {
            bytes.pop();
        }
        Some(Ok(Raw {
            file: path.clone(),
            row: *row,
            bytes,
            is_whole,
        }))
    }
}
