//! Answers about several files, of two thousand kinds, over real files: exactly the intended change, or none.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::config::{Layer, Layers, WorkspaceFile};
use crate::cost::Ledger;
use crate::gateway::{Gateway, Interrupt};
use crate::local;
use crate::provider::fake::Fake;
use crate::provider::{Event, Finish, Http, Provider};
use crate::session::{Session, Snapshot};
use crate::thorough;

const A: &str = "mod m {\n    fn sum(a: i32, b: i32) -> i32 {\n        a - b\n    }\n}\n";
const A_WANTED: &str = "mod m {\n    fn sum(a: i32, b: i32) -> i32 {\n        a + b\n    }\n}\n";
const B: &str = "fn twice(a: i32) -> i32 {\r\n    a * 3\r\n}\r\n";
const B_WANTED: &str = "fn twice(a: i32) -> i32 {\r\n    a * 2\r\n}\r\n";
const C_WANTED: &str = "fn new() {}\n";

/// Every file below a folder and its bytes.
fn world(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.is_file() {
                files.insert(
                    path.to_str().unwrap().to_owned(),
                    std::fs::read(&path).unwrap(),
                );
            }
        }
    }
    files
}

/// A home with a key, another workspace, and ours, in which two files are open.
struct Desk {
    home: tempfile::TempDir,
    fake: Fake,
    gateway: Gateway,
    files: Vec<OtherFile>,
}

impl Desk {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(".ssh/authorized_keys", "mine\n");
        put("other/src/a.rs", A);
        put("w/src/a.rs", A);
        put("w/src/b.rs", B);
        put("w/src/there.rs", "// here\n");
        put("w/.gitignore", "target/\n*.key\n");
        put("w/secret.key", "s3cret\n");
        std::os::unix::fs::symlink(home.path().join("other"), home.path().join("w/link")).unwrap();
        let mut layers = Layers::default();
        let config = serde_json::json!({
            "actions": {"model": "mock/m"},
            "providers": {"mock": {"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": "none"}},
        });
        layers.set_json(Layer::Editor, "test", config).unwrap();
        let mut session = Session::new(layers);
        let folder = home.path().join("w");
        session.add_folder(folder.clone());
        session.set_workspace_file(&folder, WorkspaceFile::read(&folder));
        let mut open = |path: &str, text: &str| {
            let uri = url::Url::from_file_path(home.path().join("w").join(path)).unwrap();
            session.open(uri.as_str(), "rust", text);
            session.claim_parse(uri.as_str());
            let job = session.begin_parse(uri.as_str()).unwrap();
            let _ = session.end_parse(&job, job.run());
            OtherFile {
                path: path.to_owned(),
                uri: uri.to_string(),
                text: session.snapshot(uri.as_str()),
            }
        };
        let files = vec![open("src/a.rs", A), open("src/b.rs", B)];
        let fake = Fake::default();
        let substitute = Arc::new(fake.clone()) as Arc<dyn Provider>;
        let gateway = Gateway::with_substitutes(
            Http::new(&Arc::default()),
            local::Engine::new(local::Limits::default()),
            Ledger::in_memory(),
            Arc::new(|_| ()),
            HashMap::from([("mock".to_owned(), substitute)]),
        );
        Self {
            home,
            fake,
            gateway,
            files,
        }
    }

    fn snapshot(&self) -> &Snapshot {
        self.files[0].text.as_ref().unwrap()
    }

    /// Runs an action whose model gives this answer twice; returns what is to become of files.
    async fn run(
        &self,
        id: &str,
        material: &Material,
        answer: &str,
    ) -> Result<Vec<FileChange>, Failure> {
        let snapshot = self.snapshot();
        let action = find(&snapshot.settings, id).unwrap();
        let at = A.find("a - b").unwrap();
        let mut job = Job {
            snapshot,
            action: &action,
            target: target(snapshot, &action, &(at..at), &[]).unwrap(),
            diagnostics: &[],
            instruction: Some("mend it"),
            material,
            check: None,
            decision: decide(&self.gateway, snapshot, &action),
            interrupt: Interrupt::default(),
        };
        let mut watch = |_: Progress<'_>| ();
        let model = async {
            for _ in 0..2 {
                let running = self.fake.next().await;
                running.text(answer);
                running.event(Event::Finish(Finish::Stop));
            }
            std::future::pending::<()>().await;
        };
        let done = tokio::select! {
            done = super::run(&self.gateway, &mut job, &mut watch) => done?,
            () = model => unreachable!("it never ends"),
        };
        match done {
            Done::Changes(changes) => Ok(changes),
            other => panic!("{other:?}"),
        }
    }
}

