//! `[[projects]]`: a project's own models, chosen by the user.
//!
//! A project is a folder; of several that a workspace's folder lies in, the innermost counts. It stands in the user's own file alone: a repository and an
//! editor's settings, which may come from one, choose nobody who reads along or pays. What is switched at run time holds for every project, until the server
//! ends: whoever switches means now.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::routing::parse_route;
use super::settings::{ModelName, Settings};

/// More are a mistake rather than a choice.
const MOST: usize = 256;

/// A project's own models.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectOptions {
    /// The whole path of a folder: it counts for a workspace's folder that is this one, or lies in it.
    pub folder: String,
    /// The model of ghost text there, in place of `completion.model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<String>,
    /// The model of code actions there, in place of `actions.model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<String>,
}

/// The same, as code reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    folder: PathBuf,
    completion: Option<ModelName>,
    actions: Option<ModelName>,
}

impl Project {
    /// Returns the models that it names.
    pub fn models(&self) -> impl Iterator<Item = &ModelName> {
        self.completion.iter().chain(&self.actions)
    }
}

/// Checks the options; a mistake is its key and what is wrong.
pub(super) fn resolve(
    options: &[ProjectOptions],
    settings: &Settings,
) -> Result<Vec<Project>, (String, String)> {
    if options.len() > MOST {
        return Err(("projects".into(), format!("{MOST} are the most")));
    }
    let project = |(at, written): (usize, &ProjectOptions)| {
        let mistake = |key: &str, message: String| (format!("projects.{at}.{key}"), message);
        let folder = PathBuf::from(&written.folder);
        if !folder.is_absolute() {
            let message = format!("{:?} is no whole path of a folder", written.folder);
            return Err(mistake("folder", message));
        }
        let model = |key: &str, name: &Option<String>| {
            let name = name.as_deref();
            let model = name.map(|name| parse_route(name, &settings.providers, &settings.routes));
            model.transpose().map_err(|message| mistake(key, message))
        };
        Ok(Project {
            folder,
            completion: model("completion", &written.completion)?,
            actions: model("actions", &written.actions)?,
        })
    };
    options.iter().enumerate().map(project).collect()
}

impl Settings {
    /// Returns the settings for a workspace's folder: with the models of the project that it lies in.
    #[must_use]
    pub fn in_project(&self, folder: &Path) -> Self {
        let projects = self.projects.iter();
        let around = projects.filter(|project| folder.starts_with(&project.folder));
        let mut settings = self.clone();
        if let Some(project) = around.max_by_key(|it| it.folder.components().count()) {
            if let Some(model) = &project.completion {
                settings.model = model.clone();
            }
            if let Some(model) = &project.actions {
                settings.action_model = Some(model.clone());
            }
        }
        settings
    }

    /// Has what was switched at run time hold in every project.
    pub(super) fn switched(&mut self, completion: bool, actions: bool) {
        for project in &mut self.projects {
            if completion {
                project.completion = None;
            }
            if actions {
                project.actions = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Layer, Layers};
    use super::*;

    const FILE: &str = "[completion]\nmodel = \"openai/usual\"\n\
        [[projects]]\nfolder = \"/w\"\ncompletion = \"mistral/a\"\n\
        [[projects]]\nfolder = \"/w/deep\"\ncompletion = \"local\"\nactions = \"anthropic/b\"\n";

    fn layers(file: &str) -> Layers {
        let mut layers = Layers::default();
        layers
            .set_toml(Layer::UserFile, "config.toml", file)
            .unwrap();
        layers
    }

    fn models(layers: &Layers, folder: &str) -> (String, String) {
        let settings = layers.settings().in_project(Path::new(folder));
        let actions = settings.model_of_actions().to_string();
        (settings.model.to_string(), actions)
    }

    fn both(completion: &str, actions: &str) -> (String, String) {
        (completion.into(), actions.into())
    }

    #[cfg(unix)]
    #[test]
    fn the_innermost_project_that_a_folder_lies_in_has_its_own_models() {
        let layers = layers(FILE);
        for (folder, expected) in [
            ("/elsewhere", both("openai/usual", "openai/usual")),
            ("/work", both("openai/usual", "openai/usual")),
            ("/w", both("mistral/a", "mistral/a")),
            ("/w/other", both("mistral/a", "mistral/a")),
            ("/w/deep", both("local", "anthropic/b")),
            ("/w/deep/er", both("local", "anthropic/b")),
        ] {
            assert_eq!(models(&layers, folder), expected, "{folder}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_switched_at_run_time_holds_in_every_project() {
        let mut layers = layers(FILE);
        layers.set_model("groq/now").unwrap();
        assert_eq!(models(&layers, "/w/deep"), both("groq/now", "anthropic/b"));
        layers.set_action_model("xai/now").unwrap();
        assert_eq!(models(&layers, "/w/deep"), both("groq/now", "xai/now"));
    }

    #[cfg(unix)]
    #[test]
    fn a_mistake_in_a_project_is_named() {
        let problem = |project: &str| {
            let mut layers = Layers::default();
            let file = format!("[[projects]]\n{project}\n");
            let mistake = layers.set_toml(Layer::UserFile, "config.toml", &file);
            mistake.unwrap_err().to_string()
        };
        for (project, part) in [
            (
                "folder = \"w\"",
                "projects.0.folder: \"w\" is no whole path",
            ),
            (
                "folder = \"/w\"\ncompletion = \"nobody/m\"",
                "projects.0.completion: no provider is called \"nobody\"",
            ),
        ] {
            let problem = problem(project);
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn an_editors_settings_choose_no_model_for_a_project() {
        let mut layers = Layers::default();
        let settings =
            serde_json::json!({"projects": [{"folder": "/w", "completion": "openai/m"}]});
        let problem = layers.set_json(Layer::Editor, "the editor", settings);
        assert!(problem.unwrap_err().to_string().contains("projects"));
    }
}
