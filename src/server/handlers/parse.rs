//! Parsing behind the editor's back: after an edit, on a thread of its own, one parse per document at a time, and of all documents no more at a time
//! than there are processors: an editor that opens a thousand at once would else have the system run a thread for each.

use std::sync::Arc;
use std::time::Duration;

use ropey::Rope;

use super::super::backend::Shared;
use super::context;

/// How long a parse waits after an edit. A request that follows the edit is on its way by then and need not share the processor, and of
/// edits at full speed only the last is parsed.
const AFTER_EDIT: Duration = Duration::from_millis(20);

/// How much longer for each byte, in nanoseconds: three times what parsing it takes, so that typing in a long document does not keep a processor
/// busy. 3 MB wait for 90 ms more.
const NANOS_PER_BYTE: u64 = 30;

/// Brings a document's tree and the embedded engine's picture of it up to date now, since it was opened.
pub fn begin(shared: &Arc<Shared>, uri: &str) {
    begin_after(shared, uri, Duration::ZERO);
}

/// Brings them up to date soon, since it was edited.
pub fn schedule(shared: &Arc<Shared>, uri: &str) {
    let length = shared.session().text(uri).map_or(0, Rope::len_bytes);
    begin_after(shared, uri, after_edit(length));
}

fn after_edit(bytes: usize) -> Duration {
    AFTER_EDIT + Duration::from_nanos(bytes as u64 * NANOS_PER_BYTE)
}

fn begin_after(shared: &Arc<Shared>, uri: &str, wait: Duration) {
    feed_engine(shared, uri);
    if shared.session().claim_parse(uri) {
        tokio::spawn(parse(shared.clone(), uri.to_owned(), wait));
    }
}

/// Parses on a thread of its own until the tree is that of the text.
async fn parse(shared: Arc<Shared>, uri: String, mut wait: Duration) {
    loop {
        tokio::time::sleep(wait).await;
        wait = shared
            .session()
            .text(&uri)
            .map_or(AFTER_EDIT, |text| after_edit(text.len_bytes()));
        // Nobody closes it.
        let Ok(place) = shared.parsing.acquire().await else {
            return;
        };
        let Some(job) = shared.session().begin_parse(&uri) else {
            return;
        };
        let parsing = shared.background.run(move || (job.run(), job));
        let Ok((tree, job)) = parsing.await else {
            tracing::error!("the parser panicked; the document goes on without a syntax tree");
            return;
        };
        let is_over = shared.session().end_parse(&job, tree).is_break();
        // With it goes most of the tree before this one, which takes as long as the rest of a completion does.
        shared.background.run(move || drop(job));
        drop(place);
        if is_over {
            context::refresh(&shared, &uri).await;
            return;
        }
    }
}

/// Hands the text to the embedded engine, if completions may go to it. O(1) here; the engine reads it in its own time.
fn feed_engine(shared: &Shared, uri: &str) {
    let session = shared.session();
    if !session.may_use_engine() && !session.is_confined(uri) {
        return;
    }
    if let Some(text) = session.text(uri) {
        shared.engine.update(uri, text.clone());
    }
}
