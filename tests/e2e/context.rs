//! What a model is shown of other files, and what it must never be shown.

use std::fs;
use std::path::Path;

use byok_lsp::provider::fake::Fake;
use serde_json::{Value, json};

use crate::client::{Builder, Client, mock_config, used, wait};
use crate::git::git;
use crate::provider::{Scripted, Seen, Step, event, events, stream_end, stream_head};

/// How often is asked until the workspace was read; each time costs a millisecond, and it takes a handful.
const TRIES: usize = 2_000;

fn uri(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().to_string()
}

/// A workspace whose files define and use each other's names.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        (
            "shapes.rs",
            "pub const WIDTH: usize = 4;\npub struct Shape {\n    pub sides: usize,\n}\n",
        ),
        ("private.rs", "pub const TOKEN: usize = 12345;\n"),
        (".aiignore", "private.rs\n"),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const TEXT: &str = "use crate::private::TOKEN;\nuse crate::shapes::{Shape, WIDTH};\n\nfn area() -> usize {\n    let size = ˇ\n}\n";

fn open(client: &mut Client, folder: &Path, name: &str) -> (String, Value) {
    let added = json!([{"uri": uri(folder), "name": "w"}]);
    let event = json!({"event": {"added": added, "removed": []}});
    client.notify("workspace/didChangeWorkspaceFolders", event);
    let uri = uri(&folder.join(name));
    let at = client.open_as(&uri, "rust", TEXT);
    (uri, at)
}

fn explained(client: &mut Client, params: Value) -> Value {
    let id = client.request("byok/explainContext", params);
    client.answer(id)["result"].clone()
}

/// Puts the pieces of a field together.
fn field(explained: &Value, field: &str) -> String {
    let parts = explained["parts"].as_array().unwrap();
    let mine = parts.iter().filter(|part| part["field"] == field);
    mine.map(|part| part["text"].as_str().unwrap()).collect()
}

/// Asks until a prompt shows what another file defines; returns the request's body and what is said of it.
fn asked(client: &mut Client, provider: &Scripted, uri: &str, at: &Value) -> (Value, Value) {
    for version in 2..TRIES {
        // Where what is known was enough, nobody was asked.
        let Some(body) = ask_anew(client, provider, (uri, at, TEXT), version) else {
            continue;
        };
        if body.contains("pub const WIDTH: usize = 4;") {
            let explained = explained(client, json!({}));
            // Before the document is parsed, it is shown only because it lies beside it.
            let parts = explained["parts"].as_array().unwrap();
            if parts.iter().any(|part| part["rule"] == "import") {
                return (serde_json::from_str(&body).unwrap(), explained);
            }
        }
    }
    panic!("no prompt shows what the workspace defines");
}

/// Asks at a place of a text; returns the body of the request that was made of it, if one was.
fn ask_anew(
    client: &mut Client,
    provider: &Scripted,
    (uri, at, text): (&str, &Value, &str),
    version: usize,
) -> Option<String> {
    // The whole text anew, since what was suggested for the old one is known, and nobody would be asked.
    let whole = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text.replace('ˇ', "")}]});
    client.notify("textDocument/didChange", whole);
    let wish = json!({"textDocument": {"uri": uri}, "position": at, "context": {"triggerKind": 1}});
    let id = client.request("textDocument/inlineCompletion", wish);
    client.texts(id);
    bodies(provider).pop()
}

/// The bodies of the requests that have come since they were last looked at.
fn bodies(provider: &Scripted) -> Vec<String> {
    let seen = provider.seen.try_iter();
    seen.filter_map(|seen| match seen {
        Seen::Request { body, .. } => Some(body),
        _ => None,
    })
    .collect()
}

