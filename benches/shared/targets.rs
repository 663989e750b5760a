//! What figures are held against that are the same on every run, or nearly so, since no clock is in them: each says `ok`, or that it is **over** or **under**, and with
//! `--strict` one that misses its target ends the run with 1.
//!
//! A figure that no clock of a shared machine has touched may fail a run; times are only shown, by whoever measures them.

use std::process::ExitCode;

/// What a figure may be.
#[derive(Clone, Copy)]
pub enum Bound {
    /// No more than this.
    Most(f64),
    /// No less than this.
    Least(f64),
}

impl Bound {
    /// Says what is wanted, and how a figure stands to it.
    pub fn verdict(self, value: f64) -> String {
        let (sign, bound, missed) = match self {
            Self::Most(most) => ("≤", most, "**over**"),
            Self::Least(least) => ("≥", least, "**under**"),
        };
        let verdict = if self.is_met(value) { "ok" } else { missed };
        format!("{sign} {bound}: {verdict}")
    }

    fn is_met(self, value: f64) -> bool {
        match self {
            Self::Most(most) => value <= most,
            Self::Least(least) => value >= least,
        }
    }
}

/// The targets of a run.
pub struct Targets {
    is_strict: bool,
    held: usize,
    missed: Vec<String>,
}

impl Targets {
    /// Asks the command line whether a miss is to fail the run.
    pub fn begin() -> Self {
        Self {
            is_strict: std::env::args().any(|argument| argument == "--strict"),
            held: 0,
            missed: Vec::new(),
        }
    }

    /// Prints a figure beside what is wanted of it.
    pub fn hold(&mut self, figure: &str, value: f64, unit: &str, bound: Bound) {
        println!("{figure}: {value:.1}{unit} ({})", bound.verdict(value));
        self.held += 1;
        if !bound.is_met(value) {
            self.missed.push(figure.to_owned());
        }
    }

    /// Says how the run went. Strictly, one in which nothing was held against anything has proved nothing.
    pub fn end(self) -> ExitCode {
        if !self.is_strict {
            return ExitCode::SUCCESS;
        }
        if self.held == 0 {
            println!("\nno figure was held against a target");
            return ExitCode::FAILURE;
        }
        if self.missed.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("\ntargets that were missed: {}", self.missed.join("; "));
        ExitCode::FAILURE
    }
}
