//! `[actions]`: what users write about code actions, and what it comes to.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::custom_action::{self, CustomActionOptions};
use super::routing::parse_route;
use super::settings::{ModelName, Settings, check_range, parse_model};
use crate::cost::Money;

/// Code actions: what is done on demand.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ActionsOptions {
    /// The model: `provider/model`, of a wire that holds conversations. Default: the model of ghost text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A stronger model, `provider/model`: it is asked once more where an answer cannot be used, in place of the one that gave it, if its payer is the same (or
    /// `fallback.may_change_payer`), no cap refuses it, and it is not estimated above `ask_above` or the action's own ceiling. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<String>,
    /// The most tokens one answer may cost, what a model thinks to itself included. Default 4096.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 64, max = 65536))]
    pub max_tokens: Option<u32>,
    /// An amount such as `"0.10 USD"`: an action that is estimated to cost more, or in another currency, or whose price is not known, asks you
    /// before it runs. Default: none asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask_above: Option<String>,
    /// Code actions of your own; one of the same name takes the place of one in a lower layer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<CustomActionOptions>,
    /// What checks the code of a language, by its id: a program and its arguments, `rust = ["cargo", "check"]`. It runs on a copy with the new
    /// text, and what it complains about is shown to the model once. With `{file}` among the arguments the copy is of the file alone, else
    /// of the workspace. From your own file only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub check: BTreeMap<String, Vec<String>>,
}

impl ActionsOptions {
    /// Lays these options over others.
    pub(super) fn over(below: Self, above: Self) -> Self {
        let mut custom = below.custom;
        custom.retain(|it| above.custom.iter().all(|other| other.name != it.name));
        custom.extend(above.custom);
        let mut check = below.check;
        check.extend(above.check);
        Self {
            model: above.model.or(below.model),
            escalate_to: above.escalate_to.or(below.escalate_to),
            max_tokens: above.max_tokens.or(below.max_tokens),
            ask_above: above.ask_above.or(below.ask_above),
            custom,
            check,
        }
    }
}

/// Checks the options and puts them into the settings; a mistake is its key below `actions` and what is wrong.
pub(super) fn resolve(
    options: &ActionsOptions,
    settings: &mut Settings,
) -> Result<(), (String, String)> {
    if let Some(model) = &options.model {
        let model = parse_route(model, &settings.providers, &settings.routes)
            .map_err(|m| ("model".to_owned(), m))?;
        settings.action_model = Some(model);
    }
    if let Some(model) = &options.escalate_to {
        let model = parse_model(model, &settings.providers);
        let model = model.map_err(|m| ("escalate_to".to_owned(), m))?;
        if !matches!(model, ModelName::Of { .. }) {
            let message = "name a model that holds conversations, provider/model";
            return Err(("escalate_to".into(), message.into()));
        }
        settings.escalation = Some(model);
    }
    if let Some(tokens) = options.max_tokens {
        check_range(tokens.into(), 64, 65536).map_err(|m| ("max_tokens".to_owned(), m))?;
        settings.action_max_tokens = tokens;
    }
    if let Some(amount) = &options.ask_above {
        let money = money(amount).map_err(|m| ("ask_above".to_owned(), m))?;
        settings.action_ask_above = Some(money);
    }
    let mut custom = Vec::new();
    for own in &options.custom {
        let key = |key: &str| format!("custom.{}.{key}", own.name);
        let action = custom_action::resolve(own, settings).map_err(|(of, m)| (key(of), m))?;
        custom.push(Arc::new(action));
    }
    settings.custom_actions = custom.into();
    for (language, argv) in &options.check {
        if argv.first().is_none_or(String::is_empty) {
            let message = "a check is a program and its arguments: [\"cargo\", \"check\"]";
            return Err((format!("check.{language}"), message.into()));
        }
    }
    settings.action_checks = Arc::new(options.check.clone());
    Ok(())
}

/// Reads an amount that is not below nothing.
pub(super) fn money(text: &str) -> Result<Money, String> {
    text.parse::<Money>()
        .ok()
        .filter(|money| money.nanos() >= 0)
        .ok_or_else(|| {
            "this is no amount of money; write it with its currency, such as \"0.10 USD\"".into()
        })
}
