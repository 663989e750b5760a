//! The table of definitions: by name, by owner, by file.
//!
//! Entry point: [`Definitions`]. It is made of shards behind [`Arc`]s, so that a copy is taken in a microsecond, and a change while copies
//! are about copies the shards that it touches alone.

use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Limits;
use super::file::{Definition, FileSymbols, Name, hash};
use crate::workspace::{Marks, Stamp};

/// What is known of the workspace at a moment.
#[derive(Clone, Default)]
pub struct Definitions {
    files: Shards<Arc<str>, Known>,
    /// The files' paths, by what places call them.
    paths: Shards<FileId, Arc<str>>,
    /// The next file's.
    next: FileId,
    /// By the names' hashes, in order.
    names: Shards<u32, Vec<Place>>,
    owners: Shards<Arc<str>, Vec<Place>>,
    folders: Shards<Arc<str>, Vec<Arc<str>>>,
    stems: Shards<Arc<str>, Vec<Arc<str>>>,
    /// In how many files each name is used, by its hash.
    uses: Shards<u32, u32>,
    total_files: usize,
    kept: usize,
    /// How often something was taken out, or is to be shown to others than before.
    withdrawn: u64,
}

/// A file, and by which task it came in.
#[derive(Clone)]
struct Known {
    symbols: Arc<FileSymbols>,
    /// Which state of the file on the disk was read; `None` where that was an open document, or is not sure.
    stamp: Option<Stamp>,
    number: u64,
    /// What places call it.
    id: FileId,
}

/// A file, for as long as it is not read anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct FileId(u32);

/// A definition's place: its file and which of its definitions. There are as many of these as definitions, so it is small.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    file: FileId,
    definition: u32,
}

/// A definition that was found.
#[derive(Clone)]
pub struct Found {
    /// The file.
    pub file: Arc<FileSymbols>,
    /// Which of its definitions.
    pub at: usize,
}

impl Found {
    /// Returns the definition.
    pub fn definition(&self) -> &Definition {
        &self.file.definitions[self.at]
    }

    /// Returns its lines.
    pub fn lines(&self) -> &str {
        self.file.lines(self.definition())
    }
}

/// The most places that a name is found in: `new` is defined everywhere, and so says nothing.
const PLACES: usize = 64;

/// A workspace of no more files is small.
const SMALL: usize = 300;

impl Definitions {
    /// Returns where a name is defined; of a name that is defined in very many places, the first by their files.
    pub fn named(&self, name: &str) -> Vec<Found> {
        let mut found = self.meant(Name::of(name));
        found.retain(|one| *one.definition().name == *name);
        found
    }

    /// The same, of a name that is not at hand.
    pub fn meant(&self, name: Name) -> Vec<Found> {
        self.found(self.names.get(&name.0))
    }

    /// Returns in how many places a name is defined, as far as [`Self::named`] finds them.
    pub fn places(&self, name: &str) -> usize {
        self.names
            .get(&hash(name))
            .map_or(0, |places| places.len().min(PLACES))
    }

    /// Returns what belongs to a type or module of this name: its fields and methods.
    pub fn of_owner(&self, owner: &str) -> Vec<Found> {
        self.found(self.owners.get(owner))
    }

    /// Returns a file.
    pub fn file(&self, path: &str) -> Option<&Arc<FileSymbols>> {
        self.files.get(path).map(|known| &known.symbols)
    }

    /// Returns the files that lie in a folder itself, in order.
    pub fn in_folder(&self, folder: &str) -> Vec<&Arc<FileSymbols>> {
        self.paths(self.folders.get(folder))
    }

    /// Returns the files that an import may mean whose last part is this name: files, and those of a folder, called so.
    pub fn called(&self, stem: &str) -> Vec<&Arc<FileSymbols>> {
        self.paths(self.stems.get(stem))
    }

    /// Returns in how many files a name is used.
    pub fn users(&self, name: Name) -> u32 {
        self.uses.get(&name.0).copied().unwrap_or_default()
    }

    /// Returns the files round a path: all of a small workspace, else those of its folder and of the three above it.
    pub fn round(&self, path: &str) -> Vec<&Arc<FileSymbols>> {
        if self.total_files <= SMALL {
            let mut files: Vec<_> = self.files.values().map(|known| &known.symbols).collect();
            files.sort_by(|a, b| a.path.cmp(&b.path));
            return files;
        }
        let folders = std::iter::successors(Some(folder_of(path)), |folder| {
            Some(folder_of(folder)).filter(|above| !above.is_empty())
        });
        let files = folders.take(4).flat_map(|folder| self.in_folder(folder));
        files.take(SMALL).collect()
    }

