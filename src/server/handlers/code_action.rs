//! `textDocument/codeAction`: what makes sense at a place, free and offline. Each is a command; none needs to be resolved.

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::{LastPlace, Shared};
use super::super::protocol::{ActionDiagnostic, ActionParams, ActionPlace};
use super::super::{capabilities, from_proto};
use crate::action::{self, Diagnostic};
use crate::routing::{self, Decision, Feature};

/// The parameters, read more leniently than the generated types do: a diagnostic of another server may be odd.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    text_document: lsp::TextDocumentIdentifier,
    range: lsp::Range,
    #[serde(default)]
    context: Context,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Context {
    diagnostics: Vec<Value>,
    only: Option<Vec<String>>,
    trigger_kind: Option<u32>,
}

#[derive(Deserialize)]
struct WireDiagnostic {
    range: lsp::Range,
    message: String,
}

/// The user opened the menu; else the editor asks by itself, after each move of the cursor.
const INVOKED: u32 = 1;

/// More diagnostics than these are not one problem any more.
const MOST_DIAGNOSTICS: usize = 10;

/// A longer complaint is cut.
const MESSAGE_CHARS: usize = 2000;

/// Answers the request: a list, possibly empty.
pub fn answer(shared: &Shared, params: &Params) -> Vec<Value> {
    let uri = params.text_document.uri.as_ref();
    let Some(snapshot) = shared.session().snapshot(uri) else {
        return Vec::new();
    };
    let selection = from_proto::range(&snapshot, params.range);
    let wire = params.context.diagnostics.iter().take(MOST_DIAGNOSTICS);
    let diagnostics: Vec<Diagnostic> = wire
        .filter_map(|diagnostic| WireDiagnostic::deserialize(diagnostic).ok())
        .map(|diagnostic| Diagnostic {
            range: from_proto::range(&snapshot, diagnostic.range),
            message: diagnostic.message.chars().take(MESSAGE_CHARS).collect(),
        })
        .collect();
    {
        let mut session = shared.session();
        session.note_viewed(&snapshot, selection.start);
        let messages = diagnostics.iter().map(|one| one.message.clone());
        session.note_complaints(&snapshot, selection.start, messages.collect());
    }
    shared.remember_place(LastPlace {
        uri: snapshot.uri.clone(),
        stamp: snapshot.stamp(),
        selection: selection.clone(),
        diagnostics: diagnostics.clone(),
    });
    let is_wanted = |kind: &str| {
        let only = params.context.only.as_ref();
        let is_within = |wanted: &String| {
            kind.strip_prefix(wanted.as_str())
                .is_some_and(|rest| wanted.is_empty() || rest.is_empty() || rest.starts_with('.'))
        };
        only.is_none_or(|only| only.iter().any(is_within))
    };
    let settings = &snapshot.settings;
    // Those may have models of their own.
    let has_own = !settings.custom_actions.is_empty() || !settings.routes.rules.is_empty();
    let usual = shared.gateway.decide(&snapshot.settings, Feature::Action);
    if !has_own && action::unable(&usual).is_some() {
        // A light bulb at every word would be a nuisance; who opens the menu by hand is told once what is missing.
        let is_asked =
            params.context.trigger_kind == Some(INVOKED) && params.context.only.is_none();
        return is_asked
            .then(|| missing_model(&usual))
            .into_iter()
            .collect();
    }
    let ask = action::Ask {
        snapshot: &snapshot,
        selection: selection.clone(),
        diagnostics: &diagnostics,
        can_instruct: shared.abilities().instruction,
        is_by_hand: params.context.trigger_kind == Some(INVOKED),
    };
    let stamp = snapshot.stamp();
    action::offers(&shared.gateway, &ask)
        .into_iter()
        .filter(|offer| is_wanted(offer.action.kind.name()))
        .map(|offer| {
            let arguments = ActionParams {
                action: offer.action.id.to_string(),
                uri: Some(uri.to_owned()),
                range: None,
                at: Some(ActionPlace {
                    opening: stamp.opening,
                    revision: stamp.revision,
                    start: selection.start,
                    end: selection.end,
                }),
                diagnostics: diagnostics
                    .iter()
                    .map(|diagnostic| ActionDiagnostic {
                        message: diagnostic.message.clone(),
                        start: diagnostic.range.start,
                        end: diagnostic.range.end,
                    })
                    .collect(),
                file_diagnostics: Vec::new(),
                wants_file_diagnostics: offer.action.applies == action::Applies::Problems,
                needs_instruction: offer.action.needs_instruction(),
                question: offer.action.question.as_deref().map(str::to_owned),
                instruction: None,
            };
            let mends = offer.action.kind == action::Kind::QuickFix
                || offer.action.applies == action::Applies::Diagnostic;
            let mut item = json!({
                "title": offer.title,
                "kind": offer.action.kind.name(),
                "command": {"title": offer.title, "command": capabilities::ACTION, "arguments": [arguments]},
            });
            if mends {
                let mended = params.context.diagnostics.iter();
                item["diagnostics"] = mended.take(MOST_DIAGNOSTICS).cloned().collect();
            }
            item
        })
        .collect()
}

/// The one entry of a menu without a model: it says what to configure.
fn missing_model(decision: &Decision) -> Value {
    let title = match decision.reason {
        reason if routing::is_by_policy(reason) => format!("byok-lsp: {reason}"),
        _ => "byok-lsp: name a model for code actions (actions.model)".into(),
    };
    json!({
        "title": title,
        "kind": action::Kind::Explain.name(),
        "command": {"title": title, "command": capabilities::ACTION, "arguments": []},
    })
}
