//! What recording a call costs: queueing a row, having it on the disk, and reading totals from a million of them; and what finding
//! a price costs. `cargo bench --bench ledger`; percentiles, which criterion does not give, are printed before its own figures.
#![allow(missing_docs, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use byok_lsp::cost::budget::{AtCap, Cap, Per, Refusal, Scope};
use byok_lsp::cost::ledger::{Latency, Reservation};
use byok_lsp::cost::{
    Budget, Catalogue, Cost, Currency, Ledger, Money, Outcome, Price, Row, Tokens, Usage,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};

const DEADLINE: Duration = Duration::from_mins(1);
const ROWS: u64 = 1_000_000;

fn row(ledger: &Ledger, price: &Price, number: u64) -> Row {
    let usage = Usage::Reported(Tokens {
        input: 1_000 + number % 7,
        output: 40,
        ..Tokens::default()
    });
    // Spread over some sixty days up to now.
    let age = SignedDuration::from_secs(i64::try_from(number % 5_000_000).expect("it is small"));
    Row {
        id: ledger.next_id(),
        decision: None,
        attempt: 1,
        started: Timestamp::now() - age,
        feature: "completion".to_owned(),
        action: None,
        language: Some("rust".to_owned()),
        workspace: Some("/home/someone/projects/example".to_owned()),
        branch: Some("main".to_owned()),
        provider: "openai".to_owned(),
        requested_model: "gpt-4.1-mini".to_owned(),
        served_model: Some("gpt-4.1-mini-2025-04-14".to_owned()),
        upstream: None,
        service_tier: Some("default".to_owned()),
        key: Some("default".to_owned()),
        payer: "your key \"default\"".to_owned(),
        usage,
        raw_usage: None,
        cost: Cost::known(None, Some(price), &usage),
        price: Some(price.clone()),
        outcome: Outcome::Completed,
        latency: Latency::default(),
        request_id: Some("req_0123456789abcdef".to_owned()),
        tags: BTreeMap::new(),
    }
}

fn settle_and_wait(ledger: &Ledger, row: Row) {
    let (sender, receiver) = mpsc::channel();
    ledger.settle(row, move |totals| {
        sender.send(totals).expect("it is awaited");
    });
    black_box(receiver.recv_timeout(DEADLINE).expect("the ledger answers"));
}

/// Fills the ledger in steps that its queue holds.
fn fill(ledger: &Ledger, price: &Price, rows: u64) {
    for first in (0..rows).step_by(5_000) {
        for number in first..(first + 5_000).min(rows) {
            ledger.settle(row(ledger, price, number * 5), |_| {});
        }
        let totals = ledger.totals(DEADLINE).expect("the ledger answers");
        assert_eq!(totals.unrecorded, 0);
    }
}

fn percentiles(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100];
    println!(
        "{what}: p50 {:?}, p99 {:?}, worst {:?}",
        at(50),
        at(99),
        times[times.len() - 1]
    );
}

fn timed(count: u64, mut act: impl FnMut(u64)) -> Vec<Duration> {
    let timed = (0..count).map(|number| {
        let start = Instant::now();
        act(number);
        start.elapsed()
    });
    timed.collect()
}

fn price() -> Price {
    let price = Catalogue::embedded().price("openai", "gpt-4.1-mini", Timestamp::now());
    price.expect("the catalogue has it")
}

/// The resident set in kilobytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn catalogue(criterion: &mut Criterion) {
    let before = resident();
    let start = Instant::now();
    let price = price();
    println!(
        "first price of the process: {:?}; resident before {before:?} kB, after {:?} kB",
        start.elapsed(),
        resident()
    );
    let mut number = 0;
    criterion.bench_function("price/a model not asked for before", |bencher| {
        bencher.iter(|| {
            number += 1;
            Catalogue::embedded().price(
                "openai",
                &format!("gpt-4.1-mini-{number}"),
                Timestamp::UNIX_EPOCH,
            )
        });
    });
    criterion.bench_function("price/a model asked for before", |bencher| {
        bencher
            .iter(|| Catalogue::embedded().price("openai", "gpt-4.1-mini", Timestamp::UNIX_EPOCH));
    });
    let tokens = Tokens {
        input: 1_000,
        output: 40,
        ..Tokens::default()
    };
    criterion.bench_function("price/cost of a call", |bencher| {
        bencher.iter(|| price.cost(black_box(&tokens)));
    });
}

