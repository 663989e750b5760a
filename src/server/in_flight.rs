//! Which completion runs for which document: a newer one takes an older one's place, since Neovim and Helix never cancel.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::gateway::Interrupt;

/// The running completions by document. Clones are the same table.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<Table>>);

/// The number and the interrupt of each document's running completion.
type Table = HashMap<Arc<str>, (u64, Interrupt)>;

/// A running completion; dropping it takes it off the table.
pub struct Ticket {
    table: InFlight,
    uri: Arc<str>,
    number: u64,
    /// Tells when a newer one takes its place.
    pub interrupt: Interrupt,
}

impl InFlight {
    /// Enters a completion and supersedes the one that ran for the document.
    pub fn begin(&self, uri: Arc<str>) -> Ticket {
        let interrupt = Interrupt::default();
        let mut table = self.lock();
        let number = table.get(&uri).map_or(0, |(number, _)| number + 1);
        if let Some((_, older)) = table.insert(uri.clone(), (number, interrupt.clone())) {
            older.supersede();
        }
        Ticket {
            table: self.clone(),
            uri,
            number,
            interrupt,
        }
    }

    /// Supersedes all, so that each is answered before the server ends.
    pub fn end_all(&self) {
        for (_, interrupt) in self.lock().values() {
            interrupt.supersede();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut table = self.table.lock();
        if table
            .get(&self.uri)
            .is_some_and(|(number, _)| *number == self.number)
        {
            table.remove(&self.uri);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_request_supersedes_the_older_of_the_same_document_only() {
        let table = InFlight::default();
        let (a1, b) = (table.begin("a".into()), table.begin("b".into()));
        let a2 = table.begin("a".into());
        assert!(a1.interrupt.is_superseded());
        assert!(!a2.interrupt.is_superseded() && !b.interrupt.is_superseded());
    }

    #[test]
    fn an_older_request_that_ends_leaves_the_newer_on_the_table() {
        let table = InFlight::default();
        let a1 = table.begin("a".into());
        let a2 = table.begin("a".into());
        drop(a1);
        table.end_all();
        assert!(a2.interrupt.is_superseded());
        drop(a2);
        assert!(table.lock().is_empty());
    }
}
