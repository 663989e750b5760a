//! How much may be spent: what users write in `[budget]`, checked and made into [`Budget`].
//!
//! Layers do not override each other here: all caps of all layers hold, since an editor's settings may come from a workspace, and nobody
//! else than the user's own file may let more be spent ([`BudgetOptions::with`]).

mod options;

use std::collections::BTreeMap;

pub use options::{
    AtOption, BudgetOptions, CapOptions, PerOption, UnknownPriceOption, WhenUnsureOption,
};

use super::provider::ProviderSettings;
use super::settings::{ModelName, parse_model};
use crate::cost::budget::{AtCap, Budget, Cap, Per, Scope, UnknownPrice, WhenUnsure};
use crate::cost::{Currency, Money};

impl BudgetOptions {
    /// Returns what two layers come to together: the caps of both, and the stricter rules of each.
    #[must_use]
    pub(super) fn with(self, above: &Self) -> Self {
        let mut caps = self.all_caps();
        caps.extend(above.all_caps());
        let either = |strict| self.when_unsure == Some(strict) || above.when_unsure == Some(strict);
        let when_unsure = if either(WhenUnsureOption::Refuse) {
            Some(WhenUnsureOption::Refuse)
        } else {
            // The laxer word is the user's own to say.
            self.when_unsure
        };
        let refuse = Some(UnknownPriceOption::Refuse);
        let unknown_price = if above.unknown_price == refuse {
            refuse
        } else {
            self.unknown_price.or(above.unknown_price)
        };
        Self {
            caps,
            when_unsure,
            unknown_price,
            // Another's could make a call look cheap.
            exchange: self.exchange,
            ..Self::default()
        }
    }

    /// Returns the caps of the short form and those of the list.
    fn all_caps(&self) -> Vec<CapOptions> {
        let short = [
            (PerOption::Request, &self.request),
            (PerOption::Session, &self.session),
            (PerOption::Hour, &self.hour),
            (PerOption::Day, &self.day),
            (PerOption::Month, &self.month),
        ];
        let short = short.into_iter().filter_map(|(per, amount)| {
            Some(CapOptions {
                amount: amount.clone()?,
                per,
                ..CapOptions::default()
            })
        });
        short.chain(self.caps.iter().cloned()).collect()
    }
}

/// Checks what may be spent in a day on what is asked ahead, and returns the cap that it makes.
pub(super) fn speculation(text: &str) -> Result<Cap, String> {
    Ok(Cap {
        name: "speculation".into(),
        amount: amount(text)?,
        per: Per::Day,
        scope: Scope {
            feature: Some("speculation".into()),
            ..Scope::default()
        },
        at: AtCap::Hard,
    })
}

