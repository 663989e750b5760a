//! What all subcommands are made of: configuration, ledger, engine, lists of models.

use std::path::PathBuf;

use crate::config::{Layers, Problem, Settings, read_user_file, user_file};
use crate::cost::Ledger;
use crate::local::{Engine, Limits};
use crate::models::Lists;
use crate::provider::Http;

/// Reads the user's configuration. A mistake leaves the defaults and is returned beside them.
pub fn configuration() -> (Layers, Vec<Problem>) {
    let mut layers = Layers::default();
    let problem = user_file().and_then(|path| read_user_file(&mut layers, &path).err());
    (layers, problem.into_iter().collect())
}

/// Returns where the ledger lies: `BYOK_LEDGER` if that is set, else its place in the platform's folders.
pub fn ledger_path() -> Option<PathBuf> {
    std::env::var_os("BYOK_LEDGER")
        .map(PathBuf::from)
        .or_else(Ledger::default_path)
}

/// Returns where explanations lie that editors open: beside the ledger.
pub fn explanations() -> Option<PathBuf> {
    let ledger = ledger_path()?;
    let folder = ledger.parent().filter(|folder| folder.is_absolute())?;
    Some(folder.join("explanations"))
}

/// Returns where it is remembered what the user was told once and for all: beside the ledger.
pub fn hints() -> Option<PathBuf> {
    let ledger = ledger_path()?;
    let folder = ledger.parent().filter(|folder| folder.is_absolute())?;
    Some(folder.join("told"))
}

/// Returns the ledger, which is opened when it is first needed.
pub fn ledger() -> Ledger {
    ledger_path().map_or_else(Ledger::in_memory, |path| Ledger::open(&path))
}

/// Returns the lists of models, kept in the folder that `BYOK_CACHE` names, else in their place in the platform's folders.
pub fn lists(http: &Http) -> Lists {
    let own =
        std::env::var_os("BYOK_CACHE").map(|folder| PathBuf::from(folder).join("models.json"));
    Lists::new(http.clone(), own.or_else(Lists::default_path))
}

/// Returns an embedded engine with the settings' bounds. It starts nothing until it has something to read.
pub fn engine(settings: &Settings) -> Engine {
    let mut limits = Limits::default();
    if let Some(tokens) = settings.max_index_tokens {
        limits.tokens = tokens;
    }
    Engine::new(limits)
}
