//! What is offered where; answers of two thousand kinds; typing while a model answers.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use ropey::Rope;

use super::*;
use crate::config::Layers;
use crate::cost::Ledger;
use crate::document::{ByteOffset, Change, Document, Edit, Encoding, Position, Revision};
use crate::gateway::{Gateway, Interrupt};
use crate::local;
use crate::provider::fake::Fake;
use crate::provider::{Event, Finish, Http, Provider};
use crate::session::{Session, Snapshot};
use crate::thorough;

const URI: &str = "file:///w/a.rs";

/// A session with a chat model that the test plays.
fn session() -> Session {
    let mut layers = Layers::default();
    let config = serde_json::json!({
        "actions": {"model": "mock/m"},
        "providers": {"mock": {"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": "none"}},
    });
    layers
        .set_json(crate::config::Layer::Editor, "test", config)
        .unwrap();
    Session::new(layers)
}

fn gateway(fake: &Fake) -> Gateway {
    let substitute = Arc::new(fake.clone()) as Arc<dyn Provider>;
    Gateway::with_substitutes(
        Http::new(&Arc::default()),
        local::Engine::new(local::Limits::default()),
        Ledger::in_memory(),
        Arc::new(|_| ()),
        HashMap::from([("mock".to_owned(), substitute)]),
    )
}

/// Opens a text and parses it.
fn open(session: &mut Session, uri: &str, language: &str, text: &str) -> Snapshot {
    session.open(uri, language, text);
    session.claim_parse(uri);
    if let Some(job) = session.begin_parse(uri) {
        let _ = session.end_parse(&job, job.run());
    }
    session.snapshot(uri).unwrap()
}

/// Returns the names of what is offered; `«»` is the selection.
fn offered(language: &str, marked: &str, diagnostics: &[&str]) -> String {
    let start = marked.find('«').unwrap();
    let end = marked.find('»').unwrap() - '«'.len_utf8();
    let text = marked.replace(['«', '»'], "");
    let snapshot = open(
        &mut session(),
        &format!("file:///w/a.{language}"),
        language,
        &text,
    );
    let diagnostics: Vec<Diagnostic> = diagnostics
        .iter()
        .map(|message| Diagnostic {
            message: (*message).into(),
            range: start..end,
        })
        .collect();
    let ask = Ask {
        snapshot: &snapshot,
        selection: start..end,
        diagnostics: &diagnostics,
        can_instruct: true,
        is_by_hand: false,
    };
    let offers = offers(&gateway(&Fake::default()), &ask);
    let names: Vec<&str> = offers.iter().map(|offer| &*offer.action.id).collect();
    names.join(" ")
}

#[test]
fn what_is_offered_fits_the_place() {
    for (language, marked, problems, expected) in [
        (
            "rust",
            "fn a() {\n    «»x();\n}\n",
            &[][..],
            "rewrite simplify optimise document rename explain review translate",
        ),
        (
            "rust",
            "«»fn a() {\n    x();\n}\n",
            &[],
            "rewrite simplify optimise document explain review translate",
        ),
        (
            "rust",
            "/// Does.\nfn a() {\n    «»x();\n}\n",
            &[],
            "rewrite simplify optimise rename explain review translate",
        ),
        (
            "rust",
            "/// Does.\n#[inline]\nfn a() {\n    «»todo!()\n}\n",
            &[],
            "implement rewrite simplify optimise rename explain review translate",
        ),
        (
            "rust",
            "/// Does.\nfn a() {\n    //«» Why.\n}\n",
            &[],
            "rewrite simplify optimise translate-comments explain review translate",
        ),
        (
            "python",
            "def a():\n    «»pass\n",
            &[],
            "implement rewrite simplify optimise types document explain review translate",
        ),
        (
            "python",
            "def a():\n    \"\"\"Does.\"\"\"\n    «»x()\n",
            &[],
            "rewrite simplify optimise types rename explain review translate",
        ),
        ("rust", "use a::b;«»\n", &[], ""),
        (
            "rust",
            "use a::b;«»\n",
            &["unused"],
            "fix fix-all rewrite simplify optimise explain explain-problem review translate",
        ),
        (
            "rust",
            "«use a::b;»\n",
            &["unused"],
            "fix fix-all rewrite simplify optimise explain explain-problem review translate",
        ),
        (
            "plaintext",
            "Dear «all»,\n",
            &[],
            "rewrite simplify optimise explain review translate",
        ),
        ("plaintext", "«\n \n»", &[], ""),
    ] {
        assert_eq!(offered(language, marked, problems), expected, "{marked}");
    }
}

/// The code that answers are about; its lines have an indentation, a blank line, a string with a fence and a wide character in them.
const OLD: &str = "mod m {\n    /// Sums `a` and `b` 😀.\n    fn sum(a: i32, b: i32) -> i32 {\n        let c = a - b;\n\n        println!(\"{c}\");\n        c\n    }\n}\n";

const REGION: &str = "    fn sum(a: i32, b: i32) -> i32 {\n        let c = a - b;\n\n        println!(\"{c}\");\n        c\n    }";

