//! What became of a suggestion: shown, accepted, rejected, still there after a while.
//!
//! Entry point: [`Note::apply`], on the ledger's thread. Invariants: the order in which fates are told does not matter, and telling one twice
//! changes nothing, so that a batch whose own fate was unclear may be written again; a fate that is told before its call is settled waits for it.

use rusqlite::{Connection, params};

use super::row::CallId;
use super::store::stored;

/// What became of a suggestion. Of several that are told, the best counts: accepted, partly accepted, rejected, shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The user was shown it.
    Shown,
    /// The user was shown it and took nothing of it.
    Rejected,
    /// The user took a part of it, so far this many characters in all.
    PartlyAccepted {
        /// How many characters.
        chars: u64,
    },
    /// The user took all of it.
    Accepted {
        /// How many characters.
        chars: u64,
    },
    /// Half a minute after it was taken, this much of it was still there.
    KeptAfter30s {
        /// How many characters.
        chars: u64,
    },
    /// Five minutes after it was taken, this much of it was still there.
    KeptAfter5min {
        /// How many characters.
        chars: u64,
    },
}

/// A fate on its way to the disk.
#[derive(Debug)]
pub(super) struct Note {
    /// The call that paid for the suggestion.
    pub(super) call: CallId,
    /// Which of its suggestions.
    pub(super) number: u32,
    pub(super) fate: Fate,
}

/// Characters that were counted at the same moment twice are the fewer ones: more was surely not left.
const UPSERT: &str = "
INSERT INTO suggestions VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET fate = max(fate, excluded.fate), accepted_chars = max(accepted_chars, excluded.accepted_chars),
    kept_30s_chars = min(coalesce(kept_30s_chars, excluded.kept_30s_chars), coalesce(excluded.kept_30s_chars, kept_30s_chars)),
    kept_5min_chars = min(coalesce(kept_5min_chars, excluded.kept_5min_chars), coalesce(excluded.kept_5min_chars, kept_5min_chars))";

/// Whatever is kept was taken before, even where nobody came to say so. The values are assigned as one row, for which SQLite needs no table of its
/// own, as it would for one to join with.
const SUM_UP: &str = "
UPDATE calls SET (fate, shown, accepted, accepted_chars, kept_30s_chars, kept_5min_chars, retained_chars) = (
    SELECT CASE max(fate) WHEN 4 THEN 'accepted' WHEN 3 THEN 'partly_accepted' WHEN 2 THEN 'rejected' ELSE 'shown' END,
        count(*), sum(fate >= 3), sum(accepted_chars), sum(coalesce(kept_30s_chars, 0)), sum(coalesce(kept_5min_chars, 0)),
        sum(coalesce(kept_5min_chars, kept_30s_chars, 0))
    FROM suggestions WHERE call = ?1
)
WHERE id = ?1 AND EXISTS (SELECT 1 FROM suggestions WHERE call = ?1)";

/// A suggestion is never longer; what claims to be is taken as this long, so that sums cannot overflow.
const MOST_CHARS: u64 = 1_000_000;

impl Note {
    /// Writes it down, and what it makes of its call.
    pub(super) fn apply(&self, transaction: &Connection) -> rusqlite::Result<()> {
        let (rank, taken, kept_30s, kept_5min) = match self.fate {
            Fate::Shown => (1, 0, None, None),
            Fate::Rejected => (2, 0, None, None),
            Fate::PartlyAccepted { chars } => (3, chars, None, None),
            Fate::Accepted { chars } => (4, chars, None, None),
            Fate::KeptAfter30s { chars } => (3, chars, Some(chars), None),
            Fate::KeptAfter5min { chars } => (3, chars, None, Some(chars)),
        };
        let chars = |chars: u64| stored(chars.min(MOST_CHARS));
        let mut upsert = transaction.prepare_cached(UPSERT)?;
        upsert.execute(params![
            self.call.0,
            self.number,
            rank,
            chars(taken),
            kept_30s.map(chars),
            kept_5min.map(chars),
        ])?;
        sum_up(transaction, &self.call)
    }
}

/// Brings a call's own columns in line with what is known of its suggestions. A call that is not there yet is brought in line when it is added.
pub(super) fn sum_up(transaction: &Connection, call: &CallId) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(SUM_UP)?
        .execute([&call.0])
        .map(drop)
}
