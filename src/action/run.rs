//! Runs an action: asks the model, reads its answer, and asks once more if that cannot be used.
//!
//! Entry point: [`run`]. Dropping the future closes the provider's socket and leaves everything as it is; the interrupt tells why.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::catalogue::{Action, Output};
use super::other::{FileChange, Material, What};
use super::prompt::Question;
use super::reply::{self, Fault};
use super::target::{CommentPlace, Diagnostic, Target, is_message};
use super::verify::Demand;
use super::{edit, escalate, explanation, fit, offer, prompt, shown, verify};
use crate::cost::estimate::Estimate;
use crate::cost::{Cost, Money};
use crate::credential;
use crate::document::{self, Edit};
use crate::gateway::{Gateway, Interrupt, Request};
use crate::provider::{Error, Finish, Input, Message};
use crate::repository::{self, Changed, Check};
use crate::routing::Decision;
use crate::session::Snapshot;
use crate::syntax;

/// How long an answer may take in all, waits for another attempt included.
const WHOLE: Duration = Duration::from_mins(5);

/// More than any tokenizer's longest common token, in bytes.
const TOKEN_BYTES: usize = 16;

/// What is to be done.
pub struct Job<'a> {
    /// The document.
    pub snapshot: &'a Snapshot,
    /// Which action.
    pub action: &'a Action,
    /// The lines that it is about.
    pub target: Target,
    /// What is complained about there.
    pub diagnostics: &'a [Diagnostic],
    /// What the user wants, of an action that has to be told.
    pub instruction: Option<&'a str>,
    /// What it is about besides.
    pub material: &'a Material,
    /// The user's own check of what comes of it.
    pub check: Option<&'a Check>,
    /// Which model is to do it.
    pub decision: Decision,
    /// Tells why the action was given up, if it is.
    pub interrupt: Interrupt,
}

impl Job<'_> {
    fn question(&self) -> Question<'_> {
        Question {
            snapshot: self.snapshot,
            action: self.action,
            target: &self.target,
            diagnostics: self.diagnostics,
            instruction: self.instruction,
            material: self.material,
        }
    }

    /// Returns what it would cost.
    pub fn estimate(&self, gateway: &Gateway) -> Estimate {
        self.estimate_by(gateway, &self.decision)
    }

    /// Returns what it would cost by another model.
    pub(super) fn estimate_by(&self, gateway: &Gateway, decision: &Decision) -> Estimate {
        offer::estimate(gateway, decision, &self.question())
    }
}

/// How far an action is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress<'a> {
    /// The text that has just come.
    pub text: &'a str,
    /// How many tokens came, by our estimate.
    pub tokens: u64,
    /// What has been spent so far, where that is known.
    pub money: Option<Money>,
    /// Why this is the second answer, if it is.
    pub again: Option<Again<'a>>,
}

/// Why there is a second answer: the first could not be used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Again<'a> {
    /// The same model was told why.
    Same,
    /// A stronger one was, whose name it is, and what was wrong.
    Stronger(&'a str, &'a Fault),
    /// A stronger one answers.
    StrongerAnswers,
}

/// Hears how far an action is.
pub type Watch<'a> = &'a mut (dyn FnMut(Progress<'_>) + Send);

/// What came of it.
#[derive(Debug, Clone)]
pub enum Done {
    /// What is to become of files, most often of the one document; none if there is nothing to change.
    Changes(Vec<FileChange>),
    /// A document to read, in Markdown.
    Document(String),
    /// Names to choose from, the best first.
    Names(Vec<String>),
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The model was not reached, or failed.
    #[error("{model}: {error}")]
    Model {
        /// Its full name.
        model: String,
        /// What went wrong.
        error: Error,
    },
    /// It answered twice, and neither answer can be used.
    #[error(
        "nothing was changed: the answer of {model} {fault}; try again, or another model in actions.model"
    )]
    Unusable {
        /// Its full name.
        model: String,
        /// What is wrong with the second answer.
        fault: Fault,
    },
    /// It was cut off at the limit.
    #[error(
        "nothing was changed: the answer of {model} did not end within {limit} tokens; select less, or raise actions.max_tokens"
    )]
    TooLong {
        /// Its full name.
        model: String,
        /// The limit.
        limit: u32,
    },
}

