//! Measures the filters on real code: spans of files are hidden, a model's answer is the hidden text with a fault that real models make, and
//! what would be inserted is compared with the file.
//!
//! `cargo bench --bench filters`, with `-- --quick` for a tenth of the spans, `-- --show FAULT` to see what went wrong, and `-- --strict` to fail if a target is
//! missed over all faults. The files are found on the machine: crates of the local cargo registry, Python's standard library, Node's packages; none is shipped.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::print_stdout
)]

#[path = "../local_engine/corpus.rs"]
#[allow(dead_code, reason = "the local engine's bench uses the rest of it")]
mod corpus;
mod faults;
mod spans;
#[path = "../shared/targets.rs"]
mod targets;

use std::collections::BTreeMap;
use std::process::ExitCode;

use byok_lsp::completion;
use byok_lsp::config::Layers;
use byok_lsp::session::{Session, Snapshot};
use faults::{FAULTS, Faulty};
use spans::{KINDS, Span};
use targets::{Bound, Targets};

const URI: &str = "file:///w/hidden";

/// What came of the answers with one fault.
#[derive(Default, Clone, Copy)]
struct Tally {
    /// The file is what it was.
    right: usize,
    /// Nothing was inserted, or whole lines of the right text.
    less: usize,
    /// Something else was inserted.
    damaged: usize,
}

impl Tally {
    fn count(self) -> usize {
        self.right + self.less + self.damaged
    }

    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.less += other.less;
        self.damaged += other.damaged;
    }

    /// What part of the answers something became of, in percent.
    fn share(self, part: usize) -> f64 {
        part as f64 * 100.0 / self.count().max(1) as f64
    }

    fn line(self) -> String {
        format!(
            "right {:>5.1} %   less {:>4.1} %   damaged {:>4.1} %   of {}",
            self.share(self.right),
            self.share(self.less),
            self.share(self.damaged),
            self.count()
        )
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let shown = arguments
        .iter()
        .position(|argument| argument == "--show")
        .and_then(|at| arguments.get(at + 1));
    let spans = spans::spans(if is_quick { 500 } else { 5_000 });
    let mut languages = BTreeMap::<&str, usize>::new();
    for span in &spans {
        *languages.entry(span.language).or_default() += 1;
    }
    println!("{} hidden spans: {languages:?}", spans.len());
    let mut by_fault = BTreeMap::<&str, Tally>::new();
    let mut by_kind = BTreeMap::<&str, Tally>::new();
    for (number, span) in spans.iter().enumerate() {
        let snapshot = snapshot(span);
        for fault in FAULTS {
            let Some(faulty) = faults::inject(fault, span, number) else {
                continue;
            };
            let got =
                completion::shape(&snapshot, span.before.len(), &faulty.answer, faulty.finish);
            let tally = judge(got.as_deref(), &faulty);
            by_fault.entry(fault).or_default().add(tally);
            if fault != "none" {
                by_kind.entry(span.kind).or_default().add(tally);
            }
            if tally.right == 0 && shown.is_some_and(|shown| shown == fault) {
                println!(
                    "{} {}\n  answer   {:?}\n  expected {:?}\n  got      {got:?}",
                    span.kind, span.file, faulty.answer, faulty.expected
                );
            }
        }
    }
    println!();
    for fault in FAULTS {
        println!(
            "{fault:<20} {}",
            by_fault.get(fault).copied().unwrap_or_default().line()
        );
    }
    println!();
    for kind in KINDS {
        println!(
            "{kind:<20} {}",
            by_kind.get(kind).copied().unwrap_or_default().line()
        );
    }
    let mut all = Tally::default();
    for tally in by_kind.values() {
        all.add(*tally);
    }
    println!("\n{:<20} {}", "all faults", all.line());
    let mut targets = Targets::begin();
    if all.count() > 0 {
        let (right, damaged) = (all.share(all.right), all.share(all.damaged));
        targets.hold("right over all faults", right, " %", Bound::Least(98.0));
        targets.hold("damaged over all faults", damaged, " %", Bound::Most(1.0));
    }
    targets.end()
}

fn snapshot(span: &Span) -> Snapshot {
    let mut session = Session::new(Layers::default());
    session.open(
        URI,
        span.language,
        &format!("{}{}", span.before, span.after),
    );
    // As the server does a moment after.
    if session.claim_parse(URI)
        && let Some(job) = session.begin_parse(URI)
    {
        let tree = job.run();
        let _ = session.end_parse(&job, tree);
    }
    session.snapshot(URI).expect("it was opened a moment ago")
}

fn judge(got: Option<&str>, faulty: &Faulty) -> Tally {
    let expected = faulty.expected.trim_end();
    let is_part = |got: &str| {
        expected
            .strip_prefix(got)
            .is_some_and(|rest| rest.starts_with('\n'))
    };
    let mut tally = Tally::default();
    match got {
        None if expected.is_empty() => tally.right = 1,
        Some(got) if got.trim_end() == expected => tally.right = 1,
        None => tally.less = 1,
        Some(got) if is_part(got) => tally.less = 1,
        Some(_) => tally.damaged = 1,
    }
    tally
}
