//! Reads the log back: the older files first, then the one that is written, and what is added to it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::older;

/// More files than there may ever be.
const MOST_FILES: u32 = 20;

/// A longer line is none of ours.
const LONGEST: u64 = 1 << 20;

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// When it was written.
    pub time: Timestamp,
    /// Which process wrote it.
    pub pid: u64,
    /// How bad it is: `ERROR`, `WARN`, `INFO`, `DEBUG`.
    pub level: String,
    /// What it says.
    pub message: String,
    /// The method and the id of the editor's request that it belongs to.
    pub request: Option<(String, Option<String>)>,
    /// What else it says, in the order of names.
    pub fields: Map<String, Value>,
    /// The line as it is.
    pub raw: String,
}

impl Line {
    /// Reads one; `None` for what is no line of ours, such as half of one.
    pub fn parse(raw: &str) -> Option<Self> {
        let Value::Object(mut fields) = serde_json::from_str(raw).ok()? else {
            return None;
        };
        let mut text = |name: &str| match fields.remove(name)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        let (time, pid) = (text("time")?, text("pid")?);
        let (level, message) = (text("level")?, text("message").unwrap_or_default());
        let request = fields.remove("request").and_then(|request| {
            let of = |name: &str| request.get(name)?.as_str().map(str::to_owned);
            Some((of("method")?, of("id")))
        });
        Some(Self {
            time: time.parse().ok()?,
            pid: pid.parse().ok()?,
            level,
            message,
            request,
            fields,
            raw: raw.to_owned(),
        })
    }
}

/// Returns the files that there are, the oldest first.
pub fn files(path: &Path) -> Vec<PathBuf> {
    let older = (1..=MOST_FILES).rev().map(|number| older(path, number));
    older
        .chain([path.to_owned()])
        .filter(|file| file.exists())
        .collect()
}

/// Hands over each line that there is, the oldest first.
pub fn each(path: &Path, mut line: impl FnMut(Line)) -> std::io::Result<()> {
    for file in files(path) {
        each_of(&mut BufReader::new(File::open(file)?), &mut line)?;
    }
    Ok(())
}

/// Hands over what whole lines a reader holds, and returns how many bytes they are.
fn each_of(
    reader: &mut impl std::io::BufRead,
    line: &mut impl FnMut(Line),
) -> std::io::Result<u64> {
    let mut read = 0;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let length = reader.take(LONGEST).read_until(b'\n', &mut bytes)? as u64;
        if length == 0 || (bytes.last() != Some(&b'\n') && length < LONGEST) {
            return Ok(read);
        }
        read += length;
        if let Some(parsed) = Line::parse(String::from_utf8_lossy(&bytes).trim_end()) {
            line(parsed);
        }
    }
}

/// Reads what is added to the log from now on, also where it goes on in a new file.
pub struct Tail {
    path: PathBuf,
    file: Option<File>,
    at: u64,
}

impl Tail {
    /// Begins at the end of what there is.
    pub fn new(path: &Path) -> Self {
        let file = File::open(path).ok();
        let length = file.as_ref().and_then(|file| file.metadata().ok());
        Self {
            path: path.to_owned(),
            at: length.map_or(0, |it| it.len()),
            file,
        }
    }

    /// Hands over what was added since.
    pub fn read(&mut self, mut line: impl FnMut(Line)) -> std::io::Result<()> {
        loop {
            if let Some(file) = &mut self.file {
                file.seek(SeekFrom::Start(self.at))?;
                self.at += each_of(&mut BufReader::new(file), &mut line)?;
            }
            if !self.is_put_aside() {
                return Ok(());
            }
            self.file = File::open(&self.path).ok();
            self.at = 0;
            if self.file.is_none() {
                return Ok(());
            }
        }
    }

    /// Returns whether the file that is read is no longer the one that is written.
    fn is_put_aside(&self) -> bool {
        let Ok(current) = std::fs::metadata(&self.path) else {
            return false;
        };
        let Some(file) = &self.file else {
            return true;
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let own = file.metadata().map(|own| (own.dev(), own.ino()));
            own.is_ok_and(|own| own != (current.dev(), current.ino()))
        }
        #[cfg(not(unix))]
        {
            let _ = file;
            current.len() < self.at
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::file::Files;
    use super::*;
    use crate::config::LogSettings;

    fn line(number: u32) -> String {
        format!(
            "{{\"level\":\"INFO\",\"message\":\"m{number}\",\"pid\":7,\"request\":{{\"id\":\"3\",\"method\":\"a/b\"}},\"time\":\"2026-01-02T03:04:05.678Z\"}}\n"
        )
    }

    #[test]
    fn lines_are_read_in_their_order_over_all_files_and_what_is_none_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byok-lsp.log");
        let settings = LogSettings {
            max_bytes: 300,
            max_files: 20,
            ..LogSettings::default()
        };
        let mut files = Files::new(path.clone(), settings);
        let mut tail = Tail::new(&path);
        let (mut all, mut added) = (Vec::new(), Vec::new());
        for number in 0..20 {
            files.append(line(number).as_bytes()).unwrap();
            tail.read(|line| added.push(line.message)).unwrap();
        }
        files.append(b"{\"half\": \n\xff\n[1]\n").unwrap();
        // The end of the program came in the middle of this one.
        files.append(b"{\"level\":\"INFO\"").unwrap();
        each(&path, |line| all.push(line)).unwrap();
        let told: Vec<_> = all.iter().map(|line| line.message.clone()).collect();
        let wanted: Vec<_> = (0..20).map(|number| format!("m{number}")).collect();
        assert_eq!(told, wanted);
        assert_eq!(added, wanted);
        let first = all.first().unwrap();
        let request = Some(("a/b".to_owned(), Some("3".to_owned())));
        assert_eq!((first.pid, &first.request), (7, &request));
        assert_eq!(first.raw, line(0).trim_end());
    }
}
