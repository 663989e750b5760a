//! Neovim: the plugin, which this program carries in itself, as a package; and one line that starts it.
//!
//! The package lies where Neovim looks by itself, so that nothing has to be cloned and the plugin always fits the program. The line has a file
//! of its own in the user's `plugin/` folder: `init.lua` is a program, and nobody's to change but its owner's. Whoever starts the plugin in `init.lua`
//! already keeps it so, and whoever has lazy.nvim, which lets no packages in, is told the spec.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

use super::change::Original;
use super::plan::Plan;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../editors/neovim/", $path)))),*]
    };
}

/// The plugin's files by their path below `editors/neovim`.
const FILES: &[(&str, &str)] = &files! {
    "lua/byok/actions.lua", "lua/byok/client.lua", "lua/byok/commands.lua", "lua/byok/config.lua", "lua/byok/fixes.lua",
    "lua/byok/ghost.lua", "lua/byok/health.lua", "lua/byok/init.lua", "lua/byok/keys.lua", "lua/byok/preview.lua",
    "lua/byok/status.lua", "lua/byok/terminal.lua", "lua/byok/window.lua", "lua/lualine/components/byok.lua", "plugin/byok.lua",
    "doc/byok.txt",
};

const HELP: &str = "doc/byok.txt";

const STEPS: &str = "\
In Neovim 0.12 or newer: open a file, type, pause; <Tab> takes what stands there in grey, <M-w> its next word.
:Byok says what answers, :Byok model chooses, :Byok key stores a key, :checkhealth byok says what is missing, :help byok the rest.";

/// Returns what Neovim needs.
pub fn plan(command: &str) -> anyhow::Result<Plan> {
    let base = etcetera::choose_base_strategy()
        .ok()
        .context("this system tells no home folder")?;
    let data = base.data_dir().join("nvim");
    plan_in(command, &base.config_dir().join("nvim"), &data)
}

fn plan_in(command: &str, config: &Path, data: &Path) -> anyhow::Result<Plan> {
    let package: PathBuf = ["site", "pack", "byok", "start", "byok"].iter().collect();
    let package = data.join(package);
    let mut changes = Vec::new();
    for (path, text) in FILES {
        let original = Original::read(&package.join(path))?;
        changes.push(original.into_ours((*text).into()));
    }
    let tags = Original::read(&package.join("doc/tags"))?;
    changes.push(tags.into_ours(tags_of(help())));
    let call = call(command);
    if data.join("lazy").join("lazy.nvim").exists() {
        let dir = package.display();
        let steps = format!(
            "lazy.nvim lets no other packages in; add to its specs:\n{{ dir = \"{dir}\", name = \"byok\", event = \"VeryLazy\", config = function() {call} end }}\n\n{STEPS}"
        );
        return Ok(Plan { changes, steps });
    }
    let is_started = ["init.lua", "init.vim"].iter().any(|name| {
        let text = std::fs::read_to_string(config.join(name)).unwrap_or_default();
        text.contains("require('byok')") || text.contains("require(\"byok\")")
    });
    let start = Original::read(&config.join("plugin").join("byok.lua"))?;
    if !is_started && !start.exists() {
        let line = format!(
            "-- Written by \"byok-lsp setup neovim\". Options: :help byok-options\n{call}\n"
        );
        changes.push(start.to(line));
    }
    Ok(Plan {
        changes,
        steps: STEPS.into(),
    })
}

fn call(command: &str) -> String {
    if command == super::PROGRAM {
        return "require('byok').setup()".into();
    }
    let command = serde_json::to_string(command).expect("a text is JSON");
    format!("require('byok').setup({{ cmd = {{ {command}, 'serve' }} }})")
}

fn help() -> &'static str {
    let help = FILES.iter().find(|(path, _)| *path == HELP);
    help.expect("the help is one of the files").1
}

/// Makes the index of the help file's `*tags*`, as `:helptags` does.
fn tags_of(help: &str) -> String {
    let is_tag = |word: &&str| word.len() > 2 && word.starts_with('*') && word.ends_with('*');
    let mut tags: Vec<&str> = help
        .lines()
        .flat_map(str::split_whitespace)
        .filter(is_tag)
        .map(|word| &word[1..word.len() - 1])
        .collect();
    tags.sort_unstable();
    let line = |tag: &&str| format!("{tag}\tbyok.txt\t/*{tag}*\n");
    tags.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(config: &Path, data: &Path) -> Plan {
        plan_in("byok-lsp", config, data).expect("a plan")
    }

    fn names(plan: &Plan) -> Vec<String> {
        let name = |change: &super::super::change::Change| {
            let path = change.path().display().to_string();
            path.replace('\\', "/")
        };
        plan.changes.iter().map(name).collect()
    }

    #[test]
    fn every_file_of_the_plugin_is_carried() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/neovim");
        for folder in ["lua/byok", "lua/lualine/components", "plugin"] {
            for file in std::fs::read_dir(root.join(folder)).expect("a folder") {
                let name = file.expect("a file").file_name();
                let path = format!("{folder}/{}", name.to_string_lossy());
                assert!(FILES.iter().any(|(carried, _)| *carried == path), "{path}");
            }
        }
    }

    #[test]
    fn the_package_and_one_line_that_starts_it_are_written_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (config, data) = (folder.path().join("config"), folder.path().join("data"));
        let plan = planned(&config, &data);
        for change in &plan.changes {
            assert_eq!(change.make().expect("made"), None);
        }
        assert!(config.join("plugin/byok.lua").exists());
        let again = planned(&config, &data);
        assert!(again.is_done());
        let tags = data.join("site/pack/byok/start/byok/doc/tags");
        let tags = std::fs::read_to_string(tags).expect("tags");
        assert!(
            tags.contains("\nbyok-setup\tbyok.txt\t/*byok-setup*\n"),
            "{tags}"
        );
    }

    #[test]
    fn whoever_starts_it_or_has_lazy_is_left_to_do_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let (config, data) = (folder.path().join("config"), folder.path().join("data"));
        std::fs::create_dir_all(&config).expect("made");
        std::fs::write(config.join("init.lua"), "require('byok').setup({})\n").expect("written");
        let is_start = |name: &String| name.contains("config/plugin");
        assert!(!names(&planned(&config, &data)).iter().any(is_start));
        std::fs::remove_file(config.join("init.lua")).expect("removed");
        assert!(names(&planned(&config, &data)).iter().any(is_start));
        std::fs::create_dir_all(data.join("lazy/lazy.nvim")).expect("made");
        let plan = planned(&config, &data);
        assert!(!names(&plan).iter().any(is_start) && plan.steps.contains("lazy.nvim"));
    }

    #[test]
    fn a_program_that_is_not_on_the_path_is_named() {
        assert_eq!(
            call("C:\\byok\\byok-lsp.exe"),
            "require('byok').setup({ cmd = { \"C:\\\\byok\\\\byok-lsp.exe\", 'serve' } })"
        );
    }
}