fn fill() -> Scripted {
    Scripted::answer(|_| {
        vec![
            stream_head(),
            event(r#"{"choices":[{"text":"1;","finish_reason":"stop"}]}"#),
            event("[DONE]"),
            stream_end(),
        ]
    })
}

#[test]
fn a_prompt_shows_what_other_files_define_and_says_why_to_the_byte() {
    let (folder, provider) = (workspace(), fill());
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .start();
    let (uri, at) = open(&mut client, folder.path(), "main.rs");
    let (body, explained) = asked(&mut client, &provider, &uri, &at);
    assert_eq!(body["prompt"], field(&explained, "prefix"));
    assert_eq!(body["suffix"], field(&explained, "suffix"));
    let parts = explained["parts"].as_array().unwrap();
    let width = parts
        .iter()
        .find(|part| part["text"].as_str().unwrap().contains("WIDTH: usize"))
        .unwrap();
    assert_eq!(
        (&width["file"], &width["lines"], &width["rule"]),
        (&json!("shapes.rs"), &json!([1, 1]), &json!("import"))
    );
    assert!(width["share"].as_u64().unwrap() > 0 && width["tokens"].as_u64().unwrap() > 0);
    let usage = client.wait_for("usage", |message| {
        message["params"]["id"] == explained["id"]
    });
    assert_eq!(usage["params"]["feature"], "completion");
    client.finish();
}

#[test]
fn a_folder_whose_own_file_says_something_is_shown_in_no_other_folders_prompts() {
    const BEYOND: &str = "pub const BEYOND: usize = 7;";
    let text = "use crate::shapes::{Shape, WIDTH};\nuse far::BEYOND;\n\nfn area() -> usize {\n    let size = BEYOND * ˇ\n}\n";
    let (folder, other, provider) = (workspace(), tempfile::tempdir().unwrap(), fill());
    fs::write(other.path().join("far.rs"), format!("{BEYOND}\n")).unwrap();
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .start();
    let added = json!([{"uri": uri(other.path()), "name": "other"}]);
    let event = json!({"event": {"added": added, "removed": []}});
    client.notify("workspace/didChangeWorkspaceFolders", event);
    let (uri_of_main, _) = open(&mut client, folder.path(), "main.rs");
    let at = json!({"line": 4, "character": 24});
    let mut versions = 2..TRIES;
    let mut until = |client: &mut Client, fits: &dyn Fn(&str) -> bool| {
        let place = (uri_of_main.as_str(), &at, text);
        let mut bodies =
            (&mut versions).filter_map(|version| ask_anew(client, &provider, place, version));
        assert!(bodies.any(|body| fits(&body)), "no prompt is as it should");
    };
    until(&mut client, &|body| body.contains(BEYOND));
    let own = other.path().join(".byok.toml");
    fs::write(&own, "[policy]\nproviders = []\n").unwrap();
    let changes = json!({"changes": [{"uri": uri(&own), "type": 1}]});
    client.notify("workspace/didChangeWatchedFiles", changes);
    let is_apart =
        |body: &str| body.contains("pub const WIDTH: usize = 4;") && !body.contains(BEYOND);
    until(&mut client, &is_apart);
    for _ in 0..5 {
        until(&mut client, &|body| {
            assert!(!body.contains(BEYOND), "{body}");
            true
        });
    }
    client.finish();
}

#[test]
fn a_project_with_a_model_of_its_own_is_read_when_its_first_document_is_opened() {
    let (folder, other, provider) = (workspace(), tempfile::tempdir().unwrap(), fill());
    let project = json!({"folder": folder.path(), "completion": "mock/m"});
    let mut config = mock_config(&provider.address, "openai-completions");
    config["completion"]["model"] = "local".into();
    let mut client = Builder::default()
        .config(config)
        .own("projects", json!([project]))
        .workspace(other.path())
        .workspace(folder.path())
        .start();
    client.open_as(&uri(&other.path().join("a.rs")), "rust", "ˇ\n");
    let uri = uri(&folder.path().join("main.rs"));
    let at = client.open_as(&uri, "rust", TEXT);
    asked(&mut client, &provider, &uri, &at);
    client.finish();
}

/// Asks in an open document with a text again and again until a prompt fits.
fn until(
    client: &mut Client,
    provider: &Scripted,
    place: (&str, &Value, &str),
    versions: &mut std::ops::Range<usize>,
    fits: &dyn Fn(&str) -> bool,
) {
    let mut bodies = versions.filter_map(|version| ask_anew(client, provider, place, version));
    assert!(bodies.any(|body| fits(&body)), "no prompt is as it should");
}

/// Tells the server that a file on the disk has changed.
fn changed(client: &mut Client, path: &Path) {
    let changes = json!({"changes": [{"uri": uri(path), "type": 2}]});
    client.notify("workspace/didChangeWatchedFiles", changes);
}

const HIDDEN: &str = "pub const HIDDEN: usize = 4711;";
const USES_HIDDEN: &str = "use crate::hidden::HIDDEN;\nuse crate::shapes::{Shape, WIDTH};\n\nfn area() -> usize {\n    let size = HIDDEN * ˇ\n}\n";

#[test]
fn a_file_that_is_marked_is_shown_beside_none_that_is_not_from_when_it_is_until_it_is_no_more() {
    let (folder, provider) = (workspace(), fill());
    let file = folder.path().join("hidden.rs");
    fs::write(&file, format!("// CONFIDENTIAL\n{HIDDEN}\n")).unwrap();
    let rule = json!({"markers": ["CONFIDENTIAL"], "providers": []});
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .own("policy", json!({"paths": [rule]}))
        .start();
    let (uri_of_main, _) = open(&mut client, folder.path(), "main.rs");
    let place = (
        uri_of_main.as_str(),
        &json!({"line": 4, "character": 24}),
        USES_HIDDEN,
    );
    let mut versions = 2..TRIES;
    let mut until = |client: &mut Client, fits: &dyn Fn(&str) -> bool| {
        until(client, &provider, place, &mut versions, fits);
    };
    let is_hidden =
        |body: &str| body.contains("pub const WIDTH: usize = 4;") && !body.contains("4711");
    until(&mut client, &|body| {
        assert!(!body.contains("4711"), "{body}");
        is_hidden(body)
    });
    // On the disk the mark goes, in the editor it comes again.
    fs::write(&file, format!("{HIDDEN}\n")).unwrap();
    changed(&mut client, &file);
    until(&mut client, &|body| body.contains(HIDDEN));
    client.open_as(&uri(&file), "rust", &format!("{HIDDEN}\n"));
    let mark = json!({"textDocument": {"uri": uri(&file), "version": 2}, "contentChanges": [
        {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "// CONFIDENTIAL\n"},
    ]});
    client.notify("textDocument/didChange", mark);
    for _ in 0..5 {
        until(&mut client, &|body| {
            assert!(!body.contains("4711"), "{body}");
            true
        });
    }
    until(&mut client, &is_hidden);
    // And its own text goes to nobody.
    let id = client.ask_in(&uri(&file), &json!({"line": 1, "character": 5}));
    client.texts(id);
    assert_eq!(bodies(&provider), Vec::<String>::new());
    client.finish();
}

#[test]
fn an_open_document_that_git_ignores_is_completed_and_is_context_of_no_other() {
    let (folder, provider) = (workspace(), fill());
    let (file, ignore) = (
        folder.path().join("hidden.rs"),
        folder.path().join(".gitignore"),
    );
    fs::write(&file, format!("{HIDDEN}\n")).unwrap();
    fs::write(&ignore, "hidden.rs\n").unwrap();
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .workspace(folder.path())
        .start();
    let at = client.open_as(
        &uri(&file),
        "rust",
        &format!("{HIDDEN}\nconst ONE: usize = ˇ\n"),
    );
    let id = client.ask_in(&uri(&file), &at);
    client.texts(id);
    let own = bodies(&provider);
    assert!(own.len() == 1 && own[0].contains(HIDDEN), "{own:?}");
    let edit = json!({"textDocument": {"uri": uri(&file), "version": 2}, "contentChanges": [
        {"range": {"start": at, "end": at}, "text": "4711;"},
    ]});
    client.notify("textDocument/didChange", edit);
    let (uri_of_main, _) = open(&mut client, folder.path(), "main.rs");
    let place = (
        uri_of_main.as_str(),
        &json!({"line": 4, "character": 24}),
        USES_HIDDEN,
    );
    let mut versions = 2..TRIES;
    let mut until = |client: &mut Client, fits: &dyn Fn(&str) -> bool| {
        until(client, &provider, place, &mut versions, fits);
    };
    for _ in 0..5 {
        until(&mut client, &|body| {
            assert!(!body.contains("4711"), "{body}");
            body.contains("pub const WIDTH: usize = 4;")
        });
    }
    // The rule goes, and comes again.
    fs::write(&ignore, "").unwrap();
    changed(&mut client, &ignore);
    until(&mut client, &|body| body.contains(HIDDEN));
    fs::write(&ignore, "*en.rs\n").unwrap();
    changed(&mut client, &ignore);
    for _ in 0..5 {
        until(&mut client, &|body| {
            assert!(!body.contains("4711"), "{body}");
            true
        });
    }
    client.finish();
}

#[test]
fn a_workspaces_rule_about_a_language_keeps_its_files_from_servers_elsewhere() {
    let (folder, provider) = (workspace(), fill());
    let rule = "[[policy.paths]]\nlanguages = [\"python\"]\nproviders = []\n";
    fs::write(folder.path().join(".byok.toml"), rule).unwrap();
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .workspace(folder.path())
        .start();
    for (name, language, is_sent) in [
        ("a.py", "python", false),
        // Whatever the editor calls it.
        ("b.py", "plaintext", false),
        ("script", "python", false),
        ("c.rs", "rust", true),
    ] {
        let uri = uri(&folder.path().join(name));
        let at = client.open_as(&uri, language, "size = ˇ\n");
        let id = client.ask_in(&uri, &at);
        client.texts(id);
        assert_eq!(!bodies(&provider).is_empty(), is_sent, "{name}");
    }
    client.finish();
}

#[test]
fn a_chat_prompt_is_explained_to_the_byte_too() {
    let folder = workspace();
    let provider = Scripted::answer(|_| {
        events(&[
            r#"{"choices":[{"delta":{"content":"1;"},"finish_reason":"stop"}]}"#,
            "[DONE]",
        ])
    });
    let mut client = Builder::default()
        .http(&provider.address, "openai-chat")
        .start();
    let (uri, at) = open(&mut client, folder.path(), "main.rs");
    let (body, explained) = asked(&mut client, &provider, &uri, &at);
    assert_eq!(body["messages"][0]["content"], field(&explained, "system"));
    assert_eq!(body["messages"][1]["content"], field(&explained, "user"));
    client.finish();
}

#[test]
fn a_prompt_of_a_models_own_tokens_is_explained_to_the_byte_too() {
    let (folder, provider) = (workspace(), fill());
    let mut config = crate::client::mock_config(&provider.address, "fim-template");
    config["completion"]["model"] = json!("mock/qwen2.5-coder");
    let mut client = Builder::default().config(config).start();
    let (uri, at) = open(&mut client, folder.path(), "main.rs");
    let (body, explained) = asked(&mut client, &provider, &uri, &at);
    let prompt = body["prompt"].as_str().unwrap();
    assert_eq!(prompt, field(&explained, "prompt"));
    assert!(prompt.starts_with("<|file_sep|>shapes.rs\n"), "{prompt}");
    client.finish();
}

#[test]
fn what_an_ignore_file_names_is_in_no_prompt() {
    let (folder, provider) = (workspace(), fill());
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .start();
    let (uri, at) = open(&mut client, folder.path(), "main.rs");
    let (body, _) = asked(&mut client, &provider, &uri, &at);
    let prompt = body["prompt"].as_str().unwrap();
    assert!(
        prompt.contains("TOKEN") && !prompt.contains("12345"),
        "{prompt}"
    );
    client.finish();
}

#[cfg(unix)]
#[test]
fn a_link_goes_no_further_than_what_it_leads_to() {
    use std::os::unix::fs::symlink;
    let (folder, provider) = (workspace(), fill());
    let elsewhere = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (name, text) in [
        (".env", "KEY=1\n"),
        ("closed/s.rs", "fn s() {}\n"),
        ("ruled/r.rs", "fn r() {}\n"),
        ("src/ok.rs", "fn ok() {}\n"),
        (".aiignore", "/closed/\n"),
        (
            ".byok.toml",
            "[[policy.paths]]\nmatch = [\"/ruled/\", \"**/abroad/\"]\nproviders = []\n",
        ),
    ] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    }
    fs::create_dir(elsewhere.path().join("abroad")).unwrap();
    for name in ["a.rs", "abroad/b.rs", "id_rsa", "named.rs"] {
        fs::write(elsewhere.path().join(name), "x\n").unwrap();
    }
    fs::write(elsewhere.path().join(".cursorignore"), "named.rs\n").unwrap();
    symlink(".env", root.join("plain.txt")).unwrap();
    symlink("closed/s.rs", root.join("link.rs")).unwrap();
    symlink("link.rs", root.join("twice.rs")).unwrap();
    symlink("closed", root.join("open")).unwrap();
    symlink("ruled", root.join("free")).unwrap();
    symlink("secrets.json", root.join("lost.txt")).unwrap();
    symlink("src/ok.rs", root.join("ok.rs")).unwrap();
    symlink(elsewhere.path(), root.join("out")).unwrap();
    symlink(elsewhere.path().join("id_rsa"), root.join("notes.txt")).unwrap();
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .workspace(root)
        .start();
    for (name, is_sent) in [
        ("plain.txt", false),
        ("link.rs", false),
        ("twice.rs", false),
        ("open/s.rs", false),
        // Nobody has saved it yet.
        ("open/new.rs", false),
        ("free/r.rs", false),
        ("lost.txt", false),
        ("notes.txt", false),
        ("out/named.rs", false),
        ("out/abroad/b.rs", false),
        ("out/a.rs", true),
        ("ok.rs", true),
    ] {
        let uri = uri(&root.join(name));
        let at = client.open_as(&uri, "rust", "size = ˇ\n");
        let id = client.ask_in(&uri, &at);
        client.texts(id);
        assert_eq!(!bodies(&provider).is_empty(), is_sent, "{name}");
    }
    client.finish();
}

