//! Budgets: how much may be spent, on what, in which time, and what is done when that is used up.
//!
//! Entry points: [`Budget`] and [`Budget::stricter`]. A call is measured against every cap whose [`Scope`] covers it: before it is sent its
//! worst case is reserved in the ledger ([`crate::cost::Ledger::reserve`]), afterwards what it cost takes the reservation's place. So at every
//! moment what was spent and what is reserved together are within each cap that refuses. Nothing here does I/O.
//!
//! Invariants: amounts of different currencies meet only by an exchange rate that the user wrote; two budgets together are never laxer than
//! either.

mod refusal;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::money::{Currency, Money, NANOS};

pub use refusal::Refusal;
pub use standing::{CapState, Standing};

/// All caps, and what holds where they cannot be measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Budget {
    /// The caps.
    pub caps: Vec<Cap>,
    /// What is done while the ledger cannot be used.
    pub when_unsure: WhenUnsure,
    /// What is done about a model whose price nobody knows.
    pub unknown_price: UnknownPrice,
    /// What one unit of a currency is worth, for caps in another currency.
    pub exchange: BTreeMap<Currency, Money>,
}

/// One cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// Its name, for people: `day`, `ghost text`.
    pub name: Arc<str>,
    /// How much.
    pub amount: Money,
    /// In which time.
    pub per: Per,
    /// Of which calls.
    pub scope: Scope,
    /// What is done when a call would break it.
    pub at: AtCap,
}

/// The time in which a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Per {
    /// A single request, whatever else was spent.
    Request,
    /// The life of one server.
    Session,
    /// An hour of the clock, on this machine.
    Hour,
    /// A local day, on this machine.
    Day,
    /// A local month, on this machine.
    Month,
}

impl Per {
    /// Returns its name in settings and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Session => "session",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// What is done when a call would break a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtCap {
    /// The user is told once, and the call goes on.
    Soft,
    /// The user is asked, where they asked for something themselves; ghost text is refused.
    Ask,
    /// The call is refused.
    Hard,
    /// Another model is asked, which this cap does not hold back.
    Degrade {
        /// The provider's name; `local` for the embedded engine.
        provider: Arc<str>,
        /// Its model.
        model: Arc<str>,
    },
}

impl AtCap {
    /// Returns its name in settings and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Ask => "ask",
            Self::Hard => "hard",
            Self::Degrade { .. } => "degrade",
        }
    }
}

/// Which calls a cap is about: those that have all that is named here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The provider's name.
    pub provider: Option<String>,
    /// The model, as its provider calls it.
    pub model: Option<String>,
    /// The label of the key.
    pub key: Option<String>,
    /// `completion`, `speculation`, `action`.
    pub feature: Option<String>,
    /// The workspace's folder.
    pub workspace: Option<String>,
    /// The environment, such as `work`: the row's tag of that name.
    pub environment: Option<String>,
}

/// What a call is, as far as scopes look at it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Kind {
    /// See [`Scope::provider`].
    pub provider: String,
    /// See [`Scope::model`].
    pub model: String,
    /// See [`Scope::key`].
    pub key: Option<String>,
    /// See [`Scope::feature`].
    pub feature: String,
    /// See [`Scope::workspace`].
    pub workspace: Option<String>,
    /// See [`Scope::environment`].
    pub environment: Option<String>,
}

impl Scope {
    /// Returns whether a call is among those that are meant.
    pub fn covers(&self, kind: &Kind) -> bool {
        let is = |wanted: &Option<String>, there: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| there == Some(wanted))
        };
        is(&self.provider, Some(&kind.provider))
            && is(&self.model, Some(&kind.model))
            && is(&self.key, kind.key.as_deref())
            && is(&self.feature, Some(&kind.feature))
            && is(&self.workspace, kind.workspace.as_deref())
            && is(&self.environment, kind.environment.as_deref())
    }
}

impl Cap {
    /// Returns whether a call of this kind counts towards the cap.
    pub fn covers(&self, kind: &Kind) -> bool {
        self.scope.covers(kind)
    }

    /// Returns whether a call of this kind may be held back by the cap: one by the model that it degrades to is not.
    pub fn holds_back(&self, kind: &Kind) -> bool {
        match &self.at {
            AtCap::Soft => false,
            AtCap::Ask | AtCap::Hard => true,
            AtCap::Degrade { provider, model } => {
                **provider != *kind.provider || **model != *kind.model
            }
        }
    }
}

/// What is done while the ledger cannot be used, so that nobody knows what was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenUnsure {
    /// Nothing is sent that costs money.
    #[default]
    Refuse,
    /// Calls go on, and the caps do not hold.
    Allow,
}

/// What is done about a model whose price nobody knows, where a cap applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownPrice {
    /// It is taken to cost what the provider's dearest models do, kind of token by kind of token; if not even that is known, it is refused.
    #[default]
    Assume,
    /// It is not asked.
    Refuse,
}

impl Budget {
    /// Returns whether there is anything to measure calls against.
    pub fn has_caps(&self) -> bool {
        !self.caps.is_empty()
    }

    /// Returns the caps that a call counts towards.
    pub fn caps_of<'a>(&'a self, kind: &'a Kind) -> impl Iterator<Item = &'a Cap> {
        self.caps.iter().filter(|cap| cap.covers(kind))
    }

