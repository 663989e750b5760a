//! Where candidates come from: one file a source. Each is bounded in what it looks at, so that none needs a clock, and the same
//! state gives the same prompt.
//!
//! Entry point: [`gather`]. A source names definitions; what speaks for each of them is gathered as its [`Signs`], of which
//! [`super::rank`] makes one number. Several sources may name the same definition: it is one candidate, with the signs of all.

mod imports;
mod members;
mod names;
mod passages;
mod pointed;
mod scopes;
mod siblings;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::fragment::{Fragment, Source};
use super::prepare::Inputs;
use crate::index::{Definitions, FileSymbols, Found, Name, folder_of};
use crate::syntax::{Kind, Language};

/// What speaks for showing a definition. All are numbers from 0 on; which counts how much, `rank` knows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Signs {
    /// How often its name stands near the cursor.
    pub count: f32,
    /// 1 where its name stands at the cursor, falling within some ten lines.
    pub near: f32,
    /// The same, falling within a hundred lines.
    pub around: f32,
    /// The file imports its name.
    pub imported: f32,
    /// The file imports its name and does not use it yet: it is about to.
    pub fresh: f32,
    /// The file imports something of its file.
    pub of_imported: f32,
    /// The name of its file, folder or owner stands near the cursor, as what it is reached by.
    pub reached: f32,
    /// How much its owner is in play, shared out among the owner's members.
    pub member: f32,
    /// How much its owner is in play.
    pub owned: f32,
    /// The part of the files beside this one that use its name.
    pub beside: f32,
    /// The same, where a file counts by how much it is like this one.
    pub akin: f32,
    /// How directly the file imports its file.
    pub reach: f32,
    /// The cursor stands in an import of its file, which does not name it yet.
    pub importing: f32,
    /// Its file lies in the document's folder.
    pub here: f32,
    /// The part of the document's folders that its file lies in too.
    pub close: f32,
    /// The language's folders are packages.
    pub packaged: f32,
    /// Its file is the one that the document tests.
    pub tested: f32,
    /// Its file is a test, and the document is none.
    pub of_test: f32,
    /// In how many files its name stands.
    pub users: f32,
    /// The part of the passages that are like the text at the cursor in which its name stands.
    pub company: f32,
    /// How like the text at the cursor the likest of those passages is.
    pub echoed: f32,
    /// How much of what its file defines stands near the cursor.
    pub crowd: f32,
    /// How much of what belongs to its owner stands near the cursor.
    pub kin: f32,
    /// How much its name is made of words that stand near the cursor.
    pub alike: f32,
    /// How much its name begins with a mark that keeps it to its own file.
    pub private: f32,
    /// It begins with what is being typed.
    pub begun: f32,
    /// In how many places the name is defined.
    pub places: f32,
    /// The user has just looked at it, or it is what is complained about. Nothing is fitted to it: the measurement has no such places.
    pub pointed: f32,
}

/// A definition that may be shown.
pub struct Candidate {
    /// The definition.
    pub found: Found,
    /// The source that named it first.
    pub source: Source,
    /// What speaks for it.
    pub signs: Signs,
}

/// What the sources found: definitions elsewhere, and lines that are shown whatever the rank of the rest.
pub struct Gathered {
    /// Definitions of other files.
    pub candidates: Vec<Candidate>,
    /// Lines that come first.
    pub first: Vec<Fragment>,
}

/// The most candidates that are looked at.
const CANDIDATES: usize = 4_000;

/// Asks every source that is switched on.
pub fn gather(inputs: &Inputs<'_>) -> Gathered {
    let on = |source| inputs.sources.contains(&source);
    let mut pool = Pool::new(inputs);
    let beside = siblings::Beside::new(inputs);
    let imports = imports::read(inputs);
    let seen = names::read(inputs, &imports);
    if on(Source::Nearby) {
        names::add(&mut pool, inputs, &seen, &imports);
    }
    if on(Source::Import) {
        imports::add(&mut pool, inputs, &seen, &imports);
    }
    if on(Source::Sibling) {
        siblings::add(&mut pool, &beside);
    }
    let passages = passages::read(inputs, &seen, &imports);
    if on(Source::Sibling) {
        passages::add(&mut pool, inputs, &passages, &imports);
    }
    if on(Source::Member) {
        members::add(&mut pool, inputs, &seen, &imports);
    }
    if on(Source::Viewed) {
        pointed::add_viewed(&mut pool, inputs);
    }
    if on(Source::Diagnostic) {
        pointed::add_complained(&mut pool, inputs);
    }
    if on(Source::Changed) {
        pointed::add_changed(&mut pool, inputs);
    }
    let mut first = Vec::new();
    if on(Source::Scope) {
        first.extend(scopes::fragments(inputs));
    }
    if on(Source::Edited) {
        first.extend(inputs.attention.edited.iter().cloned());
    }
    Gathered {
        candidates: pool.finish(inputs, &seen, &imports, &beside, &passages),
        first,
    }
}

