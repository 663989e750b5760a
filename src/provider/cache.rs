//! Where a prompt is worth keeping at the provider, for models whose providers keep only what they are told to: Anthropic's.
//!
//! Entry point: [`end_of_kept`]. The rule: what is written to the cache costs a quarter more than what is merely read, and what is taken from
//! it costs a tenth or less. So one further call with the same beginning within five minutes pays for the writing, and no further call is a
//! loss. Only the caller knows which it will be, and says so by [`Message::cacheable`]; what is shorter than the model keeps is not marked,
//! since the mark would be ignored. All other providers keep beginnings by themselves; for them it is enough that the stable part comes first.

use super::Message;
use crate::cost::Tokens;

/// Returns the last message of the beginning that is to be kept. `least` is the fewest tokens that the model keeps; `None` says that its
/// provider is not to be told.
pub(super) fn end_of_kept(messages: &[Message], least: Option<u64>) -> Option<usize> {
    let least = least?;
    let end = messages.iter().rposition(|message| message.cacheable)?;
    let bytes = messages[..=end].iter().map(|message| message.text.len());
    (Tokens::in_bytes(bytes.sum()) >= least).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::super::{Input, Role, request};
    use super::*;
    use crate::config::{Settings, Wire};
    use crate::cost::Catalogue;
    use serde_json::{Value, json};

    fn message(role: Role, length: usize, cacheable: bool) -> Message {
        Message {
            role,
            text: "x".repeat(length),
            cacheable,
        }
    }

    /// The body of a call to a model whose instructions, first and second message are these.
    fn body(provider: &str, model: &str, messages: Vec<Message>) -> Value {
        let settings = Settings::default().providers[provider].for_model(model);
        let mut call = call(Wire::OpenAiChat);
        call.input = Input::Chat(messages);
        call.quirks = settings.quirks;
        request(settings.wire, call).expect("a request").body
    }

    fn conversation(length: usize) -> Vec<Message> {
        vec![
            message(Role::System, 10, true),
            message(Role::User, length, true),
            message(Role::User, 10, false),
        ]
    }

    #[test]
    fn one_further_call_pays_for_the_writing_and_none_is_a_loss_at_every_anthropic_model() {
        let at = "2026-11-15T12:00:00Z".parse().expect("a moment");
        let many = 50_000;
        for model in [
            "claude-haiku-4-5",
            "claude-sonnet-4-6",
            "claude-opus-4-8",
            "claude-haiku-5-5",
            "claude-sonnet-5-5",
            "claude-opus-5-5",
            "claude-fable-5-1",
        ] {
            let price = Catalogue::current().price("anthropic", model, at);
            let price = price.unwrap_or_else(|| panic!("{model} has a price"));
            let nanos = |tokens: Tokens| price.cost(&tokens).nanos();
            let read = nanos(Tokens {
                input: many,
                ..Tokens::default()
            });
            let written = nanos(Tokens {
                cache_write_5m: many,
                ..Tokens::default()
            });
            let taken = nanos(Tokens {
                cache_read: many,
                ..Tokens::default()
            });
            assert!(read < written && written + taken < 2 * read, "{model}");
        }
    }

    #[test]
    fn only_a_beginning_that_is_marked_and_long_enough_is_kept() {
        let long = 7 * 1024;
        let plain = vec![message(Role::User, long, false)];
        assert_eq!(end_of_kept(&plain, Some(1024)), None);
        let marked = [
            message(Role::System, long, true),
            message(Role::User, 1, true),
            message(Role::User, long, false),
        ];
        assert_eq!(end_of_kept(&marked, Some(1024)), Some(1));
        assert_eq!(end_of_kept(&marked, Some(4096)), None);
        assert_eq!(end_of_kept(&marked, None), None);
    }

    #[test]
    fn anthropic_is_told_where_the_kept_part_ends_and_the_text_stays_the_same() {
        let kept = json!({"type": "ephemeral"});
        let long = body("anthropic", "claude-sonnet-5-5", conversation(4_000));
        let content = &long["messages"][0]["content"][0];
        assert_eq!(content["cache_control"], kept);
        assert_eq!(content["text"], "x".repeat(4_000));
        assert_eq!(long["messages"][1]["content"], "x".repeat(10));
        assert_eq!(long["system"], "x".repeat(10));
        let short = body("anthropic", "claude-haiku-4-5", conversation(4_000));
        assert_eq!(short["messages"][0]["content"], "x".repeat(4_000));
        let instructions = vec![
            message(Role::System, 4_000, true),
            message(Role::System, 5, false),
            message(Role::User, 10, false),
        ];
        let marked = body("anthropic", "claude-sonnet-5-5", instructions);
        assert_eq!(marked["system"][0]["cache_control"], kept);
        assert_eq!(marked["system"][1]["text"], "xxxxx");
        assert_eq!(marked["system"][1].get("cache_control"), None);
    }

    #[test]
    fn openrouter_is_told_for_anthropics_models_and_nobody_else_is() {
        let told = body(
            "openrouter",
            "anthropic/claude-sonnet-5.5",
            conversation(4_000),
        );
        let content = &told["messages"][1]["content"][0];
        assert_eq!(content["cache_control"], json!({"type": "ephemeral"}));
        for (provider, model) in [
            ("openrouter", "openai/gpt-4.1-mini"),
            ("openai", "gpt-4.1-mini"),
            ("groq", "llama-3.1-8b-instant"),
        ] {
            let body = body(provider, model, conversation(40_000));
            assert!(!body.to_string().contains("cache_control"), "{provider}");
        }
    }
}
