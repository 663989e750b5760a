//! Several documents, edited, read, closed and opened anew in any order, against plain strings.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::*;
use crate::document::Position;
use crate::thorough;

const NAMES: [&str; 3] = ["file:///w/a.rs", "file:///w/b.rs", "file:///w/c.py"];

/// What is done with a document.
#[derive(Debug, Clone)]
enum Act {
    Open(String),
    /// One notification's changes: what lies between two places gives way to a text.
    Change(Vec<(Index, Index, String)>),
    Whole(String),
    Read,
    Close,
}

/// A document as its editor has it.
#[derive(Default)]
struct Mirror {
    /// Its text, while it is open.
    text: Option<String>,
    /// Its moments so far, the last one last.
    stamps: Vec<Stamp>,
}

/// What somebody keeps who has read a document.
struct Kept {
    document: usize,
    snapshot: Snapshot,
    text: String,
}

fn text() -> impl Strategy<Value = String> {
    "([a-c]|é|😀|\n|fn x\\(\\) \\{\\}){0,6}"
}

fn act() -> impl Strategy<Value = Act> {
    let change = (any::<Index>(), any::<Index>(), text());
    prop_oneof![
        2 => text().prop_map(Act::Open),
        6 => vec(change, 1..4).prop_map(Act::Change),
        1 => text().prop_map(Act::Whole),
        4 => Just(Act::Read),
        1 => Just(Act::Close),
    ]
}

/// Returns where a byte of a text is, counted from its start.
fn position(text: &str, byte: usize) -> Position {
    let before = &text[..byte];
    let line = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap_or_default();
    Position {
        line: u32::try_from(line).expect("a short text"),
        character: u32::try_from(character.encode_utf16().count()).expect("a short text"),
    }
}

/// Makes a change in a mirror, and tells it as an editor does.
fn changed(text: &mut String, (from, to, new): &(Index, Index, String)) -> Change {
    let place = |index: &Index| text.floor_char_boundary(index.index(text.len() + 1));
    let (from, to) = (place(from), place(to));
    let bytes = from.min(to)..from.max(to);
    let range = (position(text, bytes.start), position(text, bytes.end));
    text.replace_range(bytes, new);
    Change {
        range: Some(range),
        text: new.clone(),
    }
}

/// Does it to the session and to the mirror alike.
fn act_on(session: &mut Session, name: &str, mirror: &mut Mirror, act: &Act) {
    let changes = match (act, &mut mirror.text) {
        (Act::Open(text), _) => {
            session.open(name, "rust", text);
            mirror.text = Some(text.clone());
            return;
        }
        (Act::Close, _) => {
            session.close(name);
            mirror.text = None;
            return;
        }
        (Act::Read, _) => return,
        (Act::Change(changes), Some(text)) => {
            changes.iter().map(|change| changed(text, change)).collect()
        }
        (Act::Whole(whole), text) => {
            if let Some(text) = text {
                text.clone_from(whole);
            }
            vec![Change {
                range: None,
                text: whole.clone(),
            }]
        }
        // Of a document that is not open.
        (Act::Change(changes), None) => {
            let nothing = &mut String::new();
            changes
                .iter()
                .map(|change| changed(nothing, change))
                .collect()
        }
    };
    let applied = session.change(name, &changes);
    assert_eq!(applied.is_some(), mirror.text.is_some());
}

/// The document's text is the mirror's, and its moments only go on.
fn check(session: &Session, name: &str, mirror: &mut Mirror, act: &Act) {
    let text = session.text(name).map(ToString::to_string);
    assert_eq!(text, mirror.text);
    assert_eq!(session.snapshot(name).is_some(), mirror.text.is_some());
    let Some(stamp) = session.stamp(name) else {
        return;
    };
    let is_newer = |before: &Stamp| match act {
        Act::Open(_) => stamp.opening > before.opening,
        Act::Change(changes) => stamp == before.later(changes.len()),
        Act::Whole(_) => stamp == before.later(1),
        Act::Read | Act::Close => stamp == *before,
    };
    assert!(mirror.stamps.last().is_none_or(is_newer), "{stamp:?}");
    mirror.stamps.push(stamp);
}

impl Stamp {
    fn later(self, edits: usize) -> Self {
        Self {
            revision: self.revision + edits as u64,
            ..self
        }
    }
}

/// What is kept is as it was, and leads to the text as it is now as long as that is the same document's.
fn check_kept(session: &Session, mirrors: &[Mirror; 3], kept: &Kept) {
    assert_eq!(kept.snapshot.text, kept.text);
    let carried = session.since(&kept.snapshot, |edits, now| {
        let mut text = kept.text.clone();
        for edit in edits {
            text.replace_range(edit.bytes.clone(), &edit.text);
        }
        (text, now.to_string())
    });
    let mirror = &mirrors[kept.document];
    let is_same = |stamp: &Stamp| stamp.opening == kept.snapshot.stamp().opening;
    let expected = mirror
        .text
        .clone()
        .filter(|_| mirror.stamps.last().is_some_and(is_same));
    assert_eq!(carried, expected.map(|text| (text.clone(), text)));
}

proptest! {
    #![proptest_config(thorough::interleavings(500))]

    #[test]
    fn documents_in_any_order_are_what_their_edits_make_of_them_and_what_was_read_stays(
        acts in vec((0_usize..3, act()), 1..60),
    ) {
        let mut session = Session::new(Layers::default());
        let mut mirrors: [Mirror; 3] = Default::default();
        let mut kept: Vec<Kept> = Vec::new();
        for (document, act) in acts {
            let (name, mirror) = (NAMES[document], &mut mirrors[document]);
            act_on(&mut session, name, mirror, &act);
            check(&session, name, mirror, &act);
            if let (Act::Read, Some(text)) = (&act, &mirror.text) {
                let snapshot = session.snapshot(name).expect("it is open");
                kept.push(Kept { document, snapshot, text: text.clone() });
            }
            for kept in &kept {
                check_kept(&session, &mirrors, kept);
            }
        }
    }
}
