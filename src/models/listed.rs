//! Reads a provider's list of models, whatever its shape.
//!
//! Entry point: [`read`]. The shapes are data: for each thing to know, the places at which providers tell it. Everything in a list is
//! somebody else's text: a name that no terminal should see, or that is no name, is left out, and there is a bound on how many there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cost::{Currency, Money};

/// More models than this no provider has; the rest of a longer list is left out.
pub(super) const MOST_MODELS: usize = 4000;

/// No model's name is longer.
const LONGEST_NAME: usize = 160;

/// A million units of the currency for a million tokens: a price beyond it is a mistake.
const HIGHEST_PRICE: i64 = 1_000_000 * crate::cost::NANOS;

/// A model as its provider lists it. What the provider does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name, as the provider calls it.
    pub name: String,
    /// How many tokens it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// What its tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<TokenPrice>,
    /// Whether it fills holes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fills: Option<bool>,
    /// Whether it chats, or continues a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chats: Option<bool>,
}

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPrice {
    /// A million tokens of input.
    pub input: Money,
    /// A million tokens of output.
    pub output: Money,
}

/// The unit of a price, and what nothing means in it.
#[derive(Clone, Copy)]
enum Per {
    /// One token, as text; nothing is a price.
    Token,
    /// A million tokens, as a number; nothing stands for what is not sold by the token.
    Million,
}

/// Where the list itself is.
const LISTS: [&str; 3] = ["/data", "/models", ""];

const NAMES: [&str; 4] = ["/id", "/model", "/name", "/key"];

/// Where the context size is, the more exact first: what a server has loaded counts before what the model was trained for.
const CONTEXTS: [&str; 12] = [
    "/loaded_context_length",
    "/meta/n_ctx",
    "/context_length",
    "/context_window",
    "/max_context_length",
    "/max_model_len",
    "/max_input_tokens",
    "/inputTokenLimit",
    "/limits/max_input_tokens",
    "/model_spec/availableContextTokens",
    "/top_provider/context_length",
    "/meta/n_ctx_train",
];

const PRICES: [(&str, &str, Per); 3] = [
    ("/pricing/prompt", "/pricing/completion", Per::Token),
    ("/pricing/input", "/pricing/output", Per::Million),
    (
        "/model_spec/pricing/input/usd",
        "/model_spec/pricing/output/usd",
        Per::Million,
    ),
];

/// Truths about filling, and texts in lists that say the same.
const FILLS: [(&str, &str); 2] = [
    ("/capabilities/completion_fim", ""),
    ("/capabilities", "insert"),
];

/// Truths about chatting, and texts in lists that say the same: what it is for, or what comes out of it.
const CHATS: [(&str, &str); 7] = [
    ("/capabilities/completion_chat", ""),
    ("/supports_chat", ""),
    ("/capabilities", "completion"),
    ("/supportedGenerationMethods", "generateContent"),
    ("/endpoints", "chat"),
    ("/architecture/output_modalities", "text"),
    ("/supported_output_modalities", "text"),
];

/// Kinds of models that neither fill nor chat.
const OTHER_KINDS: [&str; 9] = [
    "embedding",
    "embeddings",
    "image",
    "moderation",
    "rerank",
    "audio",
    "video",
    "transcribe",
    "tts",
];

/// Reads a page of a list; `None` if there is no list in it.
pub fn read(page: &Value) -> Option<Vec<Listed>> {
    let list = LISTS
        .iter()
        .find_map(|place| page.pointer(place)?.as_array())?;
    // By name: some list a model twice, and people look for names.
    let models: BTreeMap<String, Listed> = list
        .iter()
        .filter_map(model)
        .take(MOST_MODELS)
        .map(|model| (model.name.clone(), model))
        .collect();
    Some(models.into_values().collect())
}

/// Returns whether a text can be a model's name and may be shown: short, on one line, and as it looks.
pub(super) fn is_name(text: &str) -> bool {
    // Marks that turn the direction of writing round or cannot be seen make one name look like another.
    let is_hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && text.trim() == text
        && !text.chars().any(|c| c.is_control() || is_hidden(c))
}

