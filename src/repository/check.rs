//! The user's own check of a changed text: a program of theirs, on a copy.
//!
//! Entry point: [`complaint`]. The program is named by the user's own file alone, is started without a shell, in an environment without keys, and has
//! a deadline; what it prints is cut. It may well run what the workspace holds (a build does), which is why nobody but the user can name it.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ignore::WalkBuilder;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::process_group::{self, ProcessGroup};
use crate::scrub;

/// How long the program may take.
const LIMIT: Duration = Duration::from_mins(1);

/// How long copying may take, and how much is copied.
const COPYING: Duration = Duration::from_secs(20);
const MOST_FILES: usize = 20_000;
const MOST_BYTES: u64 = 200 * 1024 * 1024;

/// How much of what the program says is read, and how much is told.
const READ_BYTES: u64 = 64 * 1024;
const TOLD_CHARS: usize = 4000;

/// What stands for the file's path among the arguments.
const FILE: &str = "{file}";

/// A check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables that it does not inherit.
    pub without: Vec<OsString>,
}

/// A file as it was and as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its path within the workspace's folder.
    pub path: String,
    /// Its text now; `None` if it is to be created.
    pub old: Option<String>,
    /// Its text afterwards.
    pub new: String,
}

/// Returns what the program complains about after a change, if it complained about nothing before; `None` also where it cannot be run, which
/// is logged.
pub async fn complaint(check: &Check, folder: &Path, changed: &[Changed]) -> Option<String> {
    match tried(check, folder, changed).await {
        Ok(complaint) => complaint,
        Err(reason) => {
            tracing::warn!(%reason, "the configured check was not run");
            None
        }
    }
}

async fn tried(
    check: &Check,
    folder: &Path,
    changed: &[Changed],
) -> Result<Option<String>, String> {
    let is_of_file = check.argv.iter().any(|word| word.contains(FILE));
    let (from, files) = (folder.to_owned(), changed.to_vec());
    let copying = tokio::task::spawn_blocking(move || {
        let copy = tempfile::tempdir().map_err(|error| error.to_string())?;
        if !is_of_file {
            copy_all(&from, copy.path())?;
        }
        write(copy.path(), &files, |file| Some(&file.new))?;
        Ok::<_, String>(copy)
    });
    let copy = copying.await.map_err(|error| error.to_string())??;
    let Some(told) = run(check, copy.path(), changed).await? else {
        return Ok(None);
    };
    // What it complains about anyway is no fault of the answer.
    write(copy.path(), changed, |file| file.old.as_ref())?;
    let before = run(check, copy.path(), changed).await?;
    Ok(before.is_none().then_some(told))
}

/// Copies a workspace, but for what its ignore files leave out, links, and git's own folder.
fn copy_all(from: &Path, to: &Path) -> Result<(), String> {
    let deadline = Instant::now() + COPYING;
    let (mut files, mut bytes) = (0, 0);
    let walk = WalkBuilder::new(from)
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    for entry in walk.flatten() {
        let Ok(relative) = entry.path().strip_prefix(from) else {
            continue;
        };
        let place = to.join(relative);
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_dir()) {
            std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
        } else if kind.is_some_and(|kind| kind.is_file()) {
            files += 1;
            bytes += entry.metadata().map_or(0, |it| it.len());
            if files > MOST_FILES || bytes > MOST_BYTES || Instant::now() > deadline {
                return Err("the workspace is too large to be copied".into());
            }
            std::fs::copy(entry.path(), &place).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Writes each file in one of its states; a state that is none is a file that is not there.
fn write(
    copy: &Path,
    files: &[Changed],
    text: impl Fn(&Changed) -> Option<&String>,
) -> Result<(), String> {
    for file in files {
        let place = copy.join(&file.path);
        let done = match text(file) {
            Some(text) => place
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&place, text)),
            None => std::fs::remove_file(&place),
        };
        done.map_err(|error| format!("{}: {error}", file.path))?;
    }
    Ok(())
}