/// The candidates while they are gathered, each once.
pub(super) struct Pool<'a> {
    definitions: &'a Definitions,
    own: &'a str,
    own_folder: &'a str,
    language: Language,
    /// What the document defines itself: a definition elsewhere of the same name is not meant.
    own_names: FxHashSet<Arc<str>>,
    candidates: BTreeMap<(Arc<str>, usize), Candidate>,
}

impl<'a> Pool<'a> {
    fn new(inputs: &Inputs<'a>) -> Self {
        let own = inputs.definitions.file(inputs.path);
        let own_names = own.into_iter().flat_map(|own| &own.definitions);
        // What is only added to here is defined elsewhere, and a field is not what its name alone means.
        let own_names = own_names.filter(|one| !one.reopens && one.kind != Kind::Field);
        Self {
            definitions: inputs.definitions,
            own: inputs.path,
            own_folder: folder_of(inputs.path),
            language: inputs.tree.language(),
            own_names: own_names.map(|one| one.name.clone()).collect(),
            candidates: BTreeMap::new(),
        }
    }

    /// Returns whether a definition may be a candidate at all.
    fn is_foreign(&self, file: &FileSymbols, name: &str) -> bool {
        *file.path != *self.own
            && file.language.family() == self.language.family()
            && !self.own_names.contains(name)
            && (!self.language.has_packages()
                || name.starts_with(char::is_uppercase)
                || folder_of(&file.path) == self.own_folder)
    }

    /// Returns where a name is defined elsewhere, in a language that can mean it.
    pub(super) fn named(&self, name: &str) -> Vec<Found> {
        let mut found = self.definitions.named(name);
        found.retain(|one| self.is_foreign(&one.file, name));
        found
    }

    /// The same, of a name that is not at hand.
    pub(super) fn meant(&self, name: Name) -> Vec<Found> {
        let mut found = self.definitions.meant(name);
        found.retain(|one| self.is_foreign(&one.file, &one.definition().name));
        found
    }

    /// Adds a definition, or returns its signs if it is there already.
    pub(super) fn add(&mut self, found: Found, source: Source) -> Option<&mut Signs> {
        let definition = found.definition();
        if definition.reopens || !self.is_foreign(&found.file, &definition.name) {
            return None;
        }
        let key = (found.file.path.clone(), found.at);
        if self.candidates.len() >= CANDIDATES && !self.candidates.contains_key(&key) {
            return None;
        }
        let candidate = self.candidates.entry(key).or_insert_with(|| Candidate {
            found,
            source,
            signs: Signs::default(),
        });
        Some(&mut candidate.signs)
    }

