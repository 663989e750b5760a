//! Who pays is who was decided: what an answer says of its payer is compared, and where it was another that way is not gone again.
//!
//! Entry points: [`Payers::seen`] when a call is settled, or its true cost is told later, and [`Payers::check`] before the next. A gateway such as
//! OpenRouter may bill the user's credits where their own account was meant, or the other way round: after an error, a limit reached, a key
//! removed there. Nothing of it can be taken back, so it is told at once, counted, and the model is asked no more until the user says so
//! (`byok.resume`). Where the user did not say who is to pay ([`Payer::Gateway`]) nothing is compared, and the ledger notes who did; so it does where a
//! gateway that the settings know by its key alone says that it went on to an account: `routing.payer` is for OpenRouter, and nobody could say
//! beforehand that this is right.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cost::Money;
use crate::cost::budget::Refusal;
use crate::provider::Error;
use crate::routing::{Decision, Payer, Way};

/// The models that somebody else has paid for, by their full names. Clones are the same ones.
#[derive(Clone, Default)]
pub(super) struct Payers(Arc<Mutex<BTreeMap<String, Wrong>>>);

struct Wrong {
    decided: Payer,
    paid: Payer,
    calls: u32,
}

/// More are not kept; who has so many has them stopped one by one as they go wrong again.
const MOST: usize = 256;

impl Payers {
    /// Refuses a call to a model that somebody else has paid for.
    pub(super) fn check(&self, decision: &Decision) -> Result<(), Error> {
        match self.wrong().get(&decision.name()) {
            // The user has said otherwise since.
            Some(wrong) if wrong.decided == decision.payer => {
                let message = sentence(&decision.name(), wrong);
                Err(Error::Budget(Box::new(Refusal::Halted(message))))
            }
            _ => Ok(()),
        }
    }

    /// Takes in what an answer says of its payer; returns a sentence for the user the first time that it was another than decided.
    pub(super) fn seen(&self, decision: &Decision, told: Told) -> Option<String> {
        let paid = paid(decision, told);
        let is_decided = !matches!(decision.payer, Payer::OwnKey | Payer::Gateway);
        if paid == decision.payer || !is_decided {
            return None;
        }
        let name = decision.name();
        let mut all = self.wrong();
        if all.len() >= MOST && !all.contains_key(&name) {
            return None;
        }
        let wrong = all.entry(name.clone()).or_insert(Wrong {
            decided: decision.payer,
            paid,
            calls: 0,
        });
        wrong.calls = wrong.calls.saturating_add(1);
        tracing::warn!(model = %name, decided = %wrong.decided, %paid, calls = wrong.calls, "another payer than decided");
        (wrong.calls == 1).then(|| sentence(&name, wrong))
    }

    /// Returns what is stopped, in a sentence.
    pub(super) fn stopped(&self) -> Option<String> {
        let all = self.wrong();
        all.iter().next().map(|(name, wrong)| sentence(name, wrong))
    }

    /// Lets all go on.
    pub(super) fn resume(&self) {
        self.wrong().clear();
    }

    fn wrong(&self) -> MutexGuard<'_, BTreeMap<String, Wrong>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an answer tells of who has paid.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    /// Whether it was the user's own account at the provider behind a gateway.
    pub is_own_account: Option<bool>,
    /// What was billed.
    pub cost: Option<Money>,
}

/// Returns who has paid, by what an answer says of it.
pub(super) fn paid(decision: &Decision, told: Told) -> Payer {
    let is_billed = told.cost.is_some_and(|cost| cost.nanos() > 0);
    match (decision.payer, told.is_own_account) {
        (Payer::OwnKey | Payer::Credits | Payer::Gateway | Payer::FreePool, Some(true)) => {
            Payer::OwnAccount
        }
        (Payer::OwnAccount | Payer::Gateway, Some(false)) => Payer::Credits,
        (Payer::FreePool, known) if is_billed => match (&decision.way, known) {
            (Way::Http(provider), None) if provider.is_openrouter => Payer::Gateway,
            (Way::Http(provider), Some(_)) if provider.is_openrouter => Payer::Credits,
            _ => Payer::OwnKey,
        },
        (decided, _) => decided,
    }
}

