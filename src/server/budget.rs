//! Tells the editor how the caps stand, and the user what they should know about money.
//!
//! Entry points: [`watch`], which the gateway calls from any thread, and [`tell`], a task that sends `byok/budget` when something changed, no
//! more than twice a second, the last state always included. Nothing is sent while no caps are set.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tower_lsp::gen_lsp_types as lsp;

use super::backend::Shared;
use super::ledger_news::LedgerNews;
use super::outbox::Outbox;
use super::protocol::{BudgetParams, CapParams, CapStateParams, VERSION};
use super::status::Status;
use crate::cost::budget::{CapState, Standing};
use crate::gateway::{Notice, Watch};

/// The shortest time between two messages.
const SPACE: Duration = Duration::from_millis(500);

/// Makes what the gateway tells about money reach the user; `changed` says that caps stand otherwise than before.
pub fn watch(outbox: Outbox, status: Status, changed: Arc<Notify>) -> Watch {
    let told = Mutex::new(HashSet::new());
    Arc::new(move |notice| {
        let message = match notice {
            Notice::Changed => {
                changed.notify_one();
                return;
            }
            Notice::Masked(kinds) => {
                let message = masked(&kinds);
                // Quietly, and once: nothing has to be done, and the next suggestion sends the same text again.
                let is_news = told
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(kinds);
                if !is_news {
                    return;
                }
                outbox.notify(
                    "window/logMessage",
                    &json!({"type": lsp::MessageType::Info, "message": message}),
                );
                return;
            }
            Notice::Warned(standing) => warning(&standing),
            Notice::Unaudited(why) => format!(
                "the audit log cannot be written, and calls go on without it: {why}; byok-lsp audit verify says more"
            ),
            Notice::Resumed => {
                status.halted(None);
                return;
            }
            Notice::Halted(message) => {
                status.halted(Some(message.clone()));
                message
            }
        };
        outbox.notify(
            "window/showMessage",
            &json!({"type": lsp::MessageType::Warning, "message": format!("byok-lsp: {message}")}),
        );
    })
}

fn masked(kinds: &[&str]) -> String {
    format!(
        "byok-lsp: not sent, but a stand-in for it: {}",
        kinds.join(", ")
    )
}

fn warning(standing: &Standing) -> String {
    format!(
        "the cap \"{}\" of {} is passed: {} spent per {}; it only warns, so calls go on",
        standing.cap.name,
        standing.cap.amount,
        standing.spent,
        standing.cap.per.name()
    )
}

/// Sends how the caps stand, whenever that changed, and says what is wrong with the ledger. Ends with the server.
pub async fn tell(shared: Weak<Shared>, changed: Arc<Notify>) {
    let mut told = None;
    let mut news = LedgerNews::default();
    loop {
        {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            let budget = shared.session().settings().budget.clone();
            let was_told = told.is_some();
            if budget.has_caps() && !was_told {
                shared.ledger().prepare();
            }
            if budget.has_caps() || was_told {
                let standings = shared.ledger().standings(budget).await;
                let params = params(standings);
                if told.as_ref() != Some(&params) {
                    shared.outbox.notify("byok/budget", &params);
                    told = Some(params);
                }
            }
            news.tell(&shared.ledger(), &shared.outbox);
        }
        tokio::time::sleep(SPACE).await;
        changed.notified().await;
    }
}

/// Puts the cap first that has the least room.
fn params(mut standings: Vec<Standing>) -> BudgetParams {
    let share_left = |standing: &Standing| {
        let (left, cap) = (standing.left().nanos(), standing.cap.amount.nanos());
        i128::from(left) * 1_000_000 / i128::from(cap.max(1))
    };
    standings.sort_by_key(|standing| (standing.state == CapState::Ok, share_left(standing)));
    let state = standings
        .first()
        .map_or(CapState::Ok, |standing| standing.state);
    BudgetParams {
        v: VERSION,
        state: state_params(state),
        caps: standings.iter().map(cap_params).collect(),
    }
}

fn cap_params(standing: &Standing) -> CapParams {
    let scope = &standing.cap.scope;
    CapParams {
        name: standing.cap.name.to_string(),
        per: standing.cap.per.name().into(),
        at: standing.cap.at.name().into(),
        currency: standing.cap.amount.currency().to_string(),
        cap: standing.cap.amount.nanos(),
        spent: standing.spent.nanos(),
        reserved: standing.reserved.nanos(),
        left: standing.left().nanos(),
        state: state_params(standing.state),
        provider: scope.provider.clone(),
        model: scope.model.clone(),
        key: scope.key.clone(),
        feature: scope.feature.clone(),
        workspace: scope.workspace.clone(),
        environment: scope.environment.clone(),
    }
}

fn state_params(state: CapState) -> CapStateParams {
    match state {
        CapState::Ok => CapStateParams::Ok,
        CapState::Warned => CapStateParams::Warned,
        CapState::Asked => CapStateParams::Asked,
        CapState::Reached => CapStateParams::Reached,
        CapState::Degraded => CapStateParams::Degraded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Money;
    use crate::cost::budget::{AtCap, Cap, Per, Scope};

    #[test]
    fn the_cap_with_the_least_room_comes_first() {
        let usd = |cents: i64| Money::from_nanos(cents * 10_000_000, crate::cost::Currency::USD);
        let standing = |name: &str, cap, spent, state| Standing {
            cap: Cap {
                name: name.into(),
                amount: usd(cap),
                per: Per::Day,
                scope: Scope::default(),
                at: AtCap::Hard,
            },
            spent: usd(spent),
            reserved: usd(0),
            state,
            lost: None,
        };
        let params = params(vec![
            standing("wide", 100, 10, CapState::Ok),
            standing("tight", 1_000, 900, CapState::Ok),
            standing("met", 200, 20, CapState::Reached),
        ]);
        let names: Vec<_> = params.caps.iter().map(|cap| cap.name.as_str()).collect();
        assert_eq!(names, ["met", "tight", "wide"]);
        assert_eq!(params.state, CapStateParams::Reached);
        assert_eq!(params.caps[1].left, 1_000_000_000);
    }
}
