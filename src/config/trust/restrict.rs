//! What a workspace's file does to the user's settings: each option in its turn makes them tighter, or is refused.
//!
//! Every table of options is taken apart by its fields' names, so that whoever adds an option has to say here what a workspace may do with it.

use std::sync::Arc;
use std::time::Duration;

use super::Refusal;
use crate::config::actions::{self, ActionsOptions};
use crate::config::audit::AuditOptions;
use crate::config::budget::{self, BudgetOptions};
use crate::config::context::ContextOptions;
use crate::config::ledger::{self, LedgerOptions, LedgerSettings};
use crate::config::options::{CompletionOptions, LocalOptions, Options};
use crate::config::policy::{PolicyOptions, Source};
use crate::config::privacy::PrivacyOptions;
use crate::config::settings::{ModelName, Settings};
use crate::cost::budget::{AtCap, Budget, WhenUnsure};

/// Tightens settings by the options that the user's file has too.
pub(super) fn by_options(settings: Settings, options: &Options) -> (Settings, Vec<Refusal>) {
    let Options {
        completion,
        context,
        privacy,
        actions,
        budget,
        ledger,
        audit,
        local,
        // Those were taken out and refused before (`CLOSED`).
        network: _,
        keys: _,
        routing: _,
        fallback: _,
        projects: _,
        providers: _,
        policy: _,
        more_policies: _,
        organisation: _,
        log: _,
        telemetry: _,
    } = options;
    let mut tightening = Tightening {
        settings,
        refused: Vec::new(),
    };
    if let Some(completion) = completion {
        tightening.completion(completion);
    }
    if let Some(context) = context {
        tightening.context(context);
    }
    if let Some(PrivacyOptions {
        credentials: Some(wanted),
    }) = privacy
    {
        let own = tightening.settings.credentials;
        tightening.settings.credentials = tightening.most("privacy.credentials", *wanted, own);
    }
    if let Some(actions) = actions {
        tightening.actions(actions);
    }
    if let Some(budget) = budget {
        tightening.budget(budget);
    }
    if let Some(ledger) = ledger {
        tightening.ledger(ledger);
    }
    if let Some(audit) = audit {
        tightening.audit(audit);
    }
    if let Some(local) = local {
        tightening.local(local);
    }
    (tightening.settings, tightening.refused)
}

/// Tightens settings by what somebody allows, which is known to be sound; which model may be asked is looked up when one is decided on
/// (`routing::decide`).
pub(super) fn by_policy(mut settings: Settings, source: Source, policy: PolicyOptions) -> Settings {
    if settings.policy.add(source, policy).is_err() {
        return closed(settings, source);
    }
    retain_servers(settings)
}

/// Tightens settings to the embedded engine, since what somebody allows cannot be read.
pub(super) fn closed(mut settings: Settings, source: Source) -> Settings {
    settings.policy.close(source);
    retain_servers(settings)
}

fn retain_servers(mut settings: Settings) -> Settings {
    let policy = &settings.policy;
    settings
        .local_servers
        .retain(|server| policy.allows_provider(server));
    settings
}

struct Tightening {
    settings: Settings,
    refused: Vec<Refusal>,
}

impl Tightening {
    fn completion(&mut self, written: &CompletionOptions) {
        let CompletionOptions {
            model,
            trigger,
            debounce_ms,
            max_tokens,
            max_lines,
            speculation,
        } = written;
        if let Some(model) = model {
            // What code actions go to stays what it was.
            let actions = self.settings.model_of_actions().clone();
            let own = self.settings.model.clone();
            self.settings.model = self.model("completion.model", model, own);
            self.settings.action_model = Some(actions);
        }
        if let Some(trigger) = trigger {
            let own = self.settings.eagerness;
            self.settings.eagerness = self.most("completion.trigger", *trigger, own);
        }
        if let Some(wait) = debounce_ms {
            match self.settings.debounce {
                Some(own) => {
                    let own = u64::try_from(own.as_millis()).unwrap_or(u64::MAX);
                    let wait = self.most("completion.debounce_ms", *wait, own).min(5000);
                    self.settings.debounce = Some(Duration::from_millis(wait));
                }
                None => self.refuse(
                    "completion.debounce_ms",
                    "the wait goes by your typing unless you fixed it; completion.trigger may be a quieter one".into(),
                ),
            }
        }
        if let Some(tokens) = max_tokens {
            let own = self.settings.max_tokens;
            self.settings.max_tokens = self.least("completion.max_tokens", *tokens, own).max(1);
        }
        if speculation.is_some() {
            self.refuse(
                "completion.speculation",
                "what is spent on it is yours to say; a cap on the feature \"speculation\" is taken".into(),
            );
        }
        if let Some(lines) = max_lines {
            let own = self.settings.max_lines;
            let lines = usize::try_from(*lines).unwrap_or(usize::MAX);
            self.settings.max_lines = self.least("completion.max_lines", lines, own).max(1);
        }
    }

