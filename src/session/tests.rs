//! The session as handlers use it.

use super::*;
use crate::document::Position;

mod interleavings;

fn session() -> Session {
    let mut session = Session::new(Layers::default());
    session.open("file:///w/a.rs", "rust", "fn a() {}\n");
    session
}

fn insert(line: u32, character: u32, text: &str) -> Vec<Change> {
    let at = Position { line, character };
    vec![Change {
        range: Some((at, at)),
        text: text.into(),
    }]
}

#[test]
fn a_snapshot_never_changes() {
    let mut session = session();
    let snapshot = session.snapshot("file:///w/a.rs").expect("open");
    session.change("file:///w/a.rs", &insert(0, 0, "pub "));
    assert_eq!(snapshot.text.to_string(), "fn a() {}\n");
}

#[test]
fn a_change_to_a_document_that_is_not_open_changes_nothing() {
    assert!(
        session()
            .change("file:///w/b.rs", &insert(0, 0, "x"))
            .is_none()
    );
}

#[test]
fn a_document_out_of_step_is_not_shown_until_it_is_sent_whole() {
    let mut session = session();
    session.lose_step("file:///w/a.rs");
    session.change("file:///w/a.rs", &insert(0, 0, "x"));
    assert!(session.snapshot("file:///w/a.rs").is_none());
    let whole = Change {
        range: None,
        text: "whole".into(),
    };
    session.change("file:///w/a.rs", &[whole]);
    assert!(session.snapshot("file:///w/a.rs").is_some());
}

fn drawn(session: &Session, snapshot: &Snapshot, cursor: usize) -> crate::context::Attention {
    session.attention(snapshot, cursor, &session.company(snapshot))
}

#[test]
fn where_the_cursor_was_elsewhere_and_what_is_complained_about_here_draw_attention() {
    let mut session = session();
    session.open("file:///w/b.rs", "rust", "fn b() {\n}\n");
    session.open("file:///w/.env", "rust", "KEY=1\n");
    session.confine(
        "file:///w/.env",
        crate::workspace::standing(Path::new("/w/.env"), None),
    );
    let of = |session: &Session, name: &str| session.snapshot(name).expect("open");
    for (name, at) in [
        ("file:///w/b.rs", 9),
        ("file:///w/.env", 1),
        ("file:///w/a.rs", 2),
    ] {
        let snapshot = of(&session, name);
        session.note_viewed(&snapshot, at);
    }
    let a = of(&session, "file:///w/a.rs");
    session.note_complaints(&a, 3, vec!["no `b`".into()]);
    let attention = drawn(&session, &a, 5);
    let viewed = attention
        .viewed
        .iter()
        .map(|one| (one.path.as_str(), one.line));
    assert_eq!(viewed.collect::<Vec<_>>(), [("/w/b.rs", 1)]);
    assert_eq!(attention.complaints, ["no `b`"]);
    // Far from it, in another document, and once there is nothing to complain about any more, it is of no interest.
    assert!(drawn(&session, &a, 5_000).complaints.is_empty());
    let b = of(&session, "file:///w/b.rs");
    assert!(drawn(&session, &b, 3).complaints.is_empty());
    session.note_complaints(&a, 3, Vec::new());
    assert!(drawn(&session, &a, 5).complaints.is_empty());
    session.close("file:///w/b.rs");
    assert!(drawn(&session, &a, 5).viewed.is_empty());
}

#[test]
fn what_was_edited_elsewhere_in_one_go_is_shown_whole_and_of_much_the_last_of_it() {
    let mut session = session();
    let a = session.snapshot("file:///w/a.rs").expect("open");
    let b = "file:///w/b.rs";
    let lines: Vec<String> = (0..60).map(|n| format!("let line_{n} = {n};")).collect();
    let lines = lines.join("\n");
    session.open(b, "rust", &lines);
    for line in [10, 14, 18] {
        session.change(b, &insert(line, 0, "/* x */ "));
    }
    let edited = drawn(&session, &a, 0).edited;
    let shown = |number: usize| edited[0].text.contains(&format!("line_{number} "));
    assert_eq!((edited.len(), edited[0].line), (1, 8));
    assert!([8, 10, 14, 18, 20].into_iter().all(shown) && !shown(7) && !shown(21));
    for line in (22..50).step_by(6) {
        session.change(b, &insert(line, 0, "/* x */ "));
    }
    let edited = drawn(&session, &a, 0).edited;
    assert_eq!(
        (edited.len(), edited[0].line, edited[0].lines()),
        (1, 44, 5)
    );
}

