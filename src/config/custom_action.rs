//! `[[actions.custom]]`: the user's own code actions.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::routing::parse_route;
use super::settings::{ModelName, Settings};
use crate::cost::Money;

/// A code action of one's own. It is taken from your own file and from the editor's settings, never from a workspace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CustomActionOptions {
    /// Its name, for commands, the ledger and reports: lower-case letters, digits and `-`.
    pub name: String,
    /// What the menu says before the name of what it is about: `"Make async:"`.
    pub title: String,
    /// What the model is told to do. The region, what stands round it and the diagnostics are shown to it anyway. Variables: `{language}`,
    /// `{file}` (the file's name), `{path}` (its path in the workspace), `{name}` (what the action is about), `{instruction}` (what you said); `{{` is a brace.
    pub prompt: String,
    /// What comes back. Default `edit`.
    pub output: CustomOutput,
    /// With the output `new-file`: its path in the workspace. Variables: `{dir}`, `{stem}` and `{ext}` of the document, as in `"{dir}/{stem}.md"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The languages that it is for, by their ids such as `rust`. Default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// What the cursor has to be in. Default: anything, or a selection.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<CustomNode>,
    /// The files that it is for, by a pattern as in `.gitignore`: `"src/**/*.rs"`. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glob: Option<String>,
    /// Only at a diagnostic whose message holds this text; `""` is any diagnostic. Default: with or without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<String>,
    /// What you are asked before it runs; the answer is `{instruction}`. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// Its model: `provider/model`. Default: `actions.model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// An amount such as `"0.05 USD"`: if it is estimated to cost more, it does not run. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<String>,
}

/// What comes back from an action of one's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CustomOutput {
    /// The new text of the region.
    #[default]
    Edit,
    /// Text that is put in below the region.
    Insert,
    /// A new file.
    NewFile,
    /// A document to read.
    Document,
}

/// What a cursor may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CustomNode {
    /// A function or a method.
    Function,
    /// A type.
    Type,
    /// A module.
    Module,
}

/// A code action of one's own, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomAction {
    /// What was written.
    pub options: CustomActionOptions,
    /// Its model, if it has one of its own.
    pub model: Option<ModelName>,
    /// What it may cost at most.
    pub ceiling: Option<Money>,
    glob: Option<Glob>,
}

/// A pattern of paths; two are the same if they are written the same.
#[derive(Debug, Clone)]
struct Glob {
    pattern: String,
    matcher: Gitignore,
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl CustomAction {
    /// Returns whether it is for a file of this path in its workspace.
    pub fn is_for(&self, path: &str) -> bool {
        let fits = |glob: &Glob| glob.matcher.matched(Path::new(path), false).is_ignore();
        self.glob.as_ref().is_none_or(fits)
    }
}

/// The variables of a prompt.
const PROMPT: [&str; 5] = ["language", "file", "path", "name", "instruction"];

/// The variables of a new file's path.
const FILE: [&str; 3] = ["dir", "stem", "ext"];

/// Fills a template; `{{` and `}}` are braces. What is no variable stays as it is.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        filled += &rest[..at];
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(more) = rest.strip_prefix(brace) {
            filled += brace;
            rest = more;
            continue;
        }
        let known = rest
            .find('}')
            .filter(|_| brace == "{")
            .and_then(|end| Some((value(&rest[..end])?, end)));
        match known {
            Some((value, end)) => {
                filled += &value;
                rest = &rest[end + 1..];
            }
            None => filled += brace,
        }
    }
    filled + rest
}

/// Returns a variable of a template that is none of these.
fn unknown(template: &str, known: &[&str]) -> Option<String> {
    let odd = std::cell::RefCell::new(None);
    fill(template, |name| {
        let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_word && !name.is_empty() && !known.contains(&name) {
            odd.borrow_mut().get_or_insert(name.to_owned());
        }
        None
    });
    odd.into_inner()
}

