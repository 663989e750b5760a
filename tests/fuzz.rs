//! The fuzz targets on their seeds, and on what chance makes of them; always the same chance, and for seconds. `fuzz/README.md` says how they
//! are run for as long as one likes, with an eye on what parts of the code they reach.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

#[path = "../fuzz/src/lib.rs"]
#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub)]
mod targets;

/// A generator of chance (xorshift64*, Vigna 2016).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end.max(1)
    }
}

/// Bytes that mean something to one decoder or another.
const TELLING: [&[u8]; 16] = [
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"{",
    b"}",
    b"\"",
    b"[",
    b"data: ",
    b"```",
    b"\xf0\x9f",
    b"\xe2\x80\xa8",
    b"<|",
    b"ghp_",
    b"=======",
    b"-1",
];

/// Changes a few places of an input.
fn changed(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..=chance.below(6) {
        let at = chance.below(input.len() + 1);
        match chance.below(6) {
            0 if at < input.len() => input[at] = u8::try_from(chance.next() >> 56).unwrap(),
            1 => input.truncate(at),
            2 => {
                let end = at + chance.below(input.len() - at + 1);
                input.drain(at..end);
            }
            3 => {
                let from = chance.below(other.len() + 1);
                let piece = &other[from..from + chance.below(other.len() - from + 1)];
                input.splice(at..at, piece.iter().copied());
            }
            4 => {
                let end = at + chance.below((input.len() - at).min(64) + 1);
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            _ => {
                let telling = TELLING[chance.below(TELLING.len())];
                input.splice(at..at, telling.iter().copied());
            }
        }
        input.truncate(4096);
    }
    input
}

/// What reads a stream that somebody else writes, and so is run longest.
const STREAMS: [&str; 3] = ["frames", "messages", "answers"];

/// How long or how much is asked for by hand: `BYOK_FUZZ=100` for so many times as many inputs, `BYOK_FUZZ_SECONDS=60` for so long, where no
/// [stream](STREAMS) is read for a third of it.
fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn run(name: &str, target: fn(&[u8]), count: usize) {
    run_joined(name, target, count, 1);
}

/// The same, with up to so many seeds one behind the other in an input.
fn run_joined(name: &str, target: fn(&[u8]), count: usize, most_seeds: usize) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(name);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(!seeds.is_empty());
    for seed in &seeds {
        target(seed);
    }
    target(b"");
    let mut chance = Chance(4711);
    let share = if STREAMS.contains(&name) { 1 } else { 3 };
    let end = asked("BYOK_FUZZ_SECONDS")
        .map(|seconds| Instant::now() + Duration::from_secs(seconds) / share);
    let most = match end {
        Some(_) => usize::MAX,
        None => count * usize::try_from(asked("BYOK_FUZZ").unwrap_or(1)).unwrap(),
    };
    for number in 0..most {
        if end.is_some_and(|end| Instant::now() >= end) {
            println!("{name}: {number} inputs");
            return;
        }
        let mut input = Vec::new();
        for _ in 0..=chance.below(most_seeds) {
            let seed = &seeds[(number + input.len()) % seeds.len()];
            let other = &seeds[chance.below(seeds.len())];
            input.extend(changed(seed, other, &mut chance));
        }
        let is_sound = std::panic::catch_unwind(|| target(&input)).is_ok();
        assert!(is_sound, "{name} fails on {}", input.escape_ascii());
    }
}

#[test]
fn frames_never_end_for_good() {
    run("frames", targets::frames::run, 20_000);
}

#[test]
fn edits_are_what_they_did_to_the_bytes() {
    run("edits", targets::edits::run, 20_000);
}

#[test]
fn an_answer_says_the_same_however_it_is_cut() {
    run("answers", targets::answers::run, 20_000);
}

#[test]
fn a_configuration_is_taken_or_its_mistake_told() {
    run("config", targets::config::run, 1_000);
}

#[test]
fn a_reply_is_read_or_refused() {
    run("replies", targets::replies::run, 20_000);
}

#[test]
fn a_suggestion_holds_nothing_that_a_terminal_obeys() {
    run("suggestions", targets::suggestions::run, 5_000);
}

#[test]
fn a_masked_text_comes_back_whole() {
    run("credentials", targets::credentials::run, 3_000);
}

#[test]
fn a_server_ends_with_its_editor_whatever_that_said() {
    run_joined("messages", targets::messages::run, 50, 200);
}
