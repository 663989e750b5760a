//! Our types to the protocol's. Together with `from_proto` the only place where they meet.

use std::borrow::Cow;

use ropey::Rope;
use serde::Serialize;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::protocol::{
    CostParams, LatencyParams, MoneyParams, SumParams, TokensParams, TotalsParams, UsageParams,
    VERSION,
};
use crate::completion::Suggestion;
use crate::cost::ledger::Sum;
use crate::cost::{Cost, Currency, Money, Totals};
use crate::document::{self, ByteOffset, Edit, Encoding};
use crate::gateway::Report;

/// The command that an editor runs after a suggestion was accepted.
pub const DID_ACCEPT: &str = "byok.didAccept";

/// An amount of money.
pub fn money(money: Money) -> MoneyParams {
    MoneyParams {
        nanos: money.nanos(),
        currency: money.currency().code().into(),
    }
}

/// The reply to `textDocument/inlineCompletion`: a list, possibly empty, never null.
#[derive(Default, Serialize)]
pub struct InlineCompletions {
    items: Vec<InlineItem>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InlineItem {
    insert_text: String,
    range: lsp::Range,
    command: Value,
}

/// Makes the reply to `textDocument/inlineCompletion`.
pub fn inline_completion(
    suggestions: impl IntoIterator<Item = Suggestion>,
    text: &Rope,
    encoding: Encoding,
) -> InlineCompletions {
    let item = |suggestion: Suggestion| {
        let at = position(text, suggestion.cursor, encoding);
        InlineItem {
            command: accept(&suggestion),
            insert_text: suggestion.text,
            // Empty, at the cursor: Neovim draws an item with a longer range over the text that follows.
            range: lsp::Range { start: at, end: at },
        }
    };
    InlineCompletions {
        items: suggestions.into_iter().map(item).collect(),
    }
}

/// Makes the reply to `textDocument/completion`, for editors without inline completion.
///
/// The item replaces the word before the cursor, because editors filter items by it.
pub fn completion(suggestion: Option<&Suggestion>, text: &Rope, encoding: Encoding) -> Value {
    let item = |suggestion: &Suggestion| {
        let cursor = suggestion.cursor.min(text.len_bytes());
        let start = word_start(text, cursor);
        let whole = format!("{}{}", text.byte_slice(start..cursor), suggestion.text);
        let first_line = whole
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default()
            .trim();
        let label: String = first_line.chars().take(LABEL_CHARS).collect();
        let origin = origin(suggestion);
        // Longer than any fence in the text.
        let fence = if whole.contains("```") {
            "`````"
        } else {
            "```"
        };
        json!({
            "label": label,
            // Not a snippet: Helix reads those as such whatever their format, moves their lines, and takes dollars and braces out of them.
            "kind": lsp::CompletionItemKind::Text,
            "detail": origin,
            "documentation": {"kind": "markdown", "value": format!("{fence}\n{whole}\n{fence}\n{origin}")},
            // What is typed is compared with this; the line breaks of what follows would only be in the way.
            "filterText": whole.lines().next().unwrap_or_default(),
            "sortText": "0",
            "insertTextFormat": lsp::InsertTextFormat::PlainText,
            "insertTextMode": lsp::InsertTextMode::AsIs,
            "textEdit": {
                "range": {"start": position(text, start, encoding), "end": position(text, cursor, encoding)},
                "newText": with_line_breaks_of(text, &whole),
            },
            "command": accept(suggestion),
        })
    };
    // Nothing yet is no final word: a client that keeps lists would not ask again within the word.
    json!({"isIncomplete": suggestion.is_none(), "items": suggestion.map(item).into_iter().collect::<Vec<_>>()})
}

/// Writes line breaks as a document has them: Helix puts the text of a menu's item in as it stands.
fn with_line_breaks_of<'a>(document: &Rope, text: &'a str) -> Cow<'a, str> {
    // The beginning tells, however long the document is.
    const ENOUGH: usize = 10_000;
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    match document::line_break(document.chars().take(ENOUGH)) {
        "\n" => Cow::Borrowed(text),
        line_break => Cow::Owned(text.replace('\n', line_break)),
    }
}

/// Says who made a suggestion, who pays, and what the call cost as far as that is known.
fn origin(suggestion: &Suggestion) -> String {
    let decision = &suggestion.decision;
    let cost = match suggestion.cost {
        Some(Cost::Free) | None => String::new(),
        Some(Cost::Unknown) => " · cost unknown".into(),
        Some(Cost::Reported(money) | Cost::Priced(money)) => format!(" · {money}"),
        Some(Cost::Estimated(money)) => format!(" · about {money}"),
    };
    format!("{} · {}{cost}", decision.name(), decision.payer)
}

/// The longest label: what fits a menu.
const LABEL_CHARS: usize = 60;

fn accept(suggestion: &Suggestion) -> Value {
    json!({"title": "accepted", "command": DID_ACCEPT, "arguments": [suggestion.id.to_string()]})
}

