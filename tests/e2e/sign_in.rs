//! Signing in from the editor; the whole way, with a key, is in `tests/canary.rs`.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value, json};
use url::Url;

use crate::client::{Builder, Client};
use crate::provider::{Scripted, response};

/// An editor that opens pages and shows progress, and a store that opens without asking.
fn editor(provider: &Scripted) -> Client {
    // Nothing is stored in these tests, but there must be a place for it.
    Builder::default()
        .config(json!({
            "keys": {"store": "file", "passphrase": {"env": "CARGO_PKG_NAME"}},
            "providers": {"openrouter": {"base_url": format!("{}/api/v1", provider.address)}},
        }))
        .capabilities(
            json!({"window": {"workDoneProgress": true, "showDocument": {"support": true}}}),
        )
        .start()
}

fn refusing() -> Scripted {
    let refusal = response("403 Forbidden", "application/json", "{}");
    Scripted::start(vec![crate::provider::Step::Send(refusal)])
}

/// Begins a sign-in and returns its request, its progress and the way back.
fn begin(client: &mut Client) -> (i64, Value, Url) {
    let id = client.execute("byok.signIn", json!([]));
    let create = client.asked("window/workDoneProgress/create");
    let token = create["params"]["token"].clone();
    client.reply(&create, Value::Null);
    let show = client.asked("window/showDocument");
    assert_eq!(show["params"]["external"], true);
    let page = Url::parse(show["params"]["uri"].as_str().unwrap()).unwrap();
    client.reply(&show, json!({"success": true}));
    let mut pairs = page.query_pairs();
    let (_, callback) = pairs.find(|(name, _)| name == "callback_url").unwrap();
    (id, token, Url::parse(&callback).unwrap())
}

#[test]
fn a_sign_in_is_taken_back_from_its_progress_and_its_port_is_closed() {
    let provider = refusing();
    let mut client = editor(&provider);
    let (id, token, callback) = begin(&mut client);
    client.notify("window/workDoneProgress/cancel", json!({"token": token}));
    assert_eq!(client.answer(id)["result"]["outcome"], "cancelled");
    assert!(TcpStream::connect(("127.0.0.1", callback.port().unwrap())).is_err());
    assert_eq!(provider.connections(), 0);
    client.finish();
}

#[test]
fn a_newer_sign_in_takes_the_place_of_an_older_one() {
    let provider = refusing();
    let mut client = editor(&provider);
    let (first, ..) = begin(&mut client);
    let (second, token, _) = begin(&mut client);
    assert_eq!(client.answer(first)["result"]["outcome"], "cancelled");
    client.notify("window/workDoneProgress/cancel", json!({"token": token}));
    assert_eq!(client.answer(second)["result"]["outcome"], "cancelled");
    client.finish();
}

#[test]
fn a_code_that_the_provider_does_not_take_is_said_and_nothing_is_kept() {
    let provider = refusing();
    let mut client = editor(&provider);
    let (id, _, callback) = begin(&mut client);
    let mut browser = TcpStream::connect(("127.0.0.1", callback.port().unwrap())).unwrap();
    write!(
        browser,
        "GET {}?code=a-used-code-4711 HTTP/1.1\r\n\r\n",
        callback.path()
    )
    .unwrap();
    let answer = client.answer(id);
    assert_eq!(answer["result"]["outcome"], "failed");
    let message = answer["result"]["message"].as_str().unwrap();
    assert!(message.contains("did not take the code"), "{message}");
    client.finish();
}

#[test]
fn an_editors_settings_have_no_say_in_where_somebody_signs_in() {
    let (right, evil) = (refusing(), refusing());
    let mut client = editor(&right);
    let moved =
        json!({"providers": {"openrouter": {"base_url": format!("{}/api/v1", evil.address)}}});
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": moved}),
    );
    let id = client.execute("byok.signIn", json!([]));
    let create = client.asked("window/workDoneProgress/create");
    client.reply(&create, Value::Null);
    let show = client.asked("window/showDocument");
    let page = show["params"]["uri"].as_str().unwrap().to_owned();
    assert!(page.starts_with(&right.address), "{page}");
    client.reply(&show, json!({"success": true}));
    client.notify(
        "window/workDoneProgress/cancel",
        json!({"token": create["params"]["token"]}),
    );
    client.answer(id);
    client.finish();
}
