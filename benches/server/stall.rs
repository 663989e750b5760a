//! A provider that takes requests and says nothing: nobody else may notice.

use std::time::Duration;

use serde_json::json;

use super::Amount;
use super::editor::{Editor, texts};
use super::provider::{self, SUGGESTED, served};
use super::scripted::{Scripted, Step};
use super::table::{Samples, Table, millis, most};
use super::text::{behind_middle, code, middle};

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let stalling = Scripted::start(vec![Step::Wait(Duration::from_secs(30))]);
    let other = Scripted::start(provider::answer());
    let mut editor = Editor::start(&provider::settings_of_two(&stalling, &other));
    let lines = 10_000;
    let (line, mut column) = middle(lines);
    editor.open("file:///w/stalled.rs", &code(lines));
    editor.open("file:///w/other.rs", &code(lines));
    editor.settle();
    editor.ask("file:///w/stalled.rs", (line, column));
    stalling.request();

    let mut samples = Samples::default();
    for n in 0..amount.of(10_000, 2_000) {
        let typed = editor.change("file:///w/stalled.rs", (line, column), (line, column), "x");
        column += 1;
        if n % 100 == 99 {
            // A user who goes on typing asks again, and a line is not without end.
            editor.change(
                "file:///w/stalled.rs",
                (line, column - 100),
                (line, column),
                "",
            );
            column -= 100;
            editor.ask("file:///w/stalled.rs", (line, column));
        }
        let id = editor.ask_cheaply();
        samples.push(editor.answer(id).at - typed);
    }
    table.p99(
        "`didChange` and a cheap request behind it, while a provider stalls",
        &samples,
        most(5.0),
    );

    let switched = editor
        .request("byok/setModel", &json!({"model": "other/m"}))
        .0;
    editor.answer(switched);
    let mut samples = Samples::default();
    for n in 0..amount.of(300, 100) {
        let (id, asked) = editor.ask("file:///w/other.rs", behind_middle(lines, n % 50));
        let answer = editor.answer(id);
        table.check(texts(&answer.value) == [SUGGESTED], || {
            format!("answered {}", answer.value)
        });
        let served = served(&other);
        samples.push((served.came - asked) + answer.at.saturating_duration_since(served.answered));
        std::thread::sleep(Duration::from_millis(5));
    }
    table.median(
        "overhead in another document, by another provider",
        &samples,
        most(0.5),
    );
    let (time, went_well) = editor.finish();
    table.check(went_well, || "the server did not end as it should".into());
    table.row(
        "`shutdown` until the process is gone",
        millis(time),
        "ms",
        "",
        most(1000.0),
    );
}
