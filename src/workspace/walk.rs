//! The files under a folder.
//!
//! Entry points: [`files`], [`sendable`], [`read`], [`read_stamped`], [`head`] and [`is_wanted`]. Ignore files are respected whether or not the folder is a repository,
//! hidden files are left out, links are not followed. What is no text, is too long, or looks generated is skipped.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ignore::{Walk, WalkBuilder};

use super::rules;
use super::stamp::Stamp;

/// Longer lines on average are no code that a person writes: minified scripts, data.
const LONGEST_AVERAGE_LINE: usize = 200;

/// Lists the files under a folder, lazily.
pub fn files(root: &Path) -> impl Iterator<Item = PathBuf> + Send + use<> {
    paths(builder(root).build())
}

/// Lists the files under a folder whose text may leave the machine: those that no ignore file of an assistant names either, and that
/// hold no secrets by their name.
pub fn sendable(root: &Path) -> impl Iterator<Item = PathBuf> + Send + use<> {
    let mut builder = builder(root);
    for name in rules::IGNORE_FILES {
        builder.add_custom_ignore_filename(name);
    }
    paths(builder.build()).filter(|path| rules::secret(path).is_none())
}

/// Returns whether a walk of the folder would come to this file.
pub fn is_wanted(root: &Path, file: &Path) -> bool {
    let target = file.to_path_buf();
    let mut builder = builder(root);
    // The walk looks at no other branch, so it is as quick as the file is deep.
    builder.filter_entry(move |entry| target.starts_with(entry.path()));
    paths(builder.build()).any(|found| found == file)
}

/// Reads a file, unless it should be skipped.
pub fn read(file: &Path, limit: usize) -> Option<String> {
    read_stamped(file, limit).map(|(text, _)| text)
}

/// Reads a file, unless it should be skipped, and tells its stamp if that is sure to change with its text.
pub fn read_stamped(file: &Path, limit: usize) -> Option<(String, Option<Stamp>)> {
    let file = fs::File::open(file).ok()?;
    let metadata = file.metadata().ok()?;
    let now = SystemTime::now();
    let limit = limit as u64;
    // A pipe or a device would never end, or never begin.
    if !metadata.is_file() || metadata.len() > limit {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > limit || memchr::memchr(0, &bytes).is_some() {
        return None;
    }
    let text = String::from_utf8(bytes).ok()?;
    let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
    let stamp = Stamp::of(&metadata).filter(|stamp| stamp.is_sure(now));
    (text.len() / lines <= LONGEST_AVERAGE_LINE).then_some((text, stamp))
}

/// Reads the beginning of a file, so many bytes at most.
pub fn head(file: &Path, bytes: usize) -> Option<Vec<u8>> {
    // A pipe or a device would never end, and to open a pipe waits for somebody who writes.
    if !fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut head = Vec::new();
    let file = fs::File::open(file).ok()?;
    file.take(bytes as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

fn builder(root: &Path) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder.require_git(false);
    builder
}

fn paths(walk: Walk) -> impl Iterator<Item = PathBuf> + Send {
    walk.filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(ignore::DirEntry::into_path)
}
