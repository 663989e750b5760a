//! How sure a prediction is, as a probability that was fitted to what came true.
//!
//! Entry points: [`Confidence`] and [`Confidence::of`]: a logistic function of the evidence, whose weights the bench fits on
//! crates that it does not measure with (`cargo bench --bench local_engine -- --fit`).

use super::predict::Evidence;

/// The probability that a predicted line is exactly what the user goes on to write, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f32);

/// Predictions below this are better not shown.
pub const DEFAULT_MIN_CONFIDENCE: Confidence = Confidence(0.5);

const FEATURES: usize = 8;

const WEIGHTS: [f32; FEATURES] = [0.742, 1.762, 0.223, -1.042, 0.758, 0.027, 0.481, -0.668];

impl Confidence {
    /// Takes a probability; what is outside of 0 to 1, or no number, becomes the nearest that is inside.
    pub fn new(probability: f32) -> Self {
        if probability.is_nan() {
            Self(0.0)
        } else {
            Self(probability.clamp(0.0, 1.0))
        }
    }

    /// Returns the probability.
    pub fn get(self) -> f32 {
        self.0
    }

    pub(super) fn of(evidence: &Evidence) -> Self {
        let sum: f32 = evidence
            .features()
            .iter()
            .zip(WEIGHTS)
            .map(|(feature, weight)| feature * weight)
            .sum();
        Self::new(1.0 / (1.0 + (-sum).exp()))
    }
}

impl Evidence {
    /// Returns what the confidence is a function of.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of tokens and places, a few hundred at most"
    )]
    pub fn features(&self) -> [f32; FEATURES] {
        let share = self.agreeing as f32 / self.places.max(1) as f32;
        [
            1.0,
            self.likelihood.max(1e-6).ln(),
            self.weakest.max(1e-6).ln(),
            (self.tokens as f32).ln_1p(),
            (self.matched as f32).ln_1p(),
            (self.agreeing as f32).ln_1p(),
            share,
            if self.line_start { 1.0 } else { 0.0 },
        ]
    }
}