/// A session with a rule for files that are marked, and one for Python.
fn ruled() -> Session {
    let rules = serde_json::json!([
        {"markers": ["CONFIDENTIAL"], "providers": []},
        {"languages": ["python"], "providers": ["ollama"]},
    ]);
    let mut session = session();
    session
        .configure(|layers| {
            let options = serde_json::json!({"policy": {"paths": rules}});
            layers.set_json(crate::config::Layer::Editor, "the editor", options)
        })
        .expect("sound");
    session
}

/// Which of two providers a document may go to.
fn asked(session: &Session, uri: &str) -> [bool; 2] {
    let settings = session.snapshot(uri).expect("open").settings;
    ["openai", "ollama"].map(|name| settings.judge(name, "m").is_ok())
}

#[test]
fn a_mark_holds_from_the_edit_that_writes_it_to_the_one_that_takes_it_out() {
    let mut session = ruled();
    let uri = "file:///w/a.rs";
    let mut eras = vec![session.snapshot(uri).expect("open").era];
    assert_eq!(asked(&session, uri), [true, true]);
    for (text, expected) in [
        ("// CONFIDENTIAL\n", [false, false]),
        ("// CONFIDENTAL\n", [true, true]),
        ("// CONFIDENTIAL, too\n", [false, false]),
    ] {
        let whole = Change {
            range: None,
            text: text.into(),
        };
        session.change(uri, &[whole]);
        assert_eq!(asked(&session, uri), expected, "{text}");
        eras.push(session.snapshot(uri).expect("open").era);
    }
    let line = Position {
        line: 0,
        character: 0,
    };
    let next = Position {
        line: 1,
        character: 0,
    };
    let deleted = Change {
        range: Some((line, next)),
        text: String::new(),
    };
    session.change(uri, &[deleted]);
    assert_eq!(asked(&session, uri), [true, true]);
    // Far from the head it is a word like any other.
    let long = Change {
        range: None,
        text: "x\n".repeat(3_000) + "CONFIDENTIAL\n",
    };
    session.change(uri, &[long]);
    assert_eq!(asked(&session, uri), [true, true]);
    assert!(eras.windows(2).all(|pair| pair[0] < pair[1]), "{eras:?}");
}

#[test]
fn new_rules_hold_for_the_documents_that_are_open_already() {
    let mut session = ruled();
    session.open("file:///w/b.py", "python", "# SECRET\n");
    // The name says Python whatever the editor does.
    session.open("file:///w/c.py", "plaintext", "");
    assert_eq!(asked(&session, "file:///w/b.py"), [false, true]);
    assert_eq!(asked(&session, "file:///w/c.py"), [false, true]);
    session
        .configure(|layers| {
            let rules = serde_json::json!([{"markers": ["SECRET"], "providers": []}]);
            let options = serde_json::json!({"policy": {"paths": rules}});
            layers.set_json(crate::config::Layer::Editor, "the editor", options)
        })
        .expect("sound");
    assert_eq!(asked(&session, "file:///w/b.py"), [false, false]);
    assert_eq!(asked(&session, "file:///w/c.py"), [true, true]);
}

#[test]
fn what_is_open_is_company_by_its_text_in_the_editor() {
    let mut session = ruled();
    session.add_folder("/w".into());
    session.open("file:///w/b.rs", "rust", "// CONFIDENTIAL\n");
    session.open("file:///w/.env", "rust", "KEY=1\n");
    session.confine(
        "file:///w/.env",
        crate::workspace::standing(Path::new("/w/.env"), None),
    );
    let a = session.snapshot("file:///w/a.rs").expect("open");
    session.open("file:///w/deploy", "python", "x = 1\n");
    let company = session.company(&a);
    // As the disk may have them.
    let unmarked = session.markers().in_text(&"".into());
    let admits = |path: &str| company.admits(path, None, &unmarked);
    let admitted = [
        "/w/c.rs",
        "/w/b.rs",
        "/w/.env",
        "/w/c.py",
        "/v/c.rs",
        "/w/deploy",
    ];
    let admitted = admitted.map(admits);
    assert_eq!(admitted, [true, false, false, false, false, false]);
    // Where it was edited last is shown of it as little.
    session.change("file:///w/b.rs", &insert(1, 0, "fn secret() {}"));
    assert!(drawn(&session, &a, 0).edited.is_empty());
}

