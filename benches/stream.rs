//! What our layer costs while an answer streams: `cargo bench --bench stream`.
//!
//! Two things are measured: the processor time from a chunk's bytes to its event, for each wire, without a network; and the whole way from
//! a provider's socket through the gateway to its caller, where the scripted provider on loopback tells when a chunk's last byte was about
//! to go out. No figure fails the run, because the clock of a shared machine proves nothing; what fails it is an answer that is wrong.
#![allow(missing_docs, clippy::print_stdout, clippy::cast_precision_loss)]

#[expect(dead_code, reason = "the end-to-end tests use the rest of it")]
#[path = "../tests/support/scripted.rs"]
mod scripted;
#[expect(
    dead_code,
    reason = "the bench of the whole server uses the rest of it"
)]
#[path = "server/table.rs"]
mod table;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byok_lsp::config::{Layer, Layers, TaskClass, Wire};
use byok_lsp::cost::Ledger;
use byok_lsp::gateway::{Gateway, Interrupt, Request};
use byok_lsp::local::{Engine, Limits};
use byok_lsp::provider::{Answer, Event, Fill, Http, Input, Place};
use byok_lsp::routing::Feature;
use futures_util::{FutureExt as _, StreamExt as _};
use scripted::{Scripted, Seen, Step, chunk, head, stream_end};
use serde_json::json;
use table::{SHOWN, Samples, Table, most};

/// How many chunks an answer has.
const CHUNKS: usize = 5_000;

/// What a provider sends in a chunk: a token of code, and all that comes along with it.
const CHAT: &str = r#"{"id":"chatcmpl-CvGkbTfIpsT0hJ4Y2bqPnHq8XQOZr","object":"chat.completion.chunk","created":1795232784,"model":"gpt-4.1-mini-2025-04-14","service_tier":"default","system_fingerprint":"fp_658b958c37","choices":[{"index":0,"delta":{"content":" value"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"k2LrVw"}"#;
const COMPLETIONS: &str = r#"{"id":"cmpl-7b1f4","object":"text_completion","created":1795232784,"model":"m","choices":[{"index":0,"text":" value","logprobs":null,"finish_reason":null}]}"#;
const RESPONSES: &str = r#"{"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_68e1f8b2c4","output_index":0,"content_index":0,"delta":" value","logprobs":[],"obfuscation":"k2LrVw"}"#;
const ANTHROPIC: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" value"}}"#;
const GEMINI: &str = r#"{"candidates":[{"content":{"parts":[{"text":" value"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":2000,"candidatesTokenCount":7,"totalTokenCount":2007,"promptTokensDetails":[{"modality":"TEXT","tokenCount":2000}]},"modelVersion":"gemini-2.5-flash","responseId":"x7LhaJ"}"#;
const OLLAMA: &str = r#"{"model":"qwen2.5-coder:1.5b","created_at":"2026-11-21T03:46:20.102Z","response":" value","done":false}"#;
const INFILL: &str = r#"{"index":0,"content":" value","tokens":[897],"stop":false,"id_slot":-1,"tokens_predicted":7,"tokens_evaluated":2000}"#;

