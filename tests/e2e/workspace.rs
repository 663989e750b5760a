//! A workspace that others made: what its own file may do, what it may not, and that a hostile one gets nothing.

use std::path::Path;

use byok_lsp::provider::fake::Fake;
use serde_json::{Value, json};
use url::Url;

use crate::client::{Builder, Client};
use crate::provider::{Scripted, Step, response};
use crate::spoken::{Spoken, VARIABLE, WIRES};

static CHAT: &Spoken = &WIRES[0];

fn uri(folder: &Path, name: &str) -> String {
    Url::from_file_path(folder.join(name)).unwrap().to_string()
}

fn write(folder: &Path, text: &str) {
    std::fs::write(folder.join(".byok.toml"), text).unwrap();
}

/// Asks for ghost text in a file of the folder and returns what came.
fn ask(client: &mut Client, folder: &Path) -> Vec<String> {
    let uri = uri(folder, "a.rs");
    let at = client.open_as(&uri, "rust", "let x = ˇ");
    let id = client.ask_in(&uri, &at);
    client.texts(id)
}

fn warning(client: &mut Client) -> String {
    let shown = client.notification("window/showMessage");
    assert_eq!(shown["type"], 2, "{shown}");
    shown["message"].as_str().unwrap().to_owned()
}

/// Waits until completions go to a model, by what is told from then on.
fn until_model(client: &mut Client, model: &str) {
    client.wait_for(model, |message| {
        message["method"] == "byok/status" && message["params"]["model"] == model
    });
    client.forget("byok/status");
}

fn save(client: &mut Client, folder: &Path) {
    let file = uri(folder, ".byok.toml");
    client.notify(
        "textDocument/didSave",
        json!({"textDocument": {"uri": file}}),
    );
}

#[test]
fn a_workspace_keeps_to_the_embedded_engine_from_its_first_suggestion_on() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::default();
    for text in [
        "[completion]\nmodel = \"local\"",
        "[policy]\nproviders = []",
        "[policy]\nmodels = [\"ollama/*\"]",
        "[policy]\ncompletion = false",
        "this is not TOML",
    ] {
        write(folder.path(), text);
        let mut client = Builder::default()
            .fake(&fake)
            .workspace(folder.path())
            .start();
        ask(&mut client, folder.path());
        assert!(!fake.is_called(), "{text}");
        client.finish();
    }
}

#[test]
fn each_folder_has_its_own_and_what_lies_in_none_has_the_users_settings() {
    let (strict, free) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    write(strict.path(), "[policy]\nproviders = []");
    let provider = Scripted::start(CHAT.answer());
    let mut client = Builder::default()
        .config(CHAT.config(&provider.address))
        .workspace(strict.path())
        .workspace(free.path())
        .start();
    for (folder, is_asked) in [(&strict, 0), (&free, 1), (&strict, 0), (&elsewhere, 1)] {
        ask(&mut client, folder.path());
        assert_eq!(provider.requests(), is_asked, "{}", folder.path().display());
    }
    client.finish();
}

#[test]
fn a_changed_file_counts_from_its_saving_on_and_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Scripted::start(CHAT.answer());
    let mut client = Builder::default()
        .config(CHAT.config(&provider.address))
        .workspace(folder.path())
        .start();
    assert_eq!(ask(&mut client, folder.path()), ["42;"]);
    write(folder.path(), "[policy]\nproviders = []");
    save(&mut client, folder.path());
    until_model(&mut client, "local/patterns");
    ask(&mut client, folder.path());
    assert_eq!(provider.requests(), 1, "the one before");
    // An editor that watches files says so without any saving.
    std::fs::remove_file(folder.path().join(".byok.toml")).unwrap();
    let changes = json!([{"uri": uri(folder.path(), ".byok.toml"), "type": 3}]);
    client.notify(
        "workspace/didChangeWatchedFiles",
        json!({"changes": changes}),
    );
    until_model(&mut client, "mock/m");
    assert_eq!(ask(&mut client, folder.path()), ["42;"]);
    client.finish();
}