/// Runs an action and returns what came of it, for the snapshot that it was asked for. The job's decision is afterwards the one for the model that
/// gave the last answer.
pub async fn run(gateway: &Gateway, job: &mut Job<'_>, watch: Watch<'_>) -> Result<Done, Failure> {
    let messages = prompt::messages(&job.question());
    let first = answer(gateway, job, messages.clone(), Turn::First, watch).await?;
    let fault = match usable(job, &first).await {
        Ok(done) => return Ok(done),
        // There is no other form that words for people could have.
        Err(fault) if job.action.output == Output::Document => return Err(unusable(job, fault)),
        Err(fault) => fault,
    };
    // A second answer would be cut at the same place.
    if first.is_cut {
        let limit = job.snapshot.settings.action_max_tokens;
        let model = job.decision.name();
        return Err(Failure::TooLong { model, limit });
    }
    // What is wrong is told with words of the answer, so it is in no log file.
    tracing::trace!(%fault, "what is wrong with an answer");
    tracing::info!(action = %job.action.id, "an answer cannot be used; a model is told why, once");
    let messages = prompt::repair(&messages, &first.text, &fault.to_string());
    let second = match escalated(gateway, job, &messages, &fault, watch).await {
        Some(second) => second,
        None => answer(gateway, job, messages, Turn::Repair, watch).await?,
    };
    usable(job, &second)
        .await
        .map_err(|fault| unusable(job, fault))
}

/// Asks the stronger model, if there is one that may be asked; where it cannot be reached or a cap refuses it, nothing has changed.
async fn escalated(
    gateway: &Gateway,
    job: &mut Job<'_>,
    messages: &[Message],
    fault: &Fault,
    watch: Watch<'_>,
) -> Option<Answer> {
    let decision = match escalate::stronger(gateway, job)? {
        Ok(decision) => decision,
        Err(reason) => {
            tracing::info!(%reason, "the stronger model is not asked");
            return None;
        }
    };
    let name = decision.name();
    let before = std::mem::replace(&mut job.decision, decision);
    let turn = Turn::Escalation {
        after: &before.name(),
    };
    watch(Progress {
        text: "",
        tokens: 0,
        money: None,
        again: Some(Again::Stronger(&name, fault)),
    });
    match answer(gateway, job, messages.to_vec(), turn, watch).await {
        Ok(answer) => Some(answer),
        Err(failure) => {
            tracing::trace!(%failure, "why the stronger model did not answer");
            tracing::info!("the stronger model did not answer");
            job.decision = before;
            None
        }
    }
}

/// Which answer is asked for.
#[derive(Clone, Copy)]
enum Turn<'a> {
    First,
    /// The same model once more.
    Repair,
    /// Another, after the answer of one.
    Escalation {
        after: &'a str,
    },
}

fn unusable(job: &Job<'_>, fault: Fault) -> Failure {
    let fault = fault.in_short();
    let model = job.decision.name();
    Failure::Unusable { model, fault }
}

/// A model's whole answer.
struct Answer {
    text: String,
    is_cut: bool,
    cost: Option<Cost>,
}

async fn answer(
    gateway: &Gateway,
    job: &Job<'_>,
    messages: Vec<Message>,
    turn: Turn<'_>,
    watch: Watch<'_>,
) -> Result<Answer, Failure> {
    let failed = |error| Failure::Model {
        model: job.decision.name(),
        error,
    };
    let (attempt, after, again) = match turn {
        Turn::First => (1, None, None),
        Turn::Repair => (2, None, Some(Again::Same)),
        Turn::Escalation { after } => (2, Some(after.to_owned()), Some(Again::StrongerAnswers)),
    };
    let snapshot = job.snapshot;
    let max_tokens = snapshot.settings.action_max_tokens;
    let request = Request {
        decision: job.decision.clone(),
        input: Input::Chat(messages),
        action: Some(job.action.id.clone()),
        class: job.action.class(),
        max_tokens,
        expected: Some(offer::reckoned(&job.question())),
        stop: Vec::new(),
        language: snapshot.language.map(syntax::Language::id),
        workspace: snapshot
            .folder
            .as_ref()
            .map(|folder| folder.display().to_string()),
        confined: snapshot.confined,
        shown: if snapshot.settings.must_tell_files() {
            shown::shown(&job.question())
        } else {
            Vec::new()
        },
        interrupt: job.interrupt.clone(),
        attempt,
        after,
    };
    let mut call = gateway
        .call(&snapshot.settings, request)
        .await
        .map_err(failed)?;
    let mut text = String::new();
    let deadline = tokio::time::Instant::now() + WHOLE;
    let most = max_tokens as usize * TOKEN_BYTES;
    loop {
        match tokio::time::timeout_at(deadline, call.next()).await {
            Ok(Some(piece)) => {
                let piece = piece.map_err(failed)?;
                text += &piece;
                let (tokens, money) = call.so_far();
                watch(Progress {
                    text: &piece,
                    tokens,
                    money,
                    again,
                });
            }
            Ok(None) => break,
            Err(_) => {
                let error = Error::TimedOut {
                    what: "end its answer",
                    limit: WHOLE,
                };
                call.fail(&error);
                return Err(failed(error));
            }
        }
        if text.len() > most {
            call.stop();
            let text = without_keys(&text);
            let (is_cut, cost) = (true, None);
            return Ok(Answer { text, is_cut, cost });
        }
    }
    Ok(Answer {
        text: without_keys(&text),
        is_cut: call.finish() == Some(Finish::Length),
        cost: call.cost().copied(),
    })
}

