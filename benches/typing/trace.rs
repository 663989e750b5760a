//! What a user does: keys with the pauses before them, in a piece of a real file that is typed again from nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::corpus::{Dice, files, read, registry};

/// A file of which a piece is typed.
pub struct Trace {
    /// The file.
    pub path: PathBuf,
    /// The project that it belongs to.
    pub folder: PathBuf,
    /// The name of the language, as editors call it.
    pub language: &'static str,
    /// What stands before the piece.
    pub before: String,
    /// The piece.
    pub piece: String,
    /// What stands behind it.
    pub after: String,
    /// The keys.
    pub keys: Vec<Key>,
}

/// One key.
pub struct Key {
    /// The pause before it.
    pub pause: Duration,
    /// What it does.
    pub stroke: Stroke,
}

/// What a key does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stroke {
    /// It inserts a text: a character, or a line break with the indentation that the editor adds.
    Insert(String),
    /// It takes the character before the cursor away.
    Backspace,
}

impl Trace {
    /// Returns how long it takes.
    pub fn seconds(&self) -> u64 {
        self.keys
            .iter()
            .map(|key| key.pause)
            .sum::<Duration>()
            .as_secs()
    }
}

/// Chooses pieces of files, alike on every machine that has the same files; other ones for another `seed`.
pub fn traces(count: usize, seed: u64) -> Vec<Trace> {
    let mut dice = Dice(0x5eed_cafe_f00d_0001 ^ (seed << 13));
    let folders = registry();
    let mut traces = Vec::new();
    let mut tries = 0;
    while traces.len() < count && tries < count * 40 && !folders.is_empty() {
        tries += 1;
        let folder = &folders[dice.below(folders.len())];
        let files = files(folder);
        if files.is_empty() {
            continue;
        }
        let path = &files[dice.below(files.len())];
        let Some(language) = language(path.extension().and_then(|it| it.to_str()).unwrap_or(""))
        else {
            continue;
        };
        let text = read(path);
        if let Some(mut trace) = piece(&text, language, &mut dice) {
            trace.path.clone_from(path);
            trace.folder.clone_from(folder);
            traces.push(trace);
        }
    }
    traces
}

fn language(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "rs" => "rust",
        "c" | "h" => "c",
        "js" => "javascript",
        "ts" => "typescript",
        "py" => "python",
        "go" => "go",
        _ => return None,
    })
}

/// Takes some twenty lines of code out of a file.
fn piece(text: &str, language: &'static str, dice: &mut Dice) -> Option<Trace> {
    const LINES: usize = 22;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if !(80..3000).contains(&lines.len()) || !text.is_ascii() || text.contains('\r') {
        return None;
    }
    let first = 30 + dice.below(lines.len() - 30 - LINES);
    let chosen = &lines[first..first + LINES];
    let is_prose = |line: &&&str| {
        let line = line.trim_start();
        line.starts_with("//")
            || line.starts_with('#')
            || line.starts_with('*')
            || line.starts_with("/*")
    };
    let is_long = chosen.iter().any(|line| line.len() > 120);
    let bytes: usize = chosen.iter().map(|line| line.len()).sum();
    if chosen.iter().filter(is_prose).count() > 5 || is_long || bytes < 350 {
        return None;
    }
    let at: usize = lines[..first].iter().map(|line| line.len()).sum();
    let piece = text[at..at + bytes].trim_end().to_owned();
    Some(Trace {
        path: PathBuf::new(),
        folder: PathBuf::new(),
        language,
        before: text[..at].to_owned(),
        after: text[at + piece.len()..].to_owned(),
        keys: keys(&piece, dice),
        piece,
    })
}

/// Types a piece: five to eight keys a second within a word, slower at its end, with a thought now and then and a slip in fifty keys.
fn keys(piece: &str, dice: &mut Dice) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = piece.chars().peekable();
    let mut previous = '\n';
    while let Some(character) = rest.next() {
        let pause = pause(previous, dice);
        let mut inserted = character.to_string();
        if character == '\n' {
            // The editor indents.
            while let Some(blank) = rest.next_if(|next| matches!(next, ' ' | '\t')) {
                inserted.push(blank);
            }
        }
        let is_slip = character.is_ascii_alphabetic() && dice.below(50) == 0;
        if is_slip {
            let wrong = if character == 'q' { 'w' } else { 'q' };
            keys.push(key(pause, Stroke::Insert(wrong.to_string())));
            let extra = dice.below(3);
            for _ in 0..extra {
                keys.push(key(gap(dice), Stroke::Insert("x".into())));
            }
            // It is noticed after a moment.
            keys.push(key(gap(dice) + 200, Stroke::Backspace));
            for _ in 0..extra {
                keys.push(key(gap(dice), Stroke::Backspace));
            }
            keys.push(key(gap(dice) + 60, Stroke::Insert(inserted)));
        } else {
            keys.push(key(pause, Stroke::Insert(inserted)));
        }
        previous = character;
    }
    keys
}

fn key(pause: u64, stroke: Stroke) -> Key {
    Key {
        pause: Duration::from_millis(pause),
        stroke,
    }
}

/// The time between two keys of a word.
fn gap(dice: &mut Dice) -> u64 {
    100 + dice.below(90) as u64
}

fn pause(previous: char, dice: &mut Dice) -> u64 {
    let thinks = |dice: &mut Dice, one_in: usize, least: u64, more: usize| {
        if dice.below(one_in) == 0 {
            least + dice.below(more) as u64
        } else {
            0
        }
    };
    let more = match previous {
        '\n' => thinks(dice, 3, 500, 2500),
        ' ' | '(' | '.' | ',' => 20 + thinks(dice, 12, 250, 900),
        _ => 0,
    };
    gap(dice) + more
}
