//! A file's symbols as bytes: what is repeated is written once, and what is sorted as steps.
//!
//! Entry points: [`write`] and [`read`]. Bytes may be anything: what does not make sense is no symbols.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::file::{Definition, FileSymbols};
use crate::syntax::{Kind, Language};
use crate::workspace::Marks;

#[derive(Serialize, Deserialize)]
struct Form<'a> {
    language: &'a str,
    #[serde(borrow)]
    definitions: Vec<DefinitionForm<'a>>,
    text: &'a str,
    passed_on: Vec<&'a str>,
    /// How much each hash is more than the one before.
    uses: Vec<u32>,
    /// Of each passage, where its names stand among `uses`, each as how much further than the one before.
    passages: Vec<Vec<u32>>,
}

#[derive(Serialize, Deserialize)]
struct DefinitionForm<'a> {
    name: &'a str,
    kind: Kind,
    line: u32,
    text: (u32, u32),
    owner: Option<&'a str>,
    reopens: bool,
}

/// Returns the bytes of a file's symbols.
pub(super) fn write(file: &FileSymbols) -> Option<Vec<u8>> {
    let definitions = file.definitions.iter().map(|one| DefinitionForm {
        name: &one.name,
        kind: one.kind,
        line: one.line,
        text: (one.text.start, one.text.end),
        owner: one.owner.as_deref(),
        reopens: one.reopens,
    });
    let passages = file.passages();
    let passages = passages.map(|one| steps(one.places.iter().map(|place| u32::from(*place))));
    let form = Form {
        language: file.language.id(),
        definitions: definitions.collect(),
        text: &file.text,
        passed_on: file.passed_on.iter().map(|path| &**path).collect(),
        uses: steps(file.uses.iter().copied()),
        passages: passages.collect(),
    };
    postcard::to_stdvec(&form).ok()
}

/// Returns the symbols of the file at `path` that bytes tell of.
pub(super) fn read(path: &str, bytes: &[u8]) -> Option<FileSymbols> {
    let form: Form<'_> = postcard::from_bytes(bytes).ok()?;
    let uses = sums(&form.uses)?;
    let (mut passages, mut ends) = (Vec::new(), Vec::new());
    for steps in &form.passages {
        for place in sums(steps)? {
            uses.get(place as usize)?;
            passages.push(u16::try_from(place).ok()?);
        }
        ends.push(u32::try_from(passages.len()).ok()?);
    }
    let mut owner: Option<Arc<str>> = None;
    let definitions = form.definitions.iter().map(|one| {
        // Most belong to what the one before belongs to.
        if owner.as_deref() != one.owner {
            owner = one.owner.map(Into::into);
        }
        Definition {
            name: one.name.into(),
            kind: one.kind,
            line: one.line,
            text: one.text.0..one.text.1,
            owner: owner.clone(),
            reopens: one.reopens,
        }
    });
    Some(FileSymbols {
        path: path.into(),
        language: Language::from_id(form.language)?,
        definitions: definitions.collect(),
        text: form.text.into(),
        passed_on: form.passed_on.into_iter().map(Into::into).collect(),
        uses: uses.into(),
        passages: passages.into(),
        ends: ends.into(),
        // What is looked for may be something else by now.
        marks: Marks::default(),
    })
}

/// Returns how much each of ascending numbers is more than the one before, the first than 0.
fn steps(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut last = 0;
    let step = |number: u32| number.wrapping_sub(std::mem::replace(&mut last, number));
    numbers.map(step).collect()
}

/// The reverse; `None` unless they ascend.
fn sums(steps: &[u32]) -> Option<Vec<u32>> {
    let mut last: Option<u32> = None;
    let sum = |step: &u32| {
        let next = match last {
            None => *step,
            Some(_) if *step == 0 => return None,
            Some(before) => before.checked_add(*step)?,
        };
        last = Some(next);
        last
    };
    steps.iter().map(sum).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use ropey::Rope;

    use super::*;
    use crate::syntax::SyntaxTree;

    fn symbols(language: Language, text: &str) -> FileSymbols {
        let text = Rope::from_str(text);
        let tree = SyntaxTree::new(language)
            .parsed(&text, Duration::from_mins(1))
            .expect("in time");
        FileSymbols::read("/w/file", &tree, &text)
    }

    fn fixtures() -> Vec<FileSymbols> {
        let fixtures = Language::all().filter_map(|language| {
            let path = format!(
                "{}/grammars/{}/fixture.{}",
                env!("CARGO_MANIFEST_DIR"),
                language.id(),
                language.extensions()[0]
            );
            Some(symbols(language, &std::fs::read_to_string(path).ok()?))
        });
        fixtures.collect()
    }

    #[test]
    fn what_is_written_of_a_file_is_read_again() {
        let fixtures = fixtures();
        assert!(fixtures.len() > 10);
        for file in fixtures {
            let bytes = write(&file).expect("it can be written");
            assert_eq!(read("/w/file", &bytes), Some(file));
        }
    }

    /// If this fails, what is read of a file is another than it was: give [`super::super::FORM`] a new number, so that what older programs
    /// saved is not taken for it, and write the new sum here.
    #[test]
    fn the_number_of_the_form_stands_for_what_is_read_of_the_fixtures() {
        let bytes: Vec<u8> = fixtures()
            .iter()
            .flat_map(|file| write(file).expect("it can be written"))
            .collect();
        assert_eq!(
            (super::super::FORM, crc32fast::hash(&bytes)),
            (2, 3_599_467_868)
        );
    }

    proptest! {
        #[test]
        fn bytes_that_were_changed_are_other_symbols_or_none_and_never_a_panic(
            at in 0_usize..2_000, with in any::<u8>(), cut in 0_usize..2_000,
        ) {
            let rust = Language::from_id("rust").expect("known");
            let text = "struct Owner { field: u8 }\nimpl Owner {\n    fn method(&self) { other(self.field) }\n}\n".repeat(4);
            let mut bytes = write(&symbols(rust, &text)).expect("it can be written");
            let at = at % bytes.len();
            bytes[at] = with;
            bytes.truncate(bytes.len() - cut % 3);
            if let Some(file) = read("/w/file", &bytes) {
                prop_assert!(file.passages().count() < 100);
                for one in &file.definitions {
                    file.lines(one);
                }
            }
        }
    }
}