#[test]
fn an_editor_that_can_is_asked_to_watch_the_file() {
    let mut client = Builder::default()
        .capabilities(
            json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}}),
        )
        .start();
    let asked = client.asked("client/registerCapability");
    let registration = &asked["params"]["registrations"][0];
    assert_eq!(registration["method"], "workspace/didChangeWatchedFiles");
    let watched = &registration["registerOptions"]["watchers"][0]["globPattern"];
    assert_eq!(*watched, "**/.byok.toml");
    client.reply(&asked, Value::Null);
    client.finish();
}

#[test]
fn what_a_workspace_tried_is_told_once_for_each_content() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "[completion]\nmax_tokens = 4000");
    let mut client = Builder::default().workspace(folder.path()).start();
    let told = warning(&mut client);
    assert!(
        told.contains("completion.max_tokens (4000 is more than your 128)"),
        "{told}"
    );
    // Typing, saving and opening again say nothing.
    for _ in 0..3 {
        save(&mut client, folder.path());
        ask(&mut client, folder.path());
    }
    assert!(!client.has_unread(|message| message["method"] == "window/showMessage"));
    write(folder.path(), "[completion]\nmax_tokens = 4001");
    save(&mut client, folder.path());
    assert!(warning(&mut client).contains("4001"));
    client.finish();
}

#[test]
fn code_actions_that_a_workspace_forbids_are_not_offered_and_the_menu_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::default();
    for (text, why) in [
        ("[policy]\nactions = false", "allows no code actions"),
        (
            "[policy]\nmodels = []",
            "does not allow the model that is set",
        ),
    ] {
        write(folder.path(), text);
        let mut client = Builder::default()
            .fake_chat(&fake)
            .workspace(folder.path())
            .start();
        let uri = uri(folder.path(), "a.rs");
        let at = client.open_as(&uri, "rust", "fn a() {ˇ}\n");
        let offered = client.actions(&uri, &json!({"start": at, "end": at}), json!([]));
        let titles: Vec<&str> = offered
            .iter()
            .map(|offer| offer["title"].as_str().unwrap())
            .collect();
        assert!(titles.len() == 1 && titles[0].contains(why), "{titles:?}");
        let id = client.execute("byok.action", json!([]));
        let answer = client.answer(id);
        let message = answer["result"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(why), "{answer}");
        client.finish();
    }
    assert!(!fake.is_called());
}

#[test]
fn a_model_that_the_workspace_forbids_is_not_switched_to_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::default();
    for (text, why) in [
        (
            "[policy]\nmodels = [\"mock/other\"]",
            "does not allow the model that is set",
        ),
        ("[completion]\nmodel = \"local\"", "keeps to it"),
    ] {
        write(folder.path(), text);
        let mut client = Builder::default()
            .fake_chat(&fake)
            .workspace(folder.path())
            .start();
        client.open_as(&uri(folder.path(), "a.rs"), "rust", "fn a() {ˇ}\n");
        for is_command in [true, false] {
            let id = if is_command {
                client.execute("byok.setModel", json!(["mock/m"]))
            } else {
                client.request("byok/setModel", json!({"model": "mock/m"}))
            };
            let told = warning(&mut client);
            assert!(
                told.contains("mock/m is set, but local/patterns answers here")
                    && told.contains(why),
                "{told}"
            );
            let answer = client.answer(id)["result"].clone();
            assert_eq!(answer["model"], "local/patterns");
            assert!(answer["reason"].as_str().unwrap().contains(why), "{answer}");
        }
        // What is allowed needs no reason.
        let id = client.request("byok/setModel", json!({"model": "local"}));
        let answer = client.answer(id)["result"].clone();
        assert_eq!(answer["reason"], Value::Null, "{answer}");
        client.finish();
    }
    assert!(!fake.is_called());
}

