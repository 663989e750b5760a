//! Every action of the catalogue in four languages, and what is asked and shown before an edit is made. `actions.rs` has the first six.

use std::path::Path;

use byok_lsp::provider::fake::Fake;
use serde_json::{Value, json};

use crate::actions::{ABILITIES, Desk, apply};
use crate::client::{Builder, mock_config, wait};
use crate::git::git;

/// A file: what stands before a function, the function, and what stands after it.
struct Ground {
    name: &'static str,
    language: &'static str,
    head: &'static str,
    function: &'static str,
    tail: &'static str,
    /// A line of the function, and a better one.
    better: (&'static str, &'static str),
    /// The first line without types and with them, where they may be left out.
    types: Option<(&'static str, &'static str)>,
}

const GROUNDS: [Ground; 4] = [
    Ground {
        name: "count.rs",
        language: "rust",
        head: "// é😀\n\n",
        function: "fn count(items: &[u8]) -> usize {\n    // Summe\n    let total = items.iter().count();\n    total\n}",
        tail: "\n\nfn other() {}\n",
        better: ("items.iter().count()", "items.len()"),
        types: None,
    },
    Ground {
        name: "count.py",
        language: "python",
        head: "import os\n\n\n",
        function: "def count(items):\n    # Summe\n    total = sum(1 for it in items)\n    return total",
        tail: "\n\n\ndef other():\n    pass\n",
        better: ("sum(1 for it in items)", "len(items)"),
        types: Some(("def count(items):", "def count(items: list[int]) -> int:")),
    },
    Ground {
        name: "count.ts",
        language: "typescript",
        head: "import a from 'a';\r\n\r\n",
        function: "function count(items) {\r\n  // Summe\r\n  const total = items.reduce((n) => n + 1, 0);\r\n  return total;\r\n}",
        tail: "\r\n\r\nfunction other() {}\r\n",
        better: ("items.reduce((n) => n + 1, 0)", "items.length"),
        types: Some((
            "function count(items) {",
            "function count(items: number[]): number {",
        )),
    },
    Ground {
        name: "count.go",
        language: "go",
        head: "package a\n\n",
        function: "func count(items []int) int {\n\t// Summe\n\ttotal := 0 + len(items)\n\treturn total\n}",
        tail: "\n\nfunc other() {}\n",
        better: ("0 + len(items)", "len(items)"),
        types: None,
    },
];

/// The other languages in which types may be left out.
const UNTYPED: [Ground; 2] = [
    Ground {
        name: "count.js",
        language: "javascript",
        head: "import a from 'a';\n\n",
        function: "function count(items) {\n  // Summe\n  const total = items.reduce((n) => n + 1, 0);\n  return total;\n}",
        tail: "\n\nfunction other() {}\n",
        better: ("items.reduce((n) => n + 1, 0)", "items.length"),
        types: Some((
            "function count(items) {",
            "/** @param {number[]} items @returns {number} */\nfunction count(items) {",
        )),
    },
    Ground {
        name: "count.php",
        language: "php",
        head: "<?php\n\n",
        function: "function size($items) {\n    // Summe\n    $total = count(array_values($items));\n    return $total;\n}",
        tail: "\n\nfunction other() {}\n",
        better: ("count(array_values($items))", "count($items)"),
        types: Some((
            "function size($items) {",
            "function size(array $items): int {",
        )),
    },
];

impl Ground {
    fn text(&self) -> String {
        format!("{}{}{}", self.head, self.function, self.tail)
    }

    /// Returns the text with the cursor in the last use of `total`.
    fn marked(&self) -> String {
        let text = self.text();
        let at = text.rfind("total").unwrap() + 2;
        format!("{}«»{}", &text[..at], &text[at..])
    }

    fn with(&self, (old, new): (&str, &str)) -> (String, String) {
        let function = self.function.replace(old, new);
        assert_ne!(function, self.function);
        let text = format!("{}{function}{}", self.head, self.tail);
        (function.replace('\r', ""), text)
    }

    fn uri(&self) -> String {
        format!("file:///w/{}", self.name)
    }

