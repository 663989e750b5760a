//! What was decided for a call, by which rules, and who pays: kept with the call's row in the ledger.
//!
//! Entry points: [`Record::of`] before a call, [`Record::recompute`] afterwards. A record holds all that the decision was made of and the settings do not
//! tell (what was wanted, which local servers answered, whether the text had to stay here) and the [version](Record::policy) of the settings that
//! it was made by. Under settings of the same version it recomputes to itself, which is how a record can be checked: deciding is a pure function.
//! What `route explain` prints is a record that was made without a call. A record holds names and rules, no text, and is bounded.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::request::Request;
use crate::config::{ModelName, Settings};
use crate::cost::Money;
use crate::routing::{self, Decision, Feature, Hop, LocalServer, Payer};

/// The form of records; one of another form is not recomputed.
const VERSION: u32 = 1;

/// More candidates are not kept.
const MOST_CANDIDATES: usize = 16;

/// A name is kept up to this length, in characters.
const LONGEST: usize = 200;

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The form of the record.
    pub v: u32,
    /// What the call was for: `completion` or `action`.
    pub feature: String,
    /// Which kind of action, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// What was asked for: `auto`, `local`, or a model as `provider/model`.
    pub wanted: String,
    /// The enabled servers on this machine that answered, where one of them was wanted, as `provider/model`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answering: Vec<String>,
    /// The models that were passed over since they did not answer, as `provider/model`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<String>,
    /// The rule by which the text had to stay on this machine, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confined: Option<String>,
    /// All that were thought of, in order.
    pub candidates: Vec<Candidate>,
    /// The model that was chosen, as `provider/model`.
    pub model: String,
    /// Why it was, in words.
    pub reason: String,
    /// Who pays, in words.
    pub payer: String,
    /// The key's label, never the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it was expected to cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Money>,
    /// What it could cost at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<Money>,
    /// What tells the settings that decided from others.
    pub policy: String,
}

/// A model that a call might go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Its name, as `provider/model`.
    pub model: String,
    /// Whether it may be asked.
    pub is_kept: bool,
    /// The rule that kept it or dropped it, in words.
    pub rule: String,
}

/// What a decision was made of besides the settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'a> {
    /// The rule by which the text stays on this machine, in words.
    pub confined: Option<&'a str>,
    /// Which action asks.
    pub task: Option<&'a str>,
}

impl Record {
    /// Notes a decision.
    pub(super) fn of(settings: &Settings, decision: &Decision, around: Circumstances<'_>) -> Self {
        let wanted = &decision.wanted;
        let answering = &decision.answering;
        Self {
            v: VERSION,
            feature: decision.feature.name().into(),
            task: around.task.map(short),
            wanted: short(&wanted.to_string()),
            answering: answering
                .iter()
                .take(MOST_CANDIDATES)
                .map(|one| short(&full_name(one)))
                .collect(),
            failing: decision
                .failing
                .iter()
                .take(MOST_CANDIDATES)
                .map(|one| short(one))
                .collect(),
            confined: around.confined.map(short),
            candidates: candidates(settings, decision, around.confined.is_some()),
            model: short(&decision.name()),
            reason: decision.reason.into(),
            payer: decision.payer.to_string(),
            key: None,
            expected: None,
            worst: None,
            policy: policy(settings, wanted),
        }
    }

    /// Notes the decision that a call is about to be made by.
    pub(super) fn of_request(settings: &Settings, request: &Request) -> Self {
        let confined = request.confined.map(|rule| rule.to_string());
        let around = Circumstances {
            confined: confined.as_deref(),
            task: request.action.as_deref(),
        };
        Self::of(settings, &request.decision, around)
    }

