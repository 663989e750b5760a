//! What all subcommands are made of: configuration, ledger, engine, lists of models.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;

use crate::config::{
    Layers, LogSettings, OrganisationSources, Problem, ProviderSettings, Settings,
    organisation_folder, read_user_file, user_file,
};
use crate::cost::Ledger;
use crate::index::{self, Shelf, SymbolIndex};
use crate::local::{Engine, Limits};
use crate::logs;
use crate::models::{self, Lists};
use crate::provider::Http;

/// Reads the user's configuration. A mistake leaves the defaults and is returned beside them.
pub fn configuration() -> (Layers, Vec<Problem>) {
    let mut layers = Layers::default();
    let problem = user_file().and_then(|path| read_user_file(&mut layers, &path).err());
    let mut problems: Vec<Problem> = problem.into_iter().collect();
    layers.read_organisations(organisation_sources());
    problems.extend(layers.organisations().iter().filter_map(|file| {
        Some(Problem {
            layer: "organisation".into(),
            line: None,
            key: String::new(),
            message: file.problem()?,
        })
    }));
    (layers, problems)
}

/// Returns where an organisation's files have to be: in the system's folder, where the user's own file says, and where `BYOK_ORGANISATION` and
/// `BYOK_ORGANISATION_KEY` do.
fn organisation_sources() -> OrganisationSources {
    let variable = |name| {
        let value = std::env::var_os(name)?.into_string().ok();
        value.filter(|value| !value.is_empty())
    };
    OrganisationSources {
        system: organisation_folder(),
        named: variable("BYOK_ORGANISATION").map(|file| {
            // Without a key none fits, which is told.
            (file, variable("BYOK_ORGANISATION_KEY").unwrap_or_default())
        }),
        seen: ledger_path().map(|path| path.with_extension("organisation.json")),
    }
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

/// Returns where prices are kept that were taken in place of the program's own: beside the ledger.
pub fn prices_path() -> Option<PathBuf> {
    let ledger = ledger_path()?;
    let folder = ledger.parent().filter(|folder| folder.is_absolute())?;
    Some(folder.join("prices.jsonl"))
}

/// Returns where the audit log lies: beside the ledger.
pub fn audit_path() -> Option<PathBuf> {
    Some(ledger_path()?.with_extension("audit.jsonl"))
}

/// Returns where the servers' log lies: in a folder beside the ledger.
pub fn log_path() -> Option<PathBuf> {
    logs::path_beside(&ledger_path()?)
}

/// Reads what the user's own file says of the log, before there is one to tell mistakes by.
pub fn log_settings() -> LogSettings {
    let mut layers = Layers::default();
    if let Some(path) = user_file() {
        let _ = read_user_file(&mut layers, &path);
    }
    layers.settings_of_own_file().log
}

/// Asks a question to which there is a yes; anything else is a no.
pub fn confirm(question: &str) -> std::io::Result<bool> {
    let mut terminal = std::io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// Returns a provider of the user's by its name.
pub fn provider<'a>(settings: &'a Settings, name: &str) -> anyhow::Result<&'a ProviderSettings> {
    let found = settings.providers.get(name);
    found.with_context(|| {
        let names = settings.providers.keys().map(String::as_str);
        match models::near(name, names).first() {
            Some(near) => format!("no provider is called \"{name}\"; did you mean {near}?"),
            None => format!(
                "no provider is called \"{name}\"; byok-lsp models --all names those that there are"
            ),
        }
    })
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

/// Returns where indexes of symbols are saved: in the folder that `BYOK_CACHE` names, else in their place in the platform's folders.
pub fn shelf() -> Option<PathBuf> {
    let own = std::env::var_os("BYOK_CACHE").map(|folder| PathBuf::from(folder).join("symbols"));
    own.or_else(Shelf::default_folder)
        .filter(|folder| folder.is_absolute())
}

/// Returns an index of symbols with the settings' bounds, saved on this shelf. It starts nothing until it has something to read.
pub fn symbols(settings: &Settings, shelf: Option<Shelf>) -> SymbolIndex {
    let mut limits = index::Limits::default();
    if let Some(files) = settings.context.max_index_files {
        limits.files = files;
    }
    SymbolIndex::kept(limits, shelf)
}

/// Returns an embedded engine with the settings' bounds. It starts nothing until it has something to read.
pub fn engine(settings: &Settings) -> Engine {
    let mut limits = Limits::default();
    if let Some(tokens) = settings.max_index_tokens {
        limits.tokens = tokens;
    }
    Engine::new(limits)
}
