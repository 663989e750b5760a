//! Fastest: by how long this very call would take, at the speed that was measured lately.
//!
//! Who was not measured lately comes first, in the user's order, and so is measured by the next call: otherwise who was slow once would be so for ever.

use super::Figure;

/// Returns how a model ranks.
pub(super) fn rank(figure: &Figure) -> Option<u32> {
    match figure {
        Figure::Speed(speed) => Some(speed.whole_ms),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::draw::Speed;
    use super::super::{Figure, order};
    use crate::config::Strategy;

    #[test]
    fn who_is_done_first_comes_first_and_who_was_not_measured_is_tried() {
        let speed = |whole_ms| {
            Figure::Speed(Speed {
                first_ms: 1,
                per_second: None,
                whole_ms,
            })
        };
        let figures = [speed(300), Figure::Unmeasured, speed(200), speed(300)];
        assert_eq!(order(Strategy::Fastest, &figures, 0), [1, 2, 0, 3]);
    }
}
