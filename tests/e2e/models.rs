//! Which models there are, as an editor's picker asks for them.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{Builder, Client};
use crate::provider::{Scripted, Step, response};

/// A provider that lists models with context sizes and prices.
fn provider(list: &Value) -> Scripted {
    let body = list.to_string();
    Scripted::start(vec![Step::Send(response(
        "200 OK",
        "application/json",
        &body,
    ))])
}

fn list() -> Value {
    json!({"data": [
        {"id": "small", "context_length": 32768, "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        {"id": "large", "context_length": 200_000},
        {"id": "paints", "architecture": {"output_modalities": ["image"]}},
        {"id": "evil\u{1b}[2J"},
    ]})
}

fn config(address: &str) -> Value {
    json!({
        "completion": {"model": "mine/small", "debounce_ms": 0},
        "providers": {"mine": {"wire": "openai-chat", "base_url": format!("{address}/v1"), "key": "none"}},
    })
}

fn models(client: &mut Client) -> Value {
    let id = client.request("byok/models", json!({}));
    client.answer(id)["result"].clone()
}

/// Asks until the provider's list is there, as a user opens the picker again.
fn listed(client: &mut Client) -> Value {
    loop {
        let models = models(client);
        let mut lists = models["lists"].as_array().unwrap().iter();
        let mine = lists.find(|list| list["provider"] == "mine").unwrap();
        if mine["source"] == "list" || mine["message"].is_string() {
            return models;
        }
        assert!(
            mine["refreshing"] == true || mine["source"] == "nothing",
            "{mine}"
        );
        std::thread::yield_now();
    }
}

fn ids(models: &Value) -> Vec<&str> {
    let models = models["models"].as_array().unwrap().iter();
    models.map(|model| model["id"].as_str().unwrap()).collect()
}

#[test]
fn a_provider_that_the_policy_denies_is_asked_for_nothing() {
    let provider = provider(&list());
    let mut config = config(&provider.address);
    config["policy"] = json!({"deny_providers": ["mine"]});
    let mut client = Builder::default().config(config).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    client.texts(id);
    let models = models(&mut client);
    let mut lists = models["lists"].as_array().unwrap().iter();
    let mine = lists.find(|list| list["provider"] == "mine").unwrap();
    assert_eq!(mine["refreshing"], false, "{mine}");
    client.finish();
    assert_eq!(provider.connections(), 0);
}

#[test]
fn the_first_answer_comes_at_once_and_the_next_has_what_the_provider_lists() {
    let provider = provider(&list());
    let mut client = Builder::default().config(config(&provider.address)).start();
    let first = models(&mut client);
    assert_eq!(first["current"], "mine/small");
    assert_eq!(ids(&first)[..3], ["mine/small", "local", "auto"]);
    let second = listed(&mut client);
    assert_eq!(
        ids(&second)[..4],
        ["mine/small", "local", "auto", "mine/large"]
    );
    assert!(
        !ids(&second).contains(&"mine/"),
        "a provider whose models are known needs no naming"
    );
    assert!(ids(&second).contains(&"anthropic/"));
    let text = second.to_string();
    assert!(!text.contains("paints") && !text.contains("evil"), "{text}");
    let small = &second["models"][0];
    assert_eq!(
        (&small["context"], &small["ability"]),
        (&json!(32768), &json!("chat"))
    );
    assert_eq!(
        small["price"],
        json!({
            "input": {"nanos": 1_000_000_000, "currency": "USD"},
            "output": {"nanos": 2_000_000_000, "currency": "USD"},
            "source": "list",
        })
    );
    assert!(second["models"][3].get("price").is_none());
    assert_eq!(
        provider.request().0.lines().next(),
        Some("GET /v1/models HTTP/1.1")
    );
    client.finish();
}

#[test]
fn a_provider_that_does_not_answer_is_said_and_hides_no_other() {
    let provider = provider(&list());
    let mut config = config(&provider.address);
    config["providers"]["dead"] =
        json!({"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": "none"});
    let mut client = Builder::default().config(config).start();
    let dead = loop {
        let models = listed(&mut client);
        let lists = models["lists"].as_array().unwrap();
        let dead = lists
            .iter()
            .find(|list| list["provider"] == "dead")
            .unwrap()
            .clone();
        if dead["message"].is_string() {
            assert!(ids(&models).contains(&"mine/large") && ids(&models).contains(&"dead/"));
            break dead;
        }
    };
    assert!(
        dead["message"]
            .as_str()
            .unwrap()
            .contains("cannot be reached"),
        "{dead}"
    );
    client.finish();
}

#[test]
fn the_command_says_it_in_one_line() {
    let provider = provider(&list());
    let mut client = Builder::default().config(config(&provider.address)).start();
    listed(&mut client);
    let id = client.request(
        "workspace/executeCommand",
        json!({"command": "byok.models"}),
    );
    client.answer(id);
    let shown = client.notification("window/showMessage");
    let message = shown["message"].as_str().unwrap();
    assert!(
        message.starts_with("byok-lsp: mine/small now; ready: local, auto, "),
        "{message}"
    );
    assert!(message.contains("mine (2 models)"), "{message}");
    client.finish();
}

/// A folder with lists that an earlier session kept.
fn kept(provider: &Scripted) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.json");
    let mut client = Builder::default()
        .config(config(&provider.address))
        .lists(path.clone())
        .start();
    listed(&mut client);
    client.finish();
    (folder, path)
}

#[test]
fn a_model_that_was_not_listed_is_doubted_once_and_set_all_the_same() {
    let provider = provider(&list());
    let (_folder, path) = kept(&provider);
    let mut client = Builder::default()
        .config(config(&provider.address))
        .lists(path)
        .start();
    for _ in 0..2 {
        let id = client.request("byok/setModel", json!({"model": "mine/smal"}));
        assert_eq!(client.answer(id)["result"]["model"], "mine/smal");
    }
    let shown = client.notification("window/showMessage");
    let message = shown["message"].as_str().unwrap();
    assert!(
        message.starts_with("byok-lsp: mine did not list a model \"smal\" on 20"),
        "{message}"
    );
    assert!(
        message.ends_with("did you mean \"mine/small\"?"),
        "{message}"
    );
    let id = client.request("byok/setModel", json!({"model": "mine/paints"}));
    client.answer(id);
    let next = client.notification("window/showMessage");
    let message = next["message"].as_str().unwrap();
    assert!(
        message.contains("it neither completes code nor chats"),
        "not the first one again: {message}"
    );
    client.finish();
}

#[test]
fn a_server_that_ends_waits_for_no_list() {
    let provider = Scripted::start(vec![Step::Stall]);
    let mut client = Builder::default().config(config(&provider.address)).start();
    assert_eq!(ids(&models(&mut client))[0], "mine/small");
    provider.request();
    client.finish();
    provider.closed();
}
