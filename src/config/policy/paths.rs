//! Which files a rule is about.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::options::PathOptions;

/// More rules, and more patterns in one, are a mistake rather than a policy.
const MOST: usize = 64;

/// A rule about files.
#[derive(Debug)]
pub(super) struct PathRule {
    files: Gitignore,
    pub providers: Vec<String>,
}

impl PathRule {
    /// Reads rules.
    pub(super) fn all(written: &[PathOptions]) -> Result<Vec<Self>, String> {
        if written.len() > MOST || written.iter().any(|one| one.files.len() > MOST) {
            return Err(format!("{MOST} rules of {MOST} patterns each are the most"));
        }
        written.iter().map(Self::new).collect()
    }

    fn new(written: &PathOptions) -> Result<Self, String> {
        if written.files.is_empty() {
            return Err("`match` names no file; \"*\" is all of them".into());
        }
        let mut builder = GitignoreBuilder::new("");
        for pattern in &written.files {
            if pattern.trim().is_empty() || pattern.starts_with('#') {
                return Err("a pattern is empty, or a comment".into());
            }
            builder
                .add_line(None, pattern)
                .map_err(|error| format!("a pattern cannot be read: {error}"))?;
        }
        let files = builder
            .build()
            .map_err(|error| format!("the patterns cannot be read: {error}"))?;
        Ok(Self {
            files,
            providers: written.providers.clone(),
        })
    }

    /// Returns whether the rule is about a file, named from the workspace's folder on.
    pub(super) fn fits(&self, path: &str) -> bool {
        let path = path.trim_start_matches(['/', '\\']);
        self.files
            .matched_path_or_any_parents(path, false)
            .is_ignore()
    }

    /// Returns whether a provider may be shown such files; the embedded engine always may.
    pub(super) fn allows(&self, provider: &str) -> bool {
        self.providers.iter().any(|name| name == provider)
    }
}
