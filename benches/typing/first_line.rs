//! How soon the first line of a long answer is on the screen, and what has become of the stream by then.

use std::sync::Arc;
use std::time::Duration;

use byok_lsp::provider::{Call, Event, Provider, Stream};
use futures_util::StreamExt as _;
use serde_json::json;

use super::desk::{Desk, URI};

const ANSWER: &str = "if ready {\n        let first = compute(1);\n        let second = compute(2);\n        total += first;\n        total += second;\n    }\n";

/// A model whose first token comes after 100 ms and whose last after 1,080 ms.
struct Slow;

impl Provider for Slow {
    fn stream(&self, _: Call) -> Stream {
        let pieces: Vec<&str> = ANSWER
            .as_bytes()
            .chunks(4)
            .map(|piece| std::str::from_utf8(piece).expect("ASCII"))
            .collect();
        let between = Duration::from_millis(980) / (pieces.len() as u32 - 1);
        futures_util::stream::iter(pieces.into_iter().enumerate())
            .then(move |(number, piece)| async move {
                let wait = if number == 0 {
                    Duration::from_millis(100)
                } else {
                    between
                };
                tokio::time::sleep(wait).await;
                Ok(Event::Text(piece.to_owned()))
            })
            .boxed()
    }
}

/// Runs the scenario and prints it.
pub fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let before = "fn main() {\n    ";
        let options = json!({"trigger": "balanced"});
        let desk = Desk::open(
            Arc::new(Slow),
            &options,
            URI,
            "rust",
            &format!("{before}\n}}\n"),
            before.len(),
        );
        let begun = tokio::time::Instant::now();
        let mut ask = desk.ask();
        ask.trigger = byok_lsp::completion::Trigger::Explicit;
        let shown = desk
            .completions
            .complete(&desk.gateway, &desk.session, Arc::new(ask))
            .await;
        let shown = shown.ok().flatten().expect("an answer");
        println!(
            "first token after 100 ms, last after 1,080: first on the screen after {} ms: {:?}",
            begun.elapsed().as_millis(),
            shown.suggestion.text
        );
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let known = desk.completions.reuse(&desk.session, &desk.ask()).flatten();
            let text = known.map(|known| known.suggestion.text).unwrap_or_default();
            if text.ends_with('}') {
                println!("whole after {} ms", begun.elapsed().as_millis());
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "it never became whole: {text:?}"
            );
        }
    });
}
