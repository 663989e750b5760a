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

use crate::scrub;
use crate::workspace::HEAD;

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
    #[error("git took more than {} s and was stopped", LIMIT.as_secs())]
    TooSlow,
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
        let (diff, is_cut) = git.diff(since, &choice.shown).await?;
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
        .unwrap_or(Err(Failure::TooSlow))
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
struct Git {
    top: PathBuf,
    /// Arguments that switch the repository's filters off.
    without_filters: Vec<String>,
}

impl Git {
    async fn of(folder: &Path) -> Result<Self, Failure> {
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
        let mut heads = BTreeMap::new();
        for (number, name) in names.iter().enumerate() {
            let mut texts = Vec::new();
            if number >= MOST_FILES {
                texts.push(None);
            } else {
                match self.head(&format!("HEAD:{name}")).await {
                    Ok(head) => texts.push(Some(head)),
                    // It is new.
                    Err(Failure::Refused(_)) => {}
                    Err(_) => texts.push(None),
                }
                if others.contains(name) {
                    texts.push(self.head(&format!(":0:{name}")).await.ok());
                }
            }
            heads.insert(name.clone(), texts);
        }
        Ok(heads)
    }

    async fn head(&self, object: &str) -> Result<Vec<u8>, Failure> {
        let arguments = ["cat-file", "blob", object];
        let head = self.bytes(&arguments, HEAD as u64).await;
        head.map(|(head, _)| head)
    }

