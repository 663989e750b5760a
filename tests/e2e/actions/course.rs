//! How an action goes on: mended, asked of another model, failed, taken back, typed into.

use super::*;

#[test]
fn an_answer_that_breaks_the_syntax_is_mended_by_a_second_one_and_each_is_booked() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    let entry = desk.entry("simplify", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say("```rust\n    a + b)\n```");
    let prompt = desk.say("```rust\n    a + b\n```");
    assert!(
        prompt.contains("It cannot be used: it is not valid Rust"),
        "{prompt}"
    );
    assert_eq!(desk.take_edit(), SAMPLES[0].code.1);
    assert_eq!(desk.outcome(id), "edited");
    for _ in 0..2 {
        let usage = desk.client.notification("byok/usage");
        assert_eq!(
            (&usage["feature"], &usage["action"]),
            (&json!("action"), &json!("simplify"))
        );
    }
    desk.client.finish();
}

#[test]
fn a_stronger_model_is_asked_once_more_and_the_progress_says_so() {
    let fake = Fake::default();
    let mut config = json!({
        "actions": {"model": "mock/m", "escalate_to": "mock/strong"},
        "providers": {"mock": {"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": "none"}},
    });
    config["completion"] = json!({"model": "local"});
    let builder = Builder::default()
        .fake(&fake)
        .config(config)
        .capabilities(ABILITIES());
    let (mut desk, range) = Desk::open_in(builder, fake, URI, "rust", SAMPLES[0].code.0);
    let entry = desk.entry("simplify", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say("```rust\n    a + b)\n```");
    let prompt = desk.say("```rust\n    a + b\n```");
    assert!(prompt.contains("It cannot be used"), "{prompt}");
    assert_eq!(desk.take_edit(), SAMPLES[0].code.1);
    assert_eq!(desk.outcome(id), "edited");
    desk.client.wait_for("who is asked", |it| {
        let told = it["params"]["value"]["message"].as_str();
        told.is_some_and(|told| {
            told.contains("is not valid Rust") && told.ends_with("asking mock/strong")
        })
    });
    let models = [(); 2].map(|()| desk.client.notification("byok/usage")["model"].clone());
    assert_eq!(models, [json!("m"), json!("strong")]);
    desk.client.finish();
}

#[test]
fn a_rule_sends_an_action_of_its_class_to_its_own_model() {
    let fake = Fake::default();
    let config = json!({
        "completion": {"model": "local"},
        "routing": {"rules": [{"tasks": ["refactor"], "languages": ["rust"], "model": "mock/cheap"}]},
        "actions": {"model": "mock/m"},
        "providers": {"mock": {"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": "none"}},
    });
    let builder = Builder::default()
        .fake(&fake)
        .config(config)
        .capabilities(ABILITIES());
    let (mut desk, range) = Desk::open_in(builder, fake, URI, "rust", SAMPLES[0].code.0);
    let title = |entry: &Value| entry["title"].as_str().unwrap().to_owned();
    let entry = desk.entry("explain", &range, &json!([]));
    assert!(title(&entry).contains(" mock/m "), "{entry}");
    let entry = desk.entry("simplify", &range, &json!([]));
    assert!(title(&entry).contains(" mock/cheap "), "{entry}");
    let id = desk.choose(&entry, None);
    desk.say("```rust\n    a + b\n```");
    assert_eq!(desk.take_edit(), SAMPLES[0].code.1);
    assert_eq!(desk.outcome(id), "edited");
    assert_eq!(desk.client.notification("byok/usage")["model"], "cheap");
    let explained = desk
        .client
        .request("byok/explainRoute", json!({"task": "refactor", "uri": URI}));
    let explained = desk.client.answer(explained)["result"].clone();
    assert_eq!(explained["model"], "mock/cheap");
    let rule = explained["rule"].as_str().unwrap();
    assert!(
        rule.starts_with("number 1 of routing.rules: refactor, rust, about"),
        "{rule}"
    );
    let explained = desk
        .client
        .request("byok/explainRoute", json!({"task": "fix"}));
    assert_eq!(desk.client.answer(explained)["result"]["model"], "mock/m");
    desk.client.finish();
}

#[test]
fn an_action_does_not_wait_behind_a_suggestion_that_goes_on() {
    let fake = Fake::default();
    let config = json!({
        "completion": {"model": "mock/m", "debounce_ms": 0},
        "routing": {"limits": {"mock": {"concurrent": 2}}},
        "providers": {"mock": {"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": "none"}},
    });
    let builder = Builder::default()
        .fake(&fake)
        .config(config)
        .capabilities(ABILITIES());
    let (mut desk, range) = Desk::open_in(builder, fake, URI, "rust", SAMPLES[0].code.0);
    let entry = desk.entry("simplify", &range, &json!([]));
    let elsewhere = "file:///w/elsewhere.rs";
    let at = desk
        .client
        .open_as(elsewhere, "rust", "fn b() {\n    let y = ˇ\n}\n");
    let suggested = desk.client.ask_in(elsewhere, &at);
    let suggestion = wait(desk.fake.next());
    let id = desk.choose(&entry, None);
    desk.say("```rust\n    a + b\n```");
    assert_eq!(desk.take_edit(), SAMPLES[0].code.1);
    assert_eq!(desk.outcome(id), "edited");
    suggestion.text("1;");
    suggestion.event(Event::Finish(Finish::Stop));
    drop(suggestion);
    assert_eq!(desk.client.texts(suggested), ["1;"]);
    desk.client.finish();
}

#[test]
fn two_answers_that_cannot_be_used_change_nothing_and_say_why() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    let entry = desk.entry("simplify", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say("I cannot help with that.");
    desk.say("Really not.");
    let message = desk.client.notification("window/showMessage");
    let message = message["message"].as_str().unwrap();
    assert!(
        message.contains("nothing was changed: the answer of mock/m holds no code block"),
        "{message}"
    );
    assert_eq!(desk.outcome(id), "unchanged");
    assert!(
        !desk
            .client
            .has_unread(|it| it["method"] == "workspace/applyEdit")
    );
    desk.client.finish();
}

#[test]
fn a_model_that_fails_is_one_message_and_a_status() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    let entry = desk.entry("simplify", &range, &json!([]));
    let id = desk.choose(&entry, None);
    wait(desk.fake.next()).fail(Error::Unauthorized);
    let message = desk.client.notification("window/showMessage");
    assert!(
        message["message"]
            .as_str()
            .unwrap()
            .contains("mock/m: the key was refused"),
        "{message}"
    );
    assert_eq!(desk.outcome(id), "unchanged");
    desk.client
        .wait_for("an error", |it| it["params"]["state"] == "error");
    desk.client.finish();
}

