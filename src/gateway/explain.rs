//! Which model a call would go to now, and why: told before the call, by the same function that decides it.
//!
//! Entry point: [`Gateway::explain`]. It prints the [`Record`] that a call made now would leave in the ledger, and with it what such a call costs
//! at the most; nothing is asked, nothing is spent.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::record::{Candidate, Circumstances, Record};
use super::{Gateway, expect, reserve};
use crate::config::{KeySource, Settings, host_of};
use crate::cost::{Money, Tokens};
use crate::routing::{Decision, Feature, Need, Way};
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
    /// The rule of `routing.rules` by which it was asked for, in words; null where it is the feature's model.
    pub rule: Option<String>,
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
    /// What tells the settings that decided from others; the records of calls in the ledger have it too.
    pub policy: String,
    /// The same to read.
    pub text: String,
}

impl Gateway {
    /// Explains where a usual call for a feature goes now, from a document of a certain standing.
    pub fn explain(
        &self,
        settings: &Settings,
        feature: Feature,
        confined: Option<Rule>,
    ) -> Explanation {
        self.explain_for(settings, &Need::usual(feature), confined)
    }

    /// Explains where a call goes now.
    pub fn explain_for(
        &self,
        settings: &Settings,
        need: &Need<'_>,
        confined: Option<Rule>,
    ) -> Explanation {
        let need = Need {
            is_confined: confined.is_some(),
            ..*need
        };
        let decision = self.decide_for(settings, &need);
        let decision = match confined {
            Some(_) => decision.confined(),
            None => decision,
        };
        let record = Record::of(
            settings,
            &decision,
            Circumstances {
                confined: confined.map(|rule| rule.to_string()).as_deref(),
                task: None,
                after: None,
            },
        );
        let mut explanation = Explanation {
            feature: record.feature,
            model: record.model,
            payer: record.payer,
            reason: record.reason,
            rule: record.ruled.map(|ruled| ruled.to_string()),
            host: decision.way.base_url().map(host_of),
            leaves_the_machine: decision.leaves_the_machine(),
            key: key(&decision),
            at_most: at_most(settings, &decision),
            candidates: record.candidates,
            policy: record.policy,
            text: String::new(),
        };
        explanation.text = explanation.to_text();
        explanation
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
        Feature::Completion | Feature::Speculation => settings.max_tokens,
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
        if let Some(rule) = &self.rule {
            line("rule", rule);
        }
        line("payer", &self.payer);
        line("key", self.key.as_deref().unwrap_or("none is sent"));
        line(
            "host",
            self.host
                .as_deref()
                .unwrap_or("none: it runs in this process"),
        );
        line("at most", &self.at_most);
        line("policy", &self.policy);
        text += &thought_of(&self.candidates, &self.model);
        text
    }
}

/// Says what became of each that was thought of.
fn thought_of(candidates: &[Candidate], chosen: &str) -> String {
    let mut text = String::from("thought of, in this order:\n");
    for candidate in candidates {
        let mark = if candidate.model == chosen {
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

impl Record {
    /// Returns it to read, with whether the settings as they are decide the same.
    pub fn to_text(&self, settings: &Settings) -> String {
        let task = self.task.as_deref().unwrap_or(&self.feature);
        let mut text = format!("{task} went to {}: {}\n", self.model, self.reason);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<8}  {value}");
        };
        if let Some(ruled) = &self.ruled {
            line("rule", &ruled.to_string());
        }
        if let Some(model) = &self.after {
            line(
                "after",
                &format!("an answer of {model} that did not pass its check"),
            );
        }
        let money = |money: Option<Money>| money.map_or("not known".into(), |it| it.to_string());
        line("payer", &self.payer);
        line(
            "key",
            self.key
                .as_deref()
                .unwrap_or("none, or one without a label"),
        );
        line("expected", &money(self.expected));
        line("at most", &money(self.worst));
        if let Some(rule) = &self.confined {
            line("held to", rule);
        }
        line("policy", &self.policy);
        text += &thought_of(&self.candidates, &self.model);
        text += match self.recompute(settings) {
            Some(again) if again == *self => {
                "decided anew under the settings as they are: the same\n"
            }
            Some(_) => {
                "decided anew under the same settings: NOT the same; the record or the program has changed\n"
            }
            None => {
                "the settings that decided, a price or this program have changed since, or they are those of another folder\n"
            }
        };
        text
    }
}

#[cfg(test)]
mod tests {
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
            "at most   $0.00",
            "asked     openai/gpt-4.1-mini",
            "kept      local/patterns",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
}
