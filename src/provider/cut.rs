//! Cuts a model's text before a mark, such as the token by which a model that fills holes says that it is done.
//!
//! Servers do this themselves for the stop texts they are sent, but take only four, and a family of models may have more marks than that.

use std::collections::VecDeque;

use super::answer::Dialect;
use super::sse::Message;
use super::{Error, Event};

/// A dialect whose text ends before the first mark.
pub(super) struct Cut {
    inner: Box<dyn Dialect>,
    marks: Vec<String>,
    /// Text that may turn out to be the beginning of a mark.
    held: String,
    is_over: bool,
}

impl Cut {
    pub(super) fn new(inner: Box<dyn Dialect>, marks: Vec<String>) -> Self {
        Self {
            inner,
            marks,
            held: String::new(),
            is_over: false,
        }
    }

    fn pass(&mut self, inner: VecDeque<Event>, events: &mut VecDeque<Event>) {
        for event in inner {
            match event {
                Event::Text(text) => self.text(&text, events),
                Event::Finish(_) => {
                    self.flush(events);
                    events.push_back(event);
                }
                other => events.push_back(other),
            }
        }
    }

    fn text(&mut self, text: &str, events: &mut VecDeque<Event>) {
        if self.is_over {
            return;
        }
        self.held.push_str(text);
        let first = self
            .marks
            .iter()
            .filter_map(|mark| self.held.find(mark))
            .min();
        if let Some(at) = first {
            self.is_over = true;
            self.held.truncate(at);
            return self.flush(events);
        }
        let sure = self.held.len() - self.beginning_of_a_mark();
        let rest = self.held.split_off(sure);
        self.flush(events);
        self.held = rest;
    }

    /// Returns how many bytes at the end of the held text are the beginning of a mark.
    fn beginning_of_a_mark(&self) -> usize {
        let longest = |mark: &String| {
            (1..mark.len())
                .rev()
                .filter(|&length| mark.is_char_boundary(length))
                .find(|&length| self.held.ends_with(&mark[..length]))
        };
        self.marks.iter().filter_map(longest).max().unwrap_or(0)
    }

    fn flush(&mut self, events: &mut VecDeque<Event>) {
        let text = std::mem::take(&mut self.held);
        if !text.is_empty() {
            events.push_back(Event::Text(text));
        }
    }
}

impl Dialect for Cut {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        let mut inner = VecDeque::new();
        let outcome = self.inner.message(message, &mut inner);
        self.pass(inner, events);
        if outcome.is_err() {
            self.flush(events);
        }
        outcome
    }

    fn end(&mut self, events: &mut VecDeque<Event>) -> bool {
        let mut inner = VecDeque::new();
        let is_whole = self.inner.end(&mut inner);
        self.pass(inner, events);
        self.flush(events);
        is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::events_of;
    use super::*;
    use crate::config::Wire;
    use crate::provider::Answer;

    /// Lets the pieces come one by one and returns the text that is left of them.
    fn cut(pieces: &[&str]) -> String {
        let lines: Vec<String> = pieces
            .iter()
            .map(|piece| serde_json::json!({"choices": [{"text": piece}]}).to_string())
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let marks = vec!["<|end|>".into(), "<EOT>".into()];
        let answer = Answer::new(Wire::FimTemplate, "")
            .expect("an answer")
            .cut_at(marks);
        let (events, _) = events_of(answer, Wire::FimTemplate, &lines);
        events
            .into_iter()
            .filter_map(|event| match event {
                Event::Text(text) => Some(text),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn text_ends_before_a_mark_however_it_is_over_into_pieces() {
        let whole = "a < b<|end|>c";
        for first in 0..=whole.len() {
            for second in first..=whole.len() {
                let pieces = [&whole[..first], &whole[first..second], &whole[second..]];
                assert_eq!(cut(&pieces), "a < b", "{pieces:?}");
            }
        }
    }

    #[test]
    fn what_only_begins_like_a_mark_is_kept() {
        assert_eq!(cut(&["a <|e", "x|> <EO"]), "a <|ex|> <EO");
    }
}