/// A provider that repeats the key would have it written into the user's files.
fn without_keys(text: &str) -> String {
    credential::redact(text).into_owned()
}

/// Makes of an answer what it is to become.
async fn usable(job: &Job<'_>, answer: &Answer) -> Result<Done, Fault> {
    let document =
        |text: &str| Done::Document(explanation::document(job, text, answer.cost.as_ref()));
    let done = match job.action.output {
        Output::Document => {
            let text = answer.text.trim_end();
            if text.trim().is_empty() {
                return Err(Fault::Empty);
            }
            document(text)
        }
        Output::Names => {
            let selected = job.target.selected.clone().unwrap_or(0..0);
            let old = String::from(job.snapshot.text.byte_slice(selected));
            reply::names(&answer.text, &old).map(Done::Names)?
        }
        Output::Message if !is_message(job.snapshot) => {
            let message = reply::message(&answer.text)?;
            document(&format!("```text\n{message}\n```"))
        }
        Output::Message | Output::Replace | Output::Comments | Output::Comment | Output::Insert => {
            blocking(job, &answer.text, |work| {
                let edits = work.edits()?;
                Ok(vec![FileChange::of(&work.snapshot, edits)])
            })
            .await?
        }
        Output::Tests | Output::NewFile => {
            let Material::File(file) = job.material else {
                return Err(Fault::NoFile);
            };
            let file = file.clone();
            blocking(job, &answer.text, move |work| {
                super::files::tests(work, &file)
            })
            .await?
        }
        Output::Files => {
            let Material::Files(files) = job.material else {
                return Err(Fault::NoFile);
            };
            let files = files.clone();
            blocking(job, &answer.text, move |work| {
                super::files::changes(work, &files)
            })
            .await?
        }
    };
    if let (Done::Changes(changes), Some(check)) = (&done, job.check) {
        checked(job, check, changes).await?;
    }
    Ok(done)
}

/// Has the user's own check look at changes.
async fn checked(job: &Job<'_>, check: &Check, made: &[FileChange]) -> Result<(), Fault> {
    let folder = match (&job.snapshot.folder, &job.snapshot.file) {
        (Some(folder), _) => folder.clone(),
        (None, Some(path)) => path.parent().map(Path::to_owned).unwrap_or_default(),
        (None, None) => return Ok(()),
    };
    let file = |change: &FileChange| match &change.what {
        What::Edit(base, edits) => Changed {
            path: change.path.clone(),
            old: Some(base.text.to_string()),
            new: verify::applied(&base.text, edits).to_string(),
        },
        What::Create(text) => Changed {
            path: change.path.clone(),
            old: None,
            new: text.clone(),
        },
    };
    let files: Vec<Changed> = made.iter().map(file).collect();
    if files.is_empty() {
        return Ok(());
    }
    match repository::complaint(check, &folder, &files).await {
        Some(output) => Err(Fault::Check {
            program: check.argv.first().cloned().unwrap_or_default(),
            output,
        }),
        None => Ok(()),
    }
}

/// Makes changes of an answer, and parses what they would leave: on a thread of its own, since an answer may be long.
async fn blocking(
    job: &Job<'_>,
    answer: &str,
    make: impl FnOnce(&Work) -> Result<Vec<FileChange>, Fault> + Send + 'static,
) -> Result<Done, Fault> {
    let work = Work {
        snapshot: job.snapshot.clone(),
        target: job.target.clone(),
        output: job.action.output,
        answer: answer.to_owned(),
    };
    let working = tokio::task::spawn_blocking(move || make(&work));
    let mut changes = working.await.unwrap_or(Err(Fault::Empty))?;
    changes.retain(|change| !change.is_empty());
    Ok(Done::Changes(changes))
}

