//! The border to the editor: bytes on stdin become calls of our own functions, and their answers bytes on stdout.
//!
//! Entry point: [`run`]. Only this module knows the Language Server Protocol's types. It holds no policy: a handler converts in, calls one
//! function and converts out. What the protocol demands of order, cancellation and bad input is in [`serve`] and [`transport`].

mod advice;
mod backend;
mod background;
mod budget;
mod capabilities;
mod editor;
mod explanations;
mod from_proto;
mod guard;
mod handlers;
mod in_flight;
mod ledger_news;
mod outbox;
mod parent;
mod previews;
mod progress;
pub mod protocol;
mod reader;
mod running;
mod serve;
mod status;
pub mod stdio;
mod to_proto;
mod transport;
mod uncommitted;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

pub use transport::{Frame, FrameDecoder, MAX_FRAME};
pub use uncommitted::changed;

use crate::config::{Layers, Problem};
use crate::cost::Ledger;
use crate::index::SymbolIndex;
use crate::local::Engine;
use crate::models::Lists;
use crate::provider::{Http, Provider};

/// What a server is made of, so that tests can put in what they like.
pub struct Parts {
    /// The configuration below the editor's.
    pub layers: Layers,
    /// The mistakes found in it, told to the user once the editor is there to show them.
    pub problems: Vec<Problem>,
    /// Where calls are booked.
    pub ledger: Ledger,
    /// The HTTP client of all providers.
    pub http: Http,
    /// The embedded engine.
    pub engine: Engine,
    /// The lists of models.
    pub lists: Lists,
    /// The index of what the workspace defines.
    pub symbols: SymbolIndex,
    /// The folder for explanations that the editor opens; without one they are shown as messages.
    pub explanations: Option<PathBuf>,
    /// The folder that remembers what the user was told once and for all; without one such hints are not given.
    pub hints: Option<PathBuf>,
    /// Providers that take the place of those their names stand for.
    pub substitutes: HashMap<String, Arc<dyn Provider>>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By `shutdown` and `exit`, as the protocol wants it.
    Properly,
    /// By `exit` alone, or because the editor hung up, reads nothing any more, or is gone.
    Abruptly,
}

/// Serves one editor until it says `exit`, closes its end of either pipe, or its process ends. All that was asked is answered before this returns, or booked where
/// nobody would read the answer.
pub async fn run<R, W>(input: R, output: W, parts: Parts) -> Ended
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    serve::serve(input, output, parts).await
}
