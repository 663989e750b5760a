//! Ghost text: what to ask, when to stop, what to show.
//!
//! Entry points: [`debounce`], which waits if that is wise, and [`complete`]. It asks the gateway, ends the stream as soon as the suggestion is whole, fits it to the
//! place, and returns it for the snapshot it was asked for; [`rebase`] carries it over to a document that moved on meanwhile.

mod filter;
mod rebase;
mod stop;

use std::time::Duration;

use futures_util::StreamExt as _;

pub use rebase::{Rebased, rebase};

use crate::context::{self, Form, Manifest, Prompt, View};
use crate::gateway::{CallId, Gateway, Interrupt, Request};
use crate::provider::{Error, Fill, Input, Place};
use crate::routing::{Decision, Feature, Way};
use crate::session::Snapshot;
use crate::syntax;
use stop::{Extent, Stop};

/// Why a suggestion is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The user asked for it.
    Explicit,
    /// The user typed or moved.
    Automatic,
}

/// A text to insert.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The call that it came from.
    pub id: CallId,
    /// The byte at which it is to be inserted, in the snapshot's text.
    pub cursor: usize,
    /// The text.
    pub text: String,
    /// Who made it, and who pays.
    pub decision: Decision,
}

/// What stands around the cursor on and below its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// From the line's start to the cursor.
    pub line_before: String,
    /// From the cursor to the line's end.
    pub line_after: String,
    /// The next line that is not blank.
    pub next_line: String,
}

/// More than any tokenizer's longest common token, in bytes.
const TOKEN_BYTES: usize = 16;

/// How long an answer may take in all. Nobody waits longer for ghost text, and a provider that trickles must not keep a call open.
const WHOLE: Duration = Duration::from_mins(1);

/// How much of a line is looked at on either side of the cursor; a line of a megabyte is data, not code.
const LINE_BYTES: usize = 2 * 1024;

/// How many lines below the cursor are searched for one that is not blank.
const LINES_BELOW: usize = 4;

/// A suggestion that is asked for.
pub struct Ask<'a> {
    /// The document.
    pub snapshot: &'a Snapshot,
    /// The byte in its text.
    pub cursor: usize,
    /// Why.
    pub trigger: Trigger,
    /// Which model is to answer ([`decide`]).
    pub decision: Decision,
    /// Tells that a newer one has taken this one's place.
    pub interrupt: Interrupt,
}

/// Decides which model a suggestion for the snapshot comes from.
pub fn decide(gateway: &Gateway, snapshot: &Snapshot) -> Decision {
    let decision = gateway.decide(&snapshot.settings, Feature::Completion);
    match snapshot.confined {
        Some(_) => decision.confined(),
        None => decision,
    }
}

