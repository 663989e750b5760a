//! No text of a file that must not be shown is in any request, over many random workspaces: 200, or as many as `BYOK_TEST_WORKSPACES` says.
//!
//! A file may be denied by its name, by an ignore file, by a rule about files (its path, its language, a mark on the disk or in the editor alone), or by lying in
//! another folder whose own file says something; and so may what a link leads to. Some are open, edited and looked at. What is asked is ghost text, over three wires, and an action about
//! all open files. What is denied is known here by how the workspace was made, not by reading the rules again.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use byok_lsp::action::{self, Material};
use byok_lsp::completion;
use byok_lsp::config::{Layer, Layers, Quirks, Wire, WorkspaceFile};
use byok_lsp::context::{self, Form, Prompt, View};
use byok_lsp::cost::Ledger;
use byok_lsp::document::{Change, Position};
use byok_lsp::gateway::{Gateway, Interrupt};
use byok_lsp::index::{Limits, SymbolIndex};
use byok_lsp::local;
use byok_lsp::provider::fake::Fake;
use byok_lsp::provider::{Call, Fill, Http, Input, Place, Provider};
use byok_lsp::session::{Session, Snapshot};
use byok_lsp::workspace::standing;
use serde_json::{Value, json};

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
const SECRETS: [&str; 4] = ["id_rsa.ts.key", ".env.ts", "prod.pem", "server.key"];

/// Whom a rule about files may name: nobody, a server on this machine, somebody else; and the one that is asked, whom no file under the rule may be shown
/// beside the document, since that is under no rule.
const NAMED: [&str; 4] = ["", "local", "other", "mock"];

const MARK: &str = "// CONFIDENTIAL: of a customer\n";

/// A file of a workspace.
struct File {
    number: usize,
    path: PathBuf,
    /// Where its path leads, if it is a link.
    leads_to: Option<PathBuf>,
    on_disk: String,
    /// Its text in the editor, if it is open.
    open: Option<String>,
    is_denied: bool,
}

impl File {
    /// What is looked for in requests, and stands nowhere else.
    fn value(&self) -> String {
        format!("77{:04}", self.number)
    }
}

/// A random workspace on the disk.
struct Workspace {
    /// Its two folders are below.
    home: tempfile::TempDir,
    files: Vec<File>,
    /// The rules about files, of the user.
    rules: Vec<Value>,
}

#[test]
fn no_request_holds_text_of_a_denied_file() {
    let count = std::env::var("BYOK_TEST_WORKSPACES").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(200);
    let mut desk = Desk::new();
    let mut tried = Tried::default();
    for seed in 1..=count {
        // A gateway that is asked more often in a short while takes that for a loop.
        if seed % 20 == 0 {
            desk = Desk::new();
        }
        Workspace::new(seed).try_out(&desk, seed, &mut tried);
    }
    // Otherwise nothing would have been tried.
    let Tried {
        denied,
        in_prompts,
        in_actions,
    } = tried;
    assert!(denied > 2 * count && in_prompts > count, "{tried:?}");
    assert!(in_actions > count / 4, "{tried:?}");
}

/// How many files were denied, and how many were shown that may be.
#[derive(Debug, Default, Clone, Copy)]
struct Tried {
    denied: u64,
    in_prompts: u64,
    in_actions: u64,
}

