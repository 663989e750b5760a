//! Several threads and several processes on one file, and one of them killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::*;

/// Set for the processes that the tests start from their own binary; names the ledger's file.
const CHILD: &str = "BYOK_TEST_LEDGER_CHILD";

fn settled(ledger: &Ledger, count: usize, done: impl Fn(&CallId) + Clone + Send + 'static) {
    for _ in 0..count {
        let id = ledger.next_id();
        let row = Row {
            id: id.clone(),
            ..row(Cost::Priced(usd(1)), "2026-11-21T15:00:00Z")
        };
        let done = done.clone();
        ledger.settle(row, move |totals| {
            assert_eq!(totals.unrecorded, 0);
            done(&id);
        });
    }
}

/// With the patience of the real one: here others do hold the lock.
fn open_patiently(path: &Path) -> Ledger {
    let setting = Setting {
        patience: DEADLINE,
        limit: 100_000,
        ..setting()
    };
    Ledger::start(Place::File(path.to_owned()), setting)
}

#[test]
fn handles_with_connections_of_their_own_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let ledger = open_patiently(&path);
                settled(&ledger, 100, |_| {});
                assert!(ledger.close(DEADLINE));
            });
        }
    });
    assert_eq!(open(&path).totals(DEADLINE).unwrap().day.cost, [usd(400)]);
}

/// Not a test by itself: what a child process does, forever if it is to be killed.
#[test]
fn a_child_process_settles_rows_and_names_each() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let ledger = open_patiently(Path::new(&path));
    for _ in 0..1_000 {
        settled(&ledger, 10, |id| {
            // In one write, so that a kill leaves no half line.
            let line = format!("settled {id}\n");
            std::io::stderr()
                .write_all(line.as_bytes())
                .expect("the parent reads");
        });
        ledger.totals(DEADLINE).unwrap();
    }
}

#[test]
fn a_killed_process_leaves_every_row_that_it_was_told_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let exe = std::env::current_exe().unwrap();
    let name = concat!(
        module_path!(),
        "::a_child_process_settles_rows_and_names_each"
    );
    let (_, name) = name.split_once("::").unwrap();
    let mut children: Vec<_> = (0..3)
        .map(|_| {
            let mut command = Command::new(&exe);
            command
                .args(["--exact", name, "--nocapture", "--test-threads=1"])
                .env(CHILD, &path);
            command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut named = Vec::new();
    for (index, child) in children.iter_mut().enumerate() {
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        named.extend(
            lines
                .by_ref()
                .filter(|line| line.starts_with("settled "))
                .take(50 + 70 * index),
        );
        child.kill().unwrap();
        named.extend(lines.filter(|line| line.starts_with("settled ")));
        child.wait().unwrap();
    }
    assert!(named.len() >= 360, "{}", named.len());
    let connection = Connection::open(&path).unwrap();
    let mut select = connection
        .prepare("SELECT count(*) FROM calls WHERE id = ?1")
        .unwrap();
    for line in &named {
        let id = line.trim_start_matches("settled ").trim();
        let count: i64 = select.query_row([id], |row| row.get(0)).unwrap();
        assert_eq!(count, 1, "{id}");
    }
    let (rows, sums): (i64, i64) = connection
        .query_row(
            "SELECT (SELECT sum(cost_nanos) FROM calls), (SELECT sum(nanos) FROM days)",
            [],
            |row| row.try_into(),
        )
        .unwrap();
    assert_eq!(rows, sums);
    assert_eq!(settle_now(&open(&path), 1).day.cost, [usd(sums + 1)]);
}
