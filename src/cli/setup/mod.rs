//! `byok-lsp setup [EDITOR]`: from an installed program to a first suggestion in the editor.
//!
//! Without a name it says which editors are there and what each needs. With one it makes a [`plan`], shows it as a diff, asks, keeps what it
//! replaces, and then tries the server as the editor will start it. Run twice it does nothing the second time.
//!
//! An editor whose settings we write has a file of its own beside this one; the others' recipes are in `recipes.rs`.

mod change;
mod editor;
mod helix;
mod neovim;
mod plan;
mod recipes;
mod source;
mod trial;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{parts, runtime, style};
use change::Change;
use editor::Editor;
use plan::Plan;
use style::Style;
use trial::Trial;

/// What this program is called.
const PROGRAM: &str = "byok-lsp";

/// Which editor, and how far to go.
#[derive(clap::Args)]
pub struct Arguments {
    /// The editor. Without one: which are installed, and what each needs.
    editor: Option<Editor>,
    /// Write without asking.
    #[arg(long, short)]
    yes: bool,
    /// Only print the file as it would be, or the recipe; change nothing.
    #[arg(long, conflicts_with = "yes")]
    print: bool,
    /// Print JSON. Writes only together with --yes.
    #[arg(long, conflicts_with = "print")]
    json: bool,
    /// The settings file to change, instead of the editor's own.
    #[arg(long, value_name = "FILE", requires = "editor")]
    file: Option<PathBuf>,
}

/// Sets an editor up, or says which there are.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(editor) = arguments.editor else {
        style::print(&overview(arguments.json)?);
        return Ok(ExitCode::SUCCESS);
    };
    runtime()?.block_on(set_up(editor, arguments))
}

