//! Every example in `cases/` comes out as it says.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use ropey::Rope;
use serde::Deserialize;

use super::*;
use crate::config::Layers;
use crate::session::Session;

/// The examples of one language.
#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

/// A place, what a model says there, and what is shown of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// `ˇ` marks the cursor.
    place: String,
    answer: String,
    /// Absent if nothing is shown.
    shows: Option<String>,
    #[serde(default)]
    writing: Writing,
}

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/completion/filter/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: std::path::PathBuf| {
        let language = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let cases: Cases = toml::from_str(&text).unwrap();
        cases
            .case
            .into_iter()
            .map(move |case| (language.clone(), case))
    };
    files.into_iter().flat_map(read).collect()
}

#[test]
fn every_case_shows_what_it_says() {
    let cases = cases();
    assert!(cases.len() >= 300, "{}", cases.len());
    let mut wrong = Vec::new();
    for (language, case) in cases {
        let cursor = case.place.find('ˇ').unwrap();
        let text = Rope::from(case.place.replacen('ˇ', "", 1));
        let around = Around::of(&text, cursor, case.writing);
        let mut session = Session::new(Layers::default());
        session.open("file:///a", &language, &case.place.replacen('ˇ', "", 1));
        let snapshot = session.snapshot("file:///a").unwrap();
        let code = Code::at(&snapshot, cursor, case.writing);
        let shown = fit(&case.answer, &around).and_then(|text| match &code {
            Some(code) => code.without_new_errors(text, Duration::from_mins(1)),
            None => Some(text),
        });
        if shown != case.shows {
            wrong.push(format!(
                "{language}, {}: {:?} shows {shown:?}, not {:?}",
                case.name, case.answer, case.shows
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_may_yet_be_talk_or_an_echo_is_not_shown_while_it_comes_in() {
    let text = Rope::from("fn a() {\n    let total = \n}\n");
    let around = Around::of(&text, 25, Writing::Code);
    assert_eq!(around.line_before, "    let total = ");
    for undecided in ["``", "```rust", "Here is the", "let tot", "Sure"] {
        assert_eq!(begun(undecided, &around), "", "{undecided}");
    }
    assert_eq!(begun("let total = 1", &around), "1");
    assert_eq!(begun("```rust\n1", &around), "1");
    assert_eq!(begun("sum()", &around), "sum()");
}
