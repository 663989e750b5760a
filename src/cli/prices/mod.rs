//! `byok-lsp prices`: what models cost you and how that is known; another price catalogue, if you want one.

mod update;

use std::fmt::Write as _;
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::style::Style;
use super::{parts, start_log, style};
use crate::config::{ProviderSettings, Settings};
use crate::cost::{Catalogue, Money, Price};
use crate::routing::Payer;

const EXAMPLES: &str = "\
Examples:
  byok-lsp prices                                the models that you have set
  byok-lsp prices anthropic/claude-sonnet-4-6    one model, with all that its price depends on
  byok-lsp prices sonnet                         all whose names have this in them
  byok-lsp prices --provider openai --json       a provider's, for a script
  byok-lsp prices update                         the newest public prices, checked before they are taken
  byok-lsp prices update --from FILE             the same from a file or another address
  byok-lsp prices update --undo                  the ones before";

/// Which models.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// A model as provider/model, or a part of models' names. Default: the models that are set.
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
    /// Only this provider's; without MODEL, all of them.
    #[arg(long, short, value_name = "NAME")]
    provider: Option<String>,
    /// All that the catalogue knows.
    #[arg(long, conflicts_with = "models")]
    all: bool,
    /// Print JSON: {v, catalogue: {version, source, licence, embedded}, models: [{model, payer, price, origin}]}; prices are nano-units for a
    /// million tokens.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum What {
    /// Take newer prices, after checking them against those in use. Nothing is fetched unless you say this.
    Update(update::Arguments),
}

/// A model and what it costs the user.
struct Listed<'a> {
    name: String,
    /// The user's provider, if it is one of theirs.
    provider: Option<&'a ProviderSettings>,
    price: Option<Price>,
}

/// Shows prices, or takes newer ones; the exit code says whether there is a price for all that was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    let (layers, problems) = parts::configuration();
    for problem in &problems {
        style::complain(&problem.to_string());
    }
    let settings = layers.settings();
    if let Some(What::Update(update)) = &arguments.what {
        return update::run(update, &settings);
    }
    let listed = choose(arguments, &settings);
    let text = if arguments.json {
        format!("{:#}\n", as_json(&listed))
    } else {
        as_text(&listed, &settings, Style::stdout())
    };
    style::print(&text);
    let is_known = |listed: &Listed<'_>| listed.price.is_some() || listed.is_free();
    Ok(if !listed.is_empty() && listed.iter().all(is_known) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl<'a> Listed<'a> {
    fn of(settings: &'a Settings, provider: &str, model: &str, now: Timestamp) -> Self {
        let own = settings.providers.get(provider);
        let price = match own {
            Some(own) => own.price(model, now),
            None => Catalogue::current().price(provider, model, now),
        };
        Self {
            name: format!("{provider}/{model}"),
            provider: own,
            price,
        }
    }

    /// Nobody is billed for what runs on this machine, unless it is given a price.
    fn is_free(&self) -> bool {
        self.provider
            .is_some_and(|provider| Payer::of(provider) == Payer::Nobody)
    }
}

fn choose<'a>(arguments: &Arguments, settings: &'a Settings) -> Vec<Listed<'a>> {
    let now = Timestamp::now();
    let is_wanted = |provider: &str| {
        let wanted = arguments.provider.as_deref();
        wanted.is_none_or(|wanted| wanted == provider)
    };
    if arguments.models.is_empty() && arguments.provider.is_none() && !arguments.all {
        let set = [&settings.model, settings.model_of_actions()];
        let mut names: Vec<String> = set.iter().map(ToString::to_string).collect();
        names.dedup();
        let split = names.iter().filter_map(|name| name.split_once('/'));
        return split
            .map(|(provider, model)| Listed::of(settings, provider, model, now))
            .collect();
    }
    let known = known(settings, now);
    let mut chosen: Vec<(String, String)> = Vec::new();
    for wanted in &arguments.models {
        let exact = wanted.split_once('/').filter(|(provider, _)| {
            settings.providers.contains_key(*provider)
                || Catalogue::current().providers().any(|it| it == *provider)
        });
        let part = wanted.to_lowercase();
        let has_part = |(provider, model): &&(String, String)| {
            format!("{provider}/{model}").to_lowercase().contains(&part)
        };
        let found: Vec<_> = known.iter().filter(has_part).cloned().collect();
        match exact {
            // A model that no list names has a price all the same, if its name is a longer form of one that does.
            Some((provider, model))
                if found.iter().all(|it| it.1 != model) && !model.is_empty() =>
            {
                let names = (provider.to_owned(), model.to_owned());
                chosen.push(names);
                chosen.extend(found);
            }
            Some((provider, model)) if !model.is_empty() => {
                chosen.push((provider.to_owned(), model.to_owned()));
            }
            _ => chosen.extend(found),
        }
    }
    if arguments.models.is_empty() {
        chosen = known;
    }
    chosen.retain(|(provider, _)| is_wanted(provider));
    chosen.dedup();
    chosen
        .iter()
        .map(|(provider, model)| Listed::of(settings, provider, model, now))
        .collect()
}