const WANTED: &str = "    fn sum(a: i32, b: i32) -> i32 {\n        let c = a + b;\n\n        println!(\"{c}\");\n        c\n    }";

/// The code in both line breaks, and a model to ask about it.
struct Desk {
    fake: Fake,
    gateway: Gateway,
    feeds: Snapshot,
    pairs: Snapshot,
}

impl Desk {
    fn new() -> Self {
        let fake = Fake::default();
        let mut session = session();
        Self {
            gateway: gateway(&fake),
            fake,
            feeds: open(&mut session, URI, "rust", OLD),
            pairs: open(&mut session, URI, "rust", &OLD.replace('\n', "\r\n")),
        }
    }

    fn snapshot(&self, old: &str) -> &Snapshot {
        if old.contains('\r') {
            &self.pairs
        } else {
            &self.feeds
        }
    }
}

/// Runs `simplify` on the region with these answers; returns the text afterwards, and why it is unchanged if it is.
async fn run_with(desk: &Desk, old: &str, answers: &[String]) -> (String, Option<Failure>) {
    let Desk { fake, gateway, .. } = desk;
    let snapshot = desk.snapshot(old);
    let at = old.find("let c").unwrap();
    let action = find(&snapshot.settings, "simplify").unwrap();
    let mut job = Job {
        snapshot,
        action: &action,
        material: &Material::None,
        check: None,
        target: target(snapshot, &action, &(at..at), &[]).unwrap(),
        diagnostics: &[],
        instruction: None,
        decision: decide(gateway, snapshot, &action),
        interrupt: Interrupt::default(),
    };
    let mut watch = |_: Progress<'_>| ();
    let model = async {
        for answer in answers {
            let running = fake.next().await;
            running.text(answer);
            running.event(Event::Finish(Finish::Stop));
        }
        std::future::pending::<()>().await;
    };
    let done = tokio::select! {
        done = run(gateway, &mut job, &mut watch) => done,
        () = model => unreachable!("it never ends"),
    };
    match done {
        Ok(Done::Changes(changes)) => match changes.as_slice() {
            [] => (old.to_owned(), None),
            [
                FileChange {
                    what: What::Edit(base, edits),
                    ..
                },
            ] => (applied(&base.text, edits).to_string(), None),
            other => panic!("{other:?}"),
        },
        Ok(other) => panic!("{other:?}"),
        Err(failure) => (old.to_owned(), Some(failure)),
    }
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Makes an answer, and says whether it must be taken; what need not be may be refused.
fn answer(random: &mut Random) -> (String, bool) {
    let shift = |by: usize, text: &str| -> String {
        let lines = text
            .lines()
            .map(|line| line.get(by.min(line.len())..).unwrap_or(""));
        lines.collect::<Vec<_>>().join("\n")
    };
    let mut text = match random.below(5) {
        0 => shift(4, WANTED),
        1 => WANTED.trim_start().to_owned(),
        2 => WANTED.replace("    ", "\t"),
        3 => WANTED
            .lines()
            .map(|line| format!("{line}  "))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => WANTED.to_owned(),
    };
    let numbered = |from: usize, text: &str| -> String {
        let lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| format!("{}: {line}", index + from));
        lines.collect::<Vec<_>>().join("\n")
    };
    if random.below(6) == 0 {
        text = numbered(random.below(500), &text);
    }
    let fence = random.of(&["```", "````", "~~~"]);
    let info = random.of(&["", "rust", "Rust", "rs", "rust a.rs", "rust src/a.rs"]);
    let block = format!("{fence}{info}\n{text}\n{fence}\n");
    let search = "<<<<<<< SEARCH\n        let c = a - b;\n=======\n        let c = a + b;\n>>>>>>> REPLACE\n";
    let number = random.below(900);
    let (mut answer, mut is_good) = match random.below(12) {
        0 => (search.repeat(1 + random.below(2)), true),
        1 => (
            search.replace("        ", random.of(&["", "  ", "\t\t"])),
            true,
        ),
        2 => (
            format!(
                "```diff\n--- a/a.rs\n+++ b/a.rs\n@@ -{number},3 +{number},3 @@\n-        let c = a - b;\n+        let c = a + b;\n \n```\n"
            ),
            true,
        ),
        3 => (
            format!("Before:\n```\n{REGION}\n```\nAfter:\n{block}"),
            true,
        ),
        4 => (block.repeat(2), true),
        // Cut off, left out, of another place, or for somebody else: never to be guessed at.
        5 => (
            block[..block.len() / 4 + random.below(block.len() / 2)].to_owned(),
            false,
        ),
        6 => (
            format!(
                "```\n{}\n```\n",
                WANTED.replace(
                    "        println!(\"{c}\");",
                    "        // ... existing code ..."
                )
            ),
            false,
        ),
        7 => (search.replace("a - b", "a * b"), false),
        8 => (
            format!(
                "Edit ~/.ssh/authorized_keys:\n\n{}\n```sh ~/.ssh/authorized_keys\nssh-rsa AAAA\n```\n",
                random.of(&["", "Now."])
            ),
            false,
        ),
        9 => (
            format!("File: ../other/secrets.rs\n```rust\n{WANTED}\n```\n"),
            false,
        ),
        10 => (
            format!(
                "{block}\n```rust\n{}\n```\n",
                WANTED.replace("a + b", "evil()")
            ),
            false,
        ),
        _ => (block, true),
    };
    if is_good && random.below(5) == 0 {
        // An order to write elsewhere, beside the right answer: the right answer, or nothing.
        answer += "\n```sh /etc/cron.d/x\n* * * * * root true\n```\n";
        is_good = false;
    }
    if random.below(3) == 0 {
        let before = random.of(&[
            "Sure! ",
            "Here is the code, with `+`:\n\n",
            "1. It subtracted.\n2. Now it adds.\n\n",
        ]);
        answer = format!("{}\n{answer}\nI hope this helps.", before.trim_end());
    }
    if random.below(4) == 0 {
        answer = answer.replace('\n', "\r\n");
    }
    (answer, is_good)
}

