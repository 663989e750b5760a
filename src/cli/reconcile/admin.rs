//! The provider's own report, asked for with an admin key that a program prints. Such a key opens an organisation's accounts, so it is kept nowhere.

use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::super::progress::with_progress;
use super::super::{parts, runtime, style};
use crate::config::{Helper, KeySource, ProviderSettings, Wire, host_of};
use crate::cost::reconcile::statement::{self, Statement};
use crate::cost::report::Period;
use crate::credential::Keys;
use crate::provider::Http;
use crate::provider::reports::{self, Days, Report};

/// How long a provider may take for a page.
const LIMIT: Duration = Duration::from_secs(30);

/// What to ask for.
#[derive(clap::Args)]
pub struct AdminArguments {
    /// Ask a provider for its report with an admin key: the provider's name (OpenAI, Anthropic, OpenRouter). Needs --key-command.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "openrouter", "provider"], requires = "key_command")]
    pub admin: Option<String>,
    /// With --admin: the first UTC day, as for usage. Whole days until yesterday are compared.
    #[arg(long, value_name = "DAY", default_value = "8d", requires = "admin")]
    since: String,
    /// With --admin: compare tokens and calls instead of costs (OpenAI, Anthropic).
    #[arg(long, requires = "admin")]
    tokens: bool,
    /// With --admin: the program that prints the admin key, and its arguments; must come last.
    #[arg(long, value_name = "PROGRAM", num_args = 1.., allow_hyphen_values = true, requires = "admin")]
    key_command: Vec<String>,
}

/// Asks, and returns what was answered and of which days.
pub fn ask(arguments: &AdminArguments, name: &str) -> anyhow::Result<(Statement, Days)> {
    let (layers, problems) = parts::configuration();
    for problem in &problems {
        style::complain(&problem.to_string());
    }
    let settings = layers.settings();
    let provider = parts::provider(&settings, name)?;
    let report = report(provider, arguments.tokens)?;
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let period = Period::parse(Some(&arguments.since), None, today).map_err(anyhow::Error::msg)?;
    let days = Days {
        first: period
            .since
            .context("an admin report needs a first day, such as --since 30d")?,
        last: today.checked_sub(1.day())?,
    };
    if days.first > days.last {
        bail!("only whole days are compared; say an earlier day than {today}");
    }
    let mut asking = provider.clone();
    asking.key = KeySource::Command(Helper {
        argv: arguments.key_command.clone(),
        ttl: Duration::ZERO,
    });
    let http = Http::new(&settings.network);
    let pages = runtime()?.block_on(async {
        let held = Keys::of_process().authorization_for_report(&asking).await?;
        let key = held.map(|held| held.header);
        let pages = reports::pages(&http, &asking.base_url, key, report, days, LIMIT);
        let pages = with_progress(&format!("asking {name} for its report"), pages).await;
        pages.with_context(|| format!("{name} gave no report"))
    })?;
    let mut statement = together(&pages, days)?;
    if statement.lines.is_empty() {
        statement.form = "its report, which says nothing of these days";
    }
    Ok((statement, days))
}

/// Which report of a provider there is.
fn report(provider: &ProviderSettings, tokens: bool) -> anyhow::Result<Report> {
    let is_openai = provider.name == "openai" || host_of(&provider.base_url) == "api.openai.com";
    Ok(match (provider.wire, tokens) {
        _ if provider.is_openrouter => Report::OpenRouterActivity,
        (Wire::AnthropicMessages, false) => Report::AnthropicCosts,
        (Wire::AnthropicMessages, true) => Report::AnthropicUsage,
        (_, false) if is_openai => Report::OpenAiCosts,
        (_, true) if is_openai => Report::OpenAiUsage,
        _ => bail!(
            "{} has no report that byok-lsp knows; OpenAI, Anthropic and OpenRouter have",
            provider.name
        ),
    })
}

/// Reads all pages as one statement of the days that were asked for.
fn together(pages: &[String], days: Days) -> anyhow::Result<Statement> {
    let mut statements = Vec::new();
    for page in pages {
        statements.push(statement::read(page)?);
    }
    let mut all = statements
        .iter()
        .find(|statement| !statement.lines.is_empty())
        .or(statements.first())
        .cloned()
        .context("nothing was answered")?;
    let lines = statements.into_iter().flat_map(|statement| statement.lines);
    all.lines = lines
        .filter(|line| {
            line.day
                .is_none_or(|day| (days.first..=days.last).contains(&day))
        })
        .collect();
    Ok(all)
}
