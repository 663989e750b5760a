//! The audit log: whether one is kept, for how long, and what becomes of calls while it cannot be.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger;
use super::options::Options;

/// The log of what left the machine and what was kept here (docs/governance.md).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditOptions {
    /// Whether a line is kept of each decision to send something to a model elsewhere, or not to. Default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What becomes of a call whose line cannot be written: `go-on` (the default) makes it and tells you, `refuse` does not make it, and waits for
    /// the line to be on the disk before anything is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_unwritable: Option<WhenUnwritable>,
    /// For how long lines are kept, such as `"400 days"`, 35 at the least. From your own file only. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
}

/// What becomes of a call whose line cannot be written; the later, the stricter.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WhenUnwritable {
    /// It is made, and the user is told.
    #[default]
    GoOn,
    /// It is not made.
    Refuse,
}

impl fmt::Display for WhenUnwritable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::GoOn => "go-on",
            Self::Refuse => "refuse",
        })
    }
}

/// What code reads of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditSettings {
    /// Whether a log is kept.
    pub is_on: bool,
    /// What becomes of a call whose line cannot be written.
    pub when_unwritable: WhenUnwritable,
    /// For how many days lines are kept; `None` is for ever.
    pub keep_days: Option<u32>,
}

impl AuditOptions {
    /// Lays one over another: what it says wins, what it leaves out stays.
    #[must_use]
    pub(super) fn over(below: Self, above: Self) -> Self {
        Self {
            enabled: above.enabled.or(below.enabled),
            when_unwritable: above.when_unwritable.or(below.when_unwritable),
            keep: above.keep.or(below.keep),
        }
    }
}

/// Resolves it; a failure is its key and the message.
pub(super) fn resolve(options: &AuditOptions) -> Result<AuditSettings, (&'static str, String)> {
    let keep_days = options.keep.as_deref().map(ledger::days).transpose();
    Ok(AuditSettings {
        is_on: options.enabled.unwrap_or_default(),
        when_unwritable: options.when_unwritable.unwrap_or_default(),
        keep_days: keep_days.map_err(|message| ("keep", message))?,
    })
}

/// Checks that an editor's settings take nothing from the log that the user's own file asks for.
pub(super) fn check_editor(own: &Options, editor: &Options) -> Result<(), (&'static str, String)> {
    let (Some(editor), own) = (&editor.audit, own.audit.clone().unwrap_or_default()) else {
        return Ok(());
    };
    let only_own = |what: &str| {
        format!(
            "{what} is taken from your own file only, since an editor's settings may come from a workspace; write it there (\"byok-lsp config path\" says where)"
        )
    };
    if editor.enabled == Some(false) && own.enabled == Some(true) {
        return Err(("enabled", only_own("that no log is kept")));
    }
    let is_strict = own.when_unwritable == Some(WhenUnwritable::Refuse);
    if editor.when_unwritable == Some(WhenUnwritable::GoOn) && is_strict {
        return Err((
            "when_unwritable",
            only_own("that calls go on without their lines"),
        ));
    }
    if editor.keep.is_some() && editor.keep != own.keep {
        return Err(("keep", only_own("how long lines are kept")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Layer, Layers};

    fn said(own: &str, editor: &serde_json::Value) -> Result<super::AuditSettings, String> {
        let mut layers = Layers::default();
        layers.set_toml(Layer::UserFile, "own", own).expect("good");
        let set = layers.set_json(Layer::Editor, "editor", json!({"audit": editor}));
        set.map(|()| layers.settings().audit)
            .map_err(|problem| problem.key)
    }

    #[test]
    fn an_editor_may_switch_the_log_on_and_make_it_stricter_and_nothing_else() {
        let on = "[audit]\nenabled = true\nwhen_unwritable = \"refuse\"\nkeep = \"400 days\"";
        let is_on = said("", &json!({"enabled": true})).map(|it| it.is_on);
        assert_eq!(is_on, Ok(true));
        let kept = said(on, &json!({"enabled": true, "when_unwritable": "refuse"}));
        assert_eq!(kept.map(|it| it.keep_days), Ok(Some(400)));
        for (editor, key) in [
            (json!({"enabled": false}), "audit.enabled"),
            (json!({"when_unwritable": "go-on"}), "audit.when_unwritable"),
            (json!({"keep": "35 days"}), "audit.keep"),
        ] {
            assert_eq!(said(on, &editor).err().as_deref(), Some(key));
        }
    }
}
