//! The ledger as its callers see it: sums, trouble with the file, several processes.

#![allow(clippy::unwrap_used)]

mod ahead_of_calls;
mod fates;
mod keeping;
mod processes;
mod reserving;
mod trouble;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::cost::{Currency, Money, PerMillion, Price, RawUsage, Tokens, Usage};
use crate::thorough;

/// Long enough for the slowest machine; reached only by a ledger that hangs.
const DEADLINE: Duration = Duration::from_mins(1);

/// A row as the gateway makes it.
pub(super) fn row(cost: Cost, started: &str) -> Row {
    Row {
        id: CallId("test".to_owned()),
        decision: None,
        attempt: 1,
        started: started.parse().unwrap(),
        feature: "completion".to_owned(),
        action: None,
        language: Some("rust".to_owned()),
        workspace: None,
        branch: None,
        provider: "mock".to_owned(),
        requested_model: "m".to_owned(),
        served_model: None,
        upstream: None,
        service_tier: None,
        key: None,
        payer: "nobody".to_owned(),
        usage: Usage::Reported(Tokens::default()),
        raw_usage: None,
        price: None,
        cost,
        outcome: Outcome::Completed,
        latency: Latency::default(),
        request_id: None,
        tags: BTreeMap::new(),
    }
}

fn usd(nanos: i64) -> Money {
    Money::from_nanos(nanos, Currency::USD)
}

/// It is the afternoon of 21 November 2026, two hours east of Greenwich.
fn setting() -> Setting {
    Setting {
        now: || "2026-11-21T15:00:00Z".parse().unwrap(),
        zone: || TimeZone::fixed(jiff::tz::offset(2)),
        // As long as in reality: a machine that is busy may well hold a lock for a moment.
        patience: Duration::from_secs(1),
        gather: Duration::ZERO,
        rest: Duration::ZERO,
        limit: 100,
        // What another process reserves ahead is not there for this one: that has tests of its own.
        ahead: ahead::Bounds {
            most: 0,
            ..ahead::BOUNDS
        },
    }
}

fn open(path: &Path) -> Ledger {
    Ledger::start(Place::File(path.to_owned()), setting())
}

/// Opens a ledger that waits for nobody's lock for long, for a test that holds the lock itself.
fn open_impatient(path: &Path) -> Ledger {
    let impatient = Setting {
        patience: Duration::from_millis(50),
        ..setting()
    };
    Ledger::start(Place::File(path.to_owned()), impatient)
}

/// Settles a row and returns the totals that follow from it.
fn settle(ledger: &Ledger, cost: Cost, started: &str) -> Totals {
    let (sender, receiver) = mpsc::channel();
    let row = Row {
        id: ledger.next_id(),
        ..row(cost, started)
    };
    ledger.settle(row, move |totals| sender.send(totals).unwrap());
    receiver.recv_timeout(DEADLINE).unwrap()
}

fn settle_now(ledger: &Ledger, nanos: i64) -> Totals {
    settle(ledger, Cost::Priced(usd(nanos)), "2026-11-21T15:00:00Z")
}

#[test]
fn nothing_is_created_before_the_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join("ledger.sqlite3");
    let ledger = open(&path);
    assert_eq!(ledger.state(), State::Ready);
    assert!(ledger.close(DEADLINE));
    assert!(!path.parent().unwrap().exists());
    settle_now(&ledger, 1);
    assert!(path.exists());
}

#[test]
fn a_call_counts_towards_the_local_day_on_which_it_began() {
    let ledger = Ledger::start(Place::Memory, setting());
    settle(&ledger, Cost::Reported(usd(1)), "2026-10-31T21:59:59Z");
    settle(&ledger, Cost::Reported(usd(10)), "2026-10-31T22:00:00Z");
    settle(&ledger, Cost::Reported(usd(100)), "2026-11-20T21:59:59Z");
    settle(&ledger, Cost::Unknown, "2026-11-20T22:00:00Z");
    let totals = settle(&ledger, Cost::Reported(usd(1_000)), "2026-11-20T22:00:00Z");
    assert_eq!(totals.session.cost, [usd(1_111)]);
    assert_eq!(totals.month.cost, [usd(1_110)]);
    assert_eq!(totals.day.cost, [usd(1_000)]);
    assert_eq!((totals.day.calls, totals.day.unpriced), (2, 1));
    assert_eq!(totals.unrecorded, 0);
}

