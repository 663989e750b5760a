//! What an action is, and which there are: the [built-in ones](super::built_in) and the user's own.

use std::borrow::Cow;
use std::sync::Arc;

use super::built_in::BUILT_IN;
use crate::config::Settings;

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
    /// A document to read.
    Document,
}

/// Returns the actions, in the order in which they are offered.
pub fn all(_settings: &Settings) -> impl Iterator<Item = Arc<Action>> {
    BUILT_IN.iter().cloned()
}

/// Finds an action by its name.
pub fn find(settings: &Settings, id: &str) -> Option<Arc<Action>> {
    all(settings).find(|action| action.id == id)
}

impl Action {
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
    fn the_manual_has_every_action_in_its_own_words() {
        let manual = include_str!("../../docs/actions.md");
        for action in all(&Settings::default()) {
            let row = format!("| `{}` | {} |", action.id, action.about);
            assert!(manual.contains(&row), "docs/actions.md has no row {row}");
        }
    }
}
