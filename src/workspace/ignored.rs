//! What git, and whoever goes by its files, leaves out: `.gitignore`, `.ignore`, `.git/info/exclude` and the user's own list.
//!
//! Entry point: [`is_ignored`], for files that no walk came to. Such a file is context of no other, though it may be completed where it is open.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Returns whether the ignore files from the repository's top down to the file leave it out, the nearest first. `relative` is the file's path below `root`, which
/// somebody opened, so that nothing leaves out all of it.
pub fn is_ignored(root: &Path, relative: &Path) -> bool {
    let place = root.join(relative);
    let top = root
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(root);
    let mut matchers: Vec<Gitignore> = Vec::new();
    for folder in place
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(top))
    {
        let mut builder = GitignoreBuilder::new(folder);
        for name in [".gitignore", ".ignore"] {
            // A file that is not there, or has a line that is none, is no reason to stop.
            let _ = builder.add(folder.join(name));
        }
        if folder == top {
            let _ = builder.add(folder.join(".git/info/exclude"));
        }
        matchers.extend(builder.build().ok());
    }
    matchers.push(Gitignore::global().0);
    let mut prefix = root.to_owned();
    let count = relative.components().count();
    relative.components().enumerate().any(|(index, part)| {
        prefix.push(part);
        let is_folder = index + 1 < count;
        let verdict = matchers
            .iter()
            .filter(|it| it.path().as_os_str().is_empty() || prefix.starts_with(it.path()))
            .map(|it| it.matched(&prefix, is_folder))
            .find(|verdict| !verdict.is_none());
        matches!(verdict, Some(Match::Ignore(_)))
    })
}
