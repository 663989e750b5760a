//! What has changed, as the `git` program tells it.
//!
//! The program rather than a library: it is there wherever somebody has a repository, knows every format and the user's own trust
//! (`safe.directory`), and the libraries would be a hundred crates, or C, for two diffs.
//!
//! A repository may be hostile: it comes with its own configuration, in which programs can be named. So hooks, the file monitor, external
//! diffs, text conversions and every filter are switched off by arguments, which win over it; no remote is reached, not even for objects that are missing;
//! the work tree is the folder that we found, whatever the configuration says; and the program's environment holds no key.
//!
//! Not every file may be shown. So git is first asked which files have changed, and then for the diff of those that may be, by name: what is
//! not named is not in it. Renames are told apart only among those. What is staged may have another text than the file on the disk: where it has, its head is
//! judged beside the file's.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::blobs::Blobs;
use crate::scrub;

/// How long git may take in all.
const LIMIT: Duration = Duration::from_secs(10);

/// The most of a diff that is read; a model would not look at more.
const MOST_BYTES: u64 = 96 * 1024;

/// The most of the list of changed files that is read.
const MOST_NAMES: u64 = 4 * 1024 * 1024;

/// A diff shows no more files than these, whose names are together no longer than [`MOST_ARGUMENTS`]: some systems take no more arguments.
const MOST_FILES: usize = 200;

/// How long the names of the files may be in all that git is asked about, in bytes.
const MOST_ARGUMENTS: usize = 16 * 1024;

/// How many subjects of commits are shown as a model of style.
const SUBJECTS: &str = "8";

/// Filters are switched off one by one; a repository with more is not looked at.
const MOST_FILTERS: usize = 64;

/// Which changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those of the files, staged or not, since the last commit.
    All,
    /// Those that are staged.
    Staged,
}

/// What has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// A unified diff.
    pub diff: String,
    /// Whether the diff goes on.
    pub is_cut: bool,
    /// How many changed files are not in it, since they must not be shown.
    pub withheld: usize,
    /// The first lines of the last commits' messages.
    pub subjects: Vec<String>,
}

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The folder belongs to no repository.
    #[error("{0} is not in a git repository")]
    NoRepository(String),
    /// There is nothing.
    #[error("git sees no changes there")]
    Nothing,
    /// Nothing is staged.
    #[error("nothing is staged; \"git add\" what the message is to be about")]
    NothingStaged,
    /// What there is must not be shown.
    #[error("what has changed there is only in files that must not leave this machine")]
    Withheld,
    /// The program is not there.
    #[error("git cannot be started ({0}); install it, or put it on the PATH")]
    NoGit(String),
    /// It took too long.
    #[error("git took more than {} s and was stopped", .0.as_secs())]
    TooSlow(Duration),
    /// It said no.
    #[error("git refused: {0}")]
    Refused(String),
}

/// Returns what has changed in the repository that a folder belongs to, in the files that may be shown: by their paths, and, with `by_heads`, by the heads of their
/// other texts that the diff shows lines of: the last commit's, and what is staged where that is not what is on the disk.
pub async fn changes(
    folder: &Path,
    which: Which,
    by_heads: bool,
    may_be_shown: impl Fn(&Path, Option<&[u8]>) -> bool + Send + 'static,
) -> Result<Changes, Failure> {
    let whole = async {
        let git = Git::of(folder).await?;
        let (since, names) = match which {
            Which::Staged => (STAGED, git.changed(Some(STAGED)).await?),
            // A repository without a commit has no HEAD; all of it is new then.
            Which::All => match git.changed(Some("HEAD")).await {
                Err(Failure::Refused(_)) => (STAGED, git.changed(Some(STAGED)).await?),
                other => ("HEAD", other?),
            },
        };
        if names.is_empty() {
            return Err(match which {
                Which::Staged => Failure::NothingStaged,
                Which::All => Failure::Nothing,
            });
        }
        let heads = if by_heads {
            git.heads(since, &names).await?
        } else {
            BTreeMap::new()
        };
        let top = git.top.clone();
        let looking = tokio::task::spawn_blocking(move || {
            Choice::of(&names, |name| {
                let path = top.join(name);
                let mut heads = heads.get(name).into_iter().flatten();
                may_be_shown(&path, None)
                    && heads.all(|head| {
                        let head = head.as_deref();
                        head.is_some_and(|head| may_be_shown(&path, Some(head)))
                    })
            })
        });
        let choice = looking
            .await
            .map_err(|error| Failure::Refused(error.to_string()))?;
        if choice.shown.is_empty() {
            return Err(Failure::Withheld);
        }
        let (diff, is_cut) = git.diff(since, &["--unified=5"], &choice.shown).await?;
        let subjects = match which {
            Which::Staged => git.subjects().await,
            Which::All => Vec::new(),
        };
        Ok(Changes {
            diff: scrub::scrub_keys(&diff),
            is_cut: is_cut || choice.is_cut,
            withheld: choice.withheld,
            subjects,
        })
    };
    tokio::time::timeout(LIMIT, whole)
        .await
        .unwrap_or(Err(Failure::TooSlow(LIMIT)))
}

