//! What is learnt, kept, bounded, and how near it comes.

#![allow(clippy::unwrap_used)]

use super::*;

const MODEL: &str = "openai/gpt-4.1-mini";

fn lesson(prompt: u32, input: u64, output: u64) -> Lesson {
    Lesson {
        model: MODEL.into(),
        task: "explain".into(),
        prompt: Rough::of_tokens(prompt),
        reply: Rough::of_tokens(300),
        output: Some(100),
        tokens: Tokens {
            input,
            output,
            ..Tokens::default()
        },
        is_whole: true,
        took: Some(Duration::from_secs(2)),
        miss_permille: Some(50),
    }
}

#[test]
fn how_long_a_model_works_is_learnt_from_how_long_it_worked() {
    let estimates = Estimates::default();
    assert_eq!(estimates.time(MODEL, 100), Duration::from_secs(2));
    for _ in 0..30 {
        let mut slow = lesson(3_400, 1_400, 400);
        slow.took = Some(Duration::from_secs(40));
        estimates.learn(&slow);
    }
    assert_eq!(estimates.time(MODEL, 100), Duration::from_secs(10));
    let guess = estimates.guess(MODEL, &expected(3_400));
    assert_eq!(guess.time, estimates.time(MODEL, guess.tokens.output));
}

fn expected(prompt: u32) -> Expected<'static> {
    Expected {
        task: "explain",
        prompt: Rough::of_tokens(prompt),
        output: 100,
        most: 1_000,
    }
}

#[test]
fn what_a_provider_reports_is_what_is_expected_next_time() {
    let estimates = Estimates::default();
    assert_eq!(estimates.guess(MODEL, &expected(1_000)).tokens.input, 1_012);
    for _ in 0..8 {
        estimates.learn(&lesson(1_000, 1_400, 400));
    }
    let guess = estimates.guess(MODEL, &expected(1_000));
    assert!(guess.tokens.input.abs_diff(1_400) < 60, "{guess:?}");
    assert!(guess.tokens.output.abs_diff(400) < 40, "{guess:?}");
    assert_eq!(guess.miss, Some(5));
    assert!(estimates.text(MODEL, Rough::of_tokens(300)).abs_diff(400) < 40);
    // Neither another model nor another task is meant by it.
    assert_eq!(
        estimates.guess("openai/gpt-4.1", &expected(1_000)).miss,
        None
    );
    let other = Expected {
        task: "fix",
        ..expected(1_000)
    };
    assert!(estimates.guess(MODEL, &other).tokens.output < 150);
}

#[test]
fn an_answer_is_never_expected_to_be_longer_than_it_may_be() {
    let estimates = Estimates::default();
    for _ in 0..8 {
        estimates.learn(&lesson(1_000, 1_400, 5_000));
    }
    assert_eq!(
        estimates.guess(MODEL, &expected(1_000)).tokens.output,
        1_000
    );
}

#[test]
fn what_usually_comes_from_the_cache_is_expected_to() {
    let estimates = Estimates::default();
    let mut cached = lesson(1_000, 100, 100);
    cached.tokens.cache_read = 900;
    for _ in 0..3 {
        estimates.learn(&cached);
    }
    let tokens = estimates.guess(MODEL, &expected(1_000)).tokens;
    let most = tokens.input_total() * 9 / 10;
    assert!(tokens.cache_read.abs_diff(most) <= 1, "{tokens:?}");
}

#[test]
fn how_far_off_estimates_are_is_said_once_there_were_some() {
    let estimates = Estimates::default();
    for (count, said) in [(1, None), (2, None), (3, Some(5))] {
        estimates.learn(&lesson(1_000, 1_000, 100));
        let guess = estimates.guess(MODEL, &expected(1_000));
        assert_eq!(guess.miss, said, "{count}");
    }
    assert_eq!(miss_permille(130, 100), Some(300));
    assert_eq!(miss_permille(70, 100), Some(300));
    assert_eq!(miss_permille(1, 0), None);
    assert_eq!(miss_permille(i64::MAX, 1), Some(u32::MAX));
}

#[test]
fn what_was_learnt_survives_a_restart_and_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("ledger.estimates.json");
    let (one, other) = (
        Estimates::in_file(path.clone()),
        Estimates::in_file(path.clone()),
    );
    // Each has read the file, which is not there yet.
    let start = one.guess(MODEL, &expected(1_000));
    assert_eq!(other.guess(MODEL, &expected(1_000)), start);
    one.learn(&lesson(1_000, 1_400, 400));
    let mut theirs = lesson(1_000, 1_400, 400);
    theirs.model = "mistral/codestral-latest".into();
    other.learn(&theirs);
    one.close();
    other.close();
    let again = Estimates::in_file(path.clone());
    for model in [MODEL, "mistral/codestral-latest"] {
        assert!(again.guess(model, &expected(1_000)).tokens.output > 200);
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1
    );
    assert!(kept.starts_with(r#"{"v":2,"models":{""#), "{kept}");
}

#[test]
fn a_file_that_is_damaged_hostile_or_of_another_version_is_as_good_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estimates.json");
    let start = Estimates::default().guess(MODEL, &expected(1_000));
    let good = {
        let estimates = Estimates::in_file(path.clone());
        estimates.learn(&lesson(1_000, 1_400, 400));
        std::fs::read_to_string(&path).unwrap()
    };
    let hostile = good.replace("\"w\":", "\"w\":-");
    for text in [
        "",
        "{",
        "[]",
        "null",
        &good.replace("\"v\":2", "\"v\":1"),
        &hostile,
        &good.replace("\"xx\":", "\"xx\":1e999,\"zz\":"),
    ] {
        std::fs::write(&path, text).unwrap();
        let guess = Estimates::in_file(path.clone()).guess(MODEL, &expected(1_000));
        assert_eq!(guess.tokens, start.tokens, "{text}");
    }
}

#[test]
fn what_is_kept_is_bounded_and_holds_counts_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estimates.json");
    let estimates = Estimates::in_file(path.clone());
    for number in 0..300 {
        let mut one = lesson(1_000, u64::MAX, u64::MAX);
        one.model = format!("p/{}", number % 100);
        one.task = format!("task {number}").into();
        estimates.learn(&one);
        estimates.learn(&Lesson {
            model: MODEL.into(),
            ..one
        });
    }
    estimates.learn(&Lesson {
        model: "x".repeat(LONGEST_NAME + 1),
        ..lesson(1, 1, 1)
    });
    estimates.close();
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let models = kept["models"].as_object().unwrap();
    assert_eq!(models.len(), 64);
    assert_eq!(models[MODEL]["tasks"].as_object().unwrap().len(), 64);
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
}
