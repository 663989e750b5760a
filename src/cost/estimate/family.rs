//! How many tokens a model makes of what a usual tokenizer makes one of, to begin with, by its family.
//!
//! Usual are OpenAI's and Meta's, by which [`Rough`](super::Rough) was measured, on the same texts as these: Mistral's tokenizer since 2024 (Tekken)
//! makes 7 % more tokens, its older ones 27 %. Anthropic tells no more than that its older models make some 15 % more than OpenAI's and those since Claude 4.7
//! some 30 % more than the older ones (2026-11). It is only where the learning starts.

use super::line::Start;

/// Tokens for a hundred usual ones.
const USUAL: u32 = 100;
const MISTRAL: u32 = 107;
const OLD_MISTRAL: u32 = 127;
const CLAUDE: u32 = 115;
const NEW_CLAUDE: u32 = 150;

/// The first version of Claude with the newer tokenizer.
const NEW: (u32, u32) = (4, 7);

/// What wires and templates put around a prompt, usually.
const AROUND: f64 = 12.0;

/// Returns what is thought of a prompt's tokens by its usual ones.
pub(super) fn of_prompt(model: &str) -> Start {
    Start {
        base: AROUND,
        slope: f64::from(of_hundred(model)) / 100.0,
        // Some providers put a page of their own before it.
        base_doubt: 100.0,
        slope_doubt: 0.2,
        noise: 0.15,
    }
}

/// Returns what is thought of an answer's tokens by its usual ones.
pub(super) fn of_text(model: &str) -> Start {
    Start {
        base: 0.0,
        base_doubt: 3.0,
        ..of_prompt(model)
    }
}

/// Returns what is thought of an answer's tokens by how many usual ones were reckoned with: that it is so, and may well be several times as
/// much.
pub(super) fn of_answer(model: &str) -> Start {
    Start {
        base: 0.0,
        slope: f64::from(of_hundred(model)) / 100.0,
        base_doubt: 100.0,
        slope_doubt: 1.0,
        noise: 0.4,
    }
}

fn of_hundred(model: &str) -> u32 {
    let name = model.to_lowercase();
    if let Some(at) = name.find("claude") {
        return if version(&name[at..]) >= NEW {
            NEW_CLAUDE
        } else {
            CLAUDE
        };
    }
    let is_old = [
        "mixtral",
        "mistral-7b",
        "mistral-large-24",
        "pixtral-large-24",
        "codestral-2405",
        "codestral-22b",
        "codestral-mamba",
    ];
    if is_old.iter().any(|part| name.contains(part)) {
        return OLD_MISTRAL;
    }
    let is_mistral = ["mistral", "codestral", "devstral", "ministral", "pixtral"];
    if is_mistral.iter().any(|part| name.contains(part)) {
        return MISTRAL;
    }
    USUAL
}

/// Reads the version in a name; a date is none.
fn version(name: &str) -> (u32, u32) {
    let numbers = name.split(|c: char| !c.is_ascii_digit());
    let mut numbers = numbers.filter(|text| (1..=2).contains(&text.len()));
    let mut next = || numbers.next().and_then(|text| text.parse().ok());
    (next().unwrap_or(0), next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_starts_with_its_familys_tokenizer() {
        for (model, tokens) in [
            ("openai/gpt-4.1-mini", USUAL),
            ("mistral/codestral-latest", MISTRAL),
            ("ollama/mixtral:8x7b", OLD_MISTRAL),
            ("mistral/mistral-large-2411", OLD_MISTRAL),
            ("mistral/mistral-small-latest", MISTRAL),
            ("anthropic/claude-haiku-4-5-20251001", CLAUDE),
            ("anthropic/claude-3-5-sonnet-20241022", CLAUDE),
            ("anthropic/claude-opus-4-20250514", CLAUDE),
            ("openrouter/anthropic/claude-4.6-sonnet-20260217", CLAUDE),
            ("anthropic/claude-opus-4-7", NEW_CLAUDE),
            ("openrouter/anthropic/claude-sonnet-5", NEW_CLAUDE),
        ] {
            assert_eq!(of_hundred(model), tokens, "{model}");
        }
    }
}
