//! One request with bytes of a protocol that is no model's, and its answer: how a collector of telemetry is told something.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::Error;
use super::http::{Http, read_whole};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status, whatever it is.
    pub status: u16,
    /// How long to wait before asking again, if the answer says so in seconds.
    pub retry_after: Option<Duration>,
    /// What it says, or as much of it as is allowed; empty if that did not come whole.
    pub body: Vec<u8>,
}

impl Http {
    /// Posts bytes to an address within `limit`, with no header but what they are.
    pub async fn post_bytes(
        &self,
        url: &Url,
        kind: HeaderValue,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Reply, Error> {
        let deadline = Instant::now() + limit;
        let (http, at) = (self.clone(), url.clone());
        let sent = async {
            // Making the client may take its time, which this thread does not have.
            let made = tokio::task::spawn_blocking(move || http.client(&at)).await;
            let request = made.map_err(|_| Error::Cut)??.post(url.clone());
            let response = request.header(CONTENT_TYPE, kind).body(body).send().await;
            response.map_err(|error| Error::from_connect(error, limit))
        };
        let response = timeout_at(deadline, sent)
            .await
            .unwrap_or(Err(Error::TimedOut {
                what: "answer",
                limit,
            }))?;
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER);
        let wait = wait.and_then(|it| it.to_str().ok()?.trim().parse().ok());
        // Read to its end, so that the connection can be used again. The status holds whatever becomes of it.
        let body = timeout_at(deadline, read_whole(response, limit)).await;
        Ok(Reply {
            status,
            retry_after: wait.map(Duration::from_secs),
            body: body.ok().and_then(Result::ok).unwrap_or_default(),
        })
    }
}
