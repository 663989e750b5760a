//! A straight line through what was seen, which begins where experience says and forgets slowly.
//!
//! Entry points: [`Line::learn`] and [`Line::at`]. It is a least-squares fit of `y = base + slope · x` in which each point counts by its relative
//! error and less with each that follows, and which is drawn towards its [`Start`] as if that had been seen, too. Five sums are all that is kept. It
//! counts tokens and bytes, never money, so it may use floats: what comes out is rounded to whole tokens before it meets a price.

use serde::{Deserialize, Serialize};

/// What is thought before anything is seen, and how much it may be wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Start {
    pub base: f64,
    pub slope: f64,
    /// How far off the base may well be.
    pub base_doubt: f64,
    /// How far off the slope may well be, as a part of it.
    pub slope_doubt: f64,
    /// How far off a single point may well be, as a part of it.
    pub noise: f64,
}

/// The sums of a weighted fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    w: f64,
    x: f64,
    xx: f64,
    y: f64,
    xy: f64,
}

/// What each point leaves of the weight of those before it: the last twenty or so count.
const FADING: f64 = 0.95;

/// A slope is never further than this many times from its start: no tokenizer is, and a few odd points may be.
const FURTHEST: f64 = 8.0;

/// No real count comes near; a hostile one beyond it is taken as this many.
const MOST: f64 = 1e7;

impl Line {
    /// Takes a point in.
    pub(super) fn learn(&mut self, start: &Start, x: u64, y: u64) {
        let (x, y) = (bounded(x), bounded(y));
        // By the start's own measure rather than the point's, so that small surprises do not count for more than large ones.
        let usual = (start.base + start.slope * x).max(1.0);
        let weight = 1.0 / (usual * usual);
        let add = |sum: f64, value: f64| sum * FADING + weight * value;
        *self = Self {
            w: add(self.w, 1.0),
            x: add(self.x, x),
            xx: add(self.xx, x * x),
            y: add(self.y, y),
            xy: add(self.xy, x * y),
        };
    }

    /// Returns what is to be expected at a place, in whole numbers.
    pub(super) fn at(&self, start: &Start, x: u64) -> u64 {
        let (base, slope) = self.fit(start);
        let y = (base + slope * bounded(x)).round().clamp(0.0, MOST);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was brought within bounds a line above"
        )]
        let whole = y as u64;
        whole
    }

    fn fit(&self, start: &Start) -> (f64, f64) {
        let doubt = |noise: f64, of: f64| (noise / of) * (noise / of);
        let of_base = doubt(start.noise, start.base_doubt);
        let of_slope = doubt(start.noise, start.slope_doubt * start.slope);
        let (w, xx) = (self.w + of_base, self.xx + of_slope);
        let (y, xy) = (
            self.y + of_base * start.base,
            self.xy + of_slope * start.slope,
        );
        let slope = (w * xy - self.x * y) / (w * xx - self.x * self.x);
        let within = |slope: f64| slope.clamp(start.slope / FURTHEST, start.slope * FURTHEST);
        let slope = within(slope);
        let base = (y - self.x * slope) / w;
        if base < 0.0 {
            // Nothing has fewer tokens than none; the line then goes through there.
            return (0.0, within(xy / xx));
        }
        (base, slope)
    }

    /// Returns whether these can be sums of a fit; a file may say anything.
    pub(super) fn is_sane(&self) -> bool {
        let Self { w, x, xx, y, xy } = *self;
        let are_sums = [w, x, xx, y, xy]
            .iter()
            .all(|sum| sum.is_finite() && (0.0..=1e15).contains(sum));
        // By Cauchy and Schwarz, but for rounding.
        are_sums && x * x <= w * xx * 1.001 + f64::EPSILON
    }
}

fn bounded(count: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "what loses precision is out of bounds"
    )]
    let count = count as f64;
    count.min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Start = Start {
        base: 12.0,
        slope: 0.3,
        base_doubt: 100.0,
        slope_doubt: 0.3,
        noise: 0.15,
    };

    fn taught(points: impl IntoIterator<Item = (u64, u64)>) -> Line {
        let mut line = Line::default();
        for (x, y) in points {
            line.learn(&START, x, y);
        }
        line
    }

    fn is_near(one: u64, other: u64, percent: u64) -> bool {
        one.abs_diff(other) * 100 <= other * percent
    }

    #[test]
    fn nothing_seen_is_the_start() {
        assert_eq!(Line::default().at(&START, 1_000), 312);
        assert_eq!(Line::default().at(&START, 0), 12);
    }

    #[test]
    fn another_slope_is_learnt_within_a_few_points() {
        let line = taught([(6_000, 2_600), (5_000, 2_200), (7_000, 3_000)]);
        assert!(is_near(line.at(&START, 6_500), 2_800, 5));
    }

    #[test]
    fn a_hidden_prompt_is_told_from_another_slope_where_sizes_differ() {
        let line = taught((0..30).map(|n| (500 + n * 400, 1_500 + (500 + n * 400) * 3 / 10)));
        for x in [1_000, 20_000] {
            let (told, truth) = (line.at(&START, x), 1_500 + x * 3 / 10);
            assert!(is_near(told, truth, 12), "{told} {truth}");
        }
    }

    #[test]
    fn answers_that_are_shorter_than_was_thought_are_expected_to_be() {
        let start = Start {
            base: 0.0,
            slope: 1.0,
            slope_doubt: 1.0,
            noise: 0.4,
            ..START
        };
        let mut line = Line::default();
        for _ in 0..6 {
            line.learn(&start, 40, 20);
        }
        assert!(line.at(&start, 40).abs_diff(20) <= 1);
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut line = taught((0..50).map(|n| (3_000 + n, 3_000)));
        for n in 0..60 {
            line.learn(&START, 3_000 + n, 900);
        }
        assert!(is_near(line.at(&START, 3_000), 900, 15));
    }

    proptest! {
        #[test]
        fn whatever_is_told_the_answer_is_a_count_and_the_sums_stay_sane(
            points in proptest::collection::vec((any::<u64>(), any::<u64>()), 0..40),
            x in any::<u64>(),
        ) {
            let line = taught(points);
            prop_assert!(line.is_sane(), "{line:?}");
            prop_assert!(line.at(&START, x) <= 10_000_000);
        }
    }
}
