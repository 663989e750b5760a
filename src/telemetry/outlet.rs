//! The collector: where messages are posted, and what its answer means.

use std::future::Future;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
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
    /// The collector has it, but for so many of its spans.
    Taken {
        /// How many it does not keep.
        rejected: usize,
    },
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
            body,
        }) => match status {
            200..=299 => Verdict::Taken {
                rejected: rejected(&body),
            },
            429 | 503 => Verdict::Later("busy", retry_after.map(|it| it.min(LONGEST_WAIT))),
            502 | 504 => Verdict::Later("busy", None),
            _ => Verdict::Refused("refused"),
        },
        Err(error @ (Error::Offline | Error::Setting { .. })) => Verdict::Refused(error.kind()),
        Err(error) => Verdict::Later(error.kind(), None),
    }
}

/// Returns how many spans an answer says are not kept. Its message might repeat what was sent, so it is not looked at.
fn rejected(body: &[u8]) -> usize {
    let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
    let rejected = answer.partial_success.map(|it| it.rejected_spans);
    usize::try_from(rejected.unwrap_or_default()).unwrap_or_default()
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

    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;
    use crate::config::Network;

    #[test]
    fn an_answer_says_how_many_spans_are_not_kept() {
        for (says, rejected) in [(3, 3), (0, 0), (-1, 0)] {
            let answer = ExportTraceServiceResponse {
                partial_success: Some(ExportTracePartialSuccess {
                    rejected_spans: says,
                    error_message: "no".into(),
                }),
            };
            let reply = Reply {
                status: 200,
                retry_after: None,
                body: answer.encode_to_vec(),
            };
            assert_eq!(verdict(Ok(reply)), Verdict::Taken { rejected });
        }
    }

    #[tokio::test]
    async fn a_message_is_taken_though_the_answer_breaks_off_after_its_head() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let collector = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await.expect("a request");
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n";
            socket.write_all(answer).await.expect("sent");
        });
        let traces = Url::parse(&format!("http://{address}/v1/traces")).expect("an address");
        let outlet = Outlet::new(Http::new(&Arc::default()), traces);
        let verdict = outlet.post(Vec::new()).await;
        assert_eq!(verdict, Verdict::Taken { rejected: 0 });
        collector.await.expect("it answered");
    }

    /// The clock moves on by itself, as soon as there is nothing to do but to wait.
    #[tokio::test(start_paused = true)]
    async fn a_collector_that_takes_a_message_and_never_answers_is_given_up_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let traces = Url::parse(&format!("http://{address}/v1/traces")).expect("an address");
        let outlet = Outlet::new(Http::new(&Arc::default()), traces);
        let begun = Instant::now();
        let verdict = outlet.post(Vec::new()).await;
        assert!(matches!(verdict, Verdict::Later(_, None)), "{verdict:?}");
        assert_eq!(begun.elapsed(), LIMIT);
    }

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
                body: b"{}".to_vec(),
            }))
        };
        assert_eq!(of(200, None), Verdict::Taken { rejected: 0 });
        assert_eq!(of(202, None), Verdict::Taken { rejected: 0 });
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