#[test]
fn a_file_that_may_not_be_sent_is_completed_on_this_machine_alone() {
    let folder = workspace();
    let provider = Scripted::start(vec![Step::Stall]);
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .start();
    for name in ["private.rs", "id_rsa", ".env.local"] {
        let (uri, at) = open(&mut client, folder.path(), name);
        let told = client.notification("window/logMessage");
        let message = told["message"].as_str().unwrap();
        assert!(
            message.contains(name) && message.contains("stays on this machine"),
            "{message}"
        );
        let id = client.ask_in(&uri, &at);
        client.texts(id);
    }
    assert_eq!(provider.requests(), 0);
    client.finish();
}

#[test]
fn the_editor_is_told_quietly_and_once_how_far_a_document_gets_by_a_rule_about_files() {
    let folder = workspace();
    let rules = json!({"paths": [
        {"match": ["secret/"], "providers": ["local"]},
        {"languages": ["python"], "providers": ["mock", "ollama"]},
        {"markers": ["CONFIDENTIAL"], "providers": []},
    ]});
    let mut client = Builder::default()
        .http("https://elsewhere.example/v1", "openai-completions")
        .own("policy", rules)
        .workspace(folder.path())
        .start();
    let uri_of = |name: &str| uri(&folder.path().join(name));
    client.open_as(&uri_of("plain.rs"), "rust", "");
    let told = |client: &mut Client| {
        let told = client.notification("window/logMessage");
        told["message"].as_str().unwrap().to_owned()
    };
    let why = "since your own [policy] says so (policy.paths)";
    client.open_as(&uri_of("secret/a.rs"), "rust", "");
    assert_eq!(
        told(&mut client),
        format!("byok-lsp: a.rs stays on this machine, {why}")
    );
    client.open_as(&uri_of("b.py"), "python", "");
    assert_eq!(
        told(&mut client),
        format!("byok-lsp: b.py is shown to no provider but mock, ollama, {why}")
    );
    let write = |client: &mut Client, version: usize, text: &str| {
        let document = json!({"uri": uri_of("plain.rs"), "version": version});
        let whole = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        client.notify("textDocument/didChange", whole);
    };
    for (version, text) in ["", "// CONFIDENTIAL\n", "// CONFIDENTIAL\nfn f() {}\n"]
        .into_iter()
        .enumerate()
    {
        write(&mut client, version + 2, text);
    }
    assert_eq!(
        told(&mut client),
        format!("byok-lsp: plain.rs is shown to no model server, not even on this machine, {why}")
    );
    let is_word = |message: &Value| {
        ["window/logMessage", "window/showMessage"]
            .iter()
            .any(|method| message["method"] == **method)
    };
    assert!(!client.has_unread(is_word), "once, and in the log alone");
    client.finish();
}

