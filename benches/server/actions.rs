//! Code actions offered after every move of the cursor, as some editors ask for them.

use serde_json::{Value, json};

use super::Amount;
use super::editor::Editor;
use super::provider;
use super::scripted::Scripted;
use super::table::{Samples, Table, most};
use super::text::{ITEM, Random, code};

const URI: &str = "file:///w/a.rs";

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let lines = 10_000;
    let provider = Scripted::start(provider::answer());
    let mut settings = provider::own_settings(&provider);
    settings["providers"]["mock"]["wire"] = json!("openai-chat");
    settings["providers"]["mock"]["prices"] = json!({"m": {"input": "1 USD", "output": "2 USD"}});
    let mut editor = Editor::start(&settings);
    editor.open(URI, &code(lines));
    editor.settle();
    let mut random = Random::new(0xAC);
    for (what, selected, has_problem) in [
        ("the cursor in a function", 0, false),
        ("a diagnostic", 0, true),
        ("a selection of 200 lines", 200, false),
    ] {
        let mut samples = Samples::default();
        for _ in 0..amount.of(2_000, 300) {
            let line = random.below((lines - selected) / ITEM - 1) * ITEM + 1;
            let range = range(line, line + selected);
            let problem = json!([{"range": range, "message": "mismatched types", "severity": 1}]);
            let diagnostics = if has_problem { problem } else { json!([]) };
            let params = json!({
                "textDocument": {"uri": URI}, "range": range,
                "context": {"diagnostics": diagnostics, "triggerKind": 2},
            });
            let (id, begun) = editor.request("textDocument/codeAction", &params);
            let answer = editor.answer(id);
            samples.push(answer.at - begun);
            let count = answer.value["result"].as_array().map_or(0, Vec::len);
            table.check(count >= 2, || format!("offered {}", answer.value));
        }
        let figure = format!("offers for {what} in 10,000 lines");
        table.p99(&figure, &samples, most(2.0));
    }
    table.check(provider.seen.try_recv().is_err(), || {
        "the provider was asked for an offer".into()
    });
}

fn range(first: usize, last: usize) -> Value {
    json!({"start": {"line": first, "character": 4}, "end": {"line": last, "character": 4}})
}
