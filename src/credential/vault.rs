//! All stores together: which are read, which one is written, and what is in them.
//!
//! Entry point: [`Vault`]. A key is one entry, named `provider/label`; one more entry lists the names, since not every store can. Every call has
//! a limit, and runs on a thread of its store's own.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use etcetera::BaseStrategy as _;
use secrecy::SecretString;

use super::names::{Name, index, set_index};
use super::record::Record;
use super::store::{Fault, File, Kind, Store, Worker};
use super::{Secret, environment, helper};
use crate::config::{KeysSettings, Passphrase, StoreOption};
use crate::replace_file::replace_file;

/// How much work a guess at the encrypted file's passphrase takes: 2^17 rounds, 128 MiB, some 0.3 s. OWASP advises no less.
const WORK: u8 = 17;

/// How long a store may take that nobody waits for; also how long one may be silent before it is said to be.
const PROBE: Duration = Duration::from_secs(3);

/// How long a store may take that asks its user for a password or a fingerprint.
const ASKING: Duration = Duration::from_mins(1);

/// A longer list of names is not ours.
const LONGEST_NAMES: u64 = 256 * 1024;

/// How long another process's change of the keys is waited for.
const LOCK: Duration = Duration::from_secs(3);

/// Asks the user for a passphrase; the flag says that it is a new one.
pub type Ask = fn(is_new: bool) -> Option<Secret>;

/// The stores. Nothing is opened before it is needed.
pub struct Vault {
    workers: Vec<(Kind, Worker)>,
    folder: Option<PathBuf>,
    ask: Option<Ask>,
    asked: Mutex<Option<Arc<Secret>>>,
    patience: Duration,
    work: u8,
}

/// What was found in all stores.
#[derive(Default)]
pub struct Sought {
    /// The key, and where it is.
    pub found: Option<(Kind, Record)>,
    /// The stores before it that could not be asked, and why.
    pub faults: Vec<(Kind, Fault)>,
    /// Whether one of those may hold it.
    pub is_uncertain: bool,
}

/// Where a new key goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The store.
    pub kind: Kind,
    /// Why that one, in a clause.
    pub why: &'static str,
    /// The stores before it that do not take one, and why.
    pub passed_over: Vec<(Kind, Fault)>,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.why)?;
        for (kind, fault) in &self.passed_over {
            write!(formatter, "; {kind}: {fault}")?;
        }
        Ok(())
    }
}

/// How a store does.
pub struct Surveyed {
    /// Which one.
    pub kind: Kind,
    /// What is in it, or why it cannot be asked.
    pub names: Result<Vec<Name>, Fault>,
}

impl Vault {
    /// The stores of this machine, for a process that has nobody to ask.
    pub fn new() -> Self {
        Self {
            workers: Kind::ALL
                .iter()
                .map(|kind| (*kind, Worker::new(*kind)))
                .collect(),
            folder: folder(),
            ask: None,
            asked: Mutex::default(),
            patience: PROBE,
            work: WORK,
        }
    }

    /// The same for a process in a terminal, where a passphrase can be asked for and a store may ask its user.
    pub fn asking(ask: Ask) -> Self {
        Self {
            ask: Some(ask),
            patience: ASKING,
            ..Self::new()
        }
    }

    /// An encrypted file in a folder, opened without asking and cheap to open.
    #[cfg(test)]
    pub(super) fn in_folder(folder: &std::path::Path) -> Self {
        Self {
            folder: Some(folder.to_owned()),
            asked: Mutex::new(Some(Arc::new(Secret::new("correct horse battery".into())))),
            work: 4,
            ..Self::new()
        }
    }

    /// The same for a process that does not know the passphrase.
    #[cfg(test)]
    pub(super) fn locked_in_folder(folder: &std::path::Path) -> Self {
        Self {
            asked: Mutex::default(),
            ..Self::in_folder(folder)
        }
    }