fn settle(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let price = price();
    let ledger = Ledger::open(&folder.path().join("ledger"));
    settle_and_wait(&ledger, row(&ledger, &price, 0));
    let times = timed(5_000, |number| {
        let row = row(&ledger, &price, number);
        ledger.settle(row, |_| {});
    });
    percentiles(
        "settle, as its caller sees it, under a burst of 5,000",
        times,
    );
    let times = timed(5_000, |number| {
        settle_and_wait(&ledger, row(&ledger, &price, number));
    });
    percentiles("settle, one by one, until the totals are told", times);
    let mut group = criterion.benchmark_group("settle");
    group
        .throughput(Throughput::Elements(1_000))
        .sample_size(20);
    group.bench_function("a thousand rows at once", |bencher| {
        bencher.iter(|| fill(&ledger, &price, 1_000));
    });
    group.finish();
}

/// A day's, a month's and an hour's cap, and one on a provider, all far away.
fn budget() -> Arc<Budget> {
    let cap = |per: Per, provider: Option<&str>| Cap {
        name: per.name().into(),
        amount: Money::from_nanos(i64::MAX / 4, Currency::USD),
        per,
        scope: Scope {
            provider: provider.map(str::to_owned),
            ..Scope::default()
        },
        at: AtCap::Hard,
    };
    let caps = [Per::Day, Per::Month, Per::Hour].map(|per| cap(per, None));
    Arc::new(Budget {
        caps: caps
            .into_iter()
            .chain([cap(Per::Day, Some("openai"))])
            .collect(),
        ..Budget::default()
    })
}

/// What the ledger adds to one call: its reservation, which it waits for, and queueing its row.
fn reserve_and_settle(
    runtime: &tokio::runtime::Runtime,
    ledger: &Ledger,
    price: &Price,
    budget: &Arc<Budget>,
) {
    let mut row = row(ledger, price, 0);
    row.started = Timestamp::now();
    let reservation = Reservation {
        row: row.clone(),
        budget: budget.clone(),
        has_consent: false,
    };
    let reserved = runtime.block_on(ledger.reserve(reservation));
    let held = reserved
        .expect("there is room")
        .0
        .expect("it costs something");
    ledger.settle(row, |_| {});
    held.settled();
}

/// Makes calls with a pause between them: half a millisecond is a storm, ten milliseconds ten times as fast as anybody types.
fn overhead(path: &Path, calls: u64, pause: Duration) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime");
    let (price, budget, ledger) = (price(), budget(), Ledger::open(path));
    reserve_and_settle(&runtime, &ledger, &price, &budget);
    let calls = (0..calls).map(|_| {
        std::thread::sleep(pause);
        let start = Instant::now();
        reserve_and_settle(&runtime, &ledger, &price, &budget);
        start.elapsed()
    });
    calls.collect()
}

fn reserve(_: &mut Criterion) {
    for (pace, pause, calls) in [
        ("100 calls a second", Duration::from_millis(10), 1_000),
        ("as fast as it goes", Duration::from_micros(500), 5_000),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ledger");
        percentiles(
            &format!("reserve under four caps and queue the row, {pace}"),
            overhead(&path, calls, pause),
        );
        let others: Vec<_> = (0..3)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || overhead(&path, calls, pause))
            })
            .collect();
        percentiles(
            "the same while three others do so too",
            overhead(&path, calls, pause),
        );
        for other in others {
            drop(other.join());
        }
    }
    storms();
}

/// How many ledgers, each as a server of its own has one, and how many calls each is asked to reserve at the same moment.
const SERVERS: usize = 4;
const CALLS: usize = 100;
const STORMS: usize = 20;

