//! More of everything than anybody has: documents, folders, work; and what is left of it afterwards.

use std::time::Instant;

use serde_json::{Value, json};

use super::scripted::Scripted;
use super::{DEADLINE, Editor, HALF, answering, folder, server};

#[test]
fn ten_thousand_documents_are_open_at_once() {
    let folder = folder();
    let provider = Scripted::start(answering("42;"));
    let mut editor = Editor::start(server(folder.path(), Some(&provider.address)));
    for number in 0..10_000 {
        let text = format!("fn f{number}() {{\n    g{number}();\n}}\n");
        editor.open(&format!("file:///w/f{number}.rs"), &text);
    }
    assert_eq!(editor.suggestions(), ["42;"]);
    let resident = editor.resident();
    assert!(resident < 500, "{resident} MiB");
    // A thread that has nothing more to do is kept for ten seconds, so these are the most there were of late.
    let (threads, cores) = (editor.threads(), std::thread::available_parallelism());
    let most = 40 + 4 * cores.map_or(1, std::num::NonZero::get);
    assert!(threads < most, "{threads} threads");
    editor.finish();
}

#[test]
fn a_thousand_workspace_folders_are_served() {
    let folder = folder();
    let provider = Scripted::start(answering("42;"));
    let folders: Vec<Value> = (0..1000)
        .map(|number| {
            let own = folder.path().join(format!("w{number}"));
            std::fs::create_dir(&own).unwrap();
            std::fs::write(own.join("a.rs"), format!("fn f{number}() {{}}\n")).unwrap();
            let uri = url::Url::from_file_path(&own).unwrap();
            json!({"uri": uri.as_str(), "name": format!("w{number}")})
        })
        .collect();
    let mut editor = Editor::start_in(server(folder.path(), Some(&provider.address)), &folders);
    assert_eq!(editor.suggestions(), ["42;"]);
    let resident = editor.resident();
    assert!(resident < 300, "{resident} MiB");
    editor.finish();
}

/// Parsing, choosing what prompts show, and reading the workspace.
#[test]
fn on_a_busy_machine_what_computes_behind_the_editors_back_gives_way_to_what_answers_it() {
    let folder = folder();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    std::fs::write(work.join("a.rs"), "fn f() {}\n").unwrap();
    let uri = url::Url::from_file_path(&work).unwrap();
    let folders = [json!({"uri": uri.as_str(), "name": "work"})];
    let provider = Scripted::start(answering("42;"));
    let mut editor = Editor::start_in(server(folder.path(), Some(&provider.address)), &folders);
    editor.open("file:///w/a.rs", HALF);
    let begun = Instant::now();
    let [background, symbols] = loop {
        let both = ["background", "symbols"].map(|name| editor.niceness(name));
        // A thread has its name before it gives way.
        let are_there = both.iter().all(|of_it| of_it.iter().any(|nice| *nice > 0));
        if are_there {
            break both;
        }
        assert!(begun.elapsed() < DEADLINE, "{both:?}");
        std::thread::yield_now();
    };
    let answering = editor.niceness("byok-lsp");
    assert!(!answering.is_empty());
    for nice in answering.iter().chain(&editor.niceness("ledger")) {
        assert!(background.contains(&(nice + 10).min(19)), "{background:?}");
        assert!(symbols.contains(&(nice + 10).min(19)), "{symbols:?}");
    }
    editor.finish();
}

/// The allocator is the C library's elsewhere.
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn what_was_needed_for_large_documents_goes_back_to_the_system_while_the_server_rests() {
    let folder = folder();
    let provider = Scripted::start(answering("42;"));
    let mut editor = Editor::start(server(folder.path(), Some(&provider.address)));
    let text = "fn f() {\n    g();\n}\n".repeat(5_000);
    let uris = [0, 1, 2, 3, 4, 5, 6, 7].map(|number| format!("file:///w/f{number}.rs"));
    for uri in &uris {
        editor.open(uri, &text);
    }
    // In kilobytes; a syntax tree is many times as large as its text.
    let own = |editor: &Editor| editor.status("RssAnon:");
    wait(&editor, |editor| own(editor) > 40_000);
    for uri in uris {
        let params = json!({"textDocument": {"uri": uri}});
        editor.notify("textDocument/didClose", &params);
    }
    assert_eq!(editor.suggestions(), ["42;"]);
    // 8,000 are left. Without the setting (`.cargo/config.toml`) it is all of them until threads end, and 26,000 then.
    wait(&editor, |editor| own(editor) < 14_000);
    editor.finish();
}

/// Waits until something is so, without another word to the server.
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
fn wait(editor: &Editor, is_so: impl Fn(&Editor) -> bool) {
    let begun = Instant::now();
    while !is_so(editor) {
        let own = editor.status("RssAnon:");
        assert!(begun.elapsed() < DEADLINE, "{own} kB");
        std::thread::yield_now();
    }
}
