//! Files that nobody writes by hand: 50 MB, and one line of a megabyte.

use super::Amount;
use super::editor::Editor;
use super::provider;
use super::scripted::Scripted;
use super::table::{SHOWN, Samples, Table, millis, most};
use super::text::code;

const URI: &str = "file:///w/a.rs";

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let lines = 2_600_000;
    let long_line = format!("let data = \"{}\";\n", "é0123456789".repeat(1_000_000 / 12));
    for (what, text, at, most_memory) in [
        ("50 MB", code(lines), (lines / 2, 0), most(300.0)),
        ("a line of 1 MB", long_line, (0, 500_000), SHOWN),
    ] {
        let provider = Scripted::start(provider::answer());
        let mut editor = Editor::start(&provider::settings(&provider));
        let opened = editor.open(URI, &text);
        let id = editor.ask_cheaply();
        let time = editor.answer(id).at - opened;
        table.row(
            &format!(
                "open {what} ({:.1} MB) and answer a cheap request",
                text.len() as f64 / 1e6
            ),
            millis(time),
            "ms",
            "",
            SHOWN,
        );
        editor.settle();
        let mut samples = Samples::default();
        for n in 0..amount.of(2_000, 300) {
            let typed = editor.change(URI, (at.0, at.1 + n), (at.0, at.1 + n), "x");
            let id = editor.ask_cheaply();
            samples.push(editor.answer(id).at - typed);
        }
        table.p99(
            &format!("key in {what} and a cheap request behind it"),
            &samples,
            most(10.0),
        );
        let memory = editor.memory();
        table.row(
            &format!("resident with {what} open"),
            memory.resident,
            "MB",
            &format!("{:.1} of it its own", memory.own),
            most_memory,
        );
    }
}
