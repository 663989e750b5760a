//! Another model, for ghost text or for code actions, from the next request on: `byok/setModel`, and the command of that name.
//!
//! The command takes `"provider/model"`, `"action"`, both in either order, or an object as the request does. Without a model it asks for one by a
//! [menu](pick_model), for editors whose palette sends no arguments. What is switched holds until the server ends.

use std::sync::Arc;

use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::protocol::{Done, SetModelParams};
use super::explain_route::feature;
use super::settle::{decide, settle, warn};
use super::{models, pick_model};
use crate::action;
use crate::config::ModelName;
use crate::routing::{Decision, Feature, wanted};

/// What the command's arguments ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    model: Option<String>,
    feature: Option<String>,
}

/// Runs the command; nothing if the user chose nothing.
pub async fn run(shared: &Arc<Shared>, arguments: &[Value]) -> Result<Option<Done>> {
    let asked = Asked::of(arguments);
    let feature = feature(asked.feature.as_deref())?;
    let chosen = match asked.model {
        Some(model) => Some(model),
        None => pick_model::chosen(shared, &models::answer(shared).await?, feature).await,
    };
    let Some(model) = chosen else {
        return Ok(None);
    };
    let params = SetModelParams {
        model,
        feature: asked.feature,
    };
    set(shared, &params).map(Some)
}

/// Switches to another model. Where another answers here all the same, the user is told why.
pub fn set(shared: &Arc<Shared>, params: &SetModelParams) -> Result<Done> {
    let feature = feature(params.feature.as_deref())?;
    let configured = shared.session().configure(|layers| match feature {
        Feature::Action => layers.set_action_model(&params.model),
        Feature::Completion | Feature::Speculation => layers.set_model(&params.model),
    });
    configured.map_err(|problem| Error::invalid_params(problem.message))?;
    settle(shared);
    let decision = decided(shared, feature);
    let reason = reason_against(shared, &decision);
    let done = Done {
        model: decision.name(),
        payer: decision.payer.to_string(),
        reason,
    };
    if let Some(reason) = &done.reason {
        let set = wanted(shared.session().own_settings(), feature).clone();
        let here = &done.model;
        warn(
            shared,
            &format!("{set} is set, but {here} answers here: {reason}"),
        );
    }
    Ok(done)
}

/// Decides which model a feature's calls go to.
fn decided(shared: &Shared, feature: Feature) -> Decision {
    if feature == Feature::Completion {
        return decide(shared);
    }
    let settings = shared.session().settings().clone();
    shared.gateway.decide(&settings, feature)
}

/// Why calls stay with the embedded engine although a provider's model is set.
const KEPT: &str = "this workspace's .byok.toml keeps to it";

/// Returns why the model that is set is not the one that was decided on.
fn reason_against(shared: &Shared, decision: &Decision) -> Option<String> {
    let session = shared.session();
    let set = wanted(session.own_settings(), decision.feature);
    let here = wanted(session.settings(), decision.feature);
    if let ModelName::Of { provider, model } = set
        && (&decision.provider, &decision.model) != (provider, model)
    {
        let reason = if here == set { decision.reason } else { KEPT };
        return Some(reason.into());
    }
    // A model that continues code is the right one for ghost text alone.
    (decision.feature == Feature::Action)
        .then(|| action::unable(decision))
        .flatten()
}

impl Asked {
    fn of(arguments: &[Value]) -> Self {
        let mut asked = Self::default();
        for argument in arguments {
            let (model, feature) = match argument {
                Value::String(name) if Feature::named(name).is_some() => (None, Some(name)),
                Value::String(name) => (Some(name), None),
                _ => (text(argument, "model"), text(argument, "feature")),
            };
            asked.model = asked.model.or(model.cloned());
            asked.feature = asked.feature.or(feature.cloned());
        }
        asked
    }
}

fn text<'a>(argument: &'a Value, name: &str) -> Option<&'a String> {
    match argument.get(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_model_and_a_feature_are_told_apart_in_either_order() {
        for (arguments, model, feature) in [
            (json!([]), None, None),
            (json!(["mock/m"]), Some("mock/m"), None),
            (json!(["local"]), Some("local"), None),
            (json!(["action"]), None, Some("action")),
            (json!(["mock/m", "action"]), Some("mock/m"), Some("action")),
            (
                json!(["completion", "mock/m"]),
                Some("mock/m"),
                Some("completion"),
            ),
            (json!([{"model": "mock/m"}]), Some("mock/m"), None),
            (
                json!([{"model": "mock/m", "feature": "action"}]),
                Some("mock/m"),
                Some("action"),
            ),
            (json!([null, 7, {"model": 7}]), None, None),
        ] {
            let asked = Asked::of(arguments.as_array().map_or(&[], Vec::as_slice));
            let expected = Asked {
                model: model.map(Into::into),
                feature: feature.map(Into::into),
            };
            assert_eq!(asked, expected, "{arguments}");
        }
    }
}
