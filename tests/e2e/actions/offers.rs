//! What is offered, and what is not.

use super::*;

#[test]
fn offering_calls_nobody_and_names_model_payer_and_price() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    let entry = desk.entry("simplify", &range, &json!([]));
    let title = entry["title"].as_str().unwrap();
    assert!(
        title.starts_with("Simplify line 4 · mock/m · you, by a local server · ~$0.000"),
        "{title}"
    );
    assert_eq!(entry["kind"], "refactor.rewrite");
    assert!(entry.get("edit").is_none() && entry["command"]["command"] == "byok.action");
    let resolved = desk.client.request("codeAction/resolve", entry.clone());
    assert_eq!(desk.client.answer(resolved)["result"], entry);
    for _ in 0..50 {
        desk.client.actions(URI, &range, json!([]));
    }
    assert!(!desk.fake.is_called());
    desk.client.finish();
}

#[test]
fn only_the_kinds_that_are_asked_for_are_offered() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    let diagnostics = json!([{"range": range, "message": "m"}, {"odd": true}]);
    desk.entry("fix", &range, &diagnostics);
    let mut kinds = |only: &str| {
        let context = json!({"diagnostics": diagnostics, "only": [only]});
        let params = json!({"textDocument": {"uri": URI}, "range": range, "context": context});
        let id = desk.client.request("textDocument/codeAction", params);
        let answer = desk.client.answer(id);
        let kinds = answer["result"].as_array().unwrap().iter();
        let mut kinds: Vec<String> = kinds
            .map(|it| it["kind"].as_str().unwrap().to_owned())
            .collect();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds("quickfix"), ["quickfix"]);
    assert_eq!(kinds("refactor"), ["refactor.rewrite"]);
    assert_eq!(kinds("source"), Vec::<String>::new());
    assert_eq!(kinds("ref"), Vec::<String>::new());
    desk.client.finish();
}

#[test]
fn without_a_model_that_can_act_the_menu_is_quiet_unless_it_is_opened_by_hand() {
    let mut client = Client::new();
    client.open("fn a() {}\n");
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 9}});
    let entries = client.actions(URI, &range, json!([]));
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert!(
        entries[0]["title"]
            .as_str()
            .unwrap()
            .contains("actions.model")
    );
    let params = json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": [], "triggerKind": 2}});
    let id = client.request("textDocument/codeAction", params);
    assert_eq!(client.answer(id)["result"], json!([]));
    let id = client.execute("byok.action", json!([]));
    let answer = client.answer(id);
    assert!(
        answer["result"]["message"]
            .as_str()
            .unwrap()
            .contains("name one in actions.model"),
        "{answer}"
    );
    client.finish();
}