#[test]
fn the_last_handle_to_go_leaves_every_row_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let (sender, receiver) = mpsc::channel();
    {
        let ledger = open(&path);
        for _ in 0..50 {
            let row = Row {
                id: ledger.next_id(),
                ..row(Cost::Free, "2026-11-21T15:00:00Z")
            };
            let sender = sender.clone();
            ledger
                .clone()
                .settle(row, move |_| sender.send(()).unwrap());
        }
    }
    drop(sender);
    assert_eq!(receiver.iter().count(), 50);
    // The thread has told all and is still closing the file, for which it locks it.
    let patient = Setting {
        patience: DEADLINE,
        ..setting()
    };
    let ledger = Ledger::start(Place::File(path), patient);
    assert_eq!(ledger.totals(DEADLINE).unwrap().day.calls, 50);
}

#[test]
fn a_closed_ledger_opens_again_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    settle_now(&ledger, 1);
    assert!(ledger.close(DEADLINE));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "the write-ahead log was folded in: {left:?}");
    assert_eq!(settle_now(&ledger, 2).day.cost, [usd(3)]);
}

#[test]
fn a_caller_that_panics_does_not_stop_the_ledger() {
    let ledger = Ledger::start(Place::Memory, setting());
    ledger.settle(row(Cost::Free, "2026-11-21T15:00:00Z"), |_| {
        panic!("on purpose")
    });
    assert_eq!(settle_now(&ledger, 1).session.calls, 2);
}

#[test]
fn a_session_is_one_process_and_a_day_is_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    settle_now(&open(&path), 5);
    let totals = settle_now(&open(&path), 7);
    assert_eq!(totals.session.cost, [usd(7)]);
    assert_eq!(totals.day.cost, [usd(12)]);
}

/// Corrects a row to this cost and returns the totals that follow from it.
fn correct(ledger: &Ledger, settled: &Row, cost: Cost) -> Totals {
    let (sender, receiver) = mpsc::channel();
    let row = Row {
        cost,
        ..settled.clone()
    };
    ledger.correct(settled.cost, row, move |totals| {
        sender.send(totals).unwrap();
    });
    receiver.recv_timeout(DEADLINE).unwrap()
}

#[test]
fn a_corrected_row_changes_every_total_and_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    settle_now(&ledger, 1_000);
    let guess = Row {
        id: ledger.next_id(),
        ..row(Cost::Estimated(usd(50)), "2026-11-21T15:00:00Z")
    };
    ledger.settle(guess.clone(), |_| {});
    let totals = correct(&ledger, &guess, Cost::Reported(usd(7)));
    for sum in [&totals.session, &totals.day, &totals.month] {
        assert_eq!((&sum.cost[..], sum.calls), (&[usd(1_007)][..], 2));
    }
    assert_eq!(totals.unrecorded, 0);
    assert!(ledger.close(DEADLINE));
    let stored: (String, i64, bool) = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT cost_source, cost_nanos, corrected_us > 0 FROM calls WHERE corrected_us IS NOT NULL",
            [],
            |row| row.try_into(),
        )
        .unwrap();
    assert_eq!(stored, ("reported".to_owned(), 7, true));
}

#[test]
fn a_correction_waits_with_its_row_for_a_file_that_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open_impatient(&path);
    settle_now(&ledger, 1_000);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let unknown = Row {
        id: ledger.next_id(),
        ..row(Cost::Unknown, "2026-11-21T15:00:00Z")
    };
    ledger.settle(unknown.clone(), |_| {});
    let totals = correct(&ledger, &unknown, Cost::Reported(usd(7)));
    assert_eq!(
        (&totals.day.cost[..], totals.day.unpriced),
        (&[usd(1_007)][..], 0)
    );
    assert_eq!((totals.day.calls, totals.unrecorded), (2, 1));
    other.execute_batch("COMMIT").unwrap();
    let totals = ledger.totals(DEADLINE).unwrap();
    assert_eq!(
        (&totals.day.cost[..], totals.unrecorded),
        (&[usd(1_007)][..], 0)
    );
    assert_eq!(totals.session, totals.day);
}

