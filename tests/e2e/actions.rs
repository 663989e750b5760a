//! Code actions: offered, run, applied, refused, taken back.

mod asked;
mod changes;
mod course;
mod offers;
mod samples;

use byok_lsp::cost::Tokens;
use byok_lsp::provider::{Error, Event, Finish, Input, Usage, fake::Fake, fake::Running};
use serde_json::{Value, json};

use crate::client::{Builder, Client, URI, wait};
use samples::{SAMPLES, changed_lines, cursor_only};

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
