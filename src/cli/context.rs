//! What a completion's prompt shows of other files, got ready as the server does it, and shown piece by piece.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::progress::with_progress;
use super::style::Style;
use super::{parts, style};
use crate::completion;
use crate::config::ContextSource;
use crate::context::{Attention, Manifest, Rule};
use crate::cost::Money;
use crate::index::Shelf;
use crate::server;
use crate::session::Snapshot;
use crate::workspace::Markers;

/// How long the workspace may be read before the prompt is made with what is known.
const READING: Duration = Duration::from_mins(1);

/// Reads the project for what it defines and chooses what the prompt shows.
pub(super) async fn get_ready(
    snapshot: &Snapshot,
    cursor: usize,
    project: PathBuf,
) -> anyhow::Result<()> {
    let settings = snapshot.settings.context.clone();
    let Some(tree) = snapshot.tree.clone() else {
        return Ok(());
    };
    let symbols = {
        // It ends before there would be time to write.
        let shelf = parts::shelf().filter(|_| snapshot.settings.context.saves_index);
        parts::symbols(&snapshot.settings, shelf.map(Shelf::reading))
    };
    symbols.look_for(&Markers::of(snapshot.settings.policy.markers()));
    if settings.reads_workspace() && snapshot.confined.is_none() {
        symbols.update(&snapshot.path(), tree, snapshot.text.clone());
        symbols.add_folder(project.clone());
        let reading = symbols.clone();
        let reading = tokio::task::spawn_blocking(move || reading.wait_until_idle(READING));
        with_progress("reading the workspace", reading).await?;
    }
    let mut attention = Attention::default();
    if settings.sources.contains(&ContextSource::Changed) {
        // Where git says nothing, prompts go without it.
        attention.changed = server::changed(&project).await.unwrap_or_default();
    }
    completion::get_ready(
        snapshot,
        cursor,
        &symbols.definitions(),
        &attention,
        &snapshot.company(),
    );
    Ok(())
}

/// Shows each piece of a prompt: what part of it is whose, and what that cost.
pub(super) fn pretty(manifest: &Manifest, cost: Option<Money>, style: Style) -> String {
    let mut out = String::new();
    if manifest.parts().is_empty() {
        return "nothing was sent: the embedded engine reads the document itself\n".into();
    }
    for (part, cost) in manifest.parts().iter().zip(costs(manifest, cost)) {
        let place = match (part.rule.place(), part.lines()) {
            (Some((file, _)), Some(lines)) => format!("{file}:{}-{}", lines.start + 1, lines.end),
            _ => String::new(),
        };
        let head = format!(
            "{:<7} {:<10} {:>5} B  ~{:>4} tokens  {:>5.1} %  {:>15}  {place}",
            part.field.name(),
            part.rule.name(),
            part.text.len(),
            part.tokens(),
            tenths(manifest.share(part)),
            cost.map_or_else(|| "cost unknown".into(), exact),
        );
        let _ = writeln!(out, "{}", style.dim(&head));
        for line in part.text.lines() {
            let line = match part.rule {
                Rule::Frame => style.dim(line),
                _ => line.to_owned(),
            };
            let _ = writeln!(out, "    {line}");
        }
    }
    let bytes = manifest.bytes();
    let tokens = crate::cost::Tokens::in_bytes(bytes);
    let price = cost.map_or_else(String::new, |cost| format!(", {}", exact(cost)));
    let whole = format!("{bytes} bytes in all, about {tokens} tokens{price}");
    let _ = writeln!(out, "{}\n", style.dim(&whole));
    out
}

/// The same for scripts.
pub(super) fn json(manifest: &Manifest, cost: Option<Money>) -> Value {
    let parts = manifest.parts().iter().zip(costs(manifest, cost));
    let parts = parts.map(|(part, cost)| {
        let lines = part.lines().map(|lines| [lines.start + 1, lines.end]);
        json!({
            "field": part.field.name(),
            "rule": part.rule.name(),
            "file": part.rule.place().map(|(file, _)| file),
            "lines": lines,
            "bytes": part.text.len(),
            "tokens": part.tokens(),
            "share": manifest.share(part),
            "cost": cost.map(|cost| json!({"nanos": cost.nanos(), "currency": cost.currency().code()})),
            "text": part.text,
        })
    });
    parts.collect()
}

/// What each piece cost, as far as that is known.
fn costs(manifest: &Manifest, whole: Option<Money>) -> impl Iterator<Item = Option<Money>> {
    let known = whole.map_or_else(Vec::new, |whole| manifest.costs(whole));
    known.into_iter().map(Some).chain(std::iter::repeat(None))
}

/// A piece costs so little that it takes all digits to tell.
fn exact(money: Money) -> String {
    format!("{} {}", money.to_decimal(), money.currency().code())
}

fn tenths(thousandths: usize) -> f64 {
    // At most a thousand, so nothing is lost.
    f64::from(u16::try_from(thousandths).unwrap_or(u16::MAX)) / 10.0
}

/// Says why a file stays on this machine, or how far else it gets, before it is completed.
pub(super) fn tell_confined(snapshot: &Snapshot) {
    if let Some(rule) = snapshot.confined {
        style::complain(&format!(
            "{} stays on this machine, since {rule}: no provider elsewhere is asked about it",
            snapshot.file_name()
        ));
    }
    if let Some(reach) = snapshot.settings.policy.reach() {
        style::complain(&format!("{} {reach}", snapshot.file_name()));
    }
}
