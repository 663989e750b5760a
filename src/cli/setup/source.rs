//! Where suggestions are to come from, asked once an editor is set up: this machine, a key that the user has, or signing in.
//!
//! The key's own commands are run as they are, in the same terminal, so that a key is asked for in one place only.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::cli::{parts, style};
use crate::config::{ModelName, Settings};

const QUESTION: &str = "
Suggestions come from your own code now, on this machine, for nothing. You can leave it at that, or let a model make them:
  1  leave it at that
  2  a provider that I have a key of
  3  OpenRouter, by signing in
";

/// Asks, unless the user has chosen a model already, and does it.
pub fn offer(own: &Path) -> anyhow::Result<()> {
    let (layers, _) = parts::configuration();
    let settings = layers.settings();
    if settings.model != ModelName::Auto {
        return Ok(());
    }
    match ask(&format!("{QUESTION}[1] "))?.as_str() {
        "2" => {
            let provider = ask("Provider (such as anthropic, mistral, openai): ")?;
            if !settings.providers.contains_key(&provider) {
                style::complain(&unknown(&settings));
                return Ok(());
            }
            run(own, &["key", "set", &provider], &provider)
        }
        "3" => run(own, &["login", "openrouter"], "openrouter"),
        _ => Ok(()),
    }
}

/// What was typed is not repeated: it may be a key.
fn unknown(settings: &Settings) -> String {
    let names: Vec<&str> = settings.providers.keys().map(String::as_str).collect();
    format!("no provider is called so; known are {}", names.join(", "))
}

fn run(own: &Path, arguments: &[&str], provider: &str) -> anyhow::Result<()> {
    let status = Command::new(own)
        .args(arguments)
        .status()
        .with_context(|| format!("{} cannot be started", own.display()))?;
    if status.success() {
        style::print(&format!(
            "now choose one of its models, in the editor or in your settings: \"byok-lsp models --provider {provider}\" lists them, \"byok-lsp config path\" says where the settings are\n"
        ));
    }
    Ok(())
}

fn ask(question: &str) -> anyhow::Result<String> {
    let mut terminal = std::io::stderr();
    write!(terminal, "{question}")?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
