//! What is offered at a place: free, offline, and fast enough to be asked after every move of the cursor.

use std::ops::Range;

use super::catalogue::{ACTIONS, Action, Output};
use super::prompt;
use super::target::{Diagnostic, Target, target};
use crate::cost::{Cost, Tokens};
use crate::gateway::Gateway;
use crate::routing::{Decision, Feature, NO_ACTIONS, NOT_ALLOWED, Payer};
use crate::session::Snapshot;

/// What is asked.
pub struct Ask<'a> {
    /// The document.
    pub snapshot: &'a Snapshot,
    /// The cursor or the selection.
    pub selection: Range<usize>,
    /// What is complained about there.
    pub diagnostics: &'a [Diagnostic],
    /// Whether the editor can ask the user for an instruction.
    pub can_instruct: bool,
}

/// An action that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Which one.
    pub action: &'static Action,
    /// What the menu says: what is done, by which model, who pays, and about how much.
    pub title: String,
    /// What it would cost.
    pub estimate: Cost,
}

/// Decides which model actions of the document go to.
pub fn decide(gateway: &Gateway, snapshot: &Snapshot) -> Decision {
    gateway.decide(&snapshot.settings, Feature::Action)
}

/// Returns why a model cannot do actions, and what to do about it.
pub fn unable(decision: &Decision) -> Option<String> {
    if [NO_ACTIONS, NOT_ALLOWED].contains(&decision.reason) {
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

/// Returns what makes sense at a place, with model, payer and price; nothing if the model cannot do actions.
pub fn offers(gateway: &Gateway, ask: &Ask<'_>) -> Vec<Offer> {
    let decision = decide(gateway, ask.snapshot);
    if unable(&decision).is_some() {
        return Vec::new();
    }
    let offer = |action: &'static Action| {
        if action.needs_instruction && !ask.can_instruct {
            return None;
        }
        let target = target(ask.snapshot, action, &ask.selection, ask.diagnostics)?;
        let tokens = expected(ask, action, &target);
        let estimate = gateway.estimate(&decision, &tokens);
        Some(Offer {
            action,
            title: format!(
                "{} · {} · {} · {}",
                what(action, &target, ask.diagnostics),
                decision.name(),
                payer(decision.payer),
                price(&estimate)
            ),
            estimate,
        })
    };
    ACTIONS.iter().filter_map(offer).collect()
}

/// What an explanation is reckoned at, and a comment.
const DOCUMENT_TOKENS: u64 = 400;
const COMMENT_TOKENS: u64 = 80;

/// What a search and replace block, or a fence, takes besides the code.
const FORM_TOKENS: u64 = 20;

/// Returns what an action would use: what it sends is known, what comes back is reckoned by its kind.
fn expected(ask: &Ask<'_>, action: &Action, target: &Target) -> Tokens {
    let messages = prompt::messages(ask.snapshot, action, target, ask.diagnostics, None);
    let input = messages.iter().map(|message| message.text.len()).sum();
    let region = Tokens::in_bytes(target.lines.len());
    let most = u64::from(ask.snapshot.settings.action_max_tokens);
    let output = match action.output {
        Output::Document => DOCUMENT_TOKENS,
        Output::Comment => COMMENT_TOKENS,
        Output::Replace => region + FORM_TOKENS,
    };
    Tokens {
        input: Tokens::in_bytes(input),
        output: output.min(most),
        ..Tokens::default()
    }
}

/// The longest part of a diagnostic that fits a menu.
const TITLE_CHARS: usize = 50;

fn what(action: &Action, target: &Target, diagnostics: &[Diagnostic]) -> String {
    let is_about_them = matches!(action.applies, super::catalogue::Applies::Diagnostic);
    let about = match diagnostics {
        [one] if is_about_them => shortened(&one.message),
        many if is_about_them => format!("{} problems", many.len()),
        _ => target.name.clone(),
    };
    // Three dots are how menus say that they will ask something.
    let dots = if action.needs_instruction { "…" } else { "" };
    format!("{} {about}{dots}", action.title)
}

fn shortened(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    let short: String = line.chars().take(TITLE_CHARS).collect();
    if short.len() < line.len() {
        format!("{}…", short.trim_end())
    } else {
        short
    }
}

/// Says who pays in a word or two; a menu has no room for more.
fn payer(payer: Payer) -> &'static str {
    match payer {
        Payer::Nobody => "nobody pays",
        Payer::OwnKey => "your key",
        Payer::Relay => "you, by a local server",
    }
}

fn price(cost: &Cost) -> String {
    match cost {
        Cost::Free => "free".into(),
        Cost::Unknown => "price unknown".into(),
        Cost::Reported(money) | Cost::Priced(money) | Cost::Estimated(money) => {
            let money = money.to_string();
            // Less than the least that is shown is no approximation.
            if money.starts_with('<') {
                money
            } else {
                format!("about {money}")
            }
        }
    }
}
