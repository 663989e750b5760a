//! Which of a pool's models is asked.
//!
//! Entry points: [`of_pool`], all of its models in the order of the strategy, each with the rule that drops it, if one does, and [`drawn`], the first that may be
//! asked. Each obeys every rule that a model alone obeys (policy, offline, what stays on this machine), and those for which somebody else would pay
//! than for the first that may be asked are left out unless the user allowed it.

use std::sync::Arc;

use super::draw::Draw;
use super::fallback::{CANNOT, Hop, OTHER_PAYER};
use super::{CONFINED, Decision, Feature, Payer, decide_on, embedded, strategy};
use crate::config::{ModelName, Settings, Strategy};

/// Why the embedded engine answers where a pool is not there any more.
const NO_POOL: &str = "the pool is no longer configured";

/// Returns the models of a pool in the order in which they are asked; those that a rule drops come last.
pub fn of_pool(settings: &Settings, feature: Feature, draw: &Arc<Draw>) -> Vec<Hop> {
    let mut dropped = Vec::new();
    let mut kept = Vec::new();
    // Whoever pays for the first that may be asked.
    let mut payer = None;
    for standing in &draw.standings {
        match alone(settings, feature, draw, &standing.model, payer) {
            Ok(decision) => {
                payer.get_or_insert(decision.payer);
                kept.push((standing, decision));
            }
            Err(rule) => dropped.push(Hop {
                name: standing.model.clone(),
                decision: Err(rule),
            }),
        }
    }
    let figures: Vec<_> = kept.iter().map(|(standing, _)| standing.figure).collect();
    let order = strategy::order(draw.strategy, &figures, draw.turn);
    let mut kept: Vec<_> = kept.into_iter().map(Some).collect();
    let in_turn = order.into_iter().filter_map(|at| kept.get_mut(at)?.take());
    let hop = |(_, decision): (_, Decision)| Hop {
        name: decision.name(),
        decision: Ok(decision),
    };
    in_turn.map(hop).chain(dropped).collect()
}

/// Decides for the first of a pool that may be asked; the embedded engine if none may.
pub fn drawn(settings: &Settings, feature: Feature, draw: &Draw) -> Decision {
    let draw = Arc::new(draw.clone());
    let hops = of_pool(settings, feature, &draw);
    let first = hops.into_iter().next().map(|hop| hop.decision);
    let reason = match first {
        Some(Ok(decision)) => return decision,
        Some(Err(rule)) => rule,
        None => NO_POOL,
    };
    Decision {
        wanted: ModelName::Pool(draw.pool.clone()),
        draw: Some(draw),
        ..embedded(feature, reason)
    }
}

/// Decides for one of a pool, or says which rule drops it.
fn alone(
    settings: &Settings,
    feature: Feature,
    draw: &Arc<Draw>,
    name: &str,
    payer: Option<Payer>,
) -> Result<Decision, &'static str> {
    let (provider, model) = name.split_once('/').ok_or(NO_POOL)?;
    let wanted = ModelName::Of {
        provider: provider.into(),
        model: model.into(),
    };
    let decision = decide_on(settings, feature, &wanted, &[]);
    if decision.name() != name {
        return Err(decision.reason);
    }
    if draw.is_confined && decision.leaves_the_machine() {
        return Err(CONFINED);
    }
    if feature == Feature::Action && decision.way.fills() {
        return Err(CANNOT);
    }
    let is_paid_alike =
        payer.is_none_or(|payer| decision.payer == payer || decision.payer == Payer::Nobody);
    if !is_paid_alike && !settings.fallback.may_change_payer {
        return Err(OTHER_PAYER);
    }
    Ok(Decision {
        wanted: ModelName::Pool(draw.pool.clone()),
        reason: reason(draw.strategy),
        draw: Some(draw.clone()),
        ..decision
    })
}

