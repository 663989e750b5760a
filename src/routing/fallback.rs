//! Who answers in the place of a model that does not.
//!
//! Entry points: [`hops`], all that the user named, each with the rule that drops it, if one does, and [`fallback`], the first of them that may be
//! asked. A hop obeys every rule that the model before it obeys (policy, offline), and never changes who pays unless the user allowed it. Which
//! models do not answer is told by the caller, so that this is a pure function like the rest.

use super::{Decision, Feature, Payer, decide_on, embedded, of_pool};
use crate::config::{ModelName, Settings};

/// Why a model answers in another's place.
pub const FALLBACK: &str = "those before it do not answer";

/// Why a model does not take another's place.
pub const OTHER_PAYER: &str = "somebody else would pay, and fallback.may_change_payer is not set";

/// Why a model does not take another's place in a code action.
pub const CANNOT: &str = "it cannot be told what to do";

/// A model that may take the place of the one that was decided on.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    /// The model's full name.
    pub name: String,
    /// The decision for it, or why there is none.
    pub decision: Result<Decision, &'static str>,
}

/// Returns all that may take the place of a decision, in order: the others of its pool, then those that the user named.
pub fn hops(settings: &Settings, first: &Decision) -> Vec<Hop> {
    let pool = first.draw.as_ref();
    let others = pool.map_or_else(Vec::new, |draw| of_pool(settings, first.feature, draw));
    let others = others.into_iter().filter(|hop| hop.name != first.name());
    let mut hops: Vec<Hop> = others.collect();
    let named = named_hops(settings, first);
    let is_new = |hop: &Hop| hops.iter().all(|other| other.name != hop.name);
    let named: Vec<Hop> = named.into_iter().filter(is_new).collect();
    hops.extend(named);
    hops
}

/// Returns those that the user named.
fn named_hops(settings: &Settings, first: &Decision) -> Vec<Hop> {
    let named = named(settings, first.feature);
    let hop = |wanted: &ModelName| {
        let decision = match wanted {
            ModelName::Local => embedded(first.feature, FALLBACK),
            _ => decide_on(settings, first.feature, wanted, &[]),
        };
        let name = match wanted {
            ModelName::Local => decision.name(),
            _ => wanted.to_string(),
        };
        let is_paid_alike = decision.payer == first.payer || decision.payer == Payer::Nobody;
        let decision = if decision.name() != name {
            Err(decision.reason)
        } else if first.feature == Feature::Action && decision.way.fills() {
            Err(CANNOT)
        } else if !is_paid_alike && !settings.fallback.may_change_payer {
            Err(OTHER_PAYER)
        } else {
            Ok(Decision {
                reason: FALLBACK,
                wanted: first.wanted.clone(),
                answering: first.answering.clone(),
                draw: first.draw.clone(),
                ruled: first.ruled.clone(),
                ..decision
            })
        };
        Hop { name, decision }
    };
    let is_other = |hop: &Hop| hop.name != first.name();
    named.iter().map(hop).filter(is_other).collect()
}

/// Returns whether any may take the place of a decision.
pub fn has_hops(settings: &Settings, first: &Decision) -> bool {
    let is_pool = first
        .draw
        .as_ref()
        .is_some_and(|draw| draw.standings.len() > 1);
    is_pool || !named(settings, first.feature).is_empty()
}

fn named(settings: &Settings, feature: Feature) -> &[ModelName] {
    match feature {
        Feature::Completion | Feature::Speculation => &settings.fallback.completion,
        Feature::Action => &settings.fallback.actions,
    }
}

