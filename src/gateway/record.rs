//! What was decided for a call, by which rules, and who pays: kept with the call's row in the ledger.
//!
//! Entry points: [`Record::of`] before a call, [`Record::recompute`] afterwards. A record holds all that the decision was made of and the settings do not
//! tell (what was wanted, which local servers answered, whether the text had to stay here) and the [version](Record::policy) of the settings that
//! it was made by. Under settings of the same version it recomputes to itself, which is how a record can be checked: deciding is a pure function.
//! What `route explain` prints is a record that was made without a call. A record holds names and rules, no text, and is bounded.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::request::Request;
use crate::config::{ModelName, Settings, TaskClass};
use crate::cost::Money;
use crate::routing::{self, Decision, Draw, Feature, Hop, LocalServer, Past, Ruled, Way};

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
    /// What kind of work it was, as `routing.rules` names it; records of before do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<TaskClass>,
    /// What was asked for: `auto`, `local`, or a model as `provider/model`.
    pub wanted: String,
    /// The enabled servers on this machine that answered, where one of them was wanted, as `provider/model`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answering: Vec<String>,
    /// The models that were passed over, since they did not answer, took no more calls or billed somebody else, as `provider/model`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<String>,
    /// The rule by which the text had to stay on this machine, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confined: Option<String>,
    /// The rule by which this was asked for rather than the feature's model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruled: Option<Ruled>,
    /// The model whose answer did not pass its check, where a stronger one was asked since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What the choice was made of, where a pool was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
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
    /// What kind of work it is.
    pub class: TaskClass,
    /// The model whose answer did not pass its check.
    pub after: Option<&'a str>,
}

impl Record {
    /// Notes a decision.
    pub(super) fn of(settings: &Settings, decision: &Decision, around: Circumstances<'_>) -> Self {
        let wanted = &decision.wanted;
        let answering = &decision.answering;
        // As it is kept, so that it can be looked at again.
        let answering = &answering[..answering.len().min(MOST_CANDIDATES)];
        Self {
            v: VERSION,
            feature: decision.feature.name().into(),
            task: around.task.map(short),
            class: Some(around.class),
            wanted: short(&wanted.to_string()),
            answering: answering.iter().map(|one| short(&full_name(one))).collect(),
            failing: decision
                .failing
                .iter()
                .take(MOST_CANDIDATES)
                .map(|one| short(one))
                .collect(),
            confined: around.confined.map(short),
            ruled: decision.ruled.as_deref().cloned(),
            after: around.after.map(short),
            draw: decision.draw.as_deref().cloned(),
            candidates: candidates(settings, decision, around.confined.is_some()),
            model: short(&decision.name()),
            reason: decision.reason.into(),
            payer: decision.payer.to_string(),
            key: None,
            expected: None,
            worst: None,
            policy: routing::version(settings, wanted, answering),
        }
    }

    /// Notes the decision that a call is about to be made by.
    pub(super) fn of_request(settings: &Settings, request: &Request) -> Self {
        let confined = request.confined.map(|rule| rule.to_string());
        let around = Circumstances {
            confined: confined.as_deref(),
            task: request.action.as_deref(),
            class: request.class,
            after: request.after.as_deref(),
        };
        Self::of(settings, &request.decision, around)
    }

