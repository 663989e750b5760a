//! What a server takes that nobody asks for anything.

use std::time::Duration;

use serde_json::json;

use super::Amount;
use super::editor::Editor;
use super::provider;
use super::scripted::Scripted;
use super::table::{Table, millis, most};
use super::text::{behind_middle, code};

const URI: &str = "file:///w/a.rs";

/// What is put off until nothing happens, such as folding the ledger's journal, is over by then.
const REST: Duration = Duration::from_secs(3);

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let provider = Scripted::start(provider::answer());
    let seconds = amount.of(20, 5);
    for (who, settings) in [
        ("on defaults", json!({})),
        ("with a provider", provider::settings(&provider)),
    ] {
        let mut editor = Editor::start(&settings);
        editor.open(URI, &code(10_000));
        // It has done what it is for, and has a connection and a row behind it.
        let (id, _) = editor.ask(URI, behind_middle(10_000, 0));
        editor.answer(id);
        editor.settle();
        std::thread::sleep(REST);
        let (ticks, time) = (editor.ticks(), editor.processor_time());
        std::thread::sleep(Duration::from_secs(seconds as u64));
        let used = editor.processor_time().saturating_sub(time);
        table.row(
            &format!("processor time in {seconds} s at rest, a file of 10,000 lines open, {who}"),
            (editor.ticks() - ticks) as f64,
            "ticks",
            &format!("{:.3} ms", millis(used)),
            most(0.0),
        );
    }
}