#[test]
fn where_a_document_is_closed_what_was_chosen_before_is_of_another_era() {
    let mut session = ruled();
    session.add_folder("/w".into());
    let era = |session: &Session| session.snapshot("file:///w/a.rs").expect("open").era;
    session.open("file:///w/b.rs", "rust", "// no mark any more\n");
    let before = era(&session);
    session.close("file:///w/b.rs");
    assert_ne!(era(&session), before, "the disk may have the mark");
}

#[test]
fn what_the_index_withdraws_begins_an_era_too() {
    let mut session = ruled();
    let withdrawn = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(3));
    session.watch(withdrawn.clone());
    let era = |session: &Session| session.snapshot("file:///w/a.rs").expect("open").era;
    let before = era(&session);
    withdrawn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    assert_ne!(era(&session), before);
}

#[test]
fn a_closed_document_is_forgotten() {
    let mut session = session();
    session.close("file:///w/a.rs");
    assert!(session.snapshot("file:///w/a.rs").is_none());
}

#[test]
fn a_document_opened_anew_is_another_one() {
    let mut session = session();
    let snapshot = session.snapshot("file:///w/a.rs").expect("open");
    assert!(session.since(&snapshot, |edits, _| edits.len()).is_some());
    session.open("file:///w/a.rs", "rust", "other text");
    assert!(session.since(&snapshot, |edits, _| edits.len()).is_none());
}

#[test]
fn an_edit_made_since_a_snapshot_is_known() {
    let mut session = session();
    let snapshot = session.snapshot("file:///w/a.rs").expect("open");
    session.change("file:///w/a.rs", &insert(0, 0, "x"));
    assert_eq!(session.since(&snapshot, |edits, _| edits.len()), Some(1));
}

#[test]
fn a_parse_that_was_overtaken_is_asked_for_again() {
    let mut session = session();
    assert!(session.claim_parse("file:///w/a.rs"));
    assert!(!session.claim_parse("file:///w/a.rs"), "one at a time");
    let job = session.begin_parse("file:///w/a.rs").expect("due");
    session.change("file:///w/a.rs", &insert(0, 3, "b"));
    assert!(session.end_parse(&job, job.run()).is_continue());
    let job = session.begin_parse("file:///w/a.rs").expect("due again");
    assert!(session.end_parse(&job, job.run()).is_break());
    let snapshot = session.snapshot("file:///w/a.rs").expect("open");
    assert!(snapshot.tree.expect("Rust has one").is_current());
}

#[test]
fn a_document_belongs_to_the_innermost_folder() {
    let mut session = session();
    session.add_folder("/".into());
    session.add_folder("/w".into());
    assert_eq!(
        session.snapshot("file:///w/a.rs").expect("open").folder,
        Some("/w".into())
    );
}

#[test]
fn a_document_that_is_opened_too_long_is_not_parsed_at_all() {
    let mut session = session();
    let uri = "file:///w/a.rs";
    session.open(uri, "rust", &"x".repeat(MAX_PARSED_BYTES + 1));
    assert!(!session.claim_parse(uri));
    assert!(session.snapshot(uri).expect("open").tree.is_none());
}

#[test]
fn a_document_that_was_too_long_to_be_parsed_for_a_while_is_parsed_again() {
    let mut session = session();
    let uri = "file:///w/a.rs";
    session.change(uri, &insert(0, 0, &"x".repeat(MAX_PARSED_BYTES)));
    assert!(session.snapshot(uri).expect("open").tree.is_none());
    let whole = Change {
        range: None,
        text: "fn b() {}\n".into(),
    };
    session.change(uri, &[whole]);
    assert!(session.claim_parse(uri));
    let job = session.begin_parse(uri).expect("due");
    assert!(session.end_parse(&job, job.run()).is_break());
    let snapshot = session.snapshot(uri).expect("open");
    assert!(snapshot.tree.expect("Rust has one").is_current());
}
