//! Fits the confidence's weights.

use byok_lsp::local::Evidence;

use crate::hide::{Kind, Sample};

/// Fits the weights by gradient descent on the logistic loss, and prints them.
pub fn fit(samples: &[Sample]) {
    let data: Vec<_> = samples
        .iter()
        .filter(|sample| !matches!(sample.kind, Kind::Block(_)))
        .filter_map(|sample| Some((sample.prediction.as_ref()?.evidence, sample.is_right())))
        .map(|(evidence, right): (Evidence, bool)| {
            (
                evidence.features().map(f64::from),
                f64::from(u8::from(right)),
            )
        })
        .collect();
    let size = data.first().map_or(0, |(features, _)| features.len());
    let mut weights = vec![0.0; size];
    for round in 0..20_000 {
        let mut gradient = vec![0.0; size];
        for (features, right) in &data {
            let sum: f64 = features
                .iter()
                .zip(&weights)
                .map(|(feature, weight)| feature * weight)
                .sum();
            let error = 1.0 / (1.0 + (-sum).exp()) - right;
            for (slope, feature) in gradient.iter_mut().zip(features) {
                *slope += error * feature;
            }
        }
        let rate = if round < 10_000 { 0.3 } else { 0.1 };
        for (weight, slope) in weights.iter_mut().zip(gradient) {
            *weight -= rate * slope / data.len() as f64;
        }
    }
    println!("weights of {} predictions: {weights:.3?}", data.len());
}
