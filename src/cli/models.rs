//! `byok-lsp models`: which models there are, what they can do, and what they cost.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::progress::with_progress;
use super::style::Style;
use super::{parts, runtime, start_log, style};
use crate::config::{ProviderSettings, Settings};
use crate::cost::Money;
use crate::credential::{self, Keys};
use crate::models::{self, Ability, Lists, Model, Offer, Source, TokenPrice};
use crate::provider::Http;
use crate::routing::Payer;

/// Whose models, and how to tell them.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this provider's, with or without a key; may be given several times. Default: those with a key, the enabled local servers,
    /// and your own.
    #[arg(long, short, value_name = "NAME")]
    provider: Vec<String>,
    /// All providers', by the embedded price catalogue where there is no key.
    #[arg(long, conflicts_with = "provider")]
    all: bool,
    /// Ask anew, however young the lists are that were kept.
    #[arg(long)]
    refresh: bool,
    /// Print JSON: a list of {provider, hasKey, payer, source, asked, complete, message, models}.
    #[arg(long)]
    json: bool,
}

/// Says which models there are; the exit code says whether there are any.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    let (layers, problems) = parts::configuration();
    for problem in &problems {
        style::complain(&problem.to_string());
    }
    let settings = layers.settings();
    let runtime = runtime()?;
    runtime.block_on(Keys::of_process().look(&settings.keys));
    let providers = choose(arguments, &settings)?;
    let lists = parts::lists(&Http::new(&settings.network));
    let now = Timestamp::now();
    let usable = models::usable(&settings);
    // Nobody is asked unbidden who was not set up.
    let asked: Vec<_> = providers
        .iter()
        .filter(|provider| !arguments.all || usable.contains(provider))
        .cloned()
        .collect();
    let asked = if arguments.refresh {
        let can = asked
            .into_iter()
            .filter(|provider| models::can_be_asked(&settings, provider));
        can.collect()
    } else {
        lists.due(&settings, &asked, now)
    };
    runtime.block_on(ask(&lists, &asked));
    let offers = lists.offers(&providers, now);
    let told: Vec<_> = providers.iter().zip(&offers).collect();
    let text = if arguments.json {
        let told: Vec<Value> = told.iter().map(|(p, offer)| as_json(p, offer)).collect();
        format!("{}\n", serde_json::to_string_pretty(&told)?)
    } else {
        as_table(&told, Style::stdout())
    };
    style::print(&text);
    let is_empty = offers.iter().all(|offer| offer.models.is_empty());
    Ok(if is_empty && !providers.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn choose(arguments: &Arguments, settings: &Settings) -> anyhow::Result<Vec<ProviderSettings>> {
    if arguments.all {
        return Ok(settings.providers.values().cloned().collect());
    }
    if arguments.provider.is_empty() {
        return Ok(models::usable(settings));
    }
    let mut chosen = Vec::new();
    for name in &arguments.provider {
        let Some(provider) = settings.providers.get(name) else {
            let names = settings.providers.keys().map(String::as_str);
            let meant = match models::near(name, names).first() {
                Some(near) => format!("did you mean {near}?"),
                None => "byok-lsp models --all names those that there are; some need an address of your own, see docs/providers.md".into(),
            };
            bail!("no provider is called \"{name}\"; {meant}");
        };
        chosen.push(provider.clone());
    }
    Ok(chosen)
}

async fn ask(lists: &Lists, providers: &[ProviderSettings]) {
    let names: Vec<_> = providers.iter().map(|p| p.name.as_str()).collect();
    let what = format!("asking {}", names.join(", "));
    // All at once: each has its own limit, and the slowest is what a person waits for.
    with_progress(&what, join_all(providers.iter().map(|p| lists.refresh(p)))).await;
}

fn as_json(provider: &ProviderSettings, offer: &Offer) -> Value {
    let (asked, is_whole) = match &offer.source {
        Source::List { asked, is_whole } => (Some(asked.to_string()), *is_whole),
        Source::Catalogue { .. } | Source::Nothing => (None, false),
    };
    let model = |model: &Model| {
        let price = model.price.as_ref().map(|(price, source)| {
            json!({"input": price.input, "output": price.output, "source": source.name()})
        });
        let why = match &model.ability {
            Ability::Neither(why) => Some(why),
            Ability::Fills | Ability::Chats => None,
        };
        json!({
            "id": format!("{}/{}", provider.name, model.name),
            "payer": Payer::of(&provider.for_model(&model.name)).to_string(),
            "ability": model.ability.name(),
            "why": why,
            "context": model.context,
            "price": price,
        })
    };
    json!({
        "provider": provider.name,
        "hasKey": credential::is_present(provider),
        "payer": Payer::of(provider).to_string(),
        "source": offer.source.name(),
        "asked": asked,
        "complete": is_whole,
        "message": offer.failure,
        "models": offer.models.iter().map(model).collect::<Vec<_>>(),
    })
}

fn as_table(told: &[(&ProviderSettings, &Offer)], style: Style) -> String {
    if told.is_empty() {
        return "No key is set and no local server is enabled, so completions come from the embedded engine.\n\
                byok-lsp models --all shows what there is.\n"
            .into();
    }
    let mut out = String::new();
    let mut has_models = false;
    for (provider, offer) in told {
        head(&mut out, provider, offer, style);
        has_models |= !offer.models.is_empty();
        for model in offer.of_use() {
            let _ = writeln!(out, "{}", row(provider, model));
        }
        let useless = offer.models.len() - offer.of_use().count();
        if useless > 0 {
            let left_out = format!(
                "  and {useless} for pictures, sound, searches and such (--json names them)"
            );
            let _ = writeln!(out, "{}", style.dim(&left_out));
        }
        out.push('\n');
    }
    if has_models {
        let legend = "CONTEXT: how many tokens it takes. USE: \"fill\" gets the text around the cursor,\n\
                      \"chat\" is asked in words. IN/M, OUT/M: a million tokens of input, of output.\n\
                      \"-\" is not known. The catalogue may be out of date; a provider's list is not.\n";
        out.push_str(&style.dim(legend));
    }
    out
}

fn head(out: &mut String, provider: &ProviderSettings, offer: &Offer, style: Style) {
    let key = if provider.key.may_be_none() {
        "takes no key".to_owned()
    } else if credential::is_present(provider) {
        style.good("key present")
    } else {
        style.bad("no key")
    };
    let source = match &offer.source {
        Source::List { asked, is_whole } => {
            let date = asked.strftime("%Y-%m-%d %H:%M UTC");
            let part = if *is_whole { "" } else { ", not to its end" };
            format!("its own list of {date}{part}")
        }
        Source::Catalogue { version } => {
            format!("by the embedded price catalogue ({version})")
        }
        Source::Nothing => "no list is known; name any model that it has".into(),
    };
    let _ = writeln!(
        out,
        "{} · {key} · {}",
        style.bold(&provider.name),
        Payer::of(provider)
    );
    let _ = writeln!(out, "  {}", style.dim(&source));
    if let Some(failure) = &offer.failure {
        let said = wrapped(&format!("could not be asked: {failure}"));
        let _ = writeln!(out, "{}", style.bad(&said));
    }
    if offer.of_use().next().is_some() {
        let names = format!(
            "  {:>7}  {:<4}  {:>9}  {:>9}  MODEL",
            "CONTEXT", "USE", "IN/M", "OUT/M"
        );
        let _ = writeln!(out, "{}", style.dim(&names));
    }
}

/// Breaks a sentence into lines of at most 80 characters, as far as its words allow, each a little to the right.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::from(" ")];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 1 && line + 1 + word.chars().count() > 80 {
            lines.push(String::from(" "));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// The name comes last: it is never cut, and a long one disturbs no column.
fn row(provider: &ProviderSettings, model: &Model) -> String {
    let is_free = || {
        let payer = Payer::of(&provider.for_model(&model.name));
        matches!(payer, Payer::Nobody | Payer::FreePool)
    };
    let price = |of: fn(&TokenPrice) -> Money| match &model.price {
        Some((price, _)) if of(price).nanos() == 0 => "free".to_owned(),
        Some((price, _)) => of(price).to_string(),
        None if is_free() => "free".to_owned(),
        None => "-".to_owned(),
    };
    format!(
        "  {:>7}  {:<4}  {:>9}  {:>9}  {}/{}",
        model.context.map_or_else(|| "-".into(), size),
        model.ability.name(),
        price(|price| price.input),
        price(|price| price.output),
        provider.name,
        model.name,
    )
}

/// Writes a number of tokens as people say it: 8k, 131k, 1M, 1.5M.
fn size(tokens: u64) -> String {
    match tokens {
        0..1000 => tokens.to_string(),
        1000..950_000 => format!("{}k", (tokens + 500) / 1000),
        _ => {
            let tenths = (tokens + 50_000) / 100_000;
            match tenths % 10 {
                0 => format!("{}M", tenths / 10),
                tenth => format!("{}.{tenth}M", tenths / 10),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_broken_between_words() {
        let text = wrapped(&"word ".repeat(40));
        assert!(
            text.lines()
                .all(|line| line.starts_with("  word") && line.len() <= 80)
        );
        assert_eq!(text.lines().count(), 3);
        assert_eq!(wrapped(&"x".repeat(90)).lines().count(), 1);
    }

    #[test]
    fn sizes_are_written_as_people_say_them() {
        let table = [
            (512, "512"),
            (8192, "8k"),
            (131_072, "131k"),
            (200_000, "200k"),
            (1_000_000, "1M"),
            (1_048_576, "1M"),
            (1_500_000, "1.5M"),
            (999_999, "1M"),
        ];
        for (tokens, expected) in table {
            assert_eq!(size(tokens), expected);
        }
    }
}
