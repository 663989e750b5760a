//! Measures the local engine on real code: how often it is right, how often it speaks, and how fast it is.
//!
//! It takes crates from the local cargo registry, hides lines of their files one at a time, and asks the engine for them with
//! the rest of that crate indexed. `cargo bench --bench local_engine`, with `-- --quick` for a short run, with `-- --speed`
//! for the times alone, with `-- --show` to see each prediction, and with `-- --fit` to fit the confidence anew, on crates that the measurement does not use.

#![allow(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod corpus;
mod fit;
mod hide;
mod report;
mod speed;

use corpus::{folder_name, hash, registry};
use fit::fit;
use hide::{Kind, hide_lines};
use report::{blocks, calibration, report, show};
use speed::speed;

fn main() {
    let given = |flag| std::env::args().any(|argument| argument == flag);
    let crates = registry();
    if crates.is_empty() {
        println!("no crates in the registry's source folder: build something first");
        return;
    }
    let (fitted, measured): (Vec<_>, Vec<_>) = crates
        .into_iter()
        .partition(|folder| hash(folder_name(folder)).is_multiple_of(2));
    let lines_each = if given("--quick") { 8 } else { 40 };
    if given("--fit") {
        let samples: Vec<_> = fitted
            .iter()
            .flat_map(|folder| hide_lines(folder, lines_each))
            .collect();
        report("crates of the fit", &samples);
        return fit(&samples);
    }
    if given("--speed") {
        return speed(&measured);
    }
    let samples: Vec<_> = measured
        .iter()
        .flat_map(|folder| hide_lines(folder, lines_each))
        .collect();
    println!(
        "{} crates, {} hidden lines each",
        measured.len(),
        lines_each
    );
    report(
        "whole line",
        samples.iter().filter(|sample| sample.kind == Kind::Line),
    );
    report(
        "rest of a line",
        samples.iter().filter(|sample| sample.kind == Kind::Rest),
    );
    report(
        "  seen elsewhere",
        samples
            .iter()
            .filter(|sample| sample.kind == Kind::Line && sample.elsewhere),
    );
    report(
        "  seen nowhere",
        samples
            .iter()
            .filter(|sample| sample.kind == Kind::Line && !sample.elsewhere),
    );
    for extension in ["rs", "c", "h", "js", "py", "go", "ts"] {
        let lines = samples.iter().filter(|sample| sample.kind == Kind::Line);
        report(
            &format!("  .{extension}"),
            lines.filter(|sample| sample.extension == extension),
        );
    }
    calibration(&samples);
    blocks(&samples);
    if given("--show") {
        show(&samples);
    }
    speed(&measured);
}
