//! Reservations that are made ahead of their calls: nobody waits for them, and they break no cap.

use super::reserving::{
    Step, budget, call, cap, reservation, reserve, reserve_row, settle_held, standing_of, step,
    wait,
};
use super::*;
use crate::cost::budget::{AtCap, CapState, Per, Refusal};

const NOON: &str = "2026-11-21T15:00:00Z";

/// All calls come thick and fast, and what is reserved ahead waits for as long as any test takes.
const BOUNDS: ahead::Bounds = ahead::Bounds {
    most: 8,
    burst: DEADLINE,
    idle: DEADLINE,
};

fn open_ahead(path: &Path, bounds: ahead::Bounds) -> Ledger {
    let setting = Setting {
        ahead: bounds,
        ..setting()
    };
    Ledger::start(Place::File(path.to_owned()), setting)
}

/// A folder, and a ledger in it with two calls under way, so that more are reserved for.
fn in_burst(cap_nanos: i64) -> (tempfile::TempDir, Ledger, Arc<Budget>, [Held; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open_ahead(&folder.path().join("l"), BOUNDS);
    let budget = budget([cap(cap_nanos, Per::Day, AtCap::Hard)]);
    let held = [0, 1].map(|_| reserve(&ledger, &budget, 1).unwrap().0.unwrap());
    (folder, ledger, budget, held)
}

/// Returns how many reservations stand on the disk.
fn left(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    let count = connection.query_row("SELECT count(*) FROM reservations", [], |row| row.get(0));
    count.unwrap()
}

#[test]
fn a_call_in_a_burst_waits_neither_for_the_thread_nor_for_whoever_writes() {
    let (folder, ledger, budget, held) = in_burst(1_000);
    let holder = Connection::open(folder.path().join("l")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let row = call(&ledger, 1, NOON);
    let mut waiting = std::pin::pin!(ledger.reserve(reservation(&budget, row.clone())));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok((Some(third), _))) = waiting.as_mut().poll(&mut context) else {
        panic!("it is reserved for already");
    };
    drop(holder);
    // Two and eight; the third is one of the eight.
    assert_eq!(standing_of(&ledger, &budget), (0, 10, CapState::Ok));
    settle_held(&ledger, row, third);
    assert_eq!(standing_of(&ledger, &budget), (1, 9, CapState::Ok));
    drop(held);
    assert_eq!(standing_of(&ledger, &budget), (1, 7, CapState::Ok));
}

#[test]
fn a_call_whose_reservation_was_made_ahead_gives_it_back_and_leaves_nothing() {
    let (folder, ledger, budget, held) = in_burst(1_000);
    let third = reserve(&ledger, &budget, 1).unwrap();
    drop((third, held));
    assert!(ledger.close(DEADLINE));
    assert_eq!(left(&folder.path().join("l")), 0);
}

#[test]
fn a_sixteenth_of_what_a_cap_has_left_is_reserved_ahead_at_most_and_eight_calls() {
    for (cap_nanos, expected) in [(1_000, 8), (100, 6), (18, 1), (17, 0)] {
        let (folder, _ledger, budget, _held) = in_burst(cap_nanos);
        let other = open(&folder.path().join("l"));
        let (_, reserved, _) = standing_of(&other, &budget);
        assert_eq!(reserved, 2 + expected, "a cap of {cap_nanos}");
    }
}

#[test]
fn calls_that_do_not_come_thick_and_fast_are_reserved_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let calm = ahead::Bounds {
        burst: Duration::ZERO,
        ..BOUNDS
    };
    let ledger = open_ahead(&folder.path().join("l"), calm);
    let budget = budget([cap(1_000, Per::Day, AtCap::Hard)]);
    let held = [0, 1, 2].map(|_| reserve(&ledger, &budget, 1).unwrap());
    assert_eq!(standing_of(&ledger, &budget), (0, 3, CapState::Ok));
    drop(held);
}

#[test]
fn what_no_call_came_for_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let at_once = ahead::Bounds {
        idle: Duration::ZERO,
        ..BOUNDS
    };
    let ledger = open_ahead(&folder.path().join("l"), at_once);
    let budget = budget([cap(1_000, Per::Day, AtCap::Hard)]);
    let held = [0, 1].map(|_| reserve(&ledger, &budget, 1).unwrap());
    assert_eq!(standing_of(&ledger, &budget), (0, 2, CapState::Ok));
    assert!(lock(&ledger.shared.ahead).is_empty());
    drop(held);
}