/// Checks a budget. A mistake comes with its key, which is below `budget`.
pub(super) fn resolve(
    options: &BudgetOptions,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<Budget, (String, String)> {
    let mut budget = Budget {
        when_unsure: match options.when_unsure {
            Some(WhenUnsureOption::Allow) => WhenUnsure::Allow,
            Some(WhenUnsureOption::Refuse) | None => WhenUnsure::Refuse,
        },
        unknown_price: match options.unknown_price {
            Some(UnknownPriceOption::Refuse) => UnknownPrice::Refuse,
            Some(UnknownPriceOption::Assume) | None => UnknownPrice::Assume,
        },
        ..Budget::default()
    };
    for (code, worth) in &options.exchange {
        let key = || format!("exchange.{code}");
        let currency: Currency = code
            .parse()
            .map_err(|error: crate::cost::Error| (key(), error.to_string()))?;
        let worth = amount(worth).map_err(|message| (key(), message))?;
        if worth.currency() == currency {
            return Err((key(), "a currency is worth itself; name another".into()));
        }
        budget.exchange.insert(currency, worth);
    }
    for (number, cap) in options.all_caps().iter().enumerate() {
        let cap = resolve_cap(cap, providers)
            .map_err(|(key, message)| (key_of(options, number, key), message))?;
        budget.add(cap);
    }
    Ok(budget)
}

/// Names the place of a mistake as it was written: a cap of the short form is a key of its own.
fn key_of(options: &BudgetOptions, number: usize, key: &str) -> String {
    let short = [
        ("request", &options.request),
        ("session", &options.session),
        ("hour", &options.hour),
        ("day", &options.day),
        ("month", &options.month),
    ];
    let written: Vec<&str> = short
        .iter()
        .filter_map(|(name, amount)| amount.as_ref().map(|_| *name))
        .collect();
    match written.get(number) {
        Some(name) => (*name).to_owned(),
        None => format!("caps[{}].{key}", number - written.len()),
    }
}

fn amount(text: &str) -> Result<Money, String> {
    let amount: Money = text
        .parse()
        .map_err(|error: crate::cost::Error| error.to_string())?;
    if amount.nanos() > 0 {
        Ok(amount)
    } else {
        Err("it must be more than nothing; to spend nothing at all, set completion.model = \"local\"".into())
    }
}

fn resolve_cap(
    options: &CapOptions,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<Cap, (&'static str, String)> {
    let amount = amount(&options.amount).map_err(|message| ("amount", message))?;
    let per = match options.per {
        PerOption::Request => Per::Request,
        PerOption::Session => Per::Session,
        PerOption::Hour => Per::Hour,
        PerOption::Day => Per::Day,
        PerOption::Month => Per::Month,
    };
    let mut scope = Scope {
        provider: options.provider.clone(),
        model: None,
        key: options.key.clone(),
        feature: options.feature.clone(),
        workspace: options.workspace.clone(),
        environment: options.environment.clone(),
    };
    if let Some(feature) = options.feature.as_deref()
        && !["completion", "speculation", "action"].contains(&feature)
    {
        return Err((
            "feature",
            format!(
                "there is no feature \"{feature}\"; there are completion, speculation and action"
            ),
        ));
    }
    if let Some(name) = &options.model {
        match parse_model(name, providers).map_err(|message| ("model", message))? {
            ModelName::Of { provider, model } => {
                if scope.provider.as_ref().is_some_and(|own| *own != provider) {
                    return Err(("model", "its provider is not the one in provider".into()));
                }
                scope.provider = Some(provider);
                scope.model = Some(model);
            }
            ModelName::Auto | ModelName::Local | ModelName::Pool(_) => {
                return Err(("model", "what runs on this machine costs nothing".into()));
            }
        }
    }
    if let Some(provider) = &scope.provider
        && !providers.contains_key(provider)
    {
        return Err(("provider", format!("no provider is called \"{provider}\"")));
    }
    let at = match (options.at.unwrap_or_default(), &options.degrade_to) {
        (AtOption::Degrade, Some(name)) => {
            let (provider, model) =
                match parse_model(name, providers).map_err(|message| ("degrade_to", message))? {
                    ModelName::Of { provider, model } => (provider, model),
                    ModelName::Auto | ModelName::Local | ModelName::Pool(_) => {
                        ("local".into(), "patterns".into())
                    }
                };
            AtCap::Degrade {
                provider: provider.into(),
                model: model.into(),
            }
        }
        (AtOption::Degrade, None) => {
            return Err((
                "degrade_to",
                "name the model that is asked instead, provider/model or \"local\"".into(),
            ));
        }
        (_, Some(_)) => {
            return Err(("degrade_to", "it goes with at = \"degrade\" only".into()));
        }
        (AtOption::Soft, None) => AtCap::Soft,
        (AtOption::Ask, None) => AtCap::Ask,
        (AtOption::Hard, None) => AtCap::Hard,
    };
    let name = options.name.clone().unwrap_or_else(|| named(per, options));
    Ok(Cap {
        name: name.into(),
        amount,
        per,
        scope,
        at,
    })
}

/// Names a cap by its time and what it is on.
fn named(per: Per, options: &CapOptions) -> String {
    let on = [
        &options.provider,
        &options.model,
        &options.key,
        &options.feature,
        &options.workspace,
        &options.environment,
    ];
    let on: Vec<&str> = on.into_iter().filter_map(Option::as_deref).collect();
    if on.is_empty() {
        per.name().to_owned()
    } else {
        format!("{}, {}", per.name(), on.join(", "))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Layer, Layers};

    fn layers(toml: &str) -> Result<Layers, String> {
        let mut layers = Layers::default();
        let set = layers.set_toml(Layer::UserFile, "f", toml);
        set.map(|()| layers).map_err(|problem| problem.to_string())
    }

    fn told(layers: &Layers) -> Vec<String> {
        let budget = layers.settings().budget;
        let caps = budget.caps.iter();
        caps.map(|cap| format!("{}: {} {}", cap.name, cap.amount, cap.at.name()))
            .collect()
    }

    #[test]
    fn the_short_form_and_the_list_make_caps() {
        let layers = layers(
            r#"
            [budget]
            day = "2 USD"
            month = "30 USD"
            [[budget.caps]]
            amount = "0.50 USD"
            per = "day"
            feature = "completion"
            at = "degrade"
            degrade_to = "local"
            [[budget.caps]]
            name = "dear"
            amount = "1 USD"
            per = "request"
            at = "ask"
            model = "anthropic/claude-opus-4-5"
            "#,
        )
        .unwrap();
        let expected = [
            "day: $2.00 hard",
            "month: $30.00 hard",
            "day, completion: $0.50 degrade",
            "dear: $1.00 ask",
        ];
        assert_eq!(told(&layers), expected);
    }

    #[test]
    fn no_layer_lets_more_be_spent_than_the_one_below_it() {
        let mut layers = layers("[budget]\nday = \"2 USD\"\nwhen_unsure = \"refuse\"").unwrap();
        let editor = serde_json::json!({"budget": {"day": "9 USD", "session": "1 USD", "when_unsure": "allow"}});
        layers.set_json(Layer::Editor, "e", editor).unwrap();
        assert_eq!(told(&layers), ["day: $2.00 hard", "session: $1.00 hard"]);
        let budget = layers.settings().budget;
        assert_eq!(budget.when_unsure, crate::cost::budget::WhenUnsure::Refuse);
    }

    #[test]
    fn a_mistake_names_its_place_and_what_to_do() {
        let cases = [
            ("day = \"2 dollars\"", "budget.day: "),
            (
                "day = \"0 USD\"",
                "budget.day: it must be more than nothing",
            ),
            (
                "caps = [{amount = \"1 USD\", per = \"day\", at = \"degrade\"}]",
                "budget.caps[0].degrade_to: name the model",
            ),
            (
                "day = \"1 USD\"\ncaps = [{amount = \"1 USD\", per = \"day\", feature = \"x\"}]",
                "budget.caps[0].feature: there is no feature",
            ),
            (
                "caps = [{amount = \"1 USD\", per = \"day\", model = \"nobody/x\"}]",
                "budget.caps[0].model: no provider",
            ),
            (
                "exchange = {EUR = \"1 EUR\"}",
                "budget.exchange.EUR: a currency",
            ),
        ];
        for (text, expected) in cases {
            let problem = layers(&format!("[budget]\n{text}"))
                .err()
                .unwrap_or_default();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
