//! Replays typing: a user who types real code, an editor that asks at every key, and a model that knows what comes next and makes the
//! mistakes that models make. Time is virtual, so a replay of minutes takes seconds and always gives the same figures.
//!
//! `cargo bench --bench typing`, with `-- --quick` for fewer keys, `-- --seed N` for other pieces of code, `-- --only NAME` for one row of the
//! tables, and `-- --unseen` for what was asked and typed where nobody saw the answer. With `-- --strict` the run fails if the default trigger misses a
//! target. The files are whatever crates and other code the machine has.

#![allow(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

#[path = "../local_engine/corpus.rs"]
#[allow(dead_code, reason = "the local engine's bench uses the rest of it")]
mod corpus;
mod desk;
mod first_line;
mod model;
mod replay;
#[path = "../shared/targets.rs"]
mod targets;
mod trace;

use std::process::ExitCode;

use replay::{Editor, Figures, replay};
use targets::Targets;
use trace::Trace;

/// The row that is held against the targets: what users have who set nothing.
const DEFAULT: &str = "balanced";

/// How the editor and the server behave in a row of the table.
struct Setup {
    name: &'static str,
    editor: Editor,
    options: serde_json::Value,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)
    };
    let mut targets = Targets::begin();
    let seed = value("--seed").and_then(|seed| seed.parse().ok());
    let traces = trace::traces(if has("--quick") { 6 } else { 24 }, seed.unwrap_or(0));
    if traces.is_empty() {
        println!("no source files on this machine to type: build something first");
        return targets.end();
    }
    let keys: usize = traces.iter().map(|trace| trace.keys.len()).sum();
    let seconds: u64 = traces.iter().map(Trace::seconds).sum();
    println!(
        "{} pieces of real code, {keys} keys in {seconds} s of typing ({:.1} keys a second, pauses included)",
        traces.len(),
        keys as f64 / seconds as f64
    );
    let mut held = None;
    for (title, wrong) in [
        ("a model that knows what comes next", 0),
        ("a model that is wrong every fourth time", 25),
    ] {
        println!("\n{title}; faults in every fifth answer, 150 to 1,500 ms");
        Figures::print_head();
        let only = value("--only");
        for setup in setups().filter(|setup| only.is_none_or(|only| only == setup.name)) {
            let mut figures = replay(
                &traces,
                setup.editor,
                &setup.options,
                wrong,
                has("--unseen"),
            );
            figures.print(setup.name);
            if wrong == 0 && setup.name == DEFAULT {
                held = Some(figures);
            }
        }
    }
    println!();
    first_line::run();
    if let Some(figures) = held {
        println!("\n{DEFAULT}, with a model that knows what comes next:");
        figures.hold(&mut targets);
    }
    targets.end()
}

fn setups() -> impl Iterator<Item = Setup> {
    let trigger = |name: &str| serde_json::json!({"trigger": name});
    let fixed = |millis: u64| serde_json::json!({"debounce_ms": millis});
    let setup = |name, editor, options| Setup {
        name,
        editor,
        options,
    };
    [
        setup("quiet", Editor::EveryKey, trigger("quiet")),
        setup(DEFAULT, Editor::EveryKey, trigger("balanced")),
        setup(
            "balanced, the local engine as a partner",
            Editor::EveryKey,
            serde_json::json!({"trigger": "balanced", "partner": true}),
        ),
        setup("eager", Editor::EveryKey, trigger("eager")),
        setup(
            "balanced, an editor that asks 200 ms after a key",
            Editor::AfterPause,
            trigger("balanced"),
        ),
        setup("fixed wait of 75 ms", Editor::EveryKey, fixed(75)),
        setup("fixed wait of 200 ms", Editor::EveryKey, fixed(200)),
        setup("fixed wait of 350 ms", Editor::EveryKey, fixed(350)),
        setup(
            "fixed 75 ms, nothing reused",
            Editor::WithoutReuse,
            fixed(75),
        ),
        setup(
            "fixed 200 ms, nothing reused",
            Editor::WithoutReuse,
            fixed(200),
        ),
        setup(
            "fixed 350 ms, nothing reused",
            Editor::WithoutReuse,
            fixed(350),
        ),
    ]
    .into_iter()
}
