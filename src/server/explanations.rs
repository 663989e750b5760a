//! Where explanations are kept for the editor to open: a folder that only the user may read, with the last few of them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// How many are kept.
const KEPT: usize = 20;

/// Writes an explanation and returns where it is. It blocks, so it belongs on a thread of its own.
pub fn write(folder: &Path, text: &str) -> std::io::Result<PathBuf> {
    create_private(folder)?;
    let now = jiff::Timestamp::now().as_nanosecond();
    let path = folder.join(format!("explanation-{now}-{}.md", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(text.as_bytes())?;
    // What cannot be tidied up today is tidied up another day.
    let _ = prune(folder);
    Ok(path)
}

fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn prune(folder: &Path) -> std::io::Result<()> {
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("explanation-"))
    };
    let entries = std::fs::read_dir(folder)?.flatten();
    let mut paths: Vec<PathBuf> = entries.map(|it| it.path()).filter(is_ours).collect();
    // The time is in the name, and has as many digits until the year 2286.
    paths.sort();
    for path in paths.iter().rev().skip(KEPT) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_are_kept_and_only_the_user_may_read_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("explanations");
        let mut last = PathBuf::new();
        for number in 0..KEPT + 3 {
            last = write(&folder, &number.to_string()).expect("it can be written");
        }
        let count = std::fs::read_dir(&folder).expect("it is there").count();
        assert_eq!(count, KEPT);
        assert_eq!(std::fs::read_to_string(&last).expect("it is there"), "22");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| {
                std::fs::metadata(path)
                    .expect("it is there")
                    .permissions()
                    .mode()
            };
            assert_eq!((mode(&last) & 0o777, mode(&folder) & 0o777), (0o600, 0o700));
        }
    }
}
