//! `byok-lsp key scope`, and the same options of `key set`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::{Desk, Which, faulty};
use crate::cli::style;
use crate::config::is_label;
use crate::credential::{FEATURES, Scope};

/// Which key, and what it is kept for.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    scope: ScopeArguments,
}

/// What a key is kept for; what is not named is not limited.
#[derive(clap::Args)]
pub struct ScopeArguments {
    /// A workspace folder in which the key may be used; may be given more than once.
    #[arg(long = "workspace", value_name = "DIR")]
    workspaces: Vec<PathBuf>,
    /// An environment in which it may be used, such as dev or prod; may be given more than once.
    #[arg(long = "environment", value_name = "NAME")]
    environments: Vec<String>,
    /// A feature for which it may be used; may be given more than once.
    #[arg(long = "feature", value_parser = FEATURES)]
    features: Vec<String>,
}

/// Sets anew what a key is kept for.
pub async fn set(desk: &Desk, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = arguments.which.name()?;
    let scope = arguments.scope.read()?;
    let (kind, mut record) = desk.stored(&name).await?;
    record.scope = scope;
    desk.vault()
        .put(&desk.settings.keys, kind, &name, &record)
        .await
        .map_err(faulty(kind))?;
    let words = if record.scope.is_everything() {
        "everything; name a --workspace, an --environment or a --feature to narrow it".into()
    } else {
        record.scope.words()
    };
    style::print(&format!("{name} is kept for {words}\n"));
    Ok(ExitCode::SUCCESS)
}

impl ScopeArguments {
    /// Reads it; folders by their whole paths, so that no link leads elsewhere later.
    pub fn read(&self) -> anyhow::Result<Scope> {
        let whole = |folder: &PathBuf| {
            let whole = folder.canonicalize();
            let whole = whole.with_context(|| format!("{} is no folder here", folder.display()))?;
            if !whole.is_dir() {
                bail!("{} is no folder", folder.display());
            }
            Ok(whole)
        };
        if let Some(wrong) = self.environments.iter().find(|name| !is_label(name)) {
            let wrong = crate::scrub::scrub(wrong);
            bail!("\"{wrong}\" is no name of an environment; it is a word such as dev or prod");
        }
        Ok(Scope {
            workspaces: self
                .workspaces
                .iter()
                .map(whole)
                .collect::<anyhow::Result<_>>()?,
            environments: self.environments.clone(),
            features: self.features.clone(),
        })
    }
}
