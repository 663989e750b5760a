//! Providers' statements: which form a file has, and what it says.
//!
//! Entry point: [`read`]. A form is known by its own words, never by the file's name. What is read and what shows it:
//!
//! | form | from | shown by |
//! |---|---|---|
//! | CSV with `generation_id` | OpenRouter, Activity, export | public examples |
//! | JSON with `model_permaslug` | OpenRouter, `GET /activity` | its published schema |
//! | CSV with `amount_value` | OpenAI, usage page, costs export | public examples |
//! | CSV with `num_model_requests` | OpenAI, usage page, activity export | public examples |
//! | JSON of `organization.costs.result` | OpenAI, `GET /organization/costs` | its published schema |
//! | JSON of `organization.usage.completions.result` | OpenAI, `GET /organization/usage/completions` | its published schema |
//! | CSV with `usage_date_utc` | Anthropic, console, usage or cost export | public examples |
//! | JSON with `starting_at` | Anthropic, `usage_report/messages` and `cost_report` | its documentation |

use super::{Line, export, json};

/// More than any month's export that is worth reading whole.
pub const LARGEST: u64 = 256 * 1024 * 1024;

/// A statement that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whose it is: a provider's name.
    pub provider: &'static str,
    /// What it is, in words.
    pub form: &'static str,
    /// What it says.
    pub lines: Vec<Line>,
}

/// Why a file is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is of no form that is known.
    #[error(
        "this is no statement that byok-lsp knows; it reads the CSV exports of OpenRouter's activity, OpenAI's usage page and Anthropic's console, and the JSON of their reports (docs/costs.md)"
    )]
    Unknown,
    /// A line of it makes no sense.
    #[error("line {line}: {what}")]
    Line {
        /// Which, counted from 1.
        line: u64,
        /// What is wrong, in words.
        what: String,
    },
    /// It is no JSON.
    #[error("this is no JSON that makes sense: {0}")]
    Json(String),
}

/// Reads a statement.
pub fn read(text: &str) -> Result<Statement, Error> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) {
        json::read(text)
    } else {
        export::read(text)
    }
}
