//! Which servers Helix starts by itself for a language: what the installed `hx` says, else the table beside this file.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use toml::{Table, Value};

/// How long `hx --health LANGUAGE` may take; it takes some 50 ms.
const PATIENCE: Duration = Duration::from_secs(10);

const TABLE: &str = include_str!("servers.toml");

/// A language as Helix knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelixLanguage {
    /// Helix's name for it.
    pub name: String,
    /// The servers that it starts for it by itself.
    pub servers: Vec<String>,
}

/// What a Helix says of a language.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Servers(Vec<String>),
    NoSuchLanguage,
    /// It said something that is not understood.
    Unclear,
}

/// Returns Helix's names of our languages, with the servers of the table.
pub fn table() -> Vec<HelixLanguage> {
    let table: Table = TABLE.parse().expect("a test reads the table");
    let languages = table.values().filter_map(Value::as_table).flatten();
    let language = |(name, servers): (&String, &Value)| HelixLanguage {
        name: name.clone(),
        servers: strings(servers),
    };
    languages.map(language).collect()
}

/// Returns the languages as the installed Helix knows them. One that it does not know is left out, since Helix refuses a file that names it.
pub async fn ask(program: &Path) -> Vec<HelixLanguage> {
    let mut languages = Vec::new();
    for known in table() {
        match ask_for(program, &known.name).await {
            Answer::Servers(servers) => languages.push(HelixLanguage {
                name: known.name,
                servers,
            }),
            Answer::NoSuchLanguage => {}
            Answer::Unclear => languages.push(known),
        }
    }
    languages
}

async fn ask_for(program: &Path, language: &str) -> Answer {
    let mut command = tokio::process::Command::new(program);
    command
        .args(["--health", language])
        // A project's own settings are no default.
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => read(&String::from_utf8_lossy(&output.stdout)),
        _ => Answer::Unclear,
    }
}

/// Reads what `hx --health LANGUAGE` prints: a heading, then a line for each server with a mark, its name and its path.
fn read(told: &str) -> Answer {
    let plain = without_colours(told);
    if plain.trim_start().starts_with("Language '") && plain.contains("not found") {
        return Answer::NoSuchLanguage;
    }
    let mut lines = plain.lines();
    let Some(heading) = lines.find_map(|line| line.strip_prefix("Configured language servers:"))
    else {
        return Answer::Unclear;
    };
    if heading.trim() == "None" {
        return Answer::Servers(Vec::new());
    }
    let servers: Option<Vec<String>> = lines
        .take_while(|line| line.starts_with("  "))
        .map(|line| {
            let (name, _) = line.trim().split_once(' ')?.1.split_once(':')?;
            is_name(name).then(|| name.to_owned())
        })
        .collect();
    match servers {
        Some(servers) if heading.trim().is_empty() && !servers.is_empty() => {
            // Ours is there if the settings name it already; it is no default.
            let others = servers.into_iter().filter(|name| name != super::SERVER);
            Answer::Servers(others.collect())
        }
        _ => Answer::Unclear,
    }
}

fn is_name(name: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    !name.is_empty() && name.len() <= 64 && name.chars().all(is_fine)
}

/// Takes the terminal's colours out of a text.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or("", |end| &after[end + 1..]);
    }
    plain + rest
}

fn strings(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Language;

    #[test]
    fn every_language_of_ours_has_its_names_in_helix() {
        let table: Table = TABLE.parse().expect("the table is TOML");
        let mut ours: Vec<&str> = Language::all().map(Language::id).collect();
        ours.sort_unstable();
        let mut named: Vec<&str> = table.keys().map(String::as_str).collect();
        named.sort_unstable();
        assert_eq!(named, ours);
        for language in super::table() {
            assert!(is_name(&language.name));
            assert!(language.servers.iter().all(|server| is_name(server)));
        }
    }

    #[test]
    fn the_servers_are_read_from_what_helix_says_of_its_health() {
        let told = "Configured language servers:\n  \x1b[0;31m✘\x1b[m ty: \x1b[0;31m'ty' not found in $PATH\x1b[m\n  \x1b[0;32m✓\x1b[m byok: /usr/bin/byok-lsp\n  \x1b[0;32m✓\x1b[m ruff: \x1b[0;32m/usr/bin/ruff\x1b[m\nConfigured debug adapter:\x1b[0;33m None\x1b[m\n";
        assert_eq!(
            read(told),
            Answer::Servers(vec!["ty".into(), "ruff".into()])
        );
    }

    #[test]
    fn a_language_without_servers_or_without_helixs_knowledge_is_told_apart() {
        assert_eq!(
            read("Configured language servers:\x1b[0;33m None\x1b[m\nConfigured formatter: None\n"),
            Answer::Servers(Vec::new())
        );
        assert_eq!(
            read("\x1b[0;31mLanguage 'nosuch' not found\x1b[m\nDid you mean one of these: nix ?\n"),
            Answer::NoSuchLanguage
        );
    }

    #[test]
    fn what_is_not_understood_is_left_to_the_table() {
        for told in [
            "",
            "\x1b[",
            "Configured language server: rust-analyzer\n",
            "Configured language servers:\n",
            "Configured language servers: rust-analyzer\n",
            "Configured language servers:\n  ✓ rust analyzer\n",
            "Configured language servers:\n  ✓ \"x\"]: y\n",
        ] {
            assert_eq!(read(told), Answer::Unclear, "{told:?}");
        }
    }
}
