//! No text of a file that must not leave the machine is in any request, over many random workspaces: 200, or as many as
//! `BYOK_TEST_WORKSPACES` says.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use byok_lsp::config::{ContextSource, Quirks, Wire};
use byok_lsp::context::{self, Form, Inputs, Prompt, View};
use byok_lsp::index::{Limits, SymbolIndex};
use byok_lsp::provider::{Call, Fill, Input, Place};
use byok_lsp::syntax::{Language, SyntaxTree};
use ropey::Rope;

const LONG: Duration = Duration::from_mins(1);

/// A small generator of numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const IGNORE_FILES: [&str; 8] = [
    ".gitignore",
    ".ignore",
    ".aiignore",
    ".cursorignore",
    ".continueignore",
    ".clineignore",
    ".copilotignore",
    ".aiexclude",
];

const FOLDERS: [&str; 5] = ["", "src", "src/inner", "lib", "lib/private"];

/// Names of files that are out whatever the ignore files say.
const SECRETS: [&str; 4] = ["id_rsa.rs.key", ".env.rs", "prod.pem", "server.key"];

#[test]
fn no_request_holds_text_of_a_denied_file() {
    let count = std::env::var("BYOK_TEST_WORKSPACES").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(200);
    let (mut shown, mut denied) = (0, 0);
    for seed in 1..=count {
        let (some, none) = workspace(seed);
        shown += some;
        denied += none;
    }
    // Otherwise nothing would have been tried.
    assert!(shown > count && denied > count, "{shown} {denied}");
}

/// Makes a workspace, asks for a prompt that wants all its definitions, and returns how many were allowed and shown, and how many denied.
fn workspace(seed: u64) -> (u64, u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut ignores: BTreeMap<String, String> = BTreeMap::new();
    let mut files = Vec::new();
    for number in 0..3 + dice.below(8) {
        let inside = dice.of(&FOLDERS);
        // What is ignored is known here by how it is written, not by reading the rules again.
        let (name, is_denied) = match dice.below(6) {
            0 => (format!("s{number}/{}", dice.of(&SECRETS)), true),
            1 => {
                let name = format!("deny{number}.rs");
                add(&mut ignores, dice.of(&IGNORE_FILES), &name);
                (name, true)
            }
            2 => {
                add(&mut ignores, dice.of(&IGNORE_FILES), "*.gen.rs");
                (format!("f{number}.gen.rs"), true)
            }
            3 => {
                add(
                    &mut ignores,
                    dice.of(&IGNORE_FILES),
                    &format!("closed{number}/"),
                );
                (format!("closed{number}/f.rs"), true)
            }
            _ => (format!("f{number}.rs"), false),
        };
        files.push((number, Path::new(inside).join(name), is_denied));
    }
    let mut text = String::from("fn main() {\n    let x = ");
    let cursor = text.len();
    text.push_str("\n}\n");
    let mut head = String::new();
    for (number, path, _) in &files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(
            path,
            format!("pub const NAME_{number}: usize = 77000{number};\n"),
        )
        .unwrap();
        head.extend(["// NAME_", &number.to_string(), "\n"]);
    }
    for (name, rules) in ignores {
        fs::write(root.join(name), rules).unwrap();
    }
    let index = SymbolIndex::new(Limits::default());
    index.add_folder(root.to_owned());
    for (_, path, _) in &files {
        index.changed(root.join(path).to_str().unwrap());
    }
    assert!(index.wait_until_idle(LONG));
    let bodies = bodies(&index, root, &(head.clone() + &text), head.len() + cursor);
    let (mut shown, mut denied) = (0, 0);
    for (number, path, is_denied) in files {
        let value = format!("77000{number}");
        let is_sent = bodies.iter().any(|body| body.contains(&value));
        assert!(
            !(is_denied && is_sent),
            "{} was sent (workspace {seed})",
            path.display()
        );
        shown += u64::from(is_sent);
        denied += u64::from(is_denied);
    }
    (shown, denied)
}

fn add(ignores: &mut BTreeMap<String, String>, file: &str, rule: &str) {
    let rules = ignores.entry(file.to_owned()).or_default();
    rules.push_str(rule);
    rules.push('\n');
}

/// Returns the body of a request for a place in a text, over a wire that fills holes and over one that talks.
fn bodies(index: &SymbolIndex, root: &Path, text: &str, cursor: usize) -> Vec<String> {
    let text = Rope::from_str(text);
    let language = Language::from_id("rust").unwrap();
    let tree = SyntaxTree::new(language).parsed(&text, LONG).unwrap();
    let path = root.join("open.rs");
    let (window, _) = context::shares(1_600, cursor, text.len_bytes() - cursor);
    let prepared = context::prepare(
        &Inputs {
            path: path.to_str().unwrap(),
            folder: root.to_str().unwrap(),
            text: &text,
            tree: &tree,
            cursor,
            definitions: &index.definitions(),
            admits: &|_| true,
            attention: &byok_lsp::context::Attention::default(),
            sources: &ContextSource::ALL,
            tokens: 4_000,
        },
        None,
    );
    let view = View {
        text: &text,
        cursor,
        language: Some(language),
        file: "open.rs",
        prepared: &prepared,
    };
    let wires = [
        Wire::OpenAiCompletions,
        Wire::OpenAiChat,
        Wire::LlamaCppInfill,
    ];
    let bodies = wires.map(|wire| {
        let prompt = context::assemble(&view, Form::of(wire, "m"), window).prompt;
        let input = match prompt {
            Prompt::Chat(messages) => Input::Chat(messages),
            Prompt::Fill {
                prefix,
                suffix,
                files,
            } => Input::Fill(Fill {
                prefix,
                suffix,
                files,
                place: Place {
                    uri: "file:///open.rs".into(),
                    text: text.clone(),
                    cursor,
                    max_lines: 1,
                },
            }),
        };
        let call = Call {
            base_url: Some("http://127.0.0.1:9/v1".parse().unwrap()),
            key: None,
            model: "m".into(),
            input,
            max_tokens: 16,
            stop: Vec::new(),
            quirks: Quirks::default(),
        };
        byok_lsp::provider::request(wire, call)
            .unwrap()
            .body
            .to_string()
    });
    bodies.into()
}
