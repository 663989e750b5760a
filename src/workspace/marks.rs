//! Texts at the head of a file that mark it, such as `CONFIDENTIAL`: what rules about files may go by besides its name and its language.
//!
//! Entry points: [`Markers`], what is looked for, and [`Marks`], which of it stands in one file. The head is the first [`HEAD`] bytes, and a marker stands there
//! if it stands there whole, letter by letter. So a look is bounded whatever the file, and what was found holds until the head changes.
//!
//! Invariant: what nobody has looked for, or looked for in vain because the file cannot be read, counts as there ([`Marks::may_have`]).

use std::path::Path;
use std::sync::Arc;

use ropey::Rope;

use super::walk;

/// So much of a file is looked at, in bytes.
pub const HEAD: usize = 4096;

/// The texts that are looked for: those that any rule names. Clones are the same list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markers(Option<Arc<[Box<str>]>>);

/// Which markers stand at the head of a file, of those that were looked for. By default nobody has looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    looked_for: Markers,
    /// Most files have none.
    found: Option<Arc<[Box<str>]>>,
}

impl Markers {
    /// Puts together what all rules name.
    pub fn of<'a>(named: impl IntoIterator<Item = &'a str>) -> Self {
        let mut markers: Vec<Box<str>> = named.into_iter().map(Into::into).collect();
        markers.sort_unstable();
        markers.dedup();
        Self((!markers.is_empty()).then(|| markers.into()))
    }

    /// Returns whether no rule goes by a marker, so that nobody has to look.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Looks at a document.
    pub fn in_text(&self, text: &Rope) -> Marks {
        if self.is_empty() {
            return Marks::default();
        }
        let mut head = Vec::with_capacity(HEAD.min(text.len_bytes()));
        for chunk in text.chunks() {
            let left = HEAD - head.len();
            head.extend_from_slice(&chunk.as_bytes()[..chunk.len().min(left)]);
            if head.len() == HEAD {
                break;
            }
        }
        self.in_head(&head)
    }

    /// Looks at a file on the disk.
    pub fn in_file(&self, file: &Path) -> Marks {
        if self.is_empty() {
            return Marks::default();
        }
        walk::head(file, HEAD).map_or_else(Marks::default, |head| self.in_head(&head))
    }

    /// Looks at the head of a text that is neither; what is beyond [`HEAD`] counts as little as there.
    pub fn in_head(&self, head: &[u8]) -> Marks {
        let head = &head[..head.len().min(HEAD)];
        let markers = self.0.iter().flat_map(|markers| markers.iter());
        let found =
            markers.filter(|marker| memchr::memmem::find(head, marker.as_bytes()).is_some());
        let found: Vec<Box<str>> = found.cloned().collect();
        Marks {
            looked_for: self.clone(),
            found: (!found.is_empty()).then(|| found.into()),
        }
    }

    fn has(&self, marker: &str) -> bool {
        let markers = self.0.iter().flat_map(|markers| markers.iter());
        markers.into_iter().any(|one| **one == *marker)
    }
}

impl Marks {
    /// Returns whether a marker stands there, for all that is known.
    pub fn may_have(&self, marker: &str) -> bool {
        let mut found = self.found.iter().flat_map(|found| found.iter());
        found.any(|one| **one == *marker) || !self.looked_for.has(marker)
    }

    /// Returns whether anything was found.
    pub fn has_any(&self) -> bool {
        self.found.is_some()
    }

    /// Returns whether these are what was found by looking for just these markers.
    pub fn are_of(&self, markers: &Markers) -> bool {
        self.looked_for == *markers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_counts_that_stands_whole_within_the_head_letter_by_letter() {
        let markers = Markers::of(["CONFIDENTIAL", "Do not share"]);
        let has = |text: &str, marker: &str| {
            let marks = markers.in_text(&Rope::from_str(text));
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("file");
            std::fs::write(&file, text).expect("a file");
            assert_eq!(markers.in_file(&file), marks, "the disk is read alike");
            marks.may_have(marker)
        };
        assert!(has("// CONFIDENTIAL\nfn f() {}\n", "CONFIDENTIAL"));
        assert!(!has("// CONFIDENTIAL\n", "Do not share"));
        assert!(!has("// confidential\n", "CONFIDENTIAL"));
        assert!(!has("", "CONFIDENTIAL"));
        // Across the chunks of a rope, with letters of several bytes before it.
        let before = "é\n".repeat(1_000);
        assert!(has(&format!("{before}CONFIDENTIAL"), "CONFIDENTIAL"));
        let at_the_edge = "x".repeat(HEAD - "CONFIDENTIAL".len());
        assert!(has(&format!("{at_the_edge}CONFIDENTIAL"), "CONFIDENTIAL"));
        assert!(!has(&format!("{at_the_edge}xCONFIDENTIAL"), "CONFIDENTIAL"));
    }

    #[test]
    fn what_nobody_could_look_for_counts_as_there() {
        let markers = Markers::of(["A"]);
        let marks = markers.in_text(&Rope::from_str("nothing\n"));
        assert!(!marks.may_have("A") && marks.may_have("B"));
        assert!(marks.are_of(&markers) && !marks.are_of(&Markers::of(["A", "B"])));
        assert!(markers.in_file(Path::new("/no/such/file")).may_have("A"));
        assert!(Marks::default().may_have("A"));
        assert!(Markers::of([]).is_empty());
    }
}
