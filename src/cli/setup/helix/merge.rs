//! Puts our server into a `languages.toml` without losing what is there.
//!
//! Helix lays the user's file over its own: tables key by key, and a language's list of servers as a whole. So a language that the user has
//! not given servers gets Helix's own ones and ours; one that has servers gets ours behind them. What was there stays, comments, order and
//! blank lines included, and so does a server called `byok` that the user set up.

use anyhow::{Context as _, bail};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value, value};

use super::SERVER;
use super::servers::HelixLanguage;

/// Returns the file with our server in it.
pub fn merge(text: &str, command: &str, languages: &[HelixLanguage]) -> anyhow::Result<String> {
    let mut document: DocumentMut = text
        .parse()
        .context("it is no valid TOML; mend it first, since Helix cannot read it either")?;
    add_server(&mut document, command)?;
    for language in languages {
        add_to_language(&mut document, language)
            .with_context(|| format!("the language \"{}\"", language.name))?;
    }
    Ok(document.to_string())
}

fn add_server(document: &mut DocumentMut, command: &str) -> anyhow::Result<()> {
    let servers = document.entry("language-server").or_insert_with(|| {
        let mut servers = Table::new();
        // Only its parts have headings.
        servers.set_implicit(true);
        Item::Table(servers)
    });
    let is_inline = servers.is_inline_table();
    let servers = servers
        .as_table_like_mut()
        .context("\"language-server\" is no table")?;
    if servers.get(SERVER).is_none() {
        let empty = if is_inline {
            value(toml_edit::InlineTable::new())
        } else {
            Item::Table(Table::new())
        };
        servers.insert(SERVER, empty);
    }
    let server = servers
        .get_mut(SERVER)
        .and_then(Item::as_table_like_mut)
        .context("\"language-server.byok\" is no table")?;
    // A command that the user chose stays.
    if server.get("command").is_none() {
        server.insert("command", value(command));
        server.insert("args", value(Array::from_iter(["serve"])));
    }
    Ok(())
}

fn add_to_language(document: &mut DocumentMut, language: &HelixLanguage) -> anyhow::Result<()> {
    let languages = document
        .entry("language")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    match languages {
        Item::ArrayOfTables(tables) => {
            let own = tables.iter_mut().find(|table| is_of(*table, language));
            if let Some(own) = own {
                return add_to_servers(own, language);
            }
            let mut table = Table::new();
            table.insert("name", value(&language.name));
            add_to_servers(&mut table, language)?;
            tables.push(table);
        }
        Item::Value(Value::Array(array)) => {
            let is_it = |value: &Value| {
                let table = value.as_inline_table();
                table.is_some_and(|table| is_of(table, language))
            };
            let own = array.iter().position(is_it);
            let own = own.and_then(|at| array.get_mut(at)?.as_inline_table_mut());
            if let Some(own) = own {
                return add_to_servers(own, language);
            }
            let mut table = toml_edit::InlineTable::new();
            table.insert("name", Value::from(&language.name));
            add_to_servers(&mut table, language)?;
            push_alike(array, table.into());
        }
        _ => bail!("\"language\" is no list of tables"),
    }
    Ok(())
}

fn is_of(table: &impl TableLike, language: &HelixLanguage) -> bool {
    table.get("name").and_then(Item::as_str) == Some(&language.name)
}

fn add_to_servers(table: &mut dyn TableLike, language: &HelixLanguage) -> anyhow::Result<()> {
    let Some(servers) = table.get_mut("language-servers") else {
        let servers = language.servers.iter().map(String::as_str);
        let servers: Array = servers.chain([SERVER]).collect();
        table.insert("language-servers", value(servers));
        return Ok(());
    };
    let servers = servers
        .as_array_mut()
        .context("\"language-servers\" is no list")?;
    if !servers.iter().any(is_ours) {
        push_alike(servers, SERVER.into());
    }
    Ok(())
}

/// Tells whether an entry of a list of servers is ours: a name, or a table with the name and the features to use.
fn is_ours(server: &Value) -> bool {
    let name = server
        .as_str()
        .or_else(|| server.as_inline_table()?.get("name")?.as_str());
    name == Some(SERVER)
}

/// Appends an element that is indented like the one before it.
fn push_alike(array: &mut Array, mut element: Value) {
    let Some(last) = array.len().checked_sub(1) else {
        array.push(element);
        return;
    };
    let prefix = array
        .get(last)
        .and_then(|last| last.decor().prefix()?.as_str())
        // A comment before the last one is about that one.
        .map(|prefix| match prefix.rsplit_once('\n') {
            Some((_, indent)) => format!("\n{indent}"),
            None => " ".to_owned(),
        });
    element
        .decor_mut()
        .set_prefix(prefix.unwrap_or_else(|| " ".into()));
    let before = array.get_mut(last).map(Value::decor_mut);
    let suffix = before.as_ref().and_then(|decor| decor.suffix()?.as_str());
    let suffix = suffix.unwrap_or_default().to_owned();
    // What stood before the closing bracket goes on standing there, unless it is a comment about the one before.
    if let Some(decor) = before.filter(|_| !suffix.contains('#')) {
        decor.set_suffix("");
        element.decor_mut().set_suffix(suffix);
    }
    array.push_formatted(element);
}
