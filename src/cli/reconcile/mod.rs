//! `byok-lsp reconcile`: does what a provider says agree with the ledger?

mod admin;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use super::progress::with_progress;
use super::style::Style;
use super::{parts, runtime, start_log, style};
use crate::cost::ledger::Wanted;
use crate::cost::reconcile::{Comparison, Line, Pair, compare, statement};
use crate::cost::{Ledger, Money};
use crate::credential::{Keys, Use};
use crate::provider::{Http, openrouter};

/// How long the ledger may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// How long OpenRouter may take to tell of one call.
const LIMIT: Duration = Duration::from_secs(10);

/// How many calls OpenRouter is asked about at once; it is a courtesy.
const AT_ONCE: usize = 4;

/// How many lines of each kind are shown to people; JSON has them all.
const SHOWN: usize = 20;

const EXAMPLES: &str = "\
Examples:
  byok-lsp reconcile openrouter_activity.csv     an export of OpenRouter's activity page
  byok-lsp reconcile costs.csv                   an export of OpenAI's usage page
  curl ... | byok-lsp reconcile -                a report that you fetched yourself
  byok-lsp reconcile --openrouter --last 50      ask OpenRouter about the last calls, with the key that made them
  byok-lsp reconcile --admin openai --since 30d --key-command op read op://work/openai-admin/key";

/// What to compare the ledger with.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A provider's statement: its CSV export or the JSON of its report (docs/costs.md says which); - is stdin.
    #[arg(required_unless_present_any = ["openrouter", "admin"], conflicts_with = "openrouter")]
    file: Option<PathBuf>,
    /// Ask OpenRouter itself about each of the last calls, with the stored key.
    #[arg(long)]
    openrouter: bool,
    /// With --openrouter: how many calls.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    last: u16,
    /// The provider's name in your configuration, if it is not the usual one.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    #[command(flatten)]
    admin: admin::AdminArguments,
    /// Print JSON: {provider, form, matched, differing, onlyHere, onlyThere}.
    #[arg(long)]
    json: bool,
}

/// Compares; the exit code says whether all agrees.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    let path = parts::ledger_path()
        .context("this system tells no folder for state; set BYOK_LEDGER to the ledger's path")?;
    if !path.exists() {
        bail!("there is no ledger at {} yet", path.display());
    }
    let ledger = Ledger::open(&path);
    let (provider, form, here, there) = if let Some(name) = &arguments.admin.admin {
        let (statement, days) = admin::ask(&arguments.admin, name)?;
        let wanted = Wanted {
            provider: name.clone(),
            first: Some(days.first),
            last: Some(days.last),
        };
        let here = ledger.lines(wanted, DEADLINE)?;
        (name.clone(), statement.form, here, statement.lines)
    } else if let Some(file) = &arguments.file {
        let statement = read(file)?;
        let provider = arguments.provider.clone();
        let provider = provider.unwrap_or_else(|| statement.provider.to_owned());
        let days = || statement.lines.iter().filter_map(|line| line.day);
        let wanted = Wanted {
            provider: provider.clone(),
            first: days().min(),
            last: days().max(),
        };
        let here = ledger.lines(wanted, DEADLINE)?;
        (provider, statement.form, here, statement.lines)
    } else {
        let provider = arguments.provider.clone();
        let provider = provider.unwrap_or_else(|| "openrouter".to_owned());
        let (here, there) = ask(&ledger, &provider, usize::from(arguments.last))?;
        (provider, "OpenRouter, call by call", here, there)
    };
    let comparison = compare(&here, &there);
    let text = if arguments.json {
        let mut told = serde_json::to_value(&comparison)?;
        told["provider"] = json!(provider);
        told["form"] = json!(form);
        format!("{told:#}\n")
    } else {
        as_text(&provider, form, &comparison, Style::stdout())
    };
    style::print(&text);
    let agrees = comparison.differing.is_empty()
        && comparison.only_here.is_empty()
        && comparison.only_there.is_empty();
    Ok(if agrees {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read(file: &PathBuf) -> anyhow::Result<statement::Statement> {
    let name = file.display();
    let mut bytes = Vec::new();
    let opened: Box<dyn std::io::Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("{name} cannot be read"))?)
    };
    let limit = statement::LARGEST;
    opened
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be read"))?;
    if bytes.len() as u64 > limit {
        bail!(
            "{name} is larger than {} MB; export a shorter time",
            limit >> 20
        );
    }
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is no text"))?;
    statement::read(&text).with_context(|| name.to_string())
}

