//! Whether memory grows with use.

use super::Amount;
use super::editor::{Editor, texts};
use super::provider::{self, SUGGESTED};
use super::scripted::Scripted;
use super::table::{Table, most};
use super::text::{behind_middle, code};

const URI: &str = "file:///w/a.rs";

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let provider = Scripted::start(provider::answer());
    let mut editor = Editor::start(&provider::settings(&provider));
    editor.open(URI, &code(1_000));
    complete(&mut editor, &provider, amount.of(1_000, 500), table);
    let before = editor.memory();
    let calls = amount.of(10_000, 2_000);
    complete(&mut editor, &provider, calls, table);
    let after = editor.memory();
    let note = format!(
        "{:.1} to {:.1} MB of its own; resident {:.1} MB",
        before.own, after.own, after.resident
    );
    table.row(
        &format!("memory growth over {calls} completions with an edit each"),
        after.own - before.own,
        "MB",
        &note,
        most(1.0),
    );
}

/// How many places there are typed at in turn: more than the server knows suggestions for.
const PLACES: usize = 50;

fn complete(editor: &mut Editor, provider: &Scripted, calls: usize, table: &mut Table) {
    for n in 0..calls {
        let (line, column) = behind_middle(1_000, n % PLACES);
        // Typed and taken back, so that the text does not grow.
        if (n / PLACES).is_multiple_of(2) {
            editor.change(URI, (line, column), (line, column), "x");
        } else {
            editor.change(URI, (line, column), (line, column + 1), "");
        }
        let (id, _) = editor.ask(URI, (line, column));
        let answer = editor.answer(id);
        table.check(texts(&answer.value) == [SUGGESTED], || {
            format!("answered {}", answer.value)
        });
        while provider.seen.try_recv().is_ok() {}
    }
    editor.settle();
}
