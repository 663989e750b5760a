//! Programs that print a secret: password managers, clouds' command lines. No shell reads the command, nothing of a workspace is looked at,
//! and no provider's key is in the program's environment.
//!
//! What counts is what the program itself printed before it ended. One that leaves another behind which holds its pipes, as some that start an
//! agent do, is not waited for any longer; without a terminal at hand, where it is in a group of processes of its own, the rest of that is ended.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::Secret;
use crate::config::Helper;
use crate::process_group::{self, ProcessGroup};
use crate::scrub;

/// How long a program may take. One that asks its user for a fingerprint takes a few seconds.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The most that is read of what a program prints; a key is shorter.
const MAX_BYTES: u64 = 64 * 1024;

/// How much of what a program complains about is repeated.
const COMPLAINT_CHARS: usize = 200;

/// How long what a program printed before it ended may take to come through.
const REST: Duration = Duration::from_millis(100);

/// Runs a program and returns what it prints; a failure is a clause that begins with the program's name.
pub(super) async fn run(
    helper: &Helper,
    without: &[OsString],
    limit: Duration,
) -> Result<Secret, String> {
    // On a terminal it may ask its user for something there, which the system forbids to programs of another group.
    let is_apart = !std::io::stdin().is_terminal();
    run_in(helper, without, limit, is_apart).await
}

async fn run_in(
    helper: &Helper,
    without: &[OsString],
    limit: Duration,
    is_apart: bool,
) -> Result<Secret, String> {
    let (program, arguments) = helper.argv.split_first().ok_or("no program is named")?;
    let name = std::path::Path::new(program)
        .file_name()
        .map_or(program.clone(), |name| name.to_string_lossy().into_owned());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for variable in without {
        command.env_remove(variable);
    }
    // What a relative path in its arguments or its own settings means must not depend on the workspace.
    if let Ok(home) = etcetera::home_dir() {
        command.current_dir(home);
    }
    if is_apart {
        process_group::apart(&mut command);
    }
    let mut child = command
        .spawn()
        .map_err(|error| format!("{name} cannot be started ({error})"))?;
    let _group = is_apart.then(|| ProcessGroup::of(&child));
    let mut output = child.stdout.take().ok_or("its output cannot be read")?;
    let mut complaints = child.stderr.take().ok_or("its output cannot be read")?;
    let (mut printed, mut complained) = (Vec::new(), Vec::new());
    let talk = async {
        let mut reading = std::pin::pin!(async {
            let read = tokio::join!(
                read(&mut output, &mut printed),
                read(&mut complaints, &mut complained)
            );
            read.0.and(read.1)
        });
        let mut ending = std::pin::pin!(child.wait());
        tokio::select! {
            read = &mut reading => {
                read?;
                ending.await
            }
            ended = &mut ending => {
                // Whoever else holds the pipes may never close them.
                if let Ok(read) = tokio::time::timeout(REST, reading).await {
                    read?;
                }
                ended
            }
        }
    };
    let status = tokio::time::timeout(limit, talk)
        .await
        .map_err(|_| {
            format!(
                "{name} took more than {} s and was stopped",
                limit.as_secs_f32()
            )
        })?
        .map_err(|error| format!("{name} cannot be read ({error})"))?;
    // From here on no message can hold what it printed.
    let secret = String::from_utf8(printed).ok().map(Secret::new);
    if !status.success() {
        let complained = String::from_utf8_lossy(&complained);
        let first = complained
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it said nothing");
        // Cut afterwards: half a key is nothing that scrubbing could know.
        let first: String = scrub::scrub(first.trim())
            .chars()
            .take(COMPLAINT_CHARS)
            .collect();
        return Err(format!("{name} ended with {status}: {first}"));
    }
    match secret {
        Some(secret) if !secret.is_empty() => Ok(secret),
        Some(_) => Err(format!("{name} printed nothing")),
        None => Err(format!("{name} printed no text")),
    }
}

async fn read(
    pipe: &mut (impl tokio::io::AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
) -> std::io::Result<()> {
    pipe.take(MAX_BYTES).read_to_end(bytes).await.map(|_| ())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn run_sh(script: &str, limit: Duration) -> Result<Secret, String> {
        let helper = Helper {
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            ttl: Duration::from_secs(1),
        };
        run(&helper, &["PATH".into()], limit).await
    }

    #[tokio::test]
    async fn what_a_program_prints_is_the_key() {
        let secret = run_sh("echo ' sk-canary-4711 '", LIMIT)
            .await
            .expect("a key");
        assert_eq!(secret.expose(), "sk-canary-4711");
    }

    #[tokio::test]
    async fn a_program_that_fails_says_why_without_any_key() {
        let script = "echo sk-canary-4711; echo 'not signed in; sk-canary-4711' >&2; exit 3";
        let told = run_sh(script, LIMIT).await.err().expect("a failure");
        assert_eq!(
            told,
            "sh ended with exit status: 3: not signed in; [redacted]"
        );
        assert!(run_sh("true", LIMIT).await.is_err());
        let absent = Helper {
            argv: vec!["byok-lsp-no-such-program".into()],
            ttl: LIMIT,
        };
        let told = run(&absent, &[], LIMIT).await.err().expect("a failure");
        assert!(told.contains("cannot be started"), "{told}");
    }

    #[tokio::test]
    async fn what_a_program_leaves_behind_is_not_waited_for_and_is_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let pipe = pipe.display();
        // The one that is left behind holds the pipes, and says when it is there; a reader of what it has open sees its end.
        let script = format!(
            "mkfifo {pipe}; (exec 3> {pipe}; echo there >&3; exec sleep 600) & read line < {pipe}; echo sk-canary-4711"
        );
        let helper = Helper {
            argv: vec!["sh".into(), "-c".into(), script],
            ttl: LIMIT,
        };
        let secret = run_in(&helper, &[], Duration::from_mins(5), true).await;
        assert_eq!(secret.expect("a key").expose(), "sk-canary-4711");
        // Opening a pipe that nobody writes to any more without waiting works, and ends at once.
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK;
        let path = folder.path().join("pipe");
        let mut end = std::fs::File::from(
            rustix::fs::open(&path, flags, rustix::fs::Mode::empty()).expect("the pipe"),
        );
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        let mut byte = [0];
        while std::io::Read::read(&mut end, &mut byte).is_err() {
            assert!(std::time::Instant::now() < deadline, "it still runs");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_stopped() {
        let told = run_sh("read forever < /dev/zero", Duration::from_millis(20)).await;
        assert!(told.err().expect("a failure").contains("was stopped"));
    }

    #[tokio::test]
    async fn a_program_does_not_see_the_variables_that_hold_keys() {
        let helper = Helper {
            argv: ["env"].map(str::to_owned).to_vec(),
            ttl: LIMIT,
        };
        let all = run(&helper, &[], LIMIT).await.expect("an environment");
        assert!(all.expose().contains("CARGO_MANIFEST_DIR="));
        let less = run(&helper, &["CARGO_MANIFEST_DIR".into()], LIMIT)
            .await
            .expect("an environment");
        assert!(!less.expose().contains("CARGO_MANIFEST_DIR="));
    }
}
