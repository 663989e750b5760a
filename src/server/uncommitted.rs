//! What has changed since the last commit, by the workspace's folders, asked of git behind the editor's back.
//!
//! Entry point: [`Uncommitted::of`], which answers at once by what was known before, and says whether it is time to [ask again](Uncommitted::ask).
//! While somebody types that is every half minute, sooner after a file was saved, and seldom where git has nothing to say: the folder is in no
//! repository, git is not there, or it takes too long.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::context::Changed;
use crate::repository::{self, Failure};
use crate::syntax::Language;

/// How long what was told holds.
const FRESH: Duration = Duration::from_secs(30);

/// The same once something was saved.
const FRESH_AFTER_SAVING: Duration = Duration::from_secs(5);

/// How long nobody is asked after a failure.
const REST: Duration = Duration::from_mins(10);

/// What is known of each folder. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Uncommitted(Arc<Mutex<HashMap<PathBuf, Known>>>);

#[derive(Debug)]
struct Known {
    changed: Arc<[Changed]>,
    /// When it is to be asked again.
    due: Instant,
    is_being_asked: bool,
}

/// That a folder is to be asked about, by whoever holds this. If it is dropped, somebody else may.
#[derive(Debug)]
pub struct Turn {
    all: Uncommitted,
    folder: PathBuf,
}

impl Uncommitted {
    /// Returns what was known last, and the turn to ask anew, if it is time for that.
    pub fn of(&self, folder: &Path, now: Instant) -> (Arc<[Changed]>, Option<Turn>) {
        let mut all = self.all();
        let known = all.entry(folder.to_owned()).or_insert_with(|| Known {
            changed: Arc::default(),
            due: now,
            is_being_asked: false,
        });
        let is_due = known.due <= now && !known.is_being_asked;
        known.is_being_asked |= is_due;
        let turn = is_due.then(|| Turn {
            all: self.clone(),
            folder: folder.to_owned(),
        });
        (known.changed.clone(), turn)
    }

    /// Notes that something was saved somewhere.
    pub fn saved(&self, now: Instant) {
        for known in self.all().values_mut() {
            // Where there is no repository, saving makes none.
            if known.due <= now + FRESH {
                known.due = known.due.min(now + FRESH_AFTER_SAVING);
            }
        }
    }

    /// Forgets a folder that is none of the workspace's any more.
    pub fn forget(&self, folder: &Path) {
        self.all().remove(folder);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks git what has changed in a folder, of the files that may define something that prompts show.
pub async fn changed(folder: &Path) -> Result<Arc<[Changed]>, Failure> {
    let is_code = |path: &Path| {
        let language = path.to_str().and_then(Language::from_path);
        language.is_some_and(|language| !language.is_data())
    };
    let told = repository::changed_lines(folder, is_code).await?;
    let changed = told.into_iter();
    let changed = changed.filter_map(|one| Changed::of(&one.path, one.lines));
    Ok(changed.collect())
}

impl Turn {
    /// Asks git, which takes two seconds at most.
    pub async fn ask(self) {
        let told = changed(&self.folder).await;
        self.note(told, Instant::now());
    }

    fn note(&self, told: Result<Arc<[Changed]>, Failure>, now: Instant) {
        if let Err(failure) = &told {
            tracing::debug!(folder = %self.folder.display(), %failure, "git does not say what has changed");
        }
        let rest = if told.is_ok() { FRESH } else { REST };
        if let Some(known) = self.all.all().get_mut(&self.folder) {
            known.changed = told.unwrap_or_default();
            known.due = now + rest;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(known) = self.all.all().get_mut(&self.folder) {
            known.is_being_asked = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_asked_by_one_at_a_time_every_half_minute_and_soon_after_a_file_was_saved() {
        let all = Uncommitted::default();
        let (folder, mut now) = (Path::new("/w"), Instant::now());
        let turn = all.of(folder, now).1.expect("it was never asked");
        assert!(all.of(folder, now).1.is_none(), "it is being asked");
        let told = Changed::of(Path::new("/w/a.rs"), vec![1..=2]);
        turn.note(Ok(told.into_iter().collect()), now);
        drop(turn);
        assert_eq!(all.of(folder, now).0[0].path, "/w/a.rs");
        now += FRESH_AFTER_SAVING;
        assert!(all.of(folder, now).1.is_none());
        all.saved(now);
        now += FRESH_AFTER_SAVING;
        let turn = all.of(folder, now).1.expect("a file was saved");
        turn.note(Ok(Arc::default()), now);
        drop(turn);
        now += FRESH;
        assert!(all.of(folder, now).1.is_some());
    }

    #[test]
    fn where_git_says_nothing_it_is_left_alone_for_a_while_whatever_is_saved() {
        let all = Uncommitted::default();
        let (folder, mut now) = (Path::new("/w"), Instant::now());
        let turn = all.of(folder, now).1.expect("it was never asked");
        turn.note(Err(Failure::TooSlow(FRESH)), now);
        drop(turn);
        all.saved(now);
        now += FRESH * 2;
        assert!(all.of(folder, now).1.is_none());
        now += REST;
        assert!(all.of(folder, now).1.is_some());
    }

    #[test]
    fn a_turn_that_nobody_takes_to_its_end_is_given_to_the_next() {
        let all = Uncommitted::default();
        let now = Instant::now();
        drop(all.of(Path::new("/w"), now).1);
        assert!(all.of(Path::new("/w"), now).1.is_some());
        all.forget(Path::new("/w"));
        assert!(all.all().is_empty());
    }
}
