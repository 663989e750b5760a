//! What a provider says beside an answer about how much more it takes: calls and tokens, and when they are renewed.
//!
//! Entry point: [`of`]. Two forms are read: `x-ratelimit-{limit,remaining,reset}-{what}`, OpenAI's and that of many after it, and `anthropic-ratelimit-{what}-{limit,remaining,reset}`. What does
//! not make sense is left out, and no word is believed for longer than some minutes.

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::error::reset_of;

/// No more is told at once; the names are known.
const NAMES: [&str; 6] = [
    "requests",
    "tokens",
    "requests-day",
    "tokens-minute",
    "input-tokens",
    "output-tokens",
];

/// More is no limit.
const MOST: u64 = 1 << 40;

/// What is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Whether tokens are counted, not calls.
    pub counts_tokens: bool,
    /// How many there are in all.
    pub limit: u64,
    /// How many of them are left.
    pub remaining: u64,
    /// How long it takes until all of them are there again.
    pub reset: Duration,
}

/// Reads what is left of each limit that the headers tell of in full.
pub(super) fn of(headers: &HeaderMap) -> Vec<Left> {
    let is_told = |name: &str| name.contains("ratelimit");
    if !headers.keys().any(|name| is_told(name.as_str())) {
        return Vec::new();
    }
    NAMES
        .into_iter()
        .filter_map(|name| left(headers, name))
        .collect()
}

fn left(headers: &HeaderMap, name: &str) -> Option<Left> {
    let text = |name: String| Some(headers.get(name)?.to_str().ok()?.trim());
    let told = |part: &str| {
        text(format!("x-ratelimit-{part}-{name}"))
            .or_else(|| text(format!("anthropic-ratelimit-{name}-{part}")))
    };
    let limit: u64 = told("limit")?.parse().ok()?;
    let remaining: u64 = told("remaining")?.parse().ok()?;
    if limit == 0 || limit > MOST {
        return None;
    }
    Some(Left {
        // What is written is billed, and asked for, by its own measure.
        counts_tokens: !name.starts_with("requests"),
        limit,
        remaining: remaining.min(limit),
        reset: reset_of(told("reset")?, headers)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Vec<Left> {
        let pair = |(name, value): &(&'static str, &str)| {
            let value = value.parse().expect("a value");
            (name.parse().expect("a name"), value)
        };
        let pairs: Vec<_> = pairs.iter().map(pair).collect();
        of(&pairs.into_iter().collect())
    }

    #[test]
    fn both_forms_are_read_with_their_times() {
        let openai = read(&[
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-limit-tokens", "6000"),
            ("x-ratelimit-remaining-tokens", "1200"),
            ("x-ratelimit-reset-tokens", "48.5s"),
        ]);
        let left = |counts_tokens, limit, remaining, millis| Left {
            counts_tokens,
            limit,
            remaining,
            reset: Duration::from_millis(millis),
        };
        let expected = [
            left(false, 5_000, 4_999, 12),
            left(true, 6_000, 1_200, 48_500),
        ];
        assert_eq!(openai, expected);
        let anthropic = read(&[
            ("date", "Thu, 26 Nov 2026 12:00:00 GMT"),
            ("anthropic-ratelimit-input-tokens-limit", "50000"),
            ("anthropic-ratelimit-input-tokens-remaining", "10000"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "2026-11-26T12:00:48Z",
            ),
        ]);
        assert_eq!(anthropic, [left(true, 50_000, 10_000, 48_000)]);
        let cerebras = read(&[
            ("x-ratelimit-limit-requests-day", "14400"),
            ("x-ratelimit-remaining-requests-day", "7"),
            ("x-ratelimit-reset-requests-day", "33011.4"),
        ]);
        assert_eq!(cerebras, [left(false, 14_400, 7, 33_011_400)]);
    }

    #[test]
    fn what_makes_no_sense_is_left_out_or_clamped() {
        let of = |limit: &str, remaining: &str, reset: &str| {
            read(&[
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", remaining),
                ("x-ratelimit-reset-requests", reset),
            ])
        };
        for (limit, remaining, reset) in [
            ("0", "0", "1s"),
            ("-1", "5", "1s"),
            ("5", "-1", "1s"),
            ("99999999999999999999", "5", "1s"),
            ("9999999999999", "5", "1s"),
            ("5", "1", "soon"),
            ("5", "1", "-3"),
            ("", "", ""),
        ] {
            assert!(
                of(limit, remaining, reset).is_empty(),
                "{limit} {remaining} {reset}"
            );
        }
        let clamped = of("5", "900", "999999999d");
        assert_eq!(clamped[0].remaining, 5);
        assert_eq!(clamped[0].reset, Duration::from_hours(24));
        assert!(read(&[("x-ratelimit-remaining-requests", "5")]).is_empty());
        assert!(read(&[("content-type", "text/plain")]).is_empty());
    }
}
