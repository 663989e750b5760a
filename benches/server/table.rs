//! What was measured, printed row by row as it comes.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The table of figures. It is printed while it grows.
pub struct Table {
    scenario: &'static str,
    begun: Instant,
    over: usize,
    wrong: Vec<String>,
}

/// What a figure is held against.
#[derive(Clone, Copy)]
pub struct Target {
    /// The most it should be; without it the figure is only shown.
    pub most: Option<f64>,
    /// The best of the other servers, as it was measured for the project's plan.
    pub peer: Option<f64>,
}

/// A target without a peer.
pub fn most(most: f64) -> Target {
    Target {
        most: Some(most),
        peer: None,
    }
}

/// No target.
pub const SHOWN: Target = Target {
    most: None,
    peer: None,
};

impl Target {
    /// Adds the best peer.
    pub fn peer(self, peer: f64) -> Self {
        Self {
            peer: Some(peer),
            ..self
        }
    }
}

impl Table {
    /// Prints the head.
    pub fn begin(program: &str) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("?");
        println!(
            "{program}: {cores} cores, load {load} before the run; targets with the best peer in brackets\n"
        );
        println!("| scenario | figure | measured | target | |");
        println!("|---|---|---|---|---|");
        Self {
            scenario: "",
            begun: Instant::now(),
            over: 0,
            wrong: Vec::new(),
        }
    }

    /// Begins a scenario.
    pub fn scenario(&mut self, name: &'static str) {
        self.scenario = name;
    }

    /// Prints a figure whose value is held against the target; `note` says what else is known of it.
    pub fn row(&mut self, figure: &str, value: f64, unit: &str, note: &str, target: Target) {
        let limit = target
            .most
            .map_or(String::new(), |most| format!("≤ {most} {unit}"));
        let peer = target
            .peer
            .map_or(String::new(), |peer| format!(" ({peer})"));
        let verdict = match target.most {
            None => "",
            Some(most) if value <= most => "ok",
            Some(_) => {
                self.over += 1;
                "**over**"
            }
        };
        let note = if note.is_empty() {
            String::new()
        } else {
            format!("; {note}")
        };
        println!(
            "| {} | {figure} | {} {unit}{note} | {limit}{peer} | {verdict} |",
            self.scenario,
            short(value)
        );
    }

    /// Prints the median of samples, in milliseconds, beside its 99th percentile; the median is held against the target.
    pub fn median(&mut self, figure: &str, samples: &Samples, target: Target) {
        let note = format!("p99 {} ms", short(samples.millis(99)));
        self.row(figure, samples.millis(50), "ms", &note, target);
    }

    /// Prints the 99th percentile of samples, in milliseconds, beside their median; the percentile is held against the target.
    pub fn p99(&mut self, figure: &str, samples: &Samples, target: Target) {
        let note = format!("p50 {} ms", short(samples.millis(50)));
        self.row(figure, samples.millis(99), "ms", &note, target);
    }

    /// Prints how the rounds of one figure went: the median of their medians, and how far apart they lie; `parts` says more.
    pub fn rounds(&mut self, figure: &str, rounds: &[Samples], parts: &str, target: Target) {
        let (medians, tails) = (percentiles(rounds, 50), percentiles(rounds, 99));
        let note = format!(
            "p99 {}; p50 by round {} to {}; {parts}",
            short(tails[tails.len() / 2]),
            short(medians[0]),
            short(medians[medians.len() - 1])
        );
        self.row(figure, medians[medians.len() / 2], "ms", &note, target);
    }

    /// Prints how long the slowest of a hundred took in the rounds of one figure: the median of the rounds' 99th percentiles, and how far apart they lie.
    pub fn tails(&mut self, figure: &str, rounds: &[Samples], target: Target) {
        let tails = percentiles(rounds, 99);
        let note = format!(
            "by round {} to {}",
            short(tails[0]),
            short(tails[tails.len() - 1])
        );
        self.row(figure, tails[tails.len() / 2], "ms", &note, target);
    }

    /// Notes an answer that is not what it has to be.
    pub fn check(&mut self, is_right: bool, what: impl FnOnce() -> String) {
        if !is_right {
            let what = format!("{}: {}", self.scenario, what());
            println!("| {} | **wrong** | {what} | | **wrong** |", self.scenario);
            self.wrong.push(what);
        }
    }

    /// Prints the foot and says how the run went.
    pub fn end(self) -> ExitCode {
        println!(
            "\n{} over target, {} wrong answers, {:.0?}",
            self.over,
            self.wrong.len(),
            self.begun.elapsed()
        );
        if self.wrong.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Times of one thing done many times.
#[derive(Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Adds one.
    pub fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// Returns a percentile in milliseconds.
    pub fn millis(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        millis(sorted.get(at).copied().unwrap_or_default())
    }
}

/// Returns a percentile of each round, in milliseconds, the smallest first.
fn percentiles(rounds: &[Samples], percent: usize) -> Vec<f64> {
    let mut values: Vec<f64> = rounds.iter().map(|round| round.millis(percent)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Returns a duration in milliseconds.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Writes three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