#[test]
fn before_a_call_is_refused_what_is_reserved_ahead_is_given_back() {
    // Of its own kind, and of another.
    for feature in ["completion", "action"] {
        let (_folder, ledger, budget, _held) = in_burst(100);
        let large = |nanos| Row {
            feature: feature.into(),
            ..call(&ledger, nanos, NOON)
        };
        let refused = reserve_row(&ledger, &budget, large(99));
        assert!(matches!(refused, Err(Refusal::Cap { .. })), "{feature}");
        let held = reserve_row(&ledger, &budget, large(98));
        assert!(held.is_ok(), "{feature}");
        assert_eq!(standing_of(&ledger, &budget).1, 100, "{feature}");
    }
}

#[test]
fn a_call_that_comes_while_more_is_reserved_ahead_is_answered() {
    // The second fits only where what is ahead of other calls is given back.
    for (feature, nanos) in [("completion", 2), ("action", 994)] {
        let (folder, ledger, budget, _held) = in_burst(1_000);
        let reserve = |row| {
            let (ledger, reservation) = (ledger.clone(), reservation(&budget, row));
            async move { ledger.reserve(reservation).await }
        };
        let holder = Connection::open(folder.path().join("l")).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        wait(async {
            let mut taken = Vec::new();
            for _ in 0..4 {
                taken.push(reserve(call(&ledger, 1, NOON)).await.unwrap());
            }
            // Four are left. The thread has heard that they are few, and waits for the one who writes.
            while !lock(&ledger.shared.queue).commands.is_empty() {
                tokio::task::yield_now().await;
            }
            let row = Row {
                feature: feature.into(),
                ..call(&ledger, nanos, NOON)
            };
            let answer = tokio::spawn(reserve(row));
            tokio::task::yield_now().await;
            assert_eq!(lock(&ledger.shared.queue).commands.len(), 1, "{feature}");
            drop(holder);
            let answer = answer.await.unwrap();
            assert!(answer.is_ok(), "{feature}: {:?}", answer.err());
            drop(taken);
        });
    }
}

