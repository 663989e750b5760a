//! What a stored key may be used for besides its host: in which workspaces, in which environment, for which features. A key without a scope may
//! be used for all.
//!
//! Entry point: [`Scope::refusal`]. What costs nothing and carries no code (a list of models, the question whose a key is) is held to the host alone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The features that a key can be kept for.
pub const FEATURES: [&str; 2] = ["completion", "action"];

/// What a key may be used for; empty lists allow everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Folders, by their whole paths; what lies in one belongs to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<PathBuf>,
    /// Environments, such as `dev` and `prod`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// Features, of [`FEATURES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
}

/// What a key is wanted for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Use<'a> {
    /// The feature; none for a question that costs nothing.
    pub feature: Option<&'static str>,
    /// The workspace folder of the document.
    pub workspace: Option<&'a str>,
}

impl Use<'_> {
    /// A question that costs nothing and carries no code.
    pub const QUESTION: Self = Self {
        feature: None,
        workspace: None,
    };
}

impl Scope {
    /// Returns whether it allows everything.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Says what the key is kept for and what it was wanted for, if that is not the same.
    pub fn refusal(&self, wanted: Use<'_>, environment: &str) -> Option<String> {
        let feature = wanted.feature?;
        if !self.environments.is_empty() && !self.environments.iter().any(|it| it == environment) {
            return Some(format!(
                "the environment {} and this is {environment}",
                self.environments.join(", ")
            ));
        }
        if !self.features.is_empty() && !self.features.iter().any(|it| it == feature) {
            return Some(format!(
                "the feature {} and this is {feature}",
                self.features.join(", ")
            ));
        }
        if self.workspaces.is_empty() || self.has(wanted.workspace) {
            return None;
        }
        let place = wanted.workspace.map_or_else(
            || "in none".to_owned(),
            |workspace| format!("in {workspace}"),
        );
        Some(format!(
            "the workspace {} and this is {place}",
            self.folders().join(", ")
        ))
    }

    /// Returns it in words, such as `workspace /w, environment prod`; nothing if it allows everything.
    pub fn words(&self) -> String {
        let words = [
            ("workspace", self.folders()),
            ("environment", self.environments.clone()),
            ("feature", self.features.clone()),
        ];
        let words = words.iter().filter(|(_, values)| !values.is_empty());
        words
            .map(|(name, values)| format!("{name} {}", values.join(" or ")))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn folders(&self) -> Vec<String> {
        let folders = self.workspaces.iter();
        folders.map(|path| path.display().to_string()).collect()
    }

    fn has(&self, workspace: Option<&str>) -> bool {
        let Some(workspace) = workspace.map(Path::new) else {
            return false;
        };
        let is_within = |path: &Path| self.workspaces.iter().any(|own| path.starts_with(own));
        // An editor may name the folder by way of a link. `..` would be taken at its word, so it is resolved first.
        let is_plain = workspace.is_absolute() && !workspace.iter().any(|part| part == "..");
        match workspace.canonicalize() {
            Ok(whole) => is_within(&whole),
            Err(_) => is_plain && is_within(workspace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(feature: &'static str, workspace: Option<&'static str>) -> Use<'static> {
        Use {
            feature: Some(feature),
            workspace,
        }
    }

    #[test]
    fn a_key_without_a_scope_is_used_for_everything_and_a_free_question_is_held_to_none() {
        let scope = Scope::default();
        assert_eq!(scope.refusal(wanted("completion", None), "dev"), None);
        let narrow = Scope {
            workspaces: vec!["/w".into()],
            environments: vec!["prod".into()],
            features: vec!["action".into()],
        };
        assert_eq!(narrow.refusal(Use::QUESTION, "dev"), None);
    }

    #[test]
    fn each_part_of_a_scope_holds_by_itself_and_is_told() {
        let of = |scope: Scope, wanted| scope.refusal(wanted, "dev");
        let feature = Scope {
            features: vec!["action".into()],
            ..Scope::default()
        };
        assert_eq!(of(feature.clone(), wanted("action", None)), None);
        let told = of(feature, wanted("completion", None)).expect("refused");
        assert_eq!(told, "the feature action and this is completion");

        let prod = Scope {
            environments: vec!["prod".into()],
            ..Scope::default()
        };
        assert_eq!(prod.refusal(wanted("action", None), "prod"), None);
        let told = of(prod, wanted("action", None)).expect("refused");
        assert_eq!(told, "the environment prod and this is dev");

        let workspace = Scope {
            workspaces: vec!["/nowhere/job".into()],
            ..Scope::default()
        };
        for (folder, is_allowed) in [
            (Some("/nowhere/job"), true),
            (Some("/nowhere/job/shop"), true),
            (Some("/nowhere/jobless"), false),
            (Some("/nowhere/job/../play"), false),
            (Some("work"), false),
            (None, false),
        ] {
            let refused = of(workspace.clone(), wanted("completion", folder));
            assert_eq!(refused.is_none(), is_allowed, "{folder:?}: {refused:?}");
        }
        assert_eq!(workspace.words(), "workspace /nowhere/job");
    }

    #[cfg(unix)]
    #[test]
    fn a_workspace_is_known_by_way_of_a_link_and_a_link_into_it_is_not_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().canonicalize().expect("a path").join("work");
        let outside = folder.path().canonicalize().expect("a path").join("play");
        std::fs::create_dir_all(&real).expect("made");
        std::fs::create_dir_all(&outside).expect("made");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("a link");
        let out = real.join("out");
        std::os::unix::fs::symlink(&outside, &out).expect("a link");
        let scope = Scope {
            workspaces: vec![real],
            ..Scope::default()
        };
        assert!(scope.has(link.to_str()));
        assert!(!scope.has(out.to_str()));
    }
}