    fn open(&self) -> (Desk, Value) {
        Desk::open(&self.uri(), self.language, &self.marked())
    }
}

fn problem(range: &Value) -> Value {
    json!([{"range": range, "message": "this is slow", "severity": 2}])
}

#[test]
fn each_action_that_changes_a_function_changes_it_in_four_languages() {
    for ground in GROUNDS.iter().chain(&UNTYPED) {
        let comment = ("Summe", "sum");
        let mut cases = vec![
            ("optimise", None, ground.better),
            ("translate-comments", Some("English"), comment),
            ("fix-all", None, ground.better),
        ];
        cases.extend(ground.types.map(|types| ("types", None, types)));
        for (id, instruction, change) in cases {
            let (mut desk, range) = ground.open();
            let entry = desk.entry(id, &range, &problem(&range));
            let running = desk.choose(&entry, instruction);
            let (function, expected) = ground.with(change);
            let answer = if id == "fix-all" {
                expected.replace('\r', "")
            } else {
                function
            };
            let prompt = desk.say(&format!("```\n{answer}\n```"));
            assert!(prompt.contains(instruction.unwrap_or("Task: ")), "{prompt}");
            assert_eq!(desk.take_edit(), expected, "{id} in {}", ground.language);
            assert_eq!(desk.outcome(running), "edited");
            desk.client.finish();
        }
    }
}

#[test]
fn types_are_offered_where_they_may_be_left_out() {
    for ground in GROUNDS.iter().chain(&UNTYPED) {
        let (mut desk, range) = ground.open();
        desk.entry("optimise", &range, &json!([]));
        let entries = desk.client.actions(&ground.uri(), &range, json!([]));
        let mut ids = entries
            .iter()
            .map(|it| &it["command"]["arguments"][0]["action"]);
        let is_offered = ids.any(|id| id == "types");
        assert_eq!(is_offered, ground.types.is_some(), "{}", ground.language);
        desk.client.finish();
    }
}

#[test]
fn comments_that_come_with_other_code_are_refused_and_nothing_changes() {
    for ground in &GROUNDS {
        let (mut desk, range) = ground.open();
        let entry = desk.entry("translate-comments", &range, &json!([]));
        assert_eq!(
            entry["command"]["arguments"][0]["question"],
            "Into which language?"
        );
        let id = desk.choose(&entry, Some("English"));
        let (function, _) = ground.with(ground.better);
        for _ in 0..2 {
            desk.say(&format!("```\n{}\n```", function.replace("Summe", "sum")));
        }
        let message = desk.client.notification("window/showMessage");
        let message = message["message"].as_str().unwrap();
        assert!(
            message.contains("changes more than the comments"),
            "{message}"
        );
        assert_eq!(desk.outcome(id), "unchanged");
        desk.client.finish();
    }
}

#[test]
fn each_action_that_answers_in_words_opens_a_document_in_four_languages() {
    for ground in &GROUNDS {
        for (id, instruction) in [
            ("explain-problem", None),
            ("review", None),
            ("translate", Some("Haskell")),
        ] {
            let (mut desk, range) = ground.open();
            let entry = desk.entry(id, &range, &problem(&range));
            assert_eq!(entry["kind"], "byok.explain");
            let running = desk.choose(&entry, instruction);
            let prompt = desk.say("It *counts*,\n\n    slowly.");
            let wanted = instruction.unwrap_or("this is slow");
            assert!(prompt.contains(wanted), "{prompt}");
            let request = desk.client.asked("window/showDocument");
            let path = url::Url::parse(request["params"]["uri"].as_str().unwrap()).unwrap();
            let shown = std::fs::read_to_string(path.to_file_path().unwrap()).unwrap();
            assert!(
                shown.contains("\n\nIt *counts*,\n\n    slowly.\n\n---\n\nmock/m · "),
                "{shown}"
            );
            desk.client.reply(&request, json!({"success": true}));
            assert_eq!(desk.outcome(running), "shown");
            desk.client.finish();
        }
    }
}