fn sentence(name: &str, wrong: &Wrong) -> String {
    let calls = match wrong.calls {
        1 => "a call".to_owned(),
        many => format!("{many} calls"),
    };
    if wrong.decided == Payer::FreePool {
        return format!(
            "{name} is stopped: {calls} went to {}, and it was to be of the free pool; see to it at the provider, then run byok.resume",
            of(wrong.paid)
        );
    }
    format!(
        "{name} is stopped: {calls} went to {}, and routing.payer says {}; see to it at the gateway, then run byok.resume",
        of(wrong.paid),
        of(wrong.decided)
    )
}

fn of(payer: Payer) -> String {
    let words = payer.to_string();
    words.strip_prefix("you: ").unwrap_or(&words).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::routing::{Feature, embedded};

    fn decision(payer: Payer) -> Decision {
        Decision {
            provider: "openrouter".into(),
            model: "a/b".into(),
            payer,
            ..embedded(Feature::Action, "a test")
        }
    }

    #[test]
    fn who_paid_is_compared_with_who_was_to_under_every_answer() {
        use Payer::{Credits, FreePool, Gateway, Nobody, OwnAccount, OwnKey, Relay};
        for (decided, told, is_stopped, who) in [
            (Credits, Some(false), false, Credits),
            (Credits, Some(true), true, OwnAccount),
            (Credits, None, false, Credits),
            (OwnAccount, Some(true), false, OwnAccount),
            (OwnAccount, Some(false), true, Credits),
            (OwnAccount, None, false, OwnAccount),
            (Gateway, Some(true), false, OwnAccount),
            (Gateway, Some(false), false, Credits),
            (Gateway, None, false, Gateway),
            (OwnKey, Some(true), false, OwnAccount),
            (OwnKey, Some(false), false, OwnKey),
            (OwnKey, None, false, OwnKey),
            (Nobody, Some(true), false, Nobody),
            (Relay, Some(true), false, Relay),
            (FreePool, None, false, FreePool),
            (FreePool, Some(false), false, FreePool),
            (FreePool, Some(true), true, OwnAccount),
        ] {
            let payers = Payers::default();
            let decision = decision(decided);
            let answer = Told {
                is_own_account: told,
                cost: None,
            };
            assert_eq!(paid(&decision, answer), who, "{decided:?} {told:?}");
            assert_eq!(payers.seen(&decision, answer).is_some(), is_stopped);
            assert_eq!(
                payers.check(&decision).is_err(),
                is_stopped,
                "{decided:?} {told:?}"
            );
            assert_eq!(payers.stopped().is_some(), is_stopped);
            payers.resume();
            assert!(payers.check(&decision).is_ok());
        }
    }

    #[test]
    fn a_call_of_the_free_pool_that_is_billed_stops_its_model() {
        let payers = Payers::default();
        let free = decision(Payer::FreePool);
        let billed = |nanos| Told {
            is_own_account: Some(false),
            cost: Some(Money::from_nanos(nanos, crate::cost::Currency::USD)),
        };
        assert_eq!(payers.seen(&free, billed(0)), None);
        assert!(payers.check(&free).is_ok());
        assert_eq!(
            payers.seen(&free, billed(1)).unwrap(),
            "openrouter/a/b is stopped: a call went to your own key, and it was to be of the free pool; see to it at the provider, then run byok.resume"
        );
        assert!(payers.check(&free).is_err());
    }

    #[test]
    fn it_is_told_once_counted_and_over_when_the_user_decides_otherwise() {
        let payers = Payers::default();
        let own = decision(Payer::OwnAccount);
        let credits = Told {
            is_own_account: Some(false),
            cost: None,
        };
        let told = payers.seen(&own, credits).unwrap();
        assert_eq!(
            told,
            "openrouter/a/b is stopped: a call went to your credits at the gateway, and routing.payer says your own account behind the \
             gateway; see to it at the gateway, then run byok.resume"
        );
        assert_eq!(payers.seen(&own, credits), None);
        assert!(payers.stopped().unwrap().contains("2 calls"));
        assert!(payers.check(&own).is_err());
        assert!(payers.check(&decision(Payer::Credits)).is_ok());
    }
}
