//! `byok-lsp route explain`: which model a call would go to, who would pay, and why, without asking anybody; or of a call that was made, by the record
//! that the ledger has of it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use super::place::{project_of, settings_here};
use super::{parts, runtime, start_log, style};
use crate::config::{Settings, TaskClass, WorkspaceFile};
use crate::cost::Ledger;
use crate::cost::estimate::Rough;
use crate::gateway::{Gateway, Record};
use crate::provider::Http;
use crate::routing::{Feature, Need};
use crate::session::Session;
use crate::syntax::Language;
use crate::workspace::{Real, confinement};

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
    /// What kind of work it is: explain, fix, refactor, test, document, commit-message or custom; then the feature is an action.
    #[arg(long, value_parser = class, conflicts_with = "call")]
    task: Option<TaskClass>,
    /// The file that it is about: its workspace's own settings count, and whether it may leave the machine.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Say it of a call that was made, by its name in the ledger, or of the `last` one: what was decided then, and whether the settings still say so.
    #[arg(long, value_name = "ID", conflicts_with = "feature")]
    call: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn class(name: &str) -> Result<TaskClass, String> {
    let known = || TaskClass::ALL.map(|class| class.to_string()).join(", ");
    TaskClass::named(name).ok_or_else(|| format!("there are {}", known()))
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
    let feature = match (arguments.feature, arguments.task) {
        (_, Some(TaskClass::Completion)) | (Wanted::Completion, None) => Feature::Completion,
        (Wanted::Action, _) | (_, Some(_)) => Feature::Action,
    };
    let mut need = Need {
        class: arguments.task,
        ..Need::usual(feature)
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
        need.language = path
            .to_str()
            .and_then(Language::from_path)
            .map(Language::id);
        // As many as the text may have by itself; what else is shown comes on top.
        let bytes = std::fs::metadata(&path).map_or(0, |it| it.len());
        if bytes > 0 && feature == Feature::Completion {
            let most = session.settings().context.max_tokens;
            let tokens = u32::try_from((bytes / 3).min(most)).unwrap_or(u32::MAX);
            need.prompt = Rough::of_tokens(tokens);
        }
    }
    let settings = match &arguments.file {
        Some(file) => {
            let path = std::path::absolute(file)?;
            let real = Real::of(&path, session.folders().next().map(PathBuf::as_path));
            session.settings_at(&path, real.as_ref(), &session.markers().in_file(&path))
        }
        None => Arc::new(settings_here(session.settings())),
    };
    if let Some(call) = &arguments.call {
        return tell(call, &settings, arguments.json);
    }
    let http = Http::new(&settings.network);
    let engine = parts::engine(&settings);
    let reporter = Arc::new(|_| {});
    let gateway = Gateway::new(http, engine, Ledger::in_memory(), reporter);
    runtime()?.block_on(gateway.probe(&settings));
    let explanation = gateway.explain_for(&settings, &need, confined);
    let text = if arguments.json {
        format!("{:#}\n", json!(explanation))
    } else {
        explanation.text
    };
    style::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// How long the ledger may take; a disk that was asleep needs seconds.
const DEADLINE: Duration = Duration::from_mins(1);

/// Says what was decided for a call.
fn tell(call: &str, settings: &Settings, is_json: bool) -> anyhow::Result<ExitCode> {
    let path = parts::ledger_path()
        .filter(|path| path.exists())
        .context("there is no ledger yet, so no call either")?;
    let wanted = (call != "last").then_some(call);
    let kept = Ledger::open(&path).decision(wanted, DEADLINE)?;
    let kept = kept.context(
        "the ledger has no such call, or it was made before decisions were kept; a call's name is the `id` of its byok/usage",
    )?;
    let record: Record = serde_json::from_str(&kept)
        .context("another version of byok-lsp kept what was decided for this call")?;
    let text = if is_json {
        let again = record.recompute(settings);
        let stands = again.map(|again| again == record);
        format!("{:#}\n", json!({"decision": record, "recomputes": stands}))
    } else {
        record.to_text(settings)
    };
    style::print(&text);
    Ok(ExitCode::SUCCESS)
}
