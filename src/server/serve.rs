//! The loop between transport and handlers.
//!
//! Order: each message's handler is polled once, here, before the next message is looked at, so what a handler does before its first
//! `.await` happens in the order of arrival. Whatever then has to wait goes on in a task of its own, and no handler waits for another. There
//! is no limit on how many run: limits on model calls belong to the gateway.

use std::io::Read;
use std::pin::pin;
use std::task::Poll;

use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tower::Service as _;
use tower_lsp::jsonrpc::{Error, Id, Request, Response};

use super::backend::{self, Backend};
use super::guard::Guard;
use super::outbox::Outbox;
use super::transport::{Frame, FrameDecoder};
use super::{Ended, Parts};

/// What the reader made of a frame.
enum Incoming {
    Request(Request),
    Response(Response),
    Bad(Id, Error),
}

/// Serves one editor; see [`super::run`].
pub(super) async fn serve<R, W>(input: R, output: W, parts: Parts) -> Ended
where
    R: Read + Send + 'static,
    W: std::io::Write + Send + 'static,
{
    let (outbox, writer) = Outbox::start(output);
    let incoming = start_reader(input);
    let (service, socket) = backend::service(parts, outbox.clone());
    let shared = service.inner().shared();
    let (client_requests, client_replies) = socket.split();
    let mut tasks = JoinSet::new();
    tasks.spawn(forward(client_requests, outbox.clone()));
    let ended = pump(incoming, Guard(service), client_replies, &outbox, &mut tasks).await;
    shared.close().await;
    // Completions were superseded by `close` and answer at once; whatever else still runs has nobody to answer to.
    drain(&mut tasks).await;
    drop((tasks, shared, outbox));
    // The writer ends with the last outbox; an editor that does not read must not keep us.
    let _ = tokio::time::timeout(FLUSH, tokio::task::spawn_blocking(move || writer.join())).await;
    ended
}

/// How long an editor that hung up or said `exit` is given to take what is still unwritten.
const FLUSH: std::time::Duration = std::time::Duration::from_millis(500);

async fn pump(
    mut incoming: UnboundedReceiver<Incoming>,
    mut service: Guard<Backend>,
    mut client_replies: tower_lsp_replies::Replies,
    outbox: &Outbox,
    tasks: &mut JoinSet<()>,
) -> Ended {
    let mut was_shut_down = false;
    while let Some(message) = incoming.recv().await {
        // Finished tasks are reaped as we go, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        match message {
            Incoming::Request(request) => {
                let is_exit = request.method() == "exit";
                was_shut_down |= request.method() == "shutdown";
                if is_exit {
                    break;
                }
                if std::future::poll_fn(|context| service.poll_ready(context)).await.is_err() {
                    break;
                }
                dispatch(service.call(request), outbox, tasks).await;
            }
            Incoming::Response(response) => {
                let _ = client_replies.send(response).await;
            }
            Incoming::Bad(id, error) => outbox.send(&Response::from_error(id, error)),
        }
    }
    if was_shut_down { Ended::Properly } else { Ended::Abruptly }
}
