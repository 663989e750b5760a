//! Every detector, and what the scan costs nothing in: ordinary code.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::thorough;

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn byte(&mut self) -> u8 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0.to_be_bytes()[0]
    }
}

#[test]
fn the_list_is_read_whole_and_has_at_least_sixty_kinds() {
    let written: Written = toml::from_str(include_str!("detectors.toml")).unwrap();
    for detector in &written.detector {
        for shape in &detector.shapes {
            assert!(Shape::read(shape).is_some(), "{}: {shape}", detector.name);
        }
    }
    assert_eq!(DETECTORS.names, written.detector.len());
    assert!(kinds() >= 60, "{} kinds", kinds());
}

#[test]
fn every_shape_is_found_whole_in_the_midst_of_code_and_its_near_misses_are_not() {
    let mut numbers = Numbers(7);
    for (shape, kind) in DETECTORS.shapes.iter().flatten() {
        for _ in 0..thorough::part(20) {
            let sample = shape.sample(|| numbers.byte());
            if random::is_made_up(shape.own(&sample)) {
                continue;
            }
            for (before, behind) in [
                ("let key = \"", "\";"),
                ("", ""),
                ("KEY=", "\nNEXT=1"),
                ("(", ")"),
                ("é ", " é"),
            ] {
                let text = format!("{before}{sample}{behind}");
                let found = find(&text);
                assert_eq!(found.len(), 1, "{kind} in {text}");
                // Where two kinds begin alike, either name will do; the whole of it has to go.
                assert!(found[0].range.start <= before.len() + 1, "{kind} in {text}");
                assert!(
                    found[0].range.end >= before.len() + sample.len(),
                    "{kind} in {text}"
                );
            }
            let longer = format!("{sample}{}", "a".repeat(5000));
            let short = &sample[..shape.begins.len() + 2];
            for near in [short, &longer] {
                assert!(
                    find(near).iter().all(|found| found.kind != *kind),
                    "{kind} in {near}"
                );
            }
        }
    }
}

#[test]
fn code_of_our_own_has_nothing_to_hide() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                files += 1;
                let found = find(&text).into_iter();
                let seen = found.map(|found| (found.kind, &text[found.range]));
                // What stands in the tests of other parts for a password, and says so.
                let seen: Vec<_> = seen.filter(|(_, text)| *text != "canary").collect();
                assert!(seen.is_empty(), "{}: {seen:?}", path.display());
            }
        }
    }
    assert!(files > 100);
}

#[test]
fn any_text_is_scanned_without_harm() {
    let mut numbers = Numbers(11);
    let pieces = [
        "sk-",
        "ghp_",
        "://",
        "a:b@",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "password",
        "=",
        "\"",
        "\n",
        "é",
        "𝒳",
        " ",
        "eyJ",
        ".",
        "x9",
        "Private-Lines: ",
        "7",
    ];
    for _ in 0..20_000 {
        let count = usize::from(numbers.byte() % 24);
        let text: String = (0..count)
            .map(|_| pieces[usize::from(numbers.byte()) % pieces.len()])
            .collect();
        let mut end = 0;
        for found in find(&text) {
            assert!(
                found.range.start >= end && text.get(found.range.clone()).is_some(),
                "{text:?}"
            );
            end = found.range.end;
        }
    }
}
