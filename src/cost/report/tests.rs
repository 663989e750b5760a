//! Reports against the rows themselves: whatever the grouping, they come to the same.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::cost::ledger::Latency;
use crate::cost::{Cost, Currency, Fate, Ledger, Money, Outcome, Row, Tokens, Usage};

const DEADLINE: Duration = Duration::from_mins(1);

/// A small report of everything.
pub(in crate::cost) fn report() -> Report {
    let ledger = Ledger::in_memory();
    let row = Row {
        latency: Latency {
            first_token: Some(Duration::from_millis(120)),
            total: Duration::from_millis(300),
        },
        ..row(
            &ledger,
            0,
            0,
            Cost::Priced(usd(1_000_000)),
            Outcome::Completed,
        )
    };
    let id = row.id.clone();
    ledger.settle(row, |_| {});
    ledger.note(&id, 0, Fate::Accepted { chars: 12 });
    ask(&ledger, &[Dimension::Model], Extent::Whole)
}

fn usd(nanos: i64) -> Money {
    Money::from_nanos(nanos, Currency::USD)
}

fn row(ledger: &Ledger, model: u8, language: u8, cost: Cost, outcome: Outcome) -> Row {
    Row {
        id: ledger.next_id(),
        decision: None,
        attempt: 1,
        started: format!("2026-11-{:02}T12:00:00Z", 1 + language)
            .parse()
            .unwrap(),
        feature: if model == 2 { "action" } else { "completion" }.to_owned(),
        action: None,
        language: (language > 0).then(|| format!("language {language}")),
        workspace: None,
        branch: (language > 1).then(|| format!("branch {model}")),
        provider: "mock".to_owned(),
        requested_model: format!("model {model}"),
        served_model: None,
        upstream: None,
        service_tier: None,
        key: None,
        payer: "you".to_owned(),
        usage: Usage::Reported(Tokens {
            input: 10,
            output: 3,
            ..Tokens::default()
        }),
        raw_usage: None,
        price: None,
        cost,
        outcome,
        latency: Latency::default(),
        request_id: None,
        tags: (0..model)
            .map(|tag| (format!("tag{tag}"), language.to_string()))
            .collect(),
    }
}

fn ask(ledger: &Ledger, by: &[Dimension], extent: Extent) -> Report {
    let query = Query {
        period: Period::default(),
        by: by.to_vec(),
        extent,
        subscriptions: Vec::new(),
    };
    ledger.report(query, DEADLINE).unwrap()
}

#[test]
fn waste_is_told_by_cause_and_what_was_used_is_none_however_it_ended() {
    let ledger = Ledger::in_memory();
    let call = |nanos, outcome, fates: &[Fate]| {
        let row = row(&ledger, 0, 1, Cost::Priced(usd(nanos)), outcome);
        let id = row.id.clone();
        ledger.settle(row, |_| {});
        for fate in fates {
            ledger.note(&id, 0, *fate);
        }
    };
    call(1, Outcome::Cancelled, &[]);
    call(2, Outcome::Superseded, &[]);
    call(
        4,
        Outcome::Superseded,
        &[Fate::Shown, Fate::Accepted { chars: 9 }],
    );
    call(8, Outcome::Completed, &[]);
    call(16, Outcome::Completed, &[Fate::Shown]);
    call(32, Outcome::Completed, &[Fate::Shown, Fate::Rejected]);
    call(64, Outcome::Filtered, &[]);
    call(128, Outcome::Failed, &[]);
    // Of an action's answer nothing is told, so nothing is called waste.
    let action = row(&ledger, 2, 1, Cost::Priced(usd(256)), Outcome::Completed);
    ledger.settle(action, |_| {});
    let report = ask(&ledger, &[Dimension::Cause], Extent::Groups);
    let mut told: Vec<_> = report
        .groups
        .iter()
        .map(|group| (group.key[0].as_str(), group.figures.cost[0].nanos))
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("cancelled", 1),
            ("failed", 128),
            ("filtered", 64),
            ("ignored", 16),
            ("never shown", 8),
            ("not wasted", 260),
            ("rejected", 32),
            ("superseded", 2),
        ]
    );
    assert_eq!(report.total.cost[0].wasted, 251);
    // Three were shown and one was taken; all ghost text is paid for by what was taken.
    assert_eq!((report.total.shown, report.total.accepted), (3, 1));
    assert_eq!(report.total.per_accepted(), [usd(255)]);
}

