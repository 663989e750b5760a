//! The built-in actions, as data. One entry is one action; `docs/actions.md` lists them.

/// One action.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// The name that commands, settings and the ledger use.
    pub id: &'static str,
    /// What the menu says, before what it is about.
    pub title: &'static str,
    /// How editors file it.
    pub kind: Kind,
    /// Where it makes sense.
    pub applies: Applies,
    /// What comes back.
    pub output: Output,
    /// Whether the user has to say what is wanted.
    pub needs_instruction: bool,
    /// What the model is told to do.
    pub task: &'static str,
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
    /// On a selection, or in a definition.
    Code,
    /// In a definition that has no comment yet.
    Undocumented,
    /// In a function that is still to be written.
    Stub,
    /// On a selection, in a definition, or at a diagnostic.
    Anything,
}

/// What an action's answer becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The new text of the target's lines.
    Replace,
    /// A comment, inserted at the definition.
    Comment,
    /// A document to read.
    Document,
}

/// The actions, in the order in which they are offered.
pub static ACTIONS: [Action; 6] = [
    Action {
        id: "fix",
        title: "Fix",
        kind: Kind::QuickFix,
        applies: Applies::Diagnostic,
        output: Output::Replace,
        needs_instruction: false,
        task: "Fix the problems that are listed, with the smallest change that is right. Change nothing else.",
    },
    Action {
        id: "implement",
        title: "Implement",
        kind: Kind::Rewrite,
        applies: Applies::Stub,
        output: Output::Replace,
        needs_instruction: false,
        task: "Write what is missing: what the stub, the TODO or the empty body stands for. Keep the signature. Use only what the file shows \
               or the language's standard library has.",
    },
    Action {
        id: "rewrite",
        title: "Rewrite",
        kind: Kind::Rewrite,
        applies: Applies::Code,
        output: Output::Replace,
        needs_instruction: true,
        task: "Change the region as the user's instruction says, and nothing else.",
    },
    Action {
        id: "simplify",
        title: "Simplify",
        kind: Kind::Rewrite,
        applies: Applies::Code,
        output: Output::Replace,
        needs_instruction: false,
        task: "Make the region simpler and easier to read without changing what it does: same names for the outside, same results, same \
               errors. If it is simple already, return it as it is.",
    },
    Action {
        id: "document",
        title: "Document",
        kind: Kind::Rewrite,
        applies: Applies::Undocumented,
        output: Output::Comment,
        needs_instruction: false,
        task: "Write the documentation comment of the definition in the region, in the form that the language's tools read and in the style \
               of the file: what it does and what a caller has to know, not how.",
    },
    Action {
        id: "explain",
        title: "Explain",
        kind: Kind::Explain,
        applies: Applies::Anything,
        output: Output::Document,
        needs_instruction: false,
        task: "Explain the region to a programmer who reads it for the first time: what it is for, how it works, what is surprising. If \
               problems are listed, explain what each means here, why it arises and how it is mended. Be brief.",
    },
];

/// Finds an action by its name.
pub fn find(id: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.id == id)
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
        for action in &ACTIONS {
            assert_eq!(find(action.id), Some(action));
            assert!(!action.kind.name().starts_with("source"));
        }
        assert_eq!(find("dance"), None);
    }
}