    /// Returns an amount in another currency, rounded up, if a rate for it is set.
    pub fn exchanged(&self, amount: Money, currency: Currency) -> Option<Money> {
        if amount.currency() == currency {
            return Some(amount);
        }
        let rate = self.exchange.get(&amount.currency())?;
        if rate.currency() != currency {
            return None;
        }
        let product = i128::from(amount.nanos()) * i128::from(rate.nanos());
        let nanos = product.div_euclid(i128::from(NANOS))
            + i128::from(product.rem_euclid(i128::from(NANOS)) > 0);
        let limit = if nanos < 0 { i64::MIN } else { i64::MAX };
        Some(Money::from_nanos(
            i64::try_from(nanos).unwrap_or(limit),
            currency,
        ))
    }

    /// Returns the stricter of two budgets: what either forbids is forbidden. Of two caps that differ in their amount alone the smaller
    /// stays. Exchange rates are this budget's alone: another's could make a call look cheap.
    #[must_use]
    pub fn stricter(mut self, other: &Self) -> Self {
        for cap in &other.caps {
            self.add(cap.clone());
        }
        if other.when_unsure == WhenUnsure::Refuse {
            self.when_unsure = WhenUnsure::Refuse;
        }
        if other.unknown_price == UnknownPrice::Refuse {
            self.unknown_price = UnknownPrice::Refuse;
        }
        self
    }

    /// Adds a cap; if there is one of the same time, scope and consequence in the same currency, the smaller of both stays.
    pub fn add(&mut self, cap: Cap) {
        let alike = self.caps.iter_mut().find(|own| {
            own.per == cap.per
                && own.scope == cap.scope
                && own.at == cap.at
                && own.amount.currency() == cap.amount.currency()
        });
        match alike {
            Some(own) if own.amount.nanos() <= cap.amount.nanos() => {}
            Some(own) => own.amount = cap.amount,
            None => {
                let mut cap = cap;
                if self.caps.iter().any(|own| own.name == cap.name) {
                    cap.name = format!("{} ({})", cap.name, cap.at.name()).into();
                }
                self.caps.push(cap);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cap(text: &str, per: Per, at: AtCap) -> Cap {
        Cap {
            name: per.name().into(),
            amount: text.parse().unwrap(),
            per,
            scope: Scope::default(),
            at,
        }
    }

    fn budget(caps: Vec<Cap>) -> Budget {
        Budget {
            caps,
            ..Budget::default()
        }
    }

    #[test]
    fn a_scope_covers_what_has_all_that_it_names() {
        let kind = Kind {
            provider: "openai".into(),
            model: "m".into(),
            feature: "action".into(),
            ..Kind::default()
        };
        assert!(Scope::default().covers(&kind));
        let of = |provider: &str, key: Option<&str>| Scope {
            provider: Some(provider.into()),
            key: key.map(str::to_owned),
            ..Scope::default()
        };
        assert!(of("openai", None).covers(&kind));
        assert!(!of("groq", None).covers(&kind));
        assert!(!of("openai", Some("work")).covers(&kind));
    }

    #[test]
    fn the_stricter_of_two_budgets_forbids_what_either_forbids() {
        let own = budget(vec![cap("2 USD", Per::Day, AtCap::Hard)]);
        let lax = Budget {
            when_unsure: WhenUnsure::Allow,
            ..budget(vec![cap("5 USD", Per::Day, AtCap::Hard)])
        };
        assert_eq!(own.clone().stricter(&lax), own);
        let strict = Budget {
            unknown_price: UnknownPrice::Refuse,
            ..budget(vec![
                cap("1 USD", Per::Day, AtCap::Hard),
                cap("1 USD", Per::Day, AtCap::Soft),
                cap("9 USD", Per::Month, AtCap::Hard),
            ])
        };
        let both = own.stricter(&strict);
        let amounts: Vec<_> = both
            .caps
            .iter()
            .map(|cap| (&*cap.name, cap.amount.to_string()))
            .collect();
        let expected = [
            ("day", "$1.00"),
            ("day (soft)", "$1.00"),
            ("month", "$9.00"),
        ];
        assert_eq!(amounts, expected.map(|(name, it)| (name, it.to_owned())));
        assert_eq!(both.unknown_price, UnknownPrice::Refuse);
        assert_eq!(both.when_unsure, WhenUnsure::Refuse);
    }

    #[test]
    fn an_amount_is_exchanged_upwards_and_only_by_a_rate_that_is_set() {
        let eur: Currency = "EUR".parse().unwrap();
        let budget = Budget {
            exchange: BTreeMap::from([(eur, "1.08 USD".parse().unwrap())]),
            ..Budget::default()
        };
        let one = Money::from_nanos(1, eur);
        let usd = |nanos| Some(Money::from_nanos(nanos, Currency::USD));
        assert_eq!(budget.exchanged(one, Currency::USD), usd(2));
        let euro = Money::from_nanos(NANOS, eur);
        assert_eq!(budget.exchanged(euro, Currency::USD), usd(1_080_000_000));
        let dollar = Money::from_nanos(1, Currency::USD);
        assert_eq!(budget.exchanged(dollar, Currency::USD), usd(1));
        assert_eq!(budget.exchanged(dollar, eur), None);
    }

    #[test]
    fn the_model_that_a_cap_degrades_to_is_not_held_back_by_it() {
        let at = AtCap::Degrade {
            provider: "openai".into(),
            model: "small".into(),
        };
        let cap = cap("1 USD", Per::Day, at);
        let kind = |model: &str| Kind {
            provider: "openai".into(),
            model: model.into(),
            ..Kind::default()
        };
        assert!(cap.holds_back(&kind("large")));
        assert!(!cap.holds_back(&kind("small")));
    }
}
