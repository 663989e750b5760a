//! A provider that begins to answer soon or has failed, for calls that another model can take over.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use crate::provider::{Call, Error, Event, Provider, Stream};
use crate::routing::Feature;

/// Returns a provider whose first word is waited for no longer than this; for what somebody asked for by hand it is waited for as usual.
pub(super) fn hurried(
    provider: Arc<dyn Provider>,
    feature: Feature,
    limit: Duration,
) -> Arc<dyn Provider> {
    match feature {
        Feature::Completion | Feature::Speculation => Arc::new(Hurried { provider, limit }),
        Feature::Action => provider,
    }
}

/// Passes a provider's stream on if its first word comes in time.
struct Hurried {
    provider: Arc<dyn Provider>,
    /// How long the first word is waited for.
    limit: Duration,
}

impl Provider for Hurried {
    fn stream(&self, call: Call) -> Stream {
        let (mut events, limit) = (self.provider.stream(call), self.limit);
        let begun = async move {
            let mut before = Vec::new();
            let first_word = async {
                while let Some(event) = events.next().await {
                    let has_begun = !matches!(
                        event,
                        Ok(Event::Model(_) | Event::Upstream(_) | Event::RequestId(_))
                    );
                    before.push(event);
                    if has_begun {
                        break;
                    }
                }
            };
            let late = tokio::time::timeout(limit, first_word).await.is_err();
            if late {
                let error = Error::TimedOut {
                    what: "begin its answer",
                    limit,
                };
                before.push(Err(error));
                // The socket closes with the stream.
                drop(events);
                return stream::iter(before).boxed();
            }
            stream::iter(before).chain(events).boxed()
        };
        stream::once(begun).flatten().boxed()
    }
}
