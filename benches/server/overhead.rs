//! What the server adds to a provider's own time: from the request's first byte written by the editor to its last byte at the provider, and
//! from the answer's last byte there to the whole answer at the editor.

use std::time::Duration;

use super::Amount;
use super::editor::{Editor, texts};
use super::provider::{self, SUGGESTED, hole, served};
use super::relay;
use super::scripted::Scripted;
#[cfg(unix)]
use super::stack;
use super::table::{SHOWN, Samples, Table, Target, millis, most};
use super::text::{code, middle};

const URI: &str = "file:///w/a.rs";

/// When a completion is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// After a pause, in which the ledger does its work and the processor's caches fill with other things.
    Idle,
    /// Right after the one before, so that the caches are warm: what the server's own work takes.
    AtOnce,
    /// After an edit and a pause as between two keys of somebody who types fast, in which the parser does its work too.
    AfterEdit,
}

impl When {
    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::AtOnce => "one after another",
            Self::AfterEdit => "an edit just before",
        }
    }

    fn pause(self) -> Duration {
        match self {
            Self::Idle => Duration::from_millis(5),
            Self::AtOnce => Duration::ZERO,
            Self::AfterEdit => Duration::from_millis(50),
        }
    }
}

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let peer = most(0.3).peer(0.3);
    // An edit costs the relay nothing, but the pause behind it does: the longer a processor has nothing to do, the slower it begins.
    for when in [When::Idle, When::AtOnce, When::AfterEdit] {
        measure(amount, table, (Who::Relay, 100, when), SHOWN, None);
    }
    #[cfg(unix)]
    for when in [When::Idle, When::AtOnce, When::AfterEdit] {
        measure(amount, table, (Who::Stack, 10_000, when), SHOWN, None);
    }
    for (lines, when, target, tail) in [
        (100, When::Idle, peer, None),
        (10_000, When::Idle, peer, None),
        (100_000, When::Idle, peer, None),
        (10_000, When::AtOnce, peer, None),
        (100_000, When::AtOnce, peer, None),
        (
            10_000,
            When::AfterEdit,
            most(0.5).peer(1.6),
            Some(most(3.0)),
        ),
        (
            100_000,
            When::AfterEdit,
            most(1.0).peer(6.3),
            Some(most(10.0)),
        ),
    ] {
        measure(amount, table, (Who::Server, lines, when), target, tail);
    }
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// What only copies.
    Relay,
    /// The libraries that the server is made of, and nothing else.
    #[cfg(unix)]
    Stack,
    Server,
}

impl Who {
    fn start(self, provider: &Scripted) -> Editor {
        match self {
            Self::Relay => Editor::own(relay::ARGUMENT, &provider::own_settings(provider)),
            #[cfg(unix)]
            Self::Stack => Editor::own(stack::ARGUMENT, &provider::own_settings(provider)),
            Self::Server => Editor::start(&provider::settings(provider)),
        }
    }

    fn figure(self, lines: usize, when: When) -> String {
        let when = when.name();
        match self {
            Self::Relay => format!("floor: a relay that only copies, {when}"),
            #[cfg(unix)]
            Self::Stack => format!("floor: the libraries alone, {lines} lines, {when}"),
            Self::Server => format!("overhead of a completion, {lines} lines, {when}"),
        }
    }
}

/// Measures one figure, and its slowest of a hundred in a row of their own where there is a target for them.
fn measure(
    amount: &Amount,
    table: &mut Table,
    (who, lines, when): (Who, usize, When),
    target: Target,
    tail: Option<Target>,
) {
    let provider = Scripted::start(provider::answer());
    let is_relay = who == Who::Relay;
    let mut editor = who.start(&provider);
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
        let count = if when == When::AfterEdit {
            amount.of(60, 30)
        } else {
            amount.of(200, 100)
        };
        for _ in 0..count {
            if when == When::AfterEdit {
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
            std::thread::sleep(when.pause());
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
    let figure = who.figure(lines, when);
    table.rounds(&figure, &rounds, &note, target);
    if let Some(target) = tail {
        table.tails(
            &format!("… 99 of 100 of them, {lines} lines"),
            &rounds,
            target,
        );
    }
}

/// Returns the ends of some lines behind which a call may stand, from a line on and round to it: what breaks the syntax is not shown.
fn ends_of_lines(text: &str, from: usize) -> Vec<(usize, usize)> {
    const PLACES: usize = 60;
    let may_be_called_behind = |line: &str| line.ends_with(['{', ';']);
    let length = |line: &str| {
        if may_be_called_behind(line) {
            line.len()
        } else {
            0
        }
    };
    let lines: Vec<(usize, usize)> = text.lines().map(length).enumerate().collect();
    let (before, behind) = lines.split_at(from.min(lines.len()));
    let turned = behind
        .iter()
        .chain(before)
        .filter(|(_, length)| *length > 0);
    turned.take(PLACES).copied().collect()
}