/// Makes changes as an obedient editor does, on the disk.
fn make(changes: &[FileChange]) {
    for change in changes {
        let path = url::Url::parse(&change.uri)
            .unwrap()
            .to_file_path()
            .unwrap();
        match &change.what {
            What::Create(text) => {
                assert!(!path.exists(), "{} is there", path.display());
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            What::Edit(base, edits) => {
                assert_eq!(
                    std::fs::read(&path).unwrap(),
                    base.text.to_string().into_bytes()
                );
                std::fs::write(path, applied(&base.text, edits).to_string()).unwrap();
            }
        }
    }
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Makes an answer to `change`, and says whether it must be taken; what need not be may be refused.
#[allow(
    clippy::too_many_lines,
    reason = "one arm for each way in which an answer may be wrong"
)]
fn answer(random: &mut Random) -> (String, bool) {
    let block = |random: &mut Random, old: &str, new: &str| {
        let indent = random.of(&["        ", "", "\t", "  "]);
        let block =
            format!("<<<<<<< SEARCH\n{indent}{old}\n=======\n{indent}{new}\n>>>>>>> REPLACE\n");
        match random.below(4) {
            0 => format!("```rust\n{block}```\n"),
            1 => block.repeat(2),
            _ => block,
        }
    };
    let head = |random: &mut Random, word: &str, path: &str| {
        let mark = random.of(&["", "### ", "**"]);
        let quote = random.of(&["", "`"]);
        let end = if mark == "**" { "**" } else { "" };
        format!("{mark}{word}: {quote}{path}{quote}{end}\n")
    };
    let fence = random.of(&["```", "````", "~~~"]);
    let a = head(random, "File", "src/a.rs") + &block(random, "a - b", "a + b");
    let b = head(random, "File", "src/b.rs") + &block(random, "a * 3", "a * 2");
    let c = format!(
        "{}{fence}rust\n{C_WANTED}{fence}\n",
        head(random, "New file", "src/new.rs")
    );
    let mut is_good = true;
    let mut parts = vec![a, b, c];
    match random.below(14) {
        0 => {
            let path = random.of(&[
                "~/.ssh/authorized_keys",
                "../.ssh/authorized_keys",
                "/etc/cron.d/x",
                ".git/hooks/pre-commit",
                "../other/src/evil.rs",
                "link/src/evil.rs",
                "target/evil.rs",
                "evil.key",
                "src/there.rs",
                "src/a.rs",
                ".vscode/tasks.json",
                "src/../../evil.rs",
                "C:\\evil.rs",
                "src/evil.rs/",
                "..",
                "",
            ]);
            parts.push(format!("New file: {path}\n```\nssh-rsa AAAA\n```\n"));
            is_good = false;
        }
        1 => {
            let path = random.of(&[
                "~/.ssh/authorized_keys",
                "../other/src/a.rs",
                "/etc/passwd",
                "link/src/a.rs",
                "src/there.rs",
                "secret.key",
                "SRC/A.RS",
            ]);
            parts.push(format!("File: {path}\n{}", block(random, "mine", "theirs")));
            is_good = false;
        }
        // Cut off in the middle.
        2 => {
            let whole = parts.concat();
            let mut at = whole.len() / 4 + random.below(whole.len() / 2);
            while !whole.is_char_boundary(at) {
                at -= 1;
            }
            parts = vec![whole[..at].to_owned()];
            is_good = false;
        }
        3 => {
            parts[0] = parts[0].replace("a - b", "a / b");
            is_good = false;
        }
        4 => {
            parts[2] = parts[2].replace("{}", "{");
            is_good = false;
        }
        5 => {
            parts[1] = parts[1].replace("File: ", "").replace("src/b.rs", "");
            is_good = false;
        }
        6 => {
            parts.push("New file: src/new.rs\n```\nfn evil() {}\n```\n".into());
            is_good = false;
        }
        7 => {
            parts[0] += &block(random, "a - b", "evil()");
            is_good = false;
        }
        8 => parts.swap(0, 1),
        9 => parts = parts.into_iter().rev().collect(),
        _ => {}
    }
    let mut answer = parts.join("\n");
    if random.below(3) == 0 {
        let before = random.of(&[
            "Sure!",
            "I changed two files and added one.\n",
            "Note: `a - b` was wrong.",
        ]);
        answer = format!("{before}\n{answer}\nI hope this helps.");
    }
    if random.below(4) == 0 {
        answer = answer.replace('\n', "\r\n");
    }
    (answer, is_good)
}