/// How git is asked for what is staged.
const STAGED: &str = "--cached";

/// Which of the files that have changed are shown.
#[derive(Debug, Default)]
struct Choice {
    shown: Vec<String>,
    withheld: usize,
    is_cut: bool,
}

impl Choice {
    fn of(names: &BTreeSet<String>, may_be_shown: impl Fn(&str) -> bool) -> Self {
        let mut choice = Self::default();
        let mut left = MOST_ARGUMENTS;
        for name in names {
            if choice.shown.len() == MOST_FILES || name.len() >= left {
                choice.is_cut = true;
                break;
            }
            // A name stands for all that is below it too: where a file became a folder, what is in that would come along.
            let below = format!("{name}/");
            let is_folder = names
                .range(below.clone()..)
                .next()
                .is_some_and(|next| next.starts_with(&below));
            if is_folder || !may_be_shown(name) {
                choice.withheld += 1;
                continue;
            }
            left -= name.len() + 1;
            choice.shown.push(name.clone());
        }
        choice
    }
}

/// The program, for one repository.
pub(super) struct Git {
    pub(super) top: PathBuf,
    /// Arguments that switch the repository's filters off.
    without_filters: Vec<String>,
}

impl Git {
    pub(super) async fn of(folder: &Path) -> Result<Self, Failure> {
        let start = folder.to_owned();
        let finding = tokio::task::spawn_blocking(move || top_of(&start));
        let top = finding.await.ok().flatten();
        let none = || Failure::NoRepository(folder.display().to_string());
        let mut git = Self {
            top: top.ok_or_else(none)?,
            without_filters: Vec::new(),
        };
        git.without_filters = git.filters().await?;
        Ok(git)
    }

    /// Returns arguments that empty every command of every filter that the configuration names.
    async fn filters(&self) -> Result<Vec<String>, Failure> {
        let arguments = [
            "config",
            "--includes",
            "--name-only",
            "-z",
            "--get-regexp",
            r"^filter\.",
        ];
        // Git ends with a failure where there is none.
        let (names, is_cut) = match self.run(&arguments).await {
            Err(Failure::Refused(_)) => return Ok(Vec::new()),
            other => other?,
        };
        let mut filters: Vec<&str> = names
            .split('\0')
            .filter_map(|name| Some(name.trim().rsplit_once('.')?.0))
            .collect();
        filters.sort_unstable();
        filters.dedup();
        if is_cut || filters.len() > MOST_FILTERS || filters.iter().any(|it| it.contains('=')) {
            return Err(Failure::Refused(
                "the repository's configuration names filters that cannot be switched off".into(),
            ));
        }
        let off = |filter: &str| {
            ["clean=", "smudge=", "process=", "required=false"]
                .map(|end| ["-c".to_owned(), format!("{filter}.{end}")])
                .concat()
        };
        Ok(filters.into_iter().flat_map(off).collect())
    }