    /// Returns the files that have changed since a commit, or since they were staged, as paths from the top. Of one that was renamed that is the old name and
    /// the new one.
    async fn changed(&self, since: Option<&str>) -> Result<BTreeSet<String>, Failure> {
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

    /// Returns the diff of these files alone.
    async fn diff(&self, since: &str, files: &[String]) -> Result<(String, bool), Failure> {
        let mut arguments = vec![
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-relative",
            "--ignore-submodules=all",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--unified=5",
            since,
            "--",
        ];
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

    /// The same, to the byte.
    async fn bytes(&self, arguments: &[&str], most: u64) -> Result<(Vec<u8>, bool), Failure> {
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
        let mut child = command
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn changes(folder: &Path, which: Which) -> Result<Changes, Failure> {
        super::changes(folder, which, true, |path, head| {
            let is_marked = head.is_some_and(|head| head.starts_with(b"denied"));
            !path.ends_with("denied.txt") && !is_marked
        })
        .await
    }

    /// A repository with one commit.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "-b", "main"]);
        std::fs::write(folder.path().join("a.txt"), "one\n").unwrap();
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-q", "-m", "a: begin"]);
        folder
    }

    fn git(folder: &Path, arguments: &[&str]) {
        let status = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    }

    #[tokio::test]
    async fn a_file_whose_mark_a_change_takes_away_is_in_no_diff() {
        let folder = repository();
        let path = folder.path();
        for name in ["gone.txt", "unmarked.txt"] {
            std::fs::write(path.join(name), "denied\nsecret\n").unwrap();
        }
        git(path, &["add", "."]);
        git(path, &["commit", "-q", "-m", "b: marked"]);
        std::fs::write(path.join("a.txt"), "two\n").unwrap();
        std::fs::write(path.join("unmarked.txt"), "open\nsecret\n").unwrap();
        std::fs::remove_file(path.join("gone.txt")).unwrap();
        for which in [Which::All, Which::Staged] {
            let changes = changes(path, which).await.unwrap();
            assert!(changes.diff.contains("-one\n+two"), "{changes:?}");
            assert!(!changes.diff.contains("secret"), "{changes:?}");
            git(path, &["add", "-A"]);
        }
    }

    #[tokio::test]
    async fn what_is_staged_and_what_is_not_are_told_apart() {
        let folder = repository();
        let path = folder.path();
        assert_eq!(changes(path, Which::All).await, Err(Failure::Nothing));
        std::fs::write(path.join("a.txt"), "two\n").unwrap();
        let all = changes(path, Which::All).await.unwrap();
        assert!(
            all.diff.contains("-one\n+two") && all.subjects.is_empty(),
            "{all:?}"
        );
        assert_eq!(
            changes(path, Which::Staged).await,
            Err(Failure::NothingStaged)
        );
        git(path, &["add", "."]);
        std::fs::create_dir(path.join("below")).unwrap();
        let staged = changes(&path.join("below"), Which::Staged).await.unwrap();
        assert!(staged.diff.contains("-one\n+two") && !staged.is_cut);
        assert_eq!(staged.subjects, ["a: begin"]);
    }

    #[tokio::test]
    async fn what_must_not_be_shown_is_in_no_diff_whatever_became_of_it() {
        let folder = repository();
        let path = folder.path();
        let write = |name: &str, text: &str| {
            let path = path.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let long = "a line that stays\n".repeat(20);
        write("denied.txt", &format!("{long}old-secret\n"));
        write("moved/denied.txt", &format!("{long}moved-secret\n"));
        write("gone/denied.txt", "gone-secret\n");
        write("file", "an ordinary file\n");
        git(path, &["add", "."]);
        git(path, &["commit", "-q", "-m", "b: more"]);
        write("a.txt", "two\n");
        write("denied.txt", &format!("{long}new-secret\n"));
        // Renamed to a name that may be shown: what it was is not told.
        std::fs::rename(path.join("moved/denied.txt"), path.join("moved/open.txt")).unwrap();
        write("moved/open.txt", &long);
        std::fs::remove_file(path.join("gone/denied.txt")).unwrap();
        // Where a file became a folder, its name stands for what is in there.
        std::fs::remove_file(path.join("file")).unwrap();
        write("file/denied.txt", "folder-secret\n");
        write("na me\n\u{e9}/denied.txt", "quoted-secret\n");
        git(path, &["add", "."]);
        for which in [Which::All, Which::Staged] {
            let told = changes(path, which).await.unwrap();
            assert!(told.diff.contains("-one\n+two"), "{told:?}");
            assert!(told.diff.contains("moved/open.txt"), "{told:?}");
            assert!(!told.diff.contains("secret"), "{}", told.diff);
            assert_eq!(told.withheld, 6, "{told:?}");
        }
        git(path, &["checkout", "-q", "HEAD", "--", "a.txt"]);
        git(path, &["rm", "-q", "-f", "moved/open.txt"]);
        for which in [Which::All, Which::Staged] {
            assert_eq!(changes(path, which).await, Err(Failure::Withheld));
        }
    }

    #[tokio::test]
    async fn many_files_are_cut_and_nothing_is_shown_of_the_rest() {
        let folder = repository();
        for number in 0..MOST_FILES + 5 {
            std::fs::write(folder.path().join(format!("f{number:04}")), "x\n").unwrap();
        }
        git(folder.path(), &["add", "."]);
        let staged = changes(folder.path(), Which::Staged).await.unwrap();
        assert!(staged.is_cut);
        assert_eq!(staged.diff.matches("\ndiff --git").count() + 1, MOST_FILES);
    }

    #[tokio::test]
    async fn what_is_staged_is_judged_where_the_disk_has_another_text_by_now() {
        let folder = repository();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("b.txt", "denied: seen\n");
        write("c.txt", "shown\n");
        git(folder.path(), &["add", "."]);
        write("b.txt", "harmless\n");
        write("c.txt", "denied, but not staged\n");
        let staged = changes(folder.path(), Which::Staged).await.unwrap();
        assert!(staged.diff.contains("+shown"), "{staged:?}");
        assert!(!staged.diff.contains("denied"), "{staged:?}");
        assert_eq!(staged.withheld, 1);
    }

    #[tokio::test]
    async fn a_folder_without_repository_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let told = changes(folder.path(), Which::All).await.unwrap_err();
        assert!(
            told.to_string().contains("is not in a git repository"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn a_long_diff_is_cut_at_a_line() {
        let folder = repository();
        let long = "0123456789abcdef\n".repeat(20_000);
        std::fs::write(folder.path().join("a.txt"), long).unwrap();
        let all = changes(folder.path(), Which::All).await.unwrap();
        assert!(all.is_cut && all.diff.len() < 100 * 1024);
        assert!(all.diff.ends_with("+0123456789abcdef"));
    }

    #[tokio::test]
    async fn nothing_that_a_hostile_repository_names_is_run_and_nothing_outside_is_read() {
        let folder = repository();
        let path = folder.path();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("a.txt"), "a secret of somebody else\n").unwrap();
        let mark = outside.path().join("ran");
        let script = path.join("evil.sh");
        std::fs::write(
            &script,
            format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display()),
        )
        .unwrap();
        std::os::unix::fs::PermissionsExt::set_mode(
            &mut std::fs::metadata(&script).unwrap().permissions(),
            0o755,
        );
        let run = format!("sh {}", script.display());
        for (key, value) in [
            ("core.fsmonitor", run.as_str()),
            ("core.pager", &run),
            ("diff.external", &run),
            ("diff.evil.command", &run),
            ("diff.evil.textconv", &run),
            ("filter.evil.clean", &run),
            ("filter.evil.smudge", &run),
            ("filter.evil.process", &run),
            ("filter.evil.required", "true"),
            ("core.hooksPath", "."),
            ("core.sshCommand", &run),
            ("gpg.program", &run),
            ("log.showSignature", "true"),
            ("core.worktree", outside.path().to_str().unwrap()),
        ] {
            let config = path.join(".git/config");
            git(
                outside.path(),
                &["config", "--file", config.to_str().unwrap(), key, value],
            );
        }
        std::fs::write(path.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
        std::fs::write(path.join("a.txt"), "two\n").unwrap();
        let all = changes(path, Which::All).await.unwrap();
        assert!(all.diff.contains("-one\n+two"), "{all:?}");
        assert!(!all.diff.contains("secret"), "{all:?}");
        let _ = changes(path, Which::Staged).await;
        assert!(!mark.exists(), "a program of the repository was run");
    }
}
