//! Which model an action goes to: its own if it has one, else that of code actions, or of a pool the one that suits this very call.

use super::catalogue::Action;
use super::offer;
use super::other::Material;
use super::prompt::Question;
use super::target::{Diagnostic, Target};
use crate::config::ModelName;
use crate::cost::estimate::Expected;
use crate::gateway::Gateway;
use crate::routing::{self, Decision, Feature, Need};
use crate::session::Snapshot;
use crate::syntax;

/// Decides which model an action goes to, before it is known what it is about.
pub fn decide(gateway: &Gateway, snapshot: &Snapshot, action: &Action) -> Decision {
    by_need(gateway, snapshot, action, None)
}

/// Decides the same for what an action is about.
pub fn decide_about(
    gateway: &Gateway,
    snapshot: &Snapshot,
    action: &Action,
    target: &Target,
    diagnostics: &[Diagnostic],
) -> Decision {
    let question = Question {
        snapshot,
        action,
        target,
        diagnostics,
        instruction: None,
        material: &Material::None,
    };
    let expected = offer::expected_of(&question);
    by_need(gateway, snapshot, action, Some(&expected))
}

/// Decides the same for a call that is reckoned to be as large as this.
pub(super) fn by_need(
    gateway: &Gateway,
    snapshot: &Snapshot,
    action: &Action,
    expected: Option<&Expected<'_>>,
) -> Decision {
    let usual = Need {
        task: Some(&action.id),
        class: Some(action.class()),
        language: snapshot.language.map(syntax::Language::id),
        is_confined: snapshot.confined.is_some(),
        ..Need::usual(Feature::Action)
    };
    let need = match expected {
        Some(expected) => Need {
            prompt: expected.prompt,
            output: expected.output,
            most: expected.most,
            ..usual
        },
        None => usual,
    };
    match own_model(action) {
        Some(model) => gateway.decide_on(&snapshot.settings, model, &need),
        None => gateway.decide_for(&snapshot.settings, &need),
    }
}

/// Returns the model that an action of one's own names.
pub(super) fn own_model(action: &Action) -> Option<&ModelName> {
    action.own.as_ref()?.model.as_ref()
}

/// Returns why a model cannot do actions, and what to do about it.
pub fn unable(decision: &Decision) -> Option<String> {
    if routing::is_by_policy(decision.reason) {
        return Some(decision.reason.into());
    }
    if decision.is_embedded() {
        return Some(
            "code actions need a model that can be told what to do; name one in actions.model, such as \"openai/gpt-4.1-mini\"".into(),
        );
    }
    decision.way.fills().then(|| {
        format!(
            "{} fills holes and cannot be told what to do; name a model that holds conversations in actions.model, such as \
             \"openai/gpt-4.1-mini\"",
            decision.name()
        )
    })
}
