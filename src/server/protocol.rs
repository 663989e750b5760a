//! The `byok/*` messages. `docs/protocol.md` describes each for those who write plugins, and carries this file's hash, so that nobody
//! changes a message without its description (`tests/protocol_document.rs`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version that every notification carries as `v`. Fields may be added under the same version; it rises when one is changed or removed.
pub const VERSION: u32 = 1;

/// `byok/usage`, server to client: one model call, settled.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageParams {
    /// The version of this message.
    pub v: u32,
    /// The call's name in the ledger.
    pub id: String,
    /// What it was for: `completion` or `action`.
    pub feature: String,
    /// Which code action, if it was for one; else null.
    pub action: Option<String>,
    /// The provider's name.
    pub provider: String,
    /// The model that answered, as the provider calls it.
    pub model: String,
    /// The provider behind the provider that ran it, where a gateway says whom it asked; else null.
    pub upstream: Option<String>,
    /// The label of the key that was used; null if none was, or it has none.
    pub key: Option<String>,
    /// Who pays, in words.
    pub payer: String,
    /// How it ended: `completed`, `cancelled`, `superseded`, `filtered`, `failed`.
    pub outcome: String,
    /// What was used.
    pub tokens: TokensParams,
    /// What it cost.
    pub cost: CostParams,
    /// How long it took.
    pub latency: LatencyParams,
    /// What has been spent, this call included.
    pub totals: TotalsParams,
    /// Whether this takes the place of an earlier message of the same id, because the provider told the true cost afterwards.
    pub corrected: bool,
}

/// Tokens by how they are billed; the classes add up, except that reasoning is a part of the output.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokensParams {
    /// Read at the full price.
    pub input: u64,
    /// Read from the provider's cache.
    pub cache_read: u64,
    /// Read and written to the provider's cache.
    pub cache_write: u64,
    /// Written.
    pub output: u64,
    /// The part of the output that was reasoning.
    pub reasoning: u64,
}

/// What a call cost.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CostParams {
    /// In 10^-9 of the currency's unit; null if it is not known.
    pub nanos: Option<i64>,
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// How it is known: `reported` by the provider, `priced` from its token counts, `estimated` from ours, `free`, or `unknown`.
    pub source: String,
}

/// How long a call took.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencyParams {
    /// To the first text, in milliseconds; null if none came.
    pub first_token_ms: Option<u64>,
    /// To the end, in milliseconds.
    pub total_ms: u64,
}

/// What has been spent.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TotalsParams {
    /// By this server since it started.
    pub session: SumParams,
    /// On this machine, today by its clock.
    pub day: SumParams,
    /// On this machine, this month by its clock.
    pub month: SumParams,
}

/// The sum of some calls.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SumParams {
    /// What they cost, in 10^-9 of the currency's unit.
    pub nanos: i64,
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// How many there were.
    pub calls: u64,
    /// How many of them have no known cost and so are not in the sum.
    pub unpriced: u64,
}

/// `byok/budget`, server to client: how the caps stand. Sent when that changed, at most twice a second; never without caps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BudgetParams {
    /// The version of this message.
    pub v: u32,
    /// The state of the first cap; `ok` if there is none.
    pub state: CapStateParams,
    /// The caps that last longer than a request: first what calls meet, then by how much of each is left.
    pub caps: Vec<CapParams>,
}

/// How a cap stands. Amounts are in 10^-9 of the currency's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CapParams {
    /// Its name, for people.
    pub name: String,
    /// In which time it counts: `session`, `hour`, `day`, `month`.
    pub per: String,
    /// What is done when a call would break it: `soft`, `ask`, `hard`, `degrade`.
    pub at: String,
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// How much may be spent.
    pub cap: i64,
    /// What was spent.
    pub spent: i64,
    /// What calls under way may cost at most.
    pub reserved: i64,
    /// What is left; below zero where a cap that only warns is passed.
    pub left: i64,
    /// How it stands in a word.
    pub state: CapStateParams,
    /// With this provider alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// With this model of it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// With the key of this label alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// For this alone: `completion`, `action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// In this folder alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// In this environment alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// How a cap stands in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CapStateParams {
    /// There is room.
    Ok,
    /// It only warns, and is passed.
    Warned,
    /// The user is asked before a further call.
    Asked,
    /// Calls are refused.
    Reached,
    /// A cheaper model answers.
    Degraded,
}

