//! From a cancellation to the provider's closed socket, after which nothing more is generated and billed.

use serde_json::json;

use super::Amount;
use super::editor::{Editor, texts};
use super::provider;
use super::scripted::{Scripted, Step, event, stream_head};
use super::table::{Samples, Table, most};
use super::text::{code, middle};

const URI: &str = "file:///w/a.rs";

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let begun = event(
        &json!({"model": "m", "choices": [{"text": "be", "finish_reason": null}]}).to_string(),
    );
    for (figure, script) in [
        (
            "cancel to closed socket, before the first byte",
            vec![Step::Stall],
        ),
        (
            "cancel to closed socket, while the answer streams",
            vec![stream_head(), begun, Step::Stall],
        ),
    ] {
        let provider = Scripted::start(script);
        let mut editor = Editor::start(&provider::settings(&provider));
        editor.open(URI, &code(1_000));
        editor.settle();
        let mut samples = Samples::default();
        for _ in 0..amount.of(100, 50) {
            let (id, _) = editor.ask(URI, middle(1_000));
            provider.request();
            let cancelled = editor.notify("$/cancelRequest", &json!({"id": id}));
            samples.push(provider.closed() - cancelled);
            let answer = editor.answer(id);
            table.check(texts(&answer.value).is_empty(), || {
                format!("answered {}", answer.value)
            });
        }
        table.p99(figure, &samples, most(50.0));
    }
}
