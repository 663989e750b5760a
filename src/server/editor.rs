//! What the server asks of the editor, and what the editor can do. Every question has a deadline: some editors never answer.

use std::time::Duration;

use serde_json::{Value, json};
use tower_lsp::Client;
use tower_lsp::gen_lsp_types as lsp;

/// How long an editor may take for what needs no human.
const SOON: Duration = Duration::from_secs(20);

/// How long an editor may take where the work waits for it and does without its answer.
const AT_ONCE: Duration = Duration::from_secs(2);

/// How long a human may take to choose.
const HUMAN: Duration = Duration::from_mins(5);

/// How long a human may take to say yes.
const DECIDING: Duration = Duration::from_mins(1);

/// What the editor said that it can do.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is what the client announces, by itself"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It shows progress that the server begins.
    pub progress: bool,
    /// It opens documents that the server names.
    pub show_document: bool,
    /// Its plugin tells the user by its own means what the server advises.
    pub advice: bool,
    /// It tells when files change that the server names.
    pub watches_files: bool,
    /// Its plugin asks the user for an instruction when an action needs one.
    pub instruction: bool,
    /// Its plugin shows edits before they are made.
    pub preview: bool,
    /// Its plugin shows documents while they come.
    pub stream: bool,
    /// It creates files that an edit names.
    pub create: bool,
    /// It shows what is said about edits, and lets the user confirm them.
    pub annotations: bool,
    /// Its plugin renames with the editor's own command.
    pub rename: bool,
}

impl Abilities {
    /// Reads the client's capabilities.
    pub fn of(capabilities: &lsp::ClientCapabilities) -> Self {
        // Read as JSON, since the generated types have an option in each of many layers.
        let capabilities = serde_json::to_value(capabilities).unwrap_or_default();
        let is = |pointer: &str| capabilities.pointer(pointer) == Some(&Value::Bool(true));
        let edits = "/workspace/workspaceEdit";
        let operations = capabilities.pointer(&format!("{edits}/resourceOperations"));
        let operations = operations.and_then(Value::as_array).into_iter().flatten();
        let annotations = capabilities.pointer(&format!("{edits}/changeAnnotationSupport"));
        Self {
            create: operations.into_iter().any(|it| it == "create"),
            annotations: annotations.is_some_and(Value::is_object),
            progress: is("/window/workDoneProgress"),
            show_document: is("/window/showDocument/support"),
            advice: is("/experimental/byok/advice"),
            watches_files: is("/workspace/didChangeWatchedFiles/dynamicRegistration"),
            instruction: is("/experimental/byok/instruction"),
            preview: is("/experimental/byok/preview"),
            stream: is("/experimental/byok/stream"),
            rename: is("/experimental/byok/rename"),
        }
    }
}

/// What became of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The editor made it.
    Yes,
    /// It did not, and said why.
    No(String),
    /// It did not answer, so nobody knows.
    Unknown,
}

/// Asks the editor to make an edit.
pub async fn apply(client: &Client, label: &str, edit: Value) -> Applied {
    let params = json!({"label": label, "edit": edit});
    match ask::<ApplyEdit>(client, params, SOON).await {
        Some(answer) if answer["applied"] == true => Applied::Yes,
        Some(answer) => Applied::No(answer["failureReason"].as_str().unwrap_or_default().into()),
        None => Applied::Unknown,
    }
}

/// The same request with an edit of our own making: the generated type takes an annotated edit for a plain one, and drops its annotation.
enum ApplyEdit {}

impl lsp::Request for ApplyEdit {
    const METHOD: lsp::LspRequestMethod<'static> = lsp::ApplyWorkspaceEditRequest::METHOD;
    const MESSAGE_DIRECTION: lsp::MessageDirection =
        lsp::ApplyWorkspaceEditRequest::MESSAGE_DIRECTION;
    type Params = Value;
    type Result = Value;
}

/// Asks the editor to open a document; returns whether it did.
pub async fn show_document(client: &Client, uri: &str) -> bool {
    let params = json!({"uri": uri, "external": false, "takeFocus": true});
    let answer = ask::<lsp::ShowDocumentRequest>(client, params, SOON).await;
    answer.is_some_and(|answer| answer["success"] == true)
}

/// Asks the editor to open a page in the browser; returns whether it did.
pub async fn show_page(client: &Client, url: &str) -> bool {
    let params = json!({"uri": url, "external": true});
    let answer = ask::<lsp::ShowDocumentRequest>(client, params, SOON).await;
    answer.is_some_and(|answer| answer["success"] == true)
}

/// Asks the user to choose among titles.
pub async fn choose(client: &Client, message: &str, titles: &[String]) -> Option<String> {
    let actions: Vec<Value> = titles.iter().map(|title| json!({"title": title})).collect();
    let params = json!({"type": lsp::MessageType::Info, "message": message, "actions": actions});
    let answer = ask::<lsp::ShowMessageRequest>(client, params, HUMAN).await?;
    Some(answer["title"].as_str()?.to_owned())
}

/// Asks the user whether to go on; no answer is no.
pub async fn confirm(client: &Client, message: &str, yes: &str) -> bool {
    let actions = [json!({"title": yes}), json!({"title": "Leave it"})];
    let params = json!({"type": lsp::MessageType::Warning, "message": message, "actions": actions});
    let answer = ask::<lsp::ShowMessageRequest>(client, params, DECIDING).await;
    answer.is_some_and(|answer| answer["title"] == yes)
}

/// Asks the editor to show progress under a token; returns whether it will.
pub async fn create_progress(client: &Client, token: &str) -> bool {
    let params = json!({"token": token});
    ask::<lsp::WorkDoneProgressCreateRequest>(client, params, AT_ONCE)
        .await
        .is_some()
}

/// Asks the editor to tell when a file of this name changes in any folder. One that does not is told of by saving or opening.
pub async fn watch(client: &Client, name: &str) {
    let options = json!({"watchers": [{"globPattern": format!("**/{name}")}]});
    let registration = json!({
        "id": name, "method": "workspace/didChangeWatchedFiles", "registerOptions": options,
    });
    let params = json!({"registrations": [registration]});
    ask::<lsp::RegistrationRequest>(client, params, SOON).await;
}

/// Sends a request; `None` if it is refused, or not answered in time.
async fn ask<R: lsp::Request>(client: &Client, params: Value, limit: Duration) -> Option<Value> {
    let params = serde_json::from_value(params).ok()?;
    let answer = tokio::time::timeout(limit, client.send_request::<R>(params)).await;
    serde_json::to_value(answer.ok()?.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_are_what_the_client_says() {
        let of = |json| Abilities::of(&serde_json::from_value(json).expect("capabilities"));
        assert_eq!(of(json!({})), Abilities::default());
        let all = of(json!({
            "window": {"workDoneProgress": true, "showDocument": {"support": true}},
            "workspace": {
                "didChangeWatchedFiles": {"dynamicRegistration": true},
                "workspaceEdit": {"resourceOperations": ["create"], "changeAnnotationSupport": {}},
            },
            "experimental": {"byok": {"instruction": true, "advice": true, "preview": true, "stream": true, "rename": true}},
        }));
        let ours = all.instruction && all.preview && all.stream && all.rename;
        let edits = all.create && all.annotations;
        assert!(
            all.progress && all.show_document && all.advice && all.watches_files && ours && edits
        );
    }
}
