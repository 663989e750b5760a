//! What is told of real repositories.

#![allow(clippy::unwrap_used)]

#[path = "../../tests/support/git.rs"]
mod repositories;

use repositories::git;

use super::*;

async fn changes(folder: &Path, which: Which) -> Result<Changes, Failure> {
    super::changes(folder, which, true, |path, head| {
        let is_marked = head.is_some_and(|head| head.starts_with(b"denied"));
        !path.ends_with("denied.txt") && !is_marked
    })
    .await
}

/// A repository with one commit.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main"]);
    std::fs::write(folder.path().join("a.txt"), "one\n").unwrap();
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "a: begin"]);
    folder
}

#[tokio::test]
async fn a_file_whose_mark_a_change_takes_away_is_in_no_diff() {
    let folder = repository();
    let path = folder.path();
    // The last name's end is none of a line's.
    for name in ["gone.txt", "unmarked.txt", "ended.txt\r"] {
        std::fs::write(path.join(name), "denied\nsecret\n").unwrap();
    }
    git(path, &["add", "."]);
    git(path, &["commit", "-q", "-m", "b: marked"]);
    std::fs::write(path.join("a.txt"), "two\n").unwrap();
    std::fs::write(path.join("unmarked.txt"), "open\nsecret\n").unwrap();
    std::fs::write(path.join("ended.txt\r"), "open\nsecret\n").unwrap();
    std::fs::remove_file(path.join("gone.txt")).unwrap();
    for which in [Which::All, Which::Staged] {
        let changes = changes(path, which).await.unwrap();
        assert!(changes.diff.contains("-one\n+two"), "{changes:?}");
        assert!(!changes.diff.contains("secret"), "{changes:?}");
        git(path, &["add", "-A"]);
    }
}

#[tokio::test]
async fn the_lines_that_have_changed_are_told_of_what_was_written_last_first() {
    let folder = repository();
    let path = folder.path();
    let lines = || {
        super::super::changed_lines(path, |file| {
            file.extension().is_some_and(|end| end == "txt")
        })
    };
    assert_eq!(lines().await, Ok(Vec::new()));
    std::fs::write(path.join("b ü.txt"), "1\n2\n3\n").unwrap();
    std::fs::write(path.join("a.lock"), "x\n").unwrap();
    git(path, &["add", "."]);
    git(path, &["commit", "-q", "-m", "b: more"]);
    std::fs::write(path.join("a.txt"), "zero\none\n").unwrap();
    std::fs::write(path.join("b ü.txt"), "1\nII\n3\nIV\n").unwrap();
    std::fs::write(path.join("unknown.txt"), "to git\n").unwrap();
    // Of what nobody is interested in git prints nothing, however long it is.
    std::fs::write(path.join("a.lock"), "y\n".repeat(100_000)).unwrap();
    git(path, &["config", "diff.interHunkContext", "20"]);
    let later = std::time::SystemTime::now() + Duration::from_mins(1);
    let file = std::fs::File::options()
        .append(true)
        .open(path.join("b ü.txt"));
    file.unwrap().set_modified(later).unwrap();
    let found = lines().await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.path.file_name().unwrap().to_str().unwrap(), &*one.lines))
        .collect();
    let (a, b) = ([0..=0], [1..=1, 3..=3]);
    assert_eq!(found, [("b ü.txt", &b[..]), ("a.txt", &a[..])]);
}

#[tokio::test]
async fn what_is_staged_and_what_is_not_are_told_apart() {
    let folder = repository();
    let path = folder.path();
    assert_eq!(changes(path, Which::All).await, Err(Failure::Nothing));
    std::fs::write(path.join("a.txt"), "two\n").unwrap();
    let all = changes(path, Which::All).await.unwrap();
    assert!(
        all.diff.contains("-one\n+two") && all.subjects.is_empty(),
        "{all:?}"
    );
    assert_eq!(
        changes(path, Which::Staged).await,
        Err(Failure::NothingStaged)
    );
    git(path, &["add", "."]);
    std::fs::create_dir(path.join("below")).unwrap();
    let staged = changes(&path.join("below"), Which::Staged).await.unwrap();
    assert!(staged.diff.contains("-one\n+two") && !staged.is_cut);
    assert_eq!(staged.subjects, ["a: begin"]);
}

