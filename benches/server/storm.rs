//! A hundred completions under way at once in each of four servers, which share a ledger, at the edge of a cap that some of them fit: asked for within
//! a second, or at the very same moment, as no editor does.
//!
//! How long the ledger takes for a call is what the servers log of it: from the question until its thread has answered. What the calls themselves
//! notice is longer, since a server has one thread for a hundred requests, and none of them goes on before it is its turn.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Amount;
use super::editor::Editor;
use super::provider;
use super::scripted::{Scripted, Seen, Step, events};
use super::table::{SHOWN, Samples, Table, most};

/// How many servers there are, and how many completions each is asked for.
const SERVERS: usize = 4;
const CALLS: usize = 100;

/// How four hundred completions come about.
struct Weather {
    /// How many fit the cap.
    fit: usize,
    /// How long the provider takes for each.
    thinks: Duration,
    /// How long there is between one and the next, whichever server it is asked of.
    pause: Duration,
}

/// All that fit are under way when the last is asked for.
const STEADY: Weather = Weather {
    fit: 390,
    thinks: Duration::from_secs(3),
    pause: Duration::from_micros(2_500),
};

const STORM: Weather = Weather {
    fit: 37,
    thinks: Duration::from_millis(20),
    pause: Duration::ZERO,
};

/// What each completion costs at most, and in the end.
const TOKENS: usize = 16;

/// What the servers log.
const LOG: &str = "off,byok_lsp::cost::ledger=debug,byok_lsp::gateway::reserve=debug";

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    weather(&STEADY, amount.of(5, 2), "within a second", table);
    weather(&STORM, amount.of(20, 5), "at the same moment", table);
}

fn weather(weather: &Weather, rounds: usize, when: &str, table: &mut Table) {
    let (mut of_ledger, mut of_calls) = (Samples::default(), Samples::default());
    let mut of_nothing = Samples::default();
    for _ in 0..rounds {
        let round = round(weather, table);
        round.took.into_iter().for_each(|it| of_ledger.push(it));
        round.waited.into_iter().for_each(|it| of_calls.push(it));
        round.woken.into_iter().for_each(|it| of_nothing.push(it));
    }
    let figure = format!(
        "{SERVERS} servers with {CALLS} calls each {when}, of which {} fit a cap: until the ledger's answer to a call",
        weather.fit
    );
    table.p99(&figure, &of_ledger, most(2.0));
    table.p99("… until the call goes on", &of_calls, SHOWN);
    table.p99(
        "… floor: until a thread that sleeps is woken, at the same moments",
        &of_nothing,
        SHOWN,
    );
}

/// What the servers said of one storm.
#[derive(Default)]
struct Round {
    took: Vec<Duration>,
    waited: Vec<Duration>,
    /// How long a thread of the bench's took to be woken, each time that something was asked.
    woken: Vec<Duration>,
}

fn round(weather: &Weather, table: &mut Table) -> Round {
    let folder = tempfile::tempdir().expect("a folder for the ledger");
    let provider = Scripted::start(answer(weather.thinks));
    let settings = settings(&provider, weather.fit);
    let mut editors: Vec<Editor> = (0..SERVERS)
        .map(|_| Editor::share(folder.path(), LOG, &settings))
        .collect();
    for editor in &mut editors {
        for n in 0..CALLS {
            editor.open(&uri(n), &text(n));
        }
        editor.settle();
        // What was asked while it started is none of the storm's.
        editor.log();
    }
    let (asked, woken) = ask(&mut editors, weather.pause);
    for (editor, id) in asked {
        editors[editor].answer(id);
    }
    let mut round = Round {
        woken,
        ..Round::default()
    };
    for editor in editors {
        editor.log_to_end(|line| {
            round.took.extend(field(line, "took_us="));
            round.waited.extend(field(line, "waited_us="));
        });
    }
    let sent = provider
        .seen
        .try_iter()
        .filter(|seen| matches!(seen, Seen::Request { head, .. } if head.starts_with("POST ")));
    let (sent, told) = (sent.count(), round.took.len());
    table.check(sent == weather.fit && told == SERVERS * CALLS, || {
        format!("{sent} calls were sent, {told} were answered by the ledger")
    });
    round
}

/// Asks each editor for its completions, and returns which was asked what, and how long a thread that does nothing took to hear of each.
fn ask(editors: &mut [Editor], pause: Duration) -> (Vec<(usize, i64)>, Vec<Duration>) {
    let mut asked = Vec::new();
    let (bell, rung) = mpsc::channel::<Instant>();
    let sleeper = std::thread::spawn(move || rung.iter().map(|at| at.elapsed()).collect());
    // Without a pause one server after another, so that each has all of its own at once.
    let order = (0..SERVERS * CALLS).map(|n| {
        if pause.is_zero() {
            (n / CALLS, n % CALLS)
        } else {
            (n % SERVERS, n / SERVERS)
        }
    });
    for (server, n) in order {
        let editor = &mut editors[server];
        if n % 50 == 0 {
            // So many at once are no human's, and would be halted as a loop.
            editor.request("byok/resume", &json!({}));
        }
        asked.push((server, editor.ask(&uri(n), (1, 4)).0));
        // While the server is at work on it.
        std::thread::sleep(pause / 4);
        bell.send(Instant::now()).expect("the sleeper listens");
        std::thread::sleep(pause.saturating_sub(pause / 4));
    }
    drop(bell);
    let woken = sleeper.join().expect("the sleeper does not panic");
    (asked, woken)
}

/// An answer after some thought, billed at what was reserved for it.
fn answer(thinks: Duration) -> Vec<Step> {
    let text = json!({"model": "m", "choices": [{"text": "x", "finish_reason": null}]}).to_string();
    let end = json!({"model": "m", "choices": [{"text": "", "finish_reason": "length"}], "usage": {"prompt_tokens": 9, "completion_tokens": TOKENS}})
        .to_string();
    let wait = std::iter::once(Step::Wait(thinks));
    wait.chain(events(&[&text, &end, "[DONE]"])).collect()
}

/// A token costs a thousandth of a thousandth of a dollar; what is read costs nothing.
fn settings(provider: &Scripted, fit: usize) -> Value {
    let mut settings = provider::own_settings(provider);
    settings["completion"]["max_tokens"] = json!(TOKENS);
    settings["providers"]["mock"]["prices"] = json!({"m": {"input": "0", "output": "1"}});
    let micros = fit * TOKENS + TOKENS / 2;
    settings["budget"] = json!({"month": format!("0.{micros:06} USD")});
    settings
}

/// Reads a count of microseconds out of a line of the log.
fn field(line: &str, name: &str) -> Option<Duration> {
    let (_, rest) = line.split_once(name)?;
    let digits = rest.split(' ').next()?;
    digits.parse().ok().map(Duration::from_micros)
}

/// A document of its own: whoever asks the same again and again is halted as a loop.
fn text(n: usize) -> String {
    format!("fn f{n}() {{\n    \n}}\n")
}

fn uri(n: usize) -> String {
    format!("file:///w/{n}.rs")
}
