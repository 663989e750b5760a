//! `workspace/executeCommand`: the `byok/*` requests for editors that have commands but no requests of their own.
//!
//! Each command works without arguments, since Helix's palette sends none, and also says its result as a message.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, Result};
use url::Url;

use super::super::backend::Shared;
use super::super::capabilities::ACTION;
use super::super::editor;
use super::super::protocol::Models;
use super::super::to_proto::DID_ACCEPT;
use super::{accepted, commands, context, explain_route, models, run_action, set_model, sign_in};
use crate::config;

/// Says how to store a key. Keys never travel in messages, so a plugin with a better way takes the command for itself.
pub const SET_KEY: &str = "byok.setKey";

/// Takes back the actions that run, for editors that show progress and have no way to cancel it, such as Helix.
pub const CANCEL: &str = "byok.cancel";

/// Opens the user's settings.
pub const OPEN_SETTINGS: &str = "byok.openSettings";

/// Runs the command.
pub async fn run(shared: &Arc<Shared>, params: lsp::ExecuteCommandParams) -> Result<Value> {
    if params.command == ACTION {
        let arguments = params.arguments.unwrap_or_default();
        return to_json(&run_action::run(shared, arguments).await);
    }
    let arguments = params.arguments.unwrap_or_default();
    let argument = arguments.first().cloned();
    match params.command.as_str() {
        DID_ACCEPT => {
            accepted::note(shared, argument.as_ref());
            Ok(Value::Null)
        }
        "byok.usageSummary" => {
            let summary = commands::usage_summary(shared, argument.unwrap_or_default()).await?;
            show(shared, &summary.text);
            to_json(&summary)
        }
        "byok.models" => {
            let models = models::answer(shared).await?;
            show(
                shared,
                &format!(
                    "byok-lsp: {} now; ready: {}",
                    models.current,
                    ready(&models)
                ),
            );
            to_json(&models)
        }
        "byok.explainContext" => {
            let id = argument.as_ref().and_then(call_id);
            let explained = context::explain(shared, id)?;
            show(shared, &explained.text);
            to_json(&explained)
        }
        "byok.explainRoute" => {
            let params = argument.and_then(|it| serde_json::from_value(it).ok());
            let explained = explain_route::answer(shared, &params.unwrap_or_default()).await?;
            show(shared, &format!("byok-lsp: {}", explained.text.trim_end()));
            to_json(&explained)
        }
        "byok.setModel" => {
            let Some(done) = set_model::run(shared, &arguments).await? else {
                // Nothing was chosen, so that nothing changes.
                return to_json(&models::answer(shared).await?);
            };
            // Where that is not the one that was asked for, it was said why.
            if done.reason.is_none() {
                show(
                    shared,
                    &format!("byok-lsp: {} from now on ({})", done.model, done.payer),
                );
            }
            to_json(&done)
        }
        "byok.signIn" => to_json(&sign_in::run(shared).await),
        "byok.pause" => {
            show(shared, "byok-lsp: paused");
            to_json(&commands::set_paused(shared, true))
        }
        "byok.resume" => {
            show(shared, "byok-lsp: resumed");
            to_json(&commands::set_paused(shared, false))
        }
        CANCEL => {
            let cancelled = shared.running.end_all();
            let said = match cancelled {
                0 => "no action runs".to_owned(),
                1 => "the action is cancelled".to_owned(),
                more => format!("{more} actions are cancelled"),
            };
            show(shared, &format!("byok-lsp: {said}"));
            Ok(json!({"cancelled": cancelled}))
        }
        SET_KEY => {
            let provider = argument.as_ref().and_then(Value::as_str);
            let provider = provider.filter(|name| is_name(name)).unwrap_or("PROVIDER");
            show(
                shared,
                &format!("byok-lsp: in a terminal: byok-lsp key set {provider}"),
            );
            Ok(Value::Null)
        }
        OPEN_SETTINGS => {
            open_settings(shared).await;
            Ok(Value::Null)
        }
        other => Err(Error::invalid_params(format!(
            "there is no command {other}"
        ))),
    }
}

/// Tells whether a text is fit to be a provider's name, and so to be pasted into a terminal.
fn is_name(name: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(is_fine)
}

/// What a file of settings begins with that did not exist.
const NEW_SETTINGS: &str = "# Settings of byok-lsp, for every editor. \"byok-lsp config schema\" says what there is, \"byok-lsp models\" which models.\n\n# [completion]\n# model = \"openai/gpt-4.1-mini\"\n";

/// Opens the user's settings in the editor, or says where they are.
async fn open_settings(shared: &Arc<Shared>) {
    let Some(path) = config::user_file() else {
        return show(
            shared,
            "byok-lsp: this system tells no home folder; set BYOK_CONFIG to the file's path",
        );
    };
    // Some editors open only what exists. One that is there stays as it is.
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let new = OpenOptions::new().write(true).create_new(true).open(&path);
    if let Ok(mut file) = new {
        let _ = file.write_all(NEW_SETTINGS.as_bytes());
    }
    let uri = Url::from_file_path(&path).ok();
    let is_shown = match uri.filter(|_| shared.abilities().show_document) {
        Some(uri) => editor::show_document(&shared.client, uri.as_str()).await,
        None => false,
    };
    if !is_shown {
        show(
            shared,
            &format!("byok-lsp: the settings are in {}", path.display()),
        );
    }
}

/// Says what could be used, in one line: a provider may have hundreds of models.
fn ready(models: &Models) -> String {
    let of = |provider: &str| {
        let is_of = |id: &str| id.split_once('/').is_some_and(|(its, _)| its == provider);
        let models = models.models.iter().filter(|model| model.ability.is_some());
        models.filter(|model| is_of(&model.id)).count()
    };
    let offered = models.lists.iter().map(|list| match of(&list.provider) {
        0 => format!("{}/...", list.provider),
        1 => format!("{} (1 model)", list.provider),
        count => format!("{} ({count} models)", list.provider),
    });
    let own = ["local".to_owned(), "auto".to_owned()];
    let pools = models.models.iter().filter(|model| !model.pool.is_empty());
    let pools = pools.map(|model| model.id.clone());
    own.into_iter()
        .chain(pools)
        .chain(offered)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Takes the call from `"id"` or `{"id": "id"}`.
fn call_id(argument: &Value) -> Option<&str> {
    argument.as_str().or_else(|| argument.get("id")?.as_str())
}

fn show(shared: &Shared, message: &str) {
    shared.outbox.notify(
        "window/showMessage",
        &json!({"type": lsp::MessageType::Info, "message": message}),
    );
}

fn to_json(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|_| Error::internal_error())
}
