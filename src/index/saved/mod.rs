//! The index on the disk, so that a restart reads again only what has changed.
//!
//! Entry points: [`Shelf::open`], which returns what was [`Saved`] of a folder, and [`Shelf::save`]. Each folder of a workspace has one file in
//! the platform's cache folder, which only its user may read: the symbols of each of its files, then a list of where they are, then where the list
//! is. Lists and symbols have checksums of their own.
//!
//! Invariants: it never says which files there are, only what was in those that a walk finds now, so that what must not leave the machine is
//! not found in it; what is damaged, of another program, of another folder or older than its file is as good as nothing; it is
//! replaced whole, at once, and keeps within bounds.

mod form;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::file::FileSymbols;
use crate::workspace::Stamp;

/// The number of what is written and of how it is read off a file; a test says when it has to change.
const FORM: u32 = 2;

/// How each file begins and ends.
const MARK: [u8; 8] = *b"byoksym\n";

/// The bytes at a file's end: where the list begins, how long it is, its checksum, the mark.
const FOOT: usize = 8 + 8 + 4 + MARK.len();

/// The most bytes of a folder's file, of its list, and of one file's symbols.
const MOST: u64 = 128 << 20;
const LONGEST_LIST: u64 = 32 << 20;
const LONGEST_ENTRY: u32 = 4 << 20;

/// The most bytes of all files together; those that were not used for longest go.
const MOST_IN_ALL: u64 = 256 << 20;

/// How old a file has to be that somebody began to write and never finished.
const LEFT_OVER: Duration = Duration::from_hours(24);

const EXTENSION: &str = "symbols";
const UNFINISHED: &str = ".unfinished-";

/// The folder where what is known of workspaces is saved.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    is_written: bool,
}

/// What lies on a shelf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// How many folders of workspaces.
    pub folders: usize,
    /// How many bytes.
    pub bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct List {
    program: String,
    folder: String,
    files: Vec<(String, Entry)>,
}

/// Where a file's symbols are, and of which state of the file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Entry {
    stamp: Stamp,
    offset: u64,
    length: u32,
    sum: u32,
}

impl Shelf {
    /// Takes a folder, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            is_written: true,
        }
    }

    /// The same, for a program that ends as soon as it has what it wants: it writes nothing.
    pub fn reading(folder: PathBuf) -> Self {
        Self {
            folder,
            is_written: false,
        }
    }

    /// Returns where indexes lie unless configured otherwise: in `byok-lsp/symbols` of the platform's folder for what can be made again.
    pub fn default_folder() -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let base = etcetera::choose_base_strategy().ok()?;
        Some(base.cache_dir().join("byok-lsp").join("symbols"))
    }

    /// Returns whether anything is ever written.
    pub(super) fn is_written(&self) -> bool {
        self.is_written
    }

    /// Makes the folder if it is missing, and tries whether it can be written.
    pub fn prepare(&self) -> io::Result<()> {
        make_folder(&self.folder)?;
        tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)
            .map(drop)
    }

    /// Returns what lies here.
    pub fn holding(&self) -> Holding {
        let mut holding = Holding::default();
        for (_, metadata) in self.files() {
            holding.folders += 1;
            holding.bytes += metadata.len();
        }
        holding
    }

    /// Returns what was saved of a folder.
    pub(super) fn open(&self, folder: &Path) -> Option<Saved> {
        let file = File::open(self.file_of(folder)).ok()?;
        let saved = Saved::read(file, folder);
        if saved.is_none() {
            tracing::info!(folder = %folder.display(), "what was saved of the index is of no use; all is read again");
        }
        saved
    }

    /// Removes what was saved of a folder.
    pub(super) fn discard(&self, folder: &Path) {
        if self.is_written {
            // Mostly there is none.
            let _ = fs::remove_file(self.file_of(folder));
        }
    }

    /// Saves what is known of the files of a folder, in place of what was saved before.
    pub(super) fn save(
        &self,
        folder: &Path,
        files: impl Iterator<Item = (Stamp, Arc<FileSymbols>)>,
    ) -> io::Result<()> {
        make_folder(&self.folder)?;
        let mut writer = Writer::new(&self.folder, folder)?;
        for (stamp, symbols) in files {
            if !writer.add(folder, stamp, &symbols)? {
                break;
            }
        }
        writer.finish(&self.file_of(folder))?;
        self.tidy(&self.file_of(folder));
        Ok(())
    }

    /// Removes what was not used for longest, as far as there is too much, and what was never finished.
    fn tidy(&self, newest: &Path) {
        let now = SystemTime::now();
        let mut files = self.files();
        files.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
        let own = fs::metadata(newest).map_or(0, |metadata| metadata.len());
        let mut sum = own;
        for (path, metadata) in files.into_iter().filter(|(path, _)| path != newest) {
            sum += metadata.len();
            if sum > MOST_IN_ALL {
                // Another server may have been quicker.
                let _ = fs::remove_file(path);
            }
        }
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|then| now.duration_since(then).ok());
            if is_unfinished && age.is_some_and(|age| age > LEFT_OVER) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn files(&self) -> Vec<(PathBuf, fs::Metadata)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| {
            let path = entry.path();
            let is_ours = path.extension().is_some_and(|it| it == EXTENSION);
            let metadata = entry.metadata().ok()?;
            (is_ours && metadata.is_file()).then_some((path, metadata))
        });
        files.collect()
    }

    fn file_of(&self, folder: &Path) -> PathBuf {
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let first = digest.first_chunk().copied().unwrap_or_default();
        let name = format!("{:032x}", u128::from_be_bytes(first));
        self.folder.join(name).with_extension(EXTENSION)
    }
}