/// Returns all models that the catalogue or the user has a price for.
fn known(settings: &Settings, now: Timestamp) -> Vec<(String, String)> {
    let catalogue = Catalogue::current();
    let mut known = Vec::new();
    let own = settings.providers.values();
    for provider in own {
        let prices = provider.prices.keys().cloned();
        known.extend(prices.map(|model| (provider.name.clone(), model)));
    }
    for provider in catalogue.providers() {
        let models = catalogue.models(provider, now).into_iter();
        // The user's name for it, where the catalogue has another.
        let own = settings
            .providers
            .values()
            .find(|own| own.is_well_known() && Catalogue::is_of(provider, own.catalogue_name()));
        let name = own.map_or(provider, |own| own.name.as_str());
        known.extend(models.map(|(model, _)| (name.to_owned(), model)));
    }
    known.sort();
    known.dedup();
    known
}

fn source() -> &'static str {
    if Catalogue::current().is_embedded() {
        "built into this program"
    } else {
        "taken with \"byok-lsp prices update\""
    }
}

/// The licence of the data set, whose words lie beside the catalogue in the sources.
const LICENCE: &str = "MIT, © Pydantic";

fn as_json(listed: &[Listed<'_>]) -> Value {
    let catalogue = Catalogue::current();
    let model = |listed: &Listed<'_>| {
        json!({
            "model": listed.name,
            "payer": listed.provider.map(|provider| Payer::of(provider).to_string()),
            "price": listed.price,
            "origin": listed.price.as_ref().map(|price| price.origin.to_string()),
        })
    };
    json!({
        "v": 1,
        "catalogue": {
            "version": catalogue.version(),
            "source": source(),
            "licence": LICENCE,
            "embedded": catalogue.is_embedded(),
        },
        "models": listed.iter().map(model).collect::<Vec<_>>(),
    })
}

fn as_text(listed: &[Listed<'_>], settings: &Settings, style: Style) -> String {
    let mut out = String::new();
    match listed {
        [] => out.push_str("No model of this name has a price that is known.\n"),
        [one] => describe(&mut out, one, style),
        many => table(&mut out, many, style),
    }
    out.push('\n');
    terms(&mut out, settings);
    let catalogue = Catalogue::current().version();
    let from = format!("Prices: {catalogue}, {}; {LICENCE}.", source());
    let _ = writeln!(out, "{}", style.dim(&from));
    out
}

/// The user's terms with their providers, which are in the prices above.
fn terms(out: &mut String, settings: &Settings) {
    for provider in settings.providers.values() {
        let billing = &provider.billing;
        let mut words = Vec::new();
        if !provider.prices.is_empty() {
            words.push(format!("{} of your own prices", provider.prices.len()));
        }
        words.extend(billing.discount.map(|discount| format!("{discount} less")));
        let discounts = billing.discounts.iter();
        words.extend(discounts.map(|(model, discount)| format!("{discount} less for {model}")));
        words.extend(
            billing
                .subscription
                .map(|fee| format!("{fee} a month, whatever is called")),
        );
        words.extend(
            billing
                .power
                .map(|power| format!("{} W at {} for a kWh", power.watts, power.kwh)),
        );
        if !words.is_empty() {
            let _ = writeln!(
                out,
                "Your terms with {}: {}.",
                provider.name,
                words.join("; ")
            );
        }
    }
}

fn table(out: &mut String, listed: &[Listed<'_>], style: Style) {
    let head = format!("{:>14}  {:>14}  A MILLION TOKENS OF", "READ", "WRITTEN");
    let _ = writeln!(out, "{}", style.dim(&head));
    for one in listed {
        let cell = |money: Option<Money>| money.map_or_else(|| "-".to_owned(), exact);
        let (read, written) = match &one.price {
            Some(price) => (cell(price.input()), cell(price.output())),
            None if one.is_free() => ("free".to_owned(), "free".to_owned()),
            None => ("unknown".to_owned(), "unknown".to_owned()),
        };
        let _ = writeln!(out, "{read:>14}  {written:>14}  {}", one.name);
    }
}

fn describe(out: &mut String, one: &Listed<'_>, style: Style) {
    let _ = write!(out, "{}", style.bold(&one.name));
    if let Some(provider) = one.provider {
        let _ = write!(out, " · {}", Payer::of(provider));
    }
    out.push('\n');
    let Some(price) = &one.price else {
        let power = one.provider.and_then(|provider| provider.billing.power);
        let words = match power {
            Some(power) => format!(
                "{} W at {} for a kWh, for as long as it works",
                power.watts, power.kwh
            ),
            None if one.is_free() => "free: it runs on this machine".to_owned(),
            None => style.bad(
                "no price is known; give it one with [providers.NAME.prices.\"MODEL\"] (docs/costs.md)",
            ),
        };
        let _ = writeln!(out, "  {words}");
        return;
    };
    let money = |nanos| exact(Money::from_nanos(nanos, price.currency));
    for (what, rate) in price.rates.classes() {
        let Some(rate) = rate else { continue };
        let _ = writeln!(out, "{:>16}  a million tokens {what}", money(rate.usual()));
        for (start, nanos) in rate.tiers() {
            let _ = writeln!(
                out,
                "{:>16}    where a request reads more than {start} tokens",
                money(*nanos)
            );
        }
    }
    if let Some(fee) = price.rates.request {
        let _ = writeln!(out, "{:>16}  each request", money(fee));
    }
    let _ = writeln!(out, "  by {}", price.origin);
}

/// To the last digit, as a price is written.
fn exact(money: Money) -> String {
    format!("{} {}", money.to_decimal(), money.currency())
}
