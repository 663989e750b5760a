//! What is explained is what is decided, and what is told of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::config::{ModelName, Network};
use crate::cost::Ledger;
use crate::provider::Http;
use crate::routing::LocalServer;
use crate::{local, routing};

fn gateway(settings: &Settings, answering: &[&str]) -> Gateway {
    let gateway = Gateway::with_substitutes(
        Http::new(&settings.network),
        local::Engine::new(local::Limits::default()),
        Ledger::in_memory(),
        Arc::new(|_| {}),
        HashMap::new(),
    );
    let server = |provider: &&str| LocalServer {
        provider: (*provider).into(),
        model: "m".into(),
    };
    let known = &gateway.0.answering;
    known.take(known.ask(), answering.iter().map(server).collect());
    gateway
}

fn named(model: &str) -> Settings {
    Settings {
        model: ModelName::Of {
            provider: "openai".into(),
            model: model.into(),
        },
        ..Settings::default()
    }
}

#[test]
fn what_is_explained_is_what_is_decided_under_every_rule() {
    let auto = Settings {
        local_servers: vec!["llama-cpp".into(), "ollama".into()],
        ..Settings::default()
    };
    let offline = Settings {
        network: Arc::new(Network {
            is_offline: true,
            ..Network::default()
        }),
        ..named("gpt-4.1-mini")
    };
    let mut forbidden = named("gpt-4.1-mini");
    forbidden.policy = crate::config::Policy::of(
        crate::config::Source::Workspace,
        crate::config::PolicyOptions {
            providers: Some(vec!["anthropic".into()]),
            ..crate::config::PolicyOptions::default()
        },
    );
    for (settings, dropped) in [
        (Settings::default(), None),
        (named("gpt-4.1-mini"), None),
        (auto, None),
        (offline, Some(routing::OFFLINE)),
        (
            forbidden,
            Some(
                "this workspace's .byok.toml does not allow the provider of the model that is set",
            ),
        ),
    ] {
        for answering in [&[][..], &["ollama"], &["ollama", "llama-cpp"]] {
            for feature in [Feature::Completion, Feature::Action] {
                for confined in [None, Some(Rule::Secret)] {
                    let gateway = gateway(&settings, answering);
                    let explained = gateway.explain(&settings, feature, confined);
                    let decided = gateway.decide(&settings, feature);
                    let decided = if confined.is_some() {
                        decided.confined()
                    } else {
                        decided
                    };
                    assert_eq!(explained.model, decided.name());
                    let asked = explained
                        .candidates
                        .iter()
                        .find(|it| it.model == explained.model);
                    assert!(asked.is_some_and(|it| it.is_kept), "{explained:?}");
                    let around = Circumstances {
                        confined: confined.map(|_| "a rule"),
                        task: Some("fix"),
                        class: TaskClass::Fix,
                        after: None,
                    };
                    let record = Record::of(&settings, &decided, around);
                    assert_eq!(record.candidates, explained.candidates);
                    assert_eq!(record.policy, explained.policy);
                    let kept: Record = serde_json::from_str(&record.to_json()).expect("ours");
                    assert_eq!(kept.recompute(&settings), Some(record));
                    let first = explained.candidates.iter().find(|it| it.is_kept);
                    assert_eq!(first.map(|it| &*it.model), Some(&*explained.model));
                    if let Some(rule) = dropped {
                        assert_eq!(explained.candidates[0].rule, rule);
                        assert!(!explained.candidates[0].is_kept);
                    }
                }
            }
        }
    }
}

#[test]
fn who_pays_at_openrouter_is_told_as_far_as_the_user_said_it() {
    let mut settings = Settings {
        model: ModelName::Of {
            provider: "openrouter".into(),
            model: "a/b".into(),
        },
        ..Settings::default()
    };
    let payer = |settings: &Settings| {
        let explained = gateway(settings, &[]).explain(settings, Feature::Completion, None);
        explained.payer
    };
    assert_eq!(
        payer(&settings),
        "you: your credits or your own account, as the gateway bills"
    );
    let openrouter = settings.providers.get_mut("openrouter").expect("known");
    openrouter.upstream_payer = Some(crate::config::UpstreamPayer::Credits);
    assert_eq!(payer(&settings), "you: your credits at the gateway");
}

#[test]
fn who_reads_it_learns_payer_key_host_and_the_most_it_costs() {
    let settings = named("gpt-4.1-mini");
    let text = gateway(&settings, &[])
        .explain(&settings, Feature::Completion, None)
        .text;
    for part in [
        "completion goes to openai/gpt-4.1-mini: the settings name it",
        "payer     you: your own key",
        "key       the stored key, else the variable OPENAI_API_KEY",
        "host      api.openai.com",
        "expected  $0.0006 (1462 tokens in, 40 out)",
        "at most   $0.00",
        "asked     openai/gpt-4.1-mini",
        "kept      local/patterns",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}