    /// Returns how many files are known.
    pub fn files(&self) -> usize {
        self.total_files
    }

    /// Returns how many definitions are known.
    pub fn len(&self) -> usize {
        self.kept
    }

    /// Returns whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.kept == 0
    }

    /// Returns a file whose state on the disk is known, with that.
    pub(super) fn stamped(&self, path: &str) -> Option<(Stamp, Arc<FileSymbols>)> {
        let known = self.files.get(path)?;
        Some((known.stamp?, known.symbols.clone()))
    }

    /// Returns how often something was taken out, or is to be shown to others than before.
    pub(super) fn withdrawn(&self) -> u64 {
        self.withdrawn
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.get(path).is_some()
    }

    fn paths(&self, paths: Option<&Vec<Arc<str>>>) -> Vec<&Arc<FileSymbols>> {
        let files = paths.into_iter().flatten();
        let mut files: Vec<_> = files.filter_map(|path| self.file(path)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    fn found(&self, places: Option<&Vec<Place>>) -> Vec<Found> {
        let places = places.into_iter().flatten().take(PLACES);
        let found = places.filter_map(|place| self.at(*place));
        found.collect()
    }

    fn at(&self, place: Place) -> Option<Found> {
        let path = self.paths.get(&place.file)?;
        let file = self.files.get(path)?.symbols.clone();
        let at = place.definition as usize;
        (at < file.definitions.len()).then_some(Found { file, at })
    }

    /// Returns a name as a file has it that is known already, if one does: most are names of many, and so are in memory once rather than with each.
    fn shared(&self, name: &Arc<str>) -> Arc<str> {
        let places = self.names.get(&hash(name));
        let other = places.and_then(|places| self.at(*places.first()?));
        let other = other.map(|other| other.definition().name.clone());
        other.filter(|other| other == name).unwrap_or(name.clone())
    }

    /// Takes a file over in place of what was known of it, unless a later task brought that.
    pub(super) fn put(
        &mut self,
        mut symbols: FileSymbols,
        stamp: Option<Stamp>,
        number: u64,
        limits: &Limits,
    ) {
        if self.is_later(&symbols.path, number) {
            return;
        }
        let before = self.file(&symbols.path);
        self.withdrawn += u64::from(before.is_some_and(|before| before.marks != symbols.marks));
        self.forget(&symbols.path);
        let definitions = self.kept + symbols.definitions.len();
        if self.total_files >= limits.files || definitions > limits.definitions {
            return;
        }
        for definition in &mut symbols.definitions {
            definition.name = self.shared(&definition.name);
        }
        let path = symbols.path.clone();
        let file = self.next;
        self.next = FileId(file.0.wrapping_add(1));
        self.paths.insert(file, path.clone());
        for (at, definition) in symbols.definitions.iter().enumerate() {
            let place = Place {
                file,
                definition: u32::try_from(at).unwrap_or(u32::MAX),
            };
            if let Some(owner) = &definition.owner {
                put_in_order(self.owners.or_default(owner), place, &self.paths);
            }
            if !definition.reopens {
                let places = self.names.or_default(&hash(&definition.name));
                put_in_order(places, place, &self.paths);
            }
        }
        for name in &symbols.uses {
            *self.uses.or_default(name) += 1;
        }
        self.folders
            .or_default(&folder_of(&path).into())
            .push(path.clone());
        for stem in stems(&path) {
            self.stems.or_default(&stem).push(path.clone());
        }
        self.total_files += 1;
        self.kept = definitions;
        let symbols = Arc::new(symbols);
        let known = Known {
            symbols,
            stamp,
            number,
            id: file,
        };
        self.files.insert(path, known);
    }

    /// Returns all files.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<FileSymbols>> {
        self.files.values().map(|known| &known.symbols)
    }

    /// Takes over what stands at the head of a file, unless the file came in anew since.
    pub(super) fn mark(&mut self, file: &Arc<FileSymbols>, marks: Marks) {
        let Some(known) = self.files.get(&file.path) else {
            return;
        };
        if Arc::ptr_eq(&known.symbols, file) {
            self.withdrawn += 1;
            let symbols = FileSymbols {
                marks,
                ..FileSymbols::clone(file)
            };
            let known = Known {
                symbols: Arc::new(symbols),
                ..known.clone()
            };
            self.files.insert(file.path.clone(), known);
        }
    }

    /// Forgets a file, unless a later task brought it.
    pub(super) fn remove(&mut self, path: &str, number: u64) {
        if self.has(path) && !self.is_later(path, number) {
            self.withdrawn += 1;
            self.forget(path);
        }
    }

    pub(super) fn remove_where(&mut self, is_gone: impl Fn(&str) -> bool) {
        let gone: Vec<Arc<str>> = self
            .files
            .keys()
            .filter(|path| is_gone(path))
            .cloned()
            .collect();
        self.withdrawn += u64::from(!gone.is_empty());
        for path in gone {
            self.forget(&path);
        }
    }

    fn is_later(&self, path: &str, number: u64) -> bool {
        self.files
            .get(path)
            .is_some_and(|known| known.number > number)
    }

    fn forget(&mut self, path: &str) {
        let Some(Known { symbols, id, .. }) = self.files.remove(path) else {
            return;
        };
        self.paths.remove(&id);
        let elsewhere = |place: &Place| place.file != id;
        for definition in &symbols.definitions {
            if let Some(owner) = &definition.owner {
                self.owners.retain(owner, elsewhere);
            }
            self.names.retain(&hash(&definition.name), elsewhere);
        }
        for name in &symbols.uses {
            let count = self.uses.or_default(name);
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.uses.remove(name);
            }
        }
        let other = |other: &Arc<str>| **other != *path;
        self.folders.retain(&folder_of(path).into(), other);
        for stem in stems(path) {
            self.stems.retain(&stem, other);
        }
        self.total_files -= 1;
        self.kept -= symbols.definitions.len();
    }
}

