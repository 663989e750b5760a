//! The wall clock jumps under a running server, as where a machine's battery was empty or somebody corrects its date.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::scripted::{Scripted, Seen, Step, events};
use super::{Editor, at_home, folder, server};

/// The wall clock of a program that is started [under](Clock::under) it. All clocks that measure how much time passes are the system's.
struct Clock {
    library: PathBuf,
    /// Where the library reads by how many seconds it is away from the system's.
    path: PathBuf,
    shift: File,
}

impl Clock {
    /// Builds the library; `None` where there is no C compiler, which continuous integration does not accept. Whoever builds this program has one.
    fn build(folder: &Path) -> Option<Self> {
        let library = folder.join("shifted_clock.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-Wall", "-Werror", "-O1", "-o"])
            .arg(&library)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/shifted_clock.c"))
            .status();
        let Ok(built) = built else {
            let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!is_ci, "a C compiler is missing, by the name of cc");
            eprintln!("skipped: there is no C compiler by the name of cc");
            return None;
        };
        assert!(built.success());
        let path = folder.join("shift");
        let mut options = OpenOptions::new();
        let shift = options.write(true).create(true).truncate(true).open(&path);
        let shift = shift.unwrap();
        Some(Self {
            library,
            path,
            shift,
        })
    }

    /// Lets a program go by this clock, in UTC.
    fn under(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("SHIFTED_CLOCK", &self.path)
            .env("TZ", "UTC");
    }

    /// Lets it be noon of a day, at once.
    fn jump(&self, day: &str) {
        let wanted: Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
        let seconds = wanted.as_second() - Timestamp::now().as_second();
        let written = self.shift.write_all_at(&seconds.to_ne_bytes(), 0);
        written.unwrap();
    }
}

/// A cap for which one answer of sixteen tokens fits into a day, and no second one.
const CAP: &str = "
[budget]
day = \"0.000024 USD\"
[providers.mock.prices.m]
input = \"0\"
output = \"1\"
[providers.mock.prices.later]
input = \"0\"
output = \"1\"
";

/// Gives a server the cap, and answers that are never longer than what is billed.
fn cap(folder: &Path) {
    let path = folder.join("config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let config = config.replace("[completion]\n", "[completion]\nmax_tokens = 16\n");
    std::fs::write(&path, config + CAP).unwrap();
}

/// An answer for which sixteen tokens are billed.
fn billed() -> Vec<Step> {
    let piece = json!({"choices": [{"text": "42;", "finish_reason": "stop"}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 16, "total_tokens": 25}});
    events(&[&piece.to_string(), &usage.to_string(), "[DONE]"])
}

/// Returns how many calls the server says there were on this day and in this month.
fn counted(editor: &mut Editor) -> (u64, u64) {
    let id = editor.request("byok/usageSummary", &json!({}));
    let summary = editor.answer(id);
    let calls = |span: &str| summary["result"][span]["calls"].as_u64().unwrap();
    (calls("day"), calls("month"))
}

/// Asks for what fits into the cap of this day.
fn is_booked(editor: &mut Editor, provider: &Scripted) {
    assert_eq!(editor.suggestions(), ["42;"]);
    assert_eq!(asked(provider), 1);
    editor.told("byok/usage", "completed");
}

/// Asks for what does not, so that nothing is sent.
fn is_refused(editor: &mut Editor, provider: &Scripted) {
    assert_eq!(editor.suggestions(), Vec::<String>::new());
    assert_eq!(asked(provider), 0);
}

/// Returns how many completions a provider was asked for since the last look. Which models it has is asked too, and costs nothing.
fn asked(provider: &Scripted) -> usize {
    let seen = provider.seen.try_iter();
    seen.filter(|seen| matches!(seen, Seen::Request { head, .. } if head.starts_with("POST ")))
        .count()
}

/// Returns the days of the rows in the order of their numbers, which is that in which they were booked.
fn days(folder: &Path) -> Vec<i64> {
    let ledger = Connection::open(folder.join("ledger.sqlite3")).unwrap();
    let select = "SELECT day FROM calls ORDER BY seq";
    let mut select = ledger.prepare(select).unwrap();
    let days = select.query_map([], |row| row.get(0)).unwrap();
    days.map(Result::unwrap).collect()
}

/// Returns the model of the last call that was booked.
fn last_model(folder: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
    command.args(["route", "explain", "--call", "last", "--json"]);
    at_home(&mut command, folder);
    let told: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    told["decision"]["model"].as_str().unwrap().to_owned()
}

#[test]
fn when_the_wall_clock_jumps_rows_stay_in_order_and_days_months_and_caps_are_those_of_the_moment() {
    let folder = folder();
    let Some(clock) = Clock::build(folder.path()) else {
        return;
    };
    let provider = Scripted::start(billed());
    let mut command = server(folder.path(), Some(&provider.address));
    cap(folder.path());
    clock.under(&mut command);
    clock.jump("2030-03-10");
    let mut editor = Editor::start(command);
    is_booked(&mut editor, &provider);
    assert_eq!(counted(&mut editor), (1, 1));
    is_refused(&mut editor, &provider);
    editor.told("byok/budget", "\"state\":\"reached\"");

    // Forty days ahead another day has its own cap, and another month its own sum.
    clock.jump("2030-04-19");
    assert_eq!(counted(&mut editor), (0, 0));
    is_booked(&mut editor, &provider);
    assert_eq!(counted(&mut editor), (1, 1));
    is_refused(&mut editor, &provider);

    // Three days before the start: again another day, in the month that it was then.
    clock.jump("2030-03-07");
    let id = editor.request("byok/setModel", &json!({"model": "mock/later"}));
    editor.answer(id);
    is_booked(&mut editor, &provider);
    assert_eq!(counted(&mut editor), (1, 2));
    is_refused(&mut editor, &provider);

    // A day that comes again is not free again: what was spent on it counts.
    clock.jump("2030-03-10");
    assert_eq!(counted(&mut editor), (1, 2));
    is_refused(&mut editor, &provider);
    editor.finish();

    assert_eq!(days(folder.path()), [20_300_310, 20_300_419, 20_300_307]);
    assert_eq!(last_model(folder.path()), "mock/later");
}
