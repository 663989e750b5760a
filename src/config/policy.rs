//! What a workspace allows: which of the user's models may see its files, and whether anything is asked for there at all.

use schemars::JsonSchema;
use serde::Deserialize;

use super::pattern;

/// What a workspace's own file may forbid. It exists nowhere else: your own wishes are your settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// `false`: no ghost text in this workspace.
    pub completion: Option<bool>,
    /// `false`: no code actions in this workspace.
    pub actions: Option<bool>,
    /// The providers that may be asked, by name; the embedded engine always may.
    pub providers: Option<Vec<String>>,
    /// The models that may be asked, as `provider/model` with `*` for any text; the embedded engine always may.
    pub models: Option<Vec<String>>,
}

impl Policy {
    /// Returns what a folder is held to whose file cannot be read: what stays on this machine, in this process.
    pub(super) fn strictest() -> Self {
        Self {
            providers: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Returns whether there may be ghost text.
    pub fn allows_completion(&self) -> bool {
        self.completion != Some(false)
    }

    /// Returns whether there may be code actions.
    pub fn allows_actions(&self) -> bool {
        self.actions != Some(false)
    }

    /// Returns whether any of a provider's models may be asked.
    pub fn allows_provider(&self, provider: &str) -> bool {
        let listed = self.providers.as_ref();
        listed.is_none_or(|listed| listed.iter().any(|name| name == provider))
    }

    /// Returns whether a model may be asked.
    pub fn allows(&self, provider: &str, model: &str) -> bool {
        let name = format!("{provider}/{model}");
        let listed = self.models.as_ref();
        self.allows_provider(provider) && listed.is_none_or(|listed| pattern::any(listed, &name))
    }
}
