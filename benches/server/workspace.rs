//! What a server takes in a workspace of 10,000 files, with a provider, so that all that it keeps of the workspace is there.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::Amount;
use super::editor::Editor;
use super::provider;
use super::scripted::Scripted;
use super::table::{Table, most};
use super::text::Random;

const FILES: usize = 10_000;

/// How many documents are opened, asked in and closed again.
const DOCUMENTS: usize = 200;

/// What a file of the projects that `benches/context` reads has in the mean: so many definitions in so many bytes.
const DEFINITIONS: usize = 33;
const BYTES: usize = 11_800;

/// What the allocator keeps for a while, since it may be wanted again at once, is given back by then.
const REST: Duration = Duration::from_secs(15);

/// Of three definitions one has a name that no other has.
const SHARED_NAMES: usize = 20_000;

/// Runs the scenario.
pub fn run(_: &Amount, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let provider = Scripted::start(provider::answer());
    let mut editor = Editor::start_in(folder.path(), &provider::settings(&provider));
    let uri = |file: usize| format!("file://{}/{}", folder.path().display(), name(file));
    let ask = |editor: &mut Editor, file: usize, called: &str| {
        let text = format!("fn main() {{\n    let made = {called}(\n}}\n");
        editor.open(&uri(file), &text);
        let column = text.lines().nth(1).map_or(0, str::len);
        let (id, _) = editor.ask(&uri(file), (1, column));
        editor.answer(id);
        provider::served(&provider);
    };
    ask(&mut editor, 0, "nothing");
    let mut row = |editor: &mut Editor, figure: &str| {
        editor.settle();
        std::thread::sleep(REST);
        let memory = editor.memory();
        let note = format!("{:.1} of it its own", memory.own);
        table.row(figure, memory.resident, "MB", &note, most(150.0));
    };
    row(
        &mut editor,
        "resident in a workspace of 10,000 files, with a provider",
    );
    for file in (0..FILES).step_by(FILES / DOCUMENTS) {
        ask(&mut editor, file, &own(FILES - 1 - file, 0));
        editor.close(&uri(file));
    }
    row(
        &mut editor,
        "… after 200 documents that were opened, asked in and closed",
    );
}

fn name(file: usize) -> String {
    format!("part_{}/file_{file}.rs", file / 50)
}

/// A name that only one definition has.
fn own(file: usize, at: usize) -> String {
    format!("only_in_{file}_{at}")
}

fn write(folder: &Path) {
    let mut random = Random::new(7);
    for file in 0..FILES {
        let path = folder.join(name(file));
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        std::fs::write(path, source(file, &mut random)).expect("a file");
    }
}

/// Makes functions that use each other's names.
fn source(file: usize, random: &mut Random) -> String {
    let mut text = String::with_capacity(BYTES + 512);
    for at in 0..DEFINITIONS {
        let name = if at.is_multiple_of(3) {
            own(file, at)
        } else {
            format!("shared_name_{}", random.below(SHARED_NAMES))
        };
        let _ = writeln!(
            text,
            "/// Says what it does.\npub fn {name}(value: &Value, other: usize) -> Result<Value, Error> {{"
        );
        while text.len() < (at + 1) * BYTES / DEFINITIONS {
            let used = random.below(SHARED_NAMES);
            let _ = writeln!(text, "    let local = shared_name_{used}(value, other)?;");
        }
        text.push_str("    Ok(local)\n}\n\n");
    }
    text
}