/// All that a repository can bring along: its own file, and settings that an editor takes out of it.
#[test]
fn a_hostile_workspace_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ran = folder.path().join("ran");
    let evil = Scripted::start(CHAT.answer());
    let right = Scripted::start(CHAT.answer());
    let address = format!("{}/v1", evil.address);
    let command = json!([
        "sh",
        "-c",
        format!("touch {}; echo key-of-nobody", ran.display())
    ]);
    // By its own file: an address, a variable, a command, a proxy, a price.
    let file = format!(
        "[completion]\nmodel = \"evil/m\"\n[network]\nproxy = \"{0}\"\nca_bundle = \"{1}\"\n\
         [providers.mock]\nbase_url = \"{address}\"\nkey = {{ command = {command} }}\n\
         [providers.evil]\nwire = \"openai-chat\"\nbase_url = \"{address}\"\nkey = {{ env = \"{VARIABLE}\" }}\n\
         [providers.mock.prices.m]\ninput = \"0 USD\"\noutput = \"0 USD\"\n",
        evil.address,
        folder.path().join("evil.pem").display(),
    );
    write(folder.path(), &file);
    let mut client = Builder::default()
        .config(CHAT.config(&right.address))
        .workspace(folder.path())
        .start();
    let told = warning(&mut client);
    for setting in [
        "network.ca_bundle",
        "network.proxy",
        "providers.evil",
        "providers.mock",
        "completion.model",
    ] {
        assert!(told.contains(setting), "{told}");
    }
    // By the editor's settings, which some editors take out of the workspace.
    let provider = |provider: Value| json!({"settings": {"byok": {"completion": {"model": "mock/m"}, "providers": {"mock": provider}}}});
    for settings in [
        provider(json!({"base_url": address})),
        provider(json!({"key": {"command": command}})),
        json!({"settings": {"completion": {"model": "evil/m"}, "providers": {"evil": {"wire": "openai-chat", "base_url": address, "key": {"env": VARIABLE}}}}}),
        json!({"settings": {"network": {"proxy": evil.address}}}),
        json!({"settings": {"network": {"ca_bundle": "/w/evil.pem"}}}),
    ] {
        client.notify("workspace/didChangeConfiguration", settings);
        let told = warning(&mut client);
        assert!(told.contains("your own file"), "{told}");
    }
    // The same mistake with one more is refused as well; it was told before.
    client.notify(
        "workspace/didChangeConfiguration",
        provider(json!({"base_url": address, "key": {"env": VARIABLE}})),
    );
    // By a link that leads to what the user alone may read.
    std::fs::remove_file(folder.path().join(".byok.toml")).unwrap();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "secret = \"hush-4711\"").unwrap();
    std::os::unix::fs::symlink(secret.path(), folder.path().join(".byok.toml")).unwrap();
    save(&mut client, folder.path());
    let told = warning(&mut client);
    assert!(
        told.contains("it is a link") && !told.contains("hush"),
        "{told}"
    );
    until_model(&mut client, "local/patterns");
    ask(&mut client, folder.path());
    std::fs::remove_file(folder.path().join(".byok.toml")).unwrap();
    save(&mut client, folder.path());
    until_model(&mut client, "mock/m");
    // By a provider that sends its visitors on.
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {address}/chat/completions\r\ncontent-length: 0\r\n\r\n"
    );
    right.set(vec![Step::Send(redirect.into_bytes())]);
    ask(&mut client, folder.path());
    right.set(CHAT.answer());
    assert_eq!(ask(&mut client, folder.path()), ["42;"]);
    let (head, _) = right.request();
    assert!(
        head.contains(&format!("Bearer {}", std::env::var(VARIABLE).unwrap())),
        "{head}"
    );
    assert_eq!(evil.connections(), 0, "nobody came");
    assert!(!ran.exists(), "nothing was run");
    client.finish();
}

/// A stored key that is bound to the right host does not go to another, though an editor may name any address for it.
#[test]
fn a_custom_address_of_an_editors_gets_no_variable_and_no_stored_key_of_another_host() {
    let evil = Scripted::start(vec![Step::Send(response("200 OK", "text/plain", ""))]);
    let named = |key: Value| {
        json!({
            "completion": {"model": "openai/m", "debounce_ms": 0},
            "providers": {"openai": {"wire": "openai-chat", "base_url": format!("{}/v1", evil.address), "key": key}},
        })
    };
    for key in [Value::Null, json!("none"), json!("keyring")] {
        let mut options = named(key.clone());
        if key.is_null() {
            options["providers"]["openai"]
                .as_object_mut()
                .unwrap()
                .remove("key");
        }
        let mut client = Builder::default().editor(options).start();
        let at = client.open("let x = ˇ");
        let id = client.ask(&at);
        client.texts(id);
        client.finish();
    }
    while let Ok(seen) = evil.seen.try_recv() {
        assert!(
            !format!("{seen:?}").to_lowercase().contains("authorization"),
            "{seen:?}"
        );
    }
}
