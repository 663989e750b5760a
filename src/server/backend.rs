//! The table of methods, and what all handlers share.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Deserialize as _;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Result;
use tower_lsp::{Client, ClientSocket, LanguageServer, LspService};

use super::advice::Advisor;
use super::background::Background;
use super::editor::Abilities;
use super::handlers::{
    accepted, code_action, commands, completion, context, did_change, did_change_configuration,
    did_change_workspace_folders, did_close, did_open, execute_command, explain_route, initialize,
    initialized, inline_completion, local_servers, models, organisation, set_model, settle,
    workspace_file,
};
use super::in_flight::InFlight;
use super::outbox::Outbox;
use super::previews::Previews;
use super::protocol::{
    DidDismissParams, Done, ExplainContext, ExplainContextParams, ExplainRouteParams, Models,
    PreviewAnswer, PreviewTaken, SetModelParams, UsageParams, UsageSummary,
};
use super::running::Running;
use super::status::Status;
use super::to_proto;
use super::uncommitted::Uncommitted;
use super::{Parts, budget};
use crate::action::Diagnostic;
use crate::completion::Completions;
use crate::config::{Problem, ProviderSettings};
use crate::cost::Ledger;
use crate::gateway::{Explanation, Gateway, Reporter};
use crate::index::SymbolIndex;
use crate::local::Engine;
use crate::models::Lists;
use crate::provider::Http;
use crate::session::{Session, Snapshot, Stamp};
use crate::telemetry::Telemetry;

/// The server as the framework sees it.
pub struct Backend {
    shared: Arc<Shared>,
}

/// What handlers share.
pub struct Shared {
    pub documents: Mutex<Session>,
    /// Mistakes in the configuration that the user has not been told yet.
    problems: Mutex<Vec<Problem>>,
    /// What else the user is to be told once the editor can show it.
    remarks: Mutex<Vec<String>>,
    pub gateway: Gateway,
    /// The client of what is no call to a model.
    pub http: Http,
    pub engine: Engine,
    pub lists: Lists,
    /// What the workspace defines, for prompts.
    pub symbols: SymbolIndex,
    /// What has changed in it since the last commit, for prompts too.
    pub uncommitted: Uncommitted,
    /// Room for the documents that are being parsed, and for those for whose prompts context is being chosen: as many as there are processors.
    pub parsing: Semaphore,
    pub choosing: Semaphore,
    /// Where both is done.
    pub background: Background,
    /// What goes on in the background: providers being asked for their lists, caps being told.
    refreshes: Mutex<JoinSet<()>>,
    pub in_flight: InFlight,
    pub completions: Completions,
    pub running: Running,
    pub previews: Previews,
    /// The way to ask the editor something.
    pub client: Client,
    /// The folder for explanations that the editor opens.
    pub explanations: Option<PathBuf>,
    abilities: OnceLock<Abilities>,
    last_place: Mutex<Option<LastPlace>>,
    pub outbox: Outbox,
    pub status: Status,
    pub advisor: Advisor,
    /// When the organisation's files were last looked at, and what was told of them.
    pub organisation: organisation::Looks,
    /// When the model servers on this machine were last looked for.
    pub local_servers: local_servers::Looks,
    /// Which models were got ready for.
    pub ready: settle::Ready,
    /// Says that caps may stand otherwise than before.
    changed: Arc<Notify>,
    last: Arc<Mutex<Option<UsageParams>>>,
    accepted: AtomicU64,
    is_started: AtomicBool,
}

