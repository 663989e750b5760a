//! Usage and errors as OpenAI-style wires tell them, shared by Chat Completions and Completions.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0 (`CompletionUsage`) and OpenRouter's usage accounting, both of 2026-08. The prompt's count
//! includes cached and newly cached tokens; the completion's includes reasoning.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Error, Finish, Usage};
use crate::cost::{Currency, Money, Tokens};

/// The `usage` object.
#[derive(Debug, Deserialize)]
pub(super) struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// What the provider bills, in dollars (OpenRouter, LiteLLM). Kept as text, since a float would lose digits.
    cost: Option<Box<RawValue>>,
    /// Whether the upstream provider bills the user's own account (OpenRouter).
    is_byok: Option<bool>,
    cost_details: Option<CostDetails>,
}

#[derive(Debug, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct CostDetails {
    upstream_inference_cost: Option<Box<RawValue>>,
}

impl WireUsage {
    pub(super) fn usage(&self) -> Usage {
        let prompt = self.prompt_tokens_details.as_ref();
        let tokens = Tokens {
            input: self.prompt_tokens,
            cache_read: prompt
                .and_then(|details| details.cached_tokens)
                .unwrap_or(0),
            cache_write_5m: prompt
                .and_then(|details| details.cache_write_tokens)
                .unwrap_or(0),
            output: self.completion_tokens,
            reasoning: self
                .completion_tokens_details
                .as_ref()
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
            ..Tokens::default()
        };
        Usage {
            tokens: tokens.cached_inside_input(),
            cost: self.cost(),
        }
    }

    /// The reported cost. With the user's own upstream key, `cost` is the gateway's fee alone and the upstream's bill comes on top; without
    /// one, the upstream's figure repeats `cost` and must not be added.
    fn cost(&self) -> Option<Money> {
        let dollars = |text: &RawValue| Money::reported(text.get(), Currency::USD);
        let fee = dollars(self.cost.as_deref()?)?;
        if self.is_byok != Some(true) {
            return Some(fee);
        }
        let upstream = self
            .cost_details
            .as_ref()
            .and_then(|details| details.upstream_inference_cost.as_deref());
        match upstream {
            Some(upstream) => fee.checked_add(dollars(upstream)?).ok(),
            None => Some(fee),
        }
    }
}

/// Reads a `finish_reason`.
pub(super) fn finish(reason: &str) -> Finish {
    match reason {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "content_filter" => Finish::Refused,
        _ => Finish::Other,
    }
}

/// Reads a message as JSON; one with an `error` in it is that error, which some providers send after HTTP 200.
pub(super) fn parse<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, Error> {
    if data.contains("\"error\"")
        && let Ok(value) = serde_json::from_str::<Value>(data)
        && value.get("error").is_some_and(|error| !error.is_null())
    {
        return Err(Error::from_stream(value.get("error").unwrap_or(&value)));
    }
    serde_json::from_str(data).map_err(|error| {
        // What is wrong is said without repeating any of it.
        let fault = if error.is_data() {
            "JSON of another shape"
        } else {
            "no JSON"
        };
        Error::Malformed(format!("a piece of the stream was {fault}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(json: &str) -> Usage {
        serde_json::from_str::<WireUsage>(json)
            .expect("usage")
            .usage()
    }

    #[test]
    fn cached_tokens_are_taken_out_of_the_prompts_count() {
        let usage = usage(
            r#"{"prompt_tokens":10,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":1},"completion_tokens_details":{"reasoning_tokens":2}}"#,
        );
        assert_eq!(
            (
                usage.tokens.input,
                usage.tokens.cache_read,
                usage.tokens.cache_write_5m
            ),
            (5, 4, 1)
        );
        assert_eq!((usage.tokens.output, usage.tokens.reasoning), (3, 2));
    }

    #[test]
    fn the_upstreams_bill_counts_only_with_the_users_own_upstream_key() {
        let own =
            r#"{"cost":0.0001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.002}}"#;
        assert_eq!(usage(own).cost.map(Money::nanos), Some(2_100_000));
        let credits =
            r#"{"cost":0.002,"is_byok":false,"cost_details":{"upstream_inference_cost":0.002}}"#;
        assert_eq!(usage(credits).cost.map(Money::nanos), Some(2_000_000));
    }
}
