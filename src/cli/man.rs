//! `byok-lsp man`: the manual pages, from the same words as `--help`. For those who make packages; hidden from everybody else.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::CommandFactory as _;

/// Where to write them.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder; it is made if there is none.
    folder: PathBuf,
}

/// Writes a page for the program and one for each of its subcommands.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(super::Arguments::command(), folder))
        .with_context(|| format!("no pages can be written to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
