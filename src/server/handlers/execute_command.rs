//! `workspace/executeCommand`: the `byok/*` requests for editors that have commands but no requests of their own.
//!
//! Each command works without arguments, since Helix's palette sends none, and also says its result as a message.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::capabilities::ACTION;
use super::super::protocol::Models;
use super::super::to_proto::DID_ACCEPT;
use super::{commands, context, models, run_action};

/// Runs the command.
pub async fn run(shared: &Arc<Shared>, params: lsp::ExecuteCommandParams) -> Result<Value> {
    if params.command == ACTION {
        let arguments = params.arguments.unwrap_or_default();
        return to_json(&run_action::run(shared, arguments).await);
    }
    let argument = params.arguments.unwrap_or_default().into_iter().next();
    match params.command.as_str() {
        DID_ACCEPT => {
            shared.count_accepted();
            Ok(Value::Null)
        }
        "byok.usageSummary" => {
            let summary = commands::usage_summary(shared).await?;
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
        "byok.setModel" => {
            let Some(model) = argument.as_ref().and_then(model_name) else {
                let models = models::answer(shared).await?;
                show(
                    shared,
                    &format!(
                        "byok-lsp: {} now; give byok.setModel another, such as \"local\" or \"openai/gpt-4.1-mini\"",
                        models.current
                    ),
                );
                return to_json(&models);
            };
            let done = commands::set_model(shared, model)?;
            show(
                shared,
                &format!("byok-lsp: {} from now on ({})", done.model, done.payer),
            );
            to_json(&done)
        }
        "byok.pause" => {
            show(shared, "byok-lsp: paused");
            to_json(&commands::set_paused(shared, true))
        }
        "byok.resume" => {
            show(shared, "byok-lsp: resumed");
            to_json(&commands::set_paused(shared, false))
        }
        other => Err(Error::invalid_params(format!(
            "there is no command {other}"
        ))),
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
    own.into_iter()
        .chain(offered)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Takes the model from `"provider/model"` or `{"model": "provider/model"}`.
fn model_name(argument: &Value) -> Option<&str> {
    argument
        .as_str()
        .or_else(|| argument.get("model")?.as_str())
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