#[tokio::test]
async fn answers_about_several_files_damage_none() {
    let mut random = Random(0x00F1_1E55);
    let (mut taken, mut refused, mut partly) = (0, 0, 0);
    let desk = Desk::new();
    let material = Material::Files(desk.files.clone());
    let root = desk.home.path();
    let before = world(root);
    let mut wanted = before.clone();
    let name = |path: &str| root.join("w").join(path).to_str().unwrap().to_owned();
    wanted.insert(name("src/a.rs"), A_WANTED.into());
    wanted.insert(name("src/b.rs"), B_WANTED.into());
    // A new file is in the line breaks of the document that was asked about.
    wanted.insert(name("src/new.rs"), C_WANTED.into());
    let answers = thorough::part(2000);
    for number in 0..answers {
        let (answer, is_good) = answer(&mut random);
        match desk.run("change", &material, &answer).await {
            Ok(changes) => {
                make(&changes);
                let now = world(root);
                // A cut answer may be whole as far as it goes; then each file is as it was or as it was to be.
                for (path, bytes) in &now {
                    let known = [before.get(path), wanted.get(path)];
                    assert!(
                        known.contains(&Some(bytes)),
                        "answer {number}: {path}\n{answer}"
                    );
                }
                if is_good {
                    assert_eq!(now, wanted, "answer {number}:\n{answer}");
                }
                if now == wanted {
                    taken += 1;
                } else {
                    partly += 1;
                }
                std::fs::write(name("src/a.rs"), A).unwrap();
                std::fs::write(name("src/b.rs"), B).unwrap();
                let _ = std::fs::remove_file(name("src/new.rs"));
            }
            Err(failure) => {
                assert!(!is_good, "answer {number}: {failure}\n{answer}");
                let told = failure.to_string();
                assert!(
                    told.starts_with("nothing was changed: the answer of mock/m "),
                    "{told}"
                );
                refused += 1;
            }
        }
        // An answer that is refused leaves nothing to make; that the disk was left alone is looked at now and then.
        if number % 50 == 0 {
            assert_eq!(world(root), before, "answer {number}");
        }
    }
    assert_eq!(world(root), before);
    assert!(
        taken > answers * 2 / 5 && refused > answers / 4,
        "{taken} taken, {partly} in part, {refused} refused"
    );
}

#[tokio::test]
async fn answers_for_a_new_file_create_it_or_nothing() {
    let mut random = Random(0x00F1_1E56);
    let desk = Desk::new();
    let root = desk.home.path();
    let before = world(root);
    let path = root.join("w/src/a_test.rs");
    let file = OtherFile {
        path: "src/a_test.rs".into(),
        uri: url::Url::from_file_path(&path).unwrap().into(),
        text: None,
    };
    let material = Material::File(Box::new(file));
    let text = "#[test]\nfn it_adds() {\n    assert_eq!(sum(1, 2), 3);\n}\n";
    let (mut taken, mut refused) = (0, 0);
    let answers = thorough::part(500);
    for number in 0..answers {
        let fence = random.of(&["```", "````", "~~~"]);
        let info = random.of(&["", "rust", "rust src/a_test.rs"]);
        let block = format!("{fence}{info}\n{text}{fence}\n");
        let (mut answer, is_good) = match random.below(8) {
            0 => (
                block[..block.len() / 3 + random.below(block.len() / 2)].to_owned(),
                false,
            ),
            1 => (
                format!("{fence}rust ~/.ssh/authorized_keys\n{text}{fence}\n"),
                false,
            ),
            2 => (
                format!("{block}\n{}", block.replace("it_adds", "evil")),
                false,
            ),
            3 => (block.repeat(2), true),
            4 => (
                block.replace("assert_eq!(sum(1, 2), 3);", "// ... existing code ..."),
                false,
            ),
            5 => (block.replace("fn it_adds() {", "fn it_adds( {"), false),
            6 => (format!("Sure:\n\n{block}\nEnjoy."), true),
            _ => (block, true),
        };
        if random.below(3) == 0 {
            answer = answer.replace('\n', "\r\n");
        }
        match desk.run("tests", &material, &answer).await {
            Ok(changes) => {
                make(&changes);
                assert_eq!(
                    std::fs::read_to_string(&path).unwrap(),
                    text,
                    "answer {number}:\n{answer}"
                );
                std::fs::remove_file(&path).unwrap();
                taken += 1;
            }
            Err(failure) => {
                assert!(!is_good, "answer {number}: {failure}\n{answer}");
                refused += 1;
            }
        }
        assert_eq!(world(root), before, "answer {number}");
    }
    assert!(
        taken > answers / 4 && refused > answers / 5,
        "{taken} taken, {refused} refused"
    );
}
