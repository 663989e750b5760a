//! Who pays for calls to a provider, as far as its settings tell.
//!
//! Entry point: [`Payer::of`]. Who is not certain to be the same counts as another: a fallback from one to the other changes the payer, and a list of
//! payers has to name it.
//!
//! OpenRouter bills the user's credits there or, where it has a key of theirs for the provider behind it, their own account at that provider, and may
//! pass from one to the other by itself. Where `routing.payer` does not say which it is to be, nobody here can know before the answer tells. That is
//! [`Payer::Gateway`], a payer of its own: it is not the user's own key, whose bill comes from somebody else; and calling it their credits would stop
//! a model for using the account that the user never ruled out. It is within a list that has it, or both that it may turn out to be; the ledger
//! notes which of them it was. Other gateways elsewhere, such as a hosted LiteLLM, do not tell who pays behind them: what the settings know of them is the
//! user's own key there, and that is what is said.

use std::{fmt, slice};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::key_source::KeySource;
use crate::config::openrouter::UpstreamPayer;
use crate::config::provider::ProviderSettings;

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// Nobody: it runs on this machine.
    Nobody,
    /// The user, by their own key.
    OwnKey,
    /// The user, by their credits at a gateway.
    Credits,
    /// The user, by their own account at the provider behind a gateway that has its key.
    OwnAccount,
    /// The user, by whichever a gateway bills, their credits there or their own account behind it: they did not say which.
    Gateway,
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
        let is_here = provider.is_on_this_machine();
        if provider.is_free && !is_here {
            return Self::FreePool;
        }
        if provider.is_openrouter {
            return match provider.upstream_payer {
                Some(UpstreamPayer::Credits) => Self::Credits,
                Some(UpstreamPayer::OwnAccount) => Self::OwnAccount,
                None => Self::Gateway,
            };
        }
        let is_billed = provider.key != KeySource::None || !provider.prices.is_empty();
        match (is_here, is_billed) {
            (false, _) if provider.billing.subscription.is_some() => Self::Subscription,
            (false, _) => Self::OwnKey,
            (true, true) => Self::Relay,
            (true, false) if provider.billing.power.is_some() => Self::Power,
            (true, false) => Self::Nobody,
        }
    }

    /// Returns whether it is paid for what is passed on, also where a server on this machine does that.
    pub fn is_passed_on(self) -> bool {
        matches!(
            self,
            Self::Relay | Self::Credits | Self::OwnAccount | Self::Gateway
        )
    }

    /// Returns whether everybody who may turn out to pay is among these.
    pub fn is_within(self, listed: &[Self]) -> bool {
        let is_listed = |one: &Self| listed.iter().any(|other| other.outcomes().contains(one));
        self.outcomes().iter().all(is_listed)
    }

    /// Returns who it may turn out to be.
    fn outcomes(&self) -> &[Self] {
        match self {
            Self::Gateway => &[Self::Credits, Self::OwnAccount],
            known => slice::from_ref(known),
        }
    }
}

impl fmt::Display for Payer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nobody => "nobody: runs on this machine",
            Self::OwnKey => "you: your own key",
            Self::Credits => "you: your credits at the gateway",
            Self::OwnAccount => "you: your own account behind the gateway",
            Self::Gateway => "you: your credits or your own account, as the gateway bills",
            Self::Relay => "you: through a server on this machine",
            Self::Subscription => "you: by your subscription",
            Self::Power => "you: for the power of this machine",
            Self::FreePool => "nobody: from the free pool",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Payer::{self, Credits, Gateway, Nobody, OwnAccount, OwnKey, Relay};

    #[test]
    fn whoever_a_gateway_bills_is_within_a_list_that_has_both_whom_it_may_bill() {
        let cases: [(Payer, &[Payer], bool); 11] = [
            (Gateway, &[], false),
            (Gateway, &[OwnKey, Nobody, Relay], false),
            (Gateway, &[Credits], false),
            (Gateway, &[OwnAccount], false),
            (Gateway, &[OwnAccount, Credits], true),
            (Gateway, &[Gateway], true),
            (Credits, &[Gateway], true),
            (OwnAccount, &[Gateway], true),
            (Credits, &[OwnAccount], false),
            (OwnKey, &[Gateway], false),
            (OwnKey, &[Nobody, OwnKey], true),
        ];
        for (payer, listed, expected) in cases {
            assert_eq!(payer.is_within(listed), expected, "{payer:?} {listed:?}");
        }
    }
}
