//! The editors that `setup` knows, and how each is found on this machine.

use std::path::{Path, PathBuf};

/// An editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Editor {
    /// Visual Studio Code and those built from it.
    Vscode,
    /// Neovim 0.12 or newer.
    Neovim,
    /// Helix 25.07 or newer.
    Helix,
    /// Zed.
    Zed,
    /// Emacs with eglot or lsp-mode.
    Emacs,
    /// Sublime Text with the LSP package.
    Sublime,
    /// Kate.
    Kate,
    /// IDEA and its like, with the LSP4IJ plugin.
    Jetbrains,
}

impl Editor {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Vscode,
        Self::Neovim,
        Self::Helix,
        Self::Zed,
        Self::Emacs,
        Self::Sublime,
        Self::Kate,
        Self::Jetbrains,
    ];

    /// Returns what the command line calls it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Vscode => "vscode",
            Self::Neovim => "neovim",
            Self::Helix => "helix",
            Self::Zed => "zed",
            Self::Emacs => "emacs",
            Self::Sublime => "sublime",
            Self::Kate => "kate",
            Self::Jetbrains => "jetbrains",
        }
    }

    /// Returns what people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vscode => "VS Code",
            Self::Neovim => "Neovim",
            Self::Helix => "Helix",
            Self::Zed => "Zed",
            Self::Emacs => "Emacs",
            Self::Sublime => "Sublime Text",
            Self::Kate => "Kate",
            Self::Jetbrains => "JetBrains",
        }
    }

    /// Returns the names of its program, the usual one first.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Vscode => &["code", "codium", "code-insiders", "code-server", "cursor"],
            Self::Neovim => &["nvim"],
            Self::Helix => &["hx", "helix"],
            Self::Zed => &["zed", "zeditor"],
            Self::Emacs => &["emacs"],
            Self::Sublime => &["subl", "sublime_text"],
            Self::Kate => &["kate"],
            Self::Jetbrains => &[
                "idea",
                "pycharm",
                "webstorm",
                "clion",
                "goland",
                "rustrover",
                "phpstorm",
                "rubymine",
            ],
        }
    }

    /// Finds its program on the path.
    pub fn program(self) -> Option<PathBuf> {
        self.programs().iter().find_map(|program| find(program))
    }
}

/// Finds a program on the path, as a shell would.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| {
            folder
                .join(program)
                .with_extension(std::env::consts::EXE_EXTENSION)
        })
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let is_executable = |file: std::fs::Metadata| file.permissions().mode() & 0o111 != 0;
    file.is_file() && file.metadata().is_ok_and(is_executable)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}
