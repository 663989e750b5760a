//! Actions that are asked for in words, from a palette or a menu.

use super::*;

#[test]
fn words_from_a_palette_act_where_the_editor_asked_last() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    let id = desk.client.execute("byok.action", json!(["simplify"]));
    let answer = desk.client.answer(id);
    assert!(
        answer["result"]["message"]
            .as_str()
            .unwrap()
            .contains("which code?"),
        "{answer}"
    );
    desk.entry("simplify", &range, &json!([]));
    let id = desk.client.execute("byok.action", json!(["dance"]));
    let answer = desk.client.answer(id);
    assert!(
        answer["result"]["message"]
            .as_str()
            .unwrap()
            .contains("there is no action"),
        "{answer}"
    );
    let id = desk.client.execute("byok.action", json!(["rewrite"]));
    assert!(
        desk.client.answer(id)["result"]["message"]
            .as_str()
            .unwrap()
            .contains("has to be told")
    );
    let id = desk
        .client
        .execute("byok.action", json!(["rewrite", "add", "instead"]));
    let created = desk.client.asked("window/workDoneProgress/create");
    desk.client.reply(&created, Value::Null);
    let prompt = desk.say("```\n    a + b\n```");
    assert!(
        prompt.contains("The user's instruction: add instead"),
        "{prompt}"
    );
    assert_eq!(desk.take_edit(), SAMPLES[0].code.1);
    assert_eq!(desk.outcome(id), "edited");
    desk.client.finish();
}

#[test]
fn without_arguments_the_user_chooses_from_a_menu() {
    let (mut desk, range) = Desk::open(URI, "rust", SAMPLES[0].code.0);
    desk.entry("simplify", &range, &json!([]));
    let id = desk.client.execute("byok.action", json!([]));
    let request = desk.client.asked("window/showMessageRequest");
    let titles = request["params"]["actions"].as_array().unwrap();
    let simplify = titles
        .iter()
        .find(|it| it["title"].as_str().unwrap().starts_with("Simplify"));
    desk.client.reply(&request, simplify.unwrap().clone());
    let created = desk.client.asked("window/workDoneProgress/create");
    desk.client.reply(&created, Value::Null);
    desk.say("```\n    a + b\n```");
    assert_eq!(desk.take_edit(), SAMPLES[0].code.1);
    assert_eq!(desk.outcome(id), "edited");
    desk.client.finish();
}
