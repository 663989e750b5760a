//! `byok-lsp complete FILE:LINE:COL`: one completion, through the very engine that editors use.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use ropey::Rope;
use serde_json::{Value, json};
use url::Url;

use super::place::{FilePlace, project_of};
use super::progress::with_progress;
use super::{context, parts, runtime, start_log, style};
use crate::completion::{self, Ask, Completions, Suggestion, Trigger};
use crate::config::{Layers, WorkspaceFile};
use crate::context::Manifest;
use crate::cost::{Cost, Money};
use crate::document::{Encoding, Position};
use crate::gateway::{Gateway, Report};
use crate::provider::{self, Http};
use crate::server::stdio::told;
use crate::session::{Session, Snapshot};
use crate::telemetry::Telemetry;
use crate::workspace::standing;
use style::Style;

/// Where, and by which model.
#[derive(clap::Args)]
pub struct Arguments {
    /// The place as `FILE:LINE:COLUMN`, both counted from 1, the column in characters.
    place: FilePlace,
    /// The model, instead of the configured one: provider/model, local, or auto.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    model: Option<String>,
    /// Complete in front of what stands behind the place on its line. Without this it is left out, as if it were not typed yet, so that
    /// any place in finished code can be tried.
    #[arg(long)]
    keep_rest: bool,
    /// Show what the prompt is made of: each piece with its file, its lines, the rule that put it there, and its part of the whole.
    #[arg(long)]
    explain: bool,
    /// Print JSON: text, provider, model, payer, tokens, cost, latency.
    #[arg(long)]
    json: bool,
}

/// How long the workspace may be read before the embedded engine is asked with what it knows.
const INDEXING: Duration = Duration::from_mins(1);

/// The exit code of what Ctrl-C ended, as shells know it.
const STOPPED: u8 = 130;

/// How long a collector of telemetry may take before the answer is printed without it.
const COLLECTOR: Duration = Duration::from_millis(500);

