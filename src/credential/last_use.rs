//! When each stored key was last used, to the hour, for `byok-lsp key list`: a small file beside the keys that holds names and times, no key.
//!
//! Entry points: [`LastUse::note`], which a call pays a look into a table for, and [`LastUse::all`]. The file is written once an hour for each
//! key at most, on a thread of its own; that it cannot be written is nobody's trouble.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::names::Name;

/// How often the use of a key is written down.
const EVERY: Duration = Duration::from_hours(1);

/// The table. Clones are the same.
#[derive(Clone)]
pub(super) struct LastUse {
    path: Option<PathBuf>,
    noted: Arc<Mutex<HashMap<Name, Instant>>>,
}

impl LastUse {
    /// Keeps it in a folder, or nowhere.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self {
            path: folder.map(|folder| folder.join("last-use.json")),
            noted: Arc::default(),
        }
    }

    /// Notes that a key is used now.
    pub(super) fn note(&self, name: &Name) {
        let Some(path) = &self.path else { return };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(name).is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        noted.insert(name.clone(), Instant::now());
        drop(noted);
        let (path, name) = (path.clone(), name.to_string());
        let writing = std::thread::Builder::new()
            .name("last-use".into())
            .spawn(move || {
                if let Err(error) = write(&path, name, Timestamp::now()) {
                    tracing::debug!(%error, "when a key was last used is not written down");
                }
            });
        if let Err(error) = writing {
            tracing::debug!(%error, "when a key was last used is not written down");
        }
    }

    /// Returns when each key was last used, as far as that is known, by its name.
    pub(super) fn all(&self) -> BTreeMap<String, Timestamp> {
        let path = self.path.as_deref();
        path.map(read).unwrap_or_default()
    }
}

fn read(path: &Path) -> BTreeMap<String, Timestamp> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str::<BTreeMap<String, String>>(&text)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, at)| Some((name, at.parse().ok()?)))
        .collect()
}

/// Servers that run side by side may overwrite what the other wrote at the same moment; the next hour brings it again.
fn write(path: &Path, name: String, now: Timestamp) -> std::io::Result<()> {
    let mut all = read(path);
    all.insert(name, now);
    let texts: BTreeMap<String, String> = all
        .into_iter()
        .map(|(name, at)| (name, at.to_string()))
        .collect();
    let text = serde_json::to_string_pretty(&texts)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Whole or not at all, whoever reads it meanwhile.
    let new = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&new, text)?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(label: &str) -> Name {
        Name {
            provider: "openai".into(),
            label: label.into(),
        }
    }

    #[test]
    fn a_use_is_written_down_beside_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys/last-use.json");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        write(&path, "openai/a".into(), at("2026-01-02T03:04:05Z")).expect("written");
        write(&path, "openai/b".into(), at("2026-02-02T03:04:05Z")).expect("written");
        write(&path, "openai/a".into(), at("2026-03-02T03:04:05Z")).expect("written");
        let all = read(&path);
        assert_eq!(all["openai/a"], at("2026-03-02T03:04:05Z"));
        assert_eq!(all["openai/b"], at("2026-02-02T03:04:05Z"));
    }

    #[test]
    fn a_key_that_is_used_all_the_time_is_written_down_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let last_use = LastUse::new(Some(folder.path()));
        for _ in 0..1000 {
            last_use.note(&name("a"));
        }
        last_use.note(&name("b"));
        assert_eq!(last_use.noted.lock().expect("a table").len(), 2);
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("last-use.json");
        for text in ["", "nonsense", "[1]", r#"{"openai/a": "yesterday"}"#] {
            std::fs::write(&path, text).expect("written");
            assert!(read(&path).is_empty(), "{text}");
        }
    }
}
