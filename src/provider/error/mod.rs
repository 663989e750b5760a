//! What can go wrong with a provider, by what the caller may do about it.

mod details;
mod kind;
mod wait;

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

pub(super) use self::wait::{reset_of, until_reset};

use self::details::Details;
use crate::scrub::scrub;
use crate::workspace::Rule;

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
    #[error("the provider limits the rate of calls{}", after(.retry_after.as_ref()))]
    RateLimited {
        /// How long the provider asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// A limit of the account, or of its free calls, is used up; it is renewed as a whole.
    #[error("as many calls were made as may be{}", until_more(.renewed.as_ref()))]
    UsedUp {
        /// How long it takes until then, where that is known.
        renewed: Option<Duration>,
    },
    /// The provider has too much to do.
    #[error("the provider is overloaded; it should work again in a moment")]
    Overloaded,
    /// The provider began to work on the answer and failed; a model may have run, so it may bill what it did.
    #[error("the provider failed while it answered; it should work again in a moment")]
    Failed,
    /// The prompt does not fit the model.
    #[error("the prompt is too long for the model: {0}")]
    TooLong(String),
    /// The provider does not know the model.
    #[error("the provider does not know the model: {0}")]
    UnknownModel(String),
    /// The provider refused the request for a reason of its own.
    #[error("the provider refused the request: {0}")]
    Rejected(String),
    /// The provider will not answer this, for what it says or asks.
    #[error("the provider refuses to answer this: {0}")]
    Refused(String),
    /// No connection.
    #[error("the provider cannot be reached ({0}); check the address and the network")]
    Unreachable(String),
    /// The other side is not who it claims to be, or a proxy in between reads along.
    #[error(
        "the connection to the provider is not safe ({0}); if a proxy of your company reads along, name the file of its certificate in network.ca_bundle"
    )]
    Tls(String),
    /// The settings of the network cannot be used.
    #[error("network.{key}: {message}")]
    Setting {
        /// Which one.
        key: &'static str,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// The text must not leave this machine.
    #[error("the file stays on this machine, since {0}; choose a model on this machine for it")]
    Confined(Rule),
    /// A rule about files keeps some of the text from this provider.
    #[error("nothing was sent, since {rule}: {file}")]
    Governed {
        /// The file.
        file: String,
        /// The rule, in words.
        rule: &'static str,
    },
    /// The text holds what looks like a credential, which must not be sent.
    #[error(
        "the text to be sent holds a credential ({0}), and privacy.credentials refuses to send one"
    )]
    Credentials(&'static str),
    /// The line of the audit log without which nothing is to be sent cannot be written.
    #[error(
        "the audit log cannot be written ({0}), and audit.when_unwritable refuses calls without their line; byok-lsp audit verify says more"
    )]
    Unaudited(String),
    /// Nothing but this machine is to be reached.
    #[error("network.offline is set, so nothing but this machine is reached")]
    Offline,
    /// Nothing came in time.
    #[error("the provider did not {what} within {} s", .limit.as_secs_f32())]
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
    /// It was not sent, for the sake of money.
    #[error(transparent)]
    Budget(#[from] Box<crate::cost::Refusal>),
    /// There is no key.
    #[error(transparent)]
    Credential(#[from] crate::credential::Error),
    /// The wire has no form for what is asked.
    #[error("the wire {wire} cannot do this; choose another model or another wire")]
    Unsupported {
        /// The wire.
        wire: &'static str,
    },
}

fn after(wait: Option<&Duration>) -> String {
    wait.map_or_else(String::new, |wait| {
        format!("; try again in {} s", wait.as_secs().max(1))
    })
}

/// Some codes, and the error that they mean, made of the message and the wait.
type Code = (
    &'static [&'static str],
    fn(String, Option<Duration>) -> Error,
);

