//! What is off by default, on: `-- --everything`. Caps that are never reached, the audit log, telemetry to a collector on loopback, rows that are not kept for
//! ever, tags, rules of routing and a fallback, all of which a completion passes through. The audit log has no line of it, since the provider is on this machine.

use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::editor::Editor;
use crate::provider;
use crate::scripted::{Scripted, Step, response};

/// How long a collector is waited for, which is told at the server's end at the latest.
const DEADLINE: Duration = Duration::from_secs(20);

/// The user's own file, where everything is on.
static CONFIG: OnceLock<String> = OnceLock::new();

/// Switches it on for all servers that are started from now on, and makes sure of it: of a file with a mistake nothing would hold.
pub fn switch_on() {
    let (sender, told) = channel();
    CONFIG.get_or_init(|| {
        let taken = response("200 OK", "application/x-protobuf", "");
        let collector = Scripted::start(vec![Step::Send(taken)]);
        let config = config(&collector.address);
        // What it is sent is none of the bench's, and it lasts as long as the bench.
        std::thread::spawn(move || {
            for _ in &collector.seen {
                // The first alone is waited for.
                let _ = sender.send(());
            }
        });
        config
    });
    let provider = Scripted::start(provider::answer());
    let mut editor = Editor::start(&provider::settings(&provider));
    editor.open("file:///w/a.rs", "fn a() {\n    \n}\n");
    let (id, _) = editor.ask("file:///w/a.rs", (1, 4));
    editor.answer(id);
    editor.finish();
    let told = told.recv_timeout(DEADLINE);
    told.expect("a collector is told; else nothing of the file holds");
}

/// Returns what a server's own file is to say, if anything.
pub fn own_file() -> Option<&'static str> {
    CONFIG.get().map(String::as_str)
}

fn config(collector: &str) -> String {
    include_str!("everything.toml")
        .replace("@COLLECTOR@", collector)
        .replace("@WIRE@", "openai-completions")
        // The editor says where it is.
        .replace("@URL@", "http://127.0.0.1:9/v1")
}
