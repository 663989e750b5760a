//! What an action is, and which there are: the [built-in ones](super::built_in) and the user's own.

use std::borrow::Cow;
use std::sync::Arc;

use super::built_in::BUILT_IN;
use crate::config::{CustomAction, CustomOutput, Settings, TaskClass};

/// One action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The name that commands, settings and the ledger use.
    pub id: Cow<'static, str>,
    /// What it does, in a clause: its entry in the manual.
    pub about: Cow<'static, str>,
    /// What the menu says, before what it is about.
    pub title: Cow<'static, str>,
    /// How editors file it.
    pub kind: Kind,
    /// Where it makes sense.
    pub applies: Applies,
    /// What comes back.
    pub output: Output,
    /// What the user is asked before it runs, of an action that has to be told something.
    pub question: Option<Cow<'static, str>>,
    /// What the model is told to do.
    pub task: Cow<'static, str>,
    /// What the user wrote, of an action of their own.
    pub own: Option<Arc<CustomAction>>,
}

/// How editors file an action. None is a `source` action, which their menus hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Mends what a diagnostic complains about.
    QuickFix,
    /// Changes code.
    Rewrite,
    /// Changes nothing.
    Explain,
}

/// Where an action makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// At a diagnostic.
    Diagnostic,
    /// At a diagnostic, for the whole file.
    Problems,
    /// On a selection, or in a definition.
    Code,
    /// On a selection, or in a definition, that has a comment in it.
    Commented,
    /// On a selection, or in a definition, of a language whose types may be left out.
    Untyped,
    /// In a definition that has no comment yet.
    Undocumented,
    /// In a function that is still to be written.
    Stub,
    /// On a selection, in a definition, or at a diagnostic.
    Anything,
    /// Where the user's own rules say.
    Own,
    /// In a function, of a language that has a place for tests.
    Testable,
    /// On a selection, or in a definition, of a file of a workspace.
    Project,
    /// At a name.
    Name,
    /// Wherever a menu is opened by hand, in a file of a workspace: it is about what git says has changed.
    Changes,
    /// The same, about what is staged; and in the text of a commit's message.
    Staged,
}

/// What an action's answer becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The new text of the target's lines.
    Replace,
    /// The same, in which nothing but comments may differ.
    Comments,
    /// A comment, inserted at the definition.
    Comment,
    /// Names to choose from.
    Names,
    /// A commit's message: in its place if that is what is edited, else a document.
    Message,
    /// Text that is put in below the target's lines.
    Insert,
    /// A new file, whose path is known.
    NewFile,
    /// Tests, in the file where they belong.
    Tests,
    /// Changes of several files, new ones among them.
    Files,
    /// A document to read.
    Document,
}

/// Returns the actions, in the order in which they are offered.
pub fn all(settings: &Settings) -> impl Iterator<Item = Arc<Action>> {
    let is_built_in = |id: &str| BUILT_IN.iter().any(|action| action.id == id);
    // A name of ours stays ours.
    let own = settings
        .custom_actions
        .iter()
        .filter(move |own| !is_built_in(&own.options.name));
    let own = own.map(|own| Arc::new(Action::of(own)));
    BUILT_IN.iter().cloned().chain(own)
}

/// Finds an action by its name.
pub fn find(settings: &Settings, id: &str) -> Option<Arc<Action>> {
    all(settings).find(|action| action.id == id)
}

impl Action {
    /// Makes an action of what the user wrote.
    fn of(own: &Arc<CustomAction>) -> Self {
        let options = &own.options;
        let (kind, output) = match options.output {
            CustomOutput::Edit => (Kind::Rewrite, Output::Replace),
            CustomOutput::Insert => (Kind::Rewrite, Output::Insert),
            CustomOutput::NewFile => (Kind::Rewrite, Output::NewFile),
            CustomOutput::Document => (Kind::Explain, Output::Document),
        };
        Self {
            id: options.name.clone().into(),
            about: "one of your own".into(),
            title: options.title.clone().into(),
            kind: if options.diagnostics.is_some() && output != Output::Document {
                Kind::QuickFix
            } else {
                kind
            },
            applies: Applies::Own,
            output,
            question: options.ask.clone().map(Into::into),
            task: options.prompt.clone().into(),
            own: Some(own.clone()),
        }
    }

    /// Returns what kind of work it is, by which settings may send it to another model.
    pub fn class(&self) -> TaskClass {
        if self.own.is_some() {
            return TaskClass::Custom;
        }
        match (self.output, self.applies, self.kind) {
            (Output::Message, _, _) => TaskClass::CommitMessage,
            (Output::Document, _, _) => TaskClass::Explain,
            (Output::Tests, _, _) => TaskClass::Test,
            (Output::Comment | Output::Comments, _, _) => TaskClass::Document,
            (_, Applies::Diagnostic | Applies::Problems, _) | (_, _, Kind::QuickFix) => {
                TaskClass::Fix
            }
            _ => TaskClass::Refactor,
        }
    }

    /// Returns whether the user has to say what is wanted.
    pub fn needs_instruction(&self) -> bool {
        self.question.is_some()
    }
}

impl Applies {
    /// Returns whether it is about what git knows rather than about the document's text.
    pub fn is_about_changes(self) -> bool {
        matches!(self, Self::Changes | Self::Staged)
    }
}

impl Kind {
    /// Returns the name by which editors file it, and ask for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::QuickFix => "quickfix",
            Self::Rewrite => "refactor.rewrite",
            Self::Explain => "byok.explain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_own_name_and_is_no_source_action() {
        let settings = Settings::default();
        for action in all(&settings) {
            assert_eq!(find(&settings, &action.id), Some(action.clone()));
            assert!(!action.kind.name().starts_with("source"));
        }
        assert_eq!(find(&settings, "dance"), None);
    }

    #[test]
    fn each_action_is_of_the_class_that_one_would_look_for_it_in() {
        let class = |id: &str| find(&Settings::default(), id).map(|action| action.class());
        for (class_of, ids) in [
            (TaskClass::Fix, &["fix", "fix-all"][..]),
            (
                TaskClass::Explain,
                &[
                    "explain",
                    "explain-problem",
                    "review",
                    "translate",
                    "review-changes",
                ],
            ),
            (
                TaskClass::Refactor,
                &[
                    "implement",
                    "rewrite",
                    "simplify",
                    "optimise",
                    "types",
                    "change",
                    "rename",
                ],
            ),
            (TaskClass::Document, &["document", "translate-comments"]),
            (TaskClass::Test, &["tests"]),
            (TaskClass::CommitMessage, &["commit-message"]),
        ] {
            for id in ids {
                assert_eq!(class(id), Some(class_of), "{id}");
            }
        }
    }

    #[test]
    fn the_manual_has_every_action_in_its_own_words() {
        let manual = include_str!("../../docs/actions.md");
        for action in all(&Settings::default()) {
            let row = format!("| `{}` | {} |", action.id, action.about);
            assert!(manual.contains(&row), "docs/actions.md has no row {row}");
        }
    }
}