/// Runs `rename` and lets the user choose `sum_of_all`.
fn rename(desk: &mut Desk, range: &Value) -> i64 {
    let entry = desk.entry("rename", range, &json!([]));
    let id = desk.choose(&entry, None);
    let prompt = desk.say("Names:\n- `number`\n- `sum_of_all`: says it\n");
    assert!(prompt.contains("the user has selected"), "{prompt}");
    let request = desk.client.asked("window/showMessageRequest");
    let titles: Vec<&str> = request["params"]["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["title"].as_str().unwrap())
        .collect();
    assert!(titles.ends_with(&["number", "sum_of_all"]), "{titles:?}");
    desk.client.reply(&request, json!({"title": "sum_of_all"}));
    id
}

#[test]
fn a_local_name_is_renamed_where_all_its_uses_are_certain_in_four_languages() {
    for ground in &GROUNDS {
        let (mut desk, range) = ground.open();
        let id = rename(&mut desk, &range);
        let expected = ground.text().replace("total", "sum_of_all");
        assert_eq!(desk.take_edit(), expected, "{}", ground.language);
        assert_eq!(desk.outcome(id), "edited");
        desk.client.finish();
    }
}

#[test]
fn a_name_whose_uses_are_not_certain_is_left_to_the_editors_own_rename() {
    let ground = &GROUNDS[0];
    let marked = ground.text().replace("fn count", "fn co«»unt");
    for has_rename in [true, false] {
        let mut abilities = ABILITIES();
        abilities["experimental"]["byok"]["rename"] = json!(has_rename);
        let fake = Fake::default();
        let builder = Builder::default().fake_chat(&fake).capabilities(abilities);
        let (mut desk, range) = Desk::open_in(builder, fake, &ground.uri(), "rust", &marked);
        let id = rename(&mut desk, &range);
        let answer = desk.client.answer(id)["result"].clone();
        if has_rename {
            assert_eq!(answer["outcome"], "renaming");
            assert_eq!(
                answer["renaming"],
                json!({"uri": ground.uri(), "position": {"line": 2, "character": 3}, "newName": "sum_of_all"})
            );
        } else {
            assert_eq!(answer["outcome"], "shown");
            let message = desk.client.notification("window/showMessage");
            let message = message["message"].as_str().unwrap();
            assert!(message.contains("could be called sum_of_all"), "{message}");
        }
        let is_edited = |it: &Value| it["method"] == "workspace/applyEdit";
        assert!(!desk.client.has_unread(is_edited));
        desk.client.finish();
    }
}

fn file_uri(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().to_string()
}

/// A repository in which a ground's function was made better, and that is staged.
fn repository(ground: &Ground) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(ground.name);
    git(folder.path(), &["init", "-q", "-b", "main"]);
    std::fs::write(&path, ground.text()).unwrap();
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "count: begin"]);
    std::fs::write(&path, ground.with(ground.better).1).unwrap();
    git(folder.path(), &["add", "."]);
    folder
}

#[test]
fn the_changes_that_git_knows_are_reviewed_and_described_in_four_languages() {
    for ground in &GROUNDS {
        let folder = repository(ground);
        for id in ["review-changes", "commit-message"] {
            let uri = file_uri(&folder.path().join(ground.name));
            let fake = Fake::default();
            let builder = Builder::default()
                .fake_chat(&fake)
                .capabilities(ABILITIES())
                .folder(&file_uri(folder.path()));
            let (mut desk, range) = Desk::open_in(builder, fake, &uri, ground.language, "x");
            let entry = desk.entry(id, &range, &json!([]));
            let title = entry["title"].as_str().unwrap();
            assert!(title.ends_with("priced when it is read"), "{title}");
            let running = desk.choose(&entry, None);
            let prompt = desk.say("```\ncount: be faster\n```");
            assert!(prompt.contains(ground.better.1), "{prompt}");
            let has_style = prompt.contains("count: begin");
            assert_eq!(has_style, id == "commit-message", "{prompt}");
            let request = desk.client.asked("window/showDocument");
            desk.client.reply(&request, json!({"success": true}));
            assert_eq!(desk.outcome(running), "shown");
            desk.client.finish();
        }
    }
}

