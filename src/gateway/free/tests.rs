#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::{Layer, Layers, ModelName, Settings};
use crate::routing::{self, Feature};

fn settings(config: serde_json::Value) -> Settings {
    let mut layers = Layers::default();
    layers.set_json(Layer::UserFile, "test", config).unwrap();
    layers.settings()
}

fn decision(settings: &Settings, name: &str, feature: Feature) -> Decision {
    let (provider, model) = name.split_once('/').unwrap();
    let wanted = ModelName::Of {
        provider: provider.into(),
        model: model.into(),
    };
    routing::decide_on(settings, feature, &wanted, &[])
}

/// How many calls in a row are let go.
async fn entered(pool: &FreePool, decision: &Decision) -> u32 {
    let mut count = 0;
    while pool.enter(decision).await.is_ok() {
        count += 1;
        assert!(count < 10_000);
    }
    count
}

const QWEN: &str = "openrouter/qwen/qwen3-coder:free";
const GEMMA: &str = "openrouter/google/gemma-3-27b-it:free";

#[tokio::test(start_paused = true)]
async fn no_call_is_sent_that_the_limits_known_in_advance_refuse_and_some_are_kept_for_actions() {
    let settings = settings(serde_json::json!({}));
    let of = |name, feature| decision(&settings, name, feature);
    let pool = FreePool::shared_in(None);
    let begun = pool.now();
    // 20 in a minute, for all free models together; a fifth of them for actions.
    assert_eq!(entered(&pool, &of(QWEN, Feature::Completion)).await, 16);
    assert!(pool.is_resting(&of(GEMMA, Feature::Completion)));
    assert!(!pool.is_resting(&of(GEMMA, Feature::Action)));
    assert_eq!(entered(&pool, &of(GEMMA, Feature::Action)).await, 4);
    tokio::time::advance(Duration::from_mins(1)).await;
    // 50 in a day.
    assert_eq!(entered(&pool, &of(GEMMA, Feature::Completion)).await, 16);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(entered(&pool, &of(QWEN, Feature::Completion)).await, 4);
    assert_eq!(entered(&pool, &of(QWEN, Feature::Action)).await, 10);
    let refused = pool.enter(&of(QWEN, Feature::Action)).await;
    let Err(Error::UsedUp {
        renewed: Some(wait),
    }) = refused
    else {
        panic!("{refused:?}");
    };
    let day = 86_400_000;
    let midnight = (begun.div_euclid(day) + 1) * day;
    let left = Millis::try_from(wait.as_millis()).unwrap();
    assert!((pool.now() + left - midnight).abs() < 5_000, "{wait:?}");
    tokio::time::advance(wait).await;
    assert!(pool.enter(&of(QWEN, Feature::Completion)).await.is_ok());
    // What is billed is none of its business.
    let paid = of("openrouter/qwen/qwen3-coder", Feature::Completion);
    for _ in 0..100 {
        assert!(pool.enter(&paid).await.is_ok() && !pool.is_resting(&paid));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_rests_until_its_reset_and_the_account_where_the_limit_is_its() {
    let settings = settings(serde_json::json!({"providers": {"google": {"free": {}}}}));
    let of = |name| decision(&settings, name, Feature::Completion);
    let pool = FreePool::shared_in(None);
    let hours = |hours| Duration::from_hours(hours);
    let limited = Error::RateLimited {
        retry_after: Some(hours(3)),
    };
    pool.refused(&of(QWEN), &limited);
    assert!(pool.is_resting(&of(QWEN)) && !pool.is_resting(&of(GEMMA)));
    tokio::time::advance(hours(3)).await;
    assert!(!pool.is_resting(&of(QWEN)));
    let used_up = Error::UsedUp {
        renewed: Some(hours(7)),
    };
    pool.refused(&of(QWEN), &used_up);
    assert!(pool.is_resting(&of(QWEN)) && pool.is_resting(&of(GEMMA)));
    tokio::time::advance(hours(6)).await;
    assert!(pool.enter(&of(GEMMA)).await.is_err());
    tokio::time::advance(hours(1)).await;
    assert!(pool.enter(&of(GEMMA)).await.is_ok());
    // Elsewhere each model has its own.
    pool.refused(&of("google/gemini-2.5-flash"), &used_up);
    assert!(pool.is_resting(&of("google/gemini-2.5-flash")));
    assert!(!pool.is_resting(&of("google/gemini-2.5-pro")));
    // No word silences anybody for much longer than a day.
    let absurd = Error::UsedUp {
        renewed: Some(Duration::MAX),
    };
    pool.refused(&of(QWEN), &absurd);
    tokio::time::advance(hours(25)).await;
    assert!(!pool.is_resting(&of(QWEN)));
}

#[tokio::test]
async fn all_processes_count_together_and_what_rests_does_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.free.json");
    let settings = settings(serde_json::json!({
        "providers": {"openrouter": {"free": {"requests_per_minute": 10, "requests_per_day": 12}}}
    }));
    let action = decision(&settings, QWEN, Feature::Action);
    let open = || FreePool::shared_in(Some(file.clone()));
    let (one, other) = (open(), open());
    for _ in 0..5 {
        assert!(one.enter(&action).await.is_ok() && other.enter(&action).await.is_ok());
    }
    assert!(one.enter(&action).await.is_err() && other.enter(&action).await.is_err());
    let used_up = Error::UsedUp {
        renewed: Some(Duration::from_mins(90)),
    };
    one.refused(&action, &used_up);
    one.close();
    let renewed = open().enter(&action).await;
    let Err(Error::UsedUp {
        renewed: Some(wait),
    }) = renewed
    else {
        panic!("{renewed:?}");
    };
    assert!(wait > Duration::from_mins(89), "{wait:?}");
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.free.json");
    let settings = settings(serde_json::json!({}));
    let call = decision(&settings, QWEN, Feature::Completion);
    for text in [
        "",
        "nonsense",
        "[]",
        r#"{"openrouter":{"until":9223372036854775807,"begun":[9223372036854775807,-1],"day":-7,"used":4000000000}}"#,
        r#"{"openrouter":{"begun":"x"}}"#,
    ] {
        std::fs::write(&file, text).unwrap();
        let pool = FreePool::shared_in(Some(file.clone()));
        assert!(pool.enter(&call).await.is_ok(), "{text}");
        assert!(
            std::fs::read_to_string(&file)
                .unwrap()
                .contains("\"used\":1")
        );
    }
    // Nor is a place where none can be.
    let pool = FreePool::shared_in(Some(file.join("below/a-file")));
    assert_eq!(entered(&pool, &call).await, 16);
}
