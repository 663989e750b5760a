//! Which model a call would go to now, and why: told before the call, by the same function that decides it.
//!
//! Entry point: [`Gateway::explain`]. It prints the [`Record`] that a call made now would leave in the ledger, and with it what such a call is expected to
//! cost and costs at the most; nothing is asked, nothing is spent.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::record::{Candidate, Circumstances, Record};
use super::{Gateway, expect, reserve};
use crate::config::{KeySource, Settings, TaskClass, host_of};
use crate::cost::{Cost, Money, Tokens};
use crate::routing::{Decision, Feature, Need, Way};
use crate::workspace::Rule;

/// Where a call would go, and why.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What the call is for: `completion` or `action`.
    pub feature: String,
    /// What kind of work it is, as `routing.rules` names it.
    pub task: TaskClass,
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
    /// What a call is expected to cost, in words, by what is usual and what was learnt of the model.
    pub expected: String,
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
                class: need.class(),
                after: None,
            },
        );
        let expected = self.estimate(&decision, &need.expected());
        let mut explanation = Explanation {
            feature: record.feature,
            task: need.class(),
            model: record.model,
            payer: record.payer,
            reason: record.reason,
            rule: record.ruled.map(|ruled| ruled.to_string()),
            host: decision.way.base_url().map(host_of),
            leaves_the_machine: decision.leaves_the_machine(),
            key: key(&decision),
            expected: costs(&decision, &expected.cost, &expected.tokens),
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
    let cost = expect::cost(decision, &tokens, reserve::slowest(output));
    costs(decision, &cost, &tokens)
}

fn costs(decision: &Decision, cost: &Cost, tokens: &Tokens) -> String {
    if decision.is_embedded() {
        return "free".into();
    }
    match cost.amount() {
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
        task(&mut line, &self.feature, Some(self.task));
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
        line("expected", &self.expected);
        line("at most", &self.at_most);
        line("policy", &self.policy);
        text += &thought_of(&self.candidates, &self.model);
        text
    }
}

/// Says what kind of work it is, where the feature does not say so already.
fn task(line: &mut impl FnMut(&str, &str), feature: &str, class: Option<TaskClass>) {
    if let Some(class) = class.filter(|_| feature == Feature::Action.name()) {
        line("task", &class.to_string());
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
        let name = self.task.as_deref().unwrap_or(&self.feature);
        let mut text = format!("{name} went to {}: {}\n", self.model, self.reason);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<8}  {value}");
        };
        task(&mut line, &self.feature, self.class);
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
#[path = "explain_tests.rs"]
mod tests;
