//! `byok-lsp prices update`: newer prices, looked at before they take the place of those in use.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use url::Url;

use super::super::progress::with_progress;
use super::super::{parts, runtime, style};
use crate::config::{Settings, is_loopback};
use crate::cost::{Catalogue, Kept, LARGEST_CATALOGUE, PRICE_DATA, Update};
use crate::provider::Http;

/// How long the prices may take to come.
const LIMIT: Duration = Duration::from_mins(1);

/// How many doubts are told; the rest are counted.
const TOLD: usize = 12;

/// What to take.
#[derive(clap::Args)]
pub struct Arguments {
    /// A file or an https address, with the public data set or a catalogue of this program's form. Default: the data set's own address.
    #[arg(long, value_name = "FILE|ADDRESS")]
    from: Option<String>,
    /// Take them although something speaks against it.
    #[arg(long, short)]
    yes: bool,
    /// Go back to the prices before these.
    #[arg(long, conflicts_with_all = ["from", "yes"])]
    undo: bool,
}

/// Takes newer prices, or the ones before.
pub fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<ExitCode> {
    let path = parts::prices_path()
        .context("this system tells no folder for state; set BYOK_LEDGER to the ledger's path")?;
    let kept = Kept::at(&path);
    let written = || format!("{} cannot be written", path.display());
    if arguments.undo {
        let has_changed = kept.undo().with_context(written)?;
        style::print(match (has_changed, path.exists()) {
            (true, true) => "The prices before these are used from now on.\n",
            (true, false) => "The program's own prices are used from now on.\n",
            (false, _) => "The program's own prices are in use; there is nothing to undo.\n",
        });
        return Ok(ExitCode::SUCCESS);
    }
    let source = arguments.from.as_deref().unwrap_or(PRICE_DATA);
    let text = fetch(source, settings)?;
    let before = Catalogue::current();
    let update = Update::of(&text, before, Timestamp::now())
        .map_err(|message| anyhow!("{source} cannot be used: {message}"))?;
    let change = &update.change;
    if update.text == before.text() {
        style::print(&format!("{} is in use already.\n", change.version));
        return Ok(ExitCode::SUCCESS);
    }
    let doubts = &change.doubts;
    for doubt in doubts.iter().take(TOLD) {
        style::complain(doubt);
    }
    if doubts.len() > TOLD {
        style::complain(&format!("and {} more such", doubts.len() - TOLD));
    }
    if !doubts.is_empty() && !arguments.yes {
        let is_asked = std::io::stdin().is_terminal();
        if !is_asked || !parts::confirm("Take these prices all the same?")? {
            bail!("nothing was changed; --yes takes the prices all the same");
        }
    }
    kept.put(&update.text).with_context(written)?;
    style::print(&format!(
        "Prices by {} from now on, in place of {}: {} models, {} of them new, {} at another price than before, {} no longer known.\n\
         Servers that are running take them when they start anew; byok-lsp prices update --undo goes back.\n",
        change.version,
        before.version(),
        change.models,
        change.added,
        change.changed,
        change.gone
    ));
    Ok(ExitCode::SUCCESS)
}

fn fetch(source: &str, settings: &Settings) -> anyhow::Result<String> {
    let bytes = if source.contains("://") {
        let url: Url = source
            .parse()
            .with_context(|| format!("{source} is no address"))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            bail!("{source} is not https: anybody on the way could change the prices");
        }
        let http = Http::new(&settings.network);
        let what = format!("fetching {source}");
        let answer = runtime()?.block_on(with_progress(&what, http.get(&url, None, LIMIT)));
        answer.with_context(|| format!("{source} could not be fetched"))?
    } else {
        let mut bytes = Vec::new();
        File::open(source)
            .and_then(|file| file.take(LARGEST_CATALOGUE + 1).read_to_end(&mut bytes))
            .with_context(|| format!("{source} cannot be read"))?;
        bytes
    };
    String::from_utf8(bytes).with_context(|| format!("{source} is no text"))
}