/// Opens the file of a ground and has an action about its changes say something; returns what the model was shown.
fn shown_of_changes(
    folder: &Path,
    ground: &Ground,
    id: &str,
    rules: Value,
    open: &[(&str, &str)],
) -> String {
    let fake = Fake::default();
    let builder = Builder::default()
        .fake_chat(&fake)
        .own("policy", rules)
        .capabilities(ABILITIES())
        .folder(&file_uri(folder));
    let uri = file_uri(&folder.join(ground.name));
    let (mut desk, range) = Desk::open_in(builder, fake, &uri, ground.language, "x");
    for (name, text) in open {
        desk.client
            .open_as(&file_uri(&folder.join(name)), "rust", text);
    }
    let entry = desk.entry(id, &range, &json!([]));
    let running = desk.choose(&entry, None);
    let prompt = desk.say("```\ncount: be faster\n```");
    assert!(prompt.contains(ground.better.1), "{prompt}");
    let request = desk.client.asked("window/showDocument");
    desk.client.reply(&request, json!({"success": true}));
    assert_eq!(desk.outcome(running), "shown");
    desk.client.finish();
    prompt
}

#[test]
fn the_changes_of_a_denied_file_are_in_no_request() {
    let ground = &GROUNDS[0];
    let folder = repository(ground);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(".aiignore", "private.rs\n");
    write("private.rs", "const SEED: &str = \"denied-by-a-rule\";\n");
    write(".env", "MODE=denied-by-its-name\n");
    git(folder.path(), &["add", "-f", "."]);
    for id in ["review-changes", "commit-message"] {
        let prompt = shown_of_changes(folder.path(), ground, id, json!({}), &[]);
        assert!(prompt.contains("changes of 2 more files"), "{prompt}");
        assert!(!prompt.contains("denied-by"), "{prompt}");
    }
}

#[test]
fn the_changes_of_a_file_that_a_rule_keeps_from_the_document_are_in_no_request() {
    let ground = &GROUNDS[0];
    let folder = repository(ground);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("gone.rs", "// CONFIDENTIAL\nconst A: u8 = kept_from_it;\n");
    git(folder.path(), &["add", "gone.rs"]);
    git(
        folder.path(),
        &["commit", "-q", "-m", "gone: begin", "gone.rs"],
    );
    std::fs::remove_file(folder.path().join("gone.rs")).unwrap();
    write(
        "marked.rs",
        "// CONFIDENTIAL\nconst A: u8 = kept_from_it;\n",
    );
    write("edited.rs", "const A: u8 = kept_from_it;\n");
    write("a.py", "kept_from_it = 1\n");
    git(folder.path(), &["add", "."]);
    let rules = json!({"paths": [
        {"markers": ["CONFIDENTIAL"], "providers": ["mock"]},
        {"languages": ["python"], "providers": ["mock"]},
    ]});
    // The mark is in the editor alone.
    let open = [("edited.rs", "// CONFIDENTIAL\n")];
    let prompt = shown_of_changes(folder.path(), ground, "review-changes", rules, &open);
    assert!(prompt.contains("changes of 4 more files"), "{prompt}");
    assert!(!prompt.contains("kept_from_it"), "{prompt}");
}

#[test]
fn what_is_staged_of_a_file_is_judged_where_the_disk_has_another_text_by_now() {
    let ground = &GROUNDS[0];
    let folder = repository(ground);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "marked.rs",
        "// CONFIDENTIAL\nconst A: u8 = kept_from_it;\n",
    );
    git(folder.path(), &["add", "."]);
    write("marked.rs", "const A: u8 = 1;\n");
    let rules = json!({"paths": [{"markers": ["CONFIDENTIAL"], "providers": ["mock"]}]});
    let prompt = shown_of_changes(folder.path(), ground, "commit-message", rules, &[]);
    assert!(!prompt.contains("kept_from_it"), "{prompt}");
}

