//! What follows from any change of settings: mistakes and the model are told, and what the first completion needs is got ready.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tower_lsp::gen_lsp_types as lsp;

use super::super::advice;
use super::super::backend::Shared;
use super::{context, local_servers};
use crate::config::{Problem, Settings};
use crate::routing::{Decision, Feature};

/// What completions were got ready for since the settings changed: models by their names, and whether the workspace is read for them. They are twice as many
/// at most as the settings name models.
#[derive(Default)]
pub struct Ready(Mutex<HashSet<(String, bool)>>);

impl Ready {
    fn lock(&self) -> MutexGuard<'_, HashSet<(String, bool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what new settings call for.
pub fn settle(shared: &Arc<Shared>) {
    let problems = shared.take_problems();
    let mistake = |problem: &Problem| advice::of_mistake(problem.to_string());
    shared.status.mistake(problems.first().map(mistake));
    for problem in problems {
        tracing::warn!(%problem, "a mistake in the configuration");
        // One message, with the fix in it; never a diagnostic on the user's code.
        shared.advisor.tell(shared, mistake(&problem));
    }
    for remark in shared.take_remarks() {
        warn(shared, &remark);
    }
    // The lists of models come over the same client.
    let settings = shared.session().settings().clone();
    shared.gateway.follow(&settings);
    shared.budget_changed();
    get_ready(shared);
    let later = shared.clone();
    tokio::spawn(async move {
        tell_doubt(&later).await;
        local_servers::look(&later).await;
    });
}

/// Says once what the provider's list has against the model that is set. The list may be incomplete, so nothing is refused.
async fn tell_doubt(shared: &Arc<Shared>) {
    let settings = shared.session().settings().clone();
    let lists = shared.lists.clone();
    let doubt = tokio::task::spawn_blocking(move || lists.new_doubt(&settings)).await;
    if let Ok(Some(doubt)) = doubt {
        warn(shared, &doubt);
    }
}

pub(super) fn warn(shared: &Shared, message: &str) {
    let message = format!("byok-lsp: {message}");
    let params = json!({"type": lsp::MessageType::Warning, "message": message});
    shared.outbox.notify("window/showMessage", &params);
}

/// Decides which model completions go to and tells it.
pub fn decide(shared: &Shared) -> Decision {
    let settings = shared.session().settings().clone();
    let decision = shared.gateway.decide(&settings, Feature::Completion);
    shared.status.decided(&decision);
    decision
}

/// Decides anew, and gets ready for what completions go to now, whatever was got ready before.
pub fn get_ready(shared: &Arc<Shared>) {
    shared.ready.lock().clear();
    look(shared);
}

/// Decides anew, and gets ready for what completions go to now, unless that was done since the settings changed: another folder may have a model of its own.
pub fn look(shared: &Arc<Shared>) {
    let decision = decide(shared);
    let reads_workspace = shared.session().settings().context.reads_workspace();
    let wanted = (decision.name(), reads_workspace);
    let is_news = shared.ready.lock().insert(wanted);
    if is_news {
        get_ready_for(shared, decision);
    }
}

fn get_ready_for(shared: &Arc<Shared>, decision: Decision) {
    if shared.session().may_use_engine() {
        feed_engine(shared);
    }
    context::look_for_markers(shared);
    context::tell_reach_of_all(shared);
    if !decision.is_embedded() {
        context::read_workspace(shared);
        let gateway = shared.gateway.clone();
        let settings = shared.session().settings().clone();
        let (fetching, decided) = (gateway.clone(), decision.clone());
        tokio::spawn(async move { fetching.fetch_key(&decided).await });
        tokio::task::spawn_blocking(move || gateway.warm_up(&settings, &decision));
    }
}

/// Connects to the provider that completions go to, since somebody is about to write.
pub fn connect_ahead(shared: &Arc<Shared>) {
    let (settings, is_paused) = {
        let session = shared.session();
        (session.settings().clone(), session.is_paused)
    };
    if !is_paused {
        let decision = shared.gateway.decide(&settings, Feature::Completion);
        connect_ahead_to(shared, &settings, &decision);
    }
}

/// Connects to a model's provider in the background, unless that was done a short while ago or the model is on this machine.
pub fn connect_ahead_to(shared: &Arc<Shared>, settings: &Arc<Settings>, decision: &Decision) {
    if !decision.is_elsewhere() {
        return;
    }
    let (gateway, settings, decision) =
        (shared.gateway.clone(), settings.clone(), decision.clone());
    tokio::spawn(async move { gateway.connect_ahead(&settings, &decision).await });
}

/// Lets the embedded engine read the workspace and the open documents. It knows what it has read already.
fn feed_engine(shared: &Shared) {
    let session = shared.session();
    for folder in session.folders() {
        shared.engine.add_workspace(folder.clone());
    }
    for (uri, text) in session.texts() {
        shared.engine.update(uri, text.clone());
    }
}
