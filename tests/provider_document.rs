//! `docs/providers.md` names every well-known provider with its wire and its key's variable, and no other.

#![allow(clippy::unwrap_used)]

use std::path::Path;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_document_names_every_provider_with_its_wire_and_its_variable() {
    let known: toml::Table = read("src/config/known.toml").parse().unwrap();
    let providers = known["providers"].as_table().unwrap();
    let document = read("docs/providers.md");
    let rows: Vec<Vec<&str>> = document
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), providers.len());
    for (name, known) in providers {
        let row = rows.iter().find(|row| row[1] == format!("`{name}`"));
        let row = row.unwrap_or_else(|| panic!("{name} is missing"));
        let mut wires = vec![known["wire"].as_str().unwrap()];
        let rules = known.get("models").and_then(toml::Value::as_array);
        let named = rules
            .into_iter()
            .flatten()
            .filter_map(|rule| rule.get("wire"));
        wires.extend(named.map(|wire| wire.as_str().unwrap()));
        for wire in wires {
            assert!(row[2].contains(&format!("`{wire}`")), "{name}: {wire}");
        }
        let variable = known.get("key_env").and_then(toml::Value::as_str);
        let variable = variable.map_or("–".to_owned(), |variable| format!("`{variable}`"));
        assert_eq!(row[3], variable, "{name}");
        if let Some(form) = known.get("url_form") {
            assert!(document.contains(form.as_str().unwrap()), "{name}");
        }
    }
}