/// Returns the start of the word that ends at the cursor.
fn word_start(text: &Rope, cursor: usize) -> usize {
    let char = text.byte_to_char(cursor);
    let mut before = text.chars_at(char);
    let length: usize = std::iter::from_fn(|| before.prev())
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .take(256)
        .map(char::len_utf8)
        .sum();
    text.char_to_byte(char) - length
}

/// Makes a position of a byte.
pub fn position(text: &Rope, byte: usize, encoding: Encoding) -> lsp::Position {
    let position = encoding.position(text, ByteOffset(byte));
    lsp::Position {
        line: position.line,
        character: position.character,
    }
}

/// What is to become of one file, in the protocol's terms.
pub struct FileEdits<'a> {
    /// The file.
    pub uri: &'a str,
    /// Its version, if it is open.
    pub version: Option<i32>,
    /// The edits, which are in order.
    pub edits: &'a [Edit],
    /// The text that they are of.
    pub text: &'a Rope,
    /// Whether it is to be created first.
    pub is_new: bool,
}

/// What an editor shows beside edits.
pub struct Annotation {
    /// What they are.
    pub label: String,
    /// Whether the user is to confirm them.
    pub needs_confirmation: bool,
}

/// Makes a workspace's edit.
///
/// That of an open document is always versioned: an editor whose text has moved on must refuse it. (Neovim 0.12 takes `documentChanges` without
/// announcing it.) A file is created only where there is none.
pub fn workspace_edit<'a>(
    files: impl Iterator<Item = FileEdits<'a>>,
    annotation: Option<&Annotation>,
    encoding: Encoding,
) -> Value {
    let mut changes: Vec<Value> = Vec::new();
    for file in files {
        if file.is_new {
            let options = json!({"overwrite": false, "ignoreIfExists": false});
            let mut create = json!({"kind": "create", "uri": file.uri, "options": options});
            if annotation.is_some() {
                create["annotationId"] = json!(ANNOTATION);
            }
            changes.push(create);
        }
        let edit = |edit: &Edit| {
            let mut edit = json!({
                "range": {
                    "start": position(file.text, edit.bytes.start, encoding),
                    "end": position(file.text, edit.bytes.end, encoding),
                },
                "newText": edit.text,
            });
            if annotation.is_some() {
                edit["annotationId"] = json!(ANNOTATION);
            }
            edit
        };
        let edits: Vec<Value> = file.edits.iter().map(edit).collect();
        changes.push(
            json!({"textDocument": {"uri": file.uri, "version": file.version}, "edits": edits}),
        );
    }
    let mut whole = json!({"documentChanges": changes});
    if let Some(annotation) = annotation {
        let shown =
            json!({"label": annotation.label, "needsConfirmation": annotation.needs_confirmation});
        whole["changeAnnotations"] = json!({ANNOTATION: shown});
    }
    whole
}

/// The name of our annotation within one edit.
const ANNOTATION: &str = "byok";

/// Makes a `byok/usage`.
pub fn usage(report: &Report) -> UsageParams {
    let row = &report.row;
    let tokens = row.usage.tokens();
    let millis =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let currency = row
        .cost
        .amount()
        .map_or(Currency::USD, crate::cost::Money::currency);
    UsageParams {
        v: VERSION,
        id: row.id.to_string(),
        feature: row.feature.clone(),
        action: row.action.clone(),
        provider: row.provider.clone(),
        model: row
            .served_model
            .clone()
            .unwrap_or_else(|| row.requested_model.clone()),
        upstream: row.upstream.clone(),
        key: row.key.clone(),
        payer: row.payer.clone(),
        outcome: row.outcome.name().into(),
        tokens: TokensParams {
            input: tokens.input,
            cache_read: tokens.cache_read,
            cache_write: tokens.cache_write_5m + tokens.cache_write_1h,
            output: tokens.output,
            reasoning: tokens.reasoning,
        },
        cost: CostParams {
            nanos: row.cost.amount().map(crate::cost::Money::nanos),
            currency: currency.code().into(),
            source: row.cost.source().name().into(),
        },
        latency: LatencyParams {
            first_token_ms: row.latency.first_token.map(millis),
            total_ms: millis(row.latency.total),
        },
        totals: totals(&report.totals, currency),
        corrected: report.is_correction,
    }
}

/// Makes the totals in one currency.
pub fn totals(totals: &Totals, currency: Currency) -> TotalsParams {
    TotalsParams {
        session: sum(&totals.session, currency),
        day: sum(&totals.day, currency),
        month: sum(&totals.month, currency),
    }
}

fn sum(sum: &Sum, currency: Currency) -> SumParams {
    let amount = sum.cost.iter().find(|money| money.currency() == currency);
    SumParams {
        nanos: amount.map_or(0, |money| money.nanos()),
        currency: currency.code().into(),
        calls: sum.calls,
        unpriced: sum.unpriced,
    }
}
