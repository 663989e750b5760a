//! The files beside the document: what they define, and what they use.

use std::sync::Arc;

use super::names::Seen;
use super::{Pool, number};
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::{FileSymbols, Found, folder_of};

/// The most files that are looked into.
const FILES: usize = 60;

/// The most definitions of each that are candidates.
const OF_FILE: usize = 60;

/// Adds what the files beside the document define.
pub(super) fn add(pool: &mut Pool<'_>, inputs: &Inputs<'_>, _: &Seen) {
    for file in beside(inputs) {
        for at in 0..file.definitions.len().min(OF_FILE) {
            let found = Found {
                file: file.clone(),
                at,
            };
            // What is not used in any other file is its own business.
            if inputs.definitions.users(&found.definition().name) > 1 {
                pool.add(found, Source::Sibling);
            }
        }
    }
}

/// The files beside the document, as witnesses of which names are used here.
pub(super) struct Beside(Vec<Arc<FileSymbols>>);

impl Beside {
    pub(super) fn new(inputs: &Inputs<'_>) -> Self {
        Self(beside(inputs))
    }

    /// Returns which part of the files beside the document use a name.
    pub(super) fn part_that_uses(&self, name: &str) -> f32 {
        let users = self.0.iter().filter(|file| file.uses(name)).count();
        number(users) / number(self.0.len()).max(1.0)
    }
}

fn beside(inputs: &Inputs<'_>) -> Vec<Arc<FileSymbols>> {
    let folder = folder_of(inputs.path);
    let family = inputs.tree.language().family();
    let files = inputs.definitions.in_folder(&folder).into_iter();
    let others =
        files.filter(|file| *file.path != *inputs.path && file.language.family() == family);
    others.take(FILES).cloned().collect()
}