    /// A workspace may have less shown of itself, never more.
    fn context(&mut self, written: &ContextOptions) {
        let ContextOptions {
            max_tokens,
            sources,
            max_index_files,
            save_index,
        } = written;
        let mut context = (*self.settings.context).clone();
        if let Some(tokens) = max_tokens {
            let own = context.max_tokens;
            context.max_tokens = self.least("context.max_tokens", *tokens, own).max(200);
        }
        if let Some(sources) = sources {
            let is_more = sources.iter().any(|it| !context.sources.contains(it));
            context.sources.retain(|it| sources.contains(it));
            if is_more {
                self.refuse(
                    "context.sources",
                    "it names one that you have switched off".into(),
                );
            }
        }
        if max_index_files.is_some() {
            self.refuse(
                "context.max_index_files",
                "it is read when the server starts, from your own file".into(),
            );
        }
        match save_index {
            Some(true) if !context.saves_index => {
                self.refuse("context.save_index", "you have switched it off".into());
            }
            Some(saves) => context.saves_index = *saves,
            None => {}
        }
        self.settings.context = Arc::new(context);
    }

    fn actions(&mut self, written: &ActionsOptions) {
        let ActionsOptions {
            model,
            max_tokens,
            ask_above,
            custom,
            check,
            escalate_to,
        } = written;
        if escalate_to.is_some() {
            let why = "which model is asked is yours to say";
            self.refuse("actions.escalate_to", why.into());
        }
        if !custom.is_empty() {
            let why = "what a model is told to do is yours to say, in your own file or your editor's settings";
            self.refuse("actions.custom", why.into());
        }
        if !check.is_empty() {
            self.refuse(
                "actions.check",
                "a program is taken from your own file only".into(),
            );
        }
        if let Some(model) = model {
            let own = self.settings.model_of_actions().clone();
            self.settings.action_model = Some(self.model("actions.model", model, own));
        }
        if let Some(tokens) = max_tokens {
            let own = self.settings.action_max_tokens;
            self.settings.action_max_tokens =
                self.least("actions.max_tokens", *tokens, own).max(64);
        }
        if let Some(amount) = ask_above {
            self.ask_above(amount);
        }
    }

    /// All caps of both hold, in the user's own exchange rates; no cap of a workspace names a model that is paid for.
    fn budget(&mut self, written: &BudgetOptions) {
        let mut theirs = match budget::resolve(written, &self.settings.providers) {
            Ok(theirs) => theirs,
            Err((key, wrong)) => return self.refuse(&format!("budget.{key}"), wrong),
        };
        let own = &self.settings.budget;
        match written.when_unsure {
            // What it does not say changes nothing.
            None => theirs.when_unsure = own.when_unsure,
            Some(_)
                if theirs.when_unsure != own.when_unsure
                    && own.when_unsure == WhenUnsure::Refuse =>
            {
                self.refuse("budget.when_unsure", "yours refuses".into());
            }
            Some(_) => {}
        }
        if !written.exchange.is_empty() {
            theirs.exchange.clear();
            self.refuse(
                "budget.exchange",
                "what money is worth is yours to say".into(),
            );
        }
        for cap in &mut theirs.caps {
            let is_local = |provider: &str| provider == "local";
            if matches!(&cap.at, AtCap::Degrade { provider, .. } if !is_local(provider)) {
                cap.at = AtCap::Hard;
                self.refuse(
                    "budget.caps",
                    "a workspace degrades to \"local\" alone; the cap refuses instead".into(),
                );
            }
        }
        let both = Budget::clone(&self.settings.budget).stricter(&theirs);
        self.settings.budget = Arc::new(both);
    }

