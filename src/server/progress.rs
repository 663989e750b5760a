//! The progress of a code action: begun, told at a bearable rate, and ended however the action ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::backend::Shared;
use super::editor;
use super::outbox::Outbox;
use super::running::Entry;
use crate::action;

/// How often it is told at most.
const EVERY: Duration = Duration::from_millis(150);

/// A progress that the editor shows. Dropping it ends it.
pub struct Progress {
    outbox: Outbox,
    token: String,
    told: Option<Instant>,
    /// The last words.
    end: String,
}

impl Progress {
    /// Begins one, if the editor shows progress.
    pub async fn begin(shared: &Arc<Shared>, entry: &Entry, title: &str) -> Option<Self> {
        let token = entry.token.as_str();
        if !shared.abilities().progress || !editor::create_progress(&shared.client, token).await {
            return None;
        }
        let progress = Self {
            outbox: shared.outbox.clone(),
            token: token.to_owned(),
            told: None,
            end: "cancelled".into(),
        };
        progress.tell(&json!({"kind": "begin", "title": title, "cancellable": true}));
        Some(progress)
    }

    /// Tells how far it is, unless that was told a moment ago.
    pub fn report(&mut self, progress: action::Progress<'_>) {
        let is_news = matches!(progress.again, Some(action::Again::Stronger(..)));
        if !is_news && self.told.is_some_and(|told| told.elapsed() < EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let again = match progress.again {
            None => String::new(),
            Some(action::Again::Same) => "second answer, ".into(),
            Some(action::Again::Stronger(name, fault)) => {
                // Who answers changes, so it is said whatever was said a moment ago.
                let fault = fault.clone().in_short();
                let message = format!("the answer {fault}; asking {name}");
                return self
                    .tell(&json!({"kind": "report", "message": message, "cancellable": true}));
            }
            Some(action::Again::StrongerAnswers) => "a stronger model, ".into(),
        };
        let money = progress
            .money
            .map_or_else(String::new, |money| format!(", {money} so far"));
        let message = format!("{again}{} tokens{money}", progress.tokens);
        self.tell(&json!({"kind": "report", "message": message, "cancellable": true}));
    }

    /// Ends it with last words.
    pub fn end(mut self, message: &str) {
        message.clone_into(&mut self.end);
    }

    fn tell(&self, value: &Value) {
        let params = json!({"token": self.token, "value": value});
        // A lost end would leave a spinner for ever.
        if value["kind"] == "end" {
            self.outbox
                .send(&json!({"jsonrpc": "2.0", "method": "$/progress", "params": params}));
        } else {
            self.outbox.notify("$/progress", &params);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.tell(&json!({"kind": "end", "message": self.end}));
    }
}
