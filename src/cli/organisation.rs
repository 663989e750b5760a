//! `byok-lsp organisation`: whether an organisation's file holds.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::style::Style;
use super::{parts, start_log, style};
use crate::config::{Organisation, OrganisationKey, OrganisationPlace, OrganisationState};

const EXAMPLES: &str = "\
Making one:
  minisign -G -p organisation.pub -s organisation.key       a pair of keys, once; the secret one stays with you
  minisign -S -s organisation.key -m organisation.toml      sign the file, after raising its serial
  byok-lsp organisation check organisation.toml --key-file organisation.pub";

/// What to do with it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Check the files that hold on this machine, or one before it is handed out. Exits with 1 if one is not valid.
    Check {
        /// A file that is to be handed out; its signature lies beside it.
        #[arg(value_name = "FILE", requires = "key")]
        file: Option<PathBuf>,
        /// The public key, as minisign prints it.
        #[arg(long, value_name = "KEY", group = "key", requires = "file")]
        public_key: Option<String>,
        /// The file that the public key lies in.
        #[arg(long, value_name = "FILE", group = "key", requires = "file")]
        key_file: Option<PathBuf>,
        /// Print JSON: {v, files: [{file, isValid, name, serial, problem}]}.
        #[arg(long)]
        json: bool,
    },
}

/// Says it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    let Command::Check {
        file,
        public_key,
        key_file,
        json,
    } = &arguments.command;
    let files = if let Some(file) = file {
        let text = public_key.clone().map(OrganisationKey::Text);
        let key = text.or_else(|| key_file.clone().map(OrganisationKey::File));
        let key = key.context("name its key: --public-key or --key-file")?;
        ensure!(file.is_file(), "there is no file {}", file.display());
        let place = OrganisationPlace {
            file: file.clone(),
            key,
        };
        // Looking at a file is not yet seeing it as one that holds.
        vec![Organisation::load(place, None)]
    } else {
        let (layers, _) = parts::configuration();
        let files = layers.organisations().iter();
        files.map(|file| (**file).clone()).collect()
    };
    let are_valid = files.iter().all(|file| file.problem().is_none());
    let text = if *json {
        let files: Vec<Value> = files.iter().map(as_json).collect();
        format!("{:#}\n", json!({"v": 1, "files": files}))
    } else {
        in_words(&files, Style::stdout())
    };
    style::print(&text);
    Ok(if are_valid {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn as_json(file: &Organisation) -> Value {
    let path = file.place.file.display().to_string();
    match &file.state {
        OrganisationState::Valid { name, serial, .. } => {
            json!({"file": path, "isValid": true, "name": name, "serial": serial})
        }
        OrganisationState::Invalid(why) => {
            json!({"file": path, "isValid": false, "problem": why})
        }
    }
}

fn in_words(files: &[Organisation], style: Style) -> String {
    if files.is_empty() {
        return "No organisation's file is named on this machine.\n".to_owned();
    }
    let line = |file: &Organisation| {
        let path = file.place.file.display();
        match &file.state {
            OrganisationState::Valid { name, serial, .. } => {
                let name = name.as_deref().unwrap_or("no name");
                let name: String = name.chars().filter(|char| !char.is_control()).collect();
                style.good(&format!("{path}: valid, serial {serial} ({name})"))
            }
            OrganisationState::Invalid(why) => style.bad(&format!("{path}: not valid: {why}")),
        }
    };
    let lines: Vec<String> = files.iter().map(line).collect();
    lines.join("\n") + "\n"
}
