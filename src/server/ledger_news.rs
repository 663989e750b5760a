//! Tells the user, once, what there is to know about the ledger itself: that its file cannot be used, or was damaged and moved aside.

use serde_json::json;
use tower_lsp::gen_lsp_types as lsp;

use super::outbox::Outbox;
use crate::cost::Ledger;
use crate::cost::ledger::State;

/// What was told.
#[derive(Default)]
pub struct LedgerNews {
    /// Whether the present trouble was.
    is_told: bool,
}

impl LedgerNews {
    /// Tells what is new since the last time.
    pub fn tell(&mut self, ledger: &Ledger, outbox: &Outbox) {
        let mut news = ledger.take_notices();
        match ledger.state() {
            State::Ready => self.is_told = false,
            State::Degraded { reason } => {
                if !std::mem::replace(&mut self.is_told, true) {
                    news.push(reason);
                }
            }
        }
        for message in news {
            outbox.notify(
                "window/showMessage",
                &json!({"type": lsp::MessageType::Warning, "message": format!("byok-lsp: {message}")}),
            );
        }
    }
}