#[test]
fn an_action_taken_back_by_its_progress_its_request_or_a_command_stops_the_stream_and_leaves_one_row()
 {
    for way in ["progress", "command", "request"] {
        let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
        let entry = desk.entry("simplify", &range, &json!([]));
        let id = desk.choose(&entry, None);
        let begun = desk
            .client
            .wait_for("a begin", |it| it["params"]["value"]["kind"] == "begin");
        assert_eq!(begun["params"]["value"]["cancellable"], true);
        let running = wait(desk.fake.next());
        running.text("```rust\n    a");
        let report = desk
            .client
            .wait_for("a report", |it| it["params"]["value"]["kind"] == "report");
        let message = report["params"]["value"]["message"].as_str().unwrap();
        assert!(
            message.contains("tokens") && message.contains('$'),
            "{message}"
        );
        match way {
            "progress" => {
                let token = begun["params"]["token"].clone();
                desk.client
                    .notify("window/workDoneProgress/cancel", json!({"token": token}));
                assert_eq!(desk.outcome(id), "cancelled");
            }
            "command" => {
                // For editors that show a progress and have no way to take it back.
                let cancel = desk.client.execute("byok.cancel", json!([]));
                assert_eq!(desk.client.answer(cancel)["result"]["cancelled"], 1);
                assert_eq!(desk.outcome(id), "cancelled");
                let shown = desk.client.notification("window/showMessage");
                assert_eq!(shown["message"], "byok-lsp: the action is cancelled");
            }
            _ => {
                desk.client.cancel(id);
                assert!(desk.client.answer(id).get("error").is_some());
            }
        }
        wait(running.dropped());
        desk.client
            .wait_for("an end", |it| it["params"]["value"]["kind"] == "end");
        let usage = desk.client.notification("byok/usage");
        assert_eq!(
            (&usage["outcome"], &usage["action"]),
            (&json!("cancelled"), &json!("simplify"))
        );
        assert_eq!(usage["totals"]["session"]["calls"], 1);
        assert!(
            !desk.client.has_unread(
                |it| it["method"] == "workspace/applyEdit" || it["method"] == "byok/usage"
            )
        );
        desk.client.finish();
    }
}

#[test]
fn typing_elsewhere_meanwhile_moves_the_edit_and_typing_there_refuses_it() {
    for (line, is_elsewhere) in [(0, true), (3, false)] {
        let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
        let entry = desk.entry("simplify", &range, &json!([]));
        let id = desk.choose(&entry, None);
        let running = wait(desk.fake.next());
        let at = json!({"line": line, "character": if is_elsewhere { 0 } else { 6 }});
        desk.client.type_at(&at, "/*!*/");
        // Once this is answered, what was typed has arrived.
        desk.client.has_unread(|_| false);
        running.text("```\n    a + b\n```");
        drop(running);
        if is_elsewhere {
            let request = desk.client.asked("workspace/applyEdit");
            let change = &request["params"]["edit"]["documentChanges"][0];
            assert_eq!(change["textDocument"]["version"], 2);
            let typed = format!("/*!*/{}", desk.text);
            let expected = format!("/*!*/{}", SAMPLES[0].code.1);
            assert_eq!(apply(&typed, &change["edits"]), expected);
            // An editor that has typed on refuses; then the edit comes again.
            desk.client.reply(
                &request,
                json!({"applied": false, "failureReason": "newer"}),
            );
            let again = desk.client.asked("workspace/applyEdit");
            desk.client.reply(&again, json!({"applied": true}));
            assert_eq!(desk.outcome(id), "edited");
        } else {
            let message = desk.client.notification("window/showMessage");
            assert!(
                message["message"]
                    .as_str()
                    .unwrap()
                    .contains("you typed where"),
                "{message}"
            );
            assert_eq!(desk.outcome(id), "unchanged");
        }
        desk.client.finish();
    }
}

#[test]
fn closing_the_document_or_ending_takes_an_action_back() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    let entry = desk.entry("simplify", &range, &json!([]));
    let id = desk.choose(&entry, None);
    let running = wait(desk.fake.next());
    desk.client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    assert_eq!(desk.outcome(id), "cancelled");
    wait(running.dropped());
    let id = desk.client.execute("byok.action", json!(["simplify"]));
    assert_eq!(desk.outcome(id), "unchanged");
    desk.client.finish();
}
