//! What an editor needs: files to write, and what only its user can do.

use super::change::Change;

/// What an editor needs.
pub struct Plan {
    /// What is written.
    pub changes: Vec<Change>,
    /// What to do in the editor afterwards, or by hand where nothing can be written.
    pub steps: String,
}

impl Plan {
    /// A plan that leaves everything to the user.
    pub fn by_hand(steps: impl Into<String>) -> Self {
        Self {
            changes: Vec::new(),
            steps: steps.into(),
        }
    }

    /// Tells whether there is nothing to write that is not there already.
    pub fn is_done(&self) -> bool {
        self.changes.iter().all(Change::is_made)
    }
}