    /// Returns the heads of files' other texts than the disk's; `None` of one that cannot be had.
    async fn heads(
        &self,
        since: &str,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Vec<Option<Vec<u8>>>>, Failure> {
        let others = match since {
            STAGED => self.changed(None).await?,
            _ => BTreeSet::new(),
        };
        let (mut heads, mut blobs) = (BTreeMap::new(), Blobs::of(self));
        for (number, name) in names.iter().enumerate() {
            let mut texts = Vec::new();
            if number >= MOST_FILES {
                texts.push(None);
            } else {
                match blobs.head(&format!("HEAD:{name}")).await {
                    Ok(Some(head)) => texts.push(Some(head)),
                    // It is new.
                    Ok(None) => {}
                    Err(_) => texts.push(None),
                }
                if others.contains(name) {
                    let staged = blobs.head(&format!(":0:{name}")).await;
                    texts.push(staged.ok().flatten());
                }
            }
            heads.insert(name.clone(), texts);
        }
        Ok(heads)
    }

    /// Returns the files that have changed since a commit, or since they were staged, as paths from the top. Of one that was renamed that is the old name and
    /// the new one.
    pub(super) async fn changed(&self, since: Option<&str>) -> Result<BTreeSet<String>, Failure> {
        let mut arguments = vec![
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--no-relative",
            "--ignore-submodules=all",
            "--name-only",
            "-z",
        ];
        arguments.extend(since);
        arguments.push("--");
        let (names, is_cut) = self.run_for(&arguments, MOST_NAMES).await?;
        if is_cut {
            return Err(Failure::Refused("too many files have changed".into()));
        }
        let names = names.split('\0').filter(|name| !name.is_empty());
        Ok(names.map(str::to_owned).collect())
    }

    /// Returns the diff of these files alone, with what else git is told about it.
    pub(super) async fn diff(
        &self,
        since: &str,
        more: &[&str],
        files: &[String],
    ) -> Result<(String, bool), Failure> {
        let mut arguments = vec![
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-relative",
            "--ignore-submodules=all",
            "--src-prefix=a/",
            "--dst-prefix=b/",
        ];
        arguments.extend(more);
        arguments.extend([since, "--"]);
        arguments.extend(files.iter().map(String::as_str));
        self.run(&arguments).await
    }

    async fn subjects(&self) -> Vec<String> {
        let arguments = [
            "log",
            "--no-show-signature",
            "--no-color",
            "-n",
            SUBJECTS,
            "--format=%s",
            "--",
        ];
        let (subjects, _) = self.run(&arguments).await.unwrap_or_default();
        let subjects = subjects
            .lines()
            .map(|line| line.chars().take(100).collect());
        subjects.collect()
    }

    async fn run(&self, arguments: &[&str]) -> Result<(String, bool), Failure> {
        self.run_for(arguments, MOST_BYTES).await
    }

    /// Runs git and returns the whole lines that it prints, up to a limit, and whether it had more to say.
    async fn run_for(&self, arguments: &[&str], most: u64) -> Result<(String, bool), Failure> {
        let (mut printed, is_cut) = self.bytes(arguments, most).await?;
        if is_cut {
            let whole = printed.iter().rposition(|byte| *byte == b'\n');
            printed.truncate(whole.unwrap_or_default());
        }
        Ok((String::from_utf8_lossy(&printed).into_owned(), is_cut))
    }

    /// Returns how git is run so that nothing of a repository's is.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("--no-pager")
            .arg("--literal-pathspecs")
            .args(OFF.iter().flat_map(|off| ["-c", off]))
            .args(&self.without_filters)
            .args(arguments)
            .current_dir(&self.top)
            .env_clear()
            .envs(inherited())
            .env("GIT_WORK_TREE", &self.top)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            // A list of what is allowed, which wins over the repository's own.
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The same as [`run_for`](Self::run_for), to the byte.
    async fn bytes(&self, arguments: &[&str], most: u64) -> Result<(Vec<u8>, bool), Failure> {
        let mut child = self
            .command(arguments)
            .spawn()
            .map_err(|error| Failure::NoGit(error.to_string()))?;
        let refused = |error: std::io::Error| Failure::Refused(error.to_string());
        let (Some(output), Some(complaints)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(Failure::Refused("its output cannot be read".into()));
        };
        let (printed, complained) = tokio::join!(read(output, most), read(complaints, MOST_BYTES));
        let printed = printed.map_err(refused)?;
        let complained = complained.map_err(refused)?;
        let is_cut = printed.len() as u64 > most;
        if is_cut {
            // It would wait for ever to be rid of the rest.
            let _ = child.kill().await;
        } else if !child.wait().await.map_err(refused)?.success() {
            let complained = scrub::scrub(&String::from_utf8_lossy(&complained));
            let line = complained.lines().next().unwrap_or("it did not say why");
            return Err(Failure::Refused(line.chars().take(200).collect()));
        }
        Ok((printed, is_cut))
    }
}

/// What a repository's configuration could make git run.
const OFF: [&str; 8] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    // Not run, but a name of other letters than ASCII's would be another one.
    "core.quotePath=false",
    "core.untrackedCache=false",
    "diff.external=",
    "log.showSignature=false",
    "protocol.allow=never",
];

/// What of our environment git needs; keys are in none of it.
const INHERITED: [&str; 9] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "APPDATA",
    "SYSTEMROOT",
    "TMPDIR",
];

fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
}

/// Returns the folder that holds `.git`, of this one or of one above; a folder in a `.git` belongs to what holds that.
fn top_of(folder: &Path) -> Option<PathBuf> {
    let mut folders = folder.ancestors();
    let is_within = |folder: &&Path| {
        let mut parts = folder.components();
        !parts.any(|part| part.as_os_str() == ".git")
    };
    folders
        .find(|folder| is_within(folder) && folder.join(".git").exists())
        .map(Path::to_owned)
}

async fn read(pipe: impl tokio::io::AsyncRead + Unpin, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(most + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
#[path = "git_tests.rs"]
mod tests;