    /// Returns when the keys were last changed by a process of ours; a different answer means that what was read may be stale.
    pub(super) fn changed(&self) -> Option<SystemTime> {
        std::fs::metadata(self.lock_path()?).ok()?.modified().ok()
    }

    /// Looks for a key in every store that the settings allow.
    pub async fn find(&self, settings: &KeysSettings, name: &Name) -> Sought {
        let mut sought = Sought::default();
        for kind in kinds(settings) {
            match self.get(settings, kind, name).await {
                Ok(None) => {}
                Ok(Some(record)) => {
                    sought.found = Some((kind, record));
                    break;
                }
                Err(fault) => {
                    sought.is_uncertain |= self.may_hold(kind, name, &fault);
                    sought.faults.push((kind, fault));
                }
            }
        }
        sought
    }

    /// Returns whether a store that could not be asked may hold a key: not where there is no such store, nor where this very key was not stored on this
    /// machine.
    pub(super) fn may_hold(&self, kind: Kind, name: &Name, fault: &Fault) -> bool {
        !fault.is_absent()
            && match self.noted() {
                // A line without a store is of an older version.
                Some(noted) => noted
                    .iter()
                    .any(|one| *one == name.to_string() || one.ends_with(&entry("", name))),
                // The file is there if it could not be asked, and may have come from another machine.
                None => kind == Kind::File,
            }
    }

    /// Returns which keys were stored on this machine, if that was ever noted: the store's kind and the key's name, for when the stores cannot be asked.
    fn noted(&self) -> Option<BTreeSet<String>> {
        let bytes = std::fs::metadata(self.names_path()?).ok()?.len();
        let text = (bytes <= LONGEST_NAMES)
            .then(|| std::fs::read_to_string(self.names_path()?).ok())
            .flatten()?;
        Some(text.lines().map(str::to_owned).collect())
    }

    /// Notes that a key is in a store now, or is not; call it with the lock held.
    pub(super) fn note(&self, kind: Kind, name: &Name, is_stored: bool) {
        let Some(path) = self.names_path() else {
            return;
        };
        let mut names = self.noted().unwrap_or_default();
        let entry = entry(&format!("{kind:?}"), name);
        let is_news = if is_stored {
            names.insert(entry)
        } else {
            names.remove(&entry) | names.remove(&name.to_string())
        };
        let text: String = names
            .iter()
            .flat_map(|name| [name.as_str(), "\n"])
            .collect();
        if is_news && let Err(error) = replace_file(&path, text.as_bytes()) {
            tracing::warn!(%error, "which keys are stored is not noted");
        }
    }

