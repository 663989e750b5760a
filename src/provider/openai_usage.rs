//! Usage and errors as OpenAI-style wires tell them, shared by Chat Completions and Completions.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0 (`CompletionUsage`) and OpenRouter's usage accounting, both of 2026-08. The prompt's count
//! includes cached and newly cached tokens; the completion's includes reasoning.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Error, Finish, Usage};
use crate::cost::{Currency, Money, Tokens};

/// The `usage` object. All of it may be missing or null, and it goes by several names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    prompt_tokens: Option<u64>,
    /// As Responses calls it.
    input_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    /// As Responses calls it.
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<InputDetails>,
    /// As Mistral writes it at times.
    prompt_token_details: Option<InputDetails>,
    input_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
    output_tokens_details: Option<OutputDetails>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Option<u64>,
    /// Moonshot.
    cached_tokens: Option<u64>,
    /// Mistral.
    num_cached_tokens: Option<u64>,
    /// Qwen with an explicit cache, and Anthropic's models behind some gateways.
    cache_creation_input_tokens: Option<u64>,
    /// What the provider bills in dollars: a number (OpenRouter, LiteLLM) or an object (Perplexity). Kept as text, since a float would lose
    /// digits.
    cost: Option<Box<RawValue>>,
    /// What xAI bills, in 10^-10 dollars.
    cost_in_usd_ticks: Option<i64>,
    /// Whether the upstream provider bills the user's own account (OpenRouter).
    is_byok: Option<bool>,
    cost_details: Option<CostDetails>,
    /// Mistral tells it here.
    service_tier: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CostDetails {
    upstream_inference_cost: Option<Box<RawValue>>,
}

/// A price that is told as an object.
#[derive(Deserialize)]
pub(super) struct ChunkCost {
    /// Perplexity; it includes the fee of the request.
    total_cost: Option<Box<RawValue>>,
    /// Venice.
    usd: Option<Box<RawValue>>,
}

impl ChunkCost {
    /// Reads it; what is no such object is none.
    pub(super) fn read(raw: &RawValue) -> Option<Money> {
        let cost: Self = serde_json::from_str(raw.get()).ok()?;
        dollars(cost.total_cost.or(cost.usd)?.as_ref())
    }
}

impl WireUsage {
    /// Reads it; what is no such object is none, since a stream's text is good without it.
    pub(super) fn read(raw: &RawValue) -> Option<Usage> {
        let told: Option<Self> = serde_json::from_str(raw.get()).ok()?;
        Some(Usage {
            raw: Some(raw.get().into()),
            ..told?.usage()
        })
    }

    fn usage(&self) -> Usage {
        let inputs = || {
            [
                &self.prompt_tokens_details,
                &self.prompt_token_details,
                &self.input_tokens_details,
            ]
            .into_iter()
            .flatten()
        };
        let outputs = [&self.completion_tokens_details, &self.output_tokens_details];
        let cached = inputs().map(|details| details.cached_tokens).chain([
            self.prompt_cache_hit_tokens,
            self.cached_tokens,
            self.num_cached_tokens,
        ]);
        let written = inputs()
            .map(|details| details.cache_write_tokens)
            .chain([self.cache_creation_input_tokens]);
        let reasoning = outputs
            .into_iter()
            .flatten()
            .map(|details| details.reasoning_tokens);
        let tokens = Tokens {
            input: self.prompt_tokens.or(self.input_tokens).unwrap_or(0),
            cache_read: most(cached),
            cache_write_5m: most(written),
            output: self.completion_tokens.or(self.output_tokens).unwrap_or(0),
            reasoning: most(reasoning),
            ..Tokens::default()
        };
        let tokens = if self.leaves_reasoning_out(&tokens) {
            tokens.reasoning_outside_output()
        } else {
            tokens
        };
        Usage {
            tokens: tokens.cached_inside_input(),
            cost: self.cost(),
            service_tier: self.service_tier.clone(),
            is_own_account: self.is_byok,
            ..Usage::default()
        }
    }