#[test]
fn a_row_is_stored_with_all_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    let full = Row {
        id: ledger.next_id(),
        served_model: Some("m-2026".to_owned()),
        upstream: Some("Azure".to_owned()),
        service_tier: Some("flex".to_owned()),
        raw_usage: RawUsage::of("{\"prompt_tokens\": 3}"),
        key: Some("work".to_owned()),
        latency: Latency {
            first_token: Some(Duration::from_millis(3)),
            total: Duration::from_millis(9),
        },
        outcome: Outcome::Superseded,
        tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
        ..row(Cost::Unknown, "2026-11-21T15:00:00.000001Z")
    };
    ledger.settle(full, |_| {});
    assert!(ledger.close(DEADLINE));
    let stored: (i64, String, String, String, i64, i64, String, Option<i64>, String) = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT started_us, served_model, key_label, outcome, first_token_us, total_us, cost_source, cost_nanos, tags FROM calls",
            [],
            |row| row.try_into(),
        )
        .unwrap();
    assert_eq!(stored.0 % 1_000_000, 1);
    assert_eq!(
        (&*stored.1, &*stored.2, &*stored.3),
        ("m-2026", "work", "superseded")
    );
    let more: (String, String, String, Option<i64>) = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT upstream, service_tier, raw_usage, corrected_us FROM calls",
            [],
            |row| row.try_into(),
        )
        .unwrap();
    assert_eq!((&*more.0, &*more.1), ("Azure", "flex"));
    assert_eq!((&*more.2, more.3), (r#"{"prompt_tokens":3}"#, None));
    assert_eq!((stored.4, stored.5), (3_000, 9_000));
    assert_eq!(
        (&*stored.6, stored.7, &*stored.8),
        ("unknown", None, r#"{"team":"a"}"#)
    );
}

fn any_cost() -> impl Strategy<Value = Cost> {
    let money = (0..1_000_000_000_i64, prop_oneof!["USD", "EUR"])
        .prop_map(|(nanos, code)| Money::from_nanos(nanos, code.parse().unwrap()));
    prop_oneof![
        money.clone().prop_map(Cost::Reported),
        money.clone().prop_map(Cost::Priced),
        money.prop_map(Cost::Estimated),
        Just(Cost::Free),
        Just(Cost::Unknown),
    ]
}

proptest! {
    #![proptest_config(thorough::cases(24))]

    #[test]
    fn settled_rows_sum_to_the_totals(calls in proptest::collection::vec((any_cost(), 0..4_usize), 1..30)) {
        let days = ["2026-10-05", "2026-11-01", "2026-11-20", "2026-11-21"];
        let ledger = Ledger::start(Place::Memory, setting());
        let mut expected = Totals::default();
        let mut last = Totals::default();
        for (cost, day) in calls {
            last = settle(&ledger, cost, &format!("{}T12:00:00Z", days[day]));
            expected.session.add(&cost);
            if day >= 1 {
                expected.month.add(&cost);
            }
            if day == 3 {
                expected.day.add(&cost);
            }
            prop_assert_eq!(&last, &expected);
        }
        prop_assert_eq!(ledger.totals(DEADLINE).unwrap(), last);
    }

    #[test]
    fn a_stored_row_gives_its_stored_cost_again(calls in proptest::collection::vec(any::<[u32; 8]>(), 1..20)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let ledger = open(&path);
        for [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, high, low] in calls {
            let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] =
                [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning].map(u64::from);
            let tokens = Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning };
            let text = usd(low.into()).to_decimal();
            let price = Price::per_million(PerMillion {
                input: &text,
                output: &usd(high.into()).to_decimal(),
                cache_read: Some("0.000000001"),
                cache_write: None,
            }).unwrap();
            let usage = Usage::Reported(tokens);
            let cost = Cost::known(None, Some(&price), &usage);
            let row = Row { id: ledger.next_id(), usage, price: Some(price), ..row(cost, "2026-11-21T15:00:00Z") };
            ledger.settle(row, |_| {});
        }
        prop_assert!(ledger.close(DEADLINE));
        let connection = Connection::open(&path).unwrap();
        let mut select = connection.prepare(
            "SELECT input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,
                reasoning_tokens, price, cost_nanos FROM calls").unwrap();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let count = |column: usize| u64::try_from(row.get_unwrap::<_, i64>(column)).unwrap();
            let tokens = Tokens {
                input: count(0), cache_read: count(1), cache_write_5m: count(2), cache_write_1h: count(3),
                output: count(4), reasoning: count(5),
            };
            let price: Price = serde_json::from_str(&row.get_unwrap::<_, String>(6)).unwrap();
            prop_assert_eq!(price.cost(&tokens).nanos(), row.get_unwrap::<_, i64>(7));
        }
    }
}
