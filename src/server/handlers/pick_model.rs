//! The list of models for editors whose palette sends a command without a model and that have no picker of ours, such as Helix: a question with an answer for each.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::backend::Shared;
use super::super::editor;
use super::super::protocol::{ModelParams, Models, MoneyParams};
use crate::cost::Money;

/// A longer menu nobody reads; every other model can be named.
const MOST: usize = 24;

/// Lets the user choose one of the models that can be asked now; nothing if they do not.
pub async fn chosen(shared: &Arc<Shared>, models: &Models) -> Option<String> {
    let offered: Vec<&ModelParams> = models.models.iter().filter(|it| is_ready(it)).collect();
    let titles: Vec<String> = offered.iter().take(MOST).map(|it| title(it)).collect();
    let more = match offered.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" ({more} more have to be named)"),
    };
    let message = format!(
        "byok-lsp: {} now; choose another, or name one: byok.setModel \"openai/gpt-4.1-mini\"{more}",
        models.current
    );
    let title = editor::choose(&shared.client, &message, &titles).await?;
    let at = titles.iter().position(|one| *one == title)?;
    offered.get(at).map(|model| model.id.clone())
}

/// Returns whether a model has a name and the key that it needs.
fn is_ready(model: &ModelParams) -> bool {
    model.has_key && !model.id.ends_with('/')
}

/// Writes a model in a line: its name, then what is known of it.
fn title(model: &ModelParams) -> String {
    let mut line = model.id.clone();
    let mut add = |fact: &str| {
        // A text cannot fail to take more text.
        let _ = write!(line, " · {fact}");
    };
    if let Some(price) = &model.price {
        let (input, output) = (money(&price.input), money(&price.output));
        add(&format!("{input} in, {output} out a million"));
    }
    if let Some(context) = model.context {
        add(&format!("{context} tokens of context"));
    }
    if let Some(speed) = &model.speed {
        add(&format!("{} ms to the first word", speed.first_ms));
        if let Some(rate) = speed.per_second {
            add(&format!("{rate} tokens/s"));
        }
    }
    if !model.pool.is_empty() {
        add(&format!("one of {}", model.pool.len()));
    }
    add(&model.payer);
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
            "openai/gpt-4.1-mini · $0.40 in, $1.60 out a million · 1047576 tokens of context · 212 ms to the first word · 95 tokens/s · you: your own key"
        );
        assert!(is_ready(&model));
        let unnamed = ModelParams {
            id: "openai/".into(),
            ..model.clone()
        };
        let keyless = ModelParams {
            has_key: false,
            ..model
        };
        assert!(!is_ready(&unnamed) && !is_ready(&keyless));
    }
}
