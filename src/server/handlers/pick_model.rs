//! The list of models for editors whose palette sends a command without a model and that have no picker of ours, such as Helix: a question with an answer for each.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::backend::Shared;
use super::super::editor;
use super::super::protocol::{ModelParams, Models, MoneyParams};
use crate::cost::Money;
use crate::routing::Feature;

/// A longer menu nobody reads; every other model can be named.
const MOST: usize = 24;

/// Lets the user choose a model for ghost text or code actions; nothing if they do not. Those that can be asked now come first.
pub async fn chosen(shared: &Arc<Shared>, models: &Models, feature: Feature) -> Option<String> {
    let offered = offered(models, feature);
    let titles: Vec<String> = offered.iter().take(MOST).map(|it| title(it)).collect();
    let more = match offered.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" ({more} more have to be named)"),
    };
    let (current, what, argument) = match feature {
        Feature::Action => (
            models.actions.as_deref().unwrap_or("no model"),
            " for code actions",
            " \"action\"",
        ),
        Feature::Completion | Feature::Speculation => (&*models.current, "", ""),
    };
    let message = format!(
        "byok-lsp: {current} now{what}; choose another, or name one: byok.setModel \"openai/gpt-4.1-mini\"{argument}{more}"
    );
    let title = editor::choose(&shared.client, &message, &titles).await?;
    let at = titles.iter().position(|one| *one == title)?;
    offered.get(at).map(|model| model.id.clone())
}

/// Returns the models that have a name and are of use for a feature, those first whose keys are there.
fn offered(models: &Models, feature: Feature) -> Vec<&ModelParams> {
    let is_named = |it: &&ModelParams| !it.id.ends_with('/');
    let is_of_use = |it: &&ModelParams| feature != Feature::Action || holds_conversations(it);
    let of_use = models.models.iter().filter(is_named).filter(is_of_use);
    let (ready, keyless): (Vec<_>, Vec<_>) = of_use.partition(|it| it.has_key);
    [ready, keyless].concat()
}

/// The embedded engine continues code; it cannot be told what to do, and neither can a model that only fills holes.
fn holds_conversations(model: &ModelParams) -> bool {
    !matches!(&*model.id, "local" | "auto") && model.ability.as_deref() != Some("fill")
}

/// Writes a model in a line: its name, then what is known of it, what matters most first, since Helix cuts a line after some 80 columns.
fn title(model: &ModelParams) -> String {
    let mut line = model.id.clone();
    let mut add = |fact: &str| {
        // A text cannot fail to take more text.
        let _ = write!(line, " · {fact}");
    };
    if let Some(price) = &model.price {
        let (input, output) = (money(&price.input), money(&price.output));
        add(&format!("{input} in, {output} out /M"));
    }
    add(model.payer.strip_prefix("you: ").unwrap_or(&model.payer));
    if !model.has_key {
        add("no key yet");
    }
    if let Some(speed) = &model.speed {
        add(&format!("{} ms to the first word", speed.first_ms));
        if let Some(rate) = speed.per_second {
            add(&format!("{rate} tokens/s"));
        }
    }
    if let Some(context) = model.context {
        add(&format!("{context} tokens of context"));
    }
    if !model.pool.is_empty() {
        add(&format!("one of {}", model.pool.len()));
    }
    line
}

fn money(money: &MoneyParams) -> String {
    let currency = money.currency.parse();
    currency.map_or_else(
        |_| "?".to_owned(),
        |currency| Money::from_nanos(money.nanos, currency).to_string(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::super::protocol::{PriceParams, SpeedParams};
    use super::*;

    #[test]
    fn a_model_in_the_menu_has_its_price_context_speed_and_payer() {
        let money = |nanos| MoneyParams {
            nanos,
            currency: "USD".into(),
        };
        let model = ModelParams {
            id: "openai/gpt-4.1-mini".into(),
            payer: "you: your own key".into(),
            has_key: true,
            ability: Some("chat".into()),
            context: Some(1_047_576),
            price: Some(PriceParams {
                input: money(400_000_000),
                output: money(1_600_000_000),
                source: "catalogue".into(),
            }),
            speed: Some(SpeedParams {
                first_ms: 212,
                per_second: Some(95),
            }),
            pool: Vec::new(),
        };
        assert_eq!(
            title(&model),
            "openai/gpt-4.1-mini · $0.40 in, $1.60 out /M · your own key · 212 ms to the first word · 95 tokens/s · 1047576 tokens of context"
        );
    }

    #[test]
    fn what_has_no_key_yet_comes_last_and_says_so_and_actions_need_a_model_that_holds_conversations()
     {
        let model = |id: &str, has_key, ability: Option<&str>| ModelParams {
            id: id.into(),
            payer: "you: your own key".into(),
            has_key,
            ability: ability.map(Into::into),
            context: None,
            price: None,
            speed: None,
            pool: Vec::new(),
        };
        let models = Models {
            current: "local/patterns".into(),
            actions: None,
            models: vec![
                model("local", true, None),
                model("openai/gpt-4.1", false, Some("chat")),
                model("mistral/codestral", true, Some("fill")),
                model("mistral/large", true, Some("chat")),
                model("groq/", true, None),
            ],
            lists: Vec::new(),
        };
        let titles = |feature| -> Vec<String> {
            let offered = offered(&models, feature);
            offered.into_iter().map(title).collect()
        };
        assert_eq!(
            titles(Feature::Completion),
            [
                "local · your own key",
                "mistral/codestral · your own key",
                "mistral/large · your own key",
                "openai/gpt-4.1 · your own key · no key yet",
            ]
        );
        assert_eq!(
            titles(Feature::Action),
            [
                "mistral/large · your own key",
                "openai/gpt-4.1 · your own key · no key yet",
            ]
        );
    }
}
