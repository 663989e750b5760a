//! Code actions: offered, run, applied, refused, taken back.

use byok_lsp::cost::Tokens;
use byok_lsp::provider::{Error, Event, Finish, Input, Usage, fake::Fake, fake::Running};
use serde_json::{Value, json};

use crate::client::{Builder, Client, URI};

/// Runs a future of the fake provider on the test's own thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(std::time::Duration::from_secs(20), future)
            .await
            .expect("in time")
    })
}

/// An editor with all abilities, a provider that the test plays, and what the editor shows.
pub struct Desk {
    pub client: Client,
    pub fake: Fake,
    pub uri: String,
    pub text: String,
}

pub const ABILITIES: fn() -> Value = || {
    json!({
        "textDocument": {"inlineCompletion": {}},
        "window": {"workDoneProgress": true, "showDocument": {"support": true}},
        "experimental": {"byok": {"instruction": true}},
    })
};

impl Desk {
    /// Opens a text, in which `«` and `»` stand for the selection; without them it is the text's start.
    pub fn open(uri: &str, language: &str, marked: &str) -> (Self, Value) {
        let fake = Fake::default();
        let builder = Builder::default()
            .fake_chat(&fake)
            .capabilities(ABILITIES());
        Self::open_in(builder, fake, uri, language, marked)
    }

    /// Opens it in an editor of one's own making.
    pub fn open_in(
        builder: Builder,
        fake: Fake,
        uri: &str,
        language: &str,
        marked: &str,
    ) -> (Self, Value) {
        let mut client = builder.start();
        let plain = |text: &str| text.replace(['«', '»'], "");
        let at = |mark: char| {
            let before = plain(marked.split(mark).next().unwrap());
            let line = before.matches('\n').count();
            let character = before.rsplit('\n').next().unwrap().encode_utf16().count();
            json!({"line": line, "character": character})
        };
        let range = if marked.contains('«') {
            json!({"start": at('«'), "end": at('»')})
        } else {
            json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}})
        };
        let text = plain(marked);
        client.open_as(uri, language, &text);
        let uri = uri.to_owned();
        let desk = Self {
            client,
            fake,
            uri,
            text,
        };
        (desk, range)
    }

    /// Returns the entry of an action.
    pub fn entry(&mut self, id: &str, range: &Value, diagnostics: &Value) -> Value {
        // The tree is there a moment after the text; the offers that need it come with it.
        for _ in 0..500 {
            let uri = self.uri.clone();
            let entries = self.client.actions(&uri, range, diagnostics.clone());
            let entry = entries
                .iter()
                .find(|entry| entry["command"]["arguments"][0]["action"] == id);
            if let Some(entry) = entry {
                return entry.clone();
            }
            std::thread::yield_now();
        }
        panic!("{id} is not offered");
    }

    /// Chooses an entry.
    pub fn choose(&mut self, entry: &Value, instruction: Option<&str>) -> i64 {
        let mut argument = entry["command"]["arguments"][0].clone();
        if let Some(instruction) = instruction {
            argument["instruction"] = json!(instruction);
        }
        let id = self.client.execute("byok.action", json!([argument]));
        let created = self.client.asked("window/workDoneProgress/create");
        self.client.reply(&created, Value::Null);
        id
    }

    /// Lets the model say this, and returns the prompt that it was given.
    pub fn say(&self, answer: &str) -> String {
        let running = wait(self.fake.next());
        let prompt = prompt(&running);
        for piece in answer.split_inclusive(' ') {
            running.text(piece);
        }
        running.event(Event::Usage(Usage {
            tokens: Tokens {
                input: 100,
                output: 50,
                ..Tokens::default()
            },
            ..Usage::default()
        }));
        running.event(Event::Finish(Finish::Stop));
        prompt
    }

    /// Takes the edit that the server asks for, and returns the text with it.
    pub fn take_edit(&mut self) -> String {
        let request = self.client.asked("workspace/applyEdit");
        self.client.reply(&request, json!({"applied": true}));
        let change = &request["params"]["edit"]["documentChanges"];
        assert_eq!(change.as_array().unwrap().len(), 1, "one document");
        assert_eq!(change[0]["textDocument"]["uri"], json!(self.uri));
        apply(&self.text, &change[0]["edits"])
    }

    pub fn outcome(&mut self, id: i64) -> String {
        let answer = self.client.answer(id);
        answer["result"]["outcome"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    }
}

