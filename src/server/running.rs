//! The code actions that run, so that the editor can take one back, and a closed document's are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::gateway::Interrupt;

/// The running actions by their progress token. Clones are the same table.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    /// How many actions there were; a token is never given again.
    count: u64,
    running: HashMap<String, (Arc<str>, Interrupt)>,
}

/// A running action; dropping it takes it off the table.
pub struct Entry {
    table: Running,
    /// The name of its progress.
    pub token: String,
    /// Tells when it is to end.
    pub interrupt: Interrupt,
}

impl Running {
    /// Enters an action on a document.
    pub fn begin(&self, uri: Arc<str>) -> Entry {
        let interrupt = Interrupt::default();
        let mut table = self.lock();
        table.count += 1;
        let token = format!("byok.action-{}", table.count);
        table
            .running
            .insert(token.clone(), (uri, interrupt.clone()));
        Entry {
            table: self.clone(),
            token,
            interrupt,
        }
    }

    /// Takes back the action of a token, if it runs.
    pub fn cancel(&self, token: &str) {
        if let Some((_, interrupt)) = self.lock().running.get(token) {
            interrupt.cancel();
        }
    }

    /// Takes back what runs for a document.
    pub fn end(&self, uri: &str) {
        for (_, interrupt) in self.lock().running.values().filter(|(it, _)| **it == *uri) {
            interrupt.cancel();
        }
    }

    /// Takes back all, whether their user wants that or the server is to end, and returns how many there were.
    pub fn end_all(&self) -> usize {
        let table = self.lock();
        for (_, interrupt) in table.running.values() {
            interrupt.cancel();
        }
        table.running.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.table.lock().running.remove(&self.token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_taken_back_by_its_token_or_with_its_document() {
        let table = Running::default();
        let (a, b) = (table.begin("a".into()), table.begin("b".into()));
        table.cancel(&b.token);
        table.cancel("unknown");
        assert!(b.interrupt.is_over() && !a.interrupt.is_over());
        table.end("a");
        assert!(a.interrupt.is_over());
        drop((a, b));
        assert!(table.lock().running.is_empty());
    }
}
