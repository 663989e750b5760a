//! What actions change and say, in four languages.

use super::*;

#[test]
fn each_action_that_changes_selected_code_changes_it_in_four_languages() {
    for sample in &SAMPLES {
        for (id, instruction) in [
            ("fix", None),
            ("rewrite", Some("add instead")),
            ("simplify", None),
        ] {
            let (mut desk, range) = Desk::open(sample.uri, sample.language, sample.code.0);
            let diagnostics =
                json!([{"range": range, "message": "this does not add", "severity": 1}]);
            let entry = desk.entry(id, &range, &diagnostics);
            let id = desk.choose(&entry, instruction);
            let answer = changed_lines(sample.code.1, &range);
            // Dedented, as models like to answer.
            let prompt = desk.say(&format!("Here:\n```\n{}\n```\n", answer.trim_start()));
            let wanted = instruction.unwrap_or("Task: ");
            assert!(prompt.contains(wanted), "{prompt}");
            assert_eq!(
                desk.take_edit(),
                sample.code.1,
                "{id} in {}",
                sample.language
            );
            assert_eq!(desk.outcome(id), "edited");
            desk.client.finish();
        }
    }
}

#[test]
fn a_stub_is_implemented_in_four_languages() {
    for sample in &SAMPLES {
        let (mut desk, range) = Desk::open(sample.uri, sample.language, sample.stub.0);
        let entry = desk.entry("implement", &range, &json!([]));
        let id = desk.choose(&entry, None);
        let function = sample.stub.1.trim_start_matches("package a\n\n");
        desk.say(&format!("```\n{function}```"));
        assert_eq!(desk.take_edit(), sample.stub.1, "{}", sample.language);
        assert_eq!(desk.outcome(id), "edited");
        desk.client.finish();
    }
}

#[test]
fn a_comment_is_inserted_where_the_language_has_it() {
    for sample in &SAMPLES {
        let (mut desk, range) =
            Desk::open(sample.uri, sample.language, &cursor_only(sample.code.0));
        let entry = desk.entry("document", &range, &json!([]));
        let id = desk.choose(&entry, None);
        desk.say(&format!(
            "```{}\n{}\n```",
            sample.language, sample.comment.0
        ));
        assert_eq!(desk.take_edit(), sample.comment.1, "{}", sample.language);
        assert_eq!(desk.outcome(id), "edited");
        desk.client.finish();
    }
}

#[test]
fn an_explanation_is_opened_as_a_document_with_model_and_cost_at_its_end() {
    for sample in &SAMPLES {
        let (mut desk, range) = Desk::open(sample.uri, sample.language, sample.code.0);
        let entry = desk.entry("explain", &range, &json!([]));
        let id = desk.choose(&entry, None);
        desk.say("It *subtracts*,\n\n    although its name says otherwise.");
        let request = desk.client.asked("window/showDocument");
        let uri = request["params"]["uri"].as_str().unwrap();
        let path = url::Url::parse(uri).unwrap().to_file_path().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.contains("It *subtracts*,\n\n    although its name says otherwise.\n"),
            "{text}"
        );
        // 100 tokens at 1 USD and 50 at 2 USD a million.
        assert!(
            text.ends_with("\n---\n\nmock/m · you: through a server on this machine · $0.0002\n"),
            "{text}"
        );
        desk.client.reply(&request, json!({"success": true}));
        assert_eq!(desk.outcome(id), "shown");
        desk.client.finish();
    }
}

#[test]
fn an_editor_that_opens_no_documents_gets_the_explanation_as_a_message() {
    let fake = Fake::default();
    let mut client = Builder::default().fake_chat(&fake).start();
    client.open("fn a() {}\n");
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 9}});
    let entries = client.actions(URI, &range, json!([]));
    let titles: Vec<&str> = entries
        .iter()
        .map(|it| it["title"].as_str().unwrap())
        .collect();
    assert!(
        !titles.iter().any(|title| title.starts_with("Rewrite")),
        "it cannot ask: {titles:?}"
    );
    let entry = entries
        .iter()
        .find(|it| it["kind"] == "byok.explain")
        .unwrap();
    let id = client.execute("byok.action", entry["command"]["arguments"].clone());
    let running = wait(fake.next());
    running.text("It does nothing.");
    drop(running);
    let message = client.notification("window/showMessage");
    assert!(
        message["message"]
            .as_str()
            .unwrap()
            .contains("It does nothing."),
        "{message}"
    );
    assert_eq!(client.answer(id)["result"]["outcome"], "shown");
    client.finish();
}
