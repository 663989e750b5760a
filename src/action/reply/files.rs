//! Answers that are about several files: which file, and what is to become of it.
//!
//! A line names the file for all that follows it. Names are only read here; whether there is such a file, and whether it may be touched, is
//! for others to say.

use super::Fault;
use super::blocks::{self, Block};
use super::fence;

/// More files than these are not changed at once.
const MOST_FILES: usize = 12;

/// What is to become of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The file, as the answer names it.
    pub path: String,
    /// What is to become of it.
    pub what: What,
}

/// What is to become of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// These places change.
    Edit(Vec<Block>),
    /// It is created with this text.
    Create(String),
}

/// Reads the parts of an answer.
pub fn files(answer: &str) -> Result<Vec<Part>, Fault> {
    let answer = answer.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = answer.split('\n').collect();
    let mut sections: Vec<(String, bool, Vec<&str>)> = Vec::new();
    let mut inside: Option<Inside> = None;
    for line in lines {
        match &inside {
            None => {
                if let Some((path, is_new)) = header(line) {
                    sections.push((path, is_new, Vec::new()));
                    continue;
                }
                inside = Inside::begins(line);
            }
            Some(open) if open.ends(line) => inside = None,
            Some(_) => {}
        }
        if let Some((.., section)) = sections.last_mut() {
            section.push(line);
        } else if inside.is_some() {
            // Text for nobody knows which file.
            return Err(Fault::NoFile);
        }
    }
    let mut parts: Vec<Part> = Vec::new();
    for (path, is_new, lines) in sections {
        let part = Part {
            what: if is_new {
                created(&lines)?
            } else {
                edited(&lines)?
            },
            path,
        };
        add(&mut parts, part)?;
    }
    match parts.len() {
        0 => Err(Fault::NoFile),
        1..=MOST_FILES => Ok(parts),
        _ => Err(Fault::TooMany),
    }
}

/// A stretch in which no line is a header.
enum Inside {
    /// A search and replace block.
    Block,
    /// A fence of this mark and length.
    Fence(char, usize),
}

impl Inside {
    fn begins(line: &str) -> Option<Self> {
        if blocks::has_marker(&[line]) {
            return Some(Self::Block);
        }
        let (_, mark, length, _) = fence::opening(line)?;
        Some(Self::Fence(mark, length))
    }

    fn ends(&self, line: &str) -> bool {
        match self {
            Self::Block => blocks::is_end(line),
            Self::Fence(mark, length) => {
                let line = line.trim();
                line.len() >= *length && line.chars().all(|c| c == *mark)
            }
        }
    }
}

/// Reads a line that names a file: `File: src/a.rs`, `New file: src/b.rs`.
fn header(line: &str) -> Option<(String, bool)> {
    let line = line.trim().trim_matches(['#', '*', ' ']);
    let lower = line.to_ascii_lowercase();
    let is_new = lower.starts_with("new file:");
    if !is_new && !lower.starts_with("file:") {
        return None;
    }
    let (_, path) = line.split_once(':')?;
    let path = path.trim().trim_matches(['`', '"', '\'', '*', ' ']);
    let path = path.strip_prefix("./").unwrap_or(path);
    (!path.is_empty()).then(|| (path.to_owned(), is_new))
}

fn edited(lines: &[&str]) -> Result<What, Fault> {
    // Blocks stand bare or in a fence; the fence itself says nothing.
    let blocks = blocks::search_and_replace(lines, "")?;
    if blocks.is_empty() {
        return Err(Fault::Empty);
    }
    Ok(What::Edit(blocks))
}

fn created(lines: &[&str]) -> Result<What, Fault> {
    let mut fences = fence::all(lines);
    match (fences.pop(), fences.is_empty()) {
        (None, _) => Err(Fault::Empty),
        (Some(one), true) if one.is_closed => Ok(What::Create(one.lines.join("\n"))),
        (Some(_), true) => Err(Fault::Unfinished),
        (Some(_), false) => Err(Fault::Several),
    }
}

/// Adds a part to those of other files; what is said twice is said once, and what contradicts itself is refused.
fn add(parts: &mut Vec<Part>, part: Part) -> Result<(), Fault> {
    let Some(known) = parts.iter_mut().find(|known| known.path == part.path) else {
        parts.push(part);
        return Ok(());
    };
    match (&mut known.what, part.what) {
        (What::Edit(known), What::Edit(more)) => {
            let more: Vec<Block> = more.into_iter().filter(|it| !known.contains(it)).collect();
            known.extend(more);
            Ok(())
        }
        (What::Create(known), What::Create(more)) if *known == more => Ok(()),
        _ => Err(Fault::Several),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "<<<<<<< SEARCH\na();\n=======\nb();\n>>>>>>> REPLACE\n";

    #[test]
    fn each_file_is_named_above_what_becomes_of_it() {
        let answer = format!(
            "Sure.\n\nFile: src/a.rs\n```rust\n{BLOCK}```\n{BLOCK}\n**New file: `b.rs`**\n```rust\nfn b() {{}}\n// File: no.rs\n```\n"
        );
        for answer in [answer.clone(), answer.replace('\n', "\r\n")] {
            let parts = files(&answer).expect("parts");
            assert_eq!(parts.len(), 2, "{parts:?}");
            assert_eq!(parts[0].path, "src/a.rs");
            assert!(matches!(&parts[0].what, What::Edit(blocks) if blocks.len() == 1));
            let text = "fn b() {}\n// File: no.rs".to_owned();
            assert_eq!(
                (parts[1].path.as_str(), &parts[1].what),
                ("b.rs", &What::Create(text))
            );
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (answer, fault) in [
            (BLOCK.to_owned(), Fault::NoFile),
            ("I cannot.".to_owned(), Fault::NoFile),
            ("File: a.rs\nNothing.".to_owned(), Fault::Empty),
            (
                "File: a.rs\n<<<<<<< SEARCH\na\n".to_owned(),
                Fault::Unfinished,
            ),
            ("New file: a.rs\n```\na".to_owned(), Fault::Unfinished),
            (
                "New file: a.rs\n```\na\n```\n```\nb\n```".to_owned(),
                Fault::Several,
            ),
            (
                format!("File: a.rs\n{BLOCK}\nNew file: a.rs\n```\na\n```"),
                Fault::Several,
            ),
        ] {
            assert_eq!(files(&answer), Err(fault), "{answer}");
        }
    }
}
