//! Which branch is checked out in a workspace, for the ledger's rows.
//!
//! Entry points: [`Branches::ask`] and [`Branches::of`]. Git is not run: the one small file that names the branch is read, by a thread of its own,
//! since a disk may hang and the ledger must not. Invariants: a row waits for a branch no longer than [`PATIENCE`], once for each workspace; after
//! that the last known one counts, and is looked at anew when it is older than [`FRESH`]; nothing in a repository is run or written.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a row may wait for the first answer.
const PATIENCE: Duration = Duration::from_millis(20);

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(2);

/// No file that names a branch is larger.
const LARGEST: u64 = 4 * 1024;

/// How many workspaces are remembered.
const MOST: usize = 64;

/// The branches of the workspaces that calls were made from.
#[derive(Default)]
pub(super) struct Branches {
    known: HashMap<String, Known>,
    reader: Option<Reader>,
}

struct Known {
    branch: Option<String>,
    asked: Instant,
    /// Whether the first answer came, or was waited for in vain.
    is_settled: bool,
}

struct Reader {
    questions: mpsc::Sender<String>,
    answers: mpsc::Receiver<(String, Option<String>)>,
}

impl Branches {
    /// Returns the branch that is checked out in a folder, as far as it is known.
    pub(super) fn of(&mut self, folder: &str) -> Option<String> {
        self.ask(folder);
        self.wait_for(folder, PATIENCE);
        self.known.get(folder)?.branch.clone()
    }

    /// Has the branch of a folder looked at, unless that was done a short while ago; waits for nothing.
    pub(super) fn ask(&mut self, folder: &str) {
        self.take_answers();
        let known = self.known.get(folder);
        if known.is_some_and(|known| known.asked.elapsed() < FRESH) {
            return;
        }
        if self.known.len() >= MOST && known.is_none() {
            self.known.clear();
        }
        let known = self.known.entry(folder.to_owned()).or_insert(Known {
            branch: None,
            asked: Instant::now(),
            is_settled: false,
        });
        known.asked = Instant::now();
        if self.reader.is_none() {
            self.reader = Reader::start();
        }
        if let Some(reader) = &self.reader {
            // A reader that hangs is asked no more than every workspace now and then; what it was asked waits.
            let _ = reader.questions.send(folder.to_owned());
        }
    }

    /// Waits for the first answer about a folder.
    fn wait_for(&mut self, folder: &str, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self
            .known
            .get(folder)
            .is_some_and(|known| !known.is_settled)
        {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self.reader.as_ref().map(|it| it.answers.recv_timeout(left));
            if let Some(Ok((of, branch))) = answer {
                self.remember(&of, branch);
            } else if let Some(known) = self.known.get_mut(folder) {
                known.is_settled = true;
            }
        }
    }

    fn take_answers(&mut self) {
        let answers: Vec<_> = self
            .reader
            .as_ref()
            .map(|reader| reader.answers.try_iter().collect())
            .unwrap_or_default();
        for (folder, branch) in answers {
            self.remember(&folder, branch);
        }
    }

    fn remember(&mut self, folder: &str, branch: Option<String>) {
        if let Some(known) = self.known.get_mut(folder) {
            known.branch = branch;
            known.is_settled = true;
        }
    }
}

impl Reader {
    /// Starts the thread, which ends when nobody asks any more.
    fn start() -> Option<Self> {
        let (questions, asked) = mpsc::channel::<String>();
        let (answer, answers) = mpsc::channel();
        let thread = std::thread::Builder::new().name("branches".into());
        let run = move || {
            for folder in asked {
                let branch = branch_in(Path::new(&folder));
                if answer.send((folder, branch)).is_err() {
                    return;
                }
            }
        };
        thread.spawn(run).ok()?;
        Some(Self { questions, answers })
    }
}

/// Reads which branch is checked out in a folder or in the nearest one above it.
fn branch_in(folder: &Path) -> Option<String> {
    let git = folder
        .ancestors()
        .map(|folder| folder.join(".git"))
        .find(|git| git.exists())?;
    let head = if git.is_dir() {
        git.join("HEAD")
    } else {
        // A worktree or a submodule: the file says where its own folder is.
        let text = small_file(&git)?;
        let own = PathBuf::from(text.trim().strip_prefix("gitdir:")?.trim());
        git.parent()?.join(own).join("HEAD")
    };
    let text = small_file(&head)?;
    let branch = text.trim().strip_prefix("ref: refs/heads/")?;
    let is_name = !branch.is_empty() && branch.len() <= 255 && !branch.contains(char::is_control);
    is_name.then(|| branch.to_owned())
}

fn small_file(path: &Path) -> Option<String> {
    // A pipe in its place would be waited for.
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(LARGEST)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    fn repository(head: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        fs::create_dir_all(folder.path().join("src")).unwrap();
        fs::write(folder.path().join(".git/HEAD"), head).unwrap();
        folder
    }

    #[test]
    fn the_branch_is_that_of_the_nearest_repository() {
        let folder = repository("ref: refs/heads/feature/x\n");
        assert_eq!(branch_in(folder.path()).as_deref(), Some("feature/x"));
        assert_eq!(
            branch_in(&folder.path().join("src")).as_deref(),
            Some("feature/x")
        );
    }

    #[test]
    fn a_worktree_has_its_own_branch() {
        let main = repository("ref: refs/heads/main\n");
        let own = main.path().join(".git/worktrees/other");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/other\n").unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join(".git"),
            format!("gitdir: {}\n", own.display()),
        )
        .unwrap();
        assert_eq!(branch_in(folder.path()).as_deref(), Some("other"));
    }

    #[test]
    fn no_branch_is_none() {
        let detached = repository("7d05c0c0a1b2c3d4e5f60718293a4b5c6d7e8f90\n");
        assert_eq!(branch_in(detached.path()), None);
        let hostile = repository("ref: refs/heads/a\u{1b}[2Jb\n");
        assert_eq!(branch_in(hostile.path()), None);
    }

    #[test]
    fn the_first_row_already_has_its_branch_and_a_later_one_the_new_one() {
        let folder = repository("ref: refs/heads/main\n");
        let text = folder.path().to_str().unwrap();
        let mut branches = Branches::default();
        let ask = |branches: &mut Branches| {
            branches.ask(text);
            branches.wait_for(text, Duration::from_mins(1));
            branches.known[text].branch.clone()
        };
        assert_eq!(ask(&mut branches).as_deref(), Some("main"));
        fs::write(folder.path().join(".git/HEAD"), "ref: refs/heads/other\n").unwrap();
        assert_eq!(
            ask(&mut branches).as_deref(),
            Some("main"),
            "as it was a moment ago"
        );
        branches.known.clear();
        assert_eq!(ask(&mut branches).as_deref(), Some("other"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_the_file_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        let pipe = folder.path().join(".git/HEAD");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(branch_in(folder.path()), None);
    }
}
