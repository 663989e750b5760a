//! `byok-lsp serve`: what editors start.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use super::{parts, runtime, start_logs, style};
use crate::index::Shelf;
use crate::logs;
use crate::provider::Http;
use crate::server::{self, Ended, Parts, stdio};

/// Takes nothing but what editors send along by habit.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Ignored: the server always speaks over stdin and stdout.
    #[arg(long, hide = true)]
    stdio: bool,
}

/// How long the log is given to write its last lines.
const FLUSH: Duration = Duration::from_millis(200);

/// Serves until the editor ends the session.
pub fn run(_: &Arguments) -> ExitCode {
    start_logs(true);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        system = std::env::consts::OS,
        "a server begins"
    );
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
    let settings = layers.settings();
    let http = Http::new(&settings.network);
    let ledger = parts::ledger();
    if let Some(days) = settings.ledger.keep_days {
        ledger.keep(days);
    }
    let parts = Parts {
        ledger,
        engine: parts::engine(&settings),
        lists: parts::lists(&http),
        symbols: parts::symbols(&settings, parts::shelf().map(Shelf::new)),
        http,
        layers,
        problems,
        explanations: parts::explanations(),
        hints: parts::hints(),
        substitutes: HashMap::new(),
    };
    let ended = runtime.block_on(async {
        // Made inside the runtime, which tells when they are ready.
        let (input, output) = (stdio::input_until_told(), stdio::output());
        // A task of its own, since it takes a system call to wake the future that a runtime blocks on.
        tokio::spawn(server::run(input, output, parts)).await
    });
    tracing::info!(
        is_proper = matches!(ended, Ok(Ended::Properly)),
        "a server ends"
    );
    logs::flush(FLUSH);
    // Nothing may keep the process: not the thread that still reads stdin, not a provider that does not answer.
    std::process::exit(match ended {
        Ok(Ended::Properly) => 0,
        Ok(Ended::Abruptly) | Err(_) => 1,
    })
}