    /// xAI alone counts reasoning beside the completion, and only in Chat; the total gives it away.
    fn leaves_reasoning_out(&self, tokens: &Tokens) -> bool {
        let sum = [tokens.input, tokens.output, tokens.reasoning]
            .into_iter()
            .try_fold(0_u64, u64::checked_add);
        tokens.reasoning > 0 && self.total_tokens.is_some() && self.total_tokens == sum
    }

    /// The reported cost. With the user's own upstream key, `cost` is the gateway's fee alone and the upstream's bill comes on top; without
    /// one, the upstream's figure repeats `cost` and must not be added.
    fn cost(&self) -> Option<Money> {
        if let Some(ticks) = self.cost_in_usd_ticks {
            return Some(Money::from_nanos(
                ticks.saturating_add(5) / 10,
                Currency::USD,
            ));
        }
        let raw = self.cost.as_deref()?;
        let Some(fee) = dollars(raw) else {
            return ChunkCost::read(raw);
        };
        let upstream = self
            .cost_details
            .as_ref()
            .and_then(|details| details.upstream_inference_cost.as_deref());
        match upstream {
            Some(upstream) if self.is_byok == Some(true) => {
                fee.checked_add(dollars(upstream)?).ok()
            }
            _ => Some(fee),
        }
    }
}

/// Providers repeat a count under several names; those that leave it out say 0.
fn most(counts: impl Iterator<Item = Option<u64>>) -> u64 {
    counts.flatten().max().unwrap_or(0)
}

fn dollars(text: &RawValue) -> Option<Money> {
    Money::reported(text.get(), Currency::USD)
}

/// Reads a `finish_reason`.
pub(super) fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "eos" | "end_turn" | "stop_sequence" | "COMPLETE" => Finish::Stop,
        "length" | "max_tokens" | "model_length" | "MAX_TOKENS" => Finish::Length,
        "content_filter" | "refusal" | "guardrail_intervened" => Finish::Refused,
        _ => Finish::Other,
    }
}

/// Reads a message as JSON; one with an `error` in it is that error, which some providers send after HTTP 200.
pub(super) fn parse<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, Error> {
    if data.contains("\"error\"")
        && let Ok(value) = serde_json::from_str::<Value>(data)
        && value.get("error").is_some_and(|error| !error.is_null())
    {
        return Err(Error::from_stream(&value));
    }
    read(data)
}

/// Reads a message as JSON.
pub(super) fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, Error> {
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
        let raw = serde_json::from_str::<&RawValue>(json).expect("JSON");
        WireUsage::read(raw).expect("usage")
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

    #[test]
    fn reasoning_beside_the_completion_is_added_where_the_total_says_so() {
        let details = r#""completion_tokens_details":{"reasoning_tokens":290}"#;
        let beside =
            format!(r#"{{"prompt_tokens":12,"completion_tokens":1,"total_tokens":303,{details}}}"#);
        assert_eq!(usage(&beside).tokens.output, 291);
        let inside = format!(
            r#"{{"prompt_tokens":12,"completion_tokens":291,"total_tokens":303,{details}}}"#
        );
        assert_eq!(usage(&inside).tokens.output, 291);
    }

    #[test]
    fn cached_tokens_have_many_names() {
        for name in [
            "prompt_cache_hit_tokens",
            "cached_tokens",
            "num_cached_tokens",
        ] {
            let told = usage(&format!(
                r#"{{"prompt_tokens":9,"{name}":4,"prompt_tokens_details":null}}"#
            ));
            assert_eq!(
                (told.tokens.input, told.tokens.cache_read),
                (5, 4),
                "{name}"
            );
        }
    }

    #[test]
    fn a_price_is_read_in_whichever_form_it_comes() {
        let nanos = |json: &str| usage(json).cost.map(Money::nanos);
        assert_eq!(nanos(r#"{"cost":9.6e-6}"#), Some(9_600));
        assert_eq!(nanos(r#"{"cost":{"total_cost":0.00501}}"#), Some(5_010_000));
        assert_eq!(nanos(r#"{"cost_in_usd_ticks":1466250}"#), Some(146_625));
        assert_eq!(nanos(r#"{"cost":null}"#), None);
    }
}
