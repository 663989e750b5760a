//! A provider that is given up early, for calls that another model can take over.
//!
//! Entry point: [`hurried`]. What is down shows within a second, whatever the call is for: a refused connection, a failure and a refusal by themselves, and a
//! connection that does not come about by a limit of its own. Once the request is on its way, silence says little: a model that thinks is as silent as
//! one that hangs, for many seconds. Ghost text is not wanted any more by then and has its limit for the first word, too. A code action waits, as long
//! as without a fallback (`network.first_byte_s`): to cut it off would be to pay for an answer that nobody sees, and to ask a second model beside it
//! would be to pay twice. What can be done about silence is to go round it the next time, which is the business of `health`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use crate::provider::{self, Call, Error, Event, Provider, Stream};
use crate::routing::Feature;

/// The least time that a code action's connection is given, however short ghost text waits for its first word: three round trips to the other side of
/// the world.
const CONNECTION: Duration = Duration::from_millis(700);

/// Returns a provider whose connection and, for ghost text, whose first word are waited for no longer than this.
pub(super) fn hurried(
    provider: Arc<dyn Provider>,
    feature: Feature,
    limit: Duration,
) -> Arc<dyn Provider> {
    let first_word = match feature {
        Feature::Completion | Feature::Speculation => Some(limit),
        Feature::Action => None,
    };
    // Before the first word is given up, so that it is known which of the two did not come: without a connection nothing was sent.
    let connection = first_word.map_or(limit.max(CONNECTION), |limit| limit.mul_f32(0.875));
    Arc::new(Hurried {
        provider,
        connection,
        first_word,
    })
}

/// Passes a provider's stream on if what is waited for comes in time.
struct Hurried {
    provider: Arc<dyn Provider>,
    /// How long the connection is waited for.
    connection: Duration,
    /// How long the first word is, if that has a limit.
    first_word: Option<Duration>,
}

impl Provider for Hurried {
    fn stream(&self, call: Call) -> Stream {
        let mut events = provider::within(self.connection, self.provider.stream(call));
        let Some(limit) = self.first_word else {
            return events;
        };
        let begun = async move {
            let mut before = Vec::new();
            let first_word = async {
                while let Some(event) = events.next().await {
                    let has_begun = !matches!(
                        event,
                        Ok(Event::Model(_)
                            | Event::Upstream(_)
                            | Event::RequestId(_)
                            | Event::Exhausted(_)
                            | Event::Left(_))
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
