//! Helix: one server and a list of servers for each language, in the user's `languages.toml`.

mod merge;
mod servers;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

use super::change::Original;
use super::plan::Plan;
use crate::cli::progress::with_progress;

/// The server's name in Helix's settings.
const SERVER: &str = "byok";

const STEPS: &str = "\
In Helix: type two letters of a word, and the suggestion is in the menu with its model and payer beside it; Tab, Enter takes it.
Code actions: space a. Model, money, pause: `:lsp-workspace-command`. Progress in the bottom line needs, in config.toml:
[editor.lsp]
display-progress-messages = true";

/// Returns what Helix needs. `file` takes the place of the user's own `languages.toml`.
pub async fn plan(
    program: Option<&Path>,
    command: &str,
    file: Option<&Path>,
) -> anyhow::Result<Plan> {
    let path = match file {
        Some(file) => file.to_owned(),
        None => languages_file().context("this system tells no home folder; name the file")?,
    };
    let original = Original::read(&path)?;
    let languages = match program {
        Some(program) => with_progress("asking hx for its servers", servers::ask(program)).await,
        None => servers::table(),
    };
    let merged = merge::merge(original.text(), command, &languages)
        .with_context(|| format!("{} is left as it is", path.display()))?;
    Ok(Plan {
        changes: vec![original.to(merged)],
        steps: STEPS.into(),
    })
}

/// Returns where Helix reads the user's languages.
fn languages_file() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("helix").join("languages.toml"))
}
