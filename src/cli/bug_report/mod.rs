//! `byok-lsp bug-report`: what somebody who looks for a fault has to know, in one file of text that can be read before it is handed on.
//!
//! Nothing is sent. No key is in it: values of the configuration are taken in by what is known of them ([`config`]), of the environment there are
//! names, and the whole is searched for keys once more. The home folder is written `~`, so that it does not tell who you are.

mod config;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Zoned;
use jiff::tz::TimeZone;
use url::Url;

use super::logs::pretty;
use super::style::Style;
use super::{doctor, parts, style};
use crate::config::user_file;
use crate::cost::ledger::schema_version;
use crate::logs::read::{Line, each};
use crate::scrub::scrub_keys;

/// Where to write it.
#[derive(clap::Args)]
pub struct Arguments {
    /// The file to write; "-" is stdout. Default: byok-lsp-bug-report-DATE.txt in this folder.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many of the log's last lines it has.
    #[arg(long, value_name = "COUNT", default_value_t = 300)]
    lines: usize,
}

/// Variables whose values are of no interest, and whose presence is.
const TELLING: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
];

/// Writes it and says what is in it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let sections = sections(arguments.lines)?;
    let mut text = String::new();
    for (title, body) in &sections {
        let _ = write!(text, "== {title}\n{}\n\n", body.trim_end());
    }
    let text = scrub_keys(&without_home(&text));
    if arguments.output.as_deref() == Some(Path::new("-")) {
        style::print(&text);
        return Ok(ExitCode::SUCCESS);
    }
    let name = || Zoned::now().strftime("byok-lsp-bug-report-%Y%m%d-%H%M%S.txt");
    let path = arguments
        .output
        .clone()
        .unwrap_or_else(|| name().to_string().into());
    write(&path, &text).with_context(|| {
        format!(
            "{} cannot be written; name another file with --output",
            path.display()
        )
    })?;
    let mut told = format!("wrote {} ({} bytes):\n", path.display(), text.len());
    for (title, body) in &sections {
        let _ = writeln!(told, "  {title}: {} lines", body.trim_end().lines().count());
    }
    told += "Nothing was sent. Read it before you hand it on: it names files and models, and no key and none of your code.\n";
    style::print(&told);
    Ok(ExitCode::SUCCESS)
}

/// Returns the parts of the report, each with its title.
fn sections(lines: usize) -> anyhow::Result<Vec<(&'static str, String)>> {
    // Before the doctor opens the ledger, which brings it up to date.
    let ledger = ledger();
    Ok(vec![
        ("version", version()),
        ("ledger", ledger),
        ("settings", settings()),
        ("environment", environment()),
        ("doctor", doctor::for_others()?),
        ("log", log(lines)),
    ])
}

fn version() -> String {
    let mut text = format!(
        "byok-lsp {}\n{} on {}, {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    );
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    for line in release.lines() {
        if let Some(name) = line.strip_prefix("PRETTY_NAME=") {
            let _ = writeln!(text, "{}", name.trim_matches('"'));
        }
    }
    if let Ok(kernel) = std::fs::read_to_string("/proc/sys/kernel/osrelease") {
        let _ = writeln!(text, "kernel {}", kernel.trim());
    }
    let _ = writeln!(text, "{} processors", parallelism());
    text
}

fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(0, Into::into)
}

fn ledger() -> String {
    let Some(path) = parts::ledger_path() else {
        return "in memory".into();
    };
    let Ok(file) = path.metadata() else {
        return format!("none at {}", path.display());
    };
    let version = schema_version(&path).map_or_else(
        |error| format!("its version cannot be read: {error}"),
        |version| format!("schema version {version}"),
    );
    format!("{}, {} bytes, {version}", path.display(), file.len())
}

fn settings() -> String {
    let Some(path) = user_file() else {
        return "this system tells no home folder".into();
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => format!("# {}\n{}", path.display(), config::shown(&text)),
        Err(error) => format!("{}: {error}", path.display()),
    }
}

/// Names what is set; never to what.
fn environment() -> String {
    let is_telling = |name: &str| {
        name.starts_with("BYOK_") || TELLING.contains(&name.to_ascii_uppercase().as_str())
    };
    let mut names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| is_telling(name))
        .collect();
    names.sort();
    if names.is_empty() {
        return "none of ours is set".into();
    }
    format!("set: {}", names.join(", "))
}

fn log(most: usize) -> String {
    let Some(path) = parts::log_path() else {
        return "this system tells no home folder".into();
    };
    let mut last: std::collections::VecDeque<Line> = std::collections::VecDeque::new();
    let read = each(&path, |line| {
        last.push_back(line);
        if last.len() > most {
            last.pop_front();
        }
    });
    let mut text = format!("# {}\n", path.display());
    if let Err(error) = read {
        let _ = writeln!(text, "it cannot be read: {error}");
    }
    for line in &last {
        text += &pretty(line, &TimeZone::UTC, Style::plain());
    }
    text
}

/// Writes `~` for the home folder, as the folders of settings and state are found in it.
fn without_home(text: &str) -> String {
    let home = etcetera::home_dir().ok();
    home.map_or_else(|| text.to_owned(), |home| without(text, &home))
}

/// Writes `~` for a folder, however it is written: as a path, in JSON, or in an address, where what is not ASCII or a blank is encoded.
fn without(text: &str, home: &Path) -> String {
    let path = home.to_string_lossy();
    let address = Url::from_file_path(home);
    let address = address.as_ref().map_or("", Url::path);
    // Some editors encode the colon of a drive, so what stands behind it is looked for.
    let address = address.split_once(':').map_or(address, |(_, path)| path);
    let mut forms = [&*path, &path.replace('\\', "\\\\"), address]
        .map(|form| form.trim_end_matches(['/', '\\']).to_owned());
    // One may hold another, which comes after it.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let forms = forms.iter().filter(|form| form.len() > 1);
    forms.fold(text.to_owned(), |text, form| {
        text.replace(form.as_str(), "~")
    })
}

/// Writes a file that is not there yet, for its owner alone.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_home_folder_is_named_in_no_form() {
        let home = Path::new("/home/jürgen müller");
        let text = r#"uri=file:///home/j%C3%BCrgen%20m%C3%BCller/a.rs at "/home/jürgen müller/b" and /home/other"#;
        let told = without(text, home);
        assert_eq!(told, r#"uri=file://~/a.rs at "~/b" and /home/other"#);
        assert_eq!(without("/ and /a", Path::new("/")), "/ and /a");
    }
}
