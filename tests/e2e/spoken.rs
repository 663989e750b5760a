//! Each wire as a provider speaks it: where a request goes, how its key travels, and an answer in two halves.

use serde_json::{Value, json};

use crate::provider::{Step, chunk, head, stream_end};

/// A variable that is always set here, since cargo sets it: what stands in it serves as the key.
pub const VARIABLE: &str = "CARGO_PKG_NAME";

/// One wire, and an answer over it that suggests `42;` for nine tokens read and two written.
pub struct Spoken {
    /// The wire's name.
    pub wire: &'static str,
    /// A model that can be asked over it.
    pub model: &'static str,
    /// The method and the path of a request to an address that ends in `/v1`.
    pub place: &'static str,
    /// The header with the key, up to the key.
    pub header: &'static str,
    /// The answer's first part, which holds the text `4`.
    pub first: &'static str,
    /// The rest: the text `2;`, the end, and what was used.
    pub rest: &'static str,
}

impl Spoken {
    /// Returns the settings under which completions go over this wire to an address, at once and with a key.
    pub fn config(&self, base_url: &str) -> Value {
        json!({
            "completion": {"model": format!("mock/{}", self.model), "debounce_ms": 0},
            "providers": {"mock": {
                "wire": self.wire, "base_url": format!("{base_url}/v1"), "key": {"env": VARIABLE},
            }},
        })
    }

    /// Returns whether it streams one JSON document a line rather than server-sent events.
    pub fn sends_lines(&self) -> bool {
        self.wire.starts_with("ollama")
    }

    /// Returns the content type of a streamed answer.
    pub fn kind(&self) -> &'static str {
        if self.sends_lines() {
            "application/x-ndjson"
        } else {
            "text/event-stream"
        }
    }

    /// Makes one message of the wire's framing.
    pub fn message(&self, data: &str) -> String {
        if self.sends_lines() {
            format!("{data}\n")
        } else {
            format!("data: {data}\n\n")
        }
    }

    /// A streamed answer of these pieces, with its end unless another step follows it.
    pub fn stream(&self, pieces: &[&[u8]], last: Option<Step>) -> Vec<Step> {
        let head = head("200 OK", self.kind());
        let pieces = pieces.iter().map(|piece| chunk(piece));
        let last = last.unwrap_or_else(stream_end);
        std::iter::once(head).chain(pieces).chain([last]).collect()
    }

    /// The whole answer.
    pub fn answer(&self) -> Vec<Step> {
        self.stream(&[self.first.as_bytes(), self.rest.as_bytes()], None)
    }

    /// The first half of the answer, broken off inside a character.
    pub fn cut_in_a_character(&self) -> Vec<u8> {
        let at = self.first.find("\"4\"").expect("each first part holds it");
        [&self.first.as_bytes()[..=at], b"\xf0\x9f"].concat()
    }
}

const BEARER: &str = "authorization: Bearer ";

/// All wires that go over HTTP.
pub static WIRES: [Spoken; 11] = [
    Spoken {
        wire: "openai-chat",
        model: "m",
        place: "POST /v1/chat/completions HTTP/1.1",
        header: BEARER,
        first: "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\n",
        rest: "data: {\"choices\":[{\"delta\":{\"content\":\"2;\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    },
    Spoken {
        wire: "openai-completions",
        model: "m",
        place: "POST /v1/completions HTTP/1.1",
        header: BEARER,
        first: "data: {\"choices\":[{\"text\":\"4\"}]}\n\n",
        rest: "data: {\"choices\":[{\"text\":\"2;\",\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    },
    Spoken {
        wire: "openai-responses",
        model: "m",
        place: "POST /v1/responses HTTP/1.1",
        header: BEARER,
        first: "data: {\"type\":\"response.output_text.delta\",\"delta\":\"4\"}\n\n",
        rest: "data: {\"type\":\"response.output_text.delta\",\"delta\":\"2;\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":9,\"output_tokens\":2}}}\n\n",
    },
    Spoken {
        wire: "anthropic-messages",
        model: "m",
        place: "POST /v1/messages HTTP/1.1",
        header: "x-api-key: ",
        first: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"4\"}}\n\n",
        rest: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"2;\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n",
    },
    Spoken {
        wire: "gemini",
        model: "m",
        place: "POST /v1/models/m:streamGenerateContent?alt=sse HTTP/1.1",
        header: "x-goog-api-key: ",
        first: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"4\"}]}}]}\n\n",
        rest: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"2;\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2}}\n\n",
    },
    Spoken {
        wire: "ollama-chat",
        model: "m",
        place: "POST /api/chat HTTP/1.1",
        header: BEARER,
        first: "{\"message\":{\"content\":\"4\"},\"done\":false}\n",
        rest: "{\"message\":{\"content\":\"2;\"},\"done\":false}\n{\"done\":true,\"prompt_eval_count\":9,\"eval_count\":2}\n",
    },
    Spoken {
        wire: "ollama-generate",
        model: "m",
        place: "POST /api/generate HTTP/1.1",
        header: BEARER,
        first: "{\"response\":\"4\",\"done\":false}\n",
        rest: "{\"response\":\"2;\",\"done\":false}\n{\"response\":\"\",\"done\":true,\"prompt_eval_count\":9,\"eval_count\":2}\n",
    },
    Spoken {
        wire: "fim-completions",
        model: "m",
        place: "POST /v1/fim/completions HTTP/1.1",
        header: BEARER,
        first: "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\n",
        rest: "data: {\"choices\":[{\"delta\":{\"content\":\"2;\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    },
    Spoken {
        wire: "fim-template",
        model: "starcoder2",
        place: "POST /v1/completions HTTP/1.1",
        header: BEARER,
        first: "data: {\"choices\":[{\"text\":\"4\"}]}\n\n",
        rest: "data: {\"choices\":[{\"text\":\"2;<fim_pad>junk\",\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    },
    Spoken {
        wire: "cohere-chat",
        model: "m",
        place: "POST /v1/chat HTTP/1.1",
        header: BEARER,
        first: "event: content-delta\ndata: {\"type\":\"content-delta\",\"delta\":{\"message\":{\"content\":{\"text\":\"4\"}}}}\n\n",
        rest: "event: content-delta\ndata: {\"type\":\"content-delta\",\"delta\":{\"message\":{\"content\":{\"text\":\"2;\"}}}}\n\nevent: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"billed_units\":{\"input_tokens\":9,\"output_tokens\":2}}}}\n\n",
    },
    Spoken {
        wire: "llama-cpp-infill",
        model: "m",
        place: "POST /infill HTTP/1.1",
        header: BEARER,
        first: "data: {\"content\":\"4\",\"stop\":false}\n\n",
        rest: "data: {\"content\":\"2;\",\"stop\":false}\n\ndata: {\"content\":\"\",\"stop\":true,\"tokens_evaluated\":9,\"tokens_predicted\":2}\n\n",
    },
];

/// Does the same over each wire, all at once, since most of a fault's time is waiting.
pub fn over_each_wire(test: fn(&'static Spoken)) {
    let threads = WIRES.each_ref().map(|spoken| {
        std::thread::Builder::new()
            .name(spoken.wire.into())
            .spawn(move || test(spoken))
            .expect("a thread")
    });
    for thread in threads {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        assert!(thread.join().is_ok(), "{name}: what failed stands above");
    }
}
