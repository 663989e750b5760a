//! Who pays for calls to a provider, as far as its settings tell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::key_source::KeySource;
use crate::config::openrouter::UpstreamPayer;
use crate::config::provider::ProviderSettings;

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PayerKind {
    /// Nobody: it runs on this machine.
    Nobody,
    /// The user, by their own key.
    OwnKey,
    /// The user, by their credits at a gateway.
    Credits,
    /// The user, by their own account at the provider behind a gateway.
    OwnAccount,
    /// The user, through a server on this machine that passes calls on to somebody who bills.
    Relay,
    /// The user, by a flat rate.
    Subscription,
    /// The user, for the power that this machine draws.
    Power,
    /// Nobody: a provider gives it for nothing, within its limits.
    FreePool,
}

impl PayerKind {
    /// Returns who pays for calls to a provider.
    pub fn of(provider: &ProviderSettings) -> Self {
        let is_billed = provider.key != KeySource::None || !provider.prices.is_empty();
        if provider.is_free && !provider.is_on_this_machine() {
            return Self::FreePool;
        }
        match provider.upstream_payer {
            Some(UpstreamPayer::Credits) => return Self::Credits,
            Some(UpstreamPayer::OwnAccount) => return Self::OwnAccount,
            None => {}
        }
        match (provider.is_on_this_machine(), is_billed) {
            (false, _) if provider.billing.subscription.is_some() => Self::Subscription,
            (false, _) => Self::OwnKey,
            (true, true) => Self::Relay,
            (true, false) if provider.billing.power.is_some() => Self::Power,
            (true, false) => Self::Nobody,
        }
    }

    /// Returns whether it is paid for what a server on this machine may pass on.
    pub fn is_passed_on(self) -> bool {
        matches!(self, Self::Relay | Self::Credits | Self::OwnAccount)
    }
}
