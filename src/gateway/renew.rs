//! A call whose key was refused, made again with the key's source's newest: a key that was rotated, or a token that ran out, costs no request.

use std::sync::Arc;

use futures_util::StreamExt as _;

use crate::config::ProviderSettings;
use crate::credential::Keys;
use crate::provider::{Call, Error, Provider, Stream};

/// What it takes to look for a newer key.
pub(super) struct Renewal {
    pub keys: Keys,
    pub provider: Arc<ProviderSettings>,
}

/// Sends a call; if the very first that comes back is that the key is refused, and its source has another one by now, it is sent once more.
pub(super) fn stream(provider: Arc<dyn Provider>, call: Call, renewal: Option<Renewal>) -> Stream {
    let Some(renewal) = renewal else {
        return provider.stream(call);
    };
    let first = provider.stream(call.clone());
    let state = (first, Some((renewal, provider, call)));
    futures_util::stream::unfold(state, |(mut stream, mut again)| async move {
        let mut event = stream.next().await?;
        // Whatever came, it was the first, and only the first is tried again.
        if let (Err(Error::Unauthorized), Some((renewal, provider, mut call))) =
            (&event, again.take())
            && let Some((_, refused)) = &call.key
            && let Some(renewed) = renewal.keys.renewed(&renewal.provider, refused).await
        {
            call.key = Some(renewed.header);
            stream = provider.stream(call);
            event = stream.next().await?;
        }
        Some((event, (stream, None)))
    })
    .boxed()
}