/// What was saved of a folder.
pub(super) struct Saved {
    file: Mutex<File>,
    entries: FxHashMap<Box<str>, Entry>,
    folder: PathBuf,
    /// How many of the files a walk has come to.
    found: AtomicUsize,
}

impl Saved {
    fn read(mut file: File, folder: &Path) -> Option<Self> {
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > MOST {
            return None;
        }
        let mut head = [0; MARK.len()];
        file.read_exact(&mut head).ok()?;
        let foot_at = metadata.len().checked_sub(FOOT as u64)?;
        file.seek(SeekFrom::Start(foot_at)).ok()?;
        let mut foot = [0; FOOT];
        file.read_exact(&mut foot).ok()?;
        let number = |at: usize| Some(u64::from_le_bytes(foot.get(at..at + 8)?.try_into().ok()?));
        let (start, length) = (number(0)?, number(8)?);
        let sum = u32::from_le_bytes(foot[16..20].try_into().ok()?);
        let is_whole = head == MARK && foot[20..] == MARK && start.checked_add(length)? == foot_at;
        if !is_whole || length > LONGEST_LIST {
            return None;
        }
        file.seek(SeekFrom::Start(start)).ok()?;
        let list = exactly(&mut file, usize::try_from(length).ok()?, sum)?;
        let list: List = postcard::from_bytes(&list).ok()?;
        if list.program != program() || Path::new(&list.folder) != folder {
            return None;
        }
        // Says that it was used, to those who look for what was not; where the system refuses, it goes sooner.
        let _ = file.set_modified(SystemTime::now());
        let entries = list.files.into_iter();
        Some(Self {
            file: Mutex::new(file),
            entries: entries.map(|(path, entry)| (path.into(), entry)).collect(),
            folder: folder.to_owned(),
            found: AtomicUsize::new(0),
        })
    }

    /// Looks for a file that a walk came to.
    pub(super) fn find(&self, path: &Path) -> Option<Found<'_>> {
        let name = path.strip_prefix(&self.folder).ok()?.to_str()?;
        let entry = self.entries.get(name)?;
        self.found.fetch_add(1, Ordering::Relaxed);
        Some(Found(self, entry))
    }

    /// Returns whether there are files that no walk came to: they are gone, or must not be here any more. To be asked after the walk.
    pub(super) fn has_more(&self) -> bool {
        self.found.load(Ordering::Relaxed) < self.entries.len()
    }
}

/// A file of which something was saved.
pub(super) struct Found<'a>(&'a Saved, &'a Entry);

impl Found<'_> {
    /// Returns what it defines, if that was saved when it had this stamp.
    pub(super) fn symbols(&self, path: &str, stamp: Stamp) -> Option<FileSymbols> {
        let Self(saved, entry) = self;
        if entry.stamp != stamp || entry.length > LONGEST_ENTRY {
            return None;
        }
        let bytes = {
            let mut file = saved.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(entry.offset)).ok()?;
            exactly(&mut file, entry.length as usize, entry.sum)?
        };
        form::read(path, &bytes)
    }
}

/// Reads so many bytes, if they have this checksum.
fn exactly(file: &mut File, length: usize, sum: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).ok()?;
    (crc32fast::hash(&bytes) == sum).then_some(bytes)
}

/// Returns what tells our own files from those of a program that reads other things off the same text.
fn program() -> String {
    format!("{} {FORM}", env!("CARGO_PKG_VERSION"))
}

struct Writer {
    file: BufWriter<NamedTempFile>,
    at: u64,
    list: List,
}

impl Writer {
    fn new(shelf: &Path, folder: &Path) -> io::Result<Self> {
        let name = folder.to_str();
        let folder = name.ok_or_else(|| io::Error::other("the folder's name is no text"))?;
        // Only its user may read such a file, on systems that know the difference.
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(shelf)?;
        let mut writer = Self {
            file: BufWriter::new(file),
            at: 0,
            list: List {
                program: program(),
                folder: folder.to_owned(),
                files: Vec::new(),
            },
        };
        writer.put(&MARK)?;
        Ok(writer)
    }

    /// Adds a file; false if it is full.
    fn add(&mut self, folder: &Path, stamp: Stamp, symbols: &FileSymbols) -> io::Result<bool> {
        let name = Path::new(&*symbols.path).strip_prefix(folder).ok();
        let Some(name) = name.and_then(Path::to_str) else {
            return Ok(true);
        };
        let Some(bytes) = form::write(symbols) else {
            return Ok(true);
        };
        let Ok(length) = u32::try_from(bytes.len()) else {
            return Ok(true);
        };
        if length > LONGEST_ENTRY {
            return Ok(true);
        }
        if self.at + bytes.len() as u64 + LONGEST_LIST > MOST {
            return Ok(false);
        }
        let entry = Entry {
            stamp,
            offset: self.at,
            length,
            sum: crc32fast::hash(&bytes),
        };
        self.put(&bytes)?;
        self.list.files.push((name.to_owned(), entry));
        Ok(true)
    }

    fn finish(mut self, path: &Path) -> io::Result<()> {
        let list = postcard::to_stdvec(&self.list).map_err(io::Error::other)?;
        let start = self.at;
        self.put(&list)?;
        self.put(&start.to_le_bytes())?;
        self.put(&(list.len() as u64).to_le_bytes())?;
        self.put(&crc32fast::hash(&list).to_le_bytes())?;
        self.put(&MARK)?;
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.persist(path)?;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

/// Makes a folder that only its user may look into, on systems that know the difference.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
