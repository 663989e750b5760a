//! The whole server, started and spoken to as an editor does it, with a scripted provider on loopback: `cargo bench --bench server`.
//!
//! `-- --quick` takes fewer samples; `-- --everything` switches on what is off by default; `-- NAME` runs the scenarios whose name begins so; `soak` runs by its name alone. No figure fails the run, because the clock of a shared
//! machine proves nothing; what fails it is an answer that is wrong. `benches/README.md` says how to put another server in this one's place.
#![allow(missing_docs, clippy::print_stdout, clippy::cast_precision_loss)]

mod actions;
mod cancel;
mod crowd;
mod editor;
mod edits;
mod everything;
mod growth;
mod idle;
mod large;
mod old_calls;
mod overhead;
mod provider;
mod relay;
#[expect(dead_code, reason = "the end-to-end tests use the rest of it")]
#[path = "../../tests/support/scripted.rs"]
mod scripted;
mod soak;
#[cfg(unix)]
mod stack;
mod stall;
mod start;
mod storm;
mod table;
mod text;
mod workspace;

use std::process::ExitCode;

/// The program's own, for the servers that this one is where it is asked to.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

use table::Table;

/// How much is measured.
pub struct Amount {
    is_quick: bool,
}

impl Amount {
    /// Chooses between the number for a full run and the one for a quick one.
    pub fn of(&self, full: usize, quick: usize) -> usize {
        if self.is_quick { quick } else { full }
    }

    /// How often a figure is taken whose median counts.
    pub fn rounds(&self) -> usize {
        self.of(5, 2)
    }
}

type Scenario = fn(&Amount, &mut Table);

const SCENARIOS: [(&str, Scenario); 13] = [
    ("start", start::run),
    ("idle", idle::run),
    ("overhead", overhead::run),
    ("edits", edits::run),
    ("stall", stall::run),
    ("cancel", cancel::run),
    ("actions", actions::run),
    ("crowd", crowd::run),
    ("storm", storm::run),
    ("growth", growth::run),
    ("large", large::run),
    ("workspace", workspace::run),
    ("soak", soak::run),
];

/// The scenario that runs only by its name.
const LONG: &str = "soak";

/// The scenario that is about caps of its own, and so is not run with others.
const CAPPED: &str = "storm";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == relay::ARGUMENT) {
        relay::run();
        return ExitCode::SUCCESS;
    }
    #[cfg(unix)]
    if arguments.iter().any(|argument| argument == stack::ARGUMENT) {
        stack::run();
        return ExitCode::SUCCESS;
    }
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let is_everything = arguments.iter().any(|argument| argument == "--everything");
    if is_everything {
        everything::switch_on();
    }
    // Cargo itself adds `--bench`.
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let amount = Amount { is_quick };
    let mut table = Table::begin(&editor::program());
    for (name, scenario) in SCENARIOS {
        let is_usual = names.is_empty() && name != LONG && !(is_everything && name == CAPPED);
        if is_usual || names.iter().any(|wanted| name.starts_with(wanted)) {
            table.scenario(name);
            scenario(&amount, &mut table);
        }
    }
    table.end()
}
