//! A workspace's own file, `.byok.toml` at the root of its folder. It comes with code that others wrote, so it can only restrict: fewer tokens,
//! fewer models, the embedded engine, nothing at all. It adds no host, no key, no command, no price and no looser limit; what it tries is said
//! once and not followed.
//!
//! Entry points: [`WorkspaceFile::read`], which may take time, and [`WorkspaceFile::restrict`], which is pure. A file that cannot be read or
//! understood may have meant to keep code on this machine, so the folder is held to the embedded engine until it is mended.

mod disk;
mod restrict;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;

use super::key_option;
use super::layer::{key_of, problem_of_toml, without_values};
use super::options::Options;
use super::policy::{PolicyOptions, Source};
use super::problem::Problem;
use super::settings::Settings;
use crate::scrub::scrub;

pub use disk::Stamp;

/// The file's name.
pub const WORKSPACE_FILE: &str = ".byok.toml";

/// The tables that are not looked into, and why.
const CLOSED: [(&str, &str); 9] = [
    ("network", "how providers are reached is yours to say"),
    ("log", "what is logged is yours to say"),
    ("telemetry", "who is told of calls is yours to say"),
    ("keys", "where keys are kept is yours to say"),
    ("routing", "which of several models answers is yours to say"),
    (
        "organisation",
        "where your organisation's rules are is yours to say",
    ),
    ("projects", "which models a project gets is yours to say"),
    (
        "fallback",
        "which models take another's place is yours to say",
    ),
    (
        "providers",
        "where providers answer, where their keys come from and what they cost is yours to say",
    ),
];

/// More refusals than these are not listed one by one.
const LISTED: usize = 5;

/// The file of one workspace folder, as it was when it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspaceFile {
    path: PathBuf,
    stamp: Stamp,
    content: Content,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    /// Nobody has looked yet.
    Unread,
    Absent,
    Restrictions(Box<Written>),
    Mistake(Problem),
}

/// What the file says, without what is refused whatever the user's settings are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Written {
    options: Options,
    policy: PolicyOptions,
    closed: Vec<Refusal>,
}

/// A setting that is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    key: String,
    why: String,
}

impl WorkspaceFile {
    /// What is known of a folder before anybody has looked into it: the embedded engine may answer there and nothing else.
    pub fn unread(folder: &Path) -> Self {
        Self {
            path: folder.join(WORKSPACE_FILE),
            stamp: Stamp::default(),
            content: Content::Unread,
        }
    }

    /// Reads the file of a folder. The disk may be slow, so this belongs on a thread of its own.
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(WORKSPACE_FILE);
        let (stamp, text) = disk::read(&path);
        let content = match text {
            Ok(None) => Content::Absent,
            Ok(Some(text)) => match Written::parse(&path.display().to_string(), &text) {
                Ok(written) => Content::Restrictions(Box::new(written)),
                Err(problem) => Content::Mistake(problem),
            },
            Err(message) => Content::Mistake(Problem {
                layer: path.display().to_string(),
                line: None,
                key: String::new(),
                message,
            }),
        };
        Self {
            path,
            stamp,
            content,
        }
    }

    /// Reads it again if it has changed on the disk since.
    pub fn changed(&self) -> Option<Self> {
        let is_same = self.content != Content::Unread && disk::stamp(&self.path) == self.stamp;
        (!is_same).then(|| Self::read(self.path.parent().unwrap_or(Path::new("."))))
    }

    /// Returns the user's settings as far as the file lets them, and what the user is to be told of it.
    pub fn restrict(&self, settings: &Settings) -> (Settings, Option<String>) {
        let strictest = || restrict::closed(settings.clone(), Source::Workspace);
        match &self.content {
            Content::Absent => (settings.clone(), None),
            Content::Unread => (strictest(), None),
            Content::Mistake(problem) => {
                let told = format!(
                    "{problem}; until it is mended, only the embedded engine answers in this folder"
                );
                (strictest(), Some(told))
            }
            Content::Restrictions(written) => {
                let (settings, mut refused) =
                    restrict::by_options(settings.clone(), &written.options);
                refused.splice(0..0, written.closed.iter().cloned());
                let told = (!refused.is_empty()).then(|| self.tell(&refused));
                let policy = written.policy.clone();
                (
                    restrict::by_policy(settings, Source::Workspace, policy),
                    told,
                )
            }
        }
    }

    /// Returns what distinguishes this content from others that the file has had.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    fn tell(&self, refused: &[Refusal]) -> String {
        let listed = refused.iter().take(LISTED).map(ToString::to_string);
        let mut listed = listed.collect::<Vec<_>>().join("; ");
        if let more @ 1.. = refused.len().saturating_sub(LISTED) {
            listed = format!("{listed}; and {more} more");
        }
        format!(
            "{}: a workspace's file can only restrict, so this is not followed: {listed}. What you want of it, write into your own file (\"byok-lsp config path\" says where)",
            self.path.display()
        )
    }
}

