//! `byok-lsp login`: a key without pasting one: the user signs in at the provider in a browser, and the provider hands a key over that is the
//! user's own.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use url::Url;

use super::key::{Desk, check, set_key};
use super::{runtime, start_log, style};
use crate::config::{DEFAULT_LABEL, LABEL, host_of, is_label};
use crate::credential::sign_in::{Callback, Challenge, key_of};
use crate::credential::{Name, Record, Secret, environment};
use crate::provider::{Error, endpoint};

/// How long the user may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long the provider may take to hand the key over.
const EXCHANGE: Duration = Duration::from_secs(30);

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
    if arguments.provider != "openrouter" {
        bail!(
            "openrouter is the only provider at which other programs may sign you in; store a key of the others with \"byok-lsp key set PROVIDER\""
        );
    }
    if !is_label(&arguments.label) {
        bail!("this is no label for a key; a label is {LABEL}");
    }
    let desk = Desk::open();
    let provider = desk.provider(&arguments.provider)?;
    let auth = provider
        .base_url
        .join("/auth")
        .context("the provider's address has no page beside it")?;
    let challenge = Challenge::new()?;
    let code = if arguments.paste {
        pasted(&challenge.page(&auth, None, "byok-lsp"))?
    } else {
        let callback = Callback::open(arguments.port).await?;
        let page = challenge.page(&auth, Some(callback.url()), "byok-lsp");
        style::complain(&format!(
            "sign in on this page, within {} s:\n{page}",
            arguments.limit_s
        ));
        if !arguments.no_browser {
            open_browser(&page);
        }
        callback
            .code(Duration::from_secs(arguments.limit_s))
            .await?
    };
    let exchange = endpoint(&provider.base_url, "auth/keys");
    let answer = desk
        .http
        .post_json(&exchange, &challenge.exchange(&code), EXCHANGE)
        .await;
    let mut answer = answer.map_err(|error| match error {
        Error::Unauthorized | Error::Forbidden(_) | Error::Rejected(_) => anyhow::anyhow!(
            "openrouter did not take the code; it works once and for ten minutes, so sign in again"
        ),
        error => anyhow::anyhow!("openrouter: {error}"),
    })?;
    let key = key_of(&mut answer).context("openrouter handed over no key")?;
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
fn open_browser(page: &Url) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    for variable in environment::well_known_secrets() {
        command.env_remove(variable);
    }
    let _ = command
        .arg(page.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
