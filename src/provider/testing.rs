//! What the wires' unit tests share.

use super::{Answer, Call, Error, Event, Fill, Input, Message, Place, Role};
use crate::config::{Quirks, Wire};

/// A call of a kind that the wire takes.
pub(super) fn call(wire: Wire) -> Call {
    let message = |role, text: &str| Message {
        role,
        text: text.into(),
        cacheable: false,
    };
    let input = if wire.fills() {
        Input::Fill(Fill {
            files: Vec::new(),
            prefix: "a(".into(),
            suffix: ")".into(),
            place: Place {
                uri: "file:///a.rs".into(),
                text: ropey::Rope::from_str("a()"),
                cursor: 2,
                max_lines: 1,
            },
        })
    } else {
        Input::Chat(vec![
            message(Role::System, "be brief"),
            message(Role::User, "hello"),
        ])
    };
    Call {
        base_url: Some("https://api.example.com/v1".parse().expect("an address")),
        key: None,
        model: "m".into(),
        input,
        max_tokens: 64,
        stop: Vec::new(),
        quirks: Quirks::default(),
    }
}

/// The events of an answer whose messages are these, and how it ended.
pub(super) fn events(wire: Wire, messages: &[&str]) -> (Vec<Event>, Result<(), Error>) {
    events_of(Answer::new(wire, "").expect("an answer"), wire, messages)
}

/// The events of an answer that has begun, and how it ended.
pub(super) fn events_of(
    mut answer: Answer,
    wire: Wire,
    messages: &[&str],
) -> (Vec<Event>, Result<(), Error>) {
    let frame = |message: &&str| {
        if super::wire::sends_lines(wire) {
            format!("{message}\n")
        } else {
            format!("data: {message}\n\n")
        }
    };
    let body: String = messages.iter().map(frame).collect();
    let end = answer.push(body.as_bytes()).and_then(|()| answer.end());
    (std::iter::from_fn(|| answer.event()).collect(), end)
}