/// The place that the editor last asked about, for commands that do not say where.
#[derive(Debug, Clone)]
pub struct LastPlace {
    /// The document.
    pub uri: Arc<str>,
    /// When.
    pub stamp: Stamp,
    /// The cursor or the selection.
    pub selection: Range<usize>,
    /// What is complained about there.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes the service: one line per method.
pub fn service(parts: Parts, outbox: Outbox) -> (LspService<Backend>, ClientSocket) {
    let backend = |client| Backend {
        shared: Arc::new(Shared::new(parts, outbox, client)),
    };
    LspService::build_with_lifecycle_methods(backend)
        .custom_method("textDocument/didOpen", Backend::did_open)
        .custom_method("textDocument/didChange", Backend::did_change)
        .custom_method("textDocument/didSave", Backend::did_save)
        .custom_method("textDocument/didClose", Backend::did_close)
        .custom_method(
            "workspace/didChangeWorkspaceFolders",
            Backend::did_change_workspace_folders,
        )
        .custom_method(
            "workspace/didChangeConfiguration",
            Backend::did_change_configuration,
        )
        .custom_method("workspace/executeCommand", Backend::execute_command)
        .custom_method("textDocument/inlineCompletion", Backend::inline_completion)
        .custom_method("textDocument/completion", Backend::completion)
        .custom_method(
            "textDocument/didShowCompletion",
            Backend::did_show_completion,
        )
        .custom_method(
            "textDocument/didPartiallyAcceptCompletion",
            Backend::did_partially_accept_completion,
        )
        .custom_method("byok/didDismiss", Backend::did_dismiss)
        .custom_method("textDocument/codeAction", Backend::code_action)
        .custom_method("codeAction/resolve", Backend::code_action_resolve)
        .custom_method("window/workDoneProgress/cancel", Backend::cancel_progress)
        .custom_method("byok/usageSummary", Backend::usage_summary)
        .custom_method("byok/models", Backend::models)
        .custom_method("byok/explainContext", Backend::explain_context)
        .custom_method("byok/explainRoute", Backend::explain_route)
        .custom_method(
            "workspace/didChangeWatchedFiles",
            Backend::did_change_watched_files,
        )
        .custom_method("byok/setModel", Backend::set_model)
        .custom_method("byok/answerPreview", Backend::answer_preview)
        .custom_method("byok/pause", Backend::pause)
        .custom_method("byok/resume", Backend::resume)
        .finish()
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        Ok(initialize::answer(&self.shared, params))
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        initialized::start(&self.shared);
    }

    async fn shutdown(&self) -> Result<()> {
        self.shared.in_flight.end_all();
        self.shared.completions.end_all();
        self.shared.running.end_all();
        Ok(())
    }
}

