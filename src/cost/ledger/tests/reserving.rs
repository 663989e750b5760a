//! Reservations: caps hold at every moment, for several handles on one file, and nothing is left of those that are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::cost::budget::{AtCap, Budget, Cap, CapState, Per, Refusal, Scope, WhenUnsure};

const NOON: &str = "2026-11-21T15:00:00Z";

pub(super) fn cap(nanos: i64, per: Per, at: AtCap) -> Cap {
    Cap {
        name: per.name().into(),
        amount: usd(nanos),
        per,
        scope: Scope::default(),
        at,
    }
}

pub(super) fn budget(caps: impl Into<Vec<Cap>>) -> Arc<Budget> {
    Arc::new(Budget {
        caps: caps.into(),
        ..Budget::default()
    })
}

/// The row of a call that may cost this much.
pub(super) fn call(ledger: &Ledger, nanos: i64, started: &str) -> Row {
    Row {
        id: ledger.next_id(),
        ..row(Cost::Estimated(usd(nanos)), started)
    }
}

pub(super) type Answer = Result<(Option<Held>, Vec<Standing>), Refusal>;

pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

/// What is reserved for a call whose user was not asked for anything.
pub(super) fn reservation(budget: &Arc<Budget>, row: Row) -> Reservation {
    Reservation {
        row,
        budget: budget.clone(),
        has_consent: false,
    }
}

pub(super) fn reserve_row(ledger: &Ledger, budget: &Arc<Budget>, row: Row) -> Answer {
    wait(ledger.reserve(reservation(budget, row)))
}

pub(super) fn reserve(ledger: &Ledger, budget: &Arc<Budget>, nanos: i64) -> Answer {
    reserve_row(ledger, budget, call(ledger, nanos, NOON))
}

/// Settles a call that was reserved.
pub(super) fn settle_held(ledger: &Ledger, row: Row, held: Held) {
    let (sender, receiver) = mpsc::channel();
    ledger.settle(row, move |_| sender.send(()).unwrap());
    held.settled();
    receiver.recv_timeout(DEADLINE).unwrap();
}

pub(super) fn standing_of(ledger: &Ledger, budget: &Arc<Budget>) -> (i64, i64, CapState) {
    let standings = wait(ledger.standings(budget.clone()));
    let standing = &standings[0];
    (
        standing.spent.nanos(),
        standing.reserved.nanos(),
        standing.state,
    )
}

#[test]
fn what_is_reserved_by_one_is_not_there_for_another_until_it_is_settled_or_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let (one, other) = (open(&path), open(&path));
    let budget = budget([cap(100, Per::Day, AtCap::Hard)]);
    let row = call(&one, 60, NOON);
    let (held, _) = reserve_row(&one, &budget, row.clone()).unwrap();
    let Err(Refusal::Cap { standing, worst }) = reserve(&other, &budget, 41) else {
        panic!("it must not fit");
    };
    assert_eq!((standing.reserved, worst), (usd(60), usd(41)));
    assert_eq!(standing_of(&other, &budget), (0, 60, CapState::Reached));
    let (fits, _) = reserve(&other, &budget, 40).unwrap();
    drop(fits);
    let settled = Row {
        cost: Cost::Priced(usd(25)),
        ..row
    };
    settle_held(&one, settled, held.unwrap());
    assert_eq!(standing_of(&other, &budget), (25, 0, CapState::Ok));
    assert!(reserve(&other, &budget, 75).is_ok());
    assert!(reserve(&other, &budget, 76).is_err());
}

#[test]
fn what_a_used_up_cap_refuses_waits_for_nobody_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    let budget = budget([cap(100, Per::Day, AtCap::Hard)]);
    let row = call(&ledger, 60, NOON);
    let (held, _) = reserve_row(&ledger, &budget, row.clone()).unwrap();
    assert!(matches!(
        reserve(&ledger, &budget, 41),
        Err(Refusal::Cap { .. })
    ));
    let holder = rusqlite::Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(
        reserve(&ledger, &budget, 41),
        Err(Refusal::Cap { .. })
    ));
    drop(holder);
    // What fits is reserved as ever, and what makes room is seen.
    assert!(reserve(&ledger, &budget, 40).is_ok());
    settle_held(&ledger, row, held.unwrap());
    assert!(matches!(
        reserve(&ledger, &budget, 41),
        Err(Refusal::Cap { .. })
    ));
    drop(reserve(&ledger, &budget, 40).unwrap());
    assert!(reserve(&ledger, &budget, 40).is_ok());
}

