//! The settings of what a model is shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model is shown besides the text at the cursor.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContextOptions {
    /// The most tokens that the prompt of a suggestion may have, by our estimate. Default 1690.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 200, max = 32000))]
    pub max_tokens: Option<u64>,
    /// Where what is shown of other files may come from; `[]` shows nothing but the text at the cursor. Default: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<ContextSource>>,
    /// The most files of the workspace that are read for what they define; 0 reads none. Default 50000. Read when the server starts, so from
    /// the user's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_index_files: Option<usize>,
    /// Whether what those files define is saved in the cache folder of this machine, so that the next start reads only what has changed since.
    /// If not, what was saved of the workspace is removed. Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_index: Option<bool>,
}

/// Why a piece of text from elsewhere is in a prompt.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ContextSource {
    /// It encloses the cursor, and its beginning is further up than the text that is shown.
    Scope,
    /// The file imports it, or something of the file that defines it.
    Import,
    /// It is named near the cursor.
    Nearby,
    /// It belongs to a type that is named near the cursor.
    Member,
    /// A file beside this one defines it.
    Sibling,
    /// It was edited a short while ago.
    Edited,
    /// The cursor was in it a short while ago.
    Viewed,
    /// It is what is complained about at the cursor.
    Diagnostic,
    /// It has changed since the last commit, in another file.
    Changed,
}

impl ContextSource {
    /// Every source.
    pub const ALL: [Self; 9] = [
        Self::Scope,
        Self::Import,
        Self::Nearby,
        Self::Member,
        Self::Sibling,
        Self::Edited,
        Self::Viewed,
        Self::Diagnostic,
        Self::Changed,
    ];

    /// Returns its name in settings and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Import => "import",
            Self::Nearby => "nearby",
            Self::Member => "member",
            Self::Sibling => "sibling",
            Self::Edited => "edited",
            Self::Viewed => "viewed",
            Self::Diagnostic => "diagnostic",
            Self::Changed => "changed",
        }
    }
}

/// What a model is shown besides the text at the cursor, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextSettings {
    /// The most tokens of a prompt.
    pub max_tokens: u64,
    /// The sources that are switched on.
    pub sources: Vec<ContextSource>,
    /// The most files that the index of symbols holds; `None` is its own default.
    pub max_index_files: Option<usize>,
    /// Whether the index is saved.
    pub saves_index: bool,
}

impl Default for ContextSettings {
    fn default() -> Self {
        Self {
            max_tokens: 1_690,
            sources: ContextSource::ALL.to_vec(),
            max_index_files: None,
            saves_index: true,
        }
    }
}

impl ContextSettings {
    /// Returns whether anything of other files is to be shown, so that they have to be read.
    pub fn reads_workspace(&self) -> bool {
        self.max_index_files != Some(0)
            && self.sources.iter().any(|one| *one != ContextSource::Scope)
    }
}

/// Fills options up. The mistake, if there is one, is a key and what is wrong with it.
pub(super) fn resolve(options: &ContextOptions) -> Result<ContextSettings, (String, String)> {
    let mut settings = ContextSettings::default();
    if let Some(tokens) = options.max_tokens {
        if !(200..=32_000).contains(&tokens) {
            let message = format!("{tokens} is not between 200 and 32000");
            return Err(("max_tokens".into(), message));
        }
        settings.max_tokens = tokens;
    }
    if let Some(sources) = &options.sources {
        settings.sources.clone_from(sources);
    }
    settings.max_index_files = options.max_index_files;
    settings.saves_index = options.save_index.unwrap_or(settings.saves_index);
    Ok(settings)
}

/// Lays one layer over another.
pub(super) fn merge(below: ContextOptions, above: ContextOptions) -> ContextOptions {
    ContextOptions {
        max_tokens: above.max_tokens.or(below.max_tokens),
        sources: above.sources.or(below.sources),
        max_index_files: above.max_index_files.or(below.max_index_files),
        save_index: above.save_index.or(below.save_index),
    }
}