#[expect(
    clippy::unused_async,
    reason = "the framework's table takes async functions, also for what is done in one synchronous call"
)]
/// Methods that change the session do so in one synchronous call; those that think take a snapshot first.
impl Backend {
    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        did_open::apply(&self.shared, params);
        local_servers::somebody_is_here(&self.shared);
    }

    async fn did_change(&self, params: serde_json::Value) {
        did_change::apply(&self.shared, &params);
        local_servers::somebody_is_here(&self.shared);
    }

    /// The text was sent before; what is on the disk: a workspace's own file, which files may be sent, what closed ones define.
    async fn did_save(&self, params: lsp::DidSaveTextDocumentParams) {
        let uri = params.text_document.uri.as_ref();
        workspace_file::saved(&self.shared, uri);
        organisation::look(&self.shared);
        self.shared.uncommitted.saved(tokio::time::Instant::now());
        context::saved(&self.shared, uri);
        local_servers::somebody_is_here(&self.shared);
    }

    async fn did_change_watched_files(&self, params: serde_json::Value) {
        workspace_file::watched(&self.shared, &params);
        context::watched(&self.shared, &params);
    }

    async fn explain_context(&self, params: serde_json::Value) -> Result<ExplainContext> {
        // No parameters are as good as empty ones.
        let params = ExplainContextParams::deserialize(params).unwrap_or_default();
        context::explain(&self.shared, params.id.as_deref())
    }

    async fn explain_route(&self, params: serde_json::Value) -> Result<Explanation> {
        let params = ExplainRouteParams::deserialize(params).unwrap_or_default();
        explain_route::answer(&self.shared, &params).await
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        did_close::apply(&self.shared, &params);
    }

    async fn did_change_workspace_folders(&self, params: lsp::DidChangeWorkspaceFoldersParams) {
        did_change_workspace_folders::apply(&self.shared, &params);
    }

    async fn did_change_configuration(&self, params: lsp::DidChangeConfigurationParams) {
        did_change_configuration::apply(&self.shared, params);
    }

    async fn execute_command(
        &self,
        params: lsp::ExecuteCommandParams,
    ) -> Result<serde_json::Value> {
        execute_command::run(&self.shared, params).await
    }

    async fn inline_completion(
        &self,
        params: lsp::InlineCompletionParams,
    ) -> Result<to_proto::InlineCompletions> {
        local_servers::somebody_is_here(&self.shared);
        Ok(inline_completion::answer(&self.shared, params).await)
    }

    async fn completion(&self, params: lsp::CompletionParams) -> Result<serde_json::Value> {
        local_servers::somebody_is_here(&self.shared);
        Ok(completion::answer(&self.shared, params).await)
    }

    /// What was answered was shown; an editor that says so says nothing new.
    async fn did_show_completion(&self, _: serde_json::Value) {}

    async fn did_partially_accept_completion(&self, params: serde_json::Value) {
        accepted::note_part(&self.shared, &params);
    }

    async fn did_dismiss(&self, params: DidDismissParams) {
        self.shared.completions.dismissed(&params.id);
    }

    async fn code_action(&self, params: code_action::Params) -> Result<Vec<serde_json::Value>> {
        local_servers::somebody_is_here(&self.shared);
        Ok(code_action::answer(&self.shared, &params))
    }

    /// Every action is whole from the start; some editors ask all the same.
    async fn code_action_resolve(&self, action: serde_json::Value) -> Result<serde_json::Value> {
        Ok(action)
    }

    async fn cancel_progress(&self, params: serde_json::Value) {
        if let Some(token) = params.get("token").and_then(serde_json::Value::as_str) {
            self.shared.running.cancel(token);
        }
    }

    async fn usage_summary(&self, params: serde_json::Value) -> Result<UsageSummary> {
        commands::usage_summary(&self.shared, params).await
    }

    async fn models(&self, _: serde_json::Value) -> Result<Models> {
        models::answer(&self.shared).await
    }

    async fn set_model(&self, params: SetModelParams) -> Result<Done> {
        set_model::set(&self.shared, &params)
    }

    async fn answer_preview(&self, params: PreviewAnswer) -> Result<PreviewTaken> {
        let taken = self.shared.previews.answer(&params.id, params.accepted);
        Ok(PreviewTaken { taken })
    }

    async fn pause(&self, _: serde_json::Value) -> Result<Done> {
        Ok(commands::set_paused(&self.shared, true))
    }

    async fn resume(&self, _: serde_json::Value) -> Result<Done> {
        Ok(commands::set_paused(&self.shared, false))
    }

    /// Returns what handlers share.
    pub fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }
}

/// Returns how many threads can run at once; two where it is one, so that no long document keeps all others waiting.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().max(2))
}

impl Shared {
    fn new(parts: Parts, outbox: Outbox, client: Client) -> Self {
        let last = Arc::<Mutex<Option<UsageParams>>>::default();
        let (latest, usage_outbox) = (last.clone(), outbox.clone());
        let changed = Arc::<Notify>::default();
        let settled = changed.clone();
        let mut session = Session::new(parts.layers.clone());
        let manifests = session.manifests.clone();
        let reporter: Reporter = Arc::new(move |report| {
            settled.notify_one();
            let row = &report.row;
            manifests.settled(row.id.as_str(), row.prompt_cost());
            let usage = to_proto::usage(&report);
            usage_outbox.notify("byok/usage", &usage);
            let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
            // A correction of an older call does not make it the last one.
            let is_last = latest.as_ref().is_none_or(|last| last.id == usage.id);
            if is_last || !usage.corrected {
                *latest = Some(usage);
            }
        });
        let gateway = Gateway::with_substitutes(
            parts.http.clone(),
            parts.engine.clone(),
            parts.ledger.clone(),
            reporter,
            parts.substitutes,
        );
        // By the user's own file: neither an editor nor a workspace says who is told of calls.
        let collector = parts.layers.settings_of_own_file().telemetry;
        gateway.export_to(Telemetry::start(&collector, &parts.http));
        let status = Status::new(outbox.clone());
        session.watch(parts.symbols.withdrawn());
        gateway.watch(budget::watch(
            outbox.clone(),
            status.clone(),
            changed.clone(),
        ));
        Self {
            completions: Completions::new(parts.ledger, parts.engine.clone()),
            documents: Mutex::new(session),
            problems: Mutex::new(parts.problems),
            remarks: Mutex::default(),
            http: parts.http,
            gateway,
            engine: parts.engine,
            lists: parts.lists,
            symbols: parts.symbols,
            uncommitted: Uncommitted::default(),
            parsing: Semaphore::new(processors()),
            choosing: Semaphore::new(processors()),
            background: Background::new(2 * processors()),
            refreshes: Mutex::default(),
            in_flight: InFlight::default(),
            running: Running::default(),
            previews: Previews::default(),
            client,
            explanations: parts.explanations,
            abilities: OnceLock::new(),
            last_place: Mutex::default(),
            advisor: Advisor::new(parts.hints),
            organisation: organisation::Looks::default(),
            local_servers: local_servers::Looks::default(),
            ready: settle::Ready::default(),
            status,
            changed,
            outbox,
            last,
            accepted: AtomicU64::new(0),
            is_started: AtomicBool::new(false),
        }
    }

