//! Measures what the prompts of suggestions show of other files, on real projects: of the names that a hidden stretch of code uses and
//! another file defines, for how many the defining line stands in the prompt, and what that costs in tokens.
//!
//! `cargo bench --bench context`, with `-- --quick` for fewer places, `-- --misses` to see what was not shown, `-- --recall` for that alone (which fails with `--strict` if a target is missed), `-- --distracted` after a look at four places
//! that have nothing to do with it, `-- --dump FILE` to write what
//! every candidate was judged by, of projects that the measurement does not use (`fit.py` makes `src/context/weights.rs` of it),
//! and with `-- --index` for how fast 10,000 files are read, and known again after a restart. Projects in Rust and Python are found on the machine; `corpus.sh FOLDER`
//! fetches some in TypeScript and Go, and `BYOK_BENCH_PROJECTS=FOLDER` names that folder. Some of those projects have been fitted on, so
//! their figures flatter; `corpus.sh --held-out FOLDER` fetches others in all four languages, which nothing was fitted on and nobody has
//! looked into: `-- --all` measures every project of the folder, and of no other place.

#![allow(clippy::cast_precision_loss, clippy::print_stdout)]

mod corpus;
mod meaning;
mod places;
mod recall;
mod speed;
#[path = "../shared/targets.rs"]
mod targets;
mod truth;
mod typing;

use std::process::ExitCode;

use targets::Targets;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Some(at) = arguments
        .iter()
        .position(|argument| argument == speed::START)
    {
        speed::start(arguments.get(at + 1).expect("a folder"));
        return ExitCode::SUCCESS;
    }
    if given("--index") {
        speed::measure();
        return ExitCode::SUCCESS;
    }
    let mut targets = Targets::begin();
    let dump = arguments.iter().position(|argument| argument == "--dump");
    let dump = dump.and_then(|at| arguments.get(at + 1)).cloned();
    let projects = if given("--all") {
        corpus::all()
    } else {
        corpus::projects(dump.is_some(), given("--quick"))
    };
    if projects.is_empty() {
        println!("no projects found on this machine");
        return targets.end();
    }
    if let Some(file) = dump {
        recall::dump(&projects, &file);
        return ExitCode::SUCCESS;
    }
    let score = recall::measure(&projects, given("--misses"), given("--distracted"));
    if !given("--recall") {
        typing::measure(&projects);
    }
    println!();
    score.hold(&mut targets);
    targets.end()
}
