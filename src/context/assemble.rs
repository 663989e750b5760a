//! The prompt of a suggestion: fragments, the window round the cursor, and what frames them, in the form that the model takes.
//!
//! Entry point: [`assemble`], a function of its arguments alone: the same state gives the same bytes. What changes least stands first: the
//! fragments, then the text before the cursor, whose beginning moves in steps, and the text behind it last, where the model's own form allows.
//! The [`Manifest`] that comes with it is made of the same pieces, so that it equals what is sent.

use ropey::Rope;

use super::manifest::{Field, Manifest, Rule};
use super::message;
use super::prompt;
use super::{Budget, Fragment, Prepared, Window, marker, window};
use crate::config::{FimFamily, FimPiece, Wire};
use crate::cost::Tokens;
use crate::provider::{ExtraFile, Message, Role};
use crate::syntax::Language;

/// What a prompt is made of.
pub struct View<'a> {
    /// The document's text.
    pub text: &'a Rope,
    /// The byte at which something is to be inserted.
    pub cursor: usize,
    /// The document's language, if it is a known one.
    pub language: Option<Language>,
    /// How the document is named to the model.
    pub file: &'a str,
    /// The fragments to show.
    pub prepared: &'a Prepared,
}

/// The form in which a model takes a prompt.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Text before and behind a hole. Fragments stand before it, in comments.
    Fill,
    /// Text before and behind a hole, and further files beside them.
    FillWithFiles,
    /// The same in a prompt of the model's own tokens.
    Template(&'static FimFamily),
    /// A conversation.
    Chat,
}

impl Form {
    /// Returns the form in which a model is asked over a wire.
    pub fn of(wire: Wire, model: &str) -> Self {
        match wire {
            Wire::LlamaCppInfill => Self::FillWithFiles,
            Wire::FimTemplate => FimFamily::of(model).map_or(Self::Fill, Self::Template),
            wire if wire.fills() => Self::Fill,
            _ => Self::Chat,
        }
    }
}

/// What is sent to the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// The text around a hole, and files beside it.
    Fill {
        /// What stands before it.
        prefix: String,
        /// What stands behind it.
        suffix: String,
        /// Other files, or parts of them.
        files: Vec<ExtraFile>,
    },
    /// A conversation.
    Chat(Vec<Message>),
}

/// A prompt and what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// What is sent.
    pub prompt: Prompt,
    /// Each of its pieces, in the order in which they are sent.
    pub manifest: Manifest,
}

/// Makes the prompt for a place in a document.
pub fn assemble(view: &View<'_>, form: Form, budget: Budget) -> Assembled {
    if let Some(text) = message::without_diff(view.file, view.text) {
        let view = View {
            text: &text,
            cursor: view.cursor.min(text.len_bytes()),
            ..*view
        };
        return of_window(&view, form, budget);
    }
    of_window(view, form, budget)
}

fn of_window(view: &View<'_>, form: Form, budget: Budget) -> Assembled {
    let mut window = window(view.text, view.cursor, budget);
    let fragments = view.prepared.fragments.iter();
    // What the window shows need not be shown twice.
    let fragments: Vec<&Fragment> = fragments
        .filter(|fragment| *fragment.file != *view.file || !window.prefix.contains(&*fragment.text))
        .collect();
    match form {
        Form::Fill => fill(view, &fragments, &window),
        Form::FillWithFiles => with_files(view, &fragments, &window),
        Form::Template(family) => {
            // Taken out here already, so that the manifest shows what is sent.
            window.prefix = family.without_marks(&window.prefix);
            window.suffix = family.without_marks(&window.suffix);
            let clean = |fragment: &&Fragment| Fragment {
                text: family.without_marks(&fragment.text).into(),
                ..(*fragment).clone()
            };
            let fragments: Vec<Fragment> = fragments.iter().map(clean).collect();
            let fragments: Vec<&Fragment> = fragments.iter().collect();
            template(view, &fragments, &window, family)
        }
        Form::Chat => chat(view, &fragments, &window),
    }
}

