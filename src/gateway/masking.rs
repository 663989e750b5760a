//! Credentials in what is about to be sent: replaced by stand-ins, and put back into the answer ([`crate::secrets`]).
//!
//! It works on the final texts of a request, whatever they were made of, and only where a model elsewhere is asked.

use std::sync::Arc;

use futures_util::StreamExt as _;

use super::purse::{Notice, Purse};
use crate::config::Credentials;
use crate::provider::{Call, Error, Event, Input, Provider, Stream};
use crate::routing::Decision;
use crate::secrets::{Mask, Unmask};

/// Replaces the credentials in what a model is to work on, or refuses to have them sent.
pub(super) fn mask(
    input: &mut Input,
    credentials: Credentials,
    decision: &Decision,
) -> Result<Mask, Error> {
    if credentials == Credentials::Send || !decision.leaves_the_machine() {
        return Ok(Mask::default());
    }
    let mask = match input {
        Input::Fill(fill) => {
            let files = fill.files.iter_mut().map(|file| &mut file.text);
            let round = [&mut fill.prefix, &mut fill.suffix];
            let mut texts: Vec<&mut String> = round.into_iter().chain(files).collect();
            Mask::apply_round_cursor(&mut texts)
        }
        Input::Chat(messages) => {
            let texts = messages.iter_mut().map(|message| &mut message.text);
            Mask::apply(&mut texts.collect::<Vec<_>>())
        }
    };
    if credentials == Credentials::Refuse
        && let Some(kind) = mask.kinds().first()
    {
        return Err(Error::Credentials(kind));
    }
    Ok(mask)
}

/// Returns a provider that puts the credentials back which were replaced, and tells the user that they were.
pub(super) fn unmasking(
    provider: Arc<dyn Provider>,
    mask: Mask,
    decision: &Decision,
    purse: &Purse,
) -> Arc<dyn Provider> {
    if mask.is_empty() {
        return provider;
    }
    tracing::info!(
        model = decision.name(),
        kinds = ?mask.kinds(),
        "credentials were replaced by stand-ins in what is sent"
    );
    purse.tell(Notice::Masked(mask.kinds().to_vec()));
    Arc::new(Unmasking { provider, mask })
}

struct Unmasking {
    provider: Arc<dyn Provider>,
    mask: Mask,
}

impl Provider for Unmasking {
    fn stream(&self, call: Call) -> Stream {
        let stream = self.provider.stream(call);
        let state = State {
            stream,
            unmask: Some(self.mask.clone().unmask()),
            then: None,
        };
        futures_util::stream::unfold(state, next)
            .filter(|event| std::future::ready(!is_empty(event)))
            .boxed()
    }
}

struct State {
    stream: Stream,
    /// Gone once the text has ended.
    unmask: Option<Unmask>,
    /// What comes behind the rest of the text.
    then: Option<Result<Event, Error>>,
}

/// Passes an event on. The text that is held back comes before the news that the model has stopped, or at the stream's end.
async fn next(mut state: State) -> Option<(Result<Event, Error>, State)> {
    if let Some(then) = state.then.take() {
        return Some((then, state));
    }
    let event = state.stream.next().await;
    let is_over = matches!(event, None | Some(Ok(Event::Finish(_))));
    let event = match (event, &mut state.unmask) {
        (Some(Ok(Event::Text(piece))), Some(unmask)) => Ok(Event::Text(unmask.push(&piece))),
        (event, Some(unmask)) if is_over => {
            let rest = unmask.finish();
            (state.unmask, state.then) = (None, event);
            Ok(Event::Text(rest))
        }
        (event, _) => event?,
    };
    Some((event, state))
}

fn is_empty(event: &Result<Event, Error>) -> bool {
    matches!(event, Ok(Event::Text(text)) if text.is_empty())
}
