//! Which of the model servers on this machine answers where `auto` is asked for.
//!
//! Entry point: [`of_servers`], all of the enabled ones that answer, in the user's order, each with the rule that drops it, if one does. Each obeys every rule
//! that a model alone obeys. Who pays for `auto` is who pays for the first that the rules about providers and payers let be asked, whether or not
//! it answers now: a server that is stopped is no leave to pay for the next one. Those for which nobody pays always may follow, and others if the user allowed it.

use super::fallback::{Hop, OTHER_PAYER};
use super::{Decision, Feature, LocalServer, Payer, decide_on};
use crate::config::{ModelName, Settings};

/// Why a server on this machine is asked.
const ANSWERS: &str = "it answers on this machine";

/// Returns the enabled servers that answer, in the user's order.
pub fn of_servers(settings: &Settings, feature: Feature, answering: &[LocalServer]) -> Vec<Hop> {
    let payer = payer(settings);
    let listed = settings.local_servers.iter();
    let answers = listed
        .filter_map(|name| answering.iter().find(|server| server.provider == *name))
        .map(|server| Hop {
            name: format!("{}/{}", server.provider, server.model),
            decision: alone(settings, feature, server, payer).map(|decision| Decision {
                answering: answering.to_vec(),
                ..decision
            }),
        });
    answers.collect()
}

/// Decides for one server, or says which rule drops it.
fn alone(
    settings: &Settings,
    feature: Feature,
    server: &LocalServer,
    payer: Option<Payer>,
) -> Result<Decision, &'static str> {
    let wanted = ModelName::Of {
        provider: server.provider.clone(),
        model: server.model.clone(),
    };
    let decision = decide_on(settings, feature, &wanted, &[]);
    if decision.is_embedded() {
        return Err(decision.reason);
    }
    let is_paid_alike = decision.payer == Payer::Nobody || payer == Some(decision.payer);
    if !is_paid_alike && !settings.fallback.may_change_payer {
        return Err(OTHER_PAYER);
    }
    Ok(Decision {
        wanted: ModelName::Auto,
        reason: ANSWERS,
        ..decision
    })
}

/// Returns who pays for the first server that may be asked. Which model one has that does not answer is not known, so rules about models have no say.
fn payer(settings: &Settings) -> Option<Payer> {
    let policy = &settings.policy;
    let listed = settings.local_servers.iter();
    let mut listed = listed.filter_map(|name| settings.providers.get(name));
    listed.find_map(|provider| {
        let payer = Payer::of(provider);
        policy.judge_provider(provider).ok()?;
        policy.judge_payer(payer).ok()?;
        Some(payer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layer, Layers};
    use crate::routing::{decide, version};

    /// A relay that takes a key, a server whose power is paid for, and others that are free.
    const OWN: &str = "[providers.llama-cpp]\nkey = { env = \"RELAY\" }\n\
        [providers.vllm]\npower = { watts = 100, kwh = \"0.30 EUR\" }\n";

    fn settings(listed: &[&str], more: &str) -> Settings {
        let toml = format!("local.servers = {listed:?}\n{more}\n{OWN}");
        let mut layers = Layers::default();
        layers
            .set_toml(Layer::UserFile, "own", &toml)
            .unwrap_or_else(|problem| panic!("{problem}: {toml}"));
        layers.settings()
    }

    fn servers(names: &[&str]) -> Vec<LocalServer> {
        let server = |name: &&str| LocalServer {
            provider: (*name).into(),
            model: "m".into(),
        };
        names.iter().map(server).collect()
    }

    const ALL: [&str; 4] = ["vllm", "llama-cpp", "lm-studio", "ollama"];

    #[test]
    fn whoever_stops_nobody_pays_who_does_not_pay_for_the_first_that_is_listed_and_allowed() {
        let (free, other) = ("ollama", "lm-studio");
        let (relay, power) = ("llama-cpp", "vllm");
        let any = "fallback.may_change_payer = true";
        let cases: [(&[&str], &[&str], &str, &str); 14] = [
            (&[free, relay], &ALL, "", free),
            (&[free, relay], &[relay], "", "local"),
            (&[free, relay], &[relay], any, relay),
            (&[free, power], &[power], "", "local"),
            (&[free, power], &[power], any, power),
            (&[free, relay, other], &[relay, other], "", other),
            (&[relay, free], &ALL, "", relay),
            (&[relay, free], &[free], "", free),
            (&[relay, power, free], &[power, free], "", free),
            (&[relay, power], &[power], "", "local"),
            (&[power, relay], &[power, relay], "", power),
            // Who may not be asked says nothing about who pays, whether it answers or not.
            (
                &[free, relay],
                &[relay],
                "policy.payers = [\"relay\"]",
                relay,
            ),
            (
                &[free, relay],
                &ALL,
                "policy.deny_providers = [\"ollama\"]",
                relay,
            ),
            // A model that is denied does: another one may run there at any time.
            (
                &[free, relay],
                &ALL,
                "policy.deny_models = [\"ollama/*\"]",
                "local",
            ),
        ];
        for (listed, answering, more, expected) in cases {
            let settings = settings(listed, more);
            for feature in [Feature::Completion, Feature::Action] {
                let decision = decide(&settings, feature, &servers(answering));
                let told = format!("{listed:?} {answering:?} {more}");
                assert_eq!(decision.provider, expected, "{told}");
            }
        }
    }

    #[test]
    fn each_that_answers_is_told_of_with_the_rule_that_drops_it() {
        let settings = settings(&["ollama", "llama-cpp", "vllm"], "network.offline = true");
        let answering = servers(&["llama-cpp", "vllm"]);
        let hops = of_servers(&settings, Feature::Completion, &answering);
        let told: Vec<_> = hops
            .iter()
            .map(|hop| (&*hop.name, hop.decision.as_ref().err().copied()))
            .collect();
        let expected = [
            ("llama-cpp/m", Some(crate::routing::OFFLINE)),
            ("vllm/m", Some(OTHER_PAYER)),
        ];
        assert_eq!(told, expected);
        let decision = decide(&settings, Feature::Completion, &answering);
        assert_eq!(decision.reason, crate::routing::OFFLINE);
        assert_eq!(decision.answering, answering);
    }

    #[test]
    fn a_listed_server_that_does_not_answer_is_in_the_version_since_it_says_who_pays() {
        let version = |more: &str| {
            let settings = settings(&["ollama", "llama-cpp"], more);
            version(&settings, &ModelName::Auto, &servers(&["llama-cpp"]))
        };
        let keyed = "[providers.ollama]\nkey = { env = \"RELAY\" }";
        assert_ne!(version(""), version(keyed));
    }
}
