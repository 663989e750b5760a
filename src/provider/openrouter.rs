//! OpenRouter's endpoints beside the wire: whose a key is and what it may still spend, and what one call has cost.
//!
//! Entry points: [`key`] and [`generation`]; both are free. Facts: OpenRouter's OpenAPI description of 2026-08. Amounts are dollars, written
//! as JSON numbers, and never pass through a float. Of a call on the user's own upstream key `total_cost` is OpenRouter's fee alone and the
//! upstream's bill comes on top, as in the usage of a stream.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use super::{Error, Http, Usage};
use crate::cost::{Currency, Money, Tokens};

/// The header with a key, marked sensitive.
type Header = Option<(HeaderName, HeaderValue)>;

/// What OpenRouter says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// What its owner called it; of a key without a name its first and last characters.
    pub label: String,
    /// The most that it may spend; `None` if it has no limit of its own.
    pub limit: Option<Money>,
    /// What it may still spend.
    pub limit_remaining: Option<Money>,
    /// When what was spent is forgotten: `daily`, `weekly`, `monthly`.
    pub limit_reset: Option<String>,
    /// What it has spent in all.
    pub usage: Money,
    /// What it has spent on this day, by UTC.
    pub usage_daily: Money,
    /// What it has spent in this month, by UTC.
    pub usage_monthly: Money,
    /// What upstream providers billed on the user's own keys there, in this month.
    pub byok_usage_monthly: Money,
    /// Whether its account has never bought credits.
    pub is_free_tier: bool,
    /// Whether it manages other keys, and so cannot call models.
    pub is_management_key: bool,
    /// When it stops working, as OpenRouter writes it.
    pub expires_at: Option<String>,
}

/// What OpenRouter says about one call, once it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// What it used and cost.
    pub usage: Usage,
    /// Whether it told how many tokens were used.
    pub has_tokens: bool,
    /// The model that ran.
    pub model: Option<String>,
    /// The provider that ran it.
    pub upstream: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Account<'a> {
    #[serde(default)]
    label: String,
    #[serde(borrow)]
    limit: Option<&'a RawValue>,
    #[serde(borrow)]
    limit_remaining: Option<&'a RawValue>,
    limit_reset: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_daily: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_monthly: Option<&'a RawValue>,
    #[serde(borrow)]
    byok_usage_monthly: Option<&'a RawValue>,
    #[serde(default)]
    is_free_tier: bool,
    #[serde(default)]
    is_management_key: bool,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    total_cost: Option<&'a RawValue>,
    #[serde(borrow)]
    upstream_inference_cost: Option<&'a RawValue>,
    is_byok: Option<bool>,
    native_tokens_prompt: Option<u64>,
    native_tokens_completion: Option<u64>,
    native_tokens_reasoning: Option<u64>,
    native_tokens_cached: Option<u64>,
    model: Option<String>,
    provider_name: Option<String>,
    service_tier: Option<String>,
}

/// Asks whose a key is, what it may spend and what is left. `base_url` is the provider's, up to and including the version.
pub async fn key(
    http: &Http,
    base_url: &Url,
    authorization: Header,
    limit: Duration,
) -> Result<KeyInfo, Error> {
    let url = super::endpoint(base_url, "key");
    let body = http.get(&url, authorization, limit).await?;
    read_key(&body)
}

/// Asks what a call has cost, by OpenRouter's name for it, with the key that made it.
///
/// A call that ended a moment ago may not be known yet.
pub async fn generation(
    http: &Http,
    base_url: &Url,
    authorization: Header,
    id: &str,
    limit: Duration,
) -> Result<Generation, Error> {
    let mut url = super::endpoint(base_url, "generation");
    url.query_pairs_mut().append_pair("id", id);
    let body = http.get(&url, authorization, limit).await?;
    read_generation(&body)
}

/// Returns whether a name of a call is one that [`generation`] can be asked about.
pub fn is_generation(id: &str) -> bool {
    id.starts_with("gen-")
}

fn read_key(body: &[u8]) -> Result<KeyInfo, Error> {
    let Envelope { data } = read::<Account<'_>>(body)?;
    let sum = |amount: Option<&RawValue>| dollars(amount).unwrap_or(Money::zero(Currency::USD));
    Ok(KeyInfo {
        label: data.label,
        limit: dollars(data.limit),
        limit_remaining: dollars(data.limit_remaining),
        limit_reset: data.limit_reset,
        usage: sum(data.usage),
        usage_daily: sum(data.usage_daily),
        usage_monthly: sum(data.usage_monthly),
        byok_usage_monthly: sum(data.byok_usage_monthly),
        is_free_tier: data.is_free_tier,
        is_management_key: data.is_management_key,
        expires_at: data.expires_at,
    })
}

