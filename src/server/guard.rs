//! The layer around every handler: a panic becomes an error reply, and a completion that was cancelled an empty list.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;
use tower::Service;
use tower_lsp::jsonrpc::{Error, ErrorCode, Request, Response};
use tower_lsp::{ExitedError, LanguageServer, LspService};
use tracing::Instrument as _;

use super::from_proto;

/// The framework's service inside the guard.
pub struct Guard<S>(pub LspService<S>);

impl<S: LanguageServer> Service<Request> for Guard<S> {
    type Response = Option<Response>;
    type Error = ExitedError;
    type Future = BoxFuture<'static, Result<Option<Response>, ExitedError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ExitedError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let request = from_proto::mended(with_params(request));
        let id = request.id().cloned();
        let empty = empty_reply(request.method());
        let span = if let Some(id) = &id {
            tracing::info_span!("request", method = request.method(), %id)
        } else {
            tracing::debug_span!("request", method = request.method())
        };
        let began = Instant::now();
        let answer = AssertUnwindSafe(self.0.call(request)).catch_unwind();
        async move {
            let response = answer.await.unwrap_or_else(|_| {
                tracing::error!("a handler panicked; the request is answered with an error and the server goes on");
                Ok(id.map(|id| Response::from_error(id, Error::internal_error())))
            })?;
            if response.is_some() {
                let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::debug!(ms, "answered");
            }
            Ok(response.map(|response| match (response.error(), empty) {
                // Neovim takes a stale ghost text down only for an empty list; an error leaves it, and accepting it damages the line.
                (Some(error), Some(empty)) if is_of_the_request(error.code) => {
                    if error.code == ErrorCode::InvalidParams {
                        tracing::warn!("a request for completions cannot be read; it is answered with none");
                    }
                    Response::from_ok(response.id().clone(), empty)
                }
                _ => response,
            }))
        }
        .instrument(span)
        .boxed()
    }
}

/// Gives our own requests the parameters that they need not have; the framework takes either none or some.
fn with_params(request: Request) -> Request {
    if !request.method().starts_with("byok/") || request.params().is_some() {
        return request;
    }
    let (method, id, _) = request.into_parts();
    let request = Request::build(method).params(json!({}));
    match id {
        Some(id) => request.id(id).finish(),
        None => request.finish(),
    }
}

/// Returns whether an error is about one request, rather than about a client that has not begun or has ended.
fn is_of_the_request(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::RequestCancelled | ErrorCode::InvalidParams | ErrorCode::InternalError
    )
}

/// The reply that says "nothing to suggest", for the methods that have one.
fn empty_reply(method: &str) -> Option<serde_json::Value> {
    match method {
        "textDocument/inlineCompletion" => Some(json!({"items": []})),
        "textDocument/completion" => Some(json!({"isIncomplete": true, "items": []})),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tower_lsp::gen_lsp_types::{Hover, HoverParams, InitializeParams, InitializeResult};
    use tower_lsp::jsonrpc::Result;

    use super::*;

    /// A server with a mistake in it.
    struct Mistaken;

    impl LanguageServer for Mistaken {
        async fn initialize(&self, _: InitializeParams) -> Result<InitializeResult> {
            Ok(InitializeResult::default())
        }

        async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
            let position = params.text_document_position_params.position;
            assert!(position.line == 0, "a mistake");
            Ok(None)
        }

        async fn shutdown(&self) -> Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_request_whose_handler_panics_is_answered_with_an_error_and_the_next_as_ever() {
        let (service, _client) = LspService::new(|_| Mistaken);
        let mut guard = Guard(service);
        let initialize = Request::build("initialize").params(json!({"capabilities": {}}));
        let answer = guard.call(initialize.id(1).finish()).await.unwrap();
        assert!(answer.unwrap().is_ok());
        for (id, line, is_ok) in [(2, 7, false), (3, 0, true)] {
            let position = json!({"line": line, "character": 0});
            let params = json!({"textDocument": {"uri": "file:///a"}, "position": position});
            let hover = Request::build("textDocument/hover").params(params);
            let answer = guard.call(hover.id(id).finish()).await.unwrap().unwrap();
            assert_eq!(answer.is_ok(), is_ok, "{answer:?}");
        }
    }
}
