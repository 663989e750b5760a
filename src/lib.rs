//! byok-lsp: ghost text in any editor on the user's own key.
//!
//! The modules, from the editor inwards; arrows of use point down this list only (`docs/architecture.md`):
//!
//! - [`cli`]: one file per subcommand; `serve` is what editors start.
//! - [`server`]: the LSP border: transport, guard, capabilities, one handler a file. The only place that knows LSP types.
//! - [`session`]: the open documents and settings, behind synchronous methods, and the snapshots handlers keep.
//! - [`completion`]: ghost text: what to ask, when to stop, what to show.
//! - [`context`]: what to show a model.
//! - [`gateway`]: the one way to a model: decide, credential, provider, settle, report.
//! - [`models`]: which models there are, by the providers' own lists.
//! - [`sign_in`]: a key without pasting one, over `credential` and `provider`.
//! - [`routing`]: which model, which key, who pays.
//! - [`cost`]: money, prices, the ledger.
//! - [`credential`]: where keys come from; the secret type.
//! - [`provider`]: one file per wire protocol.
//! - [`local`]: the embedded engine, which continues code from the workspace's own patterns.
//! - [`index`]: the definitions of the workspace, found by name.
//! - [`workspace`]: the files of a folder: the walk, and which of them may leave the machine.
//! - [`repository`]: the files round a document, and what git says has changed in them.
//! - [`document`], [`syntax`]: ropes, positions, versions; languages, trees, queries.
//! - [`audit`]: the log of what left the machine and what was kept, in which a change shows.
//! - [`secrets`]: credentials in what is about to be sent: found and masked, and put back into the answer.
//! - [`priority`]: what computes behind the editor's back gives way to what answers it.
//! - [`process_group`]: what a program of ours has started ends with it.
//! - [`replace_file`]: a file is replaced whole and at once.
//! - [`logs`]: the log file, for whoever looks for a fault.
//! - [`scrub`]: takes what looks like a key out of texts that others wrote.
//! - [`telemetry`]: a collector of the user's own is told of each call, without content.
//! - [`config`]: options (what users write) and settings (what code reads).

pub mod action;
pub mod audit;
pub mod cli;
pub mod completion;
pub mod config;
pub mod context;
pub mod cost;
pub mod credential;
pub mod document;
pub mod gateway;
pub mod index;
pub mod local;
pub mod logs;
pub mod models;
pub mod priority;
pub mod process_group;
pub mod provider;
pub mod replace_file;
pub mod repository;
pub mod routing;
pub mod scrub;
pub mod secrets;
pub mod server;
pub mod session;
pub mod sign_in;
pub mod syntax;
pub mod telemetry;
#[cfg(test)]
mod thorough;
pub mod workspace;
