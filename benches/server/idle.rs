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

/// What is put off until nothing happens, such as folding the ledger's journal, is over by then; threads for which there is no work have ended, for which
/// tokio waits ten seconds; and what they had in hand has gone back to the system.
const REST: Duration = Duration::from_secs(15);

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
        let before = (editor.ticks(), editor.processor_time(), editor.wakings());
        std::thread::sleep(Duration::from_secs(seconds as u64));
        let used = editor.processor_time().saturating_sub(before.1);
        let figure = format!("{seconds} s at rest, a file of 10,000 lines open, {who}");
        table.row(
            &format!("processor time in {figure}"),
            (editor.ticks() - before.0) as f64,
            "ticks",
            &format!("{:.3} ms", millis(used)),
            most(0.0),
        );
        table.row(
            "… how often a thread was woken",
            editor.wakings().saturating_sub(before.2) as f64,
            "times",
            "",
            most(0.0),
        );
    }
}
