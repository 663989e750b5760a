//! What can go wrong with a provider, by what the caller may do about it.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::scrub::scrub;

/// A call that failed. Every message is one sentence: what, to what, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key was refused.
    #[error(
        "the key was refused; check that it is the right one for this provider and has not been revoked"
    )]
    Unauthorized,
    /// The key is good but may not do this.
    #[error("the key may not do this: {0}")]
    Forbidden(String),
    /// The account has no money left.
    #[error("the account has no credit left; top it up at the provider")]
    NoCredit,
    /// Too many calls; another one may work after the wait.
    #[error("the provider limits the rate of calls{}", after(.retry_after))]
    RateLimited {
        /// How long the provider asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// The provider has too much to do.
    #[error("the provider is overloaded; it should work again in a moment")]
    Overloaded,
    /// The prompt does not fit the model.
    #[error("the prompt is too long for the model: {0}")]
    TooLong(String),
    /// The provider does not know the model.
    #[error("the provider does not know the model: {0}")]
    UnknownModel(String),
    /// The provider refused the request for a reason of its own.
    #[error("the provider refused the request: {0}")]
    Rejected(String),
    /// No connection.
    #[error("the provider cannot be reached ({0}); check the address and the network")]
    Unreachable(String),
    /// Nothing came in time.
    #[error("the provider did not {what} within {} s", .limit.as_secs())]
    TimedOut {
        /// What it did not do.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The connection broke off in the middle of the answer.
    #[error("the connection broke off in the middle of the answer")]
    Cut,
    /// The answer is not what this wire speaks.
    #[error(
        "the answer is not what was expected ({0}); check that base_url and wire belong together"
    )]
    Malformed(String),
    /// There is no key.
    #[error(transparent)]
    Credential(#[from] crate::credential::Error),
    /// The provider has no model to offer.
    #[error("the wire {wire} cannot do this")]
    Unsupported {
        /// The wire.
        wire: &'static str,
    },
}

fn after(wait: &Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| {
        format!("; try again in {} s", wait.as_secs().max(1))
    })
}

/// How much of a provider's message is repeated.
const MESSAGE_CHARS: usize = 300;

impl Error {
    /// Turns an HTTP status and the body that came with it into an error.
    pub(super) fn from_status(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let details = Details::of(body);
        let message = details.message.clone();
        match status {
            401 => Self::Unauthorized,
            402 => Self::NoCredit,
            403 => Self::Forbidden(message),
            404 => Self::UnknownModel(message),
            413 => Self::TooLong(message),
            429 if details.says("insufficient_quota") => Self::NoCredit,
            429 => Self::RateLimited {
                retry_after: retry_after(headers),
            },
            400 | 422
                if details.says("context_length_exceeded")
                    || details.says("exceed_context_size_error") =>
            {
                Self::TooLong(message)
            }
            400 | 422 if details.says("model_not_found") => Self::UnknownModel(message),
            500..=599 => Self::Overloaded,
            300..=399 => Self::Malformed(format!(
                "it redirects elsewhere with HTTP {status}, where no key is taken"
            )),
            _ => Self::Rejected(message),
        }
    }

    /// Turns an error that a provider sent inside a stream, after HTTP 200, into an error.
    pub(super) fn from_stream(error: &Value) -> Self {
        let details = Details::from_value(error);
        let code = error.get("code").and_then(Value::as_u64).unwrap_or(0);
        match u16::try_from(code).unwrap_or(0) {
            0 if details.says("insufficient_quota") => Self::NoCredit,
            0 if details.says("rate_limit_exceeded") => Self::RateLimited { retry_after: None },
            0 => Self::Rejected(details.message),
            status => Self::from_status(status, &HeaderMap::new(), error.to_string().as_bytes()),
        }
    }

    /// Turns a failure to connect into an error that holds neither address nor key.
    pub(super) fn from_connect(error: reqwest::Error) -> Self {
        // The chain's last link is the cause that a person understands: "Connection refused", a certificate's fault, a name unknown.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Self::Unreachable(scrub(&cause.to_string()))
    }

    /// Returns whether the user has to do something before a call can work, rather than wait.
    pub fn needs_the_user(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::Forbidden(_)
                | Self::NoCredit
                | Self::UnknownModel(_)
                | Self::Malformed(_)
                | Self::Credential(_)
                | Self::Unsupported { .. }
        )
    }
}

/// What an error's body says, whatever its shape.
struct Details {
    message: String,
    /// All short texts of the body: codes and types.
    codes: Vec<String>,
}

impl Details {
    fn of(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_value(&value),
            Err(_) => Self {
                message: "it sent no JSON".into(),
                codes: Vec::new(),
            },
        }
    }

    /// Reads `{"error": {..}}`, `{"error": "text"}`, `{"message": ..}` and `{"detail": ..}`.
    fn from_value(value: &Value) -> Self {
        let inner = value.get("error").unwrap_or(value);
        let message = [inner.get("message"), inner.get("detail"), Some(inner)]
            .into_iter()
            .flatten()
            .find_map(Value::as_str)
            .unwrap_or("it gave no reason");
        let codes = ["code", "type", "status"]
            .iter()
            .filter_map(|key| inner.get(key)?.as_str().map(str::to_owned))
            .collect();
        Self {
            message: scrub(&message.chars().take(MESSAGE_CHARS).collect::<String>()),
            codes,
        }
    }

    fn says(&self, code: &str) -> bool {
        self.codes.iter().any(|said| said == code)
    }
}

/// Reads `retry-after-ms` and `retry-after` in seconds; the form with a date is rare and left to the caller's own wait.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_what_the_caller_may_do() {
        let table = [
            (401, "{}", Error::Unauthorized),
            (402, "{}", Error::NoCredit),
            (
                429,
                r#"{"error":{"code":"insufficient_quota"}}"#,
                Error::NoCredit,
            ),
            (429, "{}", Error::RateLimited { retry_after: None }),
            (529, "<html>", Error::Overloaded),
            (
                400,
                r#"{"error":{"type":"exceed_context_size_error","message":"m"}}"#,
                Error::TooLong("m".into()),
            ),
            (
                404,
                r#"{"error":{"message":"no such model"}}"#,
                Error::UnknownModel("no such model".into()),
            ),
            (
                400,
                r#"{"error":"plain text"}"#,
                Error::Rejected("plain text".into()),
            ),
            (400, "not json", Error::Rejected("it sent no JSON".into())),
        ];
        for (status, body, expected) in table {
            assert_eq!(
                Error::from_status(status, &HeaderMap::new(), body.as_bytes()),
                expected
            );
        }
    }

    #[test]
    fn the_wait_that_the_provider_asks_for_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().expect("a header"));
        let error = Error::from_status(429, &headers, b"{}");
        assert_eq!(
            error.to_string(),
            "the provider limits the rate of calls; try again in 7 s"
        );
    }

    #[test]
    fn a_key_that_the_provider_repeats_is_not_repeated() {
        let body = br#"{"error":{"message":"bad key sk-canary0123456789abcdef"}}"#;
        let error = Error::from_status(403, &HeaderMap::new(), body);
        assert!(!error.to_string().contains("canary"));
    }
}
