//! Files that are locked, damaged, too new, gone, or cannot be.

use super::*;

fn reason(ledger: &Ledger) -> String {
    match ledger.state() {
        State::Degraded { reason } => reason,
        State::Ready => panic!("the ledger says that all is well"),
    }
}

#[test]
fn rows_wait_for_a_locked_file_and_are_written_once_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open_impatient(&path);
    settle_now(&ledger, 1);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let totals = settle_now(&ledger, 10);
    assert_eq!(totals.unrecorded, 1);
    assert_eq!(
        (&totals.day.cost, &totals.session.cost),
        (&vec![usd(11)], &vec![usd(11)])
    );
    assert!(
        reason(&ledger).contains("held by another program"),
        "{}",
        reason(&ledger)
    );
    assert!(reason(&ledger).contains("1 calls wait in memory"));
    assert!(!ledger.close(DEADLINE), "a row is left");
    other.execute_batch("COMMIT").unwrap();
    let totals = ledger.totals(DEADLINE).unwrap();
    assert_eq!((totals.unrecorded, totals.day.cost), (0, vec![usd(11)]));
    assert_eq!(ledger.state(), State::Ready);
}

#[test]
fn a_file_that_is_no_ledger_is_moved_aside_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let garbage = "this was never a database. ".repeat(400);
    std::fs::write(&path, &garbage).unwrap();
    let ledger = open(&path);
    let totals = settle_now(&ledger, 4);
    assert_eq!((totals.unrecorded, totals.day.cost), (0, vec![usd(4)]));
    assert_eq!(ledger.state(), State::Ready);
    let notices = ledger.take_notices();
    assert_eq!(notices.len(), 1);
    assert!(ledger.take_notices().is_empty());
    let kept = damaged(folder.path());
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), garbage);
    assert!(
        notices[0].contains(kept.to_str().unwrap()),
        "{}",
        notices[0]
    );
}

#[test]
fn a_file_that_is_damaged_inside_is_moved_aside_with_all_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    for _ in 0..300 {
        settle_now(&ledger, 0);
    }
    assert!(ledger.close(DEADLINE));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_096..].fill(0x5a);
    std::fs::write(&path, &bytes).unwrap();
    let totals = settle_now(&ledger, 4);
    assert_eq!((totals.unrecorded, totals.day.cost), (0, vec![usd(4)]));
    assert_eq!(totals.session.calls, 301);
    assert_eq!(std::fs::read(damaged(folder.path())).unwrap(), bytes);
}

/// The one file that was moved aside.
fn damaged(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut damaged = entries.filter(|path| {
        let name = path.to_str().unwrap();
        name.contains(".damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
    });
    let first = damaged.next().unwrap();
    assert_eq!(damaged.next(), None);
    first
}

#[test]
fn a_file_of_a_newer_version_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let newer = Connection::open(&path).unwrap();
    newer
        .execute_batch("CREATE TABLE future (x); PRAGMA user_version = 99")
        .unwrap();
    drop(newer);
    let before = std::fs::read(&path).unwrap();
    let ledger = open(&path);
    assert_eq!(settle_now(&ledger, 4).unrecorded, 1);
    assert!(
        reason(&ledger).contains("newer byok-lsp; update this one"),
        "{}",
        reason(&ledger)
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_place_where_no_file_can_be_is_said_and_nothing_is_lost_silently() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("a-file");
    std::fs::write(&blocked, "").unwrap();
    let path = blocked.join("l");
    let ledger = open(&path);
    for _ in 0..104 {
        settle_now(&ledger, 1);
    }
    let totals = settle_now(&ledger, 1);
    assert_eq!(
        (totals.unrecorded, &totals.day.cost),
        (105, &vec![usd(105)])
    );
    let reason_now = reason(&ledger);
    assert!(
        reason_now.contains("cannot be opened for writing"),
        "{reason_now}"
    );
    assert!(
        reason_now.contains("100 calls wait in memory"),
        "{reason_now}"
    );
    assert!(
        reason_now.contains("5 more could not be kept"),
        "{reason_now}"
    );

    std::fs::remove_file(&blocked).unwrap();
    let totals = ledger.totals(DEADLINE).unwrap();
    assert_eq!((totals.unrecorded, totals.day.cost), (5, vec![usd(105)]));
    assert!(
        reason(&ledger).contains("works again, but 5 calls"),
        "{}",
        reason(&ledger)
    );
    assert_eq!(open(&path).totals(DEADLINE).unwrap().day.calls, 100);
}

#[cfg(unix)]
#[test]
fn a_ledger_whose_file_was_deleted_begins_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    settle_now(&ledger, 1);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let totals = settle_now(&ledger, 2);
    assert_eq!(totals.day.cost, [usd(2)]);
    assert_eq!(totals.session.cost, [usd(3)]);
    assert_eq!(open(&path).totals(DEADLINE).unwrap().day.calls, 1);
}

#[test]
fn what_does_not_fit_the_queue_is_counted() {
    let ledger = Ledger::start(Place::Memory, setting());
    let (arrived, arrival) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    ledger.settle(row(Cost::Free, "2026-11-21T15:00:00Z"), move |_| {
        arrived.send(()).unwrap();
        released.recv().unwrap();
    });
    arrival.recv_timeout(DEADLINE).unwrap();
    for _ in 0..105 {
        let row = Row {
            id: ledger.next_id(),
            ..row(Cost::Priced(usd(1)), "2026-11-21T15:00:00Z")
        };
        ledger.settle(row, |_| {});
    }
    release.send(()).unwrap();
    let totals = ledger.totals(DEADLINE).unwrap();
    assert_eq!((totals.session.calls, totals.unrecorded), (106, 5));
    assert_eq!(totals.day.cost, [usd(105)]);
    assert!(
        reason(&ledger).contains("5 calls of this session"),
        "{}",
        reason(&ledger)
    );
}
