//! `byok-lsp audit`: the log of what left this machine and what was kept here, and whether it is as it was written.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::json;

use super::style::Style;
use super::{parts, start_log, style};
use crate::audit::{Anchor, Entry, Event, Verdict, lines, verify};
use crate::cost::report::Period;

/// How long the lock is waited for.
const DEADLINE: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Examples:
  byok-lsp audit show --since today         what left today, and what was refused
  byok-lsp audit verify                     exits with 1 if a line was changed, removed, moved or put in
  byok-lsp audit verify --expect 412:9f2c...  the end that was noted elsewhere is still in it";

/// Which part of it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Say whether the log is as it was written; name every line that is not.
    Verify {
        /// An end that "audit verify" printed before, as NUMBER:HASH, that must still be in it. Several are checked one by one.
        #[arg(long, value_name = "NUMBER:HASH")]
        expect: Vec<Anchor>,
        /// Print JSON: {v, isSound, lines, first, end, findings, notes}.
        #[arg(long)]
        json: bool,
        /// Another log than your own.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print its lines.
    Show {
        /// The first day: 7d (seven days, today included), 2w, 3m, 1y, today, yesterday, month, all, or a date.
        #[arg(long, value_name = "DAY", default_value = "7d")]
        since: String,
        /// Print the lines as they are, one JSON object each.
        #[arg(long)]
        json: bool,
        /// Another log than your own.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Shows it or checks it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_log();
    match &arguments.command {
        Command::Verify { expect, json, file } => check(&place(file.as_deref())?, expect, *json),
        Command::Show { since, json, file } => show(&place(file.as_deref())?, since, *json),
    }
}

fn place(file: Option<&Path>) -> anyhow::Result<PathBuf> {
    let own = || parts::audit_path().context("the platform tells no folder to keep a log in");
    file.map_or_else(own, |file| Ok(file.to_owned()))
}

fn check(path: &Path, expected: &[Anchor], is_json: bool) -> anyhow::Result<ExitCode> {
    let unread = |why| anyhow!("{} cannot be checked: {why}", path.display());
    let first = verify(path, expected.first().copied(), DEADLINE).map_err(unread)?;
    let Some(mut verdict) = first else {
        return Ok(nothing(path, is_json));
    };
    for expected in expected.iter().skip(1) {
        let more = verify(path, Some(*expected), DEADLINE).map_err(unread)?;
        let findings = more.map(|more| more.findings).unwrap_or_default();
        let news = findings.into_iter();
        let news: Vec<_> = news.filter(|it| !verdict.findings.contains(it)).collect();
        verdict.findings.extend(news);
        verdict.is_sound = verdict.findings.is_empty();
    }
    let text = if is_json {
        let mut told = json!(verdict);
        told["v"] = json!(1);
        format!("{told:#}\n")
    } else {
        in_words(path, &verdict, Style::stdout())
    };
    style::print(&text);
    Ok(if verdict.is_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn nothing(path: &Path, is_json: bool) -> ExitCode {
    if is_json {
        let none = Verdict {
            is_sound: true,
            ..Verdict::default()
        };
        let mut told = json!(none);
        told["v"] = json!(1);
        style::print(&format!("{told:#}\n"));
    } else {
        style::print(&format!(
            "There is no audit log at {}; audit.enabled = true begins one.\n",
            path.display()
        ));
    }
    ExitCode::SUCCESS
}

fn in_words(path: &Path, verdict: &Verdict, style: Style) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        // A text cannot fail to take more text.
        let _ = writeln!(text, "{words}");
    };
    let count = match verdict.lines {
        1 => "1 line".to_owned(),
        lines => format!("{lines} lines"),
    };
    if verdict.is_sound {
        let words = format!("{count}, all as they were written: {}", path.display());
        line(&style.good(&words));
    } else {
        let words = format!("{count}, not as they were written:");
        line(&style.bad(&words));
    }
    for finding in &verdict.findings {
        line(&format!("  {}", finding.message));
    }
    if verdict.more > 0 {
        line(&format!("  and {} more", verdict.more));
    }
    for note in &verdict.notes {
        line(&style.dim(note));
    }
    if let (true, Some(end)) = (verdict.is_sound, &verdict.end) {
        line(&style.dim(&format!(
            "its end, to be noted elsewhere for --expect: {end}"
        )));
    }
    text
}

fn show(path: &Path, since: &str, is_json: bool) -> anyhow::Result<ExitCode> {
    let today = Zoned::now().date();
    let period = Period::parse(Some(since), None, today).map_err(|message| anyhow!(message))?;
    let from = period.since.map(beginning).transpose()?;
    let style = Style::stdout();
    let mut unreadable = 0;
    let mut shown = 0;
    for line in lines(path, 0) {
        let line = line.map_err(|why| anyhow!(why))?;
        let Ok(entry) = serde_json::from_slice::<Entry>(&line.bytes) else {
            unreadable += 1;
            continue;
        };
        if from.is_some_and(|from| entry.at < from) {
            continue;
        }
        shown += 1;
        let text = if is_json {
            format!("{}\n", String::from_utf8_lossy(&line.bytes))
        } else {
            in_short(&entry, style)
        };
        style::print(&text);
    }
    if unreadable > 0 {
        style::complain(&format!(
            "{unreadable} lines cannot be read; byok-lsp audit verify says more"
        ));
    }
    if shown == 0 && !is_json {
        style::print("Nothing left this machine in that time, as far as a log was kept.\n");
    }
    Ok(ExitCode::SUCCESS)
}

fn beginning(day: Date) -> anyhow::Result<Timestamp> {
    Ok(day.to_zoned(TimeZone::system())?.timestamp())
}

fn in_short(entry: &Entry, style: Style) -> String {
    let at = entry.at.to_zoned(TimeZone::system());
    let at = at.strftime("%Y-%m-%d %H:%M:%S");
    let event = format!("{:<7}", entry.event.name());
    let event = match entry.event {
        Event::Sent => event,
        Event::Refused | Event::Kept => style.good(&event),
        Event::Lost => style.bad(&event),
    };
    if entry.event == Event::Lost {
        return format!("{at}  {event}  {} lines: {}\n", entry.lost, entry.rule);
    }
    let host = entry.host.as_deref().unwrap_or("-");
    let label = entry.key.as_deref();
    let key = label.map_or_else(String::new, |label| format!(", key \"{label}\""));
    let what = entry.action.as_deref().unwrap_or(&entry.feature);
    let mut text = format!(
        "{at}  {event}  {what} to {}/{} at {host}, {} bytes{key}; {}\n",
        plain(&entry.provider),
        plain(&entry.model),
        entry.bytes,
        plain(&entry.payer),
    );
    let files = entry.files.iter();
    let files = files.map(|file| format!("{} ({})", plain(&file.path), file.bytes));
    let mut files = files.collect::<Vec<_>>().join(", ");
    if entry.more_files > 0 {
        // A text cannot fail to take more text.
        let _ = write!(files, " and {} more", entry.more_files);
    }
    let below = format!("    {}; {files}", plain(&entry.rule));
    text += &style.dim(below.trim_end_matches("; "));
    text.push('\n');
    text
}

/// Leaves out what does things to a terminal: names come from files and providers.
fn plain(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}
