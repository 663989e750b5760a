//! `byok-lsp key import`: keys that stand in the user's configuration file are moved into a store, and the file says where they are instead.

use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Desk, set};
use crate::cli::style;
use crate::config::{DEFAULT_LABEL, Layer, Layers, host_of, user_file};
use crate::credential::{self, Name, Record, Secret};

/// Nothing to choose.
#[derive(clap::Args)]
pub struct Arguments {}

/// A key in a file: whose, and where it stands.
struct Literal {
    provider: String,
    at: Range<usize>,
    key: Secret,
}

/// Moves the keys. The file is changed only once all of them are stored.
pub async fn import(_: &Arguments) -> anyhow::Result<ExitCode> {
    let path = user_file()
        .context("this system tells no home folder; set BYOK_CONFIG to the file's path")?;
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let literals = literals(&text)?;
    if literals.is_empty() {
        style::print(&format!("no key stands in {}\n", path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let new_text = without(&text, &literals);
    let mut layers = Layers::default();
    if let Err(problem) = layers.set_toml(Layer::UserFile, &path.display().to_string(), &new_text) {
        bail!("{problem}; mend that first, then import again");
    }
    let desk = Desk::of(&layers);
    for literal in literals {
        let provider = desk.provider(&literal.provider)?;
        if let Err(reason) = credential::check_form(provider, &literal.key) {
            bail!(
                "what stands as the key of {} is not stored: {reason}",
                provider.name
            );
        }
        let name = Name {
            provider: literal.provider,
            label: DEFAULT_LABEL.into(),
        };
        let record = Record::new(literal.key, host_of(&provider.base_url));
        let stored = set::store(&desk, &desk.settings.keys, &name, record).await?;
        stored.tell(provider, None, false);
    }
    replace(&path, &new_text).with_context(|| {
        format!(
            "the keys are stored, but {} cannot be written; take them out of it by hand",
            path.display()
        )
    })?;
    style::print(&format!(
        "{} now says key = \"keyring\" in their place. If the file was in a backup or a repository, make new keys: \"byok-lsp key rotate PROVIDER\"\n",
        path.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Finds the keys that stand where only their source may.
fn literals(text: &str) -> anyhow::Result<Vec<Literal>> {
    // The parser's own message would quote the line.
    let Ok(root) = DeTable::parse(text) else {
        bail!("the file is no TOML; \"byok-lsp config check\" says where");
    };
    let mut found = Vec::new();
    let providers =
        value_of(root.get_ref(), "providers").and_then(|value| value.get_ref().as_table());
    for (provider, settings) in providers.into_iter().flat_map(DeTable::iter) {
        let settings = settings.get_ref().as_table();
        let Some(value) = settings.and_then(|settings| value_of(settings, "key")) else {
            continue;
        };
        let Some(text) = value.get_ref().as_str() else {
            continue;
        };
        if !matches!(text, "none" | "keyring") {
            found.push(Literal {
                provider: provider.get_ref().to_string(),
                at: value.span(),
                key: Secret::new(text.to_owned()),
            });
        }
    }
    Ok(found)
}

fn value_of<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<&'t Spanned<DeValue<'i>>> {
    table
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == name)
        .map(|(_, value)| value)
}

fn without(text: &str, literals: &[Literal]) -> String {
    let mut places: Vec<&Range<usize>> = literals.iter().map(|literal| &literal.at).collect();
    places.sort_by_key(|place| std::cmp::Reverse(place.start));
    let mut text = text.to_owned();
    for place in places {
        text.replace_range(place.clone(), "\"keyring\"");
    }
    text
}

/// Puts the new text in the file's place, whole or not at all, with the file's own permissions.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A file that is a link into somebody's collection of settings is written where it lies.
    let path = path.canonicalize()?;
    let new = path.with_extension("toml.new");
    std::fs::write(&new, text)?;
    std::fs::set_permissions(&new, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&new, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_where_they_stand_and_everything_else_stays() {
        let text = "# mine\n[providers.openai]\nkey = \"sk-canary-1\" # ours\n\n[providers]\nmistral.key = 'canary-2'\nxai = { key = \"keyring\" }\nollama = { key = \"none\" }\ngroq.key = { env = \"G\" }\n";
        let found = literals(text).expect("a table");
        let names: Vec<&str> = found
            .iter()
            .map(|literal| literal.provider.as_str())
            .collect();
        assert_eq!(names, ["mistral", "openai"]);
        assert_eq!(
            without(text, &found),
            text.replace("\"sk-canary-1\"", "\"keyring\"")
                .replace("'canary-2'", "\"keyring\"")
        );
    }

    #[test]
    fn what_is_no_toml_is_refused_without_repeating_it() {
        let told = literals("key = sk-canary-1")
            .err()
            .expect("a mistake")
            .to_string();
        assert!(!told.contains("canary"), "{told}");
    }
}
