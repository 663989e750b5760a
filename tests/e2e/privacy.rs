//! What is sent of the text that may be sent: no credentials, and offline nothing at all.

use byok_lsp::provider::Input;
use byok_lsp::provider::fake::Fake;
use serde_json::json;

use crate::client::Builder;
use crate::client::wait;

/// Put together, so that this file holds nothing that looks like a token.
fn token() -> String {
    format!("ghp{}{}", "_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
}

#[test]
fn ghost_text_has_the_credential_of_the_file_that_no_provider_saw() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let text = format!(
        "const TOKEN: &str = \"{}\";\nconst SAME: &str = ˇ\n",
        token()
    );
    let at = client.open(&text);
    let id = client.ask(&at);
    let running = wait(fake.next());
    let Input::Fill(fill) = &running.call.input else {
        unreachable!("it fills holes")
    };
    let sent = format!("{}{}", fill.prefix, fill.suffix);
    assert!(
        sent.contains("const TOKEN: &str = \"SECRET_") && !sent.contains(&token()),
        "{sent}"
    );
    let stand_in = sent.split('"').nth(1).unwrap();
    // In two pieces, as a stream may bring it.
    let (a, b) = stand_in.split_at(9);
    running.text(&format!("\"{a}"));
    running.text(&format!("{b}\";\n"));
    drop(running);
    assert_eq!(client.texts(id), [format!("\"{}\";", token())]);
    let told = client.wait_for("what was replaced", |message| {
        message["method"] == "window/logMessage"
            && message["params"]["message"]
                .as_str()
                .is_some_and(|text| text.contains("GitHub token"))
    });
    assert!(!told.to_string().contains(&token()));
    client.finish();
}

#[test]
fn where_credentials_are_refused_the_status_says_so_and_nobody_is_asked() {
    let fake = Fake::default();
    let refuse = json!({"credentials": "refuse"});
    let mut client = Builder::default()
        .fake(&fake)
        .own("privacy", refuse)
        .start();
    let at = client.open(&format!(
        "const TOKEN: &str = \"{}\";\nconst SAME: &str = ˇ\n",
        token()
    ));
    let id = client.ask(&at);
    assert!(client.texts(id).is_empty());
    let status = client.wait_for("an error", |message| {
        message["method"] == "byok/status" && message["params"]["state"] == "error"
    });
    let message = status["params"]["message"].as_str().unwrap();
    assert!(
        message.contains("GitHub token") && message.contains("privacy.credentials"),
        "{message}"
    );
    assert!(!fake.is_called());
    client.finish();
}

#[test]
fn offline_the_embedded_engine_answers_in_place_of_a_model_elsewhere() {
    let fake = Fake::default();
    let offline = json!({"offline": true});
    let mut client = Builder::default()
        .fake(&fake)
        .own("network", offline)
        .start();
    let at = client
        .open("fn one() -> usize {\n    let size = 1;\n}\nfn two() -> usize {\n    let ˇ\n}\n");
    let id = client.ask(&at);
    client.texts(id);
    assert!(!fake.is_called());
    let id = client.request("byok/models", json!({}));
    let models = client.answer(id);
    assert!(models.get("result").is_some(), "{models}");
    client.finish();
}

#[test]
fn the_route_is_explained_before_anything_is_asked_and_a_file_that_stays_here_changes_it() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let id = client.request("byok/explainRoute", json!({}));
    let explained = client.answer(id)["result"].clone();
    assert_eq!(explained["model"], "mock/m");
    assert_eq!(explained["candidates"][0]["isKept"], true);
    client.open_as("file:///w/.env", "plaintext", "ˇ");
    let id = client.request("byok/explainRoute", json!({"uri": "file:///w/.env"}));
    let explained = client.answer(id)["result"].clone();
    assert_eq!(explained["model"], "local/patterns");
    assert_eq!(explained["candidates"][0]["isKept"], false);
    let id = client.request("byok/explainRoute", json!({"feature": "nothing"}));
    assert!(
        client.answer(id)["error"]["message"]
            .as_str()
            .unwrap()
            .contains("completion and action")
    );
    assert!(!fake.is_called());
    client.finish();
}