#[test]
fn a_commits_message_goes_where_it_is_being_written() {
    let folder = repository(&GROUNDS[0]);
    let uri = file_uri(&folder.path().join(".git/COMMIT_EDITMSG"));
    let text = "\n# Please enter the commit message for your changes.\n";
    let (mut desk, range) = Desk::open(&uri, "git-commit", text);
    let entry = desk.entry("commit-message", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say("```\ncount: be faster\n\nIt was slow.\n# gone\n```");
    assert_eq!(
        desk.take_edit(),
        format!("count: be faster\n\nIt was slow.\n{text}")
    );
    assert_eq!(desk.outcome(id), "edited");
    desk.client.finish();
}

#[test]
fn what_is_about_changes_is_offered_by_hand_only_and_says_why_it_cannot_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let uri = file_uri(&folder.path().join("a.rs"));
    let fake = Fake::default();
    let builder = Builder::default()
        .fake_chat(&fake)
        .capabilities(ABILITIES())
        .folder(&file_uri(folder.path()));
    let (mut desk, range) = Desk::open_in(builder, fake, &uri, "rust", "x");
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": [], "triggerKind": 2}});
    let id = desk.client.request("textDocument/codeAction", params);
    assert_eq!(desk.client.answer(id)["result"], json!([]));
    let entry = desk.entry("commit-message", &range, &json!([]));
    let id = desk
        .client
        .execute("byok.action", entry["command"]["arguments"].clone());
    let answer = desk.client.answer(id);
    let message = answer["result"]["message"].as_str().unwrap();
    assert!(message.contains("is not in a git repository"), "{message}");
    assert!(!desk.fake.is_called());
    desk.client.finish();
}

#[test]
fn above_the_set_price_an_action_asks_and_without_a_yes_nothing_is_sent() {
    let ground = &GROUNDS[0];
    for (limit, answer, is_run) in [
        ("0.0000001 USD", Some("Run it"), true),
        ("0.0000001 USD", Some("Leave it"), false),
        ("0.0000001 USD", None, false),
        ("5 USD", None, true),
    ] {
        let fake = Fake::default();
        let mut config = mock_config("http://127.0.0.1:9/v1", "openai-chat");
        config["actions"] = json!({"ask_above": limit});
        let builder = Builder::default()
            .fake_chat(&fake)
            .config(config)
            .capabilities(ABILITIES());
        let (mut desk, range) =
            Desk::open_in(builder, fake, &ground.uri(), "rust", &ground.marked());
        let entry = desk.entry("optimise", &range, &json!([]));
        let arguments = entry["command"]["arguments"].clone();
        let id = desk.client.execute("byok.action", arguments);
        if limit != "5 USD" {
            let request = desk.client.asked("window/showMessageRequest");
            let message = request["params"]["message"].as_str().unwrap();
            assert!(
                message.contains("~$0.000") && message.contains("mock/m"),
                "{message}"
            );
            let reply = answer.map_or(Value::Null, |title| json!({"title": title}));
            desk.client.reply(&request, reply);
        }
        if is_run {
            let created = desk.client.asked("window/workDoneProgress/create");
            desk.client.reply(&created, Value::Null);
            let (function, expected) = ground.with(ground.better);
            desk.say(&format!("```\n{function}\n```"));
            assert_eq!(desk.take_edit(), expected);
            assert_eq!(desk.outcome(id), "edited");
        } else {
            assert_eq!(desk.outcome(id), "unchanged");
            assert!(!desk.fake.is_called());
        }
        desk.client.finish();
    }
}