    fn names_path(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join("keys.names"))
    }

    /// Returns the store that a new key goes to, and why that one; or why there is none.
    pub async fn target(&self, settings: &KeysSettings) -> Result<Target, Fault> {
        let mut passed_over = Vec::new();
        let at = |kind, why, passed_over| Target {
            kind,
            why,
            passed_over,
        };
        if settings.store != StoreOption::Auto {
            let kind = kinds(settings).first().copied();
            let kind = kind.ok_or_else(|| Fault::new("this system has no such store".into()))?;
            return Ok(at(kind, "the settings name it", passed_over));
        }
        match self.names(settings, Kind::System).await {
            Ok(_) => return Ok(at(Kind::System, "it answers", passed_over)),
            Err(fault) => passed_over.push((Kind::System, fault)),
        }
        let has_file = self.file_path().is_some_and(|path| path.exists());
        if settings.passphrase.is_some() || has_file {
            let why = if has_file {
                "it is there"
            } else {
                "its passphrase is configured"
            };
            return Ok(at(Kind::File, why, passed_over));
        }
        if Kind::ALL.contains(&Kind::Session) {
            // It lets everybody look and not everybody write.
            let tried = self.with(settings, Kind::Session, true, |store| {
                store.set("probe", &"probe".to_owned().into())?;
                store.remove("probe")
            });
            match tried.await {
                Ok(()) => {
                    let why = "no store answers that lasts";
                    return Ok(at(Kind::Session, why, passed_over));
                }
                Err(fault) => passed_over.push((Kind::Session, fault)),
            }
        }
        if self.ask.is_some() {
            return Ok(at(Kind::File, "no other store takes a key", passed_over));
        }
        let reasons = passed_over.iter();
        let reasons = reasons.map(|(kind, fault)| format!("{kind}: {fault}"));
        Err(Fault::new(reasons.collect::<Vec<_>>().join("; ")))
    }

    /// Stores a key under its name, in place of what was there.
    pub async fn put(
        &self,
        settings: &KeysSettings,
        kind: Kind,
        name: &Name,
        record: &Record,
    ) -> Result<(), Fault> {
        let _lock = self.lock()?;
        let text = record.to_text()?;
        let (name, noted) = (name.clone(), name.clone());
        self.with(settings, kind, true, move |store| {
            store.set(&name.to_string(), &text)?;
            let mut names = index(store)?;
            if !names.contains(&name) {
                names.push(name);
                set_index(store, &names)?;
            }
            Ok(())
        })
        .await?;
        self.note(kind, &noted, true);
        Ok(())
    }

    /// Removes a key.
    pub async fn remove(
        &self,
        settings: &KeysSettings,
        kind: Kind,
        name: &Name,
    ) -> Result<(), Fault> {
        let _lock = self.lock()?;
        let (name, noted) = (name.clone(), name.clone());
        self.with(settings, kind, false, move |store| {
            store.remove(&name.to_string())?;
            let mut names = index(store)?;
            names.retain(|known| *known != name);
            set_index(store, &names)
        })
        .await?;
        self.note(kind, &noted, false);
        Ok(())
    }

    /// Asks every store what is in it.
    pub async fn survey(&self, settings: &KeysSettings) -> Vec<Surveyed> {
        let mut surveyed = Vec::new();
        for kind in kinds(settings) {
            let names = self.names(settings, kind).await;
            surveyed.push(Surveyed { kind, names });
        }
        surveyed
    }

    /// Reads one key from one store.
    pub async fn get(
        &self,
        settings: &KeysSettings,
        kind: Kind,
        name: &Name,
    ) -> Result<Option<Record>, Fault> {
        let name = name.to_string();
        let text = self
            .with(settings, kind, false, move |store| store.get(&name))
            .await?;
        text.map(|text| Record::from_text(&text)).transpose()
    }

    async fn names(&self, settings: &KeysSettings, kind: Kind) -> Result<Vec<Name>, Fault> {
        self.with(settings, kind, false, index).await
    }

    async fn with<T: Send + 'static>(
        &self,
        settings: &KeysSettings,
        kind: Kind,
        is_writing: bool,
        work: impl FnOnce(&mut dyn Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let worker = self.worker(kind);
        if kind != Kind::File {
            // What is not there can be looked for without the user's leave, so a store that takes its time for this one is not waiting for the user.
            worker.with_store(PROBE, |store| store.get("probe")).await?;
            return worker.with_store(self.patience, work).await;
        }
        let path = self.file_path().ok_or_else(no_folder)?;
        if !is_writing && !path.exists() {
            return worker.blocking(PROBE, move || work(&mut Nothing)).await;
        }
        let passphrase = self.passphrase(settings, !path.exists()).await?;
        let strength = self.work;
        let file = File::new(path, passphrase, strength);
        let done = worker.with_file(OPENING, file, work).await;
        if done.is_err() {
            // One that was typed wrong must not be tried again.
            *self.asked() = None;
        }
        done
    }

    async fn passphrase(
        &self,
        settings: &KeysSettings,
        is_new: bool,
    ) -> Result<Arc<Secret>, Fault> {
        if let Some(passphrase) = self.asked().clone() {
            return Ok(passphrase);
        }
        let passphrase = match &settings.passphrase {
            Some(Passphrase::Env(variable)) => environment::read(variable).ok_or_else(|| {
                Fault::new(format!("its passphrase should be in the environment variable {variable}, which is not set"))
            })?,
            Some(Passphrase::Command(command)) => {
                helper::run(command, &environment::secret_variables(settings), helper::LIMIT).await.map_err(|error| Fault::new(format!("its passphrase cannot be had: {error}")))?
            }
            None => {
                let ask = self.ask.ok_or_else(|| {
                    Fault::new("its passphrase is not known; say where it comes from: [keys] passphrase = { env = \"NAME\" } or { command = [\"program\"] }".into())
                })?;
                ask(is_new).ok_or_else(|| Fault::new("it takes a passphrase".into()))?
            }
        };
        let passphrase = Arc::new(passphrase);
        *self.asked() = Some(passphrase.clone());
        Ok(passphrase)
    }

    fn worker(&self, kind: Kind) -> &Worker {
        let worker = self.workers.iter().find(|(known, _)| *known == kind);
        &worker
            .expect("kinds() names only kinds of Kind::ALL, for each of which new() makes one")
            .1
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, Option<Arc<Secret>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the folder of the encrypted file, where the platform tells one.
    pub(super) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// Returns where the encrypted file lies, whether or not it exists.
    pub fn file_path(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join("keys.age"))
    }

    fn lock_path(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join("keys.lock"))
    }

    /// Keeps other processes from changing keys, and tells those that have read some that something changed.
    fn lock(&self) -> Result<Lock, Fault> {
        let path = self.lock_path().ok_or_else(no_folder)?;
        let fault = |error: std::io::Error| {
            Fault::new(format!("{} cannot be written ({error})", path.display()))
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fault)?;
        }
        let mut file = std::fs::File::create(&path).map_err(fault)?;
        let waiting = std::time::Instant::now();
        while file.try_lock().is_err() {
            if waiting.elapsed() > LOCK {
                return Err(Fault::new(format!(
                    "another byok-lsp is changing keys ({} is locked)",
                    path.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        std::io::Write::write_all(
            &mut file,
            b"Written whenever a stored key changes, so that running servers read it again.\n",
        )
        .map_err(fault)?;
        Ok(Lock(file))
    }
}

/// Returns how a stored key is noted.
fn entry(kind: &str, name: &Name) -> String {
    format!("{kind} {name}")
}

/// The right to change keys. Whoever read a key while it was held reads it again: the file's time is set anew when the change is done.
struct Lock(std::fs::File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Where that fails, the time of the lock's beginning has told of the change.
        let _ = self.0.set_modified(std::time::SystemTime::now());
    }
}

impl Default for Vault {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a file may take to be opened, whose passphrase is slow to try by design. It waits for nobody but the processor: a second where that
/// is idle, and ten where it has much else to do.
const OPENING: Duration = Duration::from_mins(1);

/// A file that does not exist yet.
struct Nothing;

impl Store for Nothing {
    fn get(&mut self, _: &str) -> Result<Option<SecretString>, Fault> {
        Ok(None)
    }

    fn set(&mut self, _: &str, _: &SecretString) -> Result<(), Fault> {
        Ok(())
    }

    fn remove(&mut self, _: &str) -> Result<(), Fault> {
        Ok(())
    }
}

fn no_folder() -> Fault {
    Fault::absent("this system tells no home folder; set BYOK_KEYS to a folder".into())
}

/// Returns where the encrypted file and the lock lie: the folder `BYOK_KEYS` if that is set, else the platform's.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("BYOK_KEYS") {
        return Some(folder.into());
    }
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.data_dir().join("byok-lsp"))
}

fn kinds(settings: &KeysSettings) -> Vec<Kind> {
    let wanted = |kind: &&Kind| match settings.store {
        StoreOption::Auto => true,
        StoreOption::System => **kind == Kind::System,
        StoreOption::Session => **kind == Kind::Session,
        StoreOption::File => **kind == Kind::File,
    };
    Kind::ALL.iter().filter(wanted).copied().collect()
}
