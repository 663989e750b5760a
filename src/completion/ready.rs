//! What the next prompts of a document show of other files, chosen beforehand.

use crate::context::{self, Attention, Inputs};
use crate::index::{Definitions, FileSymbols};
use crate::session::{Company, Snapshot};

/// Chooses it for a cursor, of what the workspace defines and of what draws attention elsewhere, as far as the document may have it for company, and lays
/// it on the document's desk. Takes milliseconds: call it off the way of any request.
pub fn get_ready(
    snapshot: &Snapshot,
    cursor: usize,
    definitions: &Definitions,
    attention: &Attention,
    company: &Company,
) {
    let Some(tree) = &snapshot.tree else {
        return;
    };
    let settings = &snapshot.settings.context;
    let behind = snapshot.text.len_bytes().saturating_sub(cursor);
    let (_, tokens) = context::shares(settings.max_tokens, cursor, behind);
    let admits = |file: &FileSymbols| company.admits(&file.path, Some(file.language), &file.marks);
    let inputs = Inputs {
        path: &snapshot.path(),
        folder: &snapshot.shown_from(),
        text: &snapshot.text,
        tree,
        cursor,
        definitions,
        admits: &admits,
        attention,
        sources: &settings.sources,
        tokens,
    };
    let previous = snapshot.desk.prepared();
    let previous = Some(&*previous).filter(|previous| previous.era == snapshot.era);
    let mut prepared = context::prepare(&inputs, previous);
    prepared.era = snapshot.era;
    snapshot.desk.lay(prepared);
}