/// Returns how a prompt's tokens are shared out between the window and the fragments, for a document in which the cursor has so much before
/// and behind it: what a short document does not need is the fragments'.
pub fn shares(tokens: u64, before: usize, behind: usize) -> (Budget, u64) {
    let bytes =
        |part: u64| usize::try_from(Tokens::bytes_of(tokens) * part / 100).unwrap_or(usize::MAX);
    let window = Budget {
        prefix: bytes(36),
        suffix: bytes(11),
    };
    let used = before.min(window.prefix) + behind.min(window.suffix);
    (window, tokens.saturating_sub(Tokens::in_bytes(used)))
}

fn fill(view: &View<'_>, fragments: &[&Fragment], window: &Window) -> Assembled {
    let mut manifest = Manifest::default();
    let mut prefix = String::new();
    let mut put = |text: &str, rule: Rule, manifest: &mut Manifest| {
        manifest.push(Field::Prefix, text, rule);
        prefix.push_str(text);
    };
    let comment = Comment::of(view.language).filter(|_| !fragments.is_empty());
    if let Some(comment) = comment {
        for (file, fragments) in by_file(fragments) {
            put(&comment.line(file), Rule::Frame, &mut manifest);
            for fragment in fragments {
                if let Some(text) = comment.lines(&fragment.text) {
                    put(&text, Rule::of(fragment), &mut manifest);
                }
            }
        }
        put(&comment.line(view.file), Rule::Frame, &mut manifest);
    }
    put(&window.prefix, before(view, window), &mut manifest);
    manifest.push(Field::Suffix, &window.suffix, behind(view, window));
    Assembled {
        prompt: Prompt::Fill {
            prefix,
            suffix: window.suffix.clone(),
            files: Vec::new(),
        },
        manifest,
    }
}

fn with_files(view: &View<'_>, fragments: &[&Fragment], window: &Window) -> Assembled {
    let mut manifest = Manifest::default();
    let mut files = Vec::new();
    for (file, fragments) in by_file(fragments) {
        files.push(extra_file(file, fragments, Field::File, &mut manifest));
    }
    manifest.push(Field::Prefix, &window.prefix, before(view, window));
    manifest.push(Field::Suffix, &window.suffix, behind(view, window));
    Assembled {
        prompt: Prompt::Fill {
            prefix: window.prefix.clone(),
            suffix: window.suffix.clone(),
            files,
        },
        manifest,
    }
}

/// Makes a file beside the document of its fragments, which the manifest shows in a field.
fn extra_file(
    path: &str,
    fragments: &[&Fragment],
    field: Field,
    manifest: &mut Manifest,
) -> ExtraFile {
    let mut text = String::new();
    for fragment in fragments {
        let lines = format!("{}\n", fragment.text);
        manifest.push(field, &lines, Rule::of(fragment));
        text.push_str(&lines);
    }
    ExtraFile {
        path: path.to_owned(),
        text,
    }
}

/// The provider builds the prompt of the family's template from the parts; the manifest walks through the same template.
fn template(
    view: &View<'_>,
    fragments: &[&Fragment],
    window: &Window,
    family: &'static FimFamily,
) -> Assembled {
    if !family.takes_files() {
        let mut assembled = fill(view, fragments, window);
        let (before, behind): (Vec<_>, Vec<_>) = assembled
            .manifest
            .take()
            .into_iter()
            .partition(|part| part.field == Field::Prefix);
        for piece in family.pieces() {
            match piece {
                FimPiece::Text(text) => {
                    assembled.manifest.push(Field::Prompt, text, Rule::Frame);
                }
                FimPiece::Prefix => assembled.manifest.extend(Field::Prompt, &before),
                FimPiece::Suffix => assembled.manifest.extend(Field::Prompt, &behind),
                FimPiece::Files => {}
            }
        }
        return assembled;
    }
    let mut manifest = Manifest::default();
    let mut files = Vec::new();
    for piece in family.pieces() {
        match piece {
            FimPiece::Text(text) => manifest.push(Field::Prompt, text, Rule::Frame),
            FimPiece::Prefix => {
                manifest.push(Field::Prompt, &window.prefix, before(view, window));
            }
            FimPiece::Suffix => {
                manifest.push(Field::Prompt, &window.suffix, behind(view, window));
            }
            FimPiece::Files => {
                for (path, fragments) in by_file(fragments) {
                    manifest.push(Field::Prompt, &family.file_head(path), Rule::Frame);
                    files.push(extra_file(path, fragments, Field::Prompt, &mut manifest));
                }
                if !files.is_empty() {
                    manifest.push(Field::Prompt, &family.file_head(view.file), Rule::Frame);
                    // The document itself comes last, its text in the template.
                    files.push(ExtraFile {
                        path: view.file.to_owned(),
                        text: String::new(),
                    });
                }
            }
        }
    }
    Assembled {
        prompt: Prompt::Fill {
            prefix: window.prefix.clone(),
            suffix: window.suffix.clone(),
            files,
        },
        manifest,
    }
}