#[test]
fn a_period_counts_its_first_and_last_day() {
    let ledger = Ledger::in_memory();
    for language in 0..9 {
        let row = row(&ledger, 0, language, Cost::Free, Outcome::Completed);
        ledger.settle(row, |_| {});
    }
    let query = Query {
        period: Period {
            since: Some(date(2026, 11, 3)),
            until: Some(date(2026, 11, 5)),
        },
        by: vec![Dimension::Day],
        extent: Extent::Groups,
        subscriptions: Vec::new(),
    };
    let report = ledger.report(query, DEADLINE).unwrap();
    let days: Vec<_> = report.groups.iter().map(|group| &group.key[0]).collect();
    assert_eq!(days, ["2026-11-03", "2026-11-04", "2026-11-05"]);
}

#[test]
fn an_absurd_sum_is_the_largest_and_never_an_error() {
    let ledger = Ledger::in_memory();
    for language in 0..3 {
        let cost = Cost::Priced(usd(i64::MAX));
        ledger.settle(row(&ledger, 0, language, cost, Outcome::Completed), |_| {});
    }
    let report = ask(&ledger, &[], Extent::Groups);
    assert_eq!(report.total.cost[0].nanos, i64::MAX);
}

type Made = (u8, u8, Cost, Outcome, Option<Fate>);

fn calls() -> impl Strategy<Value = Vec<Made>> {
    let eur = |nanos| Money::from_nanos(nanos, "EUR".parse().unwrap());
    let cost = prop_oneof![
        (0..1_000_000_000_000_i64).prop_map(|nanos| Cost::Priced(usd(nanos))),
        (0..1_000_000_i64).prop_map(|nanos| Cost::Estimated(usd(nanos))),
        (0..1_000_000_i64).prop_map(move |nanos| Cost::Reported(eur(nanos))),
        Just(Cost::Free),
        Just(Cost::Unknown),
    ];
    let outcome = prop::sample::select(vec![
        Outcome::Completed,
        Outcome::Cancelled,
        Outcome::Superseded,
        Outcome::Filtered,
        Outcome::Failed,
    ]);
    let fate = prop::option::of(prop::sample::select(vec![
        Fate::Shown,
        Fate::Rejected,
        Fate::Accepted { chars: 40 },
        Fate::KeptAfter5min { chars: 30 },
    ]));
    prop::collection::vec((0..3_u8, 0..4_u8, cost, outcome, fate), 0..40)
}

fn dimensions() -> Vec<Dimension> {
    let tags = ["tag:tag0", "tag:tag1"].map(|name| Dimension::named(name).unwrap());
    Dimension::ALL.into_iter().chain(tags).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whatever_the_grouping_a_report_adds_up_to_the_rows(
        calls in calls(),
        by in prop::sample::subsequence(dimensions(), 0..4).prop_shuffle(),
    ) {
        let ledger = Ledger::in_memory();
        // By hand, call by call, without the sums of any table.
        let mut expected: BTreeMap<String, i128> = BTreeMap::new();
        let (mut unpriced, mut tokens) = (0, 0);
        for (model, language, cost, outcome, fate) in &calls {
            let row = row(&ledger, *model, *language, *cost, *outcome);
            let id = row.id.clone();
            ledger.settle(row, |_| {});
            if let Some(fate) = fate {
                ledger.note(&id, 0, *fate);
            }
            match cost.amount() {
                Some(amount) => {
                    *expected.entry(amount.currency().to_string()).or_default() += i128::from(amount.nanos());
                }
                None => unpriced += 1,
            }
            tokens += 10;
        }
        let report = ask(&ledger, &by, Extent::Whole);
        for groups in [&report.groups, &report.days, &report.models] {
            let mut sums: BTreeMap<String, i128> = BTreeMap::new();
            let (mut counted, mut unknown, mut read) = (0, 0, 0);
            for group in groups {
                counted += group.figures.calls;
                unknown += group.figures.unpriced;
                read += group.figures.tokens.input_total();
                for amount in &group.figures.cost {
                    *sums.entry(amount.currency.to_string()).or_default() += i128::from(amount.nanos);
                }
            }
            prop_assert_eq!(&sums, &expected);
            prop_assert_eq!((counted, unknown, read), (calls.len() as u64, unpriced, tokens));
        }
        let keys: std::collections::BTreeSet<_> = report.groups.iter().map(|group| &group.key).collect();
        prop_assert_eq!(keys.len(), report.groups.len(), "no group is told twice");
    }
}