fn model(entry: &Value) -> Option<Listed> {
    let texts = NAMES.iter().filter_map(|place| entry.pointer(place));
    let mut texts = std::iter::once(entry)
        .chain(texts)
        .filter_map(Value::as_str);
    let name = texts.next()?;
    // Google's names are paths.
    let name = name.strip_prefix("models/").unwrap_or(name);
    is_name(name).then(|| Listed {
        name: name.to_owned(),
        context: context(entry),
        price: PRICES.iter().find_map(|place| price(entry, place)),
        fills: says(entry, &FILLS),
        chats: if is_of_another_kind(entry) {
            Some(false)
        } else {
            says(entry, &CHATS)
        },
    })
}

fn context(entry: &Value) -> Option<u64> {
    let size = |value: &Value| value.as_u64().filter(|size| (1..1 << 32).contains(size));
    let told = CONTEXTS
        .iter()
        .find_map(|place| entry.pointer(place).and_then(size));
    // A router lists whom it routes to; the least is what is sure.
    let routed = || {
        let providers = entry.get("providers")?.as_array()?;
        let sizes = providers.iter().filter_map(|one| one.get("context_length"));
        sizes.filter_map(size).min()
    };
    told.or_else(routed)
}

fn price(entry: &Value, (input, output, per): &(&str, &str, Per)) -> Option<TokenPrice> {
    let money = |place: &str| {
        let text = match entry.pointer(place)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let money = match per {
            Per::Token => Money::per_million(&text, Currency::USD),
            Per::Million => Money::reported(&text, Currency::USD),
        }?;
        // A negative price says that it depends on what is chosen.
        (0..=HIGHEST_PRICE)
            .contains(&money.nanos())
            .then_some(money)
    };
    let (input, output) = (money(input)?, money(output)?);
    let is_nothing = input.nanos() == 0 && output.nanos() == 0;
    (!is_nothing || matches!(per, Per::Token)).then_some(TokenPrice { input, output })
}

/// Returns what the first place that is there says.
fn says(entry: &Value, places: &[(&str, &str)]) -> Option<bool> {
    places
        .iter()
        .find_map(|(place, word)| match entry.pointer(place)? {
            Value::Bool(truth) if word.is_empty() => Some(*truth),
            Value::Array(words) if !word.is_empty() => {
                Some(words.iter().any(|one| one.as_str() == Some(word)))
            }
            _ => None,
        })
}

