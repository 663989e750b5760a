//! `FILE:LINE:COL`, as compilers and editors print places.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::config::Settings;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1 in characters.
    pub column: u32,
}

impl FromStr for FilePlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "\"{text}\" is no place in a file; write FILE:LINE:COLUMN, both counted from 1, such as src/main.rs:12:9"
            )
        };
        let (rest, column) = text.rsplit_once(':').ok_or_else(wrong)?;
        let (path, line) = rest.rsplit_once(':').ok_or_else(wrong)?;
        let number = |digits: &str| {
            digits
                .parse::<u32>()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(wrong)
        };
        if path.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            path: path.into(),
            line: number(line)?,
            column: number(column)?,
        })
    }
}

/// Returns the folder that a file's project lies in: the nearest one above it with a `.git`, else the file's own.
pub fn project_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    folder
        .ancestors()
        .find(|above| above.join(".git").exists())
        .unwrap_or(folder)
        .to_owned()
}

/// Returns the settings for the project that the command is run in.
pub fn settings_here(settings: &Settings) -> Settings {
    let here = std::env::current_dir().unwrap_or_default();
    settings.in_project(&project_of(&here.join("any file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_file_line_and_column() {
        let place: FilePlace = "C:\\a:b.rs:3:14".parse().expect("a place");
        assert_eq!(
            (place.path, place.line, place.column),
            (PathBuf::from("C:\\a:b.rs"), 3, 14)
        );
    }

    #[test]
    fn what_is_no_place_is_answered_with_how_one_looks() {
        for text in ["a.rs", "a.rs:3", "a.rs:0:1", "a.rs:x:1", ":1:1"] {
            let error = text.parse::<FilePlace>().expect_err("no place");
            assert!(error.contains("FILE:LINE:COLUMN"), "{error}");
        }
    }
}
