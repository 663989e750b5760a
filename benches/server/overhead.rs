//! What the server adds to a provider's own time: from the request's first byte written by the editor to its last byte at the provider, and
//! from the answer's last byte there to the whole answer at the editor.

use std::time::Duration;

use super::Amount;
use super::editor::{Editor, texts};
use super::provider::{self, SUGGESTED, hole, served};
use super::scripted::Scripted;
use super::table::{SHOWN, Samples, Table, Target, millis, most};
use super::text::{code, middle};

const URI: &str = "file:///w/a.rs";

/// A pause after each completion, in which the ledger does its work.
const PAUSE: Duration = Duration::from_millis(5);

/// A pause as between two keys of somebody who types fast, in which the parser does its work too.
const PAUSE_AFTER_EDIT: Duration = Duration::from_millis(50);

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let peer = most(0.3).peer(0.3);
    measure(
        amount,
        table,
        "floor: a relay that only copies, in the server's place",
        relay,
        100,
        false,
        SHOWN,
    );
    for (lines, after_edit, target) in [
        (100, false, peer),
        (10_000, false, peer),
        (100_000, false, peer),
        (10_000, true, most(0.5).peer(1.6)),
        (100_000, true, most(1.0).peer(6.3)),
    ] {
        let when = if after_edit {
            "an edit just before"
        } else {
            "idle"
        };
        let figure = format!("overhead of a completion, {lines} lines, {when}");
        measure(amount, table, &figure, server, lines, after_edit, target);
    }
}

fn server(provider: &Scripted) -> Editor {
    Editor::start(&provider::settings(provider))
}

fn relay(provider: &Scripted) -> Editor {
    Editor::relay(&provider::own_settings(provider))
}

fn measure(
    amount: &Amount,
    table: &mut Table,
    figure: &str,
    start: fn(&Scripted) -> Editor,
    lines: usize,
    after_edit: bool,
    target: Target,
) {
    let provider = Scripted::start(provider::answer());
    let is_relay = target.most.is_none();
    let mut editor = start(&provider);
    let text = code(lines);
    editor.open(URI, &text);
    editor.settle();
    let (mut line, mut column) = middle(lines);
    // Ends of lines from the middle on, in turn: for a place that was asked about a while ago the server knows the answer.
    let mut places = ends_of_lines(&text, lines / 2).into_iter().cycle();
    let (mut to_provider, mut to_editor) = (Samples::default(), Samples::default());
    let mut rounds = Vec::new();
    let before = editor.processor_time();
    let mut all = 0.0;
    for round in 0..=amount.rounds() {
        let mut samples = Samples::default();
        let count = if after_edit {
            amount.of(60, 30)
        } else {
            amount.of(200, 100)
        };
        for _ in 0..count {
            if after_edit {
                editor.change(URI, (line, column), (line, column), "x");
                column += 1;
            } else if let Some(place) = places.next() {
                (line, column) = place;
            }
            let (id, asked) = editor.ask(URI, (line, column));
            let answer = editor.answer(id);
            let served = served(&provider);
            table.check(texts(&answer.value) == [SUGGESTED], || {
                format!("answered {}", answer.value)
            });
            // The relay sends a text of its own.
            let shown = if is_relay {
                String::new()
            } else {
                hole(&served.body).0
            };
            let before = text.lines().nth(line).unwrap_or_default();
            table.check(
                is_relay || shown.trim_end_matches('x').ends_with(before),
                || format!("the wrong place was shown: {shown}"),
            );
            let (there, back) = (
                served.came - asked,
                answer.at.saturating_duration_since(served.answered),
            );
            to_provider.push(there);
            to_editor.push(back);
            samples.push(there + back);
            all += 1.0;
            std::thread::sleep(if after_edit { PAUSE_AFTER_EDIT } else { PAUSE });
        }
        // The first round warms up.
        if round > 0 {
            rounds.push(samples);
        }
    }
    let each = editor.processor_time().saturating_sub(before).div_f64(all);
    let note = format!(
        "{:.3} there, {:.3} back; {:.3} ms of processor",
        to_provider.millis(50),
        to_editor.millis(50),
        millis(each)
    );
    table.rounds(figure, &rounds, &note, target);
}

/// Returns the ends of some lines that are not blank, from a line on and round to it.
fn ends_of_lines(text: &str, from: usize) -> Vec<(usize, usize)> {
    const PLACES: usize = 60;
    let lines: Vec<(usize, usize)> = text.lines().map(str::len).enumerate().collect();
    let (before, behind) = lines.split_at(from.min(lines.len()));
    let turned = behind
        .iter()
        .chain(before)
        .filter(|(_, length)| *length > 0);
    turned.take(PLACES).copied().collect()
}
