//! Answers written from the providers' specifications, in `wire/<provider>/`, and what each wire makes of them: `*.txt` beside them.
//!
//! They cover what no recording shows: endpoints that fill holes, faults midway, a user's own key behind a gateway. Each is cut at every
//! byte. After a change that is meant, `BYOK_WRITE=1` writes the `*.txt` anew.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use byok_lsp::config::Wire;
use byok_lsp::provider::{Answer, Error, Event};

const ANSWERS: [(&str, Wire); 9] = [
    ("anthropic/overloaded_midway.sse", Wire::AnthropicMessages),
    ("deepseek/fim.sse", Wire::OpenAiCompletions),
    ("google/recitation.sse", Wire::Gemini),
    ("inception/fim.sse", Wire::FimCompletions),
    ("llama-cpp/infill.sse", Wire::LlamaCppInfill),
    ("mistral/fim.sse", Wire::FimCompletions),
    ("ollama/generate.ndjson", Wire::OllamaGenerate),
    ("openai/responses_content_filter.sse", Wire::OpenAiResponses),
    ("openrouter/own_key.sse", Wire::OpenAiChat),
];

type Read = (Vec<Event>, Result<(), Error>);

fn read(wire: Wire, pieces: &[&[u8]]) -> Read {
    let mut answer = Answer::new(wire, "").unwrap();
    let pushed = pieces.iter().try_for_each(|piece| answer.push(piece));
    let end = pushed.and_then(|()| answer.end());
    (std::iter::from_fn(|| answer.event()).collect(), end)
}

/// Writes an answer as a person would tell it, a line for each event.
fn tell((events, end): &Read) -> String {
    let mut told = String::new();
    for event in events {
        let line = match event {
            Event::Text(text) => format!("text {text:?}"),
            Event::Model(model) => format!("model {model}"),
            Event::Upstream(name) => format!("upstream {name}"),
            Event::RequestId(id) => format!("request {id}"),
            Event::Exhausted(wait) => format!("exhausted for {} s", wait.as_secs()),
            Event::Left(left) => format!("left {left:?}"),
            Event::Finish(finish) => format!("finish {finish:?}"),
            Event::UsageSoFar(usage) | Event::Usage(usage) => {
                let tokens = &usage.tokens;
                let mut line = format!(
                    "{} input {} read {} write {}+{} output {} reasoning {}",
                    if matches!(event, Event::Usage(_)) {
                        "usage"
                    } else {
                        "usage so far"
                    },
                    tokens.input,
                    tokens.cache_read,
                    tokens.cache_write_5m,
                    tokens.cache_write_1h,
                    tokens.output,
                    tokens.reasoning,
                );
                if let Some(tier) = &usage.service_tier {
                    write!(line, " tier {tier}").unwrap();
                }
                if let Some(cost) = usage.cost {
                    write!(line, " cost {}", cost.to_decimal()).unwrap();
                }
                line
            }
        };
        told.push_str(&line);
        told.push('\n');
    }
    match end {
        Ok(()) => told.push_str("whole\n"),
        Err(error) => writeln!(told, "error: {error}").unwrap(),
    }
    told
}

#[test]
fn every_answer_is_read_as_written_down_wherever_it_is_cut() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    for (file, wire) in ANSWERS {
        let path = folder.join(file);
        let bytes = std::fs::read(&path).unwrap();
        let whole = read(wire, &[&bytes]);
        let expected = path.with_extension("txt");
        if std::env::var_os("BYOK_WRITE").is_some() {
            std::fs::write(&expected, tell(&whole)).unwrap();
        }
        assert_eq!(
            tell(&whole),
            std::fs::read_to_string(&expected).unwrap(),
            "{file}"
        );
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(read(wire, &[first, second]), whole, "{file} cut at {cut}");
        }
    }
}
