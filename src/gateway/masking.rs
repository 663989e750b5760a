//! Credentials in what is about to be sent: replaced by stand-ins, and put back into the answer ([`crate::secrets`]).
//!
//! It works on the final texts of a request, whatever they were made of, and only where a model elsewhere is asked.

use std::sync::Arc;

use futures_util::StreamExt as _;

use super::purse::{Notice, Purse};
use crate::config::Credentials;
use crate::context::marker;
use crate::provider::{Call, Error, Event, Input, Message, Provider, Stream};
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
            Mask::apply_across(&mut texts, &[(0, 1)])
        }
        Input::Chat(messages) => mask_messages(messages),
    };
    if credentials == Credentials::Refuse
        && let Some(kind) = mask.kinds().first()
    {
        return Err(Error::Credentials(kind));
    }
    Ok(mask)
}

/// The same for a conversation, in which a marker stands for the cursor: the cursor may stand in a credential.
fn mask_messages(messages: &mut [Message]) -> Mask {
    let cut = |message: &Message| {
        let pieces = marker::split(&message.text);
        let is_cut = pieces.len() > 1;
        let pieces = pieces.into_iter().filter(|_| is_cut);
        pieces.map(str::to_owned).collect()
    };
    let mut cuts: Vec<Vec<String>> = messages.iter().map(cut).collect();
    let (mut texts, mut seams) = (Vec::new(), Vec::new());
    for (message, pieces) in messages.iter_mut().zip(&mut cuts) {
        if pieces.is_empty() {
            texts.push(&mut message.text);
        } else {
            // Every other piece is a marker.
            let ends = (0..pieces.len() - 1)
                .step_by(2)
                .map(|end| texts.len() + end);
            seams.extend(ends.map(|end| (end, end + 2)));
            texts.extend(pieces);
        }
    }
    let mask = Mask::apply_across(&mut texts, &seams);
    if !mask.is_empty() {
        for (message, pieces) in messages.iter_mut().zip(cuts) {
            if !pieces.is_empty() {
                message.text = pieces.concat();
            }
        }
    }
    mask
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Role;

    #[test]
    fn in_a_conversation_neither_half_of_a_credential_is_sent_that_the_cursor_stands_in() {
        // In two parts, so that nobody takes this for a credential.
        let token = ["ghp_", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"].concat();
        for cut in 1..token.len() {
            let (head, tail) = token.split_at(cut);
            let text = format!("Marker: <|cursor|>\n\nlet a = \"{head}<|cursor|>{tail}\";");
            let mut messages = ["You complete code.", &text].map(|text| Message {
                role: Role::User,
                text: text.into(),
                cacheable: false,
            });
            let mask = mask_messages(&mut messages);
            let sent = &messages[1].text;
            assert!(!sent.contains(head) || cut < 4, "{cut}: {sent}");
            assert!(
                !sent.contains(tail) || token.len() - cut < 4,
                "{cut}: {sent}"
            );
            let mut unmask = mask.unmask();
            assert_eq!(unmask.push(sent) + &unmask.finish(), text);
        }
    }

    #[test]
    fn of_a_private_key_that_the_cursor_stands_in_no_line_is_sent() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let private = ["PRIVATE", "KEY"].join(" ");
        for (before, behind) in [(1, 29), (15, 15), (29, 1)] {
            let lines = |count: usize| format!("{line}\n").repeat(count);
            let (before, behind) = (lines(before), lines(behind));
            let text = format!(
                "-----BEGIN {private}-----\n{before}MIIE<|cursor|>vQIB\n{behind}-----END {private}-----\n"
            );
            let mut messages = [Message {
                role: Role::User,
                text,
                cacheable: false,
            }];
            mask_messages(&mut messages);
            let sent = &messages[0].text;
            assert!(!sent.contains(&line[..24]), "{sent}");
            assert!(sent.contains("<|cursor|>"), "{sent}");
        }
    }
}