impl Workspace {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let home = tempfile::tempdir().unwrap();
        let mut ignores: BTreeMap<&str, String> = BTreeMap::new();
        let (mut files, mut own, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        // Where the other folder's file says nothing and no rule is about files, its files may be shown.
        let is_apart = dice.below(2) == 0;
        for number in 0..4 + dice.below(8) {
            let inside = dice.of(&FOLDERS);
            let value = format!("export const NAME_{number} = 77{number:04};\n");
            let mut rule = |dice: &mut Dice, condition: &str, of: &str| {
                let named = Some(dice.of(&NAMED)).filter(|name| !name.is_empty());
                let rules = if dice.below(2) == 0 {
                    &mut own
                } else {
                    &mut theirs
                };
                rules.push(json!({condition: [of], "providers": named.as_slice()}));
            };
            let (mut folder, mut leads_to) = ("w", None);
            let (mut on_disk, mut in_editor) = (value.clone(), value.clone());
            let (name, is_denied) = match dice.below(if cfg!(unix) { 15 } else { 13 }) {
                0 => (format!("s{number}/{}", dice.of(&SECRETS)), true),
                1 | 2 => {
                    let name = format!("deny{number}.ts");
                    add(&mut ignores, dice.of(&IGNORE_FILES), &name);
                    (name, true)
                }
                3 => {
                    add(&mut ignores, dice.of(&IGNORE_FILES), "*.gen.ts");
                    (format!("f{number}.gen.ts"), true)
                }
                4 => {
                    let rule = format!("closed{number}/");
                    add(&mut ignores, dice.of(&IGNORE_FILES), &rule);
                    (format!("closed{number}/f.ts"), true)
                }
                5 => {
                    rule(&mut dice, "match", &format!("ruled{number}/"));
                    (format!("ruled{number}/f.ts"), true)
                }
                6 => {
                    rule(&mut dice, "languages", "javascript");
                    (format!("f{number}.js"), true)
                }
                7 => {
                    rule(&mut dice, "markers", "CONFIDENTIAL");
                    (on_disk, in_editor) = (format!("{MARK}{value}"), format!("{MARK}{value}"));
                    (format!("marked{number}.ts"), true)
                }
                8 => {
                    // In the editor the mark is there already, on the disk not yet.
                    rule(&mut dice, "markers", "CONFIDENTIAL");
                    in_editor = format!("{MARK}{value}");
                    (format!("open{number}.ts"), true)
                }
                13 => {
                    let rule = format!("closed{number}/");
                    add(&mut ignores, dice.of(&IGNORE_FILES), &rule);
                    leads_to = Some(format!("w/closed{number}/f.ts"));
                    (format!("link{number}.ts"), true)
                }
                14 => {
                    rule(&mut dice, "match", &format!("/ruled{number}/"));
                    leads_to = Some(format!("w/ruled{number}/f.ts"));
                    (format!("link{number}.ts"), true)
                }
                9 => {
                    folder = "other";
                    (format!("f{number}.ts"), is_apart)
                }
                _ => (format!("f{number}.ts"), false),
            };
            // On the disk, a link is never read.
            let is_open = name.starts_with("open") || leads_to.is_some() || dice.below(3) == 0;
            files.push(File {
                number,
                path: home.path().join(folder).join(inside).join(name),
                leads_to: leads_to.map(|place| home.path().join(place)),
                on_disk,
                open: is_open.then_some(in_editor),
                is_denied,
            });
        }
        // A file of another folder is judged by rules that are not known here, so with any rules it is denied.
        let are_ruled = is_apart || !own.is_empty() || !theirs.is_empty();
        let other = home.path().join("other");
        for file in files
            .iter_mut()
            .filter(|file| file.path.starts_with(&other))
        {
            file.is_denied |= are_ruled;
        }
        let workspace = Self {
            home,
            files,
            rules: own,
        };
        workspace.write(&ignores, &theirs, is_apart);
        workspace
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, ignores: &BTreeMap<&str, String>, rules: &[Value], is_apart: bool) {
        for folder in ["w", "other"] {
            fs::create_dir_all(self.folder(folder)).unwrap();
        }
        for file in &self.files {
            fs::create_dir_all(file.path.parent().unwrap()).unwrap();
            if let Some(place) = &file.leads_to {
                fs::create_dir_all(place.parent().unwrap()).unwrap();
                fs::write(place, &file.on_disk).unwrap();
                #[cfg(unix)]
                std::os::unix::fs::symlink(place, &file.path).unwrap();
            } else {
                fs::write(&file.path, &file.on_disk).unwrap();
            }
        }
        for (name, rules) in ignores {
            fs::write(self.folder("w").join(name), rules).unwrap();
        }
        if !rules.is_empty() {
            let paths: toml::Value =
                serde_json::from_value(json!({"policy": {"paths": rules}})).unwrap();
            fs::write(
                self.folder("w/.byok.toml"),
                toml::to_string(&paths).unwrap(),
            )
            .unwrap();
        }
        if is_apart {
            let own = "[policy]\ndeny_providers = [\"elsewhere\"]\n";
            fs::write(self.folder("other/.byok.toml"), own).unwrap();
        }
    }