/// Checks an action; a mistake is its key and what is wrong.
pub(super) fn resolve(
    options: &CustomActionOptions,
    settings: &Settings,
) -> Result<CustomAction, (&'static str, String)> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if options.name.is_empty() || options.name.len() > 40 || !options.name.chars().all(is_name) {
        return Err((
            "name",
            "a name is made of lower-case letters, digits and \"-\", 40 at most".into(),
        ));
    }
    if options.title.trim().is_empty() {
        return Err(("title", "it needs a title for the menu".into()));
    }
    if options.prompt.trim().is_empty() {
        return Err((
            "prompt",
            "it needs a prompt: what the model is told to do".into(),
        ));
    }
    let check = |template: &str, known: &[&str]| match unknown(template, known) {
        Some(name) => Err(format!(
            "there is no variable {{{name}}}; there are {}; a brace is written {{{{",
            known.join(", ")
        )),
        None => Ok(()),
    };
    check(&options.prompt, &PROMPT).map_err(|m| ("prompt", m))?;
    if options.prompt.contains("{instruction}") && options.ask.is_none() {
        return Err((
            "ask",
            "{instruction} is what the user says, so it needs a question: ask = \"...\"".into(),
        ));
    }
    match (&options.file, options.output) {
        (Some(file), CustomOutput::NewFile) => check(file, &FILE).map_err(|m| ("file", m))?,
        (None, CustomOutput::NewFile) => {
            return Err((
                "file",
                "a new file needs a path, such as \"{dir}/{stem}.md\"".into(),
            ));
        }
        (Some(_), _) => {
            return Err(("file", "a path is for the output \"new-file\" alone".into()));
        }
        (None, _) => {}
    }
    let model = options
        .model
        .as_ref()
        .map(|model| parse_route(model, &settings.providers, &settings.routes));
    let ceiling = options.ceiling.as_deref().map(super::actions::money);
    let glob = options.glob.as_deref().map(glob);
    Ok(CustomAction {
        options: options.clone(),
        model: model.transpose().map_err(|m| ("model", m))?,
        ceiling: ceiling.transpose().map_err(|m| ("ceiling", m))?,
        glob: glob.transpose().map_err(|m| ("glob", m))?,
    })
}

fn glob(pattern: &str) -> Result<Glob, String> {
    let mut builder = GitignoreBuilder::new("");
    let added = builder.add_line(None, pattern).map(|_| ());
    let matcher = added.and_then(|()| builder.build());
    let matcher = matcher.map_err(|error| format!("this is no pattern of paths: {error}"))?;
    Ok(Glob {
        pattern: pattern.to_owned(),
        matcher,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(change: impl FnOnce(&mut CustomActionOptions)) -> Result<CustomAction, &'static str> {
        let mut options = CustomActionOptions {
            name: "to-async".into(),
            title: "Make async:".into(),
            prompt: "Make {name} async.".into(),
            ..CustomActionOptions::default()
        };
        change(&mut options);
        resolve(&options, &Settings::default()).map_err(|(key, _)| key)
    }

    #[test]
    fn a_template_is_filled_and_what_is_no_variable_stays() {
        let value = |name: &str| (name == "name").then(|| "{f}".to_owned());
        for (template, expected) in [
            ("a {name} b", "a {f} b"),
            ("{{name}} }} {", "{name} } {"),
            ("fn f() { x } {other}", "fn f() { x } {other}"),
            ("", ""),
        ] {
            assert_eq!(fill(template, value), expected);
        }
    }

    #[test]
    fn mistakes_name_their_key() {
        assert!(action(|_| ()).is_ok());
        assert!(action(|it| it.prompt = "if x { y } {{z}}".into()).is_ok());
        assert_eq!(action(|it| it.name = "To Async".into()), Err("name"));
        assert_eq!(action(|it| it.title = " ".into()), Err("title"));
        assert_eq!(action(|it| it.prompt = "{nmae}".into()), Err("prompt"));
        assert_eq!(action(|it| it.prompt = "{instruction}".into()), Err("ask"));
        assert_eq!(action(|it| it.output = CustomOutput::NewFile), Err("file"));
        assert_eq!(action(|it| it.file = Some("a".into())), Err("file"));
        assert_eq!(
            action(|it| it.model = Some("nobody/m".into())),
            Err("model")
        );
        assert_eq!(
            action(|it| it.ceiling = Some("lots".into())),
            Err("ceiling")
        );
        assert_eq!(action(|it| it.glob = Some("[z-a]".into())), Err("glob"));
    }

    #[test]
    fn a_pattern_says_which_files_it_is_for() {
        let action = action(|it| it.glob = Some("/src/**/*.rs".into())).expect("an action");
        assert!(
            action.is_for("src/a/b.rs")
                && !action.is_for("tests/b.rs")
                && !action.is_for("src/a.py")
        );
    }
}
