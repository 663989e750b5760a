//! What rows say of the work they were for, and how long they are kept.

use super::super::retention::forget;
use super::super::store::Store;
use super::*;
use crate::cost::report::{Dimension, Extent, Period};

fn count(path: &Path, table: &str) -> i64 {
    let select = format!("SELECT count(*) FROM {table}");
    let connection = Connection::open(path).unwrap();
    connection.query_row(&select, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_row_says_which_branch_was_checked_out_and_reports_tell_by_it_and_by_tag() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    let head = folder.path().join(".git").join("HEAD");
    std::fs::write(head, "ref: refs/heads/feature/x\n").unwrap();
    let ledger = Ledger::start(Place::Memory, setting());
    let tagged = |client: &str, nanos| Row {
        id: ledger.next_id(),
        workspace: Some(folder.path().display().to_string()),
        tags: BTreeMap::from([("client".to_owned(), client.to_owned())]),
        ..row(Cost::Priced(usd(nanos)), "2026-11-21T15:00:00Z")
    };
    ledger.settle(tagged("acme", 1), |_| {});
    ledger.settle(tagged("Söhne & \"Co\"", 2), |_| {});
    settle_now(&ledger, 4);
    let by = |dimension: &str| {
        let query = Query {
            period: Period::default(),
            by: vec![Dimension::named(dimension).unwrap()],
            extent: Extent::Groups,
            subscriptions: Vec::new(),
        };
        let groups = ledger.report(query, DEADLINE).unwrap().groups;
        let told = groups.into_iter().map(|group| {
            let nanos = group.figures.cost[0].nanos;
            (group.key.concat(), nanos)
        });
        told.collect::<BTreeMap<_, _>>()
    };
    // A thread that is slow to begin may miss the first rows; it does not miss all.
    let begun = std::time::Instant::now();
    while !by("branch").contains_key("feature/x") {
        assert!(begun.elapsed() < DEADLINE, "{:?}", by("branch"));
        ledger.settle(tagged("acme", 0), |_| {});
    }
    let clients = [("", 4), ("acme", 1), ("Söhne & \"Co\"", 2)];
    let clients = clients.map(|(name, nanos)| (name.to_owned(), nanos));
    assert_eq!(by("tag:client"), BTreeMap::from(clients));
    assert_eq!(by("tag:nothing"), BTreeMap::from([(String::new(), 7)]));
}

#[test]
fn calls_that_are_old_enough_are_forgotten_in_small_turns_and_no_sum_notices() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    {
        let ledger = open(&path);
        for number in 0..90 {
            let started = if number < 50 {
                "2026-09-30T12:00:00Z"
            } else {
                "2026-11-20T12:00:00Z"
            };
            let id = ledger.next_id();
            let row = Row {
                id: id.clone(),
                ..row(Cost::Priced(usd(7)), started)
            };
            ledger.settle(row, |_| {});
            ledger.note(&id, 0, Fate::Accepted { chars: 3 });
            ledger.totals(DEADLINE).unwrap();
        }
        assert!(ledger.close(DEADLINE));
    }
    let place = Place::File(path.clone());
    let mut store = Store::open(&place, DEADLINE).unwrap();
    let sums = |store: &Store| {
        let read = |table| {
            let mut select = store.connection.prepare(table).unwrap();
            let columns = select.column_count();
            let rows = select.query_map([], |row| {
                let cells = (0..columns).map(|place| row.get(place));
                cells.collect::<rusqlite::Result<Vec<rusqlite::types::Value>>>()
            });
            rows.unwrap().collect::<rusqlite::Result<Vec<_>>>().unwrap()
        };
        [
            "SELECT * FROM sums",
            "SELECT * FROM days",
            "SELECT * FROM tallies",
        ]
        .map(read)
    };
    let before = sums(&store);
    let now = (setting().now)();
    let more: Vec<_> = (0..3)
        .map(|_| forget(&mut store.connection, 40, now, 20).unwrap())
        .collect();
    assert_eq!(more, [true, true, false]);
    assert_eq!(sums(&store), before);
    assert_eq!(
        (count(&path, "calls"), count(&path, "suggestions")),
        (40, 40)
    );
    assert!(!forget(&mut store.connection, 40, now, 20).unwrap());
    // What is forgotten later is not what a shorter time would have left.
    assert!(!forget(&mut store.connection, u32::MAX, now, 20).unwrap());
    assert_eq!(count(&path, "calls"), 40);
}

#[test]
fn a_ledger_forgets_by_itself_when_nobody_wants_anything_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    ledger.keep(35);
    settle(&ledger, Cost::Priced(usd(5)), "2026-09-30T12:00:00Z");
    settle_now(&ledger, 1);
    let begun = std::time::Instant::now();
    while count(&path, "calls") > 1 {
        assert!(begun.elapsed() < DEADLINE, "it is still there");
        std::thread::yield_now();
    }
    let query = Query {
        period: Period::default(),
        by: Vec::new(),
        extent: Extent::Groups,
        subscriptions: Vec::new(),
    };
    let report = ledger.report(query, DEADLINE).unwrap();
    assert_eq!((report.total.calls, report.total.cost[0].nanos), (2, 6));
}

#[test]
fn without_a_setting_everything_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    settle(&ledger, Cost::Priced(usd(5)), "2001-01-01T12:00:00Z");
    settle_now(&ledger, 1);
    assert!(ledger.close(DEADLINE));
    assert_eq!(count(&path, "calls"), 2);
}
