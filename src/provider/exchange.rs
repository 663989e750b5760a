//! One request with bytes of a protocol that is no model's, and its answer's head: how a collector of telemetry is told something.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use tokio::time::timeout;
use url::Url;

use super::Error;
use super::http::{Http, read_whole};

/// The head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status, whatever it is.
    pub status: u16,
    /// How long to wait before asking again, if the answer says so in seconds.
    pub retry_after: Option<Duration>,
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
        let (http, at) = (self.clone(), url.clone());
        // Making the client may take its time, which this thread does not have.
        let made = tokio::task::spawn_blocking(move || http.client(&at)).await;
        let request = made.map_err(|_| Error::Cut)??.post(url.clone());
        let request = request.header(CONTENT_TYPE, kind).body(body);
        let answer = async {
            let response = request.send().await;
            let response = response.map_err(|error| Error::from_connect(error, limit))?;
            let status = response.status().as_u16();
            let wait = response.headers().get(RETRY_AFTER);
            let wait = wait.and_then(|it| it.to_str().ok()?.trim().parse().ok());
            // Read, so that the connection can be used again; what it says does not matter.
            read_whole(response, limit).await?;
            Ok(Reply {
                status,
                retry_after: wait.map(Duration::from_secs),
            })
        };
        timeout(limit, answer).await.unwrap_or(Err(Error::TimedOut {
            what: "answer",
            limit,
        }))
    }
}
