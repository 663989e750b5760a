//! The least that a server on this crate's libraries could do: its HTTP client, its protocol framework, its runtime, its rope and its JSON, each used as
//! here, with nothing between them. One document, one request, a window of text round the cursor; nothing is checked, filtered, counted or kept. What it
//! takes beyond the relay is theirs; what the server takes beyond it is the server's own.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, OnceLock};

use ropey::Rope;
use serde::{Deserialize, Serialize};
use tokio::net::unix::pipe;
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::{LanguageServer, LspService, Server, jsonrpc};

/// The argument that makes this program a server of this kind.
pub const ARGUMENT: &str = "--stack";

/// How many characters go out from before and from behind the cursor: together what the server's window holds.
const BEFORE: usize = 7_000;
const BEHIND: usize = 3_000;

#[derive(Default)]
struct Backend {
    text: Mutex<Rope>,
    client: reqwest::Client,
    address: OnceLock<String>,
}

#[derive(Serialize)]
struct Request {
    model: &'static str,
    prompt: String,
    suffix: String,
    stream: bool,
    max_tokens: u32,
}

#[derive(Deserialize)]
struct Event {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    text: String,
}

/// Serves until the editor hangs up.
pub fn run() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("it is the first");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (input, output) = (owned(std::io::stdin()), owned(std::io::stdout()));
        let input = pipe::Receiver::from_owned_fd(input).expect("the editor gives a pipe");
        let output = pipe::Sender::from_owned_fd(output).expect("the editor gives a pipe");
        let (service, socket) = LspService::new(|_| Backend::default());
        Server::new(input, output, socket).serve(service).await;
    });
}

/// The other end of a pipe, as one that the runtime may wait for.
fn owned(pipe: impl AsFd) -> OwnedFd {
    pipe.as_fd().try_clone_to_owned().expect("it is open")
}

impl Backend {
    fn byte_of(text: &Rope, at: lsp::Position) -> usize {
        // The scenario's text is ASCII.
        text.line_to_byte(at.line as usize) + at.character as usize
    }

    /// Asks the provider, and puts together what it streams.
    async fn ask(&self, request: &Request) -> String {
        let address = self.address.get().expect("it was initialized");
        let body = serde_json::to_vec(request).expect("it is plain");
        let asked = self
            .client
            .post(address)
            .header("content-type", "application/json")
            .body(body);
        let mut response = asked.send().await.expect("the provider answers");
        let (mut text, mut unread) = (String::new(), Vec::new());
        while let Some(chunk) = response.chunk().await.expect("it goes on") {
            unread.extend_from_slice(&chunk);
            while let Some(end) = memchr::memchr(b'\n', &unread) {
                if let Some(data) = unread[..end]
                    .strip_prefix(b"data: ")
                    .filter(|data| *data != b"[DONE]")
                {
                    let event: Event =
                        serde_json::from_slice(data).expect("the provider sends JSON");
                    event
                        .choices
                        .iter()
                        .for_each(|choice| text.push_str(&choice.text));
                }
                unread.drain(..=end);
            }
        }
        text
    }
}

impl LanguageServer for Backend {
    async fn initialize(
        &self,
        params: lsp::InitializeParams,
    ) -> jsonrpc::Result<lsp::InitializeResult> {
        let options = params.initialization_options.unwrap_or_default();
        let base = options["providers"]["mock"]["base_url"]
            .as_str()
            .expect("the scenario names its provider");
        self.address
            .set(format!("{base}/completions"))
            .expect("it is initialized once");
        Ok(lsp::InitializeResult::default())
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        *self.text.lock().expect("nobody panics") = Rope::from_str(&params.text_document.text);
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        let mut text = self.text.lock().expect("nobody panics");
        for change in params.content_changes {
            let lsp::TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) =
                change
            else {
                continue;
            };
            let start = Self::byte_of(&text, change.range.start);
            let end = Self::byte_of(&text, change.range.end);
            text.remove(start..end);
            text.insert(start, &change.text);
        }
    }

    async fn inline_completion(
        &self,
        params: lsp::InlineCompletionParams,
    ) -> jsonrpc::Result<Option<lsp::InlineCompletionResponse>> {
        let position = params.text_document_position_params.position;
        let text = self.text.lock().expect("nobody panics").clone();
        let at = Self::byte_of(&text, position);
        let request = Request {
            model: "m",
            prompt: text.byte_slice(at.saturating_sub(BEFORE)..at).into(),
            suffix: text
                .byte_slice(at..(at + BEHIND).min(text.len_bytes()))
                .into(),
            stream: true,
            max_tokens: 128,
        };
        let item = lsp::InlineCompletionItem {
            insert_text: lsp::InsertText::String(self.ask(&request).await),
            filter_text: None,
            range: Some(lsp::Range {
                start: position,
                end: position,
            }),
            command: None,
        };
        let list = lsp::InlineCompletionList { items: vec![item] };
        Ok(Some(lsp::InlineCompletionResponse::InlineCompletionList(
            list,
        )))
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        Ok(())
    }
}
