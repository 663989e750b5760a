//! What an action is about besides the document: what git says, where the tests belong, which files are open beside it.

use std::path::Path;
use std::sync::Arc;

use super::super::backend::Shared;
use crate::action::{self, Action, Material, OtherFile, Output};
use crate::repository::{self, Refusal, Which};
use crate::session::{Company, Snapshot, path_of};
use crate::workspace::{self, Markers, Real};

/// Gathers what an action is about besides; a failure is a sentence for the user.
pub(super) async fn gather(
    shared: &Arc<Shared>,
    action: &Action,
    snapshot: &Snapshot,
) -> Result<Material, String> {
    match action.output {
        Output::Tests => tests(shared, snapshot).await.map(of_file),
        Output::NewFile => new_file(action, snapshot).await.map(of_file),
        Output::Files => Ok(Material::Files(action::open_files(
            &shared.session(),
            snapshot,
        ))),
        _ => changes(shared, action, snapshot).await,
    }
}

fn of_file(file: OtherFile) -> Material {
    Material::File(Box::new(file))
}

/// Asks git, for an action that is about what it knows.
async fn changes(
    shared: &Shared,
    action: &Action,
    snapshot: &Snapshot,
) -> Result<Material, String> {
    let which = match action.applies {
        action::Applies::Changes => Which::All,
        action::Applies::Staged => Which::Staged,
        _ => return Ok(Material::None),
    };
    let folder = snapshot.file.as_deref().and_then(Path::parent);
    let folder = folder
        .or(snapshot.folder.as_deref())
        .ok_or("this document is no file, so no repository is known")?;
    let (company, markers) = company(shared, snapshot);
    // What no rule goes by need not be looked at.
    let by_heads = !markers.is_empty();
    let may_leave =
        move |path: &Path, head: Option<&[u8]>| may_be_shown(path, head, &company, &markers);
    let changes = repository::changes(folder, which, by_heads, may_leave).await;
    changes
        .map(Material::Changes)
        .map_err(|failure| failure.to_string())
}

/// Returns which other files may be shown beside a document, and what marks a file.
fn company(shared: &Shared, snapshot: &Snapshot) -> (Company, Markers) {
    let session = shared.session();
    (session.company(snapshot), session.markers().clone())
}

/// Returns whether a file on the disk may be shown: it may leave the machine, and no rule about files, nor another folder's file, says otherwise. `other` is the
/// head of another text of it that is shown, such as the last commit's, which has to stand the same.
fn may_be_shown(path: &Path, other: Option<&[u8]>, company: &Company, markers: &Markers) -> bool {
    let real = Real::of(path, company.folder());
    let admits = |marks| company.admits_file(path, real.as_ref(), &marks);
    workspace::confinement(path).is_none()
        && admits(markers.in_file(path))
        && other.is_none_or(|head| admits(markers.in_head(head)))
}

/// Finds the file of a document's tests: the first that is there, else the first that may be created.
async fn tests(shared: &Arc<Shared>, snapshot: &Snapshot) -> Result<OtherFile, String> {
    let none = || "this language has no place for tests that we know".to_owned();
    let folder = snapshot.folder.clone().ok_or_else(none)?;
    let paths = action::test_paths(snapshot);
    let own = action::relative(snapshot);
    if let Some(path) = paths.iter().find(|path| Some(*path) == own.as_ref()) {
        return Ok(OtherFile {
            path: path.clone(),
            uri: snapshot.uri.to_string(),
            text: Some(snapshot.clone()),
        });
    }
    let document = snapshot.clone();
    let (company, markers) = company(shared, snapshot);
    let looking = tokio::task::spawn_blocking(move || {
        let there = paths.iter().find_map(|path| {
            let (place, text) = repository::readable(&folder, path).ok()?;
            if !may_be_shown(&place, None, &company, &markers) {
                return None;
            }
            let uri = url::Url::from_file_path(place).ok()?;
            let text = Some(document.of_file(uri.as_str(), &text));
            Some(OtherFile {
                path: path.clone(),
                uri: uri.into(),
                text,
            })
        });
        // A folder for tests that is there already is the better place.
        let has_folder = |path: &&String| {
            Path::new(path)
                .parent()
                .is_some_and(|it| folder.join(it).is_dir())
        };
        let new = || -> Result<OtherFile, Refusal> {
            let first = paths.iter().find(has_folder).or(paths.first());
            let path = first.ok_or_else(|| Refusal::Outside("the file of the tests".into()))?;
            let place = repository::creatable(&folder, path)?;
            let uri =
                url::Url::from_file_path(place).map_err(|()| Refusal::Outside(path.clone()))?;
            Ok(OtherFile {
                path: path.clone(),
                uri: uri.into(),
                text: None,
            })
        };
        there.map_or_else(new, Ok)
    });
    let mut file = looking
        .await
        .map_err(|_| none())?
        .map_err(|refusal| refusal.to_string())?;
    if let Some(open) = in_editor(shared, snapshot, &file)? {
        file.uri = open.uri.to_string();
        file.text = Some(open);
    }
    Ok(file)
}

/// Returns a file as the editor has it, if it is open there: that is newer than what the disk has, so it is judged anew.
fn in_editor(
    shared: &Shared,
    document: &Snapshot,
    file: &OtherFile,
) -> Result<Option<Snapshot>, String> {
    let session = shared.session();
    let Some(uri) = path_of(&file.uri).and_then(|path| session.uri_at(&path)) else {
        return Ok(None);
    };
    let path = &file.path;
    let open = session
        .snapshot(&uri)
        .ok_or_else(|| format!("{path} is open and its last change could not be read"))?;
    if !session
        .company(document)
        .admits(&open.path(), open.language, &open.marks)
    {
        return Err(format!(
            "{path} is open and may not be shown beside this document"
        ));
    }
    Ok(Some(open))
}

/// Finds out whether the file may be created that an action of the user's own makes.
async fn new_file(action: &Action, snapshot: &Snapshot) -> Result<OtherFile, String> {
    let none = || "this document is in no workspace".to_owned();
    let template = action.own.as_ref().and_then(|own| own.options.file.clone());
    let path = template
        .and_then(|it| action::new_path(snapshot, &it))
        .ok_or_else(none)?;
    let folder = snapshot.folder.clone().ok_or_else(none)?;
    let looking = tokio::task::spawn_blocking(move || {
        let place = repository::creatable(&folder, &path)?;
        let uri = url::Url::from_file_path(place).map_err(|()| Refusal::Outside(path.clone()))?;
        Ok::<_, Refusal>(OtherFile {
            path,
            uri: uri.into(),
            text: None,
        })
    });
    let file = looking.await.map_err(|_| none())?;
    file.map_err(|refusal| refusal.to_string())
}
