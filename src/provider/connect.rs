//! How long a call waits for its connection, where that is to be less than `network.connect_s`.
//!
//! Entry point: [`within`]. The client that we send by has one such limit for all requests and none for a single one. But it connects within the
//! polls of the request that wants the connection, so the limit is set around these polls, and [`limited`], which is wrapped around the
//! connector, finds it there. A connection that stands is used as ever, since nothing has to be waited for.

use std::io::{Error, ErrorKind};
use std::task::Context;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::timeout;
use tower::BoxError;

use super::Stream;

tokio::task_local! {
    /// The limit of the call that is polled.
    static LIMIT: Duration;
}

/// Has a call's connection, TLS included, stand within this time; otherwise the provider [cannot be reached](super::Error::Unreachable).
pub fn within(limit: Duration, mut events: Stream) -> Stream {
    let poll = move |context: &mut Context<'_>| {
        LIMIT.sync_scope(limit, || events.poll_next_unpin(context))
    };
    stream::poll_fn(poll).boxed()
}

/// Returns how long the call that is polled waits for its connection, if it usually is so long.
pub(super) fn limit(usual: Duration) -> Duration {
    LIMIT.try_with(|limit| usual.min(*limit)).unwrap_or(usual)
}

/// Connects within the limit of the call that is polled, if it has one.
pub(super) async fn limited<T>(
    connecting: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    let Ok(limit) = LIMIT.try_with(|limit| *limit) else {
        return connecting.await;
    };
    let late = |_| Err(Error::from(ErrorKind::TimedOut).into());
    timeout(limit, connecting).await.unwrap_or_else(late)
}