/// Puts a place among others, by the files' paths. The threads bring files in any order; what is found must not depend on it.
fn put_in_order(places: &mut Vec<Place>, place: Place, paths: &Shards<FileId, Arc<str>>) {
    let order = |place: &Place| (paths.get(&place.file), place.definition);
    let own = order(&place);
    let at = places.partition_point(|other| order(other) < own);
    places.insert(at, place);
}

/// Returns the folder of a path, without a slash at its end. Both kinds of slashes separate.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once(['/', '\\'])
        .map_or("", |(folder, _)| folder)
}

/// Returns what an import may call a file by: its name without its extensions, and its folder's.
fn stems(path: &str) -> impl Iterator<Item = Arc<str>> {
    let mut parts = path.rsplit(['/', '\\']);
    let file = parts.next().unwrap_or_default();
    let stem = file
        .split('.')
        .find(|part| !part.is_empty())
        .unwrap_or(file);
    let folder = parts.next().filter(|folder| *folder != stem);
    [Some(stem), folder].into_iter().flatten().map(Into::into)
}

/// Returns the names in a text and where each begins.
pub(crate) fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].find(is_part)?;
            let end = text[start..]
                .find(|c| !is_part(c))
                .map_or(text.len(), |end| start + end);
            at = end;
            let name = &text[start..end];
            if name.len() > 1 && !name.starts_with(|c: char| c.is_ascii_digit()) {
                return Some((start, name));
            }
        }
    })
}

const SHARDS: usize = 64;

/// A map in shards that copies share.
#[derive(Clone)]
struct Shards<K, V>(Arc<[Arc<FxHashMap<K, V>>]>);

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Arc::default()).collect())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    fn shard<Q: Hash + ?Sized>(key: &Q) -> usize {
        // The low bits choose the place within the shard's map.
        (FxBuildHasher.hash_one(key) >> 20) as usize % SHARDS
    }

    fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0[Self::shard(key)].get(key)
    }

    fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().flat_map(|shard| shard.keys())
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().flat_map(|shard| shard.values())
    }

    fn change(&mut self, shard: usize) -> &mut FxHashMap<K, V> {
        Arc::make_mut(&mut Arc::make_mut(&mut self.0)[shard])
    }

    fn insert(&mut self, key: K, value: V) {
        let shard = Self::shard(&key);
        self.change(shard).insert(key, value);
    }

    fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.get(key)?;
        self.change(Self::shard(key)).remove(key)
    }

    fn or_default(&mut self, key: &K) -> &mut V
    where
        V: Default,
    {
        let shard = Self::shard(key);
        self.change(shard).entry(key.clone()).or_default()
    }
}

impl<K: Clone + Eq + Hash, T: Clone> Shards<K, Vec<T>> {
    fn retain(&mut self, key: &K, keep: impl Fn(&T) -> bool) {
        if self.get(key).is_none() {
            return;
        }
        let map = self.change(Self::shard(key));
        if let Some(list) = map.get_mut(key) {
            list.retain(keep);
            if list.is_empty() {
                map.remove(key);
            }
        }
    }
}
