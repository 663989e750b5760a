//! Lists of models on the disk, so that they are there at once and without a network.
//!
//! Entry point: [`Cache`]. One file in the platform's cache folder, bounded, replaced whole and at once. A file that cannot be read is as good as none:
//! all of it can be asked for again.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::listed::{Listed, MOST_MODELS, is_name};
use crate::replace_file::replace_file;

/// The form of the file; another one is not read.
const VERSION: u32 = 1;

/// A file of more is not ours.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Nobody has more providers.
const MOST_LISTS: usize = 64;

/// A provider's list, as it was when the provider was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Whom it is from: another address may answer otherwise under the same name.
    pub base_url: String,
    /// When, in seconds since 1970.
    pub asked: i64,
    /// Whether that was all of it.
    pub is_whole: bool,
    pub models: Vec<Listed>,
}

/// Lists by the provider's name.
pub(super) type Lists = BTreeMap<String, Kept>;

#[derive(Serialize, Deserialize)]
struct File {
    v: u32,
    lists: Lists,
}

/// Where lists are kept.
pub(super) struct Cache {
    /// None where lists are kept in memory alone.
    path: Option<PathBuf>,
    /// What could not be, or is not to be, written to the disk. Held while the file is exchanged.
    own: Mutex<Lists>,
}

impl Cache {
    pub fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            own: Mutex::default(),
        }
    }

    /// Returns all lists. Reads the file each time, since other processes write it, too; a millisecond or two.
    pub fn lists(&self) -> Lists {
        let mut lists = self.path.as_deref().map(read).unwrap_or_default();
        lists.extend(self.own().clone());
        lists
    }

    /// Keeps a list.
    pub fn keep(&self, provider: &str, list: Kept) {
        let mut own = self.own();
        let Some(path) = &self.path else {
            own.insert(provider.to_owned(), list);
            return;
        };
        let mut lists = read(path);
        lists.insert(provider.to_owned(), list.clone());
        match write(path, lists) {
            Ok(()) => {
                own.remove(provider);
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "the lists of models cannot be kept");
                own.insert(provider.to_owned(), list);
            }
        }
    }

    fn own(&self) -> MutexGuard<'_, Lists> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Lists {
    let bytes = std::fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = bytes.unwrap_or_default();
    if bytes.len() > MAX_BYTES {
        return Lists::new();
    }
    let file = serde_json::from_slice::<File>(&bytes).ok();
    let file = file.filter(|file| file.v == VERSION);
    let mut lists = file.map(|file| file.lists).unwrap_or_default();
    for list in lists.values_mut() {
        list.models.retain(|model| is_name(&model.name));
        list.models.truncate(MOST_MODELS);
    }
    lists
}

fn write(path: &Path, lists: Lists) -> std::io::Result<()> {
    replace_file(path, &bounded(lists)?)
}

/// Writes the file's content, without the oldest lists if it would be too much.
fn bounded(lists: Lists) -> std::io::Result<Vec<u8>> {
    let mut file = File { v: VERSION, lists };
    loop {
        let bytes = serde_json::to_vec(&file)?;
        if bytes.len() <= MAX_BYTES && file.lists.len() <= MOST_LISTS {
            return Ok(bytes);
        }
        let oldest = file.lists.iter().min_by_key(|(_, list)| list.asked);
        let Some(name) = oldest.map(|(name, _)| name.clone()) else {
            return Ok(bytes);
        };
        file.lists.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn list(asked: i64) -> Kept {
        let model = Listed {
            name: "m".into(),
            context: Some(8),
            price: None,
            fills: None,
            chats: Some(true),
        };
        Kept {
            base_url: "https://h/v1".into(),
            asked,
            is_whole: true,
            models: vec![model],
        }
    }

    fn in_folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/models.json");
        (folder, path)
    }

    #[test]
    fn what_one_process_keeps_another_finds_and_nothing_else_lies_about() {
        let (_folder, path) = in_folder();
        Cache::new(Some(path.clone())).keep("a", list(1));
        Cache::new(Some(path.clone())).keep("b", list(2));
        let found = Cache::new(Some(path.clone())).lists();
        assert_eq!(
            found,
            Lists::from([("a".into(), list(1)), ("b".into(), list(2))])
        );
        assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_broken_file_is_as_good_as_none_and_is_replaced() {
        let (_folder, path) = in_folder();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let other_version = r#"{"v":2,"lists":{}}"#.as_bytes().to_vec();
        let huge = vec![b' '; MAX_BYTES + 1];
        for broken in [
            b"{\"v\":1,\"lis".to_vec(),
            vec![0xff; 9],
            other_version,
            huge,
            Vec::new(),
        ] {
            std::fs::write(&path, broken).unwrap();
            let cache = Cache::new(Some(path.clone()));
            assert_eq!(cache.lists(), Lists::new());
            cache.keep("a", list(1));
            assert_eq!(cache.lists().len(), 1);
        }
    }

    #[test]
    fn names_that_somebody_wrote_into_the_file_are_held_to_the_same_rules() {
        let (_folder, path) = in_folder();
        let mut hostile = list(1);
        hostile.models[0].name = "m\u{1b}[2J".into();
        write(&path, Lists::from([("a".into(), hostile)])).unwrap();
        assert_eq!(Cache::new(Some(path)).lists()["a"].models, []);
    }

    #[test]
    fn where_nothing_can_be_written_lists_last_as_long_as_the_process() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        for path in [None, Some(folder.path().join("file/models.json"))] {
            let cache = Cache::new(path);
            cache.keep("a", list(1));
            assert_eq!(cache.lists()["a"], list(1));
        }
    }

    #[test]
    fn the_oldest_lists_go_when_there_are_too_many() {
        let many = (0..66).map(|n| (format!("p{n:03}"), list(n)));
        let file: File = serde_json::from_slice(&bounded(many.collect()).unwrap()).unwrap();
        assert_eq!(file.lists.len(), MOST_LISTS);
        assert_eq!(file.lists.keys().next().unwrap(), "p002");
    }
}
