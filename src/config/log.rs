//! The log file: how much is written to it, and how large it may become.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::check_range;

/// The log file, for whoever looks for a fault (docs/logs.md). From your own file only; read when the server starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogOptions {
    /// What is written: `off`, `error`, `warn`, `info` (the default: also each call to a model), or `debug` (also each request). Never text of
    /// yours, never a model's, never a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// How large a file may become before the next one is begun, in MB, from 1 to 100. Default 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_size_mb: Option<u32>,
    /// How many files are kept, the one that is written included, from 1 to 20. Default 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub max_files: Option<u32>,
}

/// How much is written to the log file; the later, the more.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing, and no file.
    Off,
    /// What went wrong in the program itself.
    Error,
    /// What is not as it should be.
    Warn,
    /// Each call to a model.
    #[default]
    Info,
    /// Each request.
    Debug,
}

/// What code reads of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// What is written.
    pub level: LogLevel,
    /// How many bytes a file may have.
    pub max_bytes: u64,
    /// How many files are kept.
    pub max_files: u32,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: LogLevel::default(),
            max_bytes: 4 * MB,
            max_files: 3,
        }
    }
}

const MB: u64 = 1_000_000;

impl LogOptions {
    /// Lays one over another: what it says wins, what it leaves out stays.
    #[must_use]
    pub(super) fn over(below: Self, above: Self) -> Self {
        Self {
            level: above.level.or(below.level),
            max_size_mb: above.max_size_mb.or(below.max_size_mb),
            max_files: above.max_files.or(below.max_files),
        }
    }
}

/// Resolves it; a failure is its key and the message.
pub(super) fn resolve(options: &LogOptions) -> Result<LogSettings, (&'static str, String)> {
    let mut settings = LogSettings::default();
    settings.level = options.level.unwrap_or(settings.level);
    if let Some(size) = options.max_size_mb {
        check_range(size.into(), 1, 100).map_err(|wrong| ("max_size_mb", wrong))?;
        settings.max_bytes = u64::from(size) * MB;
    }
    if let Some(count) = options.max_files {
        check_range(count.into(), 1, 20).map_err(|wrong| ("max_files", wrong))?;
        settings.max_files = count;
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Layer, Layers, LogLevel};

    #[test]
    fn the_log_is_bounded_whatever_is_written_and_an_editor_has_no_say_in_it() {
        let mut layers = Layers::default();
        let log = layers.settings().log;
        assert_eq!((log.max_bytes, log.max_files), (4_000_000, 3));
        for wrong in [
            "max_size_mb = 0",
            "max_size_mb = 101",
            "max_files = 0",
            "max_files = 21",
            "level = \"trace\"",
        ] {
            let set = layers.set_toml(Layer::UserFile, "own", &format!("[log]\n{wrong}"));
            assert!(set.is_err(), "{wrong}");
        }
        let own = "[log]\nlevel = \"debug\"\nmax_size_mb = 1\nmax_files = 2";
        layers.set_toml(Layer::UserFile, "own", own).expect("good");
        let editor = json!({"log": {"level": "off"}});
        let refused = layers.set_json(Layer::Editor, "editor", editor);
        assert_eq!(refused.expect_err("refused").key, "log");
        let log = layers.settings().log;
        assert_eq!(
            (log.level, log.max_bytes, log.max_files),
            (LogLevel::Debug, 1_000_000, 2)
        );
    }
}
