//! Whether the log file can be written, and how large it is.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use super::Finding;
use crate::cli::parts;
use crate::config::{LogLevel, Settings};
use crate::logs::make_folder;
use crate::logs::read::files;

/// Looks at it; where nothing is to be written there is nothing to say.
pub(super) fn look(settings: &Settings) -> Option<Finding> {
    if settings.log.level == LogLevel::Off {
        return None;
    }
    let path = parts::log_path()?;
    let all = files(&path);
    let length = |file| std::fs::metadata(file).map_or(0, |it| it.len());
    let bytes: u64 = all.iter().map(length).sum();
    let place = path.display();
    let is_there = path.exists();
    let opened = if is_there {
        OpenOptions::new().append(true).open(&path).map(drop)
    } else {
        can_begin(&path)
    };
    Some(match opened {
        Ok(()) if !is_there => {
            Finding::good("log", format!("none yet at {place}; a server writes it"))
        }
        Ok(()) => Finding::good(
            "log",
            format!(
                "{place}; {} kB in {} files",
                bytes.div_ceil(1000),
                all.len()
            ),
        ),
        Err(error) => Finding::warning(
            "log",
            format!("{place} cannot be written ({error})"),
            "nothing else suffers; see to its permissions, or set [log] level = \"off\"",
        ),
    })
}

/// Returns whether a file could be begun in its folder, which is made as a server would make it; the file is not.
fn can_begin(path: &Path) -> io::Result<()> {
    make_folder(path)?;
    tempfile::tempfile_in(path.parent().unwrap_or(path)).map(drop)
}
