//! Many completions at once, from a provider that takes 200 ms for each.

use std::time::Duration;

use super::Amount;
use super::editor::{Editor, texts};
use super::provider::{self, SUGGESTED};
use super::scripted::Scripted;
use super::table::{Samples, Table, millis, most};
use super::text::{behind_middle, code};

const TIME: Duration = Duration::from_millis(200);

/// How many completions run at once.
const CALLS: usize = 64;

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    for (documents, target) in [(16, most(1.3).peer(2.4)), (CALLS, most(1.3))] {
        let provider = Scripted::start(provider::answer_after(TIME));
        let mut editor = Editor::start(&provider::settings(&provider));
        for n in 0..documents {
            editor.open(&uri(n), &code(1_000));
        }
        editor.settle();
        let mut samples = Samples::default();
        for number in 0..amount.of(7, 3) {
            let at = behind_middle(1_000, number);
            samples.push(round(&mut editor, documents, at, table));
        }
        let figure = format!(
            "{CALLS} completions at once over {documents} documents: all answered, by the provider's {} ms",
            TIME.as_millis()
        );
        let note = format!("worst {:.2}", samples.millis(100) / millis(TIME));
        table.row(
            &figure,
            samples.millis(50) / millis(TIME),
            "×",
            &note,
            target,
        );
    }
}

/// Asks in each document in turn; the last request of each document is answered with the suggestion, the others with nothing.
fn round(editor: &mut Editor, documents: usize, at: (usize, usize), table: &mut Table) -> Duration {
    let (mut begun, mut last) = (None, None);
    let asked: Vec<i64> = (0..CALLS)
        .map(|n| {
            let (id, asked) = editor.ask(&uri(n % documents), at);
            begun.get_or_insert(asked);
            id
        })
        .collect();
    for (n, id) in asked.into_iter().enumerate() {
        let answer = editor.answer(id);
        let is_newest = n + documents >= CALLS;
        let expected: &[&str] = if is_newest { &[SUGGESTED] } else { &[] };
        table.check(texts(&answer.value) == expected, || {
            format!("request {n} was answered {}", answer.value)
        });
        last = last.max(Some(answer.at));
    }
    last.expect("there are calls") - begun.expect("there are calls")
}

fn uri(n: usize) -> String {
    format!("file:///w/{n}.rs")
}
