//! The command line: one file per subcommand.
//!
//! Entry point: [`main`]. Answers go to stdout, progress and complaints to stderr; colours only to a terminal, and never with `NO_COLOR`.

mod audit;
mod bug_report;
mod complete;
mod config;
mod context;
mod doctor;
mod key;
mod login;
mod logs;
mod man;
mod models;
mod organisation;
mod parts;
mod place;
mod prices;
mod privacy;
mod progress;
mod reconcile;
mod route;
mod serve;
mod setup;
mod style;
mod usage;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::cost::Catalogue;
use crate::{logs as log_file, scrub};

const EXAMPLES: &str = "\
Examples:
  byok-lsp setup                            which editors are here, and what each needs
  byok-lsp complete src/main.rs:12:9        what would be suggested at line 12, column 9
  byok-lsp complete src/main.rs:12:9 --json --model ollama/qwen2.5-coder:1.5b
  byok-lsp key set anthropic                store a key, hidden while you type it
  byok-lsp login openrouter                 get one by signing in
  byok-lsp doctor                           what is configured, what works, what to do
  byok-lsp models --provider openrouter     its models, what they can do and what they cost
  byok-lsp route explain                    which model would be asked, who would pay, and why
  byok-lsp prices sonnet                    what models cost you, by which prices
  byok-lsp usage --since 7d                 what was spent on what, and what for nothing
  byok-lsp audit verify                     whether the log of what left the machine is as it was written
  byok-lsp logs --follow                    what the servers do, as they do it
  byok-lsp config path                      where your settings live
  byok-lsp serve                            what editors start";

/// Ghost text in any editor, on your own key.
///
/// Without a key it completes from the patterns of your own code, on this machine, for nothing.
#[derive(Parser)]
#[command(name = "byok-lsp", version, after_help = EXAMPLES, arg_required_else_help = false)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve an editor over stdin and stdout. The default when stdin is not a terminal.
    Serve(serve::Arguments),
    /// Print what would be suggested at a place in a file, through the very engine that editors use.
    Complete(complete::Arguments),
    /// Set an editor up: write or print what it needs, and try it.
    Setup(setup::Arguments),
    /// Store, list, test and remove keys.
    Key(key::Arguments),
    /// Get a key by signing in at a provider.
    Login(login::Arguments),
    /// Say what is configured, what works and what to do.
    Doctor(doctor::Arguments),
    /// Say which models there are, what they can do and what they cost.
    Models(models::Arguments),
    /// Say what models cost you and how that is known; take newer prices.
    Prices(prices::Arguments),
    /// Say which model would be asked, and why.
    Route(route::Arguments),
    /// Say what was spent on what, and what for nothing.
    Usage(usage::Arguments),
    /// Show the log of what left this machine, and whether it is as it was written.
    Audit(audit::Arguments),
    /// Say whether your organisation's file holds, and check one before it is handed out.
    Organisation(organisation::Arguments),
    /// Compare the ledger with what a provider says it counted.
    Reconcile(reconcile::Arguments),
    /// Show what the servers noted of what they did, as it comes if you like.
    Logs(logs::Arguments),
    /// Write a file for a report of a fault, without keys, and say what is in it. Nothing is sent.
    BugReport(bug_report::Arguments),
    /// Show settings: where they live, what they come to, their JSON schema.
    Config(config::Arguments),
    /// Write the manual pages into a folder.
    #[command(hide = true)]
    Man(man::Arguments),
    /// Print a shell's completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the program with the process's arguments and returns its exit code.
pub fn main() -> ExitCode {
    privacy::guard();
    if let Some(path) = parts::prices_path() {
        Catalogue::keep_at(path);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return complain_of_arguments(&error),
    };
    let command = match arguments.command {
        Some(command) => command,
        None if std::io::stdin().is_terminal() => {
            // Somebody typed the bare name and would wait for ever for a prompt.
            let _ = Arguments::command().print_help();
            return ExitCode::from(2);
        }
        None => Command::Serve(serve::Arguments::default()),
    };
    let outcome = match command {
        Command::Serve(arguments) => return serve::run(&arguments),
        Command::Complete(arguments) => complete::run(&arguments),
        Command::Setup(arguments) => setup::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Login(arguments) => login::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Prices(arguments) => prices::run(&arguments),
        Command::Route(arguments) => route::run(&arguments),
        Command::Usage(arguments) => usage::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Organisation(arguments) => organisation::run(&arguments),
        Command::Reconcile(arguments) => reconcile::run(&arguments),
        Command::Logs(arguments) => logs::run(&arguments),
        Command::BugReport(arguments) => bug_report::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "byok-lsp", &mut script);
            style::print(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    };
    let code = outcome.unwrap_or_else(|error| {
        style::complain(&format!("{error:#}"));
        ExitCode::FAILURE
    });
    if let Some(fault) = style::fault() {
        style::complain(&format!("stdout cannot be written: {fault}"));
        return ExitCode::FAILURE;
    }
    code
}

/// Prints what is wrong with the arguments, or the help that was asked for. A key that somebody put among them is not repeated.
fn complain_of_arguments(error: &clap::Error) -> ExitCode {
    let rendered = error.render();
    if error.use_stderr() {
        let _ = write!(std::io::stderr(), "{}", scrub::scrub(&rendered.to_string()));
    } else if std::io::stdout().is_terminal() {
        style::print(&rendered.ansi().to_string());
    } else {
        style::print(&rendered.to_string());
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Starts the runtime that everything asynchronous runs on. One thread, since the work that takes time is on others: handing a request from
/// thread to thread costs more than all that is done with it.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Sends the log to stderr, which editors keep: warnings, or what `BYOK_LOG` asks for (such as `byok_lsp=debug`).
fn start_log() {
    start_logs(false);
}

/// Does so, and has the server write its log file besides.
fn start_logs(has_file: bool) {
    let filter = EnvFilter::try_from_env("BYOK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let stderr = tracing_subscriber::fmt::layer()
        .with_writer(privacy::Log)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(filter);
    let path = has_file.then(parts::log_path).flatten();
    let file = path.and_then(|path| log_file::layer(path, parts::log_settings()));
    // A log that is already there is one that a test installed.
    let _ = tracing_subscriber::registry()
        .with(stderr)
        .with(file)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_make_sense() {
        Arguments::command().debug_assert();
    }
}