#[test]
fn what_is_reserved_along_with_others_leaves_the_thread_ready_to_be_woken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    let budget = budget([cap(100, Per::Day, AtCap::Hard)]);
    drop(reserve(&ledger, &budget, 1).unwrap());
    ledger.totals(DEADLINE).unwrap();
    let holder = rusqlite::Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let one = |nanos| {
        let (ledger, budget) = (ledger.clone(), budget.clone());
        async move {
            let row = call(&ledger, nanos, NOON);
            ledger.reserve(reservation(&budget, row)).await
        }
    };
    wait(async {
        let first = tokio::spawn(one(1));
        tokio::task::yield_now().await;
        // The thread has taken it, and waits for the one who writes.
        while !lock(&ledger.shared.queue).commands.is_empty() {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn(one(2));
        tokio::task::yield_now().await;
        assert_eq!(lock(&ledger.shared.queue).commands.len(), 1);
        drop(holder);
        assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok());
        assert!(one(3).await.is_ok());
    });
}

#[test]
fn a_reservation_that_nobody_waits_for_any_more_is_given_back() {
    let ledger = Ledger::start(Place::Memory, setting());
    let budget = budget([cap(100, Per::Day, AtCap::Hard)]);
    let waiting = ledger.reserve(Reservation {
        row: call(&ledger, 100, NOON),
        budget: budget.clone(),
        has_consent: false,
    });
    wait(async {
        let mut waiting = std::pin::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
    });
    // The thread may have answered before or after it was dropped.
    ledger.totals(DEADLINE).unwrap();
    assert_eq!(standing_of(&ledger, &budget), (0, 0, CapState::Ok));
}

#[test]
fn caps_count_by_session_hour_day_and_month() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    for (cost, started) in [
        (1_000, "2026-10-31T12:00:00Z"),
        (100, "2026-11-20T12:00:00Z"),
        (10, "2026-11-21T13:59:59Z"),
        (1, "2026-11-21T14:59:59Z"),
    ] {
        settle(&open(&path), Cost::Priced(usd(cost)), started);
    }
    let ledger = open(&path);
    settle(&ledger, Cost::Priced(usd(7)), NOON);
    let spans = [Per::Session, Per::Hour, Per::Day, Per::Month];
    let budget = budget(spans.map(|per| cap(5_000, per, AtCap::Hard)));
    let standings = wait(ledger.standings(budget));
    let spent: Vec<i64> = standings.iter().map(|it| it.spent.nanos()).collect();
    assert_eq!(spent, [7, 7, 18, 118]);
}

#[test]
fn a_cap_counts_the_calls_of_its_scope_alone() {
    let ledger = Ledger::start(Place::Memory, setting());
    let scoped = Cap {
        scope: Scope {
            feature: Some("action".into()),
            environment: Some("work".into()),
            ..Scope::default()
        },
        ..cap(100, Per::Month, AtCap::Hard)
    };
    let budget = budget([scoped]);
    let of = |feature: &str, environment: &str, nanos| Row {
        feature: feature.into(),
        tags: BTreeMap::from([("environment".into(), environment.into())]),
        ..call(&ledger, nanos, NOON)
    };
    let free = reserve_row(&ledger, &budget, of("completion", "work", 500));
    let held = reserve_row(&ledger, &budget, of("action", "work", 90)).unwrap();
    assert_eq!(standing_of(&ledger, &budget), (0, 90, CapState::Ok));
    assert!(reserve_row(&ledger, &budget, of("action", "work", 11)).is_err());
    assert!(reserve_row(&ledger, &budget, of("action", "home", 11)).is_ok());
    drop((free, held));
    let settled = |feature: &str, environment: &str, nanos| {
        let row = of(feature, environment, nanos);
        ledger.settle(row, |_| {});
    };
    settled("completion", "work", 30);
    settled("action", "work", 20);
    assert_eq!(standing_of(&ledger, &budget), (20, 0, CapState::Ok));
}

#[test]
fn a_soft_cap_warns_once_and_holds_nothing_back() {
    let ledger = Ledger::start(Place::Memory, setting());
    let budget = budget([cap(100, Per::Day, AtCap::Soft)]);
    let warned: Vec<usize> = [60, 60, 60]
        .map(|nanos| {
            let (held, soft) = reserve(&ledger, &budget, nanos).unwrap();
            std::mem::forget(held);
            soft.len()
        })
        .into();
    assert_eq!(warned, [0, 1, 0]);
    assert_eq!(standing_of(&ledger, &budget), (0, 180, CapState::Warned));
}

