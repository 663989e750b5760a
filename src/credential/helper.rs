//! Programs that print a secret: password managers, clouds' command lines. No shell reads the command, nothing of a workspace is looked at,
//! and no provider's key is in the program's environment.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::Secret;
use crate::config::Helper;
use crate::scrub;

/// How long a program may take. One that asks its user for a fingerprint takes a few seconds.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The most that is read of what a program prints; a key is shorter.
const MAX_BYTES: u64 = 64 * 1024;

/// How much of what a program complains about is repeated.
const COMPLAINT_CHARS: usize = 200;

/// Runs a program and returns what it prints; a failure is a clause that begins with the program's name.
pub(super) async fn run(
    helper: &Helper,
    without: &[OsString],
    limit: Duration,
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
    let mut child = command
        .spawn()
        .map_err(|error| format!("{name} cannot be started ({error})"))?;
    let output = child.stdout.take().ok_or("its output cannot be read")?;
    let complaints = child.stderr.take().ok_or("its output cannot be read")?;
    let talk = async {
        let (printed, complained) = tokio::join!(read(output), read(complaints));
        Ok::<_, std::io::Error>((printed?, complained?, child.wait().await?))
    };
    let (printed, complained, status) = tokio::time::timeout(limit, talk)
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

async fn read(pipe: impl tokio::io::AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(MAX_BYTES).read_to_end(&mut bytes).await?;
    Ok(bytes)
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
