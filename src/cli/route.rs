//! `byok-lsp route explain`: which model a call would go to, who would pay, and why, without asking anybody.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::place::project_of;
use super::{parts, runtime, start_log, style};
use crate::config::WorkspaceFile;
use crate::cost::Ledger;
use crate::gateway::Gateway;
use crate::provider::Http;
use crate::routing::Feature;
use crate::session::Session;
use crate::workspace::confinement;

/// What is to be said.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Say which model a call would go to, who would pay, with which key, and why; nothing is asked and nothing is spent.
    Explain(Explain),
}

#[derive(clap::Args)]
struct Explain {
    /// What the call is for.
    #[arg(long, value_enum, default_value_t = Wanted::Completion)]
    feature: Wanted,
    /// The file that it is about: its workspace's own settings count, and whether it may leave the machine.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Wanted {
    /// Ghost text.
    Completion,
    /// A code action.
    Action,
}

/// Says it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Explain(arguments) = &arguments.command;
    start_log();
    let (layers, problems) = parts::configuration();
    for problem in &problems {
        style::complain(&problem.to_string());
    }
    let feature = match arguments.feature {
        Wanted::Completion => Feature::Completion,
        Wanted::Action => Feature::Action,
    };
    let mut session = Session::new(layers);
    let mut confined = None;
    if let Some(file) = &arguments.file {
        let path = std::path::absolute(file)?;
        let project = project_of(&path);
        session.add_folder(project.clone());
        let own = WorkspaceFile::read(&project);
        if let Some(message) = session.set_workspace_file(&project, own) {
            style::complain(&message);
        }
        confined = confinement(&path);
    }
    let settings = session.settings().clone();
    let http = Http::new(&settings.network);
    let engine = parts::engine(&settings);
    let reporter = std::sync::Arc::new(|_| {});
    let gateway = Gateway::new(http, engine, Ledger::in_memory(), reporter);
    runtime()?.block_on(gateway.probe(&settings));
    let explanation = gateway.explain(&settings, feature, confined);
    let text = if arguments.json {
        format!("{:#}\n", json!(explanation))
    } else {
        explanation.text
    };
    style::print(&text);
    Ok(ExitCode::SUCCESS)
}
