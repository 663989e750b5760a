//! Turns `languages.toml` into the registry that `src/syntax/language.rs` includes.
//!
//! The registry is data of the program: a mistake in it must stop the build with a sentence that names the entry,
//! rather than surface as a language that silently has no outline. The queries themselves are compiled by a test.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

/// The query files that every language's folder holds.
const QUERIES: [&str; 3] = ["outline", "scopes", "imports"];

/// Reads the registry in `folder` and writes it to `file` as Rust; an error is a sentence that names the entry.
pub fn write(folder: &Path, file: &Path) -> Result<(), String> {
    std::fs::write(file, registry(folder)?).map_err(|error| format!("{}: {error}", file.display()))
}

/// One table of `languages.toml`; `grammars/README.md` says what each key means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    language_ids: Vec<String>,
    extensions: Vec<String>,
    #[serde(default)]
    file_names: Vec<String>,
    #[serde(default)]
    interpreters: Vec<String>,
    grammar: String,
    inherits: Option<String>,
    line_comment: Option<String>,
    block_comment: Option<(String, String)>,
    indent: Indent,
    layout: Layout,
    #[serde(default)]
    comments: Vec<String>,
    #[serde(default)]
    strings: Vec<String>,
    #[serde(default)]
    code_in_strings: Vec<String>,
    #[serde(default)]
    data: bool,
    family: Option<String>,
    #[serde(default)]
    optional_types: bool,
    #[serde(default)]
    packages: bool,
    #[serde(default)]
    passes_on: Vec<String>,
    #[serde(default)]
    tests: Vec<String>,
    #[serde(default)]
    bindings: Vec<String>,
    #[serde(default)]
    barriers: Vec<String>,
    #[serde(default)]
    not_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Indent {
    Spaces(u8),
    Named(String),
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Layout {
    Free,
    Lines,
    Indentation,
}

/// Reads and checks the entries and writes the table's Rust source.
fn registry(folder: &Path) -> Result<String, String> {
    let file = folder.join("languages.toml");
    println!("cargo:rerun-if-changed=grammars/languages.toml");
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let tables: BTreeMap<String, toml::Value> =
        toml::from_str(&text).map_err(|error| error.to_string())?;
    let mut entries = BTreeMap::new();
    for (id, table) in tables {
        let entry: Entry = table
            .try_into()
            .map_err(|error: toml::de::Error| format!("[{id}]: {}", error.message()))?;
        entries.insert(id, entry);
    }
    refuse_doubles(&entries)?;
    let mut code = format!("static ENTRIES: [Entry; {}] = [\n", entries.len());
    for (id, entry) in &entries {
        let rust =
            rust_of(folder, &entries, id, entry).map_err(|message| format!("[{id}]: {message}"))?;
        code.push_str(&rust);
    }
    code.push_str("];\n");
    Ok(code)
}

/// Refuses two entries that claim the same extension, file name, identifier or interpreter: detection would depend on their order.
fn refuse_doubles(entries: &BTreeMap<String, Entry>) -> Result<(), String> {
    let mut owners: HashMap<(&str, &str), &str> = HashMap::new();
    for (id, entry) in entries {
        let lists = [
            ("language_ids", &entry.language_ids),
            ("extensions", &entry.extensions),
            ("file_names", &entry.file_names),
            ("interpreters", &entry.interpreters),
        ];
        for (key, values) in lists {
            for value in values {
                if let Some(other) = owners.insert((key, value), id) {
                    return Err(format!(
                        "[{id}]: {key} {value:?} belongs to [{other}] already"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Writes one entry as a Rust expression.
fn rust_of(
    folder: &Path,
    entries: &BTreeMap<String, Entry>,
    id: &str,
    entry: &Entry,
) -> Result<String, String> {
    if id.is_empty()
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        return Err("a language's key is made of lower-case letters and digits".to_owned());
    }
    let is_path = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !entry.grammar.contains("::") || !entry.grammar.split("::").all(is_path) {
        return Err(format!(
            "grammar {:?} is not a path such as \"tree_sitter_rust::LANGUAGE\"",
            entry.grammar
        ));
    }
    let indent = match &entry.indent {
        Indent::Spaces(width @ 1..=16) => format!("Spaces({width})"),
        Indent::Named(word) if word == "tab" => "Tab".to_owned(),
        Indent::Spaces(_) | Indent::Named(_) => {
            return Err("indent is a number of spaces from 1 to 16, or \"tab\"".to_owned());
        }
    };
    let mut code = format!("Entry {{\n    id: {id:?},\n    name: {:?},\n", entry.name);
    let _ = writeln!(code, "    grammar: || {}.into(),", entry.grammar);
    let _ = writeln!(
        code,
        "    line_comment: {:?},\n    block_comment: {},",
        entry.line_comment,
        pair(entry)
    );
    let _ = writeln!(
        code,
        "    indent: Indent::{indent},\n    layout: Layout::{:?},",
        entry.layout
    );
    for (key, values) in [
        ("language_ids", &entry.language_ids),
        ("extensions", &entry.extensions),
        ("file_names", &entry.file_names),
        ("interpreters", &entry.interpreters),
        ("comments", &entry.comments),
        ("strings", &entry.strings),
        ("code_in_strings", &entry.code_in_strings),
        ("tests", &entry.tests),
        ("passes_on", &entry.passes_on),
        ("bindings", &entry.bindings),
        ("barriers", &entry.barriers),
        ("not_names", &entry.not_names),
    ] {
        let _ = writeln!(code, "    {key}: &{values:?},");
    }
    let _ = writeln!(
        code,
        "    data: {},\n    family: {:?},",
        entry.data, entry.family
    );
    let _ = writeln!(code, "    optional_types: {},", entry.optional_types);
    let _ = writeln!(code, "    packages: {},", entry.packages);
    if let Some(odd) = entry.bindings.iter().find(|it| !it.contains('>')) {
        return Err(format!(
            "binding {odd:?} names no scope: write node.field>scope"
        ));
    }
    let folders = lineage(entries, id)?;
    for query in QUERIES {
        let mut parts = Vec::new();
        for language in &folders {
            let path = folder.join(language).join(format!("{query}.scm"));
            if !path.is_file() {
                return Err(format!(
                    "grammars/{language}/{query}.scm is missing; a language without {query} has a file with a comment only"
                ));
            }
            // `include_str!` lets the compiler track the file, so only a changed registry runs this script again. The folder is the compiler's to say: what
            // this script wrote is taken over where the sources have moved.
            parts.push(format!(
                "include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/grammars/{language}/{query}.scm\"))"
            ));
        }
        let _ = writeln!(code, "    {query}: concat!({}),", parts.join(", \"\\n\", "));
    }
    code.push_str("    compiled: Compiled::new(),\n},\n");
    Ok(code)
}

fn pair(entry: &Entry) -> String {
    format!("{:?}", entry.block_comment)
}

/// The folders whose queries a language uses: those it inherits first, its own last, so that its own patterns win.
fn lineage<'a>(entries: &'a BTreeMap<String, Entry>, id: &'a str) -> Result<Vec<&'a str>, String> {
    let mut folders = vec![id];
    let mut next = entries[id].inherits.as_deref();
    while let Some(parent) = next {
        if folders.contains(&parent) {
            return Err(format!("inherits {parent:?} goes round in a circle"));
        }
        let Some(entry) = entries.get(parent) else {
            return Err(format!(
                "inherits {parent:?}, which is no language of this file"
            ));
        };
        folders.push(parent);
        next = entry.inherits.as_deref();
    }
    folders.reverse();
    Ok(folders)
}
