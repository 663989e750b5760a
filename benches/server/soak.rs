//! A working day at the keyboard, without its pauses: whether anything grows.
//!
//! Eight hours at five keys a second are 144,000 keys. Each is typed and asked about, as VS Code does; documents are opened, typed in, saved and
//! closed in turn. What is looked at is the server when it rests: its memory, its descriptors, its threads and what its ledger takes on the disk. That
//! begins with calls of long ago, longer than it is to keep any.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Amount;
use super::editor::Editor;
use super::old_calls::{self, Content, KEPT_DAYS};
use super::provider;
use super::scripted::Scripted;
use super::table::{Table, most};
use super::text::{Random, code, middle};

/// Five keys a second for eight hours, and a part of it.
const DAY: usize = 8 * 60 * 60 * 5;
const MOMENT: usize = DAY / 20;

/// How often it is looked at.
const LOOKS: usize = 10;

/// How many keys a document gets before another is opened.
const STAY: usize = 400;

/// How many documents are open.
const OPEN: usize = 8;

const LINES: usize = 1_000;

/// How many keys there are to a call, about, and how many old calls the ledger has for each: so many that they would double what it takes, though
/// they are short.
const KEYS_FOR_A_CALL: usize = 10;
const OLD_FOR_A_CALL: usize = 3;

/// How long the forgetting may take once nobody types; it goes on in pauses, some two hundred calls a second.
const FORGETTING: Duration = Duration::from_mins(5);

/// What the server takes while it rests.
struct Look {
    megabytes: f64,
    descriptors: usize,
    threads: usize,
}

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let provider = Scripted::start(provider::answer());
    let folder = tempfile::tempdir().expect("a folder for the ledger");
    let ledger = folder.path().join("ledger.db");
    let keys = amount.of(DAY, MOMENT);
    old_calls::fill(&ledger, OLD_FOR_A_CALL * keys / KEYS_FOR_A_CALL);
    let before = old_calls::look(&ledger);
    let keep = format!("[ledger]\nkeep = \"{KEPT_DAYS} days\"\n");
    std::fs::write(folder.path().join("config.toml"), keep).expect("a file for the settings");
    let settings = provider::settings(&provider);
    let mut editor = Editor::share(folder.path(), "off", &settings);
    let mut typist = Typist::new();
    let mut looks = Vec::new();
    for look in 0..LOOKS {
        for _ in 0..keys / LOOKS {
            let answer = typist.key(&mut editor);
            table.check(answer.get("error").is_none(), || {
                format!("answered {answer}")
            });
            while provider.seen.try_recv().is_ok() {}
        }
        editor.settle();
        looks.push(Look {
            megabytes: editor.memory().resident,
            descriptors: editor.descriptors(),
            threads: editor.threads(),
        });
        typist.seed = look;
    }
    report(table, keys, &looks);
    report_ledger(table, &ledger, &before, typist.shown);
    drop(editor);
}

/// Waits until nothing is left to forget, and tells what the ledger has come to.
fn report_ledger(table: &mut Table, ledger: &Path, before: &Content, shown: usize) {
    let begun = Instant::now();
    while old_calls::look(ledger).old > 0 && begun.elapsed() < FORGETTING {
        std::thread::sleep(Duration::from_millis(200));
    }
    let after = old_calls::look(ledger);
    table.row(
        &format!(
            "calls that are older than `ledger.keep` allows, of {} that there were",
            before.old
        ),
        f64::from(after.old),
        "",
        &format!("{:.0} s after the last key", begun.elapsed().as_secs_f64()),
        most(0.0),
    );
    table.row(
        "what the ledger's file takes for each call that it keeps",
        after.megabytes * 1e3 / f64::from(after.calls.max(1)),
        "kB",
        &format!(
            "{:.1} MB before and {:.1} after, {:.1} of them free; {} calls, {shown} suggestions shown",
            before.megabytes, after.megabytes, after.free, after.calls
        ),
        most(1.5),
    );
}

fn report(table: &mut Table, keys: usize, looks: &[Look]) {
    // The first tenth fills the caches.
    let (first, last) = (&looks[0], &looks[looks.len() - 1]);
    let megabytes = looks.iter().map(|look| format!("{:.1}", look.megabytes));
    let most_later = looks
        .iter()
        .fold(0.0, |most: f64, look| most.max(look.megabytes));
    table.row(
        &format!("growth of what is resident over {keys} keys, from a tenth of them on"),
        (most_later / first.megabytes - 1.0) * 100.0,
        "%",
        &format!("{} MB", megabytes.collect::<Vec<_>>().join(", ")),
        most(5.0),
    );
    let more = |of: fn(&Look) -> usize| of(last) as f64 - of(first) as f64;
    for (what, of) in [
        (
            "descriptors",
            (|look| look.descriptors) as fn(&Look) -> usize,
        ),
        ("threads", |look| look.threads),
    ] {
        let note = format!("{} of them", of(last));
        table.row(
            &format!("{what} more than then"),
            more(of),
            "",
            &note,
            most(0.0),
        );
    }
}

/// Somebody who types functions, one document after another.
struct Typist {
    /// Makes the functions of one part of the day other ones than those of the next.
    seed: usize,
    /// Which document, how many keys it got, and what is still to be typed there.
    document: usize,
    keys: usize,
    rest: Vec<char>,
    at: (usize, usize),
    shown: usize,
    random: Random,
}

impl Typist {
    fn new() -> Self {
        Self {
            seed: 0,
            document: 0,
            keys: 0,
            rest: Vec::new(),
            at: (0, 0),
            shown: 0,
            random: Random::new(7),
        }
    }

    /// Types a key, asks for a suggestion, and returns the answer.
    fn key(&mut self, editor: &mut Editor) -> Value {
        if self.keys.is_multiple_of(STAY) {
            self.turn_to_another(editor);
        }
        self.keys += 1;
        let uri = uri(self.document);
        if self.rest.is_empty() {
            self.begin_function();
        }
        let (line, column) = self.at;
        if self.random.below(50) == 0 && column > 0 {
            // A slip, taken back at once.
            editor.change(&uri, self.at, self.at, "q");
            editor.change(&uri, self.at, (line, column + 1), "");
        }
        let typed = self.rest.pop().expect("a function is begun");
        editor.change(&uri, self.at, self.at, &typed.to_string());
        self.at = if typed == '\n' {
            (line + 1, 0)
        } else {
            (line, column + 1)
        };
        let (id, _) = editor.ask_by_itself(&uri, self.at);
        let answer = editor.answer(id).value;
        self.shown += usize::from(!super::editor::texts(&answer).is_empty());
        answer
    }

    fn turn_to_another(&mut self, editor: &mut Editor) {
        let opened = self.keys / STAY;
        if self.keys > 0 {
            let document = json!({"textDocument": {"uri": uri(self.document)}});
            editor.notify("textDocument/didSave", &document);
        }
        if opened >= OPEN {
            let document = json!({"textDocument": {"uri": uri(opened - OPEN)}});
            editor.notify("textDocument/didClose", &document);
        }
        self.document = opened;
        self.rest.clear();
        editor.open(&uri(opened), &code(LINES));
        let (line, column) = middle(LINES);
        self.at = (line, column);
    }

    fn begin_function(&mut self) {
        let n = self.random.below(90);
        let text = format!(
            "\n    let part{n} = value + {n} * {};\n    if part{n} > {n} {{\n        return part{n};\n    }}",
            self.seed
        );
        self.rest = text.chars().rev().collect();
    }
}

fn uri(number: usize) -> String {
    format!("file:///w/{number}.rs")
}