    /// Opens it in a session, asks for all that it defines, and looks at what is sent.
    fn try_out(&self, desk: &Desk, seed: u64, tried: &mut Tried) {
        let mut session = self.session();
        let index = SymbolIndex::new(Limits::default());
        index.look_for(session.markers());
        for folder in ["w", "other"] {
            index.add_folder(self.folder(folder));
        }
        for file in &self.files {
            index.changed(file.path.to_str().unwrap());
        }
        assert!(index.wait_until_idle(LONG));
        for file in &self.files {
            if let Some(text) = &file.open {
                self.open(&mut session, &index, &file.path, text);
                // An edit of it is of interest to others, and so is where the cursor was.
                let uri = uri(&file.path);
                let line = u32::try_from(text.lines().count()).unwrap();
                let at = Position { line, character: 0 };
                let edit = Change {
                    range: Some((at, at)),
                    text: format!("use({});\n", file.value()),
                };
                session.change(&uri, &[edit]);
                let snapshot = session.snapshot(&uri).unwrap();
                session.note_viewed(&snapshot, 0);
            }
        }
        let main = self.folder("w/main.ts");
        let names = self
            .files
            .iter()
            .map(|file| format!("// NAME_{}\n", file.number));
        let text = names.collect::<String>() + "function main() {\n    let x = \n}\n";
        self.open(&mut session, &index, &main, &text);
        assert!(index.wait_until_idle(LONG));
        let snapshot = session.snapshot(&uri(&main)).unwrap();
        let cursor = text.find("\n}").unwrap();
        let prompts = prompts(&session, &index, &snapshot, cursor);
        let action = desk.action(&session, &snapshot, cursor);
        for file in &self.files {
            let value = file.value();
            let is_prompted = prompts.iter().any(|body| body.contains(&value));
            let is_acted_on = action.contains(&value);
            assert!(
                !(file.is_denied && (is_prompted || is_acted_on)),
                "{} was sent (workspace {seed}, prompts {is_prompted}, action {is_acted_on})",
                file.path.display()
            );
            tried.denied += u64::from(file.is_denied);
            tried.in_prompts += u64::from(is_prompted);
            tried.in_actions += u64::from(is_acted_on);
        }
    }

    fn session(&self) -> Session {
        let provider = |host: &str| json!({"wire": "openai-chat", "base_url": format!("https://{host}.example/v1"), "key": "none"});
        let mut layers = Layers::default();
        let own = json!({
            "completion": {"model": "mock/m"},
            "context": {"max_tokens": 6_000},
            "providers": {"mock": provider("mock"), "other": provider("other"), "elsewhere": provider("elsewhere")},
            "policy": {"paths": self.rules},
        });
        layers
            .set_json(Layer::UserFile, "config.toml", own)
            .expect("a good file");
        let mut session = Session::new(layers);
        for folder in ["w", "other"] {
            let folder = self.folder(folder);
            session.add_folder(folder.clone());
            session.set_workspace_file(&folder, WorkspaceFile::read(&folder));
        }
        session
    }

