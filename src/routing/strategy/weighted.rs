//! Weighted: by turns, each model as often as its weight says.
//!
//! A turn's number is spread over the weights by the golden ratio, so that turns that follow each other go to different models and any stretch of
//! them is shared out evenly; no chance is in it, so that a turn can be computed again. Who comes second is drawn of the rest in the same way.

use super::Figure;

/// The golden ratio of all that 64 bits count: multiples of it lie evenly in between.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Returns the places of models in the order in which they are asked at a turn. Who has no weight comes last.
pub(super) fn order(figures: &[Figure], turn: u64) -> Vec<usize> {
    let weight = |at: &usize| match figures.get(*at) {
        Some(Figure::Weight(weight)) => u64::from(*weight),
        _ => 0,
    };
    let mut left: Vec<usize> = (0..figures.len()).collect();
    let mut order = Vec::with_capacity(left.len());
    let mut number = turn;
    while !left.is_empty() {
        let total: u64 = left.iter().map(weight).sum();
        let spread = u128::from(number.wrapping_mul(GOLDEN)) * u128::from(total);
        let mut point = u64::try_from(spread >> 64).unwrap_or_default();
        let is_hit = |at: &usize| {
            let weight = weight(at);
            let is_hit = point < weight;
            point = point.saturating_sub(weight);
            is_hit
        };
        let hit = left.iter().position(is_hit).unwrap_or_default();
        order.push(left.remove(hit));
        number = number.wrapping_add(1);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::super::Figure;
    use super::order;

    #[test]
    fn any_stretch_of_turns_is_shared_out_by_weight_and_comes_out_the_same_again() {
        let figures = [Figure::Weight(1), Figure::Weight(0), Figure::Weight(3)];
        for start in [0_u64, 17, 12_345, u64::MAX - 200] {
            let turns = (0..100).map(|step| order(&figures, start.wrapping_add(step)));
            let first: Vec<usize> = turns.filter_map(|order| order.first().copied()).collect();
            let of = |place| first.iter().filter(|it| **it == place).count();
            assert_eq!(of(1), 0);
            assert!(
                of(0).abs_diff(25) <= 2 && of(2).abs_diff(75) <= 2,
                "{first:?}"
            );
        }
        assert_eq!(order(&figures, 5), order(&figures, 5));
        assert_eq!(order(&figures, 0).len(), 3);
        assert_eq!(order(&[], 0), Vec::<usize>::new());
    }
}
