//! The built-in actions, as data. What an entry says about itself is its row in `docs/actions.md`, which a test compares.

use std::sync::{Arc, LazyLock};

use super::catalogue::{Action, Applies, Kind, Output};

/// The built-in actions, in the order in which they are offered.
pub static BUILT_IN: LazyLock<Vec<Arc<Action>>> = LazyLock::new(|| {
    let all = ENTRIES.iter().chain(MORE_ENTRIES);
    all.map(|entry| Arc::new(entry.action())).collect()
});

/// One action, as it is written here.
struct Entry {
    id: &'static str,
    about: &'static str,
    title: &'static str,
    kind: Kind,
    applies: Applies,
    output: Output,
    question: Option<&'static str>,
    task: &'static str,
}

impl Entry {
    fn action(&self) -> Action {
        Action {
            id: self.id.into(),
            about: self.about.into(),
            title: self.title.into(),
            kind: self.kind,
            applies: self.applies,
            output: self.output,
            question: self.question.map(Into::into),
            task: self.task.into(),
        }
    }
}

/// What changes code.
static ENTRIES: &[Entry] = &[
    Entry {
        id: "fix",
        about: "mends what the diagnostics there complain about",
        title: "Fix",
        kind: Kind::QuickFix,
        applies: Applies::Diagnostic,
        output: Output::Replace,
        question: None,
        task: "Fix the problems that are listed, with the smallest change that is right. Change nothing else.",
    },
    Entry {
        id: "fix-all",
        about: "mends all problems of the file that the editor tells of, and others of their kind",
        title: "Fix all in the file:",
        kind: Kind::QuickFix,
        applies: Applies::Problems,
        output: Output::Replace,
        question: None,
        task: "Fix the problems that are listed, wherever they are in the region, and every other place in it that has the very same \
               problem, each with the smallest change that is right. Change nothing else.",
    },
    Entry {
        id: "implement",
        about: "writes what a stub, a TODO or an empty body stands for",
        title: "Implement",
        kind: Kind::Rewrite,
        applies: Applies::Stub,
        output: Output::Replace,
        question: None,
        task: "Write what is missing: what the stub, the TODO or the empty body stands for. Keep the signature. Use only what the file shows \
               or the language's standard library has.",
    },
    Entry {
        id: "rewrite",
        about: "changes the code as you say",
        title: "Rewrite",
        kind: Kind::Rewrite,
        applies: Applies::Code,
        output: Output::Replace,
        question: Some("What should change?"),
        task: "Change the region as the user's instruction says, and nothing else.",
    },
    Entry {
        id: "simplify",
        about: "makes it simpler without changing what it does",
        title: "Simplify",
        kind: Kind::Rewrite,
        applies: Applies::Code,
        output: Output::Replace,
        question: None,
        task: "Make the region simpler and easier to read without changing what it does: same names for the outside, same results, same \
               errors. If it is simple already, return it as it is.",
    },
    Entry {
        id: "optimise",
        about: "makes it faster without changing what it does",
        title: "Optimise",
        kind: Kind::Rewrite,
        applies: Applies::Code,
        output: Output::Replace,
        question: None,
        task: "Make the region faster, or lighter on memory, where that is a real gain: a better algorithm, less copying, less work in loops. \
               Same names for the outside, same results, same errors. If nothing worth while can be gained, return it as it is.",
    },
    Entry {
        id: "types",
        about: "writes down the types of parameters, results and variables",
        title: "Add types to",
        kind: Kind::Rewrite,
        applies: Applies::Untyped,
        output: Output::Replace,
        question: None,
        task: "Write down the types of parameters, results and, where they are not plain, variables, in the way that the language and the \
               file have for it. Change nothing about what the code does. Where a type cannot be known, leave it out.",
    },
    Entry {
        id: "document",
        about: "writes the documentation comment",
        title: "Document",
        kind: Kind::Rewrite,
        applies: Applies::Undocumented,
        output: Output::Comment,
        question: None,
        task: "Write the documentation comment of the definition in the region, in the form that the language's tools read and in the style \
               of the file: what it does and what a caller has to know, not how.",
    },
    Entry {
        id: "translate-comments",
        about: "puts the comments into another language of people; nothing but comments may differ afterwards",
        title: "Translate the comments of",
        kind: Kind::Rewrite,
        applies: Applies::Commented,
        output: Output::Comments,
        question: Some("Into which language?"),
        task: "Translate the comments in the region into the language that the user's instruction names. Leave everything else exactly as it \
               is: code, strings, names, layout, and names of code within comments.",
    },
    Entry {
        id: "rename",
        about: "offers better names for what the cursor is on, and renames it where all its uses are certain",
        title: "Suggest a name for",
        kind: Kind::Rewrite,
        applies: Applies::Name,
        output: Output::Names,
        question: None,
        task: "Suggest better names for what the user has selected, by what it is and does here, in the style of the file. The best first, \
               five at most.",
    },
];

/// What changes nothing, and what is about git.
static MORE_ENTRIES: &[Entry] = &[
    Entry {
        id: "explain",
        about: "says what the code, or the diagnostic, means",
        title: "Explain",
        kind: Kind::Explain,
        applies: Applies::Anything,
        output: Output::Document,
        question: None,
        task: "Explain the region to a programmer who reads it for the first time: what it is for, how it works, what is surprising. If \
               problems are listed, explain what each means here, why it arises and how it is mended. Be brief.",
    },
    Entry {
        id: "explain-problem",
        about: "says what the problem means, why it arises here, and how it is mended",
        title: "Explain the problem:",
        kind: Kind::Explain,
        applies: Applies::Diagnostic,
        output: Output::Document,
        question: None,
        task: "Explain the problems that are listed: what each means, why it arises here, and how it is mended, with the mended lines. Be \
               brief.",
    },
    Entry {
        id: "review",
        about: "looks for mistakes in the code and says what it finds",
        title: "Review",
        kind: Kind::Explain,
        applies: Applies::Code,
        output: Output::Document,
        question: None,
        task: "Review the region as a careful colleague: mistakes first, then risks (errors not handled, limits, races, security), then what \
               is hard to understand. Name the line of each by quoting it. Say nothing about what is good and nothing about taste. If there \
               is nothing to say, say so.",
    },
    Entry {
        id: "translate",
        about: "shows what the code would be in another language of programs",
        title: "Translate",
        kind: Kind::Explain,
        applies: Applies::Code,
        output: Output::Document,
        question: Some("Into which programming language?"),
        task: "Translate the region into the programming language that the user's instruction names, as somebody at home in it would write \
               it, in one fenced code block; below it, say in a few lines what could not be carried over exactly.",
    },
    Entry {
        id: "review-changes",
        about: "looks for mistakes in what has changed since the last commit",
        title: "Review",
        kind: Kind::Explain,
        applies: Applies::Changes,
        output: Output::Document,
        question: None,
        task: "Review the diff as a careful colleague: mistakes first, then risks (errors not handled, limits, races, security), then what is \
               hard to understand. Name the file and quote the line of each. Say nothing about what is good and nothing about taste. If \
               there is nothing to say, say so.",
    },
    Entry {
        id: "commit-message",
        about: "writes the message for what is staged",
        title: "Write a message for",
        kind: Kind::Rewrite,
        applies: Applies::Staged,
        output: Output::Message,
        question: None,
        task: "Write the commit message for the diff: a first line of at most 70 characters that says what the change does, in the style of \
               the last commits' subjects if they are shown; then, only where it is not plain, a blank line and why. No list of files.",
    },
];
