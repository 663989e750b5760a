//! What was learnt, on the disk: one small file beside the ledger, replaced whole and at once.
//!
//! Several editors write it. Each puts its own news over what it finds; where two learn of one model in the same seconds, one of them is kept,
//! which is as good an estimate as the other.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::model::Model;
use crate::replace_file::replace_file;

/// The form of the file; another one is not read.
const VERSION: u32 = 2;

/// Nobody uses more models at a time.
const MOST_MODELS: usize = 64;

/// A file of more is not ours.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Models by their full names.
pub(super) type Models = BTreeMap<String, Model>;

#[derive(Serialize, Deserialize)]
struct File {
    v: u32,
    models: Models,
}

/// Reads the file; nothing of one that cannot be read.
pub(super) fn read(path: &Path) -> Models {
    let file = std::fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = file.unwrap_or_default();
    if bytes.len() as u64 > MAX_BYTES {
        return Models::new();
    }
    let file = serde_json::from_slice::<File>(&bytes).ok();
    let file = file.filter(|file| file.v == VERSION);
    let models = file.map(|file| file.models).unwrap_or_default();
    let sane = models.into_iter().map(|(name, model)| (name, model.sane()));
    let mut models = sane
        .filter(|(name, _)| name.len() <= super::LONGEST_NAME)
        .collect();
    bound(&mut models);
    models
}

/// Puts news into the file.
pub(super) fn write(path: &Path, news: Models) -> std::io::Result<()> {
    let mut models = read(path);
    models.extend(news);
    bound(&mut models);
    let bytes = serde_json::to_vec(&File { v: VERSION, models })?;
    replace_file(path, &bytes)
}

/// Forgets the models that were not used for longest.
pub(super) fn bound(models: &mut Models) {
    while models.len() > MOST_MODELS {
        let oldest = models.iter().min_by_key(|(_, model)| model.seen);
        let Some(name) = oldest.map(|(name, _)| name.clone()) else {
            return;
        };
        models.remove(&name);
    }
}