fn chat(view: &View<'_>, fragments: &[&Fragment], window: &Window) -> Assembled {
    let mut manifest = Manifest::default();
    let mut text = String::new();
    let mut put = |piece: &str, rule: Rule, manifest: &mut Manifest| {
        manifest.push(Field::User, piece, rule);
        text.push_str(piece);
    };
    if !fragments.is_empty() {
        put(prompt::ELSEWHERE, Rule::Frame, &mut manifest);
        for (file, fragments) in by_file(fragments) {
            put(&format!("{file}:\n"), Rule::Frame, &mut manifest);
            for fragment in fragments {
                put(
                    &format!("{}\n", fragment.text),
                    Rule::of(fragment),
                    &mut manifest,
                );
            }
        }
        put("\n", Rule::Frame, &mut manifest);
    }
    let marker = marker::of(window);
    let language = view.language.map_or("", Language::name);
    let head = format!(
        "File: {}\nLanguage: {language}\nMarker: {marker}\n\n",
        view.file
    );
    put(&head, Rule::Frame, &mut manifest);
    put(&window.prefix, before(view, window), &mut manifest);
    put(&marker, Rule::Frame, &mut manifest);
    put(&window.suffix, behind(view, window), &mut manifest);
    let mut whole = Manifest::default();
    whole.push(Field::System, prompt::INSTRUCTIONS, Rule::Frame);
    whole.extend_as_is(manifest);
    let message = |role, text| Message {
        role,
        text,
        cacheable: false,
    };
    Assembled {
        prompt: Prompt::Chat(vec![
            message(Role::System, prompt::INSTRUCTIONS.to_owned()),
            message(Role::User, text),
        ]),
        manifest: whole,
    }
}

fn before(view: &View<'_>, window: &Window) -> Rule {
    let start = view.cursor.saturating_sub(window.prefix.len());
    Rule::Window {
        file: view.file.into(),
        line: line_of(view.text, start),
    }
}

fn behind(view: &View<'_>, _: &Window) -> Rule {
    Rule::Window {
        file: view.file.into(),
        line: line_of(view.text, view.cursor),
    }
}

fn line_of(text: &Rope, byte: usize) -> u32 {
    u32::try_from(text.byte_to_line(byte.min(text.len_bytes()))).unwrap_or(u32::MAX)
}

/// Groups fragments that follow each other by their file.
fn by_file<'a>(
    fragments: &'a [&'a Fragment],
) -> impl Iterator<Item = (&'a str, &'a [&'a Fragment])> {
    fragments
        .chunk_by(|a, b| a.file == b.file)
        .map(|fragments| (&*fragments[0].file, fragments))
}

/// How a language writes comments.
#[derive(Clone, Copy)]
struct Comment {
    open: &'static str,
    close: &'static str,
}

impl Comment {
    fn of(language: Option<Language>) -> Option<Self> {
        let language = language?;
        let line = language.line_comment().map(|open| Self { open, close: "" });
        let block = || {
            let (open, close) = language.block_comment()?;
            Some(Self { open, close })
        };
        line.or_else(block)
    }

    fn line(self, text: &str) -> String {
        if self.close.is_empty() {
            format!("{} {text}\n", self.open)
        } else {
            format!("{} {text} {}\n", self.open, self.close)
        }
    }

    /// Puts lines into comments; `None` for lines that would end one.
    fn lines(self, text: &str) -> Option<String> {
        let ends = !self.close.is_empty() && text.contains(self.close);
        (!ends).then(|| text.lines().map(|line| self.line(line)).collect())
    }
}