/// What the codes in the bodies of errors mean, the most telling first: running out of credit is a rate limit as well at some providers.
const CODES: [Code; 8] = [
    (
        &[
            "insufficient_quota",
            "billing_error",
            "billing_not_active",
            "billing_hard_limit_reached",
            "payment_required",
            "enforced_spend_limit_reached",
            "contract_spend_limit_reached",
            "insufficient_balance",
            "Arrearage",
        ],
        |_, _| Error::NoCredit,
    ),
    (
        &[
            "authentication_error",
            "invalid_api_key",
            // LiteLLM without a database: the key is not its master key, and there is nowhere to look for others.
            "no_db_connection",
            "API_KEY_INVALID",
            "authentication",
            "UNAUTHENTICATED",
        ],
        |_, _| Error::Unauthorized,
    ),
    (
        &[
            "content_filter",
            "content_policy_violation",
            "data_inspection_failed",
        ],
        |message, _| Error::Refused(message),
    ),
    (
        &[
            "context_length_exceeded",
            "exceed_context_size_error",
            "request_too_large",
            "token_limit_exceeded",
            "string_too_long",
        ],
        |message, _| Error::TooLong(message),
    ),
    (
        &[
            "model_not_found",
            "not_found_error",
            "invalid_model",
            "DeploymentNotFound",
            "no_endpoints",
            "model_deprecated",
            "NOT_FOUND",
        ],
        |message, _| Error::UnknownModel(message),
    ),
    (
        &["permission_error", "permission_denied", "PERMISSION_DENIED"],
        |message, _| Error::Forbidden(message),
    ),
    (
        &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "RESOURCE_EXHAUSTED",
        ],
        |_, retry_after| Error::RateLimited { retry_after },
    ),
    (
        &[
            "overloaded_error",
            "api_error",
            "timeout_error",
            "server_error",
            "provider_overloaded",
            "provider_unavailable",
            "capacity_exceeded",
            "unavailable_error",
            "UNAVAILABLE",
            "INTERNAL",
            "DEADLINE_EXCEEDED",
        ],
        |_, _| Error::Overloaded,
    ),
];

fn until_more(wait: Option<&Duration>) -> String {
    wait.map_or_else(String::new, |wait| {
        let seconds = wait.as_secs().max(1);
        let (number, unit) = match seconds {
            0..=119 => (seconds, "s"),
            120..=7_199 => (seconds.div_ceil(60), "min"),
            _ => (seconds.div_ceil(3_600), "h"),
        };
        format!("; there will be more in {number} {unit}")
    })
}

impl Error {
    /// Turns an HTTP status and the body that came with it into an error.
    pub fn from_status(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let details = Details::of(body);
        let wait = wait::from_headers(headers).or(details.wait);
        let reset = wait::until_whole_reset(headers).or(details.reset);
        Self::of(Some(status), &details, wait).of_account(&details, reset)
    }

    /// Turns an error that a provider sent inside a stream, after HTTP 200, into an error.
    pub(super) fn from_stream(error: &Value) -> Self {
        let details = Details::from_value(error);
        Self::of(details.status, &details, details.wait).of_account(&details, details.reset)
    }

    /// Tells a limit of the whole account, which no other of its models has room in either, from one of a model.
    fn of_account(self, details: &Details, reset: Option<Duration>) -> Self {
        let is_said = reset.is_some() || details.mentions(&["free-models-per-"]);
        match self {
            Self::RateLimited { retry_after } if is_said => Self::UsedUp {
                renewed: reset.or(retry_after),
            },
            other => other,
        }
    }

    fn of(status: Option<u16>, details: &Details, wait: Option<Duration>) -> Self {
        let message = details.message.clone();
        let known = CODES.iter().find(|(codes, _)| details.says(codes));
        if let Some((_, error)) = known {
            return error(message, wait);
        }
        match status {
            Some(401) => Self::Unauthorized,
            // Fireworks answers 412 to an account that has met its limit of spending.
            Some(402 | 412) => Self::NoCredit,
            Some(403) if details.mentions(&["credits"]) => Self::NoCredit,
            Some(403) => Self::Forbidden(message),
            Some(404) if !details.is_json => {
                Self::Malformed("there is nothing at this address: HTTP 404".into())
            }
            Some(404) => Self::UnknownModel(message),
            Some(413) => Self::TooLong(message),
            Some(429) => Self::RateLimited { retry_after: wait },
            Some(300..=399) => Self::Malformed(format!(
                "it redirects elsewhere with HTTP {}, where no key is taken",
                status.unwrap_or_default()
            )),
            // A model that timed out or failed; 524 is a proxy's word for it.
            Some(408 | 424 | 504 | 524) => Self::Failed,
            // At Groq 498 is that there is no room left in a cheaper tier.
            Some(498 | 500..=599) => Self::Overloaded,
            _ => Self::of_words(details),
        }
    }

    /// Some providers say what is wrong in words alone, under HTTP 400.
    fn of_words(details: &Details) -> Self {
        let message = details.message.clone();
        let any = |cases: &[&[&str]]| cases.iter().any(|words| details.mentions(words));
        if any(&[
            &["incorrect api key"],
            &["invalid api key"],
            &["api key not valid"],
        ]) {
            Self::Unauthorized
        } else if any(&[&["credit balance is too low"]]) {
            Self::NoCredit
        } else if any(&[
            &["maximum context length"],
            &["context length", "exceed"],
            &["prompt is too long"],
        ]) {
            Self::TooLong(message)
        } else if any(&[
            &["invalid model"],
            &["not a valid model"],
            &["supported api model names"],
            &["model", "not found"],
            &["model", "does not exist"],
        ]) {
            Self::UnknownModel(message)
        } else {
            Self::Rejected(message)
        }
    }

