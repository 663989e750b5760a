//! `byok.signIn`: signs in at OpenRouter from the editor. The browser comes back to a port of this machine and the key goes into the store; no
//! byte of it is in a message.

use std::sync::Arc;

use serde_json::json;
use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::super::editor;
use super::super::progress::Progress;
use super::super::protocol::{SignInOutcome, SignInResult};
use super::super::running::Entry;
use super::settle::settle;
use crate::config::{DEFAULT_LABEL, host_of};
use crate::credential::{Name, Record};
use crate::sign_in::{self, Begun};

/// What stands for the document in the table of what runs: a newer sign-in takes the older one's place.
const PLACE: &str = "byok.signIn";

/// Signs in; the result is also said as a message.
pub async fn run(shared: &Arc<Shared>) -> SignInResult {
    shared.running.end(PLACE);
    let entry = shared.running.begin(PLACE.into());
    let outcome = tokio::select! {
        biased;
        // Taken back: the future is dropped, and the port is closed with it.
        () = entry.interrupt.over() => Ok(None),
        signed_in = sign_in(shared, &entry) => signed_in.map(Some),
    };
    let (outcome, message) = match outcome {
        Ok(Some(message)) => (SignInOutcome::SignedIn, message),
        Ok(None) => (SignInOutcome::Cancelled, "nobody was signed in".into()),
        Err(message) => (SignInOutcome::Failed, message),
    };
    let message = format!("byok-lsp: {message}");
    let kind = match outcome {
        SignInOutcome::Failed => lsp::MessageType::Warning,
        SignInOutcome::SignedIn | SignInOutcome::Cancelled => lsp::MessageType::Info,
    };
    shared.outbox.notify(
        "window/showMessage",
        &json!({"type": kind, "message": message}),
    );
    SignInResult { outcome, message }
}

async fn sign_in(shared: &Arc<Shared>, entry: &Entry) -> Result<String, String> {
    // By the user's own file: an editor's settings, which may come from a workspace, must not say where somebody signs in.
    let settings = shared.session().settings_of_own_file();
    let provider = settings
        .providers
        .get(sign_in::PROVIDER)
        .ok_or("there is no OpenRouter in the settings")?;
    let vault = shared.gateway.keys().vault();
    // Before the user is troubled, and not after.
    let target = vault.target(&settings.keys).await.map_err(|fault| {
        format!("no store for keys works here ({fault}), so there is nowhere to keep one")
    })?;
    let kind = target.kind;
    let told = |error: sign_in::Error| error.to_string();
    let begun = Begun::new(provider, 0).await.map_err(told)?;
    let title = "Sign in at OpenRouter, in the browser";
    let progress = Progress::begin(shared, entry, title).await;
    let can_open = shared.abilities().show_document;
    if !can_open || !editor::show_page(&shared.client, begun.page.as_str()).await {
        let message = format!("byok-lsp: sign in on this page: {}", begun.page);
        shared.outbox.notify(
            "window/showMessage",
            &json!({"type": lsp::MessageType::Info, "message": message}),
        );
    }
    let key = begun.key(&shared.http, provider, sign_in::PATIENCE).await;
    let key = key.map_err(told)?;
    let name = Name {
        provider: provider.name.clone(),
        label: DEFAULT_LABEL.into(),
    };
    let record = Record::new(key, host_of(&provider.base_url));
    vault
        .put(&settings.keys, kind, &name, &record)
        .await
        .map_err(|fault| format!("the key could not be kept in {kind}: {fault}"))?;
    if let Some(progress) = progress {
        progress.end("signed in");
    }
    settle(shared);
    Ok(format!(
        "signed in at OpenRouter; the key is kept in {kind}, for {}; its limit and what is left: byok-lsp key test {}",
        host_of(&provider.base_url),
        provider.name
    ))
}
