//! The invariants of `docs/architecture.md` that a look at the sources can check.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// A source file: its path under `src/` and its text without comments and without its unit tests.
struct Source {
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("tests") {
                // Tests may do what the code may not.
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let source = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        Source {
            path: path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/"),
            code,
        }
    };
    files.into_iter().map(source).collect()
}

/// Asserts that `needle` occurs only in files whose path begins with one of `rooms`.
fn only_in(needle: &str, rooms: &[&str]) {
    let strays: Vec<String> = sources()
        .into_iter()
        .filter(|source| {
            !rooms.iter().any(|room| source.path.starts_with(room)) && source.code.contains(needle)
        })
        .map(|source| source.path)
        .collect();
    assert!(
        strays.is_empty(),
        "{needle} belongs in {rooms:?}, not in {strays:?}"
    );
}

/// Asserts that no file of `room` uses one of `others`.
fn does_not_use(room: &str, others: &[&str]) {
    for source in sources()
        .into_iter()
        .filter(|source| source.path.starts_with(room) && !source.path.contains("tests"))
    {
        for other in others {
            let uses = source.code.contains(&format!("crate::{other}"));
            assert!(!uses, "{} must not use {other}", source.path);
        }
    }
}

#[test]
fn only_the_server_knows_the_protocols_types() {
    only_in("tower_lsp", &["server/"]);
    only_in("gen_lsp_types", &["server/"]);
}

#[test]
fn only_the_gateway_calls_a_provider() {
    only_in(".stream(call)", &["gateway/"]);
}

#[test]
fn only_credential_sees_a_secret() {
    only_in("expose_secret", &["credential/"]);
    only_in("env::var(", &["credential/"]);
}

#[test]
fn texts_and_trees_know_nothing_of_the_rest() {
    let rest = [
        "server",
        "session",
        "completion",
        "context",
        "gateway",
        "routing",
        "cost",
        "credential",
        "provider",
        "local",
        "config",
        "models",
        "cli",
    ];
    does_not_use("document/", &rest);
    does_not_use("syntax/", &rest);
}

#[test]
fn prompts_are_made_without_io() {
    for source in sources() {
        let is_pure = ["context/", "document/", "syntax/"]
            .iter()
            .any(|room| source.path.starts_with(room));
        for io in [
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
            "tokio::",
            "Instant::now",
        ] {
            let is_parser = source.path == "syntax/tree.rs" && io == "Instant::now";
            assert!(
                !is_pure || is_parser || !source.code.contains(io),
                "{} must not use {io}",
                source.path
            );
        }
    }
    does_not_use(
        "context/",
        &[
            "server",
            "session",
            "completion",
            "action",
            "gateway",
            "routing",
            "credential",
            "local",
            "workspace",
            "cli",
        ],
    );
    does_not_use(
        "index/",
        &[
            "server",
            "session",
            "completion",
            "action",
            "context",
            "gateway",
            "provider",
            "local",
            "config",
            "cli",
        ],
    );
    does_not_use(
        "workspace/",
        &[
            "server", "session", "context", "index", "gateway", "provider", "local", "config",
            "cli",
        ],
    );
}

#[test]
fn no_arrow_points_back_to_the_editor() {
    for room in [
        "action/",
        "completion/",
        "context/",
        "gateway/",
        "routing/",
        "cost/",
        "credential/",
        "models/",
        "provider/",
        "telemetry/",
        "local/",
        "config/",
        "session.rs",
    ] {
        does_not_use(room, &["server", "cli"]);
    }
    for room in [
        "gateway/",
        "routing/",
        "cost/",
        "credential/",
        "models/",
        "provider/",
        "telemetry/",
        "local/",
        "config/",
    ] {
        does_not_use(room, &["action", "completion", "session"]);
    }
    does_not_use("provider/", &["gateway", "routing", "models", "telemetry"]);
    // What it never meets it cannot tell a collector.
    let content = [
        "context",
        "credential",
        "document",
        "gateway",
        "repository",
        "routing",
        "workspace",
    ];
    does_not_use("telemetry/", &content);
    only_in("opentelemetry", &["telemetry/"]);
    does_not_use("models/", &["gateway", "routing"]);
    does_not_use("config/", &["models"]);
    does_not_use("cost/", &["gateway", "routing", "provider", "config"]);
}

#[test]
fn nothing_but_the_editors_own_folder_names_an_editor() {
    // Setting editors up is about editors.
    let is_setup = |path: &str| path.starts_with("cli/setup/");
    for source in sources()
        .into_iter()
        .filter(|source| !is_setup(&source.path))
    {
        // Comments say why a thing is as it is, and may name who needs it; code may not.
        for editor in ["Neovim", "neovim", "Helix", "helix", "VS Code", "vscode"] {
            assert!(
                !source.code.contains(editor),
                "{} names {editor}",
                source.path
            );
        }
    }
}

#[test]
fn each_mutation_finds_what_it_takes_out_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = std::fs::read_to_string(root.join("tests/mutations.toml")).unwrap();
    let listed: toml::Table = toml::from_str(&listed).unwrap();
    let mutations = listed["mutation"].as_array().unwrap();
    assert!(mutations.len() > 20, "{}", mutations.len());
    for mutation in mutations {
        let of = |key: &str| mutation[key].as_str().unwrap();
        let text = std::fs::read_to_string(root.join(of("file"))).unwrap();
        let count = text.matches(of("find")).count();
        assert_eq!(count, 1, "{} in {}", of("fault"), of("file"));
    }
}
