//! `docs/protocol.md` describes `src/server/protocol.rs`: it carries that file's hash, and its JSON schemas are those of the types.
//!
//! The settings of the VS Code extension are those of the settings' schema.
//!
//! `BYOK_UPDATE_EXPECTED=1 cargo test --test protocol_document` writes all of them anew, once the words beside them are right.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use byok_lsp::server::protocol::UsageSummaryParams;
use byok_lsp::server::protocol::{
    ActionParams, ActionProgressParams, ActionResult, AdviceParams, BudgetParams, DidDismissParams,
    ExplainContext, ExplainContextParams, ExplainRouteParams, Models, PreviewAnswer, PreviewParams,
    SetModelParams, SignInResult, StatusParams, UsageParams, UsageSummary,
};
use schemars::schema_for;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn is_updating() -> bool {
    std::env::var_os("BYOK_UPDATE_EXPECTED").is_some()
}

/// FNV-1a in 64 bits: no defence against anybody, just a reminder.
fn hash(text: &str) -> String {
    let hash = text
        .bytes()
        .filter(|byte| *byte != b'\r')
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

#[test]
fn the_document_was_read_again_when_a_message_changed() {
    let messages = std::fs::read_to_string(path("src/server/protocol.rs")).unwrap();
    let document = std::fs::read_to_string(path("docs/protocol.md")).unwrap();
    let line = format!("<!-- src/server/protocol.rs: {} -->", hash(&messages));
    if is_updating() {
        let mut lines: Vec<&str> = document
            .lines()
            .filter(|line| !line.starts_with("<!-- src/server/protocol.rs: "))
            .collect();
        lines.push(&line);
        std::fs::write(path("docs/protocol.md"), lines.join("\n") + "\n").unwrap();
        return;
    }
    assert!(
        document.contains(&line),
        "src/server/protocol.rs changed: bring docs/protocol.md up to date, then run BYOK_UPDATE_EXPECTED=1 cargo test --test protocol_document"
    );
}

#[test]
fn the_schemas_are_those_of_the_types_and_the_extension_has_their_settings() {
    let schemas = [
        ("advice", schema_for!(AdviceParams)),
        ("usage", schema_for!(UsageParams)),
        ("budget", schema_for!(BudgetParams)),
        ("status", schema_for!(StatusParams)),
        ("usage-summary", schema_for!(UsageSummary)),
        ("usage-summary-params", schema_for!(UsageSummaryParams)),
        ("models", schema_for!(Models)),
        ("explain-context", schema_for!(ExplainContext)),
        ("explain-context-params", schema_for!(ExplainContextParams)),
        ("explain-route", schema_for!(byok_lsp::gateway::Explanation)),
        ("explain-route-params", schema_for!(ExplainRouteParams)),
        ("set-model", schema_for!(SetModelParams)),
        ("action", schema_for!(ActionParams)),
        ("action-result", schema_for!(ActionResult)),
        ("sign-in-result", schema_for!(SignInResult)),
        ("preview", schema_for!(PreviewParams)),
        ("answer-preview", schema_for!(PreviewAnswer)),
        ("did-dismiss", schema_for!(DidDismissParams)),
        ("action-progress", schema_for!(ActionProgressParams)),
        ("settings", byok_lsp::config::schema()),
    ];
    for (name, schema) in schemas {
        let file = path(&format!("docs/protocol/{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if is_updating() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            written.replace('\r', ""),
            text,
            "{} is not the type's schema",
            file.display()
        );
    }
    let mut script = Command::new("node");
    script.arg(path("editors/vscode/scripts/settings.mjs"));
    if !is_updating() {
        script.arg("--check");
    }
    // Where there is no Node.js nobody builds the extension, whose own tests check the same.
    if let Ok(checked) = script.output() {
        assert!(
            checked.status.success(),
            "{}",
            String::from_utf8_lossy(&checked.stderr)
        );
    }
}