    /// Decides anew, under the settings as they are; nothing if they are not those that it was made by, or it is no record of ours.
    pub fn recompute(&self, settings: &Settings) -> Option<Self> {
        let feature = [Feature::Completion, Feature::Speculation, Feature::Action]
            .into_iter()
            .find(|feature| feature.name() == self.feature)?;
        let wanted = match &*self.wanted {
            "auto" => ModelName::Auto,
            "local" => ModelName::Local,
            name if self.draw.is_some() => ModelName::Pool(name.strip_prefix("pool/")?.into()),
            name => {
                let (provider, model) = name.split_once('/')?;
                ModelName::Of {
                    provider: provider.into(),
                    model: model.into(),
                }
            }
        };
        let server = |name: &String| {
            let (provider, model) = name.split_once('/')?;
            Some(LocalServer {
                provider: provider.into(),
                model: model.into(),
            })
        };
        let answering: Option<Vec<LocalServer>> = self.answering.iter().map(server).collect();
        let answering = answering?;
        let policy = routing::version(settings, &wanted, &answering);
        if self.v != VERSION || self.policy != policy {
            return None;
        }
        let mut ruled = None;
        let mut wanted = wanted;
        if let Some(kept) = &self.ruled {
            let (model, again) = routing::asked_again(settings, kept)?;
            wanted = model.clone();
            ruled = Some(Arc::new(again));
        }
        let draw = self.draw.clone().map(Arc::new);
        let past = Past {
            feature,
            wanted: &wanted,
            reason: &self.reason,
            answering: &answering,
            failing: &self.failing,
            draw: draw.as_ref(),
        };
        let decision = Decision {
            ruled,
            ..routing::again(settings, past)
        };
        let decision = match self.confined {
            Some(_) => decision.confined(),
            None => decision,
        };
        let around = Circumstances {
            confined: self.confined.as_deref(),
            task: self.task.as_deref(),
            class: self.class.unwrap_or(TaskClass::Completion),
            after: self.after.as_deref(),
        };
        Some(Self {
            class: self.class,
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
    let is_failing = |full: &String| decision.failing.contains(full);
    let mut candidates: Vec<Candidate> = match &decision.wanted {
        ModelName::Local | ModelName::Pool(_) => Vec::new(),
        ModelName::Of { .. } => {
            let full = decision.wanted.to_string();
            let candidate = if is_failing(&full) {
                silent(&full)
            } else {
                Candidate {
                    is_kept: chosen == full,
                    rule: decision.reason.into(),
                    model: short(&full),
                }
            };
            vec![candidate]
        }
        ModelName::Auto => of_servers(settings, decision, is_confined),
    };
    candidates.extend(of_pool(settings, decision));
    // The embedded engine does not fail, and a cap names one model.
    let may_fail = match decision.reason {
        routing::DEGRADED => false,
        routing::FALLBACK => true,
        _ => !decision.is_embedded(),
    };
    if may_fail && routing::has_hops(settings, decision) {
        let (feature, wanted) = (decision.feature, &decision.wanted);
        let first = match &decision.draw {
            Some(draw) => routing::drawn(settings, feature, draw),
            None => routing::decide_on(settings, feature, wanted, &decision.answering),
        };
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
        let is_new = |hop: &Hop| candidates.iter().all(|one| one.model != short(&hop.name));
        let hops = routing::hops(settings, &first).into_iter().filter(is_new);
        let hops: Vec<Candidate> = hops.map(judged).collect();
        candidates.extend(hops);
    }
    candidates.extend(stand_ins(settings, decision));
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

/// Returns the models that the provider itself may ask in the place of the chosen one, and those that it is not told of, by a rule.
fn stand_ins(settings: &Settings, decision: &Decision) -> Vec<Candidate> {
    let Way::Http(route) = &decision.way else {
        return Vec::new();
    };
    let candidate = |model: &str, is_kept, rule: &str| Candidate {
        model: short(&format!("{}/{model}", decision.provider)),
        is_kept,
        rule: rule.into(),
    };
    let kept = route.stand_ins();
    let kept = kept.map(|model| {
        candidate(
            model,
            true,
            "the gateway may ask it in the place of the one that is named",
        )
    });
    let out = settings.kept_out(&decision.provider, &decision.model);
    let out = out.iter();
    let out = out.map(|(model, refused)| candidate(model, false, refused.words()));
    kept.chain(out).collect()
}

/// Returns what became of each enabled server on this machine that answers, of which one is asked, the first that may be.
fn of_servers(settings: &Settings, decision: &Decision, is_confined: bool) -> Vec<Candidate> {
    let chosen = decision.name();
    let judged = |hop: Hop| {
        let is_kept = hop.name == chosen;
        let rule = match &hop.decision {
            _ if decision.failing.contains(&hop.name) => return silent(&hop.name),
            Err(rule) => rule,
            Ok(hop) if is_confined && hop.leaves_the_machine() => routing::CONFINED,
            Ok(hop) if is_kept => hop.reason,
            Ok(_) => "another server on this machine came first",
        };
        Candidate {
            model: short(&hop.name),
            is_kept,
            rule: rule.into(),
        }
    };
    let servers = routing::of_servers(settings, decision.feature, &decision.answering);
    let servers = servers.into_iter().take(MOST_CANDIDATES);
    servers.map(judged).collect()
}

/// Returns how the models of the pool stood that was asked for, in the order in which they are asked.
fn of_pool(settings: &Settings, decision: &Decision) -> Vec<Candidate> {
    let Some(draw) = &decision.draw else {
        return Vec::new();
    };
    let figure = |name: &str| {
        let mut standings = draw.standings.iter();
        standings.find(|it| it.model == name).map(|it| it.figure)
    };
    let judged = |hop: Hop| match hop.decision {
        Err(rule) => Candidate {
            model: short(&hop.name),
            is_kept: false,
            rule: rule.into(),
        },
        Ok(_) if decision.failing.contains(&hop.name) => silent(&hop.name),
        Ok(_) => Candidate {
            model: short(&hop.name),
            is_kept: true,
            rule: match figure(&hop.name) {
                Some(figure) => format!("{}: {figure}", draw.strategy),
                None => draw.strategy.to_string(),
            },
        },
    };
    let hops = routing::of_pool(settings, decision.feature, draw);
    hops.into_iter().map(judged).collect()
}

fn silent(name: &str) -> Candidate {
    Candidate {
        model: short(name),
        is_kept: false,
        rule: "it does not answer, takes no more calls for now, or somebody else has paid for it"
            .into(),
    }
}

fn full_name(server: &LocalServer) -> String {
    format!("{}/{}", server.provider, server.model)
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