    /// Decides anew, under the settings as they are; nothing if they are not those that it was made by, or it is no record of ours.
    pub fn recompute(&self, settings: &Settings) -> Option<Self> {
        let feature = [Feature::Completion, Feature::Action]
            .into_iter()
            .find(|feature| feature.name() == self.feature)?;
        let wanted = match &*self.wanted {
            "auto" => ModelName::Auto,
            "local" => ModelName::Local,
            name => {
                let (provider, model) = name.split_once('/')?;
                ModelName::Of {
                    provider: provider.into(),
                    model: model.into(),
                }
            }
        };
        if self.v != VERSION || self.policy != policy(settings, &wanted) {
            return None;
        }
        let server = |name: &String| {
            let (provider, model) = name.split_once('/')?;
            Some(LocalServer {
                provider: provider.into(),
                model: model.into(),
            })
        };
        let answering: Option<Vec<LocalServer>> = self.answering.iter().map(server).collect();
        let answering = answering?;
        let decision = routing::again(
            settings,
            feature,
            &wanted,
            &self.reason,
            &answering,
            &self.failing,
        );
        let decision = match self.confined {
            Some(_) => decision.confined(),
            None => decision,
        };
        let around = Circumstances {
            confined: self.confined.as_deref(),
            task: self.task.as_deref(),
        };
        Some(Self {
            key: self.key.clone(),
            expected: self.expected,
            worst: self.worst,
            ..Self::of(settings, &decision, around)
        })
    }

    /// Returns it as the ledger keeps it.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record is texts and numbers, which JSON can hold")
    }
}

/// Returns all that were thought of for a decision, in order, each with what became of it by itself.
fn candidates(settings: &Settings, decision: &Decision, is_confined: bool) -> Vec<Candidate> {
    let chosen = decision.name();
    let named = match &decision.wanted {
        ModelName::Local => Vec::new(),
        ModelName::Of { .. } => vec![decision.wanted.clone()],
        ModelName::Auto => {
            let of = |name: &String| {
                let server = decision
                    .answering
                    .iter()
                    .find(|server| server.provider == *name)?;
                Some(ModelName::Of {
                    provider: server.provider.clone(),
                    model: server.model.clone(),
                })
            };
            let servers = settings.local_servers.iter().filter_map(of);
            servers.take(MOST_CANDIDATES).collect()
        }
    };
    let is_failing = |full: &String| decision.failing.contains(full);
    let judged = |name: ModelName| {
        let full = name.to_string();
        if is_failing(&full) {
            return silent(&full);
        }
        if decision.wanted == name {
            return Candidate {
                is_kept: chosen == full,
                rule: decision.reason.into(),
                model: short(&full),
            };
        }
        let alone = routing::decide_on(settings, decision.feature, &name, &decision.answering);
        let alone = if is_confined { alone.confined() } else { alone };
        // One server is asked for, the first that is allowed.
        let (answers, is_kept) = (alone.name() == full, chosen == full);
        Candidate {
            is_kept,
            rule: if answers && !is_kept {
                "another server on this machine came first".into()
            } else if is_kept {
                "it answers on this machine".into()
            } else {
                alone.reason.into()
            },
            model: short(&full),
        }
    };
    let mut candidates: Vec<Candidate> = named.into_iter().map(judged).collect();
    // The embedded engine does not fail, and a cap names one model.
    let may_fail = match decision.reason {
        routing::DEGRADED => false,
        routing::FALLBACK => true,
        _ => !decision.is_embedded(),
    };
    if may_fail && routing::has_hops(settings, decision.feature) {
        let (feature, wanted) = (decision.feature, &decision.wanted);
        let first = routing::decide_on(settings, feature, wanted, &decision.answering);
        let judged = |hop: Hop| match hop.decision {
            Err(rule) => Candidate {
                model: short(&hop.name),
                is_kept: false,
                rule: rule.into(),
            },
            Ok(_) if is_failing(&hop.name) => silent(&hop.name),
            Ok(hop) if is_confined && hop.leaves_the_machine() => Candidate {
                model: short(&hop.name()),
                is_kept: false,
                rule: routing::CONFINED.into(),
            },
            Ok(hop) => Candidate {
                model: short(&hop.name()),
                is_kept: true,
                rule: "it answers where those before it do not".into(),
            },
        };
        candidates.extend(routing::hops(settings, &first).into_iter().map(judged));
    }
    let last = format!("{}/{}", routing::LOCAL, routing::PATTERNS);
    if !candidates
        .iter()
        .any(|one| one.model == last && one.is_kept)
    {
        candidates.push(Candidate {
            model: last,
            is_kept: true,
            rule: "it is always there, and answers where nothing else may".into(),
        });
    }
    candidates
}

