//! What the server offers, given what the client can do.

use tower_lsp::gen_lsp_types as lsp;

use super::handlers::execute_command::{CANCEL, OPEN_SETTINGS, SET_KEY};
use super::to_proto::DID_ACCEPT;
use crate::action::Kind;
use crate::document::Encoding;

/// The command that runs a code action.
pub const ACTION: &str = "byok.action";

/// The commands that users run; each also works without arguments, since Helix's palette sends none.
pub const COMMANDS: [&str; 12] = [
    ACTION,
    CANCEL,
    "byok.usageSummary",
    "byok.models",
    "byok.explainContext",
    "byok.explainRoute",
    "byok.setModel",
    "byok.pause",
    "byok.resume",
    "byok.signIn",
    SET_KEY,
    OPEN_SETTINGS,
];

/// Returns the server's capabilities. Nothing but the client's capabilities and the settled encoding decides them.
pub fn server(client: &lsp::ClientCapabilities, encoding: Encoding) -> lsp::ServerCapabilities {
    let has_inline = client
        .text_document
        .as_ref()
        .is_some_and(|documents| documents.inline_completion.is_some());
    lsp::ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
            Encoding::Utf32 => lsp::PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(
            lsp::TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(lsp::TextDocumentSyncKind::Incremental),
                save: Some(true.into()),
                ..lsp::TextDocumentSyncOptions::default()
            }
            .into(),
        ),
        inline_completion_provider: Some(true.into()),
        // A client that shows ghost text would ask, and pay, for the same suggestion twice.
        completion_provider: (!has_inline).then(lsp::CompletionOptions::default),
        code_action_provider: Some(lsp::CodeActionProvider::CodeActionOptions(
            lsp::CodeActionOptions {
                code_action_kinds: Some(
                    [Kind::QuickFix, Kind::Rewrite, Kind::Explain]
                        .into_iter()
                        .map(|kind| kind.name().to_owned().into())
                        .collect(),
                ),
                // Nothing is left to resolve: where a resolve runs, Helix stands still, and after 20 s it gives up without a word.
                resolve_provider: Some(false),
                ..lsp::CodeActionOptions::default()
            },
        )),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: COMMANDS
                .iter()
                .chain(&[DID_ACCEPT])
                .map(|&command| command.to_owned())
                .collect(),
            ..lsp::ExecuteCommandOptions::default()
        }),
        workspace: Some(lsp::WorkspaceOptions {
            workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(true.into()),
            }),
            ..lsp::WorkspaceOptions::default()
        }),
        ..lsp::ServerCapabilities::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn offered(client: serde_json::Value) -> lsp::ServerCapabilities {
        server(
            &serde_json::from_value(client).expect("capabilities"),
            Encoding::Utf16,
        )
    }

    #[test]
    fn a_client_with_ghost_text_is_not_offered_the_same_in_a_menu() {
        let neovim =
            offered(json!({"textDocument": {"inlineCompletion": {"dynamicRegistration": false}}}));
        assert!(
            neovim.inline_completion_provider.is_some() && neovim.completion_provider.is_none()
        );
        let helix = offered(json!({"textDocument": {"completion": {}}}));
        assert!(helix.completion_provider.is_some());
    }
}