#[test]
fn an_edit_is_shown_first_to_a_client_that_can_and_made_when_it_is_accepted() {
    let ground = &GROUNDS[0];
    for is_accepted in [true, false] {
        let mut abilities = ABILITIES();
        abilities["experimental"]["byok"]["preview"] = json!(true);
        let fake = Fake::default();
        let builder = Builder::default().fake_chat(&fake).capabilities(abilities);
        let (mut desk, range) =
            Desk::open_in(builder, fake, "file:///w/a.rs", "rust", &ground.marked());
        let entry = desk.entry("optimise", &range, &json!([]));
        let id = desk.choose(&entry, None);
        let (function, expected) = ground.with(ground.better);
        desk.say(&format!("```\n{function}\n```"));
        let preview = desk.client.notification("byok/preview");
        assert_eq!(
            (&preview["v"], &preview["action"]),
            (&json!(1), &json!("optimise"))
        );
        let file = &preview["files"][0];
        assert_eq!(
            (&file["kind"], &file["version"]),
            (&json!("edit"), &json!(1))
        );
        assert_eq!(file["oldText"], json!(ground.text()));
        assert_eq!(file["newText"], json!(expected));
        // What is typed while the user looks is carried over as ever.
        desk.client
            .type_at(&json!({"line": 0, "character": 0}), "// ");
        let params = json!({"id": preview["id"], "accepted": is_accepted});
        let answer = desk.client.request("byok/answerPreview", params.clone());
        assert_eq!(desk.client.answer(answer)["result"], json!({"taken": true}));
        if is_accepted {
            let request = desk.client.asked("workspace/applyEdit");
            desk.client.reply(&request, json!({"applied": true}));
            let edits = &request["params"]["edit"]["documentChanges"][0]["edits"];
            let typed = format!("// {}", ground.text());
            assert_eq!(apply(&typed, edits), format!("// {expected}"));
            assert_eq!(desk.outcome(id), "edited");
        } else {
            let answer = desk.client.answer(id);
            assert_eq!(answer["result"], json!({"outcome": "unchanged"}));
        }
        let again = desk.client.request("byok/answerPreview", params);
        assert_eq!(desk.client.answer(again)["result"], json!({"taken": false}));
        desk.client.finish();
    }
}

#[test]
fn a_preview_is_taken_back_with_its_action() {
    let ground = &GROUNDS[0];
    let mut abilities = ABILITIES();
    abilities["experimental"]["byok"]["preview"] = json!(true);
    let fake = Fake::default();
    let builder = Builder::default().fake_chat(&fake).capabilities(abilities);
    let (mut desk, range) = Desk::open_in(builder, fake, &ground.uri(), "rust", &ground.marked());
    let entry = desk.entry("optimise", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say(&format!("```\n{}\n```", ground.with(ground.better).0));
    let preview = desk.client.notification("byok/preview");
    let token = json!({"token": preview["id"]});
    desk.client.notify("window/workDoneProgress/cancel", token);
    assert_eq!(desk.outcome(id), "cancelled");
    let late = json!({"id": preview["id"], "accepted": true});
    let late = desk.client.request("byok/answerPreview", late);
    assert_eq!(desk.client.answer(late)["result"], json!({"taken": false}));
    assert!(
        !desk
            .client
            .has_unread(|it| it["method"] == "workspace/applyEdit")
    );
    desk.client.finish();
}

#[test]
fn an_explanation_is_streamed_to_a_client_that_can() {
    let ground = &GROUNDS[0];
    let mut abilities = ABILITIES();
    abilities["experimental"]["byok"]["stream"] = json!(true);
    let fake = Fake::default();
    let builder = Builder::default().fake_chat(&fake).capabilities(abilities);
    let (mut desk, range) = Desk::open_in(builder, fake, &ground.uri(), "rust", &ground.marked());
    let entry = desk.entry("explain", &range, &json!([]));
    let id = desk.choose(&entry, None);
    let running = wait(desk.fake.next());
    running.text("It ");
    let first = desk.client.notification("byok/actionProgress");
    assert_eq!(
        (&first["text"], first.get("document")),
        (&json!("It "), None)
    );
    running.text("counts.");
    let second = desk.client.notification("byok/actionProgress");
    assert_eq!(
        (&second["text"], &second["id"]),
        (&json!("counts."), &first["id"])
    );
    drop(running);
    let last = desk.client.notification("byok/actionProgress");
    let document = last["document"].as_str().unwrap();
    assert!(
        document.contains("\n\nIt counts.\n\n---\n\nmock/m · "),
        "{document}"
    );
    assert_eq!(desk.outcome(id), "shown");
    assert!(
        !desk
            .client
            .has_unread(|it| it["method"] == "window/showDocument")
    );
    desk.client.finish();
}
