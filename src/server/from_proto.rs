//! The protocol's types to ours. Together with `to_proto` the only place where they meet.

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Request;

use crate::completion::Trigger;
use crate::document::{Change, Encoding, Located, Position};
use crate::session::Snapshot;

/// The parameters of `textDocument/didChange`, read more carefully than the generated types do: there, a change whose range does not parse
/// is taken for the whole text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DidChange {
    pub text_document: Versioned,
    pub content_changes: Vec<ContentChange>,
}

/// Which document, in which version.
#[derive(Debug, Deserialize)]
pub struct Versioned {
    pub uri: String,
    /// Whatever number the client sends. It goes back with edits of ours; we ourselves count edits.
    #[serde(default)]
    pub version: Option<serde_json::Number>,
}

/// One change.
#[derive(Debug, Deserialize)]
pub struct ContentChange {
    #[serde(default)]
    range: Option<WireRange>,
    text: String,
}

#[derive(Debug, Deserialize)]
struct WireRange {
    start: WirePosition,
    end: WirePosition,
}

/// A position that may be anything a number can be; what no text can have is clamped to what one can.
#[derive(Debug, Deserialize)]
struct WirePosition {
    line: serde_json::Number,
    character: serde_json::Number,
}

impl From<ContentChange> for Change {
    fn from(change: ContentChange) -> Self {
        Self {
            range: change
                .range
                .map(|range| (range.start.into(), range.end.into())),
            text: change.text,
        }
    }
}

impl From<WirePosition> for Position {
    fn from(position: WirePosition) -> Self {
        Self {
            line: clamp(&position.line),
            character: clamp(&position.character),
        }
    }
}

fn clamp(number: &serde_json::Number) -> u32 {
    if let Some(number) = number.as_u64() {
        return u32::try_from(number).unwrap_or(u32::MAX);
    }
    // Languages without integers write 4 as 4.0.
    let whole = number
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number));
    if let Some(whole) = whole {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole, and within the bounds"
        )]
        return whole as u32;
    }
    // Negative numbers and fractions name no place; the start is the nearest that does.
    tracing::warn!(%number, "a position names no place in a text; it is taken for the start");
    0
}

/// Makes an `initialize` readable whose parameters are not quite the protocol's: of a client that gets one field wrong we take the fields that
/// we use, rather than refuse to serve it.
pub fn mended(request: Request) -> Request {
    if request.method() != "initialize" {
        return request;
    }
    let params = request.params().cloned().unwrap_or_default();
    if lsp::InitializeParams::deserialize(&params).is_ok() {
        return request;
    }
    let (method, id, _) = request.into_parts();
    let at = |pointer: &str| params.pointer(pointer).cloned();
    let encodings = at("/capabilities/general/positionEncodings").filter(Value::is_array);
    let mut capabilities = json!({"textDocument": {}, "general": {}});
    if at("/capabilities/textDocument/inlineCompletion").is_some() {
        capabilities["textDocument"]["inlineCompletion"] = json!({});
    }
    if let Some(encodings) = encodings {
        let known = encodings
            .as_array()
            .into_iter()
            .flatten()
            .filter(|encoding| encoding.is_string());
        capabilities["general"]["positionEncodings"] = known.cloned().collect();
    }
    let folders = at("/workspaceFolders");
    let folders = folders
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let folders: Vec<Value> = folders
        .filter_map(|folder| Some(json!({"uri": folder.get("uri")?.as_str()?, "name": ""})))
        .collect();
    let mended = json!({
        "processId": null,
        "rootUri": at("/rootUri").filter(Value::is_string),
        "capabilities": capabilities,
        "workspaceFolders": folders,
        "initializationOptions": at("/initializationOptions"),
    });
    let request = Request::build(method).params(mended);
    match id {
        Some(id) => request.id(id).finish(),
        None => request.finish(),
    }
}

/// Finds the byte that a position names in a snapshot.
pub fn cursor(snapshot: &Snapshot, position: lsp::Position) -> Located {
    let position = Position {
        line: position.line,
        character: position.character,
    };
    snapshot.encoding.locate(&snapshot.text, position)
}

/// Finds the bytes that a range names in a snapshot; one that runs backwards is turned round.
pub fn range(snapshot: &Snapshot, range: lsp::Range) -> std::ops::Range<usize> {
    let (start, end) = (cursor(snapshot, range.start), cursor(snapshot, range.end));
    start.byte.0.min(end.byte.0)..start.byte.0.max(end.byte.0)
}

/// Chooses the unit of positions: UTF-16, which every client takes, unless a client insists that it does not.
pub fn encoding(capabilities: &lsp::ClientCapabilities) -> Encoding {
    let offered = capabilities
        .general
        .as_ref()
        .and_then(|general| general.position_encodings.as_deref())
        .unwrap_or_default();
    let takes = |kind: &lsp::PositionEncodingKind| offered.contains(kind);
    if offered.is_empty() || takes(&lsp::PositionEncodingKind::UTF16) {
        Encoding::Utf16
    } else if takes(&lsp::PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else if takes(&lsp::PositionEncodingKind::UTF32) {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    }
}

/// Returns the URIs of the workspace folders, or of the root that older clients send instead.
pub fn folders(params: &lsp::InitializeParams) -> Vec<String> {
    // Read as JSON: the generated type tells an absent list, null and a list apart in three layers, and all we want is the URIs.
    let params = serde_json::to_value(params).unwrap_or_default();
    let folders = params
        .get("workspaceFolders")
        .and_then(|folders| folders.as_array());
    let uris: Vec<String> = folders
        .into_iter()
        .flatten()
        .filter_map(|folder| folder.get("uri")?.as_str().map(str::to_owned))
        .collect();
    if !uris.is_empty() {
        return uris;
    }
    let root = params.get("rootUri").and_then(|root| root.as_str());
    root.map(str::to_owned).into_iter().collect()
}

/// Reads why an inline completion is asked for.
pub fn inline_trigger(context: &lsp::InlineCompletionContext) -> Trigger {
    match context.trigger_kind {
        lsp::InlineCompletionTriggerKind::Invoked => Trigger::Explicit,
        _ => Trigger::Automatic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Result<Change, serde_json::Error> {
        serde_json::from_str::<ContentChange>(json).map(Change::from)
    }

    #[test]
    fn numbers_that_name_no_place_are_clamped() {
        let json = r#"{"range":{"start":{"line":-1,"character":1.5},"end":{"line":99999999999,"character":3}},"text":"x"}"#;
        let (start, end) = change(json).expect("numbers").range.expect("a range");
        assert_eq!((start.line, start.character), (0, 0));
        assert_eq!((end.line, end.character), (u32::MAX, 3));
    }

    #[test]
    fn a_range_that_is_none_does_not_become_the_whole_text() {
        assert!(change(r#"{"range":{"start":{"line":"a"}},"text":"x"}"#).is_err());
        assert!(
            change(r#"{"text":"x"}"#)
                .expect("the whole text")
                .range
                .is_none()
        );
    }
}
