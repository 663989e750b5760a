//! How much of a prompt's beginning two requests share that follow each other while somebody types.

use std::time::Duration;

use byok_lsp::context;
use ropey::Rope;

use super::corpus::Project;
use super::recall::{Open, index};
use super::{places, truth};

/// How many keys are typed at a place.
const KEYS: usize = 40;
/// A request comes with every so many keys, and what it shows is chosen anew before each.
const EVERY: usize = 4;

pub fn measure(projects: &[Project]) {
    let (mut shared, mut whole, mut pairs) = (0, 0, 0);
    let mut slowest = Duration::ZERO;
    let mut total = Duration::ZERO;
    let mut count = 0;
    for project in projects {
        let truth = truth::read(project);
        let index = index(project);
        for place in places::choose(project, &truth).iter().take(10) {
            let mut open = Open::new(project, place);
            let mut prepared = None;
            let mut last: Option<String> = None;
            let mut cursor = place.cursor;
            let typed: Vec<char> = place.hidden.chars().take(KEYS).collect();
            for keys in typed.chunks(EVERY) {
                let keys: String = keys.iter().collect();
                let mut text = open.text.clone();
                text.insert(text.byte_to_char(cursor), &keys);
                type_into(&mut open, &text, cursor, keys.len());
                cursor += keys.len();
                let begin = std::time::Instant::now();
                let next = open.with(&index, cursor, |inputs| {
                    context::prepare(inputs, prepared.as_ref())
                });
                let took = begin.elapsed();
                slowest = slowest.max(took);
                total += took;
                count += 1;
                let (prefix, suffix) = open.prompt(&next, cursor);
                let prompt = prefix + &suffix;
                if let Some(last) = &last {
                    shared += last
                        .bytes()
                        .zip(prompt.bytes())
                        .take_while(|(a, b)| a == b)
                        .count();
                    whole += prompt.len();
                    pairs += 1;
                }
                last = Some(prompt);
                prepared = Some(next);
            }
        }
    }
    println!(
        "\n{:.1} % of a prompt's bytes are the beginning of the one before it ({pairs} pairs, a request every {EVERY} keys)",
        shared as f64 * 100.0 / whole.max(1) as f64
    );
    println!(
        "choosing fragments, off the way of any request: {:.2} ms in the mean, {:.1} ms at most",
        total.as_secs_f64() * 1000.0 / f64::from(count.max(1)),
        slowest.as_secs_f64() * 1000.0
    );
}

fn type_into(open: &mut Open, text: &Rope, at: usize, length: usize) {
    open.tree.edit(&open.text, text, at..at, length);
    open.text = text.clone();
    if let Some(tree) = open.tree.parsed(text, Duration::from_secs(10)) {
        open.tree = tree;
    }
}
