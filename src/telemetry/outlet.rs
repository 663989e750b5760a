//! The collector: where messages are posted, and what its answer means.

use std::future::Future;
use std::time::Duration;

use reqwest::header::HeaderValue;
use url::Url;

use crate::provider::{Error, Http, Reply};

/// How long a collector may take to answer. Those on the same machine or network take milliseconds.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// The longest wait that a collector may ask for.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The type of a message in protobuf, which every collector takes (OTLP specification, "Binary Protobuf Encoding").
const KIND: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The collector has it.
    Taken,
    /// The collector does not take it, and would not if it were sent again.
    Refused(&'static str),
    /// It may take it later; after this long, if it said so.
    Later(&'static str, Option<Duration>),
}

/// Takes messages. Tests have others than [`Outlet`].
pub(super) trait Collector: Send + Sync + 'static {
    /// Sends one message, once.
    fn post(&self, message: Vec<u8>) -> impl Future<Output = Verdict> + Send;
}

/// The collector that the user named.
pub(super) struct Outlet {
    http: Http,
    traces: Url,
}

impl Outlet {
    pub(super) fn new(http: Http, traces: Url) -> Self {
        Self { http, traces }
    }
}

impl Collector for Outlet {
    async fn post(&self, message: Vec<u8>) -> Verdict {
        verdict(
            self.http
                .post_bytes(&self.traces, KIND, message, LIMIT)
                .await,
        )
    }
}

/// Returns what an answer means, by the table of the OTLP specification ("Retryable Response Codes").
fn verdict(reply: Result<Reply, Error>) -> Verdict {
    match reply {
        Ok(Reply {
            status,
            retry_after,
        }) => match status {
            200..=299 => Verdict::Taken,
            429 | 503 => Verdict::Later("busy", retry_after.map(|it| it.min(LONGEST_WAIT))),
            502 | 504 => Verdict::Later("busy", None),
            _ => Verdict::Refused("refused"),
        },
        Err(error @ (Error::Offline | Error::Setting { .. })) => Verdict::Refused(error.kind()),
        Err(error) => Verdict::Later(error.kind(), None),
    }
}

/// Asks a collector whether it takes spans, by a message without any.
pub async fn probe(http: &Http, traces: &Url) -> Result<(), String> {
    // A message without fields has no bytes.
    match http.post_bytes(traces, KIND, Vec::new(), LIMIT).await {
        Ok(reply) if (200..=299).contains(&reply.status) => Ok(()),
        Ok(reply) => Err(format!("it answers with HTTP status {}", reply.status)),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Network;

    #[tokio::test]
    async fn offline_no_collector_elsewhere_is_told() {
        let network = Network {
            is_offline: true,
            ..Network::default()
        };
        let traces = Url::parse("https://collector.example/v1/traces").expect("an address");
        let outlet = Outlet::new(Http::new(&Arc::new(network)), traces);
        let verdict = outlet.post(Vec::new()).await;
        assert_eq!(verdict, Verdict::Refused("offline"));
    }

    #[test]
    fn a_busy_collector_is_asked_again_when_it_says_and_one_that_refuses_is_not() {
        let minute = Duration::from_mins(1);
        let of = |status, retry_after| {
            verdict(Ok(Reply {
                status,
                retry_after,
            }))
        };
        assert_eq!(of(200, None), Verdict::Taken);
        assert_eq!(of(202, None), Verdict::Taken);
        assert_eq!(of(429, Some(minute)), Verdict::Later("busy", Some(minute)));
        let day = Some(Duration::from_hours(24));
        assert_eq!(of(503, day), Verdict::Later("busy", Some(LONGEST_WAIT)));
        assert_eq!(of(502, Some(minute)), Verdict::Later("busy", None));
        for status in [302, 400, 401, 404, 413, 500] {
            assert!(matches!(of(status, Some(minute)), Verdict::Refused(_)));
        }
        assert!(matches!(verdict(Err(Error::Cut)), Verdict::Later(..)));
        assert!(matches!(verdict(Err(Error::Offline)), Verdict::Refused(_)));
    }
}
