//! Which lines have changed since the last commit, by numbers alone: what stands in them is for others to judge and to read.
//!
//! Entry point: [`changed_lines`]. It is asked behind the editor's back while somebody types, so it is short: of many changed files those that were
//! written last count, and a repository that takes longer than [`LIMIT`] is left alone.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::git::{Failure, Git};

/// How long git may take in all.
const LIMIT: Duration = Duration::from_secs(2);

/// How many files are looked at.
const FILES: usize = 16;

/// Of how many changed files it is asked when they were written, the first by their names.
const NAMES: usize = 4_000;

/// How many places of a file are told.
const HUNKS: usize = 32;

/// The lines of a file that have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedLines {
    /// The file.
    pub path: PathBuf,
    /// Where it has changed, counted from 0, as it lies on the disk.
    pub lines: Vec<RangeInclusive<u32>>,
}

/// Returns which lines have changed since the last commit in the repository that a folder belongs to, of those files of interest that were written last, the
/// latest first. Files that git does not know yet are none of them.
pub async fn changed_lines(
    folder: &Path,
    is_of_interest: impl Fn(&Path) -> bool + Send + 'static,
) -> Result<Vec<ChangedLines>, Failure> {
    let whole = async {
        let git = Git::of(folder).await?;
        let names = git.changed(Some("HEAD")).await?;
        let top = git.top.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let wanted = names.into_iter();
            let wanted = wanted.filter(|name| is_of_interest(Path::new(name)));
            latest(&top, wanted.take(NAMES).collect())
        });
        let names = looking.await.unwrap_or_default();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // A repository may say that there is more round a change.
        let bare = ["--unified=0", "--inter-hunk-context=0"];
        let (diff, _) = git.diff("HEAD", &bare, &names).await?;
        let mut changed: Vec<_> = hunks(&diff).collect();
        changed.sort_by_key(|(name, _)| names.iter().position(|one| one == name));
        let changed = changed.into_iter().map(|(name, lines)| ChangedLines {
            path: below(&git.top, name),
            lines,
        });
        Ok(changed.collect())
    };
    tokio::time::timeout(LIMIT, whole)
        .await
        .unwrap_or(Err(Failure::TooSlow(LIMIT)))
}

/// Returns the path of a file that git names, with what parts paths on this system: the index knows it by that.
fn below(top: &Path, name: &str) -> PathBuf {
    let mut path = top.to_owned();
    path.extend(name.split('/'));
    path
}

/// Returns the names of those that were written last, the latest first.
fn latest(top: &Path, names: Vec<String>) -> Vec<String> {
    let written = |name: &String| -> Option<SystemTime> {
        let known = std::fs::symlink_metadata(top.join(name)).ok()?;
        known.is_file().then(|| known.modified().ok()).flatten()
    };
    let mut dated: Vec<(SystemTime, String)> = names
        .into_iter()
        .filter_map(|name| Some((written(&name)?, name)))
        .collect();
    dated.sort_unstable_by(|a, b| b.cmp(a));
    dated.truncate(FILES);
    dated.into_iter().map(|(_, name)| name).collect()
}

/// Reads of a diff without context which lines of which files it is about. Names that git had to put in quotes are left out.
fn hunks(diff: &str) -> impl Iterator<Item = (&str, Vec<RangeInclusive<u32>>)> {
    let mut files: Vec<(&str, Vec<RangeInclusive<u32>>)> = Vec::new();
    let mut is_named = false;
    // What a hunk holds may look like anything, so its lines are counted.
    let mut within = 0_u32;
    for line in diff.lines() {
        if line.starts_with("diff --git ") {
            (within, is_named) = (0, false);
        } else if within > 0 && line.starts_with(['+', '-', ' ']) {
            // What is round a change is on both sides.
            within = within.saturating_sub(1 + u32::from(line.starts_with(' ')));
        } else if let Some(name) = line.strip_prefix("+++ ") {
            // Git ends a name that holds a blank with a tab.
            let name = name
                .strip_prefix("b/")
                .map(|name| name.trim_end_matches('\t'));
            is_named = name.is_some();
            files.extend(name.map(|name| (name, Vec::new())));
        } else if let Some((old, new)) = sides(line) {
            within = old.1.saturating_add(new.1);
            let (first, count) = new;
            if let Some((_, lines)) = files
                .last_mut()
                .filter(|(_, lines)| is_named && count > 0 && lines.len() < HUNKS)
            {
                let first = first.saturating_sub(1);
                lines.push(first..=first.saturating_add(count - 1));
            }
        }
    }
    files.into_iter().filter(|(_, lines)| !lines.is_empty())
}

/// Reads a hunk's head, `@@ -3,0 +4,2 @@ …`: where it begins and how many lines it has, on either side.
fn sides(line: &str) -> Option<((u32, u32), (u32, u32))> {
    let mut words = line.strip_prefix("@@ ")?.split(' ');
    let mut side = |sign: char| {
        let word = words.next()?.strip_prefix(sign)?;
        let (first, count) = word.split_once(',').unwrap_or((word, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    Some((side('-')?, side('+')?))
}

#[cfg(test)]
mod tests {
    use super::hunks;

    #[test]
    fn lines_are_read_by_numbers_whatever_stands_in_them() {
        let diff = "\
diff --git a/a.rs b/a.rs
--- a/a.rs
+++ b/a.rs
@@ -1 +1,2 @@ fn a() {
-one
++++ b/evil.rs
+@@ -1 +1,9 @@
@@ -7,2 +8,0 @@
-gone
--- a/evil.rs
@@ -12,0 +12 @@
+new
\\ No newline at end of file
diff --git \"a/b\\t.rs\" \"b/b\\t.rs\"
--- \"a/b\\t.rs\"
+++ \"b/b\\t.rs\"
@@ -1 +1 @@
-x
+y
diff --git a/round.rs b/round.rs
--- a/round.rs
+++ b/round.rs
@@ -3,3 +3,3 @@
-x
+y
 both
-x
+y
diff --git a/c d.rs b/c d.rs
--- a/c d.rs\t
+++ b/c d.rs\t
@@ -4294967295 +4294967295,4294967295 @@
";
        let found: Vec<_> = hunks(diff).collect();
        assert_eq!(
            found,
            [
                ("a.rs", vec![0..=1, 11..=11]),
                ("round.rs", vec![2..=4]),
                ("c d.rs", vec![4_294_967_294..=u32::MAX])
            ]
        );
    }
}