    /// Does what the server does when a document is opened.
    fn open(&self, session: &mut Session, index: &SymbolIndex, path: &Path, text: &str) {
        let uri = uri(path);
        let root = ["w", "other"].map(|folder| self.folder(folder));
        let root = root.iter().find(|root| path.starts_with(root)).unwrap();
        session.open(&uri, "", text);
        session.confine(&uri, standing(path, Some(root)));
        if session.claim_parse(&uri)
            && let Some(job) = session.begin_parse(&uri)
        {
            let _ = session.end_parse(&job, job.run());
        }
        let snapshot = session.snapshot(&uri).unwrap();
        // Those that are context of no other are not handed over.
        if let Some(tree) = snapshot.tree.clone()
            && snapshot.is_context_of_others()
        {
            index.update(&snapshot.path(), tree, snapshot.text.clone());
        }
    }
}

fn add<'a>(ignores: &mut BTreeMap<&'a str, String>, file: &'a str, rule: &str) {
    let rules = ignores.entry(file).or_default();
    rules.push_str(rule);
    rules.push('\n');
}

fn uri(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().to_string()
}

/// Returns the bodies of requests for ghost text, over wires that fill holes and over one that talks.
fn prompts(
    session: &Session,
    index: &SymbolIndex,
    snapshot: &Snapshot,
    cursor: usize,
) -> Vec<String> {
    let company = session.company(snapshot);
    let attention = session.attention(snapshot, cursor, &company);
    let definitions = index.definitions();
    completion::get_ready(snapshot, cursor, &definitions, &attention, &company);
    let prepared = snapshot.desk.prepared();
    assert_eq!(prepared.era, snapshot.era, "it would not be shown");
    let view = View {
        text: &snapshot.text,
        cursor,
        language: snapshot.language,
        file: "main.ts",
        prepared: &prepared,
    };
    let wires = [
        Wire::OpenAiCompletions,
        Wire::OpenAiChat,
        Wire::LlamaCppInfill,
    ];
    let bodies = wires.map(|wire| {
        let behind = snapshot.text.len_bytes() - cursor;
        let (window, _) = context::shares(1_600, cursor, behind);
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
                    uri: snapshot.uri.clone(),
                    text: snapshot.text.clone(),
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
        body(wire, call)
    });
    bodies.into()
}

fn body(wire: Wire, call: Call) -> String {
    let request = byok_lsp::provider::request(wire, call).unwrap();
    request.body.to_string()
}

/// A gateway to a model whose calls are looked at.
struct Desk {
    runtime: tokio::runtime::Runtime,
    fake: Fake,
    gateway: Gateway,
}

impl Desk {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let fake = Fake::default();
        let substitute = Arc::new(fake.clone()) as Arc<dyn Provider>;
        let entered = runtime.enter();
        let gateway = Gateway::with_substitutes(
            Http::new(&Arc::default()),
            local::Engine::new(local::Limits::default()),
            Ledger::in_memory(),
            Arc::new(|_| ()),
            HashMap::from([("mock".to_owned(), substitute)]),
        );
        drop(entered);
        Self {
            runtime,
            fake,
            gateway,
        }
    }

    /// Returns the body of the request of an action about all open files.
    fn action(&self, session: &Session, snapshot: &Snapshot, cursor: usize) -> String {
        let change = action::find(&snapshot.settings, "change").unwrap();
        let files = Material::Files(action::open_files(session, snapshot));
        let mut job = action::Job {
            snapshot,
            action: &change,
            target: action::target(snapshot, &change, &(cursor..cursor), &[]).unwrap(),
            diagnostics: &[],
            instruction: Some("whatever"),
            material: &files,
            check: None,
            decision: action::decide(&self.gateway, snapshot, &change),
            interrupt: Interrupt::default(),
        };
        let mut watch = |_: action::Progress<'_>| ();
        let asked = async {
            tokio::select! {
                done = action::run(&self.gateway, &mut job, &mut watch) => panic!("nobody was asked: {:?}", done.err()),
                running = self.fake.next() => running,
            }
        };
        let running = self.runtime.block_on(asked);
        let Input::Chat(_) = &running.call.input else {
            unreachable!("actions hold conversations")
        };
        let mut call = running.call.clone();
        call.base_url = Some("http://127.0.0.1:9/v1".parse().unwrap());
        body(Wire::OpenAiChat, call)
    }
}
