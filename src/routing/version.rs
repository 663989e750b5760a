//! What tells the settings that decide about a model from others: the version in the record of each decision.
//!
//! Entry point: [`version`]. Settings of one version decide alike: it is made of all that [`decide_on`](super::decide_on), its fallbacks and its rules
//! read, for the models that may come into question where `wanted` was asked for; of no other model, so that a record outlives what does not concern
//! it. Every struct is taken apart field by field, so that who adds a setting has to say here whether it decides. It is made for each call, so what
//! it is made of is written straight into a sum, with a copy of a policy's rules alone; kept beside settings that a folder or a file's rules narrow down, it could
//! be that of others. The sum tells what is different; it is no seal, and may be another in another version of the program.

use std::fmt::{self, Write as _};
use std::hash::Hasher as _;

use jiff::Timestamp;
use rustc_hash::FxHasher;

use super::LocalServer;
use crate::config::{Fallback, ModelName, Network, ProviderSettings, Routes, Settings};

/// Returns what tells the settings that decide where this was wanted, and these servers on this machine answer, from others.
pub fn version(settings: &Settings, wanted: &ModelName, answering: &[LocalServer]) -> String {
    let Settings {
        routes,
        fallback,
        local_servers,
        network,
        providers: _,
        policy,
        // Which model a feature or a cap names: that is `wanted`.
        model: _,
        action_model: _,
        escalation: _,
        budget: _,
        custom_actions: _,
        // What is asked, when, and what becomes of it.
        eagerness: _,
        debounce: _,
        speculation: _,
        max_tokens: _,
        max_lines: _,
        context: _,
        credentials: _,
        action_max_tokens: _,
        action_ask_above: _,
        action_checks: _,
        ledger: _,
        audit: _,
        log: _,
        telemetry: _,
        // A project's models are what was wanted by the time that somebody decides.
        projects: _,
        min_confidence: _,
        has_partner: _,
        max_index_tokens: _,
        keys: _,
    } = settings;
    let Routes {
        pools,
        rules,
        limits: _,
    } = &**routes;
    let Fallback {
        completion,
        actions,
        may_change_payer,
        slow: _,
    } = &**fallback;
    let Network {
        is_offline,
        proxy: _,
        ca_bundle: _,
        patience: _,
    } = &**network;
    let mut sum = Sum::default();
    sum.add(&(is_offline, may_change_payer, local_servers));
    sum.add(&(rules, completion, actions));
    if !policy.is_empty() {
        sum.add(&policy.fingerprint());
    }
    // Which model of which provider, each in its place.
    let mut models: Vec<(&str, &str)> = Vec::new();
    let named = rules.iter().map(|rule| &rule.model);
    let named = named.chain(completion).chain(actions);
    for model in [wanted].into_iter().chain(named) {
        match model {
            ModelName::Of { provider, model } => models.push((provider, model)),
            ModelName::Local => {}
            ModelName::Auto => {
                models.extend(answering.iter().map(|it| (&*it.provider, &*it.model)));
                // Who pays depends on the first of them, whether it answers or not.
                let listed = local_servers
                    .iter()
                    .map(|name| settings.providers.get(name));
                listed.for_each(|provider| sum.add(&provider.map(ProviderSettings::deciding)));
            }
            ModelName::Pool(name) => {
                let pool = pools.get(name);
                sum.add(&pool);
                let of_pool = pool.into_iter().flat_map(|pool| &pool.models);
                models.extend(of_pool.map(|model| (&*model.provider, &*model.model)));
            }
        }
    }
    for (provider, model) in models {
        sum.add(&(provider, model));
        let Some(provider) = settings.providers.get(provider) else {
            continue;
        };
        sum.add(&provider.deciding());
        // A price may come from the catalogue, and change with the hour.
        if policy.has_ceilings() {
            for model in [model].into_iter().chain(provider.stand_ins()) {
                sum.add(&provider.price(model, Timestamp::now()));
            }
        }
    }
    sum.digits()
}

/// A sum of what it is shown, in order.
#[derive(Default)]
struct Sum(FxHasher);

impl Sum {
    fn add(&mut self, part: &impl fmt::Debug) {
        // A sum cannot fail to take more text.
        let _ = write!(self, "{part:?}");
        // No text has this byte, so that no two lists of parts look alike.
        self.0.write_u8(0xff);
    }

    /// Returns twelve digits.
    fn digits(&self) -> String {
        let sum = self.0.finish();
        format!("{:012x}", (sum ^ (sum >> 48)) & 0xffff_ffff_ffff)
    }
}

impl fmt::Write for Sum {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
