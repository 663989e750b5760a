//! What the next prompts of a document show of other files, chosen beforehand.

use crate::context::{self, Attention, Fragment, Inputs};
use crate::index::Definitions;
use crate::session::Snapshot;

/// Chooses it for a cursor, of what the workspace defines and of what draws attention elsewhere, and lays it on the document's desk. Takes
/// milliseconds: call it off the way of any request.
pub fn get_ready(
    snapshot: &Snapshot,
    cursor: usize,
    definitions: &Definitions,
    attention: &Attention,
) {
    let Some(tree) = &snapshot.tree else {
        return;
    };
    let settings = &snapshot.settings.context;
    let behind = snapshot.text.len_bytes().saturating_sub(cursor);
    let (_, tokens) = context::shares(settings.max_tokens, cursor, behind);
    let inputs = Inputs {
        path: &snapshot.path(),
        folder: &snapshot.shown_from(),
        text: &snapshot.text,
        tree,
        cursor,
        definitions,
        attention,
        sources: &settings.sources,
        tokens,
    };
    let previous = snapshot.desk.prepared();
    let mut prepared = context::prepare(&inputs, Some(&previous));
    let policy = &snapshot.settings.policy;
    if policy.has_paths() || snapshot.is_apart {
        let document = context::shown_path(inputs.path, inputs.folder);
        let fragments = prepared.fragments.iter();
        // A file of another folder is under that folder's rules, which are not known here.
        let may_be_shown =
            |one: &&Fragment| one.is_within && policy.may_accompany(&one.file, &document);
        prepared.fragments = fragments.filter(may_be_shown).cloned().collect();
    }
    snapshot.desk.lay(prepared);
}
