//! Edits at full speed: whether the text is right afterwards, and how soon.

use std::time::{Duration, Instant};

use byok_lsp::config::ContextSettings;
use byok_lsp::context;
use ropey::Rope;

use super::Amount;
use super::editor::{Editor, texts};
use super::provider::{self, SUGGESTED, hole, served};
use super::scripted::Scripted;
use super::table::{SHOWN, Samples, Table, millis, most};
use super::text::{Random, code, middle};

const URI: &str = "file:///w/a.rs";

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let provider = Scripted::start(provider::answer());
    let mut samples = Samples::default();
    let mut worst = Duration::ZERO;
    for round in 0..amount.of(9, 3) {
        let mut editor = Editor::start(&provider::settings(&provider));
        let mut mirror = Mirror::new(&code(100_000));
        editor.open(URI, &mirror.lines.join("\n"));
        editor.settle();
        let mut random = Random::new(0x5EED + round as u64);
        for _ in 0..499 {
            mirror.edit(&mut editor, &mut random);
        }
        let last = mirror.comment(&mut editor);
        let sample = complete(&mut editor, &provider, &mirror, last, table);
        samples.push(sample);
        worst = worst.max(sample);
    }
    let note = format!("worst {:.1} ms", millis(worst));
    table.row(
        "500 edits to 100,000 lines at full speed: last edit to the right answer",
        samples.millis(50),
        "ms",
        &note,
        most(50.0).peer(2300.0),
    );
    throughput(amount, table);
}

/// Many edits, then one request: the time until its answer is the time they took.
fn throughput(amount: &Amount, table: &mut Table) {
    let provider = Scripted::start(provider::answer());
    let mut samples = Samples::default();
    for round in 0..amount.of(5, 2) {
        let mut editor = Editor::start(&provider::settings(&provider));
        let mut mirror = Mirror::new(&code(10_000));
        editor.open(URI, &mirror.lines.join("\n"));
        editor.settle();
        let mut random = Random::new(0xFEED + round as u64);
        let begun = Instant::now();
        for _ in 1..20_000 {
            mirror.edit(&mut editor, &mut random);
        }
        mirror.comment(&mut editor);
        samples.push(complete(&mut editor, &provider, &mirror, begun, table));
    }
    table.row(
        "20,000 edits to 10,000 lines, then the right answer",
        samples.millis(50),
        "ms",
        "the editor's own work included",
        SHOWN,
    );
}

/// Completes in the middle, checks that the model was shown exactly the text as it is now, and returns the time since `begun`.
fn complete(
    editor: &mut Editor,
    provider: &Scripted,
    mirror: &Mirror,
    begun: Instant,
    table: &mut Table,
) -> Duration {
    let line = middle(mirror.lines.len()).0;
    let column = mirror.lines[line].encode_utf16().count();
    let (id, _) = editor.ask(URI, (line, column));
    let answer = editor.answer(id);
    table.check(texts(&answer.value) == [SUGGESTED], || {
        format!("answered {}", answer.value)
    });
    let (prefix, suffix) = hole(&served(provider).body);
    let before = mirror.lines[..=line].join("\n");
    let after = format!("\n{}", mirror.lines[line + 1..].join("\n"));
    // In front of the window may stand what encloses it.
    let end = prefix.char_indices().rev().nth(200).map_or(0, |(at, _)| at);
    let is_there = !prefix.is_empty()
        && before.ends_with(&prefix[end..])
        && !suffix.is_empty()
        && after.starts_with(&suffix);
    table.check(is_there, || {
        "the model was shown another text than the editor has".into()
    });
    if std::env::var_os("BYOK_BENCH_SERVER").is_none() {
        let cursor = before.len();
        let expected = context::window(
            &Rope::from_str(&(before + &after)),
            cursor,
            context::shares(ContextSettings::default().max_tokens, cursor, after.len()).0,
        );
        table.check(
            prefix.ends_with(&expected.prefix) && suffix == expected.suffix,
            || "the window is not the expected one".into(),
        );
    }
    answer.at - begun
}

/// What the editor has on its screen.
struct Mirror {
    lines: Vec<String>,
}

impl Mirror {
    fn new(text: &str) -> Self {
        Self {
            lines: text.split('\n').map(str::to_owned).collect(),
        }
    }

    /// Makes one edit near the middle, with characters of one to four bytes, and returns when it began to go out.
    fn edit(&mut self, editor: &mut Editor, random: &mut Random) -> Instant {
        let line = self.lines.len() / 2 - 100 + random.below(200);
        let chars = self.lines[line].chars().count();
        let at = random.below(chars + 1);
        let (before, after) = halves(&self.lines[line], at);
        let column = before.encode_utf16().count();
        match random.below(8) {
            0 => {
                // A line break.
                let (before, after) = (before.to_owned(), after.to_owned());
                self.lines[line] = before;
                self.lines.insert(line + 1, after);
                editor.change(URI, (line, column), (line, column), "\n")
            }
            1 => {
                // Two lines joined.
                let next = self.lines.remove(line + 1);
                let end = self.lines[line].encode_utf16().count();
                self.lines[line].push_str(&next);
                editor.change(URI, (line, end), (line + 1, 0), "")
            }
            2 | 3 if at < chars => {
                let gone = after.chars().next().expect("it is not at the end");
                let rest = after[gone.len_utf8()..].to_owned();
                self.lines[line] = format!("{before}{rest}");
                editor.change(URI, (line, column), (line, column + gone.len_utf16()), "")
            }
            kind => {
                let text = ["x", "é", "☃", "😀", "value", "{ }", ";", "\t"][kind];
                self.lines[line] = format!("{before}{text}{after}");
                editor.change(URI, (line, column), (line, column), text)
            }
        }
    }

    /// Begins a comment in the middle, on a line of its own: behind it the suggestion breaks no syntax, whatever the other edits made of the code round
    /// it, and so is shown. Returns when the edit began to go out.
    fn comment(&mut self, editor: &mut Editor) -> Instant {
        let line = middle(self.lines.len() + 1).0;
        self.lines.insert(line, "// ".into());
        editor.change(URI, (line, 0), (line, 0), "// \n")
    }
}

/// Splits a line before its `at`th character.
fn halves(line: &str, at: usize) -> (&str, &str) {
    let byte = line
        .char_indices()
        .nth(at)
        .map_or(line.len(), |(byte, _)| byte);
    line.split_at(byte)
}
