//! Whether a stronger model is asked once more where an answer cannot be used.
//!
//! Entry point: [`stronger`]. The user names it (`actions.escalate_to`). It obeys every rule that the model before it does, nobody else pays for it unless the user allowed
//! that, and it is not asked for more than the user lets an action cost unasked; what it may cost at most is reserved before it is asked, as for every call. Where
//! any of this forbids it, the model that gave the answer is asked once more instead, as it would be without.

use super::choose::unable;
use super::price::is_above;
use super::run::Job;
use crate::config::ModelName;
use crate::gateway::Gateway;
use crate::routing::{Decision, ESCALATED, Feature, Need, Payer};

/// Returns the decision for the stronger model, or why it is not asked, for the log; nothing where none is named.
pub(super) fn stronger(gateway: &Gateway, job: &Job<'_>) -> Option<Result<Decision, &'static str>> {
    let settings = &job.snapshot.settings;
    let model = settings.escalation.as_ref()?;
    let decision = Decision {
        reason: ESCALATED,
        ..gateway.decide_on(settings, model, &Need::usual(Feature::Action))
    };
    Some(allowed(gateway, job, model, decision))
}

fn allowed(
    gateway: &Gateway,
    job: &Job<'_>,
    model: &ModelName,
    decision: Decision,
) -> Result<Decision, &'static str> {
    let settings = &job.snapshot.settings;
    if decision.name() == job.decision.name() {
        return Err("it is the one that was asked");
    }
    if decision.name() != model.to_string() || unable(&decision).is_some() {
        return Err("it may not be asked here, or cannot be told what to do");
    }
    if job.snapshot.confined.is_some() && decision.leaves_the_machine() {
        return Err("the file stays on this machine");
    }
    let is_paid_alike = [job.decision.payer, Payer::Nobody].contains(&decision.payer);
    if !is_paid_alike && !settings.fallback.may_change_payer {
        return Err("somebody else would pay");
    }
    let cost = job.estimate_by(gateway, &decision).cost;
    let ceiling = job.action.own.as_ref().and_then(|own| own.ceiling);
    if is_above(ceiling, &cost) || is_above(settings.action_ask_above, &cost) {
        return Err("it is estimated to cost more than an action may unasked");
    }
    Ok(decision)
}
