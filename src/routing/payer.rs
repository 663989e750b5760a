//! Who pays for a call.

use std::fmt;

use crate::config::{PayerKind, ProviderSettings};

/// Who pays for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payer {
    /// Nobody: it runs on this machine.
    Nobody,
    /// The user, by their own key.
    OwnKey,
    /// The user, by their credits at a gateway.
    Credits,
    /// The user, by their own account at the provider behind a gateway that has its key.
    OwnAccount,
    /// The user, through a server on this machine that takes a key or that they gave a price: a proxy to somebody who bills.
    Relay,
    /// The user, by a flat rate.
    Subscription,
    /// The user, for the power that this machine draws.
    Power,
    /// Nobody: a provider gives it for nothing, within its limits.
    FreePool,
}

impl Payer {
    /// Returns who pays for calls to a provider.
    pub fn of(provider: &ProviderSettings) -> Self {
        match PayerKind::of(provider) {
            PayerKind::Nobody => Self::Nobody,
            PayerKind::OwnKey => Self::OwnKey,
            PayerKind::Credits => Self::Credits,
            PayerKind::OwnAccount => Self::OwnAccount,
            PayerKind::Relay => Self::Relay,
            PayerKind::Subscription => Self::Subscription,
            PayerKind::Power => Self::Power,
            PayerKind::FreePool => Self::FreePool,
        }
    }
}

impl Payer {
    /// Returns whether it is paid for what a server on this machine may pass on.
    pub fn is_passed_on(self) -> bool {
        matches!(self, Self::Relay | Self::Credits | Self::OwnAccount)
    }
}

impl fmt::Display for Payer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nobody => "nobody: runs on this machine",
            Self::OwnKey => "you: your own key",
            Self::Credits => "you: your credits at the gateway",
            Self::OwnAccount => "you: your own account behind the gateway",
            Self::Relay => "you: through a server on this machine",
            Self::Subscription => "you: by your subscription",
            Self::Power => "you: for the power of this machine",
            Self::FreePool => "nobody: from the free pool",
        })
    }
}