/// Prints the suggestion. Having none is an answer, not a failure.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    let (mut layers, problems) = parts::configuration();
    for problem in &problems {
        style::complain(&problem.to_string());
    }
    if let Some(model) = &arguments.model {
        layers
            .set_model(model)
            .map_err(|problem| anyhow::anyhow!("--model: {}", problem.message))?;
    }
    let runtime = runtime()?;
    let Some(done) = runtime.block_on(complete(layers, arguments))? else {
        style::complain("stopped; what was sent is booked (byok-lsp usage)");
        return Ok(ExitCode::from(STOPPED));
    };
    let text = if arguments.json {
        format!("{:#}\n", done.json(arguments.explain))
    } else {
        let explained = arguments.explain.then(|| done.explained(Style::stdout()));
        explained.unwrap_or_default() + &done.pretty(&arguments.place, Style::stdout())
    };
    style::print(&text);
    // A completion that could not be had is told apart from one that is empty.
    Ok(if done.error.is_some() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What came of it.
struct Done {
    snapshot: Snapshot,
    cursor: usize,
    suggestion: Option<Suggestion>,
    error: Option<provider::Error>,
    report: Report,
}

/// Ends when somebody stops this. Who says so again waits for nothing more.
async fn stopped() {
    told().await;
    tokio::spawn(async {
        told().await;
        std::process::exit(i32::from(STOPPED));
    });
}

/// Completes; nothing comes of it where the system, or Ctrl-C, ended it.
async fn complete(layers: Layers, arguments: &Arguments) -> anyhow::Result<Option<Done>> {
    let place = &arguments.place;
    let path = std::path::absolute(&place.path)?;
    let (text, cursor) = text_at(&path, arguments)?;
    let uri = Url::from_file_path(&path)
        .ok()
        .context("the file's path cannot be written as an address")?
        .to_string();
    let project = project_of(&path);
    let engine = parts::engine(&layers.settings());
    // By the user's own file, as in the server.
    let collector = layers.settings_of_own_file().telemetry;
    let mut session = Session::new(layers);
    session.add_folder(project.clone());
    let file = WorkspaceFile::read(&project);
    if let Some(message) = session.set_workspace_file(&project, file) {
        style::complain(&message);
    }
    session.open(&uri, "", &text);
    session.confine(&uri, standing(&path, Some(&project)));
    if let Some(job) = session.begin_parse(&uri) {
        let tree = job.run();
        // A text that takes too long to parse is completed without a tree.
        let _ = session.end_parse(&job, tree);
    }
    let snapshot = session
        .snapshot(&uri)
        .context("the document was opened a moment ago")?;
    context::tell_confined(&snapshot);
    let (reporter, report) = report_slot();
    let ledger = parts::ledger();
    let http = Http::new(&snapshot.settings.network);
    let telemetry = Telemetry::start(&collector, &http);
    let gateway = Gateway::new(http, engine.clone(), ledger.clone(), reporter);
    gateway.export_to(telemetry.clone());
    gateway.probe(&snapshot.settings).await;
    let decision = completion::decide(&gateway, &snapshot);
    if decision.is_embedded() {
        engine.add_workspace(project);
        engine.update(&uri, snapshot.text.clone());
        let reading = engine.clone();
        with_progress(
            "reading the workspace",
            tokio::task::spawn_blocking(move || reading.wait_until_idle(INDEXING)),
        )
        .await?;
    } else {
        context::get_ready(&snapshot, cursor, project).await?;
    }
    let waiting = format!("waiting for {}", decision.name());
    let ask = Arc::new(Ask::new(
        snapshot.clone(),
        cursor,
        Trigger::Explicit,
        decision.clone(),
    ));
    let (completions, session) = (
        Completions::new(ledger.clone(), engine.clone()),
        Mutex::new(session),
    );
    let completing = completions.complete(&gateway, &session, ask);
    // Who stops it is billed for what was sent, and so sees it booked.
    let completed = tokio::select! {
        biased;
        () = stopped() => None,
        completed = with_progress(&waiting, completing) => Some(completed),
    };
    completions.end_all();
    completions.settled().await;
    let closing = gateway.clone();
    tokio::task::spawn_blocking(move || {
        ledger.close(Duration::from_secs(10));
        closing.audit().close(Duration::from_secs(10));
        // After the rows, by which it learns.
        closing.close();
    })
    .await?;
    telemetry.close(COLLECTOR).await;
    let report = report.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(completed) = completed else {
        return Ok(None);
    };
    let report = match (report, &completed) {
        (Some(report), _) => report,
        // Nothing was sent, so nothing was booked.
        (None, Err(error)) => bail!("{}: {error}", decision.name()),
        (None, Ok(_)) => {
            bail!("the call was not booked within 10 s; is the disk full or the ledger locked?")
        }
    };
    let (suggestion, error) = match completed {
        Ok(shown) => (shown.map(|shown| shown.suggestion), None),
        Err(error) => (None, Some(error)),
    };
    Ok(Some(Done {
        snapshot,
        cursor,
        suggestion,
        error,
        report,
    }))
}

/// Reads the file and finds the place in it; what stands behind it on its line is left out, unless it is to be kept.
fn text_at(path: &Path, arguments: &Arguments) -> anyhow::Result<(String, usize)> {
    let place = &arguments.place;
    let text = Rope::from(read(path)?);
    let position = |character| Position {
        line: place.line - 1,
        character,
    };
    let located = Encoding::Utf32.locate(&text, position(place.column - 1));
    if located.clamped {
        let last = text.len_lines();
        bail!(
            "{} has no line {}; its last is {last}",
            place.path.display(),
            place.line
        );
    }
    let mut text = text.to_string();
    if !arguments.keep_rest {
        let end = Encoding::Utf32.locate(&Rope::from(text.as_str()), position(u32::MAX));
        text.replace_range(located.byte.0..end.byte.0, "");
    }
    Ok((text, located.byte.0))
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8 text", path.display()))
}

type Slot = Arc<Mutex<Option<Report>>>;

/// Returns a reporter and where it puts the report.
fn report_slot() -> (crate::gateway::Reporter, Slot) {
    let slot = Slot::default();
    let filled = slot.clone();
    let reporter = Arc::new(move |report| {
        *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    });
    (reporter, slot)
}

impl Done {
    /// Returns what the prompt was made of, and what it cost, where that is known.
    fn prompt(&self) -> (Arc<Manifest>, Option<Money>) {
        let kept = self.snapshot.desk.manifests.of(None);
        let manifest = kept.map(|kept| kept.manifest).unwrap_or_default();
        (manifest, self.report.row.prompt_cost())
    }

    fn explained(&self, style: Style) -> String {
        let (manifest, cost) = self.prompt();
        let mut out = context::pretty(&manifest, cost, style);
        if let Some(expected) = &self.report.expected {
            let tokens = &expected.tokens;
            let line = format!(
                "expected: {} · {} tokens in, {} out",
                crate::action::shown_price(expected),
                tokens.input_total(),
                tokens.output
            );
            let _ = writeln!(out, "{}\n", style.dim(&line));
        }
        out
    }

    fn json(&self, explain: bool) -> Value {
        let row = &self.report.row;
        let tokens = row.usage.tokens();
        let mut json = json!({
            "text": self.suggestion.as_ref().map(|suggestion| suggestion.text.as_str()),
            "provider": row.provider,
            "model": row.served_model.as_ref().unwrap_or(&row.requested_model),
            "payer": row.payer,
            "tokens": tokens,
            "cost": {
                "nanos": row.cost.amount().map(Money::nanos),
                "currency": row.cost.amount().map_or_else(|| "USD".into(), |money| money.currency().code().to_owned()),
                "source": row.cost.source().name(),
            },
            "latency": row.latency,
            "error": self.error.as_ref().map(ToString::to_string),
        });
        if explain {
            let (manifest, cost) = self.prompt();
            json["context"] = context::json(&manifest, cost);
            json["expected"] = self.report.expected.map_or(Value::Null, |expected| {
                json!({"cost": expected.cost, "tokens": expected.tokens, "missPercent": expected.miss})
            });
        }
        json
    }

    /// Shows the text in its place between the lines around it, and who made it for how much.
    fn pretty(&self, place: &FilePlace, style: Style) -> String {
        let mut out = String::new();
        if let Some(suggestion) = &self.suggestion {
            self.excerpt(suggestion, style, &mut out);
        } else if let Some(error) = &self.error {
            let _ = writeln!(out, "{}", style.bad(&format!("no suggestion: {error}")));
        } else {
            let _ = writeln!(
                out,
                "nothing to suggest at {}:{}:{}",
                place.path.display(),
                place.line,
                place.column
            );
        }
        let row = &self.report.row;
        let tokens = row.usage.tokens();
        let model = row.served_model.as_ref().unwrap_or(&row.requested_model);
        let summary = format!(
            "{}/{model} · {} · {} · {} tokens in, {} out · {:.1} ms",
            row.provider,
            row.payer,
            price(&row.cost),
            tokens.input_total(),
            tokens.output,
            row.latency.total.as_secs_f64() * 1000.0,
        );
        let _ = writeln!(out, "{}", style.dim(&summary));
        out
    }

    fn excerpt(&self, suggestion: &Suggestion, style: Style, out: &mut String) {
        let text = &self.snapshot.text;
        let line = text.byte_to_line(self.cursor);
        let shown = |line: usize| {
            text.line(line)
                .to_string()
                .trim_end_matches(['\r', '\n'])
                .to_owned()
        };
        for above in line.saturating_sub(2)..line {
            let _ = writeln!(
                out,
                "{} {}",
                style.dim(&format!("{:>5} |", above + 1)),
                shown(above)
            );
        }
        let start = text.line_to_byte(line);
        let before = text.byte_slice(start..self.cursor).to_string();
        let whole = shown(line);
        let after = whole.get(before.len()..).unwrap_or_default();
        let mut ghost: Vec<&str> = suggestion.text.split('\n').collect();
        let first = ghost.remove(0);
        let gutter = style.dim(&format!("{:>5} |", line + 1));
        let _ = write!(out, "{gutter} {before}{}", style.ghost(first));
        for more in ghost {
            let _ = write!(out, "\n{} {}", style.dim("    + |"), style.ghost(more));
        }
        let _ = writeln!(out, "{after}");
        if line + 1 < text.len_lines() {
            let _ = writeln!(
                out,
                "{} {}",
                style.dim(&format!("{:>5} |", line + 2)),
                shown(line + 1)
            );
        }
        out.push('\n');
    }
}

fn price(cost: &Cost) -> String {
    match (cost, cost.amount()) {
        (Cost::Free, _) => "free".into(),
        (Cost::Estimated(_), Some(money)) => format!("~{money}"),
        (_, Some(money)) => money.to_string(),
        (_, None) => "cost unknown".into(),
    }
}