#[test]
fn a_cap_that_asks_lets_pass_what_has_consent_and_one_that_degrades_its_own_model() {
    let ledger = Ledger::start(Place::Memory, setting());
    let ask = budget([cap(100, Per::Day, AtCap::Ask)]);
    let refusal = reserve(&ledger, &ask, 101).err().unwrap();
    assert!(refusal.may_be_asked());
    let consented = wait(ledger.reserve(Reservation {
        row: call(&ledger, 101, NOON),
        budget: ask,
        has_consent: true,
    }));
    assert!(consented.is_ok());
    let at = AtCap::Degrade {
        provider: "mock".into(),
        model: "small".into(),
    };
    let degrade = budget([cap(50, Per::Day, at)]);
    let refusal = reserve(&ledger, &degrade, 10).err().unwrap();
    assert_eq!(refusal.instead(), Some(("mock", "small")));
    let small = Row {
        requested_model: "small".into(),
        ..call(&ledger, 10, NOON)
    };
    assert!(reserve_row(&ledger, &degrade, small).is_ok());
}

#[test]
fn a_call_in_a_currency_without_a_rate_is_refused_and_one_with_a_rate_counts() {
    let ledger = Ledger::start(Place::Memory, setting());
    let eur: Currency = "EUR".parse().unwrap();
    let plain = budget([cap(100, Per::Day, AtCap::Hard)]);
    let call = |nanos| Row {
        cost: Cost::Estimated(Money::from_nanos(nanos, eur)),
        ..call(&ledger, 0, NOON)
    };
    let refusal = reserve_row(&ledger, &plain, call(1)).err();
    assert!(matches!(refusal, Some(Refusal::Currency { .. })));
    let with_rate = Arc::new(Budget {
        exchange: BTreeMap::from([(eur, "2 USD".parse().unwrap())]),
        ..(*plain).clone()
    });
    let (held, _) = reserve_row(&ledger, &with_rate, call(40)).unwrap();
    assert!(reserve_row(&ledger, &with_rate, call(11)).is_err());
    assert_eq!(standing_of(&ledger, &with_rate), (0, 80, CapState::Reached));
    drop(held);
}

#[test]
fn what_a_dead_process_had_reserved_is_booked_as_the_most_it_can_have_cost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let budget = budget([cap(100, Per::Day, AtCap::Hard)]);
    let one = open(&path);
    let row = call(&one, 60, NOON);
    let (held, _) = reserve_row(&one, &budget, row.clone()).unwrap();
    let connection = Connection::open(&path).unwrap();
    let count = |table: &str| -> i64 {
        let select = format!("SELECT count(*) FROM {table}");
        connection.query_row(&select, [], |row| row.get(0)).unwrap()
    };
    // One that lives is left alone.
    assert_eq!(standing_of(&open(&path), &budget), (0, 60, CapState::Ok));
    // As if its file had gone with it.
    connection
        .execute("UPDATE reservations SET owner = 'gone'", [])
        .unwrap();
    let other = open(&path);
    assert_eq!(standing_of(&other, &budget), (60, 0, CapState::Ok));
    assert_eq!((count("reservations"), count("calls")), (0, 1));
    // Should it live after all, what it books takes the place of what was booked for it.
    let settled = Row {
        cost: Cost::Priced(usd(5)),
        ..row
    };
    settle_held(&one, settled, held.unwrap());
    assert_eq!(standing_of(&other, &budget), (5, 0, CapState::Ok));
    assert_eq!(count("calls"), 1);
}

#[test]
fn a_ledger_that_cannot_be_used_refuses_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let budget = budget([cap(100, Per::Day, AtCap::Hard)]);
    let Some(Refusal::Unsure(reason)) = reserve(&open(&path), &budget, 1).err() else {
        panic!("nobody knows what was spent");
    };
    assert!(reason.contains("newer byok-lsp"), "{reason}");
}

#[test]
fn a_damaged_ledger_holds_back_what_its_caps_cover_until_the_loss_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    std::fs::write(&path, "this was never a database. ".repeat(400)).unwrap();
    let day = budget([cap(100, Per::Day, AtCap::Hard)]);
    // Whoever looks first, and whoever comes later.
    for ledger in [open(&path), open(&path)] {
        let refusal = reserve(&ledger, &day, 1).err();
        let Some(Refusal::Unsure(reason)) = &refusal else {
            panic!("nobody knows what was spent: {refusal:?}");
        };
        assert!(reason.contains("the cap \"day\""), "{reason}");
        assert!(reason.contains("usage --accept-loss"), "{reason}");
    }
    let ledger = open(&path);
    // What does not reach back before the damage is not held back, nor is what the user lets pass.
    for per in [Per::Request, Per::Session] {
        assert!(reserve(&ledger, &budget([cap(100, per, AtCap::Hard)]), 1).is_ok());
    }
    assert!(reserve(&ledger, &budget([cap(100, Per::Day, AtCap::Soft)]), 1).is_ok());
    let allowing = Arc::new(Budget {
        when_unsure: WhenUnsure::Allow,
        ..Budget::clone(&day)
    });
    assert!(reserve(&ledger, &allowing, 1).is_ok());
    assert!(
        matches!(reserve(&ledger, &allowing, 101), Err(Refusal::Cap { .. })),
        "what is known is measured all the same"
    );
    // The next day knows all about itself, the month does not, and neither the hour of the damage.
    let next = |per| {
        let row = call(&ledger, 1, "2026-11-22T15:00:00Z");
        reserve_row(&ledger, &budget([cap(100, per, AtCap::Hard)]), row).is_ok()
    };
    assert!(next(Per::Day) && next(Per::Hour) && !next(Per::Month));
    assert!(reserve(&ledger, &budget([cap(100, Per::Hour, AtCap::Hard)]), 1).is_err());
    let damaged = ledger.accept_loss(DEADLINE).unwrap();
    assert!(damaged[0].contains(".damaged-"), "{damaged:?}");
    assert!(reserve(&ledger, &day, 1).is_ok() && next(Per::Month));
    assert!(ledger.accept_loss(DEADLINE).unwrap().is_empty());
}

