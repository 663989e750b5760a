//! Whether the log file can be written, and how large it is.

use std::fs::OpenOptions;

use super::Finding;
use crate::cli::parts;
use crate::config::{LogLevel, Settings};
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
    if !path.exists() {
        let says = format!("none yet at {place}; a server writes it");
        return Some(Finding::good("log", says));
    }
    Some(match OpenOptions::new().append(true).open(&path) {
        Ok(_) => Finding::good(
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
