//! What the rules about files come to for each open document.
//!
//! Invariants: a document's head is looked at when it is opened, when an edit touches it and when other markers are named; where links lead from its path, when
//! it is opened and when ignore files change; its settings are worked out once
//! for each state of its folder's settings and of these, so that a snapshot takes what is there. Whatever changes what may be shown to whom begins
//! a new [era](Session::era): what was chosen for a prompt in an earlier one is not shown.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use super::{Open, Session};
use crate::config::{About, Settings};
use crate::context::shown_path;
use crate::syntax::Language;
use crate::workspace::{Markers, Marks, Real, Standing};

/// A document's settings, and those of its folder that they were worked out from.
#[derive(Default)]
pub(super) struct Ruled(RefCell<Option<(Arc<Settings>, Arc<Settings>)>>);

impl Ruled {
    /// Returns the settings for a document, of its folder's.
    pub(super) fn of(
        &self,
        settings: &Arc<Settings>,
        about: impl FnOnce() -> Arc<Settings>,
    ) -> Arc<Settings> {
        if !settings.policy.has_paths() {
            return settings.clone();
        }
        let mut known = self.0.borrow_mut();
        match &*known {
            Some((of, ruled)) if Arc::ptr_eq(of, settings) => ruled.clone(),
            _ => {
                let ruled = about();
                *known = Some((settings.clone(), ruled.clone()));
                ruled
            }
        }
    }

    /// Has it worked out anew.
    fn forget(&mut self) {
        *self.0.get_mut() = None;
    }
}

/// What a document's editor was told of how far it gets.
#[derive(Default)]
pub(super) struct Told {
    words: Option<String>,
    /// Whether nothing has happened since that might change it.
    is_sure: bool,
}

/// Returns a document's settings: its folder's, with what the rules about files add for it.
pub(super) fn for_file(
    settings: &Arc<Settings>,
    path: Option<&Path>,
    real: Option<&Real>,
    folder: Option<&Path>,
    language: Option<Language>,
    marks: &Marks,
) -> Arc<Settings> {
    if !settings.policy.has_paths() {
        return settings.clone();
    }
    let text = |path: Option<&Path>| {
        path.map_or_else(String::new, |path| path.to_string_lossy().into_owned())
    };
    // In no folder it is judged by all of its path, so that a rule such as `**/secret/**` holds there too.
    let judged = match folder {
        Some(_) => shown_path(&text(path), &text(folder)),
        None => text(path).replace('\\', "/"),
    };
    let about = About {
        path: &judged,
        real: real.map(|real| &*real.path),
        language,
        marks,
    };
    match settings.policy.for_file(&about) {
        Some(policy) => Arc::new(Settings {
            policy,
            ..(**settings).clone()
        }),
        None => settings.clone(),
    }
}

impl Open {
    /// Returns whether its text is shown beside no other document.
    pub(super) fn is_withheld(&self) -> bool {
        self.standing.confined.is_some() || self.standing.is_ignored
    }

    /// Notes how far it may go, and returns what was known of that before.
    pub(super) fn stand(&mut self, standing: Standing) -> Standing {
        if standing.real != self.standing.real {
            self.ruled.forget();
            self.told.is_sure = false;
        }
        std::mem::replace(&mut self.standing, standing)
    }

    /// Looks at the document's head; returns whether what stands there is news.
    pub(super) fn look(&mut self, markers: &Markers) -> bool {
        let marks = markers.in_text(self.document.text());
        let is_news = marks != self.marks;
        if is_news {
            self.marks = marks;
            self.ruled.forget();
            self.told.is_sure = false;
        }
        is_news
    }
}

impl Session {
    /// Returns the texts that mark a file at its head, for any rule of any folder.
    pub fn markers(&self) -> &Markers {
        &self.markers
    }

    /// Takes over what new settings say of files.
    pub(super) fn settings_changed(&mut self) {
        self.era += 1;
        let everywhere = std::iter::once(&self.settings).chain(self.folders.settings());
        let markers = Markers::of(everywhere.flat_map(|settings| settings.policy.markers()));
        if markers != self.markers {
            for open in self.documents.values_mut() {
                open.look(&markers);
            }
            self.markers = markers;
            let all: Vec<Arc<str>> = self.documents.keys().cloned().collect();
            for uri in all {
                self.note_company(&uri);
            }
        }
        for open in self.documents.values_mut() {
            open.told.is_sure = false;
        }
    }

    /// Returns how far a document gets by the rules about files, in words, if that is not what was returned last. It costs next to nothing where nothing
    /// has changed.
    pub fn news_of(&mut self, uri: &str) -> Option<String> {
        self.documents.get(uri).filter(|open| !open.told.is_sure)?;
        let reach = self.snapshot(uri)?.settings.policy.reach();
        let open = self.documents.get_mut(uri)?;
        let told = Told {
            words: reach.clone(),
            is_sure: true,
        };
        let last = std::mem::replace(&mut open.told, told);
        if last.words == reach {
            return None;
        }
        Some(reach.unwrap_or_else(|| "is under no rule about files any more".into()))
    }
}