    /// The same error of an answer that had begun: a model may have run.
    pub(super) fn within_answer(self) -> Self {
        match self {
            Self::Overloaded => Self::Failed,
            other => other,
        }
    }

    /// Turns a failure to connect within `limit` into an error that holds neither address nor key.
    pub(super) fn from_connect(error: reqwest::Error, limit: Duration) -> Self {
        if error.is_timeout() {
            // Nothing was sent, so nothing can be billed.
            let limit = limit.as_secs_f32();
            return Self::Unreachable(format!("there was no connection within {limit} s"));
        }
        // The chain's last link is the cause that a person understands: "Connection refused", a certificate's fault, a name unknown.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        let mut is_tls = false;
        while let Some(next) = beneath(cause) {
            cause = next;
            is_tls |= cause.is::<rustls::Error>();
        }
        let text = scrub(&cause.to_string());
        // Some platforms' verifiers hand their fault on as a text alone.
        if is_tls || text.contains("certificate") {
            Self::Tls(text)
        } else {
            Self::Unreachable(text)
        }
    }
}

/// Returns what lies beneath an error. An error of the system's kind does not count what it holds among its sources.
fn beneath<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a (dyn std::error::Error + 'static)> {
    match error
        .downcast_ref::<std::io::Error>()
        .and_then(|e| e.get_ref())
    {
        Some(held) => Some(held),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_account_is_told_from_one_of_a_model_with_the_time_of_its_reset() {
        let date = "Thu, 26 Nov 2026 12:00:00 GMT";
        let headers = |pairs: &[(&'static str, &str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &str)| {
                (
                    name.parse().expect("a name"),
                    value.parse().expect("a value"),
                )
            };
            let pairs: Vec<_> = pairs.iter().map(pair).collect();
            pairs.into_iter().collect()
        };
        let day = r#"{"error":{"code":429,"message":"Rate limit exceeded: free-models-per-day","metadata":{"headers":{"X-RateLimit-Limit":"50","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1795737600000"}}}}"#;
        let upstream = r#"{"error":{"code":429,"message":"Provider returned error","metadata":{"provider_name":"Google","raw":"m is temporarily rate-limited upstream"}}}"#;
        let of = |pairs: &[(&'static str, &str)], body: &str| {
            Error::from_status(429, &headers(pairs), body.as_bytes())
        };
        let hours = |hours| Some(Duration::from_hours(hours));
        let reset = [
            ("date", date),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795737600000"),
        ];
        assert_eq!(of(&reset, "{}"), Error::UsedUp { renewed: hours(12) });
        let seconds = [reset[0], reset[1], ("x-ratelimit-reset", "1795698000")];
        assert_eq!(of(&seconds, day), Error::UsedUp { renewed: hours(1) });
        let absurd = [
            reset[0],
            reset[1],
            ("x-ratelimit-reset", "99999999999999999999"),
        ];
        assert_eq!(of(&absurd, "{}"), Error::UsedUp { renewed: hours(24) });
        assert!(matches!(of(&[], day), Error::UsedUp { renewed: Some(_) }));
        assert_eq!(of(&[], upstream), Error::RateLimited { retry_after: None });
        let left = [reset[0], ("x-ratelimit-remaining", "3"), reset[2]];
        assert_eq!(
            of(&left, upstream),
            Error::RateLimited { retry_after: None }
        );
    }

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
            (504, "<html>", Error::Failed),
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
            (
                404,
                "<html>",
                Error::Malformed("there is nothing at this address: HTTP 404".into()),
            ),
            (
                400,
                r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
                Error::Unauthorized,
            ),
            (
                400,
                r#"{"code":"invalid-argument","error":"Incorrect API key provided"}"#,
                Error::Unauthorized,
            ),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#,
                Error::NoCredit,
            ),
            (
                429,
                r#"{"error":{"details":[{"retryDelay":"34.4s"}]}}"#,
                Error::RateLimited {
                    retry_after: Some(Duration::from_millis(34_400)),
                },
            ),
            (
                422,
                r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#,
                Error::Rejected("field required".into()),
            ),
            (
                400,
                r#"[{"error":{"code":"content_filter","message":"no"}}]"#,
                Error::Refused("no".into()),
            ),
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
