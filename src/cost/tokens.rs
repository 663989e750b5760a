//! Token counts by the classes that providers bill apart.
//!
//! Entry points: [`Tokens`] and [`Usage`]. Invariant: the classes do not overlap, so `input + cache_read + cache_write_5m +
//! cache_write_1h` is everything the model read and `output` everything it wrote; `reasoning` alone is a part of `output`.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// How many tokens a call used, class by class.
///
/// Providers count in two ways. Most include cached tokens in their prompt count: fill in their numbers and call
/// [`Tokens::cached_inside_input`]. A few count reasoning beside the output: call [`Tokens::reasoning_outside_output`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Read at the full price: neither taken from the provider's cache nor written to it.
    pub input: u64,
    /// Taken from the provider's cache.
    pub cache_read: u64,
    /// Read and kept in the provider's cache for its usual time (five minutes where a longer one is on offer).
    pub cache_write_5m: u64,
    /// Read and kept in the provider's cache for an hour.
    pub cache_write_1h: u64,
    /// Written by the model, its reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning and not shown.
    pub reasoning: u64,
}

impl Tokens {
    /// An estimate of how many tokens a text of so many bytes has: seven bytes are about two, for code in the tokenizers of today's models.
    pub fn in_bytes(bytes: usize) -> u64 {
        (bytes as u64).saturating_mul(2).div_ceil(7)
    }

    /// Returns how many bytes of text have so many tokens, by the same estimate.
    pub fn bytes_of(tokens: u64) -> u64 {
        tokens.saturating_mul(7) / 2
    }

    /// Takes the cached classes out of `input`, for providers whose prompt count includes them.
    #[must_use]
    pub fn cached_inside_input(mut self) -> Self {
        let cached = Self { input: 0, ..self }.input_total();
        self.input = self.input.saturating_sub(cached);
        self
    }

    /// Adds `reasoning` to `output`, for providers that count it beside the output.
    #[must_use]
    pub fn reasoning_outside_output(mut self) -> Self {
        self.output = self.output.saturating_add(self.reasoning);
        self
    }

    /// Everything the model read: the count on which long-context prices depend.
    pub fn input_total(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }

    /// The part of the output that is not reasoning; a provider that reports more reasoning than output wrote none.
    pub fn output_shown(&self) -> u64 {
        self.output.saturating_sub(self.reasoning)
    }
}

/// The protocol's `{input, cacheRead, cacheWrite, output, reasoning}`, both kinds of cache write in one.
impl Serialize for Tokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tokens = serializer.serialize_struct("Tokens", 5)?;
        tokens.serialize_field("input", &self.input)?;
        tokens.serialize_field("cacheRead", &self.cache_read)?;
        let cache_write = self.cache_write_5m.saturating_add(self.cache_write_1h);
        tokens.serialize_field("cacheWrite", &cache_write)?;
        tokens.serialize_field("output", &self.output)?;
        tokens.serialize_field("reasoning", &self.reasoning)?;
        tokens.end()
    }
}

/// Token counts and how they are known. A call of which any class had to be estimated is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// The provider said so.
    Reported(Tokens),
    /// Counted here, because the provider did not say or the stream was cut before it could.
    Estimated(Tokens),
}

impl Usage {
    /// The counts.
    pub fn tokens(&self) -> &Tokens {
        match self {
            Self::Reported(tokens) | Self::Estimated(tokens) => tokens,
        }
    }

    /// Whether the counts are an estimate of ours.
    pub fn is_estimated(&self) -> bool {
        matches!(self, Self::Estimated(_))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cached_tokens_are_counted_once() {
        let reported = Tokens {
            input: 4597,
            cache_read: 4480,
            output: 4,
            ..Tokens::default()
        };
        let tokens = reported.cached_inside_input();
        assert_eq!((tokens.input, tokens.input_total()), (117, 4597));
    }

    #[test]
    fn impossible_counts_do_not_wrap() {
        let most = Tokens {
            input: 5,
            cache_read: u64::MAX,
            cache_write_5m: u64::MAX,
            cache_write_1h: u64::MAX,
            output: 10,
            reasoning: 11,
        };
        assert_eq!(most.cached_inside_input().input, 0);
        assert_eq!(most.input_total(), u64::MAX);
        assert_eq!(most.output_shown(), 0);
        assert_eq!(most.reasoning_outside_output().output, 21);
    }

    #[test]
    fn the_protocol_form_has_five_classes() {
        let tokens = Tokens {
            input: 1,
            cache_read: 2,
            cache_write_5m: 3,
            cache_write_1h: 4,
            output: 5,
            reasoning: 6,
        };
        assert_eq!(
            serde_json::to_string(&tokens).unwrap(),
            r#"{"input":1,"cacheRead":2,"cacheWrite":7,"output":5,"reasoning":6}"#
        );
    }
}
