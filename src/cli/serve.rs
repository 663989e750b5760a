//! `byok-lsp serve`: what editors start.

use std::collections::HashMap;
use std::process::ExitCode;

use super::{parts, runtime, start_log, style};
use crate::provider::Http;
use crate::server::{self, Ended, Parts};

/// Takes nothing but what editors send along by habit.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Ignored: the server always speaks over stdin and stdout.
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Serves until the editor ends the session.
pub fn run(_: &Arguments) -> ExitCode {
    start_log();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            style::complain(&format!(
                "the machine gives no threads ({error}); close some programs and try again"
            ));
            return ExitCode::FAILURE;
        }
    };
    let (layers, problems) = parts::configuration();
    let parts = Parts {
        ledger: parts::ledger(),
        engine: parts::engine(&layers.settings()),
        http: Http::default(),
        layers,
        problems,
        substitutes: HashMap::new(),
    };
    let ended = match unbuffered_stdout() {
        Ok(output) => runtime.block_on(server::run(std::io::stdin(), output, parts)),
        Err(_) => runtime.block_on(server::run(std::io::stdin(), std::io::stdout(), parts)),
    };
    // Nothing may keep the process: not the thread that still reads stdin, not a provider that does not answer.
    std::process::exit(match ended {
        Ended::Properly => 0,
        Ended::Abruptly => 1,
    })
}

/// Returns stdout as it is. The library's own writes what stands before a line break at once and keeps the rest back for a second write, so
/// that each message would go out in two pieces.
fn unbuffered_stdout() -> std::io::Result<std::fs::File> {
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&std::io::stdout()).try_clone_to_owned()?;
    Ok(own.into())
}
