//! How many bytes a token has, to begin with, by the family of the model's tokenizer.
//!
//! Measured on code of some twenty languages: the tokenizers of OpenAI's and Meta's models take 2.9 to 4.3 bytes of it for a token, Mistral's 2.5 to
//! 3.5. Anthropic tells no more than that its older models make some 15 % more tokens than OpenAI's and those since Claude 4.7 some 30 % more
//! than the older ones (2026-11). It is only where the learning starts.

use super::line::Start;

/// Bytes for ten tokens.
const USUAL: u32 = 34;
const MISTRAL: u32 = 30;
const CLAUDE: u32 = 30;
const NEW_CLAUDE: u32 = 25;

/// The first version of Claude with the newer tokenizer.
const NEW: (u32, u32) = (4, 7);

/// What wires and templates put around a prompt, usually.
const AROUND: f64 = 12.0;

/// Returns what is thought of a prompt's tokens by its bytes.
pub(super) fn of_prompt(model: &str) -> Start {
    Start {
        base: AROUND,
        slope: 10.0 / f64::from(bytes_of_ten(model)),
        // Some providers put a page of their own before it.
        base_doubt: 100.0,
        slope_doubt: 0.3,
        noise: 0.15,
    }
}

/// Returns what is thought of an answer's tokens by its bytes.
pub(super) fn of_text(model: &str) -> Start {
    Start {
        base: 0.0,
        base_doubt: 3.0,
        ..of_prompt(model)
    }
}

/// Returns what is thought of an answer's tokens by how many were reckoned with, at seven bytes for two: that it is so, and may well be several
/// times as much.
pub(super) fn of_answer(model: &str) -> Start {
    Start {
        base: 0.0,
        slope: 35.0 / f64::from(bytes_of_ten(model)),
        base_doubt: 100.0,
        slope_doubt: 1.0,
        noise: 0.4,
    }
}

fn bytes_of_ten(model: &str) -> u32 {
    let name = model.to_lowercase();
    if let Some(at) = name.find("claude") {
        return if version(&name[at..]) >= NEW {
            NEW_CLAUDE
        } else {
            CLAUDE
        };
    }
    let is_mistral = ["mistral", "codestral", "devstral", "ministral", "mixtral"];
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
        for (model, bytes) in [
            ("openai/gpt-4.1-mini", USUAL),
            ("mistral/codestral-latest", MISTRAL),
            ("anthropic/claude-haiku-4-5-20251001", CLAUDE),
            ("anthropic/claude-3-5-sonnet-20241022", CLAUDE),
            ("anthropic/claude-opus-4-20250514", CLAUDE),
            ("openrouter/anthropic/claude-4.6-sonnet-20260217", CLAUDE),
            ("anthropic/claude-opus-4-7", NEW_CLAUDE),
            ("openrouter/anthropic/claude-sonnet-5", NEW_CLAUDE),
        ] {
            assert_eq!(bytes_of_ten(model), bytes, "{model}");
        }
    }
}
