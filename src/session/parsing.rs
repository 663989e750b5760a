//! Parses of documents, which take place elsewhere: what one is of, and what comes back.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use ropey::Rope;

use super::Session;
use crate::syntax::SyntaxTree;

/// A parse that is due.
pub struct ParseJob {
    uri: Arc<str>,
    text: Rope,
    tree: SyntaxTree,
}

impl ParseJob {
    /// Parses; milliseconds for an edit, up to a second for a new document, so it belongs on a thread of its own.
    pub fn run(&self) -> Option<SyntaxTree> {
        self.tree.parsed(&self.text, PARSE_DEADLINE)
    }
}

/// A text that takes longer to parse stays without a current tree.
const PARSE_DEADLINE: Duration = Duration::from_secs(2);

impl Session {
    /// Returns whether the caller is to parse a document: it is due, and nobody else is about to.
    pub fn claim_parse(&mut self, uri: &str) -> bool {
        let Some(open) = self.documents.get_mut(uri) else {
            return false;
        };
        let is_due = open.tree.as_ref().is_some_and(|tree| !tree.is_current());
        is_due && !std::mem::replace(&mut open.is_parsing, true)
    }

    /// Returns what is to be parsed, for the one who [claimed](Self::claim_parse) it; `None` if it is not due any more.
    pub fn begin_parse(&mut self, uri: &str) -> Option<ParseJob> {
        let (uri, _) = self.documents.get_key_value(uri)?;
        let uri = uri.clone();
        let open = self.documents.get_mut(&uri)?;
        let Some(tree) = open.tree.as_ref().filter(|tree| !tree.is_current()) else {
            open.is_parsing = false;
            return None;
        };
        Some(ParseJob {
            text: open.document.text().clone(),
            tree: tree.clone(),
            uri,
        })
    }

    /// Takes a parse's result over, edits made meanwhile included. Breaks if that brings the tree up to date, or the document is closed;
    /// continues if another parse is due.
    pub fn end_parse(&mut self, job: &ParseJob, tree: Option<SyntaxTree>) -> ControlFlow<()> {
        let Some(open) = self.documents.get_mut(&job.uri) else {
            return ControlFlow::Break(());
        };
        if let (Some(parsed), Some(current)) = (tree, open.tree.as_mut()) {
            current.adopt(&parsed);
            if !current.is_current() {
                return ControlFlow::Continue(());
            }
        }
        open.is_parsing = false;
        // A parse that ran out of time would do so again; the next edit brings another try.
        ControlFlow::Break(())
    }
}