fn is_of_another_kind(entry: &Value) -> bool {
    let is = |place: &str, fits: fn(&str) -> bool| {
        entry
            .pointer(place)
            .and_then(Value::as_str)
            .is_some_and(fits)
    };
    is("/type", |kind| OTHER_KINDS.contains(&kind))
        // Ollama tells the architecture only; those of this family turn text into numbers.
        || is("/details/family", |family| family.ends_with("bert"))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::needless_pass_by_value,
        reason = "a test reads best when its JSON is written in place"
    )]
    use super::*;
    use serde_json::json;

    fn usd(text: &str) -> Money {
        text.parse().expect("an amount")
    }

    fn only(entry: Value) -> Listed {
        let list = read(&json!({ "data": [entry] })).expect("a list");
        list.into_iter().next().expect("a model")
    }

    #[test]
    fn a_list_is_found_in_each_of_its_places_and_nowhere_else() {
        let entry = json!({"id": "m"});
        for page in [
            json!({"object": "list", "data": [entry]}),
            json!({"models": [entry]}),
            json!({"models": [{"name": "other"}], "data": [entry]}),
            json!([entry]),
            json!(["m"]),
        ] {
            let names: Vec<_> = read(&page).into_iter().flatten().map(|m| m.name).collect();
            assert_eq!(names, ["m"], "{page}");
        }
        for page in [json!({"error": "no"}), json!(null), json!({"data": {}})] {
            assert_eq!(read(&page), None, "{page}");
        }
    }

    #[test]
    fn the_context_size_is_found_in_each_of_its_places() {
        for entry in [
            json!({"id": "m", "context_length": 8}),
            json!({"id": "m", "context_window": 8}),
            json!({"id": "m", "max_model_len": 8}),
            json!({"id": "m", "inputTokenLimit": 8}),
            json!({"id": "m", "meta": {"n_ctx_train": 8}}),
            json!({"id": "m", "meta": {"n_ctx": 8, "n_ctx_train": 99}}),
            json!({"id": "m", "loaded_context_length": 8, "max_context_length": 99}),
            json!({"id": "m", "limits": {"max_input_tokens": 8}}),
            json!({"id": "m", "model_spec": {"availableContextTokens": 8}}),
            json!({"id": "m", "providers": [{"context_length": 99}, {"context_length": 8}, {}]}),
            json!({"id": "m", "context_length": 0, "max_input_tokens": 8}),
        ] {
            assert_eq!(only(entry.clone()).context, Some(8), "{entry}");
        }
        assert_eq!(only(json!({"id": "m", "context_length": -1})).context, None);
        assert_eq!(
            only(json!({"id": "m", "context_length": u64::MAX})).context,
            None
        );
    }

    #[test]
    fn prices_are_exact_and_what_is_not_sold_by_the_token_has_none() {
        let price = |pricing: Value| only(json!({"id": "m", "pricing": pricing})).price;
        let expected = Some(TokenPrice {
            input: usd("0.45"),
            output: usd("3.2"),
        });
        assert_eq!(
            price(json!({"prompt": "0.00000045", "completion": "0.0000032"})),
            expected
        );
        assert_eq!(
            price(json!({"prompt": 4.5e-7, "completion": 3.2e-6})),
            expected
        );
        assert_eq!(
            price(json!({"input": 0.45, "output": 3.2, "hourly": 0})),
            expected
        );
        let free = price(json!({"prompt": "0", "completion": "0"})).expect("a price");
        assert_eq!((free.input.nanos(), free.output.nanos()), (0, 0));
        for none in [
            json!({"input": 0, "output": 0, "hourly": 3}),
            json!({"prompt": "-1", "completion": "-1"}),
            json!({"prompt": "1"}),
            json!({"prompt": "x", "completion": "1e400"}),
            json!({"prompt": "2", "completion": "2"}),
            json!("free"),
        ] {
            assert_eq!(price(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn what_a_model_can_do_is_read_from_flags_lists_and_kinds() {
        let can = |entry: Value| {
            let mut entry = entry;
            entry["id"] = "m".into();
            let listed = only(entry);
            (listed.fills, listed.chats)
        };
        let table = [
            (json!({}), (None, None)),
            (
                json!({"capabilities": {"completion_fim": true, "completion_chat": false}}),
                (Some(true), Some(false)),
            ),
            (
                json!({"capabilities": ["completion", "insert"]}),
                (Some(true), Some(true)),
            ),
            (
                json!({"capabilities": ["embedding"]}),
                (Some(false), Some(false)),
            ),
            (
                json!({"supportedGenerationMethods": ["embedContent"]}),
                (None, Some(false)),
            ),
            (
                json!({"architecture": {"output_modalities": ["image", "text"]}}),
                (None, Some(true)),
            ),
            (
                json!({"architecture": {"output_modalities": ["image"]}}),
                (None, Some(false)),
            ),
            (json!({"type": "embeddings"}), (None, Some(false))),
            (json!({"type": "chat"}), (None, None)),
            (
                json!({"details": {"family": "nomic-bert"}}),
                (None, Some(false)),
            ),
            (json!({"supports_chat": false}), (None, Some(false))),
        ];
        for (entry, expected) in table {
            assert_eq!(can(entry.clone()), expected, "{entry}");
        }
    }

    #[test]
    fn a_name_that_no_terminal_should_see_is_left_out() {
        for name in [
            "",
            " m",
            "m\u{1b}[2J",
            "m\nn",
            "m\u{202e}txt.gpt",
            "m\u{200b}",
            &"m".repeat(LONGEST_NAME + 1),
        ] {
            assert_eq!(read(&json!([{"id": name}])), Some(vec![]), "{name:?}");
        }
        assert_eq!(
            read(&json!([{"id": 7}, {"no": "name"}, 7, null])),
            Some(vec![])
        );
        assert_eq!(only(json!({"id": "模型/ß-1"})).name, "模型/ß-1");
    }

    #[test]
    fn a_list_is_sorted_holds_each_model_once_and_ends_somewhere() {
        let list = read(&json!([{"id": "b"}, {"id": "a"}, {"id": "b"}])).expect("a list");
        let names: Vec<_> = list.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let many: Vec<Value> = (0..MOST_MODELS + 9).map(|n| json!(n.to_string())).collect();
        assert_eq!(read(&json!(many)).map(|list| list.len()), Some(MOST_MODELS));
    }
}