pub fn prompt(running: &Running) -> String {
    match &running.call.input {
        Input::Chat(messages) => messages
            .iter()
            .map(|it| it.text.clone())
            .collect::<Vec<_>>()
            .join("\n"),
        Input::Fill(_) => panic!("an action is a conversation"),
    }
}

/// Applies edits of UTF-16 positions as an editor does.
pub fn apply(text: &str, edits: &Value) -> String {
    let offset = |position: &Value| {
        let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = position["character"].as_u64().unwrap();
        let rest = text[start..].chars().take_while(|c| {
            let has_left = units > 0;
            units = units.saturating_sub(c.len_utf16() as u64);
            has_left
        });
        start + rest.map(char::len_utf8).sum::<usize>()
    };
    let mut result = text.to_owned();
    for edit in edits.as_array().unwrap().iter().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        result.replace_range(range, edit["newText"].as_str().unwrap());
    }
    result
}

/// One language's code for each kind of action.
struct Sample {
    uri: &'static str,
    language: &'static str,
    /// A function with a mistake and the selection in it, and with the mistake mended.
    code: (&'static str, &'static str),
    /// A function that is still to be written, and one that is.
    stub: (&'static str, &'static str),
    /// A comment, and the text with it.
    comment: (&'static str, &'static str),
}

const SAMPLES: [Sample; 4] = [
    Sample {
        uri: "file:///w/a.rs",
        language: "rust",
        code: (
            "// é😀\n\nfn add(a: i32, b: i32) -> i32 {\n    «a - b»\n}\n\nfn other() {}\n",
            "// é😀\n\nfn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\nfn other() {}\n",
        ),
        stub: (
            "fn one() -> i32 {\n    «»todo!()\n}\n",
            "fn one() -> i32 {\n    1\n}\n",
        ),
        comment: (
            "/// Adds.",
            "// é😀\n\n/// Adds.\nfn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n\nfn other() {}\n",
        ),
    },
    Sample {
        uri: "file:///w/a.py",
        language: "python",
        code: (
            "class A:\n    def add(self, a, b):\n        «return a - b»\n\n    def other(self):\n        pass\n",
            "class A:\n    def add(self, a, b):\n        return a + b\n\n    def other(self):\n        pass\n",
        ),
        stub: (
            "def one():\n    raise «»NotImplementedError\n",
            "def one():\n    return 1\n",
        ),
        comment: (
            "\"\"\"Adds.\"\"\"",
            "class A:\n    def add(self, a, b):\n        \"\"\"Adds.\"\"\"\n        return a - b\n\n    def other(self):\n        pass\n",
        ),
    },
    Sample {
        uri: "file:///w/a.ts",
        language: "typescript",
        code: (
            "function add(a: number, b: number) {\r\n  «return a - b;»\r\n}\r\n",
            "function add(a: number, b: number) {\r\n  return a + b;\r\n}\r\n",
        ),
        stub: (
            "function one(): number {\n  // «»TODO\n}\n",
            "function one(): number {\n  return 1;\n}\n",
        ),
        comment: (
            "/** Adds. */",
            "/** Adds. */\r\nfunction add(a: number, b: number) {\r\n  return a - b;\r\n}\r\n",
        ),
    },
    Sample {
        uri: "file:///w/a.go",
        language: "go",
        code: (
            "package a\n\nfunc add(a, b int) int {\n\t«return a - b»\n}\n",
            "package a\n\nfunc add(a, b int) int {\n\treturn a + b\n}\n",
        ),
        stub: (
            "package a\n\nfunc one() int {\n\tpanic(\"«»not implemented\")\n}\n",
            "package a\n\nfunc one() int {\n\treturn 1\n}\n",
        ),
        comment: (
            "// add adds.",
            "package a\n\n// add adds.\nfunc add(a, b int) int {\n\treturn a - b\n}\n",
        ),
    },
];

/// Returns the lines that hold the selection, whole, of the text after the change: what a model would answer.
fn changed_lines(after: &str, range: &Value) -> String {
    let lines: Vec<&str> = after.lines().collect();
    let at = |name: &str| usize::try_from(range[name]["line"].as_u64().unwrap()).unwrap();
    lines[at("start")..=at("end")].join("\n")
}

/// Returns the code without its selection.
fn cursor_only(code: &str) -> String {
    let (before, rest) = code.split_once('«').unwrap();
    format!("{before}«»{}", rest.replace('»', ""))
}

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
