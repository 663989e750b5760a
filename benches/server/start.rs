//! How soon the server is there, and how much memory it takes then.

use serde_json::json;

use super::Amount;
use super::editor::{Editor, Memory};
use super::table::{SHOWN, Samples, Table, Target, most};
use super::text::code;
use crate::{provider, scripted::Scripted};

/// Runs the scenario.
pub fn run(amount: &Amount, table: &mut Table) {
    let mut samples = Samples::default();
    for _ in 0..amount.of(100, 20) {
        let mut editor = Editor::spawn();
        let answered = editor.initialize(&json!({}));
        samples.push(answered - editor.begun);
    }
    table.median(
        "start to `initialize` response",
        &samples,
        most(10.0).peer(3.9),
    );

    forget_pages();
    let provider = Scripted::start(provider::answer());
    for (who, settings) in [
        ("on defaults", json!({})),
        ("with a provider", provider::settings(&provider)),
    ] {
        let mut editor = Editor::start(&settings);
        editor.settle();
        memory(
            table,
            &format!("resident after start, {who}"),
            editor.memory(),
            most(20.0).peer(8.7),
        );
        editor.open("file:///w/a.rs", &code(10_000));
        editor.settle();
        memory(
            table,
            &format!("… with a file of 10,000 lines open, {who}"),
            editor.memory(),
            most(35.0),
        );
        editor.open("file:///w/a.rs", &code(100_000));
        editor.settle();
        memory(
            table,
            &format!("… with a file of 100,000 lines open, {who}"),
            editor.memory(),
            SHOWN,
        );
    }
}

/// Has the system forget what it holds of the program's file, so that it is read from the disk, as it is for users. Of a file that was just written, as what a
/// build links, more is mapped with each page that is touched: by 2 MB more, for the same program.
fn forget_pages() {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Advice, fadvise};
        let program = super::editor::program();
        let path = program.split_whitespace().next().unwrap_or_default();
        // One that is found by its name alone was not just built.
        if let Ok(file) = std::fs::File::open(path) {
            file.sync_all().expect("the disk works");
            fadvise(&file, 0, None, Advice::DontNeed).expect("the advice is known");
        }
    }
}

fn memory(table: &mut Table, figure: &str, memory: Memory, target: Target) {
    table.row(
        figure,
        memory.resident,
        "MB",
        &format!("{:.1} of it its own", memory.own),
        target,
    );
}
