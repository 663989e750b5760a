//! What each class of tokens costs, and how it depends on the size of a request.

use serde::{Deserialize, Serialize};

use super::HIGHEST;

/// What each class of tokens costs. A class without a rate of its own is billed as the class it belongs to: cached and
/// cache-writing tokens as input, a one-hour write as a write, reasoning as output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Input that the provider's cache has no part in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Rate>,
    /// Input taken from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Rate>,
    /// Input written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Rate>,
    /// Input written to the cache for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Rate>,
    /// Output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Rate>,
    /// The reasoning within the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Rate>,
    /// Nano-units for the request itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<i64>,
}

/// Nano-units per million tokens: one number, or one that jumps with the size of the whole input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Rate {
    /// The same for every request.
    Flat(i64),
    /// A cliff: `(base, [(start, price)])`; the last tier whose `start` the total input exceeds prices every token of the request.
    Tiered(i64, Vec<(u64, i64)>),
}

impl Rates {
    /// These rates, with those of `other` where these have none.
    #[must_use]
    pub(in crate::cost) fn or(self, other: &Self) -> Self {
        Self {
            input: self.input.or_else(|| other.input.clone()),
            cache_read: self.cache_read.or_else(|| other.cache_read.clone()),
            cache_write: self.cache_write.or_else(|| other.cache_write.clone()),
            cache_write_1h: self.cache_write_1h.or_else(|| other.cache_write_1h.clone()),
            output: self.output.or_else(|| other.output.clone()),
            reasoning: self.reasoning.or_else(|| other.reasoning.clone()),
            request: self.request.or(other.request),
        }
    }
}

impl Rates {
    /// All classes of tokens by their names in words, those without a rate of their own included.
    pub fn classes(&self) -> [(&'static str, Option<&Rate>); 6] {
        [
            ("read", self.input.as_ref()),
            ("read from the cache", self.cache_read.as_ref()),
            ("written to the cache", self.cache_write.as_ref()),
            (
                "written to the cache for an hour",
                self.cache_write_1h.as_ref(),
            ),
            ("written", self.output.as_ref()),
            ("written in thinking", self.reasoning.as_ref()),
        ]
    }

    /// Returns whether these can be prices: nothing below nothing, and nothing beyond what anything costs.
    pub(in crate::cost) fn are_sane(&self) -> bool {
        let is_sane = |nanos: i64| (0..=HIGHEST).contains(&nanos);
        let rates = self.classes().into_iter().filter_map(|(_, rate)| rate);
        self.request.is_none_or(is_sane) && rates.flat_map(Rate::all).all(is_sane)
    }

    /// These rates, each changed in the same way, tiers and fees too.
    #[must_use]
    pub(in crate::cost) fn map(&self, change: impl Fn(i64) -> i64) -> Self {
        let changed = |rate: &Option<Rate>| rate.as_ref().map(|rate| rate.map(&change));
        Self {
            input: changed(&self.input),
            cache_read: changed(&self.cache_read),
            cache_write: changed(&self.cache_write),
            cache_write_1h: changed(&self.cache_write_1h),
            output: changed(&self.output),
            reasoning: changed(&self.reasoning),
            request: self.request.map(&change),
        }
    }

    /// A price that is nowhere below either, class by class.
    pub(super) fn dearer(self, other: &Self) -> Self {
        // Absent is as the class it belongs to, which is written out, so that the greater is found.
        let full = |rates: &Self| {
            let input = rates.input.clone();
            let write = rates.cache_write.clone().or_else(|| input.clone());
            let output = rates.output.clone();
            Self {
                cache_read: rates.cache_read.clone().or_else(|| input.clone()),
                cache_write_1h: rates.cache_write_1h.clone().or_else(|| write.clone()),
                cache_write: write,
                input,
                reasoning: rates.reasoning.clone().or_else(|| output.clone()),
                output,
                request: rates.request,
            }
        };
        let (one, other) = (full(&self), full(other));
        Self {
            input: Rate::dearer(one.input, other.input),
            cache_read: Rate::dearer(one.cache_read, other.cache_read),
            cache_write: Rate::dearer(one.cache_write, other.cache_write),
            cache_write_1h: Rate::dearer(one.cache_write_1h, other.cache_write_1h),
            output: Rate::dearer(one.output, other.output),
            reasoning: Rate::dearer(one.reasoning, other.reasoning),
            request: one.request.max(other.request),
        }
    }
}

impl Rate {
    /// Nano-units per million tokens in a request of usual length.
    pub fn usual(&self) -> i64 {
        self.at(0)
    }

    /// The dearest that any request can meet.
    pub(in crate::cost) fn dearest(&self) -> i64 {
        self.dearest_within(u64::MAX)
    }

    /// What it is beyond so many tokens of input, if it jumps.
    pub fn tiers(&self) -> &[(u64, i64)] {
        match self {
            Self::Flat(_) => &[],
            Self::Tiered(_, tiers) => tiers,
        }
    }

    fn all(&self) -> impl Iterator<Item = i64> {
        let tiers = self.tiers().iter().map(|(_, nanos)| *nanos);
        std::iter::once(self.usual()).chain(tiers)
    }

    fn map(&self, change: &impl Fn(i64) -> i64) -> Self {
        match self {
            Self::Flat(nanos) => Self::Flat(change(*nanos)),
            Self::Tiered(base, tiers) => {
                let tiers = tiers.iter().map(|(start, nanos)| (*start, change(*nanos)));
                Self::Tiered(change(*base), tiers.collect())
            }
        }
    }

    /// The dearest that a request can meet which reads no more than `input_total` tokens.
    pub(super) fn dearest_within(&self, input_total: u64) -> i64 {
        match self {
            Self::Flat(price) => *price,
            Self::Tiered(base, tiers) => {
                let within = tiers.iter().filter(|(start, _)| input_total > *start);
                within.map(|(_, price)| *price).fold(*base, i64::max)
            }
        }
    }

    /// The one whose dearest is the greater, as a flat one: what is assumed need not be fine.
    fn dearer(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let dearest = |rate: Self| rate.dearest_within(u64::MAX);
        let (one, other) = (one.map(dearest), other.map(dearest));
        one.max(other).map(Self::Flat)
    }

    /// Nano-units per million tokens in a request that reads `input_total` tokens.
    pub(in crate::cost) fn at(&self, input_total: u64) -> i64 {
        match self {
            Self::Flat(price) => *price,
            Self::Tiered(base, tiers) => {
                let mut reached = tiers.iter().rev().filter(|(start, _)| input_total > *start);
                reached.next().map_or(*base, |(_, price)| *price)
            }
        }
    }
}