/// `byok/status`, server to client: what the server is doing, sent when it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatusParams {
    /// The version of this message.
    pub v: u32,
    /// What it is doing.
    pub state: StatusState,
    /// The model that completions go to: `provider/model`.
    pub model: String,
    /// Who pays for it, in words.
    pub payer: String,
    /// With `error`: what is wrong, in a sentence that also says what to do. With `paused`: the same, where the server itself halted what ran
    /// away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// With `error`: what one key could do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<FixParams>,
}

/// What to do about a trouble: a command that the server announces, for `workspace/executeCommand`. A plugin may do better by its own means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FixParams {
    /// For a button: a few words.
    pub title: String,
    /// The command.
    pub command: String,
    /// What it takes.
    pub arguments: Vec<serde_json::Value>,
}

/// `byok/advice`, server to client: what to tell the user, once. Sent only to clients that announce `experimental.byok.advice`; others
/// get a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AdviceParams {
    /// The version of this message.
    pub v: u32,
    /// Whether it needs a hand.
    pub kind: AdviceKind,
    /// What to tell, in a sentence that also says what to do.
    pub message: String,
    /// What one key could do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<FixParams>,
}

/// Whether an advice needs a hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdviceKind {
    /// It does not: all works, and could do more.
    Hint,
    /// It does: a call failed, or the configuration has a mistake.
    Trouble,
}

/// What the server is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// Nothing.
    Idle,
    /// It waits for a model.
    Busy,
    /// The user paused suggestions, or the server halted what ran away; `byok/resume` ends both.
    Paused,
    /// The last call failed, or the configuration has a mistake.
    Error,
}

/// The answer to `byok/usageSummary`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UsageSummary {
    /// What has been spent.
    #[serde(flatten)]
    pub totals: TotalsParams,
    /// How many suggestions were accepted in this session.
    pub accepted: u64,
    /// The last settled call.
    pub last: Option<UsageParams>,
    /// The same in a few words, for editors that can only show a message.
    pub text: String,
    /// With parameters: what `byok-lsp usage --json` prints for them (`docs/costs.md`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<serde_json::Value>,
}

/// The parameters of `byok/usageSummary`; without any, no report is made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct UsageSummaryParams {
    /// The report's first day, as `byok-lsp usage --since` takes it: `7d`, `month`, `2026-11-01`, ... Default `month`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The report's last day. Default today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What the report is grouped by: `model`, `language`, ... Default `model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Vec<String>>,
}

/// What `byok/explainRoute` takes; its answer is [`crate::gateway::Explanation`].
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExplainRouteParams {
    /// What the call is for: `completion`, which is meant without it, or `action`.
    pub feature: Option<String>,
    /// What kind of work it is, as `routing.rules` names it: `explain`, `fix`, `commit-message` and so on; then the feature is an action.
    pub task: Option<String>,
    /// The open document that it is about, for its workspace's own settings and whether it may leave the machine.
    pub uri: Option<String>,
}

/// What `byok/explainContext` takes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExplainContextParams {
    /// The call's id, as `byok/usage` names it; without it the last completion's.
    pub id: Option<String>,
}

/// The answer to `byok/explainContext`: what the prompt of a completion was made of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainContext {
    /// The call's name in the ledger.
    pub id: String,
    /// About how many tokens the prompt had.
    pub tokens: u64,
    /// What the prompt cost, without the answer; null while the call goes on, and where no price is known.
    pub cost: Option<MoneyParams>,
    /// Its pieces in the order in which they were sent; those of one field, put together, are what that field held.
    pub parts: Vec<ContextPartParams>,
    /// The same in a sentence.
    pub text: String,
}