fn main() -> ExitCode {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if is_quick { 3 } else { 9 };
    let mut table = Table::begin("the library");
    table.scenario("chunk");
    for (name, wire, data) in [
        ("openai-chat", Wire::OpenAiChat, CHAT),
        ("openai-completions", Wire::OpenAiCompletions, COMPLETIONS),
        ("openai-responses", Wire::OpenAiResponses, RESPONSES),
        ("anthropic-messages", Wire::AnthropicMessages, ANTHROPIC),
        ("gemini", Wire::Gemini, GEMINI),
        ("ollama-generate", Wire::OllamaGenerate, OLLAMA),
        ("llama-cpp-infill", Wire::LlamaCppInfill, INFILL),
    ] {
        read(&mut table, name, wire, data, rounds);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(through(&mut table, rounds));
    table.scenario("first chunk");
    runtime.block_on(first(&mut table, if is_quick { 100 } else { 500 }));
    table.end()
}

/// One message in the wire's framing.
fn message(wire: Wire, data: &str) -> String {
    if wire == Wire::OllamaGenerate {
        format!("{data}\n")
    } else {
        format!("data: {data}\n\n")
    }
}

/// Measures a wire's reader alone, a chunk at a time.
fn read(table: &mut Table, name: &str, wire: Wire, data: &str, rounds: usize) {
    let bytes = message(wire, data).into_bytes();
    let mut each = Vec::new();
    for _ in 0..rounds {
        let mut answer = Answer::new(wire, "text/event-stream").expect("a wire that streams");
        let mut texts = 0;
        let begun = Instant::now();
        for _ in 0..CHUNKS {
            answer.push(&bytes).expect("a sound chunk");
            while let Some(event) = answer.event() {
                texts += usize::from(matches!(event, Event::Text(_)));
            }
        }
        each.push(micros(begun.elapsed()) / CHUNKS as f64);
        table.check(texts == CHUNKS, || format!("{name}: {texts} texts"));
    }
    let figure = format!("bytes to event, {name}");
    row(table, &figure, each);
}

/// Measures the whole way: socket, HTTP, reader, settlement, caller; the chunks come as fast as they can.
async fn through(table: &mut Table, rounds: usize) {
    let mut body = String::new();
    for _ in 0..CHUNKS {
        let text = message(Wire::OpenAiCompletions, COMPLETIONS);
        let _ = write!(body, "{:x}\r\n{text}\r\n", text.len());
    }
    let script = vec![
        head("200 OK", "text/event-stream"),
        Step::Send(body.into_bytes()),
        chunk(b"data: [DONE]\n\n"),
        stream_end(),
    ];
    let provider = Scripted::start(script);
    let gateway = Desk::new(&provider);
    let mut each = Vec::new();
    for _ in 0..=rounds {
        let mut call = gateway.call();
        let mut texts = 0;
        let mut begun = None;
        while let Some(piece) = call.next().await {
            piece.expect("the answer is sound");
            begun.get_or_insert_with(Instant::now);
            texts += 1;
        }
        let took = begun.map(|begun| begun.elapsed()).unwrap_or_default();
        each.push(micros(took) / CHUNKS as f64);
        table.check(texts == CHUNKS, || format!("{texts} texts"));
    }
    // The first round warms up.
    each.remove(0);
    row(
        table,
        "socket to caller through the gateway, openai-completions, sender included",
        each,
    );
}

/// Measures from the first chunk's last byte, about to be handed to the system by the provider, to its text in the caller's hands.
async fn first(table: &mut Table, count: usize) {
    let script = vec![
        head("200 OK", "text/event-stream"),
        // As a model that reads its prompt: everything before the chunk is over when it comes.
        Step::Wait(Duration::from_millis(5)),
        chunk(message(Wire::OpenAiCompletions, COMPLETIONS).as_bytes()),
    ];
    let provider = Scripted::start(script);
    let gateway = Desk::new(&provider);
    let mut samples = Samples::default();
    for round in 0..count + 20 {
        let mut call = gateway.call();
        let piece = call.next().await;
        let here = Instant::now();
        table.check(matches!(&piece, Some(Ok(text)) if text == " value"), || {
            format!("{piece:?}")
        });
        call.stop();
        let sent = loop {
            if let Seen::Answered(at) = provider.next() {
                break at;
            }
        };
        // The first few warm up.
        if round >= 20 {
            samples.push(here.saturating_duration_since(sent));
        }
    }
    table.median(
        "its last byte sent to its text at the caller",
        &samples,
        most(1.0),
    );
    let mut floor = Samples::default();
    for _ in 0..count {
        floor.push(wake_up());
    }
    table.median(
        "floor: a byte over loopback to a thread that waits for it",
        &floor,
        SHOWN,
    );
}

/// What the machine itself takes to pass on a byte and to wake who waits for it.
fn wake_up() -> Duration {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = listener.local_addr().expect("an address");
    let reader = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("somebody connects");
        socket.read_exact(&mut [0]).expect("a byte");
        Instant::now()
    });
    let mut socket = std::net::TcpStream::connect(address).expect("somebody listens");
    std::thread::sleep(Duration::from_millis(5));
    let sent = Instant::now();
    socket.write_all(&[1]).expect("somebody reads");
    let came = reader.join().expect("it does not panic");
    came.saturating_duration_since(sent)
}

/// A gateway whose one model is the scripted provider's.
struct Desk {
    gateway: Gateway,
    layers: Layers,
}

impl Desk {
    fn new(provider: &Scripted) -> Self {
        let mut layers = Layers::default();
        let options = json!({
            "completion": {"model": "mock/m"},
            "providers": {"mock": {
                "wire": "openai-completions", "base_url": format!("{}/v1", provider.address), "key": "none",
            }},
        });
        layers
            .set_json(Layer::Initialization, "the bench", options)
            .expect("sound settings");
        let gateway = Gateway::new(
            Http::new(&layers.settings().network),
            Engine::new(Limits::default()),
            Ledger::in_memory(),
            Arc::new(|_| ()),
        );
        Self { gateway, layers }
    }

    fn call(&self) -> byok_lsp::gateway::Call {
        let settings = self.layers.settings();
        let request = Request {
            action: None,
            class: TaskClass::Completion,
            decision: self.gateway.decide(&settings, Feature::Completion),
            input: Input::Fill(Fill {
                files: Vec::new(),
                prefix: "let x =".into(),
                suffix: ";\n".into(),
                place: Place {
                    uri: "file:///a.rs".into(),
                    text: "".into(),
                    cursor: 0,
                    max_lines: 1,
                },
            }),
            max_tokens: 128,
            expected: None,
            stop: Vec::new(),
            language: None,
            workspace: None,
            confined: None,
            shown: Vec::new(),
            interrupt: Interrupt::default(),
            attempt: 1,
            after: None,
        };
        // Without a key nothing has to be waited for.
        self.gateway
            .call(&settings, request)
            .now_or_never()
            .expect("no key is looked for")
            .expect("nothing stands in the way")
    }
}

fn row(table: &mut Table, figure: &str, mut each: Vec<f64>) {
    each.sort_by(f64::total_cmp);
    let note = format!("by round {:.2} to {:.2}", each[0], each[each.len() - 1]);
    table.row(figure, each[each.len() / 2], "µs", &note, most(20.0));
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
