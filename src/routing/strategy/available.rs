//! Available: by how many of its calls a model answered lately, which the circuit breaker has seen.
//!
//! Who was not asked lately is taken to answer, so that who failed an hour ago is asked again.

use std::cmp::Reverse;

use super::Figure;

/// Returns how a model ranks.
pub(super) fn rank(figure: &Figure) -> Reverse<u16> {
    Reverse(match figure {
        Figure::Answered(permille) => *permille,
        _ => 1_000,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Figure, order};
    use crate::config::Strategy;

    #[test]
    fn who_answers_most_often_comes_first_and_who_was_not_asked_is_not_doubted() {
        let figures = [
            Figure::Answered(990),
            Figure::Unseen,
            Figure::Answered(1_000),
            Figure::Answered(120),
        ];
        assert_eq!(order(Strategy::Available, &figures, 0), [1, 2, 0, 3]);
    }
}