/// A piece of a prompt.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextPartParams {
    /// Where it was sent: `prompt`, `prefix`, `suffix`, `file`, `system`, `user`.
    pub field: String,
    /// Why: `frame`, `window`, or the source that put it there: `scope`, `import`, `nearby`, `member`, `sibling`, `edited`, `viewed`, `diagnostic`,
    /// `changed`.
    pub rule: String,
    /// The file that it is of, from the workspace's folder on; null of the frame.
    pub file: Option<String>,
    /// Its first and its last line in that file, counted from 1; null of the frame.
    pub lines: Option<[u32; 2]>,
    /// Its length.
    pub bytes: usize,
    /// About how many tokens it has.
    pub tokens: u64,
    /// Its part of the prompt, in thousandths.
    pub share: usize,
    /// Its part of what the prompt cost, by its length; null as long as that is not known. Together the pieces cost what the prompt did.
    pub cost: Option<MoneyParams>,
    /// The piece itself.
    pub text: String,
}

/// The answer to `byok/models`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Models {
    /// The model that completions go to.
    pub current: String,
    /// The model that code actions go to; absent where the one that is set can do none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<String>,
    /// What can be asked for, what is set first.
    pub models: Vec<ModelParams>,
    /// How the models of each provider are known that the user can use.
    pub lists: Vec<ListParams>,
}

/// A model that can be asked for, or a provider whose models can.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelParams {
    /// What `byok/setModel` takes: `local`, `auto`, `pool/name`, `provider/model`, or `provider/` where the model is still to be named.
    pub id: String,
    /// Who would pay, in words.
    pub payer: String,
    /// Whether the provider's key is there, or none is needed.
    pub has_key: bool,
    /// How ghost text asks it: `fill` with the text around a hole, `chat` in a conversation; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ability: Option<String>,
    /// How many tokens it takes; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// What its tokens cost; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceParams>,
    /// How fast it was in this server's calls of the last half hour; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<SpeedParams>,
    /// What it is chosen of, where it is a pool.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pool: Vec<String>,
}

/// How fast a model was, on average.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpeedParams {
    /// The time to the first word, in milliseconds.
    pub first_ms: u32,
    /// Tokens in a second after that; absent where no answer was long enough to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
}

/// What a million tokens cost.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PriceParams {
    /// A million tokens of input.
    pub input: MoneyParams,
    /// A million tokens of output.
    pub output: MoneyParams,
    /// How it is known: by the user's `config`, the provider's own `list`, or the price `catalogue`.
    pub source: String,
}

/// An amount of money.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MoneyParams {
    /// In 10^-9 of the currency's unit.
    pub nanos: i64,
    /// The currency's ISO 4217 code.
    pub currency: String,
}

/// How a provider's models are known.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ListParams {
    /// The provider's name.
    pub provider: String,
    /// By its own `list`, by the price `catalogue`, which may be out of date, or `nothing`.
    pub source: String,
    /// When the provider was asked for its list, in UTC by RFC 3339; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Whether the provider is being asked now, so that the next answer may know more.
    #[serde(rename = "refreshing")]
    pub is_refreshing: bool,
    /// Why the provider could not be asked when it last was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The argument of the command `byok.action`: which action, and where. The entries of the code action menu carry it; a plugin may add
/// `instruction`, or make its own with `action`, `uri` and `range`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionParams {
    /// The action's name, such as `fix`.
    pub action: String,
    /// The document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The selection or the cursor, as the protocol's `Range`; not needed beside `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<serde_json::Value>,
    /// The same as the server wrote it, for the text as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<ActionPlace>,
    /// What the action is to mend or to explain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<ActionDiagnostic>,
    /// What is complained about in the whole file, where the plugin knows it and the action is about all of that (`wantsFileDiagnostics`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_diagnostics: Vec<FileDiagnostic>,
    /// Whether a plugin had better add `fileDiagnostics`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants_file_diagnostics: bool,
    /// Whether the user has to be asked for an instruction first.
    #[serde(default)]
    pub needs_instruction: bool,
    /// What the user is asked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What the user wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
}

/// A place in a document at a moment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ActionPlace {
    /// Which opening of the document.
    pub opening: u64,
    /// After how many changes.
    pub revision: u64,
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
}

/// A diagnostic, as far as an action needs it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ActionDiagnostic {
    /// What it says.
    pub message: String,
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
}

