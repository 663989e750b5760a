//! The loop between transport and handlers.
//!
//! Order: each message's handler is polled once, here, before the next message is looked at, so what a handler does before its first
//! `.await` happens in the order of arrival. Whatever then has to wait goes on in a task of its own, and no handler waits for another. There
//! is no limit on how many run: limits on model calls belong to the gateway.

use std::task::Poll;
use std::time::Duration;

use futures_util::{FutureExt as _, Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tower::Service as _;
use tower_lsp::jsonrpc::{Request, Response};

use super::backend::{self, Backend};
use super::guard::Guard;
use super::outbox::Outbox;
use super::parent::Parent;
use super::reader::{Incoming, Reader};
use super::{Ended, Parts};

/// How long an editor that hung up or said `exit` is given to take what is still unwritten.
const FLUSH: Duration = Duration::from_millis(500);

/// Serves one editor; see [`super::run`].
pub(super) async fn serve<R, W>(input: R, output: W, parts: Parts) -> Ended
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (outbox, writer) = Outbox::start(output);
    let (service, socket) = backend::service(parts, outbox.clone());
    let shared = service.inner().shared();
    let (requests, replies) = socket.split();
    let forwarding = tokio::spawn(forward(requests, outbox.clone()));
    let mut tasks = JoinSet::new();
    let ended = pump(
        Reader::new(input),
        Guard(service),
        replies,
        &outbox,
        &mut tasks,
    )
    .await;
    // Everything that runs is superseded and so answers at once.
    shared.close();
    let _ = tokio::time::timeout(FLUSH, async { while tasks.join_next().await.is_some() {} }).await;
    // What is still not done has nobody to answer to; its account is settled by its drop, before the ledger closes.
    tasks.shutdown().await;
    let _ = tokio::time::timeout(FLUSH, shared.completions.settled()).await;
    forwarding.abort();
    let (ledger, audit) = (shared.ledger(), shared.gateway.audit().clone());
    // The last calls' reports go out before the writer ends.
    let closing = tokio::task::spawn_blocking(move || {
        ledger.close(LEDGER);
        audit.close(LEDGER);
    });
    let closing = tokio::time::timeout(LEDGER, closing);
    let telemetry = shared.gateway.telemetry();
    let _ = tokio::join!(closing, telemetry.close(FLUSH));
    outbox.close();
    let _ = tokio::time::timeout(FLUSH, writer.join()).await;
    ended
}

/// How long the ledger is given to write what it was handed, with another process on the same file; longer than it waits for a lock.
const LEDGER: Duration = Duration::from_millis(1500);

/// How long an editor may leave all that it is sent unread, once that is more than may wait.
const STUCK: Duration = Duration::from_mins(1);

async fn pump(
    mut incoming: Reader<impl AsyncRead + Unpin>,
    mut service: Guard<Backend>,
    mut replies: impl Sink<Response> + Unpin,
    outbox: &Outbox,
    tasks: &mut JoinSet<()>,
) -> Ended {
    let mut was_shut_down = false;
    // Whichever way an editor goes: nobody may go on to pay for what nobody reads.
    let mut gone = std::pin::pin!(outbox.gone());
    let mut parent = Parent::default();
    loop {
        let message = tokio::select! {
            biased;
            message = incoming.next() => message,
            () = &mut gone => {
                tracing::info!("the editor has closed our output; the session ends");
                return ended(was_shut_down);
            }
            () = parent.ended() => {
                tracing::info!("the editor's process has ended; the session ends");
                return ended(was_shut_down);
            }
        };
        let Some(message) = message else {
            return ended(was_shut_down);
        };
        // An editor that writes on and on and reads nothing is none that anybody sits in front of.
        if tokio::time::timeout(STUCK, outbox.room()).await.is_err() {
            tracing::error!("the editor reads nothing any more; the session ends");
            return Ended::Abruptly;
        }
        // An editor that sends faster than we read leaves time for the others.
        tokio::task::consume_budget().await;
        // Finished tasks are reaped as we go, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        match message {
            Incoming::Request(request) if request.method() == "exit" => {
                return ended(was_shut_down);
            }
            Incoming::Request(request) => {
                match request.method() {
                    // A second one is refused, and changes nothing.
                    "initialize" if !parent.is_watched() => {
                        parent = Parent::named(request.params());
                    }
                    "shutdown" => was_shut_down = true,
                    _ => {}
                }
                let is_ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
                if is_ready.is_ok() {
                    dispatch(&mut service, request, outbox, tasks).await;
                }
            }
            Incoming::Response(response) => {
                // The framework drops a reply that it does not wait for.
                let _ = replies.send(response).await;
            }
            Incoming::Bad(response) => outbox.send_unless_full(&response),
        }
    }
}

/// Returns how a session has ended: an editor that has said that it ends may go in whatever way.
fn ended(was_shut_down: bool) -> Ended {
    if was_shut_down {
        Ended::Properly
    } else {
        Ended::Abruptly
    }
}

/// Calls a handler: polls it once in place, and leaves it to a task if it has to wait.
async fn dispatch(
    service: &mut Guard<Backend>,
    request: Request,
    outbox: &Outbox,
    tasks: &mut JoinSet<()>,
) {
    let mut answer = service.call(request);
    let first = std::future::poll_fn(|context| Poll::Ready(answer.poll_unpin(context))).await;
    match first {
        Poll::Ready(response) => reply(outbox, response),
        Poll::Pending => {
            let outbox = outbox.clone();
            tasks.spawn(async move { reply(&outbox, answer.await) });
        }
    }
}

fn reply<E>(outbox: &Outbox, response: Result<Option<Response>, E>) {
    if let Ok(Some(response)) = response {
        outbox.send(&response);
    }
}

/// Passes the server's own requests on to the editor.
async fn forward(mut requests: impl Stream<Item = Request> + Unpin, outbox: Outbox) {
    while let Some(request) = requests.next().await {
        outbox.send(&request);
    }
}