/// An answer, and what it is the answer to.
pub(super) struct Work {
    pub snapshot: Snapshot,
    pub target: Target,
    pub output: Output,
    pub answer: String,
}

impl Work {
    /// Makes edits of the document.
    pub fn edits(&self) -> Result<Vec<Edit>, Fault> {
        let edits = match (self.output, &self.target.comment) {
            (Output::Comment, Some(place)) => self.comment(place)?,
            (Output::Message, _) => self.message()?,
            (Output::Insert, _) => self.insertion()?,
            _ => self.replacement()?,
        };
        let demand = match self.output {
            Output::Comment => Demand::Comment,
            Output::Comments => Demand::SameCode,
            _ => Demand::Syntax,
        };
        let (tree, text) = (self.snapshot.tree.as_ref(), &self.snapshot.text);
        verify::verify(tree, text, &edits, demand).map(|()| edits)
    }

    fn replacement(&self) -> Result<Vec<Edit>, Fault> {
        let old = self.lines();
        let new = reply::read(&self.answer, &plain(&old), self.snapshot.file_name())?;
        let new = fit::fit(&new, &plain(&old), self.snapshot.language);
        let new = new.replace('\n', self.line_break());
        Ok(edit::minimal(&old, &new, self.target.lines.start))
    }

    /// Puts text in below the lines, indented as their first is.
    fn insertion(&self) -> Result<Vec<Edit>, Fault> {
        let new = reply::read(&self.answer, "", self.snapshot.file_name())?;
        let new = new.trim_matches('\n');
        if new.trim().is_empty() {
            return Err(Fault::Empty);
        }
        let old = plain(&self.lines());
        let like = old
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("x");
        let new = fit::fit(new, like, self.snapshot.language);
        let at = self.target.lines.end;
        let text = format!("\n{new}").replace('\n', self.line_break());
        Ok(vec![Edit {
            bytes: at..at,
            text,
        }])
    }

    /// Puts a commit's message where it belongs, above git's own words.
    fn message(&self) -> Result<Vec<Edit>, Fault> {
        let old = self.lines();
        let has_more = self.target.lines.end < self.snapshot.text.len_bytes();
        let end = if has_more { "\n\n" } else { "\n" };
        let new = reply::message(&self.answer)? + end;
        let new = new.replace('\n', self.line_break());
        Ok(edit::minimal(&old, &new, self.target.lines.start))
    }

    /// Makes an insertion of a comment. Some models repeat the definition below it; that is cut off.
    fn comment(&self, place: &CommentPlace) -> Result<Vec<Edit>, Fault> {
        let region = plain(&self.lines());
        let lines = region.lines().map(str::trim);
        let known: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        let is_known = |line: &str| known.contains(&line.trim());
        let new = reply::read(&self.answer, "", self.snapshot.file_name())?;
        let new: Vec<&str> = new
            .lines()
            .skip_while(|line| line.trim().is_empty() || is_known(line))
            .collect();
        let end = new.iter().position(|line| is_known(line));
        let new = new[..end.unwrap_or(new.len())].join("\n");
        if new.trim().is_empty() {
            return Err(Fault::Empty);
        }
        let like = format!("{}x", place.indent);
        let new = fit::fit(new.trim_end(), &like, self.snapshot.language);
        let line_break = self.line_break();
        Ok(vec![Edit {
            bytes: place.at..place.at,
            text: format!("{}{line_break}", new.replace('\n', line_break)),
        }])
    }

    /// Returns the target's lines as they are.
    fn lines(&self) -> String {
        self.snapshot
            .text
            .byte_slice(self.target.lines.clone())
            .into()
    }

    /// Returns the line break of the lines, or of the file if they are one.
    pub fn line_break(&self) -> &'static str {
        let text = &self.snapshot.text;
        let lines = text.byte_slice(self.target.lines.clone());
        if lines.chars().any(|c| matches!(c, '\n' | '\r')) {
            document::line_break(lines.chars())
        } else {
            document::line_break(text.chars().take(LINE_BREAK_CHARS))
        }
    }
}

/// How much of a file is looked at for its line break.
const LINE_BREAK_CHARS: usize = 64 * 1024;

pub(super) fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
