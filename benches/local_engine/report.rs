//! Says how often the engine was right, spoke, and was right when it spoke.

use crate::hide::{Kind, Sample};

pub fn report<'a>(title: &str, samples: impl IntoIterator<Item = &'a Sample>) {
    let samples: Vec<_> = samples.into_iter().collect();
    if samples.len() < 20 {
        return;
    }
    let right = samples.iter().filter(|sample| sample.is_right()).count();
    let spoken = samples.iter().filter(|sample| sample.speaks()).count();
    let spoken_right = samples
        .iter()
        .filter(|sample| sample.speaks() && sample.is_right())
        .count();
    println!(
        "{title:18} {:6} lines   right {:5.1} %   speaks {:5.1} %   right when it speaks {:5.1} %",
        samples.len(),
        percent(right, samples.len()),
        percent(spoken, samples.len()),
        percent(spoken_right, spoken),
    );
}

pub fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

pub fn calibration(samples: &[Sample]) {
    println!("\nstated confidence: how often it was right");
    for decile in 0..10 {
        let within: Vec<_> = samples
            .iter()
            .filter(|sample| !matches!(sample.kind, Kind::Block(_)))
            .filter(|sample| {
                sample.prediction.as_ref().is_some_and(|prediction| {
                    ((prediction.confidence.get() * 10.0) as usize).min(9) == decile
                })
            })
            .collect();
        let right = within.iter().filter(|sample| sample.is_right()).count();
        println!(
            "  {:3} to {:3} %: {:5.1} % of {}",
            decile * 10,
            decile * 10 + 10,
            percent(right, within.len()),
            within.len()
        );
    }
}

/// Reports blocks that were hidden whole. They are right if every line of theirs is.
pub fn blocks(samples: &[Sample]) {
    let hidden: Vec<_> = samples
        .iter()
        .filter(|sample| matches!(sample.kind, Kind::Block(_)))
        .collect();
    let spoken: Vec<_> = hidden
        .iter()
        .filter(|sample| {
            sample.speaks()
                && sample
                    .prediction
                    .iter()
                    .any(|prediction| prediction.text.contains('\n'))
        })
        .collect();
    let right = spoken.iter().filter(|sample| {
        let predicted: Vec<_> = sample
            .prediction
            .iter()
            .flat_map(|prediction| prediction.text.lines().skip(1))
            .collect();
        let same = |(one, other): (&&str, &String)| one.trim_end() == other.trim_end();
        let whole = sample.kind == Kind::Block(predicted.len() + 1);
        sample.is_right() && whole && predicted.iter().zip(&sample.following).all(same)
    });
    let right = right.count();
    println!(
        "\nblocks: {} hidden, {} predicted, {:.1} % of these right in every line",
        hidden.len(),
        spoken.len(),
        percent(right, spoken.len())
    );
}

/// Returns how many lines a short block has that begins on a line, with the one that closes it.
pub fn block_lines(text: &str, number: usize) -> Option<usize> {
    let mut lines = text.lines().skip(number);
    let first = lines
        .next()
        .filter(|line| line.ends_with(['{', ':', '(', '[']))?;
    let depth = |line: &str| line.len() - line.trim_start().len();
    let inside = lines
        .take(10)
        .take_while(|line| line.trim().is_empty() || depth(line) > depth(first))
        .count();
    let closing = text
        .lines()
        .nth(number + inside + 1)
        .filter(|line| depth(line) == depth(first))?;
    (inside > 0 && closing.trim_start().starts_with(['}', ')', ']'])).then_some(inside + 2)
}

pub fn show(samples: &[Sample]) {
    for sample in samples.iter().filter(|sample| sample.prediction.is_some()) {
        let Some(prediction) = &sample.prediction else {
            continue;
        };
        let mark = if sample.is_right() { "+" } else { "-" };
        println!(
            "{mark} {:.2} m{} p{}/{} {} | {} | {}",
            prediction.confidence.get(),
            prediction.evidence.matched,
            prediction.evidence.agreeing,
            prediction.evidence.places,
            sample.before.trim(),
            sample.hidden,
            sample.first_line()
        );
    }
}