/// Says why the first of a pool is asked.
fn reason(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Ordered => "the first of its pool",
        Strategy::Cheapest => "the cheapest of its pool",
        Strategy::Fastest => "the fastest of its pool",
        Strategy::Available => "the one of its pool that answers most often",
        Strategy::Weighted => "its turn in its pool",
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::{Figure, Standing};
    use super::*;
    use crate::config::{KeySource, Policy, PolicyOptions, Pool, PoolModel, Routes, Source};

    fn settings(models: &[&str], strategy: Strategy) -> Settings {
        let model = |name: &&str| {
            let (provider, model) = name.split_once('/').expect("provider/model");
            PoolModel {
                provider: provider.into(),
                model: model.into(),
                weight: 1,
            }
        };
        let pool = Pool {
            models: models.iter().map(model).collect(),
            strategy,
        };
        let routes = Routes {
            pools: [("quick".to_owned(), pool)].into(),
            ..Routes::default()
        };
        Settings {
            model: ModelName::Pool("quick".into()),
            routes: Arc::new(routes),
            ..Settings::default()
        }
    }

    fn asked(settings: &Settings, change: impl FnOnce(&mut Draw)) -> Vec<(String, bool)> {
        let mut draw = Draw::blind(settings, "quick");
        change(&mut draw);
        let hops = of_pool(settings, Feature::Completion, &Arc::new(draw));
        hops.into_iter()
            .map(|hop| (hop.name, hop.decision.is_ok()))
            .collect()
    }

    #[test]
    fn each_obeys_the_rules_that_a_model_alone_obeys() {
        let mut one = settings(&["groq/a", "anthropic/b", "ollama/c"], Strategy::Ordered);
        let mut rules = PolicyOptions {
            providers: Some(vec!["anthropic".into(), "ollama".into()]),
            ..PolicyOptions::default()
        };
        one.policy = Policy::of(Source::Workspace, rules.clone());
        let kept = |names: &[(&str, bool)]| -> Vec<(String, bool)> {
            let own = |(name, is_kept): &(&str, bool)| ((*name).to_owned(), *is_kept);
            names.iter().map(own).collect()
        };
        let expected = [("anthropic/b", true), ("ollama/c", true), ("groq/a", false)];
        assert_eq!(asked(&one, |_| ()), kept(&expected));
        let expected = [
            ("ollama/c", true),
            ("groq/a", false),
            ("anthropic/b", false),
        ];
        assert_eq!(asked(&one, |draw| draw.is_confined = true), kept(&expected));
        rules.actions = Some(false);
        one.policy = Policy::of(Source::Workspace, rules);
        let none = drawn(&one, Feature::Action, &Draw::blind(&one, "quick"));
        assert!(none.is_embedded() && super::super::is_by_policy(none.reason));
    }

    #[test]
    fn who_pays_for_the_first_pays_for_all_unless_the_user_allowed_another() {
        let mut one = settings(&["groq/a", "ollama/b", "llama-cpp/c"], Strategy::Cheapest);
        let relay = one.providers.get_mut("ollama").expect("well known");
        relay.key = KeySource::Env("RELAY".into());
        let cost = |draw: &mut Draw| {
            for standing in &mut draw.standings {
                if standing.model == "ollama/b" {
                    standing.figure = Figure::Free;
                }
            }
        };
        let first = |settings: &Settings| {
            let mut draw = Draw::blind(settings, "quick");
            cost(&mut draw);
            drawn(settings, Feature::Completion, &draw)
        };
        assert_eq!(first(&one).name(), "groq/a");
        let mut fallback = (*one.fallback).clone();
        fallback.may_change_payer = true;
        one.fallback = Arc::new(fallback);
        let allowed = first(&one);
        assert_eq!(
            (allowed.name(), allowed.payer),
            ("ollama/b".into(), Payer::Relay)
        );
    }

    #[test]
    fn a_pool_that_is_gone_is_the_embedded_engine() {
        let decision = drawn(
            &Settings::default(),
            Feature::Completion,
            &Draw::blind(&Settings::default(), "quick"),
        );
        assert_eq!((decision.is_embedded(), decision.reason), (true, NO_POOL));
        let strange = Draw {
            standings: vec![Standing {
                model: "no slash".into(),
                figure: Figure::Place,
            }],
            ..Draw::blind(&Settings::default(), "quick")
        };
        assert!(drawn(&Settings::default(), Feature::Completion, &strange).is_embedded());
    }
}
