//! The file, and the older ones behind it.
//!
//! Several servers write to the same file, each line at once and at its end. Whoever finds it full takes the lock and looks again, since another may
//! have put it aside meanwhile; a server whose file was put aside under its hands finds that one full, and opens the new one.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::older;
use crate::config::LogSettings;

/// The log's files.
pub(super) struct Files {
    path: PathBuf,
    settings: LogSettings,
    /// The one that is written to, once it is open.
    current: Option<File>,
    /// Whether the last line may be there in part, as where the disk is full.
    is_torn: bool,
}

impl Files {
    pub(super) fn new(path: PathBuf, settings: LogSettings) -> Self {
        Self {
            path,
            settings,
            current: None,
            is_torn: false,
        }
    }

    /// Appends a line.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let written = self.write(line);
        if written.is_err() {
            // What is wrong may be wrong with this file alone, such as a folder that was removed.
            self.current = None;
        }
        written
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let mut file = match self.current.take() {
            Some(file) => file,
            None => open(&self.path)?,
        };
        if self.is_full(&file, line)? {
            file = open(&self.path)?;
            if self.is_full(&file, line)? {
                let _lock = lock(&self.path)?;
                // Another may have done it between the look and the lock.
                file = open(&self.path)?;
                if self.is_full(&file, line)? {
                    self.put_aside()?;
                    file = open(&self.path)?;
                }
            }
        }
        // What is left of a line that was torn off does not take the next one with it.
        let begun: &[u8] = if self.is_torn { b"\n" } else { b"" };
        let written = file.write_all(&[begun, line].concat());
        self.is_torn = written.is_err();
        written?;
        self.current = Some(file);
        Ok(())
    }

    fn is_full(&self, file: &File, line: &[u8]) -> io::Result<bool> {
        let length = file.metadata()?.len();
        Ok(length > 0 && length + line.len() as u64 > self.settings.max_bytes)
    }

    /// Gives each file the next one's name; the last one is removed, and whatever was kept when more were.
    fn put_aside(&self) -> io::Result<()> {
        let keep = self.settings.max_files.max(1) - 1;
        for beyond in keep.max(1).. {
            if std::fs::remove_file(older(&self.path, beyond)).is_err() {
                break;
            }
        }
        for number in (1..keep).rev() {
            let from = older(&self.path, number);
            if from.exists() {
                std::fs::rename(from, older(&self.path, number + 1))?;
            }
        }
        if keep == 0 {
            std::fs::remove_file(&self.path)
        } else {
            std::fs::rename(&self.path, older(&self.path, 1))
        }
    }
}

/// Opens the file for its owner alone, in a folder for its owner alone; what is there already and is wider open is made narrow.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(path)?;
            options.open(path)?
        }
        opened => opened?,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = file.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            file.set_permissions(permissions)?;
        }
    }
    Ok(file)
}

/// Makes the folder of a log that is not there yet, for its owner alone.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Takes the lock, which is the open file. Who waits here is the thread that writes the log, and nobody who logs; what comes meanwhile is bounded.
fn lock(path: &Path) -> io::Result<File> {
    let file = open(&path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn small(max_files: u32) -> LogSettings {
        LogSettings {
            max_bytes: 100,
            max_files,
            ..LogSettings::default()
        }
    }

    fn sizes(folder: &Path) -> Vec<(String, u64)> {
        let mut found: Vec<_> = folder
            .read_dir()
            .unwrap()
            .map(Result::unwrap)
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, entry.metadata().unwrap().len())
            })
            .filter(|(name, _)| !name.ends_with("lock"))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn no_more_files_are_kept_and_none_becomes_larger_than_was_said() {
        for max_files in 1..4 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("byok-lsp.log");
            let mut files = Files::new(path, small(max_files));
            for _ in 0..100 {
                files.append(&[b'x'; 33]).unwrap();
            }
            let sizes = sizes(folder.path());
            assert_eq!(sizes.len(), max_files as usize, "{sizes:?}");
            assert!(sizes.iter().all(|(_, size)| *size == 99 || *size == 33));
        }
    }

    #[test]
    fn fewer_files_than_before_leave_none_of_those_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byok-lsp.log");
        let mut files = Files::new(path.clone(), small(9));
        for _ in 0..40 {
            files.append(&[b'x'; 60]).unwrap();
        }
        assert_eq!(sizes(folder.path()).len(), 9);
        let mut files = Files::new(path, small(2));
        files.append(&[b'x'; 60]).unwrap();
        assert_eq!(sizes(folder.path()).len(), 2);
    }

    #[test]
    fn servers_that_write_at_once_lose_no_line_and_keep_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byok-lsp.log");
        let settings = LogSettings {
            max_bytes: 2000,
            max_files: 40,
            ..LogSettings::default()
        };
        std::thread::scope(|scope| {
            for server in 0..4 {
                let path = path.clone();
                scope.spawn(move || {
                    let mut files = Files::new(path, settings);
                    for number in 0..100 {
                        let line = format!("{server} {number:03} {}\n", "x".repeat(40));
                        files.append(line.as_bytes()).unwrap();
                    }
                });
            }
        });
        let mut lines = Vec::new();
        for (name, size) in sizes(folder.path()) {
            // A line for each of the others, who may have looked before.
            assert!(size <= 2000 + 4 * 50, "{name}: {size}");
            let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), 400);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it_also_where_it_lay_open_before() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/byok-lsp.log");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        Files::new(path.clone(), small(2)).append(b"x\n").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&path, open).unwrap();
        Files::new(path.clone(), small(2)).append(b"x\n").unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_folder_that_was_removed_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/byok-lsp.log");
        let mut files = Files::new(path.clone(), small(2));
        files.append(&[b'x'; 90]).unwrap();
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
        let _ = files.append(&[b'x'; 90]);
        files.append(&[b'x'; 5]).unwrap();
        assert!(path.exists());
    }
}