async fn set_up(editor: Editor, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let own = std::env::current_exe().context("this program's own path is not known")?;
    let command = command(&own);
    let program = editor.program();
    let file = arguments.file.as_deref();
    let plan = match editor {
        Editor::Neovim if file.is_none() => neovim::plan(&command)?,
        Editor::Helix => helix::plan(program.as_deref(), &command, file).await?,
        _ if file.is_some() => bail!("no file is written for {}", editor.name()),
        _ => recipes::recipe(editor, &command),
    };
    if arguments.print {
        style::print(&printed(&plan));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.json {
        let written = if arguments.yes {
            write(&plan)?
        } else {
            Vec::new()
        };
        let trial = trial::run(&own).await;
        let program = program.as_deref();
        let told = as_json(editor, program, &plan, &written, arguments.yes, &trial);
        style::print(&format!("{told:#}\n"));
        return Ok(exit_code(trial.ok));
    }
    if program.is_none() {
        style::complain(&format!(
            "{} is not on the path; this goes on all the same",
            editor.name()
        ));
    }
    if !agree_and_write(&plan, arguments.yes)? {
        return Ok(ExitCode::FAILURE);
    }
    let trial = trial::run(&own).await;
    let style = Style::stdout();
    let mark = if trial.ok {
        style.good("ok ")
    } else {
        style.bad("fix")
    };
    style::print(&format!("{mark} {}\n\n{}\n", trial.says, plan.steps));
    if trial.ok && !arguments.yes && std::io::stdin().is_terminal() {
        source::offer(&own)?;
    }
    Ok(exit_code(trial.ok))
}

fn exit_code(is_well: bool) -> ExitCode {
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns how an editor starts this program: by its bare name if that finds it, so that the settings also hold on another machine.
fn command(own: &Path) -> String {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let found = editor::find(PROGRAM).and_then(|found| real(&found));
    if found.is_some() && found == real(own) {
        PROGRAM.into()
    } else {
        own.display().to_string()
    }
}

/// Shows the plan, asks, writes. Returns whether all is as it should be.
fn agree_and_write(plan: &Plan, is_agreed: bool) -> anyhow::Result<bool> {
    let style = Style::stdout();
    if plan.is_done() {
        for change in theirs(plan) {
            let path = change.path().display();
            style::print(&format!(
                "{} {path} has it all already\n",
                style.good("ok ")
            ));
        }
        return Ok(true);
    }
    for change in plan.changes.iter().filter(|change| !change.is_made()) {
        let shown = if change.is_ours() {
            format!(
                "{}\n",
                style.good(&format!("+++ {}", change.path().display()))
            )
        } else {
            coloured(&change.diff(), style)
        };
        style::print(&shown);
    }
    if !is_agreed {
        if !std::io::stdin().is_terminal() {
            style::complain("nothing was written: there is no terminal to ask on; --yes writes it");
            return Ok(false);
        }
        if !parts::confirm("Write this?")? {
            style::complain("nothing was written");
            return Ok(false);
        }
    }
    for (path, backup) in write(plan)? {
        let kept = backup.map_or_else(String::new, |backup| {
            format!("; the old one is {}", backup.display())
        });
        style::print(&format!(
            "{} {} written{kept}\n",
            style.good("ok "),
            path.display()
        ));
    }
    Ok(true)
}

/// The changes of files that are the user's.
fn theirs(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().filter(|change| !change.is_ours())
}

/// A file that was written, and where the old one is kept.
type Written = (PathBuf, Option<PathBuf>);

fn write(plan: &Plan) -> anyhow::Result<Vec<Written>> {
    let open = plan.changes.iter().filter(|change| !change.is_made());
    open.map(|change| Ok((change.path().to_owned(), change.make()?)))
        .collect()
}

/// What `--print` prints: the files as they would be; where nothing is written, the recipe.
fn printed(plan: &Plan) -> String {
    let mut files = plan
        .changes
        .iter()
        .filter(|change| !change.is_ours())
        .peekable();
    if files.peek().is_none() {
        return format!("{}\n", plan.steps);
    }
    files.map(Change::new_text).collect()
}

fn as_json(
    editor: Editor,
    program: Option<&Path>,
    plan: &Plan,
    written: &[Written],
    is_agreed: bool,
    trial: &Trial,
) -> Value {
    let change = |change: &Change| {
        let state = match (change.is_made(), is_agreed, change.exists()) {
            (true, ..) => "unchanged",
            (_, false, _) => "planned",
            (_, true, true) => "changed",
            (_, true, false) => "created",
        };
        let written = written.iter().find(|(path, _)| path == change.path());
        let backup = written.and_then(|(_, backup)| backup.as_ref());
        json!({"path": change.path(), "state": state, "diff": (!change.is_ours()).then(|| change.diff()), "backup": backup})
    };
    let changes: Vec<Value> = plan.changes.iter().map(change).collect();
    json!({
        "editor": editor.id(), "program": program, "changes": changes, "trial": trial,
        "steps": plan.steps,
    })
}

/// Says which editors are there.
fn overview(is_json: bool) -> anyhow::Result<String> {
    let found = Editor::ALL.map(|editor| (editor, editor.program()));
    if is_json {
        let found = found.iter().map(|(editor, program)| {
            json!({"editor": editor.id(), "name": editor.name(), "program": program, "needs": needs(*editor)})
        });
        return Ok(serde_json::to_string_pretty(&found.collect::<Vec<_>>())? + "\n");
    }
    let style = Style::stdout();
    let mut out = String::new();
    for (editor, program) in &found {
        let (mark, place) = match program {
            Some(program) => (style.good("found"), program.display().to_string()),
            None => (style.dim("  -  "), "not on the path".into()),
        };
        let _ = writeln!(out, "{mark} {:<13} {place}", editor.name());
        let _ = writeln!(out, "      {:<13} {}", "", style.dim(needs(*editor)));
    }
    let first = found.iter().find(|(_, program)| program.is_some());
    let example = first.map_or("helix", |(editor, _)| editor.id());
    let _ = writeln!(
        out,
        "\n\"byok-lsp setup {example}\" shows what is to be done there and asks before it writes."
    );
    Ok(out)
}

/// Says in a few words what an editor needs.
fn needs(editor: Editor) -> &'static str {
    match editor {
        Editor::Vscode => "the extension",
        Editor::Neovim => "the plugin, and a line that starts it; written for you",
        Editor::Helix => {
            "a server and its name for each language in languages.toml; written for you"
        }
        Editor::Zed => "an extension that does not exist yet",
        Editor::Emacs => "two lines in init.el",
        Editor::Sublime => "the LSP package and a client in its settings",
        Editor::Kate => "a server in its LSP client's settings",
        Editor::Jetbrains => "the LSP4IJ plugin and a server in it",
    }
}

/// Colours a diff as people know it.
fn coloured(diff: &str, style: Style) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => style.good(line),
        Some(b'-') => style.bad(line),
        _ => style.dim(line),
    };
    diff.lines().map(|it| line(it) + "\n").collect()
}
