//! What of a session draws attention besides the text at the cursor: where the cursor was in other documents, and what was complained about.

use tokio::time::Instant;

use super::recent::Recent;
use super::{Company, Session, Snapshot, path_of};
use crate::context::{Attention, Viewed};

/// A complaint further from the cursor than this is about something else, in bytes.
const NEAR: usize = 1_500;

/// Where the cursor was, and what was complained about last.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) places: Recent,
    complaint: Option<Complaint>,
}

/// What other servers said of a place, as far as the editor told.
#[derive(Debug)]
struct Complaint {
    uri: std::sync::Arc<str>,
    opening: u64,
    at: usize,
    messages: Vec<String>,
}

impl Session {
    /// Notes that the editor asked about a place.
    pub fn note_viewed(&mut self, snapshot: &Snapshot, cursor: usize) {
        let text = &snapshot.text;
        let line = text.byte_to_line(cursor.min(text.len_bytes()));
        let now = Instant::now();
        self.looked.places.note(&snapshot.uri, line..=line, now);
    }

    /// Notes what the editor says is complained about at a place; nothing, if nothing is.
    pub fn note_complaints(&mut self, snapshot: &Snapshot, at: usize, messages: Vec<String>) {
        let old = self.looked.complaint.as_ref();
        let is_of_elsewhere =
            old.is_some_and(|old| old.uri != snapshot.uri || old.at.abs_diff(at) > NEAR);
        if messages.is_empty() && is_of_elsewhere {
            return;
        }
        self.looked.complaint = Some(Complaint {
            uri: snapshot.uri.clone(),
            opening: snapshot.stamp().opening,
            at,
            messages,
        });
    }

    /// Returns what draws attention to other places while a document is edited at a cursor, as far as it may be shown in its company.
    pub fn attention(&self, snapshot: &Snapshot, cursor: usize, company: &Company) -> Attention {
        let elsewhere = self.looked.places.groups();
        let viewed = elsewhere
            .filter(|place| place.uri != snapshot.uri)
            .filter(|place| {
                let open = self.documents.get(&place.uri);
                open.is_some_and(|open| !open.is_withheld())
            })
            .filter_map(|place| {
                Some(Viewed {
                    path: path_of(&place.uri)?.to_str()?.to_owned(),
                    line: u32::try_from(place.line).ok()?,
                })
            });
        let complaint = self.looked.complaint.as_ref().filter(|one| {
            one.uri == snapshot.uri
                && one.opening == snapshot.stamp().opening
                && one.at.abs_diff(cursor) <= NEAR
        });
        Attention {
            edited: self.edited_elsewhere(snapshot, company),
            viewed: viewed.collect(),
            complaints: complaint.map_or_else(Vec::new, |one| one.messages.clone()),
            // No session knows that.
            changed: std::sync::Arc::default(),
        }
    }
}
