//! The edits that a user is looking at, each waiting for a yes or a no.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// The previews that wait, by their name. Clones are the same table.
#[derive(Clone, Default)]
pub struct Previews(Arc<Mutex<HashMap<String, oneshot::Sender<bool>>>>);

/// A preview that waits; dropping it takes it off the table.
pub struct Waiting {
    table: Previews,
    id: String,
    answer: oneshot::Receiver<bool>,
}

impl Previews {
    /// Enters a preview.
    pub fn open(&self, id: &str) -> Waiting {
        let (sender, answer) = oneshot::channel();
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.insert(id.to_owned(), sender);
        Waiting {
            table: self.clone(),
            id: id.to_owned(),
            answer,
        }
    }

    /// Hands an answer to the preview of a name; returns whether it waited.
    pub fn answer(&self, id: &str, is_accepted: bool) -> bool {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = table.remove(id);
        sender.is_some_and(|sender| sender.send(is_accepted).is_ok())
    }
}

impl Waiting {
    /// Waits for the user; a preview that nobody can answer any more is refused.
    pub async fn answer(mut self) -> bool {
        (&mut self.answer).await.unwrap_or(false)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut table = self.table.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_preview_takes_one_answer_and_none_once_it_is_given_up() {
        let previews = Previews::default();
        let waiting = previews.open("a");
        assert!(previews.answer("a", true) && !previews.answer("a", false));
        assert!(waiting.answer().await);
        drop(previews.open("b"));
        assert!(!previews.answer("b", true) && !previews.answer("unknown", true));
    }
}