/// A diagnostic of the whole file, as a plugin has it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FileDiagnostic {
    /// What it says.
    pub message: String,
    /// Where, as the protocol's `Range`.
    pub range: serde_json::Value,
}

/// The answer to the command `byok.signIn`. It holds no key; no message does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignInResult {
    /// What came of it.
    pub outcome: SignInOutcome,
    /// What the user was told.
    pub message: String,
}

/// What came of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SignInOutcome {
    /// There is a key, and it is kept.
    SignedIn,
    /// The user, or a newer sign-in, took it back.
    Cancelled,
    /// There is none; the message says why.
    Failed,
}

/// The answer to the command `byok.action`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActionResult {
    /// What came of it.
    pub outcome: ActionOutcome,
    /// What the user was told, if there was anything to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// With `renaming`: what the plugin is to rename.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renaming: Option<Renaming>,
}

/// A renaming that the editor's own rename command is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renaming {
    /// The document.
    pub uri: String,
    /// A position in the name, as the protocol's `Position`.
    pub position: serde_json::Value,
    /// The new name.
    pub new_name: String,
}

/// `byok/preview`, server to client, to clients that announce it: an edit to look at before it is made. The answer is
/// `byok/answerPreview`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PreviewParams {
    /// The version of this message.
    pub v: u32,
    /// The name of the preview, and the token of the action's progress.
    pub id: String,
    /// The action's name.
    pub action: String,
    /// What it is, for a heading.
    pub title: String,
    /// The files that it changes.
    pub files: Vec<PreviewFile>,
}

/// One file of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewFile {
    /// The document.
    pub uri: String,
    /// What would happen to it.
    pub kind: PreviewKind,
    /// The version that `oldText` is of; null if the document is not open.
    pub version: Option<i32>,
    /// The whole text as it is; empty of a file that is created.
    pub old_text: String,
    /// The whole text as it would be.
    pub new_text: String,
}

/// What would happen to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PreviewKind {
    /// It is there, and would be changed.
    Edit,
    /// It would be created.
    Create,
}

/// The parameters of `byok/answerPreview`, client to server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct PreviewAnswer {
    /// The preview's name.
    pub id: String,
    /// Whether the edit is to be made.
    pub accepted: bool,
}

/// `byok/didDismiss`, client to server: the user took a suggestion off the screen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct DidDismissParams {
    /// The suggestion's call: the argument of its command `byok.didAccept`.
    pub id: String,
}

/// The answer to `byok/answerPreview`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PreviewTaken {
    /// Whether a preview of that name was waiting; false if the action was taken back, or it was answered before.
    pub taken: bool,
}

/// `byok/actionProgress`, server to client, to clients that announce it: what comes of a document while it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActionProgressParams {
    /// The version of this message.
    pub v: u32,
    /// The token of the action's progress.
    pub id: String,
    /// The text that has just come, as the model wrote it.
    pub text: String,
    /// With the last one: the whole document in Markdown, with model and cost, to show instead of the pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// What came of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionOutcome {
    /// The editor made the edit.
    Edited,
    /// A document, or a message in its place, was shown.
    Shown,
    /// Nothing was changed, and the message says why, unless the user decided so.
    Unchanged,
    /// The plugin is to rename, with the editor's own command.
    Renaming,
    /// It was taken back.
    Cancelled,
}

impl ActionOutcome {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Shown => "shown",
            Self::Unchanged => "nothing changed",
            Self::Renaming => "renaming",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The parameters of `byok/setModel`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct SetModelParams {
    /// The model: `provider/model`, `pool/name`, `local` or `auto`.
    pub model: String,
    /// What it is for: `completion`, which is meant without it, or `action`. Code actions go where ghost text goes as long as no model is named for them.
    #[serde(default)]
    pub feature: Option<String>,
}

/// The answer to `byok/setModel`, `byok/pause` and `byok/resume`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Done {
    /// The model that completions go to now; of `byok/setModel` for code actions, the one that these go to.
    pub model: String,
    /// Who pays for it, in words.
    pub payer: String,
    /// Why it is not the model that was asked for, where it is not; the user was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