/// Asks OpenRouter about the last calls that it has a name for, and returns them as both sides have them.
fn ask(ledger: &Ledger, name: &str, last: usize) -> anyhow::Result<(Vec<Line>, Vec<Line>)> {
    let (layers, problems) = parts::configuration();
    for problem in &problems {
        style::complain(&problem.to_string());
    }
    let settings = layers.settings();
    let provider = parts::provider(&settings, name)?;
    if !provider.is_openrouter {
        bail!(
            "{name} is not OpenRouter, and other providers do not tell of single calls; export a statement there"
        );
    }
    let wanted = Wanted {
        provider: name.to_owned(),
        first: None,
        last: None,
    };
    let mut here = ledger.lines(wanted, DEADLINE)?;
    here.retain(|line| line.id.as_deref().is_some_and(openrouter::is_generation));
    let here = here.split_off(here.len().saturating_sub(last));
    if here.is_empty() {
        bail!("the ledger has no call to {name} that OpenRouter has named");
    }
    let runtime = runtime()?;
    let there = runtime.block_on(async {
        let held = Keys::of_process()
            .authorization(provider, Use::QUESTION)
            .await?;
        let header = held.map(|held| held.header);
        let http = Http::new(&settings.network);
        let ids = here.iter().filter_map(|line| line.id.clone());
        let asked = ids.map(|id| {
            let (http, header) = (http.clone(), header.clone());
            async move {
                let told =
                    openrouter::generation(&http, &provider.base_url, header, &id, LIMIT).await;
                (id, told)
            }
        });
        let answers = stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>();
        let what = format!("asking OpenRouter about {} calls", here.len());
        anyhow::Ok(with_progress(&what, answers).await)
    })?;
    let mut lines = Vec::new();
    for (id, told) in there {
        match told {
            Ok(told) => lines.push(Line {
                id: Some(id),
                model: told.model,
                calls: Some(1),
                tokens: told.has_tokens.then_some(told.usage.tokens),
                cost: told.usage.cost,
                ..Line::default()
            }),
            // A call that is not known there is missing there; everything else is no answer at all.
            Err(crate::provider::Error::UnknownModel(_)) => {}
            Err(error) => bail!("OpenRouter could not be asked about {id}: {error}"),
        }
    }
    Ok((here, lines))
}

fn as_text(provider: &str, form: &str, comparison: &Comparison, style: Style) -> String {
    let mut out = format!(
        "{}\n",
        style.bold(&format!("{provider}: the ledger and {form}"))
    );
    let kinds = [
        ("agree", &comparison.matched, false),
        ("differ", &comparison.differing, true),
        ("are in the ledger only", &comparison.only_here, true),
        ("are at the provider only", &comparison.only_there, true),
    ];
    for (what, pairs, is_told) in kinds {
        let count = format!("{} {what}", pairs.len());
        let count = match (pairs.is_empty(), is_told) {
            (true, _) => style.dim(&count),
            (false, true) => style.bad(&count),
            (false, false) => style.good(&count),
        };
        let _ = writeln!(out, "{count}");
        if is_told {
            for pair in pairs.iter().take(SHOWN) {
                let _ = writeln!(out, "  {}", row(pair));
            }
            if pairs.len() > SHOWN {
                let more = format!("  and {} more (--json has them all)", pairs.len() - SHOWN);
                let _ = writeln!(out, "{}", style.dim(&more));
            }
        }
    }
    out
}

fn row(pair: &Pair) -> String {
    let what = pair.what.replace(|c: char| c.is_control(), "?");
    let money = |money: Option<Money>| money.map_or_else(|| "unknown".into(), exact);
    let amounts = match (pair.here, pair.there) {
        (None, Some(there)) => exact(there),
        (Some(here), None) if pair.cause.is_none() => exact(here),
        (here, there) => format!("{} here, {} there", money(here), money(there)),
    };
    match &pair.cause {
        Some(cause) => format!("{what}: {amounts}; {cause}"),
        None => format!("{what}: {amounts}"),
    }
}

/// Where cents are compared, none may be rounded away.
fn exact(money: Money) -> String {
    format!("{} {}", money.to_decimal(), money.currency())
}
