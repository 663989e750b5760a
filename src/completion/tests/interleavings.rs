//! Typing, asking, streams, dismissals and documents that change places, in any order: what is shown is always what a model was asked for.
//!
//! A naive [mirror](mirror) of the documents is plain strings; the [oracle](oracle) knows each prompt and all that came for it, and nothing
//! of trails and desks. A [play](play) does one step of somebody at the keyboard or of a provider after the other, and does as the server's
//! handlers do. Time stands still but where a step waits. `BYOK_INTERLEAVINGS=100000 cargo test --lib interleavings` plays so many.

mod checks;
mod editor;
mod mirror;
mod oracle;
mod play;

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use self::oracle::Piece;
use self::play::{Act, Play, Step};
use super::Trigger;
use crate::cost::Ledger;
use crate::thorough;

/// How much of what is to be looked at came about.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    calls: usize,
    shown: usize,
    /// How often a suggestion was typed along that was answered at once.
    along: usize,
    /// How often a stream was found open in a rest, since somebody wanted it.
    wanted: usize,
}

/// What is done; nothing is indented, since where a block ends what follows it is not shown.
fn act() -> impl Strategy<Value = Act> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        14 => (0_usize..4, 1_usize..6).prop_map(|(item, count)| Act::Along { item, count }),
        4 => prop::sample::select(vec!["X", "Y(", "Z=", "\nW"]).prop_map(Act::Other),
        1 => Just(Act::Pair),
        3 => (1_usize..5).prop_map(Act::Backspace),
        4 => Just(Act::Ask(Trigger::Automatic)),
        4 => Just(Act::Ask(Trigger::Explicit)),
        1 => Just(Act::Cancel),
        16 => index().prop_map(Act::Say),
        3 => index().prop_map(Act::End),
        1 => index().prop_map(Act::Fail),
        2 => any::<bool>().prop_map(|is_above| Act::Elsewhere { is_above }),
        1 => (0_usize..2, 0_usize..2).prop_map(|(document, place)| Act::GoTo { document, place }),
        2 => (0_usize..3).prop_map(Act::Dismiss),
        1 => any::<bool>().prop_map(|is_taken_back| Act::Reopen { is_taken_back }),
        4 => Just(Act::Rest),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let passes = prop::sample::select(vec![0, 0, 0, 20, 60, 250]);
    let settled = prop::sample::select(vec![0, 1, play::SETTLED, play::SETTLED]);
    (act(), prop::bool::weighted(0.7), passes, settled).prop_map(|(act, asks, millis, turns)| {
        Step {
            act,
            asks,
            millis,
            turns,
        }
    })
}

fn answer() -> impl Strategy<Value = Vec<Piece>> {
    vec(prop::sample::select(Piece::ALL.to_vec()), 0..7)
}

#[test]
fn in_any_order_what_is_shown_was_answered_for_that_text_and_no_stream_goes_on_unwanted() {
    let config = ProptestConfig {
        failure_persistence: None,
        ..thorough::interleavings(1_200)
    };
    // The same plays each time, so that it fails for everybody or for nobody; of more, the first are these.
    let chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config.clone(), chance);
    let tally = Cell::new(Tally::default());
    let ledger = Ledger::in_memory();
    let plays = (any::<bool>(), vec(answer(), 1..6), vec(step(), 1..50));
    let played = runner.run(&plays, |(looks_ahead, answers, steps)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut play = Play::begin(ledger.clone(), looks_ahead, answers, tally.get());
            for step in &steps {
                play.step(step).await;
            }
            tally.set(play.end().await);
        });
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
    // Each of the sentences was about something.
    let tally = tally.get();
    let counts = [tally.calls, tally.shown, tally.along, tally.wanted];
    let least = config.cases as usize / 50;
    assert!(counts.iter().all(|count| *count >= least), "{tally:?}");
}
