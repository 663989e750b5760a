//! Configuration while the server runs.

use byok_lsp::provider::fake::Fake;
use serde_json::json;

use crate::client::{Builder, Client, mock_config};

fn status(client: &mut Client, state: &str) -> serde_json::Value {
    let message = client.wait_for(state, |message| {
        message["method"] == "byok/status" && message["params"]["state"] == state
    });
    message["params"].clone()
}

#[test]
fn a_mistake_is_told_once_with_its_fix_and_the_last_good_settings_hold() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": {"byok": {"completion": {"model": "nobody/knows"}}}}),
    );
    let message = client.notification("window/showMessage");
    let text = message["message"].as_str().unwrap();
    assert!(
        text.starts_with(
            "byok-lsp: the editor's settings, completion.model: no provider is called \"nobody\""
        ),
        "{text}"
    );
    assert_eq!(status(&mut client, "error")["model"], "mock/m");
    client.finish();
}

#[test]
fn the_model_is_switched_from_the_next_request_on() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    let id = client.request(
        "workspace/executeCommand",
        json!({"command": "byok.setModel", "arguments": ["local"]}),
    );
    assert_eq!(client.answer(id)["result"]["model"], "local/patterns");
    let id = client.ask(&at);
    client.texts(id);
    assert!(!fake.is_called());
    let id = client.request("byok/setModel", json!({"model": "nobody/x"}));
    assert_eq!(client.answer(id)["error"]["code"], -32602);
    client.finish();
}

#[test]
fn code_actions_get_a_model_of_their_own_and_ghost_text_keeps_its_own() {
    let config = mock_config("http://127.0.0.1:9/v1", "openai-chat");
    let mut client = Builder::default().config(config).start();
    let models = |client: &mut Client| {
        let id = client.request("byok/models", json!({}));
        let answer = client.answer(id)["result"].clone();
        (answer["current"].clone(), answer["actions"].clone())
    };
    assert_eq!(models(&mut client), (json!("mock/m"), json!("mock/m")));
    let id = client.request(
        "byok/setModel",
        json!({"model": "mock/other", "feature": "action"}),
    );
    assert_eq!(client.answer(id)["result"]["model"], "mock/other");
    assert_eq!(models(&mut client), (json!("mock/m"), json!("mock/other")));
    // Whoever switches the one does not switch the other.
    let id = client.execute("byok.setModel", json!(["mock/third"]));
    assert_eq!(client.answer(id)["result"]["model"], "mock/third");
    assert_eq!(
        models(&mut client),
        (json!("mock/third"), json!("mock/other"))
    );
    // A model that continues code alone can do no actions, and that is said.
    let id = client.execute("byok.setModel", json!(["local", "action"]));
    let answer = client.answer(id)["result"].clone();
    let reason = answer["reason"].as_str().unwrap();
    assert!(
        reason.contains("a model that can be told what to do"),
        "{reason}"
    );
    assert_eq!(models(&mut client), (json!("mock/third"), json!(null)));
    let id = client.request("byok/setModel", json!({"model": "local", "feature": "tea"}));
    assert_eq!(client.answer(id)["error"]["code"], -32602);
    client.finish();
}

#[test]
fn every_command_works_without_arguments() {
    let mut client = Client::new();
    for command in [
        "byok.usageSummary",
        "byok.models",
        "byok.pause",
        "byok.resume",
        "byok.action",
    ] {
        let id = client.request("workspace/executeCommand", json!({"command": command}));
        let answer = client.answer(id);
        assert!(answer["result"].is_object(), "{command}: {answer}");
        let shown = client.notification("window/showMessage");
        assert!(
            shown["message"].as_str().unwrap().starts_with("byok-lsp: "),
            "{command}"
        );
    }
    client.finish();
}

#[test]
fn without_a_model_the_user_chooses_from_a_menu_with_price_context_and_payer() {
    let mut config = mock_config("http://127.0.0.1:9/v1", "openai-chat");
    config["routing"] = json!({"pools": {"both": {"models": ["mock/m", "mock/n"]}}});
    let mut client = Builder::default().config(config).start();
    let run = |client: &mut Client| {
        client.request(
            "workspace/executeCommand",
            json!({"command": "byok.setModel"}),
        )
    };
    let id = run(&mut client);
    let request = client.asked("window/showMessageRequest");
    let message = request["params"]["message"].as_str().unwrap();
    assert!(message.starts_with("byok-lsp: mock/m now"), "{message}");
    let titles = request["params"]["actions"].as_array().unwrap();
    let find = |start: &str| {
        let mut titles = titles.iter();
        let title = titles.find(|it| it["title"].as_str().unwrap().starts_with(start));
        title.unwrap().clone()
    };
    let paid = find("mock/m")["title"].as_str().unwrap().to_owned();
    assert!(paid.contains("through a server on this machine"), "{paid}");
    assert!(
        find("pool/both")["title"]
            .as_str()
            .unwrap()
            .contains("one of 2")
    );
    client.reply(&request, find("local"));
    assert_eq!(client.answer(id)["result"]["model"], "local/patterns");
    let shown = client.notification("window/showMessage");
    let shown = shown["message"].as_str().unwrap();
    assert!(shown.contains("local/patterns from now on"), "{shown}");
    // Whoever chooses nothing changes nothing.
    let id = run(&mut client);
    let request = client.asked("window/showMessageRequest");
    client.reply(&request, serde_json::Value::Null);
    assert_eq!(client.answer(id)["result"]["current"], "local/patterns");
    client.finish();
}

#[test]
fn a_missing_key_is_said_with_what_to_do_and_no_call_is_sent() {
    let mut config = mock_config("https://127.0.0.1:9/v1", "openai-chat");
    config["providers"]["mock"]["key"] = json!({"env": "BYOK_TEST_NO_SUCH_KEY"});
    let mut client = Builder::default().config(config).start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), Vec::<String>::new());
    let told = status(&mut client, "error");
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("the environment variable BYOK_TEST_NO_SUCH_KEY is not set"),
        "{message}"
    );
    client.finish();
}
