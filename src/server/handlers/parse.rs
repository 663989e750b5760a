//! Parsing behind the editor's back: after an edit, on a thread of its own, one parse per document at a time.

use std::sync::Arc;

use super::super::backend::Shared;

/// Brings a document's tree and the embedded engine's picture of it up to date, soon.
pub fn schedule(shared: &Arc<Shared>, uri: &str) {
    feed_engine(shared, uri);
    let Some(mut job) = shared.session().begin_parse(uri) else {
        return;
    };
    let (shared, uri) = (shared.clone(), uri.to_owned());
    tokio::task::spawn_blocking(move || {
        loop {
            let tree = job.run();
            let mut session = shared.session();
            if session.end_parse(&job, tree).is_break() {
                return;
            }
            match session.begin_parse(&uri) {
                Some(next) => job = next,
                None => return,
            }
        }
    });
}

/// Hands the text to the embedded engine, if completions may go to it. O(1) here; the engine reads it in its own time.
fn feed_engine(shared: &Shared, uri: &str) {
    let session = shared.session();
    if !session.settings().may_use_engine() {
        return;
    }
    if let Some(snapshot) = session.snapshot(uri) {
        shared.engine.update(uri, snapshot.text);
    }
}