    /// Locks the session. No guard outlives a statement or two, and none an `.await`.
    pub fn session(&self) -> MutexGuard<'_, Session> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the editor can do.
    pub fn set_abilities(&self, abilities: Abilities) {
        // The framework lets a client initialize once.
        let _ = self.abilities.set(abilities);
    }

    /// Returns what the editor can do.
    pub fn abilities(&self) -> Abilities {
        self.abilities.get().copied().unwrap_or_default()
    }

    /// Notes the place that the editor asks about.
    pub fn remember_place(&self, place: LastPlace) {
        let mut last = self
            .last_place
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(place);
    }

    /// Notes a cursor, of which nothing but its place is known.
    pub fn remember_cursor(&self, snapshot: &Snapshot, cursor: usize) {
        self.remember_place(LastPlace {
            uri: snapshot.uri.clone(),
            stamp: snapshot.stamp(),
            selection: cursor..cursor,
            diagnostics: Vec::new(),
        });
    }

    /// Returns the place that the editor last asked about.
    pub fn last_place(&self) -> Option<LastPlace> {
        let last = self
            .last_place
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// Returns the last settled call.
    pub fn last_usage(&self) -> Option<UsageParams> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns whether the client says for the first time that it is initialized; some say it again.
    pub fn is_first_start(&self) -> bool {
        !self.is_started.swap(true, Ordering::Relaxed)
    }

    /// Counts a suggestion that was accepted.
    pub fn count_accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many suggestions were accepted.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Remembers a mistake in the configuration until the editor can show it.
    pub fn add_problem(&self, problem: Problem) {
        self.problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(problem);
    }

    /// Takes the mistakes that the user has not been told yet.
    pub fn take_problems(&self) -> Vec<Problem> {
        std::mem::take(&mut *self.problems.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers what is to be told that is no mistake of the user's, until the editor can show it.
    pub fn add_remark(&self, remark: String) {
        self.remarks().push(remark);
    }

    /// Takes what the user has not been told yet.
    pub fn take_remarks(&self) -> Vec<String> {
        std::mem::take(&mut *self.remarks())
    }

    fn remarks(&self) -> MutexGuard<'_, Vec<String>> {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks providers for their lists of models, in the background.
    pub fn refresh_lists(&self, providers: Vec<ProviderSettings>) {
        let mut refreshes = self.refreshes();
        // What has ended is reaped as we go, so that the set does not grow.
        while refreshes.try_join_next().is_some() {}
        for provider in providers {
            let lists = self.lists.clone();
            refreshes.spawn(async move { lists.refresh(&provider).await });
        }
    }

    /// Begins to tell how the caps stand.
    pub fn tell_budget(self: &Arc<Self>) {
        let telling = budget::tell(Arc::downgrade(self), self.changed.clone());
        self.refreshes().spawn(telling);
    }

    /// Says that caps may stand otherwise than before.
    pub fn budget_changed(&self) {
        self.changed.notify_one();
    }

    fn refreshes(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.refreshes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends everything that runs.
    pub fn close(&self) {
        self.in_flight.end_all();
        self.completions.end_all();
        self.running.end_all();
        self.gateway.close();
        self.refreshes().abort_all();
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> Ledger {
        self.gateway.ledger().clone()
    }
}