#[test]
fn a_ledger_that_is_closed_in_a_burst_leaves_nothing_ahead_of_its_calls() {
    let (folder, ledger, budget, _held) = in_burst(1_000);
    let holder = Connection::open(folder.path().join("l")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The thread waits for the one who writes; behind that it is to reserve more, one by one as well, and to close.
    ledger.settle(call(&ledger, 1, NOON), |_| {});
    while !lock(&ledger.shared.queue).commands.is_empty() {
        std::thread::yield_now();
    }
    let _taken = [0; 4].map(|_| reserve(&ledger, &budget, 1).unwrap());
    let mut asking = std::pin::pin!(ledger.reserve(reservation(&budget, call(&ledger, 2, NOON))));
    let (sender, closed) = mpsc::channel();
    let asked = wait(async {
        assert!(futures_util::poll!(&mut asking).is_pending());
        ledger.send(Command::Close(sender));
        drop(holder);
        asking.await
    });
    assert!(closed.recv_timeout(DEADLINE).unwrap());
    assert!(asked.is_ok());
    let left = left(&folder.path().join("l"));
    assert_eq!(left, 7, "as many as there are calls");
}

/// Whether a call finds what is reserved for it already.
fn taken(ledger: &Ledger, row: Row, budget: &Arc<Budget>) -> bool {
    let wanted = reserve::Wanted {
        moment: moment::Moment::of(row.started, &(setting().zone)()),
        amount: row.cost.amount().unwrap(),
        row,
        budget: budget.clone(),
        has_consent: false,
        in_burst: false,
    };
    let found = ledger.find(&wanted, std::time::Instant::now());
    matches!(found, ahead::Found::Spare(_))
}

#[test]
fn what_is_reserved_ahead_is_for_calls_that_fit_it_alone() {
    let (_folder, ledger, day, _held) = in_burst(1_000);
    // A dearer one, another day, other caps, another kind: each is measured by itself.
    let tomorrow = call(&ledger, 1, "2026-11-22T15:00:00Z");
    let other = Row {
        requested_model: "other".into(),
        ..call(&ledger, 1, NOON)
    };
    let strict = budget([
        cap(1_000, Per::Day, AtCap::Hard),
        cap(0, Per::Request, AtCap::Hard),
    ]);
    let again = budget([cap(1_000, Per::Day, AtCap::Hard)]);
    assert!(!taken(&ledger, call(&ledger, 2, NOON), &day), "dearer");
    assert!(!taken(&ledger, tomorrow, &day), "another day");
    assert!(!taken(&ledger, other, &day), "another model");
    assert!(
        !taken(&ledger, call(&ledger, 1, NOON), &again),
        "other caps"
    );
    assert!(
        !taken(&ledger, call(&ledger, 1, NOON), &strict),
        "a request"
    );
    assert!(
        taken(&ledger, call(&ledger, 1, NOON), &day),
        "one like them"
    );
}

#[test]
fn a_ledger_in_trouble_lets_nothing_go_on_by_what_was_reserved_ahead() {
    let (_folder, ledger, budget, _held) = in_burst(1_000);
    ledger.shared.set_state(State::Degraded {
        reason: "the disk is full".into(),
    });
    assert!(!taken(&ledger, call(&ledger, 1, NOON), &budget));
    ledger.shared.set_state(State::Ready);
    assert!(taken(&ledger, call(&ledger, 1, NOON), &budget));
}

proptest! {
    #![proptest_config(thorough::cases(24))]
    #[test]
    fn in_bursts_too_what_is_settled_and_reserved_is_within_every_cap_and_who_is_refused_would_break_one(
        steps in prop::collection::vec(step(12), 1..60),
        day in 50..400_i64,
        session in 50..400_i64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let budget = budget([cap(day, Per::Day, AtCap::Hard), cap(session, Per::Session, AtCap::Hard)]);
        let ledgers = [(); 3].map(|()| open_ahead(&path, BOUNDS));
        let mut running: Vec<(usize, Row, Held)> = Vec::new();
        let (mut spent, mut by_session) = (0, [0; 3]);
        for step in steps {
            let amount = |row: &Row| row.cost.amount().unwrap().nanos();
            match step {
                Step::Reserve { by, nanos } => {
                    let row = call(&ledgers[by], nanos, NOON);
                    let answer = reserve_row(&ledgers[by], &budget, row.clone());
                    let of_session: i64 = running.iter().filter(|(of, ..)| *of == by).map(|(_, row, _)| amount(row)).sum();
                    let of_all: i64 = running.iter().map(|(_, row, _)| amount(row)).sum();
                    let fits = spent + of_all + nanos <= day && by_session[by] + of_session + nanos <= session;
                    prop_assert!(fits || answer.is_err(), "it breaks a cap");
                    match answer {
                        Ok((held, _)) => running.push((by, row, held.unwrap())),
                        // Others may hold some ahead of their calls.
                        Err(Refusal::Cap { standing, .. }) => prop_assert!(standing.left().nanos() < nanos),
                        Err(other) => prop_assert!(false, "{other:?}"),
                    }
                }
                Step::Settle { which, percent } if which < running.len() => {
                    let (by, row, held) = running.swap_remove(which);
                    let nanos = amount(&row) * percent / 100;
                    spent += nanos;
                    by_session[by] += nanos;
                    settle_held(&ledgers[by], Row { cost: Cost::Priced(usd(nanos)), ..row }, held);
                }
                Step::GiveBack { which } if which < running.len() => drop(running.swap_remove(which)),
                Step::Settle { .. } | Step::GiveBack { .. } => {}
            }
            for ledger in &ledgers {
                for standing in wait(ledger.standings(budget.clone())) {
                    let used = standing.spent.nanos() + standing.reserved.nanos();
                    prop_assert!(used <= standing.cap.amount.nanos(), "{:?}", standing);
                }
            }
        }
        drop(running);
        for ledger in &ledgers {
            prop_assert!(ledger.close(DEADLINE));
            prop_assert!(lock(&ledger.shared.ahead).is_empty());
        }
        prop_assert_eq!(left(&path), 0);
    }
}
