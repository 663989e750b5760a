//! What is offered at a place: free, offline, and fast enough to be asked after every move of the cursor.

use std::ops::Range;
use std::sync::Arc;

use super::catalogue::{self, Action, Applies, Output};
use super::choose::{by_need, own_model, unable};
use super::other::Material;
use super::price;
use super::prompt::{self, Question};
use super::target::{Diagnostic, Site, Target, is_message};
use crate::cost::estimate::{Estimate, Expected, Rough, Tally};
use crate::gateway::Gateway;
use crate::routing::{Decision, Feature, Payer};
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
    /// Whether the user opened the menu, rather than moved the cursor.
    pub is_by_hand: bool,
}

/// An action that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Which one.
    pub action: Arc<Action>,
    /// What the menu says: what is done, by which model, who pays, and about how much.
    pub title: String,
}

/// Returns what makes sense at a place, with model, payer and price; nothing if the model cannot do actions.
pub fn offers(gateway: &Gateway, ask: &Ask<'_>) -> Vec<Offer> {
    let snapshot = ask.snapshot;
    let usual = gateway.decide(&snapshot.settings, Feature::Action);
    let site = Site::new(snapshot, &ask.selection, ask.diagnostics);
    // Most actions are about the same lines, and show the same of the file.
    let mut shown: Vec<(Range<usize>, Shown)> = Vec::new();
    let mut offer = |action: Arc<Action>| {
        let is_hidden = (action.needs_instruction() && !ask.can_instruct)
            || (action.applies.is_about_changes() && !ask.is_by_hand && !is_message(snapshot));
        if is_hidden {
            return None;
        }
        let is_usual = own_model(&action).is_none() && snapshot.settings.routes.rules.is_empty();
        if is_usual && unable(&usual).is_some() {
            return None;
        }
        let target = site.target(&action)?;
        // Of a pool, each call may go to another.
        let decide = |expected: Option<&Expected<'_>>| {
            let decision = if is_usual && usual.draw.is_none() {
                usual.clone()
            } else {
                by_need(gateway, snapshot, &action, expected)
            };
            unable(&decision).is_none().then_some(decision)
        };
        let (decision, price) = if action.applies.is_about_changes() {
            (decide(None)?, "priced when it is read".to_owned())
        } else {
            let question = Question {
                snapshot,
                action: &action,
                target: &target,
                diagnostics: ask.diagnostics,
                instruction: None,
                material: &Material::None,
            };
            let known = shown.iter().find(|(lines, _)| *lines == target.lines);
            let sizes = if let Some((_, sizes)) = known {
                *sizes
            } else {
                let sizes = Shown {
                    document: Rough::of(&prompt::of_document(&question)),
                    region: region(&question),
                };
                shown.push((target.lines.clone(), sizes));
                sizes
            };
            let prompt = sizes.document + prompt::overhead(&question);
            let expected = expected(&question, prompt, sizes.region);
            let decision = decide(Some(&expected))?;
            let price = price::shown(&gateway.estimate(&decision, &expected));
            (decision, price)
        };
        Some(Offer {
            title: format!(
                "{} · {} · {} · {price}",
                what(&action, &target, ask.diagnostics),
                decision.name(),
                payer(decision.payer),
            ),
            action,
        })
    };
    catalogue::all(&snapshot.settings)
        .filter_map(&mut offer)
        .collect()
}

/// Returns what an action would cost, by all that is known when it is about to run.
pub fn estimate(gateway: &Gateway, decision: &Decision, question: &Question<'_>) -> Estimate {
    gateway.estimate(decision, &expected_of(question))
}

/// Returns how large an action is reckoned to be, by all that is known when it is about to run.
pub(super) fn expected_of<'a>(question: &'a Question<'_>) -> Expected<'a> {
    let messages = prompt::messages(question);
    let prompt = messages.iter().map(|message| Rough::of(&message.text));
    expected(question, prompt.sum(), region(question))
}

/// What an explanation is reckoned at, a comment, a handful of names, and a commit's message.
const DOCUMENT_TOKENS: u64 = 400;
const COMMENT_TOKENS: u64 = 80;
const NAMES_TOKENS: u64 = 25;
const MESSAGE_TOKENS: u64 = 60;

/// What a handful of tests is reckoned at, and changes in other files.
const TESTS_TOKENS: u64 = 400;
const FILES_TOKENS: u64 = 200;

/// What a search and replace block, or a fence, takes besides the code.
const FORM_TOKENS: u64 = 20;

/// How much of a file a model is shown for a place, and how much of that it is about.
#[derive(Clone, Copy)]
struct Shown {
    document: Rough,
    region: Rough,
}

fn region(question: &Question<'_>) -> Rough {
    let lines = question.target.lines.clone();
    let mut tally = Tally::default();
    let region = question.snapshot.text.byte_slice(lines);
    region.chunks().for_each(|chunk| tally.push(chunk));
    tally.rough()
}

/// Returns how many usual tokens the answer is reckoned to have, by its kind and the code that it is about.
pub fn reckoned(question: &Question<'_>) -> u64 {
    answer(question, region(question))
}

fn answer(question: &Question<'_>, region: Rough) -> u64 {
    let region = region.tokens();
    match question.action.output {
        Output::Document => DOCUMENT_TOKENS,
        Output::Comment => COMMENT_TOKENS,
        Output::Names => NAMES_TOKENS,
        Output::Message => MESSAGE_TOKENS,
        Output::Tests | Output::NewFile | Output::Insert => TESTS_TOKENS,
        Output::Files => region + FILES_TOKENS,
        Output::Replace | Output::Comments => region + FORM_TOKENS,
    }
}

fn expected<'a>(question: &'a Question<'_>, prompt: Rough, region: Rough) -> Expected<'a> {
    Expected {
        task: &question.action.id,
        prompt,
        output: answer(question, region),
        most: question.snapshot.settings.action_max_tokens.into(),
    }
}

/// The longest part of a diagnostic that fits a menu.
const TITLE_CHARS: usize = 50;

fn what(action: &Action, target: &Target, diagnostics: &[Diagnostic]) -> String {
    let is_about_them = matches!(action.applies, Applies::Diagnostic | Applies::Problems);
    let about = match diagnostics {
        [one] if is_about_them => shortened(&one.message),
        many if is_about_them => format!("{} problems", many.len()),
        _ => target.name.clone(),
    };
    // Three dots are how menus say that they will ask something.
    let dots = if action.needs_instruction() {
        "…"
    } else {
        ""
    };
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
        Payer::Credits => "your credits",
        Payer::OwnAccount => "your own account",
        Payer::Gateway => "your credits or account",
        Payer::Relay => "you, by a local server",
        Payer::Subscription => "your subscription",
        Payer::Power => "your power",
        Payer::FreePool => "free pool",
    }
}