impl Written {
    fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        let table: toml::Table = text
            .parse()
            .map_err(|error| problem_of_toml(name, text, "", &error))?;
        Self::of(name, table)
    }

    /// Reads what a table says.
    pub(super) fn of(name: &str, mut table: toml::Table) -> Result<Self, Problem> {
        let closed = CLOSED
            .iter()
            .filter_map(|(section, why)| Some((*section, *why, table.remove(*section)?)))
            .flat_map(|(section, why, value)| refusals(section, why, &value))
            .collect();
        let policy = table.remove("policy");
        let problem = |prefix: &str, path: &str, message: &str| Problem {
            layer: name.into(),
            line: None,
            key: plain(&scrub(&format!("{prefix}{}", key_of(path)))),
            message: plain(&without_values(message)),
        };
        let options = serde_path_to_error::deserialize(toml::Value::Table(table))
            .map_err(|error| problem("", &error.path().to_string(), error.inner().message()))?;
        let policy = match policy {
            None => PolicyOptions::default(),
            Some(policy) => PolicyOptions::deserialize(policy)
                .map_err(|error| problem("policy", "", error.message()))?,
        };
        // Whatever has to be read of it is read here, where a mistake can be told.
        super::Policy::default()
            .add(Source::Workspace, policy.clone())
            .map_err(|(key, message)| problem(&format!("policy.{key}"), "", &message))?;
        Ok(Self {
            options,
            policy,
            closed,
        })
    }
}

impl Written {
    /// Returns the first thing that it says in a table that is not looked into.
    pub(super) fn first_closed(&self) -> Option<String> {
        self.closed.first().map(ToString::to_string)
    }

    /// Returns settings as far as it lets them, as the rules of somebody.
    pub(super) fn applied(&self, settings: Settings, source: Source) -> Settings {
        let (settings, _) = restrict::by_options(settings, &self.options);
        restrict::by_policy(settings, source, self.policy.clone())
    }
}

/// Returns settings as they are under an organisation's file that is not valid.
pub(super) fn under_invalid(mut settings: Settings) -> Settings {
    settings.policy.invalid();
    settings
}

/// Names what stands in a table that is not looked into, without its values.
fn refusals(section: &str, why: &str, value: &toml::Value) -> Vec<Refusal> {
    let refusal = |key: String| Refusal {
        key,
        why: why.into(),
    };
    let names = value.as_table().into_iter().flat_map(toml::Table::keys);
    let mut refused: Vec<Refusal> = names
        .map(|name| {
            let key = format!("{section}.{name}");
            refusal(if is_name(name) { key } else { section.into() })
        })
        .collect();
    if refused.is_empty() {
        refused.push(refusal(section.to_owned()));
    }
    // The reason once is enough.
    for more in refused.iter_mut().skip(1) {
        more.why.clear();
    }
    refused
}

/// Returns whether a name can be repeated: it is one, and neither a key nor something that does things to a terminal.
fn is_name(name: &str) -> bool {
    key_option::is_label(name)
}

/// Leaves out what does things to a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(500)
        .collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.key)?;
        if !self.why.is_empty() {
            write!(formatter, " ({})", self.why)?;
        }
        Ok(())
    }
}