fn silent(name: &str) -> Candidate {
    Candidate {
        model: short(name),
        is_kept: false,
        rule: "it does not answer".into(),
    }
}

/// Returns what tells the settings that decide about a model from others: the first digits of a hash of all of them.
fn policy(settings: &Settings, wanted: &ModelName) -> String {
    let mut parts: Vec<String> = Vec::new();
    let who = |provider: &str| match settings.providers.get(provider) {
        Some(provider) => format!("{:?}", Payer::of(provider)),
        None => "not configured".to_owned(),
    };
    match wanted {
        ModelName::Of { provider, .. } => parts.push(who(provider)),
        ModelName::Auto => parts.extend(settings.local_servers.iter().map(|name| who(name))),
        ModelName::Local => {}
    }
    let fallback = &settings.fallback;
    for list in [&fallback.completion, &fallback.actions] {
        parts.push("fallback".into());
        for model in list {
            parts.push(model.to_string());
            if let ModelName::Of { provider, .. } = model {
                parts.push(who(provider));
            }
        }
    }
    parts.push(format!("may change payer: {}", fallback.may_change_payer));
    parts.extend(settings.local_servers.iter().cloned());
    parts.push(format!("offline: {}", settings.network.is_offline));
    parts.push(settings.policy.fingerprint());
    let mut hasher = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts look alike.
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hasher.update(length.to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let mut digits = String::new();
    for byte in digest.iter().take(6) {
        // A text cannot fail to take more text.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn full_name(server: &LocalServer) -> String {
    format!("{}/{}", server.provider, server.model)
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::config::{Fallback, KeySource, Network, Policy, PolicyOptions, Source};

    const SERVERS: [&str; 4] = ["ollama", "llama-cpp", "lmstudio", "vllm"];

    /// Names of providers, known and not.
    fn names() -> impl Strategy<Value = Vec<String>> {
        let name =
            prop::sample::select(vec!["ollama", "llama-cpp", "openai", "anthropic", "nobody"]);
        prop::collection::vec(name.prop_map(str::to_owned), 0..4)
    }

    prop_compose! {
        fn settings()(
            local_servers in names(),
            is_offline in any::<bool>(),
            providers in prop::option::of(names()),
            models in prop::option::of(prop::collection::vec(
                prop::sample::select(vec!["openai/*", "*/m", "ollama/m", "x"]).prop_map(str::to_owned), 0..3)),
            actions in prop::option::of(any::<bool>()),
            is_relay in any::<bool>(),
            fallback in names(),
            may_change_payer in any::<bool>(),
        ) -> Settings {
            let mut settings = Settings {
                local_servers,
                network: Arc::new(Network { is_offline, ..Network::default() }),
                ..Settings::default()
            };
            let hop = |name: String| match name.as_str() {
                "nobody" => ModelName::Local,
                _ => ModelName::Of { provider: name, model: "m".into() },
            };
            let hops: Vec<ModelName> = fallback.into_iter().map(hop).collect();
            settings.fallback = Arc::new(Fallback {
                completion: hops.clone(),
                actions: hops,
                may_change_payer,
                ..Fallback::default()
            });
            let rules = PolicyOptions { actions, providers, models, ..PolicyOptions::default() };
            settings.policy = Policy::of(Source::Workspace, rules);
            if is_relay {
                settings.providers.get_mut("ollama").unwrap().key = KeySource::Env("RELAY".into());
            }
            settings
        }
    }

    fn wanted() -> impl Strategy<Value = ModelName> {
        let of = (
            prop::sample::select(vec!["openai", "ollama", "gone"]),
            "[a-z/:.]{1,12}",
        );
        prop_oneof![
            Just(ModelName::Auto),
            Just(ModelName::Local),
            of.prop_map(|(provider, model)| ModelName::Of {
                provider: provider.into(),
                model
            }),
        ]
    }

    fn servers(names: &[&str]) -> Vec<LocalServer> {
        let server = |name: &&str| LocalServer {
            provider: (*name).into(),
            model: "m".into(),
        };
        names.iter().map(server).collect()
    }

    fn kept(record: &Record) -> Record {
        serde_json::from_str(&record.to_json()).unwrap()
    }

    proptest! {
        #[test]
        fn a_recorded_decision_recomputes_to_itself(
            settings in settings(),
            wanted in wanted(),
            answering in prop::sample::subsequence(SERVERS.to_vec(), 0..=4),
            is_action in any::<bool>(),
            is_confined in any::<bool>(),
            how in 0..4,
            failing in prop::sample::subsequence(vec!["openai/m", "ollama/m", "llama-cpp/m", "local/patterns"], 1..4),
        ) {
            let feature = if is_action { Feature::Action } else { Feature::Completion };
            let answering = servers(&answering);
            let decision = match (how, &wanted) {
                (0, ModelName::Of { provider, model }) => {
                    routing::instead(&settings, feature, provider, model)
                }
                (1, _) => routing::embedded(feature, routing::SURE),
                (3, _) => {
                    let first = routing::decide_on(&settings, feature, &wanted, &answering);
                    let mut failing: Vec<String> =
                        failing.iter().map(|it| (*it).to_owned()).collect();
                    failing.push(first.name());
                    let next = routing::fallback(&settings, &first, &failing);
                    next.filter(|_| !first.is_embedded()).unwrap_or(first)
                }
                _ => routing::decide_on(&settings, feature, &wanted, &answering),
            };
            let decision = if is_confined { decision.confined() } else { decision };
            let around = Circumstances {
                confined: is_confined.then_some("a rule"),
                task: is_action.then_some("fix"),
            };
            let record = Record::of(&settings, &decision, around);
            prop_assert_eq!(&record.model, &decision.name());
            let chosen = record.candidates.iter().find(|one| one.is_kept);
            prop_assert_eq!(chosen.map(|one| &one.model), Some(&record.model), "{:?}", &record);
            prop_assert_eq!(kept(&record).recompute(&settings), Some(record));
        }
    }

    fn of(settings: &Settings) -> Record {
        let decision = routing::decide(settings, Feature::Completion, &[]);
        let around = Circumstances {
            confined: None,
            task: None,
        };
        Record::of(settings, &decision, around)
    }

    #[test]
    fn what_other_settings_decided_is_not_recomputed_and_what_was_tampered_with_shows() {
        let mut settings = Settings {
            model: ModelName::Of {
                provider: "openai".into(),
                model: "gpt-4.1-mini".into(),
            },
            ..Settings::default()
        };
        let record = of(&settings);
        let mut tampered = record.clone();
        tampered.payer = "somebody else".into();
        assert_ne!(tampered.recompute(&settings), Some(tampered));
        settings.policy = Policy::of(
            Source::Workspace,
            PolicyOptions {
                models: Some(vec!["anthropic/*".into()]),
                ..PolicyOptions::default()
            },
        );
        assert_eq!(record.recompute(&settings), None);
        assert_eq!(of(&settings).model, "local/patterns");
    }

    #[test]
    fn a_record_holds_no_more_than_some_kilobytes_whatever_things_are_called() {
        let many: Vec<String> = (0..500)
            .map(|n| format!("{n}{}", "x".repeat(9_000)))
            .collect();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        let settings = Settings {
            local_servers: many.clone(),
            ..Settings::default()
        };
        let decision = routing::decide(&settings, Feature::Completion, &servers(&names));
        let around = Circumstances {
            confined: Some(&many[0]),
            task: Some(&many[1]),
        };
        let record = Record::of(&settings, &decision, around);
        assert!(record.to_json().len() < 16_000);
    }
}