#[tokio::test]
async fn what_must_not_be_shown_is_in_no_diff_whatever_became_of_it() {
    let folder = repository();
    let path = folder.path();
    let write = |name: &str, text: &str| {
        let path = path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let long = "a line that stays\n".repeat(20);
    write("denied.txt", &format!("{long}old-secret\n"));
    write("moved/denied.txt", &format!("{long}moved-secret\n"));
    write("gone/denied.txt", "gone-secret\n");
    write("file", "an ordinary file\n");
    git(path, &["add", "."]);
    git(path, &["commit", "-q", "-m", "b: more"]);
    write("a.txt", "two\n");
    write("denied.txt", &format!("{long}new-secret\n"));
    // Renamed to a name that may be shown: what it was is not told.
    std::fs::rename(path.join("moved/denied.txt"), path.join("moved/open.txt")).unwrap();
    write("moved/open.txt", &long);
    std::fs::remove_file(path.join("gone/denied.txt")).unwrap();
    // Where a file became a folder, its name stands for what is in there.
    std::fs::remove_file(path.join("file")).unwrap();
    write("file/denied.txt", "folder-secret\n");
    write("na me\n\u{e9}/denied.txt", "quoted-secret\n");
    git(path, &["add", "."]);
    for which in [Which::All, Which::Staged] {
        let told = changes(path, which).await.unwrap();
        assert!(told.diff.contains("-one\n+two"), "{told:?}");
        assert!(told.diff.contains("moved/open.txt"), "{told:?}");
        assert!(!told.diff.contains("secret"), "{}", told.diff);
        assert_eq!(told.withheld, 6, "{told:?}");
    }
    git(path, &["checkout", "-q", "HEAD", "--", "a.txt"]);
    git(path, &["rm", "-q", "-f", "moved/open.txt"]);
    for which in [Which::All, Which::Staged] {
        assert_eq!(changes(path, which).await, Err(Failure::Withheld));
    }
}

#[tokio::test]
async fn many_files_are_cut_and_nothing_is_shown_of_the_rest() {
    let folder = repository();
    for number in 0..MOST_FILES + 5 {
        std::fs::write(folder.path().join(format!("f{number:04}")), "x\n").unwrap();
    }
    git(folder.path(), &["add", "."]);
    let staged = changes(folder.path(), Which::Staged).await.unwrap();
    assert!(staged.is_cut);
    assert_eq!(staged.diff.matches("\ndiff --git").count() + 1, MOST_FILES);
}

#[tokio::test]
async fn what_is_staged_is_judged_where_the_disk_has_another_text_by_now() {
    let folder = repository();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("b.txt", "denied: seen\n");
    write("c.txt", "shown\n");
    git(folder.path(), &["add", "."]);
    write("b.txt", "harmless\n");
    write("c.txt", "denied, but not staged\n");
    let staged = changes(folder.path(), Which::Staged).await.unwrap();
    assert!(staged.diff.contains("+shown"), "{staged:?}");
    assert!(!staged.diff.contains("denied"), "{staged:?}");
    assert_eq!(staged.withheld, 1);
}

#[tokio::test]
async fn behind_a_text_however_long_the_next_is_judged_by_its_own() {
    let folder = repository();
    let path = folder.path();
    let filler = "0123456789abcde\n";
    for (name, lines) in [("b.txt", 100_000), ("c.txt", 1_000), ("d.txt", 0)] {
        for (kind, head) in [("marked", "denied\n"), ("open", "open\n"), ("none", "")] {
            let text = format!("{head}{}", filler.repeat(lines));
            std::fs::write(path.join(format!("{kind}-{name}")), text).unwrap();
        }
    }
    git(path, &["add", "."]);
    git(path, &["commit", "-q", "-m", "b: long and short"]);
    for file in std::fs::read_dir(path).unwrap().flatten() {
        if file.file_type().unwrap().is_file() {
            std::fs::write(file.path(), "changed\n").unwrap();
        }
    }
    let names = super::Git::of(path).await.unwrap();
    let names = names.changed(Some("HEAD")).await.unwrap();
    let heads = super::Git::of(path).await.unwrap();
    let heads = heads.heads("HEAD", &names).await.unwrap();
    assert_eq!(heads.len(), 10);
    for (name, texts) in heads {
        let text = texts.into_iter().next().unwrap().unwrap();
        let expected = match name.split('-').next().unwrap() {
            "marked" => "denied\n",
            "open" => "open\n",
            "none" if name.contains('d') => "",
            "none" => filler,
            _ => "one\n",
        };
        assert!(text.starts_with(expected.as_bytes()), "{name}");
        assert!(text.len() <= crate::workspace::HEAD, "{name}");
        assert_eq!(text.is_empty(), name == "none-d.txt", "{name}");
    }
}

#[tokio::test]
async fn a_folder_without_repository_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let told = changes(folder.path(), Which::All).await.unwrap_err();
    assert!(
        told.to_string().contains("is not in a git repository"),
        "{told}"
    );
}

#[tokio::test]
async fn a_long_diff_is_cut_at_a_line() {
    let folder = repository();
    let long = "0123456789abcdef\n".repeat(20_000);
    std::fs::write(folder.path().join("a.txt"), long).unwrap();
    let all = changes(folder.path(), Which::All).await.unwrap();
    assert!(all.is_cut && all.diff.len() < 100 * 1024);
    assert!(all.diff.ends_with("+0123456789abcdef"));
}

#[tokio::test]
async fn nothing_that_a_hostile_repository_names_is_run_and_nothing_outside_is_read() {
    let folder = repository();
    let path = folder.path();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("a.txt"), "a secret of somebody else\n").unwrap();
    let mark = outside.path().join("ran");
    let script = path.join("evil.sh");
    std::fs::write(
        &script,
        format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display()),
    )
    .unwrap();
    std::os::unix::fs::PermissionsExt::set_mode(
        &mut std::fs::metadata(&script).unwrap().permissions(),
        0o755,
    );
    let run = format!("sh {}", script.display());
    for (key, value) in [
        ("core.fsmonitor", run.as_str()),
        ("core.pager", &run),
        ("diff.external", &run),
        ("diff.evil.command", &run),
        ("diff.evil.textconv", &run),
        ("filter.evil.clean", &run),
        ("filter.evil.smudge", &run),
        ("filter.evil.process", &run),
        ("filter.evil.required", "true"),
        ("core.hooksPath", "."),
        ("core.sshCommand", &run),
        ("gpg.program", &run),
        ("log.showSignature", "true"),
        ("core.worktree", outside.path().to_str().unwrap()),
    ] {
        let config = path.join(".git/config");
        git(
            outside.path(),
            &["config", "--file", config.to_str().unwrap(), key, value],
        );
    }
    std::fs::write(path.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
    std::fs::write(path.join("a.txt"), "two\n").unwrap();
    let all = changes(path, Which::All).await.unwrap();
    assert!(all.diff.contains("-one\n+two"), "{all:?}");
    assert!(!all.diff.contains("secret"), "{all:?}");
    let _ = changes(path, Which::Staged).await;
    assert!(!mark.exists(), "a program of the repository was run");
}
