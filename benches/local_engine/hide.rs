//! Hides lines of a crate, one at a time, and asks the engine for them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use byok_lsp::local::{DEFAULT_MIN_CONFIDENCE, Engine, Limits, Prediction, Query};
use ropey::Rope;

use crate::corpus::{Dice, files, folder_name, hash, read};
use crate::report::block_lines;

/// What was hidden.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Line,
    Rest,
    /// So many lines.
    Block(usize),
}

/// A line that was hidden, and what the engine made of it.
pub struct Sample {
    pub extension: String,
    pub kind: Kind,
    /// The text before the cursor on its line.
    pub before: String,
    /// The text that was hidden.
    pub hidden: String,
    /// Whether the very line stands elsewhere in the crate too.
    pub elsewhere: bool,
    /// The lines that follow the hidden one, as many as a block may have.
    pub following: Vec<String>,
    pub prediction: Option<Prediction>,
}

impl Sample {
    pub fn first_line(&self) -> &str {
        self.prediction.as_ref().map_or("", |prediction| {
            prediction.text.lines().next().unwrap_or("")
        })
    }

    pub fn is_right(&self) -> bool {
        self.prediction.is_some() && self.first_line().trim_end() == self.hidden
    }

    pub fn speaks(&self) -> bool {
        self.prediction
            .as_ref()
            .is_some_and(|prediction| prediction.is_confident(DEFAULT_MIN_CONFIDENCE))
    }
}

/// Hides lines of a crate, each once as a whole and once from a random token on, and asks for them.
pub fn hide_lines(folder: &Path, count: usize) -> Vec<Sample> {
    let engine = Engine::new(Limits::default());
    engine.add_workspace(folder.to_path_buf());
    wait(&engine);
    let texts: Vec<(PathBuf, String)> = files(folder)
        .into_iter()
        .map(|file| (file.clone(), read(&file)))
        .collect();
    let total: usize = texts.iter().map(|(_, text)| text.lines().count()).sum();
    let mut occurrences: HashMap<&str, usize> = HashMap::new();
    for line in texts.iter().flat_map(|(_, text)| text.lines()) {
        *occurrences.entry(line.trim()).or_default() += 1;
    }
    let mut dice = Dice(hash(folder_name(folder)) | 1);
    let mut samples = Vec::new();
    let mut tries = 0;
    let mut hidden_lines = 0;
    while hidden_lines < count && tries < 40 * count {
        tries += 1;
        let mut number = dice.below(total);
        let Some((file, text)) = texts.iter().find(|(_, text)| {
            let lines = text.lines().count();
            let found = number < lines;
            if !found {
                number -= lines;
            }
            found
        }) else {
            continue;
        };
        let line = text.lines().nth(number).unwrap_or("");
        if text.len() > 1 << 19 || !is_code(line) {
            continue;
        }
        let start: usize = text.split_inclusive('\n').take(number).map(str::len).sum();
        let indentation = line.len() - line.trim_start().len();
        let boundaries: Vec<usize> = boundaries(line)
            .into_iter()
            .filter(|&at| at > indentation)
            .collect();
        if boundaries.is_empty() {
            continue;
        }
        let path = file.to_str().unwrap_or_default();
        hidden_lines += 1;
        let mut hides = vec![
            (indentation, 1),
            (boundaries[dice.below(boundaries.len())], 1),
        ];
        hides.extend(block_lines(text, number).map(|lines| (indentation, lines)));
        for (at, lines) in hides {
            let cursor = start + at;
            let hidden = line[at..].trim_end();
            let after: usize = text[start..]
                .split_inclusive('\n')
                .take(lines)
                .map(str::len)
                .sum();
            let masked = Rope::from(format!("{}\n{}", &text[..cursor], &text[start + after..]));
            engine.update(path, masked.clone());
            wait(&engine);
            let prediction = engine.predict(&Query {
                path,
                text: &masked,
                cursor,
                max_lines: 12,
            });
            samples.push(Sample {
                extension: file
                    .extension()
                    .and_then(|extension| extension.to_str())
                    .unwrap_or("")
                    .to_owned(),
                kind: if lines > 1 {
                    Kind::Block(lines)
                } else if at == indentation {
                    Kind::Line
                } else {
                    Kind::Rest
                },
                before: line[..at].to_owned(),
                hidden: hidden.to_owned(),
                elsewhere: occurrences[line.trim()] > 1,
                following: text
                    .lines()
                    .skip(number + 1)
                    .take(24)
                    .map(str::to_owned)
                    .collect(),
                prediction,
            });
        }
        engine.close(path);
        wait(&engine);
    }
    samples
}

/// Returns whether a line is worth predicting: no comment, and not only brackets.
pub fn is_code(line: &str) -> bool {
    let line = line.trim();
    let comment = ["//", "/*", "*", "#!"]
        .iter()
        .any(|mark| line.starts_with(mark));
    !comment && line.len() < 200 && line.bytes().filter(u8::is_ascii_alphanumeric).count() > 1
}

/// Returns where tokens begin within a line.
pub fn boundaries(line: &str) -> Vec<usize> {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    let mut before = ' ';
    let mut found = Vec::new();
    for (at, character) in line.char_indices() {
        if character != ' ' && !(word(character) && word(before)) {
            found.push(at);
        }
        before = character;
    }
    found
}

pub fn wait(engine: &Engine) {
    assert!(
        engine.wait_until_idle(Duration::from_mins(1)),
        "indexing a crate takes far less than a minute"
    );
}