/// Runs the program in the copy; returns what it says if it fails.
async fn run(check: &Check, copy: &Path, changed: &[Changed]) -> Result<Option<String>, String> {
    let path = changed.first().map_or("", |file| file.path.as_str());
    let path = copy.join(path);
    let words = check
        .argv
        .iter()
        .map(|it| it.replace(FILE, &path.to_string_lossy()));
    let words: Vec<String> = words.collect();
    let (program, arguments) = words.split_first().ok_or("no program is named")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(copy)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for variable in &check.without {
        command.env_remove(variable);
    }
    // A build starts programs of its own, which are to end with it.
    process_group::apart(&mut command);
    let mut child = command
        .spawn()
        .map_err(|error| format!("{program} cannot be started ({error})"))?;
    let _group = ProcessGroup::of(&child);
    let (Some(output), Some(complaints)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("its output cannot be read".into());
    };
    let talk = async {
        let (printed, complained) = tokio::join!(read(output), read(complaints));
        (printed, complained, child.wait().await)
    };
    let talk = tokio::time::timeout(LIMIT, talk).await;
    let (printed, complained, status) =
        talk.map_err(|_| format!("{program} took more than {} s", LIMIT.as_secs()))?;
    if status.map_err(|error| error.to_string())?.success() {
        return Ok(None);
    }
    let told = format!("{complained}\n{printed}").replace(&*copy.to_string_lossy(), ".");
    let told = scrub::scrub_keys(told.trim());
    Ok(Some(told.chars().take(TOLD_CHARS).collect()))
}

async fn read(mut pipe: impl tokio::io::AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let mut start = (&mut pipe).take(READ_BYTES);
    let _ = start.read_to_end(&mut bytes).await;
    // The rest is read and forgotten, or the program would wait for ever to be rid of it.
    let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn changed(old: &str, new: &str) -> Vec<Changed> {
        vec![Changed {
            path: "src/a.txt".into(),
            old: Some(old.into()),
            new: new.into(),
        }]
    }

    async fn told(script: &str, changed: &[Changed]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/a.txt"), "good\n").unwrap();
        std::fs::write(folder.path().join("beside.txt"), "good\n").unwrap();
        let check = Check {
            argv: ["sh", "-c", script, "sh", "{file}"]
                .map(str::to_owned)
                .to_vec(),
            without: vec!["CARGO_MANIFEST_DIR".into()],
        };
        let mut whole = check.clone();
        whole.argv.pop();
        let check = if script.contains("$1") { check } else { whole };
        let told = complaint(&check, folder.path(), changed).await;
        let left = std::fs::read_to_string(folder.path().join("src/a.txt")).unwrap();
        assert_eq!(left, "good\n", "the workspace itself is left alone");
        told
    }

    #[tokio::test]
    async fn a_change_that_makes_the_check_complain_is_told_and_one_that_does_not_is_not() {
        let script = "grep -q bad \"$1\" && { echo \"no: $(cat $1)\"; exit 1; }; exit 0";
        assert_eq!(
            told(script, &changed("good\n", "bad\n")).await.as_deref(),
            Some("no: bad")
        );
        assert_eq!(told(script, &changed("good\n", "fine\n")).await, None);
        // It complained before.
        assert_eq!(told(script, &changed("bad\n", "bad too\n")).await, None);
    }

    #[tokio::test]
    async fn without_the_files_name_the_copy_is_of_the_workspace() {
        let script = "test -f beside.txt && ! grep -q bad src/a.txt";
        assert_eq!(told(script, &changed("good\n", "fine\n")).await, None);
        assert_eq!(
            told(script, &changed("good\n", "bad\n")).await.as_deref(),
            Some("")
        );
    }

    #[tokio::test]
    async fn it_sees_no_variable_that_holds_a_key_and_what_it_says_is_cut() {
        let script =
            "test -z \"$CARGO_MANIFEST_DIR\" || exit 0; yes $1 | head -c 300000; grep -qv bad $1";
        let told = told(script, &changed("good\n", "bad\n")).await.unwrap();
        assert_eq!(told.chars().count(), TOLD_CHARS);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_no_complaint() {
        let check = Check {
            argv: vec!["byok-lsp-no-such-program".into(), "{file}".into()],
            without: Vec::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            complaint(&check, folder.path(), &changed("a", "b")).await,
            None
        );
    }
}
