//! Which files an action shows a model, and how much of each, for the audit log.

use super::other::{self, Material};
use super::prompt::Question;
use crate::audit::Shown;
use crate::gateway;

/// Returns them, the document first.
pub fn shown(question: &Question<'_>) -> Vec<Shown> {
    let document = || {
        let snapshot = question.snapshot;
        let path = other::relative(snapshot).unwrap_or_else(|| snapshot.file_name().to_owned());
        (path, super::prompt::of_document(question).len())
    };
    let whole = |file: &other::OtherFile| {
        let bytes = file.text.as_ref().map_or(0, |it| it.text.len_bytes());
        (file.path.clone(), bytes)
    };
    let files: Vec<(String, usize)> = match question.material {
        Material::Changes(changes) => of_diff(&changes.diff),
        Material::None => vec![document()],
        Material::File(file) => vec![document(), whole(file)],
        Material::Files(files) => std::iter::once(document())
            .chain(files.iter().map(whole))
            .collect(),
    };
    gateway::shown(files.iter().map(|(path, bytes)| (path.as_str(), *bytes)))
}

/// Returns the files of a diff, as git writes one, each with the length of its part.
fn of_diff(diff: &str) -> Vec<(String, usize)> {
    let mut files: Vec<(String, usize)> = Vec::new();
    for line in diff.split_inclusive('\n') {
        if let Some(names) = line.strip_prefix("diff --git ") {
            let name = names
                .trim_end()
                .rsplit_once(" b/")
                .map_or(names, |(_, name)| name);
            files.push((name.trim_matches('"').to_owned(), 0));
        }
        if let Some((_, bytes)) = files.last_mut() {
            *bytes += line.len();
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diffs_files_are_told_apart_with_the_length_of_each_ones_part() {
        let one = "diff --git a/src/a.rs b/src/a.rs\n--- a/src/a.rs\n+++ b/src/a.rs\n+x\n";
        let other = "diff --git a/b c.txt b/b c.txt\n+y\n";
        assert_eq!(
            of_diff(&format!("{one}{other}")),
            [
                ("src/a.rs".to_owned(), one.len()),
                ("b c.txt".to_owned(), other.len())
            ]
        );
        assert_eq!(of_diff(""), []);
    }
}
