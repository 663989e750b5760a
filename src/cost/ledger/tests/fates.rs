//! What became of suggestions, and what that makes of their calls and of the sums.

use super::*;

/// The columns of a call that tell what became of it.
type Known = (Option<String>, i64, i64, i64, i64);

fn settle_row(ledger: &Ledger, row: &Row) {
    ledger.settle(row.clone(), |_| {});
}

fn completion(ledger: &Ledger) -> Row {
    Row {
        id: ledger.next_id(),
        ..row(Cost::Priced(usd(100)), "2026-11-21T15:00:00Z")
    }
}

fn known(path: &Path, row: &Row) -> Known {
    let connection = Connection::open(path).unwrap();
    connection
        .query_row(
            "SELECT fate, shown, accepted, accepted_chars, retained_chars FROM calls WHERE id = ?1",
            [&row.id.0],
            |row| row.try_into(),
        )
        .unwrap()
}

/// What the sums say, by fate: calls, nano-units, accepted, retained characters.
fn sums(path: &Path) -> Vec<(String, i64, i64, i64, i64)> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare("SELECT fate, sum(calls), sum(nanos), sum(accepted), sum(retained_chars) FROM sums WHERE calls > 0 GROUP BY 1 ORDER BY 1")
        .unwrap();
    let rows = statement.query_map([], |row| row.try_into()).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_suggestion_nobody_tells_of_was_not_shown_and_an_actions_fate_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    let unseen = completion(&ledger);
    let action = Row {
        feature: "actions".to_owned(),
        ..completion(&ledger)
    };
    settle_row(&ledger, &unseen);
    settle_row(&ledger, &action);
    ledger.totals(DEADLINE).unwrap();
    assert_eq!(
        known(&path, &unseen),
        (Some("unseen".to_owned()), 0, 0, 0, 0)
    );
    assert_eq!(known(&path, &action), (None, 0, 0, 0, 0));
}

#[test]
fn several_suggestions_of_one_call_count_apart_and_the_best_is_the_calls() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    let call = completion(&ledger);
    settle_row(&ledger, &call);
    ledger.note(&call.id, 0, Fate::Shown);
    ledger.note(&call.id, 0, Fate::Rejected);
    ledger.note(&call.id, 1, Fate::PartlyAccepted { chars: 4 });
    ledger.note(&call.id, 1, Fate::PartlyAccepted { chars: 9 });
    ledger.note(&call.id, 1, Fate::KeptAfter30s { chars: 8 });
    ledger.note(&call.id, 1, Fate::KeptAfter5min { chars: 3 });
    ledger.totals(DEADLINE).unwrap();
    let partly = Some("partly_accepted".to_owned());
    assert_eq!(known(&path, &call), (partly, 2, 1, 9, 3));
    assert_eq!(sums(&path), [("partly_accepted".to_owned(), 1, 100, 1, 3)]);
}

#[test]
fn a_correction_after_a_fate_leaves_both_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open(&path);
    let call = completion(&ledger);
    settle_row(&ledger, &call);
    ledger.note(&call.id, 0, Fate::Accepted { chars: 5 });
    correct(&ledger, &call, Cost::Reported(usd(7)));
    assert_eq!(sums(&path), [("accepted".to_owned(), 1, 7, 1, 0)]);
}

#[test]
fn fates_that_cannot_be_written_leave_room_for_calls_and_are_no_calls() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let ledger = open_impatient(&path);
    settle_now(&ledger, 1);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let call = completion(&ledger);
    settle_row(&ledger, &call);
    for number in 0..500 {
        ledger.note(&call.id, number, Fate::Shown);
    }
    let totals = ledger.totals(DEADLINE).unwrap();
    assert_eq!((totals.day.calls, totals.unrecorded), (2, 1));
    let State::Degraded { reason } = ledger.state() else {
        panic!("the file is held");
    };
    assert!(reason.contains("; 1 calls wait"), "{reason}");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(ledger.totals(DEADLINE).unwrap().unrecorded, 0);
    assert_eq!(known(&path, &call).0.as_deref(), Some("shown"));
}

fn fates() -> impl Strategy<Value = Vec<(usize, u32, Fate)>> {
    let fate = prop_oneof![
        Just(Fate::Shown),
        Just(Fate::Rejected),
        any::<u16>().prop_map(|chars| Fate::PartlyAccepted {
            chars: chars.into()
        }),
        any::<u64>().prop_map(|chars| Fate::Accepted { chars }),
        any::<u16>().prop_map(|chars| Fate::KeptAfter30s {
            chars: chars.into()
        }),
        any::<u16>().prop_map(|chars| Fate::KeptAfter5min {
            chars: chars.into()
        }),
    ];
    prop::collection::vec((0..2_usize, 0..3_u32, fate), 0..12)
}

proptest! {
    #![proptest_config(thorough::cases(12))]
    #[test]
    fn in_whatever_order_fates_are_told_and_however_often_the_same_is_known(
        (told, shuffled) in fates().prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        settled_at in 0..12_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let outcome = |name: &str, told: &[(usize, u32, Fate)], settled_at: usize| {
            let path = folder.path().join(name);
            let ledger = open(&path);
            let calls = [completion(&ledger), completion(&ledger)];
            let settle_both = || calls.iter().for_each(|call| settle_row(&ledger, call));
            for (index, (call, number, fate)) in told.iter().enumerate() {
                if index == settled_at {
                    settle_both();
                }
                ledger.note(&calls[*call].id, *number, *fate);
            }
            // A row that is there already is not added twice.
            settle_both();
            ledger.totals(DEADLINE).unwrap();
            (calls.map(|call| known(&path, &call)), sums(&path))
        };
        let twice: Vec<_> = shuffled.iter().chain(&shuffled).copied().collect();
        prop_assert_eq!(outcome("a", &told, usize::MAX), outcome("b", &twice, settled_at));
    }
}
