//! `byok-lsp usage`: what was spent on what, and what for nothing, as a table, JSON, CSV or a page.

mod sheet;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use jiff::{Timestamp, Zoned};

use super::style::Style;
use super::{parts, start_log, style};
use crate::config::Settings;
use crate::cost::report::{Cap, Dimension, Extent, Period, Query, Report, Scenario, WhatIf, html};
use crate::cost::{Catalogue, Ledger, Price};

/// How long the ledger may take; a disk that was asleep needs seconds.
const DEADLINE: Duration = Duration::from_mins(1);

const EXAMPLES: &str = "\
Examples:
  byok-lsp usage                                 this month, by model
  byok-lsp usage --since 7d --by language,model  the last seven days
  byok-lsp usage --since all --by month          since the beginning
  byok-lsp usage --by cause                      what was paid for nothing, and why
  byok-lsp usage --since 3m --html report.html   charts, for a browser
  byok-lsp usage --what-if openai/gpt-4.1-mini,\"subscription=10 USD/month\",free
  byok-lsp usage --csv > november.csv            for a spreadsheet";

/// Which calls, and how to tell them.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The first day: 7d (seven days, today included), 2w, 3m, 1y, today, yesterday, month, all, or a date.
    #[arg(long, value_name = "DAY", default_value = "month")]
    since: String,
    /// The last day. Default: today.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// What to group by, one or several: model, served (the model that ran), provider, key, payer, feature, action, language, workspace,
    /// branch, tags, tag:NAME (the value of one tag), outcome, fate (of the suggestion), cause (of waste), day, month.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', default_value = "model", value_parser = dimension)]
    by: Vec<Dimension>,
    /// What the same tokens would have cost otherwise: models as provider/model, "subscription=10 USD/month", free; one or several.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    what_if: Vec<String>,
    /// Print JSON: {v, generated, since, until, by, groups, total, days, models, wasted, latency, whatIf, fees, caps}.
    #[arg(long, group = "form")]
    json: bool,
    /// Print CSV, one line for each group and currency.
    #[arg(long, group = "form")]
    csv: bool,
    /// Write a page with charts that needs no network, to FILE or, without one, to stdout.
    #[arg(long, group = "form", value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    html: Option<PathBuf>,
    /// After a damaged ledger was moved aside: let caps count from zero.
    #[arg(long, exclusive = true)]
    accept_loss: bool,
}

/// Tells what was spent.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    if arguments.accept_loss {
        return accept_loss();
    }
    let settings = settings();
    let today = Zoned::now().date();
    let period = Period::parse(Some(&arguments.since), arguments.until.as_deref(), today)
        .map_err(|message| anyhow!(message))?;
    let query = Query {
        period,
        by: arguments.by.clone(),
        extent: if arguments.json || arguments.html.is_some() || !arguments.what_if.is_empty() {
            Extent::Whole
        } else {
            Extent::Groups
        },
        subscriptions: settings.subscriptions(),
    };
    let scenarios = arguments.what_if.iter().map(|text| Scenario::parse(text));
    let scenarios = scenarios
        .collect::<Result<Vec<_>, _>>()
        .map_err(|message| anyhow!("--what-if: {message}"))?;
    let mut report = ask(query)?;
    if arguments.json || arguments.html.is_some() || !scenarios.is_empty() {
        report.caps = Cap::of(&settings.budget);
        report.what_if = what_if(&settings, arguments, &scenarios, &report);
    }
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&report)?)
    } else if let Some(file) = &arguments.html {
        let page = html::page(&report)?;
        if file.as_os_str() != "-" {
            std::fs::write(file, page)
                .with_context(|| format!("{} cannot be written", file.display()))?;
            style::complain(&format!("the page is in {}", file.display()));
            return Ok(ExitCode::SUCCESS);
        }
        page
    } else if arguments.csv {
        sheet::of(&report)
    } else {
        table::of(&report, Style::stdout())
    };
    style::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Lets caps count from zero that a damaged ledger holds back.
fn accept_loss() -> anyhow::Result<ExitCode> {
    let damaged = parts::ledger().accept_loss(DEADLINE)?;
    let text = if damaged.is_empty() {
        "No ledger was lost that a cap waits for.\n".to_owned()
    } else {
        format!(
            "Caps count from zero now. What was in the ledger before lies at {}.\n",
            damaged.join(", ")
        )
    };
    style::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Reads the user's settings and says what is wrong with them.
fn settings() -> Settings {
    let (layers, problems) = parts::configuration();
    for problem in &problems {
        style::complain(&problem.to_string());
    }
    layers.settings()
}

fn what_if(
    settings: &Settings,
    arguments: &Arguments,
    scenarios: &[Scenario],
    report: &Report,
) -> Vec<WhatIf> {
    let asked = arguments.what_if.iter().zip(scenarios);
    let answers = asked.map(|(name, scenario)| {
        let price = match scenario {
            Scenario::Model { provider, model } => price(settings, provider, model),
            Scenario::Subscription(_) | Scenario::Free => None,
        };
        WhatIf::of(name.trim(), scenario, price.as_ref(), report)
    });
    answers.collect()
}

/// Returns what a model costs the user today, or would by the catalogue if its provider is none of theirs.
fn price(settings: &Settings, provider: &str, model: &str) -> Option<Price> {
    let now = Timestamp::now();
    match settings.providers.get(provider) {
        Some(own) => own.price(model, now),
        None => Catalogue::current().price(provider, model, now),
    }
}

/// Asks the ledger. One that is not there yet is empty, and stays not there.
fn ask(query: Query) -> anyhow::Result<Report> {
    let path = parts::ledger_path()
        .context("this system tells no folder for state; set BYOK_LEDGER to the ledger's path")?;
    let ledger = if path.exists() {
        Ledger::open(&path)
    } else {
        Ledger::in_memory()
    };
    let report = ledger.report(query, DEADLINE);
    for notice in ledger.take_notices() {
        style::complain(&notice);
    }
    Ok(report?)
}

fn dimension(name: &str) -> Result<Dimension, String> {
    Dimension::named(name).ok_or_else(|| format!("usage can be grouped by {}", Dimension::names()))
}