#[test]
fn a_locked_ledger_refuses_and_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open_impatient(&path);
    settle_now(&ledger, 1);
    let budget = budget([cap(100, Per::Day, AtCap::Hard)]);
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refusal = reserve(&ledger, &budget, 1).err();
    assert!(matches!(refusal, Some(Refusal::Unsure(_))), "{refusal:?}");
    holder.execute_batch("ROLLBACK").unwrap();
    assert!(reserve(&ledger, &budget, 1).is_ok());
}

/// What may happen to a call, in any order and by any of several handles.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Reserve {
        by: usize,
        nanos: i64,
    },
    /// Settles one that is under way, for a share of what it may cost, in percent.
    Settle {
        which: usize,
        percent: i64,
    },
    GiveBack {
        which: usize,
    },
}

pub(super) fn step(dearest: i64) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_usize, 1..dearest).prop_map(|(by, nanos)| Step::Reserve { by, nanos }),
        2 => (0..8_usize, 0..=100_i64).prop_map(|(which, percent)| Step::Settle { which, percent }),
        1 => (0..8_usize).prop_map(|which| Step::GiveBack { which }),
    ]
}

proptest! {
    #![proptest_config(thorough::cases(24))]
    #[test]
    fn what_is_settled_and_reserved_is_within_every_cap_at_every_moment(
        steps in prop::collection::vec(step(60), 1..40),
        day in 50..200_i64,
        hour in 50..200_i64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let budget = budget([cap(day, Per::Day, AtCap::Hard), cap(hour, Per::Hour, AtCap::Hard)]);
        let ledgers = [open(&path), open(&path), open(&path)];
        let mut running: Vec<(usize, Row, Held)> = Vec::new();
        let mut spent = 0;
        for step in steps {
            let reserved: i64 = running.iter().map(|(_, row, _)| row.cost.amount().unwrap().nanos()).sum();
            match step {
                Step::Reserve { by, nanos } => {
                    let row = call(&ledgers[by], nanos, NOON);
                    let fits = spent + reserved + nanos <= day.min(hour);
                    let answer = reserve_row(&ledgers[by], &budget, row.clone());
                    prop_assert_eq!(answer.is_ok(), fits);
                    if let Ok((Some(held), _)) = answer {
                        running.push((by, row, held));
                    }
                }
                Step::Settle { which, percent } if which < running.len() => {
                    let (by, row, held) = running.swap_remove(which);
                    let nanos = row.cost.amount().unwrap().nanos() * percent / 100;
                    spent += nanos;
                    settle_held(&ledgers[by], Row { cost: Cost::Priced(usd(nanos)), ..row }, held);
                }
                Step::GiveBack { which } if which < running.len() => drop(running.swap_remove(which)),
                Step::Settle { .. } | Step::GiveBack { .. } => {}
            }
            // Giving back is told to the threads; those that gave back have done so once they answer.
            let standings = ledgers.each_ref().map(|ledger| wait(ledger.standings(budget.clone())));
            for standing in &standings[2] {
                let used = standing.spent.nanos() + standing.reserved.nanos();
                prop_assert!(used <= standing.cap.amount.nanos(), "{:?}", standing);
                prop_assert_eq!(standing.spent.nanos(), spent);
            }
        }
        drop(running);
        for ledger in &ledgers {
            wait(ledger.standings(budget.clone()));
        }
        let connection = Connection::open(&path).unwrap();
        let left: i64 = connection.query_row("SELECT count(*) FROM reservations", [], |row| row.get(0)).unwrap();
        prop_assert_eq!(left, 0);
    }
}
