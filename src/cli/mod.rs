//! The command line: one file per subcommand.
//!
//! Entry point: [`main`]. Answers go to stdout, progress and complaints to stderr; colours only to a terminal, and never with `NO_COLOR`.

mod complete;
mod config;
mod doctor;
mod models;
mod parts;
mod place;
mod progress;
mod serve;
mod style;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  byok-lsp complete src/main.rs:12:9        what would be suggested at line 12, column 9
  byok-lsp complete src/main.rs:12:9 --json --model ollama/qwen2.5-coder:1.5b
  byok-lsp doctor                           what is configured, what works, what to do
  byok-lsp models --provider openrouter     its models, what they can do and what they cost
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
    /// Say what is configured, what works and what to do.
    Doctor(doctor::Arguments),
    /// Say which models there are, what they can do and what they cost.
    Models(models::Arguments),
    /// Show settings: where they live, what they come to, their JSON schema.
    Config(config::Arguments),
    /// Print a shell's completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the program with the process's arguments and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
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
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "byok-lsp", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    outcome.unwrap_or_else(|error| {
        style::complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
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
    let filter = tracing_subscriber::EnvFilter::try_from_env("BYOK_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A log that is already there is one that a test installed.
    let _ = log.try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_make_sense() {
        Arguments::command().debug_assert();
    }
}
