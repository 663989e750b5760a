//! The server and each wire over HTTP: where a request goes, how its key travels, and what is read back.

use serde_json::json;

use crate::client::Builder;
use crate::provider::{Scripted, Step};
use crate::spoken::{Spoken, VARIABLE, over_each_wire};

#[test]
fn every_wire_asks_at_its_own_place_with_its_own_key_and_is_read() {
    over_each_wire(|spoken| {
        let provider = Scripted::start(spoken.answer());
        let mut client = Builder::default()
            .config(spoken.config(&provider.address))
            .start();
        let at = client.open("fn main() {\n    let x = ˇ\n}\n");
        let id = client.ask(&at);
        assert_eq!(client.texts(id), ["42;"]);
        let usage = client.notification("byok/usage");
        let tokens = &usage["tokens"];
        assert_eq!(
            (&tokens["input"], &tokens["output"]),
            (&json!(9), &json!(2)),
            "{usage}"
        );
        let (head, body) = provider.request();
        let key = std::env::var(VARIABLE).unwrap();
        assert!(head.starts_with(spoken.place), "{head}");
        assert!(
            head.contains(&format!("{}{key}\r\n", spoken.header)),
            "{head}"
        );
        assert_eq!(
            head.matches(&key).count() - head.matches(&format!("{key}/")).count(),
            1,
            "the key travels once: {head}"
        );
        assert!(!body.contains(&key), "{body}");
        client.finish();
    });
}

#[test]
fn cancelling_closes_the_socket_over_every_wire_before_and_within_the_answer() {
    over_each_wire(|spoken| {
        let begun = spoken.stream(&[spoken.first.as_bytes()], Some(Step::Stall));
        for (script, has_begun) in [(vec![Step::Stall], false), (begun, true)] {
            cancel(spoken, script, has_begun);
        }
    });
}

fn cancel(spoken: &Spoken, script: Vec<Step>, has_begun: bool) {
    let provider = Scripted::start(script);
    let mut client = Builder::default()
        .config(spoken.config(&provider.address))
        .start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    provider.request();
    client.cancel(id);
    assert_eq!(client.texts(id), Vec::<String>::new());
    // It would wait for the client for ever; a socket that is left to a timeout fails the test by its deadline.
    provider.closed();
    let usage = client.notification("byok/usage");
    assert_eq!(usage["outcome"], "cancelled", "begun: {has_begun}; {usage}");
    assert_eq!(usage["totals"]["session"]["calls"], 1);
    assert_eq!(provider.requests(), 0, "nothing is asked again");
    client.finish();
}

#[test]
fn a_model_that_can_neither_fill_nor_chat_is_refused_with_the_reason() {
    let mut client = Builder::default()
        .config(json!({"completion": {"model": "local"}}))
        .start();
    for (model, reason) in [
        ("openai/text-embedding-3-small", "an embedding model"),
        (
            "azure-openai/mine",
            "https://RESOURCE.openai.azure.com/openai/v1",
        ),
    ] {
        let id = client.request("byok/setModel", json!({"model": model}));
        let answer = client.answer(id).to_string();
        assert!(answer.contains(reason), "{answer}");
    }
    client.finish();
}
