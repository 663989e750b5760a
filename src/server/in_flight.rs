//! Which completion runs for which document: a newer one takes an older one's place, since Neovim and Helix never cancel.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::gateway::Interrupt;

/// The running completions by document. Clones are the same table.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    /// How many completions there were; the number of a running one is never given again.
    count: u64,
    running: HashMap<Arc<str>, (u64, Interrupt)>,
}

/// A running completion; dropping it takes it off the table.
pub struct Ticket {
    table: InFlight,
    uri: Arc<str>,
    number: u64,
    /// Tells when it is to end.
    pub interrupt: Interrupt,
}

impl InFlight {
    /// Enters a completion and supersedes the one that ran for the document.
    pub fn begin(&self, uri: Arc<str>) -> Ticket {
        let interrupt = Interrupt::default();
        let mut table = self.lock();
        table.count += 1;
        let number = table.count;
        let entry = (number, interrupt.clone());
        if let Some((_, older)) = table.running.insert(uri.clone(), entry) {
            older.supersede();
        }
        Ticket {
            table: self.clone(),
            uri,
            number,
            interrupt,
        }
    }

    /// Takes back what runs for a document, so that it is answered with nothing.
    pub fn end(&self, uri: &str) {
        if let Some((_, interrupt)) = self.lock().running.get(uri) {
            interrupt.cancel();
        }
    }

    /// Takes back all, so that each is answered before the server ends.
    pub fn end_all(&self) {
        for (_, interrupt) in self.lock().running.values() {
            interrupt.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let running = &mut self.table.lock().running;
        if running
            .get(&self.uri)
            .is_some_and(|(number, _)| *number == self.number)
        {
            running.remove(&self.uri);
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
        assert!(a1.interrupt.is_over());
        assert!(!a2.interrupt.is_over() && !b.interrupt.is_over());
    }

    #[test]
    fn an_older_request_that_ends_leaves_the_newer_on_the_table() {
        let table = InFlight::default();
        let a1 = table.begin("a".into());
        let a2 = table.begin("a".into());
        drop(a1);
        table.end_all();
        assert!(a2.interrupt.is_over());
        drop(a2);
        assert!(table.lock().running.is_empty());
    }

    #[test]
    fn an_old_ticket_never_takes_a_newer_one_off_the_table() {
        let table = InFlight::default();
        let a1 = table.begin("a".into());
        drop(table.begin("a".into()));
        let a3 = table.begin("a".into());
        drop(a1);
        table.end("a");
        assert!(a3.interrupt.is_over());
    }
}