    /// A tag is a word in the user's own reports; what they say themselves by that name stays.
    fn ledger(&mut self, written: &LedgerOptions) {
        let LedgerOptions { keep, tags } = written;
        if keep.is_some() {
            self.refuse(
                "ledger.keep",
                "how long calls are kept is yours to say".into(),
            );
        }
        let own = &self.settings.ledger;
        let is_said =
            |(name, value): (&String, &String)| own.tags.get(name).is_some_and(|own| own != value);
        if tags.iter().any(is_said) {
            return self.refuse(
                "ledger.tags",
                "it has another value for a tag of yours".into(),
            );
        }
        let both = LedgerOptions {
            keep: None,
            tags: own
                .tags
                .iter()
                .chain(tags)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        };
        match ledger::resolve(&both) {
            Ok(both) => {
                let keep_days = own.keep_days;
                self.settings.ledger = Arc::new(LedgerSettings { keep_days, ..both });
            }
            Err((_, wrong)) => self.refuse("ledger.tags", wrong),
        }
    }

    /// A log may be asked for, and that nothing goes without its line.
    fn audit(&mut self, written: &AuditOptions) {
        let AuditOptions {
            enabled,
            when_unwritable,
            keep,
        } = written;
        match enabled {
            Some(true) => self.settings.audit.is_on = true,
            Some(false) if self.settings.audit.is_on => {
                self.refuse("audit.enabled", "yours is kept".into());
            }
            _ => {}
        }
        if let Some(wanted) = when_unwritable {
            let own = self.settings.audit.when_unwritable;
            self.settings.audit.when_unwritable = self.most("audit.when_unwritable", *wanted, own);
        }
        if keep.is_some() {
            self.refuse("audit.keep", "how long it is kept is yours to say".into());
        }
    }

    fn local(&mut self, written: &LocalOptions) {
        let LocalOptions {
            servers,
            min_confidence,
            partner,
            max_index_tokens,
        } = written;
        match partner {
            Some(true) => self.settings.has_partner = true,
            Some(false) if self.settings.has_partner => self.refuse(
                "local.partner",
                "providers would be asked for more than you want".into(),
            ),
            _ => {}
        }
        if let Some(servers) = servers {
            let own = &mut self.settings.local_servers;
            let is_more = servers.iter().any(|server| !own.contains(server));
            own.retain(|server| servers.contains(server));
            if is_more {
                self.refuse(
                    "local.servers",
                    "it names one that you have not enabled".into(),
                );
            }
        }
        if let Some(percent) = min_confidence {
            match self.settings.min_confidence {
                Some(own) => {
                    let percent = self.most("local.min_confidence", *percent, own);
                    self.settings.min_confidence = Some(percent.min(100));
                }
                None => self.refuse(
                    "local.min_confidence",
                    "the engine has its own measure unless you set one".into(),
                ),
            }
        }
        if max_index_tokens.is_some() {
            self.refuse(
                "local.max_index_tokens",
                "the engine is one for all workspaces".into(),
            );
        }
    }

    /// The smaller amount asks more often.
    fn ask_above(&mut self, written: &str) {
        let key = "actions.ask_above";
        let own = self.settings.action_ask_above;
        match (actions::money(written), own) {
            (Err(wrong), _) => self.refuse(key, wrong),
            (Ok(amount), None) => self.settings.action_ask_above = Some(amount),
            (Ok(amount), Some(own)) if amount.currency() != own.currency() => {
                self.refuse(key, format!("yours is in {}", own.currency().code()));
            }
            (Ok(amount), Some(own)) => {
                if amount.nanos() > own.nanos() {
                    self.refuse(key, format!("it is more than your {own}"));
                } else {
                    self.settings.action_ask_above = Some(amount);
                }
            }
        }
    }

    /// A workspace chooses no model, since that chooses who pays and who reads along; but it may keep to the one that nobody does.
    fn model(&mut self, key: &str, written: &str, own: ModelName) -> ModelName {
        match written {
            "local" | "local/patterns" => return ModelName::Local,
            _ if written == own.to_string() => {}
            _ => self.refuse(
                key,
                "it may say \"local\" and no other; policy.models narrows yours".into(),
            ),
        }
        own
    }

    /// Takes the smaller of both; a larger one is refused.
    fn least<T: Ord + Copy + std::fmt::Display>(&mut self, key: &str, written: T, own: T) -> T {
        if written > own {
            self.refuse(key, format!("{written} is more than your {own}"));
        }
        written.min(own)
    }

    /// Takes the larger of both; a smaller one is refused.
    fn most<T: Ord + Copy + std::fmt::Display>(&mut self, key: &str, written: T, own: T) -> T {
        if written < own {
            self.refuse(key, format!("{written} is less than your {own}"));
        }
        written.max(own)
    }

    fn refuse(&mut self, key: &str, why: String) {
        self.refused.push(Refusal {
            key: key.into(),
            why,
        });
    }
}
