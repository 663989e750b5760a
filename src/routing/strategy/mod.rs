//! In which order the models of a pool are asked: a strategy a file, each a pure function of how they stand.
//!
//! Entry point: [`order`]. Whoever stands alike stays in the user's order.

mod available;
mod cheapest;
mod fastest;
mod weighted;

use super::draw::Figure;
use crate::config::Strategy;

/// Returns the places of models in the order in which they are asked. `turn` is how many calls there were before.
pub(super) fn order(strategy: Strategy, figures: &[Figure], turn: u64) -> Vec<usize> {
    match strategy {
        Strategy::Ordered => (0..figures.len()).collect(),
        Strategy::Cheapest => by(figures, cheapest::rank(figures)),
        Strategy::Fastest => by(figures, fastest::rank),
        Strategy::Available => by(figures, available::rank),
        Strategy::Weighted => weighted::order(figures, turn),
    }
}

/// Sorts by a rank; the lowest comes first.
fn by<K: Ord>(figures: &[Figure], rank: impl Fn(&Figure) -> K) -> Vec<usize> {
    let mut places: Vec<usize> = (0..figures.len()).collect();
    places.sort_by_key(|at| figures.get(*at).map(&rank));
    places
}
