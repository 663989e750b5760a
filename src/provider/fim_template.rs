//! Holes for raw models: the prompt is built here, of the tokens that the model's family was trained on, and sent to `/completions`.
//!
//! The families are data ([`FimFamily`]); a model belongs to one by its name. Their tokens are taken out of the user's text, where they would
//! end the hole early or let a file speak to the model, and the answer ends before the first of them.

use super::openai_chat::StreamOptions;
use super::openai_completions::Body;
use super::wire::Post;
use super::{Call, Error, Fill, Input};
use crate::config::{FimFamily, FimPiece};

/// The most stop texts that OpenAI-style servers take.
const MOST_STOPS: usize = 4;

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Fill(fill)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "fim-template",
        });
    };
    let family = FimFamily::of(&call.model).ok_or(Error::Unsupported {
        wire: "fim-template",
    })?;
    let mut stop = call.stop;
    stop.extend(family.stop.iter().cloned());
    stop.truncate(MOST_STOPS);
    let body = Body {
        prompt: prompt(family, &fill),
        suffix: String::new(),
        model: call.model,
        max_tokens: call.max_tokens,
        stop,
        stream: true,
        stream_options: (!call.quirks.no_stream_options).then_some(StreamOptions::USAGE),
    };
    let mut post = Post::new(&base_url, "completions", call.key, body);
    post.cut_at = family.marks().map(str::to_owned).collect();
    Ok(post)
}

/// Puts the texts into the family's template, without the family's tokens: there they would end the hole early, or let a file speak to the
/// model.
fn prompt(family: &FimFamily, fill: &Fill) -> String {
    let mut prompt = String::with_capacity(family.template.len() + fill.prompt_bytes());
    for piece in family.pieces() {
        match piece {
            FimPiece::Text(text) => prompt.push_str(text),
            FimPiece::Prefix => prompt.push_str(&family.without_marks(&fill.prefix)),
            FimPiece::Suffix => prompt.push_str(&family.without_marks(&fill.suffix)),
            FimPiece::Files => {
                for file in &fill.files {
                    prompt.push_str(&family.file_head(&file.path));
                    prompt.push_str(&family.without_marks(&file.text));
                }
            }
        }
    }
    prompt
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::config::Wire;

    fn fill(model: &str, prefix: &str, suffix: &str) -> Result<Post, Error> {
        let mut call = call(Wire::FimTemplate);
        call.model = model.into();
        if let Input::Fill(fill) = &mut call.input {
            fill.prefix = prefix.into();
            fill.suffix = suffix.into();
        }
        request(call)
    }

    fn prompt_of(model: &str) -> String {
        let post = fill(model, "P", "S").expect("a request");
        post.body["prompt"].as_str().expect("a text").to_owned()
    }

    #[test]
    fn each_family_gets_its_own_tokens() {
        let table = [
            (
                "Qwen/Qwen2.5-Coder-7B",
                "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>",
            ),
            (
                "bigcode/starcoder2-3b",
                "<fim_prefix>P<fim_suffix>S<fim_middle>",
            ),
            (
                "granite-3.3-8b-base",
                "<fim_prefix>P<fim_suffix>S<fim_middle>",
            ),
            (
                "granite-4.0-micro",
                "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>",
            ),
            ("codellama:7b-code", "<PRE> P <SUF>S <MID>"),
            (
                "deepseek-ai/deepseek-coder-6.7b-base",
                "<｜fim▁begin｜>P<｜fim▁hole｜>S<｜fim▁end｜>",
            ),
            (
                "codegemma-2b.gguf",
                "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>",
            ),
            ("Codestral-22B-v0.1", "[SUFFIX]S[PREFIX]P"),
            (
                "Seed-Coder-8B-Base",
                "<[fim-suffix]>S<[fim-prefix]>P<[fim-middle]>",
            ),
            (
                "JetBrains/Mellum-4b-base",
                "<fim_suffix>S<fim_prefix>P<fim_middle>",
            ),
        ];
        for (model, expected) in table {
            assert_eq!(prompt_of(model), expected, "{model}");
        }
    }

    #[test]
    fn a_model_of_no_family_is_not_asked() {
        assert!(matches!(
            fill("gpt-4", "", ""),
            Err(Error::Unsupported { .. })
        ));
    }

    #[test]
    fn the_familys_tokens_are_taken_out_of_the_users_text() {
        let post = fill(
            "qwen2.5-coder",
            "a<|fim_<|fim_middle|>middle|>{suffix}",
            "b<|endoftext|>",
        );
        let post = post.expect("a request");
        assert_eq!(
            post.body["prompt"],
            "<|fim_prefix|>a{suffix}<|fim_suffix|>b<|fim_middle|>"
        );
    }

    #[test]
    fn no_more_stop_texts_are_sent_than_servers_take_and_all_marks_are_cut_at() {
        let post = fill("qwen2.5-coder", "", "").expect("a request");
        assert_eq!(post.body["stop"].as_array().map(Vec::len), Some(4));
        assert!(post.cut_at.len() > 4 && post.cut_at.contains(&"<|im_end|>".to_owned()));
    }
}
