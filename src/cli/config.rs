//! `byok-lsp config`: where the settings live, what they come to, and their schema.

use std::process::ExitCode;

use anyhow::Context as _;

use super::place::settings_here;
use super::{parts, style};
use crate::config;
use crate::provider::Http;

/// What to show.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print where your file is, whether or not it exists.
    Path,
    /// Print the JSON schema of all settings, for editors that check them while you type.
    Schema,
    /// Check your file and say each mistake.
    Check,
}

/// Shows it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match arguments.what {
        What::Path => {
            let path = config::user_file()
                .context("this system tells no home folder; set BYOK_CONFIG to the file's path")?;
            style::print(&format!("{}\n", path.display()));
        }
        What::Schema => style::print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&config::schema())?
        )),
        What::Check => {
            let (layers, problems) = parts::configuration();
            for problem in &problems {
                style::complain(&problem.to_string());
            }
            if !problems.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
            let settings = settings_here(&layers.settings());
            if let Some(doubt) = parts::lists(&Http::new(&settings.network)).doubt(&settings) {
                style::complain(&doubt);
            }
            style::print(&format!(
                "no mistakes; completions go to {}\n",
                settings.model
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
