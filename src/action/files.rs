//! Changes of files other than the document: where its tests belong, and those of a change over several.
//!
//! Entry points: [`tests`] and [`changes`]. Both look at the disk, whether a file may be created, so they belong on a thread of their own.

use super::edit;
use super::other::{FileChange, OtherFile, Spot, What};
use super::reply::{self, Fault};
use super::run::{Work, plain};
use super::target::of_range;
use super::verify::{self, Demand};
use crate::document::{self, Edit};
use crate::repository;
use crate::session::Snapshot;
use crate::syntax::SyntaxTree;

/// Makes of an answer the tests in their file.
pub fn tests(work: &Work, file: &OtherFile) -> Result<Vec<FileChange>, Fault> {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let what = match (file.spot(&work.snapshot), &file.text) {
        (Spot::Lines(lines), Some(snapshot)) => {
            let inner = Work {
                snapshot: snapshot.clone(),
                target: of_range(&snapshot.text, &lines).ok_or(Fault::Empty)?,
                output: super::catalogue::Output::Replace,
                answer: work.answer.clone(),
            };
            What::Edit(Box::new(snapshot.clone()), inner.edits()?)
        }
        (Spot::Append, Some(snapshot)) => {
            let new = reply::read(&work.answer, "", name)?;
            What::Edit(Box::new(snapshot.clone()), appended(snapshot, &new)?)
        }
        _ => {
            let new = reply::read(&work.answer, "", name)?;
            create(work, &file.path, &file.uri, &new)?
        }
    };
    Ok(vec![FileChange {
        path: file.path.clone(),
        uri: file.uri.clone(),
        what,
    }])
}

/// Puts a text at the end of a file, after a blank line.
fn appended(snapshot: &Snapshot, new: &str) -> Result<Vec<Edit>, Fault> {
    let new = new.trim_matches('\n');
    if new.trim().is_empty() {
        return Err(Fault::Empty);
    }
    let text = &snapshot.text;
    let line_break = document::line_break(text.chars());
    let end = text.len_bytes();
    let mut last = text.bytes_at(end).reversed();
    let ends_line = matches!(last.next(), None | Some(b'\n' | b'\r'));
    let before = match (end, ends_line) {
        (0, _) => "",
        (_, true) => "\n",
        (_, false) => "\n\n",
    };
    let edits = vec![Edit {
        bytes: end..end,
        text: format!("{before}{new}\n").replace('\n', line_break),
    }];
    verify::verify(snapshot.tree.as_ref(), text, &edits, Demand::Syntax)?;
    Ok(edits)
}

/// Makes a new file, if it may be and can be parsed.
fn create(work: &Work, path: &str, uri: &str, text: &str) -> Result<What, Fault> {
    let folder = work.snapshot.folder.as_ref().ok_or(Fault::NoFile)?;
    repository::creatable(folder, path)
        .map_err(|refusal| Fault::NotCreatable(refusal.to_string()))?;
    let text = text.trim_matches('\n');
    if text.trim().is_empty() {
        return Err(Fault::Empty);
    }
    let text = format!("{text}\n");
    let empty = work.snapshot.of_file(uri, "");
    let tree = empty.language.map(SyntaxTree::new);
    let whole = [Edit {
        bytes: 0..0,
        text: text.clone(),
    }];
    verify::verify(tree.as_ref(), &empty.text, &whole, Demand::Syntax)?;
    Ok(What::Create(text.replace('\n', work.line_break())))
}

/// Makes of an answer the changes of several files: those that were shown, and new ones.
pub fn changes(work: &Work, shown: &[OtherFile]) -> Result<Vec<FileChange>, Fault> {
    let folder = work.snapshot.folder.as_ref().ok_or(Fault::NoFile)?;
    let mut changes = Vec::new();
    for part in reply::files(&work.answer)? {
        let known = shown.iter().find(|file| file.path == part.path);
        let change = match (part.what, known) {
            (reply::What::Edit(blocks), Some(file)) => {
                let snapshot = file.text.as_ref().ok_or(Fault::NoFile)?;
                let edits = edits(snapshot, &blocks)?;
                FileChange {
                    path: file.path.clone(),
                    uri: file.uri.clone(),
                    what: What::Edit(Box::new(snapshot.clone()), edits),
                }
            }
            (reply::What::Edit(_), None) => {
                let path = part.path.chars().filter(|c| !c.is_control()).take(100);
                return Err(Fault::NotShown(path.collect()));
            }
            (reply::What::Create(text), _) => {
                let place = repository::creatable(folder, &part.path)
                    .map_err(|refusal| Fault::NotCreatable(refusal.to_string()))?;
                let uri = url::Url::from_file_path(place).map_err(|()| Fault::NoFile)?;
                FileChange {
                    what: create(work, &part.path, uri.as_str(), &text)?,
                    path: part.path,
                    uri: uri.into(),
                }
            }
        };
        changes.push(change);
    }
    Ok(changes)
}

fn edits(snapshot: &Snapshot, blocks: &[reply::Block]) -> Result<Vec<Edit>, Fault> {
    let old = snapshot.text.to_string();
    let new = reply::replaced(&plain(&old), blocks)?;
    let new = new.replace('\n', document::line_break(snapshot.text.chars()));
    let edits = edit::minimal(&old, &new, 0);
    verify::verify(
        snapshot.tree.as_ref(),
        &snapshot.text,
        &edits,
        Demand::Syntax,
    )?;
    Ok(edits)
}