fn read_generation(body: &[u8]) -> Result<Generation, Error> {
    let Envelope { data } = read::<Told<'_>>(body)?;
    let cost = match (dollars(data.total_cost), data.is_byok) {
        (Some(fee), Some(true)) => match dollars(data.upstream_inference_cost) {
            Some(upstream) => fee.checked_add(upstream).ok(),
            None => Some(fee),
        },
        (cost, _) => cost,
    };
    if cost.is_none() {
        return Err(Error::Malformed("it tells no cost of the call".into()));
    }
    let has_tokens = data.native_tokens_prompt.is_some() && data.native_tokens_completion.is_some();
    let tokens = Tokens {
        input: data.native_tokens_prompt.unwrap_or(0),
        cache_read: data.native_tokens_cached.unwrap_or(0),
        output: data.native_tokens_completion.unwrap_or(0),
        reasoning: data.native_tokens_reasoning.unwrap_or(0),
        ..Tokens::default()
    };
    Ok(Generation {
        usage: Usage {
            tokens: tokens.cached_inside_input(),
            cost,
            service_tier: data.service_tier,
            is_own_account: data.is_byok,
            ..Usage::default()
        },
        has_tokens,
        model: data.model,
        upstream: data.provider_name,
    })
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<Envelope<T>, Error> {
    serde_json::from_slice(body).map_err(|_| {
        let what = match serde_json::from_slice::<Value>(body) {
            Ok(_) => "JSON of another shape",
            Err(_) => "no JSON",
        };
        Error::Malformed(format!("it sent {what}"))
    })
}

/// An amount of dollars; null and what is no amount are none.
fn dollars(amount: Option<&RawValue>) -> Option<Money> {
    Money::reported(amount?.get(), Currency::USD)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_whose_it_is_and_what_is_left() {
        let info = read_key(
            br#"{"data":{"label":"work laptop","limit":20,"limit_remaining":12.5,"limit_reset":"monthly","usage":7.5,
                "usage_daily":0.4,"usage_monthly":7.5,"byok_usage_monthly":1e-3,"is_free_tier":false,"is_management_key":false,
                "expires_at":null,"rate_limit":{"requests":-1}}}"#,
        )
        .unwrap();
        assert_eq!(info.label, "work laptop");
        let text = |money: Option<Money>| money.map(Money::to_decimal);
        assert_eq!(text(info.limit).as_deref(), Some("20"));
        assert_eq!(text(info.limit_remaining).as_deref(), Some("12.5"));
        assert_eq!(info.byok_usage_monthly.to_decimal(), "0.001");
        assert_eq!(info.limit_reset.as_deref(), Some("monthly"));
        let unlimited = read_key(br#"{"data":{"limit":null,"usage":1}}"#).unwrap();
        assert_eq!((unlimited.limit, unlimited.limit_remaining), (None, None));
    }

    #[test]
    fn a_generation_tells_the_cost_and_native_tokens() {
        let told = read_generation(
            br#"{"data":{"id":"gen-1","total_cost":9.6e-6,"upstream_inference_cost":9.6e-6,"is_byok":false,"model":"openai/gpt-4o-mini",
                "provider_name":"Azure","tokens_prompt":90,"native_tokens_prompt":100,"native_tokens_completion":7,
                "native_tokens_reasoning":2,"native_tokens_cached":60,"service_tier":null,"cancelled":true}}"#,
        )
        .unwrap();
        let tokens = told.usage.tokens;
        assert_eq!((tokens.input, tokens.cache_read), (40, 60));
        assert_eq!((tokens.output, tokens.reasoning), (7, 2));
        assert_eq!(told.usage.cost.map(Money::nanos), Some(9_600));
        assert_eq!(told.upstream.as_deref(), Some("Azure"));
    }

    #[test]
    fn the_upstreams_bill_counts_only_with_the_users_own_upstream_key() {
        let nanos = |own: bool| {
            let body = format!(
                r#"{{"data":{{"total_cost":0.0001,"upstream_inference_cost":0.002,"is_byok":{own}}}}}"#
            );
            let told = read_generation(body.as_bytes()).unwrap();
            assert!(!told.has_tokens);
            told.usage.cost.map(Money::nanos)
        };
        assert_eq!(
            (nanos(true), nanos(false)),
            (Some(2_100_000), Some(100_000))
        );
    }

    #[test]
    fn what_is_no_such_answer_is_malformed_and_not_repeated() {
        for body in [
            &b"<html>"[..],
            b"{}",
            br#"{"data":{"total_cost":null}}"#,
            br#"{"data":{"total_cost":"cheap"}}"#,
            br#"{"data":[]}"#,
        ] {
            let error = read_generation(body).unwrap_err();
            assert!(matches!(error, Error::Malformed(_)), "{error}");
        }
    }
}
