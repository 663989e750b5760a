//! `byok-lsp logs`: what the servers noted of what they did.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

use super::style::Style;
use super::{parts, style};
use crate::logs::read::{Line, Tail, each};

/// How often it is looked whether something was added.
const LOOK: Duration = Duration::from_millis(200);

const EXAMPLES: &str = "\
Examples:
  byok-lsp logs                       the last lines
  byok-lsp logs --follow              what comes, as it comes; end it with Ctrl-C
  byok-lsp logs --since 2h --level warn
  byok-lsp logs --since today --json | jq 'select(.call)'";

/// Which lines, and how to tell them.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Go on with what is added, until you end it.
    #[arg(long, short)]
    follow: bool,
    /// From when on: 10min, 2h, 7d, today, a date, or a moment such as 2026-01-31T15:00:00Z. Default: the last lines.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// How many lines at the most. Default: 200, or all with --since.
    #[arg(long, short = 'n', value_name = "COUNT")]
    lines: Option<usize>,
    /// Only what is as bad as this, or worse.
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// Print the lines as they are, one JSON object each: {time, pid, level, message, request: {method, id}, call, ...}.
    #[arg(long)]
    json: bool,
    /// Print where the log is, whether or not there is one.
    #[arg(long, exclusive = true)]
    path: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    fn covers(self, level: &str) -> bool {
        let levels: &[&str] = match self {
            Self::Error => &["ERROR"],
            Self::Warn => &["ERROR", "WARN"],
            Self::Info => &["ERROR", "WARN", "INFO"],
            Self::Debug => return true,
        };
        levels.contains(&level)
    }
}

/// Prints them.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = parts::log_path()
        .context("this system tells no home folder; set BYOK_LEDGER to a file's whole path")?;
    if arguments.path {
        style::print(&format!("{}\n", path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let since = arguments.since.as_deref();
    let since = since
        .map(|text| moment(text, &Zoned::now()))
        .transpose()
        .map_err(|wrong| anyhow!(wrong))?;
    // Before what there is is read, so that nothing falls between the two; what is told twice is seen by its moment.
    let mut tail = arguments.follow.then(|| Tail::new(&path));
    let most = match (arguments.lines, since) {
        (Some(lines), _) => lines,
        (None, Some(_)) => usize::MAX,
        (None, None) => 200,
    };
    let is_wanted = |line: &Line| {
        since.is_none_or(|since| line.time >= since)
            && arguments
                .level
                .is_none_or(|level| level.covers(&line.level))
    };
    let mut last: VecDeque<Line> = VecDeque::new();
    each(&path, |line| {
        if is_wanted(&line) {
            last.push_back(line);
            if last.len() > most {
                last.pop_front();
            }
        }
    })
    .with_context(|| format!("the log at {} cannot be read", path.display()))?;
    if last.is_empty() && !arguments.follow && !arguments.json {
        let none = if path.exists() {
            "no such lines"
        } else {
            "there is no log yet: a server writes one once an editor starts it"
        };
        style::complain(&format!("{none} ({})", path.display()));
    }
    let style = Style::stdout();
    let print = |line: &Line| {
        style::print(&if arguments.json {
            format!("{}\n", line.raw)
        } else {
            pretty(line, &TimeZone::system(), style)
        });
    };
    last.iter().for_each(print);
    let shown = last.len();
    drop(last);
    let Some(tail) = &mut tail else {
        return Ok(ExitCode::SUCCESS);
    };
    if shown == 0 {
        style::complain(&format!("waiting for lines in {}", path.display()));
    }
    // Who reads no more ends it with the next line.
    while !style::is_over() {
        tail.read(|line| {
            if is_wanted(&line) {
                print(&line);
            }
        })?;
        std::thread::sleep(LOOK);
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the moment that a text names.
fn moment(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "\"{text}\" is no moment; write 10min, 2h, 7d, today, a date such as 2026-01-31, or 2026-01-31T15:00:00Z"
        )
    };
    let start = |day: &Zoned| day.start_of_day().map(|day| day.timestamp());
    if text == "today" {
        return start(now).map_err(|_| wrong());
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        let day = date.to_zoned(now.time_zone().clone());
        return day.map(|day| day.timestamp()).map_err(|_| wrong());
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().map_err(|_| wrong())?;
    // No log is a hundred years old.
    let number = number.min(36_525);
    let back = match unit {
        "min" => number.minutes(),
        "h" => number.hours(),
        "d" => number.days(),
        _ => return Err(wrong()),
    };
    now.checked_sub(back)
        .map(|then| then.timestamp())
        .map_err(|_| wrong())
}

/// Renders a line for people: when, how bad, what, and behind it the values.
pub(super) fn pretty(line: &Line, zone: &TimeZone, style: Style) -> String {
    let time = line.time.to_zoned(zone.clone());
    let level = format!("{:<5}", line.level);
    let level = match line.level.as_str() {
        "ERROR" | "WARN" => style.bad(&level),
        _ => style.dim(&level),
    };
    let mut behind = String::new();
    for (name, value) in &line.fields {
        let _ = match value.as_str() {
            Some(text) => write!(behind, " {name}={text}"),
            None => write!(behind, " {name}={value}"),
        };
    }
    if let Some((method, id)) = &line.request {
        let _ = write!(behind, " request={method}");
        if let Some(id) = id {
            let _ = write!(behind, "#{id}");
        }
    }
    let _ = write!(behind, " pid={}", line.pid);
    let told = plain(&format!("{}{}", line.message, style.dim(&behind)));
    format!("{} {level} {told}\n", time.strftime("%F %T%.3f"))
}

/// Takes out what a terminal would obey, but for the colours of our own.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let is_ours = c == '\x1b'
            && ["\x1b[0m", "\x1b[2m"]
                .iter()
                .any(|own| text[at..].starts_with(own));
        if !c.is_control() || is_ours {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_moment_is_told_in_any_of_the_ways_of_the_help() {
        let now: Zoned = "2026-03-04T05:06:07+01:00[Europe/Berlin]".parse().unwrap();
        for (text, then) in [
            ("10min", "2026-03-04T03:56:07Z"),
            ("2h", "2026-03-04T02:06:07Z"),
            ("7d", "2026-02-25T04:06:07Z"),
            ("today", "2026-03-03T23:00:00Z"),
            ("2026-01-31", "2026-01-30T23:00:00Z"),
            ("2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z"),
        ] {
            assert_eq!(moment(text, &now), Ok(then.parse().unwrap()), "{text}");
        }
        for wrong in ["", "7", "3m", "yesterday", "-1h", "99999999999999999999d"] {
            assert!(moment(wrong, &now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_is_told_with_its_values_and_its_request_and_nothing_that_a_terminal_obeys() {
        let raw = r#"{"call":"c1","level":"INFO","message":"a model\u001b[2J call","ms":12,"pid":7,"request":{"id":"3","method":"textDocument/inlineCompletion"},"time":"2026-01-02T03:04:05.678Z"}"#;
        let line = Line::parse(raw).unwrap();
        assert_eq!(
            pretty(&line, &TimeZone::UTC, Style::plain()),
            "2026-01-02 03:04:05.678 INFO  a model[2J call call=c1 ms=12 request=textDocument/inlineCompletion#3 pid=7\n"
        );
    }
}