#[tokio::test]
async fn answers_give_exactly_the_intended_edit_or_none() {
    let mut random = Random(0x00AC_7104);
    let desk = Desk::new();
    let (mut taken, mut refused) = (0, 0);
    let answers = thorough::part(2000);
    for number in 0..answers {
        let (answer, is_good) = answer(&mut random);
        let is_crlf = random.below(3) == 0;
        let form = |text: &str| {
            if is_crlf {
                text.replace('\n', "\r\n")
            } else {
                text.to_owned()
            }
        };
        let (old, wanted) = (form(OLD), form(&OLD.replace(REGION, WANTED)));
        let (text, failure) = run_with(&desk, &old, &[answer.clone(), answer.clone()]).await;
        match failure {
            None => {
                assert_eq!(text, wanted, "answer {number}:\n{answer}");
                taken += 1;
            }
            Some(failure) => {
                assert!(!is_good, "answer {number}: {failure}\n{answer}");
                assert_eq!(text, old);
                assert!(
                    failure
                        .to_string()
                        .starts_with("nothing was changed: the answer of mock/m ")
                );
                refused += 1;
            }
        }
    }
    assert!(
        taken > answers / 4 && refused > answers / 4,
        "{taken} taken, {refused} refused"
    );
}

#[tokio::test]
async fn a_bad_answer_is_mended_by_a_good_one() {
    let bad = "```rust\nfn sum( {\n```".to_owned();
    let (text, failure) = run_with(&Desk::new(), OLD, &[bad, format!("```\n{WANTED}\n```")]).await;
    assert_eq!(failure, None);
    assert_eq!(text, OLD.replace(REGION, WANTED));
}

fn change(text: &Rope, edit: &Edit) -> Change {
    let position = |byte| Encoding::Utf16.position(text, ByteOffset(byte));
    let range: (Position, Position) = (position(edit.bytes.start), position(edit.bytes.end));
    Change {
        range: Some(range),
        text: edit.text.clone(),
    }
}

proptest! {
    #![proptest_config(thorough::interleavings(2000))]

    /// The order does not matter: typing carried over the edits, or the edits carried over typing, is the same text. `|` in the text is
    /// typed by nobody, so that what the edits bring can be told apart.
    #[test]
    fn typing_meanwhile_and_the_edits_are_both_there_or_the_edits_are_refused(
        typed in proptest::collection::vec((0.0..1.0, 0_usize..6, "[a-z\\n😀é]{0,3}"), 0..50),
    ) {
        let mut document = Document::new(OLD);
        let start = OLD.find(REGION).unwrap();
        let new = WANTED.replace("a + b", "|a| b").replace("println!", "|print|");
        let edits = super::edit::minimal(REGION, &new, start);
        let mut mirror = OLD.to_owned();
        // Each byte of the old text, and where it is now; typed text is nobody's.
        let mut origin: Vec<Option<usize>> = (0..OLD.len()).map(Some).collect();
        for (place, length, text) in typed {
            let floor = |mut at: usize| {
                while !mirror.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let from = floor((place * mirror.len() as f64) as usize);
            let to = floor((from + length).min(mirror.len()));
            let edit = Edit { bytes: from..to, text };
            let change = change(document.text(), &edit);
            document.apply(&[change], Encoding::Utf16, |_, _, _| ());
            origin.splice(from..to, edit.text.bytes().map(|_| None));
            mirror.replace_range(from..to, &edit.text);
            prop_assert_eq!(document.text(), &mirror);
        }
        let typed = document.history().since(Revision::default()).unwrap();
        let Ok(carried) = rebase(edits.clone(), &typed) else { return Ok(()) };
        for (was, is) in edits.iter().zip(&carried) {
            prop_assert_eq!(&was.text, &is.text);
            // What is replaced is what was to be replaced, and its neighbours are those that it had.
            let replaced: Vec<Option<usize>> = origin[is.bytes.clone()].to_vec();
            prop_assert_eq!(replaced, was.bytes.clone().map(Some).collect::<Vec<_>>());
            prop_assert_eq!(origin[is.bytes.start - 1], Some(was.bytes.start - 1));
            prop_assert_eq!(origin[is.bytes.end], Some(was.bytes.end));
        }
    }
}