    /// Forgets the files that must not be shown, and of the others adds what is told of a name alone, whichever source named its definition.
    fn finish(
        mut self,
        inputs: &Inputs<'_>,
        seen: &names::Seen,
        imports: &imports::Imports,
        beside: &siblings::Beside,
        passages: &passages::Passages,
    ) -> Vec<Candidate> {
        // The candidates of a file follow each other.
        let mut judged: Option<(Arc<str>, bool)> = None;
        self.candidates
            .retain(|(path, _), candidate| match &judged {
                Some((of, is_admitted)) if of == path => *is_admitted,
                _ => {
                    let is_admitted = (inputs.admits)(&candidate.found.file);
                    judged = Some((path.clone(), is_admitted));
                    is_admitted
                }
            });
        let (crowds, kin) = self.company_of_files_and_owners(seen);
        let own_stem = stem(self.own).unwrap_or_default();
        let folders = number(self.own_folder.split(['/', '\\']).count());
        let sign = |holds: bool| f32::from(u8::from(holds));
        // Much is told of the file alone.
        let mut of_file = (None, Signs::default());
        for candidate in self.candidates.values_mut() {
            let path = candidate.found.file.path.clone();
            if of_file.0.as_deref() != Some(&*path) {
                let signs = Signs {
                    reach: imports.reach(&path),
                    here: sign(folder_of(&path) == self.own_folder),
                    close: number(names::shared(self.own, &path)) / folders,
                    tested: sign(
                        is_test(self.own) && stem(&path).is_some_and(|stem| tests(own_stem, stem)),
                    ),
                    of_test: sign(is_test(&path) && !is_test(self.own)),
                    ..Signs::default()
                };
                of_file = (Some(path.clone()), signs);
            }
            let definition = candidate.found.definition();
            let signs = &mut candidate.signs;
            signs.reach = of_file.1.reach;
            signs.here = of_file.1.here;
            signs.close = of_file.1.close;
            signs.tested = of_file.1.tested;
            signs.of_test = of_file.1.of_test;
            if let Some(sight) = seen.names.get(&*definition.name) {
                signs.count = sight.count.ln_1p();
                signs.near = sight.near;
                signs.around = sight.around;
            }
            if signs.count == 0.0 {
                signs.fresh = signs.imported;
            }
            signs.reached = [
                definition.owner.as_deref(),
                stem(&candidate.found.file.path),
                folder_name(&candidate.found.file.path),
            ]
            .into_iter()
            .flatten()
            .filter_map(|name| seen.names.get(name))
            .map(|sight| sight.reaching)
            .fold(0.0, f32::max);
            (signs.beside, signs.akin) = beside.parts_that_use(&definition.name);
            let word = &*seen.word;
            signs.begun = f32::from(u8::from(
                word.len() > 1 && definition.name.starts_with(word),
            ));
            signs.packaged = sign(self.language.has_packages());
            let name = Name::of(&definition.name);
            (signs.company, signs.echoed) = passages.of(name);
            let standing = signs.around;
            let beside_it = |sums: &FxHashMap<Arc<str>, f32>, of: &str| {
                (sums.get(of).copied().unwrap_or_default() - standing)
                    .max(0.0)
                    .ln_1p()
            };
            signs.crowd = beside_it(&crowds, &path);
            signs.kin = definition
                .owner
                .as_deref()
                .map_or(0.0, |owner| beside_it(&kin, owner));
            signs.users = number(self.definitions.users(name) as usize).ln_1p();
            signs.alike = seen.alike(&definition.name);
            signs.private = sign(definition.name.starts_with('_'));
            signs.places = number(self.definitions.places(&definition.name)).ln();
        }
        self.candidates.into_values().collect()
    }

    /// Returns for each file, and for each owner, how much of what it defines stands near the cursor.
    fn company_of_files_and_owners(
        &self,
        seen: &names::Seen,
    ) -> (FxHashMap<Arc<str>, f32>, FxHashMap<Arc<str>, f32>) {
        let (mut files, mut owners) = (FxHashMap::default(), FxHashMap::default());
        for candidate in self.candidates.values() {
            let definition = candidate.found.definition();
            let Some(sight) = seen.names.get(&*definition.name) else {
                continue;
            };
            *files.entry(candidate.found.file.path.clone()).or_default() += sight.around;
            if let Some(owner) = &definition.owner {
                *owners.entry(owner.clone()).or_default() += sight.around;
            }
        }
        (files, owners)
    }
}

/// Returns a count as a number that signs are made of.
#[expect(clippy::cast_precision_loss, reason = "counts here are small")]
fn number(count: usize) -> f32 {
    count as f32
}

fn stem(path: &str) -> Option<&str> {
    let file = path.rsplit(['/', '\\']).next()?;
    file.split('.').next()
}

/// Returns whether a file holds tests, by its name or its folder's.
fn is_test(path: &str) -> bool {
    let stem = stem(path).unwrap_or_default();
    let marks = |name: &str| {
        let mut words = name.split(['_', '-']);
        words.any(|word| ["test", "tests", "spec", "testing"].contains(&word))
    };
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    marks(stem)
        || file.contains(".test.")
        || file.contains(".spec.")
        || folder_name(path).is_some_and(marks)
        || folder_name(path) == Some("__tests__")
}

/// Returns whether a file of tests is called after another file.
fn tests(test: &str, file: &str) -> bool {
    let rest = test.strip_prefix("test_").unwrap_or(test);
    let rest = rest.strip_suffix("_test").unwrap_or(rest);
    rest == file && !file.is_empty()
}

fn folder_name(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).nth(1)
}
