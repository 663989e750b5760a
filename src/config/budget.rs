//! How much may be spent: what users write in `[budget]`, checked and made into [`Budget`].
//!
//! Layers do not override each other here: all caps of all layers hold, since an editor's settings may come from a workspace, and nobody
//! else than the user's own file may let more be spent ([`BudgetOptions::with`]).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::provider::ProviderSettings;
use super::settings::{ModelName, parse_model};
use crate::cost::budget::{AtCap, Budget, Cap, Per, Scope, UnknownPrice, WhenUnsure};
use crate::cost::{Currency, Money};

/// How much may be spent, and what is done then. No call is sent whose worst case would break a cap, in whichever editor.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetOptions {
    /// The most that a single request may cost, such as `"0.10 USD"`. A request beyond it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The most that one server may spend while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The most that may be spent in an hour of the clock, by all editors on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<String>,
    /// The most that may be spent on a local day, by all editors on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The most that may be spent in a local month, by all editors on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Caps on some of the calls only, or with another consequence than refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<CapOptions>,
    /// What is done while the ledger cannot be used, so that nobody knows what was spent. Default `refuse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_unsure: Option<WhenUnsureOption>,
    /// What is done about a model whose price nobody knows, where a cap applies. Default `assume`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_price: Option<UnknownPriceOption>,
    /// What one unit of a currency is worth in that of the caps: `EUR = "1.08 USD"`. A call whose price is in a currency without a rate is
    /// refused where a cap of another currency applies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exchange: BTreeMap<String, String>,
}

/// One cap: on the calls that have all that is named.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapOptions {
    /// How much, such as `"1 USD"`.
    pub amount: String,
    /// In which time.
    pub per: PerOption,
    /// What is done when a call would break it. Default `hard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<AtOption>,
    /// With `at = "degrade"`: the model that is asked instead, `provider/model` or `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrade_to: Option<String>,
    /// Its name in messages. Default: its time, and what it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A provider's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// A model: `provider/model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A key's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the calls are for: `completion` or `action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// A workspace's folder, by its whole path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// An environment, such as `work`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// The time in which a cap counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PerOption {
    /// A single request.
    Request,
    /// The life of one server.
    Session,
    /// An hour of the clock.
    Hour,
    /// A local day.
    #[default]
    Day,
    /// A local month.
    Month,
}

/// What is done when a call would break a cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AtOption {
    /// You are told once, and the call goes on.
    Soft,
    /// You are asked before an action goes on; ghost text is refused.
    Ask,
    /// The call is refused.
    #[default]
    Hard,
    /// The model in `degrade_to` is asked instead.
    Degrade,
}

/// What is done while the ledger cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnsureOption {
    /// Nothing is sent that costs money.
    Refuse,
    /// Calls go on, and the caps do not hold.
    Allow,
}

/// What is done about a model whose price nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownPriceOption {
    /// It is taken to cost what its provider's dearest models do; if nothing is known of them either, it is refused.
    Assume,
    /// It is not asked.
    Refuse,
}

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
        && !["completion", "action"].contains(&feature)
    {
        return Err((
            "feature",
            format!("there is no feature \"{feature}\"; there are completion and action"),
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
            ModelName::Auto | ModelName::Local => {
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
                    ModelName::Auto | ModelName::Local => ("local".into(), "patterns".into()),
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
