//! How long a provider asks to wait, in the forms in which they say it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, HeaderValue};

/// No provider asks for more in earnest, and a mistaken date must not silence it for good.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads `retry-after-ms`, `retry-after` (seconds or a date), and the reset of the limit that is used up.
pub(super) fn from_headers(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let millis = || text("retry-after-ms")?.parse::<f64>().ok();
    let seconds = || text("retry-after")?.parse::<f64>().ok();
    let asked = millis()
        .map(|millis| millis / 1000.0)
        .or_else(seconds)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // The answer's own date tells the provider's clock, so that ours need not be right.
    let until = || {
        let until = date(text("retry-after")?)?;
        let left = until.as_second() - date(text("date")?)?.as_second();
        u64::try_from(left).ok().map(Duration::from_secs)
    };
    asked
        .or_else(until)
        .or_else(|| until_reset(headers))
        .map(|wait| wait.min(LONGEST))
}

/// What providers limit.
const LIMITS: [&str; 6] = [
    "requests",
    "tokens",
    "requests-day",
    "tokens-minute",
    "input-tokens",
    "output-tokens",
];

/// Returns how long it takes until the limits that are used up are renewed; `None` if none is, or nothing is said of it.
pub(in crate::provider) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    // Nearly every answer is done with here, and so without a look-up for each name.
    let is_zero = |value: &HeaderValue| value.as_bytes().trim_ascii() == b"0";
    if !headers.values().any(is_zero) {
        return None;
    }
    let text = |name: String| Some(headers.get(name)?.to_str().ok()?.trim());
    let is_used_up = |name: String| text(name) == Some("0");
    let of = |limit: &str| {
        if is_used_up(format!("x-ratelimit-remaining-{limit}")) {
            return duration(text(format!("x-ratelimit-reset-{limit}"))?);
        }
        if !is_used_up(format!("anthropic-ratelimit-{limit}-remaining")) {
            return None;
        }
        let reset: Timestamp = text(format!("anthropic-ratelimit-{limit}-reset"))?
            .parse()
            .ok()?;
        let left = reset.as_second() - date(text("date".into())?)?.as_second();
        u64::try_from(left).ok().map(Duration::from_secs)
    };
    LIMITS.into_iter().filter_map(of).max()
}

/// Returns how long it takes until the one limit is renewed that an answer tells of by no name, where it is used up.
pub(super) fn until_whole_reset(headers: &HeaderMap) -> Option<Duration> {
    whole_reset(|name| Some(headers.get(name)?.to_str().ok()?.trim()))
}

/// Reads `x-ratelimit-remaining` and `x-ratelimit-reset`: a span, or a moment in seconds or thousandths of them since 1970. The answer's `date` is its clock; without it, ours is.
pub(super) fn whole_reset<'a>(said: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
    /// No span is so many seconds, and no moment of ours so few.
    const MOMENT: f64 = 1e9;
    /// Nor so few thousandths.
    const MOMENT_MILLIS: f64 = 1e11;
    if said("x-ratelimit-remaining") != Some("0") {
        return None;
    }
    let text = said("x-ratelimit-reset")?;
    let number = text.parse::<f64>().ok().filter(|it| it.is_finite());
    let wait = match number {
        Some(moment) if moment >= MOMENT => {
            let seconds = if moment >= MOMENT_MILLIS {
                moment / 1_000.0
            } else {
                moment
            };
            let now = said("date").and_then(date).unwrap_or_else(Timestamp::now);
            let left = Duration::try_from_secs_f64(seconds).ok();
            let since = Duration::try_from_secs_f64(now.as_duration().as_secs_f64()).ok()?;
            left.map_or(LONGEST, |left| left.saturating_sub(since))
        }
        _ => duration(text)?,
    };
    Some(wait.min(LONGEST))
}

/// Reads a limit's reset: a span, or a moment as Anthropic writes it, by the answer's own clock.
pub(in crate::provider) fn reset_of(text: &str, headers: &HeaderMap) -> Option<Duration> {
    if let Some(span) = duration(text) {
        return Some(span.min(LONGEST));
    }
    let reset: Timestamp = text.parse().ok()?;
    let now = date(headers.get("date")?.to_str().ok()?)?;
    let left = reset.as_second() - now.as_second();
    u64::try_from(left)
        .ok()
        .map(|left| Duration::from_secs(left).min(LONGEST))
}

fn date(text: &str) -> Option<Timestamp> {
    // HTTP writes the zone as `GMT`, which is one of mail's obsolete forms of UTC.
    Some(rfc2822::parse(text).ok()?.timestamp())
}

/// Reads a span such as `34.4s`, `2m59.56s`, `12ms`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        seconds += number
            * match &rest[..letters] {
                "ms" => 0.001,
                "s" | "" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(headers: &[(&'static str, &str)]) -> Option<Duration> {
        let pairs = headers.iter().map(|(name, value)| {
            (
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )
        });
        from_headers(&pairs.collect())
    }

    #[test]
    fn spans_are_read_in_the_forms_that_providers_use() {
        let table = [
            ("34.4s", Some(34_400)),
            ("2m59.56s", Some(179_560)),
            ("12ms", Some(12)),
            ("1h", Some(3_600_000)),
            ("7", Some(7_000)),
            ("soon", None),
            ("5x", None),
            ("", None),
        ];
        for (text, millis) in table {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn the_wait_is_found_in_whichever_header_tells_it() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(wait(&[("retry-after", "7")]), seconds(7));
        assert_eq!(
            wait(&[("retry-after-ms", "1500"), ("retry-after", "2")]),
            Some(Duration::from_millis(1500))
        );
        let now = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        let then = ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT");
        assert_eq!(wait(&[now, then]), seconds(30));
        assert_eq!(wait(&[then]), None);
        let used = [
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "1m2s"),
        ];
        assert_eq!(wait(&used), seconds(62));
        let left = [
            ("x-ratelimit-remaining-tokens", "5"),
            ("x-ratelimit-reset-tokens", "1m2s"),
        ];
        assert_eq!(wait(&left), None);
        let anthropic = [
            now,
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-10-21T07:28:09Z"),
        ];
        assert_eq!(wait(&anthropic), seconds(9));
        assert_eq!(wait(&[("retry-after", "-1")]), None);
        assert_eq!(wait(&[("retry-after", "1e300")]), None);
    }
}