/// Returns the first that may take the place of a decision and is none of those that do not answer.
pub fn fallback(settings: &Settings, first: &Decision, failing: &[String]) -> Option<Decision> {
    let works = |hop: Hop| hop.decision.ok().filter(|_| !failing.contains(&hop.name));
    let decision = hops(settings, first).into_iter().find_map(works)?;
    Some(Decision {
        failing: failing.into(),
        reason: FALLBACK,
        ruled: first.ruled.clone(),
        ..decision
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KeySource, Layer, Layers};

    fn of(name: &str) -> ModelName {
        match name.split_once('/') {
            Some((provider, model)) => ModelName::Of {
                provider: provider.into(),
                model: model.into(),
            },
            None => ModelName::Local,
        }
    }

    fn settings(names: &[&str]) -> Settings {
        let mut settings = Settings {
            model: of("openai/gpt-4.1-mini"),
            ..Settings::default()
        };
        let fallback = crate::config::Fallback {
            completion: names.iter().map(|name| of(name)).collect(),
            actions: names.iter().map(|name| of(name)).collect(),
            ..crate::config::Fallback::default()
        };
        settings.fallback = std::sync::Arc::new(fallback);
        settings
    }

    fn first(settings: &Settings, feature: Feature) -> Decision {
        super::super::decide(settings, feature, &[])
    }

    fn next(settings: &Settings, failing: &[&str]) -> Option<String> {
        let failing: Vec<String> = failing.iter().map(|name| (*name).to_owned()).collect();
        let first = first(settings, Feature::Completion);
        fallback(settings, &first, &failing).map(|decision| decision.name())
    }

    #[test]
    fn the_next_that_answers_takes_over_in_the_users_order() {
        let settings = settings(&["groq/a", "anthropic/b", "local"]);
        assert_eq!(next(&settings, &[]).as_deref(), Some("groq/a"));
        assert_eq!(next(&settings, &["groq/a"]).as_deref(), Some("anthropic/b"));
        let both = ["groq/a", "anthropic/b"];
        assert_eq!(next(&settings, &both).as_deref(), Some("local/patterns"));
        let all = ["groq/a", "anthropic/b", "local/patterns"];
        assert_eq!(next(&settings, &all), None);
    }

    #[test]
    fn nobody_else_pays_unless_the_user_allowed_it_and_what_is_free_always_may() {
        let mut settings = settings(&["ollama/proxied", "llama-cpp/own"]);
        let relay = settings.providers.get_mut("ollama").expect("well known");
        relay.key = KeySource::Env("RELAY".into());
        assert_eq!(next(&settings, &[]).as_deref(), Some("llama-cpp/own"));
        let hops = hops(&settings, &first(&settings, Feature::Completion));
        assert_eq!(hops[0].decision, Err(OTHER_PAYER));
        let mut fallback = (*settings.fallback).clone();
        fallback.may_change_payer = true;
        settings.fallback = std::sync::Arc::new(fallback);
        assert_eq!(next(&settings, &[]).as_deref(), Some("ollama/proxied"));
    }

    #[test]
    fn openrouter_takes_nobodys_place_on_other_money_whatever_it_was_told_of_its_payer() {
        let routing = [
            "",
            "payer = \"credits\"",
            "payer = \"own-account\"\nonly = [\"anthropic\"]",
        ];
        for routing in routing {
            for may_change_payer in [false, true] {
                let toml = format!(
                    "completion.model = \"openai/gpt-4.1-mini\"\n\
                     [fallback]\ncompletion = [\"openrouter/a/b\", \"groq/c\"]\nmay_change_payer = {may_change_payer}\n\
                     [providers.openrouter.routing]\n{routing}\n"
                );
                let mut layers = Layers::default();
                layers
                    .set_toml(Layer::UserFile, "own", &toml)
                    .expect("good");
                let settings = layers.settings();
                let hops = hops(&settings, &first(&settings, Feature::Completion));
                let told = format!("{toml}\n{hops:?}");
                if may_change_payer {
                    assert!(hops[0].decision.is_ok(), "{told}");
                } else {
                    assert_eq!(hops[0].decision, Err(OTHER_PAYER), "{told}");
                    assert_eq!(next(&settings, &[]).as_deref(), Some("groq/c"));
                }
            }
        }
    }

    #[test]
    fn every_hop_obeys_the_policy_and_offline_and_can_do_what_is_asked() {
        let mut one = settings(&["groq/a", "anthropic/b"]);
        one.policy = crate::config::Policy::of(
            crate::config::Source::User,
            crate::config::PolicyOptions {
                providers: Some(vec!["openai".into(), "anthropic".into()]),
                ..crate::config::PolicyOptions::default()
            },
        );
        assert_eq!(next(&one, &[]).as_deref(), Some("anthropic/b"));
        let codestral = settings(&["codestral/codestral-latest", "local"]);
        let hops = hops(&codestral, &first(&codestral, Feature::Action));
        assert!(
            hops.iter().all(|hop| hop.decision == Err(CANNOT)),
            "{hops:?}"
        );
        let mut offline = settings(&["groq/a"]);
        offline.network = std::sync::Arc::new(crate::config::Network {
            is_offline: true,
            ..crate::config::Network::default()
        });
        assert_eq!(next(&offline, &[]), None);
    }
}