#[test]
fn what_has_changed_since_the_last_commit_is_shown_and_nothing_else_of_its_file() {
    const NEW: &str = "pub fn freshly_written() -> u8";
    let (folder, provider) = (workspace(), fill());
    let path = folder.path();
    let far = path.join("far");
    fs::create_dir(&far).unwrap();
    let old = "pub fn untouched() -> u8 {\n    1\n}\n";
    fs::write(far.join("away.rs"), old).unwrap();
    git(path, &["init", "-q"]);
    git(path, &["add", "."]);
    git(path, &["commit", "-q", "-m", "begin"]);
    fs::write(far.join("away.rs"), format!("{old}\n{NEW} {{\n    2\n}}\n")).unwrap();
    fs::write(path.join("private.rs"), "pub const TOKEN: usize = 777;\n").unwrap();
    let mut config = mock_config(&provider.address, "openai-completions");
    config["context"] = json!({"sources": ["changed"]});
    let mut client = Builder::default().config(config).start();
    let (uri, at) = open(&mut client, path, "main.rs");
    let mut versions = 2..TRIES;
    let body = loop {
        let version = versions.next().expect("a prompt shows what has changed");
        let place = (&*uri, &at, TEXT);
        if let Some(body) = ask_anew(&mut client, &provider, place, version)
            && body.contains(NEW)
        {
            break body;
        }
    };
    assert!(
        !body.contains("untouched") && !body.contains("777"),
        "{body}"
    );
    let explained = explained(&mut client, json!({}));
    let parts = explained["parts"].as_array().unwrap();
    let of = |part: &&Value| part["rule"] == "changed";
    let part = parts.iter().find(of).expect("a piece of that rule");
    assert_eq!(
        (&part["file"], &part["lines"]),
        (&json!("far/away.rs"), &json!([5, 5]))
    );
    client.finish();
}

#[test]
fn what_the_pieces_of_a_prompt_cost_is_together_what_the_prompt_did() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let running = wait(fake.next());
    running.text("1;");
    running.event(used(20, 5));
    drop(running);
    client.answer(id);
    client.notification("byok/usage");
    let explained = explained(&mut client, json!({}));
    // 20 tokens at 1 USD a million; the answer is not of it.
    let whole = json!({"nanos": 20_000, "currency": "USD"});
    assert_eq!(explained["cost"], whole);
    let parts = explained["parts"].as_array().unwrap();
    let nanos = parts.iter().map(|part| part["cost"]["nanos"].as_i64());
    assert_eq!(nanos.sum::<Option<i64>>(), Some(20_000));
    assert!(parts.len() > 1);
    client.finish();
}

#[test]
fn nothing_is_explained_that_is_not_known() {
    let mut client = Client::new();
    let id = client.request("byok/explainContext", json!({"id": "none"}));
    let answer = client.answer(id);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("none"),
        "{answer}"
    );
    client.finish();
}
