//! `byok-lsp login`: a key without pasting one: the user signs in at the provider in a browser, and the provider hands a key over that is the
//! user's own.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use url::Url;

use super::key::{Desk, check, set_key};
use super::{runtime, start_log, style};
use crate::config::{DEFAULT_LABEL, KeysSettings, LABEL, host_of, is_label};
use crate::credential::sign_in::Challenge;
use crate::credential::{Name, Record, Secret, environment};
use crate::sign_in::{Begun, PATIENCE, PROVIDER, exchange, page_to_paste_from};

/// Where, and how the browser comes back.
#[derive(clap::Args)]
pub struct Arguments {
    /// The provider; openrouter is the one that offers this.
    provider: String,
    /// Paste the code that the page shows, for a machine without a browser.
    #[arg(long)]
    paste: bool,
    /// The port on this machine that the browser comes back to. Default: any that is free.
    #[arg(long, default_value_t = 0, conflicts_with = "paste")]
    port: u16,
    /// Only print the page's address; do not open a browser.
    #[arg(long)]
    no_browser: bool,
    /// The key's label, where you want several.
    #[arg(long, default_value = DEFAULT_LABEL)]
    label: String,
    /// How many seconds you have to sign in.
    #[arg(long, hide = true, default_value_t = PATIENCE.as_secs())]
    limit_s: u64,
}

/// Signs in and stores the key.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    runtime()?.block_on(sign_in(arguments))
}

async fn sign_in(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.provider != PROVIDER {
        bail!(
            "openrouter is the only provider at which other programs may sign you in; store a key of the others with \"byok-lsp key set PROVIDER\""
        );
    }
    if !is_label(&arguments.label) {
        bail!("this is no label for a key; a label is {LABEL}");
    }
    let desk = Desk::open();
    let provider = desk.provider(&arguments.provider)?;
    let key = if arguments.paste {
        let challenge = Challenge::new()?;
        let code = pasted(&page_to_paste_from(provider, &challenge)?)?;
        exchange(&desk.http, provider, &challenge, &code).await?
    } else {
        let begun = Begun::new(provider, arguments.port).await?;
        style::complain(&format!(
            "sign in on this page, within {} s:\n{}",
            arguments.limit_s, begun.page
        ));
        if !arguments.no_browser {
            open_browser(&begun.page, &desk.settings.keys);
        }
        let limit = Duration::from_secs(arguments.limit_s);
        begun.key(&desk.http, provider, limit).await?
    };
    let name = Name {
        provider: provider.name.clone(),
        label: arguments.label.clone(),
    };
    let stored = set_key(
        &desk,
        &desk.settings.keys,
        &name,
        Record::new(key, host_of(&provider.base_url)),
    )
    .await?;
    let checked = check(&desk.http, provider, stored.record.key.header(provider)).await;
    Ok(stored.tell(provider, Some(&checked), false))
}

/// Reads the code that the page shows.
fn pasted(page: &Url) -> anyhow::Result<Secret> {
    style::complain(&format!("sign in on this page, in any browser:\n{page}"));
    let code = if std::io::stdin().is_terminal() {
        rpassword::prompt_password("The code that it shows (it is not shown here): ")
            .context("the terminal cannot be read")?
    } else {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .context("no code came from the pipe")?;
        line
    };
    let code = Secret::new(code);
    if code.is_empty() {
        bail!("no code was given");
    }
    Ok(code)
}

/// Opens the page if that is possible; its address has been printed in any case.
fn open_browser(page: &Url, settings: &KeysSettings) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    for variable in environment::secret_variables(settings) {
        command.env_remove(variable);
    }
    let _ = command
        .arg(page.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