/// Waits as long as a suggestion should, so that a model outside this process is not asked for every key.
pub async fn debounce(ask: &Ask<'_>) {
    let wait = ask.snapshot.settings.debounce;
    if ask.trigger == Trigger::Automatic && !ask.decision.is_embedded() && !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

/// Suggests a text for a place in a document, or `None` if there is nothing worth showing.
///
/// Dropping the future closes the provider's socket; the interrupt tells why it was dropped.
pub async fn complete(gateway: &Gateway, ask: Ask<'_>) -> Result<Option<Suggestion>, Error> {
    let Ask {
        snapshot,
        cursor,
        trigger,
        decision,
        interrupt,
    } = ask;
    let around = around(snapshot, cursor);
    let extent = extent(snapshot, cursor, &around, &decision);
    let lines = lines_of_engine(extent, trigger);
    let (input, manifest) = input(snapshot, cursor, &decision, lines);
    let request = Request {
        input,
        decision: decision.clone(),
        action: None,
        max_tokens: snapshot.settings.max_tokens,
        stop: Vec::new(),
        language: snapshot.language.map(syntax::Language::id),
        workspace: snapshot
            .folder
            .as_ref()
            .map(|folder| folder.display().to_string()),
        confined: snapshot.confined,
        interrupt,
    };
    let mut call = gateway.call(&snapshot.settings, request).await?;
    let id = call.id().clone();
    snapshot.desk.manifests.note(&id.to_string(), manifest);
    let mut stop = Stop::new(extent);
    let deadline = tokio::time::Instant::now() + WHOLE;
    loop {
        match tokio::time::timeout_at(deadline, call.next()).await {
            Ok(Some(piece)) => {
                if stop.push(&piece?) {
                    call.stop();
                    break;
                }
            }
            Ok(None) => break,
            Err(_) => {
                let error = Error::TimedOut {
                    what: "end its answer",
                    limit: WHOLE,
                };
                call.fail(&error);
                return Err(error);
            }
        }
    }
    let text = filter::fit(&stop.finish(), &around);
    Ok(text.map(|text| Suggestion {
        id,
        cursor,
        text,
        decision,
    }))
}

/// Returns how many lines the embedded engine may suggest. Fewer than half of its blocks are right in every line (docs/local-engine.md), so
/// while the user types it is held to the line, of which it is far surer.
fn lines_of_engine(extent: Extent, trigger: Trigger) -> usize {
    match trigger {
        Trigger::Automatic => 1,
        Trigger::Explicit => extent.max_lines,
    }
}

/// Makes what the model is shown, in the form that its wire takes, and the list of what that is made of.
fn input(
    snapshot: &Snapshot,
    cursor: usize,
    decision: &Decision,
    max_lines: usize,
) -> (Input, Manifest) {
    let fill = |prefix, suffix, files| {
        let place = Place {
            uri: snapshot.uri.clone(),
            text: snapshot.text.clone(),
            cursor,
            max_lines,
        };
        Input::Fill(Fill {
            prefix,
            suffix,
            files,
            place,
        })
    };
    let Way::Http(provider) = &decision.way else {
        // The embedded engine reads the snapshot itself.
        let nothing = fill(String::new(), String::new(), Vec::new());
        return (nothing, Manifest::default());
    };
    let form = Form::of(provider.wire, &decision.model);
    let tokens = snapshot.settings.context.max_tokens;
    let (window, _) = context::shares(
        tokens,
        cursor,
        snapshot.text.len_bytes().saturating_sub(cursor),
    );
    let view = View {
        text: &snapshot.text,
        cursor,
        language: snapshot.language,
        file: &context::shown_path(&snapshot.path(), &snapshot.shown_from()),
        prepared: &snapshot.desk.prepared(),
    };
    let assembled = context::assemble(&view, form, window);
    let input = match assembled.prompt {
        Prompt::Fill {
            prefix,
            suffix,
            files,
        } => fill(prefix, suffix, files),
        Prompt::Chat(messages) => Input::Chat(messages),
    };
    (input, assembled.manifest)
}

fn around(snapshot: &Snapshot, cursor: usize) -> Around {
    let text = &snapshot.text;
    let floor = |byte: usize| text.char_to_byte(text.byte_to_char(byte.min(text.len_bytes())));
    let cursor = floor(cursor);
    let line = text.byte_to_line(cursor);
    let start = text
        .line_to_byte(line)
        .max(floor(cursor.saturating_sub(LINE_BYTES)));
    let end = text
        .line_to_byte((line + 1).min(text.len_lines()))
        .min(floor(cursor + LINE_BYTES));
    let next_line = (line + 1..text.len_lines().min(line + 1 + LINES_BELOW))
        .map(|below| {
            let start = text.line_to_byte(below);
            let end = text.line_to_byte(below + 1).min(floor(start + LINE_BYTES));
            String::from(text.byte_slice(start..end))
        })
        .find(|below| !below.trim().is_empty());
    Around {
        line_before: text.byte_slice(start..cursor).into(),
        line_after: String::from(text.byte_slice(cursor..end))
            .trim_end_matches(['\r', '\n'])
            .to_owned(),
        next_line: next_line.unwrap_or_default().trim_end().to_owned(),
    }
}

/// How much may be suggested: a line within a line, a comment or a string, a block at the end of one.
fn extent(snapshot: &Snapshot, cursor: usize, around: &Around, decision: &Decision) -> Extent {
    let within_text = snapshot.tree.as_ref().is_some_and(|tree| {
        matches!(
            syntax::place(tree, &snapshot.text, cursor),
            syntax::Place::Comment | syntax::Place::String
        )
    });
    let is_line_end = around
        .line_after
        .chars()
        .all(|c| c.is_whitespace() || ")]}\"'`;,".contains(c));
    Extent {
        max_lines: if within_text || !is_line_end {
            1
        } else {
            snapshot.settings.max_lines
        },
        indent: stop::indentation(&around.line_before),
        max_bytes: snapshot.settings.max_tokens as usize * TOKEN_BYTES,
        may_fence: !decision.way.fills()
            && snapshot
                .language
                .is_none_or(|language| language.id() != "markdown"),
        at_line_start: around.line_before.trim().is_empty(),
    }
}
