//! A damaged file: moved aside, never deleted, and remembered in its successor.
//!
//! Entry points: [`move_aside`], [`lost_in`] and [`accept`]. What the damaged file held is not known any more, so a cap whose span reaches back before
//! the damage cannot be guaranteed: its calls are refused until the span is over or the user accepts that it counts from zero, unless their settings say
//! that calls go on (`budget.when_unsure`). Invariant: a new file that takes a damaged one's place says so from its first moment on, so no process
//! ever takes it for one that nothing was spent by.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::Failure;
use super::moment::Moment;
use super::store::{Place, Store, sibling};
use crate::cost::budget::{Cap, Per};

/// What the user can do about it.
pub(super) const FIX: &str =
    "the span of the cap is over, or you run \"byok-lsp usage --accept-loss\" to count from zero";

/// Moves a damaged file aside and says under which name; `None` if another process has put it right already.
pub(super) fn move_aside(
    path: &Path,
    patience: Duration,
    now: Timestamp,
    moment: Moment,
) -> Result<Option<PathBuf>, Failure> {
    // Of several processes that meet the damage at once, one moves the file; the others must not move its successor.
    let lock = File::create(sibling(path, ".lock")).map_err(|error| Failure::from_io(&error))?;
    lock.try_lock().map_err(|_| Failure::Locked)?;
    let place = Place::File(path.to_owned());
    let sound = Store::open(&place, patience).and_then(|store| {
        let verdict: String = store
            .connection
            .pragma_query_value(None, "quick_check", |row| row.get(0))?;
        Ok(verdict == "ok")
    });
    match sound {
        Ok(true) => return Ok(None),
        Ok(false) | Err(Failure::Corrupt) => {}
        Err(other) => return Err(other),
    }
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
    let mark = format!(".damaged-{stamp}-{}", std::process::id());
    let aside = sibling(path, &mark);
    let successor = successor(path, &aside, now, moment)?;
    replace(path, &aside, &successor).map_err(|error| Failure::from_io(&error))?;
    Ok(Some(aside))
}

/// Makes the file that is to take the damaged one's place.
fn successor(
    path: &Path,
    aside: &Path,
    now: Timestamp,
    moment: Moment,
) -> Result<PathBuf, Failure> {
    let new = sibling(path, &format!(".new-{}", std::process::id()));
    for suffix in ["", "-wal", "-shm"] {
        // Of a process that ended in the middle of this; it need not exist.
        let _ = fs::remove_file(sibling(&new, suffix));
    }
    let store = Store::open(&Place::File(new.clone()), Duration::ZERO)?;
    store.connection.execute(
        "INSERT INTO lost VALUES (?1, ?2, ?3, ?4)",
        params![
            now.as_microsecond(),
            moment.day.0,
            moment.hour,
            aside.display().to_string()
        ],
    )?;
    // Closing folds the journal into the file.
    drop(store);
    Ok(new)
}

/// Puts the new file in the place of the damaged one, which keeps its content under another name.
fn replace(path: &Path, aside: &Path, new: &Path) -> std::io::Result<()> {
    // With a second name first, there is no moment without a file, in which another process would begin one that knows of nothing.
    if fs::hard_link(path, aside).is_err() {
        fs::rename(path, aside)?;
    }
    for suffix in ["-wal", "-shm"] {
        // They need not exist; left there, they would be taken for the new file's.
        let _ = fs::rename(sibling(path, suffix), sibling(aside, suffix));
    }
    fs::rename(new, path)
}

/// Returns when, within the span of a cap, a ledger was lost.
pub(super) fn lost_in(
    connection: &Connection,
    cap: &Cap,
    moment: Moment,
) -> Result<Option<Timestamp>, Failure> {
    let select = match cap.per {
        Per::Request | Per::Session => return Ok(None),
        Per::Hour => "SELECT at_us FROM lost WHERE hour >= ?1 ORDER BY at_us DESC LIMIT 1",
        Per::Day | Per::Month => {
            "SELECT at_us FROM lost WHERE day >= ?1 ORDER BY at_us DESC LIMIT 1"
        }
    };
    let (first, _) = moment.spans(cap.per);
    let mut select = connection.prepare_cached(select)?;
    let at: Option<i64> = select.query_row([first], |row| row.get(0)).optional()?;
    Ok(at.map(|at| Timestamp::from_microsecond(at).unwrap_or_default()))
}

/// Forgets what was lost, so that caps count from zero; returns where the damaged files lie.
pub(super) fn accept(store: &Store) -> Result<Vec<String>, Failure> {
    let mut delete = store
        .connection
        .prepare("DELETE FROM lost RETURNING aside")?;
    let names = delete.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
