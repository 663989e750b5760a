//! One row of the ledger: everything about an attempt to call a model, except what was said.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cost::{Cost, Money, Price, RawUsage, Tokens, Usage};

/// One attempt to call a model. A retry is a row of its own, under the same decision.
///
/// It holds no text of a document, a prompt or a reply, and never will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The attempt's own name, from [`super::Ledger::next_id`].
    pub id: CallId,
    /// The routing decision that led here, as JSON of whoever decided.
    pub decision: Option<String>,
    /// 1 for the first attempt of a decision.
    pub attempt: u32,
    /// When the request was sent; its local date is the day that the cost counts towards.
    pub started: Timestamp,
    /// What asked: `completion`, `action`, ...
    pub feature: String,
    /// Which code action, if one asked.
    pub action: Option<String>,
    /// The document's language.
    pub language: Option<String>,
    /// The workspace's folder.
    pub workspace: Option<String>,
    /// The checked-out branch.
    pub branch: Option<String>,
    /// The provider's name as configured.
    pub provider: String,
    /// The model that was asked for.
    pub requested_model: String,
    /// The model that the provider says it ran; prices follow this one.
    pub served_model: Option<String>,
    /// The provider behind the provider, where a gateway says whom it asked.
    pub upstream: Option<String>,
    /// The service tier that the provider says it billed by.
    pub service_tier: Option<String>,
    /// The key's label, never the key.
    pub key: Option<String>,
    /// Who pays, in words.
    pub payer: String,
    /// What was used.
    pub usage: Usage,
    /// The same in the provider's own words, where it told.
    pub raw_usage: Option<RawUsage>,
    /// The price that was applied, stored whole.
    pub price: Option<Price>,
    /// What it cost.
    pub cost: Cost,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub latency: Latency,
    /// The provider's own name for the request, for reconciling.
    pub request_id: Option<String>,
    /// The user's tags.
    pub tags: BTreeMap<String, String>,
}

impl Row {
    /// Returns what the prompt cost, without the answer; `None` if that is not known. Of a cost that the provider reported it is the part that the prompt has by
    /// the price that we know.
    pub fn prompt_cost(&self) -> Option<Money> {
        prompt_cost(&self.cost, self.price.as_ref(), self.usage.tokens())
    }
}

fn prompt_cost(cost: &Cost, price: Option<&Price>, tokens: &Tokens) -> Option<Money> {
    if *cost == Cost::Free {
        return cost.amount();
    }
    let prompt = price?.cost(&Tokens {
        output: 0,
        reasoning: 0,
        ..*tokens
    });
    let Cost::Reported(whole) = cost else {
        return Some(prompt);
    };
    let priced = i128::from(price?.cost(tokens).nanos());
    let part = i128::from(whole.nanos()) * i128::from(prompt.nanos());
    let nanos = i64::try_from(part.checked_div(priced)?).ok()?;
    Some(Money::from_nanos(nanos, whole.currency()))
}

/// A name for one attempt, unique on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub(super) String);

impl CallId {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an attempt ended. The suggestion's own fate (shown, accepted, ...) is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The reply was read to its end, or as far as it was wanted.
    Completed,
    /// The editor or the user took the request back.
    Cancelled,
    /// A newer request for the same document took its place.
    Superseded,
    /// A reply came and nothing of it was fit to show.
    Filtered,
    /// The provider, the network or the reply failed.
    Failed,
}

impl Outcome {
    /// The name in the protocol and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Filtered => "filtered",
            Self::Failed => "failed",
        }
    }
}

/// How long an attempt took, from sending the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    /// To the first text of the reply; `None` if none came.
    pub first_token: Option<Duration>,
    /// To the end.
    pub total: Duration,
}

/// The protocol's `{firstTokenMs, totalMs}`.
impl Serialize for Latency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let mut latency = serializer.serialize_struct("Latency", 2)?;
        latency.serialize_field("firstTokenMs", &self.first_token.map(millis))?;
        latency.serialize_field("totalMs", &millis(self.total))?;
        latency.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_outcome_has_one_name_everywhere() {
        for outcome in [
            Outcome::Completed,
            Outcome::Cancelled,
            Outcome::Superseded,
            Outcome::Filtered,
            Outcome::Failed,
        ] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        }
    }

    #[test]
    fn what_a_prompt_cost_is_known_by_its_tokens_and_the_price_alone() {
        use crate::cost::{Currency, PerMillion};
        let price = Price::per_million(PerMillion {
            input: "1",
            output: "2",
            ..PerMillion::default()
        });
        let price = price.unwrap();
        let tokens = Tokens {
            input: 200,
            output: 50,
            ..Tokens::default()
        };
        let usd = |nanos| Money::from_nanos(nanos, Currency::USD);
        let of = |cost, price| prompt_cost(&cost, price, &tokens);
        let priced = Cost::Priced(price.cost(&tokens));
        assert_eq!(of(priced, Some(&price)), Some(usd(200_000)));
        // A third of the call is the answer's, and so of what was reported.
        let reported = Cost::Reported(usd(600_000));
        assert_eq!(of(reported, Some(&price)), Some(usd(400_000)));
        assert_eq!(of(reported, None), None);
        assert_eq!(of(Cost::Unknown, None), None);
        assert_eq!(of(Cost::Free, None), Some(usd(0)));
    }

    #[test]
    fn a_latency_travels_in_milliseconds() {
        let latency = Latency {
            first_token: None,
            total: Duration::from_micros(2_900),
        };
        let json = serde_json::to_string(&latency).unwrap();
        assert_eq!(json, r#"{"firstTokenMs":null,"totalMs":2}"#);
    }
}
