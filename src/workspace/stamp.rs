//! By what a file is known not to have changed since it was read: when it was written, and how long it is.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A file's state at a moment, as the system tells it without reading the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Since 1970.
    modified: Duration,
    length: u64,
}

/// A file that was written a shorter time before it was read may have been written again within the tick of the file system's clock.
const YOUNG: Duration = Duration::from_secs(2);

impl Stamp {
    /// Returns the stamp of a file, if its system tells when it was written.
    pub fn of(metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?;
        Some(Self {
            modified: modified.duration_since(UNIX_EPOCH).ok()?,
            length: metadata.len(),
        })
    }

    /// Returns whether another text of the file would have another stamp, if it was read at `now`.
    pub fn is_sure(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.modified + YOUNG <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_just_now_or_in_the_future_proves_nothing() {
        let stamp = |seconds| Stamp {
            modified: Duration::from_secs(seconds),
            length: 1,
        };
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let sure = [97, 98, 99, 100, 200].map(|seconds| stamp(seconds).is_sure(now));
        assert_eq!(sure, [true, true, false, false, false]);
    }
}