/// A hundred calls at the same moment in each of four servers, as no editor makes them, again and again: with room for all of them, and at the
/// edge of one cap, which a few fit.
fn storms() {
    for fit in [SERVERS * CALLS, 37] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ledger");
        let barrier = Barrier::new(SERVERS);
        let mut times = Vec::new();
        let mut granted = 0;
        std::thread::scope(|scope| {
            let servers: Vec<_> = (0..SERVERS)
                .map(|_| scope.spawn(|| storm(&path, fit, &barrier)))
                .collect();
            for server in servers {
                let (of_server, count) = server.join().expect("it ends");
                times.extend(of_server);
                granted += count;
            }
        });
        let all = fit * STORMS;
        assert!(granted <= all, "the cap is kept");
        // What one server reserves ahead of its calls may keep a few of another's back at the edge of a cap.
        assert!(granted * 10 >= all * 9, "{granted} of {all} that fit");
        percentiles(
            &format!(
                "reserve and queue the row, {SERVERS} servers with {CALLS} calls each at the same moment, of which {fit} fit the cap, {STORMS} times, {granted} of {all} let through"
            ),
            times,
        );
    }
}

/// One server's part in all storms: how long each call waited for the ledger, and how many were let through.
fn storm(path: &Path, fit: usize, barrier: &Barrier) -> (Vec<Duration>, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime");
    let (price, ledger) = (price(), Ledger::open(path));
    settle_and_wait(&ledger, row(&ledger, &price, 5_000_000 - 1));
    let one = async |ledger: Ledger, row: Row, budget: Arc<Budget>| {
        let reservation = Reservation {
            row: row.clone(),
            budget,
            has_consent: false,
        };
        let start = Instant::now();
        let reserved = ledger.reserve(reservation).await;
        let waited = start.elapsed();
        let held = match reserved {
            Ok((held, _)) => held.expect("it costs something"),
            Err(Refusal::Cap { .. }) => return (waited, false),
            Err(other) => panic!("{other:?}"),
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
        let start = Instant::now();
        ledger.settle(row, |_| {});
        held.settled();
        (waited + start.elapsed(), true)
    };
    let (mut times, mut granted) = (Vec::new(), 0);
    for number in 1..=STORMS {
        let mut row = row(&ledger, &price, 0);
        row.started = Timestamp::now();
        let each = row.cost.amount().expect("it costs something").nanos();
        let most = i64::try_from(number * fit).expect("it is small") * each;
        let budget = edge(most);
        barrier.wait();
        let calls: Vec<_> = (0..CALLS)
            .map(|_| {
                row.id = ledger.next_id();
                runtime.spawn(one(ledger.clone(), row.clone(), budget.clone()))
            })
            .collect();
        for call in calls {
            let (waited, is_granted) = runtime.block_on(call).expect("it ends");
            times.push(waited);
            granted += usize::from(is_granted);
        }
        // All rows are written before the next, whoever wrote them.
        ledger.totals(DEADLINE).expect("the ledger answers");
        barrier.wait();
    }
    (times, granted)
}

/// A cap on the month, of so much.
fn edge(nanos: i64) -> Arc<Budget> {
    Arc::new(Budget {
        caps: vec![Cap {
            name: "edge".into(),
            amount: Money::from_nanos(nanos, Currency::USD),
            per: Per::Month,
            scope: Scope::default(),
            at: AtCap::Hard,
        }],
        ..Budget::default()
    })
}

fn million(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ledger");
    let price = price();
    let ledger = Ledger::open(&path);
    let start = Instant::now();
    fill(&ledger, &price, ROWS);
    let took = start.elapsed();
    assert!(ledger.close(DEADLINE));
    println!(
        "a million rows: written in {took:?}, {} MB on the disk",
        size(&path)
    );
    let start = Instant::now();
    let ledger = Ledger::open(&path);
    black_box(ledger.totals(DEADLINE).expect("the ledger answers"));
    println!(
        "totals of a million rows, the file opened for them: {:?}",
        start.elapsed()
    );
    percentiles(
        "totals of a million rows",
        timed(2_000, |_| drop(black_box(ledger.totals(DEADLINE)))),
    );
    percentiles(
        "settle among a million rows, until the totals are told",
        timed(2_000, |number| {
            settle_and_wait(&ledger, row(&ledger, &price, number));
        }),
    );
    criterion.bench_function("totals of a million rows", |bencher| {
        bencher.iter(|| ledger.totals(DEADLINE));
    });
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len() / 1_000_000)
}

criterion_group!(benches, catalogue, reserve, settle, million);
criterion_main!(benches);
