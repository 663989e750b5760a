//! The families of raw models that fill holes, read from `families.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

use super::pattern;

/// A family of models that were trained to fill holes in the same way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FimFamily {
    /// What people call it.
    pub name: String,
    names: Vec<String>,
    /// The prompt, in which `{prefix}` and `{suffix}` stand for the texts around the hole, and `{files}` for other files.
    pub template: String,
    /// What stands before a file's text among several files, with `{path}` for its path.
    file: Option<String>,
    /// The texts at which a server should end, the most telling first.
    pub stop: Vec<String>,
    marks: Vec<String>,
}

impl FimFamily {
    /// Returns the family that a model belongs to by its name.
    pub fn of(model: &str) -> Option<&'static Self> {
        let bare = pattern::bare(model);
        all()
            .iter()
            .find(|family| pattern::any(&family.names, &bare))
    }

    /// Returns the template's parts in order.
    pub fn pieces(&self) -> impl Iterator<Item = FimPiece<'_>> {
        let mut rest = self.template.as_str();
        std::iter::from_fn(move || {
            let holes = [
                ("{files}", FimPiece::Files),
                ("{prefix}", FimPiece::Prefix),
                ("{suffix}", FimPiece::Suffix),
            ];
            for (hole, piece) in holes {
                if let Some(after) = rest.strip_prefix(hole) {
                    rest = after;
                    return Some(piece);
                }
            }
            let end = holes.iter().filter_map(|(hole, _)| rest.find(hole)).min();
            let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            (!text.is_empty()).then_some(FimPiece::Text(text))
        })
    }

    /// Returns whether the family was trained on several files in one prompt.
    pub fn takes_files(&self) -> bool {
        self.file.is_some()
    }

    /// Returns what stands before a file's text.
    pub fn file_head(&self, path: &str) -> String {
        let head = self.file.as_deref().unwrap_or_default();
        head.replace("{path}", &self.without_marks(path))
    }

    /// Takes the family's tokens out of a text, also those that only appear once others are gone.
    pub fn without_marks(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some(mark) = self.marks().find(|mark| text.contains(mark)) {
            text = text.replace(mark, "");
        }
        text
    }

    /// Returns all tokens of the family that no text of the user's may hold.
    pub fn marks(&self) -> impl Iterator<Item = &str> {
        let is_token = |text: &&String| !text.starts_with('\n');
        self.stop
            .iter()
            .filter(is_token)
            .chain(&self.marks)
            .map(String::as_str)
    }
}

/// A part of a family's template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FimPiece<'a> {
    /// This text.
    Text(&'a str),
    /// The other files.
    Files,
    /// The text before the hole.
    Prefix,
    /// The text behind it.
    Suffix,
}

/// Returns all families, the one to be tried first in front.
pub(super) fn all() -> &'static [FimFamily] {
    #[derive(Deserialize)]
    struct File {
        family: Vec<FimFamily>,
    }
    static ALL: OnceLock<Vec<FimFamily>> = OnceLock::new();
    ALL.get_or_init(|| {
        let file: File = toml::from_str(include_str!("families.toml"))
            .expect("families.toml is part of this program; the test below reads it");
        file.family
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_names_both_texts_and_no_more_stops_than_servers_take() {
        for family in all() {
            for place in ["{prefix}", "{suffix}"] {
                assert_eq!(family.template.matches(place).count(), 1, "{}", family.name);
            }
            assert_eq!(
                family.template.matches("{files}").count(),
                usize::from(family.takes_files()),
                "{}",
                family.name
            );
            assert!((1..=4).contains(&family.stop.len()), "{}", family.name);
            assert!(family.marks().all(|mark| mark.len() > 4), "{}", family.name);
        }
    }

    #[test]
    fn a_model_is_known_by_its_name_wherever_it_is_kept() {
        let name = |model| FimFamily::of(model).map(|family| family.name.as_str());
        assert_eq!(
            name("Qwen/Qwen2.5-Coder-7B-Instruct:fastest"),
            Some("Qwen Coder")
        );
        assert_eq!(name("/models/starcoder2-3b.Q8_0.gguf"), Some("StarCoder"));
        assert_eq!(name("gpt-4.1-mini"), None);
    }
}
