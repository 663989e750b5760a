//! Which model a call would go to now, and why: told before the call, by the same function that decides it.
//!
//! Entry point: [`Gateway::explain`]. Each candidate is decided on by itself with [`routing::decide_on`], so what is told of it is what would become of
//! it; nothing is asked, nothing is spent.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Gateway, expect, reserve};
use crate::config::{KeySource, ModelName, Settings, host_of};
use crate::cost::Tokens;
use crate::routing::{self, Decision, Feature, Way};
use crate::workspace::Rule;

/// Where a call would go, and why.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What the call is for: `completion` or `action`.
    pub feature: String,
    /// The model that answers, as `provider/model`.
    pub model: String,
    /// Who pays, in words.
    pub payer: String,
    /// Why this model, in words.
    pub reason: String,
    /// The host that is asked; null of the embedded engine, which is in this process.
    pub host: Option<String>,
    /// Whether what is sent may reach another machine.
    pub leaves_the_machine: bool,
    /// Where the key comes from, in words; null where none is sent.
    pub key: Option<String>,
    /// What a call costs at the most, in words, with the settings' largest prompt and answer.
    pub at_most: String,
    /// All that were thought of, in order.
    pub candidates: Vec<Candidate>,
    /// The same to read.
    pub text: String,
}

/// A model that a call might go to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Its name, as `provider/model`.
    pub model: String,
    /// Whether it may be asked.
    pub is_kept: bool,
    /// The rule that kept it or dropped it, in words.
    pub rule: String,
}

impl Gateway {
    /// Explains where a call for a feature goes now, from a document of a certain standing.
    pub fn explain(
        &self,
        settings: &Settings,
        feature: Feature,
        confined: Option<Rule>,
    ) -> Explanation {
        let decide = |wanted: &ModelName| {
            let decision = self.decide_on(settings, feature, wanted);
            match confined {
                Some(_) => decision.confined(),
                None => decision,
            }
        };
        let wanted = match feature {
            Feature::Completion => &settings.model,
            Feature::Action => settings.model_of_actions(),
        };
        let decision = decide(wanted);
        let mut candidates = Vec::new();
        for candidate in self.candidates(settings, wanted) {
            let name = candidate.to_string();
            let decided = decide(&candidate);
            candidates.push(Candidate {
                is_kept: decided.name() == name,
                rule: if decided.name() == name && wanted == &ModelName::Auto {
                    "it answers on this machine".into()
                } else {
                    decided.reason.into()
                },
                model: name,
            });
        }
        candidates.push(Candidate {
            model: format!("{}/{}", routing::LOCAL, routing::PATTERNS),
            is_kept: true,
            rule: "it is always there, and answers where nothing else may".into(),
        });
        let mut explanation = Explanation {
            feature: feature.name().into(),
            model: decision.name(),
            payer: decision.payer.to_string(),
            reason: decision.reason.into(),
            host: decision.way.base_url().map(host_of),
            leaves_the_machine: decision.leaves_the_machine(),
            key: key(&decision),
            at_most: at_most(settings, &decision),
            candidates,
            text: String::new(),
        };
        explanation.text = explanation.to_text();
        explanation
    }

    /// Returns what was thought of besides the embedded engine.
    fn candidates(&self, settings: &Settings, wanted: &ModelName) -> Vec<ModelName> {
        match wanted {
            ModelName::Local => Vec::new(),
            ModelName::Of { .. } => vec![wanted.clone()],
            ModelName::Auto => {
                let answering = self.answering();
                let of = |name: &String| {
                    let server = answering.iter().find(|server| server.provider == *name)?;
                    Some(ModelName::Of {
                        provider: server.provider.clone(),
                        model: server.model.clone(),
                    })
                };
                settings.local_servers.iter().filter_map(of).collect()
            }
        }
    }
}

fn key(decision: &Decision) -> Option<String> {
    let Way::Http(provider) = &decision.way else {
        return None;
    };
    // Names only: which key it is can be said without having it.
    match &provider.key {
        KeySource::None => None,
        KeySource::Default { variable: None } => Some("the stored key".into()),
        KeySource::Default {
            variable: Some(variable),
        } => Some(format!("the stored key, else the variable {variable}")),
        KeySource::Keyring { label } => Some(format!("the stored key \"{label}\"")),
        KeySource::Env(variable) => Some(format!("the variable {variable}")),
        KeySource::Command(helper) => {
            let program = helper.argv.first().map_or("", String::as_str);
            Some(format!("what the program {program} prints"))
        }
    }
}

fn at_most(settings: &Settings, decision: &Decision) -> String {
    let output = match decision.feature {
        Feature::Completion => settings.max_tokens,
        Feature::Action => settings.action_max_tokens,
    };
    let tokens = Tokens {
        input: settings.context.max_tokens,
        output: output.into(),
        ..Tokens::default()
    };
    if decision.is_embedded() {
        return "free".into();
    }
    match expect::cost(decision, &tokens, reserve::slowest(output)).amount() {
        Some(amount) if amount.nanos() == 0 => "free".into(),
        Some(amount) => format!(
            "{amount} ({} tokens in, {} out)",
            tokens.input, tokens.output
        ),
        None => "nobody knows its price".into(),
    }
}

impl Explanation {
    fn to_text(&self) -> String {
        let mut text = format!("{} goes to {}: {}\n", self.feature, self.model, self.reason);
        let mut line = |name: &str, value: &str| {
            // A text cannot fail to take more text.
            let _ = writeln!(text, "  {name:<8}  {value}");
        };
        line("payer", &self.payer);
        line("key", self.key.as_deref().unwrap_or("none is sent"));
        line(
            "host",
            self.host
                .as_deref()
                .unwrap_or("none: it runs in this process"),
        );
        line("at most", &self.at_most);
        text.push_str("thought of, in this order:\n");
        for candidate in &self.candidates {
            let mark = if candidate.model == self.model {
                "asked"
            } else if candidate.is_kept {
                "kept"
            } else {
                "dropped"
            };
            let _ = writeln!(text, "  {mark:<8}  {}: {}", candidate.model, candidate.rule);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::config::Network;
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
        *gateway.0.answering.lock().expect("ours alone") = answering.iter().map(server).collect();
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
        forbidden.policy.providers = Some(vec!["anthropic".into()]);
        for (settings, dropped) in [
            (Settings::default(), None),
            (named("gpt-4.1-mini"), None),
            (auto, None),
            (offline, Some(routing::OFFLINE)),
            (forbidden, Some(routing::NOT_ALLOWED)),
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
            "at most   $0.00",
            "asked     openai/gpt-4.1-mini",
            "kept      local/patterns",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
}
