//! The files beside the document: what they define, and what they use.

use std::sync::Arc;

use super::{Pool, number};
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::{FileSymbols, Found, Name, folder_of};

/// The most files that are looked into.
const FILES: usize = 100;

/// The most definitions of each that are candidates.
const OF_FILE: usize = 80;

/// Adds what the files beside the document define.
pub(super) fn add(pool: &mut Pool<'_>, beside: &Beside) {
    let mut files = beside.0.clone();
    // The pool is bounded: what is most like the document comes first.
    files.sort_by(|(a, like), (b, other)| other.total_cmp(like).then_with(|| a.path.cmp(&b.path)));
    for (file, _) in files {
        for at in 0..file.definitions.len().min(OF_FILE) {
            let found = Found {
                file: file.clone(),
                at,
            };
            pool.add(found, Source::Sibling);
        }
    }
}

/// The files beside the document, as witnesses of which names are used here, each with how much it is like the document.
pub(super) struct Beside(Vec<(Arc<FileSymbols>, f32)>);

impl Beside {
    pub(super) fn new(inputs: &Inputs<'_>) -> Self {
        let own = inputs.definitions.file(inputs.path);
        let likeness = |file: &FileSymbols| {
            // Most files have most of their names in common; what counts is who has nearly all.
            own.map_or(0.0, |own| own.likeness(file).powi(4))
        };
        let files = beside(inputs).into_iter();
        Self(files.map(|file| (file.clone(), likeness(&file))).collect())
    }

    /// Returns which part of the files beside the document use a name, counted alike, and by how much they are like the document.
    pub(super) fn parts_that_use(&self, name: &str) -> (f32, f32) {
        let name = Name::of(name);
        let (mut users, mut weight, mut whole) = (0, 0.0, 0.0);
        for (file, likeness) in &self.0 {
            whole += likeness;
            if file.uses(name) {
                users += 1;
                weight += likeness;
            }
        }
        let part = number(users) / number(self.0.len()).max(1.0);
        (part, weight / f32::max(whole, 1e-6))
    }
}

fn beside(inputs: &Inputs<'_>) -> Vec<Arc<FileSymbols>> {
    let folder = folder_of(inputs.path);
    let family = inputs.tree.language().family();
    let files = inputs.definitions.in_folder(folder).into_iter();
    let others =
        files.filter(|file| *file.path != *inputs.path && file.language.family() == family);
    others.take(FILES).cloned().collect()
}
